//! The world outside: seats.aero has space on whatever is asked for, Duffel has none. It counts how often each question was
//! asked.

use std::{collections::BTreeMap, sync::Mutex};

use bytes::Bytes;
use domain::{flights::elapsed_minutes, places::Airport};
use futures::future::BoxFuture;
use http::Response;
use jiff::{ToSpan, civil::Date};
use platform::outside::{Call, Outside, OutsideError};
use serde_json::{Value, json};

/// Where to, and when: all that the questions of a burst differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question {
    pub(super) from: Airport,
    pub(super) to: Airport,
    pub(super) day: Date,
}

impl Question {
    /// The week that seats.aero is asked for in its place, so that questions that overlap are one: by its Monday.
    pub(super) fn week(self) -> Self {
        let days = i64::from(self.day.weekday().to_monday_zero_offset());
        Self { day: self.day.saturating_sub(days.days()), ..self }
    }
}

/// Both sources, in their wire format.
#[derive(Debug)]
pub struct Space {
    deals: u32,
    asked: Mutex<BTreeMap<(&'static str, Question), u32>>,
}

impl Space {
    /// With so many flights to each question.
    pub fn of(deals: u32) -> Self {
        Self { deals, asked: Mutex::default() }
    }

    /// How often each question was put to each source.
    pub(super) fn asked(&self) -> BTreeMap<(&'static str, Question), u32> {
        self.asked.lock().unwrap().clone()
    }

    fn answer(&self, call: &Call) -> Option<Value> {
        let (question, answer) = match call.source {
            "seats-aero" => {
                let (question, last) = Question::to_seats_aero(call.request.uri().query()?)?;
                let days = question.day.series(1.day()).take_while(|day| *day <= last);
                let data: Vec<Value> = days.map(|day| self.availability(Question { day, ..question })).collect();
                (question, json!({"data": data, "count": data.len(), "hasMore": false, "cursor": 1}))
            }
            _ => (Question::to_duffel(call.request.body())?, json!({"data": {"id": "orq_1", "offers": []}})),
        };
        *self.asked.lock().unwrap().entry((call.source, question)).or_default() += 1;
        Some(answer)
    }

    fn availability(&self, question: Question) -> Value {
        let Question { from, to, day } = question;
        let id = format!("{}-{}-{day}", from.code(), to.code());
        let trips: Vec<Value> = (0..self.deals).map(|n| trip(question, &id, n)).collect();
        json!({
            "ID": id, "RouteID": "r1", "Date": day, "ParsedDate": format!("{day}T00:00:00Z"), "Source": "american",
            "Route": {"ID": "r1", "OriginAirport": from.code(), "DestinationAirport": to.code(), "OriginRegion": "North America",
                      "DestinationRegion": "Asia", "NumDaysOut": 60, "Distance": 8339, "Source": "american"},
            "YAvailable": true, "YMileageCost": "1", "YRemainingSeats": 4, "YAirlines": "QR", "YDirect": true,
            "CreatedAt": "2026-02-17T19:23:50Z", "UpdatedAt": "2026-02-17T19:23:50Z", "AvailabilityTrips": trips
        })
    }
}

/// The n-th flight of a day: it leaves in the afternoon and is there in the evening of the next day.
fn trip(Question { from, to, day }: Question, availability: &str, n: u32) -> Value {
    let (departs, arrives) = (day.at(16, 20, 0, 0), day.checked_add(1.day()).unwrap().at(21, 25, 0, 0));
    let minutes = elapsed_minutes((departs, from), (arrives, to)).unwrap();
    json!({
        "ID": format!("{availability}-{n}"), "AvailabilityID": availability, "TotalDuration": minutes, "Stops": 0, "Carriers": "QR",
        "RemainingSeats": 4, "MileageCost": 40_000 + 500 * n, "TotalTaxes": 4400, "TaxesCurrency": "USD",
        "FlightNumbers": format!("QR{}", 740 + n), "DepartsAt": format!("{departs}Z"), "ArrivesAt": format!("{arrives}Z"),
        "Cabin": "economy", "UpdatedAt": "2026-02-17T19:23:50Z", "Source": "american"
    })
}

impl Question {
    /// The first of its days, and the last one.
    fn to_seats_aero(query: &str) -> Option<(Self, Date)> {
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let first = Self::read(value("origin_airport")?, value("destination_airport")?, value("start_date")?)?;
        Some((first, value("end_date")?.parse().ok()?))
    }

    fn to_duffel(body: &Bytes) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let value = |name: &str| body["data"]["slices"][0][name].as_str();
        Self::read(value("origin")?, value("destination")?, value("departure_date")?)
    }

    fn read(from: &str, to: &str, day: &str) -> Option<Self> {
        Some(Self { from: from.parse().ok()?, to: to.parse().ok()?, day: day.parse().ok()? })
    }
}

impl Outside for Space {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, OutsideError>> {
        let answer = self.answer(&call).map(|answer| Response::new(Bytes::from(answer.to_string())));
        Box::pin(std::future::ready(answer.ok_or(OutsideError::Unreachable)))
    }
}
