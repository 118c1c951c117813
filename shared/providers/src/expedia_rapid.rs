//! Expedia Rapid, version 3: stays.
//!
//! Facts of the wire are from the vendor's SDK: a request is signed by the SHA-512 of key, secret and time, which are kept here as
//! one text, `KEY:SECRET`; amounts are decimal strings, of which those in the billable currency are what is charged; what comes next
//! is a link with a token in it, which is followed and never built. Fees are paid at the property, on top of the inclusive total.
//!
//! Availability is asked for by ids of properties. Which of them are around a place the vendor's geography says: what lies in a polygon
//! in GeoJSON, as an object whose names are ids (`POST /properties/geography?include=property_ids`).
//!
//! What is booked is paid by Expedia's invoice to us (`affiliate_collect`, which an agreement allows); the other ways are payment cards,
//! which are not handled here. Our reference is unique there: the same one books once, and finds what was booked.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{
    cancellation::{Cancellation, Deadline, Penalty, Step},
    flights::{SourceId, Tier, Untrusted},
    money::{Currency, Money},
    properties::ring,
    search::SourceOutcome,
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
    Asking, Booked, BookingError, BookingRequest, BookingState, Desk, Found, PriceCheck, PriceState, Sifted, SourceError,
    StaySource,
    booking::{Payment, Refusal, Refusals, known},
    calls::{Bookings, Calls, Page, Paged, not_offered, search, unless_unknown},
    read::{
        Amount, Id, currency, decimal, encoded, fresh, hex, label, long_reference, reference, secret_header, source_id, two_parts,
    },
};

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

    /// The ids of the properties around a place.
    async fn around(&self, calls: &Calls<'_>, position: Position, kilometres: u8) -> Result<Vec<String>, SourceError> {
        let number = |degrees: rust_decimal::Decimal| serde_json::from_str::<Value>(&degrees.to_string()).unwrap_or_default();
        let ring = ring(position, u64::from(kilometres) * 1_000).into_iter().map(|(east, north)| [number(east), number(north)]);
        let polygon = json!({"type": "Polygon", "coordinates": [ring.collect::<Vec<_>>()]});
        let path = format!("{VERSION}properties/geography?include=property_ids");
        let (mut head, _) = self.signed(Method::POST, &path, calls.now)?.into_parts();
        head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = calls.send(Request::from_parts(head, polygon.to_string().into())).await?;
        let found: BTreeMap<String, IgnoredAny> = serde_json::from_slice(&body).map_err(|_| SourceError::Malformed)?;
        Ok(found.into_keys().collect())
    }

    /// What is free around a place: first what is there is asked for, then what of it is free.
    async fn stays_around(&self, asking: &Asking<'_>, query: &StayQuery, position: Position, kilometres: u8) -> Found<StayOffer> {
        let calls = Calls::by(asking, SOURCE, "properties-geography");
        let ids = match self.around(&calls, position, kilometres).await {
            Ok(ids) => ids,
            Err(error) => return Found { error: Some(error), calls: calls.made(), ..not_offered(&self.id) },
        };
        if ids.is_empty() {
            return Found { outcome: SourceOutcome::Complete, error: None, calls: calls.made(), ..not_offered(&self.id) };
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

/// The codes by which a booking is refused.
const REFUSALS: Refusals = &[
    ("price_mismatch", Refusal::PriceChanged),
    ("rooms_unavailable", Refusal::Gone),
    ("duplicate_itinerary", Refusal::AlreadyThere),
];

/// What the links that book begin with.
const BOOKS: &str = "/v3/itineraries?";

impl ExpediaRapid {
    /// Books by the link of a price check, which is asked for if there is only an offer.
    async fn itinerary(&self, asking: &Asking<'_>, request: &BookingRequest) -> Result<Booked, BookingError> {
        let before = |error| BookingError::before(error, REFUSALS);
        let body = itinerary(request)?;
        let given = request.item.offer().ok_or_else(BookingError::not_offered)?;
        let link = if given.starts_with(BOOKS) { given.to_owned() } else { self.checked(asking, request, given).await? };
        let calls = Calls::of_booking(asking, SOURCE, "itineraries");
        let mut post = self.signed(Method::POST, followed(&link).map_err(before)?, calls.now).map_err(before)?;
        post.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        post.headers_mut().insert(CUSTOMER, customer(request).map_err(before)?);
        *post.body_mut() = body.to_string().into();
        calls.book(post, REFUSALS, |body| parse_itinerary(body).map_err(BookingError::sent)).await
    }

    /// The link that books an offer at the price that was agreed to.
    async fn checked(&self, asking: &Asking<'_>, request: &BookingRequest, offer: &str) -> Result<String, BookingError> {
        let check = self.check(asking, offer).await.map_err(|error| BookingError::before(error, REFUSALS))?;
        let total = check.total.filter(|_| check.state != PriceState::SoldOut).ok_or(BookingError::Gone)?;
        request.agrees(total)?;
        // Without it the guest has to pay by card first.
        check.book_by.ok_or_else(BookingError::not_offered)
    }
}

/// Who books, by their network address.
const CUSTOMER: http::HeaderName = http::HeaderName::from_static("customer-ip");

fn customer(request: &BookingRequest) -> Result<http::HeaderValue, SourceError> {
    secret_header(&request.contact.network_address.told().to_string())
}

/// The body of a booking: one room, in the name of whoever books.
fn itinerary(request: &BookingRequest) -> Result<Value, BookingError> {
    let hold = match request.payment {
        Payment::Account => false,
        Payment::Hold => true,
        Payment::AtProperty => return Err(BookingError::not_offered()),
    };
    let (contact, lead) = (&request.contact, &request.lead);
    let (phone, address) = (contact.phone.told(), contact.address.told());
    let name = json!({"given_name": lead.given_name.told(), "family_name": lead.family_name.told()});
    let (mut room, mut payer) = (name.clone(), name);
    room["smoking"] = json!(false);
    payer["address"] = known([
        ("line_1", address.line.as_deref()),
        ("city", address.city.as_deref()),
        ("state_province_code", address.region.as_deref()),
        ("postal_code", address.postal_code.as_deref()),
        ("country_code", Some(address.country.as_str())),
    ]);
    Ok(json!({
        "affiliate_reference_id": request.reference,
        "hold": hold,
        "email": contact.email.told(),
        "phone": {"country_code": phone.country_code.to_string(), "number": phone.number},
        "rooms": [room],
        "payments": [{"type": "affiliate_collect", "billing_contact": payer}],
    }))
}

/// A link that leads nowhere but to the source.
fn followed(link: &str) -> Result<&str, SourceError> {
    if link.starts_with(VERSION) && !link.contains("..") { Ok(link) } else { Err(SourceError::NotOffered) }
}

/// Whether a link checks a price: `/v3/properties/{id}/rooms/{id}/rates/{id}`, with a `token` and nothing else.
fn checks_a_price(link: &str) -> bool {
    let Some((path, query)) = link.split_once('?') else { return false };
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let is_token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=' | b'%');
    let path: Vec<&str> = path.split('/').collect();
    let ["", "v3", "properties", property, "rooms", room, "rates", rate] = path[..] else { return false };
    let token = query.strip_prefix("token=").is_some_and(|token| !token.is_empty() && token.bytes().all(is_token));
    token && [property, room, rate].into_iter().all(is_id)
}

impl StaySource for ExpediaRapid {
    fn id(&self) -> &SourceId {
        &self.id
    }

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

impl Desk for ExpediaRapid {
    /// By the reference of an offer, or what a price check says it is booked by.
    fn book<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> BoxFuture<'a, Result<Booked, BookingError>> {
        Box::pin(self.itinerary(asking, request))
    }

    /// By our reference and the address of mail that stands with it.
    fn find<'a>(
        &'a self,
        asking: &'a Asking<'a>,
        request: &'a BookingRequest,
    ) -> BoxFuture<'a, Result<Option<Booked>, SourceError>> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "itineraries-find");
            let (ours, email) = (encoded(request.reference.as_str()), encoded(request.contact.email.told()));
            let ask = |_: Option<&str>| {
                let path = format!("{BOOKS}affiliate_reference_id={ours}&email={email}");
                let mut get = self.signed(Method::GET, &path, calls.now)?;
                get.headers_mut().insert(CUSTOMER, customer(request)?);
                Ok(get)
            };
            unless_unknown(calls.find(&request.reference, ask, parse_itineraries).await)
        })
    }

    /// The reference of an offer is the link that checks its price.
    fn check<'a>(&'a self, asking: &'a Asking<'a>, reference: &'a str) -> BoxFuture<'a, Result<PriceCheck, SourceError>> {
        Box::pin(async move {
            // Who hands it in may be anybody: it leads to prices and to nothing else.
            checks_a_price(reference).then_some(()).ok_or(SourceError::NotOffered)?;
            let calls = Calls::by(asking, SOURCE, "price-check");
            parse_price_check(&self.follow(&calls, reference).await?)
        })
    }

    /// A booking is asked for by the link that came with it.
    fn status<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> BoxFuture<'a, Result<Booked, SourceError>> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "itinerary");
            parse_itinerary(&self.follow(&calls, booking).await?)
        })
    }

    /// By the link that came with the booking.
    fn cancel<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "cancel");
            calls.send_once(self.signed(Method::DELETE, followed(booking)?, calls.now)?).await.map(drop)
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
    Ok(Guests { adults: adults.parse().map_err(|_| Untrusted::Guests)?, child_ages: ages.map_err(|_| Untrusted::Guests)? })
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
            Ok(_) => sifted.take(Err(Untrusted::Gone), query),
            Err(_) => sifted.take(Err(Untrusted::Form), query),
        }
    }
    Ok(sifted)
}

