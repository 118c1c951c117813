//! Requests of those who have no token: to sign up, to sign in. The tenant is the one that the host names.
//!
//! They leave no receipts. A receipt is found by who asks, and these are asked by nobody yet; it holds the answer, and theirs are
//! tokens, of which only hashes are stored; and each has what makes a repetition harmless in itself: a passcode and a refresh token
//! work once, a sign-in is another session, and who is asked twice to sign up becomes one member.

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts},
};
use bytes::Bytes;
use domain::{
    identity::sessions::{Device, RefreshToken},
    ids::TenantId,
    inputs::Input,
};
use http::{header, request::Parts};

use crate::{
    caller::host,
    command::{is_json, parse, parse_with, read},
    deps::Deps,
    failure::Failure,
    web::{self, REFRESH_COOKIE, Way},
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
        let (host, body) = addressed(&parts, body).await?;
        let input = parse(&body)?;
        Ok(Self { tenant: tenant_of(cx, &host).await?, input })
    }
}

/// A request of someone who shows a refresh token: in the field `refreshToken` of the body, or, from a page, by its cookie. In the
/// body of a page it is a fault.
#[derive(Debug)]
pub struct Renewal<T> {
    /// The tenant.
    pub tenant: TenantId,
    /// What is asked; none of a page that has no such cookie.
    pub input: Option<T>,
    /// Which way it came in.
    pub way: Way,
}

impl<T: Input + Send> FromRequest<Deps> for Renewal<T> {
    type Rejection = Failure;

    async fn from_request(request: axum::extract::Request, cx: &Deps) -> Result<Self, Failure> {
        match Way::of(request.extensions()) {
            way @ Way::App => {
                let PublicCommand { tenant, input } = PublicCommand::from_request(request, cx).await?;
                Ok(Self { tenant, input: Some(input), way })
            }
            way @ Way::Web => {
                let (parts, body) = request.into_parts();
                let (host, body) = addressed(&parts, body).await?;
                // What is no token by its form was not set by us, and counts as none.
                let token = web::cookie(&parts.headers, REFRESH_COOKIE)?.filter(|token| token.parse::<RefreshToken>().is_ok());
                let input = token.map(|token| parse_with(&body, Some(("refreshToken", token.into())))).transpose()?;
                Ok(Self { tenant: tenant_of(cx, &host).await?, input, way })
            }
        }
    }
}

/// The host of a request, and its body, which must be JSON.
async fn addressed(parts: &Parts, body: Body) -> Result<(String, Bytes), Failure> {
    let host = host(&parts.headers).ok_or(Failure::Malformed("The request must have a Host header."))?;
    if !is_json(&parts.headers) {
        return Err(Failure::NotJson);
    }
    Ok((host, read(body).await?))
}

async fn tenant_of(cx: &Deps, host: &str) -> Result<TenantId, Failure> {
    cx.tenant_of_host(host).await?.ok_or(Failure::NotFound("tenant"))
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
