//! What an award is worth: cents per point against the cash alternative, and the verdict against published valuations.

use std::{collections::HashMap, sync::LazyLock};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::{CentsPerPoint, Currency, Money, Points, ProgrammeId};

/// Why an award has no value in cents per point. An unknown is never a zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// No cash price for the same cabin and day.
    #[error("no cash price is known for the same cabin and day")]
    NoCashPrice,
    /// The source does not say what the award still costs.
    #[error("the award's taxes are not known")]
    NoTaxes,
    /// Taxes and cash price are in different currencies, and no dated rate is at hand.
    #[error("the award's taxes are in another currency than the cash price")]
    Currencies,
    /// An award without points has no value per point.
    #[error("the award asks no points")]
    NoPoints,
}

/// (comparable cash price − what the award still costs) ÷ points × 100, rounded half to even to four decimals. O(1).
///
/// # Errors
/// What is missing.
pub fn cents_per_point(points: Points, taxes: Option<Money>, cash: Option<Money>) -> Result<CentsPerPoint, Unknown> {
    let cash = cash.ok_or(Unknown::NoCashPrice)?;
    let taxes = taxes.ok_or(Unknown::NoTaxes)?;
    let saved = cash.minus(taxes).map_err(|_| Unknown::Currencies)?;
    let per_point = saved.amount().checked_div(Decimal::from(points.get())).ok_or(Unknown::NoPoints)?;
    Ok(CentsPerPoint::rounded(per_point * Decimal::ONE_HUNDRED))
}

/// What published valuations say a programme's points are worth: the lowest and the highest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Baseline {
    /// The lowest published valuation.
    pub floor: CentsPerPoint,
    /// The highest.
    pub ceiling: CentsPerPoint,
}

static BASELINES: LazyLock<HashMap<ProgrammeId, Baseline>> = LazyLock::new(|| {
    let mut baselines: HashMap<ProgrammeId, Baseline> = HashMap::new();
    for row in include_str!("../data/valuations.csv").lines().skip(1) {
        let mut fields = row.split(',');
        let Some((programme, cents)) =
            fields.next().and_then(|id| id.parse().ok()).zip(fields.next().and_then(|cents| cents.parse().ok()))
        else {
            continue;
        };
        let cents = CentsPerPoint::rounded(cents);
        baselines
            .entry(programme)
            .and_modify(|known| *known = Baseline { floor: known.floor.min(cents), ceiling: known.ceiling.max(cents) })
            .or_insert(Baseline { floor: cents, ceiling: cents });
    }
    baselines
});

impl Baseline {
    /// The baseline of a programme, if any source publishes one (`data/valuations.csv`).
    pub fn of(programme: &ProgrammeId) -> Option<Self> {
        BASELINES.get(programme).copied()
    }

    /// What points are usually worth where nobody publishes it for a programme: the medians of all published floors and
    /// ceilings. Good enough to rank by, not to judge by.
    pub fn typical() -> Self {
        static TYPICAL: LazyLock<Baseline> = LazyLock::new(|| {
            let median = |of: fn(&Baseline) -> CentsPerPoint| {
                let mut values: Vec<CentsPerPoint> = BASELINES.values().map(of).collect();
                values.sort_unstable();
                values.get(values.len() / 2).copied().unwrap_or(CentsPerPoint::rounded(Decimal::ONE))
            };
            Baseline { floor: median(|baseline| baseline.floor), ceiling: median(|baseline| baseline.ceiling) }
        });
        *TYPICAL
    }

