//! Requests of those who have no token: to sign up, to sign in. The tenant is the one that the host names.
//!
//! They leave no receipts. A receipt is found by who asks, and these are asked by nobody yet; it holds the answer, and theirs are
//! tokens, of which only hashes are stored; and each has what makes a repetition harmless in itself: a passcode and a refresh token
//! work once, a sign-in is another session, and who is asked twice to sign up becomes one member.

use axum::extract::{FromRequest, FromRequestParts};
use domain::{identity::sessions::Device, ids::TenantId, inputs::Input};
use http::{header, request::Parts};

use crate::{
    caller::host,
    command::{is_json, parse, read},
    deps::Deps,
    failure::Failure,
};

/// A request of someone without a token.
#[derive(Debug)]
pub struct PublicCommand<T> {
    /// The tenant.
    pub tenant: TenantId,
    /// What is asked.
    pub input: T,
}

impl<T: Input + Send> FromRequest<Deps> for PublicCommand<T> {
    type Rejection = Failure;

    async fn from_request(request: axum::extract::Request, cx: &Deps) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let host = host(&parts.headers).ok_or(Failure::Malformed("The request must have a Host header."))?;
        if !is_json(&parts.headers) {
            return Err(Failure::NotJson);
        }
        let input = parse(&read(body).await?)?;
        let tenant = cx.tenant_of_host(&host).await?.ok_or(Failure::NotFound("tenant"))?;
        Ok(Self { tenant, input })
    }
}

/// The device that a request comes from, as far as it says.
#[derive(Debug, Clone, Copy)]
pub struct FromDevice(pub Device);

impl<S: Sync> FromRequestParts<S> for FromDevice {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self(Device::of_user_agent(agent)))
    }
}
