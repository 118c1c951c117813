//! Expedia Rapid, version 3: stays.
//!
//! Facts of the wire are from the vendor's SDK: a request is signed by the SHA-512 of key, secret and time, which are kept here as
//! one text, `KEY:SECRET`; amounts are decimal strings, of which those in the billable currency are what is charged; what comes next
//! is a link with a token in it, which is followed and never built. Fees are paid at the property, on top of the inclusive total.
//!
//! Availability is asked for by ids of properties. Which of them are around a place the vendor's geography says: what lies in a polygon
//! in GeoJSON, as an object whose names are ids (`POST /properties/geography?include=property_ids`).
//!
//! What is free says of a house no more than its id. What it is called and where it is, `GET /properties/content` tells.
//!
//! What is booked is paid by Expedia's invoice to us (`affiliate_collect`, which an agreement allows); the other ways are payment cards,
//! which are not handled here. Our reference is unique there: the same one books once, and finds what was booked.
//!
//! What is held keeps its price, and is paid by its `resume` link. What a cancellation costs stands in the booking as penalties: there is no
//! quote for it. A held booking is cancelled by its own link, a booked room by that of the room.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{
    cancellation::{Cancellation, Deadline, Penalty, Step},
    flights::{SourceId, Tier, Untrusted},
    money::{Currency, Money},
    properties::ring,
    stays::{Guests, Position, Property, Room, StayOffer, StayPlace, StayPrice, StayQuery},
};
use futures::future::BoxFuture;
use http::{
    HeaderValue, Method, Request,
    header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json, value::RawValue};
use sha2::{Digest, Sha512};

use crate::{
    Asking, Found, Sifted, SourceError, StaySource,
    calls::{Calls, Page, Paged, not_offered, search},
    read::{
        Amount, Id, currency, decimal, encoded, fresh, hex, label, long_reference, number, reference, secret_header, source_id,
        two_parts,
    },
};

mod content;
mod desk;

pub(crate) use content::CONTENT;
pub use content::parse_content;
pub use desk::{checks_a_price, parse_itineraries, parse_itinerary, parse_price_check};

/// Its id, as functions declare it.
pub const SOURCE: &str = "expedia-rapid";
/// Where it is. Links in answers begin with the version.
pub const BASE: &str = "https://api.ean.com";
/// The most properties of one call.
pub const PROPERTIES_A_CALL: usize = 250;
/// The most calls of one search.
pub const MAX_CALLS: u32 = 4;
/// What all links begin with: nothing else is followed.
const VERSION: &str = "/v3/";

/// The adapter, with one tenant's key and secret.
#[derive(Debug)]
pub struct ExpediaRapid {
    id: SourceId,
    base: String,
    key: SecretString,
}

impl ExpediaRapid {
    /// At this base URL ([`BASE`], or one that plays recordings), with `KEY:SECRET`.
    pub fn new(base: &str, key: SecretString) -> Self {
        Self { id: source_id(SOURCE), base: base.trim_end_matches('/').to_owned(), key }
    }

    /// A request for what comes after the version, signed. Nothing of the request itself is part of the signature.
    fn signed(&self, method: Method, path: &str, now: Timestamp) -> Result<Request<Bytes>, SourceError> {
        let (key, secret) = two_parts(&self.key)?;
        let seconds = now.as_second();
        let signature = hex(&Sha512::digest(format!("{key}{secret}{seconds}")));
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(AUTHORIZATION, secret_header(&format!("EAN apikey={key},signature={signature},timestamp={seconds}"))?)
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "gzip")
            .header(USER_AGENT, "MileBuyClub/1")
            .body(Bytes::new())
            .map_err(|_| SourceError::Unreachable)
    }

    /// The same with a body.
    fn post(&self, path: &str, body: &Value, now: Timestamp) -> Result<Request<Bytes>, SourceError> {
        let (mut head, _) = self.signed(Method::POST, path, now)?.into_parts();
        head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Request::from_parts(head, body.to_string().into()))
    }

    /// The ids of the properties around a place.
    async fn around(&self, calls: &Calls<'_>, position: Position, kilometres: u8) -> Result<Vec<String>, SourceError> {
        let corner = |(east, north)| Some([number(east)?, number(north)?]);
        let ring = ring(position, u64::from(kilometres) * 1_000).into_iter().map(corner).collect::<Option<Vec<_>>>();
        let polygon = json!({"type": "Polygon", "coordinates": [ring.ok_or(SourceError::NotOffered)?]});
        let path = format!("{VERSION}properties/geography?include=property_ids");
        let body = calls.send(self.post(&path, &polygon, calls.now)?).await?;
        let found: BTreeMap<String, IgnoredAny> = serde_json::from_slice(&body).map_err(|_| SourceError::Malformed)?;
        Ok(found.into_keys().collect())
    }

    /// What is free around a place: first what is there is asked for, then what of it is free.
    async fn stays_around(&self, asking: &Asking<'_>, query: &StayQuery, position: Position, kilometres: u8) -> Found<StayOffer> {
        let calls = Calls::by(asking, SOURCE, "properties-geography");
        let ids = match self.around(&calls, position, kilometres).await {
            Ok(ids) => ids,
            Err(error) => return Found::failed(&self.id, error, calls.made()),
        };
        if ids.is_empty() {
            return Found::nothing(&self.id, calls.made());
        }
        let found = self.available(asking, query, ids.iter().map(String::as_str).collect()).await;
        Found { calls: found.calls + calls.made(), ..found }
    }

    async fn available(&self, asking: &Asking<'_>, query: &StayQuery, ids: Vec<&str>) -> Found<StayOffer> {
        let calls = Calls::by(asking, SOURCE, "availability");
        search(&calls, &self.id, &Search { adapter: self, query, ids }, 0, MAX_CALLS).await
    }

    async fn follow(&self, calls: &Calls<'_>, link: &str) -> Result<Bytes, SourceError> {
        calls.send(self.signed(Method::GET, followed(link)?, calls.now)?).await
    }
}

