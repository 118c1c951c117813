//! Booking.com and Expedia say of a house no more than its number when they are asked for rooms. What it is called is looked up once, off
//! everybody's path, so that it can be shown and found to be one with other sources' houses.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Response, StatusCode};
use jiff::ToSpan;
use local::{
    played::SourceAccess,
    standins::queues::NewMessage,
    test_app::{Reply, TestApp},
};
use platform::outside::{Call, Outside, OutsideError};
use serde_json::{Value, json};

/// All who sell houses, those first whose word counts most.
const SOURCES: [&str; 6] = ["expedia-rapid", "booking-demand", "trip-com", "makemytrip", "goibibo", "oyo"];

/// Six sources that sell one house, of which two tell what it is called only when they are asked for that.
#[derive(Debug, Default)]
struct Sellers {
    described: Mutex<Vec<String>>,
    failing: Mutex<Option<StatusCode>>,
    knows_nothing: Mutex<bool>,
}

impl Sellers {
    /// Who was asked what houses are called since the last look.
    fn described(&self) -> Vec<String> {
        let mut all = std::mem::take(&mut *self.described.lock().unwrap());
        all.sort();
        all
    }

    /// To that they answer with this status from now on.
    fn fail(&self, status: Option<u16>) {
        *self.failing.lock().unwrap() = status.map(|status| StatusCode::from_u16(status).unwrap());
    }

    fn describe(&self, call: &Call, house: Value, nothing: Value) -> (StatusCode, Value) {
        let asked = String::from_utf8_lossy(call.request.body()).into_owned();
        let asked = if asked.is_empty() { call.request.uri().query().unwrap_or_default().to_owned() } else { asked };
        self.described.lock().unwrap().push(format!("{} {asked}", call.source));
        let status = (*self.failing.lock().unwrap()).unwrap_or(StatusCode::OK);
        (status, if *self.knows_nothing.lock().unwrap() { nothing } else { house })
    }
}

impl Outside for Sellers {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, OutsideError>> {
        let (status, answer) = match (call.source, call.request.uri().path()) {
            ("booking-demand", "/accommodations/details") => {
                let at = json!({"address": {"en-us": "Keizersgracht 164"}, "coordinates": {"latitude": 52.375858, "longitude": 4.886006}});
                let house = json!({"id": 10004, "name": {"en-us": "The Pavilions Amsterdam, The Toren"}, "location": at});
                self.describe(&call, json!({"data": [house]}), json!({"data": []}))
            }
            ("expedia-rapid", "/v3/properties/content") => {
                let house = json!({
                    "property_id": "19248", "name": "Pavilions Amsterdam The Toren",
                    "address": {"line_1": "Keizersgracht 164", "obfuscation_required": false},
                    "location": {"coordinates": {"latitude": 52.3759, "longitude": 4.8861}, "obfuscation_required": false}
                });
                self.describe(&call, json!({"19248": house}), json!({}))
            }
            ("booking-demand", _) => {
                let total = json!({"accommodation_currency": 210, "booker_currency": 210});
                let room = json!({"id": 10004, "currency": {"accommodation": "USD", "booker": "USD"}, "price": {"total": total}});
                (StatusCode::OK, json!({"data": [room], "metadata": {}}))
            }
            ("expedia-rapid", "/v3/properties/geography") => (StatusCode::OK, json!({"19248": {"property_id": "19248"}})),
            ("expedia-rapid", _) => {
                let usd = |value: &str| json!({"value": value, "currency": "USD"});
                let totals = json!({"inclusive": {"billable_currency": usd("200.00"), "request_currency": usd("200.00")}});
                let rate = json!({"id": "r", "occupancy_pricing": {"2": {"totals": totals}}});
                let rooms = json!([{"id": "1", "room_name": "Double", "rates": [rate]}]);
                (StatusCode::OK, json!([{"property_id": "19248", "rooms": rooms}]))
            }
            (_, "/oauth/token") => (StatusCode::OK, json!({"access_token": "token", "expires_in": 3600})),
            _ => {
                let room = json!({"rateId": "t1-1", "price": {"currency": "USD", "total": 190}});
                let house = json!({
                    "id": "t1", "name": "The Pavilions Amsterdam - The Toren", "latitude": 52.3758, "longitude": 4.8860,
                    "address": "164 Keizersgracht", "country": "NL", "rooms": [room]
                });
                (StatusCode::OK, json!({"hotels": [house]}))
            }
        };
        let answer = Response::builder().status(status).body(Bytes::from(answer.to_string()));
        Box::pin(async move { answer.map_err(|_| OutsideError::Unreachable) })
    }
}

async fn sellers() -> (Arc<Sellers>, TestApp) {
    let sellers = Arc::new(Sellers::default());
    let outside: Arc<dyn Outside> = sellers.clone();
    let at = |id, key: &str| (id, SourceAccess { url: format!("https://{id}.invalid"), key: key.to_owned().into() });
    let app = TestApp::built(|options| {
        options.outside = Some(outside);
        options.live = SOURCES.map(|source| at(source, "1:secret")).into();
    })
    .await;
    (sellers, app)
}

async fn search(app: &TestApp, checkin: &str) -> Reply {
    let wanted = json!({"city": "Amsterdam", "checkin": checkin, "nights": 2});
    let reply = app.member("demo").post("/v1/search/stays").body(wanted).send().await;
    reply.assert(200, "");
    reply
}

/// What the house of a source is called in an answer.
fn called(reply: &Reply, source: &str) -> Value {
    let items = reply.body["items"].as_array().unwrap();
    let item = items.iter().find(|item| item["stay"]["freshness"]["source"] == source);
    item.unwrap_or_else(|| panic!("nothing of {source}: {:#}", reply.body))["stay"]["property"]["name"].clone()
}

