//! What a source's feed says makes kept answers worthless, once, and nothing that it says wrongly holds it up.

use std::sync::Arc;

use domain::{
    caching::{Doubt, Mark, Stock},
    sources::{
        Account, KeyScope, Vertical,
        feeds::{Since, TRIES},
    },
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp, ToSpan};
use local::test_app::TestApp;
use providers::{Adapter, Feed, sources::SOURCES};
use secrecy::SecretString;
use serde_json::{Value, json};
use sources::receive_inventory::SENDERS;

use crate::support::*;

async fn begun() -> (Arc<Space>, TestApp) {
    let space = Space::of(&[]);
    let app = app_over(&space).await;
    (space, app)
}

/// Searches for rooms of which GI-77 and GI-12 are, and says how the answer was come by.
async fn search(app: &TestApp) -> Value {
    let stay = json!({"city": "Goa", "checkin": "2026-04-27", "nights": 2});
    let found = app.member("demo").post("/v1/search/stays").body(stay).send().await;
    found.assert(200, "");
    found.body["how"].clone()
}

/// Lets the feeds be read, a minute later.
async fn synced(app: &TestApp) {
    app.clock.advance(SignedDuration::from_mins(1));
    app.system().run_now("sources-sync-feeds").await;
    app.settle().await;
}

/// What the sources with feeds have told.
async fn told(app: &TestApp) -> Vec<Mark> {
    let sources = ["goibibo", "oyo"].map(|source| source.parse().unwrap());
    app.store().marks(Vertical::Stays, &sources.each_ref(), Timestamp::UNIX_EPOCH).await.unwrap().latest
}

/// The houses that are doubted.
async fn doubted(app: &TestApp) -> Vec<String> {
    let house = |doubt: Doubt| match doubt {
        Doubt::Stock { stock: Stock::Property(house), .. } => house,
        other => panic!("no house: {other:?}"),
    };
    let mut houses: Vec<String> = told(app).await.into_iter().map(|mark| house(mark.doubt)).collect();
    houses.sort_unstable();
    houses.dedup();
    houses
}

#[test]
fn whose_changes_are_looked_for_is_who_tells_them() {
    for source in SOURCES {
        let key = SecretString::from("a-key:of-two-parts");
        let has_feed = <Arc<dyn Feed> as Adapter>::connect(source.id, "https://source.example", key).is_some();
        let sends_notices = SENDERS.iter().any(|(sender, _)| *sender == source.id);
        assert_eq!(source.tells_changes, has_feed || sends_notices, "{}", source.id);
        // Of flights nobody looks for them (`platform::shown`).
        assert!(!source.tells_changes || source.vertical == Vertical::Stays, "{}", source.id);
    }
}

async fn since(app: &TestApp, scope: KeyScope) -> Option<Since> {
    let account = Account { source: "goibibo".parse().unwrap(), scope };
    app.store().feed_cursor(&account).await.unwrap().map(|cursor| cursor.since)
}

fn at(place: usize) -> Option<Since> {
    Some(Since::Cursor(place.to_string()))
}

#[tokio::test]
async fn by_its_schedule_a_change_makes_the_kept_answer_worthless() {
    let (space, app) = begun().await;
    app.advance(15.minutes()).await;
    assert_eq!((search(&app).await, search(&app).await), (json!("miss"), json!("hit")));
    space.change(json!({"hotelId": "GI-1"}));
    space.change(json!({"hotelId": "GI-77", "from": "2026-05-01", "to": "2026-05-02"}));
    app.advance(15.minutes()).await;
    assert_eq!(search(&app).await, "hit", "another house, and other nights");
    space.change(json!({"hotelId": "GI-77", "from": "2026-04-20", "to": "2026-04-27"}));
    app.advance(15.minutes()).await;
    assert_eq!((search(&app).await, search(&app).await), (json!("miss"), json!("hit")));
}

#[tokio::test]
async fn pages_are_read_to_the_end_and_never_again() {
    let (space, app) = begun().await;
    for house in 0..5 {
        space.change(json!({"hotelId": format!("GI-{house}")}));
    }
    synced(&app).await;
    assert_eq!((doubted(&app).await.len(), space.calls_to("goibibo")), (5, 3));
    assert_eq!(since(&app, KeyScope::Deployment).await, at(5));
    synced(&app).await;
    assert_eq!(space.calls_to("goibibo"), 4, "there was nothing new");
    assert_eq!(told(&app).await.len(), 5);
}

#[tokio::test]
async fn two_runs_at_once_miss_nothing_and_go_on_as_one() {
    let (space, app) = begun().await;
    for house in 0..6 {
        space.change(json!({"hotelId": format!("GI-{house}")}));
    }
    let run = || app.system().run_now("sources-sync-feeds");
    tokio::join!(run(), run(), run());
    app.settle().await;
    assert_eq!((doubted(&app).await.len(), since(&app, KeyScope::Deployment).await), (6, at(6)));
}

