//! Duffel: cash fares, priced by the airlines for the request (Flights API, offer requests).
//!
//! Facts of the wire are from the vendor's SDKs and their fixtures: bodies are wrapped in `data`; amounts are decimal strings in
//! major units, for the whole party; times are local without a zone. The status inside an error body is not the HTTP status.
//!
//! What the vendor's own sample of a price tells: 45.00 in all, of which 30.20 are the fare and 40.80 taxes. So the two need not come to the
//! total, in either direction, and taxes are known only where they do. But neither is more than the total: one that is sets its offer aside.
//!
//! An order is paid from the balance with Duffel (`instant`), or held until it is paid (`hold`), which the offer must allow. Duffel takes
//! no key of idempotency: our reference stands in the order's metadata, and orders are looked through for it by the name of a traveller.
//!
//! What is held is paid from the balance too, at the order's latest price. A cancellation is quoted first, as a pending one that has an id of
//! its own, and is done when that is confirmed: only the latest one of an order can be, and only for as long as it says.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use domain::{
    flights::{Cabin, Carrier, Fare, FareClass, FlightOffer, Freshness, Segment, SourceId, Tier, Untrusted, elapsed_minutes},
    money::{Currency, Money},
    places::Airport,
    search::{SearchQuery, SourceOutcome},
};
use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, ready},
    stream,
};
use http::{
    Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use jiff::{Span, Timestamp, civil::Date, fmt::temporal::SpanParser};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{json, value::RawValue};

use crate::{
    Asking, CashSource, Found, Sifted, SourceError,
    calls::Calls,
    error::nothing_unless_refused,
    read::{decimal, flight_number, local_time, reference, secret_header, seen_at, source_id},
};

mod desk;

pub use desk::{is_offer, parse_cancel_quote, parse_confirmed, parse_order, parse_orders, parse_payment, parse_price};

/// Its id, as functions declare it.
pub const SOURCE: &str = "duffel";
/// Where it is.
pub const BASE: &str = "https://api.duffel.com";
/// The version of the API that is spoken, as the vendor's SDKs send it.
pub const VERSION: &str = "v2";
/// The most days one search asks for. The vendor expects one booking in 1,500 searches.
pub const CASH_DAYS_PER_SEARCH: usize = 7;
/// The most calls of one search: each asks for one origin, destination, day and cabin.
pub const MAX_CALLS: usize = 24;

/// Calls under way at once.
const AT_ONCE: usize = 4;
/// How long Duffel may wait for an airline, in milliseconds: less than we wait for Duffel, so that slow airlines are left out of
/// an answer instead of costing it. (`supplier_timeout` as public clients send it; not checked against the vendor.)
const SUPPLIER_TIMEOUT: u32 = 8_000;

/// The adapter, with one tenant's token.
#[derive(Debug)]
pub struct Duffel {
    id: SourceId,
    base: String,
    token: SecretString,
}

/// What one call asks for.
#[derive(Clone, Copy)]
struct Ask {
    day: Date,
    cabin: Cabin,
    origin: Airport,
    destination: Airport,
}

impl Duffel {
    /// At this base URL ([`BASE`], or one that plays recordings), with this token.
    pub fn new(base: &str, token: SecretString) -> Self {
        Self { id: source_id(SOURCE), base: base.trim_end_matches('/').to_owned(), token }
    }

    /// Asks until all is answered or one call fails: what one call meets (a limit, an outage, a bad token), the next would
    /// meet too. Those that are under way then are waited for: they were made, and may bring something.
    async fn search(&self, asking: &Asking<'_>, query: &SearchQuery, days: &[Date]) -> Found {
        let calls = Calls::by(asking, SOURCE, "offer-requests");
        let days = days.get(..CASH_DAYS_PER_SEARCH).unwrap_or(days);
        let mut asks = asks(query, days);
        let all_asked = asks.len() <= MAX_CALLS && every_day(query).all(|day| days.contains(&day));
        asks.truncate(MAX_CALLS);

        let (mut sifted, mut answered, mut error) = (Sifted::default(), 0, None);
        let failed = AtomicBool::new(false);
        let note = |answer: &Result<Sifted, SourceError>| _ = failed.fetch_or(answer.is_err(), Ordering::Relaxed);
        let asks = stream::iter(asks).take_while(|_| ready(!failed.load(Ordering::Relaxed)));
        let mut answers = Box::pin(asks.map(|ask| self.ask(&calls, query, ask).inspect(note)).buffered(AT_ONCE));
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(offers) => {
                    sifted.join(offers);
                    answered += 1;
                }
                Err(cause) => error = error.or(Some(cause)),
            }
        }
        drop(answers);

        let outcome = match (&error, answered) {
            (Some(_), 0) => SourceOutcome::Failed,
            (None, _) if all_asked => SourceOutcome::Complete,
            (Some(_) | None, _) => SourceOutcome::Partial,
        };
        let Sifted { offers, set_aside, .. } = sifted;
        Found { source: self.id.clone(), offers, set_aside, calls: calls.made(), outcome, error }
    }

    async fn ask(&self, calls: &Calls<'_>, query: &SearchQuery, ask: Ask) -> Result<Sifted, SourceError> {
        let body = calls.send(self.request(query, ask)?).await?;
        parse_offer_request(&body, query, calls.now)
    }

    fn request(&self, query: &SearchQuery, ask: Ask) -> Result<Request<Bytes>, SourceError> {
        let body = json!({"data": {
            "slices": [{"origin": ask.origin.code(), "destination": ask.destination.code(), "departure_date": ask.day.to_string()}],
            "passengers": vec![json!({"type": "adult"}); query.travellers().into()],
            "cabin_class": cabin_class(ask.cabin),
        }});
        self.post(&format!("/air/offer_requests?return_offers=true&supplier_timeout={SUPPLIER_TIMEOUT}"), body.to_string())
    }

    fn get(&self, path: &str) -> Result<Request<Bytes>, SourceError> {
        self.with_headers(Request::get(format!("{}{path}", self.base)), Bytes::new())
    }

    fn post(&self, path: &str, body: impl Into<Bytes>) -> Result<Request<Bytes>, SourceError> {
        self.with_headers(Request::post(format!("{}{path}", self.base)), body.into())
    }

    fn with_headers(&self, request: http::request::Builder, body: Bytes) -> Result<Request<Bytes>, SourceError> {
        request
            .header(AUTHORIZATION, secret_header(&format!("Bearer {}", self.token.expose_secret()))?)
            .header("Duffel-Version", VERSION)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|_| SourceError::Unreachable)
    }
}

