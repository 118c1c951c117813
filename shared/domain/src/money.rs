//! Money and points, exact. Nothing here is a float; amounts of different currencies never mix silently.

use std::{fmt, str::FromStr};

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Unexpected, Visitor},
};

use crate::{
    faults::Invalid,
    inputs::{Fields, Input, leaf},
    text::{is_slug, text},
};

/// An ISO 4217 currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// US dollar.
    pub const USD: Self = Self(iso_currency::Currency::USD);
    /// Euro.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Digits of the minor unit: 2 for USD, 0 for JPY, 3 for KWD.
    pub fn minor_digits(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl FromStr for Currency {
    type Err = Invalid;

    fn from_str(code: &str) -> Result<Self, Invalid> {
        // Codes without a minor unit (gold, test codes) are no money a price can be in.
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or(Invalid { what: "a currency", rule: "an ISO 4217 code such as USD" })
    }
}

impl TryFrom<String> for Currency {
    type Error = Invalid;

    fn try_from(code: String) -> Result<Self, Invalid> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of a currency, in major units, with no more decimals than the currency has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "RawMoney", into = "RawMoney")]
#[schema(as = Money, example = json!({"amount": "129.90", "currency": "USD"}))]
pub struct Money {
    #[schema(value_type = String, example = "129.90")]
    amount: Decimal,
    currency: Currency,
}

/// Money as it is written: the amount as a decimal string.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMoney {
    amount: DecimalText,
    currency: Currency,
}

/// A decimal as it is written: as a string, since numbers of JSON are floats to many who read them.
#[derive(Serialize)]
#[serde(transparent)]
struct DecimalText(#[serde(with = "rust_decimal::serde::str")] Decimal);

impl<'de> Deserialize<'de> for DecimalText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(DecimalVisitor)
    }
}

struct DecimalVisitor;

impl Visitor<'_> for DecimalVisitor {
    type Value = DecimalText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a decimal that is written as a string, such as "1.70""#)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<DecimalText, E> {
        text.parse().map(DecimalText).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// Why an operation on money has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies met.
    #[error("{0} and {1} don't mix")]
    Currencies(Currency, Currency),
    /// More decimals than the currency has.
    #[error("{0} has at most {digits} decimals", digits = .0.minor_digits())]
    TooFine(Currency),
    /// Beyond a thousand billion, which no price is.
    #[error("the amount is out of range")]
    OutOfRange,
}

/// What nobody asks for one night, seat or ticket, in whole units of any currency: of the smallest, a night in a palace is a tenth of it.
const MOST: i64 = 1_000_000_000;
/// The same in currencies whose unit is worth a tenth of a US dollar or more: there a journey around the world in first class is a tenth
/// of it.
const MOST_OF_LARGE: i64 = 1_000_000;
/// These currencies, of those that sources price in. A unit loses much of its worth before this no longer holds.
const LARGE: [&str; 28] = [
    "AED", "AUD", "AZN", "BGN", "BHD", "BRL", "CAD", "CHF", "CNY", "DKK", "EUR", "FJD", "GBP", "GEL", "HKD", "ILS", "JOD", "KWD",
    "MYR", "NZD", "OMR", "PEN", "PLN", "QAR", "RON", "SAR", "SGD", "USD",
];

/// The largest amount, in major units: 10^12.
const LARGEST: Decimal = Decimal::from_parts(0xD4A5_1000, 0xE8, 0, false, 0);

impl Money {
    /// An amount in major units.
    ///
    /// # Errors
    /// If it has more decimals than the currency, or is out of range.
    pub fn new(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        if amount.abs() > LARGEST {
            return Err(MoneyError::OutOfRange);
        }
        let exact = amount.normalize();
        if exact.scale() > currency.minor_digits() {
            return Err(MoneyError::TooFine(currency));
        }
        Ok(Self { amount: with_scale(exact, currency), currency })
    }

    /// An amount in minor units, such as cents.
    ///
    /// # Errors
    /// If it is out of range.
    pub fn from_minor(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        let amount =
            Decimal::try_from_i128_with_scale(i128::from(minor), currency.minor_digits()).map_err(|_| MoneyError::OutOfRange)?;
        Self::new(amount, currency)
    }

