//! `POST /v1/search/stays`

use axum::extract::State;
use domain::{
    compare::{Field, PriceStanding},
    flights::SourceId,
    identity::Role,
    inputs::{Asked, Fields, Input, between, leaf, object, objects},
    money::{Currency, Money},
    properties::{HouseContent, ListingKey},
    stays::{City, Guests, MAX_ADULTS, MAX_KILOMETRES, MAX_NIGHTS, Position, StayOffer, StayPlace, StayQuery, child_ages, city},
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
    answer_view::{self, Searched, answered, check_to_come, limit},
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
    #[schema(minimum = 1, maximum = 90)]
    nights: u8,
    /// Who shares the one room: 2 adults, if not given.
    #[schema(minimum = 1, maximum = 14)]
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
        let (position, kilometres) =
            (fields.required("position", leaf), fields.required("kilometres", between::<1, MAX_KILOMETRES>));
        Some(Self { position: position?, kilometres: kilometres? })
    }
}

/// What stay is wanted.
#[derive(Debug)]
pub struct SearchStays {
    query: StayQuery,
    limit: usize,
}

impl Asked for SearchStays {
    fn read(fields: &mut Fields<'_>, earliest: Date) -> Option<Self> {
        let (place, room) = (place(fields), Room::read(fields));
        let (currency, limit) = (fields.given("currency", leaf), limit(fields));
        room.check(fields, place.as_ref(), earliest);
        let (checkin, nights, guests) = room.whole()?;
        let query = StayQuery::new(place?, checkin, nights, guests, currency?.unwrap_or(Currency::USD));
        Some(Self { query: query.ok()?, limit: limit? })
    }
}

/// Where: exactly one of three fields.
fn place(fields: &mut Fields<'_>) -> Option<StayPlace> {
    let (city, around) = (fields.given("city", city), fields.given::<Around>("around", object));
    match (city?, around?, fields.given::<Vec<ListingKey>>("properties", objects)?) {
        (Some(city), None, None) => Some(StayPlace::City(city)),
        (None, Some(Around { position, kilometres }), None) => {
            Some(StayPlace::Around(position, kilometres, City::near(position)))
        }
        (None, None, Some(properties)) => Some(StayPlace::Listings(properties.into_iter().collect(), None)),
        (None, None, None) | (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
            fields.fault("", "give exactly one of city, around and properties");
            None
        }
    }
}

/// When a room is wanted, and for whom, as far as that could be read.
#[derive(Debug)]
pub(crate) struct Room {
    checkin: Option<Date>,
    nights: Option<u8>,
    adults: Option<u8>,
    child_ages: Option<Vec<u8>>,
}

impl Room {
    pub(crate) fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            checkin: fields.required("checkin", leaf),
            nights: fields.required("nights", between::<1, MAX_NIGHTS>),
            adults: fields.given("adults", between::<1, MAX_ADULTS>).map(|adults| adults.unwrap_or(2)),
            child_ages: fields.given("childAges", child_ages).map(Option::unwrap_or_default),
        }
    }

    /// Notes what is wrong with it, and with where it is wanted.
    pub(crate) fn check(&self, fields: &mut Fields<'_>, place: Option<&StayPlace>, earliest: Date) {
        let mut check = StayQuery::check(place, self.checkin, self.nights, self.adults, self.child_ages.as_deref());
        check_to_come(&mut check, earliest, self.checkin, "/checkin");
        fields.check(check);
    }

    /// It, if all of it could be read.
    pub(crate) fn whole(self) -> Option<(Date, u8, Guests)> {
        Some((self.checkin?, self.nights?, Guests { adults: self.adults?, child_ages: self.child_ages? }))
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
    let Inquiry { caller, input: SearchStays { query, limit } } = inquiry;
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
    Ok(Answer::ok(Searched::best(&had, limit, ranked, view).at_place(query.place().is_known())))
}

/// What tells one house from another: its source, and what that calls it.
fn house(offer: &StayOffer) -> (&SourceId, &str) {
    (&offer.freshness.source, &offer.property.reference)
}
