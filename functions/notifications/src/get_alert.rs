//! `GET /v1/alerts/{id}`

use axum::extract::State;
use domain::{identity::Role, ids::AlertId, notifications::Alert};
use platform::{Answer, Caller, Deps, Endpoint, Failure, PathId, Problems, Reply};
use storage::Entity;
use utoipa_axum::routes;

use crate::alert_view::AlertView;

/// Shows an alert.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "notifications-get-alert", || routes!(get_alert)).may(&[Alert::READ]);

/// Shows an alert
#[utoipa::path(
    get,
    path = "/v1/alerts/{id}",
    tag = "alerts",
    params(("id" = AlertId, Path, description = "The alert")),
    responses((status = 200, body = AlertView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_alert(State(cx): State<Deps>, caller: Caller, PathId(id): PathId<AlertId>) -> Reply<AlertView> {
    let alert = cx.store().alert_of(&caller.owner, id).await?.ok_or(Failure::NotFound("alert"))?;
    Ok(Answer::ok(AlertView::from(alert)))
}
