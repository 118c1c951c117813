//! The sources' answers, compressed. Those that were asked for with the deployment's keys are shared across tenants, because they
//! hold nobody's data; what a tenant bought with a key of its own is for that tenant.

use std::{
    collections::HashMap,
    io::{Read, Write},
};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    answers::{Answer, Question},
    search::SearchKey,
    sources::KeyScope,
};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use jiff::{SignedDuration, Timestamp};

use crate::{
    condition::Condition,
    entity::{Item, Key, Keyspace, Kind},
    store::{Store, StoreError},
    tables::{TTL, Table},
};

pub(crate) const ANSWER: &Kind = &Kind {
    name: "answer",
    context: "search",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "ANSWER#{scope}#{key}", sort: "ANSWER" }],
    retention: "7 days",
    privacy: "nobody's data",
};

pub(crate) const ASKING: &Kind = &Kind {
    name: "asking",
    context: "search",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "ANSWER#{scope}#{key}", sort: "ASKING" }],
    retention: "7 days",
    privacy: "nobody's data",
};

/// How long a lease is remembered after its end: it is of no use, but DynamoDB may take as long to remove it anyway.
const LEASE_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The right to ask a question, which one at a time has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// To ask the sources now.
    Now,
    /// To have them asked by a message.
    Later,
}

impl Turn {
    fn sort(self) -> &'static str {
        match self {
            Self::Now => "ASKING",
            Self::Later => "ASKING#LATER",
        }
    }
}

/// A right that was taken, to be given back.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "others wait until it is given back"]
pub struct Held {
    partition: String,
    turn: Turn,
    /// Until when it is held, in milliseconds since the epoch: no two who hold it one after the other have the same.
    until: u64,
}

impl Held {
    /// The lease, as it is stored.
    fn item(&self, until: u64, ends: Timestamp) -> HashMap<String, AttributeValue> {
        let mut item = Key::new(self.partition.clone(), self.turn.sort()).into_item();
        item.insert("untilMs".to_owned(), AttributeValue::N(until.to_string()));
        item.insert("version".to_owned(), AttributeValue::N(until.to_string()));
        item.insert("type".to_owned(), AttributeValue::S(ASKING.name.to_owned()));
        let expires = ends.saturating_add(LEASE_KEPT).unwrap_or(ends);
        item.insert(TTL.to_owned(), AttributeValue::N(expires.as_second().to_string()));
        item
    }
}

/// Names the right to ask a question, which one at a time has.
#[derive(Debug)]
pub struct Asking;

impl Asking {
    /// The permission to take it.
    pub const WRITE: crate::Grant = crate::Grant::Write(ASKING);
}

/// DynamoDB's limit on an item is 400 KB; the rest is for keys.
const MAX_COMPRESSED: usize = 390 * 1024;
/// What an answer may come to when unpacked: far above any real one, and below a function's memory.
const MAX_UNPACKED: u64 = 64 * 1024 * 1024;
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Names the answer as something to be permitted.
#[derive(Debug)]
pub struct CachedAnswer;

impl CachedAnswer {
    /// The permission to read answers.
    pub const READ: crate::Grant = crate::Grant::Read(ANSWER);
    /// The permission to write them.
    pub const WRITE: crate::Grant = crate::Grant::Write(ANSWER);
}

pub(crate) fn partition(scope: &KeyScope, key: &SearchKey) -> String {
    format!("ANSWER#{scope}#{key}")
}

fn answer_key(scope: &KeyScope, key: &SearchKey) -> Key {
    Key::new(partition(scope, key), "ANSWER")
}

impl Store {
    /// The last answer to a question, however old.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn answer<Q: Question>(&self, scope: &KeyScope, key: &SearchKey) -> Result<Option<Answer<Q>>, StoreError> {
        let found = self.item(Table::Cache, answer_key(scope, key)).await?;
        let packed = found.as_ref().and_then(|item| item.get("answer")).and_then(|value| value.as_b().ok());
        // What an earlier version kept in another form is as good as nothing: it is asked for anew.
        Ok(packed.and_then(|packed| unpack(packed.as_ref()).ok()))
    }

    /// Takes the right to ask a question for as long as that may take: whoever dies meanwhile holds up the others no longer than
    /// that. None while someone else has it.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn take_turn(
        &self,
        turn: Turn,
        (scope, key): (&KeyScope, &SearchKey),
        now: Timestamp,
        takes: SignedDuration,
    ) -> Result<Option<Held>, StoreError> {
        let ends = now.saturating_add(takes).unwrap_or(Timestamp::MAX);
        // Before the epoch nothing is held.
        let until = u64::try_from(ends.as_millisecond()).unwrap_or_default();
        let held = Held { partition: partition(scope, key), turn, until };
        let taken = self.put_lease(held.item(until, ends), Condition::Free(now)).await?;
        Ok(taken.then_some(held))
    }

    /// Gives the right to ask a question back, so that the next one need not wait for its time to be over. Whoever has taken it over
    /// meanwhile keeps it.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn give_turn_back(&self, held: Held, now: Timestamp) -> Result<(), StoreError> {
        self.put_lease(held.item(0, now), Condition::Version(held.until)).await.map(|_| ())
    }

    /// Puts a lease, if it may be put.
    async fn put_lease(&self, item: Item, condition: Condition) -> Result<bool, StoreError> {
        match self.put_item(Table::Cache, item, condition).await {
            Ok(()) => Ok(true),
            Err(StoreError::Changed) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Stores an answer under the name of its question, or what one source said under the name of that part
    /// ([`SearchKey::of_part`]); unless a later one is there: answers can be delivered out of order.
    ///
    /// # Errors
    /// If it is too large, or the store can't say.
    pub async fn keep_answer<Q: Question>(
        &self,
        scope: &KeyScope,
        key: &SearchKey,
        answer: &Answer<Q>,
    ) -> Result<(), StoreError> {
        let packed = pack(answer)?;
        let expires = answer.asked_at.saturating_add(KEPT).unwrap_or(Timestamp::MAX);
        let mut item = answer_key(scope, key).into_item();
        item.insert("answer".to_owned(), AttributeValue::B(packed.into()));
        item.insert("askedAt".to_owned(), AttributeValue::N(answer.asked_at.as_millisecond().to_string()));
        item.insert("type".to_owned(), AttributeValue::S(ANSWER.name.to_owned()));
        item.insert(TTL.to_owned(), AttributeValue::N(expires.as_second().to_string()));
        match self.put_item(Table::Cache, item, Condition::NoLater(answer.asked_at)).await {
            Ok(()) | Err(StoreError::Changed) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn pack<Q: Question>(answer: &Answer<Q>) -> Result<Vec<u8>, StoreError> {
    let corrupt = StoreError::Corrupt(ANSWER.name);
    let json = serde_json::to_vec(answer).map_err(|_| corrupt.clone())?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(&json).and_then(|()| encoder.finish()).map_err(|_| corrupt)?;
    if packed.len() > MAX_COMPRESSED { Err(StoreError::TooLarge) } else { Ok(packed) }
}

fn unpack<Q: Question>(packed: &[u8]) -> Result<Answer<Q>, StoreError> {
    let corrupt = |_| StoreError::Corrupt(ANSWER.name);
    let mut json = Vec::new();
    GzDecoder::new(packed).take(MAX_UNPACKED).read_to_end(&mut json).map_err(|_| StoreError::Corrupt(ANSWER.name))?;
    serde_json::from_slice(&json).map_err(corrupt)
}
