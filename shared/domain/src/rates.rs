//! Exchange rates, each with its day: the European Central Bank's reference rates (`data/rates.csv`, sources in
//! `data/SOURCES.md`), or those of a later day that were fetched.

use std::{collections::BTreeSet, sync::LazyLock};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    money::{Currency, Money},
    tables::{BadTable, every_row},
};

/// How old a rate may be on the day for which it is asked, in days. The bank quotes on its working days: at Easter and at the
/// turn of the year that leaves four days at most without.
pub const MAX_AGE_DAYS: i32 = 7;

/// For how many days a jump is held for an error. Less than [`MAX_AGE_DAYS`]: when it turns out to be none, the former rates still
/// count until the next ones are taken.
const STRICT_DAYS: i32 = MAX_AGE_DAYS - 2;

/// How many currencies may go at once. The bank gives up one now and then, when a country takes the euro or its market is closed.
const MOST_LOST: usize = 2;

/// Rates are kept as whole millionths.
const SCALE: u32 = 6;

/// Why there is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// The bank quotes no such currency.
    #[error("no exchange rate is known for {0}")]
    NotQuoted(Currency),
    /// Nothing is known for that day, nor for the week before it.
    #[error("no exchange rate is known for {on}{}", before(*.latest))]
    Stale {
        /// The latest day before it.
        latest: Option<Date>,
        /// The day asked for.
        on: Date,
    },
    /// What comes out is no amount that a price can have.
    #[error("the converted amount is out of range")]
    OutOfRange,
}

/// What is known before a day for which there is no rate.
fn before(latest: Option<Date>) -> String {
    latest.map_or(" or any day before it".to_owned(), |day| format!(": the latest before it is of {day}"))
}

/// Why the rates of a day are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Implausible {
    /// It has not come yet.
    #[error("{0} has not come yet")]
    Future(Date),
    /// Later ones are known.
    #[error("they are of {of}, and those of {latest} are known")]
    Older {
        /// The day they are of.
        of: Date,
        /// The latest known.
        latest: Date,
    },
    /// A rate is not above zero, or has more than six decimals.
    #[error("the rate of {0} is none")]
    NoRate(Currency),
    /// A currency is quoted twice.
    #[error("{0} is quoted twice")]
    Twice(Currency),
    /// They are not for one euro: it is quoted itself.
    #[error("they are not for one euro")]
    NotPerEuro,
    /// The dollar is missing, in which valuations are published.
    #[error("the US dollar is not quoted")]
    NoDollar,
    /// More currencies are gone than the bank gives up at once.
    #[error("{missing} of the currencies of {since} are missing")]
    Lost {
        /// How many.
        missing: usize,
        /// The day on which they were quoted.
        since: Date,
    },
    /// A currency has moved by more than any does in that time.
    #[error("{currency} has moved further since {since} than is plausible")]
    Jump {
        /// Which.
        currency: Currency,
        /// The day of the rate that it is held against.
        since: Date,
    },
}

/// What a euro was worth on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DayRates {
    /// The day.
    pub day: Date,
    /// Millionths of a currency for one euro, each above zero.
    per_euro: Vec<(Currency, u64)>,
}

impl DayRates {
    /// From units of each currency for one euro. What is not above zero, or has more than six decimals, is left out.
    pub fn new(day: Date, per_euro: impl IntoIterator<Item = (Currency, Decimal)>) -> Self {
        let exact = |units: Decimal| {
            let millionths = units.checked_mul(Decimal::from(10_u64.pow(SCALE)))?;
            u64::try_from(millionths).ok().filter(|whole| *whole > 0 && Decimal::from(*whole) == millionths)
        };
        let per_euro = per_euro.into_iter().filter_map(|(currency, units)| Some((currency, exact(units)?)));
        Self { day, per_euro: per_euro.collect() }
    }