impl CashSource for Duffel {
    /// Only the first [`CASH_DAYS_PER_SEARCH`] days are asked for. The outcome is complete when these are all of the
    /// question's days: else an absent fare says nothing.
    fn fares<'a>(&'a self, asking: &'a Asking<'a>, query: &'a SearchQuery, days: &'a [Date]) -> BoxFuture<'a, Found> {
        Box::pin(self.search(asking, query, days))
    }
}

/// One ask for each day, cabin, origin and destination, day by day: a cap then costs the last days.
fn asks(query: &SearchQuery, days: &[Date]) -> Vec<Ask> {
    let mut asks = Vec::new();
    for &day in days {
        for &cabin in query.cabins() {
            for &origin in query.origins() {
                asks.extend(query.destinations().iter().map(|&destination| Ask { day, cabin, origin, destination }));
            }
        }
    }
    asks
}

fn every_day(query: &SearchQuery) -> impl Iterator<Item = Date> {
    let (first, last) = query.days();
    first.series(Span::new().days(1)).take_while(move |day| *day <= last)
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: OfferRequest<'a>,
}

#[derive(Deserialize)]
struct OfferRequest<'a> {
    #[serde(borrow)]
    offers: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Offer {
    id: String,
    total_amount: Option<String>,
    base_amount: Option<String>,
    tax_amount: Option<String>,
    total_currency: Option<String>,
    base_currency: Option<String>,
    tax_currency: Option<String>,
    created_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    slices: Vec<Slice>,
    passengers: Option<Vec<IgnoredAny>>,
}

