//! Puts what several sources ask for the same thing side by side, the cheapest first.
//!
//! Prices stay in the currency that a source asks them in. To order them they are converted at the rates of a day, and a line says of
//! which; what can't be converted comes last, without a place in the order.

use jiff::civil::Date;

use crate::{
    flights::{Fare, FlightOffer},
    money::{Currency, Money},
    rates::Rates,
    stays::{StayOffer, StayPrice},
};

mod field;

pub use field::{Field, PriceStanding, PriceVerdict};

/// Something with a price in money.
pub trait Priced {
    /// All that has to be paid, for a flight by each traveller; `None` if it is not for money, or not known.
    fn total(&self) -> Option<Money>;

    /// What the total is made of.
    fn breakdown(&self) -> Breakdown;
}

/// What a total is made of. What the source does not say is unknown: the parts come to the total or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Breakdown {
    /// The room or the fare alone.
    pub base: Option<Money>,
    /// Taxes, and charges that the source does not part from them.
    pub taxes: Option<Money>,
    /// Fees.
    pub fees: Option<Money>,
    /// How much of the total is paid on the spot.
    pub on_the_spot: Option<Money>,
    /// What of the total is in none of the first three parts; `None` where none of them is known.
    pub not_broken_down: Option<Money>,
}

impl Priced for StayOffer {
    fn total(&self) -> Option<Money> {
        Some(self.price.total)
    }

    fn breakdown(&self) -> Breakdown {
        let StayPrice { total, per_night: _, base, taxes, fees, at_property } = self.price;
        let parts = [base, taxes, fees].into_iter().flatten();
        let left = parts.clone().try_fold(total, Money::minus).ok();
        let not_broken_down = left.filter(|left| parts.count() > 0 && !left.is_negative());
        Breakdown { base, taxes, fees, on_the_spot: at_property, not_broken_down }
    }
}

impl Priced for FlightOffer {
    fn total(&self) -> Option<Money> {
        match self.fare {
            Fare::Cash { total, .. } => Some(total),
            Fare::Award { .. } => None,
        }
    }

    /// An award's taxes are all that is paid in money; of a fare, what is no tax is the fare alone.
    fn breakdown(&self) -> Breakdown {
        match self.fare {
            Fare::Award { taxes, .. } => Breakdown { taxes, ..Breakdown::default() },
            Fare::Cash { total, taxes } => {
                let base = taxes.and_then(|taxes| total.minus(taxes).ok());
                Breakdown { base, taxes, ..Breakdown::default() }
            }
        }
    }
}

/// One offer's place in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Which offer: its place in the list that was given.
    pub at: usize,
    /// The total in the currency that all are ordered by; `None` if it can't be converted.
    pub ordered_by: Option<Money>,
    /// The day of the rate, where it was converted.
    pub rate_of: Option<Date>,
    /// Whether nothing is cheaper, of what can be ordered.
    pub cheapest: bool,
}

/// Orders offers by their totals in a currency, at the rates of a day: the cheapest first, of equal ones the one that was given
/// first. Those that can't be converted come last.
pub fn side_by_side<O: Priced>(offers: &[O], currency: Currency, on: Date, rates: &Rates) -> Vec<Line> {
    let mut lines: Vec<Line> =
        offers.iter().enumerate().map(|(at, offer)| line(at, offer.total(), currency, on, rates)).collect();
    let minor = |line: &Line| line.ordered_by.map(Money::minor);
    lines.sort_by_key(|line| (line.ordered_by.is_none(), minor(line)));
    let least = lines.first().and_then(minor);
    for line in &mut lines {
        line.cheapest = least.is_some() && minor(line) == least;
    }
    lines
}

fn line(at: usize, total: Option<Money>, currency: Currency, on: Date, rates: &Rates) -> Line {
    let converted = total.and_then(|total| {
        if total.currency() == currency {
            return Some((total, None));
        }
        let rate = rates.between(total.currency(), currency, on).ok()?;
        Some((rate.convert(total).ok()?, Some(rate.day)))
    });
    let (ordered_by, rate_of) = converted.unzip();
    Line { at, ordered_by, rate_of: rate_of.flatten(), cheapest: false }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;
    use crate::rates::DayRates;

    #[derive(Debug, Clone, Copy)]
    struct Of(Option<Money>);

    impl Priced for Of {
        fn total(&self) -> Option<Money> {
            self.0
        }

        fn breakdown(&self) -> Breakdown {
            Breakdown::default()
        }
    }

    fn of(minor: i64, currency: Currency) -> Of {
        Of(Some(Money::from_minor(minor, currency).unwrap()))
    }

    /// A euro is 1.10 dollars.
    fn rates() -> Rates {
        Rates::default().with(DayRates::new(date(2026, 4, 1), [(Currency::USD, Decimal::new(11, 1))]))
    }

    fn yen() -> Currency {
        "JPY".parse().unwrap()
    }

    #[test]
    fn the_cheapest_is_first_whatever_currency_it_is_in_and_the_rate_has_its_day() {
        let offers = [of(11_001, Currency::USD), of(10_000, Currency::EUR), of(1, yen()), Of(None), of(11_000, Currency::USD)];
        let lines = side_by_side(&offers, Currency::USD, date(2026, 4, 2), &rates());
        let told: Vec<_> = lines.iter().map(|line| (line.at, line.cheapest, line.rate_of.is_some())).collect();
        assert_eq!(told, [(1, true, true), (4, true, false), (0, false, false), (2, false, false), (3, false, false)]);
        assert_eq!((lines[0].rate_of, lines[3].ordered_by), (Some(date(2026, 4, 1)), None));
    }

    #[test]
    fn what_can_not_be_ordered_is_not_the_cheapest() {
        let lines = side_by_side(&[of(1, yen()), Of(None)], Currency::USD, date(2026, 4, 2), &rates());
        assert!(lines.iter().all(|line| !line.cheapest && line.ordered_by.is_none()));
        let too_old = side_by_side(&[of(1, Currency::EUR)], Currency::USD, date(2026, 5, 2), &rates());
        assert_eq!(too_old[0].ordered_by, None);
    }

    proptest! {
        #[test]
        fn every_offer_has_one_place_and_none_is_cheaper_than_the_cheapest(totals in prop::collection::vec((0_i64..10_000, any::<bool>()), 0..20)) {
            let currency = |euro| if euro { Currency::EUR } else { Currency::USD };
            let offers: Vec<Of> = totals.into_iter().map(|(minor, euro)| of(minor, currency(euro))).collect();
            let lines = side_by_side(&offers, Currency::EUR, date(2026, 4, 2), &rates());
            let mut places: Vec<usize> = lines.iter().map(|line| line.at).collect();
            places.sort_unstable();
            prop_assert_eq!(places, (0..offers.len()).collect::<Vec<_>>());
            let totals: Vec<i128> = lines.iter().map(|line| line.ordered_by.unwrap().minor()).collect();
            prop_assert!(totals.is_sorted());
            for (line, total) in lines.iter().zip(&totals) {
                prop_assert_eq!(line.cheapest, *total == totals[0]);
            }
        }
    }
}
