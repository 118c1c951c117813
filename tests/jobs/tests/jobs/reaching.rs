//! One question of stays reaches every source that can be asked it, each in the words that it takes; and questions that overlap share
//! what is asked for all of them.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use domain::stays::City;
use futures::future::BoxFuture;
use http::Response;
use jiff::SignedDuration;
use local::{
    played::SourceAccess,
    test_app::{Reply, TestApp},
};
use platform::outside::{Call, Outside, OutsideError};
use serde_json::{Value, json};

use crate::support::*;

/// Sources of stays that have no room, and remember what they were asked.
#[derive(Debug, Default)]
struct Inns {
    asked: Mutex<Vec<(&'static str, String, Value)>>,
}

impl Inns {
    /// What a source was asked since the last look, without what comes before its path.
    fn asked(&self, source: &str) -> Vec<(String, Value)> {
        let mut asked = self.asked.lock().unwrap();
        let (its, others) = std::mem::take(&mut *asked).into_iter().partition(|(of, ..)| *of == source);
        *asked = others;
        let its: Vec<(&str, String, Value)> = its;
        its.into_iter().map(|(_, path, body)| (path, body)).collect()
    }
}

impl Outside for Inns {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, OutsideError>> {
        let path = call.request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let answer = match (call.source, call.request.uri().path()) {
            ("booking-demand", _) => json!({"data": [], "metadata": {}}),
            ("expedia-rapid", "/v3/properties/geography") => json!({"19248": {"property_id": "19248"}}),
            ("expedia-rapid", _) => json!([]),
            _ => json!({"hotels": []}),
        };
        let body = serde_json::from_slice(call.request.body()).unwrap_or_default();
        self.asked.lock().unwrap().push((call.source, path, body));
        Box::pin(async move { Ok(Response::new(Bytes::from(answer.to_string()))) })
    }
}

async fn inns() -> (Arc<Inns>, TestApp) {
    let inns = Arc::new(Inns::default());
    let outside: Arc<dyn Outside> = inns.clone();
    let at = |id, key: &str| (id, SourceAccess { url: format!("https://{id}.invalid"), key: key.to_owned().into() });
    let app = TestApp::built(|options| {
        options.outside = Some(outside);
        options.live = [at("booking-demand", "1:secret"), at("expedia-rapid", "id:secret"), at("trip-com", "id:secret")].into();
    })
    .await;
    (inns, app)
}

fn stay(place: (&str, Value)) -> Value {
    let mut stay = json!({"checkin": "2026-04-27", "nights": 2});
    stay[place.0] = place.1;
    stay
}

async fn search(app: &TestApp, place: (&str, Value)) -> Reply {
    let reply = app.member("demo").post("/v1/search/stays").body(stay(place)).send().await;
    reply.assert(200, "");
    reply
}

/// What is shown of the sources that this is about. Others may be played on this machine.
fn states(reply: &Reply) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    let ours = |source: &&Value| ["booking-demand", "expedia-rapid", "trip-com"].contains(&text(&source["source"]).as_str());
    let sources = reply.body["sources"].as_array().unwrap().iter().filter(ours);
    sources.map(|source| (text(&source["source"]), text(&source["state"]), text(&source["trouble"]))).collect()
}

fn answered(source: &str) -> (String, String, String) {
    (source.to_owned(), "fresh".to_owned(), "none".to_owned())
}

#[tokio::test]
async fn a_city_reaches_those_that_are_asked_by_its_name_and_those_that_are_asked_by_where_it_is() {
    let (inns, app) = inns().await;
    let found = search(&app, ("city", json!("Singapore"))).await;
    assert_eq!(states(&found), ["booking-demand", "expedia-rapid", "trip-com"].map(answered));
    assert_eq!(found.body["complete"], true);
    assert_eq!(inns.asked("trip-com")[0].1["city"], "Singapore");
    let here = City::named("Singapore").unwrap().position().unwrap();
    let [latitude, longitude]: [Value; 2] =
        [here.latitude(), here.longitude()].map(|degrees| serde_json::from_str(&degrees.to_string()).unwrap());
    let around = json!({"latitude": latitude, "longitude": longitude, "radius": 30});
    assert_eq!(inns.asked("booking-demand")[0].1["coordinates"], around);
    let expedia = inns.asked("expedia-rapid");
    assert_eq!(expedia[0].1["type"], "Polygon");
    assert!(expedia[1].0.contains("&property_id=19248"), "{}", expedia[1].0);
    assert_eq!(search(&app, ("city", json!(" SINGAPORE, SG"))).await.body["how"], "hit");
}

#[tokio::test]
async fn a_position_reaches_those_that_are_asked_by_city() {
    let (inns, app) = inns().await;
    let around = json!({"position": {"latitude": "1.2903", "longitude": "103.8519"}, "kilometres": 5});
    let found = search(&app, ("around", around)).await;
    let narrowed = ("trip-com".to_owned(), "fresh".to_owned(), "narrowed".to_owned());
    assert_eq!(states(&found), [answered("booking-demand"), answered("expedia-rapid"), narrowed]);
    assert_eq!(found.body["complete"], false, "not all that is around a position is in one city");
    assert_eq!(inns.asked("trip-com")[0].1["city"], "Singapore");
    assert_eq!(inns.asked("booking-demand")[0].1["coordinates"]["radius"], 5);
}

