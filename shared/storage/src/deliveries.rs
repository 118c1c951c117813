//! Messages, the index of those that wait for their hour, and preferences. Owned by notifications.

use domain::{
    ids::{AlertId, DeliveryId, Owner},
    notifications::{Channel, Delivery, Preferences},
    time::to_second,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    entity::{Entity, Key, Keyspace, Kind},
    members::{COLLECTION, collection},
    store::{Listed, Range, SortRange, Store, StoreError},
    tables::{GSI1, Table},
};

/// Over how many partitions waiting messages are spread, by their id.
const DUE_SHARDS: u16 = 8;

pub(crate) const DELIVERY: &Kind = &Kind {
    name: "delivery",
    context: "notifications",
    table: Table::Core,
    keys: &[
        Keyspace { index: None, partition: COLLECTION, sort: "DELIVERY#" },
        Keyspace { index: Some(GSI1), partition: "DUE#DELIVERY#{shard}", sort: "" },
    ],
    retention: "400 days after it was due",
    privacy: "exported; deleted with the member",
};

pub(crate) const PREFERENCES: &Kind = &Kind {
    name: "preferences",
    context: "notifications",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "PREFERENCES" }],
    retention: "until the member is deleted",
    privacy: "exported; deleted with the member",
};

impl Entity for Delivery {
    const KIND: &'static Kind = DELIVERY;

    fn key(&self) -> Key {
        delivery_key(&self.owner, self.id)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    /// Due, while it waits.
    fn indexes(&self) -> (Option<Key>, Option<Key>) {
        let due =
            self.waits().then(|| Key::new(due_partition(shard_of(self.id)), format!("{}#{}", to_second(self.due), self.id)));
        (due, None)
    }

    fn expires(&self) -> Option<Timestamp> {
        self.due.checked_add(SignedDuration::from_hours(400 * 24)).ok()
    }
}

impl Entity for Preferences {
    const KIND: &'static Kind = PREFERENCES;

    fn key(&self) -> Key {
        Key::new(collection(&self.owner), "PREFERENCES")
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

fn delivery_key(owner: &Owner, id: DeliveryId) -> Key {
    Key::new(collection(owner), format!("DELIVERY#{id}"))
}

fn due_partition(shard: u16) -> String {
    format!("DUE#DELIVERY#{shard}")
}

fn shard_of(id: DeliveryId) -> u16 {
    u16::try_from(ulid::Ulid::from(id).0 % u128::from(DUE_SHARDS)).unwrap_or(0)
}

impl Store {
    /// A message.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn delivery_of(&self, owner: &Owner, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.get(delivery_key(owner, id)).await
    }

    /// The message that carries an alert on a channel.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn delivery_for(&self, owner: &Owner, alert: AlertId, channel: Channel) -> Result<Option<Delivery>, StoreError> {
        self.delivery_of(owner, Delivery::id_for(alert, channel)).await
    }

    /// Messages that wait and were due at an instant, of every shard, at most `limit` a shard.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn due_deliveries(&self, now: Timestamp, limit: u8) -> Result<Vec<Delivery>, StoreError> {
        let mut due = Vec::new();
        for shard in 0..DUE_SHARDS {
            // A sort key of this second ends in `#id`, which sorts before `~`.
            let sk = SortRange::UpTo(format!("{}~", to_second(now)));
            let range =
                Range { index: Some(GSI1), pk: due_partition(shard), sk, limit: i32::from(limit), after: None, backwards: false };
            let Listed { items, .. } = self.list::<Delivery>(range).await?;
            due.extend(items);
        }
        Ok(due)
    }

    /// A member's preferences: the defaults, until they choose.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn preferences_of(&self, owner: &Owner) -> Result<Preferences, StoreError> {
        let found = self.get(Key::new(collection(owner), "PREFERENCES")).await?;
        Ok(found.unwrap_or_else(|| Preferences::default_of(owner.clone())))
    }
}
