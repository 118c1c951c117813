//! What holds for every queue job, driven from the list of functions: a new one can't be forgotten.

use local::{machine::functions, standins::queues::NewMessage, test_app::TestApp};
use platform::{Function, Queue, Trigger};
use serde_json::json;

use crate::support::*;

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
