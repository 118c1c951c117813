//! `GET /v1/me/reach`

use axum::extract::State;
use domain::{
    deals::Deal,
    flights::{Cabin, Fare},
    funding::{Balances, FundingPlan, Terms, plan},
    identity::Role,
    ids::DealId,
    money::CentsPerPoint,
    places::Airport,
    value::Valuations,
    wallets::{OwnValuations, Wallet},
};
use jiff::civil::DateTime;
use platform::{Answer, Caller, Deps, Endpoint, Page, PageParams, Paged, Problems, Reply};
use serde::Serialize;
use storage::{Entity, Grant, Listed, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::wallet;

/// Shows where a member's balances can take them.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-get-reach", || routes!(get_reach)).may(&[
    Deal::READ,
    MemberKey::READ,
    OwnValuations::READ,
    Wallet::READ,
    Grant::UseKeys,
]);

/// A live deal that the caller's points pay for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reachable {
    /// The deal.
    deal: DealId,
    /// From where.
    from: Airport,
    /// To where.
    to: Airport,
    /// When, at the place of departure.
    #[schema(value_type = String, example = "2026-04-27T08:25:00")]
    departs: DateTime,
    /// In which cabin.
    cabin: Cabin,
    /// What a point is worth there, where that is known.
    cents_per_point: Option<CentsPerPoint>,
    /// How it is paid for: what it gives up, and what is left over.
    plan: FundingPlan,
}

/// Shows where the caller's balances can take them
///
/// Of a page of live deals, the best first, those that the balances pay for, sorted by what they give up: who gives up least has most
/// left. A page can be short, even empty, while `next` goes on.
#[utoipa::path(
    get,
    path = "/v1/me/reach",
    tag = "value",
    params(PageParams),
    responses((status = 200, body = Paged<Reachable>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_reach(State(cx): State<Deps>, caller: Caller, page: Page) -> Reply<Paged<Reachable>> {
    let (balances, _) = wallet::balances(&cx, &caller.owner).await?;
    let (valuations, _) = wallet::valuations(&cx, &caller.owner).await?;
    let Listed { items, next } = cx.store().ranked_deals(caller.tenant(), page.limit, page.after.as_deref()).await?;
    let terms = Terms::shipped(cx.now());
    let mut items: Vec<Reachable> = items.iter().filter_map(|deal| reach(deal, &balances, &valuations, &terms)).collect();
    items.sort_by_key(|reachable| (reachable.plan.given_up.minor(), reachable.deal));
    Ok(Answer::ok(page.answer(&cx, Listed { items, next }, |reachable| reachable)?))
}

/// How a deal is paid for, if it can be.
fn reach(deal: &Deal, balances: &Balances, valuations: &Valuations, terms: &Terms<'_>) -> Option<Reachable> {
    let flight = deal.flight();
    let Fare::Award { programme, points, .. } = &flight.fare else { return None };
    Some(Reachable {
        deal: deal.id,
        from: flight.origin,
        to: flight.destination,
        departs: flight.departs,
        cabin: flight.cabin,
        cents_per_point: deal.cents_per_point(),
        plan: plan(programme, *points, balances, valuations, terms).ok()?,
    })
}
