//! Problem documents (RFC 9457).

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use domain::faults::{Fault, Faults};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoResponses, ToSchema};

/// What `type` begins with. A name, not an address: what it stands for is in the API's documentation.
const TYPE: &str = "urn:mile-buy-club:problem:";

/// Why a request was not answered as asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Names the problem; stable.
    #[serde(rename = "type")]
    #[schema(example = "urn:mile-buy-club:problem:invalid-input")]
    pub kind: String,
    /// The problem in a few words.
    pub title: String,
    /// HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// What can be done about it.
    pub detail: String,
    /// Names this request in our logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Every fault of the input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// One fault of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field.
    #[schema(example = "/dates")]
    pub pointer: String,
    /// Names the fault; stable.
    pub code: String,
    /// The fault in words.
    pub detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, title: &str, detail: impl Into<String>) -> Self {
        let code = code.into();
        Self {
            kind: format!("{TYPE}{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            request_id: None,
            errors: Vec::new(),
        }
    }

    pub(crate) fn with_errors(mut self, faults: &Faults) -> Self {
        let error = |fault: &Fault| FieldError {
            pointer: fault.pointer.clone(),
            code: fault.code.to_owned(),
            detail: fault.detail.clone(),
        };
        self.errors = faults.as_slice().iter().map(error).collect();
        self
    }

    /// The same with the faults of another one.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.errors.extend(other.errors);
        self
    }

    /// The last part of `type`.
    pub fn code(&self) -> &str {
        self.kind.strip_prefix(TYPE).unwrap_or(&self.kind)
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    /// The document itself stays in the response's extensions until the gateway has stamped it with the request's id.
    fn into_response(self) -> Response {
        let mut response = self.body().into_response();
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response.extensions_mut().insert(self);
        response
    }
}

/// The problems that any endpoint can answer, for the OpenAPI document.
#[derive(IntoResponses)]
pub enum Problems {
    /// The request can't be read.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(#[to_schema] Problem),
    /// A valid access token is needed.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(#[to_schema] Problem),
    /// Not for callers of this role.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(#[to_schema] Problem),
    /// There is no such thing, or it is not the caller's to see.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(#[to_schema] Problem),
    /// Not possible in the present state.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(#[to_schema] Problem),
    /// `If-Match` names another version.
    #[response(status = 412, content_type = "application/problem+json")]
    Stale(#[to_schema] Problem),
    /// The body is larger than 256 KiB.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] Problem),
    /// The body is not JSON by its content type.
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(#[to_schema] Problem),
    /// The input has faults; every one is named.
    #[response(status = 422, content_type = "application/problem+json")]
    Faults(#[to_schema] Problem),
    /// Too soon.
    #[response(status = 429, content_type = "application/problem+json")]
    TooSoon(#[to_schema] Problem),
    /// Not available now.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Problem),
}
