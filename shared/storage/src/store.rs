//! The few ways in which items are read, and what can go wrong.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
    types::AttributeValue,
};

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::{
    condition::Condition,
    entity::{Entity, Item, Key, to_item},
    tables::{PK, SK, Table},
};

/// Named access patterns over DynamoDB.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) dynamo: Client,
    prefix: String,
}

/// Why a read or a change did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It is there already.
    #[error("it exists already")]
    Exists,
    /// It was changed since it was read, or removed.
    #[error("it was changed meanwhile")]
    Changed,
    /// A limit would be passed.
    #[error("a limit is reached")]
    LimitReached,
    /// It was asked too often; until when that holds.
    #[error("too often, until {0}")]
    TooOften(Timestamp),
    /// A request with the same idempotency key was committed first.
    #[error("the request was already carried out")]
    Replayed,
    /// Another transaction on the same items is under way.
    #[error("another change of the same items is under way")]
    Contended,
    /// DynamoDB asks to slow down.
    #[error("the store is throttled")]
    Throttled,
    /// No answer, or an internal error of DynamoDB. A change may have happened.
    #[error("the store gave no answer ({0})")]
    Unavailable(String),
    /// The function lacks a permission.
    #[error("the store refused access ({0})")]
    Refused(String),
    /// An item does not convert. A bug, or a hand that edited the table.
    #[error("a stored {0} can't be read")]
    Corrupt(&'static str),
    /// More than an item or a transaction holds.
    #[error("too large to be stored")]
    TooLarge,
    /// A cursor that is none of ours.
    #[error("not a place in this list")]
    Cursor,
}

/// A page of a list, and where the next one begins.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where to go on, if there is more: opaque, to be signed before it leaves the house.
    pub next: Option<String>,
}

/// A query over one partition.
pub(crate) struct Range<'a> {
    pub index: Option<&'static str>,
    pub pk: String,
    pub sk: SortRange,
    pub limit: i32,
    pub after: Option<&'a str>,
    pub backwards: bool,
}

/// Which sort keys.
pub(crate) enum SortRange {
    /// All of the partition. (A prefix of nothing is no way to say so: DynamoDB takes no empty text for a key.)
    All,
    /// Those that begin so.
    Prefix(String),
    /// Those up to and including this one.
    UpTo(String),
}

impl Store {
    /// Over the tables `<prefix>core`, `<prefix>cache` and so on.
    pub fn new(dynamo: Client, prefix: impl Into<String>) -> Self {
        Self { dynamo, prefix: prefix.into() }
    }

    /// The full name of a table.
    pub fn table(&self, table: Table) -> String {
        format!("{}{}", self.prefix, table.name())
    }

    /// Reads one item, consistently.
    pub(crate) async fn get<E: Entity>(&self, key: Key) -> Result<Option<E>, StoreError> {
        self.get_part::<E, E>(key).await
    }

    /// Reads a part of one item, consistently.
    pub(crate) async fn get_part<E: Entity, P: DeserializeOwned>(&self, key: Key) -> Result<Option<P>, StoreError> {
        let read = |item| serde_dynamo::from_item(item).map_err(|_| StoreError::Corrupt(E::KIND.name));
        self.item(E::KIND.table, key).await?.map(read).transpose()
    }

    /// The attributes of one item, read consistently. What calls DynamoDB is linked once, not for every type.
    pub(crate) async fn item(&self, table: Table, key: Key) -> Result<Option<Item>, StoreError> {
        let get = self.dynamo.get_item().table_name(self.table(table)).set_key(Some(key.into_item())).consistent_read(true);
        Ok(get.send().await.map_err(|error| store_error(&error))?.item)
    }

    /// Stores what was read and changed, unless someone changed or removed it since. Its version goes up by one. One
    /// write, where nothing else is to be written with it.
    pub(crate) async fn put_if_unchanged<E: Entity>(&self, entity: &mut E) -> Result<(), StoreError> {
        let read = *entity.version();
        *entity.version() = read + 1;
        self.put_if(entity, Condition::Version(read)).await
    }

    /// The same, and what has no version yet only where there is none.
    pub(crate) async fn put_new_or_unchanged<E: Entity>(&self, entity: &mut E) -> Result<(), StoreError> {
        if *entity.version() == 0 {
            *entity.version() = 1;
            return self.put_if(entity, Condition::Absent).await;
        }
        self.put_if_unchanged(entity).await
    }

    /// Stores something if this is so. One write.
    pub(crate) async fn put_if<E: Entity>(&self, entity: &E, condition: Condition) -> Result<(), StoreError> {
        self.put_item(E::KIND.table, to_item(entity)?, condition).await
    }

