//! Two at once, and what changes while something is under way. The rules are written down in
//! `docs/decisions/0010-what-meets-what.md`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    deals::{Assessed, Deal},
    events::DealChanged,
    flights::Fare,
    ids::EventId,
};
use faults::{
    strikes::{Gatepost, Recorder},
    world::{Setting, World, alone},
};
use jiff::SignedDuration;
use local::{
    gate::Faults,
    test_app::{Asked, User},
};
use serde_json::{Value, json};
use storage::Change;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

async fn world(faults: Arc<dyn Faults>, seed: u64) -> World {
    let world = World::new(Setting::of(seed, faults)).await;
    world.space.set(&[("QR740", 40_000)]);
    world
}

/// A watcher of the member `demo`, to be run in the minute that comes.
async fn watch(world: &World, to: &str) -> String {
    let wishes = json!({
        "name": to, "wanted": "award-flights", "from": ["LAX"], "to": [to], "dates": {"on": "2026-04-27"},
        "cabins": ["economy"], "schedule": {"every": "hours", "hours": 1}
    });
    let dana = world.app.member("demo");
    let created = dana.post("/v1/watchers").body(wishes).send().await;
    created.assert(201, "");
    let path = format!("/v1/watchers/{}", created.body["id"].as_str().unwrap());
    dana.post(&format!("{path}/run")).send().await.assert(202, "");
    path
}

async fn alerts(world: &World) -> Vec<Value> {
    let listed = world.app.member("demo").get("/v1/alerts?limit=100").send().await;
    listed.body["items"].as_array().unwrap().clone()
}

/// Lets a minute pass, and acts as soon as the function is held.
async fn meanwhile<T>(world: &World, post: &Gatepost, act: impl Future<Output = T>) -> T {
    let (passed, done) = tokio::join!(world.pass(MINUTE), post.meanwhile(act));
    passed.unwrap();
    world.heal().await.unwrap();
    done
}

/// How often the source of awards was asked.
fn asked(recorder: &Recorder) -> usize {
    recorder.calls().iter().filter(|call| call.function == "search-run-search" && call.operation == "search").count()
}

#[test]
fn two_sweeps_at_once_ask_each_search_once() {
    for seed in 0..10 {
        alone(seed, async {
            let recorder = Arc::new(Recorder::of(seed));
            let world = world(recorder.clone(), seed).await;
            for to in ["DXB", "DXB", "AUH", "DOH"] {
                watch(&world, to).await;
            }
            world.app.clock.advance(MINUTE);
            let sweep = || world.app.system().run_now("watchers-sweep-watchers");
            tokio::join!(sweep(), sweep());
            world.settle().await.unwrap();
            assert_eq!(asked(&recorder), 3, "seed {seed}");
            world.heal().await.unwrap();
            assert_eq!((alerts(&world).await.len(), world.app.mails().len()), (2, 2), "seed {seed}");
        });
    }
}

#[test]
fn a_sweep_that_overlaps_the_next_leaves_it_nothing_to_double() {
    // Held before it sends, and after it sent and before it claims.
    for operation in ["SendMessageBatch", "PutItem"] {
        alone(1, async {
            let post = Gatepost::at("watchers-sweep-watchers", operation);
            let world = world(post.clone(), 1).await;
            let path = watch(&world, "DXB").await;
            meanwhile(&world, &post, async {
                assert!(world.app.system().run_now("watchers-sweep-watchers").await);
                world.settle().await.unwrap();
                assert_eq!(world.app.mails().len(), 1, "the next sweep does all of it");
            })
            .await;
            assert_eq!((alerts(&world).await.len(), world.app.mails().len()), (1, 1), "held at {operation}");
            let shown = world.app.member("demo").get(&path).send().await.body;
            assert!(shown["nextRunAt"].as_str().unwrap() > "2026-02-17T19:30", "{shown}");
        });
    }
}

#[test]
fn a_watcher_edited_while_its_search_runs_tells_by_its_new_wishes() {
    alone(1, async {
        let post = Gatepost::at("search-run-search", "search");
        let world = world(post.clone(), 1).await;
        let path = watch(&world, "DXB").await;
        let dana = world.app.member("demo");
        let edit = dana.patch(&path).body(json!({"filters": {"maxPoints": 20_000}})).send();
        meanwhile(&world, &post, edit).await.assert(200, "");
        assert_eq!((alerts(&world).await.len(), world.app.mails().len()), (0, 0));
        // The answer was not in vain: the deal is known, and the watcher is told of it as soon as it wants it.
        dana.patch(&path).body(json!({"filters": {"maxPoints": 60_000}})).send().await.assert(200, "");
        world.heal().await.unwrap();
        assert_eq!((alerts(&world).await.len(), world.app.mails().len()), (1, 1));
    });
}

