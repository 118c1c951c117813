//! The cheapest first, whatever currency it is in.

use domain::{
    money::{Currency, Money},
    rates::Rates,
};
use jiff::civil::Date;

/// Offers by what they cost in one currency, at the rates of a day; those for which none is known come last. Of equal ones the order
/// stays, which is that of their sources. O(n log n).
pub(crate) fn by_price<O>(
    offers: impl Iterator<Item = (Money, O)>,
    currency: Currency,
    rates: &Rates,
    on: Date,
) -> Vec<(Option<Money>, O)> {
    let compared = |price: Money| {
        if price.currency() == currency {
            return Some(price);
        }
        rates.between(price.currency(), currency, on).ok()?.convert(price).ok()
    };
    let mut ranked: Vec<(Option<Money>, O)> = offers.map(|(price, offer)| (compared(price), offer)).collect();
    ranked.sort_by_key(|(price, _)| (price.is_none(), price.map(Money::amount)));
    ranked
}
