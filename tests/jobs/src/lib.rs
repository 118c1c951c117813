//! Sources whose award space tests set: for the tests of jobs, which are all under `tests/`, and of faults.
#![allow(clippy::unwrap_used, reason = "it serves tests only")]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Response, StatusCode};
use local::played::SourceAccess;
use platform::outside::{Call, Outside, OutsideError};
use serde_json::{Value, json};

/// A flight, and what it costs in AAdvantage points.
pub type Award = (&'static str, u64);

/// seats.aero, Duffel and the European Central Bank, with space and rates that tests set. It speaks their wire format.
#[derive(Debug, Default)]
pub struct Space {
    awards: Mutex<Vec<Award>>,
    looked: Mutex<Option<String>>,
    rates: Mutex<Option<String>>,
    failing: Mutex<Option<StatusCode>>,
    changed: Mutex<Vec<Value>>,
    forgets_cursors: Mutex<Option<(u16, Value)>>,
    /// Whom every call was for, in order.
    pub calls: Mutex<Vec<&'static str>>,
}

impl Space {
    /// With this space, as [`Space::set`] takes it.
    pub fn of(awards: &[Award]) -> Arc<Self> {
        let space = Arc::new(Self::default());
        space.set(awards);
        space
    }

    /// Flights from LAX to DXB on 2026-04-27 for so many AAdvantage points.
    pub fn set(&self, awards: &[Award]) {
        *self.awards.lock().unwrap() = awards.to_vec();
    }

    /// When seats.aero has looked at them, from now on; at first that it was on 2026-02-17.
    pub fn looked_at(&self, at: impl Into<String>) {
        *self.looked.lock().unwrap() = Some(at.into());
    }

    /// What the bank says from now on; at first that a euro is worth 1.185 US dollars on 2026-02-17.
    pub fn say_of_rates(&self, xml: impl Into<String>) {
        *self.rates.lock().unwrap() = Some(xml.into());
    }

    /// Goibibo's feed tells of this from now on; nothing (`null`) spoils the page that it would be on.
    pub fn change(&self, record: Value) {
        self.changed.lock().unwrap().push(record);
    }

    /// Goibibo no longer knows, or knows again, the cursors that it gave, and answers so.
    pub fn forget_cursors(&self, answer: Option<(u16, Value)>) {
        *self.forgets_cursors.lock().unwrap() = answer;
    }

    /// A page of its feed, two records long. It remembers all that it ever told.
    fn page(&self, asked: &[u8]) -> (u16, String) {
        let asked: Value = serde_json::from_slice(asked).unwrap();
        let cursor = asked["cursor"].as_str();
        let forgotten = self.forgets_cursors.lock().unwrap().clone().filter(|_| cursor.is_some());
        if let Some((status, answer)) = forgotten {
            return (status, answer.to_string());
        }
        let (begin, all) = (cursor.map_or(0, |cursor| cursor.parse().unwrap()), self.changed.lock().unwrap());
        let end = (begin + 2).min(all.len());
        if all[begin..end].contains(&Value::Null) {
            return (200, "no page".to_owned());
        }
        let page = json!({"changes": all[begin..end], "cursor": end.to_string(), "hasMore": end < all.len()});
        (200, page.to_string())
    }

    /// Answers with this status from now on; none ends it.
    pub fn fail(&self, status: Option<StatusCode>) {
        *self.failing.lock().unwrap() = status;
    }

    /// How often a source was called.
    pub fn calls_to(&self, source: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|called| **called == source).count()
    }

    fn answer(&self, source: &str) -> String {
        match source {
            "ecb" => self.rates.lock().unwrap().clone().unwrap_or_else(|| rates("2026-02-17", &[("USD", "1.185")])),
            "seats-aero" => json!({"data": [self.availability()], "count": 1, "hasMore": false, "cursor": 1}).to_string(),
            "goibibo" => json!({"hotels": [hotel("GI-77", "120.00"), hotel("GI-12", "95.50")]}).to_string(),
            "trip-com" => json!({"hotels": []}).to_string(),
            "getyourguide" => json!({"_metadata": {"totalCount": 0}, "data": {"tours": []}}).to_string(),
            "booking-demand" => json!({"data": []}).to_string(),
            "viator" => json!({"products": {"results": [tour()], "totalCount": 1}}).to_string(),
            _ => json!({"data": {"id": "orq_1", "offers": []}}).to_string(),
        }
    }

    fn availability(&self) -> Value {
        let looked = self.looked.lock().unwrap().clone().unwrap_or_else(|| "2026-02-17T19:23:50Z".to_owned());
        let trip = |(flight, points): &Award| {
            json!({
                "ID": format!("trip-{flight}"), "AvailabilityID": "a1", "TotalDuration": 1085, "Stops": 0, "Carriers": &flight[..2],
                "RemainingSeats": 4, "MileageCost": points, "TotalTaxes": 4400, "TaxesCurrency": "USD", "FlightNumbers": flight,
                "DepartsAt": "2026-04-27T16:20:00Z", "ArrivesAt": "2026-04-28T21:25:00Z", "Cabin": "economy",
                "UpdatedAt": looked, "Source": "american"
            })
        };
        let trips: Vec<Value> = self.awards.lock().unwrap().iter().map(trip).collect();
        json!({
            "ID": "a1", "RouteID": "r1", "Date": "2026-04-27", "ParsedDate": "2026-04-27T00:00:00Z", "Source": "american",
            "Route": {"ID": "r1", "OriginAirport": "LAX", "DestinationAirport": "DXB", "OriginRegion": "North America",
                      "DestinationRegion": "Asia", "NumDaysOut": 60, "Distance": 8339, "Source": "american"},
            "YAvailable": true, "YMileageCost": "1", "YRemainingSeats": 4, "YAirlines": "QR", "YDirect": true,
            "CreatedAt": "2026-02-17T19:23:50Z", "UpdatedAt": looked, "AvailabilityTrips": trips
        })
    }
}