#[tokio::test]
async fn each_source_is_asked_for_its_own_references_alone() {
    let (inns, app) = inns().await;
    let keys = json!([
        {"source": "booking-demand", "reference": "17"},
        {"source": "expedia-rapid", "reference": "19248"},
        {"source": "trip-com", "reference": "T-1"}
    ]);
    let found = search(&app, ("properties", keys)).await;
    let by_city_alone = ("trip-com".to_owned(), "missing".to_owned(), "not-offered".to_owned());
    assert_eq!(states(&found), [answered("booking-demand"), answered("expedia-rapid"), by_city_alone]);
    assert_eq!(inns.asked("booking-demand")[0].1["accommodations"], json!([17]));
    let expedia = inns.asked("expedia-rapid");
    assert!(expedia.len() == 1 && expedia[0].0.matches("property_id=").count() == 1, "{expedia:?}");
}

#[tokio::test]
async fn a_source_is_asked_for_the_markets_that_it_is_set_for() {
    let (inns, app) = inns().await;
    for (source, market) in [("booking-demand", "FR"), ("trip-com", "SG")] {
        let settings = json!({"enabled": true, "markets": [market]});
        let put = app.member("operator").put(&format!("/v1/operator/providers/{source}")).body(settings).send().await;
        assert!(put.status.is_success(), "{:#}", put.body);
    }
    let found = search(&app, ("city", json!("Singapore"))).await;
    assert_eq!(states(&found), ["expedia-rapid", "trip-com"].map(answered));
    assert!(inns.asked("booking-demand").is_empty());
    let anywhere = search(&app, ("city", json!("Port Isaac"))).await;
    let named: Vec<String> = states(&anywhere).into_iter().map(|(source, ..)| source).collect();
    assert_eq!(named, ["booking-demand", "expedia-rapid", "trip-com"], "where the market is not known, all are");
}

#[tokio::test]
async fn a_name_of_several_cities_is_not_guessed() {
    let (inns, app) = inns().await;
    let reply = app.member("demo").post("/v1/search/stays").body(stay(("city", json!("San Jose")))).send().await;
    reply.assert(422, "invalid-input");
    assert_eq!(reply.body["errors"][0]["pointer"], "/city");
    assert!(inns.asked.lock().unwrap().is_empty());
}

async fn flights(app: &TestApp, dates: Value, travellers: u8) -> Reply {
    let question = json!({"from": ["LAX"], "to": ["DXB"], "dates": dates, "cabins": ["economy"], "travellers": travellers});
    let reply = app.member("demo").post("/v1/search/flights").body(question).send().await;
    reply.assert(200, "");
    reply
}

#[tokio::test]
async fn windows_that_overlap_share_what_is_asked_and_each_is_shown_its_own() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let first = flights(&app, json!({"on": "2026-04-27"}), 1).await;
    assert_eq!((&first.body["how"], &first.body["found"]), (&json!("miss"), &json!(1)));
    app.clock.advance(SignedDuration::from_mins(1));
    let next = flights(&app, json!({"on": "2026-04-28"}), 1).await;
    assert_eq!((&next.body["how"], &next.body["found"]), (&json!("hit"), &json!(0)));
    assert_ne!(first.body["searchKey"], next.body["searchKey"]);
    let two = flights(&app, json!({"on": "2026-04-27"}), 2).await;
    assert_eq!(two.body["found"], 1);
    assert_eq!(two.body["sources"][0]["askedAt"], first.body["sources"][0]["askedAt"], "it is as old as it is");
    assert_eq!(space.calls_to("seats-aero"), 1);
    flights(&app, json!({"on": "2026-05-04"}), 1).await;
    assert_eq!(space.calls_to("seats-aero"), 2, "that is another week");
}

#[tokio::test]
async fn of_two_whose_windows_overlap_one_asks() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let (one, other) = tokio::join!(flights(&app, json!({"on": "2026-04-27"}), 1), flights(&app, json!({"on": "2026-04-28"}), 1));
    assert_eq!((one.body["found"].as_u64(), other.body["found"].as_u64()), (Some(1), Some(0)));
    assert_eq!(space.calls_to("seats-aero"), 1);
}

#[tokio::test]
async fn what_is_invalidated_for_one_question_is_asked_for_anew_though_another_one_shares_it() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    flights(&app, json!({"on": "2026-04-28"}), 1).await;
    let key = flights(&app, json!({"on": "2026-04-27"}), 1).await.body["searchKey"].clone();
    app.clock.advance(SignedDuration::from_mins(1));
    let doubt = json!({"searchKey": key});
    app.member("operator").post("/v1/admin/cache/invalidations").body(doubt).send().await.assert(202, "");
    app.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(flights(&app, json!({"on": "2026-04-27"}), 1).await.body["how"], "miss");
    assert_eq!(space.calls_to("seats-aero"), 2);
    assert_eq!(flights(&app, json!({"on": "2026-04-28"}), 1).await.body["how"], "hit", "nobody doubts that one");
}
