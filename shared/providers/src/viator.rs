//! Viator Partner API 2.0: activities.
//!
//! Facts of the wire are from the vendor's OpenAPI document: the version stands in `Accept`; amounts are JSON numbers in major
//! units; the price of a search is the lowest of the coming year ("from"), that of an availability check is for the party and
//! the day. The link to book by is the vendor's own and is handed on as it is.
//!
//! Merchants, who are invoiced, book by the API; affiliates don't, or only with a payment that the guest makes in the vendor's own form:
//! they are refused as forbidden. Our reference is unique there: the same one books once, and finds what was booked. What a product asks of
//! its travellers beyond their names is not answered, and it is refused.
//!
//! A price is that of a day and a party, which the reference of an offer does not say: it is checked when it is booked, and in no other
//! way. Nothing is held to be paid later. A cancellation wants one of the vendor's reasons.

use bytes::Bytes;
use domain::{
    activities::{ActivityOffer, ActivityQuery, Minutes, PricedFor, Rating},
    cancellation::{Cancellation, Deadline, Penalty, Step},
    flights::{SourceId, Tier, Untrusted},
    money::Money,
};
use futures::future::BoxFuture;
use http::{
    Request,
    header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_TYPE},
};
use jiff::{
    Timestamp,
    civil::{Date, Time},
};
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json, value::RawValue};

use crate::{
    ActivitySource, Asking, Booked, BookingError, BookingRequest, BookingState, CancelQuote, Desk, Found, Says, Sifted,
    SourceError,
    booking::{Bookable, Payment, Traveller},
    calls::{Bookings, Calls, Page, Paged, search, unless_unknown},
    error::{is_code, nothing_unless_refused},
    read::{Amount, currency, encoded, fresh, label, link, reference, secret_header, source_id},
};

/// Its id, as functions declare it.
pub const SOURCE: &str = "viator";
/// Where it is.
pub const BASE: &str = "https://api.viator.com/partner";
/// The most pages of one search.
pub const MAX_PAGES: u32 = 5;
/// Products a page: the most the vendor allows.
const PAGE: u32 = 50;

/// The adapter, with one tenant's key.
#[derive(Debug)]
pub struct Viator {
    id: SourceId,
    base: String,
    key: SecretString,
}

impl Viator {
    /// At this base URL ([`BASE`], or one that plays recordings), with this key.
    pub fn new(base: &str, key: SecretString) -> Self {
        Self { id: source_id(SOURCE), base: base.trim_end_matches('/').to_owned(), key }
    }

    fn get(&self, path: &str) -> Result<Request<Bytes>, SourceError> {
        self.request(Request::get(format!("{}{path}", self.base)), Bytes::new())
    }

    fn post(&self, path: &str, body: &Value) -> Result<Request<Bytes>, SourceError> {
        self.request(
            Request::post(format!("{}{path}", self.base)).header(CONTENT_TYPE, "application/json"),
            body.to_string().into(),
        )
    }

    fn request(&self, request: http::request::Builder, body: Bytes) -> Result<Request<Bytes>, SourceError> {
        let request = request
            .header("exp-api-key", secret_header(self.key.expose_secret())?)
            .header(ACCEPT, "application/json;version=2.0")
            .header(ACCEPT_LANGUAGE, "en-US")
            .header(ACCEPT_ENCODING, "gzip");
        request.body(body).map_err(|_| SourceError::Unreachable)
    }
}

impl ActivitySource for Viator {
    fn activities<'a>(&'a self, asking: &'a Asking<'a>, query: &'a ActivityQuery) -> BoxFuture<'a, Found<ActivityOffer>> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "search-freetext");
            search(&calls, &self.id, &Search { adapter: self, query }, 1, MAX_PAGES).await
        })
    }
}