#[test]
fn a_watcher_that_goes_elsewhere_while_its_search_runs_hears_nothing_of_the_old_search() {
    alone(1, async {
        let post = Gatepost::at("search-run-search", "search");
        let world = world(post.clone(), 1).await;
        let path = watch(&world, "DXB").await;
        let edit = world.app.member("demo").patch(&path).body(json!({"to": ["AUH"]})).send();
        meanwhile(&world, &post, edit).await.assert(200, "");
        assert_eq!((alerts(&world).await.len(), world.app.mails().len()), (0, 0));
    });
}

#[test]
fn a_watcher_deleted_or_paused_while_its_search_runs_tells_nothing() {
    for deleted in [true, false] {
        alone(1, async {
            let post = Gatepost::at("search-run-search", "search");
            let world = world(post.clone(), 1).await;
            let path = watch(&world, "DXB").await;
            let dana = world.app.member("demo");
            let request = if deleted { dana.delete(&path) } else { dana.post(&format!("{path}/pause")) };
            let reply = meanwhile(&world, &post, request.send()).await;
            assert!(reply.status.is_success(), "{:#}", reply.body);
            assert_eq!((alerts(&world).await.len(), world.app.mails().len()), (0, 0), "deleted: {deleted}");
        });
    }
}

/// What its owner can do to a watcher so that it wants a deal no more.
fn turn_away<'a>(dana: &User<'a>, path: &str) -> [Asked<'a>; 4] {
    [
        dana.delete(path),
        dana.post(&format!("{path}/pause")),
        dana.patch(path).body(json!({"to": ["AUH"]})),
        dana.patch(path).body(json!({"filters": {"maxPoints": 20_000}})),
    ]
}

#[test]
fn a_watcher_turned_away_while_its_match_is_on_the_way_tells_nothing() {
    // Before the alert is begun, and in the moment in which it is stored.
    for operation in ["GetItem", "TransactWriteItems"] {
        for way in 0..4 {
            alone(1, async {
                let post = Gatepost::at("notifications-raise-alert", operation);
                let world = world(post.clone(), 1).await;
                let path = watch(&world, "DXB").await;
                let asked = turn_away(&world.app.member("demo"), &path).into_iter().nth(way).unwrap();
                let reply = meanwhile(&world, &post, asked.send()).await;
                assert!(reply.status.is_success(), "{:#}", reply.body);
                assert_eq!((alerts(&world).await.len(), world.app.mails().len()), (0, 0), "{operation}, way {way}");
            });
        }
    }
}

#[test]
fn a_mail_that_waits_for_the_morning_is_not_sent_when_its_watcher_is_turned_away() {
    for way in 0..4 {
        alone(1, async {
            let world = world(Arc::new(Recorder::of(1)), 1).await;
            world.app.clock.advance(SignedDuration::from_hours(11)); // 22:24 in Los Angeles
            let path = watch(&world, "DXB").await;
            world.pass(MINUTE).await.unwrap();
            world.heal().await.unwrap();
            assert_eq!((alerts(&world).await.len(), world.app.mails().len()), (1, 0));
            turn_away(&world.app.member("demo"), &path).into_iter().nth(way).unwrap().send().await;
            world.pass(SignedDuration::from_hours(12)).await.unwrap();
            world.heal().await.unwrap();
            let alert = alerts(&world).await.remove(0);
            assert_eq!((alert["dropped"].as_str(), world.app.mails().len()), (Some("not-watched"), 0), "way {way}");
        });
    }
}

/// Changes the one deal there is, as a search that finds it so does, and lets all that follows happen.
async fn change_deal(world: &World, change: impl FnOnce(&mut Deal)) {
    let (app, store) = (&world.app, world.app.store());
    let owner = app.member("demo").owner();
    let mut deal = store.ranked_deals(&owner.tenant, 1, None).await.unwrap().items.remove(0);
    let search_key = store.watchers_of(&owner, 1, None).await.unwrap().items.remove(0).search_key;
    change(&mut deal);
    let changed = Change::new().update(&mut deal);
    let told = DealChanged { tenant: owner.tenant, search_key, deal: deal.id, deal_version: deal.version };
    store.commit(changed.emit(&told, EventId::from(ulid::Ulid(1)), world.now())).await.unwrap();
    app.system().gatehouse().wake();
    world.settle().await.unwrap();
}

