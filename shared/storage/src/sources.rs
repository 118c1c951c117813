//! How sources are run: what is set of them, and what all functions must know of each: whether it is left alone, how many calls
//! it takes, how many are left of a day's, how it fares. Owned by sources.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    flights::SourceId,
    ids::{EventId, TenantId, derived},
    sources::{
        Account, KeyScope, SourceEntry, SourceState, Switches,
        allowance::{Allowance, Measure},
        bucket::Bucket,
        feeds::FeedCursor,
        health::Tally,
    },
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    change::COUNT_AND_EXPIRE,
    condition::Condition,
    entity::{Entity, Key, Keyspace, Kind},
    store::{Listed, Range, SortRange, Store, StoreError, store_error},
    tables::{TTL, Table},
};

/// All that is set by one tenant, or for the deployment, which is called `-` where tenants are.
const ENTRIES: &str = "T#{tenant}#SOURCES";
/// All that is kept for one key at one source. Each has a partition of its own, so that none gets hot by what others do.
const ACCOUNT: &str = "T#{tenant}#SOURCE#{source}";

pub(crate) const SOURCE_ENTRY: &Kind = &Kind {
    name: "source-entry",
    context: "sources",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: ENTRIES, sort: "ENTRY#" }],
    retention: "until it is removed",
    privacy: "nobody's data; a key at a source is sealed; who set it is a member's id",
};

pub(crate) const SOURCE_STATE: &Kind = &Kind {
    name: "source-state",
    context: "sources",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: ACCOUNT, sort: "STATE" }],
    retention: "a day after its last change",
    privacy: "nobody's data",
};

pub(crate) const SOURCE_BUCKET: &Kind = &Kind {
    name: "source-bucket",
    context: "sources",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: ACCOUNT, sort: "BUCKET" }],
    retention: "two days after a call",
    privacy: "nobody's data",
};

pub(crate) const SOURCE_DAY: &Kind = &Kind {
    name: "source-day",
    context: "sources",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: ACCOUNT, sort: "DAY#" }],
    retention: "two days",
    privacy: "nobody's data",
};

pub(crate) const SOURCE_HEALTH: &Kind = &Kind {
    name: "source-health",
    context: "sources",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: ACCOUNT, sort: "HEALTH#" }],
    retention: "7 days",
    privacy: "nobody's data",
};

pub(crate) const FEED_CURSOR: &Kind = &Kind {
    name: "feed-cursor",
    context: "sources",
    // A day without the feed may pass, and it goes on where it was.
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: ACCOUNT, sort: "FEED" }],
    retention: "for good: the last one",
    privacy: "nobody's data",
};

pub(crate) const RECEIVED_NOTICE: &Kind = &Kind {
    name: "received-notice",
    context: "sources",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "NOTICE#{source}#{notice}", sort: "NOTICE" }],
    retention: "a week: a source does not send a notice again after so long",
    privacy: "nobody's data",
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

fn partition(account: &Account) -> String {
    format!("T#{}#SOURCE#{}", account.scope, account.source)
}

impl Entity for SourceEntry {
    const KIND: &'static Kind = SOURCE_ENTRY;

    fn key(&self) -> Key {
        entry_key(&self.scope, &self.source)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl Entity for SourceState {
    const KIND: &'static Kind = SOURCE_STATE;

    fn key(&self) -> Key {
        Key::new(partition(&self.account), "STATE")
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(later(self.at, DAY).max(self.paused_until.unwrap_or(Timestamp::MIN)))
    }
}

/// The calls that an account may still make, as one number ([`Bucket`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceBucket {
    /// Whose.
    #[serde(flatten)]
    pub account: Account,
    /// The number, in microseconds since the epoch.
    pub used: i64,
}

impl Entity for SourceBucket {
    const KIND: &'static Kind = SOURCE_BUCKET;

    fn key(&self) -> Key {
        Key::new(partition(&self.account), "BUCKET")
    }

    /// It only ever grows.
    fn version(&mut self) -> &mut u64 {
        unreachable!("a bucket has no version")
    }

    fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_microsecond(self.used).ok().map(|used| later(used, DAY + DAY))
    }
}

/// How much of a day's calls, or of its money, is spoken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDay {
    /// Whose.
    pub account: Account,
    /// Which day, by UTC.
    pub day: Date,
    /// Of what.
    pub counted: Measure,
}

impl SourceDay {
    /// The day that this is, of what there is of it.
    pub fn at(allowance: &Allowance, now: Timestamp) -> Self {
        let (account, counted) = (allowance.account.clone(), allowance.counted);
        Self { account, day: TimeZone::UTC.to_datetime(now).date(), counted }
    }

