//! Move tasks: how dead letters are sent round again.
//!
//! As in SQS, a task moves what was visible on a dead-letter queue when it started, the oldest first, at once or so many a
//! second. What it moves is a new message on the other side: with a new id, never received, its text and attributes kept.
//! There are no timers here: a paced task comes as far as it may by now whenever a queue is looked at.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::QueueSpec;
use super::messages::Done;
use super::queues::{QueueError, Queues};
use super::store::{Work, timestamp};

/// The most messages a second that a task can be bid to move.
pub const FASTEST: u32 = 500;
/// How many tasks of a queue are told of, at most.
pub const MOST_TOLD: usize = 10;
/// Why a task fails that is told no destination, and finds a message that no queue gave up.
pub const NO_SOURCE: &str = "CouldNotDetermineMessageSource";
/// Why a task fails that finds a message of a queue that is no more.
pub const SOURCE_GONE: &str = "AWS.SimpleQueueService.NonExistentQueue";

const SECOND: i64 = 1_000_000;

/// What a task is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoveOrder<'o> {
    /// The dead-letter queue.
    pub source: &'o str,
    /// Where its messages go; without one, each to the queue that gave it up.
    pub destination: Option<&'o str>,
    /// How many a second, up to [`FASTEST`]; without it, all at once.
    pub per_second: Option<u32>,
}

/// A task, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTask {
    /// What names it.
    pub handle: String,
    /// The dead-letter queue.
    pub source: String,
    /// Where its messages go, if it was told.
    pub destination: Option<String>,
    /// How many a second, if it was told.
    pub per_second: Option<u32>,
    /// When it started.
    pub started_at: Timestamp,
    /// How many messages were visible then.
    pub to_move: u64,
    /// How many it has moved.
    pub moved: u64,
    /// Whether it goes on.
    pub state: MoveState,
    number: i64,
}

/// Whether a task goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveState {
    /// It does.
    Running,
    /// It has moved what there was.
    Completed,
    /// It found a message that it could not move, and stopped there.
    Failed(String),
}

const COLUMNS: &str = "number, handle, source, destination, per_second, started_at, to_move, moved, running, failure";
const START: &str = "INSERT INTO move_tasks
    (number, handle, source, destination, per_second, started_at, to_move, moved, running)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 1)";
const PROCEED: &str = "UPDATE move_tasks SET moved = ?2, running = ?3, failure = ?4 WHERE number = ?1";
/// Read with everything that reads a queue, so it must cost next to nothing when no task runs.
pub(super) const ANY_RUNNING: &str = "SELECT number FROM move_tasks WHERE running = 1";

impl Queues {
    /// Sends the dead letters of `dead_queue` back to the one queue that has its dead letters there: those that it gave up,
    /// and those that a function parked. Answers how many.
    ///
    /// # Errors
    /// When there is no such queue, it is none for dead letters, or a task moves its messages already.
    pub fn redrive(&self, dead_queue: &str) -> Result<u64, QueueError> {
        let destination = Some(self.source_of(dead_queue)?);
        Ok(self.start_move(MoveOrder { source: dead_queue, destination, per_second: None })?.moved)
    }

    /// Starts a task. One without a pace is done when this answers.
    ///
    /// # Errors
    /// When one of its queues is none that it could be, the pace is none, or a task moves the messages already.
    pub fn start_move(&self, order: MoveOrder<'_>) -> Result<MoveTask, QueueError> {
        let source = self.spec(order.source)?;
        self.source_of(order.source)?;
        if let Some(destination) = order.destination.map(|name| self.spec(name)).transpose()?
            && destination.fifo != source.fifo
        {
            return Err(QueueError::TypesDiffer(source.name.clone(), destination.name.clone()));
        }
        if order.per_second.is_some_and(|pace| !(1..=FASTEST).contains(&pace)) {
            return Err(QueueError::PaceOutOfRange);
        }
        let specs = Arc::clone(&self.specs);
        self.transact(|work| {
            if work.moves(order.source, 1)?.first().is_some_and(|last| last.state == MoveState::Running) {
                return Err(QueueError::MoveUnderWay(order.source.to_owned()));
            }
            let to_move = self.stats_in(work, source)?.visible;
            work.start_move(order, to_move)?;
            work.proceed_with_moves(&specs)?;
            work.moves(order.source, 1)?.pop().ok_or(QueueError::Database(rusqlite::Error::QueryReturnedNoRows))
        })
    }

    /// The latest tasks of a dead-letter queue, the newest first: at most [`MOST_TOLD`].
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn moves(&self, dead_queue: &str, max: usize) -> Result<Vec<MoveTask>, QueueError> {
        self.spec(dead_queue)?;
        self.transact(|work| Ok(work.moves(dead_queue, max.min(MOST_TOLD))?))
    }

