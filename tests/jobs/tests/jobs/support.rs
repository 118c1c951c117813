//! What the tests of jobs share: a source whose space can be changed, and words for what they do.

use std::{collections::BTreeSet, sync::Arc};

use domain::{ids::WatcherId, notifications::DeliveryState};
use jiff::ToSpan;
use local::test_app::{TestApp, User};
use platform::outside::Outside;
use serde_json::{Value, json};

pub use jobs_tests::{Space, further_sources};

pub async fn app_over(space: &Arc<Space>) -> TestApp {
    let outside: Arc<dyn Outside> = space.clone();
    TestApp::built(|options| {
        options.outside = Some(outside);
        options.live = further_sources().into();
    })
    .await
}

/// A watcher's wishes; `changes` are merged over them.
pub fn wishes(changes: Value) -> Value {
    let mut wishes = json!({
        "name": "Dubai", "wanted": "award-flights", "from": ["LAX"], "to": ["DXB"], "dates": {"on": "2026-04-27"},
        "cabins": ["economy"], "schedule": {"every": "hours", "hours": 1}
    });
    for (name, value) in changes.as_object().unwrap() {
        wishes[name] = value.clone();
    }
    wishes
}

pub async fn watch(user: &User<'_>, changes: Value) -> WatcherId {
    let reply = user.post("/v1/watchers").body(wishes(changes)).send().await;
    assert_eq!(reply.status, 201, "{:#}", reply.body);
    reply.body["id"].as_str().unwrap().parse().unwrap()
}

/// Has a watcher run in the minute that comes, with all that follows.
pub async fn run(app: &TestApp, user: &User<'_>, watcher: WatcherId) {
    let reply = user.post(&format!("/v1/watchers/{watcher}/run")).send().await;
    assert_eq!(reply.status, 202, "{:#}", reply.body);
    app.advance(1.minute()).await;
}

/// Leaps to the slot that a watcher runs in next, and has it run.
pub async fn leap_to_next_run(app: &TestApp, user: &User<'_>, watcher: WatcherId) {
    let shown = user.get(&format!("/v1/watchers/{watcher}")).send().await.body;
    let next: jiff::Timestamp = shown["nextRunAt"].as_str().unwrap().parse().unwrap();
    app.leap(app.system().now().until(next).unwrap()).await;
}

pub async fn alerts(user: &User<'_>) -> Vec<Value> {
    user.get("/v1/alerts?limit=100").send().await.body["items"].as_array().unwrap().clone()
}

pub async fn deals(user: &User<'_>) -> Vec<Value> {
    user.get("/v1/deals?limit=100").send().await.body["items"].as_array().unwrap().clone()
}

/// What became of the message of an alert.
pub async fn delivery(app: &TestApp, user: &User<'_>, alert: &Value) -> DeliveryState {
    let id = alert["id"].as_str().unwrap().parse().unwrap();
    let found = app.store().delivery_for(&user.owner(), id, domain::notifications::Channel::Email).await.unwrap();
    found.unwrap().delivery
}

/// Runs until every queue is empty, and has every message delivered twice.
pub async fn settle_doubled(app: &TestApp) {
    let mut doubled = BTreeSet::new();
    let queues = app.system().standins().queues();
    loop {
        let relayed = app.system().relay_if_woken().await;
        for stats in queues.stats().unwrap() {
            for message in queues.peek(&stats.name, 10_000).unwrap() {
                if doubled.insert(message.id.to_string()) {
                    let copy = queues.send(&stats.name, local::standins::queues::NewMessage::new(message.body)).unwrap();
                    doubled.insert(copy.to_string());
                }
            }
        }
        if app.system().poll_queues().await.unwrap() == 0 && !relayed {
            return;
        }
    }
}
