//! The languages that there are words in.

use crate::{
    identity::Locale,
    money::{Currency, Money, Points, thousands},
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
            Self::German => german(&points.to_string()),
        }
    }

    /// A number that is written in English, with the language's groups and decimal sign.
    pub fn number(self, english: &str) -> String {
        match self {
            Self::English => english.to_owned(),
            Self::German => german(english),
        }
    }

    /// An amount, grouped: dollars as they are written, without decimals that say nothing.
    pub fn money(self, amount: Money) -> String {
        let (sign, dollars) = (if amount.is_negative() { "−" } else { "" }, amount.currency() == Currency::USD);
        let digits = amount.amount().abs().to_string();
        let (whole, decimals) = digits.split_once('.').unwrap_or((&digits, ""));
        let says_nothing = decimals.is_empty() || dollars && decimals == "00";
        let decimals = if says_nothing { String::new() } else { format!(".{decimals}") };
        let english = thousands(whole) + &decimals;
        match (self, dollars) {
            (Self::English, true) => format!("{sign}${english}"),
            (Self::English, false) => format!("{sign}{english} {}", amount.currency()),
            (Self::German, true) => format!("{sign}{} $", german(&english)),
            (Self::German, false) => format!("{sign}{} {}", german(&english), amount.currency()),
        }
    }
}

/// A number that is written in English, in German.
fn german(english: &str) -> String {
    english.replace(',', " ").replace('.', ",").replace(' ', ".")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_the_language_does() {
        let both = |amount: &str| [Language::English, Language::German].map(|language| language.money(amount.parse().unwrap()));
        assert_eq!(both("1250.00USD"), ["$1,250", "1.250 $"]);
        assert_eq!(both("1331.25USD"), ["$1,331.25", "1.331,25 $"]);
        assert_eq!(both("1000000000000.00USD"), ["$1,000,000,000,000", "1.000.000.000.000 $"]);
        assert_eq!(both("-5.60USD"), ["−$5.60", "−5,60 $"]);
        assert_eq!(both("1250.00EUR"), ["1,250.00 EUR", "1.250,00 EUR"]);
        assert_eq!(both("45000JPY"), ["45,000 JPY", "45.000 JPY"]);
        assert_eq!(both("44.00EUR"), ["44.00 EUR", "44,00 EUR"]);
    }
}
