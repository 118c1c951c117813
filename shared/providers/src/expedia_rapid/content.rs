//! What Expedia says of its houses, apart from what is free in them: `GET /properties/content`.
//!
//! Facts of the wire are from the vendor's OpenAPI document: 1 to 250 houses by their ids come in one answer without pages, an object whose
//! names are the ids; `include` names the fields that are wanted. A supply must be named: houses of the other one, Vrbo, need an agreement
//! of their own, and stay without a name here.
//!
//! Where `obfuscation_required` stands, nobody may be shown more than an approximate position and no street before they have booked. It
//! stands with the address and with the location, and either hides both: a street is a position, too. So no more is read of such a house,
//! and what was kept of it is given up.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use domain::{
    flights::Untrusted,
    properties::{Listing, ListingKey, ListingReference},
};
use futures::future::BoxFuture;
use http::{Method, Request};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ExpediaRapid, PROPERTIES_A_CALL, SOURCE, VERSION};
use crate::{
    Asking, Found, HouseSource, Sifted, SourceError,
    calls::{Calls, Page, Paged, search},
    read::{Amount, Id, encoded, label, position, source_id},
};

/// The operation, as its calls are named.
pub(crate) const CONTENT: &str = "properties-content";
/// The most calls for the houses of one answer.
const MAX_CALLS: u32 = 4;

impl HouseSource for ExpediaRapid {
    fn houses<'a>(&'a self, asking: &'a Asking<'a>, asked: &'a BTreeSet<ListingReference>) -> BoxFuture<'a, Found<Listing>> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, CONTENT);
            let ids = asked.iter().map(ListingReference::as_str).collect();
            search(&calls, &self.id, &Houses { adapter: self, asked, ids }, 0, MAX_CALLS).await
        })
    }
}

struct Houses<'a> {
    adapter: &'a ExpediaRapid,
    asked: &'a BTreeSet<ListingReference>,
    ids: Vec<&'a str>,
}

impl Paged for Houses<'_> {
    type Offer = Listing;
    /// Which of the calls.
    type At = usize;

    fn request(&self, at: &usize, now: Timestamp) -> Result<Request<Bytes>, SourceError> {
        let mut path = format!(
            "{VERSION}properties/content?language=en-US&supply_source=expedia&include=name&include=address&include=location"
        );
        for id in self.ids.chunks(PROPERTIES_A_CALL).nth(*at).unwrap_or_default() {
            path.push_str("&property_id=");
            path.push_str(&encoded(id));
        }
        self.adapter.signed(Method::GET, &path, now)
    }

    fn page(&self, body: &[u8], at: &usize, _: Timestamp) -> Result<Page<Listing, usize>, SourceError> {
        let next = Some(at + 1).filter(|next| next * PROPERTIES_A_CALL < self.ids.len());
        Ok(Page { sifted: parse_content(body, self.asked)?, next })
    }
}

#[derive(Deserialize)]
struct House {
    property_id: Id,
    name: Option<String>,
    address: Option<Address>,
    location: Option<Location>,
}

#[derive(Deserialize)]
struct Address {
    line_1: Option<String>,
    obfuscation_required: Option<bool>,
}

#[derive(Deserialize)]
struct Location {
    coordinates: Option<Coordinates>,
    obfuscated_coordinates: Option<Coordinates>,
    obfuscation_required: Option<bool>,
}

#[derive(Deserialize)]
struct Coordinates {
    latitude: Option<Amount>,
    longitude: Option<Amount>,
}

/// Reads what is said of houses.
///
/// # Errors
/// [`SourceError::Malformed`] if the answer is no object of houses. A bad house only sets itself aside.
pub fn parse_content<'q>(
    body: &[u8],
    asked: impl Into<Option<&'q BTreeSet<ListingReference>>>,
) -> Result<Sifted<Listing>, SourceError> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "property_id")]
        _id: Id,
    }
    let asked = asked.into();
    let houses: BTreeMap<String, &RawValue> = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    // An object of which no value is a house says something else.
    if !houses.is_empty() && !houses.values().any(|raw| serde_json::from_str::<Named>(raw.get()).is_ok()) {
        return Err(SourceError::Malformed);
    }
    let mut sifted = Sifted::default();
    for raw in houses.values() {
        sifted.take_record(raw, asked, listing);
    }
    Ok(sifted)
}

fn listing(house: House) -> Result<Listing, Untrusted> {
    let reference = house.property_id.0.parse().map_err(|_| Untrusted::Form)?;
    let flags =
        [house.address.as_ref().map(|at| at.obfuscation_required), house.location.as_ref().map(|at| at.obfuscation_required)];
    let veiled = flags.into_iter().flatten().any(|required| required == Some(true));
    let street = house.address.and_then(|address| address.line_1).filter(|_| !veiled);
    let at = house.location.and_then(|at| if veiled { at.obfuscated_coordinates } else { at.coordinates });
    Ok(Listing {
        name: house.name.as_deref().and_then(label),
        position: at.map(|at| position(at.latitude, at.longitude)).transpose()?.flatten(),
        address: street.as_deref().and_then(label),
        veiled,
        ..Listing::bare(ListingKey { source: source_id(SOURCE), reference })
    })
}
