//! `POST /v1/watchers/{id}/run`

use axum::extract::State;
use domain::{identity::Role, ids::WatcherId, watchers::Watcher};
use platform::{Answer, Deps, Endpoint, IfMatch, Instruction, PathId, Problems, Reply};
use storage::{Entity, Grant};
use utoipa_axum::routes;

use crate::watcher_view::{WatcherView, change_watcher};

/// Runs a watcher now.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "watchers-run-watcher", || routes!(run_watcher)).may(&[
    Watcher::READ,
    Watcher::WRITE,
    Grant::Emit("WatcherChanged"),
]);

/// Runs a watcher now
///
/// Within a minute, besides its schedule; every 15 minutes at most. What it finds is told as usual.
#[utoipa::path(
    post,
    path = "/v1/watchers/{id}/run",
    tag = "watchers",
    params(
        ("id" = WatcherId, Path, description = "The watcher"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    responses((status = 202, body = WatcherView), Problems)
)]
async fn run_watcher(
    State(cx): State<Deps>,
    PathId(id): PathId<WatcherId>,
    if_match: IfMatch,
    asked: Instruction,
) -> Reply<WatcherView> {
    let asked = (&asked.caller, &asked.request);
    change_watcher(&cx, asked, (id, if_match), |watcher| watcher.run_now(cx.now()), Answer::accepted).await
}
