//! How often someone asked within a minute.

use domain::time::Slot;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    change::Change,
    entity::{Entity, Key, Keyspace, Kind},
    tables::Table,
};

pub(crate) const LIMIT_COUNT: &Kind = &Kind {
    name: "limit-count",
    context: "system",
    // Where nothing is kept for long, and no stream tells of a change.
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "LIMIT#{subject}", sort: "" }],
    retention: "two minutes",
    privacy: "a number; of network addresses and accounts there is a keyed hash, which is another one each minute",
};

/// How long a count is of use.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// A count of one minute. Each subject's is an item of its own in a partition of its own, so that none gets hot by what all of
/// them do together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitCount {
    /// Who or what is counted, and for which limit; without `#`.
    pub subject: String,
    /// The minute.
    pub window: Slot,
}

impl LimitCount {
    /// The count that an instant falls into.
    pub fn at(subject: String, now: Timestamp) -> Self {
        Self { subject, window: Slot::of(now) }
    }

    /// When it begins anew.
    pub fn ends(&self) -> Timestamp {
        self.window.start().saturating_add(WINDOW).unwrap_or(Timestamp::MAX)
    }
}

impl Entity for LimitCount {
    const KIND: &'static Kind = LIMIT_COUNT;

    fn key(&self) -> Key {
        Key::new(format!("LIMIT#{}", self.subject), self.window.to_string())
    }

    /// It is counted, never written whole.
    fn version(&mut self) -> &mut u64 {
        unreachable!("a counter has no version")
    }

    fn expires(&self) -> Option<Timestamp> {
        self.ends().checked_add(WINDOW).ok()
    }
}

impl Change {
    /// Goes through only as often as a limit allows. Refused with [`crate::StoreError::TooOften`] beyond it, whoever races.
    pub fn admitted(self, count: &LimitCount, limit: u32) -> Self {
        self.count_within(count, 1, limit, crate::Refusal::TooOften(count.ends()))
    }
}
