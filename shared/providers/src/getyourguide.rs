//! GetYourGuide Partner API 1: activities.
//!
//! Facts of the wire are from the vendor's specification: every GET names language and currency, and an answer repeats them in
//! `_metadata.query`, which is the only place where it says what currency its amounts are in; amounts are JSON numbers in major
//! units and the lowest at which a tour starts. The link to book by is the vendor's own and is handed on as it is.
//!
//! Nothing is booked by the API: a cart is paid by an encrypted payment card or by PayPal, and cards are not handled here. So there is nothing
//! to look after or to cancel, and no price is checked: one of a day and a party (`price-breakdown`) the reference of a tour does not ask for.

use bytes::Bytes;
use domain::{
    activities::{ActivityOffer, ActivityQuery, Minutes, PricedFor, Rating},
    cancellation::{Cancellation, Deadline, Penalty, Step},
    flights::{SourceId, Tier, Untrusted},
    money::Currency,
    stays::Position,
};
use futures::future::BoxFuture;
use http::{Request, header::ACCEPT};
use jiff::Timestamp;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    ActivitySource, Asking, Found, Sifted, SourceError,
    calls::{Calls, Page, Paged, search},
    error::nothing_unless_refused,
    read::{Amount, Id, currency, encoded, fresh, label, link, reference, secret_header, source_id},
};

/// Its id, as functions declare it.
pub const SOURCE: &str = "getyourguide";
/// Where it is.
pub const BASE: &str = "https://api.getyourguide.com";
/// The most pages of one search. Too many calls in a minute shut everyone out for five.
pub const MAX_PAGES: u32 = 3;
/// Tours a page.
const PAGE: u32 = 100;

/// The adapter, with one tenant's token.
#[derive(Debug)]
pub struct GetYourGuide {
    id: SourceId,
    base: String,
    token: SecretString,
}

impl GetYourGuide {
    /// At this base URL ([`BASE`], or one that plays recordings), with this token.
    pub fn new(base: &str, token: SecretString) -> Self {
        Self { id: source_id(SOURCE), base: base.trim_end_matches('/').to_owned(), token }
    }
}

impl ActivitySource for GetYourGuide {
    fn activities<'a>(&'a self, asking: &'a Asking<'a>, query: &'a ActivityQuery) -> BoxFuture<'a, Found<ActivityOffer>> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "tours");
            search(&calls, &self.id, &Search { adapter: self, query }, 0, MAX_PAGES).await
        })
    }
}

struct Search<'a> {
    adapter: &'a GetYourGuide,
    query: &'a ActivityQuery,
}

impl Paged for Search<'_> {
    type Offer = ActivityOffer;
    /// How many tours come before it.
    type At = u32;

    fn request(&self, at: &u32, _: Timestamp) -> Result<Request<Bytes>, SourceError> {
        let (first, last) = self.query.days();
        let url = format!(
            "{}/1/tours?cnt_language=en&currency={}&q={}&date%5B%5D={}&date%5B%5D={}&limit={PAGE}&offset={at}",
            self.adapter.base,
            self.query.currency(),
            encoded(self.query.place()),
            encoded(&format!("{first}T00:00:00")),
            encoded(&format!("{last}T23:59:59")),
        );
        let request = Request::get(url)
            .header(ACCEPT, "application/json")
            .header("X-ACCESS-TOKEN", secret_header(self.adapter.token.expose_secret())?);
        request.body(Bytes::new()).map_err(|_| SourceError::Unreachable)
    }

    fn page(&self, body: &[u8], at: &u32, now: Timestamp) -> Result<Page<ActivityOffer, u32>, SourceError> {
        let (sifted, total) = parse_tours(body, self.query, now)?;
        Ok(Page { sifted, next: Some(at + PAGE).filter(|next| *next < total) })
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "_metadata")]
    metadata: Metadata,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    query: Option<String>,
    total_count: Option<u32>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    tours: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    tour_options: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Tour {
    tour_id: Id,
    option_id: Option<Id>,
    title: Option<String>,
    overall_rating: Option<Amount>,
    number_of_ratings: Option<u32>,
    coordinates: Option<Coordinates>,
    price: Option<Price>,
    url: Option<String>,
    durations: Option<Vec<Lasts>>,
    duration: Option<Amount>,
    duration_unit: Option<String>,
    cancellation_policy: Option<Policy>,
}

#[derive(Deserialize)]
struct Coordinates {
    lat: Amount,
    long: Amount,
}

#[derive(Deserialize)]
struct Price {
    values: Values,
    description: Option<String>,
}

#[derive(Deserialize)]
struct Values {
    amount: Option<Amount>,
    special: Option<Amount>,
}

#[derive(Deserialize)]
struct Lasts {
    duration: Amount,
    unit: String,
}

#[derive(Deserialize)]
struct Policy {
    cancellable: Option<bool>,
    cancellation_fee_unit: Option<String>,
    cancellation_fee_value: Option<Amount>,
    cancellation_offset_minutes: Option<u32>,
}

