//! A whole system that goes the same way each time it is given the same seed.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use jiff::{SignedDuration, Timestamp};
use jobs_tests::{Space, describing_source, further_sources};
use local::{
    TestApp,
    gate::{Faults, NoFaults},
    machine::functions,
    standins::queues::NewMessage,
};
use platform::{Trigger, chance::Chance, clock::Clock, notice::WINDOW, outside::Outside};

use crate::{
    Violation,
    conditions::{Taken, Without},
    ensure, named,
};

/// Rounds after which a system that does not come to rest is given up on.
const MOST_ROUNDS: usize = 500;
/// More messages than the story ever has on a queue.
const MOST_MESSAGES: usize = 1_000;
/// How much poison a queue gets.
const MOST_POISON: usize = 3;
/// How often time is let pass until nothing is left to be done.
const MOST_WAITS: usize = 80;

/// What queues, schedules and clients do to one function, and what its clock shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mischief {
    /// Whom.
    pub function: &'static str,
    /// Everything reaches it three times.
    pub thrice: bool,
    /// Its messages come late, and in another order.
    pub late: bool,
    /// Messages among its own that nobody can read.
    pub poison: bool,
    /// By how much its clock is ahead, in minutes.
    pub skew_minutes: i64,
}

/// What a system is given.
#[derive(Debug, Clone)]
pub struct Setting {
    /// What all chance follows from.
    pub seed: u64,
    /// What strikes calls, from the first one on.
    pub faults: Arc<dyn Faults>,
    /// What is done to one function besides.
    pub mischief: Mischief,
    /// A condition of writes that is not there.
    pub without: Option<Taken>,
}

impl Setting {
    /// With these faults alone.
    pub fn of(seed: u64, faults: Arc<dyn Faults>) -> Self {
        Self { seed, faults, mischief: Mischief::default(), without: None }
    }

    /// The faults, and the condition taken away.
    fn all(&self, faults: Arc<dyn Faults>) -> Arc<dyn Faults> {
        match self.without.clone() {
            Some(condition) => Arc::new(Without { inner: faults, condition }),
            None => faults,
        }
    }
}

/// A system and what is done to it.
pub struct World {
    /// The system.
    pub app: TestApp,
    /// What the sources have to offer.
    pub space: Arc<Space>,
    setting: Setting,
    rng: Mutex<fastrand::Rng>,
    keys_given: AtomicUsize,
    poisoned: AtomicUsize,
    redriven: AtomicUsize,
    meddled: AtomicUsize,
    healing: AtomicBool,
}

/// Runs something to its end, alone on this thread, at a clock of the runtime that passes over waits at once.
pub fn alone<T>(seed: u64, run: impl Future<Output = T>) -> T {
    fastrand::seed(seed);
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(run)
}

impl World {
    /// A new system.
    pub async fn new(setting: Setting) -> Self {
        let Setting { seed, mischief, .. } = setting;
        let space = Space::of(&[]);
        let outside: Arc<dyn Outside> = space.clone();
        let app = TestApp::built(|options| {
            options.outside = Some(outside);
            options.live = further_sources().into_iter().chain([describing_source()]).collect();
            options.in_process = true;
            options.chance = Arc::new(SeededChance(Mutex::new(fastrand::Rng::with_seed(seed))));
            let skew = SignedDuration::from_mins(mischief.skew_minutes);
            options.skews = [(mischief.function, skew)].into_iter().filter(|(_, skew)| !skew.is_zero()).collect();
        })
        .await;
        app.set_faults(setting.all(setting.faults.clone()));
        let rng = Mutex::new(fastrand::Rng::with_seed(seed.rotate_left(32)));
        Self {
            app,
            space,
            setting,
            rng,
            keys_given: Default::default(),
            poisoned: Default::default(),
            redriven: Default::default(),
            meddled: usize::from(mischief.skew_minutes != 0).into(),
            healing: Default::default(),
        }
    }