    /// The same, with nothing left out.
    ///
    /// # Errors
    /// What is wrong with them by themselves.
    pub fn whole(day: Date, per_euro: &[(Currency, Decimal)]) -> Result<Self, Implausible> {
        let rates = Self::new(day, per_euro.iter().copied());
        let is_in = |currency: &Currency| rates.per_euro.iter().any(|(quoted, _)| quoted == currency);
        if let Some((currency, _)) = per_euro.iter().find(|(currency, _)| !is_in(currency)) {
            return Err(Implausible::NoRate(*currency));
        }
        let mut seen = BTreeSet::new();
        match per_euro.iter().find(|(currency, _)| !seen.insert(currency.to_string())) {
            Some((currency, _)) => Err(Implausible::Twice(*currency)),
            None if is_in(&Currency::EUR) => Err(Implausible::NotPerEuro),
            None if !is_in(&Currency::USD) => Err(Implausible::NoDollar),
            None => Ok(rates),
        }
    }

    fn of(&self, currency: Currency) -> Result<u64, RateError> {
        if currency == Currency::EUR {
            return Ok(10_u64.pow(SCALE));
        }
        let quoted = self.per_euro.iter().find(|(quoted, _)| *quoted == currency);
        quoted.map(|(_, units)| *units).ok_or(RateError::NotQuoted(currency))
    }

    /// How many currencies are quoted.
    pub fn quoted(&self) -> usize {
        self.per_euro.len()
    }
}

/// The rates of some days, in order, and how old they may be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rates(Vec<DayRates>, Age);

/// How old a rate may be on the day for which it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Age {
    /// [`MAX_AGE_DAYS`].
    #[default]
    Recent,
    /// As old as it is.
    Any,
}

const TABLE: &str = include_str!("../data/rates.csv");

static SHIPPED: LazyLock<Rates> = LazyLock::new(|| read(TABLE));

/// Every day of the shipped table can be read, with a rate of each currency of its heading.
pub(crate) fn check() -> Result<(), BadTable> {
    let quoted = TABLE.lines().next().unwrap_or_default().split(',').count() - 1;
    let days = Rates::shipped().0.as_slice();
    every_row("rates.csv", TABLE, |line| {
        let day = line.split(',').next().and_then(|day| day.parse::<Date>().ok());
        day.is_some_and(|day| days.iter().any(|known| known.day == day && known.per_euro.len() == quoted))
    })
}

/// A table of days and currencies: days and fields that are none are left out, which [`check`] finds.
fn read(table: &str) -> Rates {
    let mut lines = table.lines();
    let currencies: Vec<Option<Currency>> =
        lines.next().unwrap_or_default().split(',').skip(1).map(|code| code.parse().ok()).collect();
    let day = |line: &str| {
        let (day, fields) = line.split_once(',')?;
        let quoted = currencies.iter().zip(fields.split(','));
        Some(DayRates::new(day.parse().ok()?, quoted.filter_map(|(currency, units)| Some(((*currency)?, units.parse().ok()?)))))
    };
    Rates(lines.filter_map(day).collect(), Age::Recent)
}

impl Rates {
    /// Those that are shipped.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// The same, of which the latest up to a day counts however old it is: for who is told its day, and would else be told nothing.
    #[must_use]
    pub fn of_any_age(self) -> Self {
        Self(self.0, Age::Any)
    }

    /// With those of one more day; a day that is known is replaced.
    #[must_use]
    pub fn with(mut self, day: DayRates) -> Self {
        self.0.retain(|known| known.day != day.day);
        let at = self.0.partition_point(|known| known.day < day.day);
        self.0.insert(at, day);
        self
    }

    /// The latest day up to one that rates are known of.
    pub fn latest(&self, on: Date) -> Option<Date> {
        self.latest_of(on).map(|latest| latest.day)
    }

    fn latest_of(&self, on: Date) -> Option<&DayRates> {
        let known = self.0.partition_point(|known| known.day <= on);
        self.0.get(..known).and_then(<[DayRates]>::last)
    }

