//! `GET /v1/transfer-bonuses`

use domain::{
    identity::Role,
    transfers::{self, TransferBonus},
};
use platform::{Answer, Caller, Endpoint, Problems};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::KEPT;

/// Lists transfer bonuses.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-list-transfer-bonuses", || routes!(list_transfer_bonuses));

/// Who gives more for a time.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransferBonuses {
    /// Every bonus that is known; past ones too, each with its first and its last day.
    items: &'static [TransferBonus],
}

/// Lists transfer bonuses
///
/// All that are known, each with its source and its date, whether they are in force or not.
#[utoipa::path(
    get,
    path = "/v1/transfer-bonuses",
    tag = "value",
    responses((status = 200, body = TransferBonuses), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_transfer_bonuses(_: Caller) -> Answer<TransferBonuses> {
    Answer::ok(TransferBonuses { items: transfers::bonuses() }).cache(KEPT)
}
