//! `GET /v1/alerts`

use axum::extract::State;
use domain::{identity::Role, notifications::Alert};
use platform::{Answer, Caller, Deps, Endpoint, Page, PageParams, Paged, Problems, Reply};
use storage::Entity;
use utoipa_axum::routes;

use crate::alert_view::AlertView;

/// Lists the caller's alerts.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Member, "notifications-list-alerts", || routes!(list_alerts)).may(&[Alert::READ]);

/// Lists the caller's alerts
///
/// The newest first.
#[utoipa::path(
    get,
    path = "/v1/alerts",
    tag = "alerts",
    params(PageParams),
    responses((status = 200, body = Paged<AlertView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_alerts(State(cx): State<Deps>, caller: Caller, page: Page) -> Reply<Paged<AlertView>> {
    let alerts = cx.store().alerts_of(&caller.owner, page.limit, page.after.as_deref()).await?;
    Ok(Answer::ok(page.answer(&cx, alerts, AlertView::from)?))
}
