//! `GET /v1/transfer-partners`

use domain::{
    identity::Role,
    transfers::{self, TransferPartner},
};
use platform::{Answer, Caller, Endpoint, Problems};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::KEPT;

/// Lists transfer partners.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-list-transfer-partners", || routes!(list_transfer_partners));

/// Who turns whose points into whose.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransferPartners {
    /// Every pair that is known, by who gives.
    items: &'static [TransferPartner],
}

/// Lists transfer partners
///
/// All of them, each with its source and its date. What is not confirmed has to be checked before it is counted on.
#[utoipa::path(
    get,
    path = "/v1/transfer-partners",
    tag = "value",
    responses((status = 200, body = TransferPartners), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_transfer_partners(_: Caller) -> Answer<TransferPartners> {
    Answer::ok(TransferPartners { items: transfers::partners() }).cache(KEPT)
}
