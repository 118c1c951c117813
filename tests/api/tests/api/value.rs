//! What awards are worth to members, how their points get there, and booking.

use domain::deals::{Deal, Subject};
use jiff::ToSpan;
use local::{TestApp, data::RECORDED_AT, test_app::User};
use platform::clock::Clock;
use serde_json::{Value, json};
use storage::Change;

use crate::{
    routes::{existing, found},
    support::{Core, faults, told},
};

pub(crate) async fn ask(user: &User<'_>, path: &str) -> Value {
    let reply = user.get(path).send().await;
    reply.assert(200, "");
    reply.body
}

#[tokio::test]
async fn an_offer_is_valued_line_by_line_and_held_against_what_is_published() {
    let app = TestApp::new().await;
    let offer = "/v1/value?programme=atmos&points=50000&taxes=5.60USD&cash=563.50USD&booking=12.50USD";
    let value = ask(&app.member("demo"), offer).await["value"].clone();
    assert_eq!((&value["centsPerPoint"], &value["verdict"]), (&json!("1.0908"), &json!("poor")));
    let lines: Vec<&Value> = value["lines"].as_array().unwrap().iter().map(|line| &line["kind"]).collect();
    assert_eq!(lines, ["taxes", "booking"]);
    assert_eq!(value["breakEven"]["floor"]["currency"], "USD");
}

#[tokio::test]
async fn a_stay_is_valued_with_its_free_night_and_all_that_who_pays_in_money_pays() {
    let app = TestApp::new().await;
    let stay = "/v1/value?programme=marriott-bonvoy&points=35000&nights=5&taxes=0USD&cashPerNight=250USD&cashTaxes=150USD";
    let value = ask(&app.member("demo"), &format!("{stay}&cashResortFees=100USD")).await;
    assert_eq!((&value["points"], &value["value"]["cash"]["amount"]), (&json!(140_000), &json!("1500.00")));
    let free = &value["stay"]["freeNights"];
    assert_eq!((&free["nights"], &free["points"], &free["applied"]), (&json!(1), &json!(35_000), &json!(true)));
    assert_eq!(free["stale"], true, "The Points Guy told of it in 2022");
    let lines: Vec<&Value> = value["stay"]["price"].as_array().unwrap().iter().map(|line| &line["kind"]).collect();
    assert_eq!(lines, ["nights", "taxes", "resort-fees"]);
    // 1,500 dollars over 140,000 points.
    assert_eq!(value["value"]["centsPerPoint"], "1.0714");
}

#[tokio::test]
async fn a_members_own_valuation_overrides_what_is_published() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    demo.put("/v1/me/valuations").body(json!({"valuations": {"atmos": "0.6"}})).send().await.assert(204, "");
    let value = ask(&demo, "/v1/value?programme=atmos&points=50000&taxes=5.60USD&cash=563.50USD").await["value"].clone();
    assert_eq!((&value["verdict"], &value["baseline"]["own"]), (&json!("exceptional"), &json!(true)));
}

