//! Why a source gave no answer: one type for all of them. A failure is typed and never an empty success.

use std::time::Duration;

use bytes::Bytes;
use domain::answers::Cause;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header::RETRY_AFTER};
use jiff::{Timestamp, fmt::rfc2822};
use platform::outside::OutsideError;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// Why a source gave no answer. Never holds anything of the request, whose headers are secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "cause", content = "detail", rename_all = "kebab-case")]
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
        #[serde(rename = "retryAfterSeconds", serialize_with = "in_seconds")]
        retry_after: Option<Duration>,
    },
    /// Another 4xx, or a refusal that came as a success: the request was wrong.
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
    /// The source is left alone, after failures or because it asked for it.
    #[error("the source is left alone for now")]
    LeftAlone {
        /// For how long.
        #[serde(rename = "forSeconds", serialize_with = "seconds")]
        wait: Duration,
    },
    /// The source takes no more calls for now; it was not asked.
    #[error("the limit of calls is reached")]
    LimitReached {
        /// For how long.
        #[serde(rename = "forSeconds", serialize_with = "seconds")]
        wait: Duration,
    },
    /// The calls of this day are used up.
    #[error("the calls of this day are used up")]
    QuotaUsedUp {
        /// How long the day still is.
        #[serde(rename = "forSeconds", serialize_with = "seconds")]
        wait: Duration,
    },
    /// The money for calls of this day is used up.
    #[error("the money for calls of this day is used up")]
    BudgetUsedUp {
        /// How long the day still is.
        #[serde(rename = "forSeconds", serialize_with = "seconds")]
        wait: Duration,
    },
    /// Enough calls were repeated.
    #[error("enough calls were repeated")]
    RepeatedEnough,
    /// It can't be said whether the source takes another call, and then it is not asked.
    #[error("whether the source takes another call is not known")]
    Uncounted,
    /// The source can't be asked this, or in this way.
    #[error("the source does not offer this")]
    NotOffered,
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

fn in_seconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs()).serialize(serializer)
}

impl SourceError {
    /// Its name, as reports have it: that of its cause where it is written out.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::RateLimited { .. } => "rate-limited",
            Self::Rejected { .. } => "rejected",
            Self::Unavailable(_) => "unavailable",
            Self::Malformed => "malformed",
            Self::TooLarge => "too-large",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Undeclared => "undeclared",
            Self::LeftAlone { .. } => "left-alone",
            Self::LimitReached { .. } => "limit-reached",
            Self::QuotaUsedUp { .. } => "quota-used-up",
            Self::BudgetUsedUp { .. } => "budget-used-up",
            Self::RepeatedEnough => "repeated-enough",
            Self::Uncounted => "uncounted",
            Self::NotOffered => "not-offered",
        }
    }

    /// Whether the same call can succeed later without anyone mending anything.
    pub fn passes(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::Unavailable(_)
            | Self::Timeout
            | Self::Unreachable
            | Self::LeftAlone { .. }
            | Self::LimitReached { .. }
            | Self::QuotaUsedUp { .. }
            | Self::BudgetUsedUp { .. }
            | Self::RepeatedEnough
            | Self::Uncounted => true,
            Self::Unauthorized
            | Self::Forbidden
            | Self::Rejected { .. }
            | Self::Malformed
            | Self::TooLarge
            | Self::Undeclared
            | Self::NotOffered => false,
        }
    }

    /// The same for those who asked for offers: they are told no more than they need to know.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Unauthorized | Self::Forbidden => Cause::KeyRefused,
            Self::RateLimited { .. }
            | Self::LimitReached { .. }
            | Self::QuotaUsedUp { .. }
            | Self::BudgetUsedUp { .. }
            | Self::RepeatedEnough
            | Self::Uncounted => Cause::Limited,
            Self::Rejected { .. } => Cause::Refused,
            // Who failed so often that it is left alone gives no answer for a while.
            Self::Unavailable(_) | Self::LeftAlone { .. } => Cause::Unavailable,
            Self::Malformed | Self::TooLarge => Cause::Unreadable,
            Self::Timeout => Cause::Late,
            Self::Unreachable => Cause::Unreachable,
            Self::Undeclared | Self::NotOffered => Cause::NotOffered,
        }
    }

    /// What an answer says that is no success.
    pub fn of(answer: &Response<Bytes>, now: Timestamp) -> Self {
        let told = (retry_after(answer.headers(), now), code_in(answer.body()));
        Self::of_status(answer.status().as_u16(), told)
    }

    pub(crate) fn of_status(status: u16, (retry_after, code): (Option<Duration>, Option<String>)) -> Self {
        match status {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            429 => Self::RateLimited { retry_after },
            400..=499 => Self::Rejected { status, code },
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
            OutsideError::LeftAlone(wait) => Self::LeftAlone { wait },
            OutsideError::LimitReached(wait) => Self::LimitReached { wait },
            OutsideError::QuotaUsedUp(wait) => Self::QuotaUsedUp { wait },
            OutsideError::BudgetUsedUp(wait) => Self::BudgetUsedUp { wait },
            OutsideError::RepeatedEnough => Self::RepeatedEnough,
            OutsideError::Uncounted => Self::Uncounted,
        }
    }
}

