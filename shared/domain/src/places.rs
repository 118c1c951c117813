//! Places: airports, metropolitan areas, regions, countries. The tables are `data/airports.csv`, `data/metro-areas.csv`,
//! `data/regions.csv`, `data/place-names.csv` and `data/countries.csv` (sources and licences in `data/SOURCES.md`), cut into columns by
//! the build script.
//!
//! Here is a place as it is written and kept. What people call it is in [`names`], which links another 350 KB of tables.

use std::{collections::HashMap, fmt, str::FromStr, sync::LazyLock};

use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{faults::Invalid, properties::metres, stays::Position};

/// A column of the tables.
macro_rules! column {
    ($name:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/", $name))
    };
}

pub mod fold;
pub mod names;
mod regions;
pub mod suggest;
mod table;
mod within;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod told;

pub(crate) use names::country_code;
pub use names::{Choice, Unresolved, resolve};
pub use regions::Region;
pub use suggest::suggest;
pub use table::PlaceKind;
#[cfg(test)]
pub(crate) use table::names_of_cities;

/// An airport with an IATA code, known to the shipped table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Airport([u8; 3]);

/// The code of every airport, in order.
const CODES: &[[u8; 3]] = column!("codes").as_bytes().as_chunks().0;
/// The city that each of them serves.
static CITIES: LazyLock<Vec<&str>> = LazyLock::new(|| column!("cities").split('\n').collect());
/// The clock that each goes by, as a place among all of them.
const CLOCK_OF: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/zones"));
const CLOCKS: &[Clock] = include!(concat!(env!("OUT_DIR"), "/clocks"));
static ZONES: LazyLock<Vec<Option<TimeZone>>> = LazyLock::new(|| CLOCKS.iter().map(Clock::zone).collect());
/// The country of each, two letters.
const COUNTRY_OF: &[[u8; 2]] = column!("airport-countries").as_bytes().as_chunks().0;
/// Where each lies: latitude and longitude in millionths of a degree.
const POSITIONS: &[[u8; 8]] = include_bytes!(concat!(env!("OUT_DIR"), "/positions")).as_chunks().0;
/// What air traffic control calls each that is flown to: four letters of ICAO, or blanks.
const ICAO: &[[u8; 4]] = column!("icao").as_bytes().as_chunks().0;
/// How busy each is: millionths of the busiest.
const RANKS: &[[u8; 4]] = include_bytes!(concat!(env!("OUT_DIR"), "/ranks")).as_chunks().0;
static METRO_NAMES: LazyLock<HashMap<&str, &str>> =
    LazyLock::new(|| column!("metro-names").lines().filter_map(|line| line.split_once(',')).collect());
static METROS: LazyLock<HashMap<[u8; 3], Vec<Airport>>> = LazyLock::new(|| groups(column!("metros")));
static COUNTRIES: LazyLock<HashMap<[u8; 2], Vec<Airport>>> = LazyLock::new(|| groups(column!("countries")));

/// How clocks go somewhere. The whole zone database, with every year since 1900, is a thirtieth of what a function may be.
enum Clock {
    /// By a rule, as POSIX writes it.
    Rule(&'static str),
    /// By a file of the zone database, and what the zone is called.
    File(&'static str, &'static [u8]),
}

impl Clock {
    fn zone(&self) -> Option<TimeZone> {
        match self {
            Self::Rule(rule) => TimeZone::posix(rule).ok(),
            Self::File(name, file) => TimeZone::tzif(name, file).ok(),
        }
    }
}

/// What stands for several airports: a line each, its code, then theirs.
fn groups<const N: usize>(lines: &str) -> HashMap<[u8; N], Vec<Airport>> {
    let group = |line: &str| {
        let (code, airports) = line.split_once(',')?;
        Some((code.as_bytes().try_into().ok()?, airports.split('|').filter_map(|airport| airport.parse().ok()).collect()))
    };
    lines.lines().filter_map(group).collect()
}

impl Airport {
    /// The IATA code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Its city, or the code where the table names none.
    pub fn city(&self) -> &str {
        self.row().and_then(|row| CITIES.get(row)).copied().filter(|city| !city.is_empty()).unwrap_or_else(|| self.code())
    }

    /// Its time zone, as the zone database has it from 2025 on; without a name.
    pub fn zone(&self) -> Option<TimeZone> {
        let clock = CLOCK_OF.get(self.row()?)?;
        ZONES.get(usize::from(*clock))?.clone()
    }

    /// Its country: two letters of ISO 3166.
    pub fn country(&self) -> &'static str {
        let country = self.row().and_then(|row| COUNTRY_OF.get(row));
        country.and_then(|country| std::str::from_utf8(country).ok()).unwrap_or_default()
    }

    /// Where it lies.
    pub fn position(&self) -> Option<Position> {
        let [a, b, c, d, e, f, g, h] = *POSITIONS.get(self.row()?)?;
        let degrees = |millionths| Decimal::new(i32::from_le_bytes(millionths).into(), 6);
        Position::new(degrees([a, b, c, d]), degrees([e, f, g, h]))
    }

