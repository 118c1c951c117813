//! A change of state, the events about it and the receipt of the request: one transaction.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update},
};
use domain::{events::Event, ids::EventId};
use jiff::Timestamp;

use crate::{
    condition::Condition,
    entity::{Entity, Item, to_item},
    outbox::OutboxItem,
    receipts::Receipt,
    store::{Store, StoreError, store_error},
    tables::{TTL, Table},
    watchers::WatcherQuota,
};

/// DynamoDB's limit on a transaction. A change that needs more is a resumable job.
const MAX_OPERATIONS: usize = 100;

/// How long a change waits at most, each time that it meets another one under way on the same items (many matches of one
/// watcher, or alerts of one member, come at once), or too many of them.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(20), Duration::from_millis(60), Duration::from_millis(180), Duration::from_millis(540)];

/// How something is counted. What an expression could do besides, the local gate does not let through.
const COUNT: &str = "ADD #used :by SET #type = :type";
/// The same of what is not kept for good.
pub(crate) const COUNT_AND_EXPIRE: &str = "ADD #used :by SET #type = :type, #ttl = :ttl";

/// Somewhere between nothing and the whole of a pause, so that those who met don't meet again.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(fastrand::f64())
}

/// Waits before a change is made anew that others were faster than, so many times by now: the longer, the more often.
pub async fn pause(times: usize) {
    tokio::time::sleep(jittered(PAUSES[times.min(PAUSES.len() - 1)])).await;
}

/// What it means when the condition of an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Someone else created it first.
    Exists,
    /// Someone else changed or removed it.
    Changed,
    /// A limit would be passed.
    LimitReached,
    /// It was asked too often; until when that holds.
    TooOften(Timestamp),
    /// The same request was carried out before.
    Replayed,
}

/// A change, being put together. It is all or nothing.
#[derive(Debug, Default)]
#[must_use = "a change does nothing until it is committed"]
pub struct Change {
    operations: Vec<(Operation, Refusal)>,
    failed: Option<StoreError>,
}

#[derive(Debug)]
enum Operation {
    Put { table: Table, item: Item, condition: Condition },
    Delete { table: Table, key: Item, condition: Condition },
    Check { table: Table, key: Item, condition: Condition },
    Count { table: Table, key: Item, by: i64, limit: u32, kind: &'static str, expires: Option<Timestamp> },
}

impl Change {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores something new. Its version becomes 1. Refused with [`StoreError::Exists`] if its key is taken.
    pub fn create<E: Entity>(mut self, entity: &mut E) -> Self {
        *entity.version() = 1;
        self.put(entity, Condition::Absent, Refusal::Exists);
        self
    }

    /// Stores what was read and changed. Its version goes up by one. Refused with [`StoreError::Changed`] if someone else
    /// changed or removed it since it was read.
    pub fn update<E: Entity>(mut self, entity: &mut E) -> Self {
        let read = *entity.version();
        *entity.version() = read + 1;
        self.put(entity, Condition::Version(read), Refusal::Changed);
        self
    }

    /// Stores it for the first time or again, by whether it has a version.
    pub fn save<E: Entity>(self, entity: &mut E) -> Self {
        if *entity.version() == 0 { self.create(entity) } else { self.update(entity) }
    }

    /// Stores it whatever is there: for what is derived, and the same however often it is derived.
    pub fn set<E: Entity>(mut self, entity: &E) -> Self {
        self.put(entity, Condition::None, Refusal::Changed);
        self
    }

    /// Removes what was read, unless someone else changed it since.
    pub fn delete<E: Entity>(mut self, entity: &mut E) -> Self {
        let condition = Condition::Version(*entity.version());
        let operation = Operation::Delete { table: E::KIND.table, key: entity.key().into_item(), condition };
        self.operations.push((operation, Refusal::Changed));
        self
    }

    /// Removes it if it is there.
    pub fn forget<E: Entity>(mut self, entity: &E) -> Self {
        let operation = Operation::Delete { table: E::KIND.table, key: entity.key().into_item(), condition: Condition::None };
        self.operations.push((operation, Refusal::Changed));
        self
    }

