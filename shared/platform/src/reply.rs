//! Answers, and committing a change together with the receipt of the request that asked for it.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;
use storage::{Change, StoreError, StoredReply};

use crate::{command::Request, deps::Deps, failure::Failure, web::Cookie};

/// What a handler answers.
pub type Reply<T> = Result<Answer<T>, Failure>;

/// A good answer.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    status: StatusCode,
    etag: Option<String>,
    location: Option<String>,
    cache: Option<&'static str>,
    cookies: Vec<Cookie>,
    body: Option<T>,
    stored: Option<StoredReply>,
}

impl<T: Serialize> Answer<T> {
    fn new(status: StatusCode, body: Option<T>) -> Self {
        Self { status, etag: None, location: None, cache: None, cookies: Vec::new(), body, stored: None }
    }

    /// 200.
    pub fn ok(body: T) -> Self {
        Self::new(StatusCode::OK, Some(body))
    }

    /// 201, with where it is now.
    pub fn created(body: T, location: String) -> Self {
        Self { location: Some(location), ..Self::new(StatusCode::CREATED, Some(body)) }
    }

    /// 202: it will be done.
    pub fn accepted(body: T) -> Self {
        Self::new(StatusCode::ACCEPTED, Some(body))
    }

    /// 204.
    pub fn nothing() -> Self {
        Self::new(StatusCode::NO_CONTENT, None)
    }

    /// With the version as its tag. (Without one, the tag is made from the body.)
    pub fn version(mut self, version: u64) -> Self {
        self.etag = Some(format!("\"{version}\""));
        self
    }

    /// With a `Cache-Control` of its own. Without one, an answer is the caller's, and asked for again each time.
    pub fn cache(mut self, control: &'static str) -> Self {
        self.cache = Some(control);
        self
    }

    /// With cookies. They are part of no receipt: it would hold tokens.
    pub fn cookies(mut self, cookies: impl IntoIterator<Item = Cookie>) -> Self {
        self.cookies.extend(cookies);
        self
    }

    fn to_stored(&self) -> Result<StoredReply, Failure> {
        let body = self.body.as_ref().map(serde_json::to_string).transpose().map_err(|_| Failure::Internal)?;
        Ok(StoredReply {
            status: self.status.as_u16(),
            etag: self.etag.clone(),
            location: self.location.clone(),
            body: body.unwrap_or_default(),
        })
    }

    fn replayed(stored: StoredReply) -> Self {
        Self { stored: Some(stored), ..Self::new(StatusCode::OK, None) }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        if let Some(stored) = &self.stored {
            return self::stored(stored);
        }
        let Ok(reply) = self.to_stored() else { return Failure::Internal.into_response() };
        let mut response = respond(&reply);
        if let Some(control) = self.cache {
            set_header(&mut response, header::CACHE_CONTROL, control);
        }
        self.cookies.iter().for_each(|cookie| cookie.set(&mut response));
        response
    }
}

/// A stored reply, marked as such.
pub(crate) fn stored(reply: &StoredReply) -> Response {
    let mut response = respond(reply);
    set_header(&mut response, HeaderName::from_static("idempotency-replayed"), "true");
    response
}

fn respond(reply: &StoredReply) -> Response {
    let mut response = reply.body.clone().into_response();
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    response.headers_mut().remove(header::CONTENT_TYPE);
    if !reply.body.is_empty() {
        set_header(&mut response, header::CONTENT_TYPE, "application/json");
    }
    if let Some(etag) = &reply.etag {
        set_header(&mut response, header::ETAG, etag);
    }
    if let Some(location) = &reply.location {
        set_header(&mut response, header::LOCATION, location);
    }
    response
}

pub(crate) fn set_header(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// When it is worth asking again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotBefore(pub(crate) Timestamp);

/// `Retry-After` in seconds, which are right by whatever clock the client goes: rounded up, as a moment too early is in vain.
pub(crate) fn tell_when(response: &mut Response, now: Timestamp) {
    if let Some(NotBefore(at)) = response.extensions().get().copied() {
        let millis = at.duration_since(now).as_millis().max(0);
        set_header(response, header::RETRY_AFTER, &((millis + 999) / 1_000).to_string());
    }
}

impl Deps {
    /// Commits a change, its events and the request's receipt with this answer: all of it, or nothing. Of several requests
    /// with the same idempotency key one is carried out; the others answer what it answered. The change counts for the limit
    /// of the endpoint.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub async fn commit<T: Serialize>(&self, request: &Request, change: Change, answer: Answer<T>) -> Reply<T> {
        let receipt = request.receipt(answer.to_stored()?, self.now());
        match self.store().commit(request.admit(change.receipt(receipt.as_ref()))).await {
            Ok(()) => Ok(answer),
            Err(
                error @ (StoreError::Replayed
                | StoreError::Contended
                | StoreError::Changed
                | StoreError::Exists
                | StoreError::LimitReached),
            ) => match request.replay(self).await? {
                Some(stored) => Ok(Answer::replayed(stored)),
                None if receipt.is_some() && error == StoreError::Contended => Err(Failure::InProgress),
                None => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }
}
