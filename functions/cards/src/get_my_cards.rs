//! `GET /v1/me/cards`

use axum::extract::State;
use domain::{
    cards::{CardsHeld, MemberCards},
    identity::Role,
};
use platform::{Answer, Caller, Deps, Endpoint, Problems, Reply};
use serde::Serialize;
use storage::{Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::plans::opened;

/// Shows members what they said of their cards.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "cards-get-my-cards", || routes!(get_my_cards)).may(&[
    MemberCards::READ,
    MemberKey::READ,
    Grant::UseKeys,
]);

/// What a member said of their cards.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyCards {
    /// What they said.
    #[serde(flatten)]
    held: CardsHeld,
    /// Whether they want no advice.
    opted_out: bool,
    /// Counts their changes: what `If-Match` is held against. 0 before the first.
    version: u64,
}

/// Shows what the caller said of their cards
///
/// Who has said nothing yet holds none.
#[utoipa::path(
    get,
    path = "/v1/me/cards",
    tag = "cards",
    responses((status = 200, body = MyCards), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_my_cards(State(cx): State<Deps>, caller: Caller) -> Reply<MyCards> {
    let cards = cx.store().cards_of(&caller.owner).await?;
    let (held, version) = (opened(&cx, &cards).await?, cards.revision);
    Ok(Answer::ok(MyCards { held, opted_out: cards.opted_out, version }).version(version))
}
