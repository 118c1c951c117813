//! `/v1/me`: what members see of themselves, and what they change of it.

use domain::identity::{Member, MemberState};
use local::TestApp;
use serde_json::{Value, json};
use storage::Change;

use crate::support::{Core, faults, watcher};

const ME: &str = "/v1/me";

#[tokio::test]
async fn members_see_themselves() {
    let app = TestApp::new().await;
    let reply = app.member("demo").get(ME).send().await;
    reply.assert(200, "");
    let expected = json!({
        "id": app.member("demo").owner().member.to_string(), "handle": "demo", "email": "dana@example.com", "name": "Dana Demo",
        "homeAirport": null, "timeZone": "America/Los_Angeles", "locale": "en-US", "currency": "USD", "role": "member",
        "plan": "premium", "acceptedTerms": null, "version": 1,
    });
    assert_eq!(reply.body, expected);
    let again = app.member("demo").get(ME).header("if-none-match", reply.header("etag")).send().await;
    again.assert(304, "");
    let omar = app.member("omar").get(ME).send().await;
    assert_eq!((&omar.body["name"], &omar.body["timeZone"]), (&json!("Omar Other"), &json!("Europe/London")));
    assert_eq!(app.member("admin").get(ME).send().await.body["role"], "admin");
}

#[tokio::test]
async fn what_is_given_changes_and_the_rest_stays() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let before = demo.get(ME).send().await.body;
    let steps = [
        json!({"name": "Dana D."}),
        json!({"homeAirport": "LAX", "timeZone": "Europe/Berlin"}),
        json!({"locale": "de-DE", "currency": "EUR"}),
        json!({"homeAirport": null}),
        json!({}),
    ];
    let mut expected = before;
    for (n, step) in steps.into_iter().enumerate() {
        let reply = demo.patch(ME).body(&step).send().await;
        reply.assert(204, "");
        assert_eq!(reply.body, Value::Null, "what is kept for a repetition has no name in it");
        expected.as_object_mut().unwrap().extend(step.as_object().unwrap().clone());
        expected["version"] = json!(n + 2);
        assert_eq!(reply.header("etag"), format!("\"{}\"", n + 2));
        assert_eq!(demo.get(ME).send().await.body, expected);
    }
}

#[tokio::test]
async fn a_change_of_what_was_seen_before_another_is_stale() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let tag = demo.get(ME).send().await.header("etag").to_owned();
    demo.patch(ME).header("if-match", &tag).body(json!({"name": "First"})).send().await.assert(204, "");
    demo.patch(ME).header("if-match", &tag).body(json!({"name": "Second"})).send().await.assert(412, "stale-version");
    assert_eq!(demo.get(ME).send().await.body["name"], "First");

    let tag = demo.get(ME).send().await.header("etag").to_owned();
    let mut member = app.store().member(&demo.owner()).await.unwrap().unwrap();
    member.last_sign_in = Some(app.system().now());
    app.store().commit(Change::new().update(&mut member)).await.unwrap();
    demo.patch(ME).header("if-match", &tag).body(json!({"name": "Third"})).send().await.assert(204, "");
}

#[tokio::test]
async fn every_fault_of_a_profile_is_named_and_nothing_is_changed() {
    let app = TestApp::new().await;
    let (demo, before) = (app.member("demo"), Core::of(&app).everything().await);
    let all = json!({
        "name": " Dana", "homeAirport": "ZZZ", "timeZone": "Mars/Olympus", "locale": "en_us", "currency": "GEMS",
        "email": "new@example.com", "role": "admin", "plan": "premium",
    });
    let reply = demo.patch(ME).body(all).send().await;
    reply.assert(422, "invalid-input");
    let expected = [
        ("/currency", "invalid"),
        ("/email", "unknown-field"),
        ("/homeAirport", "invalid"),
        ("/locale", "invalid"),
        ("/name", "invalid"),
        ("/plan", "unknown-field"),
        ("/role", "unknown-field"),
        ("/timeZone", "invalid"),
    ];
    assert_eq!(faults(&reply), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    assert!(!reply.body.to_string().contains("new@example.com"), "{}", reply.body);
    for (field, value) in [
        ("name", json!(null)),
        ("name", json!("x".repeat(81))),
        ("name", json!("Dana\r\nBcc: x@y.zz")),
        ("homeAirport", json!("lax")),
        ("timeZone", json!("")),
        ("locale", json!("\u{e9}\u{e9}\u{e9}\u{e9}")),
        ("locale", json!("en-\u{e9}\u{e9}")),
        ("currency", json!(840)),
    ] {
        demo.patch(ME).body(json!({ field: value })).send().await.assert(422, "invalid-input");
    }
    assert_eq!(Core::of(&app).everything().await, before);
}

#[tokio::test]
async fn nobody_changes_what_is_anothers() {
    let app = TestApp::new().await;
    app.member("demo").patch(ME).body(json!({"name": "Mine"})).send().await.assert(204, "");
    for (handle, name) in [("free", "Fred Free"), ("admin", "Ada Admin"), ("omar", "Omar Other")] {
        assert_eq!(app.member(handle).get(ME).send().await.body["name"], name);
    }
}

#[tokio::test]
async fn who_is_gone_is_nobody() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let member = app.store().member(&demo.owner()).await.unwrap().unwrap();
    let mut gone = Member { state: MemberState::Deleted, ..member };
    app.store().commit(Change::new().update(&mut gone)).await.unwrap();
    demo.get(ME).send().await.assert(401, "unauthenticated");
    demo.patch(ME).body(json!({"name": "Back"})).send().await.assert(401, "unauthenticated");
    demo.patch(&watcher("wat_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3")).body(json!({"name": "x"})).send().await.assert(401, "unauthenticated");
}
