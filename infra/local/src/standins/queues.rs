//! Queues that behave like SQS: at least once, invisible while in flight, dead letters after too many receives, FIFO
//! groups.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::messages::Delivery;
use super::store::{Store, Work, timestamp};
use super::{LONGEST_VISIBILITY, QueueSpec};

/// The most bytes a message may have, attributes (names, types and values) included: 1 MiB.
pub const LARGEST_MESSAGE: usize = 1_048_576;
/// The most attributes a message may have.
pub const MOST_ATTRIBUTES: usize = 10;
/// The longest a message may be held back before its first delivery.
pub const LONGEST_DELAY: SignedDuration = SignedDuration::from_mins(15);
/// How long a FIFO queue remembers a deduplication id.
pub const DEDUPLICATION_WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// How long a message waits, from when it was sent, until the queue drops it.
pub const RETENTION: SignedDuration = SignedDuration::from_hours(14 * 24);
/// The type of every attribute: the stand-ins keep text alone.
pub const ATTRIBUTE_TYPE: &str = "String";
/// The attribute of a dead letter that names the queue it came from.
pub const DEAD_LETTER_SOURCE: &str = "DeadLetterQueueSource";

/// What identifies a message, also after it became a dead letter. Sent round again it is a new one, as in SQS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub(super) String);

impl MessageId {
    /// The id in the form of a UUID.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message to send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewMessage {
    /// Its text: not empty, only characters that XML 1.0 allows.
    pub body: String,
    /// How long it is held back: up to [`LONGEST_DELAY`], on a FIFO queue not at all.
    pub delay: SignedDuration,
    /// Attributes: up to [`MOST_ATTRIBUTES`].
    pub attributes: BTreeMap<String, String>,
    /// Its group: a FIFO queue needs one.
    pub group: Option<String>,
    /// Its deduplication id: a FIFO queue needs one, a standard queue takes none.
    pub dedup: Option<String>,
}

impl NewMessage {
    /// A message with nothing but a body.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// The bytes that count towards [`LARGEST_MESSAGE`].
    pub fn size(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, value)| name.len() + ATTRIBUTE_TYPE.len() + value.len());
        self.body.len() + attributes.sum::<usize>()
    }
}

/// A message as delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its id, the same in every delivery.
    pub id: MessageId,
    /// What this delivery is deleted by; a later delivery makes it stale.
    pub receipt: String,
    /// Its text.
    pub body: String,
    /// Its attributes; a dead letter also has [`DEAD_LETTER_SOURCE`].
    pub attributes: BTreeMap<String, String>,
    /// How many times it has been received from this queue, this time included.
    pub receives: u32,
    /// When it was sent, or, after a redrive, sent back.
    pub sent_at: Timestamp,
    /// When it was first received from this queue.
    pub first_received_at: Timestamp,
    /// Its group.
    pub group: Option<String>,
    /// Its place in the order of sending.
    pub sequence: u64,
}

/// What a receive would make of a message now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    /// It may be received (in a FIFO queue: once its group is free).
    Visible,
    /// It was received, and its visibility time-out runs.
    InFlight,
    /// It was sent with a delay that runs.
    Delayed,
}

/// A message as it lies in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: MessageId,
    /// Its text.
    pub body: String,
    /// Its attributes; a dead letter also has [`DEAD_LETTER_SOURCE`].
    pub attributes: BTreeMap<String, String>,
    /// How many times it has been received from this queue.
    pub receives: u32,
    /// When it was sent, or, after a redrive, sent back.
    pub sent_at: Timestamp,
    /// From when on it may be received.
    pub visible_at: Timestamp,
    /// What a receive would make of it now.
    pub state: MessageState,
    /// Its group.
    pub group: Option<String>,
    /// Its place in the order of sending.
    pub sequence: u64,
}

impl Waiting {
    /// Why it is a dead letter. What was parked, sent round again and then received too often still carries the reason of
    /// then: that the queue gave it up comes first.
    pub fn reason(&self) -> &str {
        if self.attributes.contains_key(DEAD_LETTER_SOURCE) {
            return "received too often";
        }
        self.attributes.get("reason").map_or("sent here without a reason", String::as_str)
    }
}

/// How many messages a queue holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueStats {
    /// The queue.
    pub name: String,
    /// Messages that may be received.
    pub visible: u64,
    /// Messages received and not yet deleted or visible again.
    pub in_flight: u64,
    /// Messages sent with a delay that runs.
    pub delayed: u64,
    /// When the oldest of all these was sent.
    pub oldest: Option<Timestamp>,
    /// The queues whose dead letters come here.
    pub dead_letter_of: Vec<String>,
}

