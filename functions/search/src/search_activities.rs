//! `POST /v1/search/activities`

use std::collections::BTreeMap;

use axum::extract::State;
use domain::{
    activities::{ActivityOffer, ActivityQuery, MAX_PARTY, PricedFor},
    compare::{Field, PriceStanding},
    identity::Role,
    inputs::{Asked, Fields, between, leaf, object},
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
    answer_view::{self, Searched, answered, check_to_come, limit},
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
#[derive(ToSchema)]
#[schema(as = SearchActivities, rename_all = "camelCase", example = json!({
    "place": "Orlando", "dates": {"on": "2026-04-27", "flexDays": 2}, "adults": 2, "currency": "EUR"
}))]
#[expect(dead_code, reason = "it describes the body and is never built")]
pub struct SearchActivitiesBody {
    /// A city, as for stays; or an activity, in words. A code in small letters may be a word: write it in capitals.
    #[schema(value_type = String)]
    place: City,
    dates: TravelDates,
    /// 1 if not given.
    #[schema(required = false, minimum = 1, maximum = 15)]
    adults: u8,
    /// The currency that prices are wanted in; US dollars, if not given.
    #[schema(required = false)]
    currency: Currency,
    /// How many are shown, 1 to 100; 20 if not given.
    #[schema(required = false, minimum = 1, maximum = 100)]
    limit: u8,
}

/// What there is to do is wanted.
#[derive(Debug)]
pub struct SearchActivities {
    query: ActivityQuery,
    limit: usize,
}

impl Asked for SearchActivities {
    fn read(fields: &mut Fields<'_>, earliest: Date) -> Option<Self> {
        let (place, dates) = (fields.required("place", city_of_words), fields.required::<TravelDates>("dates", object));
        let (adults, currency) = (fields.given("adults", between::<1, MAX_PARTY>), fields.given("currency", leaf));
        let limit = limit(fields);
        let window = dates.map(TravelDates::window);
        let mut check = ActivityQuery::check(place.as_ref().map(City::words).as_deref(), window, None);
        check_to_come(&mut check, earliest, window.map(|(_, last)| last), "/dates");
        if let Some(dates) = dates {
            dates.check(&mut check);
        }
        fields.check(check);
        let days = window.map(|(first, last)| (first.max(earliest), last))?;
        let query = ActivityQuery::of_city(place?, days, adults?.unwrap_or(1), currency?.unwrap_or(Currency::USD));
        Some(Self { query: query.ok()?, limit: limit? })
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
    request_body = SearchActivitiesBody,
    responses((status = 200, body = Searched<FoundActivity>), Problems)
)]
async fn search_activities(State(cx): State<Deps>, inquiry: Inquiry<SearchActivities>) -> Reply<Searched<FoundActivity>> {
    let Inquiry { caller, input: SearchActivities { query, limit } } = inquiry;
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
