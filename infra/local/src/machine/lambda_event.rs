//! What Lambda hands to a job, and what it makes of the answer.

use std::collections::BTreeSet;

use jiff::Timestamp;
use platform::Queue;
use serde_json::{Map, Value, json};

use crate::standins::{
    bus::{ACCOUNT, REGION},
    md5_hex,
    queues::{DEAD_LETTER_SOURCE, Received},
};

/// A batch of messages, as the SQS event source hands it over.
pub(super) fn of_batch(queue: &Queue, messages: &[Received]) -> Value {
    json!({"Records": messages.iter().map(|message| record(queue, message)).collect::<Vec<_>>()})
}

fn record(queue: &Queue, message: &Received) -> Value {
    let mut attributes = json!({
        "ApproximateReceiveCount": message.receives.to_string(),
        "SentTimestamp": message.sent_at.as_millisecond().to_string(),
        "SenderId": ACCOUNT,
        "ApproximateFirstReceiveTimestamp": message.first_received_at.as_millisecond().to_string(),
    });
    if let Some(group) = &message.group {
        attributes["MessageGroupId"] = json!(group);
    }
    if queue.fifo {
        attributes["SequenceNumber"] = json!(format!("{:020}", message.sequence));
    }
    json!({
        "messageId": message.id.as_str(),
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": message_attributes(message),
        "md5OfBody": md5_hex(message.body.as_bytes()),
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", queue.name),
        "awsRegion": REGION,
    })
}

fn message_attributes(message: &Received) -> Map<String, Value> {
    let text =
        |value: &String| json!({"stringValue": value, "stringListValues": [], "binaryListValues": [], "dataType": "String"});
    let own = message.attributes.iter().filter(|(name, _)| *name != DEAD_LETTER_SOURCE);
    own.map(|(name, value)| (name.clone(), text(value))).collect()
}

/// A tick of a schedule, as EventBridge hands it over.
pub(super) fn of_schedule(function: &str, at: Timestamp) -> Value {
    json!({
        "version": "0",
        "id": format!("{function}-{}", at.as_second()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": at.to_string(),
        "region": REGION,
        "resources": [format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{function}")],
        "detail": "{}",
    })
}

/// The messages that a job has handled: none if it did not answer, or names a failure that is not in the batch, for
/// then nothing it says can be relied on.
pub(super) fn handled<'m>(messages: &'m [Received], answer: Option<&Value>) -> Vec<&'m Received> {
    let failures = answer.and_then(failures);
    let in_batch = |id: &&str| messages.iter().any(|message| message.id.as_str() == *id);
    match failures {
        Some(failed) if failed.iter().all(in_batch) => {
            messages.iter().filter(|message| !failed.contains(message.id.as_str())).collect()
        }
        Some(_) | None => Vec::new(),
    }
}

/// The messages that an answer reports as failed; none if it is malformed. A job that says nothing has handled all.
fn failures(answer: &Value) -> Option<BTreeSet<&str>> {
    match &answer["batchItemFailures"] {
        Value::Null => Some(BTreeSet::new()),
        failures => failures.as_array()?.iter().map(|failure| failure["itemIdentifier"].as_str()).collect(),
    }
}
