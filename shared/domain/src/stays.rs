//! Stays: what is asked of the sources of hotels, and the offer that every one of them is normalised to. One room; what a source
//! does not say stays unknown, and nothing is invented.

use std::collections::BTreeSet;

use jiff::{ToSpan, civil::Date, tz::TimeZone};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    cancellation::Cancellation,
    faults::{Check, Faults},
    flights::{Freshness, SourceId, Untrusted},
    money::{Currency, Money, MoneyError},
    properties::{Listing, ListingKey, metres},
    search::SearchKey,
    sources::Market,
    text::is_label,
};

mod city;

pub use city::{City, child_ages, city, city_of_words};

/// The most nights that are asked for or believed.
pub const MAX_NIGHTS: u8 = 90;
/// The most properties of one question.
pub const MAX_PROPERTIES: usize = 1_000;
/// The most adults in one room.
pub const MAX_ADULTS: u8 = 14;
/// The most children in one room.
pub const MAX_CHILDREN: usize = 6;
/// The oldest child, in years.
pub const OLDEST_CHILD: u8 = 17;
/// The farthest around a position, in kilometres.
pub const MAX_KILOMETRES: u8 = 100;

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
    /// So many adults, and children of these ages, in whatever order they are named.
    pub fn new(adults: u8, mut child_ages: Vec<u8>) -> Self {
        child_ages.sort_unstable();
        Self { adults, child_ages }
    }

    /// Whether a room can be asked for them.
    pub fn are_sound(&self) -> bool {
        (1..=MAX_ADULTS).contains(&self.adults)
            && self.child_ages.len() <= MAX_CHILDREN
            && self.child_ages.iter().all(|age| *age <= OLDEST_CHILD)
    }
}

/// So far around the middle of its airports a city is looked for, in kilometres, where a source is asked by position: airports lie
/// that far out, and there is no table of cities here.
const CITY_KILOMETRES: u8 = 30;
/// What is farther than this from where a city is, in metres, is in another one of its name.
const ANOTHER_CITY: u64 = 100_000;

/// Where to stay. No source can be asked by all of them: [`StayQuery::asked_by`] says it in the words that a source takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StayPlace {
    /// In one of these, by the references of the one source that is asked.
    Properties(BTreeSet<String>),
    /// In one of these, by the references of their sources; and the city that they are in, for sources that are asked by city.
    Listings(BTreeSet<ListingKey>, Option<City>),
    /// Not farther from there than so many kilometres; and the city that this is in or near, for sources that are asked by city.
    Around(Position, u8, Option<City>),
    /// In a city.
    City(City),
}

impl StayPlace {
    /// Whether it is known here where that is. A city of no airport has a name alone.
    pub fn is_known(&self) -> bool {
        match self {
            Self::City(city) => city.position().is_some(),
            Self::Properties(_) | Self::Listings(..) | Self::Around(..) => true,
        }
    }
}

/// By what a source of stays can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StayBy {
    /// By its own references of properties.
    Properties,
    /// By a position and kilometres around it.
    Around,
    /// By the name of a city.
    City,
}

impl StayPlace {
    /// What tells it from others. The city that goes with a position follows from it.
    fn parts(&self) -> (&'static str, Vec<String>) {
        match self {
            Self::Properties(ids) => ("properties", ids.iter().cloned().collect()),
            Self::Listings(keys, city) => {
                let listed = keys.iter().flat_map(|key| [key.source.to_string(), key.reference.to_string()]);
                let city = city.iter().flat_map(City::parts);
                ("listings", [keys.len().to_string()].into_iter().chain(listed).chain(city).collect())
            }
            Self::Around(position, kilometres, _) => ("around", [&written(*position)[..], &[kilometres.to_string()]].concat()),
            Self::City(city) => ("city", city.parts()),
        }
    }

    /// Whether a question can be about it.
    fn is_sound(&self) -> bool {
        match self {
            Self::Properties(ids) => (1..=MAX_PROPERTIES).contains(&ids.len()) && ids.iter().all(|id| is_label(id, 64)),
            Self::Listings(keys, _) => (1..=MAX_PROPERTIES).contains(&keys.len()),
            Self::Around(_, kilometres, _) => (1..=MAX_KILOMETRES).contains(kilometres),
            Self::City(city) => is_label(city.name(), 80),
        }
    }

