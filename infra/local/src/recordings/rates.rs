//! `GET /ecb/eurofxref-daily.xml`: the European Central Bank's reference rates of one day.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::civil::Date;

use super::{OBSERVED, PROVENANCE};

/// What is played.
#[derive(Debug, Clone)]
pub(super) struct Rates(Arc<str>);

impl Rates {
    pub(super) fn embedded() -> Self {
        Self(include_str!("../../recordings/ecb/eurofxref-daily.xml").into())
    }

    /// The same of another day.
    pub(super) fn as_if(&self, observed: Date) -> Self {
        Self(self.0.replace(&OBSERVED.to_string(), &observed.to_string()).into())
    }
}

pub(super) fn router(rates: &Rates) -> Router {
    Router::new().route("/ecb/eurofxref-daily.xml", get(daily)).with_state(rates.clone())
}

/// Those of the day of the observations: on later days the answer stays, as on days on which the bank does not quote.
async fn daily(State(Rates(rates)): State<Rates>) -> Response {
    ([("content-type", "text/xml")], PROVENANCE, rates.to_string()).into_response()
}
