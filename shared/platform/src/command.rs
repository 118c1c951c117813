//! Requests that change something: verified caller, validated input with every fault at once, and the receipt that makes a
//! repeated request one.

use axum::extract::{FromRequest, FromRequestParts};
use bytes::Bytes;
use domain::faults::{Fault, Faults};
use eserde::{
    DeserializationErrors, EDeserialize,
    path::{Path, Segment},
};
use http::{HeaderMap, header, request::Parts};
use jiff::Timestamp;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use sha2::{Digest, Sha256};
use storage::{Receipt, ReceiptId, StoredReply};

use crate::{caller::Caller, deps::Deps, failure::Failure};

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

/// A request without an input: its path says all.
#[derive(Debug)]
pub struct Instruction {
    /// Who asks.
    pub caller: Caller,
    /// Which request it is.
    pub request: Request,
}

/// Which request this is, if the client gave it an idempotency key.
#[derive(Debug, Clone)]
pub struct Request(Option<(ReceiptId, String)>);

impl Request {
    fn of(caller: &Caller, parts: &Parts, body: &[u8]) -> Result<Self, Failure> {
        let Some(key) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let key = key.to_str().ok().filter(|key| (1..=MAX_KEY_BYTES).contains(&key.len()));
        let key = key.ok_or(Failure::Malformed("Idempotency-Key must be 1 to 255 printable ASCII characters."))?;
        let operation = format!("{} {}", parts.method, parts.uri.path());
        let key_hash = hex(&Sha256::new().chain_update(&operation).chain_update([0]).chain_update(key).finalize());
        // What makes a request another one: its body, and what it is conditional on.
        let condition = parts.headers.get(header::IF_MATCH).map_or(&[][..], |value| value.as_bytes());
        let body_hash = hex(&Sha256::new()
            .chain_update((condition.len() as u64).to_be_bytes())
            .chain_update(condition)
            .chain_update(body)
            .finalize());
        Ok(Self(Some((ReceiptId { owner: caller.owner.clone(), operation, key_hash }, body_hash))))
    }

    /// The receipt to be left with an answer.
    pub(crate) fn receipt(&self, reply: StoredReply, at: Timestamp) -> Option<Receipt> {
        let (id, body_hash) = self.0.clone()?;
        Some(Receipt { id, body_hash, reply, at })
    }

    /// What was answered, if this request was carried out before.
    pub(crate) async fn replay(&self, cx: &Deps) -> Result<Option<StoredReply>, Failure> {
        let Some((id, body_hash)) = &self.0 else { return Ok(None) };
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

impl<T: DeserializeOwned + for<'de> EDeserialize<'de> + Send> FromRequest<Deps> for Command<T> {
    type Rejection = Failure;

    async fn from_request(request: axum::extract::Request, cx: &Deps) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, cx).await?;
        if !is_json(&parts.headers) {
            return Err(Failure::NotJson);
        }
        let body = read(body).await?;
        let request = Request::of(&caller, &parts, &body)?.not_carried_out(cx).await?;
        Ok(Self { input: parse(&body)?, caller, request })
    }
}

impl FromRequest<Deps> for Instruction {
    type Rejection = Failure;

    async fn from_request(request: axum::extract::Request, cx: &Deps) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, cx).await?;
        let body = read(body).await?;
        let request = Request::of(&caller, &parts, &body)?.not_carried_out(cx).await?;
        if !body.is_empty() {
            parse::<Nothing>(&body)?;
        }
        Ok(Self { caller, request })
    }
}

/// An object without fields.
#[derive(eserde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.eq_ignore_ascii_case("application/merge-patch+json")
}

async fn read(body: axum::body::Body) -> Result<Bytes, Failure> {
    use http_body_util::{BodyExt, LengthLimitError, Limited};
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Failure::TooLarge),
        Err(_) => Err(Failure::Malformed("The body was cut off.")),
    }
}

/// Reads an input. What is no JSON is malformed; what is JSON but no such input has faults, and all are named.
pub fn parse<T: DeserializeOwned + for<'de> EDeserialize<'de>>(body: &[u8]) -> Result<T, Failure> {
    let not_json = Failure::Malformed("The body is not JSON.");
    let text = std::str::from_utf8(body).map_err(|_| not_json.clone())?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|_| not_json)?;
    if !text.trim_start().starts_with('{') {
        return Err(Failure::Faults(Faults::one("", "invalid", "the body must be an object")));
    }
    eserde::json::from_str(text).map_err(|errors| Failure::Faults(every_fault::<T>(text, &errors)))
}

/// How many faults are named at most: an answer has its limits too.
const MAX_FAULTS: usize = 100;
/// How many unknown fields are named at most.
const MAX_UNKNOWN: usize = 50;