#[tokio::test]
async fn what_is_not_known_is_unknown_and_what_is_wrong_is_named() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let unknown = ask(&demo, "/v1/value?programme=atmos&points=50000&taxes=5.60USD").await;
    assert_eq!((&unknown["value"], &unknown["unknown"]), (&Value::Null, &json!("no-cash-price")));
    let better = "/v1/value?programme=atmos&points=50000&taxes=5.60USD&cash=900USD&cashCabin=business&cabin=economy";
    assert_eq!(ask(&demo, better).await["unknown"], "better-cabin");
    let number = demo.put("/v1/me/valuations").body(json!({"valuations": {"atmos": 1.7}})).send().await;
    number.assert(422, "invalid-input");
    assert_eq!(number.body["errors"][0]["detail"], r#"must be a decimal that is written as a string, such as "1.70""#);
    let wrong = [
        ("programme=a&points=x&cash=1", vec![("/cash", "invalid"), ("/points", "invalid"), ("/programme", "invalid")]),
        ("", vec![("/points", "missing"), ("/programme", "missing")]),
        ("programme=atmos&points=0&taxes=1USD&cash=2USD", vec![("/points", "zero-points")]),
        ("programme=nobody&points=1&taxes=1USD&cash=2USD", vec![("/programme", "unknown-programme")]),
        ("programme=atmos&points=1&taxes=-1USD&cash=2USD", vec![("/taxes", "invalid")]),
        ("programme=atmos&points=1&taxes=1EUR&cash=2USD&on=2030-01-01", vec![("/on", "no-exchange-rate")]),
        ("programme=hyatt&points=1&taxes=0USD&cash=2USD&cashTaxes=1USD", vec![("/nights", "missing")]),
        ("programme=hyatt&points=1&taxes=0USD&cash=2USD&nights=31", vec![("/nights", "invalid")]),
        ("programme=atmos&points=1&taxes=0USD&cash=2USD&nights=2", vec![("/nights", "invalid")]),
        ("programme=hyatt&points=1&taxes=0USD&nights=2&cashTaxes=1USD", vec![("/cash", "missing")]),
        ("programme=hyatt&points=1&nights=2&cash=2USD&cashPerNight=1USD", vec![("/cashPerNight", "invalid")]),
        ("programme=hyatt&points=1&nights=2&cash=2USD&cashTaxes=1EUR", vec![("/cashTaxes", "invalid")]),
        ("programme=hyatt&points=1&nights=2&cash=2USD&cashResortFees=-1USD", vec![("/cashResortFees", "invalid")]),
        ("programme=hyatt&points=1&nights=2&cashPerNight=-1USD", vec![("/cashPerNight", "invalid")]),
        ("programme=hyatt&points=1&nights=2&cash=-1USD", vec![("/cash", "invalid")]),
        (
            "programme=hyatt&points=1&nights=2&taxes=0USD&cash=2USD&cashCabin=economy&cabin=business",
            vec![("/cabin", "invalid"), ("/cashCabin", "invalid")],
        ),
        ("programme=hyatt&points=1&nights=2&taxes=0USD&cash=2USD&cashCabin=economy", vec![("/cashCabin", "invalid")]),
        ("programme=hyatt&points=1&nights=2&taxes=0USD&cash=2USD&freeNights=true", vec![("/freeNights", "invalid")]),
        // What is wrong is named before what is not known, and all of it at once.
        ("programme=atmos&points=0", vec![("/points", "zero-points")]),
        ("programme=atmos&points=1&taxes=-5USD", vec![("/taxes", "invalid")]),
        ("programme=atmos&points=1&cash=2USD&booking=-1USD", vec![("/booking", "invalid")]),
        (
            "programme=nobody&points=0&taxes=-1USD&booking=-1USD&cash=-2USD",
            vec![
                ("/booking", "invalid"),
                ("/cash", "invalid"),
                ("/points", "zero-points"),
                ("/programme", "unknown-programme"),
                ("/taxes", "invalid"),
            ],
        ),
        (
            "programme=atmos&points=x&nights=2&cash=-2USD&cashTaxes=1EUR",
            vec![("/cash", "invalid"), ("/cashTaxes", "invalid"), ("/nights", "invalid"), ("/points", "invalid")],
        ),
        // No day has a rate for the dinar: the amount is at fault, and not the day.
        ("programme=atmos&points=1&taxes=1KWD&cash=2USD", vec![("/taxes", "no-exchange-rate")]),
        ("programme=atmos&points=1&taxes=1USD&cash=2USD&booking=1KWD", vec![("/booking", "no-exchange-rate")]),
        ("programme=atmos&points=1&taxes=1KWD&cash=2KWD", vec![("/cash", "no-exchange-rate")]),
    ];
    for (question, expected) in wrong {
        let reply = demo.get(&format!("/v1/value?{question}")).send().await;
        reply.assert(422, "invalid-input");
        let found = faults(&reply);
        let found: Vec<(&str, &str)> = found.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
        assert_eq!(found, expected, "{question}");
    }
}

