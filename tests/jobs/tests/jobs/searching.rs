//! Members' searches over sources whose space and state tests set: what is kept, what is stale, what is no longer to be believed.

use std::sync::Arc;

use domain::{
    caching::{self, Stock},
    events::InventoryChanged,
    ids::EventId,
    search::SearchKey,
    sources::KeyScope,
};
use http::StatusCode;
use jiff::{SignedDuration, ToSpan};
use local::{
    gate::{Action, CallInfo, Faults, NoFaults},
    standins::queues::NewMessage,
    test_app::{Reply, TestApp},
};
use platform::clock::Clock as _;
use serde_json::{Value, json};
use storage::{Asker, Change, WarmingHour};

use crate::support::*;

/// So long an answer about a flight in 69 days is fresh: six hours, less 28 minutes.
const LIFE: SignedDuration = SignedDuration::from_mins(332);

async fn search(app: &TestApp) -> Reply {
    let question = json!({"from": ["lax "], "to": ["DXB"], "dates": {"on": "2026-04-27"}, "cabins": ["economy"]});
    app.member("demo").post("/v1/search/flights").body(question).send().await
}

/// How it was come by, and what the source of awards is shown as.
async fn found(app: &TestApp) -> (String, String) {
    let reply = search(app).await;
    reply.assert(200, "");
    assert_eq!(reply.body["found"], 1, "{:#}", reply.body);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&reply.body["how"]), text(&reply.body["sources"][0]["state"]))
}

fn came(how: &str, state: &str) -> (String, String) {
    (how.to_owned(), state.to_owned())
}

async fn begun() -> (Arc<Space>, TestApp) {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    (space, app)
}

#[tokio::test]
async fn a_question_is_asked_once_for_all_who_search_and_watch() {
    let (space, app) = begun().await;
    assert_eq!(found(&app).await, came("miss", "fresh"));
    assert_eq!(found(&app).await, came("hit", "fresh"));
    let omar = app.member("omar").post("/v1/search/flights");
    let words = json!({"from": ["LAX"], "to": [" dxb"], "dates": {"on": "2026-04-27"}, "cabins": ["economy"]});
    assert_eq!(omar.body(words).send().await.body["how"], "hit", "another tenant, another way to say it");
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    run(&app, &dana, watcher).await;
    assert_eq!((space.calls_to("seats-aero"), deals(&dana).await.len()), (1, 1));
}

#[tokio::test]
async fn what_is_stale_is_shown_as_such_and_asked_for_behind_the_back() {
    let (space, app) = begun().await;
    found(&app).await;
    app.clock.advance(LIFE);
    assert_eq!(found(&app).await, came("stale", "stale"));
    assert_eq!(found(&app).await.0, "stale");
    assert_eq!(space.calls_to("seats-aero"), 1);
    app.settle().await;
    assert_eq!(space.calls_to("seats-aero"), 2, "once, for both");
    assert_eq!(found(&app).await, came("hit", "fresh"));
}

#[tokio::test]
async fn a_source_that_is_down_is_stood_in_for_by_what_it_said_within_a_day() {
    let (space, app) = begun().await;
    found(&app).await;
    space.fail(Some(StatusCode::SERVICE_UNAVAILABLE));
    app.clock.advance(LIFE + LIFE);
    let reply = search(&app).await;
    reply.assert(200, "");
    let awards = &reply.body["sources"][0];
    assert_eq!((&awards["state"], &awards["trouble"]), (&json!("stale"), &json!("unavailable")));
    assert_eq!((&reply.body["complete"], &reply.body["items"][0]["stale"]), (&json!(false), &json!(true)));
    app.clock.advance(SignedDuration::from_hours(24) - LIFE - LIFE);
    search(&app).await.assert(503, "sources-unavailable");
}

#[tokio::test]
async fn where_nothing_is_known_nobody_is_told_that_there_is_nothing() {
    let (space, app) = begun().await;
    space.fail(Some(StatusCode::SERVICE_UNAVAILABLE));
    let reply = search(&app).await;
    reply.assert(503, "sources-unavailable");
    assert!(!reply.header("retry-after").is_empty());
    let asked = space.calls_to("seats-aero");
    search(&app).await.assert(503, "sources-unavailable");
    assert_eq!(space.calls_to("seats-aero"), asked, "it is left alone for five minutes");
    space.fail(None);
    app.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(space.calls_to("duffel"), 0, "there was nothing to compare");
    assert_eq!(found(&app).await, came("miss", "fresh"));
    assert_eq!(space.calls_to("duffel"), 1, "that it was not asked before was not taken for its answer");
}

