//! `GET /.well-known/openid-configuration`

use axum::extract::State;
use platform::{Answer, Deps, Endpoint, token::Algorithm};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{KEPT, get_jwks};

/// Tells who issues access tokens, and where the keys are that they are checked with.
pub static FUNCTION: Endpoint = Endpoint::public("identity-get-openid-configuration", || routes!(get_openid_configuration));

/// What an authorizer must know of the issuer, in the words of OpenID Connect Discovery 1.0. No authorization endpoint is named,
/// because there is none: members sign in through this API.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenidConfiguration {
    /// The `iss` of every access token.
    #[schema(example = "https://api.mile-buy-club.example")]
    issuer: String,
    /// Where the public keys are.
    #[schema(example = "https://api.mile-buy-club.example/.well-known/jwks.json")]
    jwks_uri: String,
    /// What is handed out: access tokens.
    #[schema(example = json!(["token"]))]
    response_types_supported: [&'static str; 1],
    /// `public`: a member has one `sub`, whoever asks.
    #[schema(example = json!(["public"]))]
    subject_types_supported: [&'static str; 1],
    /// The only algorithm that tokens are signed with.
    #[schema(inline)]
    id_token_signing_alg_values_supported: [Algorithm; 1],
}

/// Tells who issues access tokens
///
/// And where the keys are that they are checked with.
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    tag = "identity",
    responses((status = 200, body = OpenidConfiguration), (status = 304, description = "Not changed since `If-None-Match`"))
)]
async fn get_openid_configuration(State(cx): State<Deps>) -> Answer<OpenidConfiguration> {
    let issuer = cx.config().tokens.issuer.clone();
    let (_, path) = get_jwks::FUNCTION.route();
    Answer::ok(OpenidConfiguration {
        jwks_uri: format!("{}{path}", issuer.trim_end_matches('/')),
        issuer,
        response_types_supported: ["token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: [Algorithm::RS256],
    })
    .cache(KEPT)
}
