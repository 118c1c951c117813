//! `GET /v1/transfer-partners`

use axum::extract::State;
use domain::{
    identity::Role,
    tables,
    transfers::{self, TransferPartner},
};
use platform::{Answer, Deps, Endpoint, Page, PageParams, Paged, Problems, Reply};
use utoipa_axum::routes;

use crate::page_of;

/// Lists transfer partners.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Member, "value-list-transfer-partners", || routes!(list_transfer_partners)).goes_by(&[tables::transfers]);

/// Lists transfer partners
///
/// All of them, each with its source and its date. What is not confirmed has to be checked before it is counted on.
#[utoipa::path(
    get,
    path = "/v1/transfer-partners",
    tag = "value",
    params(PageParams),
    responses((status = 200, body = Paged<TransferPartner>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_transfer_partners(State(cx): State<Deps>, page: Page) -> Reply<Paged<TransferPartner>> {
    Ok(Answer::ok(page.answer(&cx, page_of(&page, transfers::partners()), TransferPartner::clone)?))
}
