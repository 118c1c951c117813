//! `PUT /v1/me/cards`

use axum::extract::State;
use domain::{
    cards::{CardsHeld, Catalogue, MemberCards},
    identity::{Member, Role},
    inputs::{Fields, Input},
    tables,
};
use platform::{Answer, Command, Deps, Endpoint, IfMatch, Problems, Reply};
use storage::{Change, Entity, Grant, MemberKey};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, schema::Schema},
};
use utoipa_axum::routes;

/// Keeps what members say of their cards.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "cards-put-my-cards", || routes!(put_my_cards))
    .may(&[Member::READ, MemberCards::READ, MemberCards::WRITE, MemberKey::READ, Grant::UseKeys])
    .goes_by(&[tables::cards]);

/// All that a member says of their cards. What is not given is empty from now on.
#[derive(Debug)]
pub struct PutMyCards(CardsHeld);

impl Input for PutMyCards {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        CardsHeld::read(fields).map(Self)
    }
}

impl PartialSchema for PutMyCards {
    /// What is shown is always there; what is written may be left out.
    fn schema() -> RefOr<Schema> {
        match CardsHeld::schema() {
            RefOr::T(Schema::Object(mut fields)) => {
                fields.required.clear();
                RefOr::T(Schema::Object(fields))
            }
            other => other,
        }
    }
}

impl ToSchema for PutMyCards {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        CardsHeld::schemas(schemas);
    }
}

/// Replaces what the caller said of their cards
///
/// Closed cards belong to it: some rules of issuers ask for them. The answer does not show it: what is answered is kept for when the
/// request is repeated, and what members hold is kept sealed only.
#[utoipa::path(
    put,
    path = "/v1/me/cards",
    tag = "cards",
    params(
        ("If-Match" = Option<String>, Header, description = "The version it must have; \"0\" before the first"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = PutMyCards,
    responses((status = 204, description = "Changed; the tag is the new version"), Problems)
)]
async fn put_my_cards(State(cx): State<Deps>, if_match: IfMatch, command: Command<PutMyCards>) -> Reply<()> {
    let Command { caller, input: PutMyCards(held), request } = command;
    let member = caller.profile(&cx).await?;
    held.check(Catalogue::shipped(), member.zone.local(cx.now()).date())?;
    let mut cards = cx.store().cards_of(&caller.owner).await?;
    if_match.check(cards.revision)?;
    let key = cx.vault().key_of(&caller.owner).await?;
    cards.held = Some(key.seal(&MemberCards::HELD, &held)?);
    cards.revision += 1;
    let answer = Answer::nothing().version(cards.revision);
    let change = Change::new().save(&mut cards);
    cx.commit(&request, change, answer).await.map_err(|failure| if_match.settle(failure))
}