/// Any body: Duffel wraps all of them.
#[derive(Debug, Deserialize)]
struct Wrapped<T> {
    data: T,
}

#[derive(Deserialize)]
struct Slice {
    origin: Option<Coded>,
    destination: Option<Coded>,
    duration: Option<String>,
    segments: Vec<OfferSegment>,
}

#[derive(Deserialize)]
struct OfferSegment {
    origin: Option<Coded>,
    destination: Option<Coded>,
    departing_at: Option<String>,
    arriving_at: Option<String>,
    duration: Option<String>,
    marketing_carrier: Coded,
    marketing_carrier_flight_number: String,
    operating_carrier: Option<Coded>,
    passengers: Option<Vec<SegmentPassenger>>,
}

/// A place or a carrier, of which only the code is read.
#[derive(Deserialize)]
struct Coded {
    iata_code: Option<String>,
}

#[derive(Deserialize)]
struct SegmentPassenger {
    cabin_class: Option<String>,
    fare_basis_code: Option<String>,
}

/// Reads the answer to an offer request.
///
/// # Errors
/// [`SourceError::Malformed`] if the envelope is not what was agreed, [`SourceError::Rejected`] for a refusal that came as a success. A
/// bad offer only sets itself aside.
pub fn parse_offer_request<'q>(
    body: &[u8],
    query: impl Into<Option<&'q SearchQuery>>,
    now: Timestamp,
) -> Result<Sifted, SourceError> {
    let Envelope { data } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    if data.offers.is_empty() {
        nothing_unless_refused(body)?;
    }
    Ok(sifted(&data.offers, query.into(), now))
}

/// Reads a list of offers.
///
/// # Errors
/// [`SourceError::Malformed`] if the envelope is not what was agreed, [`SourceError::Rejected`] for a refusal that came as a success. A
/// bad offer only sets itself aside.
pub fn parse_offers<'q>(body: &[u8], query: impl Into<Option<&'q SearchQuery>>, now: Timestamp) -> Result<Sifted, SourceError> {
    let Wrapped { data } = serde_json::from_slice::<Wrapped<Vec<&RawValue>>>(body).map_err(|_| SourceError::Malformed)?;
    if data.is_empty() {
        nothing_unless_refused(body)?;
    }
    Ok(sifted(&data, query.into(), now))
}

/// Reads one offer, priced anew.
///
/// # Errors
/// [`SourceError::Malformed`] if the envelope is not what was agreed. A bad offer sets itself aside.
pub fn parse_offer<'q>(body: &[u8], query: impl Into<Option<&'q SearchQuery>>, now: Timestamp) -> Result<Sifted, SourceError> {
    let Wrapped { data } = serde_json::from_slice::<Wrapped<&RawValue>>(body).map_err(|_| SourceError::Malformed)?;
    Ok(sifted(&[data], query.into(), now))
}

fn sifted(offers: &[&RawValue], query: Option<&SearchQuery>, now: Timestamp) -> Sifted {
    let mut sifted = Sifted::default();
    for raw in offers {
        sifted.take_record(raw, query, |raw| offer(raw, query.map(SearchQuery::travellers), now));
    }
    sifted
}

