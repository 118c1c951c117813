//! Lists: a page at a time, with an opaque signed cursor.

use axum::extract::FromRequestParts;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::faults::Faults;
use hmac::{Hmac, Mac};
use http::request::Parts;
use serde::Serialize;
use sha2::Sha256;
use storage::Listed;
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::Caller,
    deps::Deps,
    failure::Failure,
    query::Asked,
    signature::{Purpose, mac},
};

const DEFAULT_LIMIT: u8 = 20;
const MAX_LIMIT: u8 = 100;

/// Which page of a list is asked for.
#[derive(Debug)]
pub struct Page {
    /// At most so many.
    pub limit: u8,
    /// After this place in the list.
    pub after: Option<String>,
    scope: String,
}

/// How a page is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes parameters and is never built")]
pub struct PageParams {
    /// At most so many, 1 to 100; 20 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u8>,
    /// What the last page gave as `next`.
    cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Paged<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Page {
    /// What is answered: the items as they are shown, and a signed cursor.
    ///
    /// # Errors
    /// If the function was not told the key.
    pub fn answer<E, T>(&self, cx: &Deps, listed: Listed<E>, show: impl Fn(E) -> T) -> Result<Paged<T>, Failure> {
        let signed = |place: String| {
            let tag = sign(cx, &self.scope, &place)?.finalize().into_bytes();
            Ok::<_, Failure>(format!("{}.{}", URL_SAFE_NO_PAD.encode(&place), URL_SAFE_NO_PAD.encode(tag)))
        };
        let next = listed.next.map(signed).transpose()?;
        Ok(Paged { items: listed.items.into_iter().map(show).collect(), next })
    }

    /// A page of what a filter admits: the faults of both, where both have some.
    ///
    /// # Errors
    /// Those of either.
    pub fn of_what<F>(page: Result<Self, Failure>, filter: Result<F, Faults>) -> Result<(Self, F), Failure> {
        match (page, filter) {
            (Ok(page), Ok(filter)) => Ok((page, filter)),
            (Err(Failure::Faults(of_page)), Err(of_filter)) => {
                Err(Failure::Faults([of_page.as_slice(), of_filter.as_slice()].concat().into()))
            }
            (Err(failure), _) => Err(failure),
            (Ok(_), Err(faults)) => Err(Failure::Faults(faults)),
        }
    }

    fn read(parts: &Parts, scope: String, cx: &Deps) -> Result<Self, Failure> {
        let mut asked = Asked::of(parts);
        let limit = match asked.given::<String>("limit") {
            Some(text) => text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)),
            None => Some(DEFAULT_LIMIT),
        };
        asked.that(limit.is_some(), "/limit", "out-of-range", format!("1 to {MAX_LIMIT}"));
        let cursor: Option<String> = asked.given("cursor");
        let after = cursor.as_deref().map_or(Ok(None), |cursor| open(cx, &scope, cursor))?;
        asked.that(cursor.is_none() || after.is_some(), "/cursor", "invalid", "not a cursor of this list");
        Ok(asked.done(limit.map(|limit| Self { limit, after, scope }))?)
    }
}

/// A cursor is good for one caller and one list only: it can hold keys of the caller's own partition.
fn sign(cx: &Deps, scope: &str, place: &str) -> Result<Hmac<Sha256>, Failure> {
    let mut mac = mac(cx, Purpose::Cursor)?;
    mac.update(&(scope.len() as u64).to_be_bytes());
    mac.update(scope.as_bytes());
    mac.update(place.as_bytes());
    Ok(mac)
}

fn open(cx: &Deps, scope: &str, cursor: &str) -> Result<Option<String>, Failure> {
    let read = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let parts = cursor.split_once('.').and_then(|(place, tag)| Some((String::from_utf8(read(place)?).ok()?, read(tag)?)));
    let Some((place, tag)) = parts else { return Ok(None) };
    Ok(sign(cx, scope, &place)?.verify_slice(&tag).is_ok().then_some(place))
}

impl FromRequestParts<Deps> for Page {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, cx: &Deps) -> Result<Self, Failure> {
        let caller = Caller::from_request_parts(parts, cx).await?;
        let scope = format!("{}|{}|{}", parts.uri.path(), caller.tenant(), caller.member());
        Self::read(parts, scope, cx)
    }
}
