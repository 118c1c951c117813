//! `POST /v1/alerts/{id}/read`

use axum::extract::State;
use domain::{identity::Role, ids::AlertId, notifications::Alert};
use platform::{Answer, Deps, Endpoint, Failure, Instruction, PathId, Problems, Reply};
use storage::{Change, Entity};
use utoipa_axum::routes;

use crate::alert_view::AlertView;

/// Marks an alert as read.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Member, "notifications-read-alert", || routes!(read_alert)).may(&[Alert::READ, Alert::WRITE]);

/// Marks an alert as read
///
/// Reading twice changes nothing.
#[utoipa::path(
    post,
    path = "/v1/alerts/{id}/read",
    tag = "alerts",
    params(
        ("id" = AlertId, Path, description = "The alert"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    responses((status = 200, body = AlertView), Problems)
)]
async fn read_alert(State(cx): State<Deps>, PathId(id): PathId<AlertId>, asked: Instruction) -> Reply<AlertView> {
    let mut alert = cx.store().alert_of(&asked.caller.owner, id).await?.ok_or(Failure::NotFound("alert"))?;
    let change = if alert.read(cx.now()) { Change::new().update(&mut alert) } else { Change::new().provided(&mut alert) };
    cx.commit(&asked.request, change, Answer::ok(AlertView::from(alert))).await
}
