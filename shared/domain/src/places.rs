//! Places: airports, metropolitan areas, countries. The tables are `data/airports.csv` and `data/metro-areas.csv`
//! (sources and licences in `data/SOURCES.md`), cut into columns by the build script.

use std::{collections::HashMap, fmt, str::FromStr, sync::LazyLock};

use serde::{Deserialize, Serialize};

use crate::faults::Invalid;

/// An airport with an IATA code, known to the shipped table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Airport([u8; 3]);

/// A column of the tables.
macro_rules! column {
    ($name:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/", $name))
    };
}

/// The code of every airport, in order.
const CODES: &[[u8; 3]] = column!("codes").as_bytes().as_chunks().0;
/// The city that each of them serves, and its IANA time zone.
static CITIES: LazyLock<Vec<&str>> = LazyLock::new(|| column!("cities").split('\n').collect());
static ZONES: LazyLock<Vec<&str>> = LazyLock::new(|| column!("zones").split('\n').collect());
static METROS: LazyLock<HashMap<[u8; 3], Vec<Airport>>> = LazyLock::new(|| groups(column!("metros")));
static COUNTRIES: LazyLock<HashMap<[u8; 2], Vec<Airport>>> = LazyLock::new(|| groups(column!("countries")));

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
        self.row_of(&CITIES).filter(|city| !city.is_empty()).unwrap_or_else(|| self.code())
    }

    /// Its IANA time zone.
    pub fn zone(&self) -> Option<&'static str> {
        self.row_of(&ZONES)
    }

    fn row_of(&self, column: &[&'static str]) -> Option<&'static str> {
        CODES.binary_search(&self.0).ok().and_then(|row| column.get(row)).copied()
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
/// out where no airport has that code) or `country:AE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    /// One airport.
    Airport(Airport),
    /// All airports of a metropolitan area.
    Metro([u8; 3]),
    /// The busiest airports of a country.
    Country([u8; 2]),
}

impl Place {
    /// The airports it stands for, in code order.
    pub fn airports(&self) -> Vec<Airport> {
        let mut airports = match self {
            Self::Airport(airport) => vec![*airport],
            Self::Metro(code) => METROS.get(code).cloned().unwrap_or_default(),
            Self::Country(code) => COUNTRIES.get(code).cloned().unwrap_or_default(),
        };
        airports.sort_unstable();
        airports
    }
}

impl FromStr for Place {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let unknown =
            Invalid { what: "a place", rule: "a known airport (LAX), metro:CODE (metro:LON) or country:CODE (country:AE)" };
        let metro = |code: &str| code.as_bytes().try_into().ok().filter(|code| METROS.contains_key(code)).map(Self::Metro);
        match text.split_once(':') {
            None => text.parse().map(Self::Airport).ok().or_else(|| metro(text)),
            Some(("metro", code)) => metro(code),
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
            Self::Country(code) => write!(f, "country:{}", String::from_utf8_lossy(code)),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_airport_has_its_row_and_a_time_zone_we_know() {
        assert_eq!((CODES.len(), CITIES.len(), ZONES.len()), (7_884, 7_884, 7_884));
        assert!(CODES.is_sorted());
        for code in CODES {
            let zone = Airport(*code).zone().unwrap();
            assert!(jiff::tz::TimeZone::get(zone).is_ok(), "{code:?} {zone}");
        }
        let dubai: Airport = "DXB".parse().unwrap();
        assert_eq!((dubai.city(), dubai.zone()), ("Dubai", Some("Asia/Dubai")));
    }

    #[test]
    fn an_airport_without_a_city_is_called_by_its_code() {
        let anaa: Airport = "AAA".parse().unwrap();
        assert_eq!(anaa.city(), "AAA");
    }

    #[test]
    fn a_code_without_prefix_is_an_airport_before_it_is_a_metro() {
        assert_eq!("LAX".parse::<Place>().unwrap().airports().len(), 1);
        assert!(!"metro:LAX".parse::<Place>().unwrap().airports().is_empty());
        assert_eq!("LON".parse::<Place>().unwrap(), "metro:LON".parse().unwrap());
    }

    #[test]
    fn a_country_is_its_busiest_airports() {
        let airports = "country:AE".parse::<Place>().unwrap().airports();
        assert!(airports.contains(&"DXB".parse().unwrap()) && airports.len() <= 10);
        // The busiest of all, whose rank is no fraction of one.
        assert!("country:TR".parse::<Place>().unwrap().airports().contains(&"IST".parse().unwrap()));
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in ["", "lax", "XXX", "LA", "metro:ZZZ", "country:ZZ", "planet:EARTH", "LAX ", "ÄÖÜ"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
