//! A request with an `Idempotency-Key` is carried out once, however often it comes.

use futures::future::join_all;
use jiff::{SignedDuration, ToSpan};
use local::{
    TestApp,
    test_app::{Reply, User},
};
use serde_json::{Value, json};

use crate::support::{ask, create, dubai, dubai_daily, id_of, items, watcher, with};

const WATCHERS: &str = "/v1/watchers";

async fn post(user: &User<'_>, key: &str, body: Value) -> Reply {
    user.post(WATCHERS).header("idempotency-key", key).body(body).send().await
}

#[track_caller]
fn assert_replayed(reply: &Reply, first: &Reply) {
    assert_eq!(reply.header("idempotency-replayed"), "true");
    assert_eq!((reply.status, &reply.body), (first.status, &first.body));
    for header in ["location", "etag", "content-type", "cache-control"] {
        assert_eq!(reply.header(header), first.header(header), "{header}");
    }
}

async fn count(user: &User<'_>) -> usize {
    items(&user.get(WATCHERS).send().await).len()
}

#[tokio::test]
async fn the_same_key_and_body_answer_the_first_answer_again() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let first = post(&demo, "one", dubai()).await;
    first.assert(201, "");
    assert_eq!(first.header("idempotency-replayed"), "");
    app.clock.advance(SignedDuration::from_mins(5));
    assert_replayed(&post(&demo, "one", dubai()).await, &first);
    assert_eq!(count(&demo).await, 1);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    post(&demo, "one", dubai()).await.assert(201, "");
    post(&demo, "one", with(dubai(), "name", json!("Another"))).await.assert(422, "idempotency-key-reused");
    assert_eq!(count(&demo).await, 1);
}

#[tokio::test]
async fn a_key_is_its_members_and_its_operations_own() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let first = post(&demo, "one", dubai_daily()).await;
    for other in ["free", "omar"] {
        let reply = post(&app.member(other), "one", dubai_daily()).await;
        reply.assert(201, "");
        assert_ne!(id_of(&reply), id_of(&first));
        assert_eq!(reply.header("idempotency-replayed"), "");
    }
    let id = id_of(&first);
    let paused = demo.post(&ask(&id, "pause")).header("idempotency-key", "one").send().await;
    paused.assert(200, "");
    assert_eq!(paused.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn fifty_at_once_make_one_watcher() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let replies = join_all((0..50).map(|_| post(&demo, "one", dubai()))).await;
    let listed = items(&demo.get(WATCHERS).send().await);
    assert_eq!(listed.len(), 1);
    let created: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert!(created.iter().all(|reply| reply.body == created[0].body && reply.body["id"] == listed[0]["id"]));
    assert_eq!(created.iter().filter(|reply| reply.header("idempotency-replayed").is_empty()).count(), 1, "one was carried out");
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.assert(409, "request-in-progress");
    }
}

#[tokio::test]
async fn fifty_at_once_make_one_watcher_though_it_is_the_last_allowed() {
    let app = TestApp::new().await;
    let free = app.member("free");
    create(&free, dubai_daily()).await;
    create(&free, dubai_daily()).await;
    let replies = join_all((0..50).map(|_| post(&free, "one", dubai_daily()))).await;
    assert_eq!(count(&free).await, 3);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.assert(409, "request-in-progress");
    }
}

#[tokio::test]
async fn a_replay_needs_neither_room_nor_the_thing_itself() {
    let app = TestApp::new().await;
    let free = app.member("free");
    let first = post(&free, "one", dubai_daily()).await;
    create(&free, dubai_daily()).await;
    create(&free, dubai_daily()).await;
    assert_replayed(&post(&free, "one", dubai_daily()).await, &first);
    let path = watcher(&id_of(&first));
    let delete = async || free.delete(&path).header("idempotency-key", "two").send().await;
    let deleted = delete().await;
    deleted.assert(204, "");
    assert_replayed(&delete().await, &deleted);
    assert_replayed(&post(&free, "one", dubai_daily()).await, &first);
    free.get(&path).send().await.assert(404, "watcher-not-found");
    assert_eq!(count(&free).await, 2);
}

#[tokio::test]
async fn every_write_can_be_repeated() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let path = watcher(&create(&demo, dubai()).await);
    for (n, what) in ["run", "pause", "resume"].into_iter().enumerate() {
        let send = async || demo.post(&format!("{path}/{what}")).header("idempotency-key", "one").send().await;
        let first = send().await;
        assert!(first.status.is_success(), "{what}: {}", first.body);
        assert_eq!(first.body["version"], n + 2);
        assert_replayed(&send().await, &first);
    }
    let change = async || {
        demo.patch(&path).header("idempotency-key", "one").header("if-match", "\"4\"").body(json!({"name": "New"})).send().await
    };
    let first = change().await;
    first.assert(200, "");
    assert_replayed(&change().await, &first);
    let other =
        demo.patch(&path).header("idempotency-key", "one").header("if-match", "\"5\"").body(json!({"name": "New"})).send().await;
    other.assert(422, "idempotency-key-reused");
    assert_eq!(demo.get(&path).send().await.body["version"], 5);
}

#[tokio::test]
async fn what_was_refused_can_be_tried_again_with_the_same_key() {
    let app = TestApp::new().await;
    let free = app.member("free");
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(create(&free, dubai_daily()).await);
    }
    post(&free, "one", with(dubai_daily(), "travellers", json!(0))).await.assert(422, "invalid-input");
    post(&free, "one", dubai_daily()).await.assert(409, "watcher-limit");
    free.delete(&watcher(&ids[0])).send().await.assert(204, "");
    post(&free, "one", dubai_daily()).await.assert(201, "");
}

#[tokio::test]
async fn after_a_day_a_key_is_new_again() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let first = post(&demo, "one", dubai()).await;
    app.leap(23.hours()).await;
    assert_replayed(&post(&demo, "one", dubai()).await, &first);
    app.leap(2.hours()).await;
    let second = post(&demo, "one", with(dubai(), "name", json!("Another"))).await;
    second.assert(201, "");
    assert_ne!(id_of(&second), id_of(&first));
}

/// DynamoDB removes what has expired up to days later; until then it is there, and must not count.
#[tokio::test]
async fn after_a_day_a_key_is_new_again_though_its_receipt_still_lies_there() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let first = post(&demo, "one", dubai()).await;
    app.clock.advance(SignedDuration::from_hours(25));
    let second = post(&demo, "one", dubai()).await;
    second.assert(201, "");
    assert_ne!(id_of(&second), id_of(&first));
    assert_replayed(&post(&demo, "one", dubai()).await, &second);
}