    /// The latest before a day: rates of the day itself may be what is corrected.
    fn latest_before(&self, day: Date) -> Option<&DayRates> {
        self.latest_of(day.yesterday().ok()?)
    }

    /// Whether those of a day can follow what is known, of which `fetched` is the latest that was fetched.
    ///
    /// # Errors
    /// Why not.
    pub fn follows(&self, rates: &DayRates, fetched: Option<Date>, today: Date) -> Result<(), Implausible> {
        match fetched.filter(|latest| *latest > rates.day) {
            Some(latest) => Err(Implausible::Older { of: rates.day, latest }),
            None => self.plausible(rates, today),
        }
    }

    /// Holds those of a day against the latest before it: no more than [`MOST_LOST`] currencies are gone; within [`STRICT_DAYS`] none
    /// moves by more than a quarter, and over longer it is not worth more than twice, nor less than half. O(n²) in the currencies,
    /// which are a few dozen.
    ///
    /// # Errors
    /// What is not plausible.
    fn plausible(&self, rates: &DayRates, today: Date) -> Result<(), Implausible> {
        if rates.day > today {
            return Err(Implausible::Future(rates.day));
        }
        let Some(before) = self.latest_before(rates.day) else { return Ok(()) };
        let missing = before.per_euro.iter().filter(|(currency, _)| rates.of(*currency).is_err()).count();
        if missing > MOST_LOST {
            return Err(Implausible::Lost { missing, since: before.day });
        }
        let is_recent = (rates.day - before.day).get_days() <= STRICT_DAYS;
        let jumped = |(currency, now): &&(Currency, u64)| {
            let Ok(then) = before.of(*currency).map(u128::from) else { return false };
            let now = u128::from(*now);
            if is_recent { now.abs_diff(then) * 4 > then } else { now > then * 2 || now * 2 < then }
        };
        match rates.per_euro.iter().find(jumped) {
            Some((currency, _)) => Err(Implausible::Jump { currency: *currency, since: before.day }),
            None => Ok(()),
        }
    }

    /// The rate between two currencies for a day: that of the latest day up to it, at most [`MAX_AGE_DAYS`] old unless they are
    /// [`Rates::of_any_age`]. O(log n) in the days.
    ///
    /// # Errors
    /// If one of them is not quoted, or there is no rate that is recent enough.
    pub fn between(&self, from: Currency, to: Currency, on: Date) -> Result<Rate, RateError> {
        if from == to {
            return Ok(Rate { from, to, times: 1, over: 1, day: on });
        }
        let latest = self.latest_of(on);
        let fresh = latest.filter(|latest| self.1 == Age::Any || (on - latest.day).get_days() <= MAX_AGE_DAYS);
        let latest = fresh.ok_or(RateError::Stale { latest: latest.map(|latest| latest.day), on })?;
        Ok(Rate { from, to, times: latest.of(to)?, over: latest.of(from)?, day: latest.day })
    }

    /// An amount in another currency, at the rate for a day, rounded half to even to its minor unit.
    ///
    /// # Errors
    /// As [`Rates::between`], or if it is out of range.
    pub fn convert(&self, money: Money, to: Currency, on: Date) -> Result<Money, RateError> {
        self.between(money.currency(), to, on)?.convert(money)
    }

    /// An amount in US dollars, at the rate for a day.
    ///
    /// # Errors
    /// As [`Rates::convert`].
    pub fn in_dollars(&self, money: Money, on: Date) -> Result<Dollars, RateError> {
        let rate = self.between(money.currency(), Currency::USD, on)?;
        let given = (money.currency() != Currency::USD).then_some(Given { amount: money, rate_of: rate.day });
        Ok(Dollars { amount: rate.convert(money)?, given })
    }
}

/// An amount in US dollars, and how it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dollars {
    /// In US dollars.
    pub amount: Money,
    /// In its own currency, where that is another one.
    pub given: Option<Given>,
}

