//! The names of all places, as the build script writes them, and what follows of a name from its place.

use std::sync::LazyLock;

use serde::Serialize;

use super::{Airport, Choice, Place, names::country_name};

/// What a name is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceKind {
    /// An airport.
    Airport,
    /// A city, which stands for its main airport.
    City,
    /// A metropolitan area, which stands for all of its airports.
    Metro,
    /// A part of a country, such as a state: it stands for its busiest airports. Only flights are searched for by region.
    Region,
    /// A country, which stands for its busiest airports. Only flights are searched for by country.
    Country,
}

/// How a name stands for its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// An airport by its own name.
    Airport,
    /// An airport as people call it: `Haneda`.
    Called,
    /// The same after the name of its city: `Tokyo Haneda`.
    InFull,
    /// An airport by the city that it serves, among others.
    Serving,
    /// A city, which means its main airport.
    City,
    /// A town or an island beside the city that its airport is meant for.
    Town,
    /// A metropolitan area.
    Metro,
    /// A metropolitan area that only some lists know: it has to be asked for by its code.
    Wide,
    /// A city by two letters, as people say it: `LA`. It is offered, and means nothing alone.
    Short,
    /// A part of a country.
    Region,
    /// A country.
    Country,
}

impl Says {
    fn of(letter: &str) -> Option<Self> {
        Some(match letter {
            "a" => Self::Airport,
            "u" => Self::Called,
            "f" => Self::InFull,
            "s" => Self::Serving,
            "c" => Self::City,
            "t" => Self::Town,
            "m" => Self::Metro,
            "w" => Self::Wide,
            "n" => Self::Short,
            "r" => Self::Region,
            "l" => Self::Country,
            _ => return None,
        })
    }

    pub(super) fn kind(self) -> PlaceKind {
        match self {
            Self::Airport | Self::Called | Self::InFull | Self::Serving => PlaceKind::Airport,
            Self::City | Self::Town | Self::Short => PlaceKind::City,
            Self::Metro | Self::Wide => PlaceKind::Metro,
            Self::Region => PlaceKind::Region,
            Self::Country => PlaceKind::Country,
        }
    }

    /// Whether it is a city, or several together, that its name alone means.
    pub(super) fn is_city(self) -> bool {
        match self {
            Self::City | Self::Town | Self::Metro => true,
            Self::Airport
            | Self::Called
            | Self::InFull
            | Self::Serving
            | Self::Wide
            | Self::Short
            | Self::Region
            | Self::Country => false,
        }
    }

    /// Whether it is the city that the place is meant for.
    pub(super) fn serves(self) -> bool {
        matches!(self, Self::City | Self::Metro)
    }
}

/// A name of a place: a line of the table that the build script writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    /// As it is compared.
    pub(super) folded: &'static str,
    pub(super) says: Says,
    pub(super) shown: &'static str,
    pub(super) country: &'static str,
    pub(super) place: Place,
    /// How busy: millionths of the busiest airport.
    pub(super) rank: u32,
    /// What the city is called here, by whichever of its names one asks.
    pub(super) city: &'static str,
}

const TABLE: &str = column!("names");
/// The table in small letters: most names are compared as they are shown, but for that.
static SMALL: LazyLock<String> = LazyLock::new(|| TABLE.to_ascii_lowercase());

/// Every name, in the order in which they are compared.
pub(super) static NAMES: LazyLock<Vec<Name>> =
    LazyLock::new(|| TABLE.lines().zip(SMALL.lines()).filter_map(|(line, small)| Name::of(line, small)).collect());

impl Name {
    fn of(line: &'static str, small: &'static str) -> Option<Self> {
        let mut fields = line.split('\t');
        let (shown, (says, written)) = (fields.next()?, fields.next()?.split_at_checked(1)?);
        let (says, place) = (Says::of(says)?, written.parse().ok()?);
        let mut or = |expected| fields.next().filter(|field| !field.is_empty()).unwrap_or(expected);
        let folded = or(small.split('\t').next()?);
        let city = or(shown);
        let country = or(country_of(place, written));
        Some(Self { folded, says, shown, country, place, rank: rank(place), city })
    }

    /// It as something to choose. A country, or a region, is shown by the name by which it is known here.
    pub(super) fn choice(&self) -> Choice {
        let name = match self.place {
            Place::Airport(_) | Place::Metro(_) => self.shown,
            Place::Region(region) => region.name(),
            Place::Country(_) => country_name(self.country).unwrap_or(self.shown),
        };
        Choice { place: self.place, kind: self.says.kind(), name, country: self.country, city: self.city }
    }

    /// Its city as something to choose.
    pub(super) fn city_choice(&self) -> Choice {
        Choice { name: self.city, ..self.choice() }
    }
}

/// The country of a place that is written so.
fn country_of(place: Place, written: &'static str) -> &'static str {
    match place {
        Place::Airport(airport) => airport.country(),
        Place::Metro(_) => place.airports().first().map_or("", Airport::country),
        Place::Region(region) => region.country(),
        Place::Country(_) => written.split_once(':').map_or("", |(_, code)| code),
    }
}

/// How busy a place is. A country is half as busy as its busiest airport, and a region a fifth: who types what could be either means a city
/// more often.
fn rank(place: Place) -> u32 {
    let each = || place.airports().into_iter().map(|airport| airport.rank());
    match place {
        Place::Airport(airport) => airport.rank(),
        Place::Metro(_) => each().sum(),
        Place::Region(_) => each().max().unwrap_or(0) / 5,
        Place::Country(_) => each().max().unwrap_or(0) / 2,
    }
}

/// Every name that alone means a city: as it is compared and shown, its country, its place, how busy that is, and what the city is called.
#[cfg(test)]
pub(crate) fn names_of_cities() -> impl Iterator<Item = (&'static str, &'static str, &'static str, Place, u32, &'static str)> {
    let cities = NAMES.iter().filter(|name| name.says.is_city());
    cities.map(|name| (name.folded, name.shown, name.country, name.place, name.rank, name.city))
}
