//! What the queues do to their messages in the store, one statement at a time. Every statement that a send, a receive
//! or a delete runs is answered from an index, however many messages wait.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use rusqlite::{OptionalExtension, Row, params};

use super::QueueSpec;
use super::queues::{
    DEAD_LETTER_SOURCE, DEDUPLICATION_WINDOW, MessageId, MessageState, NewMessage, QueueError, QueueStats, RETENTION, Received,
    Waiting,
};
use super::store::{Work, from_json, timestamp, to_json};

/// What a receipt stands for. A message that moves gets a new sequence, so no two deliveries are ever the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery {
    sequence: i64,
    receives: u32,
}

impl Delivery {
    fn receipt(self) -> String {
        format!("{}-{}", self.sequence, self.receives)
    }

    pub(super) fn parse(receipt: &str) -> Result<Self, QueueError> {
        let parts = receipt
            .split_once('-')
            .and_then(|(sequence, receives)| Some(Self { sequence: sequence.parse().ok()?, receives: receives.parse().ok()? }));
        parts.ok_or_else(|| QueueError::InvalidReceipt(receipt.to_owned()))
    }
}

/// A message of a dead-letter queue.
#[derive(Debug)]
pub(super) struct DeadLetter {
    pub(super) sequence: i64,
    /// The queue that gave it up; none if it was sent to the dead letters itself.
    pub(super) source: Option<String>,
    group: Option<String>,
}

const INSERT: &str = "INSERT INTO messages
    (sequence, queue, id, body, attributes, message_group, sent_at, visible_at, receives)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)";
const REMEMBERED: &str = "SELECT message_id FROM deduplications WHERE queue = ?1 AND dedup_id = ?2";
const REMEMBER: &str = "INSERT INTO deduplications (queue, dedup_id, message_id, expires_at) VALUES (?1, ?2, ?3, ?4)";
const FORGET: &str = "DELETE FROM deduplications WHERE expires_at <= ?1";
const EXPIRED: &str = "SELECT sequence, message_group FROM messages WHERE queue = ?1 AND sent_at <= ?2";
const DROP: &str = "DELETE FROM messages WHERE sequence = ?1";
const EXHAUSTED: &str = "SELECT sequence FROM messages WHERE queue = ?1 AND receives >= ?2 AND visible_at <= ?3";
const VISIBLE: &str = "SELECT sequence FROM messages WHERE queue = ?1 AND visible_at <= ?2
    ORDER BY visible_at, sequence LIMIT ?3";
const FREE_GROUPS: &str = "SELECT name FROM message_groups WHERE queue = ?1 AND free_at <= ?2
    ORDER BY free_at, head LIMIT ?3";
const OF_GROUP: &str = "SELECT sequence FROM messages WHERE queue = ?1 AND message_group = ?2 ORDER BY sequence LIMIT ?3";
const DELIVER: &str = "UPDATE messages
    SET visible_at = ?2, receives = receives + 1, first_received_at = coalesce(first_received_at, ?3)
    WHERE sequence = ?1
    RETURNING sequence, id, body, attributes, message_group, source, sent_at, first_received_at, receives";
const DELETE: &str = "DELETE FROM messages WHERE queue = ?1 AND sequence = ?2 AND receives = ?3 AND receives > 0
    RETURNING message_group";
const CHANGE_VISIBILITY: &str = "UPDATE messages SET visible_at = ?5
    WHERE queue = ?1 AND sequence = ?2 AND receives = ?3 AND receives > 0 AND visible_at > ?4
    RETURNING message_group";
const DEAD_LETTERS: &str = "SELECT sequence, source, message_group FROM messages
    WHERE queue = ?1 AND visible_at <= ?2 AND sequence < ?3 ORDER BY sequence";
const RELOCATE: &str = "UPDATE messages
    SET sequence = ?2, queue = ?3, source = ?4, visible_at = ?5, sent_at = coalesce(?6, sent_at), id = coalesce(?7, id),
        receives = 0, first_received_at = NULL
    WHERE sequence = ?1 RETURNING message_group";
const GROUP_STATE: &str = "SELECT
    (SELECT min(sequence) FROM messages WHERE queue = ?1 AND message_group = ?2),
    (SELECT max(visible_at) FROM messages WHERE queue = ?1 AND message_group = ?2)";
