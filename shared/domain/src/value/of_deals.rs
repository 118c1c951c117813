//! The value of a deal's award, as deals keep and show it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Baseline, Cash, Fees, ValueError, Verdict, Worth, in_us_cents};
use crate::{
    flights::Cabin,
    money::{CentsPerPoint, Money, Points, ProgrammeId},
    rates::Rates,
};

/// Why an award has no value in cents per point. An unknown is never a zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// No cash price for the same cabin and day.
    #[error("no cash price is known for the same cabin and day")]
    NoCashPrice,
    /// No cash price but that of a better cabin, which would flatter the award.
    #[error("the only cash price that is known is that of a better cabin, which would flatter the award")]
    BetterCabin,
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

impl From<ValueError> for Unknown {
    fn from(error: ValueError) -> Self {
        match error {
            ValueError::ZeroPoints => Self::NoPoints,
            ValueError::NegativeFee(_) | ValueError::NoTaxes => Self::NoTaxes,
            ValueError::BetterCabin => Self::BetterCabin,
            ValueError::Rate(_) | ValueError::Currencies(_) => Self::Currencies,
            ValueError::NegativeCash
            | ValueError::NegativePart(_)
            | ValueError::NoCash
            | ValueError::NoNights
            | ValueError::UnknownProgramme
            | ValueError::OutOfRange => Self::NoCashPrice,
        }
    }
}

/// An award, valued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Valuation {
    /// The cash price it is compared with: the cheapest of the same cabin, route and day.
    pub cash: Option<Money>,
    /// Another cabin whose price that is, where the same cabin's is not known: the award is worth this much at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_from: Option<Cabin>,
    /// What a point is worth here, in hundredths of the cash price's currency.
    pub cents_per_point: Option<CentsPerPoint>,
    /// The same in US cents, in which valuations are published, where the cash price is in another currency and a rate is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub us_cents_per_point: Option<CentsPerPoint>,
    /// Why that is unknown.
    pub unknown: Option<Unknown>,
    /// What the programme's points are usually worth.
    pub baseline: Option<Baseline>,
    /// The verdict, where both are known.
    pub verdict: Option<Verdict>,
}

impl Valuation {
    /// What the same costs in money: another cabin's price is not what who pays in money would pay.
    pub fn same_for_money(&self) -> Option<Money> {
        self.cash.filter(|_| self.estimated_from.is_none())
    }

    /// Values an award on a day, at these exchange rates. O(1).
    pub fn of(
        programme: &ProgrammeId,
        points: Points,
        taxes: Option<Money>,
        cash: Option<Cash>,
        (on, rates): (Date, &Rates),
    ) -> Self {
        let fees = Fees { taxes, ..Fees::default() };
        let worth = Worth::of(points, &fees, cash, rates, on);
        let (compared, estimated_from) = cash.and_then(|cash| cash.comparable().ok()).unzip();
        let in_dollars = worth.as_ref().ok().and_then(|worth| in_us_cents(worth, points, rates, on).ok());
        let value = worth.map(|worth| worth.cents_per_point).map_err(Unknown::from);
        // Published valuations are in US cents; against a price that can't be converted they say nothing.
        let baseline = Baseline::of(programme, on).filter(|_| value.is_err() || in_dollars.is_some());
        Self {
            cash: compared,
            estimated_from: estimated_from.flatten(),
            cents_per_point: value.ok(),
            unknown: value.err(),
            baseline,
            us_cents_per_point: in_dollars.filter(|(_, rate_of)| rate_of.is_some()).map(|(cents, _)| cents),
            verdict: baseline.zip(in_dollars).map(|(baseline, (cents, _))| baseline.verdict(cents)),
        }
    }
}
