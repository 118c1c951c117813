//! Every 15 minutes: reads what sources say has changed since they were last asked, and tells of it.
//!
//! What a page tells and how far it reaches are one transaction: whoever dies before it reads the page again. Answers are only
//! ever doubted by it, which can be done twice.

use std::{sync::Arc, time::Duration};

use domain::{
    identity::Tenant,
    sources::{Account, KeyScope, Vertical, feeds::FeedCursor},
};
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use platform::{Deps, JobError, Scheduled, telemetry};
use providers::{
    Asking, CALL_TIMEOUT, Feed, FeedPage, Serving, SourceError, goibibo, guard, oyo, raw,
    registry::{Line, lines_of_deployment},
    serving_with_keys_of,
};
use storage::{Change, Entity, Grant, StoreError};

use crate::inventory::{AT_ONCE, events, telling};

/// Reads feeds.
pub static FUNCTION: Scheduled =
    Scheduled::new("sources-sync-feeds", "rate(15 minutes)", |cx, deadline| Box::pin(sync_feeds(cx, deadline)))
        .may(&[
            FeedCursor::READ,
            FeedCursor::WRITE,
            Tenant::READ,
            Grant::Emit("InventoryChanged"),
            Grant::Call(goibibo::SOURCE),
            Grant::Call(oyo::SOURCE),
        ])
        .may_also(&[guard::GRANTS, raw::GRANTS]);

/// Pages of one feed in a run: what is left is read by the next one.
const MOST_PAGES: usize = 40;
/// How long a page is asked for: a call, and the one in its place if the connection failed.
const PAGE_ASKS: Duration = CALL_TIMEOUT.saturating_mul(2);
/// What a page takes at most, with what is stored of it.
const PAGE_TAKES: SignedDuration = SignedDuration::from_secs(25);
/// What it takes at most to store a part of it.
const PART_TAKES: SignedDuration = SignedDuration::from_secs(2);
/// What is left to read feeds in, however many there are to be opened.
const READING: SignedDuration = SignedDuration::from_secs(35);
/// Seconds after which this runs again.
const EVERY: i64 = 15 * 60;
/// Tenants looked at together.
const TENANTS: u8 = 100;

/// What goes wrong with one feed is no reason not to read another; the run has failed all the same.
#[derive(Default)]
struct Failures(Option<JobError>);

impl Failures {
    fn note<T>(&mut self, of: &KeyScope, result: Result<T, JobError>) -> Option<T> {
        result.map_err(|error| self.0 = Some(error)).inspect_err(|()| tracing::warn!(scope = %of, "a feed is not read")).ok()
    }
}

/// From when to when feeds are read.
struct Run {
    began: Timestamp,
    deadline: Timestamp,
}

fn sync_feeds(cx: &Deps, deadline: Timestamp) -> BoxFuture<'_, Result<(), JobError>> {
    Box::pin(async move {
        let (began, mut feeds, mut failures) = (cx.now(), Vec::new(), Failures::default());
        let of_deployment = lines_of_deployment(cx).await?;
        for scope in scopes(cx).await? {
            if cx.time_left(deadline) < READING {
                tracing::warn!("there is no time to look at all feeds");
                break;
            }
            feeds.extend(failures.note(&scope, feeds_of(cx, &scope, &of_deployment).await).into_iter().flatten());
        }
        // Where time is short, it is not always the same ones that go without.
        feeds.sort_by_key(|(_, cursor)| cursor.at);
        let run = Run { began, deadline };
        for (serving, mut cursor) in feeds {
            failures.note(&serving.scope, sync(cx, &serving, &mut cursor, &run).await);
        }
        failures.0.map_or(Ok(()), Err)
    })
}