#[tokio::test]
async fn balances_are_replaced_whole_and_only_in_the_version_that_was_seen() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let put = |version: &'static str, balances: Value| {
        demo.put("/v1/me/balances").header("if-match", version).body(json!({"balances": balances})).send()
    };
    assert_eq!(ask(&demo, "/v1/me/balances").await, json!({"balances": {}, "saidAt": null, "held": [], "version": 0}));
    put("\"0\"", json!({"hyatt": 1, "chase-ur": 2})).await.assert(204, "");
    put("\"1\"", json!({"hyatt": 3})).await.assert(204, "");
    put("\"1\"", json!({"hyatt": 4})).await.assert(412, "stale-version");
    assert_eq!(
        ask(&demo, "/v1/me/balances").await,
        json!({"balances": {"hyatt": 3}, "saidAt": app.clock.now(), "held": [], "version": 2})
    );
    let bad = put("*", json!({"nobody": 1, "hyatt": -1, "A": 1})).await;
    let expected = [("/balances/A", "invalid"), ("/balances/hyatt", "invalid"), ("/balances/nobody", "unknown-programme")];
    assert_eq!(faults(&bad), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
}

#[tokio::test]
async fn what_a_member_has_is_stored_sealed() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    demo.put("/v1/me/balances")
        .header("idempotency-key", "k")
        .body(json!({"balances": {"hyatt": 77_123}}))
        .send()
        .await
        .assert(204, "");
    demo.put("/v1/me/valuations").body(json!({"valuations": {"hyatt": "7.7123"}})).send().await.assert(204, "");
    let stored = format!("{:?}", Core::of(&app).everything().await);
    assert!(!stored.contains("77123") && !stored.contains("7.7123"));
}

#[tokio::test]
async fn points_are_planned_from_what_there_is_and_what_is_missing_is_told() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let short = ask(&demo, "/v1/me/funding-plan?programme=hyatt&points=25000").await;
    assert_eq!((&short["plan"], &short["shortfall"]["missing"]), (&Value::Null, &json!(25_000)));
    let balances = json!({"balances": {"hyatt": 12_300, "chase-ur": 90_000}});
    demo.put("/v1/me/balances").body(balances).send().await.assert(204, "");
    let plan = ask(&demo, "/v1/me/funding-plan?programme=hyatt&points=25000").await;
    assert_eq!((&plan["plan"]["transfers"][0]["give"], &plan["plan"]["leftOver"]), (&json!(13_000), &json!(300)));
    let kinds: Vec<&Value> = plan["steps"].as_array().unwrap().iter().map(|step| &step["kind"]).collect();
    assert_eq!(kinds, ["verify", "check", "transfer", "wait", "book"]);
    let compared = ask(&demo, "/v1/me/funding-plan?programme=hyatt&points=25000&cash=600USD&taxes=0USD").await;
    let ways = &compared["ways"];
    assert_eq!((&ways["cash"]["amount"], &ways["award"]), (&json!("600.00"), &compared["plan"]["givenUp"]));
    assert_eq!((&ways["least"]["by"], ways["notKnown"].as_array().map(Vec::len)), (&json!("award"), Some(1)), "{ways:#}");
    assert_eq!(ways["noAward"], Value::Null);
    for (question, why, words) in [
        ("points=25000", "no-taxes", "its taxes are not known. Without it, "),
        ("points=900000&taxes=0USD", "too-few-points", "there are too few points for it. Without it, "),
    ] {
        let unknown = ask(&demo, &format!("/v1/me/funding-plan?programme=hyatt&cash=600USD&{question}")).await["ways"].clone();
        assert_eq!((&unknown["award"], &unknown["noAward"]), (&Value::Null, &json!(why)));
        assert!(unknown["text"].as_str().unwrap().contains(words), "{unknown:#}");
    }
    let wrong = demo.get("/v1/me/funding-plan?programme=nobody&points=1").send().await;
    assert_eq!(faults(&wrong)[0].1, "unknown-programme");
    let wrong = demo.get("/v1/me/funding-plan?programme=nobody&points=0&cash=-1USD&taxes=-1USD").send().await;
    let named: Vec<String> = faults(&wrong).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(named, ["/cash", "/points", "/programme", "/taxes"]);
    for (amounts, pointer) in [("cash=600KWD&taxes=0USD", "/cash"), ("cash=600USD&taxes=1KWD", "/taxes")] {
        let wrong = demo.get(&format!("/v1/me/funding-plan?programme=hyatt&points=25000&{amounts}")).send().await;
        assert_eq!(faults(&wrong), [(pointer.to_owned(), "no-exchange-rate".to_owned())]);
    }
}

