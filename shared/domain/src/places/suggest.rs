//! What someone who types may mean: names that begin so, names with a word that begins so, names that would, but for a slip, and the
//! airports of a city that is called so.

use std::{cmp::Reverse, collections::BTreeMap, sync::LazyLock};

use super::{
    Place, Region,
    fold::{fold_name, without_e},
    names::{Choice, FLOWN_TO, STATES_TOGETHER, by_icao, called, code, countries, country, country_name, without_airport},
    table::{NAMES, Name, Says},
    within::{WORDS, Within, apart},
};

/// The most that is looked at of what was typed, in letters.
const LONGEST: usize = 40;
/// The beginnings of a word that can be that long, and two letters longer.
const WIDTH: usize = LONGEST + 3;

/// How well a name fits, from worst to best, as what its size is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It or a word of it would begin so, but for its first letter: nearly always that is right.
    First,
    /// It or a word of it would begin so, but for so many slips.
    Slips(Reverse<u8>),
    /// A word of it begins so.
    Word,
    /// The name begins so.
    Begins,
    /// It is the name.
    Whole,
}

impl Fit {
    fn weight(self) -> u64 {
        match self {
            Self::Whole => 4_000,
            Self::Begins => 1_000,
            Self::Word => 250,
            Self::Slips(Reverse(..=1)) => 40,
            Self::Slips(_) => 2,
            Self::First => 1,
        }
    }

    /// Of a name that says this, after so many letters: what an airport is called counts for less than what a city is.
    fn of_what(self, says: Says, typed: usize) -> Self {
        match says {
            Says::Serving => self.by_city(),
            Says::Airport | Says::Called | Says::InFull | Says::Region if typed <= FEW && self != Self::Whole => Self::First,
            Says::Called | Says::InFull if self == Self::Begins => Self::Word,
            Says::Airport
            | Says::Called
            | Says::InFull
            | Says::City
            | Says::Town
            | Says::Metro
            | Says::Wide
            | Says::Short
            | Says::Region
            | Says::Country => self,
        }
    }

    /// Of an airport by its city, whose own names count for more.
    fn by_city(self) -> Self {
        match self {
            Self::Whole => Self::Begins,
            Self::Begins => Self::Word,
            Self::Word | Self::Slips(_) | Self::First => self,
        }
    }
}

/// So few letters begin the names of many cities.
const FEW: usize = 2;
/// A shorter word ends too many names.
const LETTERS_OF_A_WORD: usize = 3;
/// A place whose rank is unknown is as busy as this, in millionths.
const UNRANKED: u64 = 1_000;

/// The letters that each name has: one that lacks too many of those that were typed needs no second look.
static LETTERS: LazyLock<Vec<u32>> = LazyLock::new(|| NAMES.iter().map(|name| letters(name.folded.as_bytes())).collect());

/// At most so many places for what was typed, each once: first what has the code, then the busiest that is called so and nothing more, then
/// by fit and size. Where a country or a region follows, or the word airport, what was typed is read as [`super::resolve`] reads it.
pub fn suggest(typed: &str, most: usize) -> Vec<Choice> {
    if typed.contains(':') {
        return code(typed).and_then(Choice::of).into_iter().take(most).collect();
    }
    suggest_of(typed, most, |_| true)
}

/// The same for what is no place: by names of their own, so that the airports of one city don't take the room of what is called alike.
pub(super) fn alike(text: &str, most: usize) -> Vec<Choice> {
    suggest_of(text, most, |name| name.says != Says::Serving)
}