impl Viator {
    /// Asks what the day costs, and books it.
    async fn booking(&self, asking: &Asking<'_>, request: &BookingRequest) -> Result<Booked, BookingError> {
        let Bookable::Activity { product, option, day, starts } = &request.item else { return Err(BookingError::not_offered()) };
        if request.payment != Payment::Account {
            return Err(BookingError::not_offered());
        }
        let mut body = json!({
            "productCode": product,
            "travelDate": day,
            "currency": request.price.currency(),
            "paxMix": [{"ageBand": "ADULT", "numberOfTravelers": request.travellers().len()}],
        });
        let calls = Calls::by(asking, SOURCE, "availability-check");
        let asked = self.post("/availability/check", &body).map_err(BookingError::Refused)?;
        let answer = calls.send(asked).await.map_err(BookingError::Refused)?;
        let found = parse_availability(&answer, None, calls.now).map_err(BookingError::Refused)?;
        let wanted = |offer: &ActivityOffer| offer.option == *option && offer.starts == *starts && offer.day == Some(*day);
        let offer = found.offers.into_iter().find(wanted).ok_or(BookingError::Gone)?;
        request.agrees(offer.price)?;
        if let Some(option) = option {
            body["productOptionCode"] = json!(option);
        }
        if let Some(starts) = starts {
            body["startTime"] = json!(starts.strftime("%H:%M").to_string());
        }
        add_party(&mut body, request);
        let post = self.post("/bookings/book", &body).map_err(BookingError::Refused)?;
        Calls::of_booking(asking, SOURCE, "bookings-book").book(post, &[], |answer| parse_book(answer.body())).await
    }
}

/// Why a booking is cancelled, by the vendor's code (`/bookings/cancel-reasons`): who asks us does not say why.
const REASON: &str = "Customer_Service.I_canceled_my_entire_trip";

/// Says who books, and who comes along.
fn add_party(body: &mut Value, request: &BookingRequest) {
    body["partnerBookingRef"] = json!(request.reference);
    let (lead, contact) = (&request.lead, &request.contact);
    body["bookerInfo"] = json!({"firstName": lead.given_name.told(), "lastName": lead.family_name.told()});
    body["communication"] = json!({"email": contact.email.told(), "phone": contact.phone.told().to_string()});
    let answers = |(number, traveller): (usize, &Traveller)| {
        let answer = |question: &str, answer: &str| json!({"question": question, "answer": answer, "travelerNum": number});
        [
            answer("AGEBAND", "ADULT"),
            answer("FULL_NAMES_LAST", traveller.family_name.told()),
            answer("FULL_NAMES_FIRST", traveller.given_name.told()),
        ]
    };
    body["bookingQuestionAnswers"] = (1..).zip(request.travellers()).flat_map(answers).collect();
}

impl Desk for Viator {
    /// An activity on a day, for adults.
    fn book<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> Says<'a, Booked, BookingError> {
        Box::pin(self.booking(asking, request))
    }

    /// By our reference.
    fn find<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> Says<'a, Option<Booked>> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "bookings-status");
            let ask = |_: Option<&str>| self.post("/bookings/status", &json!({"partnerBookingRef": request.reference}));
            let read = |body: &[u8]| Ok(Bookings { bookings: vec![parse_booking(body)?], next: None });
            unless_unknown(calls.find(&request.reference, ask, read).await)
        })
    }

    fn status<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> Says<'a, Booked> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "bookings-status");
            parse_booking(&calls.send(self.post("/bookings/status", &json!({"bookingRef": booking}))?).await?)
        })
    }

    fn cancel_quote<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> Says<'a, CancelQuote> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "cancel-quote");
            parse_cancel_quote(&calls.send(self.get(&format!("/bookings/{}/cancel-quote", encoded(booking)))?).await?)
        })
    }

    fn cancel<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> Says<'a, ()> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "bookings-cancel");
            let post = self.post(&format!("/bookings/{}/cancel", encoded(booking)), &json!({"reasonCode": REASON}))?;
            parse_cancel(calls.send_once(post).await?.body())
        })
    }
}

struct Search<'a> {
    adapter: &'a Viator,
    query: &'a ActivityQuery,
}

impl Paged for Search<'_> {
    type Offer = ActivityOffer;
    /// The number of the first product, counted from one.
    type At = u32;

    fn request(&self, at: &u32, _: Timestamp) -> Result<Request<Bytes>, SourceError> {
        let (first, last) = self.query.days();
        let body = json!({
            "searchTerm": self.query.place(),
            "productFiltering": {"dateRange": {"from": first, "to": last}},
            "searchTypes": [{"searchType": "PRODUCTS", "pagination": {"start": at, "count": PAGE}}],
            "currency": self.query.currency(),
        });
        self.adapter.post("/search/freetext", &body)
    }

    fn page(&self, body: &[u8], at: &u32, now: Timestamp) -> Result<Page<ActivityOffer, u32>, SourceError> {
        let (sifted, total) = parse_products(body, self.query, now)?;
        Ok(Page { sifted, next: Some(at + PAGE).filter(|next| *next <= total) })
    }
}

