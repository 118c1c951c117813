//! Credit cards: what there is, what a member holds, which programmes their plans need, and which card would bring them there.
//!
//! The tables are `data/cards.csv`, `card-earnings.csv`, `card-credits.csv` and `card-rules.csv` (sources in `data/SOURCES.md`). What
//! no source says of a card is absent, and nothing is guessed in its place.

mod catalogue;
mod gaps;
mod held;
mod recommend;
mod rules;

#[cfg(test)]
mod tests;

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

pub(crate) use self::catalogue::check;
pub use self::{
    catalogue::{Catalogue, CatalogueError, Tables},
    gaps::{Gap, Gaps, Reach, Way, Wish, WishedBy},
    held::{CardsHeld, Elsewhere, HeldCard, MemberCards, Spending},
    recommend::{Advice, LeftOut, MOST, Obstacle, Reason, Recommendation, SAME_VALUE_CENTS, Score, Situation, recommend, score},
    rules::{Counts, Effect, Rule, RuleKind, Window},
};
use crate::{
    faults::Invalid,
    money::{Money, Points, ProgrammeId},
    places::country_code,
    text::{is_slug, text},
    time::first_day,
};

text!(
    /// A card, as the catalogue calls it.
    CardId, "a card", slug, example "chase-sapphire-preferred"
);

text!(
    /// Who issues a card.
    IssuerId, "an issuer", slug, example "chase"
);

text!(
    /// An issuer's rule on applications or bonuses.
    RuleId, "a rule", slug, example "chase-5-24"
);

text!(
    /// Cards that a rule of their issuer speaks of together.
    Family, "a family of cards", slug, example "chase-sapphire"
);

text!(
    /// A country, by its two letters in ISO 3166.
    Country, "a country", country_code, example "US"
);

fn slug(text: &str) -> Result<(), &'static str> {
    if is_slug(text, 2, 60) { Ok(()) } else { Err("2 to 60 lower-case letters, digits or inner hyphens") }
}

/// Declares an enum that the tables and the API write in kebab case.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $($(#[$vdoc])* $variant),+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// In a word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                let rule = concat!("one of: ", $($word, " "),+);
                Self::ALL.iter().copied().find(|known| known.as_str() == text).ok_or(Invalid { what: $what, rule })
            }
        }
    };
}

words!(
    /// Whose network a card runs on.
    Network, "a network" {
        /// American Express.
        AmericanExpress = "american-express",
        /// Mastercard.
        Mastercard = "mastercard",
        /// Visa.
        Visa = "visa",
    }
);

words!(
    /// Whom a card is for.
    CardKind, "a kind of card" {
        /// People.
        Personal = "personal",
        /// People with a business.
        Business = "business",
    }
);

words!(
    /// Whether what a card earns can be transferred to other programmes.
    Transfers, "access to transfers" {
        /// With this card alone.
        Full = "full",
        /// Only together with a card of the same currency that has full access.
        Paired = "paired",
        /// Not at all.
        None = "none",
    }
);

words!(
    /// What is bought.
    Category, "a category of spending" {
        /// Everything else.
        Everything = "everything",
        /// Restaurants.
        Dining = "dining",
        /// Supermarkets.
        Groceries = "groceries",
        /// Petrol and charging.
        Fuel = "fuel",
        /// Travel of any kind.
        Travel = "travel",
        /// Flights, bought from airlines.
        Flights = "flights",
        /// Hotels, booked with them.
        Hotels = "hotels",
        /// Rented cars.
        CarRental = "car-rental",
        /// Trains, buses, taxis.
        Transit = "transit",
        /// Streaming services.
        Streaming = "streaming",
        /// Internet, cable and telephone.
        Phone = "phone",
        /// Utilities.
        Utilities = "utilities",
        /// Office supplies.
        Office = "office",
        /// Shipping.
        Shipping = "shipping",
        /// Advertising.
        Advertising = "advertising",
        /// Drugstores.
        Drugstores = "drugstores",
        /// Shops online.
        OnlineRetail = "online-retail",
        /// Abroad, in another currency.
        Foreign = "foreign",
        /// The airline or hotel whose card it is.
        Brand = "brand",
        /// The issuer's own travel portal.
        Portal = "portal",
        /// What the issuer names for a quarter.
        Rotating = "rotating",
    }
);

