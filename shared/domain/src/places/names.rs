//! What people call places, and what they mean by it: [`resolve`] for what a search is asked with,
//! [`suggest`](super::suggest()) for while they type.
//!
//! A name is never guessed. One that is written otherwise than in the table is unknown, and what it is like is offered; one that
//! several places have is ambiguous, unless nearly all who fly to one of them fly to the same.

use std::{fmt, sync::LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Airport, Place, Region, country_of,
    fold::{fold, fold_name, without_e},
    suggest::{alike, nearly},
    table::{NAMES, Name, PlaceKind, Says},
    within::{Within, apart},
};
use crate::{faults::Fault, inputs};

/// The longest text that can be a name, in bytes.
const LONGEST: usize = 120;
/// A name means the busiest of the places that have it, if that is so many times as busy as all others together.
const CLEARLY: u64 = 10;
/// Words for something to do can be anything: they are a slip of a city's name only if they have so many letters.
const LETTERS_OF_A_SLIP: usize = 6;
/// And only if so many fly to the city, in millionths of the busiest airport.
pub(super) const FLOWN_TO: u32 = 40_000;
/// How many places are named to choose from.
const CHOICES: usize = 5;
/// How many cities are named of a country, or a region.
const CITIES_OF_A_COUNTRY: usize = 3;
/// So many letters alone are a country to a table only.
const LETTERS_OF_A_COUNTRY: usize = 2;
/// The one name of a country that is a code, too: of an airport near Charlotte.
pub(super) const STATES_TOGETHER: &str = "usa";

/// A town of no airport whose name is also the code of another place, or a country.
struct Town {
    folded: &'static str,
    country: &'static str,
    shown: &'static str,
}

static TOWNS: LazyLock<Vec<Town>> = LazyLock::new(|| column!("towns").lines().filter_map(Town::of).collect());

impl Town {
    fn of(line: &'static str) -> Option<Self> {
        let mut fields = line.split(',');
        Some(Self { folded: fields.next()?, country: fields.next()?, shown: fields.next()? })
    }

    /// The town that is called so, unless that is written as a code, in capitals.
    fn called(text: &str) -> Option<&'static Self> {
        let folded = fold_name(text);
        let town = TOWNS.iter().find(|town| town.folded == without_airport(&folded))?;
        (!text.starts_with(&town.folded.to_ascii_uppercase())).then_some(town)
    }
}

/// A place to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The place.
    pub place: Place,
    /// What was found by the name.
    pub kind: PlaceKind,
    /// The name.
    pub name: &'static str,
    /// The country: its two letters of ISO 3166.
    pub country: &'static str,
    /// What the city is called here, if it is one.
    pub(super) city: &'static str,
}

impl Choice {
    /// The city that it is, or that its airport serves: the one that is stayed in by whoever asks for it.
    pub fn city(&self) -> Option<String> {
        match self.kind {
            PlaceKind::Airport => by_code(self.place).ok().map(|city| city.name),
            PlaceKind::City | PlaceKind::Metro => Some(self.city.to_owned()),
            PlaceKind::Region | PlaceKind::Country => None,
        }
    }

    /// The part of its country that it is, or that all its airports lie in, as far as that has a name here.
    pub fn region(&self) -> Option<Region> {
        match self.place {
            Place::Airport(airport) => Region::of(airport),
            Place::Metro(_) => Region::of_all(&self.place.airports()),
            Place::Region(region) => Some(region),
            Place::Country(_) => None,
        }
    }

    /// Its name and where it is, as they can be sent instead: `San Jose, CR`; `Portland, US-ME`, where that is what people say or what tells
    /// it from another one. Alone, the letters of a region could be those of a country.
    fn words(&self) -> String {
        let folded = fold_name(self.name);
        let is_other = |name: &Name| name.says.is_city() && name.country == self.country && name.place != self.place;
        let tells =
            |region: &Region| self.kind == PlaceKind::Region || region.is_written_short() || exactly(&folded).any(&is_other);
        format!("{}, {}", self.name, self.region().filter(tells).map_or(self.country, Region::code))
    }

