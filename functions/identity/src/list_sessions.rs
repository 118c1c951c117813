//! `GET /v1/me/sessions`

use axum::extract::State;
use domain::{
    identity::{
        Role,
        sessions::{Device, Session},
        sign_ins::Credential,
    },
    ids::SessionId,
};
use jiff::Timestamp;
use platform::{Answer, Caller, Deps, Endpoint, Failure, Page, PageParams, Paged, Problems, Reply};
use serde::Serialize;
use storage::Entity;
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Lists the caller's sessions.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Member, "identity-list-sessions", || routes!(list_sessions)).may(&[Session::READ, Credential::READ]);

/// Where a member is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    id: SessionId,
    #[schema(inline)]
    device: Device,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its tokens were last renewed.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    /// It is the one that asks.
    current: bool,
}

/// Lists the caller's sessions
///
/// The newest first. A page may have fewer than asked for: sessions that are over are left out.
#[utoipa::path(
    get,
    path = "/v1/me/sessions",
    tag = "identity",
    params(PageParams),
    responses((status = 200, body = Paged<SessionView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_sessions(State(cx): State<Deps>, caller: Caller, page: Page) -> Reply<Paged<SessionView>> {
    let credential = cx.store().credential(&caller.owner).await?.ok_or(Failure::Unauthenticated)?;
    let mut sessions = cx.store().sessions_of(&caller.owner, page.limit, page.after.as_deref()).await?;
    sessions.items.retain(|session| session.lasts(credential.generation, cx.now()));
    let view = |session: Session| SessionView {
        id: session.id,
        device: session.device,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        current: session.id == caller.session,
    };
    Ok(Answer::ok(page.answer(&cx, sessions, view)?))
}
