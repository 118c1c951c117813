//! `/v1/search`, over the recordings; `tests/jobs` has what happens when sources fail.

use domain::deals::Subject;
use local::{TestApp, test_app::User};
use serde_json::{Value, json};
use storage::Change;

use crate::support::{faults, with, without};

fn dubai() -> Value {
    json!({"from": ["LAX"], "to": ["DXB"], "dates": {"on": "2026-04-27"}, "cabins": ["economy"], "limit": 100})
}

async fn search(user: &User<'_>, question: Value) -> Value {
    let reply = user.post("/v1/search/flights").body(question).send().await;
    reply.assert(200, "");
    assert_eq!(reply.header("cache-control"), "no-store");
    reply.body
}

fn items(found: &Value) -> &[Value] {
    found["items"].as_array().unwrap()
}

#[tokio::test]
async fn what_is_found_is_ranked_valued_and_as_fresh_as_it_says() {
    let app = TestApp::new().await;
    let found = search(&app.member("demo"), dubai()).await;
    let scores: Vec<u64> = items(&found).iter().map(|item| item["score"]["total"].as_u64().unwrap()).collect();
    assert!(scores.len() > 3 && scores.is_sorted_by(|one, next| one >= next), "{scores:?}");
    assert_eq!((&found["how"], &found["complete"], &found["found"]), (&json!("miss"), &json!(true), &json!(scores.len())));
    assert!(items(&found).iter().all(|item| item["flight"]["fare"]["kind"] == "award" && item["stale"] == false));
    let sources: Vec<&Value> = found["sources"].as_array().unwrap().iter().map(|source| &source["source"]).collect();
    assert_eq!(sources, ["seats-aero", "duffel"]);
    let mut shown = found["items"][0].clone();
    shown["flight"] = json!("as deals show it");
    insta::assert_json_snapshot!("found_flight", shown);
}

#[tokio::test]
async fn no_more_is_shown_than_is_asked_for_and_it_is_the_best() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let all = search(&demo, dubai()).await;
    let two = search(&demo, with(dubai(), "limit", json!(2))).await;
    assert_eq!(items(&two), &items(&all)[..2]);
    assert_eq!((&two["found"], &two["how"]), (&all["found"], &json!("hit")));
    assert_eq!(items(&search(&demo, without(dubai(), "limit")).await).len(), items(&all).len().min(20));
}

#[tokio::test]
async fn a_cabin_is_the_same_by_each_of_its_names_and_by_its_booking_class() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let found = search(&demo, dubai()).await;
    for name in ["Economy", "coach", "Main Cabin", "Y"] {
        let again = search(&demo, with(dubai(), "cabins", json!([name]))).await;
        assert_eq!((&again["searchKey"], &again["how"]), (&found["searchKey"], &json!("hit")), "{name}");
    }
    let unknown = demo.post("/v1/search/flights").body(with(dubai(), "cabins", json!(["A"]))).send().await;
    assert_eq!(faults(&unknown), [("/cabins/0".to_owned(), "unknown-cabin".to_owned())]);
}

#[tokio::test]
async fn cash_is_found_where_cash_is_wanted() {
    let app = TestApp::new().await;
    let found = search(&app.member("demo"), with(dubai(), "wanted", json!("cash-flights"))).await;
    assert!(!items(&found).is_empty());
    assert!(items(&found).iter().all(|item| item["flight"]["fare"]["kind"] == "cash" && item["valuation"].is_null()));
    // Who has awards is not missed, and not waited for.
    assert_eq!((&found["how"], &found["complete"]), (&json!("miss"), &json!(true)));
    let again = search(&app.member("demo"), with(dubai(), "wanted", json!("cash-flights"))).await;
    assert_eq!((&again["how"], items(&again)), (&json!("hit"), items(&found)));
}

#[tokio::test]
async fn a_key_of_a_tenants_own_keeps_for_them_what_it_was_asked_for_and_nothing_else() {
    let app = TestApp::new().await;
    let key = json!({"key": local::recordings::KEY});
    app.member("admin").put("/v1/admin/providers/seats-aero/key").body(key).send().await.assert(204, "");
    for (wanted, how) in [("cash-flights", "hit"), ("award-flights", "miss")] {
        let question = with(dubai(), "wanted", json!(wanted));
        assert_eq!(search(&app.member("demo"), question.clone()).await["how"], "miss", "{wanted}");
        assert_eq!(search(&app.member("omar"), question).await["how"], how, "{wanted}: another tenant");
    }
}

