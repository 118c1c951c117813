//! Who turns whose points into whose: transfer partners and bonuses. The tables are `data/transfer-partners.csv` and
//! `data/transfer-bonuses.csv` (sources in `data/SOURCES.md`; each row names its own, with its date).

mod table;

use std::sync::LazyLock;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    money::{Money, Points, ProgrammeId},
    tables::BadTable,
    value::STALE_AFTER_DAYS,
};

pub use table::{TableError, TableFault};

/// A transfer that a programme offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferPartner {
    /// Whose points are given.
    pub from: ProgrammeId,
    /// Whose are got.
    pub to: ProgrammeId,
    /// How many for how many.
    pub ratio: Ratio,
    /// The fewest points that can be given, where a source says so.
    pub minimum: Option<Points>,
    /// What the number of points given is a multiple of, where a source says so.
    pub increment: Option<Points>,
    /// The most points that can be given in a day.
    pub most: Option<Points>,
    /// Points that come on top of round numbers.
    pub extra: Option<Extra>,
    /// How long it takes, where somebody has measured it.
    pub time: Option<TransferTime>,
    /// What it costs in money.
    pub fee: Option<TransferFee>,
    /// Whether it can be undone.
    pub reversible: bool,
    /// Whether a recent source confirms it: what does not is to be checked before it is counted on.
    pub confirmed: bool,
    /// Who says so.
    pub source: String,
    /// When they said so.
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
    /// What else is to be known, such as that sources disagree.
    pub note: Option<String>,
}

/// `give` points become `get`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Ratio {
    /// Points given: at least 1.
    pub give: u32,
    /// Points got: at least 1.
    pub get: u32,
}

/// Points on top of every so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Extra {
    /// For each of these that are given at once.
    pub every: u32,
    /// This many more are got.
    pub points: u32,
}

/// How long a transfer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferTime {
    /// Minutes that the newest source names; the lower end where it names two. 0 is at once.
    pub typical_minutes: u32,
    /// The longest that any source names, in minutes.
    pub worst_minutes: u32,
    /// When the newest source measured.
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
}

/// Whether a time was measured more than a year before a day: banks change how they transfer.
pub fn is_stale(as_of: Date, on: Date) -> bool {
    (on - as_of).get_days() > STALE_AFTER_DAYS
}

/// A fee by the point, up to an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferFee {
    /// US dollars for each point given, exact.
    #[serde(with = "rust_decimal::serde::str")]
    #[schema(value_type = String, example = "0.0006")]
    pub per_point: Decimal,
    /// The most that one transfer costs, in US dollars.
    pub at_most: Money,
}

/// A step that is safe where no source names one: all that are known divide it.
const USUAL_STEP: u64 = 1_000;

impl TransferPartner {
    /// What the number of points given is planned in: the increment, or else the least that holds whole thousands and whole
    /// shares of the ratio.
    pub fn step(&self) -> u64 {
        let give = u64::from(self.ratio.give);
        self.increment.map_or_else(|| USUAL_STEP / gcd(USUAL_STEP, give) * give, Points::get)
    }

    /// Whether no source names its minimum or its increment, so that something safe is planned with in their place.
    pub fn is_assumed(&self) -> bool {
        self.minimum.is_none() || self.increment.is_none()
    }

    /// The fewest points that are planned to be given: a multiple of [`Self::step`].
    pub fn least(&self) -> u64 {
        self.minimum.map_or(0, Points::get).div_ceil(self.step()).max(1) * self.step()
    }

    /// Points got for points given, of which the bonus is a percentage: whole points, the rest is lost. O(1).
    pub fn got(&self, given: u64, bonus_percent: u32) -> u64 {
        let base = given / u64::from(self.ratio.give) * u64::from(self.ratio.get);
        let extra = self.extra.map_or(0, |extra| given / u64::from(extra.every) * u64::from(extra.points));
        (base + extra) * u64::from(100 + bonus_percent) / 100
    }

    /// What giving so many points costs in money, in US cents, rounded up: a cent begun is a cent.
    pub fn fee_cents(&self, given: u64) -> u64 {
        let Some(fee) = self.fee else { return 0 };
        let whole = (fee.per_point * Decimal::ONE_HUNDRED).checked_mul(Decimal::from(given)).map(|cents| cents.ceil());
        let most = fee.at_most.amount() * Decimal::ONE_HUNDRED;
        u64::try_from(whole.map_or(most, |cents| cents.min(most))).unwrap_or(0)
    }
}

/// The greatest common divisor; `gcd(0, n)` is `n`.
pub(crate) fn gcd(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { gcd(other, one % other) }
}

/// More points than usual, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferBonus {
    /// Whose points are given.
    pub from: ProgrammeId,
    /// Whose are got.
    pub to: ProgrammeId,
    /// How many percent more are got.
    pub percent: u32,
    /// The first day of it; where the source does not name one, the day it was seen.
    #[schema(value_type = String, format = Date)]
    pub starts: Date,
    /// The last day of it.
    #[schema(value_type = String, format = Date)]
    pub ends: Date,
    /// Who says so.
    pub source: String,
    /// When they said so.
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
}

impl TransferBonus {
    /// Whether it is in force. Days are counted in UTC, so that what may be over somewhere is not counted on: it begins with
    /// the first day there, and is over 12 hours before the last one ends.
    pub fn in_force(&self, at: Timestamp) -> bool {
        let local = TimeZone::UTC.to_datetime(at);
        let noon = jiff::civil::Time::constant(12, 0, 0, 0);
        (self.starts..self.ends).contains(&local.date()) || local.date() == self.ends && local.time() < noon
    }
}