fn cheaper(deal: &mut Deal) {
    let mut offer = deal.flight().clone();
    if let Fare::Award { points, .. } = &mut offer.fare {
        *points = 30_000.try_into().unwrap();
    }
    let assessed = Assessed { offer, valuation: deal.valuation.clone(), parts: deal.parts };
    assert!(deal.seen_again(assessed, deal.last_seen));
}

fn gone(deal: &mut Deal) {
    assert!(deal.gone(deal.last_seen));
}

#[test]
fn a_deal_that_gets_cheaper_while_its_mail_is_on_the_way_is_told_again() {
    alone(1, async {
        let post = Gatepost::at("notifications-send-email", "SendEmail");
        let world = world(post.clone(), 1).await;
        watch(&world, "DXB").await;
        Box::pin(meanwhile(&world, &post, change_deal(&world, cheaper))).await;
        let reasons: BTreeSet<String> = alerts(&world).await.iter().map(|alert| alert["reason"].to_string()).collect();
        assert_eq!(reasons, ["\"cheaper\"", "\"found\""].map(str::to_owned).into());
        let mails: Vec<String> = world.app.mails().into_iter().map(|mail| mail.mail.text.unwrap()).collect();
        assert_eq!(mails.len(), 2);
        assert!(
            mails.iter().any(|mail| mail.contains("40,000")) && mails.iter().any(|mail| mail.contains("30,000")),
            "{mails:#?}"
        );
    });
}

#[test]
fn a_deal_that_gets_cheaper_before_its_mail_is_rendered_is_told_as_it_is() {
    alone(1, async {
        let post = Gatepost::at("notifications-send-email", "GetItem");
        let world = world(post.clone(), 1).await;
        watch(&world, "DXB").await;
        Box::pin(meanwhile(&world, &post, change_deal(&world, cheaper))).await;
        let mails: Vec<String> = world.app.mails().into_iter().map(|mail| mail.mail.text.unwrap()).collect();
        // Once: the later alert says more.
        assert!(mails.len() == 1 && mails[0].contains("for\n30,000 AAdvantage points"), "{mails:#?}");
        let told: BTreeSet<String> = alerts(&world).await.iter().map(|alert| alert["state"].to_string()).collect();
        assert_eq!(told, ["\"dropped\"", "\"told\""].map(str::to_owned).into());
    });
}

#[test]
fn a_deal_that_is_gone_before_its_mail_is_rendered_is_not_told() {
    alone(1, async {
        let post = Gatepost::at("notifications-send-email", "GetItem");
        let world = world(post.clone(), 1).await;
        watch(&world, "DXB").await;
        Box::pin(meanwhile(&world, &post, change_deal(&world, gone))).await;
        let alerts = alerts(&world).await;
        assert_eq!((alerts[0]["state"].as_str(), alerts[0]["dropped"].as_str()), (Some("dropped"), Some("deal-gone")));
        assert!(world.app.mails().is_empty());
    });
}

#[test]
fn a_mail_whose_deal_goes_while_ses_has_it_is_sent_once() {
    alone(1, async {
        let post = Gatepost::at("notifications-send-email", "SendEmail");
        let world = world(post.clone(), 1).await;
        watch(&world, "DXB").await;
        Box::pin(meanwhile(&world, &post, change_deal(&world, gone))).await;
        assert_eq!((alerts(&world).await[0]["state"].as_str(), world.app.mails().len()), (Some("told"), 1));
    });
}

#[test]
fn an_alert_read_while_its_mail_is_on_the_way_stays_read() {
    alone(1, async {
        let post = Gatepost::at("notifications-send-email", "SendEmail");
        let world = world(post.clone(), 1).await;
        watch(&world, "DXB").await;
        let read = async {
            let alert = alerts(&world).await.remove(0);
            world.app.member("demo").post(&format!("/v1/alerts/{}/read", alert["id"].as_str().unwrap())).send().await
        };
        meanwhile(&world, &post, read).await.assert(200, "");
        assert_eq!((alerts(&world).await[0]["state"].as_str(), world.app.mails().len()), (Some("read"), 1));
    });
}