fn add_room(sifted: &mut Sifted<StayOffer>, property: &Id, raw: &RawValue, query: Option<&StayQuery>, now: Timestamp) {
    let Ok(room) = serde_json::from_str::<ListedRoom<'_>>(raw.get()) else { return sifted.take(Err(Untrusted::Form), query) };
    for raw in &room.rates {
        match serde_json::from_str::<Rate>(raw.get()) {
            Ok(rate) if rate.status.as_deref().is_some_and(|status| status != "available") => {
                sifted.take(Err(Untrusted::Gone), query);
            }
            Ok(rate) => add_rate(sifted, property, &room, &rate, query, now),
            Err(_) => sifted.take(Err(Untrusted::Form), query),
        }
    }
}

fn add_rate(
    sifted: &mut Sifted<StayOffer>,
    property: &Id,
    room: &ListedRoom<'_>,
    rate: &Rate,
    query: Option<&StayQuery>,
    now: Timestamp,
) {
    let groups: Vec<Option<&BedGroup>> = match &rate.bed_groups {
        Some(groups) if !groups.is_empty() => groups.values().map(Some).collect(),
        Some(_) | None => vec![None],
    };
    if rate.occupancy_pricing.is_empty() {
        sifted.take(Err(Untrusted::Price), query);
    }
    for beds in groups {
        for (occupancy, pricing) in &rate.occupancy_pricing {
            sifted.take(offer(property, room, rate, beds, (occupancy, pricing), query, now), query);
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
        property: Property { reference: reference(property.0.clone())?, name: None, position: None },
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
        cancellation: cancellation(rate)?,
        booking_link: None,
        freshness: fresh(SOURCE, now, Tier::Verified),
    })
}

