//! `POST /v1/auth/refresh`

use axum::extract::State;
use domain::{
    identity::{
        Member,
        sessions::{RefreshToken, Session},
        sign_ins::Credential,
    },
    inputs::{Fields, Input, leaf},
};
use platform::{Deps, Endpoint, Failure, Limit, Problems, Renewal, Reply, token::SIGNING_KEY};
use storage::{Change, Entity, Grant, StoreError};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    shown::{Found, found, steal},
    tokens::{Tokens, given},
};

/// Renews the tokens of a session.
pub static FUNCTION: Endpoint = Endpoint::public("identity-refresh-tokens", || routes!(refresh_tokens))
    .may(&[Session::READ, Session::WRITE, Credential::READ, Member::READ, Grant::Know(SIGNING_KEY)])
    .limited(Limit::renewals("refresh", "refreshToken"));

/// A refresh token.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RefreshTokens {
    refresh_token: RefreshToken,
}

impl Input for RefreshTokens {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { refresh_token: fields.required("refreshToken", leaf)? })
    }
}

/// Renews the tokens of a session
///
/// A refresh token works once. Showing one that was used before ends the session, because someone else may have it. A page sends
/// `{}`: its cookie has the token. Pages share it, and ask one at a time, under a lock of the browser.
#[utoipa::path(
    post,
    path = "/v1/auth/refresh",
    tag = "identity",
    request_body = RefreshTokens,
    responses((status = 200, body = Tokens), Problems)
)]
async fn refresh_tokens(State(cx): State<Deps>, renewal: Renewal<RefreshTokens>) -> Reply<Tokens> {
    let Renewal { tenant, input, way } = renewal;
    let token = input.ok_or_else(wrong_token)?.refresh_token;
    let mut session = match found(&cx, &tenant, &token).await? {
        Found::Current { session, .. } => session,
        Found::Old(session) => return Err(steal(&cx, session).await?),
        Found::None => return Err(wrong_token()),
    };
    let member = cx.store().member(&token.owner).await?.filter(Member::has_joined).ok_or_else(wrong_token)?;
    let next = token.next(cx.random().into());
    session.renew(&next, cx.now());
    let answer = given(&cx, way, &next, member.role)?;
    match cx.store().commit(Change::new().update(&mut session)).await {
        Ok(()) => Ok(answer),
        // Someone was faster with the same token, or ended the session.
        Err(StoreError::Changed) => match found(&cx, &tenant, &token).await? {
            Found::Old(session) => Err(steal(&cx, session).await?),
            Found::Current { .. } | Found::None => Err(wrong_token()),
        },
        Err(error) => Err(error.into()),
    }
}

/// One answer for a token that was used, one that was made up, and one of a session that is over.
pub(crate) fn wrong_token() -> Failure {
    Failure::Unproven("wrong-refresh-token", "The refresh token is no longer good. Sign in again.")
}
