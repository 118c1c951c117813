//! `POST /v1/admin/properties/join`

use axum::extract::State;
use domain::{
    events::PropertiesJoined,
    identity::Role,
    inputs::{Fields, Input, object},
    properties::{Listing, ListingKey, Property, SoldAsTwo},
};
use platform::{Answer, Command, Deps, Endpoint, Failure, Problems, Reply};
use storage::{Change, Entity, Grant, MatchCandidate, PlacedListing};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::property_view::{PropertyView, are_of_sources, find};

/// Joins two properties.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Operator, "sources-join-properties", || routes!(join_properties)).may(&[
    Property::READ,
    Property::WRITE,
    PlacedListing::READ,
    PlacedListing::WRITE,
    MatchCandidate::WRITE,
    Grant::Emit("PropertiesJoined"),
]);

/// Two listings of one house.
#[derive(Debug, ToSchema)]
#[schema(example = json!({
    "one": {"source": "expedia-rapid", "reference": "12345"}, "other": {"source": "booking-demand", "reference": "67890"}
}))]
pub struct JoinProperties {
    one: ListingKey,
    other: ListingKey,
}

impl Input for JoinProperties {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (one, other) = (fields.required("one", object), fields.required("other", object));
        let are_known = are_of_sources(fields, &[("one", one.as_ref()), ("other", other.as_ref())]);
        are_known.then_some(Self { one: one?, other: other? })
    }
}

/// Joins two properties
///
/// All listings of both are one house from now on. One of them may be of a listing that was never seen: a source that gives neither
/// names nor positions is joined so, where it has no other listing there. A source can't sell one house twice: where it sells both,
/// `sold-as-two` names its two listings, of which the wrong one is to be split off first.
#[utoipa::path(
    post,
    path = "/v1/admin/properties/join",
    tag = "sources",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = JoinProperties,
    responses((status = 200, body = PropertyView), Problems)
)]
async fn join_properties(State(cx): State<Deps>, command: Command<JoinProperties>) -> Reply<PropertyView> {
    let JoinProperties { one, other } = &command.input;
    if one == other {
        return Err(Failure::Conflict("same-listing", "A listing can't be joined to itself.".to_owned()));
    }
    let change = Change::new().decided(one, other);
    let (property, change) = match (find(&cx, one).await?, find(&cx, other).await?) {
        (None, None) => return Err(Failure::NotFound("property")),
        (Some((_, property)), None) => added(property, other, change)?,
        (None, Some((_, property))) => added(property, one, change)?,
        (Some((_, property)), Some((_, same))) if property.id == same.id => (property, change),
        (Some((_, property)), Some((_, second))) => joined(&cx, property, second, change).await?,
    };
    let event =
        PropertiesJoined { tenant: command.caller.tenant().clone(), member: command.caller.member(), property: property.id };
    let answer = Answer::ok(PropertyView::from(&property)).version(property.version);
    cx.commit(&command.request, cx.emit(change, &event), answer).await
}

/// A property with a listing that was never seen. Where its source sells another one there, nobody knows that it exists.
fn added(mut property: Property, key: &ListingKey, change: Change) -> Result<(Property, Change), Failure> {
    property.take(Listing::bare(key.clone())).map_err(|_sold_as_two| Failure::NotFound("property"))?;
    let mut placed = PlacedListing::of(key.clone(), &property);
    let change = change.update(&mut property).create(&mut placed);
    Ok((property, change))
}

/// A property with all listings of another, which is no more.
async fn joined(cx: &Deps, mut property: Property, mut second: Property, change: Change) -> Result<(Property, Change), Failure> {
    let mut change = change.delete(&mut second);
    for listing in second.listings.values() {
        let mut placed = cx.store().placed_listing(&property.scope, &listing.key).await?.ok_or(Failure::Changed)?;
        placed.move_to(&property);
        change = change.update(&mut placed);
    }
    property.join(second).map_err(sold_as_two)?;
    let change = change.update(&mut property);
    Ok((property, change))
}

fn sold_as_two(error: SoldAsTwo) -> Failure {
    Failure::Conflict("sold-as-two", format!("{error}: split the one off that is another house, then join again."))
}
