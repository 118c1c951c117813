//! A city that one stays in: what sources that are asked by city call it, and where it is, as far as that is known.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ANOTHER_CITY, OLDEST_CHILD, Position, Property, written};
use crate::{
    faults::Fault,
    inputs,
    places::{
        Airport, Place,
        fold::fold_name,
        names::{self, NamedCity, Namesakes, Unresolved},
    },
    properties::metres,
    sources::Market,
};

/// So far from the middle of a city its airports are looked for, in metres.
const AIRPORTS_WITHIN: u64 = 40_000;

/// A city. One without an airport is known by its name alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct City {
    name: String,
    position: Option<Position>,
    country: Option<Market>,
    #[serde(default)]
    namesakes: Namesakes,
}

impl City {
    /// The city that a text means: by any of its names, with its country after a comma where that is needed, or by the code of an airport
    /// or a metropolitan area ([`names::city`]). By whichever it was named, it is the same city.
    ///
    /// # Errors
    /// If several cities have the name, or some have nearly the same, with them to choose from; or if it is a code of no city.
    pub fn named(text: &str) -> Result<Self, Unresolved> {
        names::city(text).map(Self::of)
    }

    /// The city that the words for something to do mean: by the same rule, but that few words are slips ([`names::city_of_words`]). Words
    /// that mean none are taken as they are.
    ///
    /// # Errors
    /// As [`Self::named`].
    pub fn of_words(text: &str) -> Result<Self, Unresolved> {
        names::city_of_words(text).map(Self::of)
    }

    fn of(NamedCity { name, place, country, namesakes }: NamedCity) -> Self {
        let country = country.and_then(|country| country.parse().ok());
        Self { name, position: place.as_ref().and_then(Place::position), country, namesakes }
    }

    /// The city that a position is in or near: the busiest that has an airport within 40 km of it.
    pub fn near(position: Position) -> Option<Self> {
        names::busiest_city(&Airport::near(position, AIRPORTS_WITHIN)).map(Self::of)
    }

    /// What it is called, without its country.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What sources are asked for it by that take words alone: its name, and its country's where others are called the same.
    pub fn words(&self) -> String {
        let country = self.country.as_ref().filter(|_| self.namesakes != Namesakes::None);
        let country = country.and_then(|country| names::country_name(country.as_str()));
        country.map_or_else(|| self.name.clone(), |country| format!("{}, {country}", self.name))
    }

    /// Where it is: in the middle of its airports.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// The market that it is: its country.
    pub fn market(&self) -> Option<&Market> {
        self.country.as_ref()
    }

    /// Whether a house can be here, as far as it says where it is.
    pub(super) fn holds(&self, house: &Property) -> bool {
        let near = self.position.zip(house.position).is_none_or(|(here, there)| metres(here, there) <= ANOTHER_CITY);
        near && self.country.as_ref().zip(house.country.as_ref()).is_none_or(|(here, there)| here == there)
    }

    /// Whether a house that a source finds by the name of this city says that it is not in another one that is called the same.
    pub fn is_told_by(&self, house: &Property) -> bool {
        match self.namesakes {
            Namesakes::None => true,
            Namesakes::Abroad => house.position.is_some() || house.country.is_some(),
            Namesakes::AtHome => house.position.is_some(),
        }
    }

    /// What tells it from others: its name in whatever letters, and where it is.
    pub(super) fn parts(&self) -> Vec<String> {
        [vec![fold_name(&self.name)], self.whereabouts()].concat()
    }

    /// What tells it from others that are called the same: its country, and its position.
    pub(crate) fn whereabouts(&self) -> Vec<String> {
        let country = self.country.as_ref().map(ToString::to_string).unwrap_or_default();
        std::iter::once(country).chain(self.position.map(written).into_iter().flatten()).collect()
    }
}

/// How a city in an input is read ([`inputs::Reader`]).
pub fn city(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<City> {
    read(value, at, faults, City::named)
}

/// How the words for something to do are read.
pub fn city_of_words(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<City> {
    read(value, at, faults, City::of_words)
}

/// How the ages of children are read.
pub fn child_ages(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<Vec<u8>> {
    inputs::each(value, at, faults, inputs::between::<0, OLDEST_CHILD>)
}

fn read(value: Value, at: &str, faults: &mut Vec<Fault>, by: fn(&str) -> Result<City, Unresolved>) -> Option<City> {
    let text: String = inputs::leaf(value, at, faults)?;
    let noted = |error: Unresolved| Fault { pointer: at.to_owned(), code: error.code(), detail: error.to_string() };
    by(&text).map_err(|error| faults.push(noted(error))).ok()
}
