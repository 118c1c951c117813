//! `/v1/alerts`

use jiff::ToSpan;
use local::TestApp;
use serde_json::{Value, json};

use crate::support::{create, dubai, each, items, pages, run, told, with};

const ALERTS: &str = "/v1/alerts";

fn alert(id: &str) -> String {
    format!("{ALERTS}/{id}")
}

async fn first(app: &TestApp) -> String {
    each(&app.member("demo").get(ALERTS).send().await, "id").remove(0)
}

#[tokio::test]
async fn a_member_is_told_of_what_their_watcher_found() {
    let (app, watcher) = told().await;
    let demo = app.member("demo");
    let alerts = items(&demo.get(&format!("{ALERTS}?limit=100")).send().await);
    assert!(!alerts.is_empty());
    for alert in &alerts {
        assert_eq!((&alert["watcher"], &alert["watcherName"]), (&json!(watcher), &json!("Dubai in April")));
        let deal = demo.get(&format!("/v1/deals/{}", alert["deal"].as_str().unwrap())).send().await;
        deal.assert(200, "");
        assert_eq!(deal.body["flight"]["fare"]["programme"], "aadvantage");
    }
    // Of alerts raised at once, which ones have a message depends on their order, and that on the watcher's id.
    let score = |alert: &&Value| (alert["score"]["total"].as_u64(), alert["deal"].to_string());
    let best = alerts.iter().max_by_key(score).unwrap();
    let redacted = "[depends on ids]";
    insta::assert_json_snapshot!("alert", best, {".id" => redacted, ".watcher" => redacted, ".state" => redacted, ".dropped" => redacted});
}

#[tokio::test]
async fn the_newest_come_first_on_every_page() {
    let (app, _) = told().await;
    let demo = app.member("demo");
    app.leap(1.hour()).await;
    let business = with(with(dubai(), "cabins", json!(["business"])), "filters", json!({}));
    let second = create(&demo, with(business, "name", json!("Dubai in style"))).await;
    run(&app, &demo, &second).await;
    let whole = demo.get(&format!("{ALERTS}?limit=100")).send().await;
    let names = each(&whole, "watcherName");
    assert_eq!((names[0].as_str(), names[names.len() - 1].as_str()), ("Dubai in style", "Dubai in April"));
    let times = each(&whole, "createdAt");
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
    let by_page: Vec<String> = pages(&demo, ALERTS, 7).await.iter().flat_map(|page| each(page, "id")).collect();
    assert_eq!(by_page, each(&whole, "id"));
}

/// Who asks what others ask already is told of what is there, not only of what changes from then on.
#[tokio::test]
async fn a_new_watcher_is_told_of_what_its_search_found_for_others() {
    let (app, _) = told().await;
    for other in ["demo", "admin"] {
        let other = app.member(other);
        let second = create(&other, with(dubai(), "name", json!("Dubai again"))).await;
        run(&app, &other, &second).await;
        let told = each(&other.get(&format!("{ALERTS}?limit=100")).send().await, "watcher");
        assert!(told.contains(&second), "nothing was told");
    }
}

#[tokio::test]
async fn an_alert_is_shown_as_it_is_listed() {
    let (app, _) = told().await;
    let demo = app.member("demo");
    let listed = items(&demo.get(ALERTS).send().await).remove(0);
    let shown = demo.get(&alert(listed["id"].as_str().unwrap())).send().await;
    shown.assert(200, "");
    assert_eq!(shown.body, listed);
    let again = demo.get(&alert(listed["id"].as_str().unwrap())).header("if-none-match", shown.header("etag")).send().await;
    again.assert(304, "");
}

#[tokio::test]
async fn an_alert_is_read_once() {
    let (app, _) = told().await;
    let demo = app.member("demo");
    let id = first(&app).await;
    let unread = demo.get(&alert(&id)).send().await;
    assert_eq!(unread.body["readAt"], Value::Null);
    app.clock.advance(jiff::SignedDuration::from_secs(30));
    let read = demo.post(&format!("{}/read", alert(&id))).send().await;
    read.assert(200, "");
    assert_eq!(read.body["readAt"], app.system().now().to_string());
    assert_eq!(read.body["state"], "read");
    app.clock.advance(jiff::SignedDuration::from_secs(30));
    let again = demo.post(&format!("{}/read", alert(&id))).send().await;
    again.assert(200, "");
    assert_eq!(again.body, read.body, "reading twice changes nothing");
    assert_eq!(demo.get(&alert(&id)).send().await.body, read.body);
    let changed = demo.get(&alert(&id)).header("if-none-match", unread.header("etag")).send().await;
    changed.assert(200, "");
}

#[tokio::test]
async fn reading_can_be_repeated() {
    let (app, _) = told().await;
    let demo = app.member("demo");
    let path = format!("{}/read", alert(&first(&app).await));
    let read = async || demo.post(&path).header("idempotency-key", "one").send().await;
    let first = read().await;
    let second = read().await;
    assert_eq!((first.status, first.body), (second.status, second.body.clone()));
    assert_eq!(second.header("idempotency-replayed"), "true");
    let third = demo.post(&path).header("idempotency-key", "two").send().await;
    third.assert(200, "");
    assert_eq!((third.header("idempotency-replayed"), &third.body), ("", &second.body));
}

#[tokio::test]
async fn nobody_elses_alert_is_found() {
    let (app, _) = told().await;
    let id = first(&app).await;
    for other in ["free", "admin", "omar"] {
        let other = app.member(other);
        assert!(items(&other.get(ALERTS).send().await).is_empty());
        other.get(&alert(&id)).send().await.assert(404, "alert-not-found");
        other.post(&format!("{}/read", alert(&id))).send().await.assert(404, "alert-not-found");
    }
    assert_eq!(app.member("demo").get(&alert(&id)).send().await.body["readAt"], Value::Null);
}
