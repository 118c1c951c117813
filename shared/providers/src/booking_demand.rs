//! Booking.com Demand API 3.2: stays.
//!
//! Facts of the wire are from the vendor's OpenAPI document: every operation is a POST; a request carries the key and the affiliate
//! id, which are kept here as one text, `AFFILIATE:KEY`; amounts are JSON numbers in major units, in the currency of the property
//! and in the booker's. What version 3.1 answers, where amounts are flat, is read as well.
//!
//! Prices depend on where the booker is: they are asked for as from the United States until a question says otherwise.
//!
//! A search says of a house no more than its number. What it is called and where it is, `POST /accommodations/details` tells.
//!
//! A booking is previewed, which names its price and gives a token for a quarter of an hour, and then ordered. It is paid at the property,
//! and only where the property takes it without a payment card, since cards are not handled here. An order has no key of idempotency: our
//! reference is its label, and the orders of the last day are looked through for it. Who may order needs an approval of the vendor.
//!
//! A price is that of a stay and of who sleeps there, which the reference of an offer does not say: the preview checks it when it is booked,
//! and the desk checks none. Nothing is held to be paid later, and nothing quotes a cancellation: what it costs, the offer says. An order is
//! cancelled by its own number, not by that of the reservation.

use bytes::Bytes;
use domain::{
    cancellation::{Cancellation, Deadline, Penalty, Step},
    flights::{SourceId, Tier, Untrusted},
    money::{Currency, Money},
    stays::{Board, Guests, Property, Room, StayOffer, StayPlace, StayPrice, StayQuery},
};
use futures::future::BoxFuture;
use http::{
    Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use jiff::{Timestamp, civil::Date};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Value, json, value::RawValue};

use crate::{
    Asking, Found, Sifted, SourceError, StaySource,
    calls::{Calls, Page, Paged, not_offered, search},
    error::nothing_unless_refused,
    read::{Amount, Id, currency, fresh, link, number, reference, secret_header, source_id, two_parts},
};

mod content;
mod desk;

pub(crate) use content::DETAILS;
pub use content::parse_details;
pub use desk::{parse_cancel, parse_created, parse_orders, parse_preview};

/// Its id, as functions declare it.
pub const SOURCE: &str = "booking-demand";
/// Where it is.
pub const BASE: &str = "https://demandapi.booking.com/3.2";
/// The most pages of one search.
pub const MAX_PAGES: u32 = 5;
/// Properties a page.
const ROWS: u32 = 100;

/// The adapter, with one tenant's affiliate id and key.
#[derive(Debug)]
pub struct BookingDemand {
    id: SourceId,
    base: String,
    key: SecretString,
}

impl BookingDemand {
    /// At this base URL ([`BASE`], or one that plays recordings), with `AFFILIATE:KEY`.
    pub fn new(base: &str, key: SecretString) -> Self {
        Self { id: source_id(SOURCE), base: base.trim_end_matches('/').to_owned(), key }
    }

    fn post(&self, path: &str, body: &Value) -> Result<Request<Bytes>, SourceError> {
        let (affiliate, key) = two_parts(&self.key)?;
        Request::post(format!("{}{path}", self.base))
            .header(AUTHORIZATION, secret_header(&format!("Bearer {key}"))?)
            .header("X-Affiliate-Id", secret_header(affiliate)?)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string().into())
            .map_err(|_| SourceError::Unreachable)
    }
}

impl StaySource for BookingDemand {
    /// Cities have numbers of the vendor's own, which are not known here: it is asked by property or around a place.
    fn stays<'a>(&'a self, asking: &'a Asking<'a>, query: &'a StayQuery) -> BoxFuture<'a, Found<StayOffer>> {
        Box::pin(async move {
            let Some(place) = place(query.place()) else { return not_offered(&self.id) };
            let calls = Calls::by(asking, SOURCE, "accommodations-search");
            search(&calls, &self.id, &Search { adapter: self, query, place }, None, MAX_PAGES).await
        })
    }
}

/// The one field that says where.
fn place(place: &StayPlace) -> Option<(&'static str, Value)> {
    match place {
        StayPlace::Properties(ids) => {
            let ids: Option<Vec<i64>> = ids.iter().map(|id| id.parse().ok()).collect();
            Some(("accommodations", json!(ids?)))
        }
        StayPlace::Around(position, kilometres, _) => {
            let (latitude, longitude) = (number(position.latitude())?, number(position.longitude())?);
            Some(("coordinates", json!({"latitude": latitude, "longitude": longitude, "radius": kilometres})))
        }
        StayPlace::Listings(..) | StayPlace::City(_) => None,
    }
}

struct Search<'a> {
    adapter: &'a BookingDemand,
    query: &'a StayQuery,
    place: (&'static str, Value),
}