/// A link that leads nowhere but to the source.
fn followed(link: &str) -> Result<&str, SourceError> {
    if link.starts_with(VERSION) && !link.contains("..") { Ok(link) } else { Err(SourceError::NotOffered) }
}

impl StaySource for ExpediaRapid {
    /// By its own ids of properties, or around a place.
    fn stays<'a>(&'a self, asking: &'a Asking<'a>, query: &'a StayQuery) -> BoxFuture<'a, Found<StayOffer>> {
        Box::pin(async move {
            match query.place() {
                StayPlace::Properties(ids) => self.available(asking, query, ids.iter().map(String::as_str).collect()).await,
                StayPlace::Around(position, kilometres, _) => self.stays_around(asking, query, *position, *kilometres).await,
                StayPlace::Listings(..) | StayPlace::City(_) => not_offered(&self.id),
            }
        })
    }
}

struct Search<'a> {
    adapter: &'a ExpediaRapid,
    query: &'a StayQuery,
    ids: Vec<&'a str>,
}

impl Paged for Search<'_> {
    type Offer = StayOffer;
    /// Which of the calls.
    type At = usize;

    fn request(&self, at: &usize, now: Timestamp) -> Result<Request<Bytes>, SourceError> {
        let mut path = format!(
            "{VERSION}properties/availability?checkin={}&checkout={}&currency={}&country_code=US&language=en-US&occupancy={}\
             &rate_plan_count=5&sales_channel=website&sales_environment=hotel_only",
            self.query.checkin(),
            self.query.checkout(),
            self.query.currency(),
            encoded(&occupancy(self.query.guests())),
        );
        for id in self.ids.chunks(PROPERTIES_A_CALL).nth(*at).unwrap_or_default() {
            path.push_str("&property_id=");
            path.push_str(&encoded(id));
        }
        self.adapter.signed(Method::GET, &path, now)
    }

    fn page(&self, body: &[u8], at: &usize, now: Timestamp) -> Result<Page<StayOffer, usize>, SourceError> {
        let next = Some(at + 1).filter(|next| next * PROPERTIES_A_CALL < self.ids.len());
        Ok(Page { sifted: parse_availability(body, self.query, now)?, next })
    }
}

/// Guests as the source writes them, such as `2-9,4`: adults, then the ages of children.
fn occupancy(guests: &Guests) -> String {
    let ages: Vec<String> = guests.child_ages.iter().map(u8::to_string).collect();
    if ages.is_empty() { guests.adults.to_string() } else { format!("{}-{}", guests.adults, ages.join(",")) }
}

fn guests(text: &str) -> Result<Guests, Untrusted> {
    let (adults, ages) = text.split_once('-').unwrap_or((text, ""));
    let ages = ages.split(',').filter(|age| !age.is_empty()).map(str::parse).collect::<Result<_, _>>();
    Ok(Guests::new(adults.parse().map_err(|_| Untrusted::Guests)?, ages.map_err(|_| Untrusted::Guests)?))
}

#[derive(Deserialize)]
struct Listed<'a> {
    property_id: Id,
    status: Option<String>,
    #[serde(borrow)]
    rooms: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct ListedRoom<'a> {
    id: Id,
    room_name: Option<String>,
    #[serde(borrow)]
    rates: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Rate {
    id: Id,
    status: Option<String>,
    available_rooms: Option<u32>,
    refundable: Option<bool>,
    cancel_penalties: Option<Vec<CancelPenalty>>,
    bed_groups: Option<BTreeMap<String, BedGroup>>,
    occupancy_pricing: BTreeMap<String, Pricing>,
}

