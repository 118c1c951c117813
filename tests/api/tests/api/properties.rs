//! `/v1/admin/properties` and `/v1/admin/providers/quality`: what becomes of what searches bring.

use futures::future::join_all;
use local::{TestApp, standins::queues::NewMessage};
use serde_json::{Value, json};

use crate::support::{faults, items};

const PROPERTIES: &str = "/v1/admin/properties";

/// What a source calls a house.
pub type Key<'a> = (&'a str, &'a str);

fn key((source, reference): Key<'_>) -> Value {
    json!({"source": source, "reference": reference})
}

pub fn joined(one: Key<'_>, other: Key<'_>) -> Value {
    json!({"one": key(one), "other": key(other)})
}

pub fn apart(listing: Key<'_>, from: Key<'_>) -> Value {
    json!({"listing": key(listing), "from": key(from)})
}

/// Where a house of the tests is: some thousandths of a degree from a place.
fn listing(key: Key<'_>, name: &str, latitude: &str) -> Value {
    json!({
        "source": key.0, "reference": key.1, "name": name, "position": {"latitude": latitude, "longitude": "13.4000"}
    })
}

/// The message of a search in which a source answered with these houses.
fn answered(answer: &str, listings: &[Value]) -> Value {
    let source = listings[0]["source"].clone();
    let report =
        json!({"source": source, "outcome": "complete", "calls": 2, "offers": listings.len(), "setAside": [["price", 1]]});
    json!({"account": {"answer": answer, "at": "2026-02-17T19:24:00Z", "report": report}, "listings": listings})
}

/// Lets messages of searches be worked, in one batch.
async fn bring(app: &TestApp, messages: &[Value]) {
    for message in messages {
        app.system().standins().queues().send("source-answers", NewMessage::new(message.to_string())).unwrap();
    }
    app.settle().await;
}

#[tokio::test]
async fn what_a_tenants_own_key_has_shown_is_for_nobody_else() {
    let app = TestApp::new().await;
    let house = |source: &str, reference: &str| listing((source, reference), "Hotel Adler", "52.5001");
    let of = |scope: &str, message: Value| {
        let mut message = message;
        message["scope"] = json!(scope);
        message
    };
    bring(&app, &[of("demo", answered("a", &[house("oyo", "1")])), of("demo", answered("b", &[house("goibibo", "1")]))]).await;
    let operator = app.member("operator");
    let show = async |key: Key<'_>| operator.get(&format!("{PROPERTIES}?source={}&reference={}", key.0, key.1)).send().await;
    show(("oyo", "1")).await.assert(404, "property-not-found");
    let stay = json!({"stay": {"source": "oyo", "reference": "1", "city": "Singapore", "checkin": "2026-04-27", "nights": 2}});
    let compare = async |member: &str| app.member(member).post("/v1/search/compare").body(stay.clone()).send().await;
    compare("omar").await.assert(404, "property-not-found");
    compare("demo").await.assert(200, "");
    // What the deployment's key shows of it later is everyone's, and knows nothing of what was shown before.
    bring(&app, &[answered("c", &[house("oyo", "1")])]).await;
    let shown = show(("oyo", "1")).await;
    shown.assert(200, "");
    assert_eq!(shown.body["listings"].as_array().unwrap().len(), 1);
    assert!(operator.get(&format!("{PROPERTIES}/candidates")).send().await.body["items"].as_array().unwrap().is_empty());
}

/// A house that is there, as the questions of the generated tests ask for it.
pub async fn one(app: &TestApp) {
    bring(app, &[answered("one", &[listing(("expedia-rapid", "12345"), "Villa Rosa", "52.6001")])]).await;
}

/// The same house at two sources.
pub async fn adler_at_two_sources(app: &TestApp) {
    let (one, other) = (listing(("oyo", "1"), "Hotel Adler", "52.5001"), listing(("goibibo", "1"), "HOTEL ADLER", "52.5003"));
    bring(app, &[answered("a", &[one])]).await;
    bring(app, &[answered("b", &[other])]).await;
}

async fn shown(app: &TestApp, (source, reference): Key<'_>) -> Value {
    let reply = app.member("operator").get(&format!("{PROPERTIES}?source={source}&reference={reference}")).send().await;
    reply.assert(200, "");
    reply.body
}

/// What all sources call the house that one of them calls so.
async fn called(app: &TestApp, key: Key<'_>) -> Vec<String> {
    let text = |listing: &Value| format!("{} {}", listing["source"], listing["reference"]).replace('"', "");
    shown(app, key).await["listings"].as_array().unwrap().iter().map(text).collect()
}

