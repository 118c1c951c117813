//! Requests that change something: verified caller, validated input with every fault at once, and the receipt that makes a
//! repeated request one.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{FromRequest, FromRequestParts},
    response::Response,
};
use bytes::Bytes;
use domain::inputs::{Fields, Input, Unread, read_input_with};
use hmac::Mac;
use http::{HeaderMap, header, request::Parts};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use storage::{Change, Receipt, ReceiptId, StoredReply};

use crate::{
    caller::Caller,
    deps::Deps,
    failure::Failure,
    limit::Counted,
    reply::stored,
    signature::{Purpose, mac},
};

/// The largest body that is read.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// The longest idempotency key.
const MAX_KEY_BYTES: usize = 255;

/// A request with an input.
#[derive(Debug)]
pub struct Command<T> {
    /// Who asks.
    pub caller: Caller,
    /// For what.
    pub input: T,
    /// Which request it is.
    pub request: Request,
}

/// A request whose path says all, or all that must be said: without a body it is one with an empty object.
#[derive(Debug)]
pub struct Instruction<T = Nothing> {
    /// Who asks.
    pub caller: Caller,
    /// For what else.
    pub input: T,
    /// Which request it is.
    pub request: Request,
}

/// Which request this is, if the client gave it an idempotency key; and what it counts for.
#[derive(Debug, Clone)]
pub struct Request {
    receipt: Option<(ReceiptId, String)>,
    counted: Option<Counted>,
}

/// The request that a handler was given, for what surrounds the handler.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked(Arc<OnceLock<Request>>);

impl Asked {
    /// The final answer. A request may be refused because its twin was faster: what that one deleted is not found, what it ran
    /// was run too recently. Then this one's answer is the twin's.
    pub(crate) async fn settle(&self, cx: &Deps, answer: Response) -> Response {
        let Some(request) = self.0.get().filter(|_| answer.status().is_client_error()) else { return answer };
        match request.replay(cx).await {
            Ok(Some(reply)) => stored(&reply),
            Ok(None) | Err(_) => answer,
        }
    }
}

impl Request {
    /// Reads which request this is, unless it was carried out before.
    async fn new_of(cx: &Deps, caller: &Caller, parts: &Parts, body: &[u8]) -> Result<Self, Failure> {
        let request = Self::of(cx, caller, parts, body)?;
        if let Some(Asked(asked)) = parts.extensions.get() {
            // A handler takes one request.
            asked.set(request.clone()).ok();
        }
        request.not_carried_out(cx).await
    }

    fn of(cx: &Deps, caller: &Caller, parts: &Parts, body: &[u8]) -> Result<Self, Failure> {
        let counted = parts.extensions.get::<Counted>().cloned();
        let Some(key) = parts.headers.get("idempotency-key") else { return Ok(Self { receipt: None, counted }) };
        let key = key.to_str().ok().filter(|key| (1..=MAX_KEY_BYTES).contains(&key.len()));
        let key = key.ok_or(Failure::Malformed("Idempotency-Key must be 1 to 255 printable ASCII characters."))?;
        let operation = format!("{} {}", parts.method, parts.uri.path());
        let key_hash = hex(&Sha256::new().chain_update(&operation).chain_update([0]).chain_update(key).finalize());
        // What makes a request another one: its body, and what it is conditional on.
        let condition = parts.headers.get(header::IF_MATCH).map_or(&[][..], |value| value.as_bytes());
        // With a key: what a body says can be personal, and its mere hash could be guessed.
        let body_hash = mac(cx, Purpose::Request)?
            .chain_update((condition.len() as u64).to_be_bytes())
            .chain_update(condition)
            .chain_update(body);
        let body_hash = hex(&body_hash.finalize().into_bytes());
        Ok(Self { receipt: Some((ReceiptId { owner: caller.owner.clone(), operation, key_hash }, body_hash)), counted })
    }

    /// The receipt to be left with an answer.
    pub(crate) fn receipt(&self, reply: StoredReply, at: Timestamp) -> Option<Receipt> {
        let (id, body_hash) = self.receipt.clone()?;
        Some(Receipt { id, body_hash, reply, at })
    }

    /// Counts the change for the limit of its endpoint.
    pub(crate) fn admit(&self, change: Change) -> Change {
        self.counted.iter().fold(change, |change, counted| counted.admit(change))
    }

    /// What was answered, if this request was carried out before.
    pub(crate) async fn replay(&self, cx: &Deps) -> Result<Option<StoredReply>, Failure> {
        let Some((id, body_hash)) = &self.receipt else { return Ok(None) };
        match cx.store().receipt(id, cx.now()).await? {
            Some(receipt) if receipt.body_hash == *body_hash => Ok(Some(receipt.reply)),
            Some(_) => Err(Failure::KeyReused),
            None => Ok(None),
        }
    }

