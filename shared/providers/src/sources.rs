//! The table of sources: one line each, from which tests, benches and automation go through all of them.

pub use domain::sources::{Vertical, bucket::Limit};
use domain::{
    flights::SourceId,
    search::{Asks, Days},
    stays::StayBy,
};
use secrecy::SecretString;
use serde::Serialize;

use crate::{
    SourceError, booking_demand, duffel, expedia_rapid, getyourguide, goibibo, makemytrip, oyo, read::two_parts, seats_aero,
    travelpayouts, trip_com, viator,
};

/// A source.
#[derive(Debug)]
pub struct Source {
    /// Its id.
    pub id: &'static str,
    /// Where it is; `None` until an agreement names it.
    pub base: Option<&'static str>,
    /// What it is a source of.
    pub vertical: Vertical,
    /// What its adapter is built on.
    pub contract: Contract,
    /// How many calls it takes in how many seconds, where that is published.
    pub limit: Option<Limit>,
    /// What makes a difference to its answers.
    pub asks: Asks,
    /// Whether its key is of two parts, such as a name and a secret, with a colon between them.
    pub key_of_two: bool,
    /// Whether it tells us, by a feed or by notices, what has changed.
    pub tells_changes: bool,
    /// The codes of its documented errors, with the status that each comes with.
    pub errors: &'static [(&'static str, u16)],
}

/// What an adapter is built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Contract {
    /// What the vendor publishes.
    Published,
    /// What we would agree on: nobody has confirmed it.
    UnverifiedContract,
}

