//! Working a queue: a batch becomes calls, and only the failures go back.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use futures::{FutureExt, StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use storage::StoreError;

use crate::{
    deps::Deps,
    function::Worker,
    queues::Message,
    telemetry::{self, Outcome},
};

/// Why a message was not handled. It says of itself what is to become of the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// It may go better later: the message comes again.
    #[error("retry: {0}")]
    Retry(String),
    /// It never will: the message goes to the dead letters at once, with this reason.
    #[error("park: {0}")]
    Park(String),
}

impl JobError {
    /// From an AWS call. Only the operation and the code are kept: messages can quote what was sent.
    pub fn aws<E: ProvideErrorMetadata, R>(operation: &str, error: &SdkError<E, R>) -> Self {
        Self::Retry(format!("{operation}: {}", error.code().unwrap_or("no answer")))
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt(_) | StoreError::TooLarge | StoreError::Cursor => Self::Park(error.to_string()),
            StoreError::Exists
            | StoreError::Changed
            | StoreError::LimitReached
            | StoreError::TooOften(_)
            | StoreError::Replayed
            | StoreError::Contended
            | StoreError::Throttled
            | StoreError::Unavailable(_)
            | StoreError::Refused(_) => Self::Retry(error.to_string()),
        }
    }
}

/// A message is not begun when less than this is left: it would be cut off half way.
const RESERVE: SignedDuration = SignedDuration::from_secs(3);

/// Why something was not begun.
pub(crate) fn too_late() -> JobError {
    JobError::Retry("too little time is left".to_owned())
}

/// Works a batch. Messages of one group go one after the other and stop at the first failure; groups (on a standard
/// queue every message is one) go side by side, at most `worker.concurrency` at once. What fails, panics or is not begun
/// before the deadline is reported and comes again.
pub(crate) async fn work<M: Message>(worker: &Worker<M>, cx: &Deps, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
    let mut groups: Vec<(Option<String>, Vec<SqsMessage>)> = Vec::new();
    for record in event.records {
        let group = record.attributes.get("MessageGroupId").cloned();
        match groups.iter_mut().find(|(known, _)| group.is_some() && *known == group) {
            Some((_, records)) => records.push(record),
            None => groups.push((group, vec![record])),
        }
    }
    let failures: Vec<Vec<BatchItemFailure>> = stream::iter(groups)
        .map(|(_, records)| work_group(worker, cx, records, deadline))
        .buffer_unordered(worker.concurrency)
        .collect()
        .await;
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures.into_iter().flatten().collect();
    response
}

async fn work_group<M: Message>(
    worker: &Worker<M>,
    cx: &Deps,
    records: Vec<SqsMessage>,
    deadline: Timestamp,
) -> Vec<BatchItemFailure> {
    let mut failures = Vec::new();
    for record in records {
        // After a failure the rest of the group must wait, or order would be lost.
        if !failures.is_empty() || work_one(worker, cx, &record, deadline).await.is_err() {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = record.message_id.unwrap_or_default();
            failures.push(failure);
        }
    }
    failures
}

/// Handles one message. An error means that it comes again.
async fn work_one<M: Message>(worker: &Worker<M>, cx: &Deps, record: &SqsMessage, deadline: Timestamp) -> Result<(), JobError> {
    let started = cx.now();
    if cx.time_left(deadline) < RESERVE {
        return telemetry::job(cx, Outcome::NotBegun, started, Err(too_late()));
    }
    let body = record.body.as_deref().unwrap_or_default();
    let handled = match serde_json::from_str::<M>(body) {
        Ok(message) => AssertUnwindSafe((worker.run)(cx, message))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(JobError::Retry("panicked".to_owned()))),
        Err(_) => Err(JobError::Park("the message can't be read".to_owned())),
    };
    match handled {
        Ok(()) => telemetry::job(cx, Outcome::Done, started, Ok(())),
        Err(JobError::Park(reason)) => {
            let parked = cx.park(M::QUEUE, record, &reason).await;
            // One that the dead letters did not take comes again, and is counted when they have.
            let outcome = if parked.is_ok() { Outcome::Parked } else { Outcome::Failed };
            telemetry::job(cx, outcome, started, Err(JobError::Park(reason))).ok();
            parked
        }
        Err(retry @ JobError::Retry(_)) => telemetry::job(cx, Outcome::Failed, started, Err(retry)),
    }
}
