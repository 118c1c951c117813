//! The cheapest first, whatever currency it is in.

use domain::{
    compare::{Breakdown, Priced, side_by_side},
    money::{Currency, Money},
    rates::Rates,
};
use jiff::civil::Date;

/// A price of which only the whole matters.
struct Price(Money);

impl Priced for Price {
    fn total(&self) -> Option<Money> {
        Some(self.0)
    }

    fn breakdown(&self) -> Breakdown {
        Breakdown::default()
    }
}

/// Offers by what they cost in one currency, at the rates of a day; those for which none is known come last. Of equal ones the order
/// stays, which is that of their sources. O(n log n).
pub(crate) fn by_price<O>(
    offers: impl Iterator<Item = (Money, O)>,
    currency: Currency,
    rates: &Rates,
    on: Date,
) -> Vec<(Option<Money>, O)> {
    let (prices, mut offers): (Vec<Price>, Vec<Option<O>>) = offers.map(|(price, offer)| (Price(price), Some(offer))).unzip();
    let lines = side_by_side(&prices, currency, on, rates).into_iter();
    lines.filter_map(|line| Some((line.ordered_by, offers.get_mut(line.at)?.take()?))).collect()
}