    /// The country's name.
    pub fn country_name(&self) -> Option<&'static str> {
        country_name(self.country)
    }

    /// A place by the name by which it is known: an airport by its own, and the others by those of their tables.
    pub(super) fn of(place: Place) -> Option<Self> {
        let known = match place {
            Place::Airport(_) => None,
            Place::Metro(_) => place.city(),
            Place::Region(region) => Some(region.name().to_owned()),
            Place::Country(code) => str::from_utf8(&code).ok().and_then(country_name).map(str::to_owned),
        };
        let own = |name: &&Name| known.as_ref().map_or(name.says == Says::Airport, |known| name.shown == known);
        let names = || NAMES.iter().filter(|name| name.place == place);
        names().find(own).or_else(|| names().next()).map(Name::choice)
    }
}

impl fmt::Display for Choice {
    /// Such as `San Jose, CR (SJO)`: both parts can be sent instead.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.words(), self.place)
    }
}

/// Why a text is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// Nothing is called that.
    #[error("no place is called that{}", offered("; did you mean ", .0))]
    Unknown(Vec<Choice>),
    /// Several places are, and none is meant by nearly everyone: the busiest first.
    #[error("{}", several(.0))]
    Ambiguous(Vec<Choice>),
    /// No city that is known here is, but some are called nearly so. There are more cities than are known here.
    #[error("no city that is known here is called that; did you mean {}? If not, say more: such as its country after a comma", cities(.0))]
    Nearly(Vec<Choice>),
    /// A country is, or a region, where a city is asked for: some of its cities, the busiest first.
    #[error("a country or a region is called that: name a city there{}", such_as(.0))]
    Wide(Vec<Choice>),
}

/// A single one is not called so: only its code is written so, and that is the name of a town.
fn several(choices: &[Choice]) -> String {
    match choices {
        [coded] => format!("a town of no airport is called that; if you mean {coded}, write its code in capitals"),
        _ => format!("several places are called that{}", offered(": ", choices)),
    }
}

/// As they can be sent instead.
fn cities(choices: &[Choice]) -> String {
    choices.iter().map(Choice::words).collect::<Vec<_>>().join(" or ")
}

fn such_as(choices: &[Choice]) -> String {
    if choices.is_empty() { String::new() } else { format!(", such as {}", cities(choices)) }
}

fn offered(lead: &str, choices: &[Choice]) -> String {
    let choices: Vec<String> = choices.iter().map(Choice::to_string).collect();
    if choices.is_empty() { String::new() } else { format!("{lead}{}", choices.join(" or ")) }
}

impl Unresolved {
    /// Its stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) | Self::Nearly(_) => "unknown-place",
            Self::Ambiguous(_) => "ambiguous-place",
            Self::Wide(_) => "not-a-city",
        }
    }
}

/// The place that a text means: a code in any case (`LAX`, `lax `, `LON`), the written form of a [`Place`] (`metro:LON`,
/// `country:AE`), or a name in any case and with or without accents (`Los Angeles`, `são paulo`), with its country or region after a comma
/// or a blank where that is needed (`San Jose, CR`, `London Canada`, `Portland Oregon`). The word airport may follow either (`lax airport`).
/// What is called like no city can be a country or a region, by its name (`United States`, `us`, `Hawaii`), or a code of ICAO (`EGLL`).
///
/// # Errors
/// [`Unresolved::Unknown`] with what is spelt nearly the same; [`Unresolved::Ambiguous`] with the places that it could mean.
pub fn resolve(text: &str) -> Result<Place, Unresolved> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return Err(Unresolved::Unknown(Vec::new()));
    }
    // The code of an airport, and what everybody calls a country.
    if fold(text) == STATES_TOGETHER
        && let Some(place) = country(text)
    {
        return Ok(place);
    }
    // In capitals it is a code and nothing else; in other letters it may be a short name, too.
    if let Ok(place) = text.parse() {
        return Ok(place);
    }
    let coded = code(text);
    let named = named(text);
    match coded {
        Some(place) if Town::called(text).is_some() => Err(Unresolved::Ambiguous(code_or_like(place, text))),
        Some(place) => by_code_or_name(place, &named),
        None => of_any_name(&named, text),
    }
}

/// What is called so: a city, or an airport as people call it; or else a country or a region, or else an airport by its own name or by the
/// code of air traffic control.
fn of_any_name(named: &[&Name], text: &str) -> Result<Place, Unresolved> {
    let (name, within) = apart(text);
    if named.iter().any(|name| name.says != Says::Airport) {
        return the_one_of(named, text);
    }
    let wide = countries_and_regions(name, within);
    if !wide.is_empty() {
        return the_one_of(&wide, text);
    }
    by_icao(text).filter(|_| named.is_empty()).map_or_else(|| the_one_of(named, text), Ok)
}

