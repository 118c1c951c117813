//! SQS: AWS JSON 1.0.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::standins::QueueSpec;
use crate::standins::bus::{ACCOUNT, REGION};
use crate::standins::queues::{LARGEST_MESSAGE, NewMessage, QueueError, QueueStats, Queues};
use crate::standins::store::md5_hex;

use super::{Answer, Refusal, json, parse};

mod moves;

/// The most messages of one batch.
const LARGEST_BATCH: usize = 10;

pub(super) fn answer(queues: &Queues, operation: &str, base: &str, body: &[u8]) -> Answer {
    match operation {
        "SendMessage" => send_message(queues, read(body)?),
        "SendMessageBatch" => send_message_batch(queues, read(body)?),
        "GetQueueUrl" => get_queue_url(queues, base, &read(body)?),
        "GetQueueAttributes" => get_queue_attributes(queues, &read(body)?),
        "StartMessageMoveTask" => moves::start(queues, &read(body)?),
        "ListMessageMoveTasks" => moves::list(queues, &read(body)?),
        _ => Err(Refusal::unknown_operation(&format!("AmazonSQS.{operation}"))),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    parse(body, "SerializationException")
}

/// A message of its own, or one of a batch. (One struct, as serde cannot both flatten and refuse unknown members.)
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SendMessage {
    /// Only of a message of its own.
    queue_url: Option<String>,
    /// Only of one of a batch.
    id: Option<String>,
    message_body: String,
    delay_seconds: Option<i64>,
    #[serde(default)]
    message_attributes: BTreeMap<String, Attribute>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SendMessageBatch {
    queue_url: String,
    entries: Vec<SendMessage>,
}

/// A text, the one kind of attribute that functions send.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Attribute {
    #[serde(rename = "DataType")]
    _data_type: AttributeType,
    string_value: String,
}

/// [`ATTRIBUTE_TYPE`](crate::standins::queues::ATTRIBUTE_TYPE), and no other.
#[derive(Deserialize)]
enum AttributeType {
    String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Sent {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    md5_of_message_body: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    sender_fault: bool,
    code: &'static str,
    message: String,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "PascalCase")]
struct BatchAnswer {
    successful: Vec<Sent>,
    failed: Vec<Failed>,
}

impl From<SendMessage> for NewMessage {
    fn from(request: SendMessage) -> Self {
        let attributes = request.message_attributes.into_iter();
        Self {
            body: request.message_body,
            delay: SignedDuration::from_secs(request.delay_seconds.unwrap_or_default()),
            attributes: attributes.map(|(name, attribute)| (name, attribute.string_value)).collect(),
            group: request.message_group_id,
            dedup: request.message_deduplication_id,
        }
    }
}

fn send_message(queues: &Queues, request: SendMessage) -> Answer {
    let queue = name_in(request.queue_url.as_deref().unwrap_or_default()).to_owned();
    json(&send(queues, &queue, None, request.into())?)
}

fn send_message_batch(queues: &Queues, request: SendMessageBatch) -> Answer {
    let queue = name_in(&request.queue_url);
    queues.stats_of(queue)?;
    let mut answer = BatchAnswer::default();
    for (id, message) in batch(request.entries)? {
        match send(queues, queue, Some(id.clone()), message) {
            Ok(sent) => answer.successful.push(sent),
            Err(error) => answer.failed.push(failed(id, error)),
        }
    }
    json(&answer)
}

fn send(queues: &Queues, queue: &str, id: Option<String>, message: NewMessage) -> Result<Sent, QueueError> {
    let md5_of_message_body = md5_hex(message.body.as_bytes());
    let message_id = queues.send(queue, message)?.to_string();
    Ok(Sent { id, message_id, md5_of_message_body })
}

/// The messages of a batch by their ids in it.
fn batch(entries: Vec<SendMessage>) -> Result<Vec<(String, NewMessage)>, Refusal> {
    if entries.is_empty() {
        return Err(refuse(EMPTY_BATCH, "the batch is empty"));
    }
    if entries.len() > LARGEST_BATCH {
        return Err(refuse(TOO_MANY_ENTRIES, "the batch has more than 10 entries"));
    }
    let mut ids = BTreeSet::new();
    let mut messages = Vec::new();
    for mut entry in entries {
        let id = entry.id.take().unwrap_or_default();
        if !is_batch_id(&id) {
            return Err(refuse(INVALID_BATCH_ID, "an entry's id is not 1 to 80 letters, digits, hyphens, underscores"));
        }
        if !ids.insert(id.clone()) {
            return Err(refuse(BATCH_IDS_NOT_DISTINCT, "two entries have one id"));
        }
        messages.push((id, NewMessage::from(entry)));
    }
    let size: usize = messages.iter().map(|(_, message)| message.size()).sum();
    if size > LARGEST_MESSAGE {
        return Err(refuse(BATCH_TOO_LONG, "the batch has more than 1048576 bytes"));
    }
    Ok(messages)
}

fn is_batch_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=80).contains(&id.len()) && id.bytes().all(is_allowed)
}

