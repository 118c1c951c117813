//! What every adapter must do, over real sockets, by the table of sources: one that is not asked here fails a test.
#![allow(clippy::unwrap_used, reason = "tests")]

mod alarms;
mod answers;
mod asking;
mod booking;
mod failures;
mod guarded;
mod houses;
mod looking_after;
mod patience;
mod recorded;
mod registry;