impl Paged for Search<'_> {
    type Offer = StayOffer;
    /// The token of the page; none for the first.
    type At = Option<String>;

    fn request(&self, at: &Option<String>, _: Timestamp) -> Result<Request<Bytes>, SourceError> {
        let guests = self.query.guests();
        let mut body = json!({
            "booker": {"country": "us", "platform": "mobile"},
            "checkin": self.query.checkin(),
            "checkout": self.query.checkout(),
            "guests": {"number_of_adults": guests.adults, "number_of_rooms": 1, "children": guests.child_ages},
            "currency": self.query.currency(),
            "extras": ["extra_charges", "products"],
            "rows": ROWS,
        });
        let (name, place) = &self.place;
        body[name] = place.clone();
        if let Some(token) = at {
            body["page"] = json!(token);
        }
        self.adapter.post("/accommodations/search", &body)
    }

    fn page(&self, body: &[u8], _: &Option<String>, now: Timestamp) -> Result<Page<StayOffer, Option<String>>, SourceError> {
        let (sifted, next) = parse_search(body, self.query, now)?;
        Ok(Page { sifted, next: next.map(Some) })
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    next_page: Option<String>,
}

#[derive(Deserialize)]
struct Accommodation<'a> {
    id: Id,
    currency: Currencies,
    #[serde(borrow)]
    price: Option<&'a RawValue>,
    #[serde(borrow)]
    products: Option<Vec<&'a RawValue>>,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Currencies {
    One(String),
    Two { accommodation: Option<String>, booker: Option<String> },
}

#[derive(Deserialize)]
struct Product<'a> {
    id: Id,
    number_of_adults: Option<u8>,
    children: Option<Vec<u8>>,
    policies: Option<Policies>,
    #[serde(borrow)]
    price: Option<&'a RawValue>,
    room: Option<Id>,
}

#[derive(Deserialize)]
struct Policies {
    cancellation: Option<CancellationPolicy>,
    meal_plan: Option<MealPlan>,
    payment: Option<Payment>,
}

#[derive(Deserialize)]
struct CancellationPolicy {
    r#type: Option<String>,
    free_cancellation_until: Option<Timestamp>,
    schedule: Option<Vec<Scheduled>>,
}

#[derive(Deserialize)]
struct Scheduled {
    from: String,
    price: Option<Sum>,
}

#[derive(Deserialize)]
struct MealPlan {
    plan: Option<String>,
}

#[derive(Deserialize)]
struct Payment {
    timings: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Price {
    base: Option<Sum>,
    total: Option<Sum>,
    book: Option<Sum>,
}

/// An amount: in both currencies (3.2), or flat (3.1).
#[derive(Clone, Copy)]
enum Sum {
    Flat(Amount),
    Both(Both),
}

#[derive(Clone, Copy, Deserialize)]
struct Both {
    accommodation_currency: Option<Amount>,
    booker_currency: Option<Amount>,
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let both = raw.starts_with('{');
        if both { serde_json::from_str(raw).map(Self::Both) } else { serde_json::from_str(raw).map(Self::Flat) }
            .map_err(|_| D::Error::custom("an amount"))
    }
}

/// In which currency an accommodation's amounts are read.
#[derive(Clone, Copy)]
enum Reading {
    Flat(Currency),
    Booker(Currency),
    Accommodation(Currency),
}

impl Reading {
    /// The booker's currency, if all is stated in it.
    fn of(currencies: &Currencies, total: Sum) -> Result<Self, Untrusted> {
        match (currencies, total) {
            (Currencies::One(code), Sum::Flat(_)) => Ok(Self::Flat(currency(code)?)),
            (Currencies::Two { booker: Some(code), .. }, Sum::Both(Both { booker_currency: Some(_), .. })) => {
                Ok(Self::Booker(currency(code)?))
            }
            (Currencies::Two { accommodation: Some(code), .. }, Sum::Both(_)) => Ok(Self::Accommodation(currency(code)?)),
            (Currencies::One(_), Sum::Both(_)) | (Currencies::Two { .. }, Sum::Flat(_) | Sum::Both(_)) => {
                Err(Untrusted::Currencies)
            }
        }
    }

    fn money(self, sum: Sum) -> Result<Money, Untrusted> {
        match (self, sum) {
            (Self::Flat(currency), Sum::Flat(amount)) => amount.money(currency),
            (Self::Booker(currency), Sum::Both(both)) => both.booker_currency.ok_or(Untrusted::Currencies)?.money(currency),
            (Self::Accommodation(currency), Sum::Both(both)) => {
                both.accommodation_currency.ok_or(Untrusted::Currencies)?.money(currency)
            }
            (Self::Flat(_), Sum::Both(_)) | (Self::Booker(_) | Self::Accommodation(_), Sum::Flat(_)) => {
                Err(Untrusted::Currencies)
            }
        }
    }
}

