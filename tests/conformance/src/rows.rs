//! The table, by what is called. What each row expects is what AWS's documentation states, and, where that names no error code,
//! what both engines answer.

use platform::aws::Service;

use crate::{Row, Run, seen::Seen};

mod caching;
mod changes;
mod dynamodb;
mod events;
mod lists;
mod mail;
mod master_keys;
mod queues;

/// Every row.
pub fn all() -> Vec<Row> {
    let of_data = [caching::rows(), changes::rows(), lists::rows(), dynamodb::rows(), master_keys::rows()];
    let of_messages = [queues::rows(), events::rows(), mail::rows()];
    of_data.into_iter().chain(of_messages).flatten().collect()
}

fn tables(name: &'static str, run: Run, expected: impl Into<Vec<Seen>>) -> Row {
    Row::new(Service::DynamoDb, name, run, expected)
}

fn queues(name: &'static str, run: Run, expected: impl Into<Vec<Seen>>) -> Row {
    Row::new(Service::Sqs, name, run, expected)
}

fn bus(name: &'static str, run: Run, expected: impl Into<Vec<Seen>>) -> Row {
    Row::new(Service::EventBridge, name, run, expected)
}

fn master_keys(name: &'static str, run: Run, expected: impl Into<Vec<Seen>>) -> Row {
    Row::new(Service::Kms, name, run, expected)
}

fn mail(name: &'static str, run: Run, expected: impl Into<Vec<Seen>>) -> Row {
    Row::new(Service::Ses, name, run, expected)
}