    /// An amount in major units, rounded half to even to the currency's decimals.
    ///
    /// # Errors
    /// If it is out of range.
    pub fn rounded(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        Self::new(amount.round_dp_with_strategy(currency.minor_digits(), RoundingStrategy::MidpointNearestEven), currency)
    }

    /// Nothing.
    pub fn zero(currency: Currency) -> Self {
        Self { amount: with_scale(Decimal::ZERO, currency), currency }
    }

    /// Major units.
    pub fn amount(self) -> Decimal {
        self.amount
    }

    /// The currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The amount in minor units, such as cents: exact, as every amount has its currency's decimals.
    pub fn minor(self) -> i128 {
        self.amount.mantissa()
    }

    /// Below zero.
    pub fn is_negative(self) -> bool {
        self.amount.is_sign_negative() && !self.amount.is_zero()
    }

    /// Something, and not below zero.
    pub fn is_asked(self) -> bool {
        !self.is_negative() && !self.amount.is_zero()
    }

    /// Not below zero, and no more than anybody asks for one night, seat or ticket, taxes included.
    pub fn is_believable(self) -> bool {
        let most = if LARGE.contains(&self.currency.code()) { MOST_OF_LARGE } else { MOST };
        !self.is_negative() && self.amount <= Decimal::from(most)
    }

    /// The sum.
    ///
    /// # Errors
    /// If the currencies differ or the sum is out of range.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        Self::new(self.amount + other.amount, self.currency)
    }

    /// The difference.
    ///
    /// # Errors
    /// If the currencies differ or the difference is out of range.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        Self::new(self.amount - other.amount, self.currency)
    }

    /// An equal share for each of `n`, rounded up to the minor unit: n shares never come to less than the whole.
    ///
    /// # Errors
    /// If `n` is zero.
    pub fn share_of(self, n: u8) -> Result<Self, MoneyError> {
        let share = self.amount.checked_div(Decimal::from(n)).ok_or(MoneyError::OutOfRange)?;
        Self::new(share.round_dp_with_strategy(self.currency.minor_digits(), RoundingStrategy::ToPositiveInfinity), self.currency)
    }

    /// What `n` pay, each as much.
    ///
    /// # Errors
    /// If that is out of range.
    pub fn times(self, n: u8) -> Result<Self, MoneyError> {
        Self::new(self.amount.checked_mul(Decimal::from(n)).ok_or(MoneyError::OutOfRange)?, self.currency)
    }

    /// Which is more.
    ///
    /// # Errors
    /// If the currencies differ.
    pub fn compare(self, other: Self) -> Result<std::cmp::Ordering, MoneyError> {
        self.same_currency(other)?;
        Ok(self.amount.cmp(&other.amount))
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency { Ok(()) } else { Err(MoneyError::Currencies(self.currency, other.currency)) }
    }
}

impl FromStr for Money {
    type Err = Invalid;

    /// `5.60USD`, with or without a blank between.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let no_money = Invalid { what: "an amount", rule: "a number and a currency, such as 5.60USD" };
        let (amount, currency) = text.split_at_checked(text.len().saturating_sub(3)).ok_or(no_money.clone())?;
        let amount = amount.trim_end().parse().map_err(|_| no_money.clone())?;
        let rule = "an amount of its currency, with no more decimals than that has, such as 5.60USD";
        Self::new(amount, currency.parse()?).map_err(|_| Invalid { what: "an amount", rule })
    }
}

impl Input for Money {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (amount, currency) = (fields.required("amount", leaf::<DecimalText>), fields.required("currency", leaf));
        Self::new(amount?.0, currency?).map_err(|error| fields.fault("amount", &error.to_string())).ok()
    }
}

fn with_scale(mut amount: Decimal, currency: Currency) -> Decimal {
    amount.rescale(currency.minor_digits());
    amount
}

impl TryFrom<RawMoney> for Money {
    type Error = MoneyError;