/// The airport that air traffic control calls so.
pub(super) fn by_icao(text: &str) -> Option<Place> {
    Airport::of_icao(without_airport(&fold(text))).map(Place::Airport)
}

/// The countries and the regions that are called so, the busiest first. Two letters are the name of few countries.
pub(super) fn countries_and_regions(name: &str, within: Option<Within>) -> Vec<&'static Name> {
    let folded = fold_name(name);
    let is_name = folded.len() > 2 || ["us", "uk"].contains(&folded.as_str());
    let is_wide = |name: &&Name| matches!(name.says, Says::Country | Says::Region);
    let is_there = |name: &&Name| within.is_none_or(|within| within.country() == name.country);
    let mut found: Vec<&Name> = exactly(&folded).filter(|name| is_name && is_wide(name)).filter(is_there).collect();
    found.sort_by_key(|name| std::cmp::Reverse(name.rank));
    found
}

/// The country that has this name, if it has airports. Two letters alone are no name, with full stops or without: `LA` is Laos to a table,
/// and a city to people.
pub(super) fn country(text: &str) -> Option<Place> {
    let folded = fold(text);
    let is_name = folded.len() > 2 || ["us", "uk"].contains(&folded.as_str());
    format!("country:{}", country_named(text).filter(|_| is_name)?).parse().ok()
}

/// A code, or the form with a prefix, in whatever letters it is written.
pub(super) fn code(text: &str) -> Option<Place> {
    let written = text.split_once(':').map_or_else(
        || without_airport(&fold(text)).to_ascii_uppercase(),
        |(kind, code)| format!("{}:{}", kind.trim().to_ascii_lowercase(), code.trim().to_ascii_uppercase()),
    );
    written.parse().ok()
}

/// A folded name, or code, without the word that may follow it.
pub(super) fn without_airport(folded: &str) -> &str {
    folded.strip_suffix(" airport").unwrap_or(folded)
}

/// `osh` is the code of an airport in Wisconsin and the name of a city in Kyrgyzstan: then it could be either.
fn by_code_or_name(place: Place, named: &[&Name]) -> Result<Place, Unresolved> {
    let others: Vec<Choice> = named.iter().map(|name| name.choice()).filter(|choice| choice.place != place).collect();
    if others.is_empty() {
        return Ok(place);
    }
    let by_code = place.airports().into_iter().map(Place::Airport).filter_map(Choice::of);
    Err(Unresolved::Ambiguous(by_code.chain(others).take(CHOICES).collect()))
}

/// What has a code that is also the name of a town without an airport, and what is called like that: who flies to the town may mean one of
/// these.
fn code_or_like(place: Place, text: &str) -> Vec<Choice> {
    let mut choices: Vec<Choice> = place.airports().into_iter().map(Place::Airport).filter_map(Choice::of).collect();
    let like = alike(text, CHOICES).into_iter().filter(|like| !choices.iter().any(|known| known.place == like.place));
    let like: Vec<Choice> = like.collect();
    choices.extend(like);
    choices.truncate(CHOICES);
    choices
}

/// What a text names, in the country or the region that follows, if one does. A region may be meant, too, that is busier than all else that
/// is called so, or where few fly to that: Wales is also a village in Alaska.
fn named(text: &str) -> Vec<&'static Name> {
    let (name, within) = apart(text);
    let mut found = called(name, within);
    let of_cities: u32 = found.iter().map(|name| name.rank).sum();
    let regions = countries_and_regions(name, None)
        .into_iter()
        .filter(|name| name.says == Says::Region && (name.rank > of_cities || of_cities < FLOWN_TO));
    if !found.is_empty() && within.is_none() {
        found.extend(regions);
        found.sort_by_key(|name| std::cmp::Reverse((name.says == Says::Region && of_cities < FLOWN_TO, name.rank)));
    }
    found
}

