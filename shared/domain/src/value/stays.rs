//! Stays: what a room costs in money, and what programmes let one stay for nothing.

use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ValueError, baselines::is_stale};
use crate::{
    money::{Money, Points, ProgrammeId},
    programmes::{Kind, kind_of, name_of},
    tables::{BadTable, every_row},
    time::first_day,
};

/// What a stay costs in money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StayPrice {
    /// Each night, or several of them together, before what follows.
    pub nights: Vec<Money>,
    /// Taxes of the whole stay.
    pub taxes: Option<Money>,
    /// Resort and similar fees of the whole stay: who pays cash pays them too.
    pub resort_fees: Option<Money>,
}

impl StayPrice {
    /// All of it.
    ///
    /// # Errors
    /// Without nights there is no price; parts must not be below zero, and in one currency.
    pub fn total(&self) -> Result<Money, ValueError> {
        let (first, others) = self.nights.split_first().ok_or(ValueError::NoCash)?;
        if let Some(wrong) = self.faults().next() {
            return Err(wrong);
        }
        let others = others.iter().copied().chain(self.taxes).chain(self.resort_fees);
        others.into_iter().try_fold(*first, |sum, part| sum.plus(part).map_err(|_| ValueError::OutOfRange))
    }

    /// Everything that is wrong with what is given of it, each part named once.
    pub fn faults(&self) -> impl Iterator<Item = ValueError> {
        let parts = [
            (PriceKind::Nights, self.nights.as_slice()),
            (PriceKind::Taxes, self.taxes.as_slice()),
            (PriceKind::ResortFees, self.resort_fees.as_slice()),
        ];
        let currency = self.nights.first().map(|first| first.currency());
        parts.into_iter().filter_map(move |(kind, amounts)| {
            let is_other = |amount: &Money| currency.is_some_and(|currency| amount.currency() != currency);
            if amounts.iter().any(|amount| amount.is_negative()) {
                Some(ValueError::NegativePart(kind))
            } else {
                amounts.iter().any(is_other).then_some(ValueError::Currencies(kind))
            }
        })
    }

    /// Each part that there is, the nights together.
    ///
    /// # Errors
    /// As [`Self::total`].
    pub fn lines(&self) -> Result<Vec<PriceLine>, ValueError> {
        let nights = Self { taxes: None, resort_fees: None, ..self.clone() }.total()?;
        let parts =
            [(PriceKind::Nights, Some(nights)), (PriceKind::Taxes, self.taxes), (PriceKind::ResortFees, self.resort_fees)];
        Ok(parts.into_iter().filter_map(|(kind, amount)| Some(PriceLine { kind, amount: amount? })).collect())
    }
}

/// A part of what a stay costs in money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceLine {
    /// Which.
    pub kind: PriceKind,
    /// How much.
    pub amount: Money,
}

/// A part of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PriceKind {
    /// All nights.
    Nights,
    /// Their taxes.
    Taxes,
    /// What the hotel charges besides.
    ResortFees,
}

impl PriceKind {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nights => "nights",
            Self::Taxes => "taxes of the cash price",
            Self::ResortFees => "resort fees of the cash price",
        }
    }
}

/// The longest stay that is valued, in nights.
pub const MOST_NIGHTS: u8 = 30;

/// A stay that asks as many points each night, and what it would cost in money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// How many nights: 1 to [`MOST_NIGHTS`].
    pub nights: u8,
    /// What each asks.
    pub points_a_night: Points,
    /// Whether the member comes under a rule of free nights that is not for everyone.
    pub under_rule: bool,
    /// What it costs in money, where that is known.
    pub price: Option<StayPrice>,
}

/// How what a stay asks, and what it is compared with, come about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StayLines {
    /// How many nights.
    pub nights: u8,
    /// What each asks.
    pub points_a_night: Points,
    /// Those that ask nothing, where the programme has such a rule.
    pub free_nights: Option<FreeNights>,
    /// What all of them ask.
    pub points: Points,
    /// The parts of the price in money. Empty: it is not known.
    pub price: Vec<PriceLine>,
}

/// Nights that ask no points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreeNights {
    /// The programme's rule.
    pub rule: FreeNight,
    /// Whether it is applied: it is for everyone, or the member says that they come under it.
    pub applied: bool,
    /// How many nights are free.
    pub nights: u8,
    /// The points that they would ask.
    pub points: Points,
    /// Whether the rule was told of long ago.
    pub stale: bool,
}

