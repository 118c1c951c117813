//! MakeMyTrip: stays, by the contract of [`crate::contract`], which nobody has signed yet. A bearer token is fetched with client id and
//! secret (`ID:SECRET`), kept as long as the instance of the function keeps the adapter, and fetched anew before it ends; or when it is
//! refused, once.

use std::sync::{Mutex, PoisonError};

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use domain::{
    flights::SourceId,
    search::SourceOutcome,
    stays::{City, StayOffer, StayPlace, StayQuery},
};
use futures::future::BoxFuture;
use http::{
    Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Asking, Booked, BookingError, BookingRequest, Desk, Found, Says, SourceError, StaySource,
    calls::{self, Calls, Page, Paged, not_offered, unless_unknown},
    contract::{MAX_PAGES, REFUSALS, booking, parse_booking, parse_cancelled, parse_hotels, parse_one_booking, question},
    read::{encoded, secret_header, source_id, two_parts},
};

/// Its id, as functions declare it.
pub const SOURCE: &str = "makemytrip";
/// What its notices of changes are signed with is called so, as functions declare that they know it.
pub const WEBHOOK_KEY: &str = "makemytrip-webhook-key";
/// The operation that gets a token. It is no search: whose answers are kept.
const TOKEN: &str = "token";
/// A token that ends within this time is not used any more.
const BEFORE_ITS_END: SignedDuration = SignedDuration::from_secs(60);

/// The adapter, with one tenant's client id and secret.
#[derive(Debug)]
pub struct MakeMyTrip {
    id: SourceId,
    base: String,
    key: SecretString,
    token: Mutex<Option<Token>>,
}

#[derive(Debug, Clone)]
struct Token {
    text: SecretString,
    ends: Timestamp,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u32,
}

impl MakeMyTrip {
    /// At this base URL, which an agreement will name, with `ID:SECRET`.
    pub fn new(base: &str, key: SecretString) -> Self {
        Self { id: source_id(SOURCE), base: base.trim_end_matches('/').to_owned(), key, token: Mutex::default() }
    }

    /// Asks with the token that is kept; and where that is refused, with a new one. One that is new was refused for another reason.
    async fn authorised<T, F>(&self, of_token: &Calls<'_>, ask: impl Fn(SecretString) -> F) -> Result<T, SourceError>
    where
        F: Future<Output = Result<T, SourceError>>,
    {
        let kept = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(kept) = kept.filter(|token| token.ends.duration_since(of_token.now) > BEFORE_ITS_END) else {
            return ask(self.new_token(of_token).await?).await;
        };
        match ask(kept.text).await {
            Err(SourceError::Unauthorized) => ask(self.new_token(of_token).await?).await,
            answer => answer,
        }
    }

    async fn new_token(&self, calls: &Calls<'_>) -> Result<SecretString, SourceError> {
        let (id, secret) = two_parts(&self.key)?;
        // In a header, not in the body: headers can be marked as secret.
        let both = BASE64_STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
        let request = Request::post(format!("{}/oauth/token", self.base))
            .header(AUTHORIZATION, secret_header(&format!("Basic {both}"))?)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from_static(b"grant_type=client_credentials"));
        let body = calls.send(request.map_err(|_| SourceError::Unreachable)?).await?;
        let Granted { access_token, expires_in } = serde_json::from_slice(&body).map_err(|_| SourceError::Malformed)?;
        let text = SecretString::from(access_token);
        let ends = calls.now.saturating_add(SignedDuration::from_secs(expires_in.into())).unwrap_or(calls.now);
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(Token { text: text.clone(), ends });
        Ok(text)
    }

    fn request(&self, request: http::request::Builder, token: &SecretString, body: Bytes) -> Result<Request<Bytes>, SourceError> {
        let request = request
            .header(AUTHORIZATION, secret_header(&format!("Bearer {}", token.expose_secret()))?)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json");
        request.body(body).map_err(|_| SourceError::Unreachable)
    }

    fn post(&self, path: &str, token: &SecretString, body: &Value) -> Result<Request<Bytes>, SourceError> {
        self.request(Request::post(format!("{}{path}", self.base)), token, body.to_string().into())
    }
}

