//! Stays: what is asked of the sources of hotels, and the offer that every one of them is normalised to. One room; what a source
//! does not say stays unknown, and nothing is invented.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    cancellation::Cancellation,
    faults::{Check, Faults},
    flights::{Freshness, Untrusted},
    money::{Currency, Money, MoneyError},
    places::fold::fold_name,
    search::SearchKey,
    text::is_label,
};

/// The most nights that are asked for or believed.
pub const MAX_NIGHTS: u8 = 90;
/// The most properties of one question.
pub const MAX_PROPERTIES: usize = 1_000;
/// The most adults in one room.
pub const MAX_ADULTS: u8 = 14;
/// The most children in one room.
pub const MAX_CHILDREN: usize = 6;

/// A place on earth, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "RawPosition", into = "RawPosition")]
pub struct Position {
    #[schema(value_type = String, example = "48.8566")]
    latitude: Decimal,
    #[schema(value_type = String, example = "2.3522")]
    longitude: Decimal,
}

/// A position as it is written: decimal strings.
#[derive(Serialize, Deserialize)]
struct RawPosition {
    #[serde(with = "rust_decimal::serde::str")]
    latitude: Decimal,
    #[serde(with = "rust_decimal::serde::str")]
    longitude: Decimal,
}

impl Position {
    /// A place; `None` if there is no such one.
    pub fn new(latitude: Decimal, longitude: Decimal) -> Option<Self> {
        let is_one = latitude.abs() <= Decimal::from(90) && longitude.abs() <= Decimal::from(180);
        is_one.then_some(Self { latitude, longitude })
    }

    /// Degrees north of the equator, -90 to 90.
    pub fn latitude(self) -> Decimal {
        self.latitude
    }

    /// Degrees east of Greenwich, -180 to 180.
    pub fn longitude(self) -> Decimal {
        self.longitude
    }
}

impl TryFrom<RawPosition> for Position {
    type Error = &'static str;

    fn try_from(raw: RawPosition) -> Result<Self, Self::Error> {
        Self::new(raw.latitude, raw.longitude).ok_or("degrees out of range")
    }
}

impl From<Position> for RawPosition {
    fn from(position: Position) -> Self {
        Self { latitude: position.latitude, longitude: position.longitude }
    }
}

/// Who sleeps in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Guests {
    /// Adults.
    pub adults: u8,
    /// The age of each child in years; a question has them in order.
    pub child_ages: Vec<u8>,
}

impl Guests {
    /// Whether a room can be asked for them.
    pub fn are_sound(&self) -> bool {
        (1..=MAX_ADULTS).contains(&self.adults)
            && self.child_ages.len() <= MAX_CHILDREN
            && self.child_ages.iter().all(|age| *age < 18)
    }
}

/// Where to stay. No source can be asked by all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StayPlace {
    /// In one of these, by the source's own references.
    Properties(BTreeSet<String>),
    /// Not farther from there than so many kilometres.
    Around(Position, u8),
    /// In a city, by its name.
    City(String),
}

/// A question for a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StayQuery {
    place: StayPlace,
    checkin: Date,
    nights: u8,
    guests: Guests,
    currency: Currency,
}

impl StayQuery {
    /// A question.
    ///
    /// # Errors
    /// Every fault, with pointers `/place`, `/nights`, `/guests`.
    pub fn new(place: StayPlace, checkin: Date, nights: u8, guests: Guests, currency: Currency) -> Result<Self, Faults> {
        let named = match &place {
            StayPlace::Properties(ids) => (1..=MAX_PROPERTIES).contains(&ids.len()) && ids.iter().all(|id| is_label(id, 64)),
            StayPlace::Around(_, kilometres) => (1..=100).contains(kilometres),
            StayPlace::City(name) => is_label(name, 80),
        };
        let mut check = Check::new();
        check
            .that(
                named,
                "/place",
                "no-place",
                "name a city, up to 1,000 properties, or a place and 1 to 100 kilometres around it",
            )
            .that((1..=MAX_NIGHTS).contains(&nights), "/nights", "out-of-range", format!("1 to {MAX_NIGHTS} nights"))
            .that(guests.are_sound(), "/guests", "out-of-range", "1 to 14 adults and at most 6 children under 18")
            .that(last_day(checkin, nights).is_some(), "/checkin", "out-of-range", "a day that can be counted on from");
        check.done()?;
        let mut guests = guests;
        guests.child_ages.sort_unstable();
        Ok(Self { place, checkin, nights, guests, currency })
    }

    /// Its name: the same for all questions that mean the same, however their city is written and in whatever order their children
    /// were named.
    pub fn key(&self) -> SearchKey {
        let (kind, place) = match &self.place {
            StayPlace::Properties(ids) => ("properties", ids.iter().cloned().collect()),
            StayPlace::Around(position, kilometres) => {
                let degrees = [position.latitude, position.longitude].map(|degrees| degrees.normalize().to_string());
                ("around", degrees.into_iter().chain([kilometres.to_string()]).collect())
            }
            StayPlace::City(name) => ("city", vec![fold_name(name)]),
        };
        let place: Vec<String> = place;
        let ages: Vec<String> = self.guests.child_ages.iter().map(u8::to_string).collect();
        let when = [self.checkin.to_string(), self.nights.to_string()];
        let who = [self.guests.adults.to_string(), ages.join(",")];
        let parts = ["stay", &when[0], &when[1], &who[0], &who[1], self.currency.code(), kind];
        SearchKey::of(&parts.into_iter().chain(place.iter().map(String::as_str)).collect::<Vec<_>>())
    }