    /// The field that names it, and what may be named so.
    fn rule(&self) -> (&'static str, String) {
        match self {
            Self::Properties(_) | Self::Listings(..) => ("/properties", format!("1 to {MAX_PROPERTIES} properties")),
            Self::Around(..) => ("/around/kilometres", format!("1 to {MAX_KILOMETRES} kilometres")),
            Self::City(_) => ("/city", "a city, in 1 to 80 characters".to_owned()),
        }
    }

    /// The city, as far as one is known.
    pub fn city(&self) -> Option<&City> {
        match self {
            Self::Properties(_) => None,
            Self::Listings(_, city) | Self::Around(_, _, city) => city.as_ref(),
            Self::City(city) => Some(city),
        }
    }

    /// Whether a property is asked for by this reference of some source.
    pub(crate) fn names(&self, reference: &str) -> bool {
        match self {
            Self::Properties(ids) => ids.contains(reference),
            Self::Listings(keys, _) => keys.iter().any(|key| key.reference.as_str() == reference),
            Self::Around(..) | Self::City(_) => false,
        }
    }

    /// It in the words of a source that is asked by this, if it can be said so.
    fn said_by(&self, source: &SourceId, by: StayBy) -> Option<Self> {
        match (self, by) {
            (Self::Properties(_), StayBy::Properties) | (Self::Around(..), StayBy::Around) | (Self::City(_), StayBy::City) => {
                Some(self.clone())
            }
            (Self::Listings(keys, _), StayBy::Properties) => {
                let own = keys.iter().filter(|key| key.source == *source).map(|key| key.reference.to_string());
                Some(own.collect::<BTreeSet<_>>()).filter(|own| !own.is_empty()).map(Self::Properties)
            }
            (Self::Listings(keys, city), StayBy::City) => {
                city.clone().filter(|_| keys.iter().any(|key| key.source == *source)).map(Self::City)
            }
            (Self::Around(_, _, city), StayBy::City) => city.clone().map(Self::City),
            (Self::City(city), StayBy::Around) => Some(Self::Around(city.position()?, CITY_KILOMETRES, Some(city.clone()))),
            (Self::Properties(_), StayBy::Around | StayBy::City)
            | (Self::Listings(..), StayBy::Around)
            | (Self::Around(..) | Self::City(_), StayBy::Properties) => None,
        }
    }

    /// Whether an offer is of a place, as far as it says. A little is given: sources measure otherwise.
    fn holds(&self, offer: &StayOffer) -> bool {
        let far = |from: Position| offer.property.position.map(|position| metres(from, position));
        match self {
            Self::Properties(ids) => ids.contains(&offer.property.reference),
            Self::Listings(keys, _) => {
                keys.iter().any(|key| key.source == offer.freshness.source && key.reference.as_str() == offer.property.reference)
            }
            Self::Around(position, kilometres, _) => {
                far(*position).is_none_or(|metres| metres <= u64::from(*kilometres) * 1_000 * 105 / 100)
            }
            Self::City(city) => city.holds(&offer.property),
        }
    }

    /// Whether it is known of an offer that it is of this place, where its source was asked for another one. A city is larger than
    /// what is around a position: there a house has to say where it is.
    pub(crate) fn tells_from(&self, asked: &Self, offer: &StayOffer) -> bool {
        match (self, asked) {
            (Self::Around(..), Self::City(_)) => offer.property.position.is_some(),
            (Self::Properties(_) | Self::Listings(..) | Self::City(_), _)
            | (Self::Around(..), Self::Properties(_) | Self::Listings(..) | Self::Around(..)) => true,
        }
    }

    /// Whether all of it lies in what was asked for: not everything around a position is in one city.
    pub(crate) fn is_within(&self, asked: &Self) -> bool {
        !matches!((self, asked), (Self::Around(..), Self::City(_)))
    }
}