impl Stay {
    /// Whether a programme's awards may be stays.
    ///
    /// # Errors
    /// If it is an airline's.
    pub fn at(programme: &ProgrammeId) -> Result<(), ValueError> {
        if kind_of(programme) == Some(Kind::Airline) { Err(ValueError::NoNights) } else { Ok(()) }
    }

    /// What it asks, by the rules of a programme, as they stand on a day. O(nights).
    ///
    /// # Errors
    /// If it asks nothing, or more than there are, or its price can't be summed up; or if the programme is an airline's.
    pub fn lines(&self, programme: &ProgrammeId, on: Date) -> Result<StayLines, ValueError> {
        Self::at(programme)?;
        let each = vec![self.points_a_night; self.nights.into()];
        let whole = points_for_stay(&each, None)?;
        let rule = FreeNight::of(programme);
        let applied = rule.filter(|rule| rule.whom == Whom::Everyone || self.under_rule);
        let points = points_for_stay(&each, applied)?;
        let saved: Points = whole.get().saturating_sub(points.get()).try_into().map_err(|_| ValueError::OutOfRange)?;
        let free_nights = rule.map(|rule| {
            let nights = applied.map_or(0, |rule| self.nights / rule.every);
            let stale = is_stale(rule.as_of, on);
            FreeNights { rule: rule.clone(), applied: applied.is_some(), nights, points: saved, stale }
        });
        let price = self.price.as_ref().map(StayPrice::lines).transpose()?.unwrap_or_default();
        Ok(StayLines { nights: self.nights, points_a_night: self.points_a_night, free_nights, points, price })
    }
}

/// That of so many nights one costs no points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreeNight {
    /// Whose rule.
    pub programme: ProgrammeId,
    /// Of so many nights in a row.
    pub every: u8,
    /// Which of them.
    pub which: WhichNight,
    /// Who gets it.
    pub whom: Whom,
    /// Who says so.
    pub source: String,
    /// When they said so.
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
}

/// Which night is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhichNight {
    /// The cheapest.
    Cheapest,
    /// The last of them.
    Last,
}

/// Who gets a free night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Whom {
    /// Every member.
    Everyone,
    /// Members with a status.
    EliteMembers,
    /// Holders of one of its cards.
    CardHolders,
}

static RULES: LazyLock<Vec<FreeNight>> = LazyLock::new(|| TABLE.lines().skip(1).filter_map(rule).collect());

const TABLE: &str = include_str!("../../data/free-nights.csv");

/// Every row of the table can be read, and is of a programme.
pub(super) fn check() -> Result<(), BadTable> {
    every_row("free-nights.csv", TABLE, |line| rule(line).is_some_and(|rule| name_of(&rule.programme).is_some()))
}

fn rule(line: &str) -> Option<FreeNight> {
    let mut fields = line.split(',');
    let (programme, every) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok().filter(|every| *every > 0)?);
    let which = match fields.next()? {
        "cheapest" => WhichNight::Cheapest,
        "last" => WhichNight::Last,
        _ => return None,
    };
    let whom = match fields.next()? {
        "everyone" => Whom::Everyone,
        "elite-members" => Whom::EliteMembers,
        "card-holders" => Whom::CardHolders,
        _ => return None,
    };
    let (source, as_of) = (fields.next()?.to_owned(), first_day(fields.next()?)?);
    Some(FreeNight { programme, every, which, whom, source, as_of })
}

impl FreeNight {
    /// A programme's rule, if it has one (`data/free-nights.csv`).
    pub fn of(programme: &ProgrammeId) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.programme == *programme)
    }
}

