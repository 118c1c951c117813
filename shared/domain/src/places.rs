//! Places: airports, metropolitan areas, countries. The tables are `data/airports.csv` and `data/metro-areas.csv`
//! (sources and licences in `data/SOURCES.md`).

use std::{collections::HashMap, fmt, str::FromStr, sync::LazyLock};

use serde::{Deserialize, Serialize};

use crate::faults::Invalid;

/// An airport with an IATA code, known to the shipped table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Airport([u8; 3]);

/// What is known of an airport.
#[derive(Debug)]
pub struct AirportFacts {
    /// Its name.
    pub name: &'static str,
    /// The city it serves.
    pub city: &'static str,
    /// ISO 3166 alpha-2 country.
    pub country: &'static str,
    /// IANA time zone.
    pub zone: &'static str,
    /// Traffic rank in millionths, 0 when unknown: more is busier.
    pub rank: u32,
    /// Has scheduled flights, as far as known.
    pub scheduled: bool,
}

static AIRPORTS: LazyLock<HashMap<[u8; 3], AirportFacts>> =
    LazyLock::new(|| rows(include_str!("../data/airports.csv")).filter_map(airport_row).collect());
static METROS: LazyLock<HashMap<[u8; 3], Vec<Airport>>> =
    LazyLock::new(|| rows(include_str!("../data/metro-areas.csv")).filter_map(metro_row).collect());

/// The rows of a shipped table as borrowed fields. A field in quotes may hold commas; quotes inside a field don't occur
/// (a test reads the tables with a full CSV parser and compares).
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().skip(1).map(|line| {
        let mut fields = Vec::with_capacity(10);
        let mut rest = line;
        loop {
            let (field, after) = match rest.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
                Some((field, after)) => (field, after.strip_prefix(',')),
                None => rest.split_once(',').map_or((rest, None), |(field, after)| (field, Some(after))),
            };
            fields.push(field);
            match after {
                Some(after) => rest = after,
                None => return fields,
            }
        }
    })
}

fn airport_row(fields: Vec<&'static str>) -> Option<([u8; 3], AirportFacts)> {
    let &[iata, name, city, country, _city_code, _lat, _lon, zone, scheduled, rank] = fields.as_slice() else { return None };
    let rank = rank.strip_prefix("0.").and_then(|fraction| format!("{fraction:0<6}").get(..6)?.parse().ok()).unwrap_or(0);
    Some((iata.as_bytes().try_into().ok()?, AirportFacts { name, city, country, zone, rank, scheduled: scheduled == "1" }))
}

fn metro_row(fields: Vec<&'static str>) -> Option<([u8; 3], Vec<Airport>)> {
    let &[code, _name, _country, airports, _basis] = fields.as_slice() else { return None };
    Some((code.as_bytes().try_into().ok()?, airports.split('|').filter_map(|airport| airport.parse().ok()).collect()))
}

impl Airport {
    /// The IATA code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// What is known of it.
    pub fn facts(&self) -> Option<&'static AirportFacts> {
        AIRPORTS.get(&self.0)
    }

    /// Its city, or the code where the table names none.
    pub fn city(&self) -> &str {
        self.facts().map(|facts| facts.city).filter(|city| !city.is_empty()).unwrap_or_else(|| self.code())
    }
}

impl FromStr for Airport {
    type Err = Invalid;

    fn from_str(code: &str) -> Result<Self, Invalid> {
        code.as_bytes()
            .try_into()
            .ok()
            .filter(|code| AIRPORTS.contains_key(code))
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

/// How many airports a country stands for: its busiest ones.
pub const AIRPORTS_PER_COUNTRY: usize = 10;

impl Place {
    /// The airports it stands for, in code order.
    pub fn airports(&self) -> Vec<Airport> {
        let mut airports = match self {
            Self::Airport(airport) => vec![*airport],
            Self::Metro(code) => METROS.get(code).cloned().unwrap_or_default(),
            Self::Country(code) => busiest(*code),
        };
        airports.sort_unstable();
        airports
    }
}

/// O(airports): countries are expanded when a watcher is saved, not when it runs.
fn busiest(country: [u8; 2]) -> Vec<Airport> {
    let mut ranked: Vec<_> = AIRPORTS
        .iter()
        .filter(|(_, facts)| facts.country.as_bytes() == country && facts.scheduled && facts.rank > 0)
        .map(|(code, facts)| (std::cmp::Reverse(facts.rank), Airport(*code)))
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().take(AIRPORTS_PER_COUNTRY).map(|(_, airport)| airport).collect()
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
                code.as_bytes().try_into().ok().filter(|code| !busiest(*code).is_empty()).map(Self::Country)
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
    fn the_tables_read_as_a_full_csv_parser_reads_them() {
        for table in [include_str!("../data/airports.csv"), include_str!("../data/metro-areas.csv")] {
            let full: Vec<Vec<String>> = csv::Reader::from_reader(table.as_bytes())
                .into_records()
                .map(|row| row.unwrap().iter().map(str::to_owned).collect())
                .collect();
            let ours: Vec<Vec<&str>> = rows(table).collect();
            for (full, ours) in full.iter().zip(&ours) {
                assert_eq!(full, ours);
            }
            assert_eq!(full.len(), ours.len());
        }
        assert_eq!(AIRPORTS.len(), 7_884);
    }

    #[test]
    fn every_airport_has_a_time_zone_we_know() {
        for (code, facts) in AIRPORTS.iter() {
            assert!(jiff::tz::TimeZone::get(facts.zone).is_ok(), "{code:?} {}", facts.zone);
        }
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
        assert!(airports.contains(&"DXB".parse().unwrap()) && airports.len() <= AIRPORTS_PER_COUNTRY);
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in ["", "lax", "XXX", "LA", "metro:ZZZ", "country:ZZ", "planet:EARTH", "LAX ", "ÄÖÜ"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
