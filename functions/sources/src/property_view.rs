//! How properties are shown to operators.

use domain::{
    faults::Check,
    flights::SourceId,
    ids::PropertyId,
    inputs::Fields,
    properties::{Likeness, Listing, ListingKey, Property},
    sources::{KeyScope, Vertical},
    stays::Position,
};
use platform::{Deps, Failure};
use providers::sources::{self, NO_SUCH_SOURCE};
use serde::Serialize;
use storage::PlacedListing;
use utoipa::ToSchema;

/// A house that several sources sell.
#[derive(Debug, Serialize, ToSchema)]
pub struct PropertyView {
    id: PropertyId,
    /// By the most trusted source that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<PositionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// What each source says of it, the most trusted first.
    listings: Vec<ListingView>,
}

/// What one source says of a house.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListingView {
    #[serde(flatten)]
    key: ListingKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<PositionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// How alike it was to the others when it was found to be one with them, and why; none of the first, and of what someone joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    likeness: Option<Likeness>,
}

/// A place on earth.
#[derive(Debug, Serialize, ToSchema)]
pub struct PositionView {
    /// Degrees north, as a decimal.
    latitude: String,
    /// Degrees east, as a decimal.
    longitude: String,
}

impl From<Position> for PositionView {
    fn from(position: Position) -> Self {
        Self { latitude: position.latitude().to_string(), longitude: position.longitude().to_string() }
    }
}

impl ListingView {
    fn of(listing: &Listing, property: &Property) -> Self {
        let Listing { key, name, position, address, veiled: _ } = listing.clone();
        let likeness = property.found.get(&key.source).cloned();
        Self { key, name, position: position.map(PositionView::from), address, likeness }
    }
}

impl From<&Property> for PropertyView {
    fn from(property: &Property) -> Self {
        Self {
            id: property.id,
            name: property.name().map(str::to_owned),
            position: property.position().map(PositionView::from),
            address: property.address().map(str::to_owned),
            listings: property.by_trust().into_iter().map(|listing| ListingView::of(listing, property)).collect(),
        }
    }
}

/// Whether a source sells houses.
pub(crate) fn sells_houses(source: &SourceId) -> bool {
    sources::source(source.as_str()).is_some_and(|source| source.vertical == Vertical::Stays)
}

/// Whether all listings that are named are of sources that sell houses, each by the field that names it.
pub(crate) fn are_of_sources(fields: &mut Fields<'_>, named: &[(&str, Option<&ListingKey>)]) -> bool {
    let mut check = Check::new();
    for (field, key) in named {
        check.that(key.is_none_or(|key| sells_houses(&key.source)), &format!("/{field}/source"), "unknown", NO_SUCH_SOURCE);
    }
    fields.check(check)
}

/// What all may know of a listing: where it was placed, and the property that it is of.
///
/// # Errors
/// If the store can't say; [`Failure::Changed`] in the moment in which the property is joined to another.
pub(crate) async fn find(cx: &Deps, key: &ListingKey) -> Result<Option<(PlacedListing, Property)>, Failure> {
    let Some(placed) = cx.store().placed_listing(&KeyScope::Deployment, key).await? else { return Ok(None) };
    let property = cx.store().property_of(&placed).await?.ok_or(Failure::Changed)?;
    Ok(Some((placed, property)))
}
