//! What each field of a watcher may not be: the pointer and the code of its fault, when it is created as when it is changed.

use std::collections::BTreeMap;

use local::TestApp;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};

use crate::{
    bad_requests::check_problem,
    support::{Core, create, dubai, faults, watcher, with, without},
};

const WATCHERS: &str = "/v1/watchers";

/// Field, value, and the faults that this makes.
type Fault = (&'static str, Value, Vec<(&'static str, &'static str)>);

fn places(count: usize) -> Value {
    let airports = ["ATL", "BOS", "CLT", "DEN", "DFW", "EWR", "IAH", "JFK", "MIA", "ORD", "SEA", "SFO"];
    json!(airports[..count])
}

fn carriers(count: u8) -> Value {
    (0..count).map(|n| json!(format!("{}A", char::from(b'A' + n)))).collect()
}

fn one(field: &'static str, value: Value, pointer: &'static str, code: &'static str) -> Fault {
    (field, value, vec![(pointer, code)])
}

fn table() -> Vec<Fault> {
    [journey_table(), wishes_table()].concat()
}

fn journey_table() -> Vec<Fault> {
    vec![
        one("name", json!(""), "/name", "invalid"),
        one("name", json!("x".repeat(81)), "/name", "invalid"),
        one("name", json!(" Dubai"), "/name", "invalid"),
        one("name", json!("Dubai\n"), "/name", "invalid"),
        one("name", json!("Du\u{7}bai"), "/name", "invalid"),
        one("name", json!(5), "/name", "invalid"),
        one("name", json!(["Dubai"]), "/name", "invalid"),
        one("wanted", json!("hotels"), "/wanted", "invalid"),
        one("wanted", json!("AwardFlights"), "/wanted", "invalid"),
        one("wanted", json!(1), "/wanted", "invalid"),
        one("from", json!([]), "/from", "empty"),
        one("from", json!("LAX"), "/from", "invalid"),
        one("from", json!(["lax"]), "/from/0", "invalid"),
        one("from", json!(["SFO", "ZZZ"]), "/from/1", "invalid"),
        one("from", json!([["LAX"]]), "/from/0", "invalid"),
        one("from", places(11), "/from", "too-many"),
        one("from", json!(["country:US", "country:GB", "country:DE"]), "/from", "too-many-airports"),
        one("to", json!([]), "/to", "empty"),
        one("to", json!(["LAX"]), "/to", "same-place"),
        one("to", json!(["country:ZZ"]), "/to/0", "invalid"),
        one("to", json!(["metro:ZZZ"]), "/to/0", "invalid"),
        one("to", json!({"0": "DXB"}), "/to", "invalid"),
        one("dates", json!({}), "/dates", "invalid"),
        one("dates", json!("2026-04-27"), "/dates", "invalid"),
        one("dates", json!({"on": "2026-04-27", "from": "2026-04-27", "to": "2026-04-28"}), "/dates", "invalid"),
        one("dates", json!({"from": "2026-04-27"}), "/dates", "invalid"),
        one("dates", json!({"on": "2026-02-30"}), "/dates/on", "invalid"),
        one("dates", json!({"on": "2026-02-16"}), "/dates", "past"),
        one("dates", json!({"on": "2027-03-25"}), "/dates", "too-far"),
        one("dates", json!({"from": "2026-04-28", "to": "2026-04-27"}), "/dates", "backwards"),
        one("dates", json!({"from": "2026-04-01", "to": "2026-06-02"}), "/dates", "too-wide"),
        ("dates", json!({"on": "2026-04-27", "flexDays": 31}), vec![("/dates", "too-wide"), ("/dates/flexDays", "out-of-range")]),
        one("cabins", json!([]), "/cabins", "empty"),
        one("cabins", json!(["economy", "hold"]), "/cabins/1", "unknown-cabin"),
        one("travellers", json!(0), "/travellers", "out-of-range"),
        one("travellers", json!(10), "/travellers", "out-of-range"),
        one("travellers", json!(256), "/travellers", "invalid"),
        one("travellers", json!(-1), "/travellers", "invalid"),
        one("travellers", json!(1.5), "/travellers", "invalid"),
        one("travellers", json!("2"), "/travellers", "invalid"),
    ]
}

fn wishes_table() -> Vec<Fault> {
    let usd = |amount: &str| json!({"amount": amount, "currency": "USD"});
    vec![
        one("filters", json!({"stops": 1}), "/filters/stops", "unknown-field"),
        one("filters", json!({"maxStops": 256}), "/filters/maxStops", "invalid"),
        one("filters", json!({"maxMinutes": -1}), "/filters/maxMinutes", "invalid"),
        one("filters", json!({"carriers": "QR"}), "/filters/carriers", "invalid"),
        one("filters", json!({"carriers": carriers(21)}), "/filters/carriers", "too-many"),
        one("filters", json!({"carriersExcluded": carriers(21)}), "/filters/carriersExcluded", "too-many"),
        one("filters", json!({"carriers": ["QR"], "carriersExcluded": ["QR"]}), "/filters/carriersExcluded", "contradiction"),
        one("filters", json!({"maxPoints": 1_000_000_001_u64}), "/filters/maxPoints", "invalid"),
        one("filters", json!({"maxPoints": -1}), "/filters/maxPoints", "invalid"),
        one("filters", json!({"maxTaxes": usd("-0.01")}), "/filters/maxTaxes", "negative"),
        one("filters", json!({"maxTaxes": usd("1.001")}), "/filters/maxTaxes/amount", "invalid"),
        one("filters", json!({"maxTaxes": usd("1e99")}), "/filters/maxTaxes/amount", "invalid"),
        one("filters", json!({"maxTaxes": {"amount": 1, "currency": "USD"}}), "/filters/maxTaxes/amount", "invalid"),
        one("filters", json!({"maxTaxes": {"amount": "1", "currency": "XXX"}}), "/filters/maxTaxes/currency", "invalid"),
        one("filters", json!({"maxPrice": usd("100")}), "/filters/maxPrice", "not-for-awards"),
        one("filters", json!({"minCentsPerPoint": "much"}), "/filters/minCentsPerPoint", "invalid"),
        one("telling", json!({"minScore": 101}), "/telling/minScore", "out-of-range"),
        one("telling", json!({"minScore": 256}), "/telling/minScore", "invalid"),
        one("telling", json!({"againWhenCheaperBy": 0}), "/telling/againWhenCheaperBy", "out-of-range"),
        one("telling", json!({"againWhenCheaperBy": 91}), "/telling/againWhenCheaperBy", "out-of-range"),
        one("telling", json!({"score": 1}), "/telling/score", "unknown-field"),
        one("schedule", json!({}), "/schedule/every", "missing"),
        one("schedule", json!("hourly"), "/schedule", "invalid"),
        one("schedule", json!({"every": "minute"}), "/schedule/every", "invalid"),
        one("schedule", json!({"every": "hours", "hours": 0}), "/schedule/hours", "out-of-range"),
        one("schedule", json!({"every": "hours", "hours": 5}), "/schedule/hours", "out-of-range"),
        one(
            "schedule",
            json!({"every": "hours", "hours": 1, "active": {"from": "07:00:00", "to": "07:30:00"}}),
            "/schedule/active",
            "too-short",
        ),
        one("schedule", json!({"every": "day", "at": "25:00:00"}), "/schedule/at", "invalid"),
        one("noSuchField", json!(1), "/noSuchField", "unknown-field"),
        one("with/slash", json!(1), "/with~1slash", "unknown-field"),
        one("with.dot[0]", json!(1), "/with.dot[0]", "unknown-field"),
    ]
}

/// What serde takes for a struct, and no client means: its fields in their order, without their names.
fn lists_for_objects() -> Vec<Fault> {
    vec![
        one("filters", json!([]), "/filters", "invalid"),
        one("filters", json!([1, 600]), "/filters", "invalid"),
        one("telling", json!([]), "/telling", "invalid"),
        one("telling", json!([50, 10]), "/telling", "invalid"),
        one("dates", json!(["2026-04-27"]), "/dates", "invalid"),
        one("filters", json!({"maxTaxes": ["1.00", "USD"]}), "/filters/maxTaxes", "invalid"),
        one("schedule", json!({"every": "hours", "hours": 1, "active": ["07:00:00", "22:00:00"]}), "/schedule/active", "invalid"),
    ]
}

/// Sends each to both endpoints; answers what was not as it should be.
async fn wrong(table: Vec<Fault>) -> Vec<String> {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let path = watcher(&create(&demo, dubai()).await);
    let core = Core::of(&app);
    let stored = core.everything().await;
    let mut wrong = Vec::new();
    for (field, value, expected) in table {
        let created = demo.post(WATCHERS).body(with(dubai(), field, value.clone())).send().await;
        let changed = demo.patch(&path).body(json!({field: value})).send().await;
        for (what, reply) in [("create", created), ("change", changed)] {
            let found = faults(&reply);
            let found: Vec<(&str, &str)> = found.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
            if reply.status != 422 || found != expected || check_problem(&reply).is_err() {
                wrong.push(format!("{what} with {field} = {value}: {} {found:?} instead of {expected:?}", reply.status));
            }
        }
    }
    if core.everything().await != stored {
        wrong.push("something was written".to_owned());
    }
    wrong
}

#[tokio::test]
async fn each_fault_is_named_by_its_pointer_and_code() {
    let table = table();
    assert!(table.len() >= 40);
    let wrong = wrong(table).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_list_is_no_object() {
    let wrong = wrong(lists_for_objects()).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Within a value that is read whole, the faulty field is named, not the value that holds it.
#[tokio::test]
async fn a_fault_deep_inside_is_named_by_its_own_pointer() {
    let wrong = wrong(vec![
        one("dates", json!({"on": "2026-04-27", "flexDays": 300}), "/dates/flexDays", "invalid"),
        one("dates", json!({"on": "2026-04-27", "flex": 3}), "/dates/flex", "unknown-field"),
        one("filters", json!({"carriers": ["QR", "QRR"]}), "/filters/carriers/1", "invalid"),
        one("filters", json!({"programmes": ["No Such"]}), "/filters/programmes/0", "invalid"),
        one("filters", json!({"maxTaxes": {"amount": "1", "currency": "USD", "x": 1}}), "/filters/maxTaxes/x", "unknown-field"),
        one("schedule", json!({"every": "hours", "hours": 1, "at": "07:00:00"}), "/schedule/at", "unknown-field"),
        one("schedule", json!({"every": "week", "at": "07:30:00"}), "/schedule/on", "missing"),
    ])
    .await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_field_without_a_default_is_missed() {
    let app = TestApp::new().await;
    for field in ["name", "wanted", "from", "to", "dates", "cabins", "schedule"] {
        let reply = app.member("demo").post(WATCHERS).body(without(dubai(), field)).send().await;
        reply.assert(422, "invalid-input");
        assert_eq!(faults(&reply), [(format!("/{field}"), "missing".to_owned())]);
    }
    let reply = app.member("demo").post(WATCHERS).body(json!({})).send().await;
    assert_eq!(faults(&reply).len(), 7);
}

#[tokio::test]
async fn a_field_given_twice_is_refused() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let path = watcher(&create(&demo, dubai()).await);
    let reply =
        demo.patch(&path).header("content-type", "application/json").raw_body(r#"{"name":"One","name":"Two"}"#).send().await;
    reply.assert(422, "invalid-input");
    assert_eq!(faults(&reply), [("/name".to_owned(), "duplicate".to_owned())]);
}

#[tokio::test]
async fn what_is_not_for_cash_is_refused_for_cash() {
    let app = TestApp::new().await;
    let filters = json!({"programmes": ["aadvantage"], "maxPoints": 50_000, "minCentsPerPoint": "1.5"});
    let body = with(with(dubai(), "wanted", json!("cash-flights")), "filters", filters);
    let reply = app.member("demo").post(WATCHERS).body(body).send().await;
    reply.assert(422, "invalid-input");
    let expected = ["/filters/maxPoints", "/filters/minCentsPerPoint", "/filters/programmes"];
    assert_eq!(faults(&reply), expected.map(|pointer| (pointer.to_owned(), "not-for-cash".to_owned())));
}

#[tokio::test]
async fn what_is_just_within_the_rules_is_taken() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let path = watcher(&create(&demo, dubai()).await);
    let good = [
        ("name", json!("x".repeat(80))),
        ("name", json!("دبي في أبريل 🛫")),
        ("from", places(10)),
        ("from", json!(["country:US", "country:GB"])),
        ("from", json!(["LAX", "LAX"])),
        ("dates", json!({"on": "2026-02-17"})),
        ("dates", json!({"on": "2027-03-24"})),
        ("dates", json!({"on": "2026-04-27", "flexDays": 30})),
        ("dates", json!({"from": "2026-04-01", "to": "2026-06-01"})),
        ("travellers", json!(9)),
        ("filters", json!({"carriers": carriers(20), "maxPoints": 1_000_000_000, "maxStops": 255})),
        ("filters", json!({"maxTaxes": {"amount": "0", "currency": "JPY"}})),
        ("telling", json!({"minScore": 100, "againWhenCheaperBy": 90})),
        ("schedule", json!({"every": "hours", "hours": 24, "active": {"from": "23:30:00", "to": "00:30:00"}})),
        ("schedule", json!({"every": "week", "on": "sunday", "at": "00:00:00"})),
    ];
    for (field, value) in good {
        let reply = demo.patch(&path).body(json!({field: value})).send().await;
        assert_eq!(reply.status, 200, "{field} = {value}: {:#}", reply.body);
    }
}

/// Any JSON, small.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        (0_u32..400).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[A-Z]{3}".prop_map(Value::from),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}".prop_map(Value::from),
        "[0-9]{2}:[0-9]{2}(:[0-9]{2})?".prop_map(Value::from),
        "-?[0-9]{1,40}(\\.[0-9]{1,40})?".prop_map(Value::from),
        prop::sample::select(vec![
            "economy",
            "hours",
            "day",
            "week",
            "monday",
            "award-flights",
            "cash-flights",
            "LAX",
            "DXB",
            "USD",
            "aadvantage",
            "country:US",
            "metro:LON"
        ])
        .prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "on",
        "flexDays",
        "from",
        "to",
        "every",
        "hours",
        "at",
        "active",
        "maxStops",
        "maxMinutes",
        "carriers",
        "carriersExcluded",
        "programmes",
        "maxPoints",
        "maxTaxes",
        "maxPrice",
        "minCentsPerPoint",
        "amount",
        "currency",
        "minScore",
        "againWhenCheaperBy",
        "",
        "x/y~z",
    ]);
    leaf.prop_recursive(3, 24, 6, move |inner| {
        let object = prop::collection::btree_map(names.clone(), inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            object.prop_map(|fields: BTreeMap<&str, Value>| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<Value>()),
        ]
    })
}

