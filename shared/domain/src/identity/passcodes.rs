//! Passcodes: six digits that are mailed to an address, and show that whoever asked for them reads its mail.
//!
//! Asking makes a challenge, which is known to the one who asked by a secret of its own. The code is drawn by whoever mails it, and
//! is nowhere but in that mail. Whether there is anyone to mail it to makes no difference to a challenge.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    EmailHash,
    secrets::{Fingerprint, Secret},
};
use crate::{
    faults::Invalid,
    ids::{ChallengeId, MemberId, TenantId},
};

/// How many digits.
const DIGITS: usize = 6;
/// How long a code is good, from the moment it is mailed.
pub const VALID: SignedDuration = SignedDuration::from_mins(10);
/// How often it may be shown wrong. Then it is dead.
pub const ATTEMPTS: u8 = 5;
/// At least so long between two mails to one address.
pub const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// At most so many mails to one address in [`WINDOW`].
pub const MAILS: usize = 5;
/// In which mails are counted. A challenge can be answered for as long.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// Six digits.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Passcode(SecretString);

impl Passcode {
    /// Made of random bits. (Some codes are more likely than others by one in 2⁴⁴.)
    pub fn drawn(random: u64) -> Self {
        Self(format!("{:0DIGITS$}", random % 10_u64.pow(6)).into())
    }

    /// The digits themselves.
    pub fn digits(&self) -> &str {
        self.0.expose_secret()
    }
}

impl FromStr for Passcode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let sound = text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        if sound { Ok(Self(text.into())) } else { Err(Invalid { what: "a passcode", rule: "6 digits" }) }
    }
}

impl TryFrom<String> for Passcode {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

crate::schema::written_as!(Passcode, "Passcode", String, pattern "^[0-9]{6}$", example "402917");

/// What a passcode is for. One that was mailed for one thing is good for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Purpose {
    /// To become this member.
    SignUp {
        /// Who is pending until then.
        pending: MemberId,
    },
    /// To choose another password, whoever has the address.
    Reset,
}

/// Shows that one is who asked for a passcode.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct ChallengeToken {
    /// For which.
    pub id: ChallengeId,
    secret: Secret,
}

impl ChallengeToken {
    /// Of a passcode that is asked for.
    pub fn new(id: ChallengeId, secret: Secret) -> Self {
        Self { id, secret }
    }

    /// The text that the one who asks is given. It is stored nowhere.
    pub fn reveal(&self) -> String {
        format!("{}.{}", self.id, self.secret.reveal())
    }
}

impl FromStr for ChallengeToken {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let read = |(id, secret): (&str, &str)| Some(Self { id: id.parse().ok()?, secret: secret.parse().ok()? });
        text.split_once('.').and_then(read).ok_or(Invalid { what: "a challenge", rule: "as it was given" })
    }
}

impl TryFrom<String> for ChallengeToken {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

crate::schema::written_as!(ChallengeToken, "ChallengeToken", String, example "otp_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3.…");

/// A passcode that was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    /// Of whom.
    pub tenant: TenantId,
    /// Which.
    pub id: ChallengeId,
    /// What for.
    #[serde(flatten)]
    pub purpose: Purpose,
    /// Where it is mailed to, if it is to be mailed.
    pub address: EmailHash,
    /// Of the secret that the one who asked was given. Nobody else can answer.
    pub asker: Fingerprint,
    /// When it was first asked for.
    pub created_at: Timestamp,
    /// How often it was asked for.
    pub wanted: u32,
    /// When it was last asked for.
    pub wanted_at: Timestamp,
    /// The last mail.
    pub mailed: Option<Mailed>,
    /// How often it was answered wrong since.
    pub attempts: u8,
    /// Optimistic lock.
    pub version: u64,
}

/// A passcode that was mailed, or is about to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mailed {
    /// For which time of asking.
    pub wanted: u32,
    /// Of the code, hashed under a key.
    pub code: Fingerprint,
    /// When.
    pub at: Timestamp,
}

/// Not yet: when it may be asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooSoon(pub Timestamp);

/// What an answer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// It is the code: it can't be used again once that is stored.
    Right,
    /// It is not, and that counts. It has yet to be stored.
    Wrong,
    /// There is nothing to be answered any more.
    Dead,
}

