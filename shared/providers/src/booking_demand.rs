//! Booking.com Demand API 3.2: stays.
//!
//! Facts of the wire are from the vendor's OpenAPI document: every operation is a POST; a request carries the key and the affiliate
//! id, which are kept here as one text, `AFFILIATE:KEY`; amounts are JSON numbers in major units, in the currency of the property
//! and in the booker's. What version 3.1 answers, where amounts are flat, is read as well.
//!
//! Prices depend on where the booker is: they are asked for as from the United States until a question says otherwise.
//!
//! A booking is previewed, which names its price and gives a token for a quarter of an hour, and then ordered. It is paid at the property,
//! and only where the property takes it without a payment card, since cards are not handled here. An order has no key of idempotency: our
//! reference is its label, and the orders of the last day are looked through for it. Who may order needs an approval of the vendor.

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
use jiff::{SignedDuration, Timestamp, civil::Date};
use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny},
};
use serde_json::{Value, json, value::RawValue};

use crate::{
    Asking, Booked, BookingError, BookingRequest, BookingState, Desk, Found, PriceCheck, PriceState, Sifted, SourceError,
    StaySource,
    booking::{Bookable, Payment as Paid, known},
    calls::{Bookings, Calls, Page, Paged, not_offered, search},
    read::{Amount, Id, currency, fresh, link, long_reference, reference, secret_header, source_id, two_parts},
};

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

    /// Previews an order, and makes it if its price is the one agreed to.
    async fn order(&self, asking: &Asking<'_>, request: &BookingRequest) -> Result<Booked, BookingError> {
        let before = BookingError::Refused;
        if request.payment != Paid::AtProperty {
            return Err(BookingError::not_offered());
        }
        let calls = Calls::by(asking, SOURCE, "orders-preview");
        let asked = self.post("/orders/preview", &preview(request)?).map_err(before)?;
        let preview = read_preview(&calls.send(asked).await.map_err(before)?).map_err(before)?;
        let check = preview.check(calls.now).map_err(before)?;
        let (Some(total), Some(token)) = (check.total, check.book_by) else { return Err(BookingError::Gone) };
        request.agrees(total)?;
        if !preview.needs_no_card() {
            return Err(BookingError::not_offered());
        }
        let post = self.post("/orders/create", &order(request, &token)?).map_err(before)?;
        let read = |body: &[u8]| parse_created(body).map_err(BookingError::sent);
        let booked = Calls::of_booking(asking, SOURCE, "orders-create").book(post, &[], read).await?;
        Ok(Booked { total: Some(total), ours: Some(request.reference.as_str().to_owned()), ..booked })
    }
}

impl Desk for BookingDemand {
    /// A room, to be paid at the property.
    fn book<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> BoxFuture<'a, Result<Booked, BookingError>> {
        Box::pin(self.order(asking, request))
    }

    /// Among the orders of the last day, by their label.
    fn find<'a>(
        &'a self,
        asking: &'a Asking<'a>,
        request: &'a BookingRequest,
    ) -> BoxFuture<'a, Result<Option<Booked>, SourceError>> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "orders-details");
            let from = calls.now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(calls.now);
            let ask = |page: Option<&str>| {
                let first = json!({
                    "created": {"from": from},
                    "currency": request.price.currency(),
                    "services": ["accommodations"],
                    "sort": {"by": "created", "direction": "descending"},
                });
                self.post("/orders/details", &page.map_or(first, |page| json!({"page": page})))
            };
            calls.find(&request.reference, ask, parse_orders).await
        })
    }

    /// By the number of the reservation.
    fn status<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> BoxFuture<'a, Result<Booked, SourceError>> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "orders-details");
            // What is read is in the property's own currency, whichever is named here.
            let body = json!({"reservations": [booking], "currency": Currency::EUR, "services": ["accommodations"]});
            let orders = parse_orders(&calls.send(self.post("/orders/details", &body)?).await?)?;
            let booked = orders.bookings.into_iter().find(|one| one.reference == booking);
            booked.ok_or(SourceError::Rejected { status: 404, code: None })
        })
    }
}

/// The question what an order would cost.
fn preview(request: &BookingRequest) -> Result<Value, BookingError> {
    let Bookable::Stay { property, offer, checkin, checkout, guests } = &request.item else {
        return Err(BookingError::not_offered());
    };
    let property: i64 = property.parse().map_err(|_| BookingError::not_offered())?;
    Ok(json!({
        "currency": request.price.currency(),
        "accommodation": {
            "id": property,
            "booker": {"country": country(request), "platform": "mobile"},
            "checkin": checkin,
            "checkout": checkout,
            "products": [{
                "id": offer,
                "allocation": {"number_of_adults": guests.adults, "children": guests.child_ages},
            }],
        },
    }))
}

