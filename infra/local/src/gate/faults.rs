//! Faults that strike calls.

use std::fmt::Debug;

use futures::future::BoxFuture;
use platform::aws::Service;

/// Whom a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callee {
    /// A service of AWS.
    Aws(Service),
    /// A source outside, by its id.
    Outside(&'static str),
}

/// A call, as faults see it. Refused calls are not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallInfo {
    /// Which function calls.
    pub function: &'static str,
    /// Whom.
    pub callee: Callee,
    /// What, such as `PutItem`.
    pub operation: String,
    /// Which of all calls of this function it is, from 1. The SDK's retries count as calls.
    pub number: u64,
}

/// What becomes of a call. Before it, nothing has happened yet; after it, its effect stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It goes on.
    Proceed,
    /// The caller is answered that it failed.
    Fail(Failure),
    /// The caller is left with a broken connection; by a source outside, with an answer that does not come in time.
    LoseAnswer,
    /// The answer ends in the middle.
    CutAnswer,
    /// There is no connection.
    Disconnect,
    /// The function is killed: the call never returns, and the run that made it ends there.
    Hang,
}

/// How a call fails, in the words of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Slow down.
    Throttled,
    /// Another transaction on the same items is under way. (Where there are no transactions: slow down.)
    Conflict,
    /// The service's own fault.
    Internal,
    /// A transaction is cancelled with this code among its reasons, on account of its first operation. (Where there are no
    /// transactions: slow down.)
    Cancelled(&'static str),
}

/// Decides what becomes of calls.
pub trait Faults: Debug + Send + Sync {
    /// What happens while a call is on its way, before anything else: others may act meanwhile.
    fn meanwhile<'a>(&'a self, call: &'a CallInfo) -> BoxFuture<'a, ()> {
        let _ = call;
        Box::pin(std::future::ready(()))
    }

    /// Before a call is made.
    fn before(&self, call: &CallInfo) -> Action {
        let _ = call;
        Action::Proceed
    }

    /// Another body for the call, to see what a part of it is good for.
    fn rewrite(&self, call: &CallInfo, body: &[u8]) -> Option<Vec<u8>> {
        let _ = (call, body);
        None
    }

    /// After it was answered, before the caller sees the answer.
    fn after(&self, call: &CallInfo) -> Action {
        let _ = call;
        Action::Proceed
    }
}

/// Every call goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFaults;

impl Faults for NoFaults {}
