//! Sessions: a member signed in on a device. A session is one family of refresh tokens, of which one at a time is good.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::secrets::{Fingerprint, Secret};
use crate::{
    faults::Invalid,
    ids::{Owner, SessionId},
};

/// How long a refresh token is good.
pub const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Where a session is, as far as the browser or app says. Coarse: it is for members to tell their devices apart, not for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    /// An iPhone.
    Iphone,
    /// An iPad.
    Ipad,
    /// With Android.
    Android,
    /// A Mac.
    Mac,
    /// With Windows.
    Windows,
    /// With Linux.
    Linux,
    /// Anything else.
    Other,
}

impl Device {
    /// By the `User-Agent` header. Some name several systems: those that are named beside another come first.
    pub fn of_user_agent(text: &str) -> Self {
        let named = [
            ("iPhone", Self::Iphone),
            ("iPad", Self::Ipad),
            ("Android", Self::Android),
            ("Windows", Self::Windows),
            ("Macintosh", Self::Mac),
            ("Linux", Self::Linux),
        ];
        named.into_iter().find(|(name, _)| text.contains(name)).map_or(Self::Other, |(_, device)| device)
    }
}

/// A member, signed in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Who.
    #[serde(flatten)]
    pub owner: Owner,
    /// Which.
    pub id: SessionId,
    /// Where.
    pub device: Device,
    /// It is over when the member's is another.
    pub generation: u32,
    /// Of what all its tokens have in common.
    pub family: Fingerprint,
    /// Of what only the good one has.
    pub current: Fingerprint,
    /// Since.
    pub created_at: Timestamp,
    /// When its tokens were last renewed.
    pub last_used_at: Timestamp,
    /// Optimistic lock.
    pub version: u64,
}

/// What becomes of a session of which a token is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It is the good one.
    Current,
    /// It was, once: either the member lost what came after it, or someone stole it. The session is to end.
    Old,
    /// It is none of this session, or the session is over.
    None,
}

impl Session {
    /// Signed in.
    pub fn new(token: &RefreshToken, device: Device, generation: u32, now: Timestamp) -> Self {
        Self {
            owner: token.owner.clone(),
            id: token.session,
            device,
            generation,
            family: token.family.fingerprint(),
            current: token.secret.fingerprint(),
            created_at: now,
            last_used_at: now,
            version: 0,
        }
    }

    /// When it is over unless its tokens are renewed.
    pub fn ends(&self) -> Timestamp {
        self.last_used_at.saturating_add(KEPT).unwrap_or(Timestamp::MAX)
    }

    /// Whether it goes on, for a member of this generation.
    pub fn lasts(&self, generation: u32, now: Timestamp) -> bool {
        self.generation == generation && now < self.ends()
    }

    /// What it means that this token is shown.
    pub fn shown(&self, token: &RefreshToken, generation: u32, now: Timestamp) -> Shown {
        let ours = token.owner == self.owner && token.session == self.id && self.family.is(&token.family.fingerprint());
        if !ours || !self.lasts(generation, now) {
            Shown::None
        } else if self.current.is(&token.secret.fingerprint()) {
            Shown::Current
        } else {
            Shown::Old
        }
    }

    /// From now on this token is the good one. It has yet to be stored.
    pub fn renew(&mut self, token: &RefreshToken, now: Timestamp) {
        self.current = token.secret.fingerprint();
        self.last_used_at = now;
    }
}

/// Renews the tokens of a session, once. It says whose it is, so that it can be looked up; what shows that it is good are two
/// secrets: one that all tokens of the session have in common, so that nobody can end a session with a token they made up, and one
/// of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct RefreshToken {
    /// Whose.
    pub owner: Owner,
    /// Of which session.
    pub session: SessionId,
    family: Secret,
    secret: Secret,
}

impl RefreshToken {
    /// The first of a session.
    pub fn first(owner: Owner, session: SessionId, family: Secret, secret: Secret) -> Self {
        Self { owner, session, family, secret }
    }

    /// The one after this.
    pub fn next(&self, secret: Secret) -> Self {
        Self { secret, ..self.clone() }
    }

