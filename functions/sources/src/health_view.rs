//! How it is shown how sources fare.

use domain::{
    money::Money,
    sources::{
        Account, KeyScope, SourceState, Vertical,
        allowance::Allowance,
        breaker::{BreakerState, Passage},
        bucket::{Bucket, Limit},
        health::{Ending, Tally},
    },
};
use futures::future::try_join_all;
use jiff::Timestamp;
use platform::{Deps, Failure};
use providers::{registry::Line, sources::Contract};
use serde::Serialize;
use storage::{SourceDay, StoreError};
use utoipa::ToSchema;

/// Over how many hours in which there were calls.
const HOURS: u8 = 24;

/// How a source fares, with the key that it is asked with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthView {
    #[schema(example = "duffel")]
    id: &'static str,
    vertical: Vertical,
    /// `published`, or `unverified_contract` where nobody has confirmed what the adapter is built on.
    #[schema(value_type = String, example = "unverified_contract")]
    contract: Contract,
    /// Whether searches ask it.
    asked: bool,
    breaker: BreakerState,
    /// Until when it is left alone, if it is.
    #[schema(value_type = Option<String>, format = DateTime)]
    left_alone_until: Option<Timestamp>,
    /// The last call that did not fail.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_success: Option<Timestamp>,
    /// The last call that failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_failure: Option<Timestamp>,
    /// Calls within the last 24 hours in which there were any. Not told of a key that is shared with others.
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<u64>,
    /// Which part of them failed, from 0 to 1, to four decimals.
    #[schema(example = "0.0125")]
    failing: Option<String>,
    /// How most of those ended: `key-refused` is for whose key it is to mend.
    failing_by: Option<Ending>,
    latency: LatencyView,
    /// How many calls are left of this day's, where there is an end to them: by what the source takes a day, by what is set for the key, and for
    /// a tenant with the deployment's. The least of these.
    quota_left: Option<u64>,
    /// How much money is left for them on this day, where there is an end to it.
    budget_left: Option<Money>,
}

/// What is left of a day.
#[derive(Debug, Default)]
struct Left {
    quota: Option<u64>,
    budget: Option<Money>,
}

impl Left {
    /// The least of all that a call takes of, and of so many that the source takes.
    fn of(used: &[(Allowance, i64)], by_source: Option<u64>) -> Self {
        let calls = used.iter().filter_map(|(allowance, used)| allowance.calls_left(*used)).chain(by_source);
        let money = used.iter().filter_map(|(allowance, used)| allowance.money_left(*used));
        // Of two currencies, one is not what calls cost in, and has nothing.
        Self { quota: calls.min(), budget: money.min_by_key(|left| left.amount()) }
    }
}

/// In how many milliseconds so many of a hundred calls were over, as far as it is measured: 50, 100, 200 and so on, doubling, to
/// 10,000. Null where none are known, or they took longer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatencyView {
    p50_ms: Option<u32>,
    p95_ms: Option<u32>,
    p99_ms: Option<u32>,
}

impl HealthView {
    fn of(line: &Line, state: &SourceState, tally: &Tally, (shared, left): (bool, Left), now: Timestamp) -> Self {
        let shut = match state.breaker.passage(now) {
            Passage::Shut(until) => Some(until),
            Passage::Free | Passage::Probe => None,
        };
        Self {
            id: line.source.id,
            vertical: line.source.vertical,
            contract: line.source.contract,
            asked: line.is_asked(),
            breaker: state.breaker.state(now),
            left_alone_until: state.paused(now).max(shut),
            last_success: tally.last_success,
            last_failure: tally.last_failure,
            calls: (!shared).then(|| tally.calls()),
            failing: tally.failures_per_ten_thousand().map(|of| format!("{}.{:04}", of / 10_000, of % 10_000)),
            failing_by: tally.mostly_failed_by(),
            latency: LatencyView {
                p50_ms: tally.percentile_ms(50),
                p95_ms: tally.percentile_ms(95),
                p99_ms: tally.percentile_ms(99),
            },
            quota_left: left.quota,
            budget_left: left.budget,
        }
    }
}

/// Of all these, as they are set at a scope.
pub(crate) async fn health(cx: &Deps, lines: &[&Line], scope: &KeyScope) -> Result<Vec<HealthView>, Failure> {
    try_join_all(lines.iter().map(|line| health_of(cx, line, scope))).await
}

async fn health_of(cx: &Deps, line: &Line, scope: &KeyScope) -> Result<HealthView, Failure> {
    let (now, used) = (cx.now(), line.scope().unwrap_or_else(|| scope.clone()));
    let source = line.source.id.parse().map_err(|_| Failure::Internal)?;
    let account = Account { source, scope: used.clone() };
    let store = cx.store();
    let tenant = match scope {
        KeyScope::Tenant(tenant) => Some(tenant),
        KeyScope::Deployment => None,
    };
    let reserved = line.allowances(&used, tenant).into_iter().map(async |allowance| {
        let reserved = store.reserved(&SourceDay::at(&allowance, now)).await?;
        Ok::<_, StoreError>((allowance, reserved))
    });
    let read = futures::try_join!(
        store.source_state(&account),
        store.source_health(&account, HOURS),
        try_join_all(reserved),
        left_by_source(cx, line, &account),
    );
    let (state, hours, reserved, by_source) = read?;
    let mut tally = Tally::default();
    hours.iter().for_each(|hour| tally.join(&hour.tally));
    let state = state.unwrap_or_else(|| SourceState::of(account, now));
    Ok(HealthView::of(line, &state, &tally, (used != *scope, Left::of(&reserved, by_source)), now))
}

/// How many calls the source itself takes of an account before the day ends, where it has a limit of a day.
async fn left_by_source(cx: &Deps, line: &Line, account: &Account) -> Result<Option<u64>, StoreError> {
    let Some(bucket) = line.source.limit.filter(Limit::is_daily).and_then(Bucket::of) else { return Ok(None) };
    let number = cx.store().bucket_number(account).await?;
    Ok(Some(bucket.left_of_day(number, cx.now())))
}
