//! What other systems send: believed by its signature, told of once, and written whole or not at all.

use domain::{
    caching::{Doubt, Stock},
    sources::Vertical,
};
use jiff::{SignedDuration, Timestamp};
use local::{
    TestApp,
    keys::WEBHOOK_KEY,
    test_app::{Asked, Reply},
};
use platform::{
    Access,
    clock::Clock,
    notice::{SIGNATURE_HEADER, TIMESTAMP_HEADER, signature},
};
use serde_json::{Value, json};

use crate::{
    every_write::inventory,
    support::{Core, faults, with, without},
};

const PATH: &str = "/v1/webhooks/makemytrip/inventory";

async fn send(app: &TestApp, notice: Value) -> Reply {
    app.one_for(Access::Signed).post(PATH).body(notice).send().await
}

/// The houses that are doubted, and on which nights.
async fn doubted(app: &TestApp) -> Vec<(String, bool)> {
    app.settle().await;
    let marks =
        app.store().marks(Vertical::Stays, &[&"makemytrip".parse().unwrap()], Timestamp::UNIX_EPOCH).await.unwrap().latest;
    let house = |doubt: Doubt| match doubt {
        Doubt::Stock { source: Some(source), stock: Stock::Property(house), days } if source.as_str() == "makemytrip" => {
            (house, days.is_some())
        }
        other => panic!("no house of MakeMyTrip: {other:?}"),
    };
    let mut houses: Vec<(String, bool)> = marks.into_iter().map(|mark| house(mark.doubt)).collect();
    houses.sort_unstable();
    houses
}

#[tokio::test]
async fn a_notice_is_told_of_once_however_often_it_comes() {
    let app = TestApp::new().await;
    for _ in 0..3 {
        let received = send(&app, inventory("evt-1")).await;
        received.assert(202, "");
        assert_eq!(received.body, json!({"id": "evt-1"}));
        app.clock.advance(SignedDuration::from_mins(1));
    }
    assert_eq!(doubted(&app).await, [("MMT-77".to_owned(), true)]);
    send(&app, inventory("evt-2")).await.assert(202, "");
    assert_eq!(doubted(&app).await.len(), 2, "another notice of the same house is another change");
}

#[tokio::test]
async fn of_many_at_once_one_is_told_of() {
    let app = TestApp::new().await;
    let replies = futures::future::join_all((0..20).map(|_| send(&app, inventory("evt-1")))).await;
    for reply in &replies {
        assert!(reply.status == 202 || reply.status.is_server_error(), "{} {:#}", reply.status, reply.body);
    }
    assert!(replies.iter().any(|reply| reply.status == 202));
    assert_eq!(doubted(&app).await.len(), 1);
}

#[tokio::test]
async fn what_a_notice_says_of_one_house_is_one_change() {
    let app = TestApp::new().await;
    let changes = json!([
        {"hotelId": "a", "from": "2026-04-27", "to": "2026-04-27"}, {"hotelId": "a", "from": "2026-04-29", "to": "2026-04-29"},
        {"hotelId": "b", "from": null, "to": null}, {"hotelId": "c"}
    ]);
    send(&app, json!({"id": "evt-1", "changes": changes})).await.assert(202, "");
    let all = [("a".to_owned(), true), ("b".to_owned(), false), ("c".to_owned(), false)];
    assert_eq!(doubted(&app).await, all);
}

/// A good notice, as anyone sends it who shows this.
fn shown<'a>(app: &'a TestApp, seconds: &str, signed: &str) -> Asked<'a> {
    let asked = app.anonymous().post(PATH).header(TIMESTAMP_HEADER, seconds);
    asked.header(SIGNATURE_HEADER, signed).body(inventory("evt-1"))
}

