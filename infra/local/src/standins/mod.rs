//! Stand-ins for the parts of AWS that our functions call: queues (SQS), the bus (EventBridge), mail (SES) and master keys (KMS).
//!
//! They behave like the cloud where it matters to a function, and speak its wire format ([`wire`]). They own no timers
//! and start no tasks: everything happens when called, at the instant that the clock they were given shows.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use platform::clock::Clock;
use secrecy::SecretSlice;

pub mod bus;
pub mod mailbox;
pub mod masters;
mod messages;
pub mod moves;
pub mod queues;
mod store;
#[cfg(test)]
mod tests;
pub mod wire;

use bus::Bus;
use mailbox::Mailbox;
use masters::Masters;
use queues::Queues;
use store::Store;
pub(crate) use store::md5_hex;

/// How long a message may stay invisible after a receive, at most.
pub const LONGEST_VISIBILITY: SignedDuration = SignedDuration::from_hours(12);

/// One queue, as it would be declared in the cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSpec {
    /// Its name, unique in the topology.
    pub name: String,
    /// Whether messages of one group are delivered strictly in order, and duplicates dropped.
    pub fifo: bool,
    /// How long a received message stays invisible: from nothing to [`LONGEST_VISIBILITY`].
    pub visibility: SignedDuration,
    /// How many times a message is delivered before it goes to the dead-letter queue: at least 1. Without such a queue
    /// it has no effect.
    pub max_receives: u32,
    /// The queue for messages received too often: another one of the topology, FIFO just if this one is.
    pub dead_letter: Option<String>,
}

/// Sends every event of one source and one type to one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The event's `source`, compared exactly.
    pub source: String,
    /// The event's `detail-type`, compared exactly.
    pub event: String,
    /// The queue it goes to: a standard one, since an event names no message group.
    pub queue: String,
}

/// The queues there are, the rules of the bus, and whose mail is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topology {
    /// All queues, dead-letter queues included.
    pub queues: Vec<QueueSpec>,
    /// What the bus sends where. An event that no rule names goes nowhere.
    pub rules: Vec<Rule>,
    /// The domains that mail is sent from: those that SES would have verified.
    pub mail_domains: Vec<String>,
}

/// Why the stand-ins could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StandinError {
    /// The file cannot be opened, or is not one of ours.
    #[error("the stand-ins' database failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// Two queues have one name.
    #[error("queue {0} is declared twice")]
    QueueDeclaredTwice(String),
    /// The visibility time-out is negative or longer than [`LONGEST_VISIBILITY`].
    #[error("queue {0}: the visibility time-out is not between 0 and 12 hours")]
    VisibilityOutOfRange(String),
    /// A queue with a dead-letter queue delivers nothing at all.
    #[error("queue {0}: the maximum of receives is 0")]
    NoReceives(String),
    /// The dead-letter queue is missing, is the queue itself, or only one of the two is FIFO.
    #[error("queue {queue}: {dead_letter} cannot be its dead-letter queue")]
    UnfitDeadLetter {
        /// The queue.
        queue: String,
        /// What it names as its dead-letter queue.
        dead_letter: String,
    },
    /// Two queues have one dead-letter queue: nobody could say where what is parked there came from.
    #[error("{0} is the dead-letter queue of two queues")]
    SharedDeadLetter(String),
    /// A rule's queue is missing or is FIFO.
    #[error("the bus cannot send {event} to queue {queue}")]
    UnfitTarget {
        /// The rule's event.
        event: String,
        /// The rule's queue.
        queue: String,
    },
}

/// All stand-ins, over one store and one clock. A clone is the same stand-ins again.
#[derive(Debug, Clone)]
pub struct Standins {
    queues: Queues,
    bus: Bus,
    mailbox: Mailbox,
    masters: Masters,
}

impl Standins {
    /// Opens the stand-ins, with their state in the file at `path`, or in memory without one. What a file holds from an
    /// earlier run (waiting messages, mail) is there again; messages of a queue that the topology no longer has rest
    /// unseen until it has it again.
    ///
    /// # Errors
    /// When the file cannot be used, or the topology contradicts itself.
    pub fn open(path: Option<&Path>, clock: Arc<dyn Clock>, topology: Topology) -> Result<Self, StandinError> {
        topology.check()?;
        let store = Arc::new(Store::open(path, clock)?);
        let queues = Queues::new(store.clone(), topology.queues);
        let bus = Bus::new(store.clone(), queues.clone(), topology.rules);
        let mailbox = Mailbox::new(store, topology.mail_domains);
        Ok(Self { queues, bus, mailbox, masters: Masters::of(&SecretSlice::default()) })
    }

    /// The same, with the master keys that follow from this secret. Without one they are those that everyone can make.
    pub fn keyed_by(self, secret: &SecretSlice<u8>) -> Self {
        Self { masters: Masters::of(secret), ..self }
    }

    /// The master keys (KMS).
    pub fn masters(&self) -> &Masters {
        &self.masters
    }

    /// The queues (SQS).
    pub fn queues(&self) -> &Queues {
        &self.queues
    }

    /// The bus (EventBridge).
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The mailbox (SES).
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }
}

impl Topology {
    fn check(&self) -> Result<(), StandinError> {
        let mut names = BTreeSet::new();
        for queue in &self.queues {
            if !names.insert(&queue.name) {
                return Err(StandinError::QueueDeclaredTwice(queue.name.clone()));
            }
            if queue.visibility.is_negative() || queue.visibility > LONGEST_VISIBILITY {
                return Err(StandinError::VisibilityOutOfRange(queue.name.clone()));
            }
            self.check_dead_letter(queue)?;
        }
        self.rules.iter().try_for_each(|rule| self.check_rule(rule))
    }

    fn check_dead_letter(&self, queue: &QueueSpec) -> Result<(), StandinError> {
        let Some(dead_letter) = &queue.dead_letter else { return Ok(()) };
        if queue.max_receives == 0 {
            return Err(StandinError::NoReceives(queue.name.clone()));
        }
        let fits = |other: &QueueSpec| other.name != queue.name && other.fifo == queue.fifo;
        if !self.queue(dead_letter).is_some_and(fits) {
            return Err(StandinError::UnfitDeadLetter { queue: queue.name.clone(), dead_letter: dead_letter.clone() });
        }
        let others = self.queues.iter().filter(|other| other.dead_letter.as_ref() == Some(dead_letter));
        if others.count() > 1 {
            return Err(StandinError::SharedDeadLetter(dead_letter.clone()));
        }
        Ok(())
    }

    fn check_rule(&self, rule: &Rule) -> Result<(), StandinError> {
        if self.queue(&rule.queue).is_some_and(|queue| !queue.fifo) {
            return Ok(());
        }
        Err(StandinError::UnfitTarget { event: rule.event.clone(), queue: rule.queue.clone() })
    }

    fn queue(&self, name: &str) -> Option<&QueueSpec> {
        self.queues.iter().find(|queue| queue.name == name)
    }
}
