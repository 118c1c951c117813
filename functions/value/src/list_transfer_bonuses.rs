//! `GET /v1/transfer-bonuses`

use axum::extract::State;
use domain::{
    identity::Role,
    tables,
    transfers::{self, TransferBonus},
};
use platform::{Answer, Deps, Endpoint, Page, PageParams, Paged, Problems, Reply};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::page_of;

/// Lists transfer bonuses.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Member, "value-list-transfer-bonuses", || routes!(list_transfer_bonuses)).goes_by(&[tables::transfers]);

/// A transfer bonus.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedBonus {
    /// What it is.
    #[serde(flatten)]
    bonus: TransferBonus,
    /// Whether it is in force now, wherever in the world that is.
    in_force: bool,
}

/// Lists transfer bonuses
///
/// All that are known, each with its source and its date, whether they are in force or not.
#[utoipa::path(
    get,
    path = "/v1/transfer-bonuses",
    tag = "value",
    params(PageParams),
    responses((status = 200, body = Paged<ListedBonus>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_transfer_bonuses(State(cx): State<Deps>, page: Page) -> Reply<Paged<ListedBonus>> {
    let shown = |bonus: &TransferBonus| ListedBonus { bonus: bonus.clone(), in_force: bonus.in_force(cx.now()) };
    Ok(Answer::ok(page.answer(&cx, page_of(&page, transfers::bonuses()), shown)?))
}
