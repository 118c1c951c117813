//! Tenants, members, roles and plans; and how members show who they are.

pub mod passcodes;
pub mod passwords;
pub mod secrets;
pub mod sessions;
pub mod sign_ins;
mod tenants;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    faults::Invalid,
    ids::{MemberId, Owner},
    money::Currency,
    places::Airport,
    sealed::{Place, Sealed},
    text::{is_label, text},
    time::Zone,
};

pub use self::tenants::{Branding, Colour, FeatureName, Host, Mailbox, Tenant, TenantChange, TenantName, Terms, TermsText};

/// What a caller may be. Endpoints state the role they need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Someone who uses the product.
    Member,
    /// Someone who publishes offers and is paid commissions.
    Partner,
    /// Someone who runs a tenant.
    Admin,
    /// Someone who runs the deployment, across tenants.
    Operator,
    /// One of our own jobs.
    Service,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Member, Self::Partner, Self::Admin, Self::Operator, Self::Service];
}

text!(
    /// A member's unique name in a tenant.
    Handle, "a handle", handle, example "demo"
);

text!(
    /// What a member is called in mails and pages.
    DisplayName, "a display name", label_80, example "Dana Demo"
);

text!(
    /// An email address. Personal data: never logged.
    EmailAddress, "an email address", email_address, example "dana@example.com"
);

text!(
    /// The language and region that a member reads in, by BCP 47.
    Locale, "a locale", locale, example "en-US"
);

impl Default for Locale {
    /// What is written for everyone until there is more than one language.
    fn default() -> Self {
        Self("en-US".to_owned())
    }
}

/// An email address as look-ups know it: hashed with a key, so that the tables don't tell whose it is, and nobody who has them
/// can find out by trying addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailHash(String);

impl From<[u8; 32]> for EmailHash {
    fn from(hash: [u8; 32]) -> Self {
        Self(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Display for EmailHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a member says who they are with: a handle or an address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Login {
    /// Their handle.
    Handle(Handle),
    /// Their address.
    Email(EmailAddress),
}

impl TryFrom<String> for Login {
    type Error = Invalid;

    /// No handle has an at sign, and every address has one.
    fn try_from(text: String) -> Result<Self, Invalid> {
        let read = if text.contains('@') { text.parse().map(Self::Email) } else { text.parse().map(Self::Handle) };
        read.map_err(|_| Invalid { what: "a login", rule: "a handle or an email address" })
    }
}

crate::schema::written_as!(Login, "Login", String, example "gwen");

pub(crate) fn label_80(text: &str) -> Result<(), &'static str> {
    if is_label(text, 80) { Ok(()) } else { Err("1 to 80 characters, none of them control characters, no blanks at the ends") }
}

fn handle(text: &str) -> Result<(), &'static str> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'.';
    if (1..=30).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(())
    } else {
        Err("1 to 30 letters, digits, dots or underscores")
    }
}

/// Shape only (whether it exists is shown by a mail that arrives); in particular nothing that could end a header line, or that some
/// server on the way could take for an encoded word (RFC 2047) and decode to what could.
fn email_address(text: &str) -> Result<(), &'static str> {
    let rule = Err("an address such as name@example.com, of at most 254 characters");
    let Some((local, host)) = text.rsplit_once('@') else { return rule };
    let local_ok =
        (1..=64).contains(&local.len()) && local.bytes().all(|b| b.is_ascii_graphic() && !b"\"(),:;<>@[\\]".contains(&b));
    let local_ok = local_ok && !local.contains("=?");
    let label_ok = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if text.len() <= 254 && local_ok && host.contains('.') && host.split('.').all(label_ok) { Ok(()) } else { rule }
}

/// A language, and perhaps a script and a region, each written as the standard writes it: two spellings would be two locales.
fn locale(text: &str) -> Result<(), &'static str> {
    let mut parts = text.as_bytes().split(|byte| *byte == b'-').peekable();
    let language = parts.next().is_some_and(|part| matches!(part.len(), 2..=3) && part.iter().all(u8::is_ascii_lowercase));
    parts.next_if(|part| part.len() == 4 && part[0].is_ascii_uppercase() && part.iter().skip(1).all(u8::is_ascii_lowercase));
    parts.next_if(|part| match part.len() {
        2 => part.iter().all(u8::is_ascii_uppercase),
        3 => part.iter().all(u8::is_ascii_digit),
        _ => false,
    });
    if language && parts.next().is_none() { Ok(()) } else { Err("a language such as en, with a region such as en-US") }
}

