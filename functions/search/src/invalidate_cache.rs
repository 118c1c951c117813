//! `POST /v1/admin/cache/invalidations`

use axum::extract::State;
use domain::{
    caching::{Doubt, Mark, Stock},
    faults::Check,
    flights::SourceId,
    identity::Role,
    inputs::{Fields, Input, leaf, object},
    places::Place,
    search::SearchKey,
    sources::Vertical,
};
use jiff::{Timestamp, civil::Date};
use platform::{Answer, Command, Deps, Endpoint, Problems, Reply};
use providers::sources::{self, NO_SUCH_SOURCE};
use serde::Serialize;
use storage::{Change, Entity, KeptMark};
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Makes kept answers worthless.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Operator, "search-invalidate-cache", || routes!(invalidate_cache)).may(&[KeptMark::WRITE]);

/// What is no longer to be believed.
#[derive(Debug)]
pub struct InvalidateCache(Vec<Doubt>);

/// What is no longer to be believed: exactly one of `searchKey`, `route` and `property`.
#[derive(ToSchema)]
#[schema(as = InvalidateCache, rename_all = "camelCase", example = json!({"route": {"from": "LAX", "to": "DXB"}, "days": {"from": "2026-04-27", "to": "2026-04-29"}}))]
#[expect(dead_code, reason = "it describes the body and is never built")]
pub struct InvalidateCacheBody {
    /// All that answers one question, by the name that searches give it.
    search_key: Option<SearchKey>,
    /// All flights from one place to another.
    route: Option<Route>,
    /// All rooms of a property, by the source's own reference.
    property: Option<String>,
    /// As this source has it; as all have it, if none is given. Not with `searchKey`.
    source: Option<SourceId>,
    /// On these days; on all, if none are given. Not with `searchKey`.
    days: Option<Days>,
}

/// From one place to another: airports, metropolitan areas, countries, by code.
#[derive(Debug, ToSchema)]
pub struct Route {
    #[schema(value_type = String)]
    from: Place,
    #[schema(value_type = String)]
    to: Place,
}

impl Route {
    /// From each of its airports to each.
    fn stocks(&self) -> Vec<Stock> {
        let to = self.to.airports();
        self.from.airports().into_iter().flat_map(|from| to.iter().map(move |to| Stock::Route(from, *to))).collect()
    }
}

/// The first and the last of some days.
#[derive(Debug, ToSchema)]
#[schema(as = InvalidatedDays)]
pub struct Days {
    #[schema(value_type = String, format = Date)]
    from: Date,
    #[schema(value_type = String, format = Date)]
    to: Date,
}

impl Input for Route {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (from, to) = (fields.required("from", leaf), fields.required("to", leaf));
        let route = Self { from: from?, to: to? };
        if route.stocks().len() > MOST_ROUTES {
            fields.fault("to", "these are more than 64 pairs of airports: name fewer");
            return None;
        }
        Some(route)
    }
}

impl Input for Days {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (from, to) = (fields.required("from", leaf), fields.required("to", leaf));
        let (from, to): (Date, Date) = (from?, to?);
        if to < from {
            fields.fault("to", "must not lie before from");
            return None;
        }
        Some(Self { from, to })
    }
}

/// The most pairs of airports of one request. Each is a mark, and who looks at an answer looks at the latest 200.
const MOST_ROUTES: usize = 64;
/// The longest reference of a property, in bytes.
const LONGEST: usize = 64;

impl Input for InvalidateCache {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (key, route) = (fields.given::<SearchKey>("searchKey", leaf), fields.given::<Route>("route", object));
        let property = fields.given::<String>("property", leaf);
        let (source, days) = (fields.given::<SourceId>("source", leaf), fields.given::<Days>("days", object));
        let is_known = |source: &SourceId| sources::source(source.as_str()).is_some();
        let mut check = Check::new();
        check.that(source.iter().flatten().all(is_known), "/source", "unknown", NO_SUCH_SOURCE);
        let is_known = fields.check(check);
        let (key, route, property, source, days) = (key?, route?, property?, source?, days?);
        let stocks = match (key, route, property) {
            (Some(key), None, None) if source.is_none() && days.is_none() => return Some(Self(vec![Doubt::Question(key)])),
            (None, Some(route), None) => route.stocks(),
            (None, None, Some(property)) if (1..=LONGEST).contains(&property.len()) => vec![Stock::Property(property)],
            (None, None, Some(_)) => {
                fields.fault("property", "must be 1 to 64 characters");
                return None;
            }
            _ => {
                fields.fault("", "give exactly one of searchKey, route and property; searchKey without source and days");
                return None;
            }
        };
        let days = days.map(|Days { from, to }| (from, to));
        let doubts = stocks.into_iter().map(|stock| Doubt::Stock { source: source.clone(), stock, days });
        is_known.then(|| Self(doubts.collect()))
    }
}

/// That it is done.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invalidated {
    /// What was asked for before this is not shown any more.
    #[schema(value_type = String, format = DateTime)]
    asked_before: Timestamp,
}

/// Makes kept answers worthless
///
/// Nothing is removed: whoever looks at an answer sees the mark, and has the sources asked anew.
#[utoipa::path(
    post,
    path = "/v1/admin/cache/invalidations",
    tag = "search",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = InvalidateCacheBody,
    responses((status = 202, body = Invalidated), Problems)
)]
async fn invalidate_cache(State(cx): State<Deps>, command: Command<InvalidateCache>) -> Reply<Invalidated> {
    let InvalidateCache(doubts) = command.input;
    let at = cx.now();
    let marks = doubts.into_iter().flat_map(|doubt| {
        let verticals = match &doubt {
            // Its name does not say of what it is.
            Doubt::Question(_) => Vertical::ALL.to_vec(),
            Doubt::Stock { stock, .. } => vec![stock.vertical()],
        };
        verticals.into_iter().map(move |vertical| KeptMark { vertical, teller: None, mark: Mark { at, doubt: doubt.clone() } })
    });
    let change = marks.fold(Change::new(), |change, mark| change.set(&mark));
    cx.commit(&command.request, change, Answer::accepted(Invalidated { asked_before: at })).await
}
