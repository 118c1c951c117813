//! `POST /v1/search/flights`

use std::{cmp::Reverse, collections::BTreeSet};

use axum::extract::State;
use domain::{
    deals::{Assessed, Score, Weights, assess},
    faults::Faults,
    flights::{Cabin, FlightOffer, cabins::cabins},
    identity::Role,
    ids::DealId,
    inputs::{Fields, Input, leaf, object},
    places::{Place, names::places},
    search::{SearchQuery, Wanted},
    tables,
    value::Valuation,
    wallets::OwnValuations,
    watchers::TravelDates,
};
use jiff::civil::Date;
use platform::{Answer, Deps, Endpoint, Inquiry, Limit, Problems, Reply, wallet};
use providers::{duffel, seats_aero};
use serde::Serialize;
use storage::{Entity, Grant, Observation};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::answer_view::{self, Searched, USUALLY, answered, check, earliest};

/// Searches flights.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "search-search-flights", || routes!(search_flights))
    .asks()
    .limited(Limit::SEARCHES)
    .memory(512)
    .may(&[Observation::WRITE, OwnValuations::READ, Grant::Call(seats_aero::SOURCE), Grant::Call(duffel::SOURCE)])
    .may_also(answer_view::GRANTS)
    .goes_by(&[tables::values]);

/// What flights are wanted.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "from": ["Los Angeles"], "to": ["DXB"], "dates": {"on": "2026-04-27", "flexDays": 1}, "cabins": ["economy"]
}))]
pub struct SearchFlights {
    /// For points, with the cash prices that they are compared with; or for cash. For points, if not given.
    #[schema(required = false)]
    wanted: Wanted,
    /// Airports, metropolitan areas, countries, cities: by code or by name.
    #[schema(value_type = Vec<String>)]
    from: Vec<Place>,
    /// The same.
    #[schema(value_type = Vec<String>)]
    to: Vec<Place>,
    dates: TravelDates,
    /// All, if none are given.
    #[schema(required = false)]
    cabins: Vec<Cabin>,
    /// 1 if not given.
    #[schema(required = false)]
    travellers: u8,
    /// How many are shown, 1 to 100; 20 if not given.
    #[schema(required = false, minimum = 1, maximum = 100)]
    limit: u8,
}

impl Input for SearchFlights {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (wanted, from, to) = (fields.given("wanted", leaf), fields.required("from", places), fields.required("to", places));
        let (dates, cabins) = (fields.required("dates", object), fields.given("cabins", cabins));
        let (travellers, limit) = (fields.given("travellers", leaf), fields.given("limit", leaf));
        Some(Self {
            wanted: wanted?.unwrap_or(Wanted::AwardFlights),
            from: from?,
            to: to?,
            dates: dates?,
            cabins: cabins?.unwrap_or_else(|| Cabin::ALL.to_vec()),
            travellers: travellers?.unwrap_or(1),
            limit: limit?.unwrap_or(USUALLY),
        })
    }
}

impl SearchFlights {
    fn query(self, earliest: Date) -> Result<(SearchQuery, usize), Faults> {
        let Self { wanted, from, to, dates, cabins, travellers, limit } = self;
        let airports = |places: Vec<Place>| places.iter().flat_map(Place::airports).collect::<BTreeSet<_>>();
        let (first, last) = dates.window();
        let window = (first.max(earliest), last.max(earliest));
        let query = SearchQuery::new(wanted, airports(from), airports(to), window, cabins.into_iter().collect(), travellers);
        check(limit, earliest, last, "/dates").done_with(query).map(|query| (query, limit.into()))
    }
}

/// A flight that was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundFlight {
    /// The deal that it is: a watcher that finds it tells of it by this id. Who saves, books or has it explained before gives the
    /// `searchKey` of this answer with it.
    deal: DealId,
    /// What is on offer.
    flight: FlightOffer,
    /// What it is worth, against the member's own valuation or else the published ones; none for cash prices.
    valuation: Option<Valuation>,
    /// How good it is.
    score: Score,
    /// Whether its source has to be asked again before one relies on it.
    stale: bool,
}

/// Searches flights
///
/// Answers with what the sources say within seven seconds, or what is kept of what they said before, the best first; `sources` tells
/// how fresh each part is and what is missing. Nobody can page in it: ask for up to 100, or ask more narrowly.
#[utoipa::path(
    post,
    path = "/v1/search/flights",
    tag = "search",
    request_body = SearchFlights,
    responses((status = 200, body = Searched<FoundFlight>), Problems)
)]
async fn search_flights(State(cx): State<Deps>, inquiry: Inquiry<SearchFlights>) -> Reply<Searched<FoundFlight>> {
    let Inquiry { caller, input } = inquiry;
    let (query, limit) = input.query(earliest(&cx))?;
    let had = answered(&cx, &caller, &query).await?;
    let own = wallet::valuations(&cx, &caller.owner).await?.0;
    let rates = cx.rates().await?;

    let assessed = assess(caller.tenant(), &had.answer, &rates).into_iter().map(|assessed| assessed.held_against(&own));
    let mut ranked: Vec<FoundFlight> = assessed
        .map(|Assessed { offer, valuation, parts }| FoundFlight {
            deal: offer.deal_id(caller.tenant()),
            score: Score::of(&parts, &Weights::default()),
            stale: had.stale.contains(&offer.freshness.source),
            flight: offer,
            valuation,
        })
        .collect();
    ranked.sort_by_key(|found| (Reverse(found.score.total), found.deal));
    Ok(Answer::ok(Searched::best(&had, limit, ranked, |found| found)))
}