    /// When the next one begins.
    pub fn ends(&self) -> Timestamp {
        let next = self.day.tomorrow().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
        next.map_or(Timestamp::MAX, |next| next.timestamp())
    }
}

impl Entity for SourceDay {
    const KIND: &'static Kind = SOURCE_DAY;

    fn key(&self) -> Key {
        let of = match self.counted {
            Measure::Calls => String::new(),
            Measure::Spent(currency) => format!("#{currency}"),
            Measure::CallsOfTenant => "#TENANT".to_owned(),
            Measure::SpentByTenant(currency) => format!("#TENANT#{currency}"),
        };
        Key::new(partition(&self.account), format!("DAY#{}{of}", self.day))
    }

    /// It is counted, never written whole.
    fn version(&mut self) -> &mut u64 {
        unreachable!("a counter has no version")
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(later(self.ends(), DAY))
    }
}

/// What was counted of an account within an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceHealth {
    /// Whose.
    #[serde(flatten)]
    pub account: Account,
    /// When the hour began.
    pub hour: Timestamp,
    /// What was counted.
    pub tally: Tally,
    /// Optimistic lock.
    pub version: u64,
}

impl SourceHealth {
    /// Nothing yet of the hour that this is.
    pub fn at(account: Account, now: Timestamp) -> Self {
        let second = now.as_second().div_euclid(HOUR.as_secs()) * HOUR.as_secs();
        let hour = Timestamp::from_second(second).unwrap_or(Timestamp::MIN);
        Self { account, hour, tally: Tally::default(), version: 0 }
    }
}

impl Entity for SourceHealth {
    const KIND: &'static Kind = SOURCE_HEALTH;

    fn key(&self) -> Key {
        Key::new(partition(&self.account), format!("HEALTH#{}", self.hour))
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(later(self.hour, SignedDuration::from_hours(7 * 24)))
    }
}

impl Entity for FeedCursor {
    const KIND: &'static Kind = FEED_CURSOR;

    fn key(&self) -> Key {
        Key::new(partition(&self.account), "FEED")
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

/// That a notice of a source was received: it may come again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedNotice {
    /// Who sent it.
    pub source: SourceId,
    /// Which: an id of ours, which follows from the source's own. That can be any text.
    pub notice: EventId,
    /// When it came first.
    pub at: Timestamp,
    /// Optimistic lock.
    pub version: u64,
}

impl ReceivedNotice {
    /// Of one that comes now, by the source's own id.
    pub fn new(source: SourceId, id: &str, at: Timestamp) -> Self {
        let notice = derived(&["notice", source.as_str(), id]);
        Self { source, notice, at, version: 0 }
    }
}

impl Entity for ReceivedNotice {
    const KIND: &'static Kind = RECEIVED_NOTICE;

    fn key(&self) -> Key {
        Key::new(format!("NOTICE#{}#{}", self.source, self.notice), "NOTICE")
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(later(self.at, SignedDuration::from_hours(7 * 24)))
    }
}

fn entry_key(scope: &KeyScope, source: &SourceId) -> Key {
    Key::new(format!("T#{scope}#SOURCES"), format!("ENTRY#{source}"))
}

/// How a part of a count is read: alone, as it lies there.
#[derive(Deserialize)]
struct Used {
    used: i64,
}

impl Store {
    /// What is set by a tenant, or for the deployment. Sources are a dozen: it is one page.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn source_entries(&self, scope: &KeyScope) -> Result<Vec<SourceEntry>, StoreError> {
        let (pk, sk) = (format!("T#{scope}#SOURCES"), SortRange::Prefix("ENTRY#".to_owned()));
        Ok(self.list(Range { index: None, pk, sk, limit: 100, after: None, backwards: false }).await?.items)
    }

