//! Queue `searches`: asks the sources a question once for a slot, keeps the answer and the prices, and tells that it is there.

use std::time::Duration;

use domain::{caching::Counted, events::SearchAnswered, ids::Owner, search::SearchQuery, watchers::Watcher};
use jiff::{SignedDuration, Timestamp};
use platform::{Deps, JobError, Message, Worker, queues::SearchDue, telemetry};
use providers::{duffel, guard, raw, seats_aero};
use storage::{Change, Entity, Grant, Observation, SearchRun};

use crate::asking::{self, Had, NoAnswer, Wish};

/// Runs searches.
pub static FUNCTION: Worker<SearchDue> = Worker::new("search-run-search", |cx, message| Box::pin(run_search(cx, message)))
    .batch(5, 5)
    .timeout(120)
    .may(&[
        Watcher::READ,
        SearchRun::READ,
        SearchRun::WRITE,
        Observation::WRITE,
        Grant::Emit("SearchAnswered"),
        Grant::Send(SearchDue::QUEUE.name),
        Grant::Call(seats_aero::SOURCE),
        Grant::Call(duffel::SOURCE),
    ])
    .may_also(&[asking::GRANTS, guard::GRANTS, raw::GRANTS]);

/// How long the sources have: nobody waits for it but a message.
const WITHIN: Duration = Duration::from_secs(100);
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
    let wish = Wish { tenant, member: None, since: Some(fresh_since), within: WITHIN, waits: false };
    match asking::answer(cx, &query, wish).await {
        Ok(had) => tell(cx, due, &had).await,
        // Another run asks right now (another tenant's, or this one's twin): its answer will do.
        Err(NoAnswer::Busy) => cx.send_later(&due, ANSWER_TAKES).await,
        Err(NoAnswer::Down(source, trouble)) => {
            let why = format!("{source}: {}", trouble.cause);
            Err(if trouble.cause.passes() { JobError::Retry(why) } else { JobError::Park(why) })
        }
        // All are off, or have no key: it would be so when the message came again, too.
        Err(NoAnswer::Nobody) => {
            let had = asking::of_nobody(cx, tenant, query).await?;
            tell(cx, due, &had).await
        }
        Err(NoAnswer::Unsent(error)) => Err(error),
        Err(NoAnswer::Inside(error)) => Err(error.into()),
    }
}

/// What a watcher that waits asks. Where nobody waits any more, nobody pays for it either.
async fn question(cx: &Deps, due: &SearchDue) -> Result<Option<SearchQuery>, JobError> {
    let owner = Owner { tenant: due.tenant.clone(), member: due.member };
    Ok(cx.store().waiting_question(&due.search_key, &owner, due.watcher).await?)
}

/// Stores the run with the event that the answer is there. Who comes second has nothing left to do.
async fn tell(cx: &Deps, due: SearchDue, had: &Had<SearchQuery>) -> Result<(), JobError> {
    let SearchDue { tenant, search_key, slot, .. } = due;
    let from_cache = had.counted != Counted::Miss;
    let now = cx.now();
    let mut run = SearchRun {
        tenant: tenant.clone(),
        search_key: search_key.clone(),
        slot,
        at: now,
        from_cache,
        calls: had.calls,
        offers: u32::try_from(had.answer.offers().count()).unwrap_or(u32::MAX),
        version: 0,
    };
    let answered = SearchAnswered { tenant, search_key, slot, scope: had.scope.clone() };
    let change = cx.emit(Change::new().create(&mut run), &answered);
    match cx.store().commit(change).await {
        Ok(()) => {
            telemetry::count(cx, if from_cache { "SearchesFromCache" } else { "SearchesAsked" }, 1);
            Ok(())
        }
        // Someone else was faster: the message comes again, and finds their run.
        Err(error) => Err(error.into()),
    }
}
