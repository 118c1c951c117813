//! Activities: what is asked of the sources of tours and tickets, and the offer that every one of them is normalised to. What a
//! source does not say stays unknown.

use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    cancellation::Cancellation,
    faults::{Check, Faults},
    flights::{Freshness, Untrusted},
    money::{Currency, Money},
    search::{Asks, SearchKey},
    sources::Market,
    stays::{City, Position},
    text::is_label,
};

/// The longest activity we believe, in minutes: sixty days.
const LONGEST_MINUTES: u32 = 60 * 24 * 60;
/// The largest party that can be asked for.
pub const MAX_PARTY: u8 = 15;

/// A question for things to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityQuery {
    place: String,
    first_day: Date,
    last_day: Date,
    adults: u8,
    currency: Currency,
    #[serde(default)]
    city: Option<City>,
}

impl ActivityQuery {
    /// A question.
    ///
    /// # Errors
    /// Every fault, with pointers `/place`, `/dates`, `/adults`.
    pub fn new(place: String, (first_day, last_day): (Date, Date), adults: u8, currency: Currency) -> Result<Self, Faults> {
        Self::check(Some(&place), Some((first_day, last_day)), Some(adults)).done()?;
        Ok(Self { place, first_day, last_day, adults, currency, city: None })
    }

    /// What is wrong with a question, as far as it could be read; pointers as those of [`Self::new`].
    pub fn check(place: Option<&str>, days: Option<(Date, Date)>, adults: Option<u8>) -> Check {
        let mut check = Check::new();
        if let Some(place) = place {
            let is_label = is_label(place, 80);
            // What is too short has no words either: that is told once.
            let has_words = !is_label || place.chars().any(char::is_alphanumeric);
            check.that(is_label, "/place", "no-place", "a place or an activity, in 1 to 80 characters").that(
                has_words,
                "/place",
                "no-words",
                "a place or an activity, in letters or digits",
            );
        }
        check.that(days.is_none_or(|(first, last)| first <= last), "/dates", "backwards", "the last day lies before the first");
        let is_party = adults.is_none_or(|adults| (1..=MAX_PARTY).contains(&adults));
        check.that(is_party, "/adults", "out-of-range", format!("1 to {MAX_PARTY} adults"));
        check
    }

    /// A question for what there is to do in a city, or for what its words say, if they mean none.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_city(city: City, days: (Date, Date), adults: u8, currency: Currency) -> Result<Self, Faults> {
        let query = Self::new(city.words(), days, adults, currency)?;
        Ok(Self { city: Some(city), ..query })
    }

    /// The market that it is asked in, if one is known: the country of the city that its words mean.
    pub fn market(&self) -> Option<&Market> {
        self.city.as_ref().and_then(City::market)
    }

    /// Where, or what, in words.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// On one of these days, the first and the last, there.
    pub fn days(&self) -> (Date, Date) {
        (self.first_day, self.last_day)
    }

    /// How many adults.
    pub fn adults(&self) -> u8 {
        self.adults
    }

    /// The currency that prices are wanted in.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Its name: the same for all whose words are the same, in large or small letters and with however many blanks, and mean the same
    /// city. Nothing else of the words is passed over, because sources are sent them as they are.
    pub fn key(&self) -> SearchKey {
        let days = [self.first_day, self.last_day].map(|day| day.to_string());
        let (place, adults) = (words(&self.place), self.adults.to_string());
        let parts = ["activity", &place, &days[0], &days[1], &adults, self.currency.code()];
        let whereabouts = self.city.as_ref().map(City::whereabouts).unwrap_or_default();
        SearchKey::of(&parts.into_iter().chain(whereabouts.iter().map(String::as_str)).collect::<Vec<_>>())
    }

    /// The question that a source is asked in place of this one: without the party where it does not price by it. Days stay as they
    /// are: the sources of activities answer for a day, or for any.
    #[must_use]
    pub fn asked_of(&self, asks: Asks) -> Self {
        Self { adults: if asks.party { self.adults } else { 1 }, ..self.clone() }
    }

    /// Whether an offer answers this question, as far as it says what it is.
    pub fn asks_for(&self, offer: &ActivityOffer) -> bool {
        offer.day.is_none_or(|day| (self.first_day..=self.last_day).contains(&day)) && offer.price.currency() == self.currency
    }
}

/// Words in small letters, with single blanks.
fn words(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// How long something takes, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Minutes {
    /// At least.
    pub least: u32,
    /// At most.
    pub most: u32,
}

/// What a price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PricedFor {
    /// One person.
    Person,
    /// A group, however many of it come.
    Group,
    /// The whole party that was asked for.
    Party,
}

impl PricedFor {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Person, Self::Group, Self::Party];
}

/// What others thought of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rating {
    /// The mean, 0 to 5.
    #[serde(with = "rust_decimal::serde::str")]
    #[schema(value_type = String, example = "4.7")]
    pub mean: Decimal,
    /// Of how many.
    pub count: u32,
}