#[tokio::test]
async fn what_has_departed_is_neither_reached_nor_booked_nor_planned_for() {
    let (mut deal, alert) = found().await;
    let Subject::Flight(offer) = &mut deal.subject;
    offer.departs = jiff::tz::TimeZone::UTC.to_datetime(RECORDED_AT);
    let (app, ids) = existing((deal, alert)).await;
    // How many deals are within reach, and how many saved ones are planned for.
    let look = async || {
        let demo = app.member("demo");
        demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 900_000}})).send().await.assert(204, "");
        let reached = ask(&demo, "/v1/me/reach").await["items"].as_array().unwrap().len();
        let gaps = ask(&demo, "/v1/me/cards/gaps").await["items"].as_array().unwrap().clone();
        let saved: usize = gaps.iter().map(|gap| gap["deals"].as_array().unwrap().len()).sum();
        (reached, saved)
    };
    assert_eq!(look().await, (1, 1));
    app.clock.advance(jiff::SignedDuration::from_hours(49));
    assert_eq!(look().await, (0, 0));
    let seen = json!({"seen": {"points": 46_000, "seats": 1}});
    let again = app.member("demo").post(&format!("/v1/me/bookings/{}/re-verify", ids["bookings"])).body(&seen).send().await;
    again.assert(409, "award-gone");
}

#[tokio::test]
async fn the_tables_of_transfers_are_shown_with_their_sources() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    for path in ["/v1/transfer-partners", "/v1/transfer-bonuses"] {
        let items = ask(&demo, path).await["items"].as_array().unwrap().clone();
        assert!(!items.is_empty() && items.iter().all(|row| row["source"].is_string() && row["asOf"].is_string()), "{path}");
    }
    let today = json!(app.clock.now().strftime("%F").to_string());
    for row in ask(&demo, "/v1/transfer-bonuses").await["items"].as_array().unwrap() {
        let in_force = row["starts"].as_str() <= today.as_str() && today.as_str() < row["ends"].as_str();
        assert_eq!(row["inForce"], in_force, "{row}");
    }
}

#[tokio::test]
async fn every_programme_is_listed_by_name_with_what_is_published_of_it() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let all = ask(&demo, "/v1/programmes?limit=100").await;
    let all = all["items"].as_array().unwrap();
    let of = |id: &str| all.iter().find(|programme| programme["id"] == id).unwrap();
    assert_eq!((&of("hyatt")["name"], &of("hyatt")["kind"]), (&json!("World of Hyatt"), &json!("hotel")));
    assert_eq!((&of("chase-ur")["kind"], &of("atmos")["kind"]), (&json!("bank"), &json!("airline")));
    assert!(of("hyatt")["usual"]["floor"].is_string() && of("hyatt")["usual"]["own"] == false, "{}", of("hyatt"));
    // What transfers are about can be looked up here.
    for row in ask(&demo, "/v1/transfer-partners?limit=100").await["items"].as_array().unwrap() {
        of(row["from"].as_str().unwrap());
        of(row["to"].as_str().unwrap());
    }
}

