//! `GET /v1/me/balances`

use axum::extract::State;
use domain::{funding::Balances, identity::Role, money::Points, wallets::Wallet};
use platform::{Answer, Caller, Deps, Endpoint, Problems, Reply};
use serde::Serialize;
use storage::{Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::wallet;

/// Shows members what they have.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-get-balances", || routes!(get_balances)).may(&[
    MemberKey::READ,
    Wallet::READ,
    Grant::UseKeys,
]);

/// What a member has of each currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalancesView {
    /// Points by programme.
    #[schema(value_type = std::collections::BTreeMap<String, Points>, example = json!({"chase-ur": 80_000, "hyatt": 12_000}))]
    balances: Balances,
    /// Counts the changes: what `If-Match` is held against. 0 before the first.
    version: u64,
}

/// Shows the caller's balances
///
/// As the caller has given them: nobody else is asked.
#[utoipa::path(
    get,
    path = "/v1/me/balances",
    tag = "value",
    responses((status = 200, body = BalancesView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_balances(State(cx): State<Deps>, caller: Caller) -> Reply<BalancesView> {
    let (balances, version) = wallet::balances(&cx, &caller.owner).await?;
    Ok(Answer::ok(BalancesView { balances, version }).version(version))
}