/// Something to do, at a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivityOffer {
    /// The source's own reference, to ask for it again.
    pub reference: String,
    /// Which of several ways to do it.
    pub option: Option<String>,
    /// What it is called.
    pub title: Option<String>,
    /// On which day, there; unknown where the price is a "from" price.
    #[schema(value_type = Option<String>, format = Date)]
    pub day: Option<Date>,
    /// When it starts, there.
    #[schema(value_type = Option<String>, example = "09:30:00")]
    pub starts: Option<Time>,
    /// How long it takes.
    pub minutes: Option<Minutes>,
    /// Where it is.
    pub position: Option<Position>,
    /// What it costs.
    pub price: Money,
    /// What the price is for; unknown where the source does not say.
    pub priced_for: Option<PricedFor>,
    /// What has to be paid on top, on the spot.
    pub extra: Option<Money>,
    /// How it can be cancelled.
    pub cancellation: Option<Cancellation>,
    /// What others thought of it.
    pub rating: Option<Rating>,
    /// Where to book, as the source gives it.
    pub booking_link: Option<String>,
    /// How fresh it is.
    pub freshness: Freshness,
}

impl ActivityOffer {
    /// Whether it can be trusted.
    ///
    /// # Errors
    /// The first reason why not.
    pub fn trusted(&self) -> Result<(), Untrusted> {
        if !self.price.is_asked() || !self.price.is_believable() || !self.extra.is_none_or(Money::is_believable) {
            return Err(Untrusted::Price);
        }
        if self.extra.is_some_and(|extra| extra.currency() != self.price.currency()) {
            return Err(Untrusted::Currencies);
        }
        let can_be = |minutes: Minutes| (1..=LONGEST_MINUTES).contains(&minutes.most) && minutes.least <= minutes.most;
        if !self.minutes.is_none_or(can_be) {
            return Err(Untrusted::Times);
        }
        if self.rating.is_some_and(|rating| !(Decimal::ZERO..=Decimal::from(5)).contains(&rating.mean)) {
            return Err(Untrusted::Form);
        }
        self.cancellation.as_ref().map_or(Ok(()), Cancellation::trusted)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::flights::Tier;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD).unwrap()
    }

    fn wrong(change: impl FnOnce(&mut ActivityOffer)) -> Result<(), Untrusted> {
        let mut offer = offer();
        change(&mut offer);
        offer.trusted()
    }

    fn offer() -> ActivityOffer {
        ActivityOffer {
            reference: "r".to_owned(),
            option: None,
            title: None,
            day: None,
            starts: None,
            minutes: Some(Minutes { least: 60, most: 90 }),
            position: None,
            price: usd(1_000),
            priced_for: None,
            extra: None,
            cancellation: None,
            rating: None,
            booking_link: None,
            freshness: Freshness {
                source: "a-source".parse().unwrap(),
                observed_at: jiff::Timestamp::UNIX_EPOCH,
                tier: Tier::LeadIn,
            },
        }
    }

    #[test]
    fn what_can_not_be_is_not_trusted() {
        assert_eq!(wrong(|_| {}), Ok(()));
        assert_eq!(wrong(|offer| offer.price = usd(0)), Err(Untrusted::Price));
        assert_eq!(wrong(|offer| offer.price = usd(-5)), Err(Untrusted::Price));
        assert_eq!(wrong(|offer| offer.price = usd(100_000_100)), Err(Untrusted::Price), "nobody asks so much");
        assert_eq!(wrong(|offer| offer.extra = Some(usd(100_000_100))), Err(Untrusted::Price));
        assert_eq!(wrong(|offer| offer.extra = Some(usd(-5))), Err(Untrusted::Price));
        assert_eq!(wrong(|offer| offer.extra = Some(Money::zero(Currency::EUR))), Err(Untrusted::Currencies));
        assert_eq!(wrong(|offer| offer.minutes = Some(Minutes { least: 2, most: 1 })), Err(Untrusted::Times));
        assert_eq!(wrong(|offer| offer.minutes = Some(Minutes { least: 0, most: 0 })), Err(Untrusted::Times));
        assert_eq!(wrong(|offer| offer.rating = Some(Rating { mean: 6.into(), count: 1 })), Err(Untrusted::Form));
    }

    #[test]
    fn a_question_is_for_days_a_party_and_a_currency() {
        let days = ("2026-04-01".parse().unwrap(), "2026-04-03".parse().unwrap());
        let query = ActivityQuery::new("Edinburgh".to_owned(), days, 2, Currency::USD).unwrap();
        assert!(query.asks_for(&offer()));
        assert!(!query.asks_for(&ActivityOffer { day: Some("2026-04-04".parse().unwrap()), ..offer() }));
        assert!(!query.asks_for(&ActivityOffer { price: Money::zero(Currency::EUR), ..offer() }));
        let faults = ActivityQuery::new(" ".to_owned(), (days.1, days.0), 0, Currency::USD).unwrap_err();
        let named: Vec<_> = faults.as_slice().iter().map(|fault| &*fault.pointer).collect();
        assert_eq!(named, ["/place", "/dates", "/adults"], "each once");
    }
}