const JOIN_GROUP: &str = "INSERT INTO message_groups (queue, name, head, free_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO NOTHING";
const SET_GROUP: &str = "UPDATE message_groups SET head = ?3, free_at = ?4 WHERE queue = ?1 AND name = ?2";
const DROP_GROUP: &str = "DELETE FROM message_groups WHERE queue = ?1 AND name = ?2";
const NEXT_VISIBLE: &str = "SELECT min(visible_at) FROM messages WHERE queue = ?1 AND visible_at > ?2";
const NEXT_FREE: &str = "SELECT min(free_at) FROM message_groups WHERE queue = ?1 AND free_at > ?2";
const OLDEST: &str = "SELECT sequence, id, body, attributes, message_group, source, sent_at, visible_at, receives
    FROM messages WHERE queue = ?1 ORDER BY sent_at, sequence LIMIT ?2";
const COUNTS: &str = "SELECT
    count(*) FILTER (WHERE visible_at <= ?2),
    count(*) FILTER (WHERE visible_at > ?2 AND receives > 0),
    count(*) FILTER (WHERE visible_at > ?2 AND receives = 0),
    (SELECT min(sent_at) FROM messages WHERE queue = ?1)
    FROM messages WHERE queue = ?1";

/// The statements whose cost must not grow with the number of waiting messages.
#[cfg(test)]
pub(super) const HOT: [&str; 16] = [
    REMEMBERED,
    FORGET,
    EXPIRED,
    EXHAUSTED,
    VISIBLE,
    FREE_GROUPS,
    OF_GROUP,
    DELIVER,
    DELETE,
    CHANGE_VISIBILITY,
    RELOCATE,
    GROUP_STATE,
    SET_GROUP,
    DROP_GROUP,
    NEXT_VISIBLE,
    NEXT_FREE,
];

pub(super) type Done<T> = rusqlite::Result<T>;

