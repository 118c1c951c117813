//! `GET /seats-aero/search`, `POST /duffel/air/offer_requests` and `GET /duffel/air/offers/{id}`: awards and cash fares of one day from Los
//! Angeles to Dubai.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::{get, post},
};
use domain::money::Money;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{KEY, answer, authorised};

/// What is played.
#[derive(Debug, Clone)]
pub(super) struct Flights {
    pub(super) availabilities: Arc<[Value]>,
    cursor: Value,
    pub(super) offers: Arc<[Value]>,
}

impl Flights {
    pub(super) fn embedded() -> Result<Self, serde_json::Error> {
        let mut search: Value = serde_json::from_str(include_str!("../../recordings/seats-aero/search.json"))?;
        let mut offers: Value = serde_json::from_str(include_str!("../../recordings/duffel/offers.json"))?;
        Ok(Self {
            availabilities: serde_json::from_value::<Vec<_>>(search["data"].take())?.into(),
            cursor: search["cursor"].take(),
            offers: serde_json::from_value::<Vec<_>>(offers["data"].take())?.into(),
        })
    }

    /// With other days in the place of these.
    pub(super) fn as_if(&self, moved: &impl Fn(Date) -> Option<Date>) -> Self {
        let all = |values: &[Value]| -> Arc<[Value]> { values.iter().map(|value| with_days(value, moved)).collect() };
        Self { availabilities: all(&self.availabilities), cursor: self.cursor.clone(), offers: all(&self.offers) }
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

pub(super) fn router(flights: &Flights) -> Router {
    Router::new()
        .route("/seats-aero/search", get(search))
        .route("/duffel/air/offer_requests", post(offer_request))
        .route("/duffel/air/offers/{id}", get(offer))
        .with_state(flights.clone())
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

async fn search(State(recordings): State<Flights>, Query(asked): Query<Search>, headers: HeaderMap) -> Response {
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
    State(recordings): State<Flights>,
    headers: HeaderMap,
    Json(OfferRequest { data: asked }): Json<OfferRequest>,
) -> Response {
    if !authorised(&headers, "authorization", &format!("Bearer {KEY}")) {
        return stranger();
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

/// One offer, as it was recorded: nobody sells it, so that it stays what it was.
async fn offer(State(recordings): State<Flights>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if !authorised(&headers, "authorization", &format!("Bearer {KEY}")) {
        return stranger();
    }
    match recordings.offers.iter().find(|offer| offer["id"] == id) {
        Some(offer) => answer(StatusCode::OK, json!({"data": offer})),
        None => answer(StatusCode::NOT_FOUND, json!({"errors": [{"type": "invalid_request_error", "code": "not_found"}]})),
    }
}

/// What Duffel says to a token that it doesn't know.
fn stranger() -> Response {
    let errors = json!({"errors": [{"type": "authentication_error", "code": "access_token_not_found"}]});
    answer(StatusCode::UNAUTHORIZED, errors)
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
        offer["passengers"] = json!(self.passengers);
        offer
    }
}