    fn try_from(raw: RawMoney) -> Result<Self, MoneyError> {
        Self::new(raw.amount.0, raw.currency)
    }
}

impl From<Money> for RawMoney {
    fn from(money: Money) -> Self {
        Self { amount: DecimalText(money.amount), currency: money.currency }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

/// A number of points or miles of one programme: 0 to 1,000,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Points(u64);

impl Points {
    /// The most that an offer can ask.
    pub const MAX: u64 = 1_000_000_000;

    /// The number itself.
    pub fn get(self) -> u64 {
        self.0
    }

    /// What `n` need, each as many: at most [`Self::MAX`], as more than that nobody has.
    #[must_use]
    pub fn times(self, n: u8) -> Self {
        Self(self.0.saturating_mul(n.into()).min(Self::MAX))
    }

    /// So many fewer: none, where there are fewer.
    #[must_use]
    pub fn minus(self, points: u64) -> Self {
        Self(self.0.saturating_sub(points))
    }
}

impl TryFrom<u64> for Points {
    type Error = Invalid;

    fn try_from(points: u64) -> Result<Self, Invalid> {
        if points <= Self::MAX { Ok(Self(points)) } else { Err(Invalid { what: "points", rule: "at most 1,000,000,000" }) }
    }
}

impl FromStr for Points {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.parse::<u64>().map_err(|_| Invalid { what: "points", rule: "a whole number" })?.try_into()
    }
}

impl From<Points> for u64 {
    fn from(points: Points) -> Self {
        points.0
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&thousands(&self.0.to_string()))
    }
}

/// Digits with their thousands apart: "1,250".
pub fn thousands(digits: &str) -> String {
    let mut apart = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
}

text!(
    /// A loyalty programme or points currency, such as `aadvantage` or `amex-mr`.
    ProgrammeId, "a programme", programme_slug, example "aadvantage"
);

fn programme_slug(text: &str) -> Result<(), &'static str> {
    if is_slug(text, 2, 40) { Ok(()) } else { Err("2 to 40 lower-case letters, digits or inner hyphens") }
}

/// US cents (or the cash price's own minor hundredth) that one point is worth, to four decimals. Can be negative: an
/// award whose fees exceed the fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "DecimalText", into = "DecimalText")]
pub struct CentsPerPoint(Decimal);

impl CentsPerPoint {
    /// Rounds half to even to four decimals.
    pub fn rounded(value: Decimal) -> Self {
        let mut value = value.round_dp_with_strategy(4, RoundingStrategy::MidpointNearestEven);
        value.rescale(4);
        Self(value)
    }

    /// From ten-thousandths.
    pub fn from_ten_thousandths(value: i64) -> Self {
        Self(Decimal::new(value, 4))
    }

    /// In ten-thousandths: exact. What no price comes to is the most that there is.
    pub fn ten_thousandths(self) -> i64 {
        i64::try_from(self.0.mantissa()).unwrap_or(i64::MAX)
    }

    /// The value, four decimals.
    pub fn get(self) -> Decimal {
        self.0
    }
}

impl FromStr for CentsPerPoint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let value = text.parse().map_err(|_| Invalid { what: "cents per point", rule: "a decimal" })?;
        DecimalText(value).try_into()
    }
}

impl TryFrom<DecimalText> for CentsPerPoint {
    type Error = Invalid;

    fn try_from(DecimalText(value): DecimalText) -> Result<Self, Invalid> {
        if value.abs() > Decimal::from(1_000_000) || value.normalize().scale() > 4 {
            return Err(Invalid { what: "cents per point", rule: "a decimal of at most four places, within a million" });
        }
        Ok(Self::rounded(value))
    }
}

impl From<CentsPerPoint> for DecimalText {
    fn from(cents: CentsPerPoint) -> Self {
        Self(cents.0)
    }
}

impl fmt::Display for CentsPerPoint {
    /// Two decimals, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.round_dp_with_strategy(2, RoundingStrategy::MidpointNearestEven);
        shown.rescale(2);
        shown.fmt(f)
    }
}
