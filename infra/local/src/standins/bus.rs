//! The event bus: each accepted event goes, in EventBridge's envelope, to every queue whose rule names its type.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Rule;
use super::queues::{NewMessage, QueueError, Queues};
use super::store::{Store, Work, timestamp, to_json};

/// The most events one call may bring.
pub const MOST_ENTRIES: usize = 10;
/// The most bytes the events of one call may have together: 1 MiB.
pub const LARGEST_CALL: usize = 1_048_576;
/// What the time of an event counts towards [`LARGEST_CALL`].
const TIME_SIZE: usize = 14;
/// The account that everything here belongs to.
pub const ACCOUNT: &str = "000000000000";
/// The region that everything here lies in.
pub const REGION: &str = "us-east-1";

/// An event to publish.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Who publishes it; not empty.
    pub source: String,
    /// Its type, which rules compare; not empty.
    pub detail_type: String,
    /// Its content: the text of a JSON object.
    pub detail: String,
    /// What it is about, as ARNs.
    pub resources: Vec<String>,
    /// When it happened; now, if not said. Consumers see whole seconds.
    pub time: Option<Timestamp>,
}

impl Entry {
    /// The bytes that count towards [`LARGEST_CALL`].
    pub fn size(&self) -> usize {
        let time = self.time.map_or(0, |_| TIME_SIZE);
        let resources: usize = self.resources.iter().map(String::len).sum();
        time + self.source.len() + self.detail_type.len() + self.detail.len() + resources
    }
}

/// What identifies a published event: a UUID.
pub type EventId = String;

/// Why the bus refused a whole call.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The call brings no event.
    #[error("there are no entries")]
    NoEntries,
    /// The call brings more events than [`MOST_ENTRIES`].
    #[error("there are {0} entries, more than 10")]
    TooManyEntries(usize),
    /// The events have more bytes than [`LARGEST_CALL`].
    #[error("the entries have {0} bytes, more than 1048576")]
    TooLarge(usize),
    /// The store failed.
    #[error("the bus's database failed: {0}")]
    Database(#[from] rusqlite::Error),
}

/// Why the bus refused one event of a call.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// The content is not a JSON object.
    #[error("Detail is malformed: it is not a JSON object")]
    MalformedDetail,
    /// The event says not who publishes it.
    #[error("Source is missing")]
    SourceMissing,
    /// The event says not of what type it is.
    #[error("DetailType is missing")]
    DetailTypeMissing,
    /// A queue refuses the envelope. (The cloud accepts such an event and fails to deliver it later.)
    #[error("the event cannot be delivered: {0}")]
    Undeliverable(#[from] QueueError),
}

/// The bus of a topology.
#[derive(Debug, Clone)]
pub struct Bus {
    store: Arc<Store>,
    queues: Queues,
    rules: Arc<[Rule]>,
}

impl Bus {
    pub(super) fn new(store: Arc<Store>, queues: Queues, rules: Vec<Rule>) -> Self {
        Self { store, queues, rules: rules.into() }
    }

    /// Publishes events, and answers for each, in their order, its id or why it was refused; one refused keeps none of
    /// the others back. An event that no rule names is accepted and goes nowhere.
    ///
    /// # Errors
    /// When the call as a whole is empty or over a limit: then nothing is published.
    pub fn put(&self, entries: &[Entry]) -> Result<Vec<Result<EventId, EntryError>>, BusError> {
        check(entries)?;
        self.store.transact(|work| entries.iter().map(|entry| self.put_one(work, entry)).collect())
    }

    fn put_one(&self, work: &Work<'_>, entry: &Entry) -> Result<Result<EventId, EntryError>, BusError> {
        let detail = match parse(entry) {
            Ok(detail) => detail,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let id = work.uuid("event", work.next_number()?);
        let message = NewMessage::new(to_json(&envelope(work, entry, &id, &detail))?);
        let wanted = |rule: &&Rule| rule.source == entry.source && rule.event == entry.detail_type;
        for rule in self.rules.iter().filter(wanted) {
            // Standard queues all refuse the same messages, so it is the first that refuses, before any has taken it.
            match self.queues.send_within(work, &rule.queue, &message) {
                Ok(_) => {}
                Err(QueueError::Database(error)) => return Err(BusError::Database(error)),
                Err(refusal) => return Ok(Err(EntryError::Undeliverable(refusal))),
            }
        }
        Ok(Ok(id))
    }
}

fn check(entries: &[Entry]) -> Result<(), BusError> {
    if entries.is_empty() {
        return Err(BusError::NoEntries);
    }
    if entries.len() > MOST_ENTRIES {
        return Err(BusError::TooManyEntries(entries.len()));
    }
    let size = entries.iter().map(Entry::size).sum();
    if size > LARGEST_CALL {
        return Err(BusError::TooLarge(size));
    }
    Ok(())
}

fn parse(entry: &Entry) -> Result<Map<String, Value>, EntryError> {
    if entry.source.is_empty() {
        return Err(EntryError::SourceMissing);
    }
    if entry.detail_type.is_empty() {
        return Err(EntryError::DetailTypeMissing);
    }
    serde_json::from_str(&entry.detail).map_err(|_| EntryError::MalformedDetail)
}

/// The standard envelope of an event, as its consumers get it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Envelope<'a> {
    version: &'static str,
    id: &'a str,
    detail_type: &'a str,
    source: &'a str,
    account: &'static str,
    time: Timestamp,
    region: &'static str,
    resources: &'a [String],
    detail: &'a Map<String, Value>,
}

fn envelope<'a>(work: &Work<'_>, entry: &'a Entry, id: &'a str, detail: &'a Map<String, Value>) -> Envelope<'a> {
    let time = entry.time.unwrap_or_else(|| timestamp(work.now));
    Envelope {
        version: "0",
        id,
        detail_type: &entry.detail_type,
        source: &entry.source,
        account: ACCOUNT,
        time: Timestamp::from_second(time.as_second()).unwrap_or(time),
        region: REGION,
        resources: &entry.resources,
        detail,
    }
}