static PARTNERS: LazyLock<Result<Vec<TransferPartner>, TableError>> = LazyLock::new(|| table::partners(PARTNERS_TABLE));

static BONUSES: LazyLock<Result<Vec<TransferBonus>, TableError>> = LazyLock::new(|| table::bonuses(BONUSES_TABLE));

const PARTNERS_TABLE: &str = include_str!("../data/transfer-partners.csv");
const BONUSES_TABLE: &str = include_str!("../data/transfer-bonuses.csv");

/// Every row of the two tables can be right.
pub(crate) fn check() -> Result<(), BadTable> {
    let bad = |table| move |error: &TableError| BadTable { table, why: error.to_string() };
    PARTNERS.as_ref().map_err(bad("transfer-partners.csv"))?;
    BONUSES.as_ref().map_err(bad("transfer-bonuses.csv"))?;
    Ok(())
}

/// Every transfer that is known, sorted by who gives, then by who gets.
pub fn partners() -> &'static [TransferPartner] {
    PARTNERS.as_deref().unwrap_or_default()
}

/// What a programme's points can become. O(rows).
pub fn partners_from(programme: &ProgrammeId) -> impl Iterator<Item = &'static TransferPartner> {
    partners().iter().filter(move |partner| partner.from == *programme)
}

/// What can become a programme's points. O(rows).
pub fn partners_to(programme: &ProgrammeId) -> impl Iterator<Item = &'static TransferPartner> {
    partners().iter().filter(move |partner| partner.to == *programme)
}

/// Every bonus that is known, past ones too.
pub fn bonuses() -> &'static [TransferBonus] {
    BONUSES.as_deref().unwrap_or_default()
}

/// The best bonus on a transfer at an instant, in percent; 0 if there is none.
pub fn bonus_percent(bonuses: &[TransferBonus], from: &ProgrammeId, to: &ProgrammeId, at: Timestamp) -> u32 {
    let of_pair = bonuses.iter().filter(|bonus| bonus.from == *from && bonus.to == *to && bonus.in_force(at));
    of_pair.map(|bonus| bonus.percent).max().unwrap_or(0)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn partner(from: &str, to: &str) -> &'static TransferPartner {
        partners().iter().find(|partner| partner.from.as_str() == from && partner.to.as_str() == to).unwrap()
    }

    #[test]
    fn every_shipped_row_is_good_and_names_its_source() {
        let (text, more) = (PARTNERS_TABLE, BONUSES_TABLE);
        assert_eq!(table::partners(text).map(|rows| rows.len()), Ok(text.lines().count() - 1));
        assert_eq!(table::bonuses(more).map(|rows| rows.len()), Ok(more.lines().count() - 1));
        assert!(partners().iter().all(|partner| !partner.source.is_empty()));
        assert!(partners().is_sorted_by_key(|partner| (&partner.from, &partner.to)));
    }

    #[test]
    fn what_is_got_follows_from_ratio_extra_and_bonus() {
        // Each figure by hand. Ratio 5:8; 3:1 with 5,000 on top of every 60,000; 4:3 in hundreds.
        assert_eq!(partner("amex-mr", "aeromexico").got(10_000, 0), 16_000);
        assert_eq!(partner("marriott-bonvoy", "aeroplan").got(60_000, 0), 25_000);
        assert_eq!(partner("marriott-bonvoy", "aeroplan").got(57_000, 0), 19_000);
        assert_eq!(partner("marriott-bonvoy", "aeroplan").got(123_000, 0), 51_000);
        assert_eq!(partner("capital-one", "eva-mileagelands").got(1_100, 0), 825);
        assert_eq!(partner("citi-typ", "lifemiles").got(10_000, 25), 12_500);
    }

    #[test]
    fn the_published_fee_of_50_000_points_to_delta_is_30_dollars_and_never_more_than_99() {
        // The Points Guy, 2024-09-27: 0.0006 USD a point, 99 USD at most; 50,000 points cost 30 USD.
        let delta = partner("amex-mr", "skymiles");
        assert_eq!([50_000, 165_000, 166_000, 1_000_000].map(|points| delta.fee_cents(points)), [3_000, 9_900, 9_900, 9_900]);
        assert_eq!(delta.fee_cents(1_001), 61);
        assert_eq!(partner("chase-ur", "mileageplus").fee_cents(1_000_000), 0);
    }

    #[test]
    fn where_no_source_names_a_step_whole_thousands_are_planned() {
        assert_eq!((partner("bilt", "accor-all").step(), partner("bilt", "hyatt").least()), (3_000, 1_000));
        assert_eq!((partner("capital-one", "aeroplan").step(), partner("capital-one", "aeroplan").least()), (100, 1_000));
    }

    #[test]
    fn a_bonus_is_in_force_on_its_days_only() {
        let bonus = bonuses().iter().find(|bonus| bonus.to.as_str() == "lifemiles").unwrap();
        let percent = |at: &str| bonus_percent(bonuses(), &bonus.from, &bonus.to, at.parse().unwrap());
        assert_eq!(percent("2025-03-27T23:59:59Z"), 0);
        assert_eq!(percent("2025-03-28T00:00:00Z"), 25);
        assert_eq!(percent("2025-04-12T11:59:59Z"), 25);
        assert_eq!(percent("2025-04-12T12:00:00Z"), 0);
    }
}