/// All parts in the billable currency; one in another sets the offer aside.
fn price(pricing: &Pricing, nights: Option<u8>) -> Result<StayPrice, Untrusted> {
    let totals = &pricing.totals;
    let inclusive = totals.inclusive.as_ref().ok_or(Untrusted::Price)?.money()?;
    for line in pricing.nightly.iter().flatten().flatten() {
        if currency(&line.currency)? != inclusive.currency() {
            return Err(Untrusted::Currencies);
        }
    }
    let fees = fees(pricing, inclusive.currency())?;
    let mixed = |_| Untrusted::Currencies;
    let total = match &totals.property_inclusive {
        Some(all) => all.money()?,
        None => inclusive.plus(fees).map_err(mixed)?,
    };
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

fn cancellation(rate: &Rate) -> Result<Option<Cancellation>, Untrusted> {
    let steps = rate.cancel_penalties.iter().flatten().map(step).collect::<Result<Vec<Step>, _>>()?;
    if rate.refundable.is_none() && steps.is_empty() {
        return Ok(None);
    }
    // Before the first penalty it costs nothing.
    let first = rate.cancel_penalties.iter().flatten().filter_map(|penalty| penalty.start).min();
    let free_until = first.filter(|_| rate.refundable == Some(true)).map(Deadline::At);
    Ok(Some(Cancellation { refundable: rate.refundable, free_until, steps }))
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

#[derive(Deserialize)]
struct Checked {
    status: String,
    occupancy_pricing: Option<BTreeMap<String, Pricing>>,
    links: Option<BTreeMap<String, Link>>,
}

/// Reads a price check. The total is that of all rooms.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed, or names a price that can't be.
pub fn parse_price_check(body: &[u8]) -> Result<PriceCheck, SourceError> {
    let checked: Checked = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let state = match checked.status.as_str() {
        "available" => PriceState::Available,
        "price_changed" => PriceState::Changed,
        "sold_out" => return Ok(PriceCheck { state: PriceState::SoldOut, total: None, book_by: None, until: None }),
        _ => return Err(SourceError::Malformed),
    };
    let mut total: Option<Money> = None;
    for pricing in checked.occupancy_pricing.iter().flat_map(BTreeMap::values) {
        let one = price(pricing, None).map_err(|_| SourceError::Malformed)?.total;
        total = Some(total.map_or(Ok(one), |sum| sum.plus(one)).map_err(|_| SourceError::Malformed)?);
    }
    let book = checked.links.and_then(|mut links| links.remove("book"));
    let total = total.filter(|total| !total.is_negative() && !total.amount().is_zero()).ok_or(SourceError::Malformed)?;
    Ok(PriceCheck {
        state,
        total: Some(total),
        until: book.as_ref().and_then(|link| link.expires),
        book_by: book.map(|link| link.href),
    })
}

#[derive(Deserialize)]
struct Itinerary {
    itinerary_id: Id,
    links: Option<BTreeMap<String, Link>>,
    rooms: Option<Vec<BookedRoom>>,
    affiliate_reference_id: Option<String>,
}

#[derive(Deserialize)]
struct BookedRoom {
    status: Option<String>,
    rate: Option<BookedRate>,
}

#[derive(Deserialize)]
struct BookedRate {
    pricing: Option<Pricing>,
    refundable: Option<bool>,
    cancel_penalties: Option<Vec<CancelPenalty>>,
}

/// Reads a booking, made or retrieved. Nothing of the guests is read. One that was just made has no rooms yet: it is pending.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_itinerary(body: &[u8]) -> Result<Booked, SourceError> {
    booked(serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?)
}

/// Reads the bookings of a reference of ours.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_itineraries(body: &[u8]) -> Result<Bookings, SourceError> {
    let all: Vec<Itinerary> = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    Ok(Bookings { bookings: all.into_iter().map(booked).collect::<Result<_, _>>()?, next: None })
}

