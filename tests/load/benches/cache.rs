//! What the cache of searches costs and saves: `cargo bench -p load --bench cache`.
//!
//! A hit is a whole request, from the token to the ranked and valued answer, next to one that has to ask (of a source that answers at
//! once, so that what is saved is our own work alone) and to one that only reads who one is. Then a day of searches as people make
//! them, most of them for little (Zipf's law), against as many that each ask: the ratio is what the cache is worth.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::float_arithmetic, reason = "what was measured")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::places::Airport;
use futures::future::BoxFuture;
use http::Response;
use jiff::{
    SignedDuration,
    civil::{Date, DateTime},
};
use local::{
    TestApp,
    gate::{CallInfo, Faults},
};
use platform::outside::{Call, Outside, OutsideError};
use serde_json::{Value, json};

/// Requests of which the median counts.
const REQUESTS: usize = 200;
/// Offers of the answer that is hit.
const OFFERS: usize = 50;
/// How long each flight takes.
const MINUTES: i64 = 700;
/// Searches of a day, and how many different ones people think of.
const SEARCHES: usize = 10_000;
const QUESTIONS: usize = 1_000;
/// A call of a source for at most so many in a hundred searches.
const MOST_CALLS: usize = 40;
/// Offers of each answer of that day.
const SPACES: usize = 3;
const AIRPORTS: [&str; 10] = ["DXB", "LHR", "CDG", "FRA", "NRT", "SIN", "SYD", "GRU", "JNB", "DEL"];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    hit().await;
    a_day().await;
}

/// seats.aero with space on every route on every day, and Duffel with none. It counts who was called.
#[derive(Debug, Default)]
struct Everywhere {
    offers: usize,
    calls: Mutex<BTreeMap<&'static str, usize>>,
}

impl Everywhere {
    fn with(offers: usize) -> Arc<Self> {
        Arc::new(Self { offers, calls: Mutex::default() })
    }

    fn calls(&self) -> usize {
        self.calls.lock().unwrap().values().sum()
    }

    fn answer(&self, call: &Call) -> Value {
        let uri = call.request.uri().to_string();
        let asked = |name: &str| {
            let (_, value) = uri.split_once(&format!("{name}=")).unwrap_or_default();
            value.split('&').next().unwrap_or_default().to_owned()
        };
        let (from, to) = (asked("origin_airport"), asked("destination_airport"));
        let day = |name: &str| asked(name).parse::<Date>().unwrap();
        let (first, last) = (day("start_date"), day("end_date"));
        let days = first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last);
        let records: Vec<Value> = days.map(|day| self.on(day, &from, &to)).collect();
        json!({"data": records, "count": records.len(), "hasMore": false, "cursor": 1})
    }

    /// What there is on a day.
    fn on(&self, day: Date, from: &str, to: &str) -> Value {
        let lands = landing(day, from, to);
        let trip = |n: usize| {
            json!({
                "ID": format!("trip-{day}-{n}"), "AvailabilityID": "a1", "TotalDuration": MINUTES, "Stops": 0, "Carriers": "QR",
                "RemainingSeats": 4, "MileageCost": 30_000 + n, "TotalTaxes": 4400, "TaxesCurrency": "USD",
                "FlightNumbers": format!("QR{n}"), "DepartsAt": format!("{day}T08:20:00Z"),
                "ArrivesAt": format!("{lands}Z"), "Cabin": "economy", "UpdatedAt": "2026-02-17T19:23:50Z",
                "Source": "american"
            })
        };
        let trips: Vec<Value> = (1..=self.offers).map(trip).collect();
        json!({
            "ID": format!("a-{day}"), "RouteID": "r1", "Date": day, "ParsedDate": format!("{day}T00:00:00Z"), "Source": "american",
            "Route": {"ID": "r1", "OriginAirport": from, "DestinationAirport": to, "OriginRegion": "North America",
                      "DestinationRegion": "Asia", "NumDaysOut": 60, "Distance": 8339, "Source": "american"},
            "YAvailable": true, "YMileageCost": "1", "YRemainingSeats": 4, "YAirlines": "QR", "YDirect": true,
            "CreatedAt": "2026-02-17T19:23:50Z", "UpdatedAt": "2026-02-17T19:23:50Z", "AvailabilityTrips": trips
        })
    }
}

/// When one lands who leaves at twenty past eight, by the clocks of both places: what lands at no such time is set aside.
fn landing(day: Date, from: &str, to: &str) -> DateTime {
    let zone = |code: &str| code.parse::<Airport>().unwrap().zone().unwrap();
    let left = day.at(8, 20, 0, 0).to_zoned(zone(from)).unwrap();
    left.saturating_add(SignedDuration::from_mins(MINUTES)).with_time_zone(zone(to)).datetime()
}

impl Outside for Everywhere {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, OutsideError>> {
        *self.calls.lock().unwrap().entry(call.source).or_default() += 1;
        let body = match call.source {
            "seats-aero" => self.answer(&call),
            _ => json!({"data": {"id": "orq_1", "offers": []}}),
        };
        Box::pin(async move { Ok(Response::new(Bytes::from(body.to_string()))) })
    }
}

/// Counts the calls of the table by what they do.
#[derive(Debug, Default)]
struct Counting(Mutex<BTreeMap<String, usize>>);

