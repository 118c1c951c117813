//! EventBridge: AWS JSON 1.1.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::standins::bus::{Bus, BusError, Entry, EntryError, EventId};

use super::{Answer, Refusal, json, parse};

pub(super) fn answer(bus: &Bus, operation: &str, body: &[u8]) -> Answer {
    match operation {
        "PutEvents" => put_events(bus, parse(body, "SerializationException")?),
        _ => Err(Refusal::unknown_operation(&format!("AWSEvents.{operation}"))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutEvents {
    entries: Vec<PutEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutEvent {
    #[serde(default)]
    source: String,
    #[serde(default)]
    detail_type: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    resources: Vec<String>,
    /// Seconds since the epoch, possibly with a fraction.
    time: Option<Number>,
    /// There is one bus, by whatever name.
    #[serde(rename = "EventBusName")]
    _event_bus_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutEventsAnswer {
    failed_entry_count: usize,
    entries: Vec<PutEventAnswer>,
}

#[derive(Serialize)]
#[serde(rename_all_fields = "PascalCase", untagged)]
enum PutEventAnswer {
    Accepted { event_id: EventId },
    Refused { error_code: &'static str, error_message: String },
}

fn put_events(bus: &Bus, request: PutEvents) -> Answer {
    let entries: Vec<Entry> = request.entries.into_iter().map(entry).collect::<Result<_, _>>()?;
    let outcomes = bus.put(&entries)?;
    json(&PutEventsAnswer {
        failed_entry_count: outcomes.iter().filter(|outcome| outcome.is_err()).count(),
        entries: outcomes.into_iter().map(PutEventAnswer::from).collect(),
    })
}

fn entry(request: PutEvent) -> Result<Entry, Refusal> {
    Ok(Entry {
        source: request.source,
        detail_type: request.detail_type,
        detail: request.detail,
        resources: request.resources,
        time: request.time.map(instant).transpose()?,
    })
}

/// The whole second of a number; consumers see no more of it.
fn instant(seconds: Number) -> Result<Timestamp, Refusal> {
    let whole = seconds.as_i64().or_else(|| seconds.as_f64().map(|seconds| seconds.floor() as i64));
    let instant = whole.and_then(|second| Timestamp::from_second(second).ok());
    instant.ok_or_else(|| Refusal::invalid("SerializationException", format!("{seconds} is not a time")))
}

impl From<Result<EventId, EntryError>> for PutEventAnswer {
    fn from(outcome: Result<EventId, EntryError>) -> Self {
        match outcome {
            Ok(event_id) => Self::Accepted { event_id },
            Err(error) => Self::Refused { error_code: code(&error), error_message: error.to_string() },
        }
    }
}

fn code(error: &EntryError) -> &'static str {
    match error {
        EntryError::MalformedDetail => "MalformedDetail",
        EntryError::SourceMissing | EntryError::DetailTypeMissing => "InvalidArgument",
        EntryError::Undeliverable(_) => "InternalFailure",
    }
}

impl From<BusError> for Refusal {
    fn from(error: BusError) -> Self {
        match error {
            BusError::NoEntries | BusError::TooManyEntries(_) | BusError::TooLarge(_) => {
                Self::invalid("ValidationException", error)
            }
            BusError::Database(_) => Self::internal("InternalException", error),
        }
    }
}
