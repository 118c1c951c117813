//! `POST /v1/search/activities`

use std::collections::BTreeMap;

use axum::extract::State;
use domain::{
    activities::{ActivityOffer, ActivityQuery, PricedFor},
    compare::{Field, PriceStanding},
    faults::Faults,
    identity::Role,
    inputs::{Fields, Input, leaf, object},
    money::{Currency, Money},
    stays::{City, city_of_words},
    tables,
    watchers::TravelDates,
};
use jiff::civil::Date;
use platform::{Answer, Deps, Endpoint, Inquiry, Limit, Problems, Reply};
use providers::{getyourguide, viator};
use serde::Serialize;
use storage::Grant;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    answer_view::{self, Searched, USUALLY, answered, check, earliest},
    ranked::by_price,
};

/// Searches activities.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "search-search-activities", || routes!(search_activities))
    .asks()
    .limited(Limit::SEARCHES)
    .memory(512)
    .may(&[Grant::Call(viator::SOURCE), Grant::Call(getyourguide::SOURCE)])
    .may_also(answer_view::GRANTS)
    .goes_by(&[tables::values]);

/// What there is to do is wanted.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "place": "Orlando", "dates": {"on": "2026-04-27", "flexDays": 2}, "adults": 2, "currency": "EUR"
}))]
pub struct SearchActivities {
    /// A city, as for stays; or an activity, in words. A code in small letters may be a word: write it in capitals.
    #[schema(value_type = String)]
    place: City,
    dates: TravelDates,
    /// 1 to 15; 1 if not given.
    #[schema(required = false)]
    adults: u8,
    /// The currency that prices are wanted in; US dollars, if not given.
    #[schema(required = false)]
    currency: Currency,
    /// How many are shown, 1 to 100; 20 if not given.
    #[schema(required = false, minimum = 1, maximum = 100)]
    limit: u8,
}

impl Input for SearchActivities {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (place, dates) = (fields.required("place", city_of_words), fields.required("dates", object));
        let (adults, currency, limit) =
            (fields.given("adults", leaf), fields.given("currency", leaf), fields.given("limit", leaf));
        Some(Self {
            place: place?,
            dates: dates?,
            adults: adults?.unwrap_or(1),
            currency: currency?.unwrap_or(Currency::USD),
            limit: limit?.unwrap_or(USUALLY),
        })
    }
}

impl SearchActivities {
    fn query(self, earliest: Date) -> Result<(ActivityQuery, usize), Faults> {
        let Self { place, dates, adults, currency, limit } = self;
        let (first, last) = dates.window();
        let query = ActivityQuery::of_city(place, (first.max(earliest), last), adults, currency);
        check(limit, earliest, last, "/dates").done_with(query).map(|query| (query, limit.into()))
    }
}

/// Something to do that was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundActivity {
    /// What is on offer.
    activity: ActivityOffer,
    /// How its price stands among those of this answer that are for the same (a person, a group, the party); none, if its source does
    /// not say for what it is, or there are fewer than five to compare with.
    standing: Option<PriceStanding>,
    /// Whether its source has to be asked again before one relies on it.
    stale: bool,
}

/// Searches activities
///
/// Answers with what the sources say within seven seconds, or what is kept of what they said before, the cheapest first; `sources`
/// tells how fresh each part is and what is missing. Sources sell activities for money alone: what is said of a price is how it stands
/// among the others, by their median. Nobody can page in it: ask for up to 100, or ask more narrowly.
#[utoipa::path(
    post,
    path = "/v1/search/activities",
    tag = "search",
    request_body = SearchActivities,
    responses((status = 200, body = Searched<FoundActivity>), Problems)
)]
async fn search_activities(State(cx): State<Deps>, inquiry: Inquiry<SearchActivities>) -> Reply<Searched<FoundActivity>> {
    let Inquiry { caller, input } = inquiry;
    let (query, limit) = input.query(earliest(&cx))?;
    let had = answered(&cx, &caller, &query).await?;
    let offers = had.answer.offers().map(|offer| (offer.price, offer));
    let ranked = by_price(&cx, query.currency(), offers).await?;
    let fields = fields(query.currency(), &ranked);
    let standing = |price: Option<Money>, offer: &ActivityOffer| fields.get(&offer.priced_for?)?.stands(price?);
    let view = |(price, offer): (Option<Money>, &ActivityOffer)| FoundActivity {
        standing: standing(price, offer),
        stale: had.stale.contains(&offer.freshness.source),
        activity: offer.clone(),
    };
    Ok(Answer::ok(Searched::best(&had, limit, ranked, view)))
}

/// The prices that one is compared with, by what they are for.
fn fields(currency: Currency, ranked: &[(Option<Money>, &ActivityOffer)]) -> BTreeMap<PricedFor, Field> {
    let field = |priced_for: PricedFor| {
        let same = ranked.iter().filter(|(_, offer)| offer.priced_for == Some(priced_for));
        let priced = same.filter_map(|(price, offer)| Some(((&offer.freshness.source, &offer.reference), (*price)?)));
        (priced_for, Field::of(currency, priced))
    };
    PricedFor::ALL.map(field).into()
}