#[tokio::test]
async fn who_does_not_sign_it_now_is_refused_and_nothing_is_written() {
    let app = TestApp::new().await;
    let body = serde_json::to_vec(&inventory("evt-1")).unwrap();
    let sign = |secret: &str, seconds: i64| signature(secret, &seconds.to_string(), &body);
    let now = app.clock.now().as_second();
    let core = Core::of(&app);
    let kept = async || {
        let all = core.everything().await.into_keys();
        all.filter(|(partition, _)| partition.starts_with("NOTICE#")).count()
    };
    let cases = [
        (now, sign("another secret of thirty-two bytes", now), "wrong-signature"),
        (now + 1, sign(WEBHOOK_KEY, now), "wrong-signature"),
        (now, String::new(), "wrong-signature"),
        (now - 301, sign(WEBHOOK_KEY, now - 301), "wrong-timestamp"),
        (now + 301, sign(WEBHOOK_KEY, now + 301), "wrong-timestamp"),
    ];
    for (seconds, signed, code) in cases {
        shown(&app, &seconds.to_string(), &signed).send().await.assert(401, code);
    }
    app.anonymous().post(PATH).body(inventory("evt-1")).send().await.assert(401, "wrong-signature");
    let twice = shown(&app, &now.to_string(), &sign(WEBHOOK_KEY, now)).header(SIGNATURE_HEADER, &sign(WEBHOOK_KEY, now));
    twice.send().await.assert(401, "wrong-signature");
    assert_eq!((kept().await, doubted(&app).await.len()), (0, 0));
    shown(&app, &now.to_string(), &sign(WEBHOOK_KEY, now)).send().await.assert(202, "");
    assert_eq!((kept().await, doubted(&app).await.len()), (1, 1));
}

#[tokio::test]
async fn a_source_that_sends_none_is_not_known_here() {
    let app = TestApp::new().await;
    for id in ["goibibo", "duffel", "nobody", "MakeMyTrip", "makemytrip%20"] {
        let asked = app.one_for(Access::Signed).post(&format!("/v1/webhooks/{id}/inventory")).body(inventory("evt-1"));
        asked.send().await.assert(404, "provider-not-found");
    }
}

#[tokio::test]
async fn every_fault_of_a_notice_is_named() {
    let app = TestApp::new().await;
    let notice = || inventory("evt-1");
    let change = |change: Value| with(notice(), "changes", json!([change]));
    let many: Vec<Value> = (0..91).map(|n| json!({"hotelId": n.to_string()})).collect();
    let cases = [
        (json!({}), vec![("/changes", "missing"), ("/id", "missing")]),
        (without(notice(), "id"), vec![("/id", "missing")]),
        (with(notice(), "id", json!("")), vec![("/id", "invalid")]),
        (with(notice(), "id", json!("x".repeat(201))), vec![("/id", "invalid")]),
        (with(notice(), "id", json!(1)), vec![("/id", "invalid")]),
        (with(notice(), "changes", json!([])), vec![("/changes", "invalid")]),
        (with(notice(), "changes", json!(many)), vec![("/changes", "invalid")]),
        (with(notice(), "changes", json!({})), vec![("/changes", "invalid")]),
        (
            change(json!({"hotelId": "a\nb", "from": "x", "room": 1})),
            vec![("/changes/0/from", "invalid"), ("/changes/0/hotelId", "invalid"), ("/changes/0/room", "unknown-field")],
        ),
        (change(json!({"hotelId": "a", "from": "2026-04-28", "to": "2026-04-27"})), vec![("/changes/0/to", "invalid")]),
        (change(json!({"hotelId": "a", "from": "2026-04-28"})), vec![("/changes/0/to", "invalid")]),
        (change(json!({"hotelId": "a", "to": "2026-04-28"})), vec![("/changes/0/from", "invalid")]),
    ];
    for (notice, expected) in cases {
        let reply = send(&app, notice.clone()).await;
        let mut found = faults(reply.assert(422, "invalid-input"));
        found.sort();
        let expected: Vec<_> = expected.into_iter().map(|(at, code)| (at.to_owned(), code.to_owned())).collect();
        assert_eq!(found, expected, "{notice}");
    }
    assert!(doubted(&app).await.is_empty());
}