    /// The queue whose dead letters lie on `dead_queue`.
    fn source_of(&self, dead_queue: &str) -> Result<&str, QueueError> {
        self.spec(dead_queue)?;
        let source = self.specs.iter().find(|spec| spec.dead_letter.as_deref() == Some(dead_queue));
        source.map(|spec| spec.name.as_str()).ok_or_else(|| QueueError::NotDeadLetters(dead_queue.to_owned()))
    }
}

impl Work<'_> {
    fn start_move(&self, order: MoveOrder<'_>, to_move: u64) -> Done<()> {
        let number = self.next_number()?;
        let handle = self.uuid("move", number);
        let MoveOrder { source, destination, per_second } = order;
        let started = params![number, handle, source, destination, per_second, self.now, to_move];
        self.sql.prepare_cached(START)?.execute(started)?;
        Ok(())
    }

    fn moves(&self, source: &str, max: usize) -> Done<Vec<MoveTask>> {
        let latest = format!("SELECT {COLUMNS} FROM move_tasks WHERE source = ?1 ORDER BY number DESC LIMIT ?2");
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        self.sql.prepare_cached(&latest)?.query_map(params![source, max], task)?.collect()
    }

    fn running_moves(&self) -> Done<Vec<MoveTask>> {
        let numbers: Done<Vec<i64>> = self.sql.prepare_cached(ANY_RUNNING)?.query_map([], |row| row.get(0))?.collect();
        let of_number = format!("SELECT {COLUMNS} FROM move_tasks WHERE number = ?1");
        numbers?.into_iter().map(|number| self.sql.prepare_cached(&of_number)?.query_row([number], task)).collect()
    }

    /// Has every task move what it may have moved by now. One of a queue that is no longer declared rests.
    pub(super) fn proceed_with_moves(&self, specs: &[QueueSpec]) -> Done<()> {
        for task in self.running_moves()? {
            if let Some(source) = find(specs, &task.source) {
                self.proceed_with_move(specs, source, task)?;
            }
        }
        Ok(())
    }

    fn proceed_with_move(&self, specs: &[QueueSpec], source: &QueueSpec, mut task: MoveTask) -> Done<()> {
        self.drop_expired(source)?;
        let may_move = task.by(self.now).saturating_sub(task.moved);
        let letters = self.dead_letters(source, task.number)?;
        // What is not there any more somebody else has taken.
        if (letters.len() as u64) <= may_move {
            task.state = MoveState::Completed;
        }
        for letter in letters.into_iter().take(usize::try_from(may_move).unwrap_or(usize::MAX)) {
            let Some(name) = task.destination.as_ref().or(letter.source.as_ref()) else {
                task.state = MoveState::Failed(NO_SOURCE.to_owned());
                break;
            };
            let Some(destination) = find(specs, name) else {
                task.state = MoveState::Failed(SOURCE_GONE.to_owned());
                break;
            };
            self.send_back(letter.sequence, source, destination)?;
            task.moved += 1;
        }
        let failure = if let MoveState::Failed(reason) = &task.state { Some(reason) } else { None };
        let running = task.state == MoveState::Running;
        self.sql.prepare_cached(PROCEED)?.execute(params![task.number, task.moved, running, failure])?;
        Ok(())
    }

    /// Microseconds since the epoch: when a paced task moves on.
    pub(super) fn next_move_at(&self, specs: &[QueueSpec]) -> Done<Option<i64>> {
        let next = |task: MoveTask| task.started_at.as_microsecond() + (task.seconds(self.now) + 1) * SECOND;
        Ok(self.running_moves()?.into_iter().filter(|task| find(specs, &task.source).is_some()).map(next).min())
    }
}

impl MoveTask {
    /// Whole seconds that it runs.
    fn seconds(&self, now: i64) -> i64 {
        now.saturating_sub(self.started_at.as_microsecond()).max(0) / SECOND
    }

    /// How many messages it may have moved by now: the first second's share at once.
    fn by(&self, now: i64) -> u64 {
        let seconds = u64::try_from(self.seconds(now)).unwrap_or(0);
        self.per_second.map_or(self.to_move, |pace| u64::from(pace).saturating_mul(seconds + 1).min(self.to_move))
    }
}

fn find<'s>(specs: &'s [QueueSpec], name: &str) -> Option<&'s QueueSpec> {
    specs.iter().find(|spec| spec.name == name)
}

fn task(row: &Row<'_>) -> Done<MoveTask> {
    let state = match (row.get("running")?, row.get("failure")?) {
        (true, _) => MoveState::Running,
        (false, Some(reason)) => MoveState::Failed(reason),
        (false, None) => MoveState::Completed,
    };
    Ok(MoveTask {
        handle: row.get("handle")?,
        source: row.get("source")?,
        destination: row.get("destination")?,
        per_second: row.get("per_second")?,
        started_at: timestamp(row.get("started_at")?),
        to_move: row.get("to_move")?,
        moved: row.get("moved")?,
        state,
        number: row.get("number")?,
    })
}