    /// The one that air traffic control calls so: `EGLL` is Heathrow.
    fn of_icao(code: &str) -> Option<Self> {
        let code: [u8; 4] = code.to_ascii_uppercase().as_bytes().try_into().ok().filter(|code: &[u8; 4]| code != b"    ")?;
        ICAO.iter().position(|known| *known == code).and_then(|row| CODES.get(row)).copied().map(Self)
    }

    /// How busy it is, in millionths of the busiest.
    fn rank(&self) -> u32 {
        self.row().and_then(|row| RANKS.get(row)).map_or(0, |rank| u32::from_le_bytes(*rank))
    }

    /// Those that are no farther from a place than so many metres. It looks at all of them.
    pub fn near(place: Position, within: u64) -> Vec<Self> {
        let every = CODES.iter().map(|code| Self(*code));
        every.filter(|airport| airport.position().is_some_and(|position| metres(place, position) <= within)).collect()
    }

    fn row(&self) -> Option<usize> {
        CODES.binary_search(&self.0).ok()
    }
}

impl FromStr for Airport {
    type Err = Invalid;

    fn from_str(code: &str) -> Result<Self, Invalid> {
        code.as_bytes()
            .try_into()
            .ok()
            .filter(|code| CODES.binary_search(code).is_ok())
            .map(Self)
            .ok_or(Invalid { what: "an airport", rule: "a known IATA code in capitals, such as LAX" })
    }
}

impl TryFrom<String> for Airport {
    type Error = Invalid;

    fn try_from(code: String) -> Result<Self, Invalid> {
        code.parse()
    }
}

impl From<Airport> for String {
    fn from(airport: Airport) -> Self {
        airport.code().to_owned()
    }
}

impl fmt::Display for Airport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Airport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A place one can fly from or to. Written `LAX` (an airport), `metro:LON` (a metropolitan area; the prefix may be left
/// out where no airport has that code), `region:US-HI` or `country:AE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    /// One airport.
    Airport(Airport),
    /// All airports of a metropolitan area.
    Metro([u8; 3]),
    /// The busiest airports of a part of a country.
    Region(Region),
    /// The busiest airports of a country.
    Country([u8; 2]),
}

impl Place {
    /// The airports it stands for, in code order.
    pub fn airports(&self) -> Vec<Airport> {
        let mut airports = match self {
            Self::Airport(airport) => vec![*airport],
            Self::Metro(code) => METROS.get(code).cloned().unwrap_or_default(),
            Self::Region(region) => region.airports(),
            Self::Country(code) => COUNTRIES.get(code).cloned().unwrap_or_default(),
        };
        airports.sort_unstable();
        airports
    }

    /// The city it is or serves; none for a country or a part of one.
    pub fn city(&self) -> Option<String> {
        match self {
            Self::Airport(airport) => Some(airport.city().to_owned()),
            Self::Metro(code) => METRO_NAMES.get(std::str::from_utf8(code).ok()?).map(|name| (*name).to_owned()),
            Self::Region(_) | Self::Country(_) => None,
        }
    }

    /// Where one stays who goes there: at an airport, or in the middle of those of a metropolitan area, to a thousandth of a degree
    /// (110 m). None for a country or a part of one, which has no such point.
    pub fn position(&self) -> Option<Position> {
        if matches!(self, Self::Region(_) | Self::Country(_)) {
            return None;
        }
        let positions: Vec<Position> = self.airports().iter().filter_map(Airport::position).collect();
        let mean = |of: fn(Position) -> Decimal| {
            let sum: Decimal = positions.iter().map(|position| of(*position)).sum();
            sum.checked_div(Decimal::from(positions.len())).map(|mean| mean.round_dp(3).normalize())
        };
        Position::new(mean(Position::latitude)?, mean(Position::longitude)?)
    }
}

/// The country that all of these are in; none if there are several, or no airports.
pub fn country_of<'a>(airports: impl IntoIterator<Item = &'a Airport>) -> Option<&'static str> {
    let mut countries = airports.into_iter().map(Airport::country);
    let first = countries.next().filter(|first| !first.is_empty())?;
    countries.all(|country| country == first).then_some(first)
}

impl FromStr for Place {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let unknown = Invalid { what: "a place", rule: "a known airport (LAX), metro:LON, region:US-HI or country:AE" };
        let metro = |code: &str| code.as_bytes().try_into().ok().filter(|code| METROS.contains_key(code)).map(Self::Metro);
        match text.split_once(':') {
            None => text.parse().map(Self::Airport).ok().or_else(|| metro(text)),
            Some(("metro", code)) => metro(code),
            Some(("region", code)) => code.parse().ok().map(Self::Region),
            Some(("country", code)) => {
                code.as_bytes().try_into().ok().filter(|code| COUNTRIES.contains_key(code)).map(Self::Country)
            }
            Some(_) => None,
        }
        .ok_or(unknown)
    }
}

impl TryFrom<String> for Place {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Airport(airport) => airport.fmt(f),
            Self::Metro(code) => write!(f, "metro:{}", String::from_utf8_lossy(code)),
            Self::Region(region) => write!(f, "region:{region}"),
            Self::Country(code) => write!(f, "country:{}", String::from_utf8_lossy(code)),
        }
    }
}
