//! The main job under every fault.
//!
//! A [`story`] drives every function as members, the schedule and the sources do. A [`world`] tells it in memory, on one
//! thread, without sockets, with ids, clocks and interleavings that follow from a seed, so that whatever happens happens
//! again. [`strikes`] says what goes wrong meanwhile, [`outcome`] what must be so in the end all the same; [`kills`] and
//! [`matrix`] go through all of it, driven by the list of functions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "it serves tests only")]

pub mod conditions;
pub mod kills;
pub mod matrix;
pub mod newcomer;
pub mod outcome;
pub mod refusals;
pub mod story;
pub mod strikes;
pub mod trials;
pub mod workers;
pub mod world;

use local::machine::functions;
use platform::Function;
use storage::Grant;

/// What should not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(pub String);

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The function of this name.
pub fn named(name: &str) -> Option<&'static dyn Function> {
    functions().into_iter().find(|function| function.spec().name == name)
}

/// Whether a function sends mail.
pub(crate) fn mails(function: &'static dyn Function) -> bool {
    function.grants().iter().any(|grant| matches!(grant, Grant::Mail))
}

/// A violation, unless it is so.
///
/// # Errors
/// If it is not.
pub fn ensure(so: bool, otherwise: impl FnOnce() -> String) -> Result<(), Violation> {
    if so { Ok(()) } else { Err(Violation(otherwise())) }
}
