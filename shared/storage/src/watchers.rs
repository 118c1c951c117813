//! Watchers, the index of what is due, and what they remember of deals. Owned by watchers.

use domain::{
    ids::{DealId, Owner, TenantId, WatcherId},
    search::{SearchKey, SearchQuery},
    time::Slot,
    watchers::{MatchState, Watcher, WatcherState},
};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    entity::{Entity, Key, Keyspace, Kind},
    members::{COLLECTION, collection},
    store::{Listed, Range, SortRange, Store, StoreError},
    tables::{GSI1, GSI2, Table},
};

/// Over how many partitions what is due is spread. All watchers of a search lie in one of them, next to each other.
pub const DUE_SHARDS: u16 = 32;

pub(crate) const WATCHER: &Kind = &Kind {
    name: "watcher",
    context: "watchers",
    table: Table::Core,
    keys: &[
        Keyspace { index: None, partition: COLLECTION, sort: "WATCHER#" },
        Keyspace { index: Some(GSI1), partition: "DUE#WATCHER#{shard}", sort: "" },
        Keyspace { index: Some(GSI2), partition: "T#{tenant}#SEARCH#{key}", sort: "WATCHER#" },
    ],
    retention: "until its owner deletes it",
    privacy: "exported; deleted with the member",
};

pub(crate) const QUOTA: &Kind = &Kind {
    name: "watcher-quota",
    context: "watchers",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "QUOTA#WATCHERS" }],
    retention: "until the member is deleted",
    privacy: "a number; deleted with the member",
};

pub(crate) const MATCH: &Kind = &Kind {
    name: "match",
    context: "watchers",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "MATCH#" }],
    retention: "400 days after it was last told",
    privacy: "exported with its watcher; deleted with the member",
};

/// The part of a watcher that says what it waits for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Waiting {
    state: WatcherState,
    search_key: SearchKey,
    query: SearchQuery,
}

impl Entity for Watcher {
    const KIND: &'static Kind = WATCHER;

    fn key(&self) -> Key {
        watcher_key(&self.owner, self.id)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    /// Due: by slot, tenant and search, so that those who share a search stand together, the shortest period first.
    /// Waiting: by search.
    fn indexes(&self) -> (Option<Key>, Option<Key>) {
        let due = self.next_run.map(|slot| {
            let (tenant, key, id) = (&self.owner.tenant, &self.search_key, self.id);
            Key::new(due_partition(shard_of(key)), format!("{slot}#{tenant}#{key}#{:05}#{id}", self.accepts_answers_of(slot)))
        });
        let waiting = (self.state == WatcherState::Active)
            .then(|| Key::new(waiting_partition(&self.owner.tenant, &self.search_key), format!("WATCHER#{}", self.id)));
        (due, waiting)
    }
}

fn watcher_key(owner: &Owner, id: WatcherId) -> Key {
    Key::new(collection(owner), format!("WATCHER#{id}"))
}

fn due_partition(shard: u16) -> String {
    format!("DUE#WATCHER#{shard:02}")
}

fn waiting_partition(tenant: &TenantId, key: &SearchKey) -> String {
    format!("T#{tenant}#SEARCH#{key}")
}

/// By the last two digits of the key; the first eight place a search in its period.
fn shard_of(key: &SearchKey) -> u16 {
    key.as_str().get(28..).and_then(|hex| u16::from_str_radix(hex, 16).ok()).unwrap_or(0) % DUE_SHARDS
}

/// How many watchers a member has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatcherQuota {
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
}

impl Entity for WatcherQuota {
    const KIND: &'static Kind = QUOTA;

    fn key(&self) -> Key {
        Key::new(collection(&self.owner), "QUOTA#WATCHERS")
    }

    /// It is counted, never written whole.
    fn version(&mut self) -> &mut u64 {
        unreachable!("a quota has no version")
    }
}

impl Entity for MatchState {
    const KIND: &'static Kind = MATCH;

    fn key(&self) -> Key {
        match_key(&self.owner, self.watcher, self.deal)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        let told = self.told.as_ref()?;
        told.at.checked_add(jiff::SignedDuration::from_hours(400 * 24)).ok()
    }
}

fn match_key(owner: &Owner, watcher: WatcherId, deal: DealId) -> Key {
    Key::new(collection(owner), format!("MATCH#{watcher}#{deal}"))
}

