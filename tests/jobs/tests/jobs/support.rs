//! What the tests of jobs share: a source whose space can be changed, and words for what they do.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use domain::{ids::WatcherId, notifications::DeliveryState};
use futures::future::BoxFuture;
use http::{Response, StatusCode};
use jiff::ToSpan;
use local::test_app::{TestApp, User};
use platform::outside::{Call, Outside, OutsideError};
use serde_json::{Value, json};

/// seats.aero and Duffel, with space that tests set. It speaks their wire format.
#[derive(Debug, Default)]
pub struct Space {
    awards: Mutex<Vec<(&'static str, u64)>>,
    failing: Mutex<Option<StatusCode>>,
    pub calls: Mutex<Vec<&'static str>>,
}

impl Space {
    pub fn of(awards: &[(&'static str, u64)]) -> Arc<Self> {
        let space = Arc::new(Self::default());
        space.set(awards);
        space
    }

    /// Flights from LAX to DXB on 2026-04-27 for so many AAdvantage points.
    pub fn set(&self, awards: &[(&'static str, u64)]) {
        *self.awards.lock().unwrap() = awards.to_vec();
    }

    pub fn fail(&self, status: Option<StatusCode>) {
        *self.failing.lock().unwrap() = status;
    }

    pub fn calls_to(&self, source: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|called| **called == source).count()
    }

    fn answer(&self, source: &str) -> Value {
        match source {
            "seats-aero" => json!({"data": [self.availability()], "count": 1, "hasMore": false, "cursor": 1}),
            _ => json!({"data": {"id": "orq_1", "offers": []}}),
        }
    }

    fn availability(&self) -> Value {
        let trip = |(flight, points): &(&str, u64)| {
            json!({
                "ID": format!("trip-{flight}"), "AvailabilityID": "a1", "TotalDuration": 1085, "Stops": 0, "Carriers": &flight[..2],
                "RemainingSeats": 4, "MileageCost": points, "TotalTaxes": 4400, "TaxesCurrency": "USD", "FlightNumbers": flight,
                "DepartsAt": "2026-04-27T16:20:00Z", "ArrivesAt": "2026-04-28T21:25:00Z", "Cabin": "economy",
                "UpdatedAt": "2026-02-17T19:23:50Z", "Source": "american"
            })
        };
        let trips: Vec<Value> = self.awards.lock().unwrap().iter().map(trip).collect();
        json!({
            "ID": "a1", "RouteID": "r1", "Date": "2026-04-27", "ParsedDate": "2026-04-27T00:00:00Z", "Source": "american",
            "Route": {"ID": "r1", "OriginAirport": "LAX", "DestinationAirport": "DXB", "OriginRegion": "North America",
                      "DestinationRegion": "Asia", "NumDaysOut": 60, "Distance": 8339, "Source": "american"},
            "YAvailable": true, "YMileageCost": "1", "YRemainingSeats": 4, "YAirlines": "QR", "YDirect": true,
            "CreatedAt": "2026-02-17T19:23:50Z", "UpdatedAt": "2026-02-17T19:23:50Z", "AvailabilityTrips": trips
        })
    }
}

impl Outside for Space {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, OutsideError>> {
        self.calls.lock().unwrap().push(call.source);
        let failing = *self.failing.lock().unwrap();
        let answer = match failing {
            Some(status) => Response::builder().status(status).body(Bytes::from("{}")),
            None => Response::builder().status(200).body(Bytes::from(self.answer(call.source).to_string())),
        };
        Box::pin(async move { answer.map_err(|_| OutsideError::Unreachable) })
    }
}

pub async fn app_over(space: &Arc<Space>) -> TestApp {
    let outside: Arc<dyn Outside> = space.clone();
    TestApp::built(|options| options.outside = Some(outside)).await
}

/// A watcher's wishes; `changes` are merged over them.
pub fn wishes(changes: Value) -> Value {
    let mut wishes = json!({
        "name": "Dubai", "wanted": "award-flights", "from": ["LAX"], "to": ["DXB"], "dates": {"on": "2026-04-27"},
        "cabins": ["economy"], "schedule": {"every": "hours", "hours": 1}
    });
    for (name, value) in changes.as_object().unwrap() {
        wishes[name] = value.clone();
    }
    wishes
}

pub async fn watch(user: &User<'_>, changes: Value) -> WatcherId {
    let reply = user.post("/v1/watchers").body(wishes(changes)).send().await;
    assert_eq!(reply.status, 201, "{:#}", reply.body);
    reply.body["id"].as_str().unwrap().parse().unwrap()
}

/// Has a watcher run in the minute that comes, with all that follows.
pub async fn run(app: &TestApp, user: &User<'_>, watcher: WatcherId) {
    let reply = user.post(&format!("/v1/watchers/{watcher}/run")).send().await;
    assert_eq!(reply.status, 202, "{:#}", reply.body);
    app.advance(1.minute()).await;
}

/// Leaps to the slot that a watcher runs in next, and has it run.
pub async fn leap_to_next_run(app: &TestApp, user: &User<'_>, watcher: WatcherId) {
    let shown = user.get(&format!("/v1/watchers/{watcher}")).send().await.body;
    let next: jiff::Timestamp = shown["nextRunAt"].as_str().unwrap().parse().unwrap();
    app.leap(app.system().now().until(next).unwrap()).await;
}

pub async fn alerts(user: &User<'_>) -> Vec<Value> {
    user.get("/v1/alerts?limit=100").send().await.body["items"].as_array().unwrap().clone()
}

pub async fn deals(user: &User<'_>) -> Vec<Value> {
    user.get("/v1/deals?limit=100").send().await.body["items"].as_array().unwrap().clone()
}

/// What became of the message of an alert.
pub async fn delivery(app: &TestApp, user: &User<'_>, alert: &Value) -> DeliveryState {
    let id = alert["id"].as_str().unwrap().parse().unwrap();
    let found = app.store().delivery_for(&user.owner(), id, domain::notifications::Channel::Email).await.unwrap();
    found.unwrap().delivery
}

/// Runs until every queue is empty, and has every message delivered twice.
pub async fn settle_doubled(app: &TestApp) {
    let mut doubled = BTreeSet::new();
    let queues = app.system().standins().queues();
    loop {
        let relayed = app.system().relay_if_woken().await;
        for stats in queues.stats().unwrap() {
            for message in queues.peek(&stats.name, 10_000).unwrap() {
                if doubled.insert(message.id.to_string()) {
                    let copy = queues.send(&stats.name, local::standins::queues::NewMessage::new(message.body)).unwrap();
                    doubled.insert(copy.to_string());
                }
            }
        }
        if app.system().poll_queues().await.unwrap() == 0 && !relayed {
            return;
        }
    }
}
