//! What changes between a watcher's runs.

use domain::ids::WatcherId;
use jiff::ToSpan;
use local::{
    standins::queues::NewMessage,
    test_app::{TestApp, User},
};
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn a_clear_fall_of_the_price_is_told_again_and_noise_is_not() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    for (points, mails) in [(40_000, 1), (39_000, 1), (38_000, 2), (38_000, 2), (50_000, 2), (37_000, 2), (36_000, 3)] {
        space.set(&[("QR740", points)]);
        run(&app, &dana, watcher).await;
        assert_eq!(app.mails().len(), mails, "at {points} points");
        app.leap(20.minutes()).await;
    }
    let deal = &deals(&dana).await[0];
    let prices: Vec<u64> =
        deal["history"].as_array().unwrap().iter().map(|price| price["fare"]["points"].as_u64().unwrap()).collect();
    assert_eq!(prices, [40_000, 39_000, 38_000, 50_000, 37_000, 36_000]);
}

#[tokio::test]
async fn what_is_gone_leaves_the_list_and_is_news_when_it_comes_back() {
    let space = Space::of(&[("QR740", 40_000), ("EK216", 48_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    run(&app, &dana, watcher).await;
    assert_eq!((deals(&dana).await.len(), app.mails().len()), (2, 2));
    let gone = deals(&dana).await.into_iter().find(|deal| deal["flight"]["segments"][0]["flight"] == "EK216").unwrap();

    app.leap(16.minutes()).await;
    space.set(&[("QR740", 40_000)]);
    run(&app, &dana, watcher).await;
    assert_eq!((deals(&dana).await.len(), app.mails().len()), (1, 2));
    let path = format!("/v1/deals/{}", gone["id"].as_str().unwrap());
    assert_eq!(dana.get(&path).send().await.body["state"], "gone");

    app.leap(16.minutes()).await;
    space.set(&[("QR740", 40_000), ("EK216", 48_000)]);
    run(&app, &dana, watcher).await;
    assert_eq!((deals(&dana).await.len(), app.mails().len()), (2, 3));
}

/// As if the event about what is kept of a watcher's search came only now.
async fn answered(app: &TestApp, user: &User<'_>, watcher: WatcherId) {
    let search_key = app.store().watcher_of(&user.owner(), watcher).await.unwrap().unwrap().search_key;
    let detail = json!({"tenant": "demo", "searchKey": search_key, "slot": "2026-02-17T19:24:00Z", "scope": "-"});
    let event = NewMessage::new(json!({"detail": detail}).to_string());
    app.system().standins().queues().send("deals-search-answered", event).unwrap();
    app.settle().await;
}

#[tokio::test]
async fn what_is_gone_does_not_come_back_by_an_answer_that_was_asked_for_before() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let earlier = watch(&dana, json!({"schedule": {"every": "hours", "hours": 24}})).await;
    let later = watch(&dana, json!({"to": ["AUH", "DXB"], "schedule": {"every": "hours", "hours": 24}})).await;
    run(&app, &dana, earlier).await;
    run(&app, &dana, later).await;
    assert_eq!(deals(&dana).await.len(), 1);
    app.leap(16.minutes()).await;
    space.set(&[]);
    run(&app, &dana, later).await;
    assert_eq!(deals(&dana).await, [] as [Value; 0]);
    // Or another watcher ran by it.
    answered(&app, &dana, earlier).await;
    assert_eq!((deals(&dana).await.len(), app.dead_letters().len()), (0, 0));
    space.set(&[("QR740", 40_000)]);
    run(&app, &dana, earlier).await;
    assert_eq!(deals(&dana).await.len(), 1, "it is there again");
}

#[tokio::test]
async fn what_is_still_there_is_news_to_no_search_that_shows_it() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watchers = [watch(&dana, json!({})).await, watch(&dana, json!({"to": ["AUH", "DXB"]})).await];
    let versions = async || {
        let (store, owner) = (app.store(), dana.owner());
        let deal = store.ranked_deals(&owner.tenant, 2, None).await.unwrap().items.remove(0);
        let mut judged = Vec::new();
        for watcher in watchers {
            let watcher = store.watcher_of(&owner, watcher).await.unwrap().unwrap();
            judged.push(store.match_of(&watcher, deal.id).await.unwrap().unwrap().seen_version);
        }
        (deal.version, judged)
    };
    for watcher in watchers {
        run(&app, &dana, watcher).await;
    }
    assert_eq!((versions().await, space.calls_to("seats-aero")), ((1, vec![1, 1]), 2));
    // Past half of such finds' life its source has looked again. Only the first is told to run: that alone has a watcher judged.
    app.clock.advance(jiff::SignedDuration::from_hours(6));
    space.looked_at(app.system().now().to_string());
    run(&app, &dana, watchers[0]).await;
    answered(&app, &dana, watchers[1]).await;
    assert_eq!(versions().await, (2, vec![1, 1]), "it is kept anew, and nobody has to judge it");
    space.set(&[("QR740", 39_000)]);
    app.clock.advance(jiff::SignedDuration::from_mins(16));
    run(&app, &dana, watchers[0]).await;
    answered(&app, &dana, watchers[1]).await;
    assert_eq!(versions().await, (3, vec![3, 3]));
}

#[tokio::test]
async fn a_source_that_fails_makes_nothing_gone() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    run(&app, &dana, watcher).await;
    app.leap(16.minutes()).await;
    space.fail(Some(http::StatusCode::INTERNAL_SERVER_ERROR));
    run(&app, &dana, watcher).await;
    assert_eq!(deals(&dana).await.len(), 1);
}

#[tokio::test]
async fn who_pauses_or_deletes_a_watcher_hears_no_more_of_it() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let paused = watch(&dana, json!({"name": "paused"})).await;
    let deleted = watch(&dana, json!({"name": "deleted"})).await;
    assert_eq!(dana.post(&format!("/v1/watchers/{paused}/pause")).send().await.status, 200);
    assert_eq!(dana.delete(&format!("/v1/watchers/{deleted}")).send().await.status, 204);
    app.leap(3.hours()).await;
    assert_eq!((space.calls_to("seats-aero"), app.mails().len()), (0, 0), "nobody waits, nobody pays");
}

#[tokio::test]
async fn a_watcher_deleted_while_its_search_runs_tells_nothing() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    dana.post(&format!("/v1/watchers/{watcher}/run")).send().await;
    app.clock.advance(jiff::SignedDuration::from_mins(1));
    app.system().fire_due().await;
    // The search is on its way.
    assert_eq!(dana.delete(&format!("/v1/watchers/{watcher}")).send().await.status, 204);
    app.settle().await;
    assert_eq!((alerts(&dana).await.len(), app.mails().len()), (0, 0));
}

#[tokio::test]
async fn a_watcher_past_its_last_day_expires_and_can_be_given_new_dates() {
    let space = Space::of(&[]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({"dates": {"on": "2026-02-18"}, "schedule": {"every": "hours", "hours": 24}})).await;
    for _ in 0..3 {
        app.leap(24.hours()).await;
    }
    let path = format!("/v1/watchers/{watcher}");
    assert_eq!(dana.get(&path).send().await.body["state"], "expired");
    let calls = space.calls_to("seats-aero");
    app.leap(48.hours()).await;
    assert_eq!(space.calls_to("seats-aero"), calls, "it runs no more");
    dana.post(&format!("{path}/resume")).send().await.assert(409, "watcher-expired");
    let reply = dana.patch(&path).body(json!({"dates": {"on": "2026-04-27"}})).send().await;
    assert_eq!(reply.body["state"], "active");
}
