//! What Booking.com says of its houses, apart from what is free in them: `POST /accommodations/details`.
//!
//! Facts of the wire are from the vendor's OpenAPI document of version 3.2 and its example, of which there is no recording: up to 100
//! houses by their numbers; name and address stand in the languages that are asked for, by their codes in small letters. Without `extras`
//! an answer has what is read here, and nothing of who runs a house.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use domain::{
    flights::Untrusted,
    properties::{Listing, ListingKey, ListingReference},
};
use futures::future::BoxFuture;
use http::Request;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{BookingDemand, Envelope, SOURCE};
use crate::{
    Asking, Found, HouseSource, Sifted, SourceError,
    calls::{Calls, Page, Paged, search},
    error::nothing_unless_refused,
    read::{Amount, Id, label, position, source_id},
};

/// The operation, as its calls are named.
pub(crate) const DETAILS: &str = "accommodations-details";
/// The most houses of one call.
const HOUSES_A_CALL: usize = 100;
/// The most calls for the houses of one answer.
const MAX_CALLS: u32 = 10;
/// The language that names are asked for in.
const LANGUAGE: &str = "en-us";

impl HouseSource for BookingDemand {
    /// Houses have numbers here: what is none is not asked for.
    fn houses<'a>(&'a self, asking: &'a Asking<'a>, asked: &'a BTreeSet<ListingReference>) -> BoxFuture<'a, Found<Listing>> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, DETAILS);
            let numbers: Vec<i64> = asked.iter().filter_map(|reference| reference.as_str().parse().ok()).collect();
            if numbers.is_empty() {
                return Found::nothing(&self.id, 0);
            }
            search(&calls, &self.id, &Houses { adapter: self, asked, numbers }, 0, MAX_CALLS).await
        })
    }
}

struct Houses<'a> {
    adapter: &'a BookingDemand,
    asked: &'a BTreeSet<ListingReference>,
    numbers: Vec<i64>,
}

impl Paged for Houses<'_> {
    type Offer = Listing;
    /// Which of the calls.
    type At = usize;

    fn request(&self, at: &usize, _: Timestamp) -> Result<Request<Bytes>, SourceError> {
        let numbers = self.numbers.chunks(HOUSES_A_CALL).nth(*at).unwrap_or_default();
        self.adapter.post("/accommodations/details", &json!({"accommodations": numbers, "languages": [LANGUAGE]}))
    }

    fn page(&self, body: &[u8], at: &usize, _: Timestamp) -> Result<Page<Listing, usize>, SourceError> {
        // A page has as many rows as a call may ask for.
        let next = Some(at + 1).filter(|next| next * HOUSES_A_CALL < self.numbers.len());
        Ok(Page { sifted: parse_details(body, self.asked)?, next })
    }
}

#[derive(Deserialize)]
struct House {
    id: Id,
    name: Option<Translated>,
    location: Option<Location>,
}

#[derive(Deserialize)]
struct Location {
    address: Option<Translated>,
    coordinates: Option<Coordinates>,
}

#[derive(Deserialize)]
struct Coordinates {
    latitude: Option<Amount>,
    longitude: Option<Amount>,
}

/// A text by languages. What is no text in one of them is none there.
#[derive(Deserialize)]
struct Translated(BTreeMap<String, Value>);

impl Translated {
    /// In the language that was asked for, else in the first that there is.
    fn text(&self) -> Option<String> {
        let text = |value: &Value| value.as_str().and_then(label);
        self.0.get(LANGUAGE).and_then(text).or_else(|| self.0.values().find_map(text))
    }
}

/// Reads what is said of houses.
///
/// # Errors
/// [`SourceError::Malformed`] if the envelope is not what was agreed, [`SourceError::Rejected`] for a refusal that came as a success. A
/// bad house only sets itself aside.
pub fn parse_details<'q>(
    body: &[u8],
    asked: impl Into<Option<&'q BTreeSet<ListingReference>>>,
) -> Result<Sifted<Listing>, SourceError> {
    let (asked, mut sifted) = (asked.into(), Sifted::default());
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    if envelope.data.is_empty() {
        nothing_unless_refused(body)?;
    }
    for raw in envelope.data {
        sifted.take_record(raw, asked, listing);
    }
    Ok(sifted)
}

fn listing(house: House) -> Result<Listing, Untrusted> {
    let reference = house.id.0.parse().map_err(|_| Untrusted::Form)?;
    let (address, at) = house.location.map_or((None, None), |location| (location.address, location.coordinates));
    Ok(Listing {
        name: house.name.and_then(|name| name.text()),
        position: at.map(|at| position(at.latitude, at.longitude)).transpose()?.flatten(),
        address: address.and_then(|address| address.text()),
        ..Listing::bare(ListingKey { source: source_id(SOURCE), reference })
    })
}
