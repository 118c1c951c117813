//! `POST /v1/search/stays`

use axum::extract::State;
use domain::{
    compare::{Field, PriceStanding},
    faults::Faults,
    flights::SourceId,
    identity::Role,
    inputs::{Fields, Input, leaf, list, object, objects},
    money::{Currency, Money},
    properties::{HouseContent, ListingKey},
    stays::{City, Guests, Position, StayOffer, StayPlace, StayQuery, city},
    tables,
};
use jiff::civil::Date;
use platform::{Answer, Deps, Endpoint, Inquiry, Limit, Problems, Reply};
use providers::{booking_demand, expedia_rapid, goibibo, makemytrip, oyo, trip_com};
use serde::Serialize;
use storage::{Entity, Grant};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    answer_view::{self, Searched, USUALLY, answered, check, earliest},
    houses::Houses,
    ranked::by_price,
};

/// Searches stays.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "search-search-stays", || routes!(search_stays))
    .asks()
    .limited(Limit::SEARCHES)
    .memory(512)
    .may(&[
        HouseContent::READ,
        Grant::Call(booking_demand::SOURCE),
        Grant::Call(expedia_rapid::SOURCE),
        Grant::Call(goibibo::SOURCE),
        Grant::Call(makemytrip::SOURCE),
        Grant::Call(oyo::SOURCE),
        Grant::Call(trip_com::SOURCE),
    ])
    .may_also(answer_view::GRANTS)
    .goes_by(&[tables::values]);

/// What stay is wanted: where is exactly one of `city`, `around` and `properties`.
#[derive(ToSchema)]
#[schema(as = SearchStays, rename_all = "camelCase", example = json!({"city": "Singapore", "checkin": "2026-04-27", "nights": 3, "adults": 2}))]
#[expect(dead_code, reason = "it describes the body and is never built")]
pub struct SearchStaysBody {
    /// In a city, by any of its names, with its country after a comma where several have it; or by the code of an airport or a
    /// metropolitan area, which means the city that it serves.
    city: Option<String>,
    /// Around a place on earth.
    around: Option<Around>,
    /// In one of these, each by a source and its own reference.
    properties: Option<Vec<ListingKey>>,
    /// The day of arrival, there.
    #[schema(value_type = String, format = Date)]
    checkin: Date,
    /// 1 to 90.
    nights: u8,
    /// Who shares the one room: 2 adults, if not given.
    adults: Option<u8>,
    /// The age of each child in years.
    child_ages: Option<Vec<u8>>,
    /// The currency that prices are wanted in; US dollars, if not given. Not every source can.
    currency: Option<Currency>,
    /// How many are shown, 1 to 100; 20 if not given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u8>,
}

/// Around a place on earth.
#[derive(Debug, ToSchema)]
pub struct Around {
    /// Degrees north and east, as decimal texts.
    position: Position,
    /// 1 to 100.
    kilometres: u8,
}

impl Input for Around {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (position, kilometres) = (fields.required("position", leaf), fields.required("kilometres", leaf));
        Some(Self { position: position?, kilometres: kilometres? })
    }
}

/// What stay is wanted.
#[derive(Debug)]
pub struct SearchStays {
    place: StayPlace,
    checkin: Date,
    nights: u8,
    guests: Guests,
    currency: Currency,
    limit: u8,
}

impl Input for SearchStays {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (city, around) = (fields.given("city", city), fields.given::<Around>("around", object));
        let properties = fields.given::<Vec<ListingKey>>("properties", objects);
        let (checkin, nights) = (fields.required("checkin", leaf), fields.required("nights", leaf));
        let (adults, child_ages) = (fields.given("adults", leaf), fields.given("childAges", list));
        let (currency, limit) = (fields.given("currency", leaf), fields.given("limit", leaf));
        let place = match (city?, around?, properties?) {
            (Some(city), None, None) => StayPlace::City(city),
            (None, Some(Around { position, kilometres }), None) => StayPlace::Around(position, kilometres, City::near(position)),
            (None, None, Some(properties)) => StayPlace::Listings(properties.into_iter().collect(), None),
            _ => {
                fields.fault("", "give exactly one of city, around and properties");
                return None;
            }
        };
        Some(Self {
            place,
            checkin: checkin?,
            nights: nights?,
            guests: Guests { adults: adults?.unwrap_or(2), child_ages: child_ages?.unwrap_or_default() },
            currency: currency?.unwrap_or(Currency::USD),
            limit: limit?.unwrap_or(USUALLY),
        })
    }
}

impl SearchStays {
    fn query(self, earliest: Date) -> Result<(StayQuery, usize), Faults> {
        let Self { place, checkin, nights, guests, currency, limit } = self;
        let query = StayQuery::new(place, checkin, nights, guests, currency);
        check(limit, earliest, checkin, "/checkin").done_with(query).map(|query| (query, limit.into()))
    }
}

/// A stay that was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundStay {
    /// What is on offer.
    stay: StayOffer,
    /// What it costs in the currency that was asked for: what it is ranked by. Converted at a day's rate where the source answers in
    /// another one; none, if no rate is known.
    compared: Option<Money>,
    /// How that stands among the houses of this answer; none, if there are fewer than five to compare with.
    standing: Option<PriceStanding>,
    /// Whether its source has to be asked again before one relies on it.
    stale: bool,
}

/// Searches stays
///
/// Answers with what the sources say within seven seconds, or what is kept of what they said before, the cheapest first; `sources`
/// tells how fresh each part is and what is missing. Sources sell stays for money alone: what is said of a price is how it stands among
/// the others, by the median of the cheapest room of each house. One room; nobody can page in it: ask for up to 100, or ask more narrowly.
#[utoipa::path(
    post,
    path = "/v1/search/stays",
    tag = "search",
    request_body = SearchStaysBody,
    responses((status = 200, body = Searched<FoundStay>), Problems)
)]
async fn search_stays(State(cx): State<Deps>, inquiry: Inquiry<SearchStays>) -> Reply<Searched<FoundStay>> {
    let Inquiry { caller, input } = inquiry;
    let (query, limit) = input.query(earliest(&cx))?;
    let had = answered(&cx, &caller, &query).await?;
    let offers = had.answer.offers().map(|offer| (offer.price.total, offer));
    let ranked = by_price(&cx, query.currency(), offers).await?;
    let priced = ranked.iter().filter_map(|(price, offer)| Some((house(offer), (*price)?)));
    let field = Field::of(query.currency(), priced);
    let houses = Houses::of(&cx, &had.scope, ranked.iter().take(limit).map(|(_, offer)| *offer)).await;
    let view = |(compared, offer): (Option<Money>, &StayOffer)| FoundStay {
        standing: compared.and_then(|price| field.stands(price)),
        stale: had.stale.contains(&offer.freshness.source),
        stay: houses.told(offer),
        compared,
    };
    Ok(Answer::ok(Searched::best(&had, limit, ranked, view)))
}

/// What tells one house from another: its source, and what that calls it.
fn house(offer: &StayOffer) -> (&SourceId, &str) {
    (&offer.freshness.source, &offer.property.reference)
}
