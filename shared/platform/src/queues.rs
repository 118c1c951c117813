//! Queues and the messages on them.

use domain::{
    ids::{DeliveryId, MemberId, TenantId, WatcherId},
    notifications::Delivery,
    properties::Listing,
    quality::Account,
    search::SearchKey,
    sources::{KeyScope, Vertical},
    time::Slot,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A queue. Each has a dead-letter queue of the same name with `-dead`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: &'static str,
    /// How it is filled.
    pub feed: Feed,
    /// Keeps order within a group.
    pub fifo: bool,
    /// How long a message is out of sight once it is delivered, in seconds: six times the function's time-out, as AWS
    /// advises.
    pub visibility_seconds: u16,
    /// Deliveries before a message is dead.
    pub max_receives: u8,
}

/// How a queue is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// Functions send to it.
    Sent,
    /// The bus sends these events to it, in its envelope.
    Events(&'static [&'static str]),
}

impl Queue {
    /// A queue that functions send to.
    pub const fn sent(name: &'static str) -> Self {
        Self { name, feed: Feed::Sent, fifo: false, visibility_seconds: 180, max_receives: 5 }
    }

    /// A consumer's own queue, which the bus fills with events. Named `<context>-<what happened>`.
    pub const fn of_events(name: &'static str, events: &'static [&'static str]) -> Self {
        Self { name, feed: Feed::Events(events), fifo: false, visibility_seconds: 180, max_receives: 5 }
    }

    /// The name of its dead-letter queue.
    pub fn dead(&self) -> String {
        format!("{}-dead", self.name)
    }
}

/// What is on a queue.
pub trait Message: DeserializeOwned + Send + 'static {
    /// The queue.
    const QUEUE: Queue;

    /// The group within which order is kept, on a FIFO queue.
    fn group(&self) -> String {
        String::new()
    }
}

/// A search is due: it is asked once for a slot, whoever waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchDue {
    /// For whom.
    pub tenant: TenantId,
    /// The question.
    pub search_key: SearchKey,
    /// The slot.
    pub slot: Slot,
    /// How old a cached answer may be, in minutes.
    pub max_age_minutes: u32,
    /// One who asks: the index of those who wait lags behind a watcher just saved.
    pub member: MemberId,
    /// And its watcher.
    pub watcher: WatcherId,
}

impl Message for SearchDue {
    // Asking the sources takes up to two minutes.
    const QUEUE: Queue = Queue { visibility_seconds: 720, ..Queue::sent("searches") };
}

/// An answer is to be asked for anew: it is stale, or popular and soon will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefreshAnswer {
    /// For whom: the sources are theirs.
    pub tenant: TenantId,
    /// Of what.
    pub vertical: Vertical,
    /// Within which scope it is kept.
    pub scope: KeyScope,
    /// The question.
    pub search_key: SearchKey,
    /// What is set aside for it, if it is popular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<Reserved>,
}

/// Calls that are set aside in the budget of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// An instant of the hour.
    pub at: Timestamp,
    /// How many.
    pub calls: u32,
}

impl Message for RefreshAnswer {
    const QUEUE: Queue = Queue { visibility_seconds: 360, ..Queue::sent("refreshes") };
}

/// A mail is to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendEmail {
    /// Whose.
    pub tenant: TenantId,
    /// To whom.
    pub member: MemberId,
    /// Which message.
    pub delivery: DeliveryId,
}

impl SendEmail {
    /// The message that has a delivery sent.
    pub fn from_delivery(delivery: &Delivery) -> Self {
        Self { tenant: delivery.owner.tenant.clone(), member: delivery.owner.member, delivery: delivery.id }
    }
}

impl Message for SendEmail {
    const QUEUE: Queue = Queue::sent("email");
}

/// A source gave an answer, or failed to. What it sells is in no table that others may read, so the message has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceAnswered {
    /// How it fared. Of several messages about one answer each has it, and it counts once.
    pub account: Account,
    /// Who may see what it sells.
    #[serde(default)]
    pub scope: KeyScope,
    /// The properties that it sells.
    pub listings: Vec<Listing>,
}

impl Message for SourceAnswered {
    const QUEUE: Queue = Queue { visibility_seconds: 360, ..Queue::sent("source-answers") };
}
