//! `GET /.well-known/jwks.json`

use axum::extract::State;
use platform::{Answer, Deps, Endpoint, token::Jwks};
use utoipa_axum::routes;

use crate::KEPT;

/// Shows the public keys that access tokens are checked with.
pub static FUNCTION: Endpoint = Endpoint::public("identity-get-jwks", || routes!(get_jwks));

/// Shows the public keys of access tokens
///
/// As a JSON web key set (RFC 7517): those in force, two while they are rotated.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "identity",
    responses((status = 200, body = Jwks), (status = 304, description = "Not changed since `If-None-Match`"))
)]
async fn get_jwks(State(cx): State<Deps>) -> Answer<Jwks> {
    Answer::ok(cx.config().tokens.keys.to_jwks()).cache(KEPT)
}