impl StaySource for MakeMyTrip {
    fn stays<'a>(&'a self, asking: &'a Asking<'a>, query: &'a StayQuery) -> BoxFuture<'a, Found<StayOffer>> {
        Box::pin(async move {
            let StayPlace::City(city) = query.place() else { return not_offered(&self.id) };
            let (of_token, calls) = (Calls::by(asking, SOURCE, TOKEN), &Calls::by(asking, SOURCE, "hotels-search"));
            let found = self.authorised(&of_token, |token| async move {
                let search = Search { adapter: self, query, city, token };
                match calls::search(calls, &self.id, &search, None, MAX_PAGES).await {
                    Found { outcome: SourceOutcome::Failed, error: Some(error), .. } => Err(error),
                    found => Ok(found),
                }
            });
            let found = found.await;
            let made = of_token.made() + calls.made();
            found.map_or_else(|error| Found::failed(&self.id, error, made), |found| Found { calls: made, ..found })
        })
    }
}

impl Desk for MakeMyTrip {
    /// By the reference of an offer. The price stands in the booking: at another one it is refused.
    fn book<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> Says<'a, Booked, BookingError> {
        Box::pin(async move {
            let body = booking(request)?;
            // A new one: a booking is sent once, and is not to be lost to one that is refused by now.
            let token = self.new_token(&Calls::by(asking, SOURCE, TOKEN)).await.map_err(BookingError::Refused)?;
            let calls = Calls::of_booking(asking, SOURCE, "bookings-create");
            let post = self.post("/api/v2/bookings", &token, &body).map_err(BookingError::Refused)?;
            calls.book(post, REFUSALS, |answer| parse_booking(answer.body()).map_err(BookingError::sent)).await
        })
    }

    /// By our reference.
    fn find<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> Says<'a, Option<Booked>> {
        Box::pin(async move {
            let (of_token, calls) = (Calls::by(asking, SOURCE, TOKEN), &Calls::by(asking, SOURCE, "bookings"));
            let url = &format!("{}/api/v2/bookings?clientReference={}", self.base, encoded(request.reference.as_str()));
            let found = self.authorised(&of_token, |token| async move {
                let ask = |_: Option<&str>| self.request(Request::get(url), &token, Bytes::new());
                calls.find(&request.reference, ask, |body: &[u8]| parse_one_booking(body, &request.reference)).await
            });
            unless_unknown(found.await)
        })
    }

    fn status<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> Says<'a, Booked> {
        Box::pin(async move {
            let (of_token, calls) = (Calls::by(asking, SOURCE, TOKEN), &Calls::by(asking, SOURCE, "bookings"));
            let answer = self.authorised(&of_token, |token| async move {
                let request = Request::get(format!("{}/api/v2/bookings/{}", self.base, encoded(booking)));
                calls.send(self.request(request, &token, Bytes::new())?).await
            });
            parse_booking(&answer.await?)
        })
    }

    fn cancel<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> Says<'a, ()> {
        Box::pin(async move {
            let (of_token, calls) = (Calls::by(asking, SOURCE, TOKEN), &Calls::by(asking, SOURCE, "cancellations"));
            let answer = self.authorised(&of_token, |token| async move {
                // What is refused for its token was not done, and may be sent again.
                calls.send_once(self.post("/api/v2/cancellations", &token, &json!({"bookingId": booking}))?).await
            });
            parse_cancelled(answer.await?.body())
        })
    }
}

struct Search<'a> {
    adapter: &'a MakeMyTrip,
    query: &'a StayQuery,
    city: &'a City,
    token: SecretString,
}

impl Paged for Search<'_> {
    type Offer = StayOffer;
    /// The token of the page; none for the first.
    type At = Option<String>;

    fn request(&self, at: &Option<String>, _: Timestamp) -> Result<Request<Bytes>, SourceError> {
        self.adapter.post("/api/v2/hotels/search", &self.token, &question(self.city, self.query, at.as_deref()))
    }

    fn page(&self, body: &[u8], _: &Option<String>, now: Timestamp) -> Result<Page<StayOffer, Option<String>>, SourceError> {
        let (sifted, next) = parse_hotels(body, SOURCE, self.query, now)?;
        Ok(Page { sifted, next: next.map(Some) })
    }
}