#[tokio::test]
async fn a_booking_lets_nothing_be_transferred_on_an_old_look() {
    let (app, ids) = existing(found().await).await;
    let (demo, booking) = (app.member("demo"), format!("/v1/me/bookings/{}", ids["bookings"]));
    let go = |step: &str| demo.post(&format!("{booking}/{step}"));
    let seen = json!({"seen": {"points": 46_000, "seats": 1}});
    go("transfer").send().await.assert(409, "verify-first");
    app.clock.advance(jiff::SignedDuration::from_mins(11));
    // What the source saw some time before is no look, with an empty body as without one.
    go("re-verify").body(json!({})).send().await.assert(409, "only-cached");
    go("re-verify").send().await.assert(409, "only-cached");
    let verified = go("re-verify").body(&seen).send().await;
    verified.assert(200, "");
    assert!(verified.body["changes"].as_array().unwrap().iter().any(|change| change["what"] == "points"), "{}", verified.body);
    app.clock.advance(jiff::SignedDuration::from_mins(11));
    go("transfer").send().await.assert(409, "verify-first");
    go("re-verify").body(&seen).send().await.assert(200, "");
    go("transfer").header("if-match", "\"1\"").send().await.assert(412, "stale-version");
    go("transfer").send().await.assert(409, "too-few-points");
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 900_000}})).send().await.assert(204, "");
    go("transfer").send().await.assert(200, "");
    go("transfer").send().await.assert(409, "already-transferred");
    let under_way = ask(&demo, &booking).await;
    assert_eq!((&under_way["plan"], &under_way["shortfall"], &under_way["ways"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!(under_way["notPlanned"], Value::Null, "it is under way: nothing is lacking");
    assert_eq!(marks(&under_way), [("verify", "done"), ("transfer", "done"), ("wait", "next"), ("book", "to-come")]);
    go("done").send().await.assert(200, "");
    go("abandon").send().await.assert(409, "booking-over");
    let again = demo.post("/v1/me/bookings").body(json!({"deal": ids["deals"]})).send().await;
    again.assert(409, "booking-exists");
    let over = ask(&demo, &booking).await;
    assert_eq!(over["booking"]["state"]["at"], "booked");
    assert_eq!(marks(&over), [("verify", "done"), ("book", "done")]);
}

#[tokio::test]
async fn a_hold_lasts_until_it_is_said_to_be_over() {
    let (app, _) = told().await;
    let demo = app.member("demo");
    let award = ask(&demo, "/v1/deals?programme=aadvantage&limit=100").await["items"][0]["id"].clone();
    let begun = demo.post("/v1/me/bookings").body(json!({"deal": award})).send().await;
    begun.assert(201, "");
    demo.put("/v1/me/balances").body(json!({"balances": {"citi-typ": 900_000}})).send().await.assert(204, "");
    let booking = format!("/v1/me/bookings/{}", begun.body["id"].as_str().unwrap());
    let look = async |more: Value| {
        let mut body = json!({"seen": {"points": 40_000, "seats": 2}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        demo.post(&format!("{booking}/re-verify")).body(body).send().await
    };
    let after = |minutes: i64| json!((app.clock.now() + jiff::SignedDuration::from_mins(minutes)).to_string());
    for refused in [after(0), after(24 * 60 + 1)] {
        look(json!({"heldUntil": refused})).await.assert(409, "no-such-hold");
    }
    let held = look(json!({"heldUntil": after(120)})).await;
    held.assert(200, "");
    let until = held.body["heldUntil"].clone();
    app.clock.advance(jiff::SignedDuration::from_mins(60));
    let shown = ask(&demo, &booking).await;
    assert_eq!((&shown["booking"]["heldUntil"], &marks(&shown)[1]), (&until, &("hold", "done")));
    assert!(shown["booking"]["mayTransferUntil"].is_string(), "{shown:#}");
    assert_eq!(look(json!({})).await.body["heldUntil"], until, "the next look says nothing of it");
    assert_eq!(look(json!({"heldUntil": null})).await.body["heldUntil"], Value::Null, "it is over");
    assert_eq!(
        look(json!({"heldUntil": after(90), "seen": {"points": 40_000, "seats": 0}})).await.body["heldUntil"],
        Value::Null
    );
    look(json!({"seen": {"points": 100_000_001}})).await.assert(422, "invalid-input");
}

/// Each step with how far it is.
fn marks(shown: &Value) -> Vec<(&str, &str)> {
    let steps = shown["steps"].as_array().unwrap().iter();
    steps.map(|step| (step["kind"].as_str().unwrap(), step["state"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn nobody_is_done_without_a_seat_or_without_the_points() {
    let (app, ids) = existing(found().await).await;
    let (demo, booking) = (app.member("demo"), format!("/v1/me/bookings/{}", ids["bookings"]));
    let done = || demo.post(&format!("{booking}/done")).send();
    let seen = async |seats: u8| {
        let look = json!({"seen": {"points": 40_000, "seats": seats}});
        demo.post(&format!("{booking}/re-verify")).body(look).send().await.assert(200, "");
    };
    let have = async |balances: Value| {
        demo.put("/v1/me/balances").body(json!({"balances": balances})).send().await.assert(204, "");
    };
    let transfer = || demo.post(&format!("{booking}/transfer")).send();
    done().await.assert(409, "verify-first");
    seen(0).await;
    done().await.assert(409, "no-seats");
    transfer().await.assert(409, "no-seats");
    seen(1).await;
    have(json!({"chase-ur": 900_000})).await;
    let shown = ask(&demo, &booking).await;
    let next: Vec<_> = marks(&shown).into_iter().filter(|(_, state)| *state == "next").collect();
    assert_eq!((marks(&shown)[0], next.len()), (("verify", "done"), 1), "{shown:#}");
    let refused = done().await;
    refused.assert(409, "too-few-points-there");
    assert!(refused.body["detail"].as_str().unwrap().starts_with("40,000 points are missing with the programme itself."));
    let programme = shown["booking"]["programme"].as_str().unwrap().to_owned();
    have(json!({programme: 40_000})).await;
    assert_eq!(marks(&ask(&demo, &booking).await), [("verify", "done"), ("book", "next")]);
    transfer().await.assert(409, "nothing-to-transfer");
    done().await.assert(200, "");
}

#[tokio::test]
async fn of_two_confirmations_at_once_one_counts() {
    let (app, ids) = existing(found().await).await;
    let (demo, booking) = (app.member("demo"), format!("/v1/me/bookings/{}", ids["bookings"]));
    let seen = json!({"seen": {"points": 40_000}});
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 900_000}})).send().await.assert(204, "");
    demo.post(&format!("{booking}/re-verify")).body(seen).send().await.assert(200, "");
    let transfer = || demo.post(&format!("{booking}/transfer")).send();
    let (one, other) = futures::join!(transfer(), transfer());
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    app.advance(1.minute()).await;
}

/// An app with two bookings of one member that ask for the same points, both looked at: their paths, and whose points.
async fn two_bookings() -> (TestApp, [String; 2], String) {
    let (deal, alert) = found().await;
    let (app, ids) = existing((deal.clone(), alert)).await;
    let mut other = Deal { id: "deal_01KHPNJ4R6Z9X0Q3T5V7W9Y1B1".parse().unwrap(), version: 0, ..deal };
    app.store().commit(Change::new().create(&mut other)).await.unwrap();
    let demo = app.member("demo");
    let second = demo.post("/v1/me/bookings").body(json!({"deal": other.id})).send().await;
    second.assert(201, "");
    let bookings = [&json!(ids["bookings"]), &second.body["id"]].map(|id| format!("/v1/me/bookings/{}", id.as_str().unwrap()));
    let look = json!({"seen": {"points": 40_000, "seats": 2}});
    for booking in &bookings {
        demo.post(&format!("{booking}/re-verify")).body(&look).send().await.assert(200, "");
    }
    let programme = second.body["programme"].as_str().unwrap().to_owned();
    (app, bookings, programme)
}

#[tokio::test]
async fn two_bookings_spend_no_balance_twice() {
    let (app, [one, other], programme) = two_bookings().await;
    let demo = app.member("demo");
    let have = async |balances: Value| {
        demo.put("/v1/me/balances").body(json!({"balances": balances})).send().await.assert(204, "");
    };
    have(json!({"chase-ur": 70_000})).await;
    demo.post(&format!("{one}/transfer")).send().await.assert(200, "");
    let left = ask(&demo, "/v1/me/balances").await;
    assert_eq!((&left["balances"]["chase-ur"], &left["balances"][&programme]), (&json!(30_000), &json!(40_000)));
    assert_eq!((&left["held"][0]["points"], &left["held"][0]["programme"]), (&json!(40_000), &json!(programme)));
    let short = ask(&demo, &other).await;
    assert_eq!((&short["plan"], &short["shortfall"]["missing"]), (&Value::Null, &json!(10_000)), "{short:#}");
    let plan = ask(&demo, &format!("/v1/me/funding-plan?programme={programme}&points=40000")).await;
    assert_eq!(plan["shortfall"]["missing"], 10_000);
    demo.post(&format!("{other}/transfer")).send().await.assert(409, "too-few-points");
    // They are said anew, and those of the first booking have come: they are for that one.
    have(json!({&programme: 40_000, "chase-ur": 30_000})).await;
    assert_eq!(ask(&demo, &other).await["shortfall"]["missing"], 10_000);
    demo.post(&format!("{other}/done")).send().await.assert(409, "too-few-points-there");
    demo.post(&format!("{one}/done")).send().await.assert(200, "");
    let left = ask(&demo, "/v1/me/balances").await;
    assert_eq!((&left["balances"][&programme], &left["held"]), (&json!(0), &json!([])), "they are spent");
    assert_eq!(ask(&demo, &other).await["shortfall"]["missing"], 10_000);
}

#[tokio::test]
async fn what_an_award_asks_less_after_a_transfer_is_there_for_another_booking() {
    let (app, [one, other], _) = two_bookings().await;
    let demo = app.member("demo");
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 70_000}})).send().await.assert(204, "");
    demo.post(&format!("{one}/transfer")).send().await.assert(200, "");
    assert_eq!(ask(&demo, &other).await["shortfall"]["missing"], 10_000);
    let look = async |points: u32| {
        let seen = json!({"seen": {"points": points, "seats": 2}});
        let reply = demo.post(&format!("{one}/re-verify")).body(seen).send().await;
        let state = reply.assert(200, "").body["state"]["at"].as_str().unwrap().to_owned();
        (state, ask(&demo, "/v1/me/balances").await["held"][0]["points"].as_u64().unwrap())
    };
    let waiting = |points: u64| ("waiting".to_owned(), points);
    assert_eq!([look(30_000).await, look(40_000).await, look(30_000).await], [waiting(30_000), waiting(40_000), waiting(30_000)]);
    let short = ask(&demo, &other).await;
    assert_eq!(short["plan"]["existing"], 10_000, "what is over counts for the other: {short:#}");
    // Once the other has taken it, it is not there for the first again.
    demo.post(&format!("{other}/transfer")).send().await.assert(200, "");
    assert_eq!(look(40_000).await, ("verified".to_owned(), 30_000));
    assert_eq!(ask(&demo, &one).await["shortfall"]["missing"], 10_000);
    assert_eq!(look(30_000).await, waiting(30_000));
}

