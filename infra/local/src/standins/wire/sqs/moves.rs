//! Tasks that move messages.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::super::{Answer, Refusal, json};
use super::{INVALID_PARAMETER, RESOURCE_NOT_FOUND, arn, refuse};
use crate::standins::moves::{MOST_TOLD, MoveOrder, MoveState, MoveTask};
use crate::standins::queues::Queues;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct StartMessageMoveTask {
    source_arn: String,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListMessageMoveTasks {
    source_arn: String,
    max_results: Option<i32>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Started {
    task_handle: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    results: Vec<Entry>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    task_handle: Option<String>,
    status: &'static str,
    source_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_number_of_messages_per_second: Option<u32>,
    approximate_number_of_messages_moved: u64,
    approximate_number_of_messages_to_move: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    /// Milliseconds since the epoch.
    started_timestamp: i64,
}

pub(super) fn start(queues: &Queues, request: &StartMessageMoveTask) -> Answer {
    let source = queue_of(queues, &request.source_arn, "SourceArn")?;
    let destination = request.destination_arn.as_ref().map(|arn| queue_of(queues, arn, "DestinationArn")).transpose()?;
    // A negative number is as much out of range as 0.
    let per_second = request.max_number_of_messages_per_second.map(|pace| u32::try_from(pace).unwrap_or(0));
    let task = queues.start_move(MoveOrder { source, destination, per_second })?;
    json(&Started { task_handle: task.handle })
}

pub(super) fn list(queues: &Queues, request: &ListMessageMoveTasks) -> Answer {
    let source = queue_of(queues, &request.source_arn, "SourceArn")?;
    let max = usize::try_from(request.max_results.unwrap_or(1)).unwrap_or(0);
    if !(1..=MOST_TOLD).contains(&max) {
        return Err(refuse(INVALID_PARAMETER, "MaxResults is not between 1 and 10"));
    }
    json(&Listed { results: queues.moves(source, max)?.into_iter().map(Entry::from).collect() })
}

/// The queue that an ARN names.
fn queue_of<'a>(queues: &Queues, named: &'a str, parameter: &str) -> Result<&'a str, Refusal> {
    let name = named.rsplit_once(':').map_or(named, |(_, name)| name);
    if queues.spec(name).is_ok() && named == arn(name) {
        return Ok(name);
    }
    let message = format!("The resource that you specified for the {parameter} parameter doesn't exist.");
    Err(Refusal { status: StatusCode::NOT_FOUND, ..refuse(RESOURCE_NOT_FOUND, message) })
}

impl From<MoveTask> for Entry {
    fn from(task: MoveTask) -> Self {
        let (status, failure_reason) = match task.state {
            MoveState::Running => ("RUNNING", None),
            MoveState::Completed => ("COMPLETED", None),
            MoveState::Failed(reason) => ("FAILED", Some(reason)),
        };
        Self {
            // It is good for ending the task, and a task that has ended has none.
            task_handle: (status == "RUNNING").then_some(task.handle),
            status,
            source_arn: arn(&task.source),
            destination_arn: task.destination.as_deref().map(arn),
            max_number_of_messages_per_second: task.per_second,
            approximate_number_of_messages_moved: task.moved,
            approximate_number_of_messages_to_move: task.to_move,
            failure_reason,
            started_timestamp: task.started_at.as_millisecond(),
        }
    }
}