impl Work<'_> {
    pub(super) fn send(&self, spec: &QueueSpec, message: &NewMessage) -> Done<MessageId> {
        if let Some(first) = self.duplicate(spec, message)? {
            return Ok(first);
        }
        let sequence = self.next_number()?;
        let id = self.uuid("message", sequence);
        self.sql.prepare_cached(INSERT)?.execute(params![
            sequence,
            spec.name,
            id,
            message.body,
            to_json(&message.attributes)?,
            message.group,
            self.now,
            self.after(message.delay),
        ])?;
        self.join_group(spec, message.group.as_deref(), sequence)?;
        self.remember(spec, message, &id)?;
        Ok(MessageId(id))
    }

    /// The message that this one duplicates.
    fn duplicate(&self, spec: &QueueSpec, message: &NewMessage) -> Done<Option<MessageId>> {
        let Some(dedup) = &message.dedup else { return Ok(None) };
        self.sql.prepare_cached(FORGET)?.execute([self.now])?;
        let mut remembered = self.sql.prepare_cached(REMEMBERED)?;
        remembered.query_row(params![spec.name, dedup], |row| row.get(0).map(MessageId)).optional()
    }

    fn remember(&self, spec: &QueueSpec, message: &NewMessage, id: &str) -> Done<()> {
        let Some(dedup) = &message.dedup else { return Ok(()) };
        let expiry = self.after(DEDUPLICATION_WINDOW);
        self.sql.prepare_cached(REMEMBER)?.execute(params![spec.name, dedup, id, expiry])?;
        Ok(())
    }

    /// Deletes what the queue has kept for as long as it keeps anything.
    pub(super) fn drop_expired(&self, spec: &QueueSpec) -> Done<()> {
        let cutoff = self.after(-RETENTION);
        let mut expired = self.sql.prepare_cached(EXPIRED)?;
        let expired = expired.query_map(params![spec.name, cutoff], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (sequence, group) in expired.collect::<Done<Vec<(i64, Option<String>)>>>()? {
            self.sql.prepare_cached(DROP)?.execute([sequence])?;
            self.settle_group(spec, group.as_deref())?;
        }
        Ok(())
    }

    /// Moves visible messages that were received too often to the dead-letter queue, if there is one.
    pub(super) fn bury_exhausted(&self, spec: &QueueSpec) -> Done<()> {
        let Some(dead_letter) = &spec.dead_letter else { return Ok(()) };
        let mut exhausted = self.sql.prepare_cached(EXHAUSTED)?;
        let exhausted = exhausted.query_map(params![spec.name, spec.max_receives, self.now], |row| row.get(0))?;
        let grave = QueueSpec { name: dead_letter.clone(), ..spec.clone() };
        let mut sequences = exhausted.collect::<Done<Vec<i64>>>()?;
        // What dies together lies there in the order of sending: it is sent round again in the order in which it lies there.
        sequences.sort_unstable();
        for sequence in sequences {
            self.relocate(sequence, spec, &grave, Some(&spec.name), None)?;
        }
        Ok(())
    }

    /// The dead letters that can be moved now, of those that came before `number`, the oldest first. A group with a letter
    /// in flight waits, or its order would be lost.
    pub(super) fn dead_letters(&self, spec: &QueueSpec, number: i64) -> Done<Vec<DeadLetter>> {
        let mut letters = self.sql.prepare_cached(DEAD_LETTERS)?;
        let letter = |row: &Row<'_>| Ok(DeadLetter { sequence: row.get(0)?, source: row.get(1)?, group: row.get(2)? });
        let mut letters: Vec<DeadLetter> =
            letters.query_map(params![spec.name, self.now, number], letter)?.collect::<Done<_>>()?;
        if spec.fifo {
            let free: BTreeSet<String> = self.free_groups(spec, usize::MAX)?.into_iter().collect();
            letters.retain(|letter| letter.group.as_ref().is_none_or(|group| free.contains(group)));
        }
        Ok(letters)
    }

    /// Moves a dead letter to a queue, as if it were sent there now: it keeps its text and its attributes, and gets a new id.
    pub(super) fn send_back(&self, sequence: i64, from: &QueueSpec, to: &QueueSpec) -> Done<()> {
        self.relocate(sequence, from, to, None, Some(self.now))
    }

    /// Moves a message to the end of another queue, where it is visible at once and was never received. It gets a new
    /// sequence, so that it comes after what is there and no receipt of before stands for it.
    fn relocate(&self, sequence: i64, from: &QueueSpec, to: &QueueSpec, source: Option<&str>, sent_at: Option<i64>) -> Done<()> {
        let next = self.next_number()?;
        let mut relocate = self.sql.prepare_cached(RELOCATE)?;
        let id = sent_at.map(|_| self.uuid("message", next));
        let moved = params![sequence, next, to.name, source, self.now, sent_at, id];
        let group: Option<String> = relocate.query_row(moved, |row| row.get(0))?;
        self.settle_group(from, group.as_deref())?;
        self.join_group(to, group.as_deref(), next)
    }

    /// The messages of a standard queue to deliver next.
    pub(super) fn visible(&self, spec: &QueueSpec, max: usize) -> Done<Vec<i64>> {
        let mut visible = self.sql.prepare_cached(VISIBLE)?;
        visible.query_map(params![spec.name, self.now, limit(max)], |row| row.get(0))?.collect()
    }

    /// The messages of a FIFO queue to deliver next: from the groups that have been free longest, in the order of
    /// sending.
    pub(super) fn first_of_free_groups(&self, spec: &QueueSpec, max: usize) -> Done<Vec<i64>> {
        let mut first: Vec<i64> = Vec::new();
        for group in self.free_groups(spec, max)? {
            let mut of_group = self.sql.prepare_cached(OF_GROUP)?;
            let rest = limit(max.saturating_sub(first.len()));
            for sequence in of_group.query_map(params![spec.name, group, rest], |row| row.get(0))? {
                first.push(sequence?);
            }
        }
        first.sort_unstable();
        Ok(first)
    }

    fn free_groups(&self, spec: &QueueSpec, max: usize) -> Done<Vec<String>> {
        let mut free = self.sql.prepare_cached(FREE_GROUPS)?;
        free.query_map(params![spec.name, self.now, limit(max)], |row| row.get(0))?.collect()
    }

    /// Marks a message as received now.
    pub(super) fn deliver(&self, spec: &QueueSpec, sequence: i64) -> Done<Received> {
        let mut deliver = self.sql.prepare_cached(DELIVER)?;
        let until = self.after(spec.visibility);
        let received = deliver.query_row(params![sequence, until, self.now], received)?;
        self.settle_group(spec, received.group.as_deref())?;
        Ok(received)
    }

    pub(super) fn delete(&self, spec: &QueueSpec, delivery: Delivery) -> Done<()> {
        let mut delete = self.sql.prepare_cached(DELETE)?;
        let key = params![spec.name, delivery.sequence, delivery.receives];
        let deleted: Option<Option<String>> = delete.query_row(key, |row| row.get(0)).optional()?;
        self.settle_group(spec, deleted.flatten().as_deref())
    }

    /// Answers whether the message was in flight by this delivery.
    pub(super) fn change_visibility(&self, spec: &QueueSpec, delivery: Delivery, visibility: SignedDuration) -> Done<bool> {
        let mut change = self.sql.prepare_cached(CHANGE_VISIBILITY)?;
        let until = self.after(visibility);
        let key = params![spec.name, delivery.sequence, delivery.receives, self.now, until];
        let changed: Option<Option<String>> = change.query_row(key, |row| row.get(0)).optional()?;
        let found = changed.is_some();
        self.settle_group(spec, changed.flatten().as_deref())?;
        Ok(found)
    }

    /// Microseconds since the epoch: see `Queues::next_visible_at`.
    pub(super) fn next_deliverable_at(&self, spec: &QueueSpec) -> Done<Option<i64>> {
        let next = if spec.fifo { NEXT_FREE } else { NEXT_VISIBLE };
        self.sql.prepare_cached(next)?.query_row(params![spec.name, self.now], |row| row.get(0))
    }

    pub(super) fn oldest(&self, spec: &QueueSpec, max: usize) -> Done<Vec<Waiting>> {
        let mut oldest = self.sql.prepare_cached(OLDEST)?;
        oldest.query_map(params![spec.name, limit(max)], |row| waiting(row, self.now))?.collect()
    }

    /// The counts of one queue; whose dead letters it takes, its caller knows.
    pub(super) fn counts(&self, spec: &QueueSpec) -> Done<QueueStats> {
        self.sql.prepare_cached(COUNTS)?.query_row(params![spec.name, self.now], |row| {
            Ok(QueueStats {
                name: spec.name.clone(),
                visible: row.get(0)?,
                in_flight: row.get(1)?,
                delayed: row.get(2)?,
                oldest: row.get::<_, Option<i64>>(3)?.map(timestamp),
                dead_letter_of: Vec::new(),
            })
        })
    }

    /// Enters a message in its group, which is free from now on if this is its first.
    fn join_group(&self, spec: &QueueSpec, group: Option<&str>, sequence: i64) -> Done<()> {
        let Some(group) = group.filter(|_| spec.fifo) else { return Ok(()) };
        self.sql.prepare_cached(JOIN_GROUP)?.execute(params![spec.name, group, sequence, self.now])?;
        Ok(())
    }

    /// Brings a group up to date after something happened to one of its messages.
    fn settle_group(&self, spec: &QueueSpec, group: Option<&str>) -> Done<()> {
        let Some(group) = group.filter(|_| spec.fifo) else { return Ok(()) };
        let mut state = self.sql.prepare_cached(GROUP_STATE)?;
        let state = state.query_row(params![spec.name, group], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (head, last_visible_at): (Option<i64>, Option<i64>) = state;
        let Some(head) = head else {
            self.sql.prepare_cached(DROP_GROUP)?.execute(params![spec.name, group])?;
            return Ok(());
        };
        let free_at = last_visible_at.unwrap_or(self.now).max(self.now);
        self.sql.prepare_cached(SET_GROUP)?.execute(params![spec.name, group, head, free_at])?;
        Ok(())
    }
}

fn received(row: &Row<'_>) -> Done<Received> {
    let delivery = Delivery { sequence: row.get("sequence")?, receives: row.get("receives")? };
    Ok(Received {
        id: MessageId(row.get("id")?),
        receipt: delivery.receipt(),
        body: row.get("body")?,
        attributes: attributes(row)?,
        receives: delivery.receives,
        sent_at: timestamp(row.get("sent_at")?),
        first_received_at: timestamp(row.get("first_received_at")?),
        group: row.get("message_group")?,
        sequence: row.get("sequence")?,
    })
}

fn waiting(row: &Row<'_>, now: i64) -> Done<Waiting> {
    let (receives, visible_at) = (row.get("receives")?, row.get("visible_at")?);
    Ok(Waiting {
        id: MessageId(row.get("id")?),
        body: row.get("body")?,
        attributes: attributes(row)?,
        receives,
        sent_at: timestamp(row.get("sent_at")?),
        visible_at: timestamp(visible_at),
        state: state(receives, visible_at, now),
        group: row.get("message_group")?,
        sequence: row.get("sequence")?,
    })
}

fn state(receives: u32, visible_at: i64, now: i64) -> MessageState {
    if visible_at <= now {
        MessageState::Visible
    } else if receives > 0 {
        MessageState::InFlight
    } else {
        MessageState::Delayed
    }
}

fn attributes(row: &Row<'_>) -> Done<BTreeMap<String, String>> {
    let json: String = row.get("attributes")?;
    let mut attributes: BTreeMap<String, String> = from_json(&json)?;
    if let Some(source) = row.get("source")? {
        attributes.insert(DEAD_LETTER_SOURCE.to_owned(), source);
    }
    Ok(attributes)
}

/// A limit as SQL takes it.
fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}
