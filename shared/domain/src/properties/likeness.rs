//! How alike two listings are, and why: a sum of parts, each with its number, and conflicts that no sum outweighs.

use serde::{Deserialize, Serialize};

use super::{
    Listing, NEAR_METRES, Property, metres,
    names::{Name, addresses_alike},
};

/// What two listings are held against each other by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = LikenessAspect)]
pub enum Aspect {
    /// What they are called.
    Name,
    /// How far they are apart.
    Position,
    /// Street and number.
    Address,
    /// Whether they are of two brands.
    Brand,
    /// Whether they are numbered differently, such as terminals.
    Number,
    /// Whether they are on two sides of a town.
    Side,
    /// Whether they are of two kinds, such as a hotel and apartments.
    Kind,
    /// Whether another one is as much alike.
    Rivals,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = LikenessPart)]
pub struct Part {
    /// By what.
    pub aspect: Aspect,
    /// How alike they are in it: 0 to 1,000.
    pub score: u16,
    /// How much of the whole it is, in tenths; a conflict is all of it, and what only makes that a human is asked nothing.
    pub tenths: u8,
    /// What was compared, in words.
    pub because: String,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = LikenessVerdict)]
pub enum Verdict {
    /// They are two houses.
    Different,
    /// A human is to decide.
    Ask,
    /// They are one.
    Same,
}

/// How alike two listings are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Likeness {
    /// What follows.
    pub verdict: Verdict,
    /// All parts together: 0 to 1,000.
    pub score: u16,
    /// The reasons.
    pub parts: Vec<Part>,
}

/// From here on they are one.
const SAME: u16 = 850;
/// From here on a human is asked.
const ASK: u16 = 650;
/// Names that are less alike are no reason to take two houses for one, however near they are: next doors have names, too.
const NAMES_OF_ONE: u16 = 860;
/// Nearer than that is the same place: sources put their mark on the door or on the roof.
const SAME_PLACE_METRES: u64 = 100;
/// Nearer than that is the same spot: four decimals of a degree say no more.
const SPOT_METRES: u64 = 10;
/// One is clearly more alike than another one by so much: what a hundred metres make.
const CLEARLY: u16 = 45;
/// Shorter references are the same by chance.
const LONG_REFERENCE: usize = 5;
/// All that is alike.
const ALL: u16 = 1_000;

impl Likeness {
    /// What orders likenesses: the verdict, then the score.
    pub fn rank(&self) -> (Verdict, u16) {
        (self.verdict, self.score)
    }

    /// The same for a human to decide, since another one is as much alike.
    pub(super) fn in_doubt(mut self) -> Self {
        if self.verdict == Verdict::Same {
            self.verdict = Verdict::Ask;
            self.parts.push(part(Aspect::Rivals, 0, 0, "another one is as much alike".to_owned()));
        }
        self
    }
}

/// How well a listing fits a property, against others that would, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fit {
    at_one_spot: bool,
    score: u16,
    has_one_reference: bool,
}

impl Fit {
    /// How well it fits, if it may be one of the property's.
    pub(super) fn of(property: &Property, listing: &Listing) -> Option<Self> {
        let likeness = property.likeness(listing).filter(|likeness| likeness.verdict == Verdict::Same)?;
        let mut known = property.listings.values();
        let reference = listing.key.reference.as_str();
        let has_one_reference = reference.len() >= LONG_REFERENCE
            && property.listings.values().any(|known| known.key.reference.as_str() == reference);
        let at_one_spot = known.any(|known| at_one_spot(known, listing));
        Some(Self { at_one_spot, score: likeness.score, has_one_reference })
    }

    /// Whether it fits clearly better: by the spot, then by all that counts, and where both say nothing by the reference, which is one
    /// where one source sells what another one describes.
    pub(super) fn beats(self, other: Self) -> bool {
        if self.at_one_spot != other.at_one_spot {
            self.at_one_spot
        } else if self.score.abs_diff(other.score) >= CLEARLY {
            self.score > other.score
        } else {
            self.has_one_reference && !other.has_one_reference
        }
    }
}