#[tokio::test]
async fn a_find_is_worth_what_the_member_says_that_points_are_worth() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let of_american = |found: &Value| {
        let one = items(found)
            .iter()
            .find(|item| item["flight"]["fare"]["programme"] == "aadvantage" && !item["valuation"]["centsPerPoint"].is_null());
        one.cloned().unwrap()
    };
    let before = of_american(&search(&demo, dubai()).await);
    demo.put("/v1/me/valuations").body(json!({"valuations": {"aadvantage": "0.01"}})).send().await.assert(204, "");
    let found = search(&demo, dubai()).await;
    let after = items(&found).iter().find(|item| item["deal"] == before["deal"]).unwrap();
    assert_eq!((&after["valuation"]["verdict"], &after["score"]["parts"]["value"]), (&json!("exceptional"), &json!(100)));
    assert_eq!(before["valuation"]["centsPerPoint"], after["valuation"]["centsPerPoint"]);
    let others = search(&app.member("free"), dubai()).await;
    assert_eq!(of_american(&others)["valuation"], before["valuation"], "what is one's own is nobody else's");
}

#[tokio::test]
async fn a_find_has_the_id_of_the_deal_that_it_is() {
    let (app, _) = crate::support::told().await;
    let demo = app.member("demo");
    let found = search(&demo, dubai()).await;
    let id = found["items"][0]["deal"].as_str().unwrap().to_owned();
    demo.get(&format!("/v1/deals/{id}")).send().await.assert(200, "");
}

#[tokio::test]
async fn a_find_that_no_watcher_knows_is_had_by_the_search_that_showed_it() {
    let app = TestApp::new().await;
    let (demo, free) = (app.member("demo"), app.member("free"));
    let found = search(&demo, dubai()).await;
    let key = found["searchKey"].as_str().unwrap();
    let [id, other] = [0, 1].map(|place| items(&found)[place]["deal"].as_str().unwrap().to_owned());
    let (deal, saved) = (format!("/v1/deals/{id}"), format!("/v1/me/saved-deals/{id}"));
    let booked = async |user: &User<'_>, wanted: Value| user.post("/v1/me/bookings").body(wanted).send().await;
    // By its id alone it is not known.
    demo.put(&saved).send().await.assert(404, "deal-not-found");
    demo.get(&format!("{deal}/explain")).send().await.assert(404, "deal-not-found");
    booked(&demo, json!({"deal": id})).await.assert(404, "deal-not-found");
    // With the search it is, and looking keeps nothing.
    let explained = demo.get(&format!("{deal}/explain?searchKey={key}")).send().await;
    explained.assert(200, "");
    assert_eq!(explained.body["score"], items(&found)[0]["score"]["total"]);
    demo.get(&deal).send().await.assert(404, "deal-not-found");
    // Once saved or booked it is a deal as any other.
    let kept = demo.put(&saved).body(json!({"searchKey": key})).send().await;
    kept.assert(200, "");
    assert_eq!((&kept.body["deal"]["id"], &kept.body["deal"]["version"]), (&json!(id), &json!(1)));
    assert_eq!(demo.get(&deal).send().await.body["flight"], items(&found)[0]["flight"]);
    free.put(&saved).send().await.assert(200, "");
    let one = booked(&free, json!({"deal": other, "searchKey": key})).await;
    one.assert(201, "");
    assert_eq!(one.body["travellers"], 1, "as many as the search was for");
    demo.get(&format!("/v1/deals/{other}")).send().await.assert(200, "");
}