async fn post(app: &TestApp, step: &str, body: Value, code: &str) -> u16 {
    let reply = app.member("operator").post(&format!("{PROPERTIES}/{step}")).body(body).send().await;
    assert_eq!(reply.code(), code, "{:#}", reply.body);
    reply.status.as_u16()
}

#[tokio::test]
async fn a_house_that_two_sources_sell_is_one_property_described_by_the_more_trusted() {
    let app = TestApp::new().await;
    adler_at_two_sources(&app).await;
    let found = shown(&app, ("oyo", "1")).await;
    assert_eq!(called(&app, ("goibibo", "1")).await, ["goibibo 1", "oyo 1"]);
    assert_eq!(found["name"], "HOTEL ADLER");
    assert_eq!(found["position"], json!({"latitude": "52.5003", "longitude": "13.4000"}));
    let why: Vec<&Value> = found["listings"].as_array().unwrap().iter().map(|listing| &listing["likeness"]["verdict"]).collect();
    assert_eq!(why, [&json!("same"), &Value::Null], "why the second one was joined to the first");
    assert_eq!(found["listings"][0]["likeness"]["parts"][1]["because"], "22 m apart");
    let unknown = app.member("operator").get(&format!("{PROPERTIES}?source=oyo&reference=2")).send().await;
    unknown.assert(404, "property-not-found");
}