impl Faults for Counting {
    fn meanwhile<'a>(&'a self, call: &'a CallInfo) -> BoxFuture<'a, ()> {
        *self.0.lock().unwrap().entry(call.operation.clone()).or_default() += 1;
        Box::pin(std::future::ready(()))
    }
}

async fn app_over(outside: &Arc<Everywhere>) -> TestApp {
    let outside: Arc<dyn Outside> = outside.clone();
    TestApp::built(|options| {
        options.outside = Some(outside);
        options.in_process = true;
    })
    .await
}

fn question(from: &str, to: &str, day: usize) -> Value {
    let on = jiff::civil::date(2026, 4, 1).saturating_add(jiff::Span::new().days(i64::try_from(day).unwrap()));
    json!({"from": [from], "to": [to], "dates": {"on": on.to_string()}, "cabins": ["economy"]})
}

/// What a hit, a miss and a bare read cost, each in time and in calls of AWS.
async fn hit() {
    let outside = Everywhere::with(OFFERS);
    let app = app_over(&outside).await;
    let (asked, demo) = (question("LAX", "DXB", 26), app.member("demo"));
    let first = demo.post("/v1/search/flights").body(&asked).send().await;
    first.assert(200, "");
    assert_eq!(first.body["found"], OFFERS, "{}", first.body);
    let one = AtomicUsize::new(0);
    let hit = measured(&app, async || {
        let reply = demo.post("/v1/search/flights").body(&asked).send().await;
        assert_eq!(reply.assert(200, "").body["how"], "hit", "{}", reply.body);
    })
    .await;
    let miss = measured(&app, async || {
        let day = 27 + one.fetch_add(1, Relaxed);
        let asked = question("LAX", AIRPORTS[day % AIRPORTS.len()], day);
        let reply = demo.post("/v1/search/flights").body(asked).send().await;
        assert_eq!(reply.assert(200, "").body["how"], "miss", "{}", reply.body);
    })
    .await;
    let bare = measured(&app, async || {
        demo.get("/v1/me").send().await.assert(200, "");
    })
    .await;
    let cheaper = bare.0 < hit.0 && hit.0 < miss.0;
    println!("| request | median | calls |\n|---|---|---|");
    for (what, (median, calls)) in [("hit", hit), ("miss", miss), ("bare read", bare)] {
        println!("| {what} | {median:?} | {calls:?} |");
    }
    assert!(cheaper, "a hit costs no less than a miss, or no more than to read who one is");
}

/// The median time of a request, and the calls that it makes on the average, by operation.
async fn measured(app: &TestApp, request: impl AsyncFn()) -> (Duration, BTreeMap<String, f64>) {
    let counting = Arc::new(Counting::default());
    app.set_faults(counting.clone());
    let mut times = Vec::new();
    for _ in 0..REQUESTS {
        let started = Instant::now();
        request().await;
        times.push(started.elapsed());
        // As often as is allowed.
        app.clock.advance(SignedDuration::from_secs(4));
    }
    times.sort_unstable();
    let calls = counting.0.lock().unwrap();
    let each = |(operation, count): (&String, &usize)| (operation.clone(), *count as f64 / REQUESTS as f64);
    (times[REQUESTS / 2], calls.iter().map(each).collect())
}

/// A day of searches, with what the schedule and the queues do meanwhile.
async fn a_day() {
    let outside = Everywhere::with(SPACES);
    let app = app_over(&outside).await;
    let (system, demo) = (app.system(), app.member("demo"));
    let mut rng = fastrand::Rng::with_seed(1);
    // The weight of the nth is 1/n.
    let weights: Vec<f64> = (1..=QUESTIONS).map(|rank| 1.0 / rank as f64).collect();
    let all: f64 = weights.iter().sum();
    let mut how: BTreeMap<String, usize> = BTreeMap::new();
    let between = SignedDuration::from_hours(24) / i32::try_from(SEARCHES).unwrap();
    let first = {
        demo.post("/v1/search/flights").body(question("SFO", "LHR", 99)).send().await.assert(200, "");
        outside.calls()
    };
    for n in 0..SEARCHES {
        let mut drawn = rng.f64() * all;
        let rank = weights.iter().position(|weight| {
            drawn -= weight;
            drawn <= 0.0
        });
        let (rank, last) = (rank.unwrap_or(QUESTIONS - 1), n + 1 == SEARCHES);
        let asked = question("LAX", AIRPORTS[rank % AIRPORTS.len()], rank / AIRPORTS.len());
        let reply = demo.post("/v1/search/flights").body(asked).send().await;
        reply.assert(200, "");
        // A source that is left alone because it has had its calls would make the cache look better than it is.
        assert_eq!(reply.body["found"], SPACES, "{}", reply.body);
        let missing = reply.body["sources"].as_array().unwrap().iter().any(|source| source["state"] == "missing");
        assert!(!missing, "{}", reply.body["sources"]);
        *how.entry(reply.body["how"].as_str().unwrap().to_owned()).or_default() += 1;
        app.clock.advance(between);
        if n % 8 == 0 || last {
            system.fire_due().await;
            while system.poll_queues().await.unwrap() > 0 || system.relay_if_woken().await {}
        }
    }
    let (made, without) = (outside.calls() - first, SEARCHES * first);
    println!("\n{SEARCHES} searches of {QUESTIONS} questions in a day: {how:?}");
    println!("{made} calls of sources instead of {without}: one for {:.1}", without as f64 / made as f64);
    assert!(made * 100 <= without * MOST_CALLS, "the cache saves too little");
}