/// Reads a page of a search, and the token of the next one.
///
/// # Errors
/// [`SourceError::Malformed`] if the envelope is not what was agreed, [`SourceError::Rejected`] for a refusal that came as a success. A
/// bad accommodation or product only sets itself aside.
pub fn parse_search<'q>(
    body: &[u8],
    query: impl Into<Option<&'q StayQuery>>,
    now: Timestamp,
) -> Result<(Sifted<StayOffer>, Option<String>), SourceError> {
    let query = query.into();
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    if envelope.data.is_empty() {
        nothing_unless_refused(body)?;
    }
    let mut sifted = Sifted::default();
    for raw in envelope.data {
        let Ok(one) = serde_json::from_str::<Accommodation<'_>>(raw.get()) else {
            sifted.take_of(raw, Err(Untrusted::Form), query);
            continue;
        };
        match one.products.as_deref() {
            // Without the products there is the price of the cheapest of them.
            None | Some([]) => sifted.take_of(raw, offer(&one, None, query, now), query),
            Some(products) => {
                for raw in products {
                    sifted.take_record(raw, query, |product| offer(&one, Some(product), query, now));
                }
            }
        }
    }
    Ok((sifted, envelope.metadata.and_then(|metadata| metadata.next_page).filter(|token| !token.is_empty())))
}

fn offer(
    one: &Accommodation<'_>,
    product: Option<Product<'_>>,
    query: Option<&StayQuery>,
    now: Timestamp,
) -> Result<StayOffer, Untrusted> {
    let raw = product.as_ref().map_or(one.price, |product| product.price).ok_or(Untrusted::Price)?;
    let stated: Price = serde_json::from_str(raw.get()).map_err(|_| Untrusted::Form)?;
    let total = stated.total.or(stated.book).ok_or(Untrusted::Price)?;
    let reading = Reading::of(&one.currency, total)?;
    let (checkin, nights) = stay(query, one.url.as_deref())?;
    let mut price = StayPrice::of(reading.money(total)?, nights)?;
    price.base = stated.base.map(|base| reading.money(base)).transpose()?;
    // Charges have types of the vendor's own, in which taxes and fees are not told apart.
    price.taxes = price.base.map(|base| price.total.minus(base)).transpose().map_err(|_| Untrusted::Currencies)?;
    let policies = product.as_ref().and_then(|product| product.policies.as_ref());
    let timings = policies.and_then(|policies| policies.payment.as_ref()?.timings.as_deref());
    price.at_property = (timings == Some(&["pay_at_the_property".to_owned()])).then_some(price.total);
    Ok(StayOffer {
        reference: reference(product.as_ref().map_or(&one.id, |product| &product.id).0.clone())?,
        property: Property { reference: reference(one.id.0.clone())?, name: None, position: None, address: None, country: None },
        room: Room { reference: product.as_ref().and_then(|product| product.room.clone()).map(|room| room.0), ..Room::default() },
        board: policies.and_then(|policies| board(policies.meal_plan.as_ref()?.plan.as_deref()?)),
        guests: product
            .as_ref()
            .and_then(|product| Some(Guests::new(product.number_of_adults?, product.children.clone().unwrap_or_default()))),
        checkin,
        nights,
        price,
        cancellation: policies
            .and_then(|policies| policies.cancellation.as_ref())
            .map(|terms| cancellation(terms, reading))
            .transpose()?,
        booking_link: link(one.url.clone()),
        freshness: fresh(SOURCE, now, Tier::Verified),
    })
}

/// The days are those of the question; without one, those in the link to book by.
fn stay(query: Option<&StayQuery>, url: Option<&str>) -> Result<(Option<Date>, Option<u8>), Untrusted> {
    if let Some(query) = query {
        return Ok((Some(query.checkin()), Some(query.nights())));
    }
    let parameter = |name: &str| {
        let pairs = url?.split_once('?')?.1.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse::<Date>().ok())
    };
    let (Some(checkin), Some(checkout)) = (parameter("checkin"), parameter("checkout")) else { return Ok((None, None)) };
    let days = checkin.until(checkout).map_err(|_| Untrusted::Nights)?.get_days();
    Ok((Some(checkin), Some(u8::try_from(days).map_err(|_| Untrusted::Nights)?)))
}

/// A plan with another name is one that we don't know.
fn board(plan: &str) -> Option<Board> {
    match plan {
        "no_plan" => Some(Board::RoomOnly),
        "breakfast_included" => Some(Board::Breakfast),
        "half_board" => Some(Board::HalfBoard),
        "full_board" => Some(Board::FullBoard),
        "all_inclusive" => Some(Board::AllInclusive),
        _ => None,
    }
}

fn cancellation(terms: &CancellationPolicy, reading: Reading) -> Result<Cancellation, Untrusted> {
    let refundable = match terms.r#type.as_deref() {
        Some("non_refundable") => Some(false),
        Some("free_cancellation") => Some(true),
        Some(_) | None => None,
    };
    let mut steps: Vec<Step> = Vec::new();
    for scheduled in terms.schedule.iter().flatten() {
        let from = match scheduled.from.as_str() {
            "now" => None,
            instant => Some(Deadline::At(instant.parse().map_err(|_| Untrusted::Form)?)),
        };
        if let Some(before) = steps.last_mut() {
            before.until = from;
        }
        let penalty = Penalty::Amount(reading.money(scheduled.price.ok_or(Untrusted::Terms)?)?);
        steps.push(Step { from, until: None, penalty });
    }
    Ok(Cancellation { refundable, free_until: terms.free_cancellation_until.map(Deadline::At), steps })
}
