//! What points are usually worth, as published, and verdicts against it.

use std::{cmp::Reverse, collections::HashMap, sync::LazyLock};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Yardstick;
use crate::{
    money::{CentsPerPoint, ProgrammeId},
    programmes::name_of,
    tables::{BadTable, every_row},
    time::first_day,
};

/// What published valuations say a programme's points are worth: the lowest and the highest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Baseline {
    /// The lowest published valuation.
    pub floor: CentsPerPoint,
    /// The highest.
    pub ceiling: CentsPerPoint,
}

/// A baseline, and how recent it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The lowest and the highest.
    pub baseline: Baseline,
    /// The first day that the date of the latest floor can mean.
    pub floor_of: Date,
    /// That of the latest ceiling.
    pub ceiling_of: Date,
}

/// After how many days a publication counts only where there is no later one.
pub const STALE_AFTER_DAYS: i32 = 365;

const TABLE: &str = include_str!("../../data/valuations.csv");

/// Every row of the table can be read, and is of a programme.
pub(super) fn check() -> Result<(), BadTable> {
    every_row("valuations.csv", TABLE, |line| row(line).is_some_and(|(programme, ..)| name_of(&programme).is_some()))
}

/// What a source published, and when.
type Row = (CentsPerPoint, Date);

static PUBLISHED: LazyLock<HashMap<ProgrammeId, Vec<Row>>> = LazyLock::new(|| {
    let mut known: HashMap<ProgrammeId, Vec<Row>> = HashMap::new();
    let rows = TABLE.lines().skip(1);
    for (programme, cents, day) in rows.filter_map(row) {
        known.entry(programme).or_default().push((cents, day));
    }
    known
});

/// Whether what is of a day is stale on another.
pub(super) fn is_stale(day: Date, on: Date) -> bool {
    (on - day).get_days() > STALE_AFTER_DAYS
}

/// Whose points, what they are worth, and when that was published.
fn row(line: &str) -> Option<(ProgrammeId, CentsPerPoint, Date)> {
    let mut fields = line.split(',');
    let (programme, cents) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((programme, CentsPerPoint::rounded(cents), first_day(fields.nth(1)?)?))
}

impl Published {
    /// What is published of a programme (`data/valuations.csv`), as it stands on a day: what is a year old counts only if all of it
    /// is, and what is published later only if there is nothing earlier.
    pub fn of(programme: &ProgrammeId, on: Date) -> Option<Self> {
        Self::among(PUBLISHED.get(programme)?, on)
    }

    fn among(rows: &[Row], on: Date) -> Option<Self> {
        let any_by_then = rows.iter().any(|(_, day)| *day <= on);
        let known = || rows.iter().copied().filter(|(_, day)| !any_by_then || *day <= on);
        let any_fresh = known().any(|(_, day)| !is_stale(day, on));
        let counts = || known().filter(|(_, day)| !any_fresh || !is_stale(*day, on));
        let (floor, floor_of) = counts().min_by_key(|(cents, day)| (*cents, Reverse(*day)))?;
        let (ceiling, ceiling_of) = counts().max_by_key(|(cents, day)| (*cents, *day))?;
        Some(Self { baseline: Baseline { floor, ceiling }, floor_of, ceiling_of })
    }

    /// As a yardstick on a day. It is stale if either end is.
    pub(super) fn yardstick(self, on: Date) -> Yardstick {
        let (floor_as_of, ceiling_as_of) = (Some(self.floor_of), Some(self.ceiling_of));
        let stale = is_stale(self.floor_of.min(self.ceiling_of), on);
        Yardstick { usual: self.baseline, own: false, floor_as_of, ceiling_as_of, stale }
    }
}

impl Baseline {
    /// The baseline of a programme on a day, if any source publishes one.
    pub fn of(programme: &ProgrammeId, on: Date) -> Option<Self> {
        Published::of(programme, on).map(|published| published.baseline)
    }

    /// What points are usually worth where nobody publishes it for a programme: the medians of all published floors and
    /// ceilings. Good enough to rank by, not to judge by.
    pub fn typical() -> Self {
        static TYPICAL: LazyLock<Baseline> = LazyLock::new(|| {
            let median = |of: fn(&Baseline) -> CentsPerPoint| {
                // Whenever that was: on any day they are the same.
                let all = PUBLISHED.values().filter_map(|rows| Published::among(rows, Date::MIN));
                let mut values: Vec<CentsPerPoint> = all.map(|known| of(&known.baseline)).collect();
                values.sort_unstable();
                values.get(values.len() / 2).copied().unwrap_or(CentsPerPoint::rounded(Decimal::ONE))
            };
            Baseline { floor: median(|baseline| baseline.floor), ceiling: median(|baseline| baseline.ceiling) }
        });
        *TYPICAL
    }

    /// The middle between floor and ceiling, rounded down to a ten-thousandth.
    pub fn middle(self) -> CentsPerPoint {
        CentsPerPoint::from_ten_thousandths(i64::midpoint(self.floor.ten_thousandths(), self.ceiling.ten_thousandths()))
    }

