//! What keeps other sites, and what is shown, from doing harm.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use super::{base, error::PageError};

/// Nothing is loaded and nothing runs; mails, shown in a frame that inherits this, have styles of their own.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// With a form, `no-referrer` would have the browser send `Origin: null`, also to ourselves.
const REFERRER: &str = "same-origin";

pub(super) async fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(REFERRER));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Refuses what a page of another site has a browser send. Browsers say where a post comes from by one of two headers;
/// what has neither is no browser.
pub(super) fn same_origin(headers: &HeaderMap) -> Result<(), PageError> {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    let ours = match (site, origin) {
        (Some(site), _) => site == b"same-origin" || site == b"none",
        (None, Some(origin)) => origin == base(headers).as_bytes(),
        (None, None) => true,
    };
    if ours { Ok(()) } else { Err(PageError::CrossSite) }
}