async fn invalidate(app: &TestApp, doubt: Value) {
    app.member("operator").post("/v1/admin/cache/invalidations").body(doubt).send().await.assert(202, "");
    app.clock.advance(SignedDuration::from_mins(1));
}

#[tokio::test]
async fn what_is_invalidated_is_not_shown_again_even_if_nothing_else_can_be_had() {
    let (space, app) = begun().await;
    let key = search(&app).await.body["searchKey"].clone();
    app.clock.advance(SignedDuration::from_mins(1));
    invalidate(&app, json!({"route": {"from": "LAX", "to": "DOH"}})).await;
    invalidate(&app, json!({"route": {"from": "LAX", "to": "DXB"}, "days": {"from": "2026-05-01", "to": "2026-05-02"}})).await;
    invalidate(&app, json!({"property": "GI-77"})).await;
    invalidate(&app, json!({"route": {"from": "LAX", "to": "DXB"}, "source": "viator"})).await;
    assert_eq!(found(&app).await.0, "hit", "none of that was about it");
    for doubt in [
        json!({"searchKey": key}),
        json!({"route": {"from": "LAX", "to": "DXB"}}),
        json!({"route": {"from": "LAX", "to": "DXB"}, "days": {"from": "2026-04-20", "to": "2026-04-27"}}),
        json!({"route": {"from": "LAX", "to": "DXB"}, "source": "seats-aero"}),
        json!({"route": {"from": "metro:LAX", "to": "metro:DXB"}}),
    ] {
        invalidate(&app, doubt.clone()).await;
        assert_eq!(found(&app).await, came("miss", "fresh"), "{doubt}");
        assert_eq!(found(&app).await.0, "hit", "{doubt}");
        app.clock.advance(SignedDuration::from_mins(1));
    }
    invalidate(&app, json!({"searchKey": key})).await;
    space.fail(Some(StatusCode::SERVICE_UNAVAILABLE));
    search(&app).await.assert(503, "sources-unavailable");
}

#[tokio::test]
async fn a_source_that_changes_what_it_has_is_asked_anew_and_no_other() {
    let (space, app) = begun().await;
    found(&app).await;
    app.clock.advance(SignedDuration::from_mins(1));
    let changed = InventoryChanged {
        tenant: "demo".parse().unwrap(),
        source: "seats-aero".parse().unwrap(),
        stock: Stock::Route("LAX".parse().unwrap(), "DXB".parse().unwrap()),
        days: None,
        at: app.clock.now(),
    };
    let told = Change::new().emit(&changed, EventId::from(ulid::Ulid(1)), app.clock.now());
    app.store().commit(told).await.unwrap();
    app.advance(1.minute()).await;
    let fares = space.calls_to("duffel");
    assert_eq!(found(&app).await, came("miss", "fresh"));
    assert_eq!((space.calls_to("seats-aero"), space.calls_to("duffel")), (2, fares));
}

/// As if so many more members who are noted had searched for it today, each for sixteen. How long it is fresh then.
async fn popular(app: &TestApp, noted: u8) -> SignedDuration {
    let key: SearchKey = search(app).await.body["searchKey"].as_str().unwrap().parse().unwrap();
    for who in 0..noted {
        let (key, at) = (key.clone(), app.clock.now());
        let asker = Asker { scope: KeyScope::Deployment, key, who: format!("{who:016x}"), at };
        app.store().commit(Change::new().set(&asker)).await.unwrap();
    }
    // It is noted when it is asked for next.
    app.clock.advance(SignedDuration::from_mins(1));
    invalidate(app, json!({"route": {"from": "LAX", "to": "DXB"}})).await;
    found(app).await;
    let asked = app.store().asked_lately(&KeyScope::Deployment, &key, app.clock.now()).await.unwrap();
    SignedDuration::from_mins(caching::lifetime(asked, 69).into())
}

#[tokio::test]
async fn what_many_ask_for_is_asked_for_before_its_time_is_over() {
    let (space, app) = begun().await;
    let life = popular(&app, 6).await;
    assert!(life < LIFE);
    let asked = space.calls_to("seats-aero");
    app.clock.advance(life - SignedDuration::from_mins(21));
    app.advance(1.minute()).await;
    app.system().run_now("search-warm-answers").await;
    app.settle().await;
    assert_eq!(space.calls_to("seats-aero"), asked + 1);
    app.clock.advance(SignedDuration::from_mins(21));
    assert_eq!(found(&app).await, came("hit", "fresh"));
}