    /// Goes through only if something that was read, and that this change rests on, is still as it was.
    pub fn provided<E: Entity>(mut self, entity: &mut E) -> Self {
        let condition = Condition::Version(*entity.version());
        let operation = Operation::Check { table: E::KIND.table, key: entity.key().into_item(), condition };
        self.operations.push((operation, Refusal::Changed));
        self
    }

    /// Takes one of a member's watchers. Refused with [`StoreError::LimitReached`] beyond `limit`, whoever races.
    pub fn take(self, quota: &WatcherQuota, limit: u32) -> Self {
        self.count(quota, 1, limit)
    }

    /// Gives one back.
    pub fn give_back(self, quota: &WatcherQuota) -> Self {
        self.count(quota, -1, u32::MAX)
    }

    /// Counts something up within a limit. Refused with [`StoreError::LimitReached`] beyond it.
    pub fn count<E: Entity>(self, counter: &E, by: i64, limit: u32) -> Self {
        self.count_within(counter, by, limit, Refusal::LimitReached)
    }

    pub(crate) fn count_within<E: Entity>(mut self, counter: &E, by: i64, limit: u32, refusal: Refusal) -> Self {
        let (table, kind, key) = (E::KIND.table, E::KIND.name, counter.key().into_item());
        self.operations.push((Operation::Count { table, key, by, limit, kind, expires: counter.expires() }, refusal));
        self
    }

    /// Tells of it: the event is stored in the outbox with the change, and published from there.
    pub fn emit<E: Event>(mut self, event: &E, id: EventId, at: Timestamp) -> Self {
        match OutboxItem::of(event, id, at) {
            Ok(item) => self.put(&item, Condition::Absent, Refusal::Exists),
            Err(error) => self.failed = Some(error),
        }
        self
    }

    /// Leaves a receipt, so that the same request is carried out once. Refused with [`StoreError::Replayed`].
    pub fn receipt(mut self, receipt: Option<&Receipt>) -> Self {
        if let Some(receipt) = receipt {
            self.put(receipt, Condition::AbsentOrExpired(receipt.at), Refusal::Replayed);
        }
        self
    }

    fn put<E: Entity>(&mut self, entity: &E, condition: Condition, refusal: Refusal) {
        match to_item(entity) {
            Ok(item) => self.operations.push((Operation::Put { table: E::KIND.table, item, condition }, refusal)),
            Err(error) => self.failed = Some(error),
        }
    }
}

impl Store {
    /// Makes a change, whole or not at all. O(its operations).
    ///
    /// # Errors
    /// The refusal of the first operation whose condition fails (a replay before any other); or that the store can't say.
    pub async fn commit(&self, change: Change) -> Result<(), StoreError> {
        if let Some(error) = change.failed {
            return Err(error);
        }
        if change.operations.len() > MAX_OPERATIONS {
            return Err(StoreError::TooLarge);
        }
        let (operations, refusals): (Vec<_>, Vec<_>) = change.operations.into_iter().unzip();
        let items = operations.into_iter().map(|operation| self.operation(operation)).collect::<Result<Vec<_>, _>>()?;
        for pause in PAUSES {
            match self.transact(items.clone(), &refusals).await {
                // The SDK repeats neither: to it, a cancelled transaction is an answer.
                Err(StoreError::Contended | StoreError::Throttled) => tokio::time::sleep(jittered(pause)).await,
                result => return result,
            }
        }
        self.transact(items, &refusals).await
    }