#[tokio::test]
async fn what_was_transferred_for_a_booking_that_is_given_up_is_there_for_another() {
    let (app, [one, other], _) = two_bookings().await;
    let demo = app.member("demo");
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 70_000}})).send().await.assert(204, "");
    demo.post(&format!("{one}/transfer")).send().await.assert(200, "");
    demo.post(&format!("{one}/abandon")).send().await.assert(200, "");
    let shown = ask(&demo, &other).await;
    assert_eq!((&shown["plan"]["existing"], &shown["plan"]["transfers"]), (&json!(40_000), &json!([])));
    // Begun anew, it has them again: and has to be looked at, as it may ask more by now.
    let deal = ask(&demo, &one).await["booking"]["deal"].clone();
    let anew = async || demo.post("/v1/me/bookings").body(json!({"deal": deal})).send().await;
    let again = anew().await;
    again.assert(201, "");
    assert_eq!((&again.body["state"]["at"], &again.body["sent"]["points"]), (&json!("verify"), &json!(40_000)));
    assert_eq!(ask(&demo, &other).await["shortfall"]["missing"], 10_000);
    // What the other has taken by then is not there again.
    demo.post(&format!("{one}/abandon")).send().await.assert(200, "");
    demo.post(&format!("{other}/done")).send().await.assert(200, "");
    let again = anew().await;
    again.assert(201, "");
    assert_eq!((&again.body["state"]["at"], &again.body["sent"]), (&json!("verify"), &Value::Null));
    assert_eq!(ask(&demo, "/v1/me/balances").await["held"], json!([]));
    let shown = ask(&demo, &one).await;
    let missing = shown["booking"]["needed"].as_u64().unwrap() - 30_000;
    assert_eq!(shown["shortfall"]["missing"], missing, "{shown:#}");
    demo.post(&format!("{one}/done")).send().await.assert(409, "verify-first");
}

