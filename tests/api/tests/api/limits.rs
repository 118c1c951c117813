//! How often an endpoint may be called: what members write, and what is tried without a token.

use axum::http::StatusCode;
use futures::future::join_all;
use jiff::SignedDuration;
use local::{
    TestApp,
    test_app::{Reply, User},
};
use platform::{
    Answer, Endpoint, Function, Limit,
    cdn::{self, ADDRESS_HEADER, KEY_HEADER},
    signature::CURSOR_KEY,
};
use serde_json::json;
use storage::tables::Table;
use utoipa_axum::routes;

use crate::support::{create, dubai, watcher};

/// An endpoint without a token, as those to sign in are.
static KNOCK: Endpoint =
    Endpoint::public("identity-knock", || routes!(knock)).limited(Limit::attempts("knock", &["handle", "email"]));

#[utoipa::path(post, path = "/v1/knock", responses((status = 204)))]
async fn knock() -> Answer<()> {
    Answer::nothing()
}

static KNOCKING: &[&dyn Function] = &[&KNOCK];

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

async fn knock_as(user: &User<'_>, handle: &str) -> Reply {
    user.post("/v1/knock").body(json!({"handle": handle})).send().await
}

#[track_caller]
fn assert_refused(reply: &Reply, name: &str, per_minute: u32) {
    reply.assert(429, "too-many-requests");
    assert_eq!(reply.header("ratelimit-policy"), format!("\"{name}\";q={per_minute};w=60"));
    // The clock stands at the beginning of a minute.
    assert_eq!(reply.header("ratelimit"), format!("\"{name}\";r=0;t=60"));
    assert_eq!(reply.header("retry-after"), "60");
    crate::bad_requests::check_problem(reply).unwrap();
}

async fn rename(user: &User<'_>, id: &str, name: usize) -> Reply {
    user.patch(&watcher(id)).body(json!({"name": format!("Name {name}")})).send().await
}

#[tokio::test]
async fn a_member_writes_a_hundred_times_a_minute_and_reads_as_often_as_they_like() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let id = create(&demo, dubai()).await;
    for n in 1..100 {
        let reply = rename(&demo, &id, n).await;
        reply.assert(200, "");
        assert_eq!((reply.header("ratelimit-policy"), reply.header("ratelimit")), ("\"writes\";q=100;w=60", ""));
    }
    assert_refused(&rename(&demo, &id, 100).await, "writes", 100);
    // It is the member's, wherever they come from and whatever they write.
    let elsewhere = app.member("demo").coming_from("203.0.113.7").at("127.0.0.1");
    assert_refused(&elsewhere.delete(&watcher(&id)).send().await, "writes", 100);
    let shown = demo.get(&watcher(&id)).send().await;
    assert_eq!((shown.status, &shown.body["name"]), (StatusCode::OK, &json!("Name 99")));
    assert_eq!(shown.header("ratelimit-policy"), "");
    // And nobody else's.
    for other in ["admin", "omar"] {
        create(&app.member(other), dubai()).await;
    }
    app.clock.advance(MINUTE);
    rename(&demo, &id, 101).await.assert(200, "");
}

#[tokio::test]
async fn of_many_writes_at_once_as_many_pass_as_are_left() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let id = create(&demo, dubai()).await;
    for n in 0..91 {
        rename(&demo, &id, n).await.assert(200, "");
    }
    let replies = join_all((0..50).map(|_| demo.post("/v1/watchers").body(dubai()).send())).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 8);
    for refused in replies.iter().filter(|reply| reply.status != 201) {
        assert_refused(refused, "writes", 100);
    }
}

/// It is counted in the transaction of the change, and only that.
#[tokio::test]
async fn what_was_refused_or_done_before_does_not_count() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let again = || demo.post("/v1/watchers").header("idempotency-key", "one").body(dubai()).send();
    let first = again().await;
    for _ in 0..60 {
        demo.post("/v1/watchers").body(json!({"name": 1})).send().await.assert(422, "invalid-input");
        demo.post("/v1/watchers/nothing/pause").send().await.assert(404, "watcher-not-found");
        again().await.assert(201, "");
    }
    let id = crate::support::id_of(&first);
    for n in 0..99 {
        rename(&demo, &id, n).await.assert(200, "");
    }
    assert_refused(&rename(&demo, &id, 99).await, "writes", 100);
    assert_eq!(again().await.header("idempotency-replayed"), "true", "what was done is told even now");
}

#[tokio::test]
async fn of_fifty_attempts_at_once_five_pass() {
    let app = TestApp::with(KNOCKING).await;
    let stranger = app.anonymous();
    let names: Vec<String> = (0..50).map(|n| format!("member{n}")).collect();
    let replies = join_all(names.iter().map(|name| knock_as(&stranger, name))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 204).count(), 5, "by network address");
    replies.iter().filter(|reply| reply.status != 204).for_each(|refused| assert_refused(refused, "knock", 5));
    app.clock.advance(MINUTE);
    let strangers: Vec<User<'_>> = (0..50).map(|_| app.anonymous()).collect();
    let replies = join_all(strangers.iter().map(|stranger| knock_as(stranger, "Dana"))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 204).count(), 5, "by account");
}