fn booked(itinerary: Itinerary) -> Result<Booked, SourceError> {
    let Itinerary { itinerary_id, links, rooms, affiliate_reference_id: ours } = itinerary;
    let mut links = links.unwrap_or_default();
    let rooms = rooms.unwrap_or_default();
    let mut total: Option<Money> = None;
    for pricing in rooms.iter().filter_map(|room| room.rate.as_ref()?.pricing.as_ref()) {
        let one = price(pricing, None).map_err(|_| SourceError::Malformed)?.total;
        total = Some(total.map_or(Ok(one), |sum| sum.plus(one)).map_err(|_| SourceError::Malformed)?);
    }
    let cancellation = rooms.iter().find_map(|room| {
        let BookedRate { refundable, cancel_penalties, .. } = room.rate.as_ref()?;
        let steps = cancel_penalties.iter().flatten().map(step).collect::<Result<_, _>>().ok()?;
        Some(Cancellation { refundable: *refundable, free_until: None, steps })
    });
    Ok(Booked {
        reference: reference(itinerary_id.0).map_err(|_| SourceError::Malformed)?,
        state: if rooms.is_empty() { Some(BookingState::Pending) } else { state(&rooms) },
        total,
        status_by: links.remove("retrieve").map(|link| link.href),
        cancel_by: links.remove("cancel").map(|link| link.href),
        cancellation,
        ours,
    })
}

/// That of all rooms; where they differ there is none of the whole.
fn state(rooms: &[BookedRoom]) -> Option<BookingState> {
    let states = rooms.iter().map(|room| match room.status.as_deref()? {
        "booked" => Some(BookingState::Confirmed),
        "canceled" => Some(BookingState::Cancelled),
        "pending" => Some(BookingState::Pending),
        _ => None,
    });
    let states: Vec<BookingState> = states.collect::<Option<_>>()?;
    states.windows(2).all(|pair| pair[0] == pair[1]).then(|| states.first().copied()).flatten()
}