#[tokio::test]
async fn what_is_said_late_is_booked_at_what_was_told_then() {
    let (app, [one, _], _) = two_bookings().await;
    let demo = app.member("demo");
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 70_000}})).send().await.assert(204, "");
    let then = json!({"transferredAt": app.clock.now()});
    app.clock.advance(jiff::SignedDuration::from_mins(20));
    let go = |step: &str| demo.post(&format!("{one}/{step}"));
    go("re-verify").body(json!({"seen": {"points": 60_000, "seats": 2}})).send().await.assert(200, "");
    let late = go("transfer").body(&then).send().await;
    late.assert(200, "");
    assert_eq!((&late.body["sent"]["points"], &late.body["state"]["at"]), (&json!(40_000), &json!("verified")));
    assert_eq!(ask(&demo, "/v1/me/balances").await["balances"]["chase-ur"], 30_000);
    assert_eq!(ask(&demo, &one).await["plan"]["transfers"][0]["give"], 20_000);
    go("transfer").send().await.assert(200, "");
    let left = ask(&demo, "/v1/me/balances").await;
    assert_eq!((&left["balances"]["chase-ur"], &left["held"][0]["points"]), (&json!(10_000), &json!(60_000)));
}

#[tokio::test]
async fn of_two_bookings_that_are_confirmed_at_once_one_counts() {
    let (app, bookings, _) = two_bookings().await;
    let demo = app.member("demo");
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 70_000}})).send().await.assert(204, "");
    let [one, other] = bookings.map(|booking| {
        let path = format!("{booking}/transfer");
        let demo = app.member("demo");
        async move { demo.post(&path).send().await }
    });
    let (one, other) = futures::join!(one, other);
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let left = ask(&demo, "/v1/me/balances").await;
    assert_eq!((&left["balances"]["chase-ur"], left["held"].as_array().map(Vec::len)), (&json!(30_000), Some(1)));
}