/// As the vendor writes countries.
fn country(request: &BookingRequest) -> String {
    request.contact.address.told().country.as_str().to_ascii_lowercase()
}

/// The body of an order.
fn order(request: &BookingRequest, token: &str) -> Result<Value, BookingError> {
    let offer = request.item.offer().ok_or_else(BookingError::not_offered)?;
    let (contact, lead) = (&request.contact, &request.lead);
    let (address, country) = (contact.address.told(), country(request));
    let email = contact.email.told();
    let name = |given: &str, family: &str| format!("{given} {family}");
    let guests = request
        .travellers()
        .map(|guest| json!({"email": email, "name": name(guest.given_name.told(), guest.family_name.told())}));
    Ok(json!({
        "order_token": token,
        "booker": {
            "name": {"first_name": lead.given_name.told(), "last_name": lead.family_name.told()},
            "email": email,
            "telephone": contact.phone.told().to_string(),
            "language": "en-us",
            "address": known([
                ("address_line", address.line.as_deref()),
                ("city", address.city.as_deref()),
                ("post_code", address.postal_code.as_deref()),
                ("country", Some(&country)),
            ]),
        },
        "accommodation": {
            "label": request.reference,
            "products": [{"id": offer, "guests": guests.collect::<Vec<Value>>()}],
        },
        "payment": {"timing": "pay_at_the_property"},
    }))
}