/// Every source.
pub static SOURCES: &[Source] = &[
    Source {
        id: seats_aero::SOURCE,
        base: Some(seats_aero::BASE),
        vertical: Vertical::Flights,
        contract: Contract::Published,
        limit: Some(Limit { calls: 1_000, seconds: 86_400 }),
        asks: Asks { party: false, days: Days::Weeks, stays: &[] },
        key_of_two: false,
        tells_changes: false,
        errors: &[],
    },
    Source {
        id: duffel::SOURCE,
        base: Some(duffel::BASE),
        vertical: Vertical::Flights,
        contract: Contract::Published,
        limit: None,
        asks: Asks { party: true, days: Days::Asked, stays: &[] },
        key_of_two: false,
        tells_changes: false,
        errors: &[
            ("rate_limit_exceeded", 429),
            ("rate_limit_error", 429),
            ("authentication_error", 401),
            ("missing_authorization_header", 401),
            ("invalid_authorization_header", 401),
            ("access_token_not_found", 401),
            ("expired_access_token", 401),
            ("insufficient_permissions", 403),
            ("not_found", 404),
            ("validation_error", 422),
            ("validation_required", 422),
            ("invalid_state_error", 422),
            ("invalid_request_error", 400),
            ("price_changed", 422),
            ("offer_no_longer_available", 422),
            ("airline_error", 502),
            ("api_error", 500),
            ("internal_server_error", 500),
        ],
    },
    Source {
        id: travelpayouts::SOURCE,
        base: Some(travelpayouts::BASE),
        vertical: Vertical::Flights,
        contract: Contract::Published,
        limit: Some(Limit { calls: 300, seconds: 60 }),
        asks: Asks { party: false, days: Days::Months, stays: &[] },
        key_of_two: false,
        tells_changes: false,
        errors: &[],
    },
    Source {
        id: booking_demand::SOURCE,
        base: Some(booking_demand::BASE),
        vertical: Vertical::Stays,
        contract: Contract::Published,
        limit: None,
        asks: Asks { party: true, days: Days::Asked, stays: &[StayBy::Properties, StayBy::Around] },
        key_of_two: true,
        tells_changes: false,
        errors: &[
            ("missing_parameter", 400),
            ("invalid_parameter", 400),
            ("unknown_parameter", 400),
            ("conflicting_parameters", 400),
            ("malformed_request", 400),
            ("invalid_request", 400),
            ("token_endpoint_mismatch", 400),
            ("invalid_token", 400),
            ("expired_token", 400),
            ("sandbox_blocked", 403),
            ("payment_refused", 422),
        ],
    },
    Source {
        id: expedia_rapid::SOURCE,
        base: Some(expedia_rapid::BASE),
        vertical: Vertical::Stays,
        contract: Contract::Published,
        limit: None,
        asks: Asks { party: true, days: Days::Asked, stays: &[StayBy::Properties, StayBy::Around] },
        key_of_two: true,
        tells_changes: false,
        errors: &[
            ("invalid_input", 400),
            ("request_unauthenticated", 401),
            ("request_forbidden", 403),
            ("resource_not_found", 404),
            ("price_mismatch", 409),
            ("rooms_unavailable", 410),
            ("too_many_requests", 429),
            ("unknown_internal_error", 500),
            ("service_unavailable", 503),
        ],
    },
    Source {
        id: viator::SOURCE,
        base: Some(viator::BASE),
        vertical: Vertical::Activities,
        contract: Contract::Published,
        limit: None,
        asks: Asks { party: false, days: Days::Asked, stays: &[] },
        key_of_two: false,
        tells_changes: false,
        errors: &[
            ("BAD_REQUEST", 400),
            ("INVALID_HEADER_VALUE", 400),
            ("UNAUTHORIZED", 401),
            ("FORBIDDEN", 403),
            ("NOT_FOUND", 404),
            ("TOO_MANY_REQUESTS", 429),
            ("INTERNAL_SERVER_ERROR", 500),
            ("SERVICE_UNAVAILABLE", 503),
        ],
    },
    Source {
        id: getyourguide::SOURCE,
        base: Some(getyourguide::BASE),
        vertical: Vertical::Activities,
        contract: Contract::Published,
        limit: Some(Limit { calls: 120, seconds: 60 }),
        asks: Asks { party: false, days: Days::Asked, stays: &[] },
        key_of_two: false,
        tells_changes: false,
        errors: &[("25", 401)],
    },
    Source {
        id: goibibo::SOURCE,
        base: None,
        vertical: Vertical::Stays,
        contract: Contract::UnverifiedContract,
        limit: Some(Limit { calls: 50, seconds: 60 }),
        asks: Asks { party: true, days: Days::Asked, stays: &[StayBy::City] },
        key_of_two: true,
        tells_changes: true,
        errors: CONTRACT_ERRORS,
    },
    Source {
        id: oyo::SOURCE,
        base: None,
        vertical: Vertical::Stays,
        contract: Contract::UnverifiedContract,
        limit: Some(Limit { calls: 50, seconds: 60 }),
        asks: Asks { party: true, days: Days::Asked, stays: &[StayBy::City] },
        key_of_two: true,
        tells_changes: true,
        errors: CONTRACT_ERRORS,
    },
    Source {
        id: makemytrip::SOURCE,
        base: None,
        vertical: Vertical::Stays,
        contract: Contract::UnverifiedContract,
        limit: Some(Limit { calls: 30, seconds: 60 }),
        asks: Asks { party: true, days: Days::Asked, stays: &[StayBy::City] },
        key_of_two: true,
        tells_changes: true,
        errors: CONTRACT_ERRORS,
    },
    Source {
        id: trip_com::SOURCE,
        base: None,
        vertical: Vertical::Stays,
        contract: Contract::UnverifiedContract,
        limit: None,
        asks: Asks { party: true, days: Days::Asked, stays: &[StayBy::City] },
        key_of_two: true,
        tells_changes: false,
        errors: CONTRACT_ERRORS,
    },
];

const CONTRACT_ERRORS: &[(&str, u16)] = &[
    ("invalid_request", 400),
    (SourceError::CURSOR_EXPIRED, 410),
    ("unauthorized", 401),
    ("forbidden", 403),
    ("not_found", 404),
    ("price_changed", 409),
    ("sold_out", 409),
    ("duplicate_reference", 409),
    ("rate_limited", 429),
    ("internal_error", 500),
    ("unavailable", 503),
];

/// What is said of an id that no source has.
pub const NO_SUCH_SOURCE: &str = "there is no such source";

/// The source of this id.
pub fn source(id: &str) -> Option<&'static Source> {
    SOURCES.iter().find(|source| source.id == id)
}

/// Whether a source tells us what has changed.
pub fn tells_changes(id: &SourceId) -> bool {
    source(id.as_str()).is_some_and(|source| source.tells_changes)
}

impl Source {
    /// Whether a key is of the form that its keys have.
    pub fn takes(&self, key: &SecretString) -> bool {
        !self.key_of_two || two_parts(key).is_ok()
    }

    /// Whether searches ask it. Travelpayouts has nothing that could be booked or compared ([`travelpayouts`] says why).
    pub fn is_searched(&self) -> bool {
        self.id != travelpayouts::SOURCE
    }
}