    /// Whether an award that was looked at seconds ago was so by the clocks of both functions that ask. By one that is off, it may
    /// have been too long ago: then a transfer is refused, as it should be.
    pub fn looks_are_fresh(&self) -> bool {
        let mischief = self.setting.mischief;
        mischief.skew_minutes == 0 || !["value-re-verify-booking", "value-transfer-booking"].contains(&mischief.function)
    }

    /// Whether a notice that is sent now has just been sent by the clock of the function that receives it, too. By one that is off by
    /// more than notices are good for it is refused, as it should be.
    pub fn notices_are_fresh(&self) -> bool {
        let mischief = self.setting.mischief;
        SignedDuration::from_mins(mischief.skew_minutes).abs() <= WINDOW || mischief.function != "sources-receive-inventory"
    }

    /// An idempotency key that no other request has.
    pub fn new_key(&self) -> String {
        format!("request-{}", self.keys_given.fetch_add(1, Relaxed))
    }

    /// How often a client's request arrives at a function.
    pub fn arrivals(&self, function: &str) -> usize {
        if self.setting.mischief.thrice && self.setting.mischief.function == function && !self.healing.load(Relaxed) {
            self.meddled.fetch_add(1, Relaxed);
            3
        } else {
            1
        }
    }

    /// Poison that was put on queues.
    pub fn poisoned(&self) -> usize {
        self.poisoned.load(Relaxed)
    }

    /// Dead letters, poison apart, that had to be sent round again.
    pub fn redriven(&self) -> usize {
        self.redriven.load(Relaxed)
    }

    /// How often something was done to the function.
    pub fn meddled(&self) -> usize {
        self.meddled.load(Relaxed)
    }

    /// Lets time pass in one step: what is due fires, and what follows happens.
    ///
    /// # Errors
    /// If the system does not come to rest.
    pub async fn pass(&self, by: SignedDuration) -> Result<(), Violation> {
        self.app.clock.advance(by);
        let system = self.app.system();
        let scheduled = matches!(self.trigger(), Some(Trigger::Schedule { .. }));
        if scheduled && self.arrivals(self.setting.mischief.function) > 1 {
            let twin = || system.run_now(self.setting.mischief.function);
            tokio::join!(system.fire_due(), twin(), twin());
        } else {
            system.fire_due().await;
        }
        self.settle().await
    }

    /// Runs until nothing is visible on any queue and nothing has woken the relay.
    ///
    /// # Errors
    /// If the system does not come to rest.
    pub async fn settle(&self) -> Result<(), Violation> {
        let system = self.app.system();
        for _ in 0..MOST_ROUNDS {
            let woken = self.relay().await;
            self.meddle();
            let delivered = system.poll_queues().await.map_err(|error| Violation(error.to_string()))?;
            if !woken && delivered == 0 {
                return Ok(());
            }
        }
        Err(Violation("the system does not come to rest".to_owned()))
    }

    /// Runs the relay if an event was stored; three times at once, if everything reaches it so.
    async fn relay(&self) -> bool {
        let (system, function) = (self.app.system(), self.setting.mischief.function);
        let relays = matches!(self.trigger(), Some(Trigger::Schedule { woken_by_outbox: true, .. }));
        if relays && self.arrivals(function) > 1 {
            let (woken, ..) = tokio::join!(system.relay_if_woken(), system.run_now(function), system.run_now(function));
            woken
        } else {
            system.relay_if_woken().await
        }
    }

    /// Ends all faults, and lets time pass until nothing is left to be done.
    ///
    /// # Errors
    /// If that never is.
    pub async fn heal(&self) -> Result<(), Violation> {
        self.app.set_faults(self.setting.all(Arc::new(NoFaults)));
        self.healing.store(true, Relaxed);
        // Whatever a fault kept from being done is due within the minute; by a clock that is off, later.
        let minutes = SignedDuration::from_mins(1 + self.setting.mischief.skew_minutes.abs());
        self.pass(minutes).await?;
        self.start_again().await;
        // What follows from it is due by that clock in turn.
        let mut again = self.setting.mischief.skew_minutes != 0;
        for _ in 0..MOST_WAITS {
            self.redrive();
            self.settle().await?;
            let next = self.app.system().standins().queues().next_visible_at().unwrap();
            if next.is_none() && again {
                again = false;
                self.pass(minutes).await?;
                continue;
            }
            let Some(next) = next else {
                self.app.set_faults(self.setting.all(self.setting.faults.clone()));
                self.healing.store(false, Relaxed);
                return self.at_rest();
            };
            let minute = SignedDuration::from_mins(1);
            self.pass(minute.max(next.duration_since(self.app.clock.now()))).await?;
        }
        Err(Violation("messages come again and again".to_owned()))
    }

