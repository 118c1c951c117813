//! A city that one stays in: what sources that are asked by city call it, and where it is, as far as that is known.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Position, written};
use crate::{
    faults::Fault,
    inputs,
    places::{
        Airport, Place, country_of,
        fold::fold_name,
        names::{self, NamedCity, Unresolved},
    },
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
}

impl City {
    /// The city that a text means: by its name, with its country after a comma where that is needed, or by the code of an airport or a
    /// metropolitan area ([`names::city`]).
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

    fn of(NamedCity { name, place, country }: NamedCity) -> Self {
        match place {
            Some(place) => Self::at(name, place),
            None => Self::unplaced(name, country),
        }
    }

    /// A city that no table has. Nobody can see from where it is whether an answer is about it: sources are told its country, too, if
    /// one is known. They may know another city by its name.
    fn unplaced(name: String, country: Option<&str>) -> Self {
        let name = country.map_or(name.clone(), |country| format!("{name}, {country}"));
        Self { name, position: None, country: country.and_then(|country| country.parse().ok()) }
    }

    /// The city that a position is in or near: the busiest that has an airport within 40 km of it.
    pub fn near(position: Position) -> Option<Self> {
        let (name, place) = names::busiest_city(&Airport::near(position, AIRPORTS_WITHIN))?;
        Some(Self::at(name.to_owned(), place))
    }

    fn at(name: String, place: Place) -> Self {
        let country = country_of(&place.airports()).and_then(|country| country.parse().ok());
        Self { name, position: place.position(), country }
    }

    /// What sources are asked for it by: what it is called, and its country where it is known by nothing else.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is: in the middle of its airports.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// The market that it is.
    pub fn market(&self) -> Option<&Market> {
        self.country.as_ref()
    }

    /// What tells it from others: its name in whatever letters, its country, and where it is.
    pub(super) fn parts(&self) -> Vec<String> {
        let country = self.country.as_ref().map(ToString::to_string).unwrap_or_default();
        let position = self.position.map(written).into_iter().flatten();
        [fold_name(&self.name), country].into_iter().chain(position).collect()
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

fn read(value: Value, at: &str, faults: &mut Vec<Fault>, by: fn(&str) -> Result<City, Unresolved>) -> Option<City> {
    let text: String = inputs::leaf(value, at, faults)?;
    let noted = |error: Unresolved| Fault { pointer: at.to_owned(), code: error.code(), detail: error.to_string() };
    by(&text).map_err(|error| faults.push(noted(error))).ok()
}