#[tokio::test]
async fn what_an_award_asks_more_by_then_is_planned_from_what_is_left() {
    let (app, [one, _], _) = two_bookings().await;
    let demo = app.member("demo");
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 70_000}})).send().await.assert(204, "");
    let go = |step: &str| demo.post(&format!("{one}/{step}"));
    go("transfer").send().await.assert(200, "");
    let dearer = |points: u64| go("re-verify").body(json!({"seen": {"points": points, "seats": 2}})).send();
    dearer(60_000).await.assert(200, "");
    let shown = ask(&demo, &one).await;
    assert_eq!(
        (&shown["plan"]["existing"], &shown["plan"]["transfers"][0]["give"]),
        (&json!(40_000), &json!(20_000)),
        "{shown:#}"
    );
    assert_eq!(shown["booking"]["sent"]["points"], 40_000);
    go("done").send().await.assert(409, "too-few-points-there");
    // Nor is it told otherwise where balances are said before the points have come.
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 30_000}})).send().await.assert(204, "");
    assert_eq!(ask(&demo, &one).await["plan"]["transfers"][0]["give"], 20_000);
    dearer(90_000).await.assert(200, "");
    assert_eq!(ask(&demo, &one).await["shortfall"]["missing"], 20_000);
    go("transfer").send().await.assert(409, "too-few-points");
    dearer(60_000).await.assert(200, "");
    go("transfer").send().await.assert(200, "");
    let left = ask(&demo, "/v1/me/balances").await;
    assert_eq!((&left["balances"]["chase-ur"], &left["held"][0]["points"]), (&json!(10_000), &json!(60_000)));
    go("done").send().await.assert(200, "");
}

#[tokio::test]
async fn what_was_transferred_can_be_said_late_and_is_not_forgotten_by_giving_up() {
    let (app, ids) = existing(found().await).await;
    let (demo, booking) = (app.member("demo"), format!("/v1/me/bookings/{}", ids["bookings"]));
    let go = |step: &str| demo.post(&format!("{booking}/{step}"));
    let then = json!({"transferredAt": app.clock.now()});
    go("transfer").body(&then).send().await.assert(409, "not-cleared-then");
    go("transfer").body(json!({"transferredAt": "noon"})).send().await.assert(422, "invalid-input");
    go("re-verify").body(json!({"seen": {"points": 46_000, "seats": 1}})).send().await.assert(200, "");
    app.clock.advance(jiff::SignedDuration::from_mins(11));
    go("transfer").send().await.assert(409, "verify-first");
    let later = app.clock.now() + jiff::SignedDuration::from_mins(1);
    go("transfer").body(json!({"transferredAt": later})).send().await.assert(409, "not-transferred-yet");
    // Whatever the balances say by now: nothing.
    go("transfer").body(&then).send().await.assert(200, "");
    go("abandon").send().await.assert(200, "");
    let anew = demo.post("/v1/me/bookings").body(json!({"deal": ids["deals"]})).send().await;
    anew.assert(201, "");
    assert_eq!(anew.body["state"]["at"], "waiting");
    go("transfer").send().await.assert(409, "already-transferred");
    assert_eq!(
        marks(&ask(&demo, &booking).await),
        [("verify", "next"), ("transfer", "done"), ("wait", "to-come"), ("book", "to-come")]
    );
}