/// A hotel with one room at a price in US dollars, as the contract for hotels has it.
fn hotel(id: &str, total: &str) -> Value {
    let price = json!({"currency": "USD", "total": total, "taxes": "12.00"});
    json!({"id": id, "name": format!("Hotel {id}"), "rooms": [{"rateId": format!("{id}-1"), "name": "Double", "price": price}]})
}

/// A tour, as Viator has it.
fn tour() -> Value {
    json!({"productCode": "5010SYDNEY", "title": "Old Town on foot", "pricing": {"summary": {"fromPrice": 21.5}, "currency": "USD"}})
}

/// An offer, as Duffel has it when it is asked whether its price holds.
fn offer() -> Value {
    json!({"data": {"id": "off_1", "total_amount": "376.00", "total_currency": "USD", "slices": []}})
}

/// How sources are reached that the deployment has no key of by itself, for which [`Space`] answers, too.
pub fn further_sources() -> [(&'static str, SourceAccess); 2] {
    [at("goibibo", "id:secret"), at("viator", "secret")]
}

/// One that tells of a house no more than its number, unless it is asked for that.
pub fn describing_source() -> (&'static str, SourceAccess) {
    at("booking-demand", "1:secret")
}

fn at(id: &'static str, key: &str) -> (&'static str, SourceAccess) {
    (id, SourceAccess { url: format!("https://{id}.invalid"), key: key.to_owned().into() })
}

/// What a source says of a house when it is asked for that.
fn described() -> Value {
    let at = json!({"address": {"en-us": "Keizersgracht 164"}, "coordinates": {"latitude": 52.375858, "longitude": 4.886006}});
    json!({"id": 10004, "name": {"en-us": "The Pavilions Amsterdam, The Toren"}, "location": at})
}

/// What the bank says of a day: units of each currency for one euro. Those that are not named, but for the dollar, are as on the latest
/// shipped day.
pub fn rates(day: &str, per_euro: &[(&str, &str)]) -> String {
    let is_named = |currency: &str| currency == "USD" || per_euro.iter().any(|(named, _)| *named == currency);
    let others: Vec<(&str, &str)> = shipped().filter(|(currency, _)| !is_named(currency)).collect();
    only_rates(day, &[per_euro, &others].concat())
}

/// Each currency of the latest shipped day with its rate.
fn shipped() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut table = include_str!("../../../shared/domain/data/rates.csv").lines();
    let (currencies, latest) = (table.next().unwrap_or_default(), table.next_back().unwrap_or_default());
    currencies.split(',').zip(latest.split(',')).skip(1)
}

/// The same, of no other currency.
pub fn only_rates(day: &str, per_euro: &[(&str, &str)]) -> String {
    let cube = |(currency, rate): &(&str, &str)| format!("<Cube currency='{currency}' rate='{rate}'/>");
    let cubes: String = per_euro.iter().map(cube).collect();
    format!(
        "<gesmes:Envelope xmlns:gesmes=\"http://www.gesmes.org/xml/2002-08-01\" \
         xmlns=\"http://www.ecb.int/vocabulary/2002-08-01/eurofxref\"><Cube><Cube time='{day}'>{cubes}</Cube></Cube></gesmes:Envelope>"
    )
}

impl Outside for Space {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, OutsideError>> {
        self.calls.lock().unwrap().push(call.source);
        let failing = *self.failing.lock().unwrap();
        let answer = match failing {
            Some(status) => Response::builder().status(status).body(Bytes::from("{}")),
            None if call.operation == "inventory-changes" => {
                let (status, page) = self.page(call.request.body());
                Response::builder().status(status).body(Bytes::from(page))
            }
            None if call.operation == "accommodations-details" => {
                Response::builder().status(200).body(Bytes::from(json!({"data": [described()]}).to_string()))
            }
            None if call.operation == "offer" => Response::builder().status(200).body(Bytes::from(offer().to_string())),
            None => Response::builder().status(200).body(Bytes::from(self.answer(call.source))),
        };
        Box::pin(async move { answer.map_err(|_| OutsideError::Unreachable) })
    }
}
