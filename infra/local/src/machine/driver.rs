//! What makes things happen: schedules fire, queues deliver, the relay wakes, time passes.

use std::{
    panic::AssertUnwindSafe,
    path::Path,
    sync::{MutexGuard, PoisonError},
    time::Duration,
};

use futures::{FutureExt, future::join_all};
use jiff::{SignedDuration, Timestamp};
use platform::clock::{Clock, deadline};
use serde_json::Value;

use super::{LocalClock, Runner, System, Timed, Turn, Worked, lambda_event, wiring::limit};
use crate::{
    clock::MovableClock,
    data::FolderError,
    engine::EngineError,
    pages::NextRun,
    standins::queues::{QueueError, Received},
};

/// Batches of one queue that are worked side by side.
const SIDE_BY_SIDE: usize = 2;
/// Rounds after which a system that does not come to rest is given up on.
const MOST_ROUNDS: usize = 10_000;
/// How often queues and schedules are looked at while time runs by itself.
const TICK: Duration = Duration::from_millis(200);
/// How often expired items are removed meanwhile.
const SWEEP: Duration = Duration::from_hours(1);

/// Why something could not be made to happen.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The queues failed.
    #[error(transparent)]
    Queues(#[from] QueueError),
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The clock could not be kept.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// It does not come to rest: functions make each other work without end.
    #[error("not at rest after {rounds} rounds; still to be delivered: {stuck}")]
    Unsettled {
        /// How long it was waited for.
        rounds: usize,
        /// What is still visible.
        stuck: String,
    },
    /// The clock is the machine's.
    #[error("the machine's clock can't be moved")]
    RealTime,
}

impl System {
    /// Delivers one round: of every queue that is worked, up to two batches. Answers how many messages were delivered.
    ///
    /// # Errors
    /// If the queues fail. What a job makes of its messages is none.
    pub async fn poll_queues(&self) -> Result<usize, DriveError> {
        let delivered = join_all(self.worked.iter().map(|worked| self.poll(worked))).await;
        delivered.into_iter().sum()
    }

    async fn poll(&self, worked: &Worked) -> Result<usize, DriveError> {
        let batches = self.receive(worked)?;
        let delivered = batches.iter().map(Vec::len).sum();
        for outcome in join_all(batches.into_iter().map(|batch| self.deliver(worked, batch))).await {
            outcome?;
        }
        Ok(delivered)
    }

    fn receive(&self, Worked { queue, batch, .. }: &Worked) -> Result<Vec<Vec<Received>>, QueueError> {
        let mut batches: Vec<Vec<Received>> = Vec::new();
        // After a batch that is not full there is nothing more.
        while batches.len() < SIDE_BY_SIDE && batches.last().is_none_or(|last| last.len() == *batch) {
            batches.push(self.standins.queues().receive(queue.name, *batch)?);
        }
        batches.retain(|batch| !batch.is_empty());
        Ok(batches)
    }

    /// Delivers a batch. What was handled is deleted; the rest comes again when its visibility time-out ends.
    async fn deliver(&self, Worked { queue, runner, .. }: &Worked, messages: Vec<Received>) -> Result<(), QueueError> {
        let answer = self.run(runner, lambda_event::of_batch(queue, &messages)).await;
        for message in lambda_event::handled(&messages, answer.as_ref()) {
            self.standins.queues().delete(queue.name, &message.receipt)?;
        }
        Ok(())
    }

    /// Fires every schedule that is due, once however late it is. Answers how many were.
    pub async fn fire_due(&self) -> usize {
        let now = self.now();
        let due: Vec<&Timed> = self.timed.iter().filter(|timed| timed.take_due(now)).collect();
        join_all(due.iter().map(|timed| self.fire(timed))).await.len()
    }

    /// Runs the relay if an event was stored since it last ran. Answers whether one was.
    pub async fn relay_if_woken(&self) -> bool {
        let woken = self.gatehouse.take_wake();
        if woken {
            join_all(self.timed.iter().filter(|timed| timed.woken_by_outbox).map(|timed| self.fire(timed))).await;
        }
        woken
    }

    async fn fire(&self, timed: &Timed) {
        let event = lambda_event::of_schedule(timed.runner.deps.function().name, self.now());
        // What it could not do it has logged; the schedule runs it again.
        self.run(&timed.runner, event).await;
    }

    /// Runs a scheduled function now, besides its schedule. Answers whether it went well.
    pub async fn run_now(&self, function: &str) -> bool {
        let named = self.timed.iter().filter(|timed| timed.runner.deps.function().name == function);
        let runs = named.map(|timed| self.run(&timed.runner, lambda_event::of_schedule(function, self.now())));
        let ended = join_all(runs).await;
        !ended.is_empty() && ended.iter().all(Option::is_some)
    }

    /// Runs a job as a Lambda does. None if it failed, was killed, panicked or took too long.
    async fn run(&self, runner: &Runner, event: Value) -> Option<Value> {
        let spec = runner.deps.function();
        let timeout = SignedDuration::from_secs(spec.timeout_seconds.into());
        let deadline = deadline(Some(moved(self.now(), timeout)), runner.deps.now(), timeout);
        let mut kills = runner.gate.kills();
        let run = AssertUnwindSafe(runner.job.invoke(&runner.deps, event, deadline)).catch_unwind();
        let failed = tokio::select! {
            // Who was killed has no last word.
            biased;
            _ = kills.changed() => "it was killed".to_owned(),
            outcome = tokio::time::timeout(limit(spec), run) => match outcome {
                Ok(Ok(Ok(answer))) => return Some(answer),
                Ok(Ok(Err(error))) => error.to_string(),
                Ok(Err(_)) => "it panicked".to_owned(),
                Err(_) => "it took too long".to_owned(),
            },
        };
        tracing::warn!(function = spec.name, failed, "a run ended without an answer");
        None
    }