impl Challenge {
    /// Asked for the first time.
    pub fn new(tenant: TenantId, token: &ChallengeToken, purpose: Purpose, address: EmailHash, now: Timestamp) -> Self {
        Self {
            tenant,
            id: token.id,
            purpose,
            address,
            asker: token.secret.fingerprint(),
            created_at: now,
            wanted: 1,
            wanted_at: now,
            mailed: None,
            attempts: 0,
            version: 0,
        }
    }

    /// Until when it can be answered or asked for again.
    pub fn ends(&self) -> Timestamp {
        later(self.created_at, WINDOW)
    }

    /// Whether this shows that one is who asked for it.
    pub fn is_of(&self, token: &ChallengeToken) -> bool {
        self.id == token.id && self.asker.is(&token.secret.fingerprint())
    }

    /// When it can be asked for again; or when it ends, after so many times.
    pub fn next(&self) -> Timestamp {
        if self.wanted as usize >= MAILS { self.ends() } else { later(self.wanted_at, PAUSE) }
    }

    /// Asked for again.
    ///
    /// # Errors
    /// If that is too soon.
    pub fn ask_again(&mut self, now: Timestamp) -> Result<(), TooSoon> {
        let next = self.next();
        if now < next || self.wanted as usize >= MAILS {
            return Err(TooSoon(next));
        }
        self.wanted += 1;
        self.wanted_at = now;
        Ok(())
    }

    /// Takes on mailing it, with the code that was drawn for it. Answers whether it is to be mailed: once for each time that it
    /// was asked for, and only for the last. It has yet to be stored.
    pub fn claim(&mut self, wanted: u32, code: Fingerprint, now: Timestamp) -> bool {
        let news = wanted == self.wanted && self.mailed.as_ref().is_none_or(|mailed| mailed.wanted < wanted);
        if news && now < self.ends() {
            self.mailed = Some(Mailed { wanted, code, at: now });
            self.attempts = 0;
            return true;
        }
        false
    }

    /// The mail was surely not sent: its code is good for nothing, and another may be mailed in its place.
    pub fn unsent(&mut self) {
        self.mailed = None;
    }

    /// Answers it. Whether anything was mailed makes no difference to how a wrong answer is taken.
    pub fn answer(&mut self, code: &Fingerprint, now: Timestamp) -> Answered {
        if now >= self.ends() || self.attempts >= ATTEMPTS {
            return Answered::Dead;
        }
        let good = |mailed: &Mailed| now <= later(mailed.at, VALID);
        if self.mailed.as_ref().is_some_and(|mailed| mailed.code.is(code) && good(mailed)) {
            return Answered::Right;
        }
        self.attempts += 1;
        Answered::Wrong
    }
}

/// When passcodes were mailed to an address, whoever asked for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailsToAddress {
    /// Of whom.
    pub tenant: TenantId,
    /// The address.
    pub address: EmailHash,
    /// When, in the last hour.
    pub sent: Vec<Timestamp>,
    /// Optimistic lock.
    pub version: u64,
}

impl MailsToAddress {
    /// None yet.
    pub fn none(tenant: TenantId, address: EmailHash) -> Self {
        Self { tenant, address, sent: Vec::new(), version: 0 }
    }

    /// One more, unless there were too many. Answers whether it may go out. It has yet to be stored.
    pub fn take(&mut self, now: Timestamp) -> bool {
        self.sent.retain(|at| now < later(*at, WINDOW));
        let room = self.sent.len() < MAILS && self.sent.iter().all(|at| now >= later(*at, PAUSE));
        if room {
            self.sent.push(now);
        }
        room
    }

    /// The last one was surely not sent.
    pub fn give_back(&mut self) {
        self.sent.pop();
    }

