//! `POST /trip-com/api/search/hotels`: rooms in Singapore, for two hundred nights a year and more.
//!
//! Each was offered at these prices for these nights in 2023 and 2024. They are played a number of whole weeks later, so that weekends
//! stay weekends: those of 2023-09-23 are those of [`FIRST_NIGHT`]. The source is one of those that publish no interface, in the form of
//! our own proposal: it is the only one whose answers name places by their city, and houses by a name.
//!
//! `POST /goibibo/api/search/hotels` has a few of the same rooms, and `POST /goibibo/api/inventory/changes` says of one of these
//! after the other that it has changed: which one is not observed, and its prices stay what they were.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::post,
};
use jiff::{
    Span,
    civil::{Date, date},
};
use serde::{Deserialize, de::Error};
use serde_json::{Value, json};

use super::{KEY, answer, authorised};

/// The first night of the recordings: 126 weeks after the first that was observed.
pub(super) const FIRST_NIGHT: Date = date(2026, 2, 21);
/// Where all of them are.
const CITY: &str = "singapore";
/// So many of the rooms the source with a feed has, too.
const TOLD_OF: usize = 8;
/// Rooms on a page.
const PAGE: usize = 25;

/// What is played.
#[derive(Debug, Clone)]
pub(super) struct Stays {
    first_night: Date,
    rooms: Arc<[Room]>,
}

/// A room, with its price in Singapore dollars for each night from the first on which it was observed; none, where it was taken.
#[derive(Debug, Clone)]
struct Room {
    listing: String,
    kind: String,
    neighbourhood: String,
    latitude: String,
    longitude: String,
    guests: usize,
    least_nights: usize,
    nights: Vec<Option<u32>>,
}

impl Stays {
    pub(super) fn embedded() -> Result<Self, serde_json::Error> {
        let table = include_str!("../../recordings/singapore-nights.csv");
        let read = |line| Room::read(line).ok_or_else(|| serde_json::Error::custom("a row of the nights in Singapore"));
        Ok(Self { first_night: FIRST_NIGHT, rooms: table.lines().skip(1).map(read).collect::<Result<Vec<_>, _>>()?.into() })
    }

    /// The same on other nights.
    pub(super) fn moved_by(&self, span: Span) -> Self {
        Self { first_night: self.first_night.saturating_add(span), rooms: self.rooms.clone() }
    }

    /// The same with the first of the rooms alone.
    fn first(&self) -> Self {
        Self { first_night: self.first_night, rooms: self.rooms.iter().take(TOLD_OF).cloned().collect() }
    }

    /// The rooms that are free on all of these nights for so many, with what the nights come to.
    fn free(&self, asked: &Asked) -> Vec<Value> {
        let days = |from: Date, to: Date| from.until(to).ok().and_then(|span| usize::try_from(span.get_days()).ok());
        let (Some(first), Some(nights)) = (days(self.first_night, asked.checkin), days(asked.checkin, asked.checkout)) else {
            return Vec::new();
        };
        self.rooms.iter().filter_map(|room| room.offered(first, nights, asked)).collect()
    }
}

impl Room {
    /// No field of the table holds a comma.
    fn read(line: &str) -> Option<Self> {
        let [listing, kind, neighbourhood, latitude, longitude, guests, least_nights, nights] =
            line.split(',').collect::<Vec<_>>().try_into().ok()?;
        let price = |text: &str| if text == "-" { Some(None) } else { text.parse().ok().map(Some) };
        Some(Self {
            listing: listing.to_owned(),
            kind: kind.to_owned(),
            neighbourhood: neighbourhood.to_owned(),
            latitude: latitude.to_owned(),
            longitude: longitude.to_owned(),
            guests: guests.parse().ok()?,
            least_nights: least_nights.parse().ok()?,
            nights: nights.split(' ').map(price).collect::<Option<_>>()?,
        })
    }

    fn offered(&self, first: usize, nights: usize, asked: &Asked) -> Option<Value> {
        if nights < self.least_nights.max(1) || asked.adults + asked.child_ages.len() > self.guests {
            return None;
        }
        let prices = self.nights.get(first..first.checked_add(nights)?)?;
        let total = prices.iter().try_fold(0_u32, |sum, price| sum.checked_add((*price)?))?;
        let number = |text: &str| serde_json::from_str::<Value>(text).ok();
        Some(json!({
            "id": self.listing,
            "name": format!("{}, {}", self.kind, self.neighbourhood),
            "latitude": number(&self.latitude)?,
            "longitude": number(&self.longitude)?,
            "rooms": [{
                "rateId": format!("{}/{}/{nights}", self.listing, asked.checkin),
                "name": self.kind,
                "adults": asked.adults,
                "childAges": asked.child_ages,
                "checkin": asked.checkin,
                "checkout": asked.checkout,
                "price": {"currency": "SGD", "total": total},
            }],
        }))
    }
}

pub(super) fn router(stays: &Stays) -> Router {
    let with_feed = Router::new()
        .route("/goibibo/api/search/hotels", post(search))
        .route("/goibibo/api/inventory/changes", post(changes))
        .with_state(stays.first());
    Router::new().route("/trip-com/api/search/hotels", post(search)).with_state(stays.clone()).merge(with_feed)
}

/// A search, as far as the player understands it. Prices are in the only currency in which they were observed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    city: String,
    checkin: Date,
    checkout: Date,
    adults: usize,
    child_ages: Vec<u8>,
    page: Option<String>,
}

fn signed(headers: &HeaderMap) -> bool {
    let key = KEY.split_once(':').map_or(KEY, |(key, _)| key);
    authorised(headers, "x-api-key", key) && headers.contains_key("x-signature")
}

fn unauthorised() -> Response {
    answer(StatusCode::UNAUTHORIZED, json!({"error": {"code": "unauthorized"}}))
}

/// What follows a page of the feed; without a cursor, nothing yet.
#[derive(Debug, Deserialize)]
struct Since {
    cursor: Option<String>,
}

/// One room a page, in turns, and no second page at once.
async fn changes(State(stays): State<Stays>, headers: HeaderMap, Json(Since { cursor }): Json<Since>) -> Response {
    if !signed(&headers) {
        return unauthorised();
    }
    let place = cursor.as_deref().map(|cursor| cursor.parse::<usize>().unwrap_or(0));
    let changed = place.and_then(|place| stays.rooms.get(place % stays.rooms.len().max(1)));
    let changes: Vec<Value> = changed.iter().map(|room| json!({"hotelId": room.listing})).collect();
    let next = place.map_or(0, |place| place.wrapping_add(1));
    answer(StatusCode::OK, json!({"changes": changes, "cursor": next.to_string(), "hasMore": false}))
}

async fn search(State(stays): State<Stays>, headers: HeaderMap, Json(asked): Json<Asked>) -> Response {
    if !signed(&headers) {
        return unauthorised();
    }
    let found = if asked.city.eq_ignore_ascii_case(CITY) { stays.free(&asked) } else { Vec::new() };
    let skip = asked.page.as_deref().and_then(|page| page.parse().ok()).unwrap_or(0);
    let next = skip + PAGE;
    let page: Vec<&Value> = found.iter().skip(skip).take(PAGE).collect();
    answer(StatusCode::OK, json!({"hotels": page, "nextPage": (next < found.len()).then(|| next.to_string())}))
}
