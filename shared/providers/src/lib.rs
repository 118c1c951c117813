//! Adapters to travel sources: one module each, all answering with the domain's [`FlightOffer`].
//!
//! An adapter never sleeps. A connection that failed is tried once more at once; whatever passes only with time (a rate
//! limit, an outage) is a typed error, and the queue's redelivery asks again. So a search takes as long as its calls do, and
//! nothing waits on a timer that a test would have to move.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use bytes::Bytes;
use domain::{
    flights::{FlightNumber, FlightOffer, SourceId, Untrusted},
    search::{SearchQuery, SourceOutcome, SourceReport},
};
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header::RETRY_AFTER};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    fmt::rfc2822,
};
use platform::outside::{Call, Outside, OutsideError};
use serde::Deserialize;

pub mod duffel;
pub mod seats_aero;

pub use duffel::Duffel;
pub use seats_aero::SeatsAero;

/// How long one call may take, answer read.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// A source of award space.
pub trait AwardSource: Debug + Send + Sync {
    /// Which source this is.
    fn id(&self) -> &SourceId;

    /// Every award it has for the question.
    fn awards<'a>(&'a self, outside: &'a dyn Outside, query: &'a SearchQuery, now: Timestamp) -> BoxFuture<'a, Found>;
}

/// A source of cash fares, which answers for one day at a time.
pub trait CashSource: Debug + Send + Sync {
    /// Which source this is.
    fn id(&self) -> &SourceId;

    /// The fares for the question on some of its days.
    fn fares<'a>(
        &'a self,
        outside: &'a dyn Outside,
        query: &'a SearchQuery,
        days: &'a [Date],
        now: Timestamp,
    ) -> BoxFuture<'a, Found>;
}

/// What a source gave.
#[derive(Debug)]
pub struct Found {
    /// Which source.
    pub source: SourceId,
    /// Offers that are trusted and answer the question.
    pub offers: Vec<FlightOffer>,
    /// How many offers were set aside, by reason.
    pub set_aside: BTreeMap<Untrusted, usize>,
    /// How many records only summed up a day, without a flight one could book.
    pub summaries: usize,
    /// Calls made, repeated ones included.
    pub calls: u32,
    /// How it went.
    pub outcome: SourceOutcome,
    /// Why it broke off, if it did.
    pub error: Option<SourceError>,
}

impl Found {
    /// The account of it that the answer keeps.
    pub fn report(&self) -> SourceReport {
        SourceReport {
            source: self.source.clone(),
            outcome: self.outcome,
            calls: self.calls,
            offers: self.offers.len(),
            set_aside: self.set_aside.iter().map(|(reason, count)| (*reason, *count)).collect(),
        }
    }
}

/// Why a source gave no answer. Never holds anything of the request, whose headers are secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// 401: it doesn't know our key.
    #[error("the source does not accept the key")]
    Unauthorized,
    /// 403: the key may not do this.
    #[error("the source forbids this to the key")]
    Forbidden,
    /// 429.
    #[error("the source's rate limit is reached")]
    RateLimited {
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// Another 4xx: the request was wrong.
    #[error("the source refused the request with status {status}")]
    Rejected {
        /// The status.
        status: u16,
        /// The source's own code, if it gives a short and harmless one.
        code: Option<String>,
    },
    /// 5xx, or a redirect, which is not followed.
    #[error("the source answered with status {0}")]
    Unavailable(u16),
    /// A success whose body is not what was agreed.
    #[error("the answer has another form than agreed")]
    Malformed,
    /// More than is read of any answer.
    #[error("the answer is too large")]
    TooLarge,
    /// No whole answer in time.
    #[error("no answer in time")]
    Timeout,
    /// No connection, twice.
    #[error("the source can't be reached")]
    Unreachable,
    /// The function did not declare that it calls this source.
    #[error("the call was not declared")]
    Undeclared,
}

impl SourceError {
    /// Whether the same call can succeed later without anyone mending anything.
    pub fn passes(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Unavailable(_) | Self::Timeout | Self::Unreachable => true,
            Self::Unauthorized
            | Self::Forbidden
            | Self::Rejected { .. }
            | Self::Malformed
            | Self::TooLarge
            | Self::Undeclared => false,
        }
    }

    fn of(answer: &Response<Bytes>, now: Timestamp) -> Self {
        match answer.status().as_u16() {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            429 => Self::RateLimited { retry_after: retry_after(answer.headers(), now) },
            status @ 400..=499 => Self::Rejected { status, code: code_in(answer.body()) },
            status => Self::Unavailable(status),
        }
    }
}

impl From<OutsideError> for SourceError {
    fn from(error: OutsideError) -> Self {
        match error {
            OutsideError::Timeout => Self::Timeout,
            OutsideError::Unreachable => Self::Unreachable,
            OutsideError::TooLarge => Self::TooLarge,
            OutsideError::Undeclared => Self::Undeclared,
        }
    }
}