/// How an amount was given that was converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Given {
    /// In its own currency.
    pub amount: Money,
    /// The day of the exchange rate that it was converted by.
    #[schema(value_type = String, format = Date)]
    pub rate_of: Date,
}

/// What one currency was worth in another on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    from: Currency,
    to: Currency,
    times: u64,
    over: u64,
    /// The day that it is of.
    pub day: Date,
}

impl Rate {
    /// What a minor unit is in minor units of the other currency: exact, as a fraction.
    pub(crate) fn fraction(&self) -> (i128, i128) {
        let times = i128::from(self.times) * 10_i128.pow(self.to.minor_digits());
        let over = i128::from(self.over) * 10_i128.pow(self.from.minor_digits());
        (times, over)
    }

    /// The amount in the other currency, rounded half to even to its minor unit.
    ///
    /// # Errors
    /// If it is out of range, or in another currency than the rate is from.
    pub fn convert(&self, money: Money) -> Result<Money, RateError> {
        if money.currency() != self.from {
            return Err(RateError::NotQuoted(money.currency()));
        }
        let (times, over) = self.fraction();
        let minor = money.minor().checked_mul(times).map(|product| rounded(product, over)).ok_or(RateError::OutOfRange)?;
        i64::try_from(minor).ok().and_then(|minor| Money::from_minor(minor, self.to).ok()).ok_or(RateError::OutOfRange)
    }
}

