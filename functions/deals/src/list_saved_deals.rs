//! `GET /v1/me/saved-deals`

use axum::extract::State;
use domain::{
    deals::{Deal, SavedDeal},
    identity::Role,
};
use futures::future::try_join_all;
use platform::{Answer, Caller, Deps, Endpoint, Page, PageParams, Paged, Problems, Reply, wallet};
use storage::{Entity, Listed};
use utoipa_axum::routes;

use crate::saved_view::SavedDealView;

/// Lists what members keep in sight.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "deals-list-saved-deals", || routes!(list_saved_deals))
    .may(&[Deal::READ, SavedDeal::READ])
    .may_also(&[wallet::VALUATIONS]);

/// Lists the deals that the caller has saved
///
/// In the order of their ids, each as it is now, judged by the caller's own valuations or else by the
/// published ones. One that is gone stays as long as the deal is kept.
#[utoipa::path(
    get,
    path = "/v1/me/saved-deals",
    tag = "deals",
    params(PageParams),
    responses((status = 200, body = Paged<SavedDealView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_saved_deals(State(cx): State<Deps>, caller: Caller, page: Page) -> Reply<Paged<SavedDealView>> {
    let Listed { items, next } = cx.store().saved_deals_of(&caller.owner, page.limit, page.after.as_deref()).await?;
    let deals = try_join_all(items.iter().map(|saved| cx.store().deal(caller.tenant(), saved.deal))).await?;
    let pairs: Vec<(SavedDeal, Deal)> = items.into_iter().zip(deals).filter_map(|(saved, deal)| Some((saved, deal?))).collect();
    let (listed, own) = (Listed { items: pairs, next }, wallet::valuations(&cx, &caller.owner).await?.0);
    Ok(Answer::ok(page.answer(&cx, listed, |(saved, deal)| SavedDealView::of(&saved, deal, &own, cx.now()))?))
}