/// A watcher whose run is due.
#[derive(Debug, Clone)]
pub struct DueWatcher {
    /// The slot it is due in.
    pub slot: Slot,
    /// The watcher.
    pub watcher: Watcher,
}

impl Store {
    /// One of a member's watchers.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn watcher_of(&self, owner: &Owner, id: WatcherId) -> Result<Option<Watcher>, StoreError> {
        self.get(watcher_key(owner, id)).await
    }

    /// A member's watchers, in the order of creation.
    ///
    /// # Errors
    /// If the store can't say, or `after` is no place in the list.
    pub async fn watchers_of(&self, owner: &Owner, limit: u8, after: Option<&str>) -> Result<Listed<Watcher>, StoreError> {
        let sk = SortRange::Prefix("WATCHER#".to_owned());
        self.list(Range { index: None, pk: collection(owner), sk, limit: i32::from(limit), after, backwards: false }).await
    }

    /// The next watchers of a shard that are due at an instant, in the order of slot, tenant and search. Whoever handles
    /// them claims each (by storing its next run) before reading on.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn due_watchers(
        &self,
        shard: u16,
        now: Timestamp,
        limit: u8,
        after: Option<&str>,
    ) -> Result<Listed<DueWatcher>, StoreError> {
        // Slots are minutes: everything of the minute `now` lies in sorts before the next minute.
        let sk = SortRange::UpTo(Slot::of(now).plus_minutes(1).to_string());
        let range = Range { index: Some(GSI1), pk: due_partition(shard), sk, limit: i32::from(limit), after, backwards: false };
        let Listed { items, next } = self.list::<Watcher>(range).await?;
        let due = items.into_iter().filter_map(|watcher| Some(DueWatcher { slot: watcher.next_run?, watcher }));
        Ok(Listed { items: due.collect(), next })
    }

    /// The active watchers that wait for a search.
    ///
    /// # Errors
    /// If the store can't say, or `after` is no place in the list.
    pub async fn waiting_watchers(
        &self,
        tenant: &TenantId,
        key: &SearchKey,
        limit: u8,
        after: Option<&str>,
    ) -> Result<Listed<Watcher>, StoreError> {
        let sk = SortRange::Prefix("WATCHER#".to_owned());
        let range =
            Range { index: Some(GSI2), pk: waiting_partition(tenant, key), sk, limit: i32::from(limit), after, backwards: false };
        self.list(range).await
    }

    /// What a watcher asks that waits for a search: one of those that the index knows, else the one that is named, which it may not
    /// know yet. `None` where none of them waits for it any more.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn waiting_question(
        &self,
        key: &SearchKey,
        owner: &Owner,
        id: WatcherId,
    ) -> Result<Option<SearchQuery>, StoreError> {
        let (pk, sk) = (waiting_partition(&owner.tenant, key), SortRange::Prefix("WATCHER#".to_owned()));
        let range = Range { index: Some(GSI2), pk, sk, limit: 1, after: None, backwards: false };
        let waiting = match self.list_parts::<Watcher, Waiting>(range).await?.items.pop() {
            Some(waiting) => Some(waiting),
            None => self.get_part::<Watcher, Waiting>(watcher_key(owner, id)).await?,
        };
        let waits = |waiting: &Waiting| waiting.state == WatcherState::Active && waiting.search_key == *key;
        Ok(waiting.filter(waits).map(|waiting| waiting.query))
    }

    /// What a watcher remembers of a deal.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn match_of(&self, watcher: &Watcher, deal: DealId) -> Result<Option<MatchState>, StoreError> {
        self.get(match_key(&watcher.owner, watcher.id, deal)).await
    }

    /// Claims the runs of watchers: stores each with its next run, unless it was changed since it was read. Answers how
    /// many were claimed by someone else, or changed, meanwhile. At most `concurrency` writes are under way at once.
    ///
    /// # Errors
    /// The first that is neither.
    pub async fn claim_runs(&self, watchers: Vec<Watcher>, concurrency: usize) -> Result<usize, StoreError> {
        stream::iter(watchers)
            .map(|mut watcher| async move {
                match self.put_if_unchanged(&mut watcher).await {
                    Ok(()) => Ok(0),
                    // Contended: its owner is changing it this very moment.
                    Err(StoreError::Changed | StoreError::Contended) => Ok(1),
                    Err(error) => Err(error),
                }
            })
            .buffer_unordered(concurrency)
            .try_fold(0, |sum, lost| async move { Ok(sum + lost) })
            .await
    }
}