#[tokio::test]
async fn houses_next_to_each_other_that_several_answers_bring_at_once_are_all_placed() {
    const NAMES: [&str; 3] = ["Adler", "Bellevue", "Eden"];
    let app = TestApp::new().await;
    let sources = ["oyo", "goibibo", "makemytrip"];
    let answer = |source: &&str| {
        let house = |(n, name): (usize, &&str)| listing((source, name), &format!("{name} {source}"), &format!("52.50{n}0"));
        answered(source, &NAMES.iter().enumerate().map(house).collect::<Vec<_>>())
    };
    // They are worked side by side, and each was tried again where another one was faster.
    bring(&app, &sources.iter().map(answer).collect::<Vec<_>>()).await;
    for source in sources {
        for name in NAMES {
            assert!(called(&app, (source, name)).await.contains(&format!("{source} {name}")));
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_told_of_again_changes_nothing_and_counts_once() {
    let app = TestApp::new().await;
    let message = answered("a", &[listing(("oyo", "1"), "Hotel Adler", "52.5001")]);
    bring(&app, &[message.clone(), message.clone()]).await;
    let before = shown(&app, ("oyo", "1")).await;
    bring(&app, &[message]).await;
    assert_eq!(shown(&app, ("oyo", "1")).await, before);

    let quality = app.member("operator").get("/v1/admin/providers/quality?source=oyo&day=2026-02-17").send().await;
    let expected = json!({
        "source": "oyo", "day": "2026-02-17", "answers": {"complete": 1, "partial": 0, "failed": 0}, "calls": 2, "offers": 1,
        "setAside": {"price": 1}, "setAsidePerThousand": 500, "errors": {},
    });
    assert_eq!(quality.body, expected);
}

#[tokio::test]
async fn searches_are_counted_by_source_and_day() {
    let (app, _) = crate::support::told().await;
    let day = app.system().now().to_string()[..10].to_owned();
    for source in ["seats-aero", "duffel"] {
        let quality = app.member("operator").get(&format!("/v1/admin/providers/quality?source={source}&day={day}")).send().await;
        quality.assert(200, "");
        assert_eq!(quality.body["answers"], json!({"complete": 1, "partial": 0, "failed": 0}), "{source}");
        assert!(quality.body["offers"].as_u64() > Some(0), "{source}");
        let operation = if source == "duffel" { "offer-requests" } else { "search" };
        let which = format!("source={source}&operation={operation}&day={day}");
        let read = items(&app.member("operator").get(&format!("/v1/admin/raw-answers/readings?{which}")).send().await);
        assert!(!read.is_empty() && read.iter().all(|read| read["kept"] == true && read["error"].is_null()), "{read:#?}");
        let offers: u64 = read.iter().filter_map(|read| read["offers"].as_u64()).sum();
        assert_eq!(quality.body["offers"], json!(offers), "as many as the live calls gave: {read:#?}");
    }
    let wrong = app.member("operator").get("/v1/admin/providers/quality?source=OYO").send().await;
    wrong.assert(422, "invalid-input");
    let nobody = app.member("operator").get(&format!("/v1/admin/providers/quality?source=nope&day={day}")).send().await;
    assert_eq!(faults(nobody.assert(422, "invalid-input")), [("/source".to_owned(), "unknown".to_owned())]);
}

#[tokio::test]
async fn what_is_brought_at_once_from_all_sides_of_a_cell_is_found_to_be_one_house() {
    let app = TestApp::new().await;
    let sources = ["oyo", "goibibo", "trip-com", "makemytrip", "expedia-rapid"];
    // Around the border of two cells.
    let messages: Vec<Value> = sources
        .iter()
        .enumerate()
        .map(|(n, source)| answered(source, &[listing((source, "1"), "Hotel Adler", &format!("52.51{:02}", 98 + n % 2))]))
        .collect();
    bring(&app, &messages).await;
    assert_eq!(called(&app, ("oyo", "1")).await, ["expedia-rapid 1", "trip-com 1", "makemytrip 1", "goibibo 1", "oyo 1"]);
}

#[tokio::test]
async fn what_may_be_one_house_waits_for_a_human_whose_word_stays() {
    let app = TestApp::new().await;
    let (one, other) = (
        listing(("oyo", "1"), "Hotel Paris Opera", "52.5001"),
        listing(("goibibo", "1"), "Hotel Paris Opera Lafayette", "52.5003"),
    );
    bring(&app, &[answered("a", std::slice::from_ref(&one))]).await;
    bring(&app, &[answered("b", std::slice::from_ref(&other))]).await;
    let candidates = async || items(&app.member("operator").get(&format!("{PROPERTIES}/candidates")).send().await);
    let waiting = candidates().await;
    assert_eq!((waiting.len(), &waiting[0]["one"], &waiting[0]["other"]), (1, &key(("goibibo", "1")), &key(("oyo", "1"))));
    assert_eq!(waiting[0]["likeness"]["verdict"], "ask");
    assert_eq!(waiting[0]["likeness"]["parts"][1]["because"], "22 m apart");

    assert_eq!(post(&app, "join", joined(("oyo", "1"), ("goibibo", "1")), "").await, 200);
    assert_eq!(called(&app, ("oyo", "1")).await, ["goibibo 1", "oyo 1"]);
    let joined_by_hand = shown(&app, ("oyo", "1")).await;
    assert!(joined_by_hand["listings"].as_array().unwrap().iter().all(|listing| listing["likeness"].is_null()));
    assert!(candidates().await.is_empty());
    bring(&app, &[answered("c", std::slice::from_ref(&one)), answered("d", std::slice::from_ref(&other))]).await;
    assert_eq!(called(&app, ("oyo", "1")).await, ["goibibo 1", "oyo 1"]);

    assert_eq!(post(&app, "split", apart(("oyo", "1"), ("goibibo", "1")), "").await, 200);
    bring(&app, &[answered("e", &[one]), answered("f", &[other])]).await;
    assert_eq!(called(&app, ("oyo", "1")).await, ["oyo 1"]);
    assert_eq!(called(&app, ("goibibo", "1")).await, ["goibibo 1"]);
    assert!(candidates().await.is_empty());
}

#[tokio::test]
async fn only_sources_that_sell_houses_have_properties() {
    let app = TestApp::new().await;
    adler_at_two_sources(&app).await;
    for unknown in ["zzz", "duffel"] {
        for (what, body, pointer) in [
            ("join", joined(("oyo", "1"), (unknown, "9")), "/other/source"),
            ("join", joined((unknown, "9"), ("oyo", "1")), "/one/source"),
            ("split", apart((unknown, "9"), ("oyo", "1")), "/listing/source"),
            ("split", apart(("oyo", "1"), (unknown, "9")), "/from/source"),
        ] {
            let refused = app.member("operator").post(&format!("{PROPERTIES}/{what}")).body(body).send().await;
            let told = refused.assert(422, "invalid-input");
            assert_eq!(told.body["errors"][0]["pointer"], pointer, "{unknown} {}", told.body);
            assert_eq!(told.body["errors"][0]["detail"], "there is no such source");
        }
        let asked = app.member("operator").get(&format!("{PROPERTIES}?source={unknown}&reference=9")).send().await;
        asked.assert(422, "invalid-input");
    }
}

#[tokio::test]
async fn a_source_that_tells_no_names_is_joined_by_hand_and_no_source_twice() {
    let app = TestApp::new().await;
    adler_at_two_sources(&app).await;
    assert_eq!(post(&app, "join", joined(("oyo", "1"), ("booking-demand", "9")), "").await, 200);
    assert_eq!(called(&app, ("booking-demand", "9")).await, ["booking-demand 9", "goibibo 1", "oyo 1"]);
    let twice = joined(("oyo", "1"), ("booking-demand", "8"));
    assert_eq!(post(&app, "join", twice.clone(), "property-not-found").await, 404, "nobody has seen 8");
    bring(&app, &[answered("c", &[listing(("goibibo", "2"), "Villa Rosa", "52.5101")])]).await;
    let both = joined(("oyo", "1"), ("goibibo", "2"));
    let refused = app.member("operator").post(&format!("{PROPERTIES}/join")).body(both).send().await;
    let told = refused.assert(409, "sold-as-two").body["detail"].as_str().unwrap();
    assert!(told.contains("goibibo sells them as two, 1 and 2"), "{told}");
    // Who means it says first which of the two is another house.
    assert_eq!(post(&app, "split", apart(("booking-demand", "9"), ("oyo", "1")), "").await, 200);
    assert_eq!(post(&app, "join", twice, "").await, 200);
    assert_eq!(called(&app, ("oyo", "1")).await, ["booking-demand 8", "goibibo 1", "oyo 1"]);
    assert_eq!(post(&app, "join", joined(("oyo", "5"), ("goibibo", "5")), "property-not-found").await, 404);
    assert_eq!(post(&app, "split", apart(("oyo", "1"), ("oyo", "5")), "property-not-found").await, 404);
    for what in [
        post(&app, "split", apart(("oyo", "1"), ("oyo", "1")), "same-listing").await,
        post(&app, "join", joined(("oyo", "1"), ("oyo", "1")), "same-listing").await,
    ] {
        assert_eq!(what, 409, "it is one listing");
    }
    assert_eq!(post(&app, "split", apart(("oyo", "1"), ("goibibo", "2")), "not-one-house").await, 409);
    assert_eq!(called(&app, ("oyo", "1")).await, ["booking-demand 8", "goibibo 1", "oyo 1"]);
}

#[tokio::test]
async fn of_two_who_join_at_once_both_houses_are_whole() {
    let app = TestApp::new().await;
    adler_at_two_sources(&app).await;
    bring(&app, &[answered("c", &[listing(("trip-com", "1"), "Villa Rosa", "52.5101")])]).await;
    let joins = [joined(("oyo", "1"), ("trip-com", "1")), joined(("trip-com", "1"), ("goibibo", "1"))];
    let operator = app.member("operator");
    let replies = join_all(joins.iter().map(|body| operator.post(&format!("{PROPERTIES}/join")).body(body.clone()).send())).await;
    assert!(replies.iter().all(|reply| [200, 409].contains(&reply.status.as_u16())), "{replies:?}");
    assert!(replies.iter().any(|reply| reply.status == 200));
    for source in ["oyo", "goibibo", "trip-com"] {
        assert_eq!(called(&app, (source, "1")).await, ["trip-com 1", "goibibo 1", "oyo 1"]);
    }
}

#[tokio::test]
async fn what_a_source_answered_is_listed_and_read_again_by_the_parser_of_today() {
    let app = TestApp::new().await;
    let hotels = r#"{"hotels": [{"id": "h", "rooms": [
        {"rateId": "r", "price": {"currency": "INR", "total": 10.5}}, {"rateId": "s", "price": {"currency": "INR", "total": -1}}]}]}"#;
    for (second, status, body) in [(0, 200, hotels), (1, 200, "<html>"), (2, 503, "busy")] {
        let mut raw = storage::RawAnswer {
            source: "goibibo".parse().unwrap(),
            operation: "search-hotels".to_owned(),
            at: format!("2026-02-17T19:24:{second:02}Z").parse().unwrap(),
            request: "a".repeat(64),
            status,
            bytes: body.len() as u64,
            parts: 0,
        };
        app.store().keep_raw(&mut raw, body.as_bytes()).await.unwrap();
    }
    let operator = app.member("operator");
    let which = "source=goibibo&operation=search-hotels&day=2026-02-17";
    let listed = items(&operator.get(&format!("/v1/admin/raw-answers?{which}")).send().await);
    assert_eq!(listed.iter().map(|raw| raw["status"].as_u64().unwrap()).collect::<Vec<_>>(), [200, 200, 503]);

    let read = items(&operator.get(&format!("/v1/admin/raw-answers/readings?{which}")).send().await);
    let told: Vec<_> = read.iter().map(|read| (&read["offers"], &read["setAside"], &read["error"])).collect();
    let (none, nothing) = (json!({}), Value::Null);
    let expected = [
        (&json!(1), &json!({"price": 1}), &nothing),
        (&json!(0), &none, &json!("malformed")),
        (&json!(0), &none, &json!("unavailable")),
    ];
    assert_eq!(told, expected);
    let wrong = operator.get("/v1/admin/raw-answers?source=goibibo&operation=booking-status&day=2026-02-17").send().await;
    wrong.assert(422, "invalid-input");
}
