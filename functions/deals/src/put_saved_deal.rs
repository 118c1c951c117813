//! `PUT /v1/me/saved-deals/{id}`

use axum::extract::State;
use domain::{
    deals::{Deal, SavedDeal},
    events::DealSaved,
    identity::Role,
    ids::DealId,
    inputs::{Fields, Input, leaf},
    search::SearchKey,
    tables,
    value::Valuations,
};
use platform::{Answer, Deps, Endpoint, Failure, IfMatch, Instruction, PathId, Problems, Reply, ShownDeal, shown};
use storage::{Change, Entity, Grant, Sighting};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::saved_view::SavedDealView;

/// Keeps deals in sight.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "deals-put-saved-deal", || routes!(put_saved_deal))
    .may(&[Deal::WRITE, SavedDeal::READ, SavedDeal::WRITE, Sighting::WRITE, Grant::Emit("DealSaved")])
    .may_also(&[shown::GRANTS])
    .goes_by(&[tables::values]);

/// Where the deal was seen. Without it, or without a body, it is one that a watcher has found.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"searchKey": "3f2a9c0d5b7e4f81a2c6d8e0f1b3a597"}))]
pub struct PutSavedDeal {
    /// The search that showed it: what that showed counts, unless something newer is kept.
    search_key: Option<SearchKey>,
}

impl Input for PutSavedDeal {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        fields.nullable("searchKey", leaf).map(|search_key| Self { search_key })
    }
}

/// Saves a deal
///
/// It is kept in sight until it is taken away or the deal is no longer kept. An award counts as a plan where cards are
/// recommended, as long as it can be had: for as many as the search was for that showed it, or else for one. 200 can be saved;
/// requests that race may pass that by a few. Saving it again changes nothing but for how many it is, where a search says so. What
/// a search has shown, and no watcher has found yet, is known by the `searchKey` of its answer, for as long as the answer is
/// shown; from then on it is kept. Of what is kept already, the newer of the two is kept on.
/// What its points are worth is answered as published.
#[utoipa::path(
    put,
    path = "/v1/me/saved-deals/{id}",
    tag = "deals",
    params(
        ("id" = DealId, Path, description = "The deal"),
        ("If-Match" = Option<String>, Header, description = "The version it must have; \"0\" before it is saved"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = Option<PutSavedDeal>,
    responses((status = 200, body = SavedDealView), Problems)
)]
async fn put_saved_deal(
    State(cx): State<Deps>,
    PathId(id): PathId<DealId>,
    if_match: IfMatch,
    asked: Instruction<PutSavedDeal>,
) -> Reply<SavedDealView> {
    let owner = &asked.caller.owner;
    let mut shown = ShownDeal::of(&cx, &owner.tenant, id, asked.input.search_key.as_ref()).await?;
    let known = cx.store().saved_deal(owner, id).await?;
    if_match.check(known.as_ref().map_or(0, |saved| saved.version))?;
    let is_new = known.is_none();
    if is_new && cx.store().all_saved_deals_of(owner).await?.len() >= SavedDeal::MOST {
        let detail = format!("{} deals are saved, and no more can be. Take one away first.", SavedDeal::MOST);
        return Err(Failure::Conflict("too-many-saved", detail));
    }
    let mut saved = known.unwrap_or_else(|| SavedDeal::of(owner.clone(), &shown.deal, cx.now()));
    let travellers = shown.travellers.unwrap_or(saved.travellers);
    let is_for_others = travellers != saved.travellers;
    saved.travellers = travellers;
    let change = shown.keep(Change::new());
    let change = if is_new {
        let told = DealSaved { tenant: owner.tenant.clone(), member: owner.member, deal: id };
        cx.emit(change.create(&mut saved), &told)
    } else if is_for_others {
        change.update(&mut saved)
    } else {
        change.provided(&mut saved)
    };
    // What is answered is kept for repeats: nothing of what the member says that points are worth is in it.
    let view = SavedDealView::of(&saved, shown.deal, &Valuations::default(), cx.now());
    let answer = Answer::ok(view).version(saved.version);
    cx.commit(&asked.request, change, answer).await.map_err(|failure| if_match.settle(failure))
}