/// How alike two listings are. The same whichever comes first. Two of one source are always different: it tells them apart.
pub fn likeness(one: &Listing, other: &Listing) -> Likeness {
    let (Some(left), Some(right)) = (&one.name, &other.name) else {
        return different(vec![part(Aspect::Name, 0, 10, "a name is not known".to_owned())]);
    };
    let (left, right) = (Name::of(left), Name::of(right));
    let conflicts = conflicts(&left, &right);
    if !conflicts.is_empty() {
        return different(conflicts);
    }
    let names = thousandths(left.alike(&right));
    let apart = one.position.zip(other.position).map(|(one, other)| metres(one, other));
    let addresses = one.address.as_deref().zip(other.address.as_deref());
    let addresses = addresses.and_then(|(one, other)| addresses_alike(one, other)).map(thousandths);
    let mut parts = parts(names, apart, addresses);
    let sum: u32 = parts.iter().map(|part| u32::from(part.score) * u32::from(part.tenths)).sum();
    let score = thousandths(u64::from(sum / 10));
    let kinds = kinds(&left, &right);
    let far = apart.is_some_and(|metres| metres > NEAR_METRES);
    let verdict = if far || one.key.source == other.key.source || score < ASK {
        Verdict::Different
    } else if score < SAME || names < NAMES_OF_ONE || apart.is_none() || kinds.is_some() {
        Verdict::Ask
    } else {
        Verdict::Same
    };
    parts.extend(kinds);
    Likeness { verdict, score, parts }
}

/// Whether two listings have one name at one spot: nothing that sources say of a house is more alike.
pub(super) fn at_one_spot(one: &Listing, other: &Listing) -> bool {
    let names = one.name.as_deref().zip(other.name.as_deref());
    let places = one.position.zip(other.position);
    places.is_some_and(|(one, other)| metres(one, other) <= SPOT_METRES)
        && names.is_some_and(|(one, other)| Name::of(one).alike(&Name::of(other)) == u64::from(ALL))
}

fn different(parts: Vec<Part>) -> Likeness {
    Likeness { verdict: Verdict::Different, score: 0, parts }
}

fn part(aspect: Aspect, score: u16, tenths: u8, because: String) -> Part {
    Part { aspect, score, tenths, because }
}

fn thousandths(of: u64) -> u16 {
    u16::try_from(of).unwrap_or(ALL).min(ALL)
}

/// Two kinds of house, if they are: in one building, of one brand and with one name there can be both.
fn kinds(left: &Name, right: &Name) -> Option<Part> {
    let said = |name: &Name| match name.kinds.iter().copied().collect::<Vec<_>>() {
        kinds if kinds.is_empty() => "hotel".to_owned(),
        kinds => kinds.join(" "),
    };
    let (one, other) = (said(left), said(right));
    let (first, second) = if one < other { (&one, &other) } else { (&other, &one) };
    (one != other).then(|| part(Aspect::Kind, 0, 0, format!("{first} and {second} are two kinds")))
}

/// What two houses can't have in common.
fn conflicts(left: &Name, right: &Name) -> Vec<Part> {
    let mut found = Vec::new();
    if let (Some(one), Some(other)) = (left.brand, right.brand)
        && one != other
    {
        let (first, second) = if one < other { (one, other) } else { (other, one) };
        found.push(part(Aspect::Brand, 0, 10, format!("{first} and {second} are two brands")));
    }
    for (aspect, one, other, what) in [
        (Aspect::Number, &left.numbers, &right.numbers, "numbered differently"),
        (Aspect::Side, &left.sides, &right.sides, "on two sides of a town"),
    ] {
        if !one.is_empty() && !other.is_empty() && one.is_disjoint(other) {
            found.push(part(aspect, 0, 10, what.to_owned()));
        }
    }
    found
}

fn parts(names: u16, apart: Option<u64>, addresses: Option<u16>) -> Vec<Part> {
    // Where something is not known, the rest counts for more.
    let (of_name, of_position, of_address) = match (apart, addresses) {
        (Some(_), Some(_)) => (5, 3, 2),
        (Some(_), None) => (6, 4, 0),
        (None, Some(_)) => (7, 0, 3),
        (None, None) => (10, 0, 0),
    };
    let mut parts = vec![part(Aspect::Name, names, of_name, format!("{names} of 1000 of what their words count for is in both"))];
    parts.extend(apart.map(|metres| part(Aspect::Position, nearness(metres), of_position, format!("{metres} m apart"))));
    parts.extend(addresses.map(|alike| part(Aspect::Address, alike, of_address, format!("{alike} of 1000 words of both"))));
    parts
}

/// All at the same place, nothing where they are no longer near, evenly less between.
fn nearness(metres: u64) -> u16 {
    let beyond = metres.saturating_sub(SAME_PLACE_METRES);
    let width = NEAR_METRES - SAME_PLACE_METRES;
    thousandths(u64::from(ALL) * width.saturating_sub(beyond) / width)
}