/// The limits that sources tell of: what is left of one, and when it is whole again. Duffel writes a date into the first one's end,
/// according to the vendor's pages, and Viator seconds; Expedia's, by minute and by day, end in milliseconds since the epoch.
const LIMITS: [(HeaderName, HeaderName); 3] = [
    (HeaderName::from_static("ratelimit-remaining"), HeaderName::from_static("ratelimit-reset")),
    (HeaderName::from_static("rate-limit-minute-remaining"), HeaderName::from_static("rate-limit-minute-reset")),
    (HeaderName::from_static("rate-limit-day-remaining"), HeaderName::from_static("rate-limit-day-reset")),
];

fn is_used_up(headers: &HeaderMap, remaining: &HeaderName) -> bool {
    headers.get(remaining).is_some_and(|left| left == "0")
}

/// For how long an answer asks us to stay away: because it came too often, or because nothing is left of a limit.
pub(crate) fn asked_to_stay_away(answer: &Response<Bytes>, now: Timestamp) -> Option<Duration> {
    let headers = answer.headers();
    let nothing_left = || LIMITS.iter().any(|(remaining, _)| is_used_up(headers, remaining));
    let asked = answer.status().as_u16() == 429 || nothing_left();
    asked.then(|| retry_after(headers, now)).flatten()
}

/// `Retry-After` in seconds or as a date (RFC 9110), else when the limit that is used up is whole again: of several the latest, and of
/// all where none is said to be.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &HeaderName| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(asked) = text(&RETRY_AFTER).and_then(|text| wait(text, now)) {
        return Some(asked);
    }
    let reset = |(remaining, reset): &(HeaderName, HeaderName)| {
        let after = wait(text(reset)?, now)?;
        Some((is_used_up(headers, remaining), after))
    };
    LIMITS.iter().filter_map(reset).max().map(|(_, after)| after)
}

/// A wait in seconds, or until a date or an instant in milliseconds since the epoch: as a number of seconds, that would be millennia.
fn wait(text: &str, now: Timestamp) -> Option<Duration> {
    const LONGEST_SECONDS: u64 = 100_000_000_000;
    let from_now = |at: Timestamp| Duration::try_from(at.duration_since(now)).ok();
    match text.parse::<u64>() {
        Ok(seconds) if seconds < LONGEST_SECONDS => Some(Duration::from_secs(seconds)),
        Ok(milliseconds) => from_now(Timestamp::from_millisecond(i64::try_from(milliseconds).ok()?).ok()?),
        Err(_) => from_now(rfc2822::parse(text).ok()?.timestamp()),
    }
}

/// The bodies of errors of all sources, as far as they hold a code: `{"errors":[{"code":…}]}` (Duffel), `id` in its place
/// (Booking), `errorCode` (GetYourGuide), `type` (Expedia); `{"type":…}` (Expedia), `{"code":…}` (Viator),
/// `{"error":{"code":…}}` (the contract for hotels).
#[derive(Deserialize)]
struct Body {
    errors: Option<Vec<Coded>>,
    error: Option<Inner>,
    r#type: Option<String>,
    code: Option<String>,
}

#[derive(Deserialize)]
struct Coded {
    code: Option<String>,
    id: Option<String>,
    #[serde(rename = "errorCode")]
    number: Option<u32>,
    r#type: Option<String>,
}

/// What stands under `error`: an object with a code, or a text that is for people.
#[derive(Deserialize)]
#[serde(untagged)]
enum Inner {
    Coded { code: String },
    Text(#[allow(dead_code, reason = "not shown: it could hold anything")] String),
}

/// Where sources name what went wrong, in answers that came as a success, too.
const FAULTS: [&str; 3] = ["errors", "error", "code"];

/// An answer with nothing in it, unless it says what went wrong: then it is a refusal that came as a success.
pub(crate) fn nothing_unless_refused(body: &[u8]) -> Result<(), SourceError> {
    let says = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    };
    let body_of: Value = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    if FAULTS.iter().any(|name| body_of.get(name).is_some_and(says)) {
        return Err(SourceError::Rejected { status: 200, code: code_in(body) });
    }
    Ok(())
}

/// The codes that an error says: its own, and those of the faults that it lists.
pub(crate) fn codes_in(body: &[u8]) -> Vec<String> {
    let Ok(body) = serde_json::from_slice::<Body>(body) else { return Vec::new() };
    let inner = match body.error {
        Some(Inner::Coded { code }) => Some(code),
        Some(Inner::Text(_)) | None => None,
    };
    let listed = body.errors.into_iter().flatten().flat_map(|one| [one.code, one.id, one.r#type]);
    listed.chain([inner, body.code, body.r#type]).flatten().collect()
}

/// The code of an error. It is shown to operators, so only what looks like a code is kept.
pub(crate) fn code_in(body: &[u8]) -> Option<String> {
    let body: Body = serde_json::from_slice(body).ok()?;
    let listed = body.errors.and_then(|errors| errors.into_iter().next());
    let listed = listed.and_then(|one| {
        one.code.or(one.id).or_else(|| one.number.map(|number| number.to_string())).or_else(|| body.r#type.clone()).or(one.r#type)
    });
    let inner = match body.error {
        Some(Inner::Coded { code }) => Some(code),
        Some(Inner::Text(_)) | None => None,
    };
    listed.or(inner).or(body.code).or(body.r#type).filter(|code| is_code(code))
}

/// Whether it looks like a code.
pub(crate) fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}