fn offer(raw: Offer, travellers: Option<u8>, now: Timestamp) -> Result<FlightOffer, Untrusted> {
    // Without a question those whom the offer is for are the party.
    let party = raw.passengers.as_ref().and_then(|passengers| u8::try_from(passengers.len()).ok());
    let travellers = travellers.or(party).ok_or(Untrusted::Form)?;
    let (of_all, share) = (total(&raw)?, |of_all: Money| of_all.share_of(travellers).map_err(|_| Untrusted::Form));
    let fare = Fare::Cash { total: share(of_all)?, taxes: taxes(&raw, of_all)?.map(share).transpose()? };
    // One way was asked for, so there is one slice.
    let [slice] = <[Slice; 1]>::try_from(raw.slices).map_err(|_| Untrusted::Flights)?;
    let segments: Vec<Segment> = slice.segments.iter().map(segment).collect::<Result<_, _>>()?;
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else { return Err(Untrusted::Flights) };
    let (cabin, mixed_cabin) = cabins(&slice.segments)?;

    let origin = first.origin.or(code(slice.origin.as_ref(), Untrusted::Airport)?).ok_or(Untrusted::Airport)?;
    let destination = last.destination.or(code(slice.destination.as_ref(), Untrusted::Airport)?).ok_or(Untrusted::Airport)?;
    let (departs, arrives) = (first.departs.ok_or(Untrusted::Form)?, last.arrives.ok_or(Untrusted::Form)?);
    let minutes = match &slice.duration {
        Some(stated) => minutes(stated)?,
        None => u32::try_from(elapsed_minutes((departs, origin), (arrives, destination))?).map_err(|_| Untrusted::Times)?,
    };
    let observed_at = seen_at(raw.created_at, now).unwrap_or(now);
    let offer = FlightOffer {
        reference: reference(raw.id)?,
        origin,
        destination,
        departs,
        arrives,
        minutes,
        cabin,
        mixed_cabin,
        segments,
        seats: None,
        fare,
        booking_link: None,
        valid_until: raw.expires_at,
        freshness: Freshness { source: source_id(SOURCE), observed_at, tier: Tier::Verified },
    };
    Ok(offer.as_of(now))
}

/// What the whole party pays.
fn total(raw: &Offer) -> Result<Money, Untrusted> {
    let (Some(amount), Some(currency)) = (&raw.total_amount, &raw.total_currency) else { return Err(Untrusted::Price) };
    if [&raw.base_currency, &raw.tax_currency].into_iter().flatten().any(|part| part != currency) {
        return Err(Untrusted::Currencies);
    }
    let total = money(amount, currency)?;
    if total.is_asked() { Ok(total) } else { Err(Untrusted::Price) }
}

/// What of a total are taxes: unknown, unless they and the fare come to it. A part below zero or above the total is a lie.
fn taxes(raw: &Offer, total: Money) -> Result<Option<Money>, Untrusted> {
    let part = |amount: &Option<String>| money(amount.as_deref()?, raw.total_currency.as_deref()?).ok();
    let (base, taxes) = (part(&raw.base_amount), part(&raw.tax_amount));
    if [base, taxes].into_iter().flatten().any(Money::is_negative) {
        return Err(Untrusted::Price);
    }
    if [base, taxes].into_iter().flatten().any(|part| part.amount() > total.amount()) {
        return Err(Untrusted::Sums);
    }
    let come_to_it = base.zip(taxes).is_some_and(|(base, taxes)| base.plus(taxes) == Ok(total));
    Ok(taxes.filter(|_| come_to_it))
}

fn money(amount: &str, currency: &str) -> Result<Money, Untrusted> {
    let currency: Currency = currency.parse().map_err(|_| Untrusted::Form)?;
    Money::new(decimal(amount)?, currency).map_err(|_| Untrusted::Form)
}

fn segment(raw: &OfferSegment) -> Result<Segment, Untrusted> {
    let carrier = raw.marketing_carrier.iata_code.as_deref().ok_or(Untrusted::Form)?;
    Ok(Segment {
        flight: flight_number(carrier, &raw.marketing_carrier_flight_number)?,
        operated_by: code::<Carrier>(raw.operating_carrier.as_ref(), Untrusted::Form)?,
        origin: code(raw.origin.as_ref(), Untrusted::Airport)?,
        destination: code(raw.destination.as_ref(), Untrusted::Airport)?,
        departs: raw.departing_at.as_deref().map(local_time).transpose()?,
        arrives: raw.arriving_at.as_deref().map(local_time).transpose()?,
        cabin: cabin(raw)?,
        fare_class: fare_class(raw),
    })
}