/// Duffel's own header; its value is a date, according to the vendor's pages.
const RATELIMIT_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// `Retry-After` in seconds or as a date (RFC 9110), else the date of `ratelimit-reset`.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let until = |date| rfc2822::parse(date).ok().and_then(|at| Duration::try_from(at.timestamp().duration_since(now)).ok());
    let seconds = |text: &str| text.parse().ok().map(Duration::from_secs);
    text(RETRY_AFTER).and_then(|value| seconds(value).or_else(|| until(value))).or_else(|| text(RATELIMIT_RESET).and_then(until))
}

/// The code in a Duffel error, `{"errors":[{"code":…}]}`. It is shown to operators, so only what looks like a code is kept.
fn code_in(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Body {
        errors: Vec<Error>,
    }
    #[derive(Deserialize)]
    struct Error {
        code: String,
    }
    let harmless = |code: &String| {
        (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    serde_json::from_slice::<Body>(body).ok()?.errors.into_iter().next().map(|error| error.code).filter(harmless)
}

/// The calls of one search, counted.
struct Calls<'a> {
    outside: &'a dyn Outside,
    source: &'static str,
    operation: &'static str,
    now: Timestamp,
    made: AtomicU32,
}

impl<'a> Calls<'a> {
    fn new(outside: &'a dyn Outside, source: &'static str, operation: &'static str, now: Timestamp) -> Self {
        Self { outside, source, operation, now, made: AtomicU32::new(0) }
    }

    fn made(&self) -> u32 {
        self.made.load(Ordering::Relaxed)
    }

    /// Sends a request, once more at once if the connection failed. Every call an adapter makes only asks, so that
    /// repeating it does no harm.
    async fn send(&self, request: Request<Bytes>) -> Result<Bytes, SourceError> {
        let answer = match self.once(request.clone()).await {
            Err(OutsideError::Unreachable) => self.once(request).await?,
            Err(error @ (OutsideError::Timeout | OutsideError::TooLarge | OutsideError::Undeclared)) => return Err(error.into()),
            Ok(answer) => answer,
        };
        if answer.status().is_success() { Ok(answer.into_body()) } else { Err(SourceError::of(&answer, self.now)) }
    }

    async fn once(&self, request: Request<Bytes>) -> Result<Response<Bytes>, OutsideError> {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.outside.send(Call { source: self.source, operation: self.operation, request, timeout: CALL_TIMEOUT }).await
    }
}

/// Offers read from an answer: those that are trusted and answer the question, and the others counted by reason.
#[derive(Debug, Default)]
pub struct Sifted {
    /// Trusted, and what was asked for.
    pub offers: Vec<FlightOffer>,
    /// Set aside, by reason.
    pub set_aside: BTreeMap<Untrusted, usize>,
}

impl Sifted {
    fn take(&mut self, read: Result<FlightOffer, Untrusted>, query: &SearchQuery) {
        let asked_for = |offer: FlightOffer| if query.asks_for(&offer) { Ok(offer) } else { Err(Untrusted::NotAsked) };
        match read.and_then(|offer| offer.trusted().map(|()| offer)).and_then(asked_for) {
            Ok(offer) => self.offers.push(offer),
            Err(reason) => *self.set_aside.entry(reason).or_default() += 1,
        }
    }

    fn join(&mut self, other: Self) {
        self.offers.extend(other.offers);
        for (reason, count) in other.set_aside {
            *self.set_aside.entry(reason).or_default() += count;
        }
    }
}

/// A source's id; ours are valid by construction.
fn source_id(id: &'static str) -> SourceId {
    id.parse().unwrap_or_else(|_| unreachable!("a slug"))
}

/// A header whose value is never shown. A key that is no header value is one that the source can't know.
fn secret_header(text: &str) -> Result<HeaderValue, SourceError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| SourceError::Unauthorized)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A source's reference, kept and handed on: it must have some text, and not much.
fn reference(text: String) -> Result<String, Untrusted> {
    if (1..=200).contains(&text.len()) && !text.contains(char::is_control) { Ok(text) } else { Err(Untrusted::Form) }
}

/// A local time as sources write it, such as `2026-04-27T16:20:00`: without an offset, which would make it something else.
fn local_time(text: &str) -> Result<DateTime, Untrusted> {
    DateTime::strptime("%Y-%m-%dT%H:%M:%S%.f", text).map_err(|_| Untrusted::Form)
}

/// A carrier's code and number as one flight number. Some sources fill the number up with zeros.
fn flight_number(carrier: &str, number: &str) -> Result<FlightNumber, Untrusted> {
    format!("{carrier}{}", number.trim_start_matches('0')).parse().map_err(|_| Untrusted::Form)
}

/// When the source saw an offer: never later than now, however its clock goes.
fn seen_at(stated: Timestamp, now: Timestamp) -> Timestamp {
    stated.min(now)
}
