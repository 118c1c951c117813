//! Regions: the states, provinces and lands of a country that people name as they name countries: `Hawaii`, `Scotland`, `Bavaria`. The
//! table is `data/regions.csv`; which airports lie in one says `data/airports.csv`.

use std::{fmt, str::FromStr, sync::LazyLock};

use super::{Airport, CODES, fold::fold_name};
use crate::faults::Invalid;

/// Of whose regions people write the letters after a city: `Portland, OR`.
const WRITTEN_SHORT: [&str; 3] = ["US", "CA", "AU"];

/// A part of a country. Written as ISO 3166-2 has it: `US-HI`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(u8);

/// A row of the table.
struct Row {
    code: &'static str,
    name: &'static str,
    /// The name as it is compared.
    folded: String,
    airports: Vec<Airport>,
}

impl Row {
    fn of(line: &'static str) -> Option<Self> {
        let mut fields = line.split('\t');
        let (code, name) = (fields.next()?, fields.next()?);
        let airports = fields.next()?.split('|').filter_map(|airport| airport.parse().ok()).collect();
        Some(Self { code, name, folded: fold_name(name), airports })
    }
}

static REGIONS: LazyLock<Vec<Row>> = LazyLock::new(|| column!("regions").lines().filter_map(Row::of).collect());
/// The region of each airport, counted from one; nought is none.
const REGION_OF: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/region-of"));

impl Region {
    fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).take(REGIONS.len()).map(Self)
    }

    fn row(self) -> Option<&'static Row> {
        REGIONS.get(usize::from(self.0))
    }

    /// The one that an airport lies in.
    pub(super) fn of(airport: Airport) -> Option<Self> {
        airport.row().and_then(|row| REGION_OF.get(row))?.checked_sub(1).map(Self)
    }

    /// The one that all of these lie in; none, if there are several.
    pub(super) fn of_all(airports: &[Airport]) -> Option<Self> {
        let first = Self::of(*airports.first()?)?;
        airports.iter().all(|airport| first.has(*airport)).then_some(first)
    }

    /// Its code: `US-HI`.
    pub fn code(self) -> &'static str {
        self.row().map_or("", |row| row.code)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// Its country: two letters of ISO 3166.
    pub fn country(self) -> &'static str {
        self.code().get(..2).unwrap_or_default()
    }

    /// Its busiest airports.
    pub(super) fn airports(self) -> Vec<Airport> {
        self.row().map(|row| row.airports.clone()).unwrap_or_default()
    }

    /// Whether an airport lies in it.
    pub(super) fn has(self, airport: Airport) -> bool {
        Self::of(airport) == Some(self)
    }

    /// All that lie in it.
    pub(super) fn every_airport(self) -> impl Iterator<Item = Airport> {
        CODES.iter().zip(REGION_OF).filter(move |(_, of)| self.is(**of)).map(|(code, _)| Airport(*code))
    }

    fn is(self, counted_from_one: u8) -> bool {
        counted_from_one.checked_sub(1) == Some(self.0)
    }

    /// Those that have this name, or this code, or these letters where they are written after a city.
    pub(super) fn called(text: &str) -> impl Iterator<Item = Self> {
        let (folded, code) = (fold_name(text), text.trim());
        let is_called = move |region: &Self| region.row().is_some_and(|row| row.folded == folded) || region.has_letters(&folded);
        Self::all().filter(move |region| is_called(region) || region.code().eq_ignore_ascii_case(code))
    }

    /// Those whose names begin so.
    pub(super) fn beginning(folded: &str) -> impl Iterator<Item = Self> {
        Self::all().filter(move |region| region.row().is_some_and(|row| row.folded.starts_with(folded)))
    }

    /// Whether people write its letters after a city.
    pub(super) fn is_written_short(self) -> bool {
        WRITTEN_SHORT.contains(&self.country())
    }

    fn has_letters(self, folded: &str) -> bool {
        let letters = self.code().split_once('-').filter(|_| self.is_written_short());
        letters.is_some_and(|(_, letters)| letters.eq_ignore_ascii_case(folded))
    }
}

impl FromStr for Region {
    type Err = Invalid;

    fn from_str(code: &str) -> Result<Self, Invalid> {
        let known = Self::all().find(|region| region.code() == code);
        known.ok_or(Invalid { what: "a region", rule: "a known code of ISO 3166-2, such as US-HI" })
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
