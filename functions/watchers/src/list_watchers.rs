//! `GET /v1/watchers`

use axum::extract::State;
use domain::{identity::Role, watchers::Watcher};
use platform::{Answer, Caller, Deps, Endpoint, Page, PageParams, Paged, Problems, Reply};
use storage::Entity;
use utoipa_axum::routes;

use crate::watcher_view::WatcherView;

/// Lists the caller's watchers.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Member, "watchers-list-watchers", || routes!(list_watchers)).may(&[Watcher::READ]);

/// Lists the caller's watchers
///
/// In the order of creation.
#[utoipa::path(
    get,
    path = "/v1/watchers",
    tag = "watchers",
    params(PageParams),
    responses((status = 200, body = Paged<WatcherView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_watchers(State(cx): State<Deps>, caller: Caller, page: Page) -> Reply<Paged<WatcherView>> {
    let watchers = cx.store().watchers_of(&caller.owner, page.limit, page.after.as_deref()).await?;
    Ok(Answer::ok(page.answer(&cx, watchers, |watcher| WatcherView::from(&watcher))?))
}
