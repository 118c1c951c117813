//! `DELETE /v1/me/saved-deals/{id}`

use axum::extract::State;
use domain::{deals::SavedDeal, events::DealForgotten, identity::Role, ids::DealId};
use platform::{Answer, Deps, Endpoint, Failure, IfMatch, Instruction, PathId, Problems, Reply};
use storage::{Change, Entity, Grant};
use utoipa_axum::routes;

/// Keeps deals in sight no longer.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "deals-delete-saved-deal", || routes!(delete_saved_deal)).may(&[
    SavedDeal::READ,
    SavedDeal::WRITE,
    Grant::Emit("DealForgotten"),
]);

/// Takes a deal away from those that are saved
///
/// The deal itself stays.
#[utoipa::path(
    delete,
    path = "/v1/me/saved-deals/{id}",
    tag = "deals",
    params(
        ("id" = DealId, Path, description = "The deal"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    responses((status = 204, description = "It is taken away"), Problems)
)]
async fn delete_saved_deal(
    State(cx): State<Deps>,
    PathId(id): PathId<DealId>,
    if_match: IfMatch,
    asked: Instruction,
) -> Reply<()> {
    let owner = &asked.caller.owner;
    let mut saved = cx.store().saved_deal(owner, id).await?.ok_or(Failure::NotFound("saved-deal"))?;
    if_match.check(saved.version)?;
    let told = DealForgotten { tenant: owner.tenant.clone(), member: owner.member, deal: id };
    let change = cx.emit(Change::new().delete(&mut saved), &told);
    cx.commit(&asked.request, change, Answer::nothing()).await.map_err(|failure| if_match.settle(failure))
}
