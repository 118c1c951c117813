//! What holds for every queue job, driven from the list of functions: a new one can't be forgotten.

use std::collections::BTreeMap;

use domain::{caching::Stock, events::InventoryChanged, ids::EventId};
use jiff::{SignedDuration, ToSpan};
use local::{machine::functions, standins::queues::NewMessage, test_app::TestApp};
use platform::{Function, Queue, Trigger, clock::Clock};
use serde_json::json;
use storage::Change;

use crate::{
    reporting::{called, counts, cut_off},
    support::*,
};

fn workers() -> Vec<(&'static dyn Function, Queue)> {
    let worker = |function: &'static dyn Function| match function.trigger() {
        Trigger::Queue { queue, .. } => Some((function, queue)),
        Trigger::Http(_) | Trigger::Schedule { .. } => None,
    };
    functions().into_iter().filter_map(worker).collect()
}

#[tokio::test]
async fn poison_is_parked_at_once_with_a_reason_and_holds_up_nobody() {
    for (function, queue) in workers() {
        let space = Space::of(&[("QR740", 40_000)]);
        let app = app_over(&space).await;
        let dana = app.member("demo");
        for poison in ["junk", "{}", "[]", "null", "1e999", r#"{"detail": {"tenant": "DEMO"}}"#] {
            app.system().standins().queues().send(queue.name, NewMessage::new(poison)).unwrap();
        }
        let watcher = watch(&dana, json!({})).await;
        run(&app, &dana, watcher).await;
        let letters = app.dead_letters();
        assert_eq!(letters.len(), 6, "{}: {letters:#?}", function.spec().name);
        for (dead_queue, letter) in letters {
            assert_eq!(dead_queue, queue.dead(), "{}", function.spec().name);
            assert_eq!(letter.attributes["parkedBy"], function.spec().name);
            assert!(!letter.attributes["reason"].is_empty());
        }
        assert_eq!(app.mails().len(), 1, "{}", function.spec().name);
    }
}

#[tokio::test]
async fn a_message_about_what_is_no_more_is_done_or_parked_and_never_comes_again() {
    let nobody = json!({
        "tenant": "demo", "member": "mem_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3", "watcher": "wat_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3",
        "deal": "deal_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3", "dealVersion": 1, "delivery": "msg_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3",
        "challenge": "otp_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3", "wanted": 1, "until": "2026-02-17T19:39:00Z",
        "searchKey": "00000000000000000000000000000000", "slot": "2026-02-17T19:24:00Z", "maxAgeMinutes": 1, "reason": "found",
        "score": {"total": 1, "parts": {"value": null, "convenience": null, "timing": null, "reliability": null, "availability": null}}
    });
    for (function, queue) in workers() {
        let app = TestApp::new().await;
        let mut body = nobody.clone();
        body["detail"] = nobody.clone();
        body["detail-type"] = json!("Any");
        app.system().standins().queues().send(queue.name, NewMessage::new(body.to_string())).unwrap();
        app.settle().await;
        let left = app
            .queues()
            .into_iter()
            .map(|queue| (queue.visible + queue.in_flight + queue.delayed, queue.dead_letter_of.is_empty()));
        let waiting: Vec<_> = left.filter(|(count, alive)| *count > 0 && *alive).collect();
        assert!(waiting.is_empty(), "{}", function.spec().name);
        assert!(app.mails().is_empty());
    }
}

/// A message of each queue, as a run of the main job sends them, and the app in which it ran.
async fn real_messages() -> (TestApp, BTreeMap<String, String>) {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    dana.post(&format!("/v1/watchers/{watcher}/run")).send().await.assert(202, "");
    let anyone = app.anonymous();
    anyone.post("/v1/auth/forgot-password").body(json!({"email": "dana@example.com"})).send().await.assert(202, "");
    for n in 0..10 {
        let wrong = json!({"login": "demo", "password": "not the password"});
        anyone.post("/v1/auth/login").body(wrong).send().await.assert(401, "wrong-credentials");
        // As often as anyone is let try.
        app.clock.advance(SignedDuration::from_secs(if n == 4 { 60 } else { 0 }));
    }
    refreshed_and_changed(&app).await;
    app.clock.advance(SignedDuration::from_mins(1));
    app.system().fire_due().await;
    let mut seen = BTreeMap::new();
    loop {
        let relayed = app.system().relay_if_woken().await;
        for queue in app.queues() {
            let waiting = app.system().standins().queues().peek(&queue.name, 1).unwrap();
            seen.extend(waiting.into_iter().map(|message| (queue.name.clone(), message.body)));
        }
        if app.system().poll_queues().await.unwrap() == 0 && !relayed {
            break;
        }
    }
    assert_eq!(app.mails().len(), 3, "a find, a passcode and a lock");
    for (function, queue) in workers() {
        assert!(seen.contains_key(queue.name), "no message reached {}", function.spec().name);
    }
    (app, seen)
}

