//! `POST /v1/search/flights`

use std::{cmp::Reverse, collections::BTreeSet};

use axum::extract::State;
use domain::{
    deals::{Assessed, Score, Weights, assess},
    flights::{Cabin, FlightOffer, cabins::cabins},
    identity::Role,
    ids::DealId,
    inputs::{Asked, Fields, between, leaf, object},
    places::{Place, names::places},
    search::{MAX_TRAVELLERS, SearchQuery, Wanted},
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

use crate::answer_view::{self, Searched, answered, check_to_come, limit};

/// Searches flights.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "search-search-flights", || routes!(search_flights))
    .asks()
    .limited(Limit::SEARCHES)
    .memory(512)
    .may(&[Observation::WRITE, OwnValuations::READ, Grant::Call(seats_aero::SOURCE), Grant::Call(duffel::SOURCE)])
    .may_also(answer_view::GRANTS)
    .goes_by(&[tables::values]);

/// What flights are wanted.
#[derive(ToSchema)]
#[schema(as = SearchFlights, rename_all = "camelCase", example = json!({
    "from": ["Los Angeles"], "to": ["DXB"], "dates": {"on": "2026-04-27", "flexDays": 1}, "cabins": ["economy"]
}))]
#[expect(dead_code, reason = "it describes the body and is never built")]
pub struct SearchFlightsBody {
    /// For points, with the cash prices that they are compared with; or for cash. For points, if not given.
    #[schema(required = false)]
    wanted: Wanted,
    /// Airports, metropolitan areas, regions, countries, cities: by code or by name.
    #[schema(value_type = Vec<String>)]
    from: Vec<Place>,
    /// The same.
    #[schema(value_type = Vec<String>)]
    to: Vec<Place>,
    dates: TravelDates,
    /// All, if the field is left out; else at least one.
    #[schema(required = false, min_items = 1)]
    cabins: Vec<Cabin>,
    /// 1 if not given.
    #[schema(required = false, minimum = 1, maximum = 9)]
    travellers: u8,
    /// How many are shown, 1 to 100; 20 if not given.
    #[schema(required = false, minimum = 1, maximum = 100)]
    limit: u8,
}

/// What flights are wanted.
#[derive(Debug)]
pub struct SearchFlights {
    query: SearchQuery,
    limit: usize,
}

impl Asked for SearchFlights {
    fn read(fields: &mut Fields<'_>, earliest: Date) -> Option<Self> {
        let (wanted, from, to) = (fields.given("wanted", leaf), fields.required("from", places), fields.required("to", places));
        let (dates, cabins) = (fields.required::<TravelDates>("dates", object), fields.given("cabins", cabins));
        let (travellers, limit) = (fields.given("travellers", between::<1, MAX_TRAVELLERS>), limit(fields));
        let airports = |places: Vec<Place>| places.iter().flat_map(Place::airports).collect::<BTreeSet<_>>();
        let (origins, destinations) = (from.map(airports), to.map(airports));
        let window = dates.map(TravelDates::window);
        let to_come = window.map(|(first, last)| (first.max(earliest), last.max(earliest)));
        let cabins = cabins.map(|cabins| cabins.unwrap_or_else(|| Cabin::ALL.to_vec()).into_iter().collect());
        let mut check = SearchQuery::check(origins.as_ref(), destinations.as_ref(), to_come, cabins.as_ref(), None);
        check_to_come(&mut check, earliest, window.map(|(_, last)| last), "/dates");
        if let Some(dates) = dates {
            dates.check(&mut check);
        }
        fields.check(check);
        let wanted = wanted?.unwrap_or(Wanted::AwardFlights);
        let query = SearchQuery::new(wanted, origins?, destinations?, to_come?, cabins?, travellers?.unwrap_or(1));
        Some(Self { query: query.ok()?, limit: limit? })
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
    request_body = SearchFlightsBody,
    responses((status = 200, body = Searched<FoundFlight>), Problems)
)]
async fn search_flights(State(cx): State<Deps>, inquiry: Inquiry<SearchFlights>) -> Reply<Searched<FoundFlight>> {
    let Inquiry { caller, input: SearchFlights { query, limit } } = inquiry;
    let had = answered(&cx, &caller, &query).await?;
    let own = wallet::valuations(&cx, &caller.owner).await?.0;
    let (rates, now) = (cx.rates().await?, cx.now());

    let assessed = assess(caller.tenant(), &had.answer, &rates).into_iter().map(|assessed| assessed.held_against(&own));
    let mut ranked: Vec<FoundFlight> = assessed
        .map(|Assessed { offer, valuation, parts }| FoundFlight {
            deal: offer.deal_id(caller.tenant()),
            score: Score::of(&parts, &Weights::default()),
            stale: had.stale.contains(&offer.freshness.source),
            flight: offer.as_of(now),
            valuation,
        })
        .collect();
    ranked.sort_by_key(|found| (Reverse(found.score.total), found.deal));
    Ok(Answer::ok(Searched::best(&had, limit, ranked, |found| found)))
}