/// What a stay costs in points, night by night: of each full group of nights one is free, if there is such a rule and the
/// member comes under it. O(nights).
///
/// # Errors
/// If it comes to nothing, or to more than there are.
pub fn points_for_stay(nights: &[Points], rule: Option<&FreeNight>) -> Result<Points, ValueError> {
    let whole: u64 = nights.iter().map(|night| night.get()).sum();
    let free: u64 = rule.map_or(0, |rule| {
        let groups = nights.chunks_exact(rule.every.into());
        let of_group = |group: &[Points]| match rule.which {
            WhichNight::Cheapest => group.iter().min().copied(),
            WhichNight::Last => group.last().copied(),
        };
        groups.filter_map(of_group).map(Points::get).sum()
    });
    match Points::try_from(whole - free) {
        Ok(points) if points.get() == 0 => Err(ValueError::ZeroPoints),
        Ok(points) => Ok(points),
        Err(_) => Err(ValueError::OutOfRange),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::money::Currency;

    fn nights(points: &[u64]) -> Vec<Points> {
        points.iter().map(|points| (*points).try_into().unwrap()).collect()
    }

    fn stay(programme: &str, points: &[u64]) -> u64 {
        points_for_stay(&nights(points), FreeNight::of(&programme.parse().unwrap())).unwrap().get()
    }

    #[test]
    fn every_rule_is_read() {
        assert_eq!(RULES.len(), TABLE.lines().count() - 1);
    }

    #[test]
    fn five_nights_at_the_moxy_paris_bastille_cost_four() {
        // Million Mile Secrets: 35,000 Marriott points a night; 140,000 for four, and for five.
        assert_eq!((stay("marriott-bonvoy", &[35_000; 4]), stay("marriott-bonvoy", &[35_000; 5])), (140_000, 140_000));
    }

    #[test]
    fn which_night_is_free_is_the_programmes_rule() {
        assert_eq!(stay("marriott-bonvoy", &[50, 10, 20, 30, 40]), 140);
        assert_eq!(stay("hilton", &[50, 10, 20, 30, 40]), 110);
        assert_eq!(stay("ihg", &[10; 9]), 70);
        assert_eq!(stay("hyatt", &[10; 9]), 90);
    }

    #[test]
    fn a_free_night_is_a_line_and_counts_for_whom_it_is_meant() {
        let lines = |programme: &str, under_rule| {
            let stay = Stay { nights: 5, points_a_night: 35_000.try_into().unwrap(), under_rule, price: None };
            let lines = stay.lines(&programme.parse().unwrap(), date(2026, 11, 21)).unwrap();
            let free = lines.free_nights.map(|free| (free.applied, free.nights, free.points.get()));
            (lines.points.get(), free)
        };
        assert_eq!(lines("marriott-bonvoy", false), (140_000, Some((true, 1, 35_000))));
        assert_eq!(lines("hilton", false), (175_000, Some((false, 0, 0))));
        assert_eq!(lines("hilton", true), (140_000, Some((true, 1, 35_000))));
        assert_eq!(lines("hyatt", true), (175_000, None));
    }

    #[test]
    fn a_rule_that_was_told_of_more_than_a_year_ago_is_stale() {
        // The Points Guy told of it on 2022-01-14.
        let stale = |on| {
            let stay = Stay { nights: 5, points_a_night: 35_000.try_into().unwrap(), under_rule: false, price: None };
            stay.lines(&"marriott-bonvoy".parse().unwrap(), on).unwrap().free_nights.unwrap().stale
        };
        assert_eq!([date(2022, 1, 14), date(2023, 1, 14), date(2023, 1, 15)].map(stale), [false, false, true]);
    }

    #[test]
    fn who_pays_cash_pays_taxes_and_resort_fees_too() {
        let usd = |minor| Money::from_minor(minor, Currency::USD).unwrap();
        let price = StayPrice { nights: vec![usd(20_000), usd(25_000)], taxes: Some(usd(5_850)), resort_fees: Some(usd(9_000)) };
        assert_eq!(price.total(), Ok(usd(59_850)));
        assert_eq!(StayPrice { nights: vec![], ..price.clone() }.total(), Err(ValueError::NoCash));
        let kinds: Vec<_> = price.lines().unwrap().into_iter().map(|line| (line.kind, line.amount)).collect();
        let expected = [(PriceKind::Nights, usd(45_000)), (PriceKind::Taxes, usd(5_850)), (PriceKind::ResortFees, usd(9_000))];
        assert_eq!(kinds, expected);
        let euros = Some("5EUR".parse().unwrap());
        assert_eq!(StayPrice { taxes: euros, ..price.clone() }.total(), Err(ValueError::Currencies(PriceKind::Taxes)));
        let negative = StayPrice { resort_fees: Some(usd(-1)), ..price.clone() };
        assert_eq!(negative.total(), Err(ValueError::NegativePart(PriceKind::ResortFees)));
        let negative = StayPrice { nights: vec![usd(20_000), usd(-1)], ..price };
        assert_eq!(negative.total(), Err(ValueError::NegativePart(PriceKind::Nights)));
    }
}
