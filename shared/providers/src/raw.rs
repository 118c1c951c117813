//! Keeps what sources answer to searches, word for word: [`Keeping`], a way out through which every answer is stored as it passes.
//!
//! Kept are the body, compressed, the source, the operation, the status, the time and a hash of the request. Not kept: the request, its
//! headers and those of the answer, and anything of an operation that is not a search: bookings tell who travels.

use std::fmt::Write;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Response, header::CONTENT_ENCODING};
use platform::{
    Deps,
    outside::{Call, Outside, OutsideError},
    telemetry,
};
use sha2::{Digest, Sha256};
use storage::{Entity, RawAnswer};

use crate::{
    booking_demand, calls::unpacked, duffel, expedia_rapid, getyourguide, goibibo, makemytrip, oyo, seats_aero, travelpayouts,
    trip_com, viator,
};

/// The searches, whose answers are offers and nothing else.
const SEARCHES: &[(&str, &str)] = &[
    (seats_aero::SOURCE, "search"),
    (duffel::SOURCE, "offer-requests"),
    (travelpayouts::SOURCE, "calendar"),
    (booking_demand::SOURCE, "accommodations-search"),
    (expedia_rapid::SOURCE, "availability"),
    (viator::SOURCE, "search-freetext"),
    (viator::SOURCE, "availability-check"),
    (getyourguide::SOURCE, "tours"),
    (goibibo::SOURCE, "search-hotels"),
    (oyo::SOURCE, "search-hotels"),
    (trip_com::SOURCE, "search-hotels"),
    (makemytrip::SOURCE, "hotels-search"),
];

/// Whether answers to an operation of a source are kept.
pub fn is_kept(source: &str, operation: &str) -> bool {
    SEARCHES.contains(&(source, operation))
}

/// The way outside of a function, with every answer to a search kept.
#[derive(Debug, Clone)]
pub struct Keeping(Deps);

impl Keeping {
    /// Of a function. One that may not write raw answers keeps none: a test holds that all that search may.
    pub fn of(cx: &Deps) -> Self {
        Self(cx.clone())
    }
}

impl Outside for Keeping {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, OutsideError>> {
        Box::pin(async move {
            let kept = is_kept(call.source, call.operation) && may_keep(&self.0);
            let asked = kept.then(|| (call.source, call.operation, hash(&call)));
            let answer = self.0.outside().send(call).await?;
            match asked {
                Some((source, operation, request)) => Ok(keep(&self.0, (source, operation), request, answer).await),
                None => Ok(answer),
            }
        })
    }
}

fn may_keep(cx: &Deps) -> bool {
    cx.function().grants.iter().any(|grant| grant.same(&RawAnswer::WRITE))
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

/// Keeps an answer as it was before it was packed, and hands it on so: it is unpacked once. That it can't be kept is no reason not to
/// use it.
async fn keep(
    cx: &Deps,
    (source, operation): (&'static str, &'static str),
    request: String,
    answer: Response<Bytes>,
) -> Response<Bytes> {
    let Ok(mut answer) = unpacked(answer.clone()) else { return answer };
    answer.headers_mut().remove(CONTENT_ENCODING);
    let Ok(source) = source.parse() else { return answer };
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
