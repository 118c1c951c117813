//! `POST /v1/watchers/{id}/pause`

use axum::extract::State;
use domain::{identity::Role, ids::WatcherId, watchers::Watcher};
use platform::{Answer, Deps, Endpoint, IfMatch, Instruction, PathId, Problems, Reply};
use storage::{Entity, Grant};
use utoipa_axum::routes;

use crate::watcher_view::{WatcherView, change_watcher};

/// Stops a watcher until it is resumed.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "watchers-pause-watcher", || routes!(pause_watcher)).may(&[
    Watcher::READ,
    Watcher::WRITE,
    Grant::Emit("WatcherChanged"),
]);

/// Stops a watcher until it is resumed
///
/// Pausing a paused watcher changes nothing.
#[utoipa::path(
    post,
    path = "/v1/watchers/{id}/pause",
    tag = "watchers",
    params(
        ("id" = WatcherId, Path, description = "The watcher"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    responses((status = 200, body = WatcherView), Problems)
)]
async fn pause_watcher(
    State(cx): State<Deps>,
    PathId(id): PathId<WatcherId>,
    if_match: IfMatch,
    asked: Instruction,
) -> Reply<WatcherView> {
    let asked = (&asked.caller, &asked.request);
    change_watcher(&cx, asked, (id, if_match), |watcher| watcher.pause(cx.now()), Answer::ok).await
}
