//! What an award is worth, and against what: cents per point with every fee as its own line, the verdict between published
//! valuations (or the member's own), and the cash price at which paying cash wins.
//!
//! Everything is worked out in whole minor units and ten-thousandths of a cent: exact, and rounded once, half to even.

mod baselines;
mod cash;
mod of_deals;
mod points;
mod stays;

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    flights::Cabin,
    language::Language,
    money::{CentsPerPoint, Currency, Money, Points, ProgrammeId},
    programmes::name_of,
    rates::{RateError, Rates, rounded},
    tables::BadTable,
};

pub use baselines::{Baseline, Published, STALE_AFTER_DAYS, Verdict};
pub use cash::Cash;
pub use of_deals::{Unknown, Valuation};
pub use points::{Basis, PointWorth, Valuations, own};
pub use stays::{
    FreeNight, FreeNights, MOST_NIGHTS, PriceKind, PriceLine, Stay, StayLines, StayPrice, WhichNight, Whom, points_for_stay,
};

/// Why an award can't be valued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// An award without points has no value per point.
    #[error("the award asks no points")]
    ZeroPoints,
    /// A fee below zero.
    #[error("{} must not be below zero", .0.as_str())]
    NegativeFee(FeeKind),
    /// A cash price below zero.
    #[error("the cash price must not be below zero")]
    NegativeCash,
    /// A part of a stay's price below zero.
    #[error("no part of the cash price must be below zero")]
    NegativePart(PriceKind),
    /// A programme that the table does not know.
    #[error("the programme is not known")]
    UnknownProgramme,
    /// Nothing to compare with. That is an unknown, not a zero.
    #[error("no comparable cash price is known")]
    NoCash,
    /// Nothing to compare with but the price of a better cabin.
    #[error("the only cash price that is known is that of a better cabin")]
    BetterCabin,
    /// What the award still costs is not known.
    #[error("the award's taxes are not known")]
    NoTaxes,
    /// Amounts are in several currencies, and can't be converted.
    #[error(transparent)]
    Rate(#[from] RateError),
    /// Nights of an airline: its awards are flights.
    #[error("an airline's awards are flights, which have no nights")]
    NoNights,
    /// A part of a stay's price in another currency than its nights.
    #[error("the parts of the cash price are in several currencies")]
    Currencies(PriceKind),
    /// Amounts that no price has.
    #[error("the amounts are out of range")]
    OutOfRange,
}

impl ValueError {
    /// The latest day before it for which there are exchange rates, where that is all that is missing.
    pub fn another_day(&self) -> Option<Date> {
        match self {
            Self::Rate(RateError::Stale { latest, .. }) => *latest,
            Self::Rate(RateError::NotQuoted(_) | RateError::OutOfRange)
            | Self::ZeroPoints
            | Self::NegativeFee(_)
            | Self::NegativeCash
            | Self::NegativePart(_)
            | Self::UnknownProgramme
            | Self::NoCash
            | Self::BetterCabin
            | Self::NoTaxes
            | Self::NoNights
            | Self::Currencies(_)
            | Self::OutOfRange => None,
        }
    }
}

/// Every row of the tables of what points are worth can be read.
pub(crate) fn check() -> Result<(), BadTable> {
    baselines::check()?;
    stays::check()
}

/// What an award costs in money, by kind. What is not given but for taxes is not charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fees {
    /// Taxes and airport charges; not given: not known.
    pub taxes: Option<Money>,
    /// What the carrier adds to them.
    pub carrier_surcharge: Option<Money>,
    /// For booking, such as by phone.
    pub booking: Option<Money>,
    /// For booking shortly before.
    pub close_in: Option<Money>,
    /// For transferring the points.
    pub transfer: Option<Money>,
    /// For paying in another currency.
    pub foreign_exchange: Option<Money>,
    /// What a hotel charges on top of an award night.
    pub resort: Option<Money>,
}

/// A kind of fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FeeKind {
    /// Taxes and airport charges.
    Taxes,
    /// What the carrier adds to them.
    CarrierSurcharge,
    /// For booking.
    Booking,
    /// For booking shortly before.
    CloseIn,
    /// For transferring the points.
    Transfer,
    /// For paying in another currency.
    ForeignExchange,
    /// What a hotel charges on top.
    Resort,
}

impl FeeKind {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Taxes => "taxes",
            Self::CarrierSurcharge => "carrier surcharge",
            Self::Booking => "booking fee",
            Self::CloseIn => "close-in fee",
            Self::Transfer => "transfer fee",
            Self::ForeignExchange => "foreign-exchange fee",
            Self::Resort => "resort fee",
        }
    }
}

impl Fees {
    /// Taxes alone.
    pub fn taxes(taxes: Money) -> Self {
        Self { taxes: Some(taxes), ..Self::default() }
    }