/// All whose keys there may be: the deployment, and then its tenants, of whom each run begins with another.
async fn scopes(cx: &Deps) -> Result<Vec<KeyScope>, JobError> {
    let (mut tenants, mut after) = (Vec::new(), None);
    loop {
        let page = cx.store().tenants(TENANTS, after.as_deref()).await?;
        tenants.extend(page.items.into_iter().map(|tenant| KeyScope::Tenant(tenant.id)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let run = usize::try_from(cx.now().as_second() / EVERY).unwrap_or_default();
    let first = run.checked_rem(tenants.len()).unwrap_or_default();
    tenants.rotate_left(first);
    Ok([KeyScope::Deployment].into_iter().chain(tenants).collect())
}

/// The sources with feeds that are asked with the keys of a scope, and how far each was read.
async fn feeds_of(
    cx: &Deps,
    scope: &KeyScope,
    of_deployment: &[Line],
) -> Result<Vec<(Serving<Arc<dyn Feed>>, FeedCursor)>, JobError> {
    let mut feeds = Vec::new();
    for serving in serving_with_keys_of(cx, scope, of_deployment, Vertical::Stays).await? {
        let cursor = cursor_of(cx, &serving.outside.terms().account).await?;
        feeds.extend(cursor.map(|cursor| (serving, cursor)));
    }
    Ok(feeds)
}

/// How far a feed was read. When reading begins is kept before anything is asked: what changes until the first answer is not lost
/// with it. None, if another run is at its beginning.
async fn cursor_of(cx: &Deps, account: &Account) -> Result<Option<FeedCursor>, JobError> {
    if let Some(known) = cx.store().feed_cursor(account).await? {
        return Ok(Some(known));
    }
    let mut first = FeedCursor::first(account.clone(), cx.now());
    let is_first = commit(cx, Change::new().save(&mut first)).await?;
    Ok(is_first.then_some(first))
}

/// Reads a feed to its end, or as far as there is time.
async fn sync(cx: &Deps, serving: &Serving<Arc<dyn Feed>>, cursor: &mut FeedCursor, run: &Run) -> Result<(), JobError> {
    let read = pages(cx, serving, cursor, run).await;
    serving.outside.tell().await;
    read
}

async fn pages(cx: &Deps, serving: &Serving<Arc<dyn Feed>>, cursor: &mut FeedCursor, run: &Run) -> Result<(), JobError> {
    for _ in 0..MOST_PAGES {
        if cx.time_left(run.deadline) < PAGE_TAKES || !next_page(cx, serving, cursor, run).await? {
            break;
        }
    }
    Ok(())
}

/// Reads a page and tells of it. Whether there is another one to be read now.
async fn next_page(cx: &Deps, serving: &Serving<Arc<dyn Feed>>, cursor: &mut FeedCursor, run: &Run) -> Result<bool, JobError> {
    let asking = Asking::within(&serving.outside, cx.now(), PAGE_ASKS);
    match serving.adapter.changes(&asking, &cursor.since).await {
        Ok(page) => tell(cx, page, cursor, run).await,
        Err(error) if error.has_forgotten_cursor() && cursor.is_at_a_place() => {
            tracing::warn!(source = %cursor.account.source, %error, "a feed is read again from when it was last read to its end");
            let is_over = cursor.forgotten(cx.now());
            if is_over {
                passed_over(cx, cursor);
            }
            Ok(commit(cx, Change::new().save(cursor)).await? && !is_over)
        }
        Err(error) => {
            if error.is_unreadable() {
                not_read(cx, cursor).await?;
            }
            Err(failed(cursor, &error))
        }
    }
}

/// Tells of what a page says, and with the last of it how far the page reaches.
async fn tell(cx: &Deps, page: FeedPage, cursor: &mut FeedCursor, run: &Run) -> Result<bool, JobError> {
    let FeedPage { changes, unreadable, cursor: next, more } = page;
    let (source, scope) = (&cursor.account.source, &cursor.account.scope);
    tracing::info!(%source, %scope, changes = changes.len(), unreadable, more, "feed");
    let events = events(cx, &cursor.account, changes);
    let mut events = events.ok_or_else(|| JobError::Park("the deployment has no name".to_owned()))?;
    for (metric, count) in [("InventoryChanges", events.len()), ("FeedRecordsUnread", unreadable)] {
        if count > 0 {
            telemetry::count(cx, metric, count as u64);
        }
    }
    let moved = cursor.read_to(next, cx.now());
    if !more {
        cursor.read_to_the_end(run.began);
    }
    while events.len() > AT_ONCE {
        if cx.time_left(run.deadline) < PART_TAKES {
            return Err(JobError::Retry(format!(
                "there was no time to tell all that the feed of {} says",
                cursor.account.source
            )));
        }
        let rest = events.split_off(AT_ONCE);
        cx.store().commit(telling(cx, Change::new(), &events)).await?;
        events = rest;
    }
    let is_first_to = commit(cx, telling(cx, Change::new().save(cursor), &events)).await?;
    Ok(is_first_to && more && moved)
}

/// Whether it is stored; not, if another run is at the same feed.
async fn commit(cx: &Deps, change: Change) -> Result<bool, JobError> {
    match cx.store().commit(change).await {
        Ok(()) => Ok(true),
        Err(StoreError::Changed | StoreError::Exists) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A page that can't be read is asked for again, and passed over before it holds up all that follows. As it came it is among the
/// raw answers.
async fn not_read(cx: &Deps, cursor: &mut FeedCursor) -> Result<(), JobError> {
    telemetry::count(cx, "FeedPagesUnread", 1);
    if cursor.not_read(cx.now()) {
        passed_over(cx, cursor);
    }
    commit(cx, Change::new().save(cursor)).await.map(drop)
}

fn passed_over(cx: &Deps, cursor: &FeedCursor) {
    tracing::error!(source = %cursor.account.source, scope = %cursor.account.scope, "what a feed said is passed over");
    telemetry::count(cx, "FeedPagesPassedOver", 1);
}

fn failed(cursor: &FeedCursor, error: &SourceError) -> JobError {
    let why = format!("the feed of {}: {error}", cursor.account.source);
    if error.passes() { JobError::Retry(why) } else { JobError::Park(why) }
}