#[tokio::test]
async fn who_searches_for_two_books_for_two() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let found = search(&demo, with(dubai(), "travellers", json!(2))).await;
    let (key, shown) = (found["searchKey"].as_str().unwrap(), &items(&found)[0]);
    let wanted = json!({"deal": shown["deal"], "searchKey": key});
    for (travellers, ok) in [(0, false), (10, false), (9, true)] {
        let reply = demo.post("/v1/me/bookings").body(with(wanted.clone(), "travellers", json!(travellers))).send().await;
        reply.assert(if ok { 201 } else { 422 }, if ok { "" } else { "invalid-input" });
        assert!(ok || faults(&reply) == [("/travellers".to_owned(), "out-of-range".to_owned())], "{}", reply.body);
    }
    let free = app.member("free");
    let booking = free.post("/v1/me/bookings").body(&wanted).send().await;
    booking.assert(201, "");
    let each = shown["flight"]["fare"]["points"].as_u64().unwrap();
    assert_eq!((&booking.body["travellers"], &booking.body["needed"]), (&json!(2), &json!(2 * each)));
    let saved = format!("/v1/me/saved-deals/{}", shown["deal"].as_str().unwrap());
    for (body, travellers, version) in [(json!({}), 1, 1), (json!({"searchKey": key}), 2, 2), (json!({}), 2, 2)] {
        let reply = free.put(&saved).body(body).send().await;
        assert_eq!((&reply.body["travellers"], &reply.body["version"]), (&json!(travellers), &json!(version)), "{}", reply.body);
    }
    let path = format!("/v1/me/bookings/{}", booking.body["id"].as_str().unwrap());
    let look = |seats: u8| json!({"seen": {"points": each, "seats": seats}});
    let go = |step: &str, body: Value| free.post(&format!("{path}/{step}")).body(body).send();
    go("re-verify", look(1)).await.assert(200, "");
    go("transfer", json!({})).await.assert(409, "too-few-seats");
    go("re-verify", look(2)).await.assert(200, "");
    let short = free.get(&path).send().await.body;
    assert_eq!(short["shortfall"]["missing"], json!(2 * each), "{short:#}");
    free.put("/v1/me/balances")
        .body(json!({"balances": {"chase-ur": 900_000, "citi-typ": 900_000}}))
        .send()
        .await
        .assert(204, "");
    assert_eq!(free.get(&path).send().await.body["plan"]["points"], json!(2 * each));
}

#[tokio::test]
async fn what_was_gone_and_is_shown_again_is_known_to_its_search_again() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let found = search(&demo, dubai()).await;
    let (key, id) = (found["searchKey"].as_str().unwrap(), items(&found)[0]["deal"].as_str().unwrap());
    let save = || demo.put(&format!("/v1/me/saved-deals/{id}")).body(json!({"searchKey": key})).send();
    save().await.assert(200, "");
    // As a run that came before the search, and did not find it, leaves it.
    let (store, tenant) = (app.store(), demo.owner().tenant);
    let mut deal = store.deal(&tenant, id.parse().unwrap()).await.unwrap().unwrap();
    let Subject::Flight(offer) = &mut deal.subject;
    let before = offer.freshness.observed_at - jiff::SignedDuration::from_hours(1);
    offer.freshness.observed_at = before;
    deal.last_seen = before;
    assert!(deal.gone(before));
    store.commit(Change::new().update(&mut deal)).await.unwrap();
    let sightings = async || store.sightings(&tenant, &key.parse().unwrap(), 10, None).await.unwrap().items;
    assert_eq!(sightings().await, []);
    let again = save().await;
    assert_eq!(again.body["deal"]["state"], "live", "{}", again.body);
    let seen = sightings().await;
    assert_eq!((seen.len(), seen[0].deal, seen[0].deal_version), (1, deal.id, deal.version), "its watchers are still to be told");
}

#[tokio::test]
async fn a_find_is_explained_by_what_the_points_are_worth_to_who_asks() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let found = search(&demo, dubai()).await;
    let (key, shown) = (found["searchKey"].as_str().unwrap(), &items(&found)[0]);
    let programme = shown["flight"]["fare"]["programme"].as_str().unwrap();
    demo.put("/v1/me/valuations").body(json!({"valuations": {programme: "0.1"}})).send().await.assert(204, "");
    let deal = shown["deal"].as_str().unwrap();
    let explained = demo.get(&format!("/v1/deals/{deal}/explain?searchKey={key}")).send().await;
    let own =
        json!({"floor": "0.1000", "ceiling": "0.1000", "own": true, "floorAsOf": null, "ceilingAsOf": null, "stale": false});
    assert_eq!(explained.body["value"]["baseline"], own);
}

#[tokio::test]
async fn a_find_is_had_for_as_long_as_it_is_shown_and_by_nobody_elses_members() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let found = search(&demo, dubai()).await;
    let (key, id) = (found["searchKey"].as_str().unwrap(), items(&found)[0]["deal"].as_str().unwrap().to_owned());
    let save = async |handle: &str, key: &str| {
        app.member(handle).put(&format!("/v1/me/saved-deals/{id}")).body(json!({"searchKey": key})).send().await
    };
    // Another brand's deal has another id.
    save("omar", key).await.assert(404, "deal-not-found");
    save("demo", "0f1e2d3c4b5a69788796a5b4c3d2e1f0").await.assert(404, "search-not-kept");
    let wrong = save("demo", "no key").await;
    wrong.assert(422, "invalid-input");
    assert_eq!(faults(&wrong), [("/searchKey".to_owned(), "invalid".to_owned())]);
    let wrong = demo.get(&format!("/v1/deals/{id}/explain?searchKey=no")).send().await;
    assert_eq!(faults(&wrong), [("/searchKey".to_owned(), "invalid".to_owned())]);
    let doubt = json!({"route": {"from": "LAX", "to": "DXB"}});
    let told = app.member("operator").post("/v1/admin/cache/invalidations").body(doubt).send().await;
    assert!(told.status.is_success(), "{}", told.body);
    save("demo", key).await.assert(404, "search-not-kept");
    let booked = demo.post("/v1/me/bookings").body(json!({"deal": id, "searchKey": key})).send().await;
    booked.assert(404, "search-not-kept");
    assert!(booked.body["detail"].as_str().unwrap().contains("Search again"), "{}", booked.body);
}