    async fn not_carried_out(self, cx: &Deps) -> Result<Self, Failure> {
        match self.replay(cx).await? {
            Some(reply) => Err(Failure::Replay(Box::new(reply))),
            None => Ok(self),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<T: Input + Send> FromRequest<Deps> for Command<T> {
    type Rejection = Failure;

    async fn from_request(request: axum::extract::Request, cx: &Deps) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, cx).await?;
        if !is_json(&parts.headers) {
            return Err(Failure::NotJson);
        }
        let body = read(body).await?;
        let request = Request::new_of(cx, &caller, &parts, &body).await?;
        Ok(Self { input: parse(&body)?, caller, request })
    }
}

impl<T: Input + Send> FromRequest<Deps> for Instruction<T> {
    type Rejection = Failure;

    async fn from_request(request: axum::extract::Request, cx: &Deps) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, cx).await?;
        let body = read(body).await?;
        // It needs no body. What comes as one is JSON: a page of another site can send everything else by a mere form.
        if !body.is_empty() && !is_json(&parts.headers) {
            return Err(Failure::NotJson);
        }
        let request = Request::new_of(cx, &caller, &parts, &body).await?;
        let input = parse(if body.is_empty() { b"{}" } else { &body })?;
        Ok(Self { caller, input, request })
    }
}

/// An object without fields.
#[derive(Debug)]
pub struct Nothing;

impl Input for Nothing {
    fn read(_: &mut Fields<'_>) -> Option<Self> {
        Some(Self)
    }
}

pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.eq_ignore_ascii_case("application/merge-patch+json")
}

pub(crate) async fn read(body: axum::body::Body) -> Result<Bytes, Failure> {
    use http_body_util::{BodyExt, LengthLimitError, Limited};
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Failure::TooLarge),
        Err(_) => Err(Failure::Malformed("The body was cut off.")),
    }
}

/// Reads an input. What is no JSON is malformed; what is JSON but no such input has faults, and all are named.
///
/// # Errors
/// What is wrong with it.
pub fn parse<T: Input>(body: &[u8]) -> Result<T, Failure> {
    parse_with(body, None)
}

/// The same, of which one field may have come another way than in the body.
pub(crate) fn parse_with<T: Input>(body: &[u8], beside: Option<(&str, Value)>) -> Result<T, Failure> {
    parse_by(body, |json| read_input_with(json, beside))
}

/// The same, of what is read in a way of its own.
pub(crate) fn parse_by<T>(body: &[u8], read: impl FnOnce(&str) -> Result<T, Unread>) -> Result<T, Failure> {
    let text = std::str::from_utf8(body).map_err(|_| Unread::NotJson);
    text.and_then(read).map_err(|unread| match unread {
        Unread::NotJson => Failure::Malformed("The body is not JSON."),
        Unread::Faults(faults) => Failure::Faults(faults),
    })
}

/// The version that a change is conditional on, if the client gave one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(Option<u64>);

impl IfMatch {
    /// Holds it against the current version.
    ///
    /// # Errors
    /// If it is another one.
    pub fn check(self, current: u64) -> Result<(), Failure> {
        match self.0 {
            Some(version) if version != current => Err(Failure::Stale),
            Some(_) | None => Ok(()),
        }
    }

    /// What it means that someone else was faster: with a condition, that the condition no longer holds.
    pub fn settle(self, failure: Failure) -> Failure {
        if self.0.is_some() && failure == Failure::Changed { Failure::Stale } else { failure }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let value = value.to_str().unwrap_or_default().trim();
        if value == "*" {
            return Ok(Self(None));
        }
        // A tag is the version alone, or the version and the hash of what was shown.
        let tag = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let version = tag.and_then(|tag| tag.split('-').next()).and_then(|version| version.parse().ok());
        version
            .map(|version| Self(Some(version)))
            .ok_or(Failure::Malformed("If-Match must be one entity tag as an ETag header gave it, such as \"3\"."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_malformed() {
        for body in ["", "{", "nul", "{\"a\":1,}", "\u{feff}{}"] {
            assert!(matches!(parse::<Nothing>(body.as_bytes()), Err(Failure::Malformed(_))), "{body}");
        }
        assert!(matches!(parse::<Nothing>(&[0xff, 0xfe]), Err(Failure::Malformed(_))));
        assert!(matches!(parse::<Nothing>("[".repeat(100_000).as_bytes()), Err(Failure::Malformed(_))));
    }

    #[test]
    fn an_instruction_takes_no_fields() {
        assert!(parse::<Nothing>(b"{}").is_ok());
        assert!(matches!(parse::<Nothing>(br#"{"a": 1}"#), Err(Failure::Faults(_))));
    }
}
