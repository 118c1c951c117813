//! Every 15 minutes: reads what sources say has changed since they were last asked, and tells of it.
//!
//! What a page tells and how far it reaches are one transaction: whoever dies before it reads the page again. Answers are only
//! ever doubted by it, which can be done twice.

use std::time::Duration;

use domain::{
    identity::Tenant,
    sources::{KeyScope, SourceEntry, SourceState, Vertical, feeds::FeedCursor},
};
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use platform::{Deps, JobError, Scheduled, telemetry};
use providers::{
    Asking, CALL_TIMEOUT, Feed, FeedPage, Serving, SourceError, goibibo, oyo, serving_with_keys_of, sources::Adapter,
};
use storage::{Change, Entity, Grant, MemberKey, RawAnswer, RawPart, SourceBucket, SourceDay, SourceHealth, StoreError};

use crate::inventory::{AT_ONCE, events, telling};

/// Reads feeds.
pub static FUNCTION: Scheduled =
    Scheduled::new("sources-sync-feeds", "rate(15 minutes)", |cx, deadline| Box::pin(sync_feeds(cx, deadline))).may(&[
        FeedCursor::READ,
        FeedCursor::WRITE,
        Tenant::READ,
        SourceEntry::READ,
        SourceState::READ,
        SourceState::WRITE,
        SourceBucket::READ,
        SourceBucket::WRITE,
        SourceDay::WRITE,
        SourceHealth::READ,
        SourceHealth::WRITE,
        RawAnswer::WRITE,
        RawPart::WRITE,
        MemberKey::READ,
        Grant::UseKeys,
        Grant::Emit("InventoryChanged"),
        Grant::Call(goibibo::SOURCE),
        Grant::Call(oyo::SOURCE),
    ]);

/// Pages of one feed in a run: what is left is read by the next one.
const MOST_PAGES: usize = 40;
/// How long a page is asked for: a call, and the one in its place if the connection failed.
const PAGE_ASKS: Duration = CALL_TIMEOUT.saturating_mul(2);
/// What a page takes at most, with what is stored of it.
const PAGE_TAKES: SignedDuration = SignedDuration::from_secs(25);
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

fn sync_feeds(cx: &Deps, deadline: Timestamp) -> BoxFuture<'_, Result<(), JobError>> {
    Box::pin(async move {
        let (mut feeds, mut failures) = (Vec::new(), Failures::default());
        for scope in scopes(cx).await? {
            feeds.extend(failures.note(&scope, feeds_of(cx, &scope).await).into_iter().flatten());
        }
        // Where time is short, it is not always the same ones that go without.
        feeds.sort_by_key(|(_, cursor)| cursor.at);
        for (serving, mut cursor) in feeds {
            failures.note(&serving.scope, sync(cx, &serving, &mut cursor, deadline).await);
        }
        failures.0.map_or(Ok(()), Err)
    })
}

/// All whose keys there may be.
async fn scopes(cx: &Deps) -> Result<Vec<KeyScope>, JobError> {
    let (mut scopes, mut after) = (vec![KeyScope::Deployment], None);
    loop {
        let page = cx.store().tenants(TENANTS, after.as_deref()).await?;
        scopes.extend(page.items.into_iter().map(|tenant| KeyScope::Tenant(tenant.id)));
        after = page.next;
        if after.is_none() {
            return Ok(scopes);
        }
    }
}

/// The sources with feeds that are asked with the keys of a scope, and how far each was read.
async fn feeds_of(cx: &Deps, scope: &KeyScope) -> Result<Vec<(Serving, FeedCursor)>, JobError> {
    let mut feeds = Vec::new();
    for serving in serving_with_keys_of(cx, scope, Vertical::Stays).await? {
        if feed(&serving).is_some() {
            let account = serving.outside.account();
            let known = cx.store().feed_cursor(account).await?;
            let cursor = known.unwrap_or_else(|| FeedCursor::first(account.clone(), cx.now()));
            feeds.push((serving, cursor));
        }
    }
    Ok(feeds)
}

fn feed(serving: &Serving) -> Option<&dyn Feed> {
    match &serving.adapter {
        Adapter::Stays(adapter) => adapter.feed(),
        Adapter::Awards(_) | Adapter::Fares(_) | Adapter::LeadIns(_) | Adapter::Activities(_) => None,
    }
}

/// Reads a feed to its end, or as far as there is time.
async fn sync(cx: &Deps, serving: &Serving, cursor: &mut FeedCursor, deadline: Timestamp) -> Result<(), JobError> {
    let Some(feed) = feed(serving) else { return Ok(()) };
    for _ in 0..MOST_PAGES {
        if cx.time_left(deadline) < PAGE_TAKES || !next_page(cx, (feed, serving), cursor).await? {
            break;
        }
    }
    Ok(())
}

/// Reads a page and tells of it. Whether there is another one to be read now.
async fn next_page(cx: &Deps, (feed, serving): (&dyn Feed, &Serving), cursor: &mut FeedCursor) -> Result<bool, JobError> {
    let asking = Asking::within(&serving.outside, cx.now(), PAGE_ASKS);
    match feed.changes(&asking, &cursor.since).await {
        Ok(page) => tell(cx, page, cursor).await,
        Err(error) if error.has_forgotten_cursor() && cursor.forgotten() => {
            tracing::warn!(source = %cursor.account.source, "a feed is read again from when it was last read");
            commit(cx, Change::new().save(cursor)).await
        }
        Err(error) => {
            if error.is_unreadable() {
                pass_over(cx, cursor).await?;
            }
            Err(failed(cursor, &error))
        }
    }
}

/// Tells of what a page says, and with the last of it how far the page reaches.
async fn tell(cx: &Deps, page: FeedPage, cursor: &mut FeedCursor) -> Result<bool, JobError> {
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
    while events.len() > AT_ONCE {
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
async fn pass_over(cx: &Deps, cursor: &mut FeedCursor) -> Result<(), JobError> {
    telemetry::count(cx, "FeedPagesUnread", 1);
    if cursor.not_read(cx.now()) {
        tracing::error!(source = %cursor.account.source, scope = %cursor.account.scope, "what a feed said is passed over");
        telemetry::count(cx, "FeedPagesPassedOver", 1);
    }
    commit(cx, Change::new().save(cursor)).await.map(drop)
}

fn failed(cursor: &FeedCursor, error: &SourceError) -> JobError {
    let why = format!("the feed of {}: {error}", cursor.account.source);
    if error.passes() { JobError::Retry(why) } else { JobError::Park(why) }
}
