//! The languages that there are words in.

use crate::{identity::Locale, money::Points};

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
}