fn suggest_of(typed: &str, most: usize, is_wanted: impl Fn(&Name) -> bool) -> Vec<Choice> {
    let typed: String = typed.chars().take(LONGEST).collect();
    let (name, within) = apart(typed.trim());
    let folded = fold_name(name);
    let folded = without_airport(&folded);
    if folded.is_empty() {
        return Vec::new();
    }
    let is_there = |choice: &Choice| within.is_none_or(|within| choice.country == within.country());
    let country_of_all = (folded == STATES_TOGETHER).then(|| country(folded)).flatten().and_then(Choice::of);
    let coded = country_of_all.into_iter().chain(coded(folded)).filter(is_there);
    let found = Found::of(folded, |name| is_wanted(name) && within.is_none_or(|within| within.holds(name)));
    let begun = if found.is_sure { Vec::new() } else { begun(&typed) };
    let mut choices: Vec<Choice> = Vec::new();
    for choice in coded.chain(begun.into_iter().chain(found.names).map(Name::choice)) {
        if choices.len() < most && !choices.iter().any(|known| known.place == choice.place) {
            choices.push(choice);
        }
    }
    choices
}

/// The names that fit what was typed, the best first, one a place.
struct Found {
    names: Vec<&'static Name>,
    /// Whether some fit but for nothing.
    is_sure: bool,
}

impl Found {
    fn of(folded: &str, is_wanted: impl Fn(&Name) -> bool) -> Self {
        let respelt = without_e(folded);
        let spellings = [Some(folded), respelt.as_deref()];
        let spellings: Vec<Typed<'_>> = spellings.into_iter().flatten().map(|text| Typed::new(text.as_bytes())).collect();
        let controlled = by_icao(folded);
        let mut best: BTreeMap<Place, (Score, usize)> = BTreeMap::new();
        for (index, (name, letters)) in NAMES.iter().zip(LETTERS.iter()).enumerate() {
            let is_controlled = name.says == Says::Airport && controlled == Some(name.place);
            let by_name = spellings.iter().filter_map(|typed| typed.fit(name, *letters)).max();
            let fit = if is_controlled { Some(Fit::Whole) } else { by_name.map(|fit| fit.of_what(name.says, folded.len())) };
            // What only its code means is found by that.
            if let Some(fit) = fit.filter(|_| name.says != Says::Wide && is_wanted(name)) {
                let score = Score::new(name, folded, fit, is_controlled);
                let kept = best.entry(name.place).or_insert((score, index));
                // Its whole name is what was typed, and not the end of a longer one of its names.
                if (score.is_name, score) > (kept.0.is_name, kept.0) {
                    *kept = (score, index);
                }
            }
        }
        let mut ranked: Vec<(Score, usize)> = best.into_values().collect();
        ranked.sort_unstable_by_key(|(score, index)| (Reverse(*score), *index));
        // Nothing is meant more likely than the busiest that is called so and nothing more, however few fly there; but a region is, if few
        // do. Next, a country or a region that is. Then a slip is not.
        let whole = |(score, _): &&(Score, usize)| score.is_name;
        let likely = |(score, index): &&(Score, usize)| (score.is_region || !score.is_quiet, score.weight, Reverse(*index));
        if let Some(first) = ranked.iter().filter(whole).max_by_key(likely).copied() {
            ranked.sort_by_key(|(score, index)| (*index != first.1, !(score.is_name && score.is_wide), score.is_slip));
        }
        // Who has typed a whole name or code has made no slip.
        if ranked.iter().any(|(score, _)| score.is_whole) {
            ranked.retain(|(score, _)| !score.is_slip);
        }
        let is_sure = ranked.iter().any(|(score, _)| !score.is_slip);
        Self { names: ranked.into_iter().filter_map(|(_, index)| NAMES.get(index)).collect(), is_sure }
    }
}

/// How likely a name is meant, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    ends_so: bool,
    weight: u64,
    is_name: bool,
    is_whole: bool,
    is_wide: bool,
    is_region: bool,
    is_quiet: bool,
    is_slip: bool,
}

impl Score {
    fn new(name: &Name, folded: &str, fit: Fit, is_controlled: bool) -> Self {
        Self {
            ends_so: ends_so(name, folded, fit),
            weight: fit.weight().saturating_mul(u64::from(name.rank).max(UNRANKED)),
            is_name: fit == Fit::Whole && !is_controlled,
            is_whole: fit == Fit::Whole,
            is_wide: matches!(name.says, Says::Region | Says::Country),
            is_region: name.says == Says::Region,
            is_quiet: name.rank < FLOWN_TO,
            is_slip: matches!(fit, Fit::Slips(_) | Fit::First),
        }
    }
}

