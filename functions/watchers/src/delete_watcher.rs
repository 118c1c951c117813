//! `DELETE /v1/watchers/{id}`

use axum::extract::State;
use domain::{events::WatcherDeleted, identity::Role, ids::WatcherId, watchers::Watcher};
use platform::{Answer, Deps, Endpoint, IfMatch, Instruction, PathId, Problems, Reply};
use storage::{Change, Entity, Grant, WatcherQuota};
use utoipa_axum::routes;

use crate::watcher_view::watcher_of;

/// Deletes a watcher.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "watchers-delete-watcher", || routes!(delete_watcher)).may(&[
    Watcher::READ,
    Watcher::WRITE,
    WatcherQuota::WRITE,
    Grant::Emit("WatcherDeleted"),
]);

/// Deletes a watcher
///
/// What it has found and told stays.
#[utoipa::path(
    delete,
    path = "/v1/watchers/{id}",
    tag = "watchers",
    params(
        ("id" = WatcherId, Path, description = "The watcher"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    responses((status = 204, description = "It is deleted"), Problems)
)]
async fn delete_watcher(
    State(cx): State<Deps>,
    PathId(id): PathId<WatcherId>,
    if_match: IfMatch,
    asked: Instruction,
) -> Reply<()> {
    let mut watcher = watcher_of(&cx, &asked.caller, id, if_match).await?;
    let deleted = WatcherDeleted { tenant: watcher.owner.tenant.clone(), member: watcher.owner.member, watcher: id };
    let change = Change::new().delete(&mut watcher).give_back(&WatcherQuota { owner: watcher.owner.clone() });
    cx.commit(&asked.request, cx.emit(change, &deleted), Answer::nothing()).await.map_err(|failure| if_match.settle(failure))
}