/// Products, as a search by filters or by text lists them.
#[derive(Deserialize)]
struct Products<'a> {
    #[serde(borrow)]
    products: Listing<'a>,
    #[serde(rename = "totalCount")]
    total: Option<u32>,
}

/// A list (search by filters), or an object with one (search by text). Not told apart by serde, which would not keep the raw texts.
struct Listing<'a> {
    results: Vec<&'a RawValue>,
    total: Option<u32>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Listing<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct ByText<'a> {
            #[serde(borrow)]
            results: Vec<&'a RawValue>,
            #[serde(rename = "totalCount")]
            total: Option<u32>,
        }
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        let read = if raw.starts_with('[') {
            serde_json::from_str(raw).map(|results| Self { results, total: None })
        } else {
            serde_json::from_str::<ByText<'a>>(raw).map(|ByText { results, total }| Self { results, total })
        };
        read.map_err(|_| serde::de::Error::custom("a list of products"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    product_code: String,
    title: Option<String>,
    reviews: Option<Reviews>,
    duration: Option<Duration>,
    pricing: Option<Pricing>,
    product_url: Option<String>,
    flags: Option<Vec<String>>,
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reviews {
    total_reviews: Option<u32>,
    combined_average_rating: Option<Amount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Duration {
    fixed_duration_in_minutes: Option<u32>,
    variable_duration_from_minutes: Option<u32>,
    variable_duration_to_minutes: Option<u32>,
}

#[derive(Deserialize)]
struct Pricing {
    summary: Summary,
    currency: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    from_price: Option<Amount>,
}

/// Reads the products of a search, and how many there are in all.
///
/// # Errors
/// [`SourceError::Malformed`] if the envelope is not what was agreed, [`SourceError::Rejected`] for a refusal that came as a success. A
/// bad product only sets itself aside.
pub fn parse_products<'q>(
    body: &[u8],
    query: impl Into<Option<&'q ActivityQuery>>,
    now: Timestamp,
) -> Result<(Sifted<ActivityOffer>, u32), SourceError> {
    let query = query.into();
    let Products { products, total } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    if products.results.is_empty() {
        nothing_unless_refused(body)?;
    }
    let mut sifted = Sifted::default();
    for raw in &products.results {
        sifted.take_record(raw, query, |product| offer(product, now));
    }
    Ok((sifted, total.or(products.total).unwrap_or(0)))
}

fn offer(product: Product, now: Timestamp) -> Result<ActivityOffer, Untrusted> {
    if product.status.as_deref().is_some_and(|status| status == "INACTIVE") {
        return Err(Untrusted::Gone);
    }
    let pricing = product.pricing.ok_or(Untrusted::Price)?;
    let price = pricing.summary.from_price.ok_or(Untrusted::Price)?.money(currency(&pricing.currency)?)?;
    let flagged = |name: &str| product.flags.iter().flatten().any(|flag| flag == name);
    Ok(ActivityOffer {
        title: product.title.as_deref().and_then(label),
        minutes: product.duration.as_ref().and_then(minutes),
        // Until when it is free stands in the product's own terms.
        cancellation: flagged("FREE_CANCELLATION").then(|| Cancellation {
            refundable: Some(true),
            free_until: None,
            steps: vec![],
        }),
        rating: product.reviews.and_then(rating),
        booking_link: link(product.product_url),
        ..plain(reference(product.product_code)?, price, Tier::LeadIn, now)
    })
}

/// Reads the description of one product. What it costs stands elsewhere: without a price it is no offer, and is set aside for that.
///
/// # Errors
/// [`SourceError::Malformed`] if it is no product.
pub fn parse_product<'q>(
    body: &[u8],
    query: impl Into<Option<&'q ActivityQuery>>,
    now: Timestamp,
) -> Result<Sifted<ActivityOffer>, SourceError> {
    #[derive(Deserialize)]
    struct Coded {
        #[serde(rename = "productCode")]
        _code: IgnoredAny,
    }
    let raw: &RawValue = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let Coded { .. } = serde_json::from_str(raw.get()).map_err(|_| SourceError::Malformed)?;
    let mut sifted = Sifted::default();
    sifted.take_record(raw, query.into(), |product| offer(product, now));
    Ok(sifted)
}

/// An offer of which only the price is known.
fn plain(reference: String, price: Money, tier: Tier, now: Timestamp) -> ActivityOffer {
    ActivityOffer {
        reference,
        option: None,
        title: None,
        day: None,
        starts: None,
        minutes: None,
        position: None,
        price,
        priced_for: None,
        extra: None,
        cancellation: None,
        rating: None,
        booking_link: None,
        freshness: fresh(SOURCE, now, tier),
    }
}

fn minutes(duration: &Duration) -> Option<Minutes> {
    let fixed = duration.fixed_duration_in_minutes.map(|minutes| Minutes { least: minutes, most: minutes });
    fixed.or_else(|| {
        Some(Minutes { least: duration.variable_duration_from_minutes?, most: duration.variable_duration_to_minutes? })
    })
}

/// The mean to two decimals: the vendor's has as many as a float has. No reviews are no rating.
fn rating(reviews: Reviews) -> Option<Rating> {
    let (mean, count) = (reviews.combined_average_rating?.0, reviews.total_reviews?);
    (count > 0).then(|| Rating { mean: mean.round_dp(2).normalize(), count })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Availability<'a> {
    currency: String,
    product_code: String,
    travel_date: Date,
    #[serde(borrow)]
    bookable_items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    product_option_code: Option<String>,
    start_time: Option<String>,
    available: bool,
    total_price: Option<Priced>,
    extra_charges_summary: Option<Extra>,
}

#[derive(Deserialize)]
struct Priced {
    price: Prices,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Prices {
    recommended_retail_price: Option<Amount>,
}

#[derive(Deserialize)]
struct Extra {
    mandatory: Option<Mandatory>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mandatory {
    total_extra_charges: Amount,
}

/// Reads an availability check: an offer for each way to do it that day. The price is what a traveller pays, not what we would.
///
/// # Errors
/// [`SourceError::Malformed`] if the envelope is not what was agreed, [`SourceError::Rejected`] for a refusal that came as a success. A
/// bad item only sets itself aside.
pub fn parse_availability<'q>(
    body: &[u8],
    query: impl Into<Option<&'q ActivityQuery>>,
    now: Timestamp,
) -> Result<Sifted<ActivityOffer>, SourceError> {
    let query = query.into();
    let all: Availability<'_> = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    if all.bookable_items.is_empty() {
        nothing_unless_refused(body)?;
    }
    let mut sifted = Sifted::default();
    for raw in &all.bookable_items {
        sifted.take_record(raw, query, |item| bookable(item, &all, now));
    }
    Ok(sifted)
}

fn bookable(item: Item, all: &Availability<'_>, now: Timestamp) -> Result<ActivityOffer, Untrusted> {
    if !item.available {
        return Err(Untrusted::Gone);
    }
    let currency = currency(&all.currency)?;
    let price = item.total_price.and_then(|total| total.price.recommended_retail_price).ok_or(Untrusted::Price)?;
    let extra = item.extra_charges_summary.and_then(|extra| extra.mandatory);
    let starts =
        item.start_time.as_deref().map(|text| Time::strptime("%H:%M", text).map_err(|_| Untrusted::Times)).transpose()?;
    Ok(ActivityOffer {
        option: item.product_option_code.map(reference).transpose()?,
        day: Some(all.travel_date),
        starts,
        priced_for: Some(PricedFor::Party),
        extra: extra.map(|extra| extra.total_extra_charges.money(currency)).transpose()?,
        ..plain(reference(all.product_code.clone())?, price.money(currency)?, Tier::Verified, now)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Schedule {
    product_code: String,
    currency: String,
    summary: Summary,
}

/// Reads a schedule: of its many prices the lowest, which the vendor sums it up with.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_schedule<'q>(
    body: &[u8],
    query: impl Into<Option<&'q ActivityQuery>>,
    now: Timestamp,
) -> Result<Sifted<ActivityOffer>, SourceError> {
    let Schedule { product_code, currency: code, summary } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let read = || {
        let price = summary.from_price.ok_or(Untrusted::Price)?.money(currency(&code)?)?;
        Ok(plain(reference(product_code)?, price, Tier::LeadIn, now))
    };
    let mut sifted = Sifted::default();
    sifted.take(read(), query.into());
    Ok(sifted)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Booking {
    status: String,
    booking_ref: String,
    currency: Option<String>,
    total_price: Option<Priced>,
    cancellation_policy: Option<Policy>,
    partner_booking_ref: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    refund_eligibility: Option<Vec<Refund>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refund {
    percentage_refundable: Amount,
    start_timestamp: Option<Timestamp>,
    end_timestamp: Option<Timestamp>,
}

/// Reads how far a booking is.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_booking(body: &[u8]) -> Result<Booked, SourceError> {
    let booking: Booking = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let stated = booking.total_price.and_then(|total| total.price.recommended_retail_price).zip(booking.currency);
    let total = stated.map(|(amount, code)| amount.money(currency(&code)?)).transpose().map_err(|_| SourceError::Malformed)?;
    let state = match booking.status.as_str() {
        "CONFIRMED" => Some(BookingState::Confirmed),
        "PENDING" | "IN_PROGRESS" | "ON_HOLD" => Some(BookingState::Pending),
        "CANCELLED" | "CANCELED" => Some(BookingState::Cancelled),
        "REJECTED" | "FAILED" => Some(BookingState::Rejected),
        _ => None,
    };
    let cancellation = booking.cancellation_policy.map(cancellation).filter(|terms| terms.trusted().is_ok());
    let reference = reference(booking.booking_ref).map_err(|_| SourceError::Malformed)?;
    Ok(Booked {
        state,
        total,
        status_by: Some(reference.clone()),
        cancel_by: Some(reference.clone()),
        pay_by: None,
        cancellation,
        ours: booking.partner_booking_ref,
        reference,
    })
}

/// Reads what became of a booking: a refusal comes as a success.
fn parse_book(body: &[u8]) -> Result<Booked, BookingError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Outcome {
        status: Option<String>,
        rejection_reason_code: Option<String>,
    }
    let malformed = |_| BookingError::sent(SourceError::Malformed);
    let Outcome { status, rejection_reason_code: code } = serde_json::from_slice(body).map_err(malformed)?;
    let code = code.filter(|code| is_code(code));
    match (status.as_deref(), code.as_deref()) {
        (_, Some("BOOKABLE_ITEM_IS_NO_LONGER_AVAILABLE")) => Err(BookingError::Gone),
        (_, Some("DUPLICATE_BOOKING")) => Err(BookingError::OutcomeUnknown(SourceError::Rejected { status: 200, code })),
        (Some("REJECTED" | "FAILED"), _) => Err(BookingError::Refused(SourceError::Rejected { status: 200, code })),
        (_, _) => parse_booking(body).map_err(BookingError::sent),
    }
}

fn cancellation(policy: Policy) -> Cancellation {
    let refunds = policy.refund_eligibility.unwrap_or_default();
    let free = refunds.iter().find(|refund| refund.percentage_refundable.0 == Decimal::ONE_HUNDRED);
    let step = |refund: &Refund| Step {
        from: refund.start_timestamp.map(Deadline::At),
        until: refund.end_timestamp.map(Deadline::At),
        penalty: Penalty::Percent(Decimal::ONE_HUNDRED - refund.percentage_refundable.0),
    };
    Cancellation {
        refundable: (!refunds.is_empty()).then(|| refunds.iter().any(|refund| !refund.percentage_refundable.0.is_zero())),
        free_until: free.and_then(|refund| refund.end_timestamp).map(Deadline::At),
        steps: refunds.iter().map(step).collect(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Quote {
    booking_id: String,
    status: String,
    refund_details: Option<RefundDetails>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundDetails {
    refund_amount: Amount,
    currency_code: String,
}

/// Reads what cancelling would bring back.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_cancel_quote(body: &[u8]) -> Result<CancelQuote, SourceError> {
    let quote: Quote = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let refund = quote.refund_details.map(|details| details.refund_amount.money(currency(&details.currency_code)?));
    let refund = refund.transpose().map_err(|_| SourceError::Malformed)?;
    if refund.is_some_and(Money::is_negative) {
        return Err(SourceError::Malformed);
    }
    let reference = reference(quote.booking_id).map_err(|_| SourceError::Malformed)?;
    let possible = quote.status == "CANCELLABLE";
    Ok(CancelQuote { cancel_by: possible.then(|| reference.clone()), reference, possible, refund, until: None })
}

/// Reads what became of a cancellation: a refusal comes as a success.
///
/// # Errors
/// [`SourceError::Rejected`] if it is declined; [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_cancel(body: &[u8]) -> Result<(), SourceError> {
    #[derive(Deserialize)]
    struct Outcome {
        status: String,
        reason: Option<String>,
    }
    let Outcome { status, reason } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    match status.as_str() {
        "ACCEPTED" => Ok(()),
        "DECLINED" => Err(SourceError::Rejected { status: 200, code: reason.filter(|code| is_code(code)) }),
        _ => Err(SourceError::Malformed),
    }
}
