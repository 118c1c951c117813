//! What one is given who has signed in.

use domain::{
    identity::{
        Role,
        sessions::{Device, RefreshToken, Session},
    },
    ids::{MemberId, Owner, SessionId},
};
use platform::{Deps, Failure, token::LIFETIME};
use serde::Serialize;
use utoipa::ToSchema;

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// Who signed in.
    member: MemberId,
    /// Their session.
    session: SessionId,
    /// Goes with each request, as a bearer token.
    access_token: String,
    /// `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// For how many seconds the access token is good.
    #[schema(example = 900)]
    expires_in: i64,
    /// Gets new tokens, once, within 30 days. Showing it a second time ends the session.
    #[schema(value_type = RefreshToken)]
    refresh_token: String,
}

impl Tokens {
    /// For what a refresh token is good for.
    pub(crate) fn new(cx: &Deps, refresh: &RefreshToken, role: Role) -> Result<Self, Failure> {
        Ok(Self {
            member: refresh.owner.member,
            session: refresh.session,
            access_token: cx.access_token(&refresh.owner, role, refresh.session)?,
            token_type: "Bearer",
            expires_in: LIFETIME.as_secs(),
            refresh_token: refresh.reveal(),
        })
    }
}

/// A new session.
pub(crate) fn begin(cx: &Deps, owner: Owner, device: Device, generation: u32) -> (RefreshToken, Session) {
    let token = RefreshToken::first(owner, cx.new_id(), cx.random().into(), cx.random().into());
    let session = Session::new(&token, device, generation, cx.now());
    (token, session)
}
