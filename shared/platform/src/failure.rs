//! Why a request is not answered as asked, and the one mapping of causes to statuses, codes and public words.

use axum::response::{IntoResponse, Response};
use domain::faults::Faults;
use http::StatusCode;
use jiff::Timestamp;
use storage::{StoreError, StoredReply};

use crate::{
    limit::Exhausted,
    problem::Problem,
    reply::{self, NotBefore},
};

/// Why. What is told of it is in [`Failure::problem`]; what is not told is logged where it arises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The request can't be read: which part, and what it must be.
    Malformed(&'static str),
    /// No token, or none that is good.
    Unauthenticated,
    /// Who asks has not shown who they are: a code and a sentence, which don't say what was wrong.
    Unproven(&'static str, &'static str),
    /// Not for callers of this role, or a token of another tenant.
    Forbidden,
    /// A page of another origin has sent it, or it does not say which has.
    OtherOrigin,
    /// A page's write does not show the token of its session.
    WrongCsrfToken,
    /// There is no such thing, or it is not the caller's to see. The code of what is missing, such as `watcher`.
    NotFound(&'static str),
    /// What a search has shown is no longer kept, or no longer believed.
    NoLongerShown,
    /// The path is there, but not for this method.
    WrongMethod,
    /// It can't be done in the present state: a code and a sentence.
    Conflict(&'static str, String),
    /// Someone else changed it at the same time.
    Changed,
    /// A request with the same idempotency key is under way.
    InProgress,
    /// `If-Match` names another version.
    Stale,
    /// The body is larger than is read.
    TooLarge,
    /// The body is not JSON by its content type.
    NotJson,
    /// Faults of the input, all of them.
    Faults(Faults),
    /// The idempotency key was used with another body.
    KeyReused,
    /// Too soon: when it may be tried again.
    TooSoon(&'static str, Timestamp),
    /// More often than the endpoint's limit allows: when it may be tried again.
    TooOften(Timestamp),
    /// The store or a source gives no answer.
    Unavailable,
    /// Those who would have to answer don't: a code, and when it is worth another try.
    TryLater(&'static str, Timestamp),
    /// A bug.
    Internal,
    /// No failure: this very request was carried out before, and answered so.
    Replay(Box<StoredReply>),
}

impl Failure {
    /// Status, code and words.
    pub(crate) fn problem(&self) -> Problem {
        use StatusCode as S;
        match self {
            Self::Malformed(what) => Problem::new(S::BAD_REQUEST, "malformed-request", "The request can't be read", *what),
            Self::Unauthenticated => Problem::new(
                S::UNAUTHORIZED,
                "unauthenticated",
                "A valid access token is needed",
                "Sign in, and send the access token as a bearer token. Under /web, a cookie holds it.",
            ),
            Self::Unproven(code, detail) => Problem::new(S::UNAUTHORIZED, *code, "Not shown who you are", *detail),
            Self::Forbidden => Problem::new(S::FORBIDDEN, "forbidden", "Not allowed", "Your account may not do this here."),
            Self::OtherOrigin => other_origin(),
            Self::WrongCsrfToken => wrong_csrf_token(),
            Self::NotFound(what) => not_found(what),
            Self::NoLongerShown => no_longer_shown(),
            Self::WrongMethod => Problem::new(S::METHOD_NOT_ALLOWED, "method-not-allowed", "Wrong method", "Try another method."),
            Self::Conflict(code, detail) => Problem::new(S::CONFLICT, *code, "Not possible now", detail.clone()),
            Self::Changed => changed(),
            Self::InProgress => in_progress(),
            Self::Stale => stale(),
            Self::TooLarge => {
                Problem::new(S::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large", "A body may have at most 256 KiB.")
            }
            Self::NotJson => {
                Problem::new(S::UNSUPPORTED_MEDIA_TYPE, "not-json", "The body must be JSON", "Send the body as application/json.")
            }
            Self::Faults(faults) => Problem::new(
                S::UNPROCESSABLE_ENTITY,
                "invalid-input",
                "The input has faults",
                "Every fault is named under errors.",
            )
            .with_errors(faults),
            Self::KeyReused => key_reused(),
            Self::TooSoon(code, _) => {
                Problem::new(S::TOO_MANY_REQUESTS, *code, "Too soon", "Try again after the time in Retry-After.")
            }
            Self::TooOften(_) => Problem::new(
                S::TOO_MANY_REQUESTS,
                "too-many-requests",
                "Too many requests",
                "RateLimit-Policy tells how many there may be. Try again after the time in Retry-After.",
            ),
            Self::Unavailable => {
                Problem::new(S::SERVICE_UNAVAILABLE, "unavailable", "Not available now", "Try again in a moment.")
            }
            Self::TryLater(code, _) => {
                Problem::new(S::SERVICE_UNAVAILABLE, *code, "Not available now", "Try again after the time in Retry-After.")
            }
            Self::Internal | Self::Replay(_) => {
                Problem::new(S::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side", "It has been noted.")
            }
        }
    }
}

fn other_origin() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "other-origin",
        "Not from a page of this host",
        "Under /web, a request comes from a page of the same origin, and what signs in says so by its Origin header.",
    )
}

fn wrong_csrf_token() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "wrong-csrf-token",
        "The CSRF token is missing or wrong",
        "Send X-CSRF-Token as signing in, refreshing or the latest read gave it.",
    )
}

fn changed() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "changed-meanwhile",
        "Changed meanwhile",
        "Someone else changed it at the same time. Read it again and repeat.",
    )
}

