//! `GET /v1/me`

use axum::extract::State;
use domain::identity::{Member, Role};
use platform::{Answer, Caller, Deps, Endpoint, Problems, Reply};
use storage::{Entity, Grant, MemberKey};
use utoipa_axum::routes;

use crate::profile_view::ProfileView;

/// Shows members their profile.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Member, "identity-get-me", || routes!(get_me)).may(&[Member::READ, MemberKey::READ, Grant::UseKeys]);

/// Shows the caller's profile
#[utoipa::path(
    get,
    path = "/v1/me",
    tag = "identity",
    responses((status = 200, body = ProfileView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_me(State(cx): State<Deps>, caller: Caller) -> Reply<ProfileView> {
    let member = caller.profile(&cx).await?;
    let key = cx.vault().key_of(&caller.owner).await?;
    Ok(Answer::ok(ProfileView::open(&member, &key)?).version(member.revision))
}
