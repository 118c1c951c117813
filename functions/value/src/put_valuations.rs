//! `PUT /v1/me/valuations`

use axum::extract::State;
use domain::{
    identity::Role,
    inputs::{Fields, Input},
    money::CentsPerPoint,
    tables,
    value::Valuations,
    wallets::OwnValuations,
};
use platform::{Answer, Command, Deps, Endpoint, IfMatch, Problems, Reply};
use storage::{Change, Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Keeps what members say that points are worth.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-put-valuations", || routes!(put_valuations))
    .may(&[MemberKey::READ, OwnValuations::READ, OwnValuations::WRITE, Grant::UseKeys])
    .goes_by(&[tables::values]);

/// All that the caller says.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"valuations": {"chase-ur": "1.9"}}))]
pub struct PutValuations {
    /// US cents a point, by programme: above 0, at most 1000.
    #[schema(value_type = std::collections::BTreeMap<String, CentsPerPoint>)]
    valuations: Valuations,
}

impl Input for PutValuations {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Valuations::read(fields).map(|valuations| Self { valuations })
    }
}

/// Replaces the caller's own valuations
///
/// All of them: for what is not given, what is published counts again. The answer does not repeat them: what is answered is kept for
/// when the request is repeated, and valuations are kept sealed only.
#[utoipa::path(
    put,
    path = "/v1/me/valuations",
    tag = "value",
    params(
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = PutValuations,
    responses((status = 204, description = "Kept; the tag is the new version"), Problems)
)]
async fn put_valuations(State(cx): State<Deps>, if_match: IfMatch, command: Command<PutValuations>) -> Reply<()> {
    let owner = &command.caller.owner;
    let known = cx.store().own_valuations(owner).await?.map_or(0, |own| own.version);
    if_match.check(known)?;
    let valuations = cx.vault().key_of(owner).await?.seal(&OwnValuations::VALUATIONS, &command.input.valuations)?;
    let mut own = OwnValuations { owner: owner.clone(), valuations, version: known };
    let change = Change::new().save(&mut own);
    let answer = Answer::nothing().version(own.version);
    cx.commit(&command.request, change, answer).await.map_err(|failure| if_match.settle(failure))
}
