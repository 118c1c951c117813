//! Events: from the outbox by the relay over the bus to the queues of their consumers. See the [API
//! reference](https://docs.aws.amazon.com/eventbridge/latest/APIReference/) under PutEvents, PutEventsRequestEntry and
//! PutEventsResultEntry, and the user guide under "Event structure" and "Creating event patterns".

use aws_sdk_eventbridge::{operation::put_events::PutEventsOutput, primitives::DateTime, types::PutEventsRequestEntry};
use domain::events::{Event, NAMES, SOURCE, WatcherCreated};
use jiff::SignedDuration;
use local::machine::functions;
use platform::{Feed, Function, Trigger};
use serde_json::{Value, json};
use storage::{Change, OUTBOX_SHARDS};
use storage_tests::{at, id};

use super::bus;
use crate::{
    Row,
    seen::{Observed, Seen, count, refused, sorted, texts, took},
    target::Target,
};

/// When the rows' events happened.
const HAPPENED: &str = "2026-02-17T19:24:00Z";

pub(super) fn rows() -> Vec<Row> {
    vec![
        bus(
            "what waits in the outbox is put on the bus, delivered to its consumer, and removed",
            |t| Box::pin(relayed(t)),
            [took(), texts(["watchers-watcher-changed read by watchers-look-back"]), count(0)],
        ),
        bus(
            "a consumer is handed the event in its envelope",
            |t| Box::pin(enveloped(t)),
            [
                sorted(["account", "detail", "detail-type", "id", "region", "resources", "source", "time", "version"]),
                texts(["0", "WatcherCreated", SOURCE, "us-east-1", "000000000000", r#"["event/x"]"#, r#"{"a":1}"#]),
            ],
        ),
        bus("an event's time is when it happened", |t| Box::pin(dated(t)), [texts(["when it happened"])]),
        bus("every event reaches the queues that want it, and no other", |t| Box::pin(routed(t)), [wanted()]),
        bus("an event of another source reaches none of them", |t| Box::pin(foreign(t)), [took(), count(0)]),
        bus(
            "a call has one to ten events",
            |t| Box::pin(most_events(t)),
            [refused("ValidationException"), took(), refused("ValidationException")],
        ),
        bus("a call has at most 1 MB", |t| Box::pin(largest_call(t)), [refused("ValidationException"), count(0)]),
        bus(
            "what is no event is refused, and holds up no other",
            |t| Box::pin(partial(t)),
            [texts(["taken", "MalformedDetail", "InvalidArgument", "InvalidArgument", "taken"]), count(3), count(2)],
        ),
    ]
}

fn event(target: &Target, name: &str) -> PutEventsRequestEntry {
    PutEventsRequestEntry::builder()
        .event_bus_name(target.bus())
        .source(SOURCE)
        .detail_type(name)
        .detail(r#"{"a":1}"#)
        .time(DateTime::from_secs(at(HAPPENED).as_second()))
        .resources("event/x")
        .build()
}

async fn put(target: &Target, events: Vec<PutEventsRequestEntry>) -> Result<PutEventsOutput, Seen> {
    let answer = target.cx().events().put_events().set_entries(Some(events)).send().await;
    answer.map_err(|error| Err::<(), _>(error).seen())
}

fn seen<T>(answer: Result<T, Seen>) -> Seen {
    answer.map_or_else(|refused| refused, |_| took())
}

/// The envelopes on a queue.
async fn envelopes(target: &Target, queue: &str) -> Vec<Value> {
    target.receive(queue).await.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
}

/// The queues that the bus fills, with the events that each wants.
fn consumers() -> Vec<(&'static dyn Function, &'static str, &'static [&'static str])> {
    let consumer = |function: &'static dyn Function| match function.trigger() {
        Trigger::Queue { queue, .. } => match queue.feed {
            Feed::Events(events) => Some((function, queue.name, events)),
            Feed::Sent => None,
        },
        Trigger::Http(_) | Trigger::Schedule { .. } => None,
    };
    functions().into_iter().filter_map(consumer).collect()
}

async fn relayed(target: &Target) -> Vec<Seen> {
    let relay = &system::relay_outbox::FUNCTION;
    let cx = target.deps(relay);
    let created = WatcherCreated { tenant: "demo".parse().unwrap(), member: id(1), watcher: id(1) };
    cx.store().commit(cx.emit(Change::new(), &created)).await.unwrap();
    let deadline = cx.now() + SignedDuration::from_secs(55);
    let relayed = relay.as_job().unwrap().invoke(&cx, Value::Null, deadline).await.seen();
    let mut read = Vec::new();
    for (function, queue, _) in consumers() {
        for message in target.receive(queue).await {
            let event = json!({"Records": [{"messageId": message.id, "body": message.body}]});
            let reads = function.as_job().unwrap().reads(&event);
            read.push(format!("{queue} {} by {}", if reads { "read" } else { "NOT read" }, function.spec().name));
        }
    }
    let mut left = 0;
    for shard in 0..OUTBOX_SHARDS {
        left += cx.store().outbox(shard, 10, None).await.unwrap().items.len();
    }
    vec![relayed, sorted(read), count(left)]
}

async fn enveloped(target: &Target) -> Vec<Seen> {
    put(target, vec![event(target, WatcherCreated::NAME)]).await.unwrap();
    let envelope = envelopes(target, "watchers-watcher-changed").await.remove(0);
    let names = envelope.as_object().unwrap().keys();
    let told = ["version", "detail-type", "source", "region", "account", "resources", "detail"];
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    vec![sorted(names), texts(told.map(|name| plain(&envelope[name])))]
}

async fn dated(target: &Target) -> Vec<Seen> {
    put(target, vec![event(target, WatcherCreated::NAME)]).await.unwrap();
    let told = |envelope: &Value| if envelope["time"] == HAPPENED { "when it happened" } else { "another time" };
    vec![texts(envelopes(target, "watchers-watcher-changed").await.iter().map(told))]
}

/// Which event reaches which queue, by the consumers' own words.
fn wanted() -> Seen {
    sorted(consumers().into_iter().flat_map(|(_, queue, events)| events.iter().map(move |event| format!("{event} to {queue}"))))
}

async fn routed(target: &Target) -> Vec<Seen> {
    for names in NAMES.chunks(10) {
        put(target, names.iter().map(|name| event(target, name)).collect()).await.unwrap();
    }
    let mut reached = Vec::new();
    for queue in target.queues() {
        let events = envelopes(target, &queue).await;
        reached.extend(events.iter().map(|event| format!("{} to {queue}", event["detail-type"].as_str().unwrap())));
    }
    vec![sorted(reached)]
}

async fn foreign(target: &Target) -> Vec<Seen> {
    let events = NAMES.iter().take(10).map(|name| PutEventsRequestEntry::builder().source("another").detail_type(*name));
    let events = events.map(|event| event.event_bus_name(target.bus()).detail("{}").build()).collect();
    let taken = seen(put(target, events).await);
    let mut reached = 0;
    for queue in target.queues() {
        reached += target.receive(&queue).await.len();
    }
    vec![taken, count(reached)]
}

async fn most_events(target: &Target) -> Vec<Seen> {
    let mut answers = Vec::new();
    for number in [0, 10, 11] {
        let events = vec![event(target, "WatcherDeleted"); number];
        answers.push(seen(put(target, events).await));
    }
    answers
}

async fn largest_call(target: &Target) -> Vec<Seen> {
    let detail = json!({"a": "x".repeat(1_048_576)}).to_string();
    let large = PutEventsRequestEntry::builder().event_bus_name(target.bus()).source(SOURCE).detail_type(WatcherCreated::NAME);
    let taken = seen(put(target, vec![large.detail(detail).build()]).await);
    vec![taken, count(target.receive("watchers-watcher-changed").await.len())]
}

async fn partial(target: &Target) -> Vec<Seen> {
    let whole = || event(target, WatcherCreated::NAME);
    let new = || PutEventsRequestEntry::builder().event_bus_name(target.bus());
    let no_json = new().source(SOURCE).detail_type(WatcherCreated::NAME).detail("no JSON").build();
    let no_source = new().detail_type(WatcherCreated::NAME).detail("{}").build();
    let no_type = new().source(SOURCE).detail("{}").build();
    let answer = match put(target, vec![whole(), no_json, no_source, no_type, whole()]).await {
        Ok(answer) => answer,
        Err(refused) => return vec![refused],
    };
    let outcomes = answer.entries().iter().map(|entry| entry.error_code().unwrap_or("taken"));
    let failed = usize::try_from(answer.failed_entry_count()).unwrap();
    vec![texts(outcomes), count(failed), count(target.receive("watchers-watcher-changed").await.len())]
}