    /// Poor below the floor, fair up to the ceiling, then good, great from 1.25 × and exceptional from 1.75 × the
    /// ceiling.
    pub fn verdict(self, cents: CentsPerPoint) -> Verdict {
        let [cents, floor, ceiling] = [cents, self.floor, self.ceiling].map(|value| i128::from(value.ten_thousandths()));
        match cents {
            cents if cents < floor => Verdict::Poor,
            cents if cents < ceiling => Verdict::Fair,
            cents if 4 * cents < 5 * ceiling => Verdict::Good,
            cents if 4 * cents < 7 * ceiling => Verdict::Great,
            _ => Verdict::Exceptional,
        }
    }
}

/// How good a use of points is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Below every published valuation.
    Poor,
    /// Within the published valuations.
    Fair,
    /// Above them.
    Good,
    /// Well above them.
    Great,
    /// Rarely seen.
    Exceptional,
}

impl Verdict {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Poor => "poor",
            Self::Fair => "fair",
            Self::Good => "good",
            Self::Great => "great",
            Self::Exceptional => "exceptional",
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn every_shipped_valuation_is_read() {
        let lines = TABLE.lines().skip(1);
        assert!(lines.clone().all(|line| row(line).is_some()));
        for programme in lines.map(|line| line.split(',').next().unwrap()) {
            let baseline = Baseline::of(&programme.parse().unwrap(), date(2026, 11, 21)).unwrap();
            assert!(baseline.floor <= baseline.ceiling && baseline.floor.get().is_sign_positive(), "{programme}");
        }
    }

    #[test]
    fn verdicts_lie_between_floor_and_ceiling_and_above() {
        use Verdict as V;
        let baseline = Baseline { floor: CentsPerPoint::rounded(Decimal::ONE), ceiling: CentsPerPoint::rounded(Decimal::TWO) };
        let verdict = |text: &str| baseline.verdict(CentsPerPoint::rounded(text.parse().unwrap()));
        let given = ["-1", "0.99", "1", "1.99", "2", "2.49", "2.5", "3.49", "3.5"];
        let expected = [V::Poor, V::Poor, V::Fair, V::Fair, V::Good, V::Good, V::Great, V::Great, V::Exceptional];
        assert_eq!(given.map(verdict), expected);
    }

    #[test]
    fn what_nobody_has_published_for_a_year_is_stale() {
        // Published in 2026-01, on 2026-05-26 and in 2026-09 (data/valuations.csv).
        let on = |day| Published::of(&"atmos".parse().unwrap(), day).unwrap().yardstick(day);
        assert!(!on(date(2026, 11, 21)).stale);
        assert!(on(date(2028, 1, 1)).stale);
    }

    #[test]
    fn what_is_a_year_old_counts_only_where_nothing_later_is_known() {
        let cents = |text: &str| CentsPerPoint::rounded(text.parse().unwrap());
        let rows = [(cents("1"), date(2025, 1, 1)), (cents("1.2"), date(2026, 1, 1)), (cents("1.5"), date(2026, 9, 1))];
        let on = |day| {
            let known = Published::among(&rows, day).unwrap();
            let yardstick = known.yardstick(day);
            (known.baseline.floor, yardstick.floor_as_of.unwrap(), yardstick.ceiling_as_of.unwrap(), yardstick.stale)
        };
        assert_eq!(on(date(2026, 1, 1)), (cents("1"), date(2025, 1, 1), date(2026, 1, 1), false));
        assert_eq!(on(date(2026, 9, 1)), (cents("1.2"), date(2026, 1, 1), date(2026, 9, 1), false));
        assert_eq!(on(date(2027, 6, 1)), (cents("1.5"), date(2026, 9, 1), date(2026, 9, 1), false));
        // When all of it is old, all of it counts, and is said to be.
        assert_eq!(on(date(2028, 1, 1)), (cents("1"), date(2025, 1, 1), date(2026, 9, 1), true));
    }

    #[test]
    fn a_day_is_not_judged_by_what_was_published_after_it_where_something_was_before() {
        let cents = |text: &str| CentsPerPoint::rounded(text.parse().unwrap());
        let rows = [(cents("1"), date(2024, 1, 1)), (cents("1.5"), date(2026, 9, 1))];
        let on = |day| {
            let known = Published::among(&rows, day).unwrap();
            (known.baseline.floor, known.baseline.ceiling, known.yardstick(day).stale)
        };
        assert_eq!(on(date(2023, 12, 31)), (cents("1"), cents("1.5"), false), "nothing was");
        assert_eq!(on(date(2024, 1, 1)), (cents("1"), cents("1"), false));
        assert_eq!(on(date(2026, 8, 31)), (cents("1"), cents("1"), true), "though it is old");
        assert_eq!(on(date(2026, 9, 1)), (cents("1.5"), cents("1.5"), false));
    }
}
