//! `PUT /v1/me/cards/opt-out`

use axum::extract::State;
use domain::{
    cards::MemberCards,
    events::CardAdviceChosen,
    identity::Role,
    ids::Owner,
    inputs::{Fields, Input, leaf},
};
use platform::{Answer, Command, Deps, Endpoint, IfMatch, Problems, Reply};
use serde::Serialize;
use storage::{Change, Entity, Grant};
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Keeps whether members want advice on cards.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "cards-put-opt-out", || routes!(put_opt_out)).may(&[
    MemberCards::READ,
    MemberCards::WRITE,
    Grant::Emit("CardAdviceChosen"),
]);

/// Whether the caller wants no advice.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"optedOut": true}))]
pub struct OptOut {
    /// True for no advice.
    opted_out: bool,
}

impl Input for OptOut {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        fields.required("optedOut", leaf).map(|opted_out| Self { opted_out })
    }
}

/// What holds from now on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OptedOut {
    /// Whether the caller wants no advice.
    opted_out: bool,
    /// Counts the caller's changes to their cards: what `If-Match` is held against.
    version: u64,
}

/// Turns advice on cards off, or on again
///
/// While it is off, gaps and recommendations answer nothing, and nothing is looked at for them. What the caller said of their cards
/// stays, for them alone.
#[utoipa::path(
    put,
    path = "/v1/me/cards/opt-out",
    tag = "cards",
    params(
        ("If-Match" = Option<String>, Header, description = "The version that the caller's cards must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = OptOut,
    responses((status = 200, body = OptedOut), Problems)
)]
async fn put_opt_out(State(cx): State<Deps>, if_match: IfMatch, command: Command<OptOut>) -> Reply<OptedOut> {
    let mut cards = cx.store().cards_of(&command.caller.owner).await?;
    if_match.check(cards.revision)?;
    cards.opted_out = command.input.opted_out;
    cards.revision += 1;
    let version = cards.revision;
    let answer = Answer::ok(OptedOut { opted_out: cards.opted_out, version }).version(version);
    let Owner { tenant, member } = cards.owner.clone();
    let told = CardAdviceChosen { tenant, member, opted_out: cards.opted_out };
    let change = cx.emit(Change::new().save(&mut cards), &told);
    cx.commit(&command.request, change, answer).await.map_err(|failure| if_match.settle(failure))
}