/// What has this name there, or anywhere: cities, metropolitan areas, and airports that people call so; or else airports by their own
/// names; or else cities whose umlauts are written with an e. The busiest first.
pub(super) fn called(name: &str, within: Option<Within>) -> Vec<&'static Name> {
    let city = fold_name(name);
    let mut found = cities_called(&city, within);
    if found.is_empty() {
        found = airports_called(&fold(name), within);
    }
    if found.is_empty() {
        found = without_e(&city).map(|city| cities_called(&city, within)).unwrap_or_default();
    }
    found.sort_by_key(|name| std::cmp::Reverse(name.rank));
    found
}

fn cities_called(folded: &str, within: Option<Within>) -> Vec<&'static Name> {
    let is_called = |name: &&Name| name.says.is_city() || name.says == Says::Called;
    exactly(folded).filter(is_called).filter(|name| within.is_none_or(|within| within.holds(name))).collect()
}

fn airports_called(folded: &str, within: Option<Within>) -> Vec<&'static Name> {
    let airport = without_airport(folded);
    let written = [airport.to_owned(), format!("{airport} airport"), format!("{airport} international airport")];
    let is_airport = |name: &&Name| matches!(name.says, Says::Airport | Says::Called | Says::InFull);
    let airports = written.iter().flat_map(|name| exactly(name)).filter(is_airport);
    airports.filter(|name| within.is_none_or(|within| within.holds(name))).collect()
}

/// Whether other cities that are known here are called the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Namesakes {
    /// None is.
    #[default]
    None,
    /// Some are, in other countries.
    Abroad,
    /// Some are, in its own.
    AtHome,
}

impl Namesakes {
    /// Those of a city that is called so, is this place if it is any, and is in this country.
    fn of(city: &str, place: Option<Place>, country: Option<&str>) -> Self {
        let folded = fold_name(city);
        let is_other = |name: &&Name| name.says.is_city() && place.is_none_or(|place| name.place != place);
        let countries: Vec<&str> = exactly(&folded).filter(is_other).map(|other| other.country).collect();
        // Whoever says the country of a city that no table has says that there is another one.
        let is_town = |country: &str| TOWNS.iter().any(|town| town.folded == folded && town.country == country);
        let is_told_apart = place.is_none() && country.is_some_and(|country| !is_town(country));
        match country {
            Some(country) if countries.contains(&country) => Self::AtHome,
            Some(_) | None if is_told_apart || !countries.is_empty() => Self::Abroad,
            Some(_) | None => Self::None,
        }
    }
}

/// A city, as a text names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCity {
    /// What it is called here, without its country: the same, by whichever of its names it was asked for.
    pub name: String,
    /// What it is here; none, if no city that has an airport, and no airport, is called that.
    pub place: Option<Place>,
    /// Its country: two letters of ISO 3166; none, if no table has the city and its name does not say.
    pub country: Option<&'static str>,
    /// Whether others are called so.
    pub namesakes: Namesakes,
}

impl NamedCity {
    fn new(name: &str, place: Option<Place>, country: Option<&'static str>) -> Self {
        Self { name: name.to_owned(), place, country, namesakes: Namesakes::of(name, place, country) }
    }

    fn at(name: &str, place: Place) -> Self {
        Self::new(name, Some(place), country_of(&place.airports()))
    }
}

/// The city that a name means, or the written form of a [`Place`]: that of an airport is the city that it serves. A code is in capitals, or
/// all in small letters where no town is called so: `Goa` is in India, and `GOA` the code of Genoa. A city that no table has is what its
/// name says, if its country follows or it is like none that is known: there are more cities than airports.
///
/// # Errors
/// [`Unresolved::Ambiguous`] with the places that it could mean; [`Unresolved::Nearly`] with the cities that are called nearly so, or
/// whose code it would be in capitals; [`Unresolved::Wide`] if it is a country or a region and no city; [`Unresolved::Unknown`] if it is
/// written as a code and none.
pub fn city(text: &str) -> Result<NamedCity, Unresolved> {
    city_unless(text, |written, bare| {
        if let Some(town) = Town::called(written) {
            return Ok(Some(NamedCity::new(town.shown, None, Some(town.country))));
        }
        let coded = code(written);
        match coded.filter(|_| !written.chars().any(char::is_uppercase)) {
            Some(place) => by_code(place).map(Some),
            None => unless_like(coded.and_then(serving).into_iter().map(Name::city_choice), nearly(bare, CHOICES, 0)),
        }
    })
}