    /// Runs until nothing is visible on any queue that is worked, and nothing has woken the relay. Time stands still.
    ///
    /// # Errors
    /// If it does not come to rest, or the queues fail.
    pub async fn settle(&self) -> Result<(), DriveError> {
        self.settle_within(MOST_ROUNDS).await
    }

    pub(super) async fn settle_within(&self, rounds: usize) -> Result<(), DriveError> {
        for _ in 0..rounds {
            let woken = self.relay_if_woken().await;
            let delivered = self.poll_queues().await?;
            if !woken && delivered == 0 {
                return Ok(());
            }
        }
        Err(DriveError::Unsettled { rounds, stuck: self.stuck()? })
    }

    fn stuck(&self) -> Result<String, DriveError> {
        let stats = self.worked.iter().map(|worked| self.standins.queues().stats_of(worked.queue.name));
        let stats: Vec<_> = stats.collect::<Result<_, _>>()?;
        let visible = stats.iter().filter(|queue| queue.visible > 0);
        Ok(visible.map(|queue| format!("{} on {}", queue.visible, queue.name)).collect::<Vec<_>>().join(", "))
    }

    /// Lets time pass as in the cloud: stops at every instant at which a schedule fires or a message becomes visible
    /// again, and settles there. In the end what has expired is removed.
    ///
    /// # Errors
    /// If the clock is the machine's, or the system does not come to rest.
    pub async fn advance(&self, by: SignedDuration) -> Result<(), DriveError> {
        let LocalClock::Movable(clock) = &self.clock else { return Err(DriveError::RealTime) };
        let end = moved(clock.now(), by);
        self.settle().await?;
        while let Some(next) = self.next_instant()?.filter(|next| *next <= end) {
            self.arrive_at(clock, next).await?;
        }
        self.arrive_at(clock, end).await?;
        self.engine.sweep(end)?;
        if let Some(folder) = &self.folder {
            folder.keep_clock(clock)?;
        }
        Ok(())
    }

    /// Lets time pass in one step: what is due in between fires once, in the end. For tests that pass over hours in which
    /// nothing but the schedules' own turns would happen.
    ///
    /// # Errors
    /// If the clock is the machine's, or the system does not come to rest.
    pub async fn leap(&self, by: SignedDuration) -> Result<(), DriveError> {
        let LocalClock::Movable(clock) = &self.clock else { return Err(DriveError::RealTime) };
        self.arrive_at(clock, moved(clock.now(), by)).await
    }

    async fn arrive_at(&self, clock: &MovableClock, instant: Timestamp) -> Result<(), DriveError> {
        // A clock that runs may be past it already.
        clock.set(instant.max(clock.now()));
        self.fire_due().await;
        self.settle().await
    }

    /// The next instant at which something happens by itself.
    fn next_instant(&self) -> Result<Option<Timestamp>, DriveError> {
        let visible = self.standins.queues().next_visible_at()?;
        Ok(self.timed.iter().map(|timed| timed.turn().next).chain(visible).min())
    }

    /// When each schedule fires next, and when it last did.
    pub fn next_runs(&self) -> Vec<NextRun> {
        let next_run = |timed: &Timed| {
            let Turn { next, last } = *timed.turn();
            NextRun { function: timed.runner.deps.function().name, expression: timed.expression, next, last }
        };
        self.timed.iter().map(next_run).collect()
    }

    /// Lets time run by itself, for as long as this is polled.
    pub async fn drive(&self) {
        tokio::join!(
            self.keep_relaying(),
            self.keep_firing(),
            self.keep_sweeping(),
            join_all(self.worked.iter().map(|worked| self.keep_polling(worked)))
        );
    }

    async fn keep_polling(&self, worked: &Worked) {
        loop {
            match self.poll(worked).await {
                Ok(0) => tokio::time::sleep(TICK).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(queue = worked.queue.name, %error, "not polled");
                    tokio::time::sleep(TICK).await;
                }
            }
        }
    }

    async fn keep_relaying(&self) {
        loop {
            self.gatehouse.woken().await;
            self.relay_if_woken().await;
        }
    }

    async fn keep_firing(&self) {
        loop {
            self.fire_due().await;
            tokio::time::sleep(TICK).await;
        }
    }

    async fn keep_sweeping(&self) {
        loop {
            tokio::time::sleep(SWEEP).await;
            if let Err(error) = self.engine.sweep(self.now()) {
                tracing::error!(%error, "expired items were not removed");
            }
        }
    }

    /// The data folder, if there is one.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(|folder| folder.path())
    }
}

impl Timed {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is due; if so, its next turn is set.
    fn take_due(&self, now: Timestamp) -> bool {
        let mut turn = self.turn();
        let due = turn.next <= now;
        if due {
            *turn = Turn { next: self.schedule.after(now), last: Some(now) };
        }
        due
    }
}

fn moved(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.checked_add(by).unwrap_or(Timestamp::MAX)
}
