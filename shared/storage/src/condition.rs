//! The conditions of writes: what must be so, in the moment of writing, for a write to happen. All of them stand here, so that
//! a check can take away one at a time and find out who notices.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::tables::TTL;

/// What must be so of the item that is there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Condition {
    /// Nothing.
    None,
    /// There is none.
    Absent,
    /// There is none, or it is past its time: DynamoDB removes what has expired late.
    AbsentOrExpired(Timestamp),
    /// It is in the version that was read.
    Version(u64),
    /// Nobody holds it, or whoever did has had their time.
    Free(Timestamp),
    /// There is no later answer than one of this instant.
    NoLater(Timestamp),
    /// So much has not been used up.
    Room(i64),
    /// There is none, or all that was used lies behind this instant.
    Idle(Timestamp),
}

const ABSENT: &str = "attribute_not_exists(pk)";
const ABSENT_OR_EXPIRED: &str = "attribute_not_exists(pk) OR #ttl <= :now";
const VERSION: &str = "#version = :version";
const FREE: &str = "attribute_not_exists(pk) OR #until <= :now";
const NO_LATER: &str = "attribute_not_exists(pk) OR #asked <= :asked";
const ROOM: &str = "attribute_not_exists(#used) OR #used <= :room";
const IDLE: &str = "attribute_not_exists(pk) OR #used <= :now";

/// Every expression.
pub const CONDITIONS: [&str; 7] = [ABSENT, ABSENT_OR_EXPIRED, VERSION, FREE, NO_LATER, ROOM, IDLE];

impl Condition {
    /// In DynamoDB's words.
    pub(crate) fn expression(self) -> Option<String> {
        let expression = match self {
            Self::None => return None,
            Self::Absent => ABSENT,
            Self::AbsentOrExpired(_) => ABSENT_OR_EXPIRED,
            Self::Version(_) => VERSION,
            Self::Free(_) => FREE,
            Self::NoLater(_) => NO_LATER,
            Self::Room(_) => ROOM,
            Self::Idle(_) => IDLE,
        };
        Some(expression.to_owned())
    }

    /// The attributes that the expression names.
    pub(crate) fn names(self) -> Option<HashMap<String, String>> {
        self.operand().map(|(name, attribute, ..)| HashMap::from([(name.to_owned(), attribute.to_owned())]))
    }

    /// The values that they are held against.
    pub(crate) fn values(self) -> Option<HashMap<String, AttributeValue>> {
        self.operand().map(|(.., value, number)| HashMap::from([(value.to_owned(), AttributeValue::N(number.to_string()))]))
    }

    fn operand(self) -> Option<(&'static str, &'static str, &'static str, i128)> {
        match self {
            Self::None | Self::Absent => None,
            // DynamoDB counts the life of items in seconds, we hold our own leases in milliseconds, and tokens in microseconds.
            Self::AbsentOrExpired(now) => Some(("#ttl", TTL, ":now", now.as_second().into())),
            Self::Free(now) => Some(("#until", "untilMs", ":now", now.as_millisecond().into())),
            Self::NoLater(asked) => Some(("#asked", "askedAt", ":asked", asked.as_millisecond().into())),
            Self::Version(version) => Some(("#version", "version", ":version", version.into())),
            Self::Room(room) => Some(("#used", "used", ":room", room.into())),
            Self::Idle(now) => Some(("#used", "used", ":now", now.as_microsecond().into())),
        }
    }
}
