//! `GET /v1/places`

use axum::http::request::Parts;
use domain::{
    faults::Faults,
    identity::Role,
    places::{Airport, Choice, Place, PlaceKind, Region, suggest},
};
use platform::{Answer, Caller, Endpoint, Problems, Reply, query::Asked};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Completes what someone types into a place.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "search-list-places", || routes!(list_places));

/// Places change with a release only.
const KEPT: &str = "private, max-age=3600";
/// The most letters that are looked at.
const MAX_LETTERS: usize = 80;
/// The most places that are answered.
const MAX_PLACES: usize = 20;
/// As many as a list under a field shows.
const USUAL_PLACES: usize = 8;

/// What was typed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct Typed {
    /// The beginning of a name or a code, in any case, with or without accents; slips in longer names are forgiven. A country may follow,
    /// or a state or another region.
    #[param(min_length = 1, max_length = 80, example = "los ang")]
    q: String,
    /// How many places are wanted at most.
    #[param(required = false, minimum = 1, maximum = 20, default = 8)]
    limit: usize,
}

impl Typed {
    fn read(parts: &Parts) -> Result<Self, Faults> {
        let mut asked = Asked::of(parts);
        let (q, limit) = (asked.required::<String>("q"), asked.given("limit").unwrap_or(USUAL_PLACES));
        let letters = q.as_ref().map_or(1, |q| q.chars().count());
        asked.that((1..=MAX_LETTERS).contains(&letters), "/q", "out-of-range", format!("1 to {MAX_LETTERS} letters"));
        asked.that((1..=MAX_PLACES).contains(&limit), "/limit", "out-of-range", format!("1 to {MAX_PLACES} places"));
        asked.done(q.map(|q| Self { q, limit }))
    }
}

/// Places, the likeliest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlacesView {
    items: Vec<PlaceView>,
}

/// A place.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlaceView {
    /// What a search or a watcher is asked with.
    place: Place,
    /// What was found by the name.
    kind: PlaceKind,
    /// The name.
    #[schema(example = "Los Angeles")]
    name: &'static str,
    /// The city that it is or serves; none for a country or a region.
    #[schema(example = "Los Angeles")]
    city: Option<String>,
    /// Its country: two letters of ISO 3166.
    #[schema(example = "US")]
    country: &'static str,
    /// The country's name.
    #[schema(example = "United States")]
    country_name: Option<&'static str>,
    /// The part of its country that it is or lies in, which tells it from another of its name; none, if it has no name here.
    region: Option<RegionView>,
    /// The airports that it stands for.
    airports: Vec<Airport>,
}

/// A part of a country.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegionView {
    /// Its code of ISO 3166-2: it may follow a name after a comma, as in `Portland, US-ME`.
    #[schema(example = "US-CA")]
    code: &'static str,
    /// What it is called.
    #[schema(example = "California")]
    name: &'static str,
}

impl From<Region> for RegionView {
    fn from(region: Region) -> Self {
        Self { code: region.code(), name: region.name() }
    }
}

impl From<Choice> for PlaceView {
    fn from(choice: Choice) -> Self {
        let Choice { place, kind, name, country, .. } = choice;
        let (city, country_name, region) = (choice.city(), choice.country_name(), choice.region().map(RegionView::from));
        Self { place, kind, name, city, country, country_name, region, airports: place.airports() }
    }
}

/// Completes a place
///
/// Airports, cities, metropolitan areas, regions and countries whose name or code begins with what was typed, or nearly so: the best known
/// first. What has the code that was typed comes before all others, and the airports of a city that is called so come after it. Flights are
/// searched for by country and region, too; stays and activities are not.
#[utoipa::path(
    get,
    path = "/v1/places",
    tag = "search",
    params(Typed),
    responses((status = 200, body = PlacesView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_places(_: Caller, parts: Parts) -> Reply<PlacesView> {
    let Typed { q, limit } = Typed::read(&parts)?;
    Ok(Answer::ok(PlacesView { items: suggest(&q, limit).into_iter().map(PlaceView::from).collect() }).cache(KEPT))
}