/// What is called so where what follows begins so: `portland ore`.
fn begun(typed: &str) -> Vec<&'static Name> {
    let ends = typed.trim().rmatch_indices([' ', ',']).take(WORDS);
    let begun = ends.map(|(at, _)| {
        let (name, beginning) = (&typed.trim()[..at], fold_name(&typed.trim()[at..]));
        let places = beginning_so(&beginning);
        let mut named = if places.is_empty() { Vec::new() } else { called(name.trim_matches([' ', ',']), None) };
        named.retain(|name| places.iter().any(|place| place.holds(name)));
        named
    });
    begun.into_iter().find(|names| !names.is_empty()).unwrap_or_default()
}

/// The countries and the regions whose names begin so.
fn beginning_so(beginning: &str) -> Vec<Within> {
    if beginning.len() < FEW {
        return Vec::new();
    }
    let countries = countries().filter(|(_, folded, _)| folded.starts_with(beginning)).map(|(code, ..)| Within::Country(code));
    countries.chain(Region::beginning(beginning).map(Within::Region)).collect()
}

/// At most so many cities, of those that are so busy, whose whole name this would be, but for a slip, or two in a long one: the nearest
/// first, of those the busiest.
pub(super) fn nearly(typed: &str, most: usize, busy: u32) -> Vec<Choice> {
    let folded = fold_name(typed);
    let looked_for = Typed::new(folded.as_bytes());
    let is_city = |name: &Name| name.says.is_city() && name.rank >= busy;
    let cities = NAMES.iter().zip(LETTERS.iter()).filter(|(name, _)| is_city(name));
    let near = cities.filter_map(|(name, letters)| Some((looked_for.slips_to_all(name, *letters)?, Reverse(name.rank), name)));
    let mut near: Vec<(u8, Reverse<u32>, &Name)> = near.collect();
    near.sort_by_key(|(slips, rank, _)| (*slips, *rank));
    let mut choices: Vec<Choice> = Vec::new();
    for choice in near.into_iter().map(|(.., name)| name.choice()) {
        if choices.len() < most && !choices.iter().any(|known| (known.name, known.country) == (choice.name, choice.country)) {
            choices.push(choice);
        }
    }
    choices
}

/// Whether it is a country by which it is known, and its last word was typed: Congo, of which there are two. Official names don't count: that
/// of the United Kingdom ends in Ireland.
fn ends_so(name: &Name, folded: &str, fit: Fit) -> bool {
    let ends = || name.folded.rsplit_once(' ').is_some_and(|(_, last)| last == folded);
    let is_known = || country_name(name.country) == Some(name.shown);
    name.says == Says::Country && fit == Fit::Word && folded.len() > LETTERS_OF_A_WORD && ends() && is_known()
}

/// What has this code: an airport, a metropolitan area, or both.
fn coded(folded: &str) -> impl Iterator<Item = Choice> {
    let code = folded.to_ascii_uppercase();
    let places = [code.parse().ok(), format!("metro:{code}").parse().ok()];
    places.into_iter().flatten().filter_map(Choice::of)
}

/// What was typed, and how far a name may be from it.
struct Typed<'a> {
    text: &'a [u8],
    letters: u32,
    slips: u8,
}

impl<'a> Typed<'a> {
    /// Three letters are too few to be mistyped, four to seven enough for one slip.
    fn new(text: &'a [u8]) -> Self {
        let slips = match text.len() {
            4..=7 => 1,
            8..=LONGEST => 2,
            // More bytes than that are letters of no name that we have.
            _ => 0,
        };
        Self { text, letters: letters(text), slips }
    }

