//! What benchmarks and tests of load share.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's own equipment")]

pub mod burst;