#[tokio::test]
async fn a_record_that_can_not_be_read_spoils_nothing_else() {
    let (space, app) = begun().await;
    for record in [json!({"hotelId": 7}), json!({"hotelId": "GI-1"}), json!("GI-2"), json!({"hotelId": "GI-3"})] {
        space.change(record);
    }
    synced(&app).await;
    assert_eq!(
        (doubted(&app).await, since(&app, KeyScope::Deployment).await),
        (vec!["GI-1".to_owned(), "GI-3".to_owned()], at(4))
    );
}

#[tokio::test]
async fn a_page_that_can_not_be_read_is_kept_asked_for_again_and_passed_over() {
    let (space, app) = begun().await;
    synced(&app).await;
    space.change(Value::Null);
    space.change(json!({"hotelId": "GI-1"}));
    for _ in 1..TRIES {
        synced(&app).await;
        assert_eq!(since(&app, KeyScope::Deployment).await, at(0));
    }
    synced(&app).await;
    let Some(Since::Instant(passed)) = since(&app, KeyScope::Deployment).await else { panic!("it is stuck") };
    assert_eq!(passed, app.system().now());
    let kept = "/v1/admin/raw-answers?source=goibibo&operation=inventory-changes&day=2026-02-17&limit=100";
    let kept = app.member("operator").get(kept).send().await;
    assert_eq!(kept.body["items"].as_array().map(Vec::len), Some(1 + usize::from(TRIES)), "{:#}", kept.body);
}

#[tokio::test]
async fn a_cursor_that_the_source_forgot_is_what_came_since_it_was_good() {
    for (status, answer) in
        [(410, json!({"error": {"code": "cursor_expired"}})), (410, json!({})), (404, json!({})), (400, json!({}))]
    {
        let (space, app) = begun().await;
        synced(&app).await;
        space.change(json!({"hotelId": "GI-1"}));
        space.forget_cursors(Some((status, answer)));
        synced(&app).await;
        assert_eq!((doubted(&app).await, since(&app, KeyScope::Deployment).await), (vec!["GI-1".to_owned()], at(1)), "{status}");
    }
}

#[tokio::test]
async fn a_source_that_never_knows_its_cursors_holds_nothing_up_for_good() {
    let (space, app) = begun().await;
    synced(&app).await;
    for house in 0..5 {
        space.change(json!({"hotelId": format!("GI-{house}")}));
    }
    space.forget_cursors(Some((404, json!({}))));
    let asked = space.calls_to("goibibo");
    synced(&app).await;
    // The place that was kept, the first page and its place, the page again and its place; the next run begins with now.
    assert_eq!(space.calls_to("goibibo"), asked + 5);
    assert_eq!(since(&app, KeyScope::Deployment).await, Some(Since::Instant(app.system().now())));
    space.forget_cursors(None);
    synced(&app).await;
    assert_eq!((doubted(&app).await.len(), since(&app, KeyScope::Deployment).await), (5, at(5)));
}

#[tokio::test]
async fn what_changes_before_the_first_answer_is_asked_for() {
    let (space, app) = begun().await;
    let first = app.system().now().checked_add(1.minute()).unwrap();
    space.fail(Some(StatusCode::SERVICE_UNAVAILABLE));
    synced(&app).await;
    synced(&app).await;
    assert_eq!(since(&app, KeyScope::Deployment).await, Some(Since::Instant(first)));
}

#[tokio::test]
async fn a_source_that_is_down_is_read_from_where_it_was() {
    let (space, app) = begun().await;
    synced(&app).await;
    space.change(json!({"hotelId": "GI-1"}));
    space.fail(Some(StatusCode::SERVICE_UNAVAILABLE));
    synced(&app).await;
    assert_eq!((doubted(&app).await, since(&app, KeyScope::Deployment).await), (vec![], at(0)));
    space.fail(None);
    synced(&app).await;
    assert_eq!(doubted(&app).await, ["GI-1"]);
}

#[tokio::test]
async fn a_tenants_own_key_has_a_feed_of_its_own() {
    let (space, app) = begun().await;
    let demo = || KeyScope::Tenant("demo".parse().unwrap());
    synced(&app).await;
    assert_eq!((since(&app, KeyScope::Deployment).await, since(&app, demo()).await), (at(0), None));
    let mine = "/v1/admin/providers/goibibo";
    app.member("admin").put(&format!("{mine}/key")).body(json!({"key": "their-name:their-secret"})).send().await.assert(204, "");
    space.change(json!({"hotelId": "GI-1"}));
    synced(&app).await;
    assert_eq!((since(&app, KeyScope::Deployment).await, since(&app, demo()).await), (at(1), at(1)));
    app.member("admin").put(mine).body(json!({"enabled": false})).send().await.assert(200, "");
    space.change(json!({"hotelId": "GI-2"}));
    synced(&app).await;
    assert_eq!(
        (since(&app, KeyScope::Deployment).await, since(&app, demo()).await),
        (at(2), at(1)),
        "it is switched off for them"
    );
}