/// Why a queue refused.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The topology has no such queue.
    #[error("the queue {0} does not exist")]
    NoSuchQueue(String),
    /// The body is empty.
    #[error("the message has no body")]
    EmptyBody,
    /// The body has a character that XML 1.0 does not allow.
    #[error("the body has the character {0:?}, which a message may not have")]
    InvalidCharacter(char),
    /// The message is longer than [`LARGEST_MESSAGE`].
    #[error("the message has {0} bytes, more than 1048576")]
    TooLarge(usize),
    /// The message has more attributes than [`MOST_ATTRIBUTES`].
    #[error("the message has {0} attributes, more than 10")]
    TooManyAttributes(usize),
    /// The delay is negative or longer than [`LONGEST_DELAY`].
    #[error("the delay is not between 0 and 900 seconds")]
    DelayOutOfRange,
    /// A FIFO queue takes no delay for a message.
    #[error("a FIFO queue takes no delay for a message")]
    DelayOnFifo,
    /// A FIFO queue needs a message group.
    #[error("a FIFO queue needs a message group")]
    GroupMissing,
    /// A FIFO queue needs a deduplication id.
    #[error("a FIFO queue needs a deduplication id")]
    DedupMissing,
    /// A standard queue takes no deduplication id.
    #[error("a standard queue takes no deduplication id")]
    DedupOnStandard,
    /// The receipt was never given by a receive.
    #[error("the receipt {0:?} is malformed")]
    InvalidReceipt(String),
    /// The visibility time-out is negative or longer than [`LONGEST_VISIBILITY`].
    #[error("the visibility time-out is not between 0 and 12 hours")]
    VisibilityOutOfRange,
    /// The delivery that the receipt stands for is over.
    #[error("the message is not in flight by this receipt")]
    NotInFlight,
    /// No queue has its dead letters there.
    #[error("{0} is no queue of dead letters")]
    NotDeadLetters(String),
    /// Dead letters of a FIFO queue go to one, those of a standard queue to one of these.
    #[error("{0} and {1} are not of the same type")]
    TypesDiffer(String, String),
    /// Only one task at a time moves the messages of a queue.
    #[error("a task already moves the messages of {0}")]
    MoveUnderWay(String),
    /// A task moves between 1 and [`FASTEST`](super::moves::FASTEST) messages a second.
    #[error("the messages per second are not between 1 and 500")]
    PaceOutOfRange,
    /// The store failed.
    #[error("the queues' database failed: {0}")]
    Database(#[from] rusqlite::Error),
}

/// The queues of a topology.
#[derive(Debug, Clone)]
pub struct Queues {
    store: Arc<Store>,
    pub(super) specs: Arc<[QueueSpec]>,
}

impl Queues {
    pub(super) fn new(store: Arc<Store>, specs: Vec<QueueSpec>) -> Self {
        Self { store, specs: specs.into() }
    }

    /// Sends a message. A FIFO queue that saw its deduplication id within [`DEDUPLICATION_WINDOW`] takes nothing and
    /// answers the first message's id, even if that message is deleted since.
    ///
    /// # Errors
    /// When there is no such queue, or it does not take the message.
    pub fn send(&self, queue: &str, message: NewMessage) -> Result<MessageId, QueueError> {
        let spec = self.spec(queue)?;
        check(spec, &message)?;
        self.store.transact(|work| Ok(work.send(spec, &message)?))
    }