/// Reads tours or the options of one, and how many there are in all.
///
/// # Errors
/// [`SourceError::Malformed`] if the envelope is not what was agreed, [`SourceError::Rejected`] for a refusal that came as a success. A
/// bad tour only sets itself aside.
pub fn parse_tours<'q>(
    body: &[u8],
    query: impl Into<Option<&'q ActivityQuery>>,
    now: Timestamp,
) -> Result<(Sifted<ActivityOffer>, u32), SourceError> {
    let query = query.into();
    let Envelope { metadata, data } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let tours = data.tours.or(data.tour_options).ok_or(SourceError::Malformed)?;
    if tours.is_empty() {
        nothing_unless_refused(body)?;
    }
    let paid_in = paid_in(metadata.query.as_deref(), query);
    let mut sifted = Sifted::default();
    for raw in tours {
        sifted.take_record(raw, query, |tour| offer(tour, paid_in?, now));
    }
    Ok((sifted, metadata.total_count.unwrap_or(0)))
}

/// The currency that the answer repeats, else the one that was asked for.
fn paid_in(echo: Option<&str>, query: Option<&ActivityQuery>) -> Result<Currency, Untrusted> {
    let echoed = echo.and_then(|echo| echo.split('&').find_map(|pair| pair.strip_prefix("currency=")));
    match (echoed, query) {
        (Some(code), _) => currency(code),
        (None, Some(query)) => Ok(query.currency()),
        (None, None) => Err(Untrusted::Currencies),
    }
}

fn offer(tour: Tour, currency: Currency, now: Timestamp) -> Result<ActivityOffer, Untrusted> {
    let price = tour.price.ok_or(Untrusted::Price)?;
    let amount = price.values.special.or(price.values.amount).ok_or(Untrusted::Price)?;
    let lasts = match (tour.durations, tour.duration, tour.duration_unit) {
        (Some(durations), ..) => durations,
        (None, Some(duration), Some(unit)) => vec![Lasts { duration, unit }],
        (None, _, _) => vec![],
    };
    let position = tour.coordinates.map(|at| Position::new(at.lat.0, at.long.0).ok_or(Untrusted::Place)).transpose()?;
    let rating = tour.overall_rating.zip(tour.number_of_ratings.filter(|count| *count > 0));
    Ok(ActivityOffer {
        reference: reference(tour.tour_id.0)?,
        option: tour.option_id.map(|id| reference(id.0)).transpose()?,
        title: tour.title.as_deref().and_then(label),
        day: None,
        starts: None,
        minutes: minutes(&lasts)?,
        position,
        price: amount.money(currency)?,
        priced_for: price.description.as_deref().and_then(priced_for),
        extra: None,
        cancellation: tour.cancellation_policy.map(cancellation),
        rating: rating.map(|(mean, count)| Rating { mean: mean.0.round_dp(2).normalize(), count }),
        booking_link: link(tour.url),
        freshness: fresh(SOURCE, now, Tier::LeadIn),
    })
}

/// The shortest and the longest of the durations. A unit that we don't know leaves them unknown.
fn minutes(lasts: &[Lasts]) -> Result<Option<Minutes>, Untrusted> {
    let mut span: Option<Minutes> = None;
    for Lasts { duration, unit } in lasts {
        let of_unit = match unit.as_str() {
            "minute" | "minutes" => 1,
            "hour" | "hours" => 60,
            "day" | "days" => 24 * 60,
            _ => return Ok(None),
        };
        let minutes = duration.0.checked_mul(Decimal::from(of_unit)).and_then(|minutes| minutes.round().to_u32());
        let minutes = minutes.ok_or(Untrusted::Times)?;
        let known = span.unwrap_or(Minutes { least: minutes, most: minutes });
        span = Some(Minutes { least: known.least.min(minutes), most: known.most.max(minutes) });
    }
    Ok(span)
}

fn priced_for(text: &str) -> Option<PricedFor> {
    match text {
        "individual" | "per person" => Some(PricedFor::Person),
        "group" | "per group" => Some(PricedFor::Group),
        _ => None,
    }
}

/// Fees in a unit that we don't know leave open what it costs.
fn cancellation(policy: Policy) -> Cancellation {
    let until = policy.cancellation_offset_minutes.map(Deadline::MinutesBefore);
    let fee = policy.cancellation_fee_value.map(|fee| fee.0).filter(|fee| !fee.is_zero());
    let percent = matches!(policy.cancellation_fee_unit.as_deref(), Some("percent" | "percentage"));
    let step = fee.filter(|_| percent).map(|fee| Step { from: None, until, penalty: Penalty::Percent(fee) });
    Cancellation {
        refundable: policy.cancellable,
        free_until: until.filter(|_| fee.is_none() && policy.cancellable == Some(true)),
        steps: step.into_iter().collect(),
    }
}
