//! What waits on a queue.

use jiff::Timestamp;
use platform::Trigger;
use serde::Serialize;

use super::{
    Pages,
    error::PageError,
    mail::Pair,
    show::{When, pretty},
};
use crate::standins::queues::{MessageState, QueueStats, Waiting};

/// How many messages a page shows.
const SHOWN: usize = 50;

#[derive(Serialize)]
pub(super) struct QueueView {
    #[serde(flatten)]
    line: QueueLine,
    total: u64,
    dead_letter_of: Vec<String>,
    worker: Option<&'static str>,
    redriven: Option<String>,
    shown: usize,
    more: u64,
    messages: Vec<MessageView>,
}

/// A queue in numbers.
#[derive(Serialize)]
pub(super) struct QueueLine {
    name: String,
    visible: u64,
    in_flight: u64,
    delayed: u64,
    oldest: Option<When>,
    dead: Option<DeadLetters>,
}

#[derive(Serialize)]
struct DeadLetters {
    name: String,
    total: u64,
}

#[derive(Serialize)]
struct MessageView {
    id: String,
    state: StateView,
    receives: u32,
    sent_at: When,
    visible_at: When,
    attributes: Vec<Pair>,
    body: String,
}

#[derive(Serialize)]
struct StateView {
    class: &'static str,
    text: &'static str,
}

pub(super) fn view(pages: &Pages, name: &str, redriven: Option<u64>) -> Result<QueueView, PageError> {
    let (queues, now) = (pages.standins.queues(), pages.clock.now());
    let stats = queues.stats_of(name)?;
    let messages: Vec<_> = queues.peek(name, SHOWN)?.into_iter().map(|waiting| message(waiting, now)).collect();
    Ok(QueueView {
        line: QueueLine::of(&stats, &queues.stats()?, now),
        total: total(&stats),
        more: total(&stats).saturating_sub(messages.len() as u64),
        dead_letter_of: stats.dead_letter_of,
        worker: worker(pages, name),
        redriven: redriven.map(outcome),
        shown: messages.len(),
        messages,
    })
}

/// The queues in numbers, each with its dead letters.
pub(super) fn lines(pages: &Pages) -> Result<Vec<QueueLine>, PageError> {
    let (all, now) = (pages.standins.queues().stats()?, pages.clock.now());
    let live = all.iter().filter(|queue| queue.dead_letter_of.is_empty());
    Ok(live.map(|queue| QueueLine::of(queue, &all, now)).collect())
}

impl QueueLine {
    fn of(stats: &QueueStats, all: &[QueueStats], now: Timestamp) -> Self {
        let dead = all.iter().find(|other| other.dead_letter_of.contains(&stats.name));
        Self {
            name: stats.name.clone(),
            visible: stats.visible,
            in_flight: stats.in_flight,
            delayed: stats.delayed,
            oldest: stats.oldest.map(|at| When::of(at, now)),
            dead: dead.map(|dead| DeadLetters { name: dead.name.clone(), total: total(dead) }),
        }
    }
}

/// All that a queue holds.
pub(super) fn total(stats: &QueueStats) -> u64 {
    stats.visible + stats.in_flight + stats.delayed
}

fn worker(pages: &Pages, queue: &str) -> Option<&'static str> {
    let works = |trigger| matches!(trigger, Trigger::Queue { queue: its, .. } if its.name == queue);
    pages.functions.iter().find(|function| works(function.trigger())).map(|function| function.spec().name)
}

fn outcome(count: u64) -> String {
    match count {
        0 => "Nothing could be sent back: no letter is visible.".to_owned(),
        1 => "1 message was sent back.".to_owned(),
        count => format!("{count} messages were sent back."),
    }
}

fn message(waiting: Waiting, now: Timestamp) -> MessageView {
    let group = waiting.group.map(|group| Pair { name: "group".to_owned(), value: group });
    let attributes = waiting.attributes.into_iter().map(|(name, value)| Pair { name, value });
    MessageView {
        id: waiting.id.to_string(),
        state: state(waiting.state),
        receives: waiting.receives,
        sent_at: When::of(waiting.sent_at, now),
        visible_at: When::of(waiting.visible_at, now),
        attributes: group.into_iter().chain(attributes).collect(),
        body: pretty(&waiting.body),
    }
}

fn state(state: MessageState) -> StateView {
    match state {
        MessageState::Visible => StateView { class: "visible", text: "visible" },
        MessageState::InFlight => StateView { class: "in-flight", text: "in flight" },
        MessageState::Delayed => StateView { class: "delayed", text: "delayed" },
    }
}