/// Whether so many calls are left in this hour's budget for what is popular, and no more.
async fn are_left(app: &TestApp, calls: i64) -> bool {
    let take = async |calls| app.store().commit(Change::new().count(&WarmingHour { at: app.clock.now() }, calls, 240)).await;
    take(calls).await.is_ok() && take(1).await.is_err() && take(-calls).await.is_ok()
}

#[tokio::test]
async fn of_the_budget_for_what_is_popular_goes_what_was_spent_or_may_have_been() {
    for asked_meanwhile in [false, true] {
        let (_, app) = begun().await;
        let life = popular(&app, 6).await;
        app.clock.advance(life - SignedDuration::from_mins(20));
        app.system().run_now("search-warm-answers").await;
        assert!(are_left(&app, 238).await, "what it cost last is set aside: awards, and what they are compared with");
        if asked_meanwhile {
            invalidate(&app, json!({"route": {"from": "LAX", "to": "DXB"}})).await;
            found(&app).await;
        }
        app.settle().await;
        assert!(are_left(&app, 238).await, "{asked_meanwhile}");
    }
}

#[tokio::test]
async fn what_is_set_aside_and_not_spent_is_given_back() {
    for (off, left) in [(&["duffel"][..], 239), (&["duffel", "seats-aero"], 240)] {
        let (_, app) = begun().await;
        let life = popular(&app, 6).await;
        app.clock.advance(life - SignedDuration::from_mins(20));
        app.system().run_now("search-warm-answers").await;
        assert!(are_left(&app, 238).await);
        for source in off {
            let settings = app.member("admin").put(&format!("/v1/admin/providers/{source}"));
            settings.body(json!({"enabled": false})).send().await.assert(200, "");
        }
        app.settle().await;
        assert!(are_left(&app, left).await, "{off:?}");
    }
}

/// Kills whoever refreshes an answer when it is kept, before its prices are.
#[derive(Debug)]
struct KilledOnceKept;

impl Faults for KilledOnceKept {
    fn before(&self, call: &CallInfo) -> Action {
        let keeps_prices = (call.function, call.operation.as_str()) == ("search-refresh-answer", "BatchWriteItem");
        if keeps_prices { Action::Hang } else { Action::Proceed }
    }
}

#[tokio::test]
async fn what_was_spent_before_a_message_comes_again_is_not_given_back() {
    let (space, app) = begun().await;
    let life = popular(&app, 6).await;
    app.clock.advance(life - SignedDuration::from_mins(20));
    let asked = space.calls_to("seats-aero");
    app.system().run_now("search-warm-answers").await;
    app.set_faults(Arc::new(KilledOnceKept));
    app.settle().await;
    let taken = || app.queues().iter().map(|queue| queue.in_flight).sum::<u64>();
    assert_eq!((taken(), space.calls_to("seats-aero")), (1, asked + 1));
    app.set_faults(Arc::new(NoFaults));
    app.clock.advance(SignedDuration::from_mins(7));
    app.settle().await;
    assert_eq!(taken(), 0);
    assert_eq!(space.calls_to("seats-aero"), asked + 1, "it came again, and found what it had kept");
    assert!(are_left(&app, 238).await);
}

#[tokio::test]
async fn what_few_ask_for_or_nobody_can_pay_is_not() {
    for (noted, spent) in [(0, 0), (6, 240)] {
        let (space, app) = begun().await;
        let life = popular(&app, noted).await;
        let asked = space.calls_to("seats-aero");
        app.clock.advance(life - SignedDuration::from_mins(20));
        if spent > 0 {
            let budget = WarmingHour { at: app.clock.now() };
            app.store().commit(Change::new().count(&budget, spent, 240)).await.unwrap();
        }
        app.system().run_now("search-warm-answers").await;
        app.settle().await;
        assert_eq!(space.calls_to("seats-aero"), asked, "{noted} are noted, {spent} calls spent");
    }
}

#[tokio::test]
async fn searches_are_counted_for_operators_and_limited_for_members() {
    let (_, app) = begun().await;
    found(&app).await;
    let shown = app.member("operator").get("/v1/admin/cache").send().await;
    shown.assert(200, "");
    assert_eq!((&shown.body["all"]["misses"], &shown.body["hours"][0]["misses"]), (&json!(1), &json!(1)));
    assert_eq!((&shown.body["day"], &shown.body["hours"][0]["vertical"]), (&json!("2026-02-17"), &json!("flights")));
    for _ in 1..20 {
        search(&app).await.assert(200, "");
    }
    search(&app).await.assert(429, "too-many-requests");
    assert_eq!(app.member("omar").post("/v1/search/flights").body(json!({})).send().await.status, 422);
}