fn failed(id: String, error: QueueError) -> Failed {
    let refusal = Refusal::from(error);
    Failed {
        id,
        sender_fault: refusal.status.is_client_error(),
        code: refusal.query_code.unwrap_or(refusal.shape),
        message: refusal.message,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueueUrl {
    queue_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct QueueUrl {
    queue_url: String,
}

fn get_queue_url(queues: &Queues, base: &str, request: &GetQueueUrl) -> Answer {
    queues.stats_of(&request.queue_name)?;
    json(&QueueUrl { queue_url: format!("{base}/{ACCOUNT}/{}", request.queue_name) })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueueAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct QueueAttributes {
    attributes: BTreeMap<&'static str, String>,
}

fn get_queue_attributes(queues: &Queues, request: &GetQueueAttributes) -> Answer {
    let queue = name_in(&request.queue_url);
    let known = known_attributes(queues.spec(queue)?, &queues.stats_of(queue)?);
    let mut attributes = BTreeMap::new();
    for name in &request.attribute_names {
        attributes.extend(attribute(&known, name)?);
    }
    json(&QueueAttributes { attributes })
}

/// What a queue has for each attribute that the stand-ins know; nothing where it is not set.
type KnownAttributes = [(&'static str, Option<String>); 5];

fn known_attributes(spec: &QueueSpec, stats: &QueueStats) -> KnownAttributes {
    let redrive_policy = spec
        .dead_letter
        .as_ref()
        .map(|dead_letter| json!({"deadLetterTargetArn": arn(dead_letter), "maxReceiveCount": spec.max_receives}).to_string());
    [
        ("ApproximateNumberOfMessages", Some(stats.visible.to_string())),
        ("ApproximateNumberOfMessagesDelayed", Some(stats.delayed.to_string())),
        ("ApproximateNumberOfMessagesNotVisible", Some(stats.in_flight.to_string())),
        ("QueueArn", Some(arn(&spec.name))),
        ("RedrivePolicy", redrive_policy),
    ]
}

/// The attributes that a name asks for: one, or with `All` every one there is.
fn attribute(known: &KnownAttributes, name: &str) -> Result<Vec<(&'static str, String)>, Refusal> {
    let asked: Vec<_> = known.iter().filter(|(known, _)| name == "All" || name == *known).collect();
    if asked.is_empty() {
        return Err(refuse(INVALID_ATTRIBUTE_NAME, format!("the local stand-ins do not know the attribute {name:?}")));
    }
    Ok(asked.into_iter().filter_map(|(name, value)| Some((*name, value.clone()?))).collect())
}

/// The name that the whole cloud knows a queue by.
fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")
}

/// The queue's name: the last segment of its URL.
fn name_in(queue_url: &str) -> &str {
    queue_url.rsplit_once('/').map_or(queue_url, |(_, name)| name)
}

/// An error of SQS: its shape, and the code of the older query protocol, by which the SDK knows it.
struct Code(&'static str, &'static str);

const QUEUE_DOES_NOT_EXIST: Code = Code("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue");
const EMPTY_BATCH: Code = Code("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest");
const TOO_MANY_ENTRIES: Code = Code("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest");
const INVALID_BATCH_ID: Code = Code("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId");
const BATCH_IDS_NOT_DISTINCT: Code = Code("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct");
const BATCH_TOO_LONG: Code = Code("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong");
const NOT_IN_FLIGHT: Code = Code("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight");
const INVALID_CONTENTS: Code = Code("InvalidMessageContents", "InvalidMessageContents");
const INVALID_ATTRIBUTE_NAME: Code = Code("InvalidAttributeName", "InvalidAttributeName");
const INVALID_PARAMETER: Code = Code("InvalidParameterValueException", "InvalidParameterValue");
const MISSING_PARAMETER: Code = Code("MissingRequiredParameterException", "MissingParameter");
const RESOURCE_NOT_FOUND: Code = Code("ResourceNotFoundException", "ResourceNotFoundException");
const INVALID_RECEIPT: Code = Code("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid");

fn refuse(Code(shape, query_code): Code, message: impl ToString) -> Refusal {
    Refusal { namespace: "com.amazonaws.sqs#", query_code: Some(query_code), ..Refusal::invalid(shape, message) }
}

impl From<QueueError> for Refusal {
    fn from(error: QueueError) -> Self {
        let code = match &error {
            QueueError::NoSuchQueue(_) => QUEUE_DOES_NOT_EXIST,
            QueueError::InvalidCharacter(_) => INVALID_CONTENTS,
            QueueError::EmptyBody | QueueError::GroupMissing => MISSING_PARAMETER,
            QueueError::TooLarge(_)
            | QueueError::TooManyAttributes(_)
            | QueueError::DelayOutOfRange
            | QueueError::DelayOnFifo
            | QueueError::DedupMissing
            | QueueError::DedupOnStandard
            | QueueError::NotDeadLetters(_)
            | QueueError::TypesDiffer(..)
            | QueueError::MoveUnderWay(_)
            | QueueError::PaceOutOfRange
            | QueueError::VisibilityOutOfRange => INVALID_PARAMETER,
            QueueError::InvalidReceipt(_) => INVALID_RECEIPT,
            QueueError::NotInFlight => NOT_IN_FLIGHT,
            QueueError::Database(_) => return Self::internal("InternalFailure", error),
        };
        refuse(code, error)
    }
}