/// A position, in texts that are the same for the same one.
fn written(position: Position) -> [String; 2] {
    [position.latitude, position.longitude].map(|degrees| degrees.normalize().to_string())
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
    /// Every fault, with pointers `/city`, `/around/kilometres`, `/properties`, `/checkin`, `/nights`, `/adults`, `/childAges`.
    pub fn new(place: StayPlace, checkin: Date, nights: u8, guests: Guests, currency: Currency) -> Result<Self, Faults> {
        let ages = &guests.child_ages;
        Self::check(Some(&place), Some(checkin), Some(nights), Some(guests.adults), Some(ages)).done()?;
        let Guests { adults, child_ages } = guests;
        Ok(Self { place, checkin, nights, guests: Guests::new(adults, child_ages), currency })
    }

    /// What is wrong with a question, as far as it could be read; pointers as those of [`Self::new`].
    pub fn check(
        place: Option<&StayPlace>,
        checkin: Option<Date>,
        nights: Option<u8>,
        adults: Option<u8>,
        child_ages: Option<&[u8]>,
    ) -> Check {
        let mut check = Check::new();
        if let Some((place, (pointer, rule))) = place.map(|place| (place, place.rule())) {
            check.that(place.is_sound(), pointer, "no-place", rule);
        }
        let in_time = checkin.is_none_or(|checkin| last_day(checkin, nights.unwrap_or(1)).is_some());
        check.that(in_time, "/checkin", "out-of-range", "a day that can be counted on from");
        let mut within = |number: Option<u8>, most: u8, pointer: &str, what: &str| {
            let holds = number.is_none_or(|number| (1..=most).contains(&number));
            check.that(holds, pointer, "out-of-range", format!("1 to {most} {what}"));
        };
        within(nights, MAX_NIGHTS, "/nights", "nights");
        within(adults, MAX_ADULTS, "/adults", "adults");
        let child_ages = child_ages.unwrap_or_default();
        check.that(child_ages.len() <= MAX_CHILDREN, "/childAges", "too-many", format!("at most {MAX_CHILDREN} children"));
        for (child, age) in child_ages.iter().enumerate() {
            let rule = format!("0 to {OLDEST_CHILD} years");
            check.that(*age <= OLDEST_CHILD, &format!("/childAges/{child}"), "out-of-range", rule);
        }
        check
    }

    /// Its name: the same for all questions that mean the same, however their city is written and in whatever order their children
    /// were named.
    pub fn key(&self) -> SearchKey {
        let (kind, place) = self.place.parts();
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

    /// The question that a source is asked in place of this one, if it can be asked by this: in one city for what is around a
    /// position, around a position for a city, and for listings by its own references, or for their city if it sells one of them.
    #[must_use]
    pub fn asked_by(&self, source: &SourceId, by: StayBy) -> Option<Self> {
        Some(Self { place: self.place.said_by(source, by)?, ..self.clone() })
    }

    /// Whether an offer answers this question, as far as it says what it is.
    pub fn asks_for(&self, offer: &StayOffer) -> bool {
        self.place.holds(offer)
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
    /// Street and number in one line, where the source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Its country, where the source says.
    #[serde(default)]
    pub country: Option<Market>,
}

impl Property {
    /// Takes over what its source says of it elsewhere, where it does not say so itself.
    pub fn complete(&mut self, listing: &Listing) {
        let Listing { key: _, name, position, address, veiled: _ } = listing;
        self.name = self.name.take().or_else(|| name.clone());
        self.position = self.position.or(*position);
        self.address = self.address.take().or_else(|| address.clone());
    }
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

    /// Whether it can be: nothing is negative or more than anybody asks, and no parts are more than the whole.
    fn trusted(&self) -> Result<(), Untrusted> {
        if !self.total.is_asked() || !self.per_night.unwrap_or(self.total).is_believable() {
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
        if self.room.left == Some(0) {
            return Err(Untrusted::Gone);
        }
        self.price.trusted()?;
        self.cancellation.as_ref().map_or(Ok(()), |terms| {
            terms.trusted()?;
            if self.is_over_while_free(terms) { Err(Untrusted::Terms) } else { Ok(()) }
        })
    }

    /// Whether it could still be cancelled for nothing when it is over, as far as its days are known. A day is given: clocks differ.
    fn is_over_while_free(&self, terms: &Cancellation) -> bool {
        let checkout = self.checkin.and_then(|day| last_day(day, self.nights.unwrap_or(MAX_NIGHTS)));
        let over = checkout.and_then(|day| day.checked_add(2.days()).ok()?.to_zoned(TimeZone::UTC).ok());
        over.is_some_and(|over| terms.is_free_after(over.timestamp()))
    }
}

#[cfg(test)]
mod tests;
