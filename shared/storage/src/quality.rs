//! How good the sources' answers are, counted by source and day. Owned by sources.

use domain::{
    flights::SourceId,
    quality::{Account, Measure, Report},
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    change::Change,
    entity::{Entity, Key, Keyspace, Kind},
    store::{Range, SortRange, Store, StoreError},
    tables::Table,
};

pub(crate) const QUALITY_COUNT: &Kind = &Kind {
    name: "quality-count",
    context: "sources",
    // Where nothing is kept for good, and no stream tells of a change.
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "QUALITY#{source}#{day}", sort: "" }],
    retention: "90 days",
    privacy: "nobody's data",
};

pub(crate) const COUNTED_ANSWER: &Kind = &Kind {
    name: "counted-answer",
    context: "sources",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "COUNTED#{source}#{answer}", sort: "COUNTED" }],
    retention: "15 days: longer than a message can be on its way",
    privacy: "nobody's data",
};

const COUNTS_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// A dead letter lies for 14 days and can then still be sent round again.
const COUNTED_KEPT: SignedDuration = SignedDuration::from_hours(15 * 24);
/// More than there are measures.
const MOST_MEASURES: i32 = 200;

/// One measure of a source's day, as it is kept: its key says what it is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualityCount {
    #[serde(rename = "pk")]
    partition: String,
    #[serde(rename = "sk")]
    measure: String,
    #[serde(default)]
    used: u64,
    #[serde(default)]
    ttl: i64,
}

impl QualityCount {
    /// Of the day of an answer.
    pub fn of(account: &Account, measure: &Measure) -> Self {
        let day = account.day().to_zoned(TimeZone::UTC).map_or(account.at, |midnight| midnight.timestamp());
        let ttl = day.saturating_add(COUNTS_KEPT).unwrap_or(Timestamp::MAX).as_second();
        Self { partition: partition(account.source(), account.day()), measure: measure.to_string(), used: 0, ttl }
    }
}

/// That an answer is counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CountedAnswer {
    source: SourceId,
    answer: String,
    at: Timestamp,
    version: u64,
}

impl Entity for QualityCount {
    const KIND: &'static Kind = QUALITY_COUNT;

    fn key(&self) -> Key {
        Key::new(self.partition.clone(), self.measure.clone())
    }

    /// It is counted, never written whole.
    fn version(&mut self) -> &mut u64 {
        unreachable!("a counter has no version")
    }

    fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.ttl).ok()
    }
}

impl Entity for CountedAnswer {
    const KIND: &'static Kind = COUNTED_ANSWER;

    fn key(&self) -> Key {
        Key::new(format!("COUNTED#{}#{}", self.source, self.answer), "COUNTED")
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        self.at.checked_add(COUNTED_KEPT).ok()
    }
}

fn partition(source: &SourceId, day: Date) -> String {
    format!("QUALITY#{source}#{day}")
}

impl Store {
    /// Counts an answer, once however often it is told of.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn count_answer(&self, account: &Account) -> Result<(), StoreError> {
        let (source, answer) = (account.source().clone(), account.answer.clone());
        let mut counted = CountedAnswer { source, answer, at: account.at, version: 0 };
        let counts = account.counts();
        let change = counts.iter().fold(Change::new().create(&mut counted), |change, (measure, count)| {
            change.count(&QualityCount::of(account, measure), i64::from(*count), u32::MAX)
        });
        match self.commit(change).await {
            Err(StoreError::Exists) => Ok(()),
            result => result,
        }
    }

    /// What is known of a source's day. Nothing, where nothing was asked of it.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn quality_of(&self, source: &SourceId, day: Date) -> Result<Report, StoreError> {
        let pk = partition(source, day);
        let range = Range { index: None, pk, sk: SortRange::All, limit: MOST_MEASURES, after: None, backwards: false };
        let listed = self.list::<QualityCount>(range).await?;
        let read = |count: QualityCount| Some((count.measure.parse().ok()?, count.used));
        Ok(Report::of(listed.items.into_iter().filter_map(read)))
    }
}
