//! Travelpayouts (Aviasales data API): "from" prices that others found, two to seven days old. Hints, not fares to book.
//!
//! Facts of the wire are from the vendor's documentation repository: the envelope is `success`, `data`, `error`, `currency`; prices
//! are whole units of a currency, which is **roubles** unless another is asked for; times are UTC. Asked is the first version's
//! calendar (the cheapest for each day of a month); answers of the other methods of versions 1 and 2 are read as well.
//!
//! No search asks it, and awards are not valued by it. A price of the calendar is for the way out and the way back (`return_at`), in a
//! cabin that it does not name, of a day up to a week ago; an award that one searches for is one way, in a cabin, and checked today. Held
//! against such a price it would be worth what nobody can pay, and mostly too much: the verdict would flatter. What the prices are good
//! for is to say that a month is cheap, which no part of the product does yet. Its answers can be read again, and the adapter stands in
//! the contract suite, so that whoever needs them finds it working.

use bytes::Bytes;
use domain::{
    flights::{Cabin, SourceId, Tier, Untrusted, lead_ins::LeadInFare},
    money::Currency,
    places::{Airport, Place},
    search::SearchQuery,
};
use http::{Request, header::ACCEPT};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Asking, Found, Sifted, SourceError,
    calls::{Calls, Page, Paged, search},
    read::{Amount, currency, flight_number, fresh, link, secret_header, seen_at, source_id},
};

/// Its id, as functions declare it.
pub const SOURCE: &str = "travelpayouts";
/// Where it is.
pub const BASE: &str = "https://api.travelpayouts.com";
/// The most calls of one search: each asks for one origin, destination and month.
pub const MAX_CALLS: u32 = 24;

/// The currency that prices are asked for in.
const ASKED_CURRENCY: Currency = Currency::USD;
/// What prices are in when neither question nor answer names a currency, according to the vendor.
const DEFAULT_CURRENCY: &str = "RUB";

/// The adapter, with one tenant's token.
#[derive(Debug)]
pub struct Travelpayouts {
    id: SourceId,
    base: String,
    token: SecretString,
}

impl Travelpayouts {
    /// At this base URL ([`BASE`], or one that plays recordings), with this token.
    pub fn new(base: &str, token: SecretString) -> Self {
        Self { id: source_id(SOURCE), base: base.trim_end_matches('/').to_owned(), token }
    }

    /// The cheapest prices that were seen for the question.
    pub async fn lead_ins(&self, asking: &Asking<'_>, query: &SearchQuery) -> Found<LeadInFare> {
        let calls = Calls::by(asking, SOURCE, "calendar");
        search(&calls, &self.id, &Months { adapter: self, query, asks: asks(query) }, 0, MAX_CALLS).await
    }
}

/// One origin, destination and month.
struct Ask {
    origin: Airport,
    destination: Airport,
    month: Date,
}

fn asks(query: &SearchQuery) -> Vec<Ask> {
    let (first, last) = query.days();
    let mut asks = Vec::new();
    let months = first.first_of_month().series(jiff::Span::new().months(1)).take_while(|month| *month <= last);
    for month in months {
        for &origin in query.origins() {
            asks.extend(query.destinations().iter().map(|&destination| Ask { origin, destination, month }));
        }
    }
    asks
}

struct Months<'a> {
    adapter: &'a Travelpayouts,
    query: &'a SearchQuery,
    asks: Vec<Ask>,
}

impl Paged for Months<'_> {
    type Offer = LeadInFare;
    type At = usize;

    fn request(&self, at: &usize, _: Timestamp) -> Result<Request<Bytes>, SourceError> {
        let Ask { origin, destination, month } = self.asks.get(*at).ok_or(SourceError::NotOffered)?;
        let url = format!(
            "{}/v1/prices/calendar?origin={origin}&destination={destination}&depart_date={}&calendar_type=departure_date&currency={}",
            self.adapter.base,
            month.strftime("%Y-%m"),
            ASKED_CURRENCY.code().to_ascii_lowercase(),
        );
        let request = Request::get(url)
            .header(ACCEPT, "application/json")
            .header("Accept-Encoding", "gzip")
            .header("X-Access-Token", secret_header(self.adapter.token.expose_secret())?);
        request.body(Bytes::new()).map_err(|_| SourceError::Unreachable)
    }

    fn page(&self, body: &[u8], at: &usize, now: Timestamp) -> Result<Page<LeadInFare, usize>, SourceError> {
        let next = Some(at + 1).filter(|next| *next < self.asks.len());
        let between = self.asks.get(*at).map(|ask| (Place::Airport(ask.origin), Place::Airport(ask.destination)));
        Ok(Page { sifted: parse_prices(body, Some(self.query), between, now)?, next })
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    success: Option<bool>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    currency: Option<String>,
    #[serde(borrow)]
    prices: Option<Vec<&'a RawValue>>,
}

/// A price, of whichever method.
#[derive(Deserialize)]
struct Price {
    origin: Option<String>,
    destination: Option<String>,
    price: Option<Amount>,
    value: Option<Amount>,
    airline: Option<String>,
    flight_number: Option<Number>,
    departure_at: Option<Timestamp>,
    return_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    found_at: Option<Timestamp>,
    depart_date: Option<Date>,
    return_date: Option<Date>,
    transfers: Option<u8>,
    number_of_changes: Option<u8>,
    trip_class: Option<u8>,
    actual: Option<bool>,
    link: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Number(u32),
}

