//! Messages: at their hour, within the day's number, and once.

use std::sync::{Arc, Mutex};

use domain::{
    deals::Deal,
    notifications::{CLAIM_SECONDS, DeliveryState, Dropped},
};
use jiff::ToSpan;
use local::gate::{Action, CallInfo, Callee, Failure, Faults};
use platform::aws::Service;
use serde::{Deserialize, Serialize};
use serde_json::json;
use storage::{Change, Entity, Key, Kind};

use crate::support::*;

/// Strikes calls to SES, and notes what is put on the bus.
#[derive(Debug)]
struct AtSes {
    before: Action,
    after: Action,
    calls: u64,
    published: Mutex<Vec<String>>,
}

impl AtSes {
    fn of(before: Action, after: Action, calls: u64) -> Arc<Self> {
        Arc::new(Self { before, after, calls, published: Mutex::default() })
    }

    /// How often an event of this name was put on the bus.
    fn published(&self, event: &str) -> usize {
        self.published.lock().unwrap().iter().map(|body| body.matches(event).count()).sum()
    }

    fn strikes(&self, call: &CallInfo) -> bool {
        call.callee == Callee::Aws(Service::Ses) && self.calls > 0 && call.number > 0
    }
}

impl Faults for AtSes {
    fn before(&self, call: &CallInfo) -> Action {
        if self.strikes(call) { self.before } else { Action::Proceed }
    }

    fn rewrite(&self, call: &CallInfo, body: &[u8]) -> Option<Vec<u8>> {
        if call.operation == "PutEvents" {
            self.published.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
        }
        None
    }

    fn after(&self, call: &CallInfo) -> Action {
        if self.strikes(call) { self.after } else { Action::Proceed }
    }
}

#[tokio::test]
async fn a_find_in_quiet_hours_is_told_when_they_end() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    dana.post(&format!("/v1/watchers/{watcher}/pause")).send().await;
    app.leap(11.hours()).await; // 22:24 in Los Angeles
    dana.post(&format!("/v1/watchers/{watcher}/resume")).send().await;
    run(&app, &dana, watcher).await;
    assert_eq!((alerts(&dana).await.len(), app.mails().len()), (1, 0));
    app.leap(574.minutes()).await; // 07:59
    assert_eq!(app.mails().len(), 0);
    app.advance(2.minutes()).await;
    assert_eq!(app.mails().len(), 1);
    app.leap(3.hours()).await;
    assert_eq!(app.mails().len(), 1);
}

#[tokio::test]
async fn what_is_no_longer_so_is_not_told_when_quiet_hours_end() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    dana.post(&format!("/v1/watchers/{watcher}/pause")).send().await;
    app.leap(11.hours()).await;
    dana.post(&format!("/v1/watchers/{watcher}/resume")).send().await;
    run(&app, &dana, watcher).await;
    space.set(&[]);
    leap_to_next_run(&app, &dana, watcher).await;
    leap_to_next_run(&app, &dana, watcher).await;
    app.leap(12.hours()).await;
    assert_eq!(app.mails().len(), 0);
    let alerts = alerts(&dana).await;
    assert_eq!((&alerts[0]["state"], &alerts[0]["dropped"]), (&json!("dropped"), &json!("deal-gone")));
    assert_eq!(delivery(&app, &dana, &alerts[0]).await, DeliveryState::Dropped { why: Dropped::DealGone });
}

#[tokio::test]
async fn a_message_that_waits_gives_way_to_a_later_one_however_often_the_deal_is_kept_anew() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let daily = |to: &[&str]| json!({"to": to, "schedule": {"every": "hours", "hours": 24}});
    let watchers = [watch(&dana, daily(&["DXB"])).await, watch(&dana, daily(&["AUH", "DXB"])).await];
    for watcher in watchers {
        dana.post(&format!("/v1/watchers/{watcher}/pause")).send().await;
    }
    app.leap(11.hours()).await; // 22:24 in Los Angeles
    for watcher in watchers {
        dana.post(&format!("/v1/watchers/{watcher}/resume")).send().await;
        run(&app, &dana, watcher).await;
    }
    app.leap(16.minutes()).await;
    space.set(&[("QR740", 30_000)]);
    run(&app, &dana, watchers[0]).await;
    assert_eq!((alerts(&dana).await.len(), app.mails().len()), (3, 0), "found by both, and cheaper by one");
    app.leap(6.hours()).await;
    space.looked_at(app.system().now().to_string());
    run(&app, &dana, watchers[0]).await;
    let deal = app.store().ranked_deals(&dana.owner().tenant, 2, None).await.unwrap().items.remove(0);
    assert_eq!((deal.changed_in, deal.version), (2, 3), "kept anew as it was");
    // The other search learns only now that it is cheaper.
    run(&app, &dana, watchers[1]).await;
    assert_eq!((alerts(&dana).await.len(), app.mails().len()), (4, 0));
    app.leap(4.hours()).await; // 08:40
    assert_eq!(app.mails().len(), 2, "one of each watcher's two is enough");
}

