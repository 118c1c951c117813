//! Queue `watchers-watcher-changed`: a watcher was created or changed. Matches it with what its search has found before: only
//! what changes from now on comes by `match-deals`.

use domain::{
    deals::{Deal, DealState},
    events::{Event, WatcherChanged, WatcherCreated},
    ids::{MemberId, Owner, TenantId, WatcherId},
    watchers::{MatchState, Watcher, WatcherState},
};
use futures::{StreamExt, TryStreamExt, stream};
use platform::{Deps, JobError, Message, Queue, Worker};
use serde::{Deserialize, Serialize};
use storage::{Entity, Grant, Sighting};

use crate::match_deals::match_one;

/// Looks back.
pub static FUNCTION: Worker<Changed> = Worker::new("watchers-look-back", |cx, message| Box::pin(look_back(cx, message))).may(&[
    Deal::READ,
    Sighting::READ,
    Watcher::READ,
    MatchState::READ,
    MatchState::WRITE,
    Grant::Emit("WatcherMatched"),
    Grant::Send(Changed::QUEUE.name),
]);

/// `WatcherCreated` or `WatcherChanged`, in the bus's envelope; or this function's own message to go on after a deal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Changed {
    detail: Which,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

/// What both events say.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Which {
    tenant: TenantId,
    member: MemberId,
    watcher: WatcherId,
}

impl Message for Changed {
    const QUEUE: Queue = Queue::of_events("watchers-watcher-changed", &[WatcherCreated::NAME, WatcherChanged::NAME]);
}

/// Deals looked at a message; for a search that sees more it sends itself a message to go on.
const PAGE: u8 = 100;
/// Deals judged side by side: all of them concern one watcher, and would only meet each other.
const AT_ONCE: usize = 2;

async fn look_back(cx: &Deps, Changed { detail, after }: Changed) -> Result<(), JobError> {
    let owner = Owner { tenant: detail.tenant.clone(), member: detail.member };
    let Some(watcher) = cx.store().watcher_of(&owner, detail.watcher).await? else { return Ok(()) };
    if watcher.state != WatcherState::Active {
        return Ok(());
    }
    let seen = cx.store().sightings(&owner.tenant, &watcher.search_key, PAGE, after.as_deref()).await?;
    stream::iter(seen.items).map(Ok).try_for_each_concurrent(AT_ONCE, |sighting| match_known(cx, &watcher, sighting)).await?;
    match seen.next {
        None => Ok(()),
        after => cx.send(&[Changed { detail, after }]).await,
    }
}

async fn match_known(cx: &Deps, watcher: &Watcher, sighting: Sighting) -> Result<(), JobError> {
    match cx.store().deal(&sighting.tenant, sighting.deal).await? {
        Some(deal) if deal.state == DealState::Live => match_one(cx, &sighting.search_key, &deal, watcher.clone()).await,
        Some(_) | None => Ok(()),
    }
}
