//! `GET /v1/admin/properties`

use axum::{extract::State, http::request::Parts};
use domain::{
    faults::Faults,
    flights::SourceId,
    identity::Role,
    properties::{ListingKey, ListingReference, Property},
};
use platform::{Answer, Deps, Endpoint, Failure, Problems, Reply, query::Asked};
use providers::sources::NO_SUCH_SOURCE;
use storage::{Entity, PlacedListing};
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::property_view::{PropertyView, find, sells_houses};

/// Shows a property.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Operator, "sources-get-property", || routes!(get_property)).may(&[PlacedListing::READ, Property::READ]);

/// What a source calls it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes parameters and is never built")]
struct Called {
    /// Which source.
    #[param(value_type = String, example = "expedia-rapid")]
    source: SourceId,
    /// Its own reference.
    #[param(value_type = String, example = "12345")]
    reference: ListingReference,
}

fn asked(parts: &Parts) -> Result<ListingKey, Faults> {
    let mut asked = Asked::of(parts);
    let (source, reference) = (asked.required("source"), asked.required("reference"));
    asked.that(source.as_ref().is_none_or(sells_houses), "/source", "unknown", NO_SUCH_SOURCE);
    asked.done(source.zip(reference).map(|(source, reference)| ListingKey { source, reference }))
}

/// Shows a property
///
/// By what any of its sources calls it: all listings that were found to be the same house, or that someone joined.
#[utoipa::path(
    get,
    path = "/v1/admin/properties",
    tag = "sources",
    params(Called),
    responses((status = 200, body = PropertyView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_property(State(cx): State<Deps>, parts: Parts) -> Reply<PropertyView> {
    let key = asked(&parts)?;
    let (_, property) = find(&cx, &key).await?.ok_or(Failure::NotFound("property"))?;
    Ok(Answer::ok(PropertyView::from(&property)).version(property.version))
}
