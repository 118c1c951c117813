//! How a price stands among those of the same answer. Stays and activities are sold for money alone: no source has them for points, and so
//! there is no cents-per-point verdict (an award stay is valued by [`crate::value::stays`], where a member knows of one). What can
//! honestly be said of a cash price is how it compares with what else there is for the same days and guests.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::money::{Currency, Money};

/// Of fewer there is no saying what is usual.
const LEAST: usize = 5;
/// So much above or below the median, in percent, is around it.
const AROUND: i128 = 10;

/// How a price stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PriceVerdict {
    /// More than a tenth below the median.
    Below,
    /// Within a tenth of it.
    Around,
    /// More than a tenth above it.
    Above,
}

/// How a price stands among others, with the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceStanding {
    /// In a word.
    pub verdict: PriceVerdict,
    /// The median of what it is compared with.
    pub median: Money,
    /// How much it is above the median, in percent of that; below, if negative. Rounded to the nearest, halves away from zero.
    pub percent: i64,
    /// How many prices the median is of: one for each house or activity, the least.
    pub among: usize,
}

/// The prices that one is compared with.
#[derive(Debug, Clone)]
pub struct Field {
    /// In minor units, from the least.
    prices: Vec<i128>,
    currency: Currency,
}

impl Field {
    /// Of prices in one currency, of each thing the least: whoever sells many rooms counts once. Those in others are left out.
    pub fn of<K: Ord>(currency: Currency, prices: impl Iterator<Item = (K, Money)>) -> Self {
        let mut least: BTreeMap<K, i128> = BTreeMap::new();
        for (of, price) in prices.filter(|(_, price)| price.currency() == currency) {
            let known = least.entry(of).or_insert(price.minor());
            *known = (*known).min(price.minor());
        }
        let mut prices: Vec<i128> = least.into_values().collect();
        prices.sort_unstable();
        Self { prices, currency }
    }

    /// How a price stands in it; `None` if it is in another currency, or there are too few to say.
    pub fn stands(&self, price: Money) -> Option<PriceStanding> {
        let median = self.median().filter(|median| *median > 0 && price.currency() == self.currency)?;
        let above = price.minor().checked_sub(median)?.checked_mul(100)?;
        let verdict = match () {
            () if above < -AROUND * median => PriceVerdict::Below,
            () if above > AROUND * median => PriceVerdict::Above,
            () => PriceVerdict::Around,
        };
        let percent = (above + above.signum() * (median / 2)) / median;
        let shown = Money::from_minor(i64::try_from(median).ok()?, self.currency).ok()?;
        Some(PriceStanding { verdict, median: shown, percent: i64::try_from(percent).ok()?, among: self.prices.len() })
    }

    /// The middle one; of two, the mean, rounded up to the minor unit.
    fn median(&self) -> Option<i128> {
        let many = self.prices.len();
        if many < LEAST {
            return None;
        }
        let (low, high) = (self.prices.get((many - 1) / 2)?, self.prices.get(many / 2)?);
        Some((low + high + 1).div_euclid(2))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD).unwrap()
    }

    fn field(minor: &[i64]) -> Field {
        Field::of(Currency::USD, minor.iter().enumerate().map(|(at, minor)| (at, usd(*minor))))
    }

    fn verdict(field: &Field, minor: i64) -> (PriceVerdict, i64) {
        let standing = field.stands(usd(minor)).unwrap();
        (standing.verdict, standing.percent)
    }

    #[test]
    fn a_price_is_below_around_or_above_the_median() {
        let field = field(&[10_000, 20_000, 9_000, 11_000, 50_000]);
        assert_eq!(field.stands(usd(11_000)).unwrap().median, usd(11_000));
        assert_eq!(verdict(&field, 9_900), (PriceVerdict::Around, -10));
        assert_eq!(verdict(&field, 9_899), (PriceVerdict::Below, -10));
        assert_eq!(verdict(&field, 12_100), (PriceVerdict::Around, 10));
        assert_eq!(verdict(&field, 12_101), (PriceVerdict::Above, 10));
        assert_eq!(verdict(&field, 50_000), (PriceVerdict::Above, 355));
    }

    #[test]
    fn of_an_even_number_the_median_is_between_the_middle_ones() {
        let field = field(&[100, 200, 301, 400, 500, 90]);
        let standing = field.stands(usd(100)).unwrap();
        assert_eq!((standing.median, standing.among), (usd(251), 6));
    }

    #[test]
    fn of_few_nothing_is_said_and_a_house_with_many_rooms_is_one() {
        assert_eq!(field(&[1, 2, 3, 4]).stands(usd(1)), None);
        let rooms = (0..50).map(|room| ("one house", usd(9_000 + room)));
        let others = [("a", 100), ("b", 200), ("c", 300), ("d", 400)].map(|(of, minor)| (of, usd(minor)));
        let field = Field::of(Currency::USD, rooms.chain(others));
        assert_eq!(field.stands(usd(300)).unwrap().median, usd(300));
        assert_eq!(field.stands(Money::from_minor(300, Currency::EUR).unwrap()), None);
        let strange = [(0, 1), (1, 2)].map(|(of, minor)| (of, Money::from_minor(minor, Currency::EUR).unwrap()));
        assert_eq!(Field::of(Currency::USD, strange.into_iter()).stands(usd(1)), None);
    }

    proptest! {
        #[test]
        fn half_of_them_are_no_dearer_and_half_no_cheaper(prices in proptest::collection::vec(1_i64..1_000_000_000, 5..40)) {
            let median = field(&prices).stands(usd(1)).unwrap().median.minor();
            let side = |dear: bool| prices.iter().filter(|price| (i128::from(**price) > median) == dear).count();
            prop_assert!(side(true) * 2 <= prices.len());
            prop_assert!(prices.iter().filter(|price| i128::from(**price) < median).count() * 2 <= prices.len());
        }

        #[test]
        fn who_costs_more_never_stands_better(
            prices in proptest::collection::vec(1_i64..1_000_000, 5..20), one in 1_i64..2_000_000, more in 0_i64..1_000_000,
        ) {
            let field = field(&prices);
            let (cheap, dear) = (field.stands(usd(one)).unwrap(), field.stands(usd(one + more)).unwrap());
            prop_assert!(cheap.verdict <= dear.verdict && cheap.percent <= dear.percent);
        }
    }
}