#[derive(Deserialize)]
struct BedGroup {
    description: Option<String>,
    links: Option<BTreeMap<String, Link>>,
}

#[derive(Deserialize)]
struct Link {
    href: String,
    expires: Option<Timestamp>,
}

#[derive(Deserialize)]
struct CancelPenalty {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    amount: Option<Amount>,
    currency: Option<String>,
    percent: Option<String>,
    nights: Option<Id>,
}

#[derive(Deserialize)]
struct Pricing {
    nightly: Option<Vec<Vec<Line>>>,
    totals: Totals,
    fees: Option<BTreeMap<String, Charge>>,
}

#[derive(Deserialize)]
struct Line {
    r#type: Option<String>,
    value: Amount,
    currency: String,
}

#[derive(Deserialize)]
struct Totals {
    inclusive: Option<Charge>,
    exclusive: Option<Charge>,
    property_inclusive: Option<Charge>,
    property_fees: Option<Charge>,
}

#[derive(Deserialize)]
struct Charge {
    billable_currency: Line,
}

impl Charge {
    fn money(&self) -> Result<Money, Untrusted> {
        self.billable_currency.value.money(currency(&self.billable_currency.currency)?)
    }
}

/// Reads available rooms: an offer for each rate, group of beds and occupancy.
///
/// # Errors
/// [`SourceError::Malformed`] if the answer is no list. A bad property, room or rate only sets itself aside.
pub fn parse_availability<'q>(
    body: &[u8],
    query: impl Into<Option<&'q StayQuery>>,
    now: Timestamp,
) -> Result<Sifted<StayOffer>, SourceError> {
    let query = query.into();
    let properties: Vec<&RawValue> = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let mut sifted = Sifted::default();
    for raw in properties {
        match serde_json::from_str::<Listed<'_>>(raw.get()) {
            Ok(listed) if listed.status.as_deref().is_none_or(|status| status == "available") => {
                for room in &listed.rooms {
                    add_room(&mut sifted, &listed.property_id, room, query, now);
                }
            }
            Ok(_) => sifted.take_of(raw, Err(Untrusted::Gone), query),
            Err(_) => sifted.take_of(raw, Err(Untrusted::Form), query),
        }
    }
    Ok(sifted)
}

fn add_room(sifted: &mut Sifted<StayOffer>, property: &Id, raw: &RawValue, query: Option<&StayQuery>, now: Timestamp) {
    let Ok(room) = serde_json::from_str::<ListedRoom<'_>>(raw.get()) else {
        return sifted.take_of(raw, Err(Untrusted::Form), query);
    };
    for raw in &room.rates {
        match serde_json::from_str::<Rate>(raw.get()) {
            Ok(rate) if rate.status.as_deref().is_some_and(|status| status != "available") => {
                sifted.take_of(raw, Err(Untrusted::Gone), query);
            }
            Ok(rate) => add_rate(sifted, (property, &room), (raw, &rate), query, now),
            Err(_) => sifted.take_of(raw, Err(Untrusted::Form), query),
        }
    }
}

