//! Messages, as `Deps` sends them and as functions are handed them, and what operators ask of queues. See the [API
//! reference](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/) under SendMessageBatch,
//! MessageAttributeValue and StartMessageMoveTask, and the developer guide under "Amazon SQS message quotas", "visibility
//! timeout", "dead-letter queues" and "FIFO queue delivery logic".

use std::time::Duration;

use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry};
use jiff::SignedDuration;
use platform::{Function, Message, Queue, queues::SearchDue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use storage_tests::id;
use xtask::redrive::{self, Order};

use super::queues;
use crate::{
    Row,
    seen::{Observed, Seen, count, refused, sorted, texts, took},
    target::{Delivered, MAX_RECEIVES, ORDERED, Target, VISIBILITY},
};

/// The most bytes that a message has, and that a batch has together.
const LARGEST: usize = 1_048_576;
/// A queue that functions send to, and its dead letters.
const QUEUE: &str = SearchDue::QUEUE.name;
const DEAD: &str = "searches-dead";
/// What SQS calls a value that it does not take, and a batch that is too large: also one of a single message.
const INVALID: &str = "InvalidParameterValue";
const TOO_LONG: &str = "AWS.SimpleQueueService.BatchRequestTooLong";

pub(super) fn rows() -> Vec<Row> {
    vec![
        queues("messages are sent ten a call, and each is delivered", |t| Box::pin(sent(t)), [took(), count(12), count(12)]),
        queues("a message sent for later is delivered then", |t| Box::pin(sent_later(t)), [took(), count(0), count(1)]),
        queues("a delay is at most fifteen minutes", |t| Box::pin(delays(t)), [took(), refused(INVALID)]),
        queues(
            "a batch has one to ten messages, each with a name of its own",
            |t| Box::pin(batches(t)),
            ["EmptyBatchRequest", "TooManyEntriesInBatchRequest", "BatchEntryIdsNotDistinct", "InvalidBatchEntryId"]
                .map(|code| refused(&format!("AWS.SimpleQueueService.{code}"))),
        ),
        queues(
            "a batch is taken but for the message that can't be",
            |t| Box::pin(partial(t)),
            [texts(["good"]), texts(["bad: InvalidMessageContents"]), texts(["fine"])],
        ),
        queues(
            "a message has at most 1 MiB, and so has a batch",
            |t| Box::pin(sizes(t)),
            [took(), refused(TOO_LONG), refused(TOO_LONG)],
        ),
        queues(
            "a message's size counts its attributes: names, types and values",
            |t| Box::pin(attribute_sizes(t)),
            [took(), refused(TOO_LONG)],
        ),
        queues("a message is not empty", |t| Box::pin(empty(t)), [refused("MissingParameter")]),
        queues(
            "a queue that is not there is named",
            |t| Box::pin(nowhere(t)),
            [refused("AWS.SimpleQueueService.NonExistentQueue")],
        ),
        queues(
            "a message that is not deleted comes again, counted, and after too many times lies among the dead letters",
            |t| Box::pin(redelivered(t)),
            [texts([1]), count(0), texts([2]), count(0), texts(["{}"])],
        ),
        queues("a message that is deleted does not come again", |t| Box::pin(deleted(t)), [count(1), count(0), count(0)]),
        queues(
            "what a function can't read it parks among the dead letters, with its name and the reason",
            |t| Box::pin(parked(t)),
            [texts(["poison"]), texts(["parkedBy=search-run-search", "reason=the message can't be read"])],
        ),
        queues(
            "a group's messages come in their order, one batch at a time, and do not hold up another group",
            |t| Box::pin(ordered(t)),
            [took(), texts(["a1"]), texts(["b1"]), count(0), texts(["a2"])],
        ),
        queues("the same message is taken once within five minutes", |t| Box::pin(deduplicated(t)), [took(), took(), count(1)]),
        queues(
            "a queue tells its name, and where its dead letters go",
            |t| Box::pin(described(t)),
            [texts(["searches"]), texts(["searches-dead", "2"])],
        ),
        queues("dead letters are sent round again", |t| Box::pin(redriven(t)), [took(), texts(["COMPLETED 2 of 2"]), count(2)]),
        queues(
            "an operator who misspells a queue is told",
            |t| Box::pin(misspelt(t)),
            [refused(
                "there is no queue serches; \
            the queue is named without -dead, and the deployment by --prefix",
            )],
        ),
    ]
}

fn due(n: u128) -> SearchDue {
    SearchDue {
        tenant: "demo".parse().unwrap(),
        search_key: storage_tests::answer(Vec::new(), "2026-02-17T19:24:00Z").query.key(),
        slot: domain::time::Slot::of(storage_tests::at("2026-02-17T19:24:00Z")),
        max_age_minutes: 30,
        member: id(1),
        watcher: id(n),
    }
}

/// Everything that is on a queue now.
async fn all(target: &Target, queue: &str) -> Vec<Delivered> {
    let mut all = Vec::new();
    loop {
        let some = target.receive(queue).await;
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

/// Sends one message, as functions do: in a batch.
async fn send(target: &Target, queue: &str, message: SendMessageBatchRequestEntry) -> Seen {
    let sent = target.cx().sqs().send_message_batch().queue_url(target.queue_url(queue)).entries(message).send().await;
    match sent.as_ref().ok().and_then(|answer| answer.failed().first()) {
        Some(failed) => refused(failed.code()),
        None => sent.seen(),
    }
}

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
}

async fn sent(target: &Target) -> Vec<Seen> {
    let messages: Vec<SearchDue> = (0..12).map(due).collect();
    let sent = target.cx().send(&messages).await.seen();
    let delivered = all(target, QUEUE).await;
    let read: Vec<SearchDue> = delivered.iter().filter_map(|message| serde_json::from_str(&message.body).ok()).collect();
    vec![sent, count(delivered.len()), count(messages.iter().filter(|message| read.contains(message)).count())]
}

async fn sent_later(target: &Target) -> Vec<Seen> {
    let sent = target.cx().send_later(&due(1), 4).await.seen();
    let early = all(target, QUEUE).await.len();
    target.pass(SignedDuration::from_secs(4)).await;
    vec![sent, count(early), count(all(target, QUEUE).await.len())]
}

async fn delays(target: &Target) -> Vec<Seen> {
    let mut seen = Vec::new();
    for seconds in [900, 901] {
        let mut late = entry("late", "{}");
        late.delay_seconds = Some(seconds);
        seen.push(send(target, QUEUE, late).await);
    }
    seen
}

async fn batches(target: &Target) -> Vec<Seen> {
    let batch = async |ids: &[&str]| {
        let entries = ids.iter().map(|id| entry(id, "{}")).collect();
        let send = target.cx().sqs().send_message_batch().queue_url(target.queue_url(QUEUE));
        send.set_entries(Some(entries)).send().await.seen()
    };
    let eleven = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
    vec![batch(&[]).await, batch(&eleven).await, batch(&["same", "same"]).await, batch(&["a b"]).await]
}

async fn partial(target: &Target) -> Vec<Seen> {
    let send = target.cx().sqs().send_message_batch().queue_url(target.queue_url(QUEUE));
    let answer = send.entries(entry("good", "fine")).entries(entry("bad", "\u{1}")).send().await.unwrap();
    let failed = answer.failed().iter().map(|failed| format!("{}: {}", failed.id(), failed.code()));
    let delivered = all(target, QUEUE).await.into_iter().map(|message| message.body);
    vec![texts(answer.successful().iter().map(|sent| sent.id())), texts(failed), texts(delivered)]
}

async fn sizes(target: &Target) -> Vec<Seen> {
    let fits = send(target, QUEUE, entry("fits", &"x".repeat(LARGEST))).await;
    let does_not = send(target, QUEUE, entry("large", &"x".repeat(LARGEST + 1))).await;
    let half = "x".repeat(LARGEST / 2 + 1);
    let batch = target.cx().sqs().send_message_batch().queue_url(target.queue_url(QUEUE));
    vec![fits, does_not, batch.entries(entry("a", &half)).entries(entry("b", &half)).send().await.seen()]
}

async fn attribute_sizes(target: &Target) -> Vec<Seen> {
    let attribute = MessageAttributeValue::builder().data_type("String").string_value("value").build().unwrap();
    let counted = "name".len() + "String".len() + "value".len();
    let mut seen = Vec::new();
    for body in [LARGEST - counted, LARGEST - counted + 1] {
        let mut message = entry("large", &"x".repeat(body));
        message.message_attributes = Some([("name".to_owned(), attribute.clone())].into());
        seen.push(send(target, QUEUE, message).await);
    }
    seen
}

async fn empty(target: &Target) -> Vec<Seen> {
    vec![send(target, QUEUE, entry("empty", "")).await]
}

async fn nowhere(target: &Target) -> Vec<Seen> {
    vec![send(target, "nowhere", entry("1", "{}")).await]
}

async fn redelivered(target: &Target) -> Vec<Seen> {
    send(target, QUEUE, entry("1", "{}")).await;
    let mut seen = Vec::new();
    for _ in 0..MAX_RECEIVES {
        seen.push(texts(target.receive(QUEUE).await.iter().map(|message| message.receives)));
        if seen.len() == 1 {
            seen.push(count(target.receive(QUEUE).await.len()));
        }
        target.pass(VISIBILITY).await;
    }
    seen.push(count(target.receive(QUEUE).await.len()));
    seen.push(texts(all(target, DEAD).await.into_iter().map(|message| message.body)));
    seen
}

async fn deleted(target: &Target) -> Vec<Seen> {
    send(target, QUEUE, entry("1", "{}")).await;
    let delivered = target.receive(QUEUE).await;
    for message in &delivered {
        target.delete(QUEUE, message).await;
    }
    target.pass(VISIBILITY).await;
    vec![count(delivered.len()), count(target.receive(QUEUE).await.len()), count(target.receive(DEAD).await.len())]
}

async fn parked(target: &Target) -> Vec<Seen> {
    let function = &search::run_search::FUNCTION;
    let event = json!({"Records": [{"messageId": "1", "body": "poison", "attributes": {}, "messageAttributes": {}}]});
    let cx = target.deps(function);
    let deadline = cx.now() + SignedDuration::from_secs(60);
    function.as_job().unwrap().invoke(&cx, event, deadline).await.unwrap();
    let dead = all(target, DEAD).await;
    let bodies = texts(dead.iter().map(|message| &message.body));
    let attributes = dead.iter().flat_map(|message| &message.attributes).map(|(name, value)| format!("{name}={value}"));
    vec![bodies, sorted(attributes)]
}

/// A message whose order within its group matters.
#[derive(Debug, Serialize, Deserialize)]
struct Ordered(String);

impl Message for Ordered {
    const QUEUE: Queue = Queue { fifo: true, ..Queue::sent(ORDERED) };

    fn group(&self) -> String {
        self.0.chars().take(1).collect()
    }
}

fn text_of(message: &Delivered) -> String {
    serde_json::from_str::<Ordered>(&message.body).map_or_else(|_| message.body.clone(), |Ordered(text)| text)
}

async fn ordered(target: &Target) -> Vec<Seen> {
    let sent = target.cx().send(&["a1", "a2", "b1"].map(|text| Ordered(text.to_owned()))).await.seen();
    let mut seen = vec![sent];
    let first = target.receive_one(ORDERED).await;
    seen.push(texts(first.iter().map(text_of)));
    seen.push(texts(target.receive_one(ORDERED).await.iter().map(text_of)));
    seen.push(count(target.receive(ORDERED).await.len()));
    target.delete(ORDERED, &first.unwrap()).await;
    seen.push(texts(target.receive_one(ORDERED).await.iter().map(text_of)));
    seen
}

async fn deduplicated(target: &Target) -> Vec<Seen> {
    let cx = target.cx();
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(cx.send(&[Ordered("a1".to_owned())]).await.seen());
    }
    seen.push(count(target.receive(ORDERED).await.len()));
    seen
}

async fn described(target: &Target) -> Vec<Seen> {
    let cx = target.cx();
    let url = cx.sqs().get_queue_url().queue_name(target.name(QUEUE)).send().await.unwrap().queue_url.unwrap();
    let ask = cx.sqs().get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::QueueArn);
    let attributes = ask.attribute_names(QueueAttributeName::RedrivePolicy).send().await.unwrap().attributes.unwrap();
    let name = |arn: &str| arn.rsplit(':').next().unwrap().replace(target.prefix(), "");
    let policy: Value = serde_json::from_str(&attributes[&QueueAttributeName::RedrivePolicy]).unwrap();
    let policy = [name(policy["deadLetterTargetArn"].as_str().unwrap()), policy["maxReceiveCount"].to_string()];
    vec![texts([name(&attributes[&QueueAttributeName::QueueArn])]), texts(policy)]
}

async fn redrive(target: &Target, queue: &str) -> Result<redrive::Progress, redrive::RedriveError> {
    let order = Order { queue: queue.to_owned(), prefix: target.prefix().to_owned(), max_per_second: None };
    redrive::redrive(target.cx().sqs(), &order, Duration::from_millis(10), |_| {}).await
}

async fn redriven(target: &Target) -> Vec<Seen> {
    for body in ["1", "2"] {
        send(target, DEAD, entry(body, body)).await;
    }
    match redrive(target, QUEUE).await {
        Ok(redrive::Progress { status, moved, to_move }) => {
            vec![took(), texts([format!("{status} {moved} of {to_move}")]), count(all(target, QUEUE).await.len())]
        }
        Err(error) => vec![refused(&error.to_string())],
    }
}

async fn misspelt(target: &Target) -> Vec<Seen> {
    let error = redrive(target, "serches").await.err().map(|error| error.to_string());
    vec![refused(&error.unwrap_or_default().replace(target.prefix(), ""))]
}