    async fn transact(&self, items: Vec<TransactWriteItem>, refusals: &[Refusal]) -> Result<(), StoreError> {
        match self.dynamo.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    let codes = canceled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or_default());
                    Err(canceled_because(codes.zip(refusals.iter().copied())))
                }
                Some(_) | None => Err(store_error(&error)),
            },
        }
    }

    fn operation(&self, operation: Operation) -> Result<TransactWriteItem, StoreError> {
        let incomplete = |_| StoreError::Corrupt("transaction");
        let item = TransactWriteItem::builder();
        Ok(match operation {
            Operation::Put { table, item: attributes, condition } => item.put(
                Put::builder()
                    .table_name(self.table(table))
                    .set_item(Some(attributes))
                    .set_condition_expression(condition.expression())
                    .set_expression_attribute_names(condition.names())
                    .set_expression_attribute_values(condition.values())
                    .build()
                    .map_err(incomplete)?,
            ),
            Operation::Delete { table, key, condition } => item.delete(
                Delete::builder()
                    .table_name(self.table(table))
                    .set_key(Some(key))
                    .set_condition_expression(condition.expression())
                    .set_expression_attribute_names(condition.names())
                    .set_expression_attribute_values(condition.values())
                    .build()
                    .map_err(incomplete)?,
            ),
            Operation::Check { table, key, condition } => item.condition_check(
                ConditionCheck::builder()
                    .table_name(self.table(table))
                    .set_key(Some(key))
                    .set_condition_expression(condition.expression())
                    .set_expression_attribute_names(condition.names())
                    .set_expression_attribute_values(condition.values())
                    .build()
                    .map_err(incomplete)?,
            ),
            Operation::Count { table, key, by, limit, kind, expires } => {
                let room = Condition::Room(i64::from(limit) - by);
                let mut update = Update::builder()
                    .table_name(self.table(table))
                    .set_key(Some(key))
                    .update_expression(if expires.is_some() { COUNT_AND_EXPIRE } else { COUNT })
                    .set_condition_expression(room.expression())
                    .set_expression_attribute_names(room.names())
                    .set_expression_attribute_values(room.values())
                    .expression_attribute_names("#used", "used")
                    .expression_attribute_names("#type", "type")
                    .expression_attribute_values(":by", AttributeValue::N(by.to_string()))
                    .expression_attribute_values(":type", AttributeValue::S(kind.to_owned()));
                if let Some(expires) = expires {
                    update = update
                        .expression_attribute_names("#ttl", TTL)
                        .expression_attribute_values(":ttl", AttributeValue::N(expires.as_second().to_string()));
                }
                item.update(update.build().map_err(incomplete)?)
            }
        }
        .build())
    }
}

/// The cause of a cancelled transaction: a replay first (a repeated request fails other conditions too), then the first
/// failed condition, then contention and throttling.
fn canceled_because<'a>(reasons: impl Iterator<Item = (&'a str, Refusal)>) -> StoreError {
    let causes: Vec<StoreError> = reasons
        .filter_map(|(code, refusal)| match code {
            "None" | "" => None,
            "ConditionalCheckFailed" => Some(match refusal {
                Refusal::Exists => StoreError::Exists,
                Refusal::Changed => StoreError::Changed,
                Refusal::LimitReached => StoreError::LimitReached,
                Refusal::TooOften(until) => StoreError::TooOften(until),
                Refusal::Replayed => StoreError::Replayed,
            }),
            "TransactionConflict" => Some(StoreError::Contended),
            "ThrottlingError" | "ProvisionedThroughputExceeded" => Some(StoreError::Throttled),
            "ItemCollectionSizeLimitExceeded" => Some(StoreError::TooLarge),
            code => Some(StoreError::Unavailable(code.to_owned())),
        })
        .collect();
    let rank = |cause: &StoreError| match cause {
        StoreError::Replayed => 0,
        StoreError::Exists | StoreError::Changed | StoreError::LimitReached | StoreError::TooOften(_) => 1,
        StoreError::Contended | StoreError::Throttled => 2,
        StoreError::Unavailable(_)
        | StoreError::Refused(_)
        | StoreError::Corrupt(_)
        | StoreError::TooLarge
        | StoreError::Cursor => 3,
    };
    causes.into_iter().min_by_key(rank).unwrap_or_else(|| StoreError::Unavailable("cancelled without a reason".to_owned()))
}
