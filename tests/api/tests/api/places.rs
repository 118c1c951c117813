//! `/v1/places`: what someone who types may mean.

use local::TestApp;
use serde_json::json;

use crate::support::{each, faults};

#[tokio::test]
async fn what_is_typed_is_completed_and_can_be_kept() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let found = demo.get("/v1/places?q=l%C3%B3ndo&limit=3").send().await;
    found.assert(200, "");
    assert_eq!(found.header("cache-control"), "private, max-age=3600");
    let first = &found.body["items"][0];
    assert_eq!((&first["place"], &first["kind"], &first["name"]), (&json!("metro:LON"), &json!("metro"), &json!("London")));
    assert_eq!((&first["country"], &first["countryName"]), (&json!("GB"), &json!("United Kingdom")));
    assert_eq!(first["airports"], json!(["LCY", "LGW", "LHR", "LTN", "SEN", "STN"]));
    assert_eq!(found.body["items"].as_array().map(Vec::len), Some(3));

    let again = demo.get("/v1/places?q=l%C3%B3ndo&limit=3").header("if-none-match", found.header("etag")).send().await;
    assert_eq!(again.status.as_u16(), 304);
}

#[tokio::test]
async fn a_country_is_completed_and_a_city_comes_before_its_airports() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let found = demo.get("/v1/places?q=jap&limit=1").send().await;
    let japan = &found.body["items"][0];
    assert_eq!((&japan["place"], &japan["kind"]), (&json!("country:JP"), &json!("country")));
    assert_eq!((&japan["name"], &japan["city"], &japan["countryName"]), (&json!("Japan"), &json!(null), &json!("Japan")));
    assert!(japan["airports"].as_array().is_some_and(|airports| airports.contains(&json!("HND"))));

    let found = demo.get("/v1/places?q=new%20york&limit=4").send().await;
    assert_eq!(each(&found, "place"), ["metro:NYC", "JFK", "EWR", "LGA"]);
}

#[tokio::test]
async fn two_places_of_a_name_are_told_apart_by_their_regions() {
    let app = TestApp::new().await;
    let found = app.member("demo").get("/v1/places?q=portland&limit=2").send().await;
    let regions = found.body["items"].as_array().unwrap().iter().map(|place| place["region"].clone());
    let (oregon, maine) = (json!({"code": "US-OR", "name": "Oregon"}), json!({"code": "US-ME", "name": "Maine"}));
    assert_eq!(regions.collect::<Vec<_>>(), [oregon, maine]);
}

#[tokio::test]
async fn what_is_found_can_be_watched() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    for (typed, place) in [("lax", "LAX"), ("los%20angelse", "LAX"), ("dubai", "metro:DXB"), ("heatrow", "LHR")] {
        let found = demo.get(&format!("/v1/places?q={typed}")).send().await;
        assert!(each(&found, "place").contains(&place.to_owned()), "{typed}: {}", found.body);
    }
    let nothing = demo.get("/v1/places?q=qqqqqqqq").send().await;
    assert_eq!(nothing.body, json!({"items": []}));
}

#[tokio::test]
async fn every_fault_of_a_question_is_named() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let long = "x".repeat(81);
    for (question, expected) in [
        ("", vec![("/q", "missing")]),
        ("q=&limit=21", vec![("/limit", "out-of-range"), ("/q", "out-of-range")]),
        (&format!("q={long}&limit=many"), vec![("/limit", "invalid"), ("/q", "out-of-range")]),
        // One that there is not hides no other.
        ("q=&limit=21&bogus=1", vec![("/bogus", "unknown"), ("/limit", "out-of-range"), ("/q", "out-of-range")]),
        ("q=london&bogus=1", vec![("/bogus", "unknown")]),
    ] {
        let reply = demo.get(&format!("/v1/places?{question}")).send().await;
        reply.assert(422, "invalid-input");
        let mut found = faults(&reply);
        found.sort_unstable();
        let found: Vec<(&str, &str)> = found.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
        assert_eq!(found, expected, "{question}");
    }
}
