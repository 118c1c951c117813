//! Sources that play recordings, in their wire formats: seats.aero's Cached Search, Duffel's offer requests, and the European Central
//! Bank's rates.
//!
//! What they play are real observations, re-encoded (`infra/local/recordings/SOURCES.md`); every answer says so in a header. They
//! filter as the sources do, so that a search for another day finds nothing.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::money::Money;
use jiff::civil::{Date, date};
use serde::Deserialize;
use serde_json::{Value, json};

/// The key, and the token, that the player accepts.
pub const KEY: &str = "recorded";

/// The sources of which there are recordings.
pub const PLAYED: [&str; 2] = ["seats-aero", "duffel"];

/// The day of the observations.
pub const OBSERVED: Date = date(2026, 2, 17);
/// The day that they are about: all of it leaves on it.
pub const TRAVEL_DAY: Date = date(2026, 4, 27);

/// Says on every answer what it is.
const PROVENANCE: [(&str, &str); 1] = [("x-recorded", "real observations, re-encoded")];

/// What is played.
#[derive(Debug, Clone)]
pub struct Recordings {
    availabilities: Arc<[Value]>,
    cursor: Value,
    offers: Arc<[Value]>,
    rates: Arc<str>,
}

impl Recordings {
    /// The recordings that come with the program.
    ///
    /// # Errors
    /// If they are no JSON.
    pub fn embedded() -> Result<Self, serde_json::Error> {
        let mut search: Value = serde_json::from_str(include_str!("../recordings/seats-aero/search.json"))?;
        let mut offers: Value = serde_json::from_str(include_str!("../recordings/duffel/offers.json"))?;
        Ok(Self {
            availabilities: serde_json::from_value::<Vec<_>>(search["data"].take())?.into(),
            cursor: search["cursor"].take(),
            offers: serde_json::from_value::<Vec<_>>(offers["data"].take())?.into(),
            rates: include_str!("../recordings/ecb/eurofxref-daily.xml").into(),
        })
    }

    /// The same, as if observed on another day, and of flights that leave on another: for functions whose clock is not ours to set.
    /// Durations hold only for a day on which clocks are as on [`TRAVEL_DAY`], such as its anniversary.
    pub fn as_if(&self, observed: Date, travel_day: Date) -> Self {
        let moved = |day: Date| if day == OBSERVED { Some(observed) } else { travel_day.checked_add(day - TRAVEL_DAY).ok() };
        let all = |values: &[Value]| -> Arc<[Value]> { values.iter().map(|value| with_days(value, &moved)).collect() };
        let rates = self.rates.replace(&OBSERVED.to_string(), &observed.to_string()).into();
        Self { availabilities: all(&self.availabilities), cursor: self.cursor.clone(), offers: all(&self.offers), rates }
    }
}

