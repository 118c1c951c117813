//! Members who search at once, who die while they ask, and what is no longer to be believed while it is asked for.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use domain::{
    search::{Asks, Days, SearchQuery},
    sources::KeyScope,
};
use faults::{
    strikes::{Gatepost, Recorder},
    world::{Setting, World, alone},
};
use jiff::SignedDuration;
use local::{gate::Faults, test_app::Reply};
use serde_json::json;
use storage::Turn;

/// How often each race is run.
const SEEDS: u64 = 8;
/// Longer than anyone who asks for a member can hold up others.
const LEASE: SignedDuration = SignedDuration::from_secs(11);

async fn world(faults: Arc<dyn Faults>, seed: u64) -> World {
    let world = World::new(Setting::of(seed, faults)).await;
    world.space.set(&[("QR740", 40_000)]);
    world
}

async fn search(world: &World, member: &str) -> Reply {
    let question = json!({"from": ["LAX"], "to": ["DXB"], "dates": {"on": "2026-04-27"}, "cabins": ["economy"]});
    world.app.member(member).post("/v1/search/flights").body(question).send().await
}

#[test]
fn of_two_who_search_at_once_one_asks_and_both_are_answered() {
    for seed in 0..SEEDS {
        alone(seed, async {
            let world = world(Arc::new(Recorder::of(seed)), seed).await;
            let (one, other) = tokio::join!(search(&world, "demo"), search(&world, "omar"));
            let mut how = [one, other].map(|reply| {
                reply.assert(200, "");
                reply.body["how"].as_str().unwrap().to_owned()
            });
            how.sort();
            assert!(how == ["miss", "shared"] || how == ["hit", "miss"], "{how:?}");
            assert_eq!(world.space.calls_to("seats-aero"), 1);
        });
    }
}

#[test]
fn who_dies_while_asking_holds_up_others_no_longer_than_asking_takes() {
    alone(0, async {
        let world = world(Arc::new(Recorder::of(0)), 0).await;
        let first = search(&world, "demo").await;
        let key = first.body["searchKey"].as_str().unwrap().parse().unwrap();
        world.app.clock.advance(SignedDuration::from_hours(10));
        let taken = world.app.store().take_turn(Turn::Now, (&KeyScope::Deployment, &key), world.now(), LEASE).await;
        assert!(matches!(taken, Ok(Some(_))), "{taken:?}");
        let meanwhile = search(&world, "demo").await;
        meanwhile.assert(200, "");
        assert_eq!((&meanwhile.body["how"], &meanwhile.body["complete"]), (&json!("stale"), &json!(false)));
        world.app.clock.advance(LEASE);
        assert_eq!(search(&world, "demo").await.body["how"], "miss");
    });
}

#[test]
fn who_is_done_asking_holds_up_nobody_whom_other_sources_serve() {
    alone(0, async {
        let world = world(Arc::new(Recorder::of(0)), 0).await;
        let off = world.app.member("operator").put("/v1/operator/providers/duffel?tenant=demo").body(json!({"enabled": false}));
        off.send().await.assert(200, "");
        assert_eq!(search(&world, "demo").await.body["sources"].as_array().unwrap().len(), 1);
        let then = search(&world, "omar").await;
        then.assert(200, "");
        assert_eq!((&then.body["complete"], &then.body["sources"][1]["state"]), (&json!(true), &json!("fresh")));
    });
}

#[test]
fn where_another_asks_and_nothing_is_kept_one_is_told_to_come_again() {
    alone(0, async {
        let world = world(Arc::new(Recorder::of(0)), 0).await;
        let key = search(&world, "demo").await.body["searchKey"].as_str().unwrap().parse().unwrap();
        world.app.clock.advance(SignedDuration::from_hours(30));
        let taken = world.app.store().take_turn(Turn::Now, (&KeyScope::Deployment, &key), world.now(), LEASE).await;
        assert!(matches!(taken, Ok(Some(_))), "{taken:?}");
        let told = search(&world, "demo").await;
        told.assert(503, "unavailable");
        assert!(!told.header("retry-after").is_empty());
    });
}

#[test]
fn a_source_that_another_one_is_asking_is_not_left_alone_for_it() {
    alone(0, async {
        let world = world(Arc::new(Recorder::of(0)), 0).await;
        let key = search(&world, "demo").await.body["searchKey"].as_str().unwrap().parse().unwrap();
        let kept = world.app.store().answer::<SearchQuery>(&KeyScope::Deployment, &key).await.unwrap().unwrap();
        // As seats.aero is asked: for a week, whoever travels.
        let asks = Asks { party: false, days: Days::Weeks, stays: &[] };
        let part = kept.query.asked_of(asks, world.now()).key().of_part(&"seats-aero".parse().unwrap());
        world.app.clock.advance(SignedDuration::from_hours(30));
        let taken = world.app.store().take_turn(Turn::Now, (&KeyScope::Deployment, &part), world.now(), LEASE).await;
        assert!(matches!(taken, Ok(Some(_))), "{taken:?}");
        search(&world, "demo").await.assert(503, "sources-unavailable");
        world.app.clock.advance(LEASE);
        let then = search(&world, "demo").await;
        then.assert(200, "");
        assert_eq!(then.body["how"], "miss");
    });
}