#[tokio::test]
async fn stays_and_activities_are_found_the_cheapest_first_and_kept() {
    let (space, app) = begun().await;
    let dana = app.member("demo");
    let stay = json!({"city": "Goa", "checkin": "2026-04-27", "nights": 2, "adults": 1, "childAges": [9, 4]});
    let found = dana.post("/v1/search/stays").body(stay).send().await;
    found.assert(200, "");
    let property = |item: usize| found.body["items"][item]["stay"]["property"]["reference"].clone();
    assert_eq!((property(0), property(1)), (json!("GI-12"), json!("GI-77")));
    assert_eq!(found.body["items"][0]["compared"], json!({"amount": "95.50", "currency": "USD"}));
    let again = json!({"city": "goa", "checkin": "2026-04-27", "nights": 2, "adults": 1, "childAges": [4, 9]});
    assert_eq!(dana.post("/v1/search/stays").body(again).send().await.body["how"], "hit");
    app.clock.advance(SignedDuration::from_mins(1));
    invalidate(&app, json!({"property": "GI-12", "days": {"from": "2026-04-29", "to": "2026-04-29"}})).await;
    let search = || async {
        let stay = json!({"city": "Goa", "checkin": "2026-04-27", "nights": 2, "adults": 1, "childAges": [4, 9]});
        dana.post("/v1/search/stays").body(stay).send().await.body["how"].clone()
    };
    assert_eq!(search().await, "hit", "who leaves on that day needs no room");
    invalidate(&app, json!({"property": "GI-12", "days": {"from": "2026-04-28", "to": "2026-04-28"}})).await;
    assert_eq!((search().await, space.calls_to("goibibo")), (json!("miss"), 2));

    let tour = json!({"place": "Sydney", "dates": {"on": "2026-04-27"}});
    let found = dana.post("/v1/search/activities").body(tour).send().await;
    found.assert(200, "");
    assert_eq!(found.body["items"][0]["activity"]["title"], "Old Town on foot");
}

#[tokio::test]
async fn one_stay_is_compared_as_its_sources_sell_it_and_no_other() {
    let (_, app) = begun().await;
    let dana = app.member("demo");
    let stay = json!({"source": "oyo", "reference": "O-1", "city": "Goa", "checkin": "2026-04-27", "nights": 2});
    dana.post("/v1/search/compare").body(json!({"stay": stay})).send().await.assert(404, "property-not-found");
    for (source, reference) in [("oyo", "O-1"), ("goibibo", "GI-77")] {
        let position = json!({"latitude": "15.5500", "longitude": "73.7500"});
        let listing = json!({"source": source, "reference": reference, "name": "Sunset Palace", "position": position});
        let report = json!({"source": source, "outcome": "complete", "calls": 1, "offers": 1, "setAside": []});
        let account = json!({"answer": source, "at": "2026-02-17T19:24:00Z", "report": report});
        let message = json!({"account": account, "listings": [listing]}).to_string();
        app.system().standins().queues().send("source-answers", NewMessage::new(message)).unwrap();
        app.settle().await;
    }
    let found = dana.post("/v1/search/compare").body(json!({"stay": stay})).send().await;
    found.assert(200, "");
    let items = found.body["items"].as_array().unwrap();
    assert!(!items.is_empty() && items.iter().all(|item| item["stay"]["property"]["reference"] == "GI-77"), "{items:#?}");
    assert_eq!((&items[0]["source"], &items[0]["cheapest"]), (&json!("goibibo"), &json!(true)));
    assert_eq!(items[0]["total"], items[0]["stay"]["price"]["total"]);
    let both = json!({"stay": stay, "flight": {}});
    dana.post("/v1/search/compare").body(both).send().await.assert(422, "invalid-input");
}

#[tokio::test]
async fn what_is_around_a_place_is_asked_of_its_city_once_for_all() {
    let (space, app) = begun().await;
    let near = |latitude: &str| {
        let position = json!({"latitude": latitude, "longitude": "103.8500"});
        json!({"around": {"position": position, "kilometres": 5}, "checkin": "2026-04-27", "nights": 2})
    };
    for question in [near("1.2900"), near("1.3100"), json!({"city": "Singapore", "checkin": "2026-04-27", "nights": 2})] {
        app.member("demo").post("/v1/search/stays").body(question).send().await.assert(200, "");
    }
    assert_eq!((space.calls_to("goibibo"), space.calls_to("trip-com")), (1, 1), "both are asked by the name of a city");
}