async fn property(app: &TestApp, source: &str, reference: &str) -> Reply {
    app.member("operator").get(&format!("/v1/admin/properties?source={source}&reference={reference}")).send().await
}

#[tokio::test]
async fn a_house_is_looked_up_once_shown_by_its_name_and_found_to_be_one_with_others() {
    let (sellers, app) = sellers().await;
    let first = search(&app, "2026-04-27").await;
    assert_eq!((called(&first, "expedia-rapid"), sellers.described()), (Value::Null, vec![]), "nobody waits for it");
    app.settle().await;
    let asked = sellers.described();
    assert_eq!(asked[0], r#"booking-demand {"accommodations":[10004],"languages":["en-us"]}"#);
    assert!(asked.len() == 2 && asked[1].ends_with("&property_id=19248"), "{asked:?}");

    let again = search(&app, "2026-04-27").await;
    assert_eq!(again.body["how"], "hit", "the answer is the one that was kept");
    assert_eq!(called(&again, "booking-demand"), "The Pavilions Amsterdam, The Toren");
    assert_eq!(called(&again, "expedia-rapid"), "Pavilions Amsterdam The Toren");
    assert_eq!(called(&search(&app, "2026-05-04").await, "expedia-rapid"), "Pavilions Amsterdam The Toren", "and on other days");
    app.settle().await;
    assert_eq!(sellers.described(), Vec::<String>::new());

    let found = property(&app, "booking-demand", "10004").await;
    found.assert(200, "");
    let listings = found.body["listings"].as_array().unwrap();
    let sources: Vec<&str> = listings.iter().map(|listing| listing["source"].as_str().unwrap()).collect();
    assert_eq!((sources, &found.body["address"]), (SOURCES.to_vec(), &json!("Keizersgracht 164")));
    let why: Vec<&Value> = listings.iter().map(|listing| &listing["likeness"]).filter(|why| !why.is_null()).collect();
    assert_eq!(why.len(), 5, "the first of them was there when the others came");
    for why in why {
        let aspects: Vec<&str> = why["parts"].as_array().unwrap().iter().map(|part| part["aspect"].as_str().unwrap()).collect();
        assert_eq!((&why["verdict"], aspects), (&json!("same"), vec!["name", "position", "address"]), "{why:#}");
    }
}

#[tokio::test]
async fn it_is_looked_up_again_after_a_month_and_is_shown_meanwhile() {
    let (sellers, app) = sellers().await;
    search(&app, "2026-04-27").await;
    app.settle().await;
    assert_eq!(sellers.described().len(), 2);
    app.leap((31 * 24).hours()).await;
    sellers.fail(Some(503));
    assert_eq!(called(&search(&app, "2026-04-27").await, "expedia-rapid"), "Pavilions Amsterdam The Toren");
    app.settle().await;
    assert!(!sellers.described().is_empty(), "it is old");
    assert_eq!(called(&search(&app, "2026-04-27").await, "expedia-rapid"), "Pavilions Amsterdam The Toren", "better than none");
}

#[tokio::test]
async fn what_can_not_be_looked_up_holds_nothing_up_and_is_tried_with_the_next_answer() {
    let (sellers, app) = sellers().await;
    sellers.fail(Some(503));
    let first = search(&app, "2026-04-27").await;
    app.settle().await;
    assert!(!sellers.described().is_empty() && called(&first, "booking-demand").is_null());
    assert!(app.dead_letters().is_empty(), "no letter is dead for it");
    property(&app, "expedia-rapid", "19248").await.assert(404, "property-not-found");
    property(&app, "trip-com", "t1").await.assert(200, "");
    sellers.fail(None);
    app.leap(7.hours()).await;
    search(&app, "2026-04-28").await;
    app.settle().await;
    assert_eq!(sellers.described().len(), 2);
    property(&app, "expedia-rapid", "19248").await.assert(200, "");
}

#[tokio::test]
async fn what_a_source_does_not_know_is_not_asked_for_with_each_answer() {
    let (sellers, app) = sellers().await;
    *sellers.knows_nothing.lock().unwrap() = true;
    for checkin in ["2026-04-27", "2026-05-04"] {
        search(&app, checkin).await;
        app.settle().await;
    }
    assert_eq!(sellers.described().len(), 2);
    *sellers.knows_nothing.lock().unwrap() = false;
    app.leap(24.hours()).await;
    search(&app, "2026-05-11").await;
    app.settle().await;
    assert_eq!(sellers.described().len(), 2, "but the next day");
    property(&app, "booking-demand", "10004").await.assert(200, "");
}

#[tokio::test]
async fn a_message_that_comes_twice_late_or_out_of_order_changes_nothing() {
    let (sellers, app) = sellers().await;
    let answered = |source: &str, reference: &str| {
        let report = json!({"source": source, "outcome": "complete", "calls": 1, "offers": 1, "setAside": []});
        let account = json!({"answer": source, "at": "2026-02-17T19:24:00Z", "report": report});
        json!({"account": account, "listings": [{"source": source, "reference": reference}]}).to_string()
    };
    let messages = [answered("expedia-rapid", "19248"), answered("booking-demand", "10004")];
    for message in messages.iter().chain(messages.iter().rev()).chain(&messages) {
        app.system().standins().queues().send("source-answers", NewMessage::new(message.clone())).unwrap();
    }
    app.settle().await;
    let before = property(&app, "expedia-rapid", "19248").await.body;
    assert_eq!(before["listings"].as_array().unwrap().len(), 2);
    sellers.described();
    app.system().standins().queues().send("source-answers", NewMessage::new(messages[0].clone())).unwrap();
    app.settle().await;
    assert_eq!((property(&app, "expedia-rapid", "19248").await.body, sellers.described()), (before, vec![]));
}
