//! Every job, driven by the events and messages that start it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod batches;
mod chain;
mod deliveries;
mod every_schedule;
mod every_worker;
mod feeds;
mod houses;
mod outbox;
mod rates;
mod reaching;
mod reporting;
mod searching;
mod sources;
mod support;
mod watching;
