//! `GET /v1/me/balances`

use axum::extract::State;
use domain::{
    funding::Balances,
    identity::Role,
    money::Points,
    wallets::{Held, Wallet},
};
use jiff::Timestamp;
use platform::{Answer, Caller, Deps, Endpoint, Problems, Reply, wallet::Purse};
use serde::Serialize;
use storage::{Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Shows members what they have.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-get-balances", || routes!(get_balances)).may(&[
    MemberKey::READ,
    Wallet::READ,
    Grant::UseKeys,
]);

/// What a member has of each currency.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BalancesView {
    /// Points by programme.
    #[schema(value_type = std::collections::BTreeMap<String, Points>, example = json!({"chase-ur": 80_000, "hyatt": 12_000}))]
    balances: Balances,
    /// When the caller last said it.
    #[schema(value_type = Option<String>, format = DateTime)]
    said_at: Option<Timestamp>,
    /// What of them was transferred for bookings that are not over: nothing else is planned from it. As much of it as has not
    /// come may not be among them.
    held: Vec<Held>,
    /// Counts the changes: what `If-Match` is held against. 0 before the first.
    version: u64,
}

/// Shows the caller's balances
///
/// As the caller has given them, and as they were moved since by transfers that the caller confirmed and awards that are booked:
/// nobody else is asked.
#[utoipa::path(
    get,
    path = "/v1/me/balances",
    tag = "value",
    responses((status = 200, body = BalancesView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_balances(State(cx): State<Deps>, caller: Caller) -> Reply<BalancesView> {
    let purse = Purse::of(&cx, &caller.owner).await?;
    let (balances, said_at, version) = (purse.balances().clone(), purse.said_at(), purse.version());
    Ok(Answer::ok(BalancesView { balances, said_at, held: purse.held(cx.now()), version }).version(version))
}
