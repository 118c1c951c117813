//! The cheapest first, whatever currency it is in.

use domain::{
    compare::{Breakdown, Priced, side_by_side},
    money::{Currency, Money},
};
use platform::{Deps, Failure};

use crate::answer_view::earliest;

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

/// Offers by what they cost in one currency, at the rates of the day; those for which none is known come last. Of equal ones the order
/// stays, which is that of their sources. O(n log n).
pub(crate) async fn by_price<O>(
    cx: &Deps,
    currency: Currency,
    offers: impl Iterator<Item = (Money, O)>,
) -> Result<Vec<(Option<Money>, O)>, Failure> {
    let rates = cx.rates().await?;
    let (prices, mut offers): (Vec<Price>, Vec<Option<O>>) = offers.map(|(price, offer)| (Price(price), Some(offer))).unzip();
    let lines = side_by_side(&prices, currency, earliest(cx), &rates).into_iter();
    Ok(lines.filter_map(|line| Some((line.ordered_by, offers.get_mut(line.at)?.take()?))).collect())
}