#[tokio::test]
async fn beyond_the_days_number_alerts_are_raised_without_a_message() {
    let flights = ["QR1", "QR2", "QR3", "QR4", "QR5", "QR6", "QR7", "QR8", "QR9", "QR10", "QR11", "QR12", "QR13"];
    let space = Space::of(&flights.map(|flight| (flight, 40_000)));
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    run(&app, &dana, watcher).await;
    let alerts = alerts(&dana).await;
    assert_eq!((alerts.len(), app.mails().len()), (13, 10));
    assert_eq!(alerts.iter().filter(|alert| alert["dropped"] == "daily-cap").count(), 3);
}

#[tokio::test]
async fn a_send_whose_answer_was_lost_is_uncertain_and_never_repeated() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    let faults = AtSes::of(Action::Proceed, Action::LoseAnswer, 1);
    app.set_faults(faults.clone());
    run(&app, &dana, watcher).await;
    assert_eq!((faults.published("MessageUncertain"), faults.published("MessageSent")), (1, 0), "it is reported, once");
    app.set_faults(Arc::new(local::gate::NoFaults));
    app.leap(2.hours()).await;
    assert_eq!(app.mails().len(), 1, "it went out, and once");
    let alerts = alerts(&dana).await;
    assert!(matches!(delivery(&app, &dana, &alerts[0]).await, DeliveryState::Uncertain { .. }));
    assert_eq!(alerts[0]["state"], "uncertain", "and shown");
}

#[tokio::test]
async fn a_sender_that_dies_after_its_claim_leaves_it_uncertain() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    app.set_faults(AtSes::of(Action::Hang, Action::Proceed, 1));
    run(&app, &dana, watcher).await;
    app.set_faults(Arc::new(local::gate::NoFaults));
    app.advance((CLAIM_SECONDS + 300).seconds()).await;
    assert_eq!(app.mails().len(), 0, "better none than two");
    let alerts = alerts(&dana).await;
    assert!(matches!(delivery(&app, &dana, &alerts[0]).await, DeliveryState::Uncertain { .. }));
}

#[tokio::test]
async fn a_throttled_send_goes_out_later() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    app.set_faults(AtSes::of(Action::Fail(Failure::Throttled), Action::Proceed, 1));
    run(&app, &dana, watcher).await;
    assert_eq!(app.mails().len(), 0);
    app.set_faults(Arc::new(local::gate::NoFaults));
    app.advance(10.minutes()).await;
    assert_eq!(app.mails().len(), 1);
}

/// A deal as nobody can read it, where a deal lies.
#[derive(Debug, Serialize, Deserialize)]
struct Broken {
    #[serde(skip)]
    key: Option<Key>,
}

impl Entity for Broken {
    const KIND: &'static Kind = Deal::KIND;

    fn key(&self) -> Key {
        self.key.clone().unwrap()
    }

    fn version(&mut self) -> &mut u64 {
        unreachable!("it is set, whatever is there")
    }
}

#[tokio::test]
async fn a_mail_that_can_not_be_made_is_parked_once_and_goes_out_when_its_cause_is_mended() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    // By itself it runs when all of this is over.
    let watcher = watch(&dana, json!({"schedule": {"every": "day", "at": "11:00"}})).await;
    app.leap(11.hours()).await; // 22:24 in Los Angeles: it waits for the morning
    run(&app, &dana, watcher).await;
    let deal = app.store().ranked_deals(&dana.owner().tenant, 1, None).await.unwrap().items.remove(0);
    app.store().commit(Change::new().set(&Broken { key: Some(deal.key()) })).await.unwrap();
    app.leap(10.hours()).await;
    app.advance(5.minutes()).await;
    let letters = app.dead_letters();
    assert_eq!((letters.len(), app.mails().len()), (1, 0), "{letters:#?}");
    assert_eq!(letters[0].0, "email-dead");
    app.store().commit(Change::new().set(&deal)).await.unwrap();
    assert_eq!(app.system().standins().queues().redrive("email-dead").unwrap(), 1);
    app.advance(5.minutes()).await;
    assert_eq!((app.dead_letters().len(), app.mails().len()), (0, 1));
}