    /// Where.
    pub fn place(&self) -> &StayPlace {
        &self.place
    }

    /// The day of arrival, there.
    pub fn checkin(&self) -> Date {
        self.checkin
    }

    /// The day of departure, there.
    pub fn checkout(&self) -> Date {
        last_day(self.checkin, self.nights).unwrap_or(self.checkin)
    }

    /// How many nights.
    pub fn nights(&self) -> u8 {
        self.nights
    }

    /// For whom.
    pub fn guests(&self) -> &Guests {
        &self.guests
    }

    /// The currency that prices are wanted in. Not every source can.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether an offer answers this question, as far as it says what it is.
    pub fn asks_for(&self, offer: &StayOffer) -> bool {
        let named = match &self.place {
            StayPlace::Properties(ids) => ids.contains(&offer.property.reference),
            StayPlace::Around(..) | StayPlace::City(_) => true,
        };
        named
            && offer.checkin.is_none_or(|day| day == self.checkin)
            && offer.nights.is_none_or(|nights| nights == self.nights)
            && offer.guests.as_ref().is_none_or(|guests| *guests == self.guests)
    }
}

fn last_day(checkin: Date, nights: u8) -> Option<Date> {
    checkin.checked_add(jiff::Span::new().days(i64::from(nights))).ok()
}

/// What is eaten there, all included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Board {
    /// Nothing.
    RoomOnly,
    /// Breakfast.
    Breakfast,
    /// Breakfast and one more meal.
    HalfBoard,
    /// Three meals.
    FullBoard,
    /// Meals and drinks.
    AllInclusive,
}

/// A hotel, or another house that one stays in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Property {
    /// The source's own reference.
    pub reference: String,
    /// Its name, where the source says.
    pub name: Option<String>,
    /// Where it is, where the source says.
    pub position: Option<Position>,
}

/// A room.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// The source's own reference.
    pub reference: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its beds in words.
    pub beds: Option<String>,
    /// How many of it are left at this price.
    pub left: Option<u32>,
}

/// What all of a stay costs, all in one currency. The total is the sum of the parts that are known, or more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StayPrice {
    /// All that has to be paid, taxes and fees included, wherever it is paid.
    pub total: Money,
    /// The total for one night, rounded up to the minor unit; unknown where the number of nights is.
    pub per_night: Option<Money>,
    /// The room alone.
    pub base: Option<Money>,
    /// Taxes, and charges that the source does not part from them.
    pub taxes: Option<Money>,
    /// Fees.
    pub fees: Option<Money>,
    /// How much of the total is paid at the property.
    pub at_property: Option<Money>,
}

impl StayPrice {
    /// A price of which only the total is known.
    ///
    /// # Errors
    /// [`Untrusted::Nights`] for zero nights.
    pub fn of(total: Money, nights: Option<u8>) -> Result<Self, Untrusted> {
        let per_night = nights.map(|nights| total.share_of(nights)).transpose().map_err(|_| Untrusted::Nights)?;
        Ok(Self { total, per_night, base: None, taxes: None, fees: None, at_property: None })
    }

    /// Whether it can be: nothing is negative, and no parts are more than the whole.
    fn trusted(&self) -> Result<(), Untrusted> {
        if self.total.is_negative() || self.total.amount().is_zero() {
            return Err(Untrusted::Price);
        }
        let parts = [self.base, self.taxes, self.fees];
        let every = parts.into_iter().chain([self.at_property, self.per_night]).flatten();
        if every.into_iter().any(Money::is_negative) {
            return Err(Untrusted::Price);
        }
        let sum = parts.into_iter().flatten().try_fold(Money::zero(self.total.currency()), Money::plus);
        let least = self.at_property.map_or(Ok(sum.map_err(untrusted)?), |paid_there| {
            // Both are parts of the total; one can lie in the other.
            sum.and_then(|sum| Ok(if paid_there.compare(sum)?.is_gt() { paid_there } else { sum })).map_err(untrusted)
        })?;
        if least.compare(self.total).map_err(untrusted)?.is_gt() { Err(Untrusted::Sums) } else { Ok(()) }
    }
}

fn untrusted(error: MoneyError) -> Untrusted {
    match error {
        MoneyError::Currencies(..) => Untrusted::Currencies,
        MoneyError::TooFine(_) | MoneyError::OutOfRange => Untrusted::Form,
    }
}

