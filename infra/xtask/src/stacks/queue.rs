//! Queues: a queue with its dead letters, what the bus sends to it, and the mapping that hands it to its worker.

use domain::events::SOURCE;
use platform::{Feed, Function, Queue};
use serde_json::{Value, json};
use storage::Grant;

use super::{
    StackError, alarm,
    function::{Named, alias},
    template::{Template, arn, attribute, prefixed, reference, sub},
};

/// How long a message waits at most, in seconds: four days, as long as a long weekend.
const KEPT: u32 = 4 * 24 * 60 * 60;
/// How long a dead letter is kept, in seconds: fourteen days, the longest there is.
const DEAD_KEPT: u32 = 14 * 24 * 60 * 60;

/// Batches at a time of a worker that calls the world outside, the fewest that SQS allows: sources and SES count our calls.
const OUTSIDE_AT_A_TIME: u16 = 2;
/// Batches at a time of other workers: all of them together leave most of an account's thousand environments to the API.
const AT_A_TIME: u16 = 10;

/// The ARN of a queue: it follows from its name, so that stacks need not wait for each other.
pub(super) fn arn_of(name: &str) -> String {
    arn("sqs", &format!("${{Prefix}}{name}"))
}

/// The URL of a queue.
pub(super) fn url_of(name: &str) -> String {
    format!("https://sqs.${{AWS::Region}}.${{AWS::URLSuffix}}/${{AWS::AccountId}}/${{Prefix}}{name}")
}

/// Where what starts a function ends up when it can't be handed to it.
pub(super) fn dead_of_function(function: &'static dyn Function) -> String {
    format!("{}-dead", function.spec().name)
}

/// The queue of a worker, its dead letters, the mapping, and what fills it.
pub(super) fn add(template: &mut Template, worker: &Named, queue: &Queue, batch: u16) -> Result<(), StackError> {
    if queue.fifo {
        return Err(StackError::Fifo(queue.name));
    }
    let names = Names::of(queue);
    template.add(&names.dead, "AWS::SQS::Queue", dead_letters(&queue.dead(), Some(queue.name)));
    template.add(
        &names.queue,
        "AWS::SQS::Queue",
        json!({
            "QueueName": prefixed(queue.name),
            "VisibilityTimeout": queue.visibility_seconds,
            "MessageRetentionPeriod": KEPT,
            "RedrivePolicy": {"deadLetterTargetArn": attribute(&names.dead, "Arn"), "maxReceiveCount": queue.max_receives},
            "SqsManagedSseEnabled": true,
        }),
    );
    template.add(
        format!("{}Mapping", worker.id),
        "AWS::Lambda::EventSourceMapping",
        json!({
            "FunctionName": alias(worker),
            "EventSourceArn": attribute(&names.queue, "Arn"),
            "BatchSize": batch,
            // SQS fills a batch of more than ten only if it may wait for it.
            "MaximumBatchingWindowInSeconds": u8::from(batch > 10),
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": at_a_time(worker.function)},
        }),
    );
    match queue.feed {
        Feed::Sent => {}
        Feed::Events(events) => add_rule(template, &names, events),
    }
    alarm::backlog(template, &names.queue, queue.name);
    alarm::dead_letters(template, &names.dead, &queue.dead());
    Ok(())
}

/// The ids of a queue's resources.
struct Names {
    queue: String,
    dead: String,
    rule: String,
}

impl Names {
    fn of(queue: &Queue) -> Self {
        let id = super::pascal(queue.name);
        Self { queue: format!("{id}Queue"), dead: format!("{id}DeadLetters"), rule: format!("{id}Rule") }
    }
}

/// A queue for dead letters; of this queue, or of none.
pub(super) fn dead_letters(name: &str, of_queue: Option<&str>) -> Value {
    let redrive = match of_queue {
        Some(queue) => json!({"redrivePermission": "byQueue", "sourceQueueArns": [sub(arn_of(queue))]}),
        None => json!({"redrivePermission": "denyAll"}),
    };
    json!({
        "QueueName": prefixed(name),
        "MessageRetentionPeriod": DEAD_KEPT,
        "RedriveAllowPolicy": redrive,
        "SqsManagedSseEnabled": true,
    })
}

/// A worker that asks sources or sends mail goes by what those allow.
fn at_a_time(worker: &'static dyn Function) -> u16 {
    let outside = worker.grants().iter().any(|grant| match grant {
        Grant::Call(_) | Grant::Mail => true,
        Grant::Read(_)
        | Grant::Write(_)
        | Grant::Emit(_)
        | Grant::Send(_)
        | Grant::Publish
        | Grant::MakeKeys
        | Grant::UseKeys
        | Grant::Know(_) => false,
    });
    if outside { OUTSIDE_AT_A_TIME } else { AT_A_TIME }
}

/// The bus sends a queue's events to it, and to its dead letters what it can't deliver; nobody else's rule may.
fn add_rule(template: &mut Template, names: &Names, events: &[&str]) {
    template.add(
        &names.rule,
        "AWS::Events::Rule",
        json!({
            "EventBusName": reference("BusName"),
            "EventPattern": {"source": [SOURCE], "detail-type": events},
            "Targets": [{
                "Id": "queue",
                "Arn": attribute(&names.queue, "Arn"),
                "DeadLetterConfig": {"Arn": attribute(&names.dead, "Arn")},
            }],
        }),
    );
    let from_the_rule = |queue: &str| -> Value {
        json!({
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": attribute(queue, "Arn"),
            "Condition": {"ArnEquals": {"aws:SourceArn": attribute(&names.rule, "Arn")}},
        })
    };
    for queue in [&names.queue, &names.dead] {
        template.add(
            format!("{queue}Policy"),
            "AWS::SQS::QueuePolicy",
            json!({
                "Queues": [reference(queue)],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [from_the_rule(queue)]},
            }),
        );
    }
}