/// What the main job does not lead to: an answer that is stale, and a source that changes what it has.
async fn refreshed_and_changed(app: &TestApp) {
    let stale = json!({"tenant": "demo", "vertical": "flights", "scope": "-", "searchKey": "00000000000000000000000000000000"});
    app.system().standins().queues().send("refreshes", NewMessage::new(stale.to_string())).unwrap();
    let changed = InventoryChanged {
        tenant: "demo".parse().unwrap(),
        source: "goibibo".parse().unwrap(),
        stock: Stock::Property("GI-77".to_owned()),
        days: None,
        at: app.clock.now(),
    };
    let told = Change::new().emit(&changed, EventId::from(ulid::Ulid(1)), app.clock.now());
    app.store().commit(told).await.unwrap();
}

fn batch_of(function: &'static dyn Function) -> usize {
    let Trigger::Queue { batch, .. } = function.trigger() else { unreachable!("{} works no queue", function.spec().name) };
    batch.into()
}

#[tokio::test]
async fn poison_in_any_slot_of_a_full_batch_is_parked_and_counted_and_all_others_are_handled() {
    let (app, messages) = real_messages().await;
    for (function, queue) in workers() {
        let (name, size) = (function.spec().name, batch_of(function));
        let called = called(&app, function);
        for slot in 0..size {
            let mut bodies = vec![messages[queue.name].clone(); size];
            bodies[slot] = format!("junk in slot {slot}");
            let failed = called.work(&bodies, SignedDuration::from_secs(60)).await;
            assert!(failed.is_empty(), "{name}, slot {slot}: {failed:?}");
            assert_eq!(called.outcomes(), counts([("JobsParked", 1), ("JobsDone", size as u64 - 1)]), "{name}, slot {slot}");
        }
        let letters = app.system().standins().queues().peek(&queue.dead(), 1_000).unwrap();
        let parked: Vec<_> = letters.into_iter().map(|letter| letter.body).collect();
        assert_eq!(parked, (0..size).map(|slot| format!("junk in slot {slot}")).collect::<Vec<_>>(), "{name}");
    }
    assert_eq!(app.mails().len(), 3, "what was handled before changes nothing");
}

/// It reaches nothing, so that whatever it began, parking included, would be an error of another kind.
#[tokio::test]
async fn with_no_time_left_nothing_is_begun_and_everything_comes_again() {
    let (app, messages) = real_messages().await;
    let a_moment = SignedDuration::from_millis(1);
    let within_reserve = SignedDuration::from_secs(3) - a_moment;
    for left in [SignedDuration::ZERO, -a_moment, SignedDuration::from_hours(-500_000), within_reserve] {
        for (function, queue) in workers() {
            let (called, size) = (cut_off(&app, function), batch_of(function));
            let mut bodies = vec![messages[queue.name].clone(); size];
            bodies[0] = "junk".to_owned();
            let mut failed = called.work(&bodies, left).await;
            failed.sort_by_key(|place| place.parse::<usize>().unwrap());
            let all: Vec<String> = (0..size).map(|place| place.to_string()).collect();
            assert_eq!(failed, all, "{} with {left}", function.spec().name);
            assert_eq!(called.outcomes(), counts([("JobsNotBegun", size as u64)]), "{} with {left}", function.spec().name);
        }
    }
    assert!(app.dead_letters().is_empty());
}

#[tokio::test]
async fn poison_that_is_sent_round_again_is_parked_again_with_the_reason_of_now() {
    for (function, queue) in workers() {
        let app = TestApp::new().await;
        let name = function.spec().name;
        let queues = app.system().standins().queues();
        queues.send(queue.name, NewMessage::new("junk")).unwrap();
        app.settle().await;
        let first = app.dead_letters().remove(0).1;
        assert_eq!((queues.redrive(&queue.dead()).unwrap(), app.dead_letters().len()), (1, 0), "{name}");
        assert_eq!(queues.stats_of(queue.name).unwrap().visible, 1, "{name}");
        app.advance(1.second()).await;
        let letters = app.dead_letters();
        assert_eq!(letters.len(), 1, "{name}");
        assert_ne!(letters[0].1.id, first.id, "{name}");
        assert_eq!((letters[0].1.body.as_str(), letters[0].1.reason()), ("junk", "the message can't be read"), "{name}");
        assert_eq!(letters[0].1.attributes, first.attributes, "{name}");
    }
}
