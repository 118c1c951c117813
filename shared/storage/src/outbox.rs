//! The outbox: events wait here, in the transaction of the change they tell of, until the relay has published them.

use domain::{
    events::Event,
    ids::{EventId, TenantId},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    entity::{Entity, Key, Keyspace, Kind},
    store::{Listed, Range, SortRange, Store, StoreError, store_error},
    tables::Table,
};

/// Over how many partitions events are spread, by their id.
pub const OUTBOX_SHARDS: u16 = 8;

pub(crate) const OUTBOX: &Kind = &Kind {
    name: "outbox",
    context: "system",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "OUTBOX#{shard}", sort: "" }],
    retention: "until published, which takes seconds",
    privacy: "keys only; gone before a deletion's first day ends",
};

/// An event that waits to be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxItem {
    /// Its id.
    pub id: EventId,
    /// Its name.
    pub event: String,
    /// Whose: system partitions carry the tenant as an attribute.
    pub tenant: TenantId,
    /// The event as JSON.
    pub detail: String,
    /// When it happened.
    pub at: Timestamp,
}

impl OutboxItem {
    pub(crate) fn of<E: Event>(event: &E, id: EventId, at: Timestamp) -> Result<Self, StoreError> {
        let detail = serde_json::to_string(event).map_err(|_| StoreError::Corrupt("event"))?;
        Ok(Self { id, event: E::NAME.to_owned(), tenant: event.tenant().clone(), detail, at })
    }

    fn shard(&self) -> u16 {
        let id: u128 = ulid::Ulid::from(self.id).0;
        u16::try_from(id % u128::from(OUTBOX_SHARDS)).unwrap_or(0)
    }
}

impl Entity for OutboxItem {
    const KIND: &'static Kind = OUTBOX;

    fn key(&self) -> Key {
        Key::new(format!("OUTBOX#{}", self.shard()), self.id.to_string())
    }

    /// It is written once and removed.
    fn version(&mut self) -> &mut u64 {
        unreachable!("an event has no version")
    }
}

impl Store {
    /// The oldest events of a shard.
    ///
    /// # Errors
    /// If the store can't say, or `after` is no place in the list.
    pub async fn outbox(&self, shard: u16, limit: u8, after: Option<&str>) -> Result<Listed<OutboxItem>, StoreError> {
        let sk = SortRange::Prefix("evt_".to_owned());
        self.list(Range { index: None, pk: format!("OUTBOX#{shard}"), sk, limit: i32::from(limit), after, backwards: false })
            .await
    }

    /// Removes events that the bus has accepted.
    ///
    /// # Errors
    /// If the store can't say. Those that stay are published again: consumers are idempotent.
    pub async fn published(&self, items: &[OutboxItem]) -> Result<(), StoreError> {
        use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
        for chunk in items.chunks(25) {
            let mut requests = Vec::with_capacity(chunk.len());
            for item in chunk {
                let delete = DeleteRequest::builder()
                    .set_key(Some(item.key().into_item()))
                    .build()
                    .map_err(|_| StoreError::Corrupt("outbox"))?;
                requests.push(WriteRequest::builder().delete_request(delete).build());
            }
            let answer = self
                .dynamo
                .batch_write_item()
                .request_items(self.table(Table::Core), requests)
                .send()
                .await
                .map_err(|error| store_error(&error))?;
            if answer.unprocessed_items.is_some_and(|left| !left.is_empty()) {
                return Err(StoreError::Throttled);
            }
        }
        Ok(())
    }
}