    /// Each with its kind, in the order in which they are shown.
    pub fn each(&self) -> [(FeeKind, Option<Money>); 7] {
        [
            (FeeKind::Taxes, self.taxes),
            (FeeKind::CarrierSurcharge, self.carrier_surcharge),
            (FeeKind::Booking, self.booking),
            (FeeKind::CloseIn, self.close_in),
            (FeeKind::Transfer, self.transfer),
            (FeeKind::ForeignExchange, self.foreign_exchange),
            (FeeKind::Resort, self.resort),
        ]
    }
}

/// A fee in the cash price's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What it is for.
    pub kind: FeeKind,
    /// How much.
    pub amount: Money,
    /// How much it was in its own currency, where that is another one.
    pub given: Option<Money>,
    /// The day of the exchange rate that it was converted by.
    #[schema(value_type = Option<String>, format = Date)]
    pub rate_of: Option<Date>,
}

/// What a point is worth in one use, and how that comes about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Worth {
    /// The cash price that it is compared with.
    pub cash: Money,
    /// Another cabin whose price that is: a cautious estimate, not the price of the same.
    pub estimated_from: Option<Cabin>,
    /// Every fee.
    pub lines: Vec<Line>,
    /// All of them.
    pub fees: Money,
    /// The cash price without them: what the points save.
    pub saved: Money,
    /// Hundredths of the cash price's currency that a point is worth.
    pub cents_per_point: CentsPerPoint,
}

impl Worth {
    /// (comparable cash price − what the award still costs in money) ÷ points × 100, rounded half to even to four decimals.
    /// O(1).
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn of(points: Points, fees: &Fees, cash: Option<Cash>, rates: &Rates, on: Date) -> Result<Self, ValueError> {
        if let Some(wrong) = faults(None, Some(points), fees, cash).next() {
            return Err(wrong);
        }
        let (cash, estimated_from) = cash.ok_or(ValueError::NoCash)?.comparable()?;
        fees.taxes.ok_or(ValueError::NoTaxes)?;
        let (mut lines, mut total) = (Vec::with_capacity(2), 0_i128);
        for (kind, fee) in fees.each() {
            let Some(given) = fee else { continue };
            let line = line(kind, given, cash.currency(), rates, on)?;
            total += line.amount.minor();
            lines.push(line);
        }
        let saved = cash.minor() - total;
        let money = |minor: i128| minor_money(minor, cash.currency());
        Ok(Self {
            cash,
            estimated_from,
            lines,
            fees: money(total)?,
            saved: money(saved)?,
            cents_per_point: per_point(saved, points, cash.currency(), (1, 1))?,
        })
    }
}

fn line(kind: FeeKind, given: Money, currency: Currency, rates: &Rates, on: Date) -> Result<Line, RateError> {
    if given.currency() == currency {
        return Ok(Line { kind, amount: given, given: None, rate_of: None });
    }
    let rate = rates.between(given.currency(), currency, on)?;
    Ok(Line { kind, amount: rate.convert(given)?, given: Some(given), rate_of: Some(rate.day) })
}

/// Of an amount in minor units, converted by a fraction to those of a currency. Rounded once.
fn per_point(minor: i128, points: Points, currency: Currency, (times, over): (i128, i128)) -> Result<CentsPerPoint, ValueError> {
    // Hundredths of the major unit, in ten-thousandths: × 100 × 10^4 ÷ 10^digits.
    let over = (i128::from(points.get()) * 10_i128.pow(currency.minor_digits())).checked_mul(over);
    let cents = (minor * 1_000_000).checked_mul(times).zip(over).map(|(minor, over)| rounded(minor, over));
    cents.and_then(|cents| i64::try_from(cents).ok()).map(CentsPerPoint::from_ten_thousandths).ok_or(ValueError::OutOfRange)
}

/// What a point is worth in US cents, in which valuations are published, and the day of the rate, if it took one.
fn in_us_cents(worth: &Worth, points: Points, rates: &Rates, on: Date) -> Result<(CentsPerPoint, Option<Date>), ValueError> {
    let currency = worth.cash.currency();
    if currency == Currency::USD {
        return Ok((worth.cents_per_point, None));
    }
    let rate = rates.between(currency, Currency::USD, on)?;
    Ok((per_point(worth.saved.minor(), points, Currency::USD, rate.fraction())?, Some(rate.day)))
}

fn minor_money(minor: i128, currency: Currency) -> Result<Money, ValueError> {
    let minor = i64::try_from(minor).map_err(|_| ValueError::OutOfRange)?;
    Money::from_minor(minor, currency).map_err(|_| ValueError::OutOfRange)
}

/// Everything that is wrong with what is given of an award, whatever else is not known of it.
pub fn faults(
    programme: Option<&ProgrammeId>,
    points: Option<Points>,
    fees: &Fees,
    cash: Option<Cash>,
) -> impl Iterator<Item = ValueError> {
    let unknown = programme.filter(|programme| name_of(programme).is_none()).map(|_| ValueError::UnknownProgramme);
    let none = points.filter(|points| points.get() == 0).map(|_| ValueError::ZeroPoints);
    let cash = cash.filter(|cash| cash.price().is_negative()).map(|_| ValueError::NegativeCash);
    let below = fees.each().into_iter().filter(|(_, fee)| fee.is_some_and(Money::is_negative));
    unknown.into_iter().chain(none).chain(cash).chain(below.map(|(kind, _)| ValueError::NegativeFee(kind)))
}