/// One room for one stay, at a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StayOffer {
    /// The source's own reference, to ask for it again.
    pub reference: String,
    /// Where one stays.
    pub property: Property,
    /// In which room.
    pub room: Room,
    /// What is eaten; unknown where the source does not say.
    pub board: Option<Board>,
    /// For whom.
    pub guests: Option<Guests>,
    /// The day of arrival, there.
    #[schema(value_type = Option<String>, format = Date)]
    pub checkin: Option<Date>,
    /// How many nights.
    pub nights: Option<u8>,
    /// What it costs.
    pub price: StayPrice,
    /// How it can be cancelled.
    pub cancellation: Option<Cancellation>,
    /// Where to book, as the source gives it.
    pub booking_link: Option<String>,
    /// How fresh it is.
    pub freshness: Freshness,
}

impl StayOffer {
    /// Whether it can be trusted.
    ///
    /// # Errors
    /// The first reason why not.
    pub fn trusted(&self) -> Result<(), Untrusted> {
        if self.nights.is_some_and(|nights| !(1..=MAX_NIGHTS).contains(&nights)) {
            return Err(Untrusted::Nights);
        }
        if self.guests.as_ref().is_some_and(|guests| !guests.are_sound()) {
            return Err(Untrusted::Guests);
        }
        self.price.trusted()?;
        self.cancellation.as_ref().map_or(Ok(()), Cancellation::trusted)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flights::Tier;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD).unwrap()
    }

    fn offer(total: i64) -> StayOffer {
        StayOffer {
            reference: "r".to_owned(),
            property: Property { reference: "p".to_owned(), name: None, position: None },
            room: Room::default(),
            board: None,
            guests: Some(Guests { adults: 2, child_ages: vec![] }),
            checkin: Some("2026-04-01".parse().unwrap()),
            nights: Some(3),
            price: StayPrice::of(usd(total), Some(3)).unwrap(),
            cancellation: None,
            booking_link: None,
            freshness: Freshness {
                source: "a-source".parse().unwrap(),
                observed_at: jiff::Timestamp::UNIX_EPOCH,
                tier: Tier::Verified,
            },
        }
    }

    fn wrong(change: impl FnOnce(&mut StayOffer)) -> Result<(), Untrusted> {
        let mut offer = offer(30_000);
        change(&mut offer);
        offer.trusted()
    }

    #[test]
    fn what_can_not_be_is_not_trusted() {
        assert_eq!(wrong(|_| {}), Ok(()));
        assert_eq!(wrong(|offer| offer.price.total = usd(0)), Err(Untrusted::Price));
        assert_eq!(wrong(|offer| offer.price.total = usd(-1)), Err(Untrusted::Price));
        assert_eq!(wrong(|offer| offer.price.taxes = Some(usd(-1))), Err(Untrusted::Price));
        assert_eq!(wrong(|offer| offer.price.base = Some(usd(30_001))), Err(Untrusted::Sums));
        assert_eq!(wrong(|offer| offer.price.at_property = Some(usd(30_001))), Err(Untrusted::Sums));
        assert_eq!(wrong(|offer| offer.price.fees = Some(Money::zero(Currency::EUR))), Err(Untrusted::Currencies));
        assert_eq!(wrong(|offer| offer.nights = Some(0)), Err(Untrusted::Nights));
        assert_eq!(wrong(|offer| offer.nights = Some(91)), Err(Untrusted::Nights));
        assert_eq!(wrong(|offer| offer.guests = Some(Guests { adults: 0, child_ages: vec![] })), Err(Untrusted::Guests));
        assert_eq!(StayPrice::of(usd(1), Some(0)), Err(Untrusted::Nights));
    }

    #[test]
    fn a_question_names_all_its_faults() {
        let faults = StayQuery::new(
            StayPlace::City(String::new()),
            "2026-04-01".parse().unwrap(),
            0,
            Guests { adults: 0, child_ages: vec![18] },
            Currency::EUR,
        );
        let faults = faults.unwrap_err();
        let pointers: Vec<&str> = faults.as_slice().iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/place", "/nights", "/guests"]);
    }

    #[test]
    fn an_offer_answers_a_question_unless_it_says_otherwise() {
        let guests = Guests { adults: 2, child_ages: vec![] };
        let place = StayPlace::Properties(["p".to_owned()].into());
        let query = StayQuery::new(place, "2026-04-01".parse().unwrap(), 3, guests, Currency::USD).unwrap();
        assert_eq!(query.checkout(), "2026-04-04".parse().unwrap());
        assert!(query.asks_for(&offer(1)));
        assert!(query.asks_for(&StayOffer { checkin: None, nights: None, guests: None, ..offer(1) }));
        assert!(!query.asks_for(&StayOffer { nights: Some(2), ..offer(1) }));
        let elsewhere = Property { reference: "q".to_owned(), name: None, position: None };
        assert!(!query.asks_for(&StayOffer { property: elsewhere, ..offer(1) }));
    }

    proptest! {
        #[test]
        fn nights_never_come_to_less_than_the_total(total in 1_i64..1_000_000_000, nights in 1_u8..=MAX_NIGHTS) {
            let price = StayPrice::of(usd(total), Some(nights)).unwrap();
            let all = price.per_night.unwrap().amount() * Decimal::from(nights);
            prop_assert!(all >= price.total.amount());
            prop_assert!(all - price.total.amount() < Decimal::from(nights) / Decimal::ONE_HUNDRED);
        }
    }
}