    /// Stores the attributes of one item if this is so.
    pub(crate) async fn put_item(&self, table: Table, item: Item, condition: Condition) -> Result<(), StoreError> {
        self.dynamo
            .put_item()
            .table_name(self.table(table))
            .set_item(Some(item))
            .set_condition_expression(condition.expression())
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values())
            .send()
            .await
            .map(|_| ())
            .map_err(|error| store_error(&error))
    }

    /// Reads a page of one partition. Bounded by its limit and by DynamoDB's 1 MB.
    pub(crate) async fn list<E: Entity>(&self, range: Range<'_>) -> Result<Listed<E>, StoreError> {
        self.list_parts::<E, E>(range).await
    }

    /// Reads a part of each item of such a page.
    pub(crate) async fn list_parts<E: Entity, P: DeserializeOwned>(&self, range: Range<'_>) -> Result<Listed<P>, StoreError> {
        let Listed { items, next } = self.items(E::KIND.table, range).await?;
        // One that can't be read must not hide the others; it is an error in the log, and an alarm.
        let unreadable = |_: &_| tracing::error!(error = %StoreError::Corrupt(E::KIND.name), "left out of a list");
        let readable = |item| serde_dynamo::from_item(item).inspect_err(unreadable).ok();
        Ok(Listed { items: items.into_iter().filter_map(readable).collect(), next })
    }

    async fn items(&self, table: Table, range: Range<'_>) -> Result<Listed<Item>, StoreError> {
        let (pk, sk) = range.index.map_or((PK.to_owned(), SK.to_owned()), |index| (format!("{index}pk"), format!("{index}sk")));
        let (condition, sort) = match range.sk {
            SortRange::All => ("#pk = :pk", None),
            SortRange::Prefix(prefix) => ("#pk = :pk AND begins_with(#sk, :sk)", Some(prefix)),
            SortRange::UpTo(last) => ("#pk = :pk AND #sk <= :sk", Some(last)),
        };
        let mut query = self
            .dynamo
            .query()
            .table_name(self.table(table))
            .set_index_name(range.index.map(str::to_owned))
            // What was just written is on the list; indexes can't promise that.
            .consistent_read(range.index.is_none())
            .key_condition_expression(condition)
            .expression_attribute_names("#pk", pk)
            .expression_attribute_values(":pk", AttributeValue::S(range.pk))
            .set_exclusive_start_key(range.after.map(start_key).transpose()?)
            .scan_index_forward(!range.backwards)
            .limit(range.limit);
        if let Some(sort) = sort {
            query = query.expression_attribute_names("#sk", sk).expression_attribute_values(":sk", AttributeValue::S(sort));
        }
        let answer = query.send().await.map_err(|error| store_error(&error))?;
        let next = answer.last_evaluated_key.as_ref().map(place);
        Ok(Listed { items: answer.items.unwrap_or_default(), next })
    }
}

/// A place in a list, as text: the last key's attributes, all of them strings.
fn place(key: &Item) -> String {
    let texts: std::collections::BTreeMap<&str, &str> =
        key.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_s().ok()?.as_str()))).collect();
    serde_json::to_string(&texts).unwrap_or_default()
}

fn start_key(place: &str) -> Result<Item, StoreError> {
    let texts: HashMap<String, String> = serde_json::from_str(place).map_err(|_| StoreError::Cursor)?;
    Ok(texts.into_iter().map(|(name, value)| (name, AttributeValue::S(value))).collect())
}

/// What an error of the SDK means. Messages of DynamoDB can quote items, so that only codes and request ids are kept.
pub(crate) fn store_error<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> StoreError
where
    SdkError<E, R>: RequestId,
{
    let trace = || error.request_id().map(|id| format!(", request {id}")).unwrap_or_default();
    match (error, error.code()) {
        (_, Some("ConditionalCheckFailedException")) => StoreError::Changed,
        (_, Some("TransactionConflictException" | "TransactionInProgressException")) => StoreError::Contended,
        (_, Some("ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded")) => {
            StoreError::Throttled
        }
        (_, Some(code @ ("AccessDeniedException" | "UnrecognizedClientException" | "ResourceNotFoundException"))) => {
            StoreError::Refused(format!("{code}{}", trace()))
        }
        (_, Some("ItemCollectionSizeLimitExceededException")) => StoreError::TooLarge,
        (_, Some(code)) => StoreError::Unavailable(format!("{code}{}", trace())),
        (SdkError::TimeoutError(_), None) => StoreError::Unavailable("time-out".to_owned()),
        (SdkError::DispatchFailure(_), None) => StoreError::Unavailable("no connection".to_owned()),
        (_, None) => StoreError::Unavailable(format!("no code{}", trace())),
    }
}