    /// Starts what a schedule starts seldom: a run of it that failed is not made up for by the next one within the minute, but Lambda
    /// itself begins it again.
    async fn start_again(&self) {
        for function in functions() {
            if let Trigger::Schedule { expression, .. } = function.trigger()
                && expression != "rate(1 minute)"
            {
                self.app.system().run_now(function.spec().name).await;
            }
        }
    }

    fn at_rest(&self) -> Result<(), Violation> {
        let left = self.app.queues().into_iter().filter(|queue| queue.dead_letter_of.is_empty());
        let left: Vec<_> = left.filter(|queue| queue.visible + queue.in_flight + queue.delayed > 0).collect();
        ensure(left.is_empty(), || format!("messages are left: {left:?}"))
    }

    /// Sends dead letters round again, as an operator does once the cause is mended. Poison comes back by itself.
    fn redrive(&self) {
        let (_, others): (Vec<_>, Vec<_>) =
            self.app.dead_letters().into_iter().partition(|(_, letter)| letter.body.starts_with(POISON));
        let dead: BTreeSet<&String> = others.iter().map(|(queue, _)| queue).collect();
        for queue in dead {
            self.app.system().standins().queues().redrive(queue).unwrap();
        }
        self.redriven.fetch_add(others.len(), Relaxed);
    }

    fn trigger(&self) -> Option<Trigger> {
        named(self.setting.mischief.function).map(|function| function.trigger())
    }

    /// Does to the function's queue what is to be done to it.
    fn meddle(&self) {
        let Some(Trigger::Queue { queue, .. }) = self.trigger() else { return };
        let queues = self.app.system().standins().queues();
        if self.healing.load(Relaxed) || queues.stats_of(queue.name).unwrap().visible == 0 {
            return;
        }
        if self.setting.mischief.poison && self.poisoned.load(Relaxed) < MOST_POISON {
            self.poisoned.fetch_add(1, Relaxed);
            self.meddled.fetch_add(1, Relaxed);
            queues.send(queue.name, NewMessage::new(format!("{POISON} {}", self.poisoned.load(Relaxed)))).unwrap();
        }
        if self.setting.mischief.thrice || self.setting.mischief.late {
            self.copy_and_delay(queue.name);
        }
    }

    /// Has every message of a queue that is new there come three times, or late, or both.
    fn copy_and_delay(&self, queue: &str) {
        let queues = self.app.system().standins().queues();
        let mut rng = self.rng.lock().unwrap();
        for message in queues.receive(queue, MOST_MESSAGES).unwrap() {
            if message.attributes.contains_key(MEDDLED) {
                queues.change_visibility(queue, &message.receipt, SignedDuration::ZERO).unwrap();
                continue;
            }
            queues.delete(queue, &message.receipt).unwrap();
            self.meddled.fetch_add(1, Relaxed);
            for _ in 0..if self.setting.mischief.thrice { 3 } else { 1 } {
                let late = self.setting.mischief.late || rng.bool();
                let delay = SignedDuration::from_secs(if late { rng.i64(0..=600) } else { 0 });
                let attributes = [(MEDDLED.to_owned(), "yes".to_owned())].into();
                queues.send(queue, NewMessage { delay, attributes, ..NewMessage::new(message.body.clone()) }).unwrap();
            }
        }
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }
}

/// What poison begins with.
const POISON: &str = "poison";
/// The attribute of messages that were meddled with.
const MEDDLED: &str = "meddled";

/// What nobody is to guess, following from a seed.
#[derive(Debug)]
struct SeededChance(Mutex<fastrand::Rng>);

impl Chance for SeededChance {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill(bytes);
    }
}
