//! Alerts, and how many a member was told of in a day. Owned by notifications.

use domain::{
    ids::{AlertId, Owner},
    notifications::Alert,
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    entity::{Entity, Key, Keyspace, Kind},
    members::{COLLECTION, collection},
    store::{Listed, Range, SortRange, Store, StoreError},
    tables::{GSI1, Table},
};

pub(crate) const ALERT: &Kind = &Kind {
    name: "alert",
    context: "notifications",
    table: Table::Core,
    keys: &[
        Keyspace { index: None, partition: COLLECTION, sort: "ALERT#" },
        Keyspace { index: Some(GSI1), partition: "T#{tenant}#M#{member}#ALERTS", sort: "" },
    ],
    retention: "400 days",
    privacy: "exported; deleted with the member",
};

pub(crate) const TOLD_DAY: &Kind = &Kind {
    name: "told-day",
    context: "notifications",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "TOLD#" }],
    retention: "until the member is deleted",
    privacy: "a number; deleted with the member",
};

impl Entity for Alert {
    const KIND: &'static Kind = ALERT;

    fn key(&self) -> Key {
        alert_key(&self.owner, self.id)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    /// By time.
    fn indexes(&self) -> (Option<Key>, Option<Key>) {
        (Some(Key::new(alerts_partition(&self.owner), format!("{}#{}", self.created_at, self.id))), None)
    }

    fn expires(&self) -> Option<Timestamp> {
        self.created_at.checked_add(SignedDuration::from_hours(400 * 24)).ok()
    }
}

fn alert_key(owner: &Owner, id: AlertId) -> Key {
    Key::new(collection(owner), format!("ALERT#{id}"))
}

fn alerts_partition(owner: &Owner) -> String {
    format!("{}#ALERTS", collection(owner))
}

/// How many messages a member gets on a day of theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldDay {
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
    /// The member's own day.
    pub day: Date,
}

impl Entity for ToldDay {
    const KIND: &'static Kind = TOLD_DAY;

    fn key(&self) -> Key {
        Key::new(collection(&self.owner), format!("TOLD#{}", self.day))
    }

    /// It is counted, never written whole.
    fn version(&mut self) -> &mut u64 {
        unreachable!("a counter has no version")
    }
}

impl Store {
    /// One of a member's alerts.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn alert_of(&self, owner: &Owner, id: AlertId) -> Result<Option<Alert>, StoreError> {
        self.get(alert_key(owner, id)).await
    }

    /// A member's alerts, the newest first.
    ///
    /// # Errors
    /// If the store can't say, or `after` is no place in the list.
    pub async fn alerts_of(&self, owner: &Owner, limit: u8, after: Option<&str>) -> Result<Listed<Alert>, StoreError> {
        let sk = SortRange::All;
        self.list(Range { index: Some(GSI1), pk: alerts_partition(owner), sk, limit: i32::from(limit), after, backwards: true })
            .await
    }
}
