//! Identities. Each kind is a type of its own, so that one can't be given for another.

use ulid::Ulid;

use crate::{
    faults::Invalid,
    text::{is_slug, text},
};

/// Declares an id: a prefix that names the kind, then a ULID (time-ordered, 128 bits).
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $noun:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Ulid);

        $crate::schema::written_as!($name, stringify!($name), String, example concat!($prefix, "_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3"));

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            const NOUN: &'static str = $noun;
        }

        impl From<Ulid> for $name {
            fn from(ulid: Ulid) -> Self {
                Self(ulid)
            }
        }

        impl From<$name> for Ulid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                text.strip_prefix(concat!($prefix, "_"))
                    // The canonical form only: two spellings of one id would be two keys.
                    .filter(|rest| rest.len() == 26 && rest.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()))
                    .and_then(|rest| Ulid::from_string(rest).ok().filter(|ulid| ulid.to_string() == rest))
                    .map(Self)
                    .ok_or(Invalid { what: $what, rule: concat!($prefix, "_ and a ULID") })
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;

            fn try_from(text: String) -> Result<Self, Invalid> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }
    };
}

/// An identity made of a prefix and a ULID.
pub trait Id: From<Ulid> + Into<Ulid> + Copy + std::str::FromStr {
    /// What its text begins with, before the underscore.
    const PREFIX: &'static str;
    /// What it names, in problem codes.
    const NOUN: &'static str;
}

id!(
    /// A member of a tenant.
    MemberId, "mem", "member", "a member id"
);
id!(
    /// A saved search.
    WatcherId, "wat", "watcher", "a watcher id"
);
id!(
    /// A find. Derived from the offer's fingerprint, so that the same offer seen again is the same deal.
    DealId, "deal", "deal", "a deal id"
);
id!(
    /// Something a member is told. Derived from its cause, so that the same cause tells once.
    AlertId, "alert", "alert", "an alert id"
);
id!(
    /// One message that carries an alert on one channel.
    DeliveryId, "msg", "delivery", "a delivery id"
);
id!(
    /// A domain event.
    EventId, "evt", "event", "an event id"
);
id!(
    /// A signed-in session.
    SessionId, "ses", "session", "a session id"
);

id!(
    /// A passcode that was asked for.
    ChallengeId, "otp", "challenge", "a challenge id"
);
id!(
    /// A member's way to an award. Derived from member and deal: there is one of each.
    BookingId, "book", "booking", "a booking id"
);

id!(
    /// What a source sells by one reference. Derived from both.
    ListingId, "lst", "listing", "a listing id"
);
id!(
    /// A house that several sources sell.
    PropertyId, "prop", "property", "a property id"
);

text!(
    /// A brand. Every stored item belongs to one.
    TenantId, "a tenant id", tenant_slug, example "demo"
);

fn tenant_slug(text: &str) -> Result<(), &'static str> {
    if is_slug(text, 2, 32) { Ok(()) } else { Err("2 to 32 lower-case letters, digits or inner hyphens") }
}

/// Who owns an item: a member of a tenant. No look-up of a member's item lacks one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Owner {
    /// The brand.
    pub tenant: TenantId,
    /// The member.
    pub member: MemberId,
}

/// An id that depends on nothing but its parts: the first 128 bits of their SHA-256, each part length-prefixed so
/// that no two lists of parts read alike.
pub fn derived<T: Id>(parts: &[&str]) -> T {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest(parts)[..16]);
    Ulid::from_bytes(bytes).into()
}

/// The SHA-256 of a list of texts, each length-prefixed.
pub(crate) fn digest(parts: &[&str]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_one_kind_is_not_read_as_another() {
        let watcher = WatcherId::from(Ulid::from_bytes([7; 16])).to_string();
        assert!(watcher.parse::<WatcherId>().is_ok());
        assert!(watcher.parse::<DealId>().is_err());
    }

    #[test]
    fn only_the_canonical_spelling_is_an_id() {
        let id = WatcherId::from(Ulid::from_bytes([7; 16])).to_string();
        assert!(id.to_lowercase().parse::<WatcherId>().is_err());
        assert!("wat_8ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<WatcherId>().is_err(), "more than 128 bits");
        assert!("wat_".parse::<WatcherId>().is_err());
    }

    #[test]
    fn derived_ids_tell_where_one_part_ends() {
        let one: DealId = derived(&["ab", "c"]);
        let two: DealId = derived(&["a", "bc"]);
        assert_ne!(one, two);
        assert_eq!(one, derived::<DealId>(&["ab", "c"]));
    }
}
