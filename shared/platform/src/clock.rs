//! The time, passed in.

use std::fmt::Debug;

use jiff::Timestamp;

/// What tells functions, stand-ins and the embedded engine the time. Nothing else may ask the system for it.
pub trait Clock: Debug + Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