/// The quotient, rounded half to even. `over` is above zero.
pub(crate) fn rounded(value: i128, over: i128) -> i128 {
    let (whole, rest) = (value.div_euclid(over), value.rem_euclid(over));
    match (rest * 2).cmp(&over) {
        std::cmp::Ordering::Less => whole,
        std::cmp::Ordering::Equal => whole + whole.rem_euclid(2),
        std::cmp::Ordering::Greater => whole + 1,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn money(text: &str, currency: &str) -> Money {
        Money::new(text.parse().unwrap(), currency.parse().unwrap()).unwrap()
    }

    fn between(from: &str, to: &str, on: Date) -> Result<Rate, RateError> {
        Rates::shipped().between(from.parse().unwrap(), to.parse().unwrap(), on)
    }

    #[test]
    fn every_field_of_the_shipped_table_is_read() {
        let mut reader = csv::Reader::from_reader(include_bytes!("../data/rates.csv").as_slice());
        let currencies = reader.headers().unwrap().len() - 1;
        let days = reader.records().map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(Rates::shipped().0.len(), days.len());
        assert!(Rates::shipped().0.iter().all(|day| day.quoted() == currencies));
        assert!(Rates::shipped().0.is_sorted_by_key(|day| day.day));
    }

    #[test]
    fn money_is_converted_by_the_day_and_rounded_to_the_minor_unit() {
        // 2026-04-13: 1 EUR = 1.1684 USD = 186.75 JPY. 100 USD / 1.1684 = 85.587 EUR; × 186.75 = 15,983.4 JPY.
        let day = date(2026, 4, 13);
        assert_eq!(between("USD", "EUR", day).unwrap().convert(money("100", "USD")), Ok(money("85.59", "EUR")));
        assert_eq!(between("USD", "JPY", day).unwrap().convert(money("100", "USD")), Ok(money("15983", "JPY")));
        assert_eq!(between("JPY", "USD", day).unwrap().convert(money("15983", "JPY")), Ok(money("100.00", "USD")));
    }

    #[test]
    fn a_rate_names_its_day_and_an_old_one_is_refused() {
        // 2026-04-12 is a Sunday.
        assert_eq!(between("USD", "EUR", date(2026, 4, 12)).unwrap().day, date(2026, 4, 10));
        assert_eq!(between("USD", "EUR", date(2026, 4, 20)).unwrap().day, date(2026, 4, 13));
        let latest = Some(date(2026, 4, 13));
        assert_eq!(between("USD", "EUR", date(2026, 4, 21)), Err(RateError::Stale { latest, on: date(2026, 4, 21) }));
        assert_eq!(between("USD", "EUR", date(2020, 1, 1)), Err(RateError::Stale { latest: None, on: date(2020, 1, 1) }));
        assert_eq!(between("USD", "KWD", date(2026, 4, 13)), Err(RateError::NotQuoted("KWD".parse().unwrap())));
        assert!(between("KWD", "KWD", date(2020, 1, 1)).is_ok());
    }

    #[test]
    fn of_any_age_the_latest_counts_and_names_its_day() {
        let rates = Rates::shipped().clone().of_any_age();
        let day = |on| rates.between(Currency::USD, Currency::EUR, on).map(|rate| rate.day);
        assert_eq!(day(date(2026, 11, 22)), Ok(date(2026, 4, 13)));
        let on = date(2020, 1, 1);
        assert_eq!(day(on), Err(RateError::Stale { latest: None, on }), "what comes later is none");
    }

    #[test]
    fn a_later_day_joins_in_order() {
        let later = DayRates::new(date(2026, 11, 20), [("USD".parse().unwrap(), "1.25".parse().unwrap())]);
        let rates = Rates::shipped().clone().with(later.clone()).with(later);
        let rate = rates.between(Currency::USD, Currency::EUR, date(2026, 11, 21)).unwrap();
        assert_eq!(rate.convert(money("10", "USD")), Ok(money("8", "EUR")));
        assert_eq!(rates.0.len(), Rates::shipped().0.len() + 1);
    }

    fn quoted(day: Date, rates: &[(&str, &str)]) -> Result<DayRates, Implausible> {
        let rates: Vec<_> = rates.iter().map(|(code, units)| (code.parse().unwrap(), units.parse().unwrap())).collect();
        DayRates::whole(day, &rates)
    }

    #[test]
    fn a_day_is_taken_whole_or_not_at_all() {
        let day = date(2026, 4, 14);
        assert!(quoted(day, &[("USD", "1.17"), ("JPY", "187.1")]).is_ok());
        let yen = "JPY".parse().unwrap();
        assert_eq!(quoted(day, &[("USD", "1.17"), ("JPY", "0")]), Err(Implausible::NoRate(yen)));
        assert_eq!(quoted(day, &[("USD", "1.17"), ("JPY", "-187")]), Err(Implausible::NoRate(yen)));
        assert_eq!(quoted(day, &[("USD", "1.17"), ("JPY", "187"), ("JPY", "188")]), Err(Implausible::Twice(yen)));
        assert_eq!(quoted(day, &[("USD", "1.17"), ("EUR", "1")]), Err(Implausible::NotPerEuro));
        assert_eq!(quoted(day, &[("JPY", "187")]), Err(Implausible::NoDollar));
        assert_eq!(quoted(day, &[]), Err(Implausible::NoDollar));
    }

    /// All that is quoted on the latest shipped day, at these dollars for a euro.
    fn at_dollars(day: Date, dollars: &str) -> DayRates {
        let mut rates = DayRates { day, ..Rates::shipped().0.last().unwrap().clone() };
        rates.per_euro.retain(|(currency, _)| *currency != Currency::USD);
        let more = DayRates::new(day, [("USD", dollars), ("KWD", "0.36")].map(|(c, u)| (c.parse().unwrap(), u.parse().unwrap())));
        rates.per_euro.extend(more.per_euro);
        rates
    }

    #[test]
    fn an_answer_that_lost_more_than_two_currencies_is_refused() {
        let (next, since) = (date(2026, 4, 14), date(2026, 4, 13));
        let lost = |these: &[&str]| {
            let mut rates = at_dollars(next, "1.17");
            rates.per_euro.retain(|(currency, _)| !these.contains(&currency.to_string().as_str()));
            Rates::shipped().plausible(&rates, next)
        };
        assert_eq!(lost(&[]), Ok(()));
        assert_eq!(lost(&["JPY", "THB"]), Ok(()));
        assert_eq!(lost(&["JPY", "THB", "ZAR"]), Err(Implausible::Lost { missing: 3, since }));
        let only_dollars = Rates::shipped().plausible(&quoted(next, &[("USD", "1.17")]).unwrap(), next);
        let others = Rates::shipped().0.last().unwrap().quoted() - 1;
        assert_eq!(only_dollars, Err(Implausible::Lost { missing: others, since }));
    }

    #[test]
    fn a_jump_that_stays_is_taken_while_the_former_rates_still_count() {
        let (since, day) = (date(2026, 4, 13), |days: i32| date(2026, 4, 13).saturating_add(jiff::Span::new().days(days)));
        let plausible = |days: i32| Rates::shipped().plausible(&at_dollars(day(days), "1.6"), day(days));
        let days: Vec<i32> = (1..=MAX_AGE_DAYS).filter(|days| plausible(*days).is_ok()).collect();
        assert_eq!(days, [6, 7]);
        assert_eq!(plausible(5), Err(Implausible::Jump { currency: Currency::USD, since }));
        assert!(between("USD", "EUR", day(7)).is_ok());
    }

    #[test]
    fn a_correction_is_held_against_the_day_before_it() {
        // A quarter too little is taken, and a third more than that corrects it.
        let (next, fell) = (date(2026, 4, 14), at_dollars(date(2026, 4, 14), "0.8763"));
        assert_eq!(Rates::shipped().follows(&fell, None, next), Ok(()));
        let known = Rates::shipped().clone().with(fell);
        assert_eq!(known.follows(&at_dollars(next, "1.17"), Some(next), next), Ok(()));
    }

    #[test]
    fn what_no_currency_does_in_that_time_is_not_believed() {
        // 2026-04-13: 1 EUR = 1.1684 USD. A quarter more is 1.4605.
        let plausible = |day: Date, dollars: &str, today: Date| Rates::shipped().plausible(&at_dollars(day, dollars), today);
        let (next, since) = (date(2026, 4, 14), date(2026, 4, 13));
        let jump = Err(Implausible::Jump { currency: Currency::USD, since });
        assert_eq!(plausible(next, "1.4605", next), Ok(()));
        assert_eq!(plausible(next, "1.460501", next), jump);
        assert_eq!(plausible(next, "0.8763", next), Ok(()));
        assert_eq!(plausible(next, "0.876299", next), jump);
        // Half a year later it may have moved further.
        let later = date(2026, 11, 20);
        assert_eq!(plausible(later, "1.6", later), Ok(()));
        assert_eq!(plausible(later, "2.4", later), jump);
        assert_eq!(plausible(later, "0.58", later), jump);
        assert_eq!(plausible(later, "1.17", date(2026, 11, 19)), Err(Implausible::Future(later)));
        let of_today = at_dollars(next, "1.17");
        assert_eq!(Rates::shipped().follows(&of_today, Some(next), next), Ok(()));
        let older = Err(Implausible::Older { of: next, latest: later });
        assert_eq!(Rates::shipped().follows(&of_today, Some(later), later), older);
        // Before all that is known there is nothing to hold it against.
        assert_eq!(plausible(date(2020, 1, 2), "117", next), Ok(()));
    }

    proptest! {
        #[test]
        fn there_and_back_is_within_what_rounding_takes(minor in 0_i64..1_000_000_000) {
            let there = between("USD", "EUR", date(2026, 4, 13)).unwrap();
            let back = between("EUR", "USD", date(2026, 4, 13)).unwrap();
            let dollars = Money::from_minor(minor, Currency::USD).unwrap();
            let again = back.convert(there.convert(dollars).unwrap()).unwrap();
            prop_assert!((again.minor() - dollars.minor()).abs() <= 1);
        }
    }
}