/// What stands under `data`: a list, or an object whose names are destinations, days or numbers of stops.
struct Listed<'a> {
    /// The names on the way to it, outermost first.
    names: Vec<String>,
    raw: &'a RawValue,
}

/// Reads the prices of any method. `between` is the route that was asked for, where the answer names none.
///
/// # Errors
/// [`SourceError::Malformed`] if the envelope is not what was agreed, [`SourceError::Rejected`] for a refusal that came as a
/// success. A bad price only sets itself aside.
pub fn parse_prices<'q>(
    body: &[u8],
    query: impl Into<Option<&'q SearchQuery>>,
    between: Option<(Place, Place)>,
    now: Timestamp,
) -> Result<Sifted<LeadInFare>, SourceError> {
    let query = query.into();
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let listed = match envelope {
        Envelope { success: Some(false), .. } => return Err(SourceError::Rejected { status: 200, code: None }),
        Envelope { data: Some(data), success: Some(true), .. } => listed(data).ok_or(SourceError::Malformed)?,
        Envelope { prices: Some(prices), .. } => prices.into_iter().map(|raw| Listed { names: vec![], raw }).collect(),
        Envelope { .. } => return Err(SourceError::Malformed),
    };
    let asked = query.map_or(DEFAULT_CURRENCY, |_| ASKED_CURRENCY.code());
    let named = envelope.currency.as_deref().unwrap_or(asked);
    let mut sifted = Sifted::default();
    for one in listed {
        sifted.take_record(one.raw, query, |price| {
            let fare = fare(price, &one.names, currency(named)?, between, now)?;
            // A search asks for what still holds; what was recorded is read whenever that is.
            let is_past = query.is_some() && fare.valid_until.is_some_and(|until| until <= now);
            if is_past { Err(Untrusted::Gone) } else { Ok(fare) }
        });
    }
    Ok(sifted)
}

/// The prices under `data`, at most two names deep.
fn listed(data: &RawValue) -> Option<Vec<Listed<'_>>> {
    type Named<'a> = std::collections::BTreeMap<String, &'a RawValue>;
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(data.get()) {
        return Some(list.into_iter().map(|raw| Listed { names: vec![], raw }).collect());
    }
    let mut all = Vec::new();
    for (outer, raw) in serde_json::from_str::<Named<'_>>(data.get()).ok()? {
        // By stops: every name inside is a number.
        match serde_json::from_str::<Named<'_>>(raw.get()) {
            Ok(inner) if !inner.is_empty() && inner.keys().all(|name| name.parse::<u8>().is_ok()) => {
                all.extend(inner.into_iter().map(|(name, raw)| Listed { names: vec![outer.clone(), name], raw }));
            }
            Ok(_) | Err(_) => all.push(Listed { names: vec![outer], raw }),
        }
    }
    Some(all)
}

fn fare(
    price: Price,
    names: &[String],
    currency: Currency,
    between: Option<(Place, Place)>,
    now: Timestamp,
) -> Result<LeadInFare, Untrusted> {
    if price.actual == Some(false) {
        return Err(Untrusted::Gone);
    }
    let place = |code: Option<&str>| code.map(|code| code.parse::<Place>().map_err(|_| Untrusted::Airport)).transpose();
    // A name in the place of a destination is a code of three letters; days and months have digits.
    let keyed = names.first().map(String::as_str).filter(|name| name.len() == 3);
    let origin = place(price.origin.as_deref())?.or(between.map(|(origin, _)| origin));
    let destination = place(price.destination.as_deref().or(keyed))?.or(between.map(|(_, destination)| destination));
    let day = price.depart_date.or_else(|| price.departure_at.map(|at| day_at(at, origin))).ok_or(Untrusted::Times)?;
    let flight = match (&price.airline, price.flight_number) {
        (Some(carrier), Some(Number::Text(number))) => Some(flight_number(carrier, &number)?),
        (Some(carrier), Some(Number::Number(number))) => Some(flight_number(carrier, &number.to_string())?),
        (None, _) | (_, None) => None,
    };
    let stops = price.transfers.or(price.number_of_changes).or_else(|| names.get(1).and_then(|name| name.parse().ok()));
    Ok(LeadInFare {
        origin,
        destination,
        day,
        return_day: price.return_date.or_else(|| price.return_at.map(|at| day_at(at, destination))),
        departs_at: price.departure_at,
        return_at: price.return_at,
        stops,
        carrier: price.airline.map(|code| code.parse().map_err(|_| Untrusted::Form)).transpose()?,
        flight,
        cabin: price.trip_class.map(cabin).transpose()?,
        total: price.price.or(price.value).ok_or(Untrusted::Price)?.money(currency)?,
        valid_until: price.expires_at,
        booking_link: link(
            price.link.map(|path| if path.starts_with('/') { format!("https://www.aviasales.com{path}") } else { path }),
        ),
        freshness: fresh(SOURCE, seen_at(price.found_at, now).unwrap_or(now), Tier::LeadIn),
    })
}

/// The day there, where the place is known; else the day in UTC.
fn day_at(at: Timestamp, place: Option<Place>) -> Date {
    let zone = place.and_then(|place| place.airports().first().and_then(Airport::zone));
    at.to_zoned(zone.unwrap_or(TimeZone::UTC)).date()
}

/// `trip_class`: 0 economy, 1 business, 2 first.
fn cabin(class: u8) -> Result<Cabin, Untrusted> {
    match class {
        0 => Ok(Cabin::Economy),
        1 => Ok(Cabin::Business),
        2 => Ok(Cabin::First),
        _ => Err(Untrusted::Cabin),
    }
}
