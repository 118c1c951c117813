//! `DELETE /v1/me/sessions/{id}`

use axum::extract::State;
use domain::{
    identity::{Role, sessions::Session},
    ids::SessionId,
};
use platform::{Answer, Deps, Endpoint, Failure, Instruction, PathId, Problems, Reply};
use storage::{Change, Entity};
use utoipa_axum::routes;

/// Ends one of the caller's sessions.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Member, "identity-end-session", || routes!(end_session)).may(&[Session::READ, Session::WRITE]);

/// Ends one of the caller's sessions
///
/// Its refresh token is no longer good at once, its access token a quarter of an hour later at most.
#[utoipa::path(
    delete,
    path = "/v1/me/sessions/{id}",
    tag = "identity",
    params(
        ("id" = SessionId, Path, description = "The session"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    responses((status = 204, description = "It is ended"), Problems)
)]
async fn end_session(State(cx): State<Deps>, PathId(id): PathId<SessionId>, asked: Instruction) -> Reply<()> {
    let session = cx.store().session(&asked.caller.owner, id).await?.ok_or(Failure::NotFound("session"))?;
    cx.commit(&asked.request, Change::new().forget(&session), Answer::nothing()).await
}
