//! Batches: only the failures go back, order is kept within a group, nothing is begun too late, panics are failures.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use local::{standins::queues::NewMessage, test_app::TestApp};
use platform::{Deps, Function, JobError, Message, Queue, Worker};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Step {
    test: String,
    name: String,
}

impl Message for Step {
    const QUEUE: Queue = Queue { fifo: true, ..Queue::sent("steps") };
}

static WORKER: Worker<Step> = Worker::new("jobs-step", |cx, step| Box::pin(step_once(cx, step))).batch(10, 3);
static FUNCTIONS: &[&dyn Function] = &[&WORKER];
static DONE: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

async fn step_once(cx: &Deps, step: Step) -> Result<(), JobError> {
    if step.name.starts_with("park") {
        return Err(JobError::Park(format!("{} at {}", step.name, cx.now())));
    }
    if step.name.starts_with("retry") {
        return Err(JobError::Retry("asked to".to_owned()));
    }
    assert!(!step.name.starts_with("panic"), "asked to");
    DONE.lock().unwrap().push((step.test, step.name));
    Ok(())
}

/// Works a batch of (group, step), and answers what was done, in order, and what goes back.
async fn work(test: &str, steps: &[(Option<&str>, &str)], left: SignedDuration) -> (Vec<String>, Vec<String>) {
    let app = TestApp::new().await;
    let record = |(group, name): &(Option<&str>, &str)| {
        let attributes = group.map_or(json!({}), |group| json!({"MessageGroupId": group}));
        json!({"messageId": name, "body": json!({"test": test, "name": name}).to_string(), "attributes": attributes, "messageAttributes": {}})
    };
    let event = json!({"Records": steps.iter().map(record).collect::<Vec<Value>>()});
    let deadline: Timestamp = app.system().now() + left;
    let answer = WORKER.as_job().unwrap().invoke(app.system().operator(), event, deadline).await.unwrap();
    let failures = answer["batchItemFailures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned());
    let done = DONE.lock().unwrap().iter().filter(|(of, _)| of == test).map(|(_, name)| name.clone()).collect();
    (done, failures.collect())
}

const ENOUGH: SignedDuration = SignedDuration::from_secs(30);

#[tokio::test]
async fn only_what_failed_goes_back() {
    for slot in 0..4 {
        let mut steps = [(None, "a"), (None, "b"), (None, "c"), (None, "d")];
        steps[slot] = (None, "retry");
        let (mut done, failed) = work(&format!("slot {slot}"), &steps, ENOUGH).await;
        done.sort_unstable();
        assert_eq!((done.len(), failed), (3, vec!["retry".to_owned()]));
    }
}

#[tokio::test]
async fn a_group_stops_at_its_first_failure_and_others_go_on_in_order() {
    let steps =
        [(Some("x"), "x1"), (Some("y"), "y1"), (Some("x"), "retry"), (Some("y"), "y2"), (Some("x"), "x3"), (Some("y"), "y3")];
    let (done, failed) = work("groups", &steps, ENOUGH).await;
    let of = |group: char| done.iter().filter(|name| name.starts_with(group)).cloned().collect::<Vec<_>>();
    assert_eq!((of('x'), of('y')), (vec!["x1".to_owned()], vec!["y1".to_owned(), "y2".to_owned(), "y3".to_owned()]));
    assert_eq!(failed, ["retry", "x3"]);
}

#[tokio::test]
async fn a_panic_is_one_failure_and_not_the_batchs() {
    let (done, failed) = work("panic", &[(None, "a"), (None, "panic"), (None, "b")], ENOUGH).await;
    assert_eq!((done.len(), failed), (2, vec!["panic".to_owned()]));
}

#[tokio::test]
async fn nothing_is_begun_that_there_is_no_time_for() {
    for left in [SignedDuration::from_secs(2), SignedDuration::ZERO, SignedDuration::from_secs(-5)] {
        let (done, failed) = work(&format!("late {left}"), &[(None, "a"), (None, "b")], left).await;
        assert_eq!((done, failed), (vec![], vec!["a".to_owned(), "b".to_owned()]));
    }
}

/// A dead-letter queue that is FIFO takes what it saw within five minutes for the same, and drops it. Parked again at once, of
/// two groups with the same text, in batches: nothing may be dropped, and order holds.
#[tokio::test]
async fn what_is_parked_again_at_once_is_not_taken_for_what_was_parked_before() {
    let app = TestApp::with(FUNCTIONS).await;
    let queues = app.system().standins().queues();
    let steps = [("x", "park 1"), ("y", "park 1"), ("x", "park 2"), ("y", "park 2"), ("x", "park 1")];
    for (number, (group, name)) in steps.into_iter().enumerate() {
        let body = json!({"test": "fifo", "name": name}).to_string();
        let ordered = NewMessage { group: Some(group.to_owned()), dedup: Some(number.to_string()), ..NewMessage::new(body) };
        queues.send("steps", ordered).unwrap();
    }
    let of_group = |group: &str| {
        let letters = app.dead_letters().into_iter().map(|(_, letter)| letter);
        letters
            .filter(|letter| letter.group.as_deref() == Some(group))
            .map(|letter| letter.reason().to_owned())
            .collect::<Vec<_>>()
    };
    for _ in 0..3 {
        app.settle().await;
        let reasons = |names: &[&str]| names.iter().map(|name| format!("{name} at {}", app.system().now())).collect::<Vec<_>>();
        assert_eq!(of_group("x"), reasons(&["park 1", "park 2", "park 1"]));
        assert_eq!(of_group("y"), reasons(&["park 1", "park 2"]));
        app.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(queues.redrive("steps-dead").unwrap(), 5);
    }
}
