//! How a watcher is shown, and why a change of one is refused.

use domain::{
    events::WatcherChanged,
    flights::Cabin,
    ids::WatcherId,
    places::Place,
    search::Wanted,
    time::Slot,
    watchers::{Filters, Schedule, Telling, TravelDates, Watcher, WatcherError, WatcherName, WatcherState},
};
use jiff::Timestamp;
use platform::{Answer, Caller, Deps, Failure, IfMatch, Reply, command::Request};
use serde::Serialize;
use storage::Change;
use utoipa::ToSchema;

/// A watcher.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WatcherView {
    /// Its id.
    id: WatcherId,
    /// What it is called.
    name: WatcherName,
    /// What is wanted.
    wanted: Wanted,
    /// From any of these.
    from: Vec<Place>,
    /// To any of these.
    to: Vec<Place>,
    /// When.
    dates: TravelDates,
    /// In any of these cabins.
    cabins: Vec<Cabin>,
    /// How many travel together.
    travellers: u8,
    /// What an offer must satisfy.
    filters: Filters,
    /// What is worth telling.
    telling: Telling,
    /// When it runs.
    schedule: Schedule,
    /// Whether it runs.
    state: WatcherState,
    /// When it runs next, to the minute; only while active.
    next_run_at: Option<Slot>,
    /// When it ran last.
    last_run_at: Option<Slot>,
    /// Created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Last changed by its owner.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Counts its owner's changes: what `If-Match` is held against.
    version: u64,
}

impl From<&Watcher> for WatcherView {
    fn from(watcher: &Watcher) -> Self {
        let spec = watcher.spec.clone();
        Self {
            id: watcher.id,
            name: spec.name,
            wanted: spec.wanted,
            from: spec.from.into_iter().collect(),
            to: spec.to.into_iter().collect(),
            dates: spec.dates,
            cabins: spec.cabins.into_iter().collect(),
            travellers: spec.travellers,
            filters: spec.filters,
            telling: spec.telling,
            schedule: spec.schedule,
            state: watcher.state,
            next_run_at: watcher.next_run,
            last_run_at: watcher.last_run,
            created_at: watcher.created_at,
            updated_at: watcher.updated_at,
            version: watcher.revision,
        }
    }
}

/// One of the caller's watchers, in the version that the request is conditional on.
pub(crate) async fn watcher_of(cx: &Deps, caller: &Caller, id: WatcherId, if_match: IfMatch) -> Result<Watcher, Failure> {
    let watcher = cx.store().watcher_of(&caller.owner, id).await?.ok_or(Failure::NotFound("watcher"))?;
    if_match.check(watcher.revision)?;
    Ok(watcher)
}

/// An owner's change of a watcher: reads it, changes it, stores it and tells of it. What changes nothing is neither written nor
/// told.
pub(crate) async fn change_watcher(
    cx: &Deps,
    (caller, request): (&Caller, &Request),
    (id, if_match): (WatcherId, IfMatch),
    change: impl FnOnce(&mut Watcher) -> Result<(), WatcherError>,
    answer: fn(WatcherView) -> Answer<WatcherView>,
) -> Reply<WatcherView> {
    let mut watcher = watcher_of(cx, caller, id, if_match).await?;
    let before = watcher.revision;
    change(&mut watcher).map_err(refusal)?;
    let changed = if watcher.revision == before {
        Change::new().provided(&mut watcher)
    } else {
        let owner = watcher.owner.clone();
        let event = WatcherChanged { tenant: owner.tenant, member: owner.member, watcher: id };
        cx.emit(Change::new().update(&mut watcher), &event)
    };
    let answer = answer(WatcherView::from(&watcher)).version(watcher.revision);
    cx.commit(request, changed, answer).await.map_err(|failure| if_match.settle(failure))
}

/// Why a change of a watcher is refused, in public words.
pub(crate) fn refusal(error: WatcherError) -> Failure {
    match error {
        WatcherError::Faults(faults) => Failure::Faults(faults),
        WatcherError::LimitReached(limit) => {
            Failure::Conflict("watcher-limit", format!("Your plan allows {limit} watchers. Delete one, or change your plan."))
        }
        WatcherError::Expired => {
            Failure::Conflict("watcher-expired", "It has expired. Change its dates to let it run again.".to_owned())
        }
        WatcherError::Paused => Failure::Conflict("watcher-paused", "It is paused. Resume it first.".to_owned()),
        WatcherError::RanRecently { again_at } => Failure::TooSoon("ran-recently", again_at),
    }
}