#[tokio::test]
async fn what_is_not_in_an_answer_of_which_a_part_is_doubted_may_have_been_in_that() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let found = search(&demo, dubai()).await;
    let (key, id) = (found["searchKey"].as_str().unwrap(), items(&found)[0]["deal"].as_str().unwrap());
    let explain = async |id: &str| demo.get(&format!("/v1/deals/{id}/explain?searchKey={key}")).send().await;
    let unknown = "deal_00000000000000000000000007";
    explain(unknown).await.assert(404, "deal-not-found");
    let doubt = json!({"route": {"from": "LAX", "to": "DXB"}, "source": "seats-aero"});
    app.member("operator").post("/v1/admin/cache/invalidations").body(doubt).send().await.assert(202, "");
    for id in [id, unknown] {
        explain(id).await.assert(404, "search-not-kept");
    }
}

#[tokio::test]
async fn a_find_of_a_source_that_a_brand_has_off_is_not_had_by_its_members() {
    let app = TestApp::new().await;
    let (demo, admin) = (app.member("demo"), app.member("admin"));
    let found = search(&demo, dubai()).await;
    let (key, id) = (found["searchKey"].as_str().unwrap(), items(&found)[0]["deal"].as_str().unwrap());
    let explain = async || demo.get(&format!("/v1/deals/{id}/explain?searchKey={key}")).send().await;
    explain().await.assert(200, "");
    for (switch, status, code) in [
        (json!({"enabled": false}), 404, "deal-not-found"),
        (json!({"enabled": true, "markets": ["FR"]}), 404, "deal-not-found"),
        (json!({"enabled": true, "markets": ["FR", "US"]}), 200, ""),
    ] {
        admin.put("/v1/admin/providers/seats-aero").body(switch).send().await.assert(200, "");
        explain().await.assert(status, code);
    }
    app.member("operator").put("/v1/operator/providers/seats-aero").body(json!({"enabled": false})).send().await.assert(200, "");
    explain().await.assert(404, "deal-not-found");
    demo.put(&format!("/v1/me/saved-deals/{id}")).body(json!({"searchKey": key})).send().await.assert(404, "deal-not-found");
}

