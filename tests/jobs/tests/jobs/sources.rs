//! Sources that fail.

use aws_sdk_sqs::types::QueueAttributeName;
use http::StatusCode;
use jiff::ToSpan;
use local::test_app::TestApp;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_source_that_is_down_for_a_while_costs_a_delay() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    space.fail(Some(StatusCode::SERVICE_UNAVAILABLE));
    run(&app, &dana, watcher).await;
    assert_eq!(app.mails().len(), 0);
    space.fail(None);
    app.leap(13.minutes()).await;
    assert_eq!(app.mails().len(), 1);
}

#[tokio::test]
async fn a_source_that_refuses_us_is_parked_with_the_reason_at_once() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    space.fail(Some(StatusCode::UNAUTHORIZED));
    run(&app, &dana, watcher).await;
    let letters = app.dead_letters();
    assert_eq!(letters.len(), 1, "{letters:#?}");
    assert_eq!(letters[0].0, "searches-dead");
    assert!(letters[0].1.attributes["reason"].contains("seats-aero"), "{:?}", letters[0].1.attributes);
}

#[tokio::test]
async fn a_source_that_stays_down_ends_among_the_dead_letters_and_can_be_sent_round_again() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({"schedule": {"every": "hours", "hours": 24}})).await;
    space.fail(Some(StatusCode::SERVICE_UNAVAILABLE));
    run(&app, &dana, watcher).await;
    for _ in 0..5 {
        app.leap(13.minutes()).await;
    }
    assert_eq!(app.dead_letters()[0].1.reason(), "received too often");
    assert_eq!(visible_to_an_alarm(&app, "searches-dead").await, "1");
    space.fail(None);
    assert_eq!(app.system().standins().queues().redrive("searches-dead").unwrap(), 1);
    app.settle().await;
    assert_eq!((app.dead_letters().len(), app.mails().len()), (0, 1));
    assert_eq!(visible_to_an_alarm(&app, "searches-dead").await, "0");
}

/// What SQS says of a queue, and CloudWatch calls `ApproximateNumberOfMessagesVisible`.
async fn visible_to_an_alarm(app: &TestApp, queue: &str) -> String {
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    let sqs = app.system().operator().sqs();
    let url = sqs.get_queue_url().queue_name(queue).send().await.unwrap().queue_url.unwrap();
    let answer = sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone()).send().await.unwrap();
    answer.attributes.unwrap()[&name].clone()
}