/// A person who uses a tenant. What tells who they are outside of it is sealed.
// Linked identities have no field yet: what they hold is for the first of them to say.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Whose, and who.
    #[serde(flatten)]
    pub owner: Owner,
    /// Unique name in the tenant.
    pub handle: Handle,
    /// Where mail goes.
    pub email: Sealed<EmailAddress>,
    /// What they are called.
    pub name: Sealed<DisplayName>,
    /// Whether they can sign in.
    pub state: MemberState,
    /// Where their day and their quiet hours are.
    pub zone: Zone,
    /// How they read.
    pub locale: Locale,
    /// What they count in.
    pub currency: Currency,
    /// Where they fly from.
    pub home_airport: Option<Airport>,
    /// What they may be.
    pub role: Role,
    /// What they are entitled to.
    pub plan: Plan,
    /// Which version of the tenant's terms they have accepted.
    pub terms: Option<u32>,
    /// When they last signed in.
    pub last_sign_in: Option<Timestamp>,
    /// Counts the changes that they make themselves: what their app saw is stale after those, and not after a sign-in.
    pub revision: u64,
    /// Optimistic lock.
    pub version: u64,
}

/// Whether a member can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberState {
    /// Their address is not yet shown to be theirs.
    Pending,
    /// They can.
    Active,
    /// Not for a while: someone has tried too many passwords.
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// They are gone, and what was sealed with their key can't be read any more.
    Deleted,
}

impl fmt::Debug for Member {
    /// Without personal data: members end up in logs by accident.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("owner", &self.owner).field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// What a member pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plan {
    /// Three watchers, at most daily.
    Free,
    /// Twenty-five watchers, at most hourly.
    Premium,
}

impl Plan {
    /// How many watchers.
    pub fn watchers(self) -> u32 {
        match self {
            Self::Free => 3,
            Self::Premium => 25,
        }
    }

    /// How often one may run, in hours between runs.
    pub fn hours_between_runs(self) -> u32 {
        match self {
            Self::Free => 24,
            Self::Premium => 1,
        }
    }
}

impl Member {
    /// Where their address is sealed.
    pub const EMAIL: Place<EmailAddress> = Place::new("member", "email");
    /// Where their name is sealed.
    pub const NAME: Place<DisplayName> = Place::new("member", "name");

    /// The member's id.
    pub fn id(&self) -> MemberId {
        self.owner.member
    }

    /// Whether they are a member: no longer to be, and not gone. Someone who tries passwords locks nobody out of their sessions.
    pub fn has_joined(&self) -> bool {
        match self.state {
            MemberState::Active | MemberState::Locked { .. } => true,
            MemberState::Pending | MemberState::Deleted => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever passes for an address is one word in ASCII, in which nothing can end it and begin another, or a header.
        #[test]
        fn nothing_rides_in_an_address(local in "\\PC{0,3}[a-z.+]{0,4}[\r\n\t ,;:<>\"()\u{0}%@]{0,3}[a-z]{0,3}", host in "[a-zA-Z0-9.\r\n -]{0,12}(\\.[a-z]{2,3})?") {
            let text = format!("{local}@{host}");
            if text.parse::<EmailAddress>().is_ok() {
                prop_assert!(text.bytes().all(|b| b.is_ascii_graphic() && !b",;:<>\"()[]\\".contains(&b)), "{:?}", text);
                prop_assert_eq!(text.matches('@').count(), 1);
            }
        }

        /// There is one alphabet for handles: two that differ only in what the eye can't see are never both handles.
        #[test]
        fn a_handle_is_plain_ascii(text in "[a-z_.]{0,3}\\PC{0,2}[A-Z0-9]{0,3}") {
            if let Ok(handle) = text.parse::<Handle>() {
                prop_assert!(handle.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.'));
            }
        }
    }

    #[test]
    fn an_address_cannot_carry_a_header() {
        for bad in [
            "a@b",
            "@example.com",
            "a@example..com",
            "a b@example.com",
            "a@example.com\r\nBcc: x@y.zz",
            "a@exa mple.com",
            "<a@example.com>",
            "a@-",
            "=?utf-8?q?a=40evil.example=0d=0aBcc:?=@example.com",
        ] {
            assert!(bad.parse::<EmailAddress>().is_err(), "{bad:?}");
        }
        assert!("first.last+tag@mail.example.co".parse::<EmailAddress>().is_ok());
    }

    #[test]
    fn a_locale_has_one_spelling() {
        for good in ["en", "en-US", "zh-Hant-TW", "es-419", "haw", "sr-Latn"] {
            assert!(good.parse::<Locale>().is_ok(), "{good}");
        }
        for bad in
            ["", "EN", "en-us", "en_US", "e", "engl", "en-", "en-US-x", "zh-hant", "zh-TW-Hant", "en-US ", "en-\u{e9}\u{e9}"]
        {
            assert!(bad.parse::<Locale>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_state_is_stored_in_words() {
        let locked = MemberState::Locked { until: Timestamp::UNIX_EPOCH };
        for (state, stored) in [(MemberState::Active, r#""active""#), (locked, r#"{"locked":{"until":"1970-01-01T00:00:00Z"}}"#)]
        {
            assert_eq!(serde_json::to_string(&state).ok().as_deref(), Some(stored));
            assert_eq!(serde_json::from_str::<MemberState>(stored).ok(), Some(state));
        }
    }
}
