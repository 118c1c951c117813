//! Keeps what sources answer to searches, and say in feeds, word for word: the guard hands every answer through [`Keeping`].
//!
//! Kept are the body, compressed, the source, the operation, the status, the time and a hash of the request. Not kept: the request, its
//! headers and those of the answer, and anything of an operation that is no search, no feed and no description of houses: bookings tell who travels. An
//! answer that says a key, or a token, which it was asked with is not kept either.

use std::fmt::Write;

use bytes::Bytes;
use http::Response;
use platform::{Deps, outside::Call, telemetry};
use sha2::{Digest, Sha256};
use storage::{Entity, Grant, RawAnswer, RawPart};

use crate::{
    booking_demand, contract::CHANGES, duffel, expedia_rapid, getyourguide, goibibo, makemytrip, oyo, seats_aero, travelpayouts,
    trip_com, viator,
};

/// What it takes to keep them: who may not, asks all the same.
pub const GRANTS: &[Grant] = &[RawAnswer::WRITE, RawPart::WRITE];

/// The searches, whose answers are offers and nothing else, and the feeds and descriptions, which tell of houses.
const KEPT: &[(&str, &str)] = &[
    (seats_aero::SOURCE, "search"),
    (duffel::SOURCE, "offer-requests"),
    (travelpayouts::SOURCE, "calendar"),
    (booking_demand::SOURCE, "accommodations-search"),
    (expedia_rapid::SOURCE, "availability"),
    (viator::SOURCE, "search-freetext"),
    (getyourguide::SOURCE, "tours"),
    (goibibo::SOURCE, "search-hotels"),
    (oyo::SOURCE, "search-hotels"),
    (trip_com::SOURCE, "search-hotels"),
    (makemytrip::SOURCE, "hotels-search"),
    (goibibo::SOURCE, CHANGES),
    (oyo::SOURCE, CHANGES),
    (booking_demand::SOURCE, booking_demand::DETAILS),
    (expedia_rapid::SOURCE, expedia_rapid::CONTENT),
];

/// Whether answers to an operation of a source are kept.
pub fn is_kept(source: &str, operation: &str) -> bool {
    KEPT.contains(&(source, operation))
}

/// What is kept of a call: its answer, if it is one of those.
#[derive(Debug)]
pub(crate) struct Keeping<'a> {
    cx: &'a Deps,
    source: &'static str,
    operation: &'static str,
    /// The hash of what is asked, if it is kept at all, and what it must not say.
    request: Option<(String, Vec<String>)>,
}

impl<'a> Keeping<'a> {
    /// Before the call. A function that may not write raw answers keeps none: a test holds that all that search may.
    pub(crate) fn of(cx: &'a Deps, call: &Call) -> Self {
        let kept = is_kept(call.source, call.operation) && may_keep(cx);
        Self { cx, source: call.source, operation: call.operation, request: kept.then(|| (hash(call), secrets(call))) }
    }

    /// After it. Not before the call is settled: how slow our own table is says nothing of the source.
    pub(crate) async fn keep(self, answer: Response<Bytes>) -> Response<Bytes> {
        match self.request {
            Some((request, secrets)) => keep(self.cx, (self.source, self.operation), (request, &secrets), answer).await,
            None => answer,
        }
    }
}

fn may_keep(cx: &Deps) -> bool {
    cx.function().declared().any(|grant| grant.same(&RawAnswer::WRITE))
}

/// The hash of what is asked: method, address and body, each length-prefixed. Headers hold keys and times.
fn hash(call: &Call) -> String {
    let request = &call.request;
    let uri = request.uri().to_string();
    let mut hasher = Sha256::new();
    for part in [request.method().as_str().as_bytes(), uri.as_bytes(), request.body()] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

/// What of a request is secret: the values of headers that are marked so, without what only says of which kind they are
/// (`Bearer …`, `EAN apikey=…,signature=…,timestamp=…`). A number, such as the time, is no secret.
fn secrets(call: &Call) -> Vec<String> {
    /// Keys are as long as this at least.
    const LEAST: usize = 8;
    let headers = call.request.headers().values().filter(|value| value.is_sensitive());
    let texts = headers.filter_map(|value| value.to_str().ok());
    let parts = texts.flat_map(|text| text.split([' ', ','])).map(|part| match part.split_once('=') {
        Some((_, value)) if value.len() >= LEAST => value,
        Some(_) | None => part,
    });
    let secret = |part: &&str| part.len() >= LEAST && !part.bytes().all(|b| b.is_ascii_digit());
    parts.filter(secret).map(str::to_owned).collect()
}

/// Keeps an answer, which is unpacked already, and hands it on. That it can't be kept is no reason not to use it.
async fn keep(
    cx: &Deps,
    (source, operation): (&'static str, &'static str),
    (request, secrets): (String, &[String]),
    answer: Response<Bytes>,
) -> Response<Bytes> {
    let Ok(source) = source.parse() else { return answer };
    let said = String::from_utf8_lossy(answer.body());
    if secrets.iter().any(|secret| said.contains(secret)) {
        tracing::warn!(%source, operation, "an answer says what it was asked with, and is not kept");
        telemetry::count(cx, "RawAnswersLost", 1);
        return answer;
    }
    let bytes = answer.body().len() as u64;
    let status = answer.status().as_u16();
    let mut raw = RawAnswer { source, operation: operation.to_owned(), at: cx.now(), request, status, bytes, parts: 0 };
    match cx.store().keep_raw(&mut raw, answer.body()).await {
        Ok(()) => telemetry::measure(cx, "RawAnswerBytes", bytes, "Bytes"),
        Err(error) => {
            tracing::warn!(source = %raw.source, operation, %error, "a raw answer is lost");
            telemetry::count(cx, "RawAnswersLost", 1);
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::source;

    #[test]
    fn what_is_kept_can_be_read_again_by_its_operation() {
        for (id, operation) in KEPT {
            let known = source(id).is_some_and(|source| source.readings().iter().any(|reading| reading.operation == *operation));
            assert!(known, "{id} {operation}");
        }
    }
}