    /// When none of them counts any more.
    pub fn ends(&self) -> Option<Timestamp> {
        self.sent.iter().max().map(|at| later(*at, WINDOW))
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(n: i64) -> Timestamp {
        Timestamp::from_second(n).unwrap()
    }

    fn code(digits: &str) -> Fingerprint {
        Fingerprint::of(digits.as_bytes())
    }

    fn asked() -> Challenge {
        let token = ChallengeToken::new(ulid::Ulid::nil().into(), [1; 32].into());
        Challenge::new("demo".parse().unwrap(), &token, Purpose::Reset, EmailHash::from([7; 32]), second(0))
    }

    #[test]
    fn a_challenge_is_known_by_the_secret_that_came_with_it() {
        let token = ChallengeToken::new(ulid::Ulid::nil().into(), [1; 32].into());
        let read: ChallengeToken = token.reveal().parse().unwrap();
        assert!(asked().is_of(&read));
        assert!(!asked().is_of(&ChallengeToken::new(token.id, [2; 32].into())));
        assert!(!format!("{token:?}").contains(&token.reveal()[30..]));
    }

    #[test]
    fn a_code_has_six_digits_whatever_is_drawn() {
        assert_eq!(Passcode::drawn(0).digits(), "000000");
        assert_eq!(Passcode::drawn(u64::MAX).digits().len(), 6);
        for bad in ["", "12345", "1234567", "12 456", "１２３４５６"] {
            assert!(bad.parse::<Passcode>().is_err(), "{bad}");
        }
        assert!(!format!("{:?}", Passcode::drawn(402_917)).contains("402917"));
    }

    #[test]
    fn a_code_is_good_for_ten_minutes() {
        let mut challenge = asked();
        assert!(challenge.claim(1, code("1"), second(5)));
        assert_eq!(challenge.clone().answer(&code("1"), second(605)), Answered::Right);
        assert_eq!(challenge.answer(&code("1"), second(606)), Answered::Wrong);
    }

    #[test]
    fn after_five_wrong_answers_the_right_one_is_too_late_until_another_code_is_mailed() {
        let mut challenge = asked();
        assert!(challenge.claim(1, code("1"), second(0)));
        for _ in 0..ATTEMPTS {
            assert_eq!(challenge.answer(&code("2"), second(1)), Answered::Wrong);
        }
        assert_eq!(challenge.answer(&code("1"), second(1)), Answered::Dead);
        challenge.ask_again(second(60)).unwrap();
        assert!(challenge.claim(2, code("3"), second(61)));
        assert_eq!(challenge.answer(&code("1"), second(62)), Answered::Wrong, "the code before");
        assert_eq!(challenge.answer(&code("3"), second(62)), Answered::Right);
    }

    #[test]
    fn it_is_mailed_once_for_each_time_of_asking() {
        let mut challenge = asked();
        assert!(challenge.claim(1, code("1"), second(0)));
        assert!(!challenge.claim(1, code("2"), second(1)), "delivered twice");
        challenge.ask_again(second(60)).unwrap();
        assert!(!challenge.claim(1, code("2"), second(61)), "asked for again meanwhile");
        challenge.unsent();
        assert!(challenge.claim(2, code("2"), second(61)));
    }

    #[test]
    fn what_nobody_was_mailed_is_answered_wrong_as_often() {
        let (mut known, mut unknown) = (asked(), asked());
        assert!(known.claim(1, code("1"), second(0)));
        for _ in 0..10 {
            assert_eq!(known.answer(&code("2"), second(1)), unknown.answer(&code("2"), second(1)));
        }
        assert_eq!(unknown.attempts, ATTEMPTS);
    }

    #[test]
    fn it_is_asked_for_once_a_minute_and_five_times() {
        let mut challenge = asked();
        assert_eq!(challenge.ask_again(second(59)), Err(TooSoon(second(60))));
        for n in 1..5 {
            challenge.ask_again(second(60 * n)).unwrap();
        }
        assert_eq!(challenge.ask_again(second(300)), Err(TooSoon(second(3600))));
    }

    proptest! {
        #[test]
        fn an_address_gets_one_mail_a_minute_and_five_an_hour(mut times in prop::collection::vec(0_i64..20_000, 1..200)) {
            times.sort_unstable();
            let mut mails = MailsToAddress::none("demo".parse().unwrap(), EmailHash::from([7; 32]));
            let sent: Vec<i64> = times.into_iter().filter(|at| mails.take(second(*at))).collect();
            prop_assert!(!sent.is_empty());
            prop_assert!(sent.windows(2).all(|pair| pair[1] - pair[0] >= 60));
            prop_assert!(sent.windows(6).all(|six| six[5] - six[0] >= 3600));
        }
    }
}
