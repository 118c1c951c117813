//! `GET /v1/deals/{id}`

use axum::extract::State;
use domain::{deals::Deal, identity::Role, ids::DealId};
use platform::{Answer, Caller, Deps, Endpoint, Failure, PathId, Problems, Reply, wallet};
use storage::Entity;
use utoipa_axum::routes;

use crate::deal_view::DealView;

/// Shows a deal.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Member, "deals-get-deal", || routes!(get_deal)).may(&[Deal::READ]).may_also(&[wallet::VALUATIONS]);

/// Shows a deal
///
/// Also one that is gone, as long as it is kept. What its points are worth is judged by the caller's own valuation or else by the
/// published ones; its score is the same for everybody.
#[utoipa::path(
    get,
    path = "/v1/deals/{id}",
    tag = "deals",
    params(("id" = DealId, Path, description = "The deal")),
    responses((status = 200, body = DealView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_deal(State(cx): State<Deps>, caller: Caller, PathId(id): PathId<DealId>) -> Reply<DealView> {
    let deal = cx.store().deal(caller.tenant(), id).await?.ok_or(Failure::NotFound("deal"))?;
    let own = wallet::valuations(&cx, &caller.owner).await?.0;
    Ok(Answer::ok(DealView::of(deal, &own, cx.now())))
}
