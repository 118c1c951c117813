//! Queue `searches`: asks the sources a question once for a slot, keeps the answer and the prices, and tells that it is there.

use std::collections::BTreeMap;

use domain::{
    events::SearchAnswered,
    flights::{Fare, FlightOffer},
    ids::Owner,
    search::{SearchAnswer, SearchQuery, SourceOutcome, Wanted},
    watchers::{Watcher, WatcherState},
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use platform::{
    Deps, JobError, Message, Worker,
    queues::{SearchDue, SourceAnswered},
    telemetry,
};
use providers::{
    AwardSource, CashSource, Found, account,
    duffel::{self, CASH_DAYS_PER_SEARCH, Duffel},
    raw::Keeping,
    seats_aero::{self, SeatsAero},
};
use storage::{Asking, CachedAnswer, Change, Entity, Grant, Observation, RawAnswer, RawPart, SearchRun, StoreError};

/// Runs searches.
pub static FUNCTION: Worker<SearchDue> =
    Worker::new("search-run-search", |cx, message| Box::pin(run_search(cx, message))).batch(5, 5).timeout(120).may(&[
        Watcher::READ,
        CachedAnswer::READ,
        CachedAnswer::WRITE,
        Asking::WRITE,
        SearchRun::READ,
        SearchRun::WRITE,
        Observation::WRITE,
        RawAnswer::WRITE,
        RawPart::WRITE,
        Grant::Emit("SearchAnswered"),
        Grant::Send(SearchDue::QUEUE.name),
        Grant::Send(SourceAnswered::QUEUE.name),
        Grant::Call(seats_aero::SOURCE),
        Grant::Call(duffel::SOURCE),
    ]);

/// Until when the answer of another run is looked for, in seconds.
const ANSWER_TAKES: u16 = 20;

async fn run_search(cx: &Deps, due: SearchDue) -> Result<(), JobError> {
    let SearchDue { tenant, search_key, slot, max_age_minutes, .. } = &due;
    if cx.store().search_run(tenant, search_key, *slot).await?.is_some() {
        return Ok(()); // Delivered again, or sent by two sweeps.
    }
    let Some(query) = question(cx, &due).await? else { return Ok(()) };

    let fresh_since =
        slot.start().saturating_sub(SignedDuration::from_mins(i64::from(*max_age_minutes))).unwrap_or(Timestamp::MIN);
    let cached = cx.store().answer(search_key, fresh_since).await?;
    let from_cache = cached.is_some();
    let answer = match cached {
        Some(answer) => answer,
        None if cx.store().take_asking(search_key, cx.now()).await? => ask_and_keep(cx, query).await?,
        // Another run asks right now (another tenant's, or this one's twin): its answer will do.
        None => return cx.send_later(&due, ANSWER_TAKES).await,
    };
    tell(cx, due, &answer, from_cache).await
}

/// What a watcher that waits asks. Where nobody waits any more, nobody pays for it either.
async fn question(cx: &Deps, due: &SearchDue) -> Result<Option<SearchQuery>, JobError> {
    let waiting = cx.store().waiting_watchers(&due.tenant, &due.search_key, 1, None).await?.items;
    let waiting = match waiting.into_iter().next() {
        Some(watcher) => Some(watcher),
        // The index may not know it yet.
        None => cx.store().watcher_of(&Owner { tenant: due.tenant.clone(), member: due.member }, due.watcher).await?,
    };
    let asks = |watcher: &Watcher| watcher.state == WatcherState::Active && watcher.search_key == due.search_key;
    Ok(waiting.filter(asks).map(|watcher| watcher.query))
}

/// Stores the run with the event that the answer is there. Who comes second has nothing left to do.
async fn tell(cx: &Deps, due: SearchDue, answer: &SearchAnswer, from_cache: bool) -> Result<(), JobError> {
    let SearchDue { tenant, search_key, slot, .. } = due;
    let calls = if from_cache { 0 } else { answer.reports.iter().map(|report| report.calls).sum() };
    let mut run = SearchRun {
        tenant: tenant.clone(),
        search_key: search_key.clone(),
        slot,
        at: cx.now(),
        from_cache,
        calls,
        offers: u32::try_from(answer.offers.len()).unwrap_or(u32::MAX),
        version: 0,
    };
    let change = cx.emit(Change::new().create(&mut run), &SearchAnswered { tenant, search_key, slot });
    match cx.store().commit(change).await {
        Ok(()) => {
            telemetry::count(cx, if from_cache { "SearchesFromCache" } else { "SearchesAsked" }, 1);
            Ok(())
        }
        // Someone else was faster: the message comes again, and finds their run.
        Err(error) => Err(error.into()),
    }
}

async fn ask_and_keep(cx: &Deps, query: SearchQuery) -> Result<SearchAnswer, JobError> {
    let answer = ask(cx, query).await?;
    let answer = keep(cx, answer).await?;
    cx.store().observe(&Observation::of(&answer)).await?;
    Ok(answer)
}

/// Asks for what is wanted, and for what it is compared with. Without an answer about what is wanted there is none; without
/// prices to compare with, values are unknown.
async fn ask(cx: &Deps, query: SearchQuery) -> Result<SearchAnswer, JobError> {
    let (asked_at, outside) = (cx.now(), Keeping::of(cx));
    let cash = source(cx, duffel::SOURCE, Duffel::new)?;
    let found = match query.wanted() {
        Wanted::AwardFlights => {
            let awards = source(cx, seats_aero::SOURCE, SeatsAero::new)?.awards(&outside, &query, asked_at).await;
            let awards = answered(cx, &query, asked_at, awards).await?;
            let days = days_worth_comparing(&awards.offers);
            let fares = if days.is_empty() { None } else { Some(cash.fares(&outside, &query, &days, asked_at).await) };
            // Awards first: an answer that is too large is cut from the end.
            [awards].into_iter().chain(fares).collect::<Vec<_>>()
        }
        Wanted::CashFlights => {
            let (first, last) = query.days();
            let days: Vec<Date> =
                first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last).take(CASH_DAYS_PER_SEARCH).collect();
            let fares = cash.fares(&outside, &query, &days, asked_at).await;
            vec![answered(cx, &query, asked_at, fares).await?]
        }
    };
    for found in &found {
        note(cx, &query, asked_at, found).await?;
    }
    let reports = found.iter().map(Found::report).collect();
    Ok(SearchAnswer { query, asked_at, reports, offers: found.into_iter().flat_map(|found| found.offers).collect() })
}

