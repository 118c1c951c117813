//! `GET /v1/me/valuations`

use axum::extract::State;
use domain::{identity::Role, money::CentsPerPoint, value::Valuations, wallets::OwnValuations};
use platform::{Answer, Caller, Deps, Endpoint, Problems, Reply, wallet};
use serde::Serialize;
use storage::{Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Shows members what they say that points are worth.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-get-valuations", || routes!(get_valuations)).may(&[
    MemberKey::READ,
    OwnValuations::READ,
    Grant::UseKeys,
]);

/// What a member says that points are worth.
#[derive(Debug, Serialize, ToSchema)]
pub struct ValuationsView {
    /// US cents a point, by programme.
    #[schema(value_type = std::collections::BTreeMap<String, CentsPerPoint>, example = json!({"chase-ur": "1.9000"}))]
    valuations: Valuations,
    /// Counts the changes: what `If-Match` is held against. 0 before the first.
    version: u64,
}

/// Shows the caller's own valuations
///
/// For every programme that is not among them what is published counts.
#[utoipa::path(
    get,
    path = "/v1/me/valuations",
    tag = "value",
    responses((status = 200, body = ValuationsView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_valuations(State(cx): State<Deps>, caller: Caller) -> Reply<ValuationsView> {
    let (valuations, version) = wallet::valuations(&cx, &caller.owner).await?;
    Ok(Answer::ok(ValuationsView { valuations, version }).version(version))
}