    /// The text that the member is given. It is stored nowhere.
    pub fn reveal(&self) -> String {
        let (family, secret) = (self.family.reveal(), self.secret.reveal());
        format!("{}.{}.{}.{family}.{secret}", self.owner.tenant, self.owner.member, self.session)
    }
}

impl FromStr for RefreshToken {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = Invalid { what: "a refresh token", rule: "as it was given" };
        let [tenant, member, session, family, secret] =
            text.splitn(5, '.').collect::<Vec<_>>().try_into().map_err(|_| invalid.clone())?;
        let read = || -> Result<Self, Invalid> {
            let owner = Owner { tenant: tenant.parse()?, member: member.parse()? };
            Ok(Self { owner, session: session.parse()?, family: family.parse()?, secret: secret.parse()? })
        };
        read().map_err(|_| invalid)
    }
}

impl TryFrom<String> for RefreshToken {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

crate::schema::written_as!(RefreshToken, "RefreshToken", String, example "demo.mem_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3.ses_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3.…");

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner { tenant: "demo".parse().unwrap(), member: ulid::Ulid::nil().into() }
    }

    fn second(n: i64) -> Timestamp {
        Timestamp::from_second(n).unwrap()
    }

    fn signed_in() -> (Session, RefreshToken) {
        let token = RefreshToken::first(owner(), ulid::Ulid::nil().into(), [1; 32].into(), [2; 32].into());
        (Session::new(&token, Device::Mac, 1, second(0)), token)
    }

    #[test]
    fn one_token_at_a_time_is_good_and_any_before_it_is_old() {
        let (mut session, first) = signed_in();
        let (second_one, third) = (first.next([3; 32].into()), first.next([4; 32].into()));
        assert_eq!(session.shown(&first, 1, second(0)), Shown::Current);
        session.renew(&second_one, second(1));
        session.renew(&third, second(2));
        assert_eq!(session.shown(&third, 1, second(3)), Shown::Current);
        for old in [&first, &second_one] {
            assert_eq!(session.shown(old, 1, second(3)), Shown::Old);
        }
    }

    #[test]
    fn a_token_that_was_made_up_ends_nothing() {
        let (session, token) = signed_in();
        let made_up = RefreshToken::first(owner(), token.session, [9; 32].into(), [9; 32].into());
        assert_eq!(session.shown(&made_up, 1, second(0)), Shown::None);
        let other = RefreshToken { owner: Owner { tenant: "other".parse().unwrap(), ..owner() }, ..token };
        assert_eq!(session.shown(&other, 1, second(0)), Shown::None);
    }

    #[test]
    fn a_session_is_over_after_thirty_days_or_when_all_are_ended() {
        let (session, token) = signed_in();
        let days = 30 * 24 * 3600;
        assert_eq!(session.shown(&token, 1, second(days - 1)), Shown::Current);
        assert_eq!(session.shown(&token, 1, second(days)), Shown::None);
        assert_eq!(session.shown(&token, 2, second(1)), Shown::None);
    }

    #[test]
    fn a_token_is_read_as_it_is_written_and_no_secret_is_shown() {
        let (session, token) = signed_in();
        let read: RefreshToken = token.reveal().parse().unwrap();
        assert_eq!(session.shown(&read, 1, second(0)), Shown::Current);
        let secret = token.reveal().rsplit_once('.').unwrap().1.to_owned();
        assert!(!format!("{token:?} {session:?}").contains(&secret));
        for bad in ["", "a.b.c.d.e", "demo.mem_01.ses_01.x.y", &format!("{}.x", token.reveal())] {
            assert!(bad.parse::<RefreshToken>().is_err(), "{bad}");
        }
    }

    #[test]
    fn devices_are_told_apart_coarsely() {
        for (agent, device) in [
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15", Device::Iphone),
            ("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36", Device::Android),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15", Device::Mac),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", Device::Windows),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Device::Linux),
            ("curl/8.5.0", Device::Other),
        ] {
            assert_eq!(Device::of_user_agent(agent), device, "{agent}");
        }
    }
}