impl Category {
    /// The wider category that a card may reward instead of this one.
    pub fn wider(self) -> Option<Self> {
        match self {
            Self::Everything => None,
            Self::Flights | Self::Hotels | Self::CarRental | Self::Transit => Some(Self::Travel),
            Self::Dining
            | Self::Groceries
            | Self::Fuel
            | Self::Travel
            | Self::Streaming
            | Self::Phone
            | Self::Utilities
            | Self::Office
            | Self::Shipping
            | Self::Advertising
            | Self::Drugstores
            | Self::OnlineRetail
            | Self::Foreign
            | Self::Brand
            | Self::Portal
            | Self::Rotating => Some(Self::Everything),
        }
    }
}

words!(
    /// How often a limit begins anew.
    Period, "a period" {
        /// Four times a year.
        Quarter = "quarter",
        /// Once a year.
        Year = "year",
    }
);

impl Period {
    /// How many there are in a year.
    pub fn a_year(self) -> u64 {
        match self {
            Self::Quarter => 4,
            Self::Year => 1,
        }
    }
}

/// What a card earns for a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earning {
    /// Hundredths of a point for a dollar.
    pub hundredths: u32,
    /// Up to so many whole dollars in a period; then what it earns for everything else.
    pub cap: Option<(u32, Period)>,
}

/// Something that an issuer pays back each year to who uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// For what.
    pub what: String,
    /// How much a year at most.
    pub a_year: Money,
}

/// What a new holder gets for spending enough in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bonus {
    /// The points.
    pub points: Points,
    /// How much is to be spent.
    pub spend: Money,
    /// Within so many months.
    pub months: u8,
}

/// When a fact was read. A source can be dated to the day, the month or the year; then the first day of it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AsOf(Date);

impl AsOf {
    /// The day.
    pub fn day(self) -> Date {
        self.0
    }

    /// Older than a year: issuers change fees and offers more often than that.
    pub fn is_stale(self, today: Date) -> bool {
        self.0 < today.saturating_sub(1.year())
    }
}

impl std::str::FromStr for AsOf {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        first_day(text).map(Self).ok_or(Invalid { what: "the date of a source", rule: "a day, a month or a year" })
    }
}

/// Where a fact stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Who says so.
    pub publisher: String,
    /// Where it was read, if it has an address.
    pub address: Option<String>,
    /// When.
    pub as_of: AsOf,
}

/// A card of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its id.
    pub id: CardId,
    /// What it is called.
    pub name: String,
    /// Who issues it.
    pub issuer: IssuerId,
    /// Its network, if known.
    pub network: Option<Network>,
    /// Whom it is for.
    pub kind: CardKind,
    /// Where it is offered.
    pub country: Country,
    /// What it earns.
    pub programme: ProgrammeId,
    /// Whether that can be transferred; none where no source says.
    pub transfers: Option<Transfers>,
    /// What it costs a year, if known.
    pub annual_fee: Option<Money>,
    /// What the first year costs, where that is another amount.
    pub first_year_fee: Option<Money>,
    /// What it adds to purchases abroad, in percent, if known.
    pub foreign_fee_percent: Option<u8>,
    /// What a new holder gets, if known.
    pub bonus: Option<Bonus>,
    /// What it earns, by category. What is not in it is not known.
    pub earnings: std::collections::BTreeMap<Category, Earning>,
    /// What it pays back.
    pub credits: Vec<Credit>,
    /// Which cards its issuer's rules put it with.
    pub family: Option<Family>,
    /// Whether it is a charge card, which has no limit of credit: some rules except those.
    pub charge: bool,
    /// Whether we are paid when a member applies for it. Nothing but the disclosure looks at it.
    pub pays_us: bool,
    /// Where all this stands.
    pub source: Source,
}
