//! The table, by what is called. What each row expects is what AWS's documentation states, and, where that names no error code,
//! what both engines answer.

use platform::aws::Service;

use crate::{Row, Run, seen::Seen};

mod changes;
mod dynamodb;
mod events;
mod lists;
mod mail;
mod queues;

/// Every row.
pub fn all() -> Vec<Row> {
    [changes::rows(), lists::rows(), dynamodb::rows(), queues::rows(), events::rows(), mail::rows()]
        .into_iter()
        .flatten()
        .collect()
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

fn mail(name: &'static str, run: Run, expected: impl Into<Vec<Seen>>) -> Row {
    Row::new(Service::Ses, name, run, expected)
}
