//! What points are usually worth, as published, and verdicts against it.

use std::{collections::HashMap, sync::LazyLock};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Yardstick;
use crate::{
    money::{CentsPerPoint, ProgrammeId},
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
    /// The first day that the date of the latest of them can mean.
    pub latest: Date,
}

/// After how many days without a new publication a baseline is stale.
pub const STALE_AFTER_DAYS: i32 = 365;

static PUBLISHED: LazyLock<HashMap<ProgrammeId, Published>> = LazyLock::new(|| {
    let mut known: HashMap<ProgrammeId, Published> = HashMap::new();
    let rows = include_str!("../../data/valuations.csv").lines().skip(1);
    for (programme, cents, latest) in rows.filter_map(row) {
        let first = Published { baseline: Baseline { floor: cents, ceiling: cents }, latest };
        let with = |known: &mut Published| {
            let Baseline { floor, ceiling } = known.baseline;
            known.baseline = Baseline { floor: floor.min(cents), ceiling: ceiling.max(cents) };
            known.latest = known.latest.max(latest);
        };
        known.entry(programme).and_modify(with).or_insert(first);
    }
    known
});

/// Whose points, what they are worth, and when that was published.
fn row(line: &str) -> Option<(ProgrammeId, CentsPerPoint, Date)> {
    let mut fields = line.split(',');
    let (programme, cents) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((programme, CentsPerPoint::rounded(cents), first_day(fields.nth(1)?)?))
}

impl Published {
    /// What is published of a programme (`data/valuations.csv`).
    pub fn of(programme: &ProgrammeId) -> Option<Self> {
        PUBLISHED.get(programme).copied()
    }

    /// As a yardstick on a day.
    pub(super) fn yardstick(self, on: Date) -> Yardstick {
        let stale = (on - self.latest).get_days() > STALE_AFTER_DAYS;
        Yardstick { usual: self.baseline, own: false, as_of: Some(self.latest), stale }
    }
}

impl Baseline {
    /// The baseline of a programme, if any source publishes one.
    pub fn of(programme: &ProgrammeId) -> Option<Self> {
        Published::of(programme).map(|published| published.baseline)
    }

    /// What points are usually worth where nobody publishes it for a programme: the medians of all published floors and
    /// ceilings. Good enough to rank by, not to judge by.
    pub fn typical() -> Self {
        static TYPICAL: LazyLock<Baseline> = LazyLock::new(|| {
            let median = |of: fn(&Baseline) -> CentsPerPoint| {
                let mut values: Vec<CentsPerPoint> = PUBLISHED.values().map(|known| of(&known.baseline)).collect();
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
        let lines = include_str!("../../data/valuations.csv").lines().skip(1);
        assert!(lines.clone().all(|line| row(line).is_some()));
        for programme in lines.map(|line| line.split(',').next().unwrap()) {
            let baseline = Baseline::of(&programme.parse().unwrap()).unwrap();
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
        // Published in 2026-01 and 2026-05-26 (data/valuations.csv).
        let atmos = Published::of(&"atmos".parse().unwrap()).unwrap();
        assert!(!atmos.yardstick(atmos.latest).stale);
        assert!(atmos.yardstick(date(2028, 1, 1)).stale);
    }
}
