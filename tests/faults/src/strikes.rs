//! Faults that strike calls by a seed, and the interleavings that they meet.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use futures::future::BoxFuture;
use local::gate::{Action, CallInfo, Callee, Failure, Faults};
use platform::aws::Service;
use storage::Grant;
use tokio::sync::Notify;

/// Lets others go first, now and then: which of several runs gets its answer first follows from the seed.
#[derive(Debug)]
pub struct Interleaving(Mutex<fastrand::Rng>);

impl Interleaving {
    /// By this seed.
    pub fn of(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    async fn pause(&self) {
        let turns = self.0.lock().unwrap().u8(0..4);
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }
}

/// When a call is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before it is made.
    Before,
    /// After it was answered.
    After,
}

/// Notes every call and strikes none.
#[derive(Debug)]
pub struct Recorder {
    interleaving: Interleaving,
    calls: Mutex<Vec<CallInfo>>,
}

impl Recorder {
    /// By this seed.
    pub fn of(seed: u64) -> Self {
        Self { interleaving: Interleaving::of(seed), calls: Mutex::default() }
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<CallInfo> {
        self.calls.lock().unwrap().clone()
    }
}

impl Faults for Recorder {
    fn meanwhile<'a>(&'a self, call: &'a CallInfo) -> BoxFuture<'a, ()> {
        self.calls.lock().unwrap().push(call.clone());
        Box::pin(self.interleaving.pause())
    }
}

/// Kills a function once, at one call of all that it makes.
#[derive(Debug)]
pub struct Kill {
    /// Whom.
    pub function: &'static str,
    /// At which of its calls, from 1.
    pub call: u64,
    /// Before or after it.
    pub side: Side,
    interleaving: Interleaving,
}

impl Kill {
    /// By this seed.
    pub fn of(function: &'static str, call: u64, side: Side, seed: u64) -> Self {
        Self { function, call, side, interleaving: Interleaving::of(seed) }
    }

    fn at(&self, call: &CallInfo, side: Side) -> Action {
        let struck = call.function == self.function && call.number == self.call && self.side == side;
        if struck { Action::Hang } else { Action::Proceed }
    }
}

impl Faults for Kill {
    fn meanwhile<'a>(&'a self, _: &'a CallInfo) -> BoxFuture<'a, ()> {
        Box::pin(self.interleaving.pause())
    }

    fn before(&self, call: &CallInfo) -> Action {
        self.at(call, Side::Before)
    }

    fn after(&self, call: &CallInfo) -> Action {
        self.at(call, Side::After)
    }
}

/// What goes wrong with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The function is killed, before or after a call.
    Killed,
    /// A service of AWS other than mail asks to slow down.
    Throttled,
    /// A service of AWS other than mail fails by its own fault.
    Failing,
    /// A transaction is cancelled for this reason.
    Cancelled(&'static str),
    /// A call to AWS other than mail is carried out, and its answer lost.
    AnswerLost,
    /// Mail is to slow down.
    MailThrottled,
    /// A mail goes out, and the answer is lost.
    MailAnswerLost,
    /// A source does not answer in time.
    SourceSlow,
    /// A source asks to slow down.
    SourceThrottled,
    /// A source's answer ends in the middle.
    SourceCut,
    /// A source fails by its own fault.
    SourceFailing,
    /// A source can't be reached.
    SourceDown,
}

impl Trouble {
    /// Every trouble, transactions with every reason that DynamoDB gives.
    pub const ALL: [Self; 17] = [
        Self::Killed,
        Self::Throttled,
        Self::Failing,
        Self::Cancelled("ConditionalCheckFailed"),
        Self::Cancelled("TransactionConflict"),
        Self::Cancelled("ThrottlingError"),
        Self::Cancelled("ProvisionedThroughputExceeded"),
        Self::Cancelled("ItemCollectionSizeLimitExceeded"),
        Self::Cancelled("ValidationError"),
        Self::AnswerLost,
        Self::MailThrottled,
        Self::MailAnswerLost,
        Self::SourceSlow,
        Self::SourceThrottled,
        Self::SourceCut,
        Self::SourceFailing,
        Self::SourceDown,
    ];

