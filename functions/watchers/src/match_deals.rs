//! Queue `watchers-deal-found`: a deal was found, or changed. Decides for each watcher that waits for its search whether
//! its owner is to be told.

use domain::{
    deals::{Deal, Weights},
    events::{DealChanged, DealFound, Event, WatcherMatched},
    ids::{DealId, TenantId},
    search::SearchKey,
    watchers::{MatchState, Reason, Verdict, Watcher, WatcherState, judge, score_for},
};
use futures::{StreamExt, TryStreamExt, stream};
use platform::{Deps, JobError, Message, Queue, Worker};
use serde::{Deserialize, Serialize};
use storage::{Change, Entity, Grant, StoreError};

/// Matches deals with watchers.
pub static FUNCTION: Worker<DealSeen> = Worker::new("watchers-match-deals", |cx, message| Box::pin(match_deals(cx, message)))
    .may(&[
        Deal::READ,
        Watcher::READ,
        MatchState::READ,
        MatchState::WRITE,
        Grant::Emit("WatcherMatched"),
        Grant::Send(DealSeen::QUEUE.name),
    ]);

/// `DealFound` or `DealChanged`, in the bus's envelope; or this function's own message to go on after a watcher.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DealSeen {
    detail: Seen,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

/// What both events say.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    tenant: TenantId,
    search_key: SearchKey,
    deal: DealId,
    deal_version: u64,
}

impl Message for DealSeen {
    const QUEUE: Queue = Queue::of_events("watchers-deal-found", &[DealFound::NAME, DealChanged::NAME]);
}

/// Watchers read at a time.
const PAGE: u8 = 100;
/// Pages a message; for a search with more watchers it sends itself a message to go on.
const PAGES: usize = 10;
/// Watchers judged side by side.
const AT_ONCE: usize = 8;
/// How often a watcher that changes while it is judged is judged anew, before the message is left to come again.
const TRIES: usize = 3;

async fn match_deals(cx: &Deps, message: DealSeen) -> Result<(), JobError> {
    let DealSeen { detail: seen, mut after } = message;
    // Gone for good, with nothing left to say about it.
    let Some(deal) = cx.store().deal(&seen.tenant, seen.deal).await? else { return Ok(()) };
    for _ in 0..PAGES {
        let page = cx.store().waiting_watchers(&seen.tenant, &seen.search_key, PAGE, after.as_deref()).await?;
        stream::iter(page.items)
            .map(Ok)
            .try_for_each_concurrent(AT_ONCE, |watcher| match_one(cx, &seen.search_key, &deal, watcher))
            .await?;
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
    cx.send(&[DealSeen { detail: seen, after }]).await
}

/// Judges the deal for one watcher. What is remembered and the event are one transaction with the watcher as it was
/// judged: one that its owner changes or deletes meanwhile tells nothing by its old wishes.
pub(crate) async fn match_one(cx: &Deps, search_key: &SearchKey, deal: &Deal, watcher: Watcher) -> Result<(), JobError> {
    let mut watcher = Some(watcher);
    for _ in 0..TRIES {
        let Some(mut current) =
            watcher.filter(|watcher| watcher.state == WatcherState::Active && watcher.search_key == *search_key)
        else {
            return Ok(());
        };
        let score = score_for(&current, deal, &Weights::default());
        let before = cx.store().match_of(&current, deal.id).await?;
        let (state, reason) = match judge(&current, deal, score, before, cx.now()) {
            Verdict::Ignore => return Ok(()),
            Verdict::Remember(state) => (state, None),
            Verdict::Tell(state, reason) => (state, Some(reason)),
        };
        match cx.store().commit(remember(cx, &mut current, deal, state, reason.map(|reason| (reason, score)))).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Changed | StoreError::Exists | StoreError::Contended) => {
                watcher = cx.store().watcher_of(&current.owner, current.id).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(JobError::Retry("a watcher kept changing while it was judged".to_owned()))
}

fn remember(
    cx: &Deps,
    watcher: &mut Watcher,
    deal: &Deal,
    mut state: MatchState,
    told: Option<(Reason, domain::deals::Score)>,
) -> Change {
    let change = Change::new().save(&mut state);
    let Some((reason, score)) = told else { return change };
    let matched = WatcherMatched {
        tenant: watcher.owner.tenant.clone(),
        member: watcher.owner.member,
        watcher: watcher.id,
        deal: deal.id,
        deal_version: deal.changed_in,
        reason,
        score,
    };
    cx.emit(change.provided(watcher), &matched)
}
