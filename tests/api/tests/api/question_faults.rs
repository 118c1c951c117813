//! Every fault of a question, and of what a member says of their points, is named at once: what can't be read together with what the
//! rules say of the rest.

use local::{TestApp, test_app::User};
use serde_json::{Value, json};

use crate::support::faults;

/// Where it is sent.
#[derive(Clone, Copy)]
enum To {
    Post(&'static str),
    Put(&'static str),
}

/// A good body, and what of it can be wrong: a pointer to what is changed, what it becomes, and the fault.
struct Asked {
    to: To,
    good: Value,
    wrong: Vec<(&'static str, Value, &'static str, &'static str)>,
}

fn every() -> Vec<Asked> {
    vec![flights(), stays(), around(), activities(), compared_stay(), compared_flight(), checked(), balances(), valuations()]
}

fn flights() -> Asked {
    Asked {
        to: To::Post("/v1/search/flights"),
        good: json!({"from": ["LAX"], "to": ["DXB"], "dates": {"on": "2026-04-27"}, "cabins": ["economy"], "travellers": 1, "limit": 5}),
        wrong: vec![
            ("/from", json!(["nowhere at all"]), "/from/0", "unknown-place"),
            ("/to", json!([]), "/to", "empty"),
            ("/dates", json!({"on": "2025-04-27"}), "/dates", "past"),
            ("/cabins", json!([]), "/cabins", "empty"),
            ("/travellers", json!(10), "/travellers", "out-of-range"),
            ("/limit", json!(101), "/limit", "out-of-range"),
            ("/wanted", json!("hotels"), "/wanted", "invalid"),
            ("/more", json!(1), "/more", "unknown-field"),
        ],
    }
}

fn stays() -> Asked {
    Asked {
        to: To::Post("/v1/search/stays"),
        good: json!({"city": "Singapore", "checkin": "2026-04-27", "nights": 3, "adults": 2, "childAges": [4], "limit": 5}),
        wrong: vec![
            ("/city", json!("San Jose"), "/city", "ambiguous-place"),
            ("/checkin", json!("2025-04-27"), "/checkin", "past"),
            ("/nights", json!(91), "/nights", "out-of-range"),
            ("/adults", json!(15), "/adults", "out-of-range"),
            ("/childAges", json!([3, 18]), "/childAges/1", "out-of-range"),
            ("/currency", json!("XXX"), "/currency", "invalid"),
            ("/limit", json!(0), "/limit", "out-of-range"),
        ],
    }
}

fn around() -> Asked {
    Asked {
        to: To::Post("/v1/search/stays"),
        good: json!({"around": {"position": {"latitude": "1.3", "longitude": "103.8"}, "kilometres": 5}, "checkin": "2026-04-27", "nights": 3}),
        wrong: vec![
            ("/around/kilometres", json!(101), "/around/kilometres", "out-of-range"),
            ("/childAges", json!([1, 2, 3, 4, 5, 6, 7]), "/childAges", "too-many"),
            ("/nights", json!("three"), "/nights", "invalid"),
        ],
    }
}

fn activities() -> Asked {
    Asked {
        to: To::Post("/v1/search/activities"),
        good: json!({"place": "Orlando", "dates": {"on": "2026-04-27", "flexDays": 2}, "adults": 2, "limit": 5}),
        wrong: vec![
            ("/place", json!("!!"), "/place", "no-words"),
            ("/dates/flexDays", json!(31), "/dates/flexDays", "out-of-range"),
            ("/adults", json!(16), "/adults", "out-of-range"),
            ("/limit", json!(101), "/limit", "out-of-range"),
        ],
    }
}

fn compared_stay() -> Asked {
    Asked {
        to: To::Post("/v1/search/compare"),
        good: json!({"stay": {"source": "oyo", "reference": "1", "checkin": "2026-04-27", "nights": 3, "adults": 2, "childAges": []}, "currency": "USD"}),
        wrong: vec![
            ("/stay/source", json!("No Source"), "/stay/source", "invalid"),
            ("/stay/checkin", json!("2025-04-27"), "/stay/checkin", "past"),
            ("/stay/nights", json!(0), "/stay/nights", "out-of-range"),
            ("/stay/adults", json!(0), "/stay/adults", "out-of-range"),
            ("/stay/childAges", json!([18]), "/stay/childAges/0", "out-of-range"),
            ("/currency", json!("XXX"), "/currency", "invalid"),
        ],
    }
}

fn compared_flight() -> Asked {
    Asked {
        to: To::Post("/v1/search/compare"),
        good: json!({"flight": {"flights": ["QR740"], "from": "LAX", "to": "DXB", "day": "2026-04-27", "cabin": "economy", "travellers": 1}}),
        wrong: vec![
            ("/flight/flights", json!([]), "/flight/flights", "out-of-range"),
            ("/flight/to", json!("LAX"), "/flight/to", "same-place"),
            ("/flight/day", json!("2025-04-27"), "/flight/day", "past"),
            ("/flight/cabin", json!("hold"), "/flight/cabin", "unknown-cabin"),
            ("/flight/travellers", json!(0), "/flight/travellers", "out-of-range"),
        ],
    }
}

fn checked() -> Asked {
    Asked {
        to: To::Post("/v1/search/check"),
        good: json!({"source": "duffel", "reference": "off_1", "travellers": 1}),
        wrong: vec![
            ("/source", json!("seats-aero"), "/source", "not-offered"),
            ("/reference", json!(""), "/reference", "invalid"),
            ("/travellers", json!(10), "/travellers", "out-of-range"),
            ("/price", json!({"amount": "1.001", "currency": "USD"}), "/price/amount", "invalid"),
        ],
    }
}

fn balances() -> Asked {
    Asked {
        to: To::Put("/v1/me/balances"),
        good: json!({"balances": {"amex-mr": 90_000}}),
        wrong: vec![
            ("/balances/amex-mr", json!(-1), "/balances/amex-mr", "invalid"),
            ("/balances/no-such-programme", json!(1), "/balances/no-such-programme", "unknown-programme"),
            ("/more", json!(1), "/more", "unknown-field"),
        ],
    }
}

fn valuations() -> Asked {
    Asked {
        to: To::Put("/v1/me/valuations"),
        good: json!({"valuations": {"amex-mr": "1.5"}}),
        wrong: vec![
            ("/valuations/amex-mr", json!("much"), "/valuations/amex-mr", "invalid"),
            ("/valuations/no-such-programme", json!("1.5"), "/valuations/no-such-programme", "unknown-programme"),
            ("/valuations/aadvantage", json!("0"), "/valuations/aadvantage", "invalid"),
        ],
    }
}

/// The body with what a pointer points to, there or not, as it should not be.
fn changed(body: &Value, pointer: &str, value: &Value) -> Value {
    let mut body = body.clone();
    let (holder, field) = pointer.rsplit_once('/').unwrap();
    let holder = body.pointer_mut(holder).and_then(Value::as_object_mut).unwrap();
    holder.insert(field.to_owned(), value.clone());
    body
}

async fn named(demo: &User<'_>, to: To, body: &Value) -> Vec<(String, String)> {
    let asked = match to {
        To::Post(path) => demo.post(path),
        To::Put(path) => demo.put(path).header("if-match", "\"0\""),
    };
    let reply = asked.body(body).send().await;
    reply.assert(422, "invalid-input");
    let mut found = faults(&reply);
    found.sort_unstable();
    found
}

#[tokio::test]
async fn every_fault_is_named_at_once() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    for Asked { to, good, wrong } in every() {
        let fault = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
        let mut all = Vec::new();
        let mut body = good.clone();
        for (at, value, pointer, code) in &wrong {
            assert_eq!(named(&demo, to, &changed(&good, at, value)).await, [fault(pointer, code)], "{at} of {good}");
            body = changed(&body, at, value);
            all.push(fault(pointer, code));
        }
        all.sort_unstable();
        assert_eq!(named(&demo, to, &body).await, all, "{body}");
    }
}