    fn fit(&self, name: &Name, letters: u32) -> Option<Fit> {
        let folded = name.folded.as_bytes();
        if (self.letters & !letters).count_ones() > u32::from(self.slips) {
            return None;
        }
        if folded.starts_with(self.text) {
            return Some(if folded.len() == self.text.len() { Fit::Whole } else { Fit::Begins });
        }
        let words = std::iter::once(0).chain(after_blanks(folded)).filter_map(|at| folded.get(at..));
        let mut best = None;
        for word in words {
            let fit = if word.starts_with(self.text) {
                return Some(Fit::Word);
            } else if word.first() == self.text.first() {
                self.slips_to(word).map(|slips| Fit::Slips(Reverse(slips)))
            } else {
                self.is_but_for_first(word).then_some(Fit::First)
            };
            best = best.max(fit);
        }
        best
    }

    /// Whether some beginning of the word was meant, and nothing is wrong but its first letter: that is mistaken, left out, added, or
    /// exchanged with the second.
    fn is_but_for_first(&self, word: &[u8]) -> bool {
        let ([typed, typed_rest @ ..], [first, rest @ ..]) = (self.text, word) else { return false };
        let is_exchanged = || match (typed_rest, rest) {
            ([second, typed_rest @ ..], [other, rest @ ..]) => (second, typed) == (first, other) && rest.starts_with(typed_rest),
            _ => false,
        };
        let is_wrong = || rest.starts_with(typed_rest) || rest.starts_with(self.text) || word.starts_with(typed_rest);
        self.slips > 0 && typed != first && (is_wrong() || is_exchanged())
    }

    /// How many letters were left out, added, mistaken or exchanged with their neighbour, if some beginning of the word was meant
    /// and they are not too many. The first letter is right.
    fn slips_to(&self, word: &[u8]) -> Option<u8> {
        let word = &word[..word.len().min(self.text.len() + usize::from(self.slips))];
        self.row_to(word)?[..=word.len()].iter().copied().min().filter(|slips| *slips <= self.slips)
    }

    /// The same of a whole name.
    fn slips_to_all(&self, name: &Name, letters: u32) -> Option<u8> {
        let word = name.folded.as_bytes();
        let lacks_too_many = (self.letters & !letters).count_ones() > u32::from(self.slips);
        if lacks_too_many || word.len() > self.text.len() + usize::from(self.slips) {
            return None;
        }
        self.row_to(word)?.get(word.len()).copied().filter(|slips| *slips <= self.slips)
    }

    /// The distances of what was typed to each beginning of a word, if some of them are not too far.
    fn row_to(&self, word: &[u8]) -> Option<Row> {
        if self.slips == 0 || word.first() != self.text.first() {
            return None;
        }
        let (mut before, mut above): (Row, Row) =
            ([0; WIDTH], std::array::from_fn(|column| u8::try_from(column).unwrap_or(u8::MAX)));
        for (row, letter) in (1..).zip(self.text) {
            let mut this: Row = [0; WIDTH];
            this[0] = row;
            for column in 1..=word.len() {
                let other = u8::from(word[column - 1] != *letter);
                let mut least = (above[column] + 1).min(this[column - 1] + 1).min(above[column - 1] + other);
                let last = usize::from(row) - 1;
                if last > 0 && column > 1 && word[column - 2] == *letter && word[column - 1] == self.text[last - 1] {
                    least = least.min(before[column - 2] + 1);
                }
                this[column] = least;
            }
            if this[..=word.len()].iter().all(|slips| *slips > self.slips) {
                return None;
            }
            (before, above) = (above, this);
        }
        Some(above)
    }
}

/// Where the words of a name begin, but for its first.
fn after_blanks(name: &[u8]) -> impl Iterator<Item = usize> {
    (1..).zip(name).filter(|(_, byte)| **byte == b' ').map(|(after, _)| after)
}

/// A row of distances: one for each beginning of a word.
type Row = [u8; WIDTH];

/// A bit for each letter that there is; one for all that are not of the alphabet.
fn letters(text: &[u8]) -> u32 {
    text.iter().fold(0, |letters, byte| if byte.is_ascii_lowercase() { letters | 1 << (byte - b'a') } else { letters | 1 << 26 })
}