/// The code of something that may be unnamed; a code that we can't read is no trifle.
fn code<T: std::str::FromStr>(coded: Option<&Coded>, unreadable: Untrusted) -> Result<Option<T>, Untrusted> {
    coded.and_then(|coded| coded.iata_code.as_deref()).map(|code| code.parse().map_err(|_| unreadable)).transpose()
}

/// What Duffel calls a cabin, when it is asked.
pub fn cabin_class(cabin: Cabin) -> &'static str {
    match cabin {
        Cabin::Economy => "economy",
        Cabin::PremiumEconomy => "premium_economy",
        Cabin::Business => "business",
        Cabin::First => "first",
    }
}

/// The cabin of a segment: the plainest that one of the party sits in.
fn cabin(segment: &OfferSegment) -> Result<Option<Cabin>, Untrusted> {
    let named = segment.passengers.iter().flatten().filter_map(|passenger| passenger.cabin_class.as_deref());
    let read = |name| Cabin::called(name).ok_or(Untrusted::Cabin);
    named.map(read).try_fold(None, |plainest: Option<Cabin>, cabin| {
        cabin.map(|cabin| Some(plainest.map_or(cabin, |plainest| plainest.min(cabin))))
    })
}

/// The class of the fare: unknown, unless it is the same for all of the party.
fn fare_class(segment: &OfferSegment) -> Option<FareClass> {
    let mut classes = segment.passengers.iter().flatten().map(|passenger| passenger.fare_basis_code.as_deref());
    let first = classes.next()??;
    classes.all(|class| class == Some(first)).then(|| first.parse().ok())?
}

/// The cabin of the longest segment, and whether another one is in a lower cabin. In between, Duffel can leave times and
/// cabins out: that is no matter as long as all cabins that are named are the same.
fn cabins(segments: &[OfferSegment]) -> Result<(Cabin, Option<bool>), Untrusted> {
    let mut parts = Vec::with_capacity(segments.len());
    for segment in segments {
        parts.push((cabin(segment)?, segment.duration.as_deref().map(minutes).transpose()?));
    }
    let named: Vec<Cabin> = parts.iter().filter_map(|(cabin, _)| *cabin).collect();
    let every_one_named = named.len() == parts.len();
    let (Some(plainest), Some(best)) = (named.iter().min(), named.iter().max()) else { return Err(Untrusted::Cabin) };
    if plainest == best {
        return Ok((*best, every_one_named.then_some(false)));
    }
    if !every_one_named || parts.iter().any(|(_, minutes)| minutes.is_none()) {
        return Err(Untrusted::Cabin);
    }
    let longest = parts.iter().max_by_key(|(_, minutes)| *minutes).and_then(|(cabin, _)| *cabin).ok_or(Untrusted::Cabin)?;
    Ok((longest, Some(*plainest < longest)))
}

/// Reads what ISO 8601 writes, and none of the ways in which people do.
const DURATIONS: SpanParser = SpanParser::new();

/// A duration as ISO 8601 writes it, such as `PT15H50M` or `P1DT2H`, in minutes. A day has 24 hours; longer units can't be.
fn minutes(text: &str) -> Result<u32, Untrusted> {
    let span = DURATIONS.parse_span(text).map_err(|_| Untrusted::Form)?;
    if span.get_years() != 0 || span.get_months() != 0 || span.get_weeks() != 0 {
        return Err(Untrusted::Form);
    }
    let minutes = (i64::from(span.get_days()) * 24 + i64::from(span.get_hours()))
        .checked_mul(60)
        .and_then(|minutes| minutes.checked_add(span.get_minutes()));
    minutes.and_then(|minutes| u32::try_from(minutes).ok()).ok_or(Untrusted::Form)
}
