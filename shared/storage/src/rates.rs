//! Exchange rates that were fetched, a day each. Owned by value.

use domain::rates::DayRates;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    entity::{Entity, Key, Keyspace, Kind},
    store::{Range, SortRange, Store, StoreError},
    tables::Table,
};

/// All days. They are few, and whoever reads them believes them for an hour.
const RATES: &str = "RATES";

pub(crate) const DAY_RATES: &Kind = &Kind {
    name: "day-rates",
    context: "value",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: RATES, sort: "DAY#" }],
    retention: "a year",
    privacy: "nobody's data",
};

/// How long a day stays.
const KEPT: SignedDuration = SignedDuration::from_hours(366 * 24);

/// How many days are read: those that the bank quotes in nearly five months.
const DAYS: i32 = 100;

impl Entity for DayRates {
    const KIND: &'static Kind = DAY_RATES;

    fn key(&self) -> Key {
        Key::new(RATES, format!("DAY#{}", self.day))
    }

    /// A day is written once, or again the same.
    fn version(&mut self) -> &mut u64 {
        unreachable!("a day's rates have no version")
    }

    fn expires(&self) -> Option<Timestamp> {
        TimeZone::UTC.to_timestamp(self.day.into()).ok()?.checked_add(KEPT).ok()
    }
}

impl Store {
    /// The exchange rates that were fetched, of the latest days, the latest first.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn day_rates(&self) -> Result<Vec<DayRates>, StoreError> {
        let sk = SortRange::Prefix("DAY#".to_owned());
        let range = Range { index: None, pk: RATES.to_owned(), sk, limit: DAYS, after: None, backwards: true };
        Ok(self.list(range).await?.items)
    }
}