/// The city that the words for something to do mean, if they mean one: as [`city`] says it, but that fewer words are taken for a slip, and
/// that what is a code but for its small letters may be a word: it is refused where many fly to the city.
///
/// # Errors
/// As [`city`].
pub fn city_of_words(text: &str) -> Result<NamedCity, Unresolved> {
    city_unless(text, |written, bare| {
        let coded =
            code(written).filter(|_| Town::called(written).is_none()).and_then(serving).filter(|name| name.rank >= FLOWN_TO);
        let is_long = written.chars().count() >= LETTERS_OF_A_SLIP;
        let like = if is_long { nearly(bare, CHOICES, FLOWN_TO) } else { Vec::new() };
        unless_like(coded.into_iter().map(Name::city_choice), like)
    })
}

/// No city, if the text is like none.
fn unless_like(coded: impl Iterator<Item = Choice>, like: Vec<Choice>) -> Result<Option<NamedCity>, Unresolved> {
    let like: Vec<Choice> = coded.chain(like).collect();
    if like.is_empty() { Ok(None) } else { Err(Unresolved::Nearly(like)) }
}

/// The city of a text. Where nothing is called that and no country follows, it is the `other` that this finds by what is written and by
/// that without the word airport; or what is written. Capitals that are a code of the country that follows are no name.
fn city_unless(text: &str, other: impl Fn(&str, &str) -> Result<Option<NamedCity>, Unresolved>) -> Result<NamedCity, Unresolved> {
    let text = text.trim();
    if is_code(text) {
        return by_code(resolve(text)?);
    }
    let (written, within) = apart(text);
    let country = within.map(Within::country);
    let mut named = if text.len() > LONGEST { Vec::new() } else { named(text) };
    // Towns are called as airports are (Fiumicino, Luton): these are meant, unless the word airport follows.
    let folded = fold(written);
    named.retain(|name| name.says != Says::Called || without_airport(&folded) != folded);
    let Some(first) = named.first() else {
        if let Some(wide) = wide(written, within) {
            return Err(wide);
        }
        let is_there = |place: &Place| country.is_some() && country_of(&place.airports()) == country;
        let other = match written.parse().ok().filter(is_there) {
            Some(place) => Some(by_code(place)?),
            None if country.is_none() => other(written, without_airport(&folded))?,
            None => None,
        };
        return Ok(other.unwrap_or_else(|| NamedCity::new(written, None, country)));
    };
    let place = the_one_of(&named, text)?;
    match first.says.kind() {
        PlaceKind::Airport => by_code(place),
        PlaceKind::City | PlaceKind::Metro => Ok(NamedCity::new(first.city, Some(place), Some(first.country))),
        PlaceKind::Region | PlaceKind::Country => Err(wide_of([place])),
    }
}

/// Whether a text can be nothing but a code: the written form of a [`Place`], or a code that the word airport follows.
fn is_code(text: &str) -> bool {
    let is_prefix = |kind: &str| ["metro", "region", "country"].iter().any(|known| kind.trim().eq_ignore_ascii_case(known));
    let folded = fold(text);
    text.parse::<Place>().is_ok()
        || (!text.contains(char::is_lowercase) && by_icao(text).is_some() && named(text).is_empty())
        || text.split_once(':').is_some_and(|(kind, _)| is_prefix(kind))
        || (without_airport(&folded) != folded && code(text).is_some())
}

/// Why a text is no city, if a country or a region is called so, and no town: `Goa` is both. Those of no airport are countries, too.
fn wide(name: &str, within: Option<Within>) -> Option<Unresolved> {
    let found = countries_and_regions(name, within);
    let is_wide = !found.is_empty() || (within.is_none() && name.len() > LETTERS_OF_A_COUNTRY && country_named(name).is_some());
    (is_wide && Town::called(name).is_none()).then(|| wide_of(found.iter().map(|name| name.place)))
}

/// The same, with the busiest cities of these to choose from.
fn wide_of(places: impl IntoIterator<Item = Place>) -> Unresolved {
    let airports = places.into_iter().flat_map(|place| place.airports());
    let mut cities: Vec<&Name> = airports.filter_map(|airport| serving(Place::Airport(airport))).collect();
    cities.sort_by_key(|city| std::cmp::Reverse(city.rank));
    let mut choices: Vec<Choice> = Vec::new();
    for choice in cities.into_iter().map(Name::city_choice) {
        if choices.len() < CITIES_OF_A_COUNTRY && !choices.iter().any(|known| known.place == choice.place) {
            choices.push(choice);
        }
    }
    Unresolved::Wide(choices)
}

