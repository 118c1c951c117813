//! `POST /v1/watchers/{id}/resume`

use axum::extract::State;
use domain::{identity::Role, ids::WatcherId, watchers::Watcher};
use platform::{Answer, Deps, Endpoint, IfMatch, Instruction, PathId, Problems, Reply};
use storage::{Entity, Grant};
use utoipa_axum::routes;

use crate::watcher_view::{WatcherView, change_watcher};

/// Lets a paused watcher run again.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "watchers-resume-watcher", || routes!(resume_watcher)).may(&[
    Watcher::READ,
    Watcher::WRITE,
    Grant::Emit("WatcherChanged"),
]);

/// Lets a paused watcher run again
///
/// Resuming an active watcher changes nothing.
#[utoipa::path(
    post,
    path = "/v1/watchers/{id}/resume",
    tag = "watchers",
    params(
        ("id" = WatcherId, Path, description = "The watcher"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    responses((status = 200, body = WatcherView), Problems)
)]
async fn resume_watcher(
    State(cx): State<Deps>,
    PathId(id): PathId<WatcherId>,
    if_match: IfMatch,
    asked: Instruction,
) -> Reply<WatcherView> {
    let asked = (&asked.caller, &asked.request);
    change_watcher(&cx, asked, (id, if_match), |watcher| watcher.resume(cx.now()), Answer::ok).await
}
