//! `POST /v1/admin/properties/split`

use axum::extract::State;
use domain::{
    events::PropertySplit,
    identity::Role,
    inputs::{Fields, Input, object},
    properties::{ListingKey, Property},
};
use platform::{Answer, Command, Deps, Endpoint, Failure, Problems, Reply};
use storage::{Change, Entity, Grant, MatchCandidate, PlacedListing};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::property_view::{PropertyView, are_of_sources, find};

/// Splits a property.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Operator, "sources-split-property", || routes!(split_property)).may(&[
    Property::READ,
    Property::WRITE,
    PlacedListing::READ,
    PlacedListing::WRITE,
    MatchCandidate::READ,
    MatchCandidate::WRITE,
    Grant::Emit("PropertySplit"),
]);

/// Two listings that are not one house.
#[derive(Debug, ToSchema)]
#[schema(example = json!({
    "listing": {"source": "oyo", "reference": "12345"}, "from": {"source": "goibibo", "reference": "67890"}
}))]
pub struct SplitProperty {
    /// What is to be a house of its own.
    listing: ListingKey,
    /// What it is not the same as.
    from: ListingKey,
}

impl Input for SplitProperty {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (listing, from) = (fields.required("listing", object), fields.required("from", object));
        let are_known = are_of_sources(fields, &[("listing", listing.as_ref()), ("from", from.as_ref())]);
        are_known.then_some(Self { listing: listing?, from: from? })
    }
}

/// Says that two listings are not one house
///
/// If they were taken for one, the first is a house of its own from now on. If someone was to be asked about them, nobody is any more. What
/// is neither is refused: `not-one-house`.
#[utoipa::path(
    post,
    path = "/v1/admin/properties/split",
    tag = "sources",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = SplitProperty,
    responses((status = 200, body = PropertyView), Problems)
)]
async fn split_property(State(cx): State<Deps>, command: Command<SplitProperty>) -> Reply<PropertyView> {
    let SplitProperty { listing, from } = &command.input;
    if listing == from {
        return Err(same());
    }
    let known = (find(&cx, listing).await?, find(&cx, from).await?);
    let (Some((mut placed, mut property)), Some((_, other))) = known else { return Err(Failure::NotFound("property")) };
    let change = Change::new().decided(listing, from);
    let (apart, change) = if property.id == other.id {
        let mut apart = property.split(listing, cx.new_id()).ok_or_else(same)?;
        placed.move_to(&apart);
        let change = change.update(&mut property).create(&mut apart).update(&mut placed);
        (apart, change)
    } else if cx.store().is_candidate(listing, from).await? {
        (property, change)
    } else {
        return Err(apart_already());
    };
    let event = PropertySplit {
        tenant: command.caller.tenant().clone(),
        member: command.caller.member(),
        property: other.id,
        apart: apart.id,
    };
    let answer = Answer::ok(PropertyView::from(&apart)).version(apart.version);
    cx.commit(&command.request, cx.emit(change, &event), answer).await
}

fn apart_already() -> Failure {
    Failure::Conflict("not-one-house", "They are two houses already, and nobody is asked whether they are one.".to_owned())
}

fn same() -> Failure {
    Failure::Conflict("same-listing", "A listing can't be split from itself.".to_owned())
}