/// The city that a place is, or that its airport serves.
fn by_code(place: Place) -> Result<NamedCity, Unresolved> {
    let own = place.city().ok_or_else(|| wide_of([place]))?;
    Ok(busiest_city(&place.airports()).unwrap_or_else(|| NamedCity::at(&own, place)))
}

/// The busiest city with one of these airports.
pub fn busiest_city(airports: &[Airport]) -> Option<NamedCity> {
    let busiest = busiest(airports)?;
    Some(NamedCity::at(busiest.city, busiest.place))
}

/// The city that a place serves.
fn serving(place: Place) -> Option<&'static Name> {
    busiest(&place.airports())
}

/// The name of the busiest city with one of these airports: the one that they serve.
fn busiest(airports: &[Airport]) -> Option<&'static Name> {
    let has = |name: &&Name| match name.place {
        Place::Airport(airport) => airports.contains(&airport),
        Place::Metro(_) => name.place.airports().iter().any(|one| airports.contains(one)),
        Place::Region(_) | Place::Country(_) => false,
    };
    let cities = NAMES.iter().filter(|name| name.says.is_city()).filter(has);
    cities.max_by_key(|name| (name.rank, name.says.serves(), name.says.kind()))
}

fn exactly(folded: &str) -> impl Iterator<Item = &'static Name> {
    let first = NAMES.partition_point(|name| name.folded < folded);
    NAMES[first..].iter().take_while(move |name| name.folded == folded)
}

/// The letters of a country, by these or by a name of it.
pub(super) fn country_named(text: &str) -> Option<&'static str> {
    let folded = fold_name(text);
    let is_it = |(code, name, _): &(&str, &str, &str)| code.eq_ignore_ascii_case(&folded) || *name == folded;
    countries().find(is_it).map(|(code, ..)| code)
}

/// Every name of a country: its two letters, the name as it is compared and as it is shown. The name by which it is known here comes before
/// all others.
pub(super) fn countries() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let line = |line: &'static str| {
        let (code, names) = line.split_once(',')?;
        let (folded, shown) = names.split_once(',')?;
        Some((code, folded, shown))
    };
    column!("country-names").lines().filter_map(line)
}

/// A country's name, by its two letters.
pub fn country_name(code: &str) -> Option<&'static str> {
    countries().find(|(known, ..)| *known == code).map(|(.., name)| name)
}

/// Whether that is a country: two capital letters, as ISO 3166 has them. O(countries).
pub(crate) fn country_code(text: &str) -> Result<(), &'static str> {
    let known = countries().any(|(code, ..)| code == text);
    if known { Ok(()) } else { Err("a country's two capital letters, as ISO 3166 has them, such as US") }
}

fn the_one_of(named: &[&Name], text: &str) -> Result<Place, Unresolved> {
    let mut each: Vec<&Name> = Vec::new();
    for name in named {
        if !each.iter().any(|known| known.place == name.place) {
            each.push(name);
        }
    }
    let [busiest, others @ ..] = each.as_slice() else { return Err(Unresolved::Unknown(alike(text, 3))) };
    let of_others: u64 = others.iter().map(|name| u64::from(name.rank)).sum();
    if others.is_empty() || (of_others > 0 && u64::from(busiest.rank) >= CLEARLY * of_others) {
        return Ok(busiest.place);
    }
    Err(Unresolved::Ambiguous(choices_of(&each)))
}

/// The first of them, to choose from.
fn choices_of(named: &[&Name]) -> Vec<Choice> {
    named.iter().take(CHOICES).map(|name| name.choice()).collect()
}

/// How a place in an input is read ([`inputs::Reader`]).
pub fn place(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<Place> {
    let text: String = inputs::leaf(value, at, faults)?;
    let noted = |error: Unresolved| Fault { pointer: at.to_owned(), code: error.code(), detail: error.to_string() };
    resolve(&text).map_err(|error| faults.push(noted(error))).ok()
}

/// How a list of places is read.
pub fn places(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<Vec<Place>> {
    inputs::each(value, at, faults, place)
}
