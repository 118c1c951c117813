//! Every minute: claims the watchers that are due and sends each search they wait for, once, to `searches`.
//!
//! A search is sent before its watchers are claimed. Dying in between, the next sweep sends it again, and `run-search`,
//! which runs a search once for a slot, drops it; the other way round the run would be lost.

use domain::{time::Slot, watchers::Watcher};
use futures::{StreamExt, future::BoxFuture, stream};
use jiff::{SignedDuration, Timestamp};
use platform::{Deps, JobError, Message, Scheduled, queues::SearchDue, telemetry};
use storage::{DUE_SHARDS, DueWatcher, Entity, Grant};

/// Sweeps what is due.
pub static FUNCTION: Scheduled =
    Scheduled::new("watchers-sweep-watchers", "rate(1 minute)", |cx, deadline| Box::pin(sweep_watchers(cx, deadline))).may(&[
        Watcher::READ,
        Watcher::WRITE,
        Grant::Send(SearchDue::QUEUE.name),
    ]);

/// Watchers read and claimed at a time: what bounds the memory of a sweep.
const PAGE: u8 = 100;
/// Shards swept side by side.
const SHARDS_AT_ONCE: usize = 4;
/// Claims written side by side, in a shard.
const CLAIMS_AT_ONCE: usize = 8;

fn sweep_watchers(cx: &Deps, deadline: Timestamp) -> BoxFuture<'_, Result<(), JobError>> {
    Box::pin(async move {
        // Every shard, whatever becomes of the others.
        let shards = stream::iter(0..DUE_SHARDS).map(|shard| sweep_shard(cx, shard, deadline)).buffer_unordered(SHARDS_AT_ONCE);
        shards.collect::<Vec<_>>().await.into_iter().collect()
    })
}

/// Goes through the due watchers of a shard. Those that share a search and a slot stand next to each other, so that one
/// look back tells whether a search was sent already. O(due watchers) in time, O(1) in memory.
async fn sweep_shard(cx: &Deps, shard: u16, deadline: Timestamp) -> Result<(), JobError> {
    let mut last_sent: Option<SearchDue> = None;
    let mut after = None;
    while cx.time_left(deadline) >= Scheduled::RESERVE {
        let page = cx.store().due_watchers(shard, cx.now(), PAGE, after.as_deref()).await?;
        let searches = searches_of(&page.items, &mut last_sent, cx.now());
        cx.send(&searches).await?;
        claim(cx, page.items, searches.len()).await?;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(())
}

/// The searches of a page that were not sent with the page before. Within a search the watcher that wants the freshest
/// answer comes first.
fn searches_of(due: &[DueWatcher], last_sent: &mut Option<SearchDue>, now: Timestamp) -> Vec<SearchDue> {
    let mut searches = Vec::new();
    for DueWatcher { slot, watcher } in due {
        let is_same =
            |sent: &SearchDue| (&sent.tenant, &sent.search_key, sent.slot) == (&watcher.owner.tenant, &watcher.search_key, *slot);
        if last_sent.as_ref().is_some_and(is_same) || !watcher.clone().take_run(*slot, now) {
            continue;
        }
        let search = search_due(watcher, *slot);
        *last_sent = Some(search.clone());
        searches.push(search);
    }
    searches
}

fn search_due(watcher: &Watcher, slot: Slot) -> SearchDue {
    SearchDue {
        tenant: watcher.owner.tenant.clone(),
        search_key: watcher.search_key.clone(),
        slot,
        max_age_minutes: watcher.accepts_answers_of(slot),
        member: watcher.owner.member,
        watcher: watcher.id,
    }
}

/// Stores every watcher with its next run. Who was faster, or whose owner changed it, is left as it is.
async fn claim(cx: &Deps, due: Vec<DueWatcher>, searches: usize) -> Result<(), JobError> {
    let now = cx.now();
    let late = due.iter().filter(|due| is_late(due, now)).count();
    let swept = due.len();
    let taken = due.into_iter().map(|DueWatcher { slot, mut watcher }| {
        watcher.take_run(slot, now);
        watcher
    });
    let lost = cx.store().claim_runs(taken.collect(), CLAIMS_AT_ONCE).await?;
    for (metric, value) in [("WatchersSwept", swept - lost), ("SearchesSent", searches), ("WatchersLate", late)] {
        if value > 0 {
            telemetry::count(cx, metric, value as u64);
        }
    }
    Ok(())
}

/// More than a period behind its slot: a run was skipped.
fn is_late(due: &DueWatcher, now: Timestamp) -> bool {
    now.duration_since(due.slot.start()) > SignedDuration::from_mins(i64::from(due.watcher.spec.schedule.period_minutes()))
}