    /// Which sources a tenant is let through to: two queries side by side.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn switches_of(&self, tenant: &TenantId) -> Result<Switches, StoreError> {
        let own = KeyScope::Tenant(tenant.clone());
        let (for_all, own) = futures::try_join!(self.source_entries(&KeyScope::Deployment), self.source_entries(&own))?;
        Ok(Switches([for_all, own].concat()))
    }

    /// What is set of one source.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn source_entry(&self, scope: &KeyScope, source: &SourceId) -> Result<Option<SourceEntry>, StoreError> {
        self.get(entry_key(scope, source)).await
    }

    /// How far the feed of a source was read with a key, if it ever was.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn feed_cursor(&self, account: &Account) -> Result<Option<FeedCursor>, StoreError> {
        self.get(Key::new(partition(account), "FEED")).await
    }

    /// Whether an account is left alone.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn source_state(&self, account: &Account) -> Result<Option<SourceState>, StoreError> {
        self.get(Key::new(partition(account), "STATE")).await
    }

    /// Stores it for the first time, or as it was read and changed. One write.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if someone else was faster; or that the store can't say.
    pub async fn put_source_state(&self, state: &mut SourceState) -> Result<(), StoreError> {
        self.put_new_or_unchanged(state).await
    }

    /// Takes a token out of an account's bucket: of an idle one with one write, of one in use with two.
    ///
    /// # Errors
    /// [`StoreError::TooOften`] with when there is one again; or that the store can't say.
    pub async fn take_token(&self, account: &Account, bucket: &Bucket, now: Timestamp) -> Result<(), StoreError> {
        let idle = bucket.cost().saturating_add(now.as_microsecond());
        let full = SourceBucket { account: account.clone(), used: idle };
        match self.put_if(&full, Condition::Idle(now)).await {
            // Someone is ahead of now; and whoever is, stays there.
            Err(StoreError::Changed) => {}
            taken => return taken,
        }
        match self.count_alone(&full, bucket.cost(), Condition::Room(bucket.room(now))).await {
            Err(StoreError::Changed) => {
                let found = self.get_part::<SourceBucket, Used>(full.key()).await?;
                Err(StoreError::TooOften(bucket.ready_at(found.map_or(idle, |found| found.used))))
            }
            taken => taken,
        }
    }

    /// The number of an account's bucket; none if it has not been asked for days.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn bucket_number(&self, account: &Account) -> Result<Option<i64>, StoreError> {
        let bucket = SourceBucket { account: account.clone(), used: 0 };
        Ok(self.get_part::<SourceBucket, Used>(bucket.key()).await?.map(|Used { used }| used))
    }

    /// Takes what a call takes of a day, or less than nothing to give it back.
    ///
    /// # Errors
    /// [`StoreError::LimitReached`] if less is left; or that the store can't say.
    pub async fn reserve(&self, day: &SourceDay, amount: i64, a_day: i64) -> Result<(), StoreError> {
        // The first of a day finds no number that it could be compared with.
        if amount > a_day {
            return Err(StoreError::LimitReached);
        }
        match self.count_alone(day, amount, Condition::Room(a_day.saturating_sub(amount))).await {
            Err(StoreError::Changed) => Err(StoreError::LimitReached),
            reserved => reserved,
        }
    }

    /// How much of a day is spoken for.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn reserved(&self, day: &SourceDay) -> Result<i64, StoreError> {
        Ok(self.get_part::<SourceDay, Used>(day.key()).await?.map_or(0, |Used { used }| used))
    }

    /// Adds to what was counted of an account within this hour. A read and a write.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if others were faster each time; or that the store can't say.
    pub async fn add_source_health(&self, account: &Account, tally: &Tally, now: Timestamp) -> Result<(), StoreError> {
        const TRIES: usize = 4;
        let none = SourceHealth::at(account.clone(), now);
        for _ in 0..TRIES {
            let mut health = self.get(none.key()).await?.unwrap_or_else(|| none.clone());
            health.tally.join(tally);
            match self.put_new_or_unchanged(&mut health).await {
                Err(StoreError::Changed) => {}
                added => return added,
            }
        }
        Err(StoreError::Changed)
    }

    /// The last hours of an account in which something was counted, the latest first.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn source_health(&self, account: &Account, hours: u8) -> Result<Vec<SourceHealth>, StoreError> {
        let (pk, sk) = (partition(account), SortRange::Prefix("HEALTH#".to_owned()));
        let listed: Listed<SourceHealth> =
            self.list(Range { index: None, pk, sk, limit: hours.into(), after: None, backwards: true }).await?;
        Ok(listed.items)
    }

    /// Counts something up that is not kept for good, in a write of its own.
    async fn count_alone<E: Entity>(&self, counter: &E, by: i64, room: Condition) -> Result<(), StoreError> {
        let expires = counter.expires().unwrap_or(Timestamp::MAX);
        self.dynamo
            .update_item()
            .table_name(self.table(E::KIND.table))
            .set_key(Some(counter.key().into_item()))
            .update_expression(COUNT_AND_EXPIRE)
            .set_condition_expression(room.expression())
            .set_expression_attribute_names(room.names())
            .set_expression_attribute_values(room.values())
            .expression_attribute_names("#used", "used")
            .expression_attribute_names("#type", "type")
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":by", AttributeValue::N(by.to_string()))
            .expression_attribute_values(":type", AttributeValue::S(E::KIND.name.to_owned()))
            .expression_attribute_values(":ttl", AttributeValue::N(expires.as_second().to_string()))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| store_error(&error))
    }
}
