//! What follows a name and says where it is: a country, or a part of one. `London Canada`, `Portland, OR`, `Paris Texas`.

use super::{
    Airport, Place, Region,
    fold::fold_name,
    names::{called, countries_and_regions, country_named},
    table::{NAMES, Name, Says},
};
use crate::properties::metres;

/// An airport may lie across the border of its city's region: that of Cincinnati does. So far from one within, in metres.
const ACROSS: u64 = 50_000;
/// The most words of a name that is not parted by a comma: `South Carolina`.
pub(super) const WORDS: usize = 3;

/// Where a name is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// In a country.
    Country(&'static str),
    /// In a part of one.
    Region(Region),
    /// There, or right across its border.
    Near(Region),
}

impl Within {
    /// The country, or that of the region.
    pub(super) fn country(self) -> &'static str {
        match self {
            Self::Country(country) => country,
            Self::Region(region) | Self::Near(region) => region.country(),
        }
    }

    /// Whether what has this name lies there. A metropolitan area lies in two regions if its airports do.
    pub(super) fn holds(self, name: &Name) -> bool {
        name.country == self.country()
            && match self {
                Self::Country(_) => true,
                Self::Region(region) => is_part(name.place, |airport| region.has(airport)),
                Self::Near(region) => is_part(name.place, |airport| is_near(airport, region)),
            }
    }
}

/// Whether that is so of an airport of a place that is no country, nor a part of one.
fn is_part(place: Place, holds: impl Fn(Airport) -> bool) -> bool {
    match place {
        Place::Airport(_) | Place::Metro(_) => place.airports().into_iter().any(holds),
        Place::Region(_) | Place::Country(_) => false,
    }
}

fn is_near(airport: Airport, region: Region) -> bool {
    let is_near = |here, other: Airport| other.position().is_some_and(|there| metres(here, there) <= ACROSS);
    airport.position().is_some_and(|here| region.every_airport().any(|other| is_near(here, other)))
}

/// A name and where it is, if that follows after a comma; or after a blank, where nothing is called all of it and something there is
/// called the rest: `London Canada`, `California USA`.
pub(super) fn apart(text: &str) -> (&str, Option<Within>) {
    let after_comma = || text.rsplit_once(',').and_then(|(name, place)| Some((name.trim(), after(name.trim(), place)?)));
    let parts = after_comma().or_else(|| after_blanks(text));
    parts.map_or((text, None), |(name, within)| (name, Some(within)))
}

fn after_blanks(text: &str) -> Option<(&str, Within)> {
    if !text.contains(' ') || !called(text, None).is_empty() || !countries_and_regions(text, None).is_empty() {
        return None;
    }
    text.rmatch_indices(' ').take(WORDS).find_map(|(at, _)| {
        let (name, place) = (text[..at].trim(), &text[at..]);
        let within = after(name, place)?;
        is_called(name, within).then_some((name, within))
    })
}

/// Whether something there is called so: in a country, that can be a region of it.
fn is_called(name: &str, within: Within) -> bool {
    let is_region = || match within {
        Within::Country(_) => countries_and_regions(name, Some(within)).iter().any(|name| name.says == Says::Region),
        Within::Region(_) | Within::Near(_) => false,
    };
    !called(name, Some(within)).is_empty() || is_region()
}

/// Where a name is said to be: in a country, or else a region, of those in which something is called so. `Denver, CO` is in Colorado, and
/// `Bogota, CO` in Colombia. A region of a country comes after cities: `Ontario, CA` is in California. Where nothing is, the name is of what
/// no table has.
fn after(name: &str, place: &str) -> Option<Within> {
    let has = |within: &Within| !called(name, Some(*within)).is_empty();
    let country = country_named(place).map(Within::Country);
    let regions = regions_named(place);
    let there = regions.iter().copied().map(Within::Region).find(has);
    let across = || regions.iter().copied().map(Within::Near).find(has);
    let part = || country.filter(|country| is_called(name, *country));
    let some = country.filter(has).or(there).or_else(across).or_else(part);
    some.or(country).or_else(|| regions.first().copied().map(Within::Region))
}

/// The regions that are called so, or are written so after a city.
fn regions_named(text: &str) -> Vec<Region> {
    let folded = fold_name(text);
    let first = NAMES.partition_point(|name| *name.folded < *folded);
    let aliases = NAMES[first..].iter().take_while(|name| name.folded == folded).filter(|name| name.says == Says::Region);
    let aliases = aliases.filter_map(|name| match name.place {
        Place::Region(region) => Some(region),
        Place::Airport(_) | Place::Metro(_) | Place::Country(_) => None,
    });
    let mut regions: Vec<Region> = Region::called(text).chain(aliases).collect();
    regions.dedup();
    regions
}