    /// Delivers up to `max` messages, oldest visible first, and makes them invisible for the queue's visibility
    /// time-out. A FIFO queue delivers the messages of a group in order, and none of a group that has one in flight. A
    /// visible message already received the queue's maximum of times goes to the dead-letter queue instead.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn receive(&self, queue: &str, max: usize) -> Result<Vec<Received>, QueueError> {
        let spec = self.spec(queue)?;
        self.transact(|work| {
            work.drop_expired(spec)?;
            work.bury_exhausted(spec)?;
            let sequences = if spec.fifo { work.first_of_free_groups(spec, max)? } else { work.visible(spec, max)? };
            let delivered: rusqlite::Result<_> = sequences.into_iter().map(|next| work.deliver(spec, next)).collect();
            Ok(delivered?)
        })
    }

    /// Deletes the message that the receipt stands for. A stale receipt deletes nothing: the message was received
    /// again, moved or deleted since.
    ///
    /// # Errors
    /// When there is no such queue, or the receipt is none.
    pub fn delete(&self, queue: &str, receipt: &str) -> Result<(), QueueError> {
        let spec = self.spec(queue)?;
        let delivery = Delivery::parse(receipt)?;
        self.store.transact(|work| Ok(work.delete(spec, delivery)?))
    }

    /// Makes the message in flight by this receipt visible again in `visibility` from now.
    ///
    /// # Errors
    /// When there is no such queue, the receipt is none or stale, or the duration is not between nothing and
    /// [`LONGEST_VISIBILITY`].
    pub fn change_visibility(&self, queue: &str, receipt: &str, visibility: SignedDuration) -> Result<(), QueueError> {
        let spec = self.spec(queue)?;
        let delivery = Delivery::parse(receipt)?;
        if visibility.is_negative() || visibility > LONGEST_VISIBILITY {
            return Err(QueueError::VisibilityOutOfRange);
        }
        let changed = self.store.transact(|work| work.change_visibility(spec, delivery, visibility))?;
        if changed { Ok(()) } else { Err(QueueError::NotInFlight) }
    }

    /// How many messages each queue holds, in the order of the topology.
    ///
    /// # Errors
    /// When the store fails.
    pub fn stats(&self) -> Result<Vec<QueueStats>, QueueError> {
        self.transact(|work| self.specs.iter().map(|spec| self.stats_in(work, spec)).collect())
    }

    /// How many messages one queue holds.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn stats_of(&self, queue: &str) -> Result<QueueStats, QueueError> {
        let spec = self.spec(queue)?;
        self.transact(|work| self.stats_in(work, spec))
    }

    /// The oldest `limit` messages of a queue, in whatever state, left untouched.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn peek(&self, queue: &str, limit: usize) -> Result<Vec<Waiting>, QueueError> {
        let spec = self.spec(queue)?;
        self.transact(|work| {
            work.drop_expired(spec)?;
            Ok(work.oldest(spec, limit)?)
        })
    }

    /// The earliest instant at which a message that cannot be delivered now can be, unless something happens before:
    /// its delay or visibility time-out ends, or that of what blocks its group, or a task moves it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn next_visible_at(&self) -> Result<Option<Timestamp>, QueueError> {
        self.transact(|work| {
            let mut next = work.next_move_at(&self.specs)?;
            for spec in self.specs.iter() {
                let here = work.next_deliverable_at(spec)?;
                next = next.into_iter().chain(here).min();
            }
            Ok(next.map(timestamp))
        })
    }

    /// Sends within a transaction that another stand-in began.
    pub(super) fn send_within(&self, work: &Work<'_>, queue: &str, message: &NewMessage) -> Result<MessageId, QueueError> {
        let spec = self.spec(queue)?;
        check(spec, message)?;
        Ok(work.send(spec, message)?)
    }

    /// Does `work` once the tasks that move messages have come as far as they may by now.
    pub(super) fn transact<T>(&self, work: impl FnOnce(&Work<'_>) -> Result<T, QueueError>) -> Result<T, QueueError> {
        self.store.transact(|transaction| {
            transaction.proceed_with_moves(&self.specs)?;
            work(transaction)
        })
    }

    pub(super) fn stats_in(&self, work: &Work<'_>, spec: &QueueSpec) -> Result<QueueStats, QueueError> {
        work.drop_expired(spec)?;
        let feeds_it = |other: &&QueueSpec| other.dead_letter.as_ref() == Some(&spec.name);
        let dead_letter_of = self.specs.iter().filter(feeds_it).map(|other| other.name.clone()).collect();
        Ok(QueueStats { dead_letter_of, ..work.counts(spec)? })
    }

    pub(super) fn spec(&self, queue: &str) -> Result<&QueueSpec, QueueError> {
        let found = self.specs.iter().find(|spec| spec.name == queue);
        found.ok_or_else(|| QueueError::NoSuchQueue(queue.to_owned()))
    }
}

fn check(spec: &QueueSpec, message: &NewMessage) -> Result<(), QueueError> {
    if message.body.is_empty() {
        return Err(QueueError::EmptyBody);
    }
    if let Some(character) = message.body.chars().find(|character| !is_allowed(*character)) {
        return Err(QueueError::InvalidCharacter(character));
    }
    if message.size() > LARGEST_MESSAGE {
        return Err(QueueError::TooLarge(message.size()));
    }
    if message.attributes.len() > MOST_ATTRIBUTES {
        return Err(QueueError::TooManyAttributes(message.attributes.len()));
    }
    if message.delay.is_negative() || message.delay > LONGEST_DELAY {
        return Err(QueueError::DelayOutOfRange);
    }
    if spec.fifo { check_fifo(message) } else { check_standard(message) }
}

fn check_fifo(message: &NewMessage) -> Result<(), QueueError> {
    if message.group.is_none() {
        return Err(QueueError::GroupMissing);
    }
    if message.dedup.is_none() {
        return Err(QueueError::DedupMissing);
    }
    if !message.delay.is_zero() {
        return Err(QueueError::DelayOnFifo);
    }
    Ok(())
}

fn check_standard(message: &NewMessage) -> Result<(), QueueError> {
    if message.dedup.is_some() {
        return Err(QueueError::DedupOnStandard);
    }
    Ok(())
}

/// The characters of XML 1.0, which SQS allows; surrogates cannot occur in a `char`.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}
