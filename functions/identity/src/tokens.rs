//! What one is given who has signed in: an app its tokens, a page cookies that hold them.

use domain::{
    identity::{
        Role,
        sessions::{Device, RefreshToken, Session},
    },
    ids::{MemberId, Owner, SessionId},
};
use platform::{
    Answer, Deps, Reply, Way,
    token::LIFETIME,
    web::{Cookie, csrf_token},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A session, as it is given to whoever has it.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Tokens {
    /// An app keeps its tokens itself.
    App(AppSession),
    /// A page, which asks under `/web`, has them in cookies.
    Page(PageSession),
}

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppSession {
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

/// A session whose tokens are in cookies.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageSession {
    /// Who signed in.
    member: MemberId,
    /// Their session.
    session: SessionId,
    /// Goes with each write, in the header `X-CSRF-Token`. It is the same for as long as the session lasts.
    csrf_token: String,
    /// For how many seconds the access token is good.
    #[schema(example = 900)]
    expires_in: i64,
}

/// What a refresh token is good for, given the way it was asked for.
pub(crate) fn given(cx: &Deps, way: Way, refresh: &RefreshToken, role: Role) -> Reply<Tokens> {
    let (member, session) = (refresh.owner.member, refresh.session);
    let (access_token, refresh_token) = (cx.access_token(&refresh.owner, role, session)?, refresh.reveal());
    let expires_in = LIFETIME.as_secs();
    Ok(match way {
        Way::App => {
            let token_type = "Bearer";
            Answer::ok(Tokens::App(AppSession { member, session, access_token, token_type, expires_in, refresh_token }))
        }
        Way::Web => {
            let csrf_token = csrf_token(cx, session)?;
            let page = PageSession { member, session, csrf_token, expires_in };
            Answer::ok(Tokens::Page(page)).cookies(Cookie::of_session(access_token, refresh_token))
        }
    })
}

/// A new session. Nothing of what its member has shown before is part of it.
pub(crate) fn begin(cx: &Deps, owner: Owner, device: Device, generation: u32) -> (RefreshToken, Session) {
    let token = RefreshToken::first(owner, cx.new_id(), cx.random().into(), cx.random().into());
    let session = Session::new(&token, device, generation, cx.now());
    (token, session)
}