    /// Its name.
    pub fn name(self) -> String {
        match self {
            Self::Killed => "killed".to_owned(),
            Self::Throttled => "throttled".to_owned(),
            Self::Failing => "failing".to_owned(),
            Self::Cancelled(reason) => format!("cancelled-{reason}"),
            Self::AnswerLost => "answer-lost".to_owned(),
            Self::MailThrottled => "mail-throttled".to_owned(),
            Self::MailAnswerLost => "mail-answer-lost".to_owned(),
            Self::SourceSlow => "source-slow".to_owned(),
            Self::SourceThrottled => "source-throttled".to_owned(),
            Self::SourceCut => "source-cut".to_owned(),
            Self::SourceFailing => "source-failing".to_owned(),
            Self::SourceDown => "source-down".to_owned(),
        }
    }

    /// Whether it can befall a call.
    pub fn befalls(self, call: &CallInfo) -> bool {
        let (mail, outside) = match call.callee {
            Callee::Aws(service) => (service == Service::Ses, false),
            Callee::Outside(_) => (false, true),
        };
        match self {
            Self::Killed => true,
            Self::Throttled | Self::Failing | Self::AnswerLost => !mail && !outside,
            Self::Cancelled(_) => call.operation == "TransactWriteItems",
            Self::MailThrottled | Self::MailAnswerLost => mail,
            Self::SourceSlow | Self::SourceThrottled | Self::SourceCut | Self::SourceFailing | Self::SourceDown => outside,
        }
    }

    /// Whether it befalls calls that a grant is for.
    pub fn befalls_grant(self, grant: &Grant) -> bool {
        match self {
            Self::Cancelled(_) => matches!(grant, Grant::Emit(_)),
            Self::MailThrottled | Self::MailAnswerLost => matches!(grant, Grant::Mail),
            Self::SourceSlow | Self::SourceThrottled | Self::SourceCut | Self::SourceFailing | Self::SourceDown => {
                matches!(grant, Grant::Call(_))
            }
            Self::Killed | Self::Throttled | Self::Failing | Self::AnswerLost => {
                matches!(
                    grant,
                    Grant::Read(_) | Grant::Write(_) | Grant::Send(_) | Grant::Publish | Grant::MakeKeys | Grant::UseKeys
                )
            }
        }
    }

    /// Whether it can make a message a dead letter that an operator has to send round again: what the function takes for
    /// final, it parks at once.
    pub fn may_park(self) -> bool {
        // An item collection that is too large never becomes smaller by itself; a source whose answer makes no sense won't
        // make more of it the next minute.
        matches!(self, Self::Cancelled("ItemCollectionSizeLimitExceeded") | Self::SourceCut)
    }

    /// Whether it can leave a mail uncertain: what keeps the outcome of a mail from being stored, or known.
    pub fn may_leave_uncertain(self) -> bool {
        match self {
            Self::Killed | Self::Throttled | Self::Failing | Self::Cancelled(_) | Self::AnswerLost | Self::MailAnswerLost => true,
            Self::MailThrottled
            | Self::SourceSlow
            | Self::SourceThrottled
            | Self::SourceCut
            | Self::SourceFailing
            | Self::SourceDown => false,
        }
    }

    fn action(self) -> Action {
        match self {
            Self::Killed => Action::Hang,
            Self::Throttled | Self::MailThrottled | Self::SourceThrottled => Action::Fail(Failure::Throttled),
            Self::Failing | Self::SourceFailing => Action::Fail(Failure::Internal),
            Self::Cancelled(reason) => Action::Fail(Failure::Cancelled(reason)),
            Self::AnswerLost | Self::MailAnswerLost | Self::SourceSlow => Action::LoseAnswer,
            Self::SourceCut => Action::CutAnswer,
            Self::SourceDown => Action::Disconnect,
        }
    }