/// Every fault of an input. `eserde` gives up on an object at its first unknown field, so that each of them is noted, taken
/// out, and the rest looked at again. O(unknown fields × length).
fn every_fault<T: for<'de> EDeserialize<'de>>(text: &str, errors: &DeserializationErrors) -> Faults {
    let mut latest = faults_of(errors);
    // Fields given twice are lost as soon as the text is read into a value.
    let (mut noted, _): (Vec<Fault>, Vec<Fault>) = latest.iter().cloned().partition(|fault| fault.code == "duplicate");
    let mut rest: Value = serde_json::from_str(text).unwrap_or_default();
    for _ in 0..MAX_UNKNOWN {
        let (unknown, other): (Vec<Fault>, Vec<Fault>) = latest.into_iter().partition(|fault| fault.code == "unknown-field");
        let taken_out = unknown.iter().filter(|fault| take_out(&mut rest, &fault.pointer)).count();
        noted.extend(unknown);
        latest = other;
        if taken_out == 0 {
            break;
        }
        latest = eserde::json::from_str::<T>(&rest.to_string()).map_or_else(|errors| faults_of(&errors), |_| Vec::new());
    }
    noted.extend(latest.into_iter().filter(|fault| fault.code != "duplicate"));
    if noted.len() > MAX_FAULTS {
        let more = noted.len() - MAX_FAULTS;
        noted.truncate(MAX_FAULTS);
        noted.push(Fault { pointer: String::new(), code: "more", detail: format!("and {more} more") });
    }
    Faults::from(noted)
}

/// Takes a field out of its object. Answers whether it was there.
fn take_out(value: &mut Value, pointer: &str) -> bool {
    let Some((parent, field)) = pointer.rsplit_once('/') else { return false };
    let field = field.replace("~1", "/").replace("~0", "~");
    value.pointer_mut(parent).and_then(Value::as_object_mut).is_some_and(|object| object.remove(&field).is_some())
}

fn faults_of(errors: &DeserializationErrors) -> Vec<Fault> {
    errors.iter().map(|error| fault(error.path(), error.message())).collect()
}

/// Turns a path and a parser's message into a fault.
fn fault(path: Option<&Path>, message: &str) -> Fault {
    let mut pointer: String = path.into_iter().flat_map(Path::iter).map(pointer_part).collect();
    // Where in the text it stands helps nobody who builds the text by a program.
    let detail = message.split(" at line ").next().unwrap_or_default().to_owned();
    let named = |what: &str| detail.strip_prefix(what).and_then(|rest| rest.split('`').next()).map(str::to_owned);
    let code = if let Some(field) = named("missing field `") {
        // The path is the object's.
        pointer.push_str(&escaped(&field));
        "missing"
    } else if named("unknown field `").is_some() {
        "unknown-field"
    } else if named("duplicate field `").is_some() {
        "duplicate"
    } else {
        "invalid"
    };
    Fault { pointer, code, detail }
}

fn pointer_part(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => escaped(key),
        Segment::Enum { variant } => escaped(variant),
    }
}

/// A field's name as a part of a JSON pointer (RFC 6901).
fn escaped(field: &str) -> String {
    format!("/{}", field.replace('~', "~0").replace('/', "~1"))
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

    #[derive(Debug, PartialEq, eserde::Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Outer {
        name: String,
        count: u8,
        inner: Inner,
    }

    #[derive(Debug, PartialEq, eserde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        list: Vec<u8>,
    }

    fn faults(body: &str) -> Vec<(String, &'static str)> {
        match parse::<Outer>(body.as_bytes()) {
            Err(Failure::Faults(faults)) => faults.as_slice().iter().map(|fault| (fault.pointer.clone(), fault.code)).collect(),
            other => vec![(format!("{other:?}"), "no faults")],
        }
    }

    #[test]
    fn every_fault_is_named_with_its_pointer() {
        let mut found =
            faults(r#"{"a/b": 1, "inner": {"more": 1, "list": [1, "x"], "less": 2}, "extra": true, "count": 300, "b": {}}"#);
        found.sort_unstable();
        let expected = [
            ("/a~1b", "unknown-field"),
            ("/b", "unknown-field"),
            ("/count", "invalid"),
            ("/extra", "unknown-field"),
            ("/inner/less", "unknown-field"),
            ("/inner/list/1", "invalid"),
            ("/inner/more", "unknown-field"),
            ("/name", "missing"),
        ];
        assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    }

    #[test]
    fn a_field_given_twice_is_a_fault() {
        let found = faults(r#"{"name": "a", "name": "b", "count": 1, "inner": {"list": []}}"#);
        assert_eq!(found.iter().map(|(_, code)| *code).collect::<Vec<_>>(), ["duplicate"]);
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for body in ["", "{", "nul", "{\"a\":1,}", "\u{feff}{}"] {
            assert!(matches!(parse::<Outer>(body.as_bytes()), Err(Failure::Malformed(_))), "{body}");
        }
        assert!(matches!(parse::<Outer>(&[0xff, 0xfe]), Err(Failure::Malformed(_))));
        assert!(matches!(parse::<Outer>("[".repeat(100_000).as_bytes()), Err(Failure::Malformed(_))));
    }
}
