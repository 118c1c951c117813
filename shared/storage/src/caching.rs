//! What is kept about answers: how often they are asked for, what makes them worthless, which are to be asked for anew.

use domain::{
    caching::{Counted, GOOD_ENOUGH, Mark, Marks, NOTED, POPULAR, Unread},
    flights::SourceId,
    ids::TenantId,
    search::SearchKey,
    sources::{KeyScope, Vertical},
    time::Slot,
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    cache::partition,
    change::Change,
    entity::{Entity, Key, Keyspace, Kind},
    store::{Range, SortRange, Store, StoreError},
    tables::Table,
};

pub(crate) const ASKER: &Kind = &Kind {
    name: "asker",
    context: "search",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "ANSWER#{scope}#{key}", sort: "ASKER#" }],
    retention: "two days",
    privacy: "a hash that tells one member from others at one question",
};

pub(crate) const MARK: &Kind = &Kind {
    name: "mark",
    context: "search",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "MARK#{vertical/teller}", sort: "" }],
    retention: "a day: no answer is shown that is older",
    privacy: "nobody's data",
};

pub(crate) const DUE_ANSWER: &Kind = &Kind {
    name: "due-answer",
    context: "search",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "DUE#ANSWER#{shard}", sort: "" }],
    retention: "a day",
    privacy: "nobody's data",
};

pub(crate) const CACHE_COUNT: &Kind = &Kind {
    name: "cache-count",
    context: "search",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "CACHED#{day}", sort: "" }],
    retention: "31 days",
    privacy: "a number",
};

pub(crate) const WARMING: &Kind = &Kind {
    name: "warming-hour",
    context: "search",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "WARMING#{hour}", sort: "" }],
    retention: "two hours",
    privacy: "a number",
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn after(at: Timestamp, kept: SignedDuration) -> Option<Timestamp> {
    at.checked_add(kept).ok()
}

fn start_of(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |start| start.timestamp())
}

/// That a member asked a question. Those who are noted stand for the others ([`domain::caching::noted`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asker {
    /// Within which scope.
    pub scope: KeyScope,
    /// Which question.
    pub key: SearchKey,
    /// Who, as they are noted.
    pub who: String,
    /// When they did last.
    pub at: Timestamp,
}

impl Entity for Asker {
    const KIND: &'static Kind = ASKER;

    /// Natural: who asks again is the same item.
    fn key(&self) -> Key {
        Key::new(partition(&self.scope, &self.key), format!("ASKER#{}", self.who))
    }

    /// It is written again as it is.
    fn version(&mut self) -> &mut u64 {
        unreachable!("who asked has no version")
    }

    fn expires(&self) -> Option<Timestamp> {
        after(self.at, DAY * 2)
    }
}

/// How many searches of an hour came to their answers in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheCount {
    /// The instant that it counts for.
    pub at: Timestamp,
    /// What was searched for.
    pub vertical: Vertical,
    /// How.
    pub counted: Counted,
}

impl Entity for CacheCount {
    const KIND: &'static Kind = CACHE_COUNT;

    fn key(&self) -> Key {
        let at = TimeZone::UTC.to_datetime(self.at);
        let sort = format!("{:02}#{}#{}", at.hour(), self.vertical.as_str(), self.counted.as_str());
        Key::new(format!("CACHED#{}", at.date()), sort)
    }

    /// It is counted, never written whole.
    fn version(&mut self) -> &mut u64 {
        unreachable!("a counter has no version")
    }

    fn expires(&self) -> Option<Timestamp> {
        after(start_of(TimeZone::UTC.to_datetime(self.at).date()), DAY * 32)
    }
}

/// What was counted in an hour of a day, in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheCounts {
    /// The hour, 0 to 23.
    pub hour: u8,
    /// What was searched for.
    pub vertical: Vertical,
    /// How it came to an answer.
    pub counted: Counted,
    /// How many searches did.
    pub searches: u64,
}

/// A counter as it lies there.
#[derive(Debug, Serialize, Deserialize)]
struct CounterItem {
    pk: String,
    sk: String,
    used: u64,
}

/// A counter of searches, read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct CountItem(CounterItem);

impl Entity for CountItem {
    const KIND: &'static Kind = CACHE_COUNT;

    fn key(&self) -> Key {
        Key::new(self.0.pk.clone(), self.0.sk.clone())
    }

    /// It is only read.
    fn version(&mut self) -> &mut u64 {
        unreachable!("a counter has no version")
    }
}

/// The budget of an hour for asking anew for what is popular: so many calls of sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmingHour {
    /// An instant of the hour.
    pub at: Timestamp,
}