/// With another day wherever a text begins with one.
fn with_days(value: &Value, moved: &impl Fn(Date) -> Option<Date>) -> Value {
    match value {
        Value::String(text) => with_day(text, moved).unwrap_or_else(|| text.clone()).into(),
        Value::Array(items) => items.iter().map(|item| with_days(item, moved)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), with_days(field, moved))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn with_day(text: &str, moved: &impl Fn(Date) -> Option<Date>) -> Option<String> {
    let (day, rest) = text.split_at_checked(10)?;
    Some(format!("{}{rest}", moved(day.parse().ok()?)?))
}

/// Serves `GET /seats-aero/search`, `POST /duffel/air/offer_requests` and `GET /ecb/eurofxref-daily.xml`.
pub fn router(recordings: &Recordings) -> Router {
    Router::new()
        .route("/seats-aero/search", get(search))
        .route("/duffel/air/offer_requests", post(offer_request))
        .route("/ecb/eurofxref-daily.xml", get(rates))
        .with_state(recordings.clone())
}

/// Those of the day of the observations: on later days the answer stays, as on days on which the bank does not quote.
async fn rates(State(recordings): State<Recordings>) -> Response {
    ([("content-type", "text/xml")], PROVENANCE, recordings.rates.to_string()).into_response()
}

/// The parameters of a Cached Search that the player understands.
#[derive(Debug, Deserialize)]
struct Search {
    origin_airport: String,
    destination_airport: String,
    start_date: Option<String>,
    end_date: Option<String>,
    cabins: Option<String>,
    min_cabin_pct: Option<u8>,
    take: Option<usize>,
    skip: Option<usize>,
}

async fn search(State(recordings): State<Recordings>, Query(asked): Query<Search>, headers: HeaderMap) -> Response {
    if !authorised(&headers, "partner-authorization", KEY) {
        return answer(StatusCode::UNAUTHORIZED, json!({}));
    }
    let found: Vec<Value> = recordings.availabilities.iter().filter_map(|availability| asked.filter(availability)).collect();
    let (skip, take) = (asked.skip.unwrap_or(0), asked.take.unwrap_or(500).clamp(10, 1000));
    let page: Vec<&Value> = found.iter().skip(skip).take(take).collect();
    let more = skip.saturating_add(page.len()) < found.len();
    answer(StatusCode::OK, json!({"data": page, "count": page.len(), "hasMore": more, "cursor": recordings.cursor}))
}

impl Search {
    /// The part of an availability that was asked for.
    fn filter(&self, availability: &Value) -> Option<Value> {
        let among = |list: &str, value: &Value| value.as_str().is_some_and(|value| list.split(',').any(|item| item == value));
        // Days in ISO 8601 compare as texts do.
        let day = availability["Date"].as_str()?;
        let in_window = self.start_date.as_deref().is_none_or(|first| first <= day)
            && self.end_date.as_deref().is_none_or(|last| day <= last);
        let route = &availability["Route"];
        if !in_window
            || !among(&self.origin_airport, &route["OriginAirport"])
            || !among(&self.destination_airport, &route["DestinationAirport"])
        {
            return None;
        }
        // Journeys partly in a lower cabin are left out unless asked for. How large that part is, no recording knows.
        let mixed_wanted = self.min_cabin_pct.is_some_and(|percent| percent < 100);
        let wanted = |trip: &&Value| {
            self.cabins.as_deref().is_none_or(|cabins| among(cabins, &trip["Cabin"]))
                && (mixed_wanted || trip.get("MixedCabinPct").is_none())
        };
        let trips: Vec<&Value> = availability["AvailabilityTrips"].as_array()?.iter().filter(wanted).collect();
        if trips.is_empty() {
            return None;
        }
        let trips = json!(trips);
        let mut filtered = availability.clone();
        filtered["AvailabilityTrips"] = trips;
        Some(filtered)
    }
}

/// An offer request, wrapped in `data` as all of Duffel's bodies are.
#[derive(Debug, Deserialize)]
struct OfferRequest {
    data: Asked,
}

#[derive(Debug, Deserialize)]
struct Asked {
    slices: [Slice; 1],
    passengers: Vec<Value>,
    cabin_class: String,
}

#[derive(Debug, Deserialize)]
struct Slice {
    origin: String,
    destination: String,
    departure_date: String,
}

async fn offer_request(
    State(recordings): State<Recordings>,
    headers: HeaderMap,
    Json(OfferRequest { data: asked }): Json<OfferRequest>,
) -> Response {
    if !authorised(&headers, "authorization", &format!("Bearer {KEY}")) {
        return answer(
            StatusCode::UNAUTHORIZED,
            json!({"errors": [{"type": "authentication_error", "code": "access_token_not_found"}]}),
        );
    }
    let offers: Vec<Value> =
        recordings.offers.iter().filter(|offer| asked.matches(offer)).map(|offer| asked.for_party(offer)).collect();
    let [Slice { origin, destination, departure_date }] = &asked.slices;
    let id = format!("orq_{origin}-{destination}-{departure_date}-{}", asked.cabin_class);
    answer(
        StatusCode::CREATED,
        json!({"data": {"id": id, "live_mode": false, "cabin_class": asked.cabin_class, "offers": offers}}),
    )
}

impl Asked {
    fn matches(&self, offer: &Value) -> bool {
        let [asked] = &self.slices;
        let slice = &offer["slices"][0];
        let first = &slice["segments"][0];
        slice["origin"]["iata_code"] == asked.origin
            && slice["destination"]["iata_code"] == asked.destination
            && first["departing_at"].as_str().is_some_and(|at| at.starts_with(&asked.departure_date))
            && first["passengers"][0]["cabin_class"] == self.cabin_class
    }

    /// Duffel prices the whole party, and the observations are of one traveller: each pays what was observed.
    fn for_party(&self, offer: &Value) -> Value {
        let one: Option<Money> =
            serde_json::from_value(json!({"amount": offer["total_amount"], "currency": offer["total_currency"]})).ok();
        let all = one.and_then(|one| self.passengers.iter().skip(1).try_fold(one, |sum, _| sum.plus(one).ok()));
        let mut offer = offer.clone();
        offer["total_amount"] = json!(all.map(|all| all.amount().to_string()));
        offer
    }
}

fn authorised(headers: &HeaderMap, name: &str, expected: &str) -> bool {
    headers.get(name).is_some_and(|value| value == expected)
}

fn answer(status: StatusCode, body: Value) -> Response {
    (status, PROVENANCE, Json(body)).into_response()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn recordings_of_other_days_are_otherwise_the_same() {
        let recordings = Recordings::embedded().unwrap();
        let texts = |recordings: &Recordings| serde_json::to_string(&(&recordings.availabilities, &recordings.offers)).unwrap();
        let other = recordings.as_if(date(2026, 11, 20), date(2027, 4, 27));
        for (field, then, now) in [
            ("Date", "2026-04-27", "2027-04-27"),
            ("ArrivesAt", "2026-04-28T18:30:00Z", "2027-04-28T18:30:00Z"),
            ("departing_at", "2026-04-27T08:25:00", "2027-04-27T08:25:00"),
            ("UpdatedAt", "2026-02-17T19:23:50.461Z", "2026-11-20T19:23:50.461Z"),
            ("created_at", "2026-02-17T19:23:50.461Z", "2026-11-20T19:23:50.461Z"),
        ] {
            let count = |recordings: &Recordings, day: &str| texts(recordings).matches(&format!(r#""{field}":"{day}""#)).count();
            assert!(count(&recordings, then) > 0 && count(&recordings, then) == count(&other, now), "{field}");
        }
        assert_eq!(texts(&recordings.as_if(OBSERVED, TRAVEL_DAY)), texts(&recordings));
    }
}
