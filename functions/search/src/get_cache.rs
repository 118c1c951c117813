//! `GET /v1/admin/cache`

use std::collections::BTreeMap;

use axum::{extract::State, http::request::Parts};
use domain::{caching::Counted, identity::Role, sources::Vertical};
use jiff::{civil::Date, tz::TimeZone};
use platform::{Answer, Deps, Endpoint, Problems, Reply, query::Asked};
use serde::Serialize;
use storage::{CacheCount, Entity};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Shows how well the cache serves.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Operator, "search-get-cache", || routes!(get_cache)).may(&[CacheCount::READ]);

/// Which day.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes parameters and is never built")]
struct DayParams {
    /// The day, in UTC; today, if not given. Counts are kept for a month.
    #[param(value_type = Option<String>, format = Date)]
    day: Option<Date>,
}

/// How well the cache served on a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CacheDay {
    /// The day, in UTC.
    #[schema(value_type = String, format = Date)]
    day: Date,
    /// The whole day.
    all: SearchCounts,
    /// Its hours, as far as there was anything to count, the earliest first.
    hours: Vec<CacheHour>,
}

/// How well it served in an hour.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CacheHour {
    /// The hour, 0 to 23, in UTC.
    hour: u8,
    /// What was searched for.
    vertical: Vertical,
    #[serde(flatten)]
    counts: SearchCounts,
}

/// How members' searches came to their answers. Of hits and stale ones, one in sixteen is counted, for sixteen; all others are
/// counted one by one.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchCounts {
    /// It was kept, and fresh.
    hits: u64,
    /// It was kept, and shown as stale.
    stale: u64,
    /// Another search asked for it at the same time.
    shared: u64,
    /// The sources were asked.
    misses: u64,
    /// There was none.
    failed: u64,
}

impl SearchCounts {
    fn add(&mut self, counted: Counted, searches: u64) {
        let count = match counted {
            Counted::Hit => &mut self.hits,
            Counted::Stale => &mut self.stale,
            Counted::Shared => &mut self.shared,
            Counted::Miss => &mut self.misses,
            Counted::Failed => &mut self.failed,
        };
        *count = count.saturating_add(searches);
    }
}

/// Shows how well the cache serves
///
/// How the searches of a day came to their answers, hour by hour.
#[utoipa::path(
    get,
    path = "/v1/admin/cache",
    tag = "search",
    params(DayParams),
    responses((status = 200, body = CacheDay), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_cache(State(cx): State<Deps>, parts: Parts) -> Reply<CacheDay> {
    let mut asked = Asked::of(&parts);
    let given: Option<Date> = asked.given("day");
    let day = asked.done(Some(given.unwrap_or_else(|| TimeZone::UTC.to_datetime(cx.now()).date())))?;
    let (mut all, mut hours) = (SearchCounts::default(), BTreeMap::<(u8, Vertical), SearchCounts>::new());
    for counts in cx.store().cache_counts(day).await? {
        all.add(counts.counted, counts.searches);
        hours.entry((counts.hour, counts.vertical)).or_default().add(counts.counted, counts.searches);
    }
    let hours = hours.into_iter().map(|((hour, vertical), counts)| CacheHour { hour, vertical, counts }).collect();
    Ok(Answer::ok(CacheDay { day, all, hours }))
}