#[tokio::test]
async fn every_fault_of_a_question_is_named() {
    let app = TestApp::new().await;
    let cases = [
        (json!({}), vec![("/dates", "missing"), ("/from", "missing"), ("/to", "missing")]),
        (with(dubai(), "tos", json!([])), vec![("/tos", "unknown-field")]),
        (
            with(with(dubai(), "limit", json!(101)), "travellers", json!(10)),
            vec![("/limit", "out-of-range"), ("/travellers", "out-of-range")],
        ),
        (with(dubai(), "dates", json!({"on": "2026-02-01"})), vec![("/dates", "past")]),
        (with(dubai(), "to", json!(["LAX"])), vec![("/to", "same-place")]),
        (with(dubai(), "from", json!(["Nowhere At All"])), vec![("/from/0", "unknown-place")]),
    ];
    for (question, expected) in cases {
        let reply = app.member("demo").post("/v1/search/flights").body(question).send().await;
        reply.assert(422, "invalid-input");
        let found = faults(&reply);
        assert_eq!(found, expected.into_iter().map(|(at, code)| (at.to_owned(), code.to_owned())).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_is_to_be_invalidated_is_said_in_one_way() {
    let app = TestApp::new().await;
    let operator = app.member("operator");
    let route = json!({"from": "LAX", "to": "DXB"});
    let cases = [
        (json!({}), ("", "invalid")),
        (json!({"route": route, "property": "x"}), ("", "invalid")),
        (json!({"searchKey": "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "source": "duffel"}), ("", "invalid")),
        (json!({"property": ""}), ("/property", "invalid")),
        (json!({"route": route, "source": "nope"}), ("/source", "unknown")),
        (json!({"route": route, "days": {"from": "2026-05-02", "to": "2026-05-01"}}), ("/days/to", "invalid")),
    ];
    for (doubt, (at, code)) in cases {
        let reply = operator.post("/v1/admin/cache/invalidations").body(doubt).send().await;
        reply.assert(422, "invalid-input");
        assert_eq!(faults(&reply), [(at.to_owned(), code.to_owned())]);
    }
    let reply = operator.post("/v1/admin/cache/invalidations").body(json!({"property": "", "source": "nope"})).send().await;
    assert_eq!(faults(&reply).len(), 2, "neither hides the other");
    let countries = json!({"route": {"from": "country:US", "to": "country:GB"}});
    let reply = operator.post("/v1/admin/cache/invalidations").body(countries).send().await;
    assert_eq!(faults(&reply), [("/route/to".to_owned(), "invalid".to_owned())]);
    app.member("demo").post("/v1/admin/cache/invalidations").body(json!({})).send().await.assert(403, "forbidden");
}

#[tokio::test]
async fn one_flight_is_compared_by_its_flights() {
    let app = TestApp::new().await;
    let flight = |flights: Value| {
        json!({"flight": {
            "flights": flights, "from": "LAX", "to": "DXB", "day": "2026-04-27", "cabin": "economy"
        }})
    };
    let found = app.member("demo").post("/v1/search/compare").body(flight(json!(["UA2096", "UA164"]))).send().await;
    found.assert(200, "");
    let item = &found.body["items"][0];
    assert_eq!((&item["source"], &item["cheapest"]), (&json!("duffel"), &json!(true)));
    assert_eq!(item["total"], json!({"amount": "376.00", "currency": "USD"}));
    assert_eq!((&item["compared"], &item["rateOf"]), (&item["total"], &Value::Null));
    let awards: Vec<&Value> = found.body["items"].as_array().unwrap().iter().filter(|item| item["total"].is_null()).collect();
    for award in awards {
        assert_eq!(award["breakdown"]["taxes"], award["flight"]["fare"]["taxes"], "what an award costs in money");
    }
    let none = app.member("demo").post("/v1/search/compare").body(flight(json!(["UA1"]))).send().await;
    assert_eq!((none.status.as_u16(), &none.body["found"]), (200, &json!(0)));
    let wrong = app.member("demo").post("/v1/search/compare").body(flight(json!([]))).send().await;
    wrong.assert(422, "invalid-input");
}

#[tokio::test]
async fn a_price_is_checked_at_its_source() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let check = async |more: Value| {
        let mut body = json!({"source": "duffel", "reference": "off_LAX-DXB-2026-04-27-UA2096-UA164-economy"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        demo.post("/v1/search/check").body(body).send().await
    };
    let dollars = |amount: &str| json!({"amount": amount, "currency": "USD"});
    for (more, state, total) in [
        (json!({}), "available", dollars("376.00")),
        (json!({"price": dollars("376.00")}), "available", dollars("376.00")),
        (json!({"price": dollars("375.99")}), "changed", dollars("376.00")),
        (json!({"price": dollars("188.00"), "travellers": 2}), "available", dollars("376.00")),
        (json!({"price": dollars("188.00")}), "changed", dollars("376.00")),
    ] {
        let checked = check(more).await;
        checked.assert(200, "");
        assert_eq!((&checked.body["state"], &checked.body["total"]), (&json!(state), &total));
    }
    check(json!({"reference": "off_nobody-sells-it"})).await.assert(404, "offer-not-found");
    let of_expedia = "/v3/properties/1/rooms/2/rates/3?token=t";
    check(json!({"source": "expedia-rapid", "reference": of_expedia})).await.assert(409, "not-offered");
    for (more, at) in [
        (json!({"source": "seats-aero"}), "/source"),
        (json!({"source": "nobody"}), "/source"),
        (json!({"source": "viator"}), "/source"),
        (json!({"reference": ""}), "/reference"),
        (json!({"reference": "../../x?y"}), "/reference"),
        (json!({"source": "expedia-rapid"}), "/reference"),
        (json!({"source": "expedia-rapid", "reference": "https://elsewhere.example/v3/"}), "/reference"),
        (json!({"travellers": 0}), "/travellers"),
        (json!({"reference": "x".repeat(2_001)}), "/reference"),
        (json!({"price": dollars("0.00")}), "/price/amount"),
        (json!({"price": dollars("-376.00")}), "/price/amount"),
        (json!({"price": {"amount": "376.00", "currency": "EUR"}}), "/price/currency"),
    ] {
        let refused = check(more).await;
        refused.assert(422, "invalid-input");
        assert_eq!(faults(&refused).first().map(|(pointer, _)| pointer.as_str()), Some(at));
    }
}