#[test]
fn what_all_ask_for_is_read_once_in_a_moment_and_what_makes_it_worthless_each_time() {
    alone(0, async {
        let recorder = Arc::new(Recorder::of(0));
        let world = world(recorder.clone(), 0).await;
        let reads = || {
            let calls = recorder.calls();
            calls.iter().filter(|call| call.function == "search-search-flights" && call.operation == "GetItem").count()
        };
        let cost = async |how: &str| {
            let before = reads();
            assert_eq!(search(&world, "demo").await.body["how"], how);
            reads() - before
        };
        cost("miss").await;
        let first = cost("hit").await;
        assert_eq!((cost("hit").await, cost("hit").await), (first - 1, first - 1), "it is at hand");
        world.app.clock.advance(SignedDuration::from_secs(2));
        assert_eq!(cost("hit").await, first);
        let doubt = json!({"route": {"from": "LAX", "to": "DXB"}});
        world.app.member("operator").post("/v1/admin/cache/invalidations").body(doubt).send().await.assert(202, "");
        world.app.clock.advance(SignedDuration::from_secs(1));
        cost("miss").await;
    });
}

#[test]
fn who_comes_again_for_the_awards_asks_for_no_fares_before() {
    alone(0, async {
        let world = world(Arc::new(Recorder::of(0)), 0).await;
        let first = search(&world, "demo").await;
        let key = first.body["searchKey"].as_str().unwrap().parse().unwrap();
        let kept = world.app.store().answer::<SearchQuery>(&KeyScope::Deployment, &key).await.unwrap().unwrap();
        let asks = Asks { party: false, days: Days::Weeks, stays: &[] };
        let part = kept.query.asked_of(asks, world.now()).key().of_part(&"seats-aero".parse().unwrap());
        let asked = || ["seats-aero", "duffel"].map(|source| world.space.calls_to(source));
        let before = asked();
        world.app.clock.advance(SignedDuration::from_hours(6));
        assert_eq!(search(&world, "demo").await.body["how"], "stale", "it is asked for anew, by a message");
        let taken = world.app.store().take_turn(Turn::Now, (&KeyScope::Deployment, &part), world.now(), LEASE).await;
        assert!(matches!(taken, Ok(Some(_))), "{taken:?}");
        world.app.settle().await;
        assert_eq!(asked(), before, "another one is asking for the awards, by which the days of fares are chosen");
        world.app.clock.advance(SignedDuration::from_mins(5));
        assert_eq!(search(&world, "demo").await.body["how"], "stale");
        world.app.settle().await;
        assert_eq!(asked(), before.map(|calls| calls + 1));
        assert_eq!(search(&world, "demo").await.body["how"], "hit");
    });
}

#[test]
fn what_is_invalidated_while_it_is_asked_for_is_asked_for_again() {
    for seed in 0..SEEDS {
        alone(seed, async {
            // It has asked, and holds the answer in its hands.
            let post = Gatepost::at("search-search-flights", "SendMessageBatch");
            let world = world(post.clone(), seed).await;
            let invalidate = async {
                let doubt = json!({"route": {"from": "LAX", "to": "DXB"}});
                let operator = world.app.member("operator");
                operator.post("/v1/admin/cache/invalidations").body(doubt).send().await.assert(202, "");
            };
            let (first, ()) = tokio::join!(search(&world, "demo"), post.meanwhile(invalidate));
            first.assert(200, "");
            world.app.clock.advance(SignedDuration::from_mins(1));
            assert_eq!(search(&world, "omar").await.body["how"], "miss");
            assert_eq!(search(&world, "omar").await.body["how"], "hit");
            assert_eq!(world.space.calls_to("seats-aero"), 2);
        });
    }
}

#[test]
fn a_source_that_another_tenant_does_not_ask_is_said_not_to_be_asked_yet() {
    alone(0, async {
        let world = world(Arc::new(Recorder::of(0)), 0).await;
        let off = world.app.member("operator").put("/v1/operator/providers/duffel?tenant=demo").body(json!({"enabled": false}));
        off.send().await.assert(200, "");
        let first = search(&world, "demo").await;
        assert_eq!(first.body["sources"].as_array().unwrap().len(), 1, "{:#}", first.body);
        let key = first.body["searchKey"].as_str().unwrap().parse().unwrap();
        world.app.clock.advance(LEASE);
        let taken = world.app.store().take_turn(Turn::Now, (&KeyScope::Deployment, &key), world.now(), LEASE).await;
        assert!(matches!(taken, Ok(Some(_))), "{taken:?}");
        let meanwhile = search(&world, "omar").await;
        meanwhile.assert(200, "");
        let fares = &meanwhile.body["sources"][1];
        assert_eq!((&fares["source"], &fares["state"]), (&json!("duffel"), &json!("not-asked")));
        assert_eq!((&meanwhile.body["complete"], &meanwhile.body["found"]), (&json!(false), &json!(1)));
        world.app.clock.advance(LEASE);
        let then = search(&world, "omar").await;
        assert_eq!((&then.body["complete"], &then.body["sources"][1]["state"]), (&json!(true), &json!("fresh")));
    });
}