impl StaySource for BookingDemand {
    fn id(&self) -> &SourceId {
        &self.id
    }

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
    let number = |text: String| serde_json::from_str::<Value>(&text).ok();
    match place {
        StayPlace::Properties(ids) => {
            let ids: Option<Vec<i64>> = ids.iter().map(|id| id.parse().ok()).collect();
            Some(("accommodations", json!(ids?)))
        }
        StayPlace::Around(position, kilometres, _) => {
            let (latitude, longitude) = (number(position.latitude().to_string())?, number(position.longitude().to_string())?);
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
/// [`SourceError::Malformed`] if the envelope is not what was agreed. A bad accommodation or product only sets itself aside.
pub fn parse_search<'q>(
    body: &[u8],
    query: impl Into<Option<&'q StayQuery>>,
    now: Timestamp,
) -> Result<(Sifted<StayOffer>, Option<String>), SourceError> {
    let query = query.into();
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let mut sifted = Sifted::default();
    for raw in envelope.data {
        let Ok(one) = serde_json::from_str::<Accommodation<'_>>(raw.get()) else {
            sifted.take(Err(Untrusted::Form), query);
            continue;
        };
        match one.products.as_deref() {
            // Without the products there is the price of the cheapest of them.
            None | Some([]) => sifted.take(offer(&one, None, query, now), query),
            Some(products) => {
                for raw in products {
                    let product = serde_json::from_str::<Product<'_>>(raw.get()).map_err(|_| Untrusted::Form);
                    sifted.take(product.and_then(|product| offer(&one, Some(product), query, now)), query);
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
        property: Property { reference: reference(one.id.0.clone())?, name: None, position: None },
        room: Room { reference: product.as_ref().and_then(|product| product.room.clone()).map(|room| room.0), ..Room::default() },
        board: policies.and_then(|policies| board(policies.meal_plan.as_ref()?.plan.as_deref()?)),
        guests: product.as_ref().and_then(|product| {
            Some(Guests { adults: product.number_of_adults?, child_ages: product.children.clone().unwrap_or_default() })
        }),
        checkin,
        nights,
        price,
        cancellation: policies
            .and_then(|policies| policies.cancellation.as_ref())
            .map(|terms| cancellation(terms, reading))
            .transpose()?,
        booking_link: link(one.url.clone())?,
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

#[derive(Deserialize)]
struct Previewed {
    data: PreviewData,
}

#[derive(Deserialize)]
struct PreviewData {
    accommodation: PreviewOf,
    order_token: Option<String>,
}

#[derive(Deserialize)]
struct PreviewOf {
    currency: Currencies,
    general_policies: Option<GeneralPolicies>,
    price: Price,
    products: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct GeneralPolicies {
    payment: Option<Timings>,
}

#[derive(Deserialize)]
struct Timings {
    pay_at_the_property: Option<AtTheProperty>,
}

#[derive(Deserialize)]
struct AtTheProperty {
    method_required: Option<bool>,
}

/// How long a token of a preview can be ordered by.
const TOKEN_HOLDS: SignedDuration = SignedDuration::from_mins(15);

impl PreviewData {
    /// The price, and what it is ordered by.
    fn check(&self, now: Timestamp) -> Result<PriceCheck, SourceError> {
        let of = &self.accommodation;
        if of.products.is_empty() {
            return Ok(PriceCheck { state: PriceState::SoldOut, total: None, book_by: None, until: None });
        }
        let read = || {
            let total = of.price.total.ok_or(Untrusted::Price)?;
            Reading::of(&of.currency, total)?.money(total)
        };
        let total = read().ok().filter(|total| !total.is_negative() && !total.amount().is_zero());
        let token = self.order_token.clone().and_then(|token| long_reference(token).ok());
        Ok(PriceCheck {
            state: PriceState::Available,
            total: Some(total.ok_or(SourceError::Malformed)?),
            book_by: Some(token.ok_or(SourceError::Malformed)?),
            until: now.checked_add(TOKEN_HOLDS).ok(),
        })
    }

    /// Whether the guest can pay there without a card as security.
    fn needs_no_card(&self) -> bool {
        let payment = self.accommodation.general_policies.as_ref().and_then(|policies| policies.payment.as_ref());
        let there = payment.and_then(|payment| payment.pay_at_the_property.as_ref());
        there.and_then(|there| there.method_required) == Some(false)
    }
}

fn read_preview(body: &[u8]) -> Result<PreviewData, SourceError> {
    let Previewed { data } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    Ok(data)
}

/// Reads the preview of an order: what it costs, and what it is ordered by.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed, or names a price that can't be.
pub fn parse_preview(body: &[u8], now: Timestamp) -> Result<PriceCheck, SourceError> {
    read_preview(body)?.check(now)
}

#[derive(Deserialize)]
struct Created {
    data: CreatedOrder,
}

#[derive(Deserialize)]
struct CreatedOrder {
    accommodation: Reserved,
}

#[derive(Deserialize)]
struct Reserved {
    reservation: Id,
}

/// Reads an order that was made. How far it is, it does not say.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_created(body: &[u8]) -> Result<Booked, SourceError> {
    let Created { data } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    booked(data.accommodation.reservation, None, None, None)
}

fn booked(
    reservation: Id,
    state: Option<BookingState>,
    total: Option<Money>,
    ours: Option<String>,
) -> Result<Booked, SourceError> {
    let reference = reference(reservation.0).map_err(|_| SourceError::Malformed)?;
    Ok(Booked { state, total, status_by: Some(reference.clone()), cancel_by: None, cancellation: None, ours, reference })
}

#[derive(Deserialize)]
struct Orders {
    data: Vec<Detailed>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Detailed {
    status: Option<String>,
    label: Option<String>,
    accommodations: Option<Reserved>,
    currencies: Option<OrderCurrencies>,
    price: Option<OrderPrice>,
}

#[derive(Deserialize)]
struct OrderCurrencies {
    product: Option<String>,
}

#[derive(Deserialize)]
struct OrderPrice {
    total_price: Option<InTwo>,
}

#[derive(Deserialize)]
struct InTwo {
    product_currency: Option<Amount>,
}

/// Reads a page of orders, of which those of accommodations are kept. Nothing of the guests is read.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_orders(body: &[u8]) -> Result<Bookings, SourceError> {
    let Orders { data, metadata } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let mut bookings = Vec::with_capacity(data.len());
    for order in data {
        let Some(reserved) = order.accommodations else { continue };
        let amount = order.price.and_then(|price| price.total_price?.product_currency);
        let stated = amount.zip(order.currencies.and_then(|currencies| currencies.product));
        let total = stated.map(|(amount, code)| amount.money(currency(&code)?)).transpose();
        let state = order.status.as_deref().and_then(state);
        bookings.push(booked(reserved.reservation, state, total.map_err(|_| SourceError::Malformed)?, order.label)?);
    }
    Ok(Bookings { bookings, next: metadata.and_then(|metadata| metadata.next_page).filter(|token| !token.is_empty()) })
}

/// A word that we don't know is none.
fn state(status: &str) -> Option<BookingState> {
    match status {
        "booked" | "stayed" | "no_show" => Some(BookingState::Confirmed),
        "cancelled" | "cancelled_by_guest" | "cancelled_by_accommodation" => Some(BookingState::Cancelled),
        _ => None,
    }
}
