//! The languages that there are words in.

use rust_decimal::prelude::ToPrimitive;

use crate::{
    identity::Locale,
    money::{Currency, Money, Points},
};

/// A language that there are words in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Where there are none in a member's own.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// That of a locale, or else English.
    pub fn of(locale: &Locale) -> Self {
        match locale.as_str().split('-').next() {
            Some("de") => Self::German,
            Some(_) | None => Self::English,
        }
    }

    /// As BCP 47 names it.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// A number of points, grouped as the language does.
    pub fn points(self, points: Points) -> String {
        match self {
            Self::English => points.to_string(),
            Self::German => points.to_string().replace(',', "."),
        }
    }

    /// A number that is written in English, without groups, with the language's decimal sign.
    pub fn number(self, english: &str) -> String {
        match self {
            Self::English => english.to_owned(),
            Self::German => english.replace('.', ","),
        }
    }

    /// An amount: dollars as they are written, without decimals that say nothing.
    pub fn money(self, amount: Money) -> String {
        let whole = amount.amount().normalize();
        let dollars = whole.to_u64().filter(|_| whole.scale() == 0 && amount.currency() == Currency::USD);
        // Whole numbers are grouped as points are.
        match (self, dollars.and_then(|dollars| Points::try_from(dollars).ok())) {
            (Self::English, Some(dollars)) => format!("${}", self.points(dollars)),
            (Self::German, Some(dollars)) => format!("{} $", self.points(dollars)),
            (Self::English | Self::German, None) => self.number(&amount.to_string()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_the_language_does() {
        let both = |amount: &str| [Language::English, Language::German].map(|language| language.money(amount.parse().unwrap()));
        assert_eq!(both("1250.00USD"), ["$1,250", "1.250 $"]);
        assert_eq!(both("305.60USD"), ["305.60 USD", "305,60 USD"]);
        assert_eq!(both("44.00EUR"), ["44.00 EUR", "44,00 EUR"]);
    }
}
