//! By `cron(45 5,15 * * ? *)`: fetches the latest exchange rates of the European Central Bank, and keeps them.
//!
//! Once after they are published, around 16:00 CET on working days, and once before the next day begins there, for what failed. What
//! can't be so leaves what was there, and the run fails: its alarm rings.

use std::time::Duration;

use domain::{
    rates::{DayRates, MAX_AGE_DAYS, Rates},
    tables,
    time::day_of,
};
use futures::future::BoxFuture;
use jiff::civil::Date;
use platform::{Deps, JobError, Scheduled, telemetry};
use providers::{
    Asking,
    ecb::{self, RatesError},
};
use storage::{Change, Entity, Grant};

/// Refreshes exchange rates.
pub static FUNCTION: Scheduled =
    Scheduled::new("value-refresh-rates", "cron(45 5,15 * * ? *)", |cx, _| Box::pin(refresh_rates(cx)))
        .may(&[DayRates::READ, DayRates::WRITE, Grant::Call(ecb::SOURCE)])
        .goes_by(&[tables::values]);

/// How old the latest rates may be before someone has to look: at Easter and at the turn of the year there are none for four days,
/// and after [`MAX_AGE_DAYS`] nothing is converted any more.
const WORRYING_DAYS: i32 = MAX_AGE_DAYS - 2;
/// How long the bank has: a connection that broke is tried once more.
const WITHIN: Duration = Duration::from_secs(20);

fn refresh_rates(cx: &Deps) -> BoxFuture<'_, Result<(), JobError>> {
    Box::pin(async move {
        let today = day_of(cx.now());
        // Straight from the store: what another run has kept within the hour counts.
        let fetched = cx.store().day_rates().await?;
        let latest_fetched = fetched.first().cloned();
        let known = fetched.into_iter().fold(Rates::shipped().clone(), Rates::with);
        let kept = match ask(cx).await.and_then(|rates| check(&known, latest_fetched.as_ref(), rates, today)) {
            Ok(Some(rates)) => keep(cx, rates).await,
            Ok(None) => Ok(None),
            Err(error) => Err(refused(cx, &error)),
        };
        // Whatever came of it: while nothing comes, the age is what has to be seen.
        let latest = kept.as_ref().ok().copied().flatten().max(known.latest(today));
        let age = tell_age(cx, latest, today);
        kept.and(age)
    })
}

async fn ask(cx: &Deps) -> Result<DayRates, RatesError> {
    let base = cx.config().open_sources.get(ecb::SOURCE).map(String::as_str).unwrap_or_default();
    ecb::day_rates(&Asking::within(cx.outside(), cx.now(), WITHIN), base).await
}

/// What is to be kept: nothing, if it is there already, as on days on which the bank does not quote. What it corrects is not there.
fn check(known: &Rates, fetched: Option<&DayRates>, rates: DayRates, today: Date) -> Result<Option<DayRates>, RatesError> {
    known.follows(&rates, fetched.map(|latest| latest.day), today)?;
    Ok(Some(rates).filter(|rates| Some(rates) != fetched))
}

async fn keep(cx: &Deps, rates: DayRates) -> Result<Option<Date>, JobError> {
    cx.store().commit(Change::new().set(&rates)).await?;
    telemetry::count(cx, "RatesKept", 1);
    Ok(Some(rates.day))
}

/// A failure that passes comes again; what is refused is told of.
fn refused(cx: &Deps, error: &RatesError) -> JobError {
    let why = format!("{}: {error}", ecb::SOURCE);
    match error {
        RatesError::Source(error) if error.passes() => JobError::Retry(why),
        RatesError::Source(_) | RatesError::Implausible(_) => {
            telemetry::count(cx, "RatesRefused", 1);
            JobError::Park(why)
        }
    }
}

/// How old the latest rates are. A bank that answers and says nothing new is noticed before nothing is converted any more.
fn tell_age(cx: &Deps, latest: Option<Date>, today: Date) -> Result<(), JobError> {
    let days = latest.map_or(i32::MAX, |latest| (today - latest).get_days());
    telemetry::measure(cx, "RatesAgeDays", u64::try_from(days).unwrap_or(0), "Count");
    if days <= WORRYING_DAYS {
        return Ok(());
    }
    Err(JobError::Park(format!("the latest exchange rates are {days} days old")))
}