#[tokio::test]
async fn an_account_is_counted_wherever_it_is_tried_from_and_an_address_whatever_it_tries() {
    let app = TestApp::with(KNOCKING).await;
    for (n, spelled) in ["dana", "DANA", "Dana", "dAna", "danA"].into_iter().enumerate() {
        let from = app.anonymous().coming_from(&format!("203.0.113.{n}"));
        knock_as(&from, spelled).await.assert(204, "");
    }
    assert_refused(&knock_as(&app.anonymous(), "dana").await, "knock", 5);
    // What an address is refused for does not count for it.
    let patient = app.anonymous();
    for _ in 0..6 {
        assert_refused(&knock_as(&patient, "dana").await, "knock", 5);
    }
    knock_as(&patient, "erin").await.assert(204, "");
    // A handle is one in its tenant only.
    knock_as(&app.anonymous().at("other.localhost"), "dana").await.assert(204, "");
}

#[tokio::test]
async fn a_client_can_not_say_where_it_comes_from() {
    let app = TestApp::with(KNOCKING).await;
    let stranger = app.anonymous().coming_from("2001:db8:1:2::1");
    for n in 0..5 {
        let name = format!("member{n}");
        let asked = stranger.post("/v1/knock").header("x-forwarded-for", &format!("198.51.100.{n}"));
        asked.body(json!({"handle": name})).send().await.assert(204, "");
    }
    let headers = ["x-forwarded-for", "forwarded", "x-real-ip", "true-client-ip", "cf-connecting-ip", "x-client-ip"];
    for (header, said) in headers.map(|header| (header, "198.51.100.77")).into_iter().chain([(ADDRESS_HEADER, "198.51.100.77:1")])
    {
        let reply = stranger.post("/v1/knock").header(header, said).body(json!({"handle": "x"})).send().await;
        assert_refused(&reply, "knock", 5);
    }
    // A household has more addresses than anyone can count, and is one all the same.
    assert_refused(&knock_as(&stranger.clone().coming_from("2001:db8:1:2:ffff::9"), "y").await, "knock", 5);
    knock_as(&stranger.coming_from("2001:db8:1:3::1"), "y").await.assert(204, "");
}

/// All that a CDN sends comes by its connection. What it says of its viewers counts by its key, and from nobody else.
#[tokio::test]
async fn behind_a_cdn_each_viewer_is_a_network_and_without_its_key_none_is() {
    let app = TestApp::new().await;
    let connection = app.anonymous();
    let key = cdn::key(app.system().keys().secret(CURSOR_KEY).unwrap());
    let wrong = cdn::key(&"another secret of thirty-two bytes".into());
    let mut names = (0..).map(|n| format!("nobody{n}"));
    let mut log_in = async |viewer: &str, key: Option<&str>| {
        let body = json!({"login": names.next().unwrap(), "password": "not the one that it is"});
        let asked = connection.post("/v1/auth/login").header(ADDRESS_HEADER, viewer).body(body);
        key.into_iter().fold(asked, |asked, key| asked.header(KEY_HEADER, key)).send().await
    };
    for viewer in ["198.51.100.10", "2001:db8:1:2::1"] {
        for port in 40_000..40_005 {
            log_in(&format!("{viewer}:{port}"), Some(&key)).await.assert(401, "wrong-credentials");
        }
        log_in(&format!("{viewer}:443"), Some(&key)).await.assert(429, "too-many-requests");
    }
    // Nobody can make a network of their own for each attempt.
    for (n, key) in [None, Some(wrong.as_str()), None, Some(""), None].into_iter().enumerate() {
        log_in(&format!("198.51.100.{n}:443"), key).await.assert(401, "wrong-credentials");
    }
    for key in [None, Some(wrong.as_str())] {
        log_in("198.51.100.77:443", key).await.assert(429, "too-many-requests");
    }
    log_in("198.51.100.77:443", Some(&key)).await.assert(401, "wrong-credentials");
    log_in("no address", Some(&key)).await.assert(400, "malformed-request");
}

/// The body is read before the handler reads it: what is none, or too much, is no way around the limit.
#[tokio::test]
async fn a_body_that_names_nobody_is_counted_by_its_address() {
    let app = TestApp::with(KNOCKING).await;
    let stranger = app.anonymous();
    for body in ["", "{", "[]", r#"{"handle": 1}"#, "null"] {
        stranger.post("/v1/knock").raw_body(body).send().await.assert(204, "");
    }
    assert_refused(&stranger.post("/v1/knock").raw_body("{}").send().await, "knock", 5);
    let large = " ".repeat(256 * 1024 + 1);
    app.anonymous().post("/v1/knock").raw_body(large).send().await.assert(413, "body-too-large");
}

#[tokio::test]
async fn what_is_counted_tells_of_nobody_and_is_gone_soon() {
    let app = TestApp::with(KNOCKING).await;
    let counts = || {
        let mut items = app.system().engine().items(Table::Cache).unwrap();
        items.sort_by_key(|item| item["sk"].to_string());
        items
    };
    for _ in 0..2 {
        knock_as(&app.anonymous().coming_from("203.0.113.7"), "dana").await.assert(204, "");
        app.clock.advance(MINUTE);
    }
    let counts = counts();
    assert_eq!(counts.len(), 4, "address and account, twice");
    let mut subjects: Vec<&str> = counts.iter().map(|count| count["pk"].as_str().unwrap()).collect();
    subjects.sort_unstable();
    subjects.dedup();
    assert_eq!(subjects.len(), 4, "the hash of one minute is not that of the next");
    let told = json!(counts).to_string();
    assert!(!told.contains("203.0.113.7") && !told.contains("dana"), "{told}");
    let began = local::data::RECORDED_AT.as_second();
    assert_eq!(counts[0]["ttl"], json!(began + 120));
}
