//! `GET /v1/watchers/{id}`

use axum::extract::State;
use domain::{identity::Role, ids::WatcherId, watchers::Watcher};
use platform::{Answer, Caller, Deps, Endpoint, Failure, PathId, Problems, Reply};
use storage::Entity;
use utoipa_axum::routes;

use crate::watcher_view::WatcherView;

/// Shows a watcher.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "watchers-get-watcher", || routes!(get_watcher)).may(&[Watcher::READ]);

/// Shows a watcher
#[utoipa::path(
    get,
    path = "/v1/watchers/{id}",
    tag = "watchers",
    params(("id" = WatcherId, Path, description = "The watcher")),
    responses((status = 200, body = WatcherView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_watcher(State(cx): State<Deps>, caller: Caller, PathId(id): PathId<WatcherId>) -> Reply<WatcherView> {
    let watcher = cx.store().watcher_of(&caller.owner, id).await?.ok_or(Failure::NotFound("watcher"))?;
    Ok(Answer::ok(WatcherView::from(&watcher)).version(watcher.revision))
}