    fn side(self, rng: &mut fastrand::Rng) -> Side {
        match self {
            Self::Killed if rng.bool() => Side::Before,
            Self::Killed | Self::AnswerLost | Self::MailAnswerLost | Self::SourceSlow | Self::SourceCut => Side::After,
            Self::Throttled
            | Self::Failing
            | Self::Cancelled(_)
            | Self::MailThrottled
            | Self::SourceThrottled
            | Self::SourceFailing
            | Self::SourceDown => Side::Before,
        }
    }
}

/// Strikes a few of a function's calls, alone or several in a row: more than the SDK repeats by itself.
#[derive(Debug)]
pub struct Strikes {
    function: &'static str,
    trouble: Trouble,
    /// Of so many calls that it can befall.
    of: usize,
    state: Mutex<State>,
    interleaving: Interleaving,
}

#[derive(Debug)]
struct State {
    rng: fastrand::Rng,
    /// Strikes that may still come.
    left: u32,
    /// Further calls to be struck without a choice.
    in_a_row: u32,
    /// The number of the call to be struck after its answer.
    after: Option<u64>,
    /// Strikes so far.
    struck: usize,
}

/// At most so many series of strikes in a story: fewer than it takes for a message to die of them.
const MOST_SERIES: u32 = 4;
/// What is repeated at once outlasts such a series.
const SHORT_SERIES: u32 = 4;
/// Nothing does outlast such a one: the SDK makes three attempts, a change five, several go side by side.
const LONG_SERIES: std::ops::Range<u32> = 20..60;

impl Strikes {
    /// Strikes a function by a seed. `of` is how many of its calls in the story the trouble can befall.
    pub fn of(function: &'static str, trouble: Trouble, of: usize, seed: u64) -> Self {
        let rng = fastrand::Rng::with_seed(seed ^ 0x5eed);
        let state = Mutex::new(State { rng, left: MOST_SERIES, in_a_row: 0, after: None, struck: 0 });
        Self { function, trouble, of, state, interleaving: Interleaving::of(seed) }
    }

    /// Strikes so far.
    pub fn struck(&self) -> usize {
        self.state.lock().unwrap().struck
    }

    fn choose(&self, call: &CallInfo) -> Option<Side> {
        if call.function != self.function || !self.trouble.befalls(call) {
            return None;
        }
        let mut state = self.state.lock().unwrap();
        if state.in_a_row > 0 {
            state.in_a_row -= 1;
        } else if state.left > 0 && state.rng.usize(0..self.of.max(1)) < 2 {
            state.left -= 1;
            state.in_a_row = match state.rng.u8(0..4) {
                0 => 0,
                1 => state.rng.u32(1..SHORT_SERIES),
                _ => state.rng.u32(LONG_SERIES),
            };
        } else {
            return None;
        }
        state.struck += 1;
        Some(self.trouble.side(&mut state.rng))
    }
}

impl Faults for Strikes {
    fn meanwhile<'a>(&'a self, _: &'a CallInfo) -> BoxFuture<'a, ()> {
        Box::pin(self.interleaving.pause())
    }

    fn before(&self, call: &CallInfo) -> Action {
        match self.choose(call) {
            Some(Side::Before) => self.trouble.action(),
            Some(Side::After) => {
                self.state.lock().unwrap().after = Some(call.number);
                Action::Proceed
            }
            None => Action::Proceed,
        }
    }

    fn after(&self, call: &CallInfo) -> Action {
        let mut state = self.state.lock().unwrap();
        if call.function == self.function && state.after == Some(call.number) {
            state.after = None;
            self.trouble.action()
        } else {
            Action::Proceed
        }
    }
}

/// Holds a function at one of its calls, once, until it is let go: others act meanwhile.
#[derive(Debug)]
pub struct Gatepost {
    function: &'static str,
    operation: &'static str,
    /// Calls that pass before the one that is held.
    passing: AtomicUsize,
    reached: Notify,
    open: Notify,
}

impl Gatepost {
    /// Before the first call of an operation that a function makes.
    pub fn at(function: &'static str, operation: &'static str) -> Arc<Self> {
        Self::after(0, function, operation)
    }

    /// Before a later one, after so many.
    pub fn after(passing: usize, function: &'static str, operation: &'static str) -> Arc<Self> {
        let (passing, reached, open) = (passing.into(), Notify::new(), Notify::new());
        Arc::new(Self { function, operation, passing, reached, open })
    }

    /// Waits until the function is there, does something, and lets it go on.
    pub async fn meanwhile<T>(&self, act: impl Future<Output = T>) -> T {
        self.reached.notified().await;
        let done = act.await;
        self.open.notify_one();
        done
    }
}

impl Faults for Gatepost {
    fn meanwhile<'a>(&'a self, call: &'a CallInfo) -> BoxFuture<'a, ()> {
        let here = call.function == self.function && call.operation == self.operation;
        Box::pin(async move {
            // Wraps around behind the one that is held: no other is.
            if here && self.passing.fetch_sub(1, Ordering::Relaxed) == 0 {
                self.reached.notify_one();
                self.open.notified().await;
            }
        })
    }
}