fn in_progress() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "request-in-progress",
        "Still under way",
        "The same request is still being carried out. Repeat it in a moment.",
    )
}

fn stale() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "stale-version",
        "Not the current version",
        "If-Match names another version than the current one. Read it again.",
    )
}

fn key_reused() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency-key-reused",
        "The idempotency key was used before",
        "The same Idempotency-Key came with another body. Use a new key for a new request.",
    )
}

fn not_found(what: &str) -> Problem {
    let detail = format!("There is no such {}.", what.replace('-', " "));
    Problem::new(StatusCode::NOT_FOUND, format!("{what}-not-found"), "Not found", detail)
}

fn no_longer_shown() -> Problem {
    let detail = "What this search has shown is no longer kept, or no longer to be believed. Search again, and use the new key.";
    Problem::new(StatusCode::NOT_FOUND, "search-not-kept", "Not found", detail)
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = match &self {
            Self::Replay(stored) => return reply::stored(stored),
            failure => failure.problem().into_response(),
        };
        match &self {
            Self::Unauthenticated | Self::Unproven(..) => {
                reply::set_header(&mut response, http::header::WWW_AUTHENTICATE, "Bearer")
            }
            Self::TooSoon(_, at) | Self::TryLater(_, at) => _ = response.extensions_mut().insert(NotBefore(*at)),
            Self::TooOften(at) => {
                response.extensions_mut().insert(NotBefore(*at));
                response.extensions_mut().insert(Exhausted { until: *at });
            }
            Self::Unavailable => reply::set_header(&mut response, http::header::RETRY_AFTER, "2"),
            Self::Malformed(_)
            | Self::Forbidden
            | Self::OtherOrigin
            | Self::WrongCsrfToken
            | Self::NotFound(_)
            | Self::NoLongerShown
            | Self::WrongMethod
            | Self::Conflict(..)
            | Self::Changed
            | Self::InProgress
            | Self::Stale
            | Self::TooLarge
            | Self::NotJson
            | Self::Faults(_)
            | Self::KeyReused
            | Self::Internal
            | Self::Replay(_) => {}
        }
        response
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Exists | StoreError::Changed => Self::Changed,
            StoreError::Replayed => Self::InProgress,
            StoreError::TooOften(until) => Self::TooOften(until),
            StoreError::LimitReached => Self::Conflict("limit-reached", "A limit is reached.".to_owned()),
            StoreError::Cursor => Self::Faults(Faults::one("/cursor", "invalid", "not a cursor of this list")),
            StoreError::Contended | StoreError::Throttled | StoreError::Unavailable(_) => {
                tracing::warn!(%error, "store");
                Self::Unavailable
            }
            StoreError::Refused(_) | StoreError::Corrupt(_) | StoreError::TooLarge => {
                tracing::error!(%error, "store");
                Self::Internal
            }
        }
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::Faults(faults)
    }
}