/// An award, and what it takes to value it.
#[derive(Debug, Clone, Copy)]
pub struct Award<'a> {
    /// Whose points.
    pub programme: &'a ProgrammeId,
    /// How many.
    pub points: Points,
    /// What it costs besides.
    pub fees: Fees,
    /// What it would cost in money alone.
    pub cash: Option<Cash>,
    /// The day for which money is converted and valuations are looked at.
    pub on: Date,
}

/// What an award's value is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Yardstick {
    /// What the programme's points are usually worth, in US cents.
    #[serde(flatten)]
    pub usual: Baseline,
    /// Whether that is what the member says, not what is published.
    pub own: bool,
    /// When the floor was published, at the latest.
    #[schema(value_type = Option<String>, format = Date)]
    pub floor_as_of: Option<Date>,
    /// When the ceiling was.
    #[schema(value_type = Option<String>, format = Date)]
    pub ceiling_as_of: Option<Date>,
    /// Whether either was long ago.
    pub stale: bool,
}

impl Yardstick {
    /// What a programme's points are held against on a day: what the member says, or else what is published, if anything is.
    pub fn of(programme: &ProgrammeId, own: Option<CentsPerPoint>, on: Date) -> Option<Self> {
        own.map(Self::own).or_else(|| Published::of(programme, on).map(|published| published.yardstick(on)))
    }

    /// What the member says: it has no date.
    fn own(cents: CentsPerPoint) -> Self {
        let usual = Baseline { floor: cents, ceiling: cents };
        Self { usual, own: true, floor_as_of: None, ceiling_as_of: None, stale: false }
    }
}

/// Below which cash price paying cash is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BreakEven {
    /// By the lowest valuation: below this, cash wins whoever is right.
    pub floor: Money,
    /// By the highest: above this, points win whoever is right.
    pub ceiling: Money,
}

impl fmt::Display for BreakEven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let money = |amount| Language::English.money(amount);
        let (floor, ceiling) = (money(self.floor), money(self.ceiling));
        let ceiling = if floor == ceiling { "it" } else { &ceiling };
        write!(f, "Paying cash wins below {floor}, points win above {ceiling}")
    }
}

/// An award, valued and judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Appraisal {
    /// What a point is worth here.
    #[serde(flatten)]
    pub worth: Worth,
    /// The same in US cents, in which valuations are published.
    pub us_cents_per_point: CentsPerPoint,
    /// The day of the exchange rate, where the cash price is in another currency than US dollars.
    #[schema(value_type = Option<String>, format = Date)]
    pub rate_of: Option<Date>,
    /// What it is held against, if anything is known.
    pub baseline: Option<Yardstick>,
    /// How good a use of the points it is.
    pub verdict: Option<Verdict>,
    /// At which cash price that would turn.
    pub break_even: Option<BreakEven>,
}

/// Values an award and judges it, by the member's own valuation where there is one. O(1).
///
/// # Errors
/// What is missing or wrong.
pub fn appraise(award: &Award<'_>, own: Option<CentsPerPoint>, rates: &Rates) -> Result<Appraisal, ValueError> {
    name_of(award.programme).ok_or(ValueError::UnknownProgramme)?;
    let worth = Worth::of(award.points, &award.fees, award.cash, rates, award.on)?;
    let (us_cents_per_point, rate_of) = in_us_cents(&worth, award.points, rates, award.on)?;
    let baseline = Yardstick::of(award.programme, own, award.on);
    let break_even = baseline.map(|baseline| break_even(award, &worth, baseline.usual, rates)).transpose()?;
    let verdict = baseline.map(|baseline| baseline.usual.verdict(us_cents_per_point));
    Ok(Appraisal { worth, us_cents_per_point, rate_of, baseline, verdict, break_even })
}

/// Fees + points × valuation, in the cash price's currency.
fn break_even(award: &Award<'_>, worth: &Worth, usual: Baseline, rates: &Rates) -> Result<BreakEven, ValueError> {
    let currency = worth.cash.currency();
    let dollars = currency == Currency::USD;
    let (times, over) = if dollars { (1, 1) } else { rates.between(Currency::USD, currency, award.on)?.fraction() };
    let at = |cents: CentsPerPoint| {
        let points = i128::from(award.points.get()) * i128::from(cents.ten_thousandths());
        let points = points.checked_mul(times).map(|points| rounded(points, 10_000 * over)).ok_or(ValueError::OutOfRange)?;
        minor_money(points + worth.fees.minor(), currency)
    };
    Ok(BreakEven { floor: at(usual.floor)?, ceiling: at(usual.ceiling)? })
}

#[cfg(test)]
mod tests;