fn any_fields() -> impl Strategy<Value = BTreeMap<&'static str, Value>> {
    let fields = vec!["name", "wanted", "from", "to", "dates", "cabins", "travellers", "filters", "telling", "schedule", "other"];
    prop::collection::btree_map(prop::sample::select(fields), anything(), 1..4)
}

#[test]
fn whatever_is_sent_is_taken_or_refused_whole() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::new());
    let demo = app.member("demo");
    let path = watcher(&runtime.block_on(create(&demo, dubai())));
    let core = Core::of(&app);
    // The same cases at every run: a failure is found again.
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config { cases: 400, failure_persistence: None, ..Config::default() }, rng);
    let outcome = runner.run(&any_fields(), |fields| {
        runtime.block_on(async {
            let created = fields.iter().fold(dubai(), |body, (field, value)| with(body, field, value.clone()));
            let before = core.everything().await;
            let replies = [demo.patch(&path).body(&fields).send().await, demo.post(WATCHERS).body(&created).send().await];
            let after = core.everything().await;
            for reply in &replies {
                prop_assert!(!reply.status.is_server_error(), "{}: {:#}", reply.status, reply.body);
                if !reply.status.is_success() {
                    prop_assert!(check_problem(reply).is_ok(), "{:?}: {reply:?}", check_problem(reply));
                }
            }
            if replies.iter().all(|reply| !reply.status.is_success()) {
                prop_assert!(before == after, "a refused request wrote something");
            }
            let [_, posted] = replies;
            if posted.status == 201 {
                demo.delete(posted.header("location")).send().await.assert(204, "");
            }
            Ok(())
        })
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