fn hour(at: Timestamp) -> String {
    format!("WARMING#{}", at.as_second().div_euclid(3_600))
}

impl Entity for WarmingHour {
    const KIND: &'static Kind = WARMING;

    fn key(&self) -> Key {
        Key::new(hour(self.at), "CALLS")
    }

    /// It is counted, never written whole.
    fn version(&mut self) -> &mut u64 {
        unreachable!("a counter has no version")
    }

    fn expires(&self) -> Option<Timestamp> {
        after(self.at, HOUR * 2)
    }
}

/// What of the budget of an hour is set aside for one answer: once, also when it is known what asking for it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WarmingShare {
    /// An instant of the hour.
    pub at: Timestamp,
    /// Within which scope the answer is kept.
    pub scope: KeyScope,
    /// Its question.
    pub key: SearchKey,
    /// So many calls.
    pub calls: u32,
    /// Optimistic lock.
    pub version: u64,
}

impl WarmingShare {
    /// Takes it from the budget, of so many calls an hour. Refused with [`StoreError::Exists`] if it was taken before, and with
    /// [`StoreError::LimitReached`] if too little is left.
    pub fn take(&mut self, budget: u32) -> Change {
        let (hour, calls) = (WarmingHour { at: self.at }, i64::from(self.calls));
        Change::new().create(self).count(&hour, calls, budget)
    }

    /// Gives back what was not spent of it, or takes what was spent beyond. Refused with [`StoreError::Changed`] if that was done before.
    /// It stays there: nobody takes it again.
    pub fn settle(&mut self, spent: u32) -> Change {
        let (hour, beyond) = (WarmingHour { at: self.at }, i64::from(spent) - i64::from(self.calls));
        Change::new().update(self).count(&hour, beyond, u32::MAX)
    }
}

impl Entity for WarmingShare {
    const KIND: &'static Kind = WARMING;

    /// Natural: one for an answer and an hour, however often it is sent.
    fn key(&self) -> Key {
        let Self { at, scope, key, .. } = self;
        Key::new(hour(*at), format!("SHARE#{scope}#{key}"))
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        after(self.at, HOUR * 2)
    }
}

/// A mark, and whose answers it is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptMark {
    /// Whose.
    pub vertical: Vertical,
    /// The source that told of it, if one did. However much a source tells, it hides no marks of others.
    #[serde(default)]
    pub teller: Option<SourceId>,
    /// The mark.
    #[serde(flatten)]
    pub mark: Mark,
}

/// The marks that a source told, or that nobody in particular did.
fn marks_of(vertical: Vertical, teller: Option<&SourceId>) -> String {
    let vertical = vertical.as_str();
    teller.map_or_else(|| format!("MARK#{vertical}"), |teller| format!("MARK#{vertical}/{teller}"))
}

/// Begins the sort keys of the marks of an instant; the later, the smaller.
fn latest_first(at: Timestamp) -> String {
    format!("{:013}", 9_999_999_999_999 - at.as_millisecond().clamp(0, 9_999_999_999_999))
}

impl Entity for KeptMark {
    const KIND: &'static Kind = MARK;

    /// Natural: the same mark made again is the same item.
    fn key(&self) -> Key {
        let Self { vertical, teller, mark } = self;
        Key::new(marks_of(*vertical, teller.as_ref()), format!("{}#{}", latest_first(mark.at), mark.id()))
    }

    /// It is written once, or again the same.
    fn version(&mut self) -> &mut u64 {
        unreachable!("a mark has no version")
    }

    fn expires(&self) -> Option<Timestamp> {
        after(self.mark.at, GOOD_ENOUGH + HOUR)
    }
}

/// How many partitions hold what is due.
pub const DUE_ANSWER_SHARDS: u16 = 4;

/// That an answer is to be asked for anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DueAnswer {
    /// From when on.
    pub due: Slot,
    /// Within which scope.
    pub scope: KeyScope,
    /// Which question.
    pub key: SearchKey,
    /// Of what.
    pub vertical: Vertical,
    /// For whom it was last asked for: the sources are theirs.
    pub tenant: TenantId,
    /// How many asked for it in two days.
    pub asked: u32,
    /// How many calls that took.
    pub calls: u32,
}

fn due_partition(shard: u16) -> String {
    format!("DUE#ANSWER#{shard:02}")
}

impl Entity for DueAnswer {
    const KIND: &'static Kind = DUE_ANSWER;