fn add_rate(
    sifted: &mut Sifted<StayOffer>,
    (property, room): (&Id, &ListedRoom<'_>),
    (raw, rate): (&RawValue, &Rate),
    query: Option<&StayQuery>,
    now: Timestamp,
) {
    let groups: Vec<Option<&BedGroup>> = match &rate.bed_groups {
        Some(groups) if !groups.is_empty() => groups.values().map(Some).collect(),
        Some(_) | None => vec![None],
    };
    if rate.occupancy_pricing.is_empty() {
        sifted.take_of(raw, Err(Untrusted::Price), query);
    }
    for beds in groups {
        for (occupancy, pricing) in &rate.occupancy_pricing {
            sifted.take_of(raw, offer(property, room, rate, beds, (occupancy, pricing), query, now), query);
        }
    }
}

fn offer(
    property: &Id,
    room: &ListedRoom<'_>,
    rate: &Rate,
    beds: Option<&BedGroup>,
    (occupancy, pricing): (&str, &Pricing),
    query: Option<&StayQuery>,
    now: Timestamp,
) -> Result<StayOffer, Untrusted> {
    let nights = match &pricing.nightly {
        Some(nights) => Some(u8::try_from(nights.len()).map_err(|_| Untrusted::Nights)?),
        None => query.map(StayQuery::nights),
    };
    let check = beds.and_then(|beds| beds.links.as_ref()?.get("price_check"));
    Ok(StayOffer {
        reference: match check {
            Some(link) => long_reference(link.href.clone())?,
            None => reference(rate.id.0.clone())?,
        },
        property: Property {
            reference: reference(property.0.clone())?,
            name: None,
            position: None,
            address: None,
            country: None,
        },
        room: Room {
            reference: Some(reference(room.id.0.clone())?),
            name: room.room_name.as_deref().and_then(label),
            beds: beds.and_then(|beds| beds.description.as_deref()).and_then(label),
            left: rate.available_rooms,
        },
        board: None,
        guests: Some(guests(occupancy)?),
        checkin: query.map(StayQuery::checkin),
        nights,
        price: price(pricing, nights)?,
        cancellation: cancellation(rate.refundable, rate.cancel_penalties.as_deref())?,
        booking_link: None,
        freshness: fresh(SOURCE, now, Tier::Verified),
    })
}

/// A night has no part below zero, unless it is one that mends another.
const MENDS: &str = "adjustment";

/// All parts in the billable currency; one in another sets the offer aside. What is paid in all is what is paid to Expedia and, at the
/// property, the fees.
fn price(pricing: &Pricing, nights: Option<u8>) -> Result<StayPrice, Untrusted> {
    let totals = &pricing.totals;
    let inclusive = totals.inclusive.as_ref().ok_or(Untrusted::Price)?.money()?;
    for line in pricing.nightly.iter().flatten().flatten() {
        if currency(&line.currency)? != inclusive.currency() {
            return Err(Untrusted::Currencies);
        }
        if line.value.0.is_sign_negative() && line.r#type.as_deref() != Some(MENDS) {
            return Err(Untrusted::Price);
        }
    }
    let fees = fees(pricing, inclusive.currency())?;
    let mixed = |_| Untrusted::Currencies;
    let sum = inclusive.plus(fees).map_err(mixed)?;
    let total = totals.property_inclusive.as_ref().map_or(Ok(sum), Charge::money)?;
    // Each part is rounded by itself.
    let parts = 1 + pricing.fees.as_ref().map_or(1, BTreeMap::len);
    if total.minus(sum).map_err(mixed)?.minor().unsigned_abs() > parts as u128 {
        return Err(Untrusted::Sums);
    }
    let base = totals.exclusive.as_ref().map(Charge::money).transpose()?;
    let mut price = StayPrice::of(total, nights)?;
    price.taxes = base.map(|base| inclusive.minus(base)).transpose().map_err(mixed)?;
    (price.base, price.fees, price.at_property) = (base, Some(fees), Some(fees));
    Ok(price)
}

/// What is paid at the property: the sum that the source names, else that of the fees it lists.
fn fees(pricing: &Pricing, currency: Currency) -> Result<Money, Untrusted> {
    if let Some(all) = &pricing.totals.property_fees {
        return all.money();
    }
    let mut sum = Money::zero(currency);
    for fee in pricing.fees.iter().flat_map(BTreeMap::values) {
        sum = sum.plus(fee.money()?).map_err(|_| Untrusted::Currencies)?;
    }
    Ok(sum)
}

/// The terms of a rate, on sale or booked: none, where nothing is said of them.
fn cancellation(refundable: Option<bool>, penalties: Option<&[CancelPenalty]>) -> Result<Option<Cancellation>, Untrusted> {
    let penalties = penalties.unwrap_or_default();
    let steps = penalties.iter().map(step).collect::<Result<Vec<Step>, _>>()?;
    if refundable.is_none() && steps.is_empty() {
        return Ok(None);
    }
    // Before the first penalty it costs nothing.
    let first = penalties.iter().filter_map(|penalty| penalty.start).min();
    let free_until = first.filter(|_| refundable == Some(true)).map(Deadline::At);
    Ok(Some(Cancellation { refundable, free_until, steps }))
}

fn step(penalty: &CancelPenalty) -> Result<Step, Untrusted> {
    let costs = match (penalty.amount, &penalty.percent, &penalty.nights) {
        (Some(amount), ..) => Penalty::Amount(amount.money(currency(penalty.currency.as_deref().ok_or(Untrusted::Terms)?)?)?),
        (None, Some(percent), _) => Penalty::Percent(decimal(percent.trim_end_matches('%'))?),
        (None, None, Some(nights)) => Penalty::Nights(nights.0.parse().map_err(|_| Untrusted::Terms)?),
        (None, None, None) => return Err(Untrusted::Terms),
    };
    Ok(Step { from: penalty.start.map(Deadline::At), until: penalty.end.map(Deadline::At), penalty: costs })
}