    /// Poor below the floor, fair up to the ceiling, then good, great from 1.25 × and exceptional from 1.75 × the
    /// ceiling.
    pub fn verdict(self, cents: CentsPerPoint) -> Verdict {
        let of_ceiling = |quarters: i64| self.ceiling.get() * Decimal::new(25 * quarters, 2);
        match cents.get() {
            c if c < self.floor.get() => Verdict::Poor,
            c if c < self.ceiling.get() => Verdict::Fair,
            c if c < of_ceiling(5) => Verdict::Good,
            c if c < of_ceiling(7) => Verdict::Great,
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

/// An award, valued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Valuation {
    /// The cash price it is compared with: the cheapest of the same cabin, route and day.
    pub cash: Option<Money>,
    /// What a point is worth here.
    pub cents_per_point: Option<CentsPerPoint>,
    /// Why that is unknown.
    pub unknown: Option<Unknown>,
    /// What the programme's points are usually worth.
    pub baseline: Option<Baseline>,
    /// The verdict, where both are known.
    pub verdict: Option<Verdict>,
}

impl Valuation {
    /// Values an award. O(1).
    pub fn of(programme: &ProgrammeId, points: Points, taxes: Option<Money>, cash: Option<Money>) -> Self {
        let value = cents_per_point(points, taxes, cash);
        // Published valuations are in US cents; against another currency's price they say nothing.
        let baseline = Baseline::of(programme).filter(|_| cash.is_none_or(|cash| cash.currency() == Currency::USD));
        Self {
            cash,
            cents_per_point: value.ok(),
            unknown: value.err(),
            baseline,
            verdict: baseline.zip(value.ok()).map(|(baseline, cents)| baseline.verdict(cents)),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(amount: &str) -> Money {
        Money::new(amount.parse().unwrap(), Currency::USD).unwrap()
    }

    fn points(n: u64) -> Points {
        n.try_into().unwrap()
    }

    #[test]
    fn alaska_877_to_honolulu_is_worth_1_12_cents_a_point() {
        // Seen 2023-06-24 for 2023-12-25: 50,000 miles + 5.60 USD, or 563.50 USD.
        let value = cents_per_point(points(50_000), Some(usd("5.60")), Some(usd("563.50"))).unwrap();
        assert_eq!(value.to_string(), "1.12");
        assert_eq!(value.get().to_string(), "1.1158");
    }

    #[test]
    fn an_award_whose_fees_exceed_the_fare_is_worth_less_than_nothing() {
        let value = cents_per_point(points(153_400), Some(usd("1642")), Some(usd("929"))).unwrap();
        assert!(value.get().is_sign_negative());
    }

    #[test]
    fn what_is_missing_is_unknown_and_never_zero() {
        let euro = Money::new(Decimal::ONE, Currency::EUR).unwrap();
        assert_eq!(cents_per_point(points(1), Some(usd("1")), None), Err(Unknown::NoCashPrice));
        assert_eq!(cents_per_point(points(1), None, Some(usd("1"))), Err(Unknown::NoTaxes));
        assert_eq!(cents_per_point(points(1), Some(euro), Some(usd("1"))), Err(Unknown::Currencies));
        assert_eq!(cents_per_point(points(0), Some(usd("1")), Some(usd("2"))), Err(Unknown::NoPoints));
    }

    #[test]
    fn every_shipped_valuation_is_read() {
        let rows = include_str!("../data/valuations.csv").lines().skip(1).map(|row| row.split(',').next().unwrap());
        for programme in rows {
            let baseline = Baseline::of(&programme.parse().unwrap()).unwrap();
            assert!(baseline.floor <= baseline.ceiling && baseline.floor.get().is_sign_positive(), "{programme}");
        }
    }

    #[test]
    fn verdicts_lie_between_floor_and_ceiling_and_above() {
        let baseline = Baseline { floor: CentsPerPoint::rounded(Decimal::ONE), ceiling: CentsPerPoint::rounded(Decimal::TWO) };
        let verdict = |text: &str| baseline.verdict(CentsPerPoint::rounded(text.parse().unwrap()));
        assert_eq!(
            ["0.99", "1", "1.99", "2", "2.49", "2.5", "3.49", "3.5"].map(verdict),
            [
                Verdict::Poor,
                Verdict::Fair,
                Verdict::Fair,
                Verdict::Good,
                Verdict::Good,
                Verdict::Great,
                Verdict::Great,
                Verdict::Exceptional
            ]
        );
    }

    proptest! {
        #[test]
        fn dearer_fees_never_make_an_award_worth_more(n in 1_u64..1_000_000, cash in 0_i64..10_000_000, fees in 0_i64..1_000_000, more in 0_i64..1_000_000) {
            let money = |minor| Some(Money::from_minor(minor, Currency::USD).unwrap());
            let cheap = cents_per_point(points(n), money(fees), money(cash)).unwrap();
            let dear = cents_per_point(points(n), money(fees + more), money(cash)).unwrap();
            prop_assert!(dear <= cheap);
        }

        #[test]
        fn scale_does_not_matter(n in 1_u64..100_000, cash in 0_i64..1_000_000, fees in 0_i64..100_000, k in 1_u64..50) {
            let money = |minor| Some(Money::from_minor(minor, Currency::USD).unwrap());
            let one = cents_per_point(points(n), money(fees), money(cash)).unwrap();
            let many = cents_per_point(points(n * k), money(fees * k as i64), money(cash * k as i64)).unwrap();
            prop_assert_eq!(one, many);
        }
    }
}