    /// Natural: the same answer due at the same time is the same item.
    fn key(&self) -> Key {
        let Self { due, scope, key, .. } = self;
        let shard = key.as_str().bytes().map(u16::from).sum::<u16>() % DUE_ANSWER_SHARDS;
        Key::new(due_partition(shard), format!("{due}#{scope}#{key}"))
    }

    /// It is written once, or again the same.
    fn version(&mut self) -> &mut u64 {
        unreachable!("what is due has no version")
    }

    fn expires(&self) -> Option<Timestamp> {
        after(self.due.start(), DAY)
    }
}

/// How many of those who asked are read at a time.
const ASKERS: i32 = 50;
/// How many times: a question that once was popular has hundreds who asked and have expired.
const ASKER_PAGES: usize = 16;
/// How many marks are looked at.
const MARKS: i32 = 200;
/// The most counters of a day: 24 hours of every vertical and way.
const COUNTS: i32 = 24 * 3 * 5;

impl Store {
    /// The marks that were made since an instant: the latest 200 that nobody in particular told, and the latest 200 of each of these
    /// sources. One query for each, which reads those marks alone.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn marks(&self, vertical: Vertical, tellers: &[&SourceId], since: Timestamp) -> Result<Marks, StoreError> {
        let mut marks = Marks::default();
        for teller in [None].into_iter().chain(tellers.iter().copied().map(Some)) {
            self.add_marks_of(vertical, teller, since, &mut marks).await?;
        }
        Ok(marks)
    }

    async fn add_marks_of(
        &self,
        vertical: Vertical,
        teller: Option<&SourceId>,
        since: Timestamp,
        marks: &mut Marks,
    ) -> Result<(), StoreError> {
        // "$" comes right after "#": marks of that very instant are among them.
        let sk = SortRange::UpTo(format!("{}$", latest_first(since)));
        let pk = marks_of(vertical, teller);
        let listed = self.list::<KeptMark>(Range { index: None, pk, sk, limit: MARKS, after: None, backwards: false }).await?;
        if listed.next.is_some() {
            let until = listed.items.last().map_or(Timestamp::MAX, |kept| kept.mark.at);
            marks.unread.push(Unread { teller: teller.cloned(), until });
        }
        marks.latest.extend(listed.items.into_iter().map(|kept| kept.mark));
        Ok(())
    }

    /// How many members asked a question within two days, by those of them that are noted. Beyond [`POPULAR`] nobody counts on.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn asked_lately(&self, scope: &KeyScope, key: &SearchKey, now: Timestamp) -> Result<u32, StoreError> {
        let (mut lately, mut after) = (0_u32, None::<String>);
        for _ in 0..ASKER_PAGES {
            let (pk, sk) = (partition(scope, key), SortRange::Prefix("ASKER#".to_owned()));
            let range = Range { index: None, pk, sk, limit: ASKERS, after: after.as_deref(), backwards: false };
            let noted = self.list::<Asker>(range).await?;
            // What has expired lies there until it is removed.
            let live = noted.items.iter().filter(|asker| now.duration_since(asker.at) < DAY * 2).count();
            lately = lately.saturating_add(u32::try_from(live).unwrap_or(u32::MAX));
            after = noted.next;
            if after.is_none() || lately >= POPULAR.div_ceil(NOTED.into()) {
                break;
            }
        }
        Ok(lately.saturating_mul(NOTED.into()))
    }

    /// What was counted on a day, in UTC, hour by hour.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn cache_counts(&self, day: Date) -> Result<Vec<CacheCounts>, StoreError> {
        let pk = format!("CACHED#{day}");
        let range = Range { index: None, pk, sk: SortRange::All, limit: COUNTS, after: None, backwards: false };
        let counts = self.list::<CountItem>(range).await?;
        Ok(counts.items.iter().filter_map(|CountItem(item)| counted(item)).collect())
    }

    /// What is due in a shard at an instant, the earliest first.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn due_answers(&self, shard: u16, now: Timestamp, limit: u8) -> Result<Vec<DueAnswer>, StoreError> {
        let sk = SortRange::UpTo(Slot::of(now).plus_minutes(1).to_string());
        let pk = due_partition(shard);
        Ok(self.list(Range { index: None, pk, sk, limit: limit.into(), after: None, backwards: false }).await?.items)
    }
}

fn counted(item: &CounterItem) -> Option<CacheCounts> {
    let mut parts = item.sk.split('#');
    let (hour, vertical, way) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
    Some(CacheCounts {
        hour,
        vertical: Vertical::ALL.into_iter().find(|known| known.as_str() == vertical)?,
        counted: Counted::ALL.into_iter().find(|known| known.as_str() == way)?,
        searches: item.used,
    })
}
