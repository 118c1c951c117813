//! Faults that strike calls.

use std::fmt::Debug;

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
    /// The caller is left with a broken connection.
    LoseAnswer,
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
}

/// Decides what becomes of calls.
pub trait Faults: Debug + Send + Sync {
    /// Before a call is made.
    fn before(&self, call: &CallInfo) -> Action;

    /// After it was answered, before the caller sees the answer.
    fn after(&self, call: &CallInfo) -> Action;
}

/// Every call goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn before(&self, _: &CallInfo) -> Action {
        Action::Proceed
    }

    fn after(&self, _: &CallInfo) -> Action {
        Action::Proceed
    }
}