fn source<T>(cx: &Deps, id: &str, new: fn(&str, secrecy::SecretString) -> T) -> Result<T, JobError> {
    let access = cx.config().sources.get(id).ok_or_else(|| JobError::Retry(format!("source {id} is not configured")))?;
    Ok(new(&access.url, access.key.clone()))
}

/// A failure that passes comes again; one that does not is parked with its reason.
async fn answered(cx: &Deps, query: &SearchQuery, asked_at: Timestamp, found: Found) -> Result<Found, JobError> {
    match &found.error {
        Some(error) if found.outcome == SourceOutcome::Failed => {
            note(cx, query, asked_at, &found).await?;
            let why = format!("{}: {error}", found.source);
            Err(if error.passes() { JobError::Retry(why) } else { JobError::Park(why) })
        }
        Some(_) | None => Ok(found),
    }
}

/// Counts what was asked and given, here and for the quality of the source.
async fn note(cx: &Deps, query: &SearchQuery, asked_at: Timestamp, found: &Found) -> Result<(), JobError> {
    let set_aside: usize = found.set_aside.values().sum();
    let error = found.error.as_ref().map(ToString::to_string);
    tracing::info!(source = %found.source, outcome = ?found.outcome, calls = found.calls, offers = found.offers.len(), set_aside, error, "source");
    telemetry::count(cx, "SourceCalls", u64::from(found.calls));
    if set_aside > 0 {
        telemetry::count(cx, "OffersSetAside", set_aside as u64);
    }
    cx.send(&account::messages(query.key().as_str(), asked_at, found)).await
}

/// The days with the cheapest awards, as many as fares can be asked for.
fn days_worth_comparing(awards: &[FlightOffer]) -> Vec<Date> {
    let mut cheapest: BTreeMap<Date, u64> = BTreeMap::new();
    for offer in awards {
        if let Fare::Award { points, .. } = &offer.fare {
            let known = cheapest.entry(offer.day()).or_insert(points.get());
            *known = (*known).min(points.get());
        }
    }
    let mut days: Vec<(u64, Date)> = cheapest.into_iter().map(|(day, points)| (points, day)).collect();
    days.sort_unstable();
    days.into_iter().take(CASH_DAYS_PER_SEARCH).map(|(_, day)| day).collect()
}

/// Keeps an answer. One that is too large is cut to its first offers, and then no longer complete.
async fn keep(cx: &Deps, mut answer: SearchAnswer) -> Result<SearchAnswer, JobError> {
    loop {
        match cx.store().keep_answer(&answer).await {
            Err(StoreError::TooLarge) if answer.offers.len() > 1 => {
                telemetry::count(cx, "AnswersCut", 1);
                answer.offers.truncate(answer.offers.len() / 2);
                for report in &mut answer.reports {
                    report.outcome = SourceOutcome::Partial;
                }
            }
            kept => return Ok(kept.map(|()| answer)?),
        }
    }
}