#[tokio::test]
async fn a_city_that_is_nearly_written_so_is_not_asked_for() {
    let (space, app) = begun().await;
    let stay = |city: &str| json!({"city": city, "checkin": "2026-04-27", "nights": 2});
    let search = async |city: &str| app.member("demo").post("/v1/search/stays").body(stay(city)).send().await;
    let refused = search("Singapor").await;
    refused.assert(422, "invalid-input");
    assert!(refused.body["errors"][0]["detail"].as_str().unwrap().contains("Singapore, SG"), "{:#}", refused.body);
    assert_eq!(space.calls_to("goibibo"), 0);
    search("Singapor, IN").await.assert(200, "");
    assert_eq!(space.calls_to("goibibo"), 1);
    let nobody_knows = search("Hobbiton, NZ").await.body;
    assert_eq!((&nobody_knows["found"], &nobody_knows["complete"]), (&json!(0), &json!(false)), "{nobody_knows:#}");
    let refused = search("Germany").await;
    refused.assert(422, "invalid-input");
    assert_eq!(refused.body["errors"][0]["code"], "not-a-city");
    assert_eq!(space.calls_to("goibibo"), 2, "of a country nobody is asked");
    let tour = |place: &str| json!({"place": place, "dates": {"on": "2026-04-27"}});
    let search = async |place: &str| app.member("demo").post("/v1/search/activities").body(tour(place)).send().await;
    let refused = search("Singapor").await;
    refused.assert(422, "invalid-input");
    assert!(refused.body["errors"][0]["detail"].as_str().unwrap().contains("Singapore, SG"), "{:#}", refused.body);
    for place in ["singapore ", "SIN", "metro:SIN", "Singapore, SG"] {
        search(place).await.assert(200, "");
    }
    assert_eq!(space.calls_to("viator"), 1, "it is one question");
}

#[tokio::test]
async fn a_source_that_a_brand_has_off_offers_its_members_nothing() {
    let (space, app) = begun().await;
    let (dana, admin) = (app.member("demo"), app.member("admin"));
    // A watcher finds, a minute later, what the source was asked for here.
    let search_key = search(&app).await.body["searchKey"].clone();
    let watcher = watch(&dana, json!({})).await;
    run(&app, &dana, watcher).await;
    assert_eq!((deals(&dana).await.len(), space.calls_to("seats-aero")), (1, 1));
    for (enabled, live) in [(false, 0), (true, 1)] {
        admin.put("/v1/admin/providers/seats-aero").body(json!({"enabled": enabled})).send().await.assert(200, "");
        // As if the event came only now.
        let detail = json!({"tenant": "demo", "searchKey": search_key, "slot": "2026-02-17T19:24:00Z", "scope": "-"});
        let event = json!({"detail": detail}).to_string();
        app.system().standins().queues().send("deals-search-answered", NewMessage::new(event)).unwrap();
        app.settle().await;
        assert_eq!((deals(&dana).await.len(), app.dead_letters().len()), (live, 0), "{enabled}");
    }
}

#[tokio::test]
async fn where_all_sources_are_off_watchers_runs_end_and_what_was_found_is_gone() {
    let (space, app) = begun().await;
    let (dana, admin) = (app.member("demo"), app.member("admin"));
    let watcher = watch(&dana, json!({})).await;
    run(&app, &dana, watcher).await;
    assert_eq!(deals(&dana).await.len(), 1);
    for (enabled, live, calls) in [(false, 0, 1), (true, 1, 2)] {
        admin.put("/v1/admin/providers/seats-aero").body(json!({"enabled": enabled})).send().await.assert(200, "");
        app.clock.advance(SignedDuration::from_hours(7));
        run(&app, &dana, watcher).await;
        let now = (deals(&dana).await.len(), space.calls_to("seats-aero"), app.dead_letters().len());
        assert_eq!(now, (live, calls, 0), "{enabled}");
    }
}

#[tokio::test]
async fn where_no_source_can_be_asked_that_is_said() {
    let (space, app) = begun().await;
    let keys = json!([{"source": "booking-demand", "reference": "12"}, {"source": "expedia-rapid", "reference": "13"}]);
    let by_number = json!({"properties": keys, "checkin": "2026-04-27", "nights": 2});
    app.member("demo").post("/v1/search/stays").body(by_number).send().await.assert(409, "not-offered");
    assert_eq!(space.calls_to("goibibo"), 0);
    for stay in [
        json!({"checkin": "2026-04-27", "nights": 2}),
        json!({"city": "Goa", "properties": [{"source": "oyo", "reference": "1"}], "checkin": "2026-04-27", "nights": 2}),
        json!({"city": "Goa", "checkin": "2026-01-27", "nights": 0, "limit": 0}),
    ] {
        app.member("demo").post("/v1/search/stays").body(stay).send().await.assert(422, "invalid-input");
    }
}
