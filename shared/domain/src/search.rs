//! Searches: what is asked of the travel sources, once for all who wait for it.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    faults::{Check, Faults},
    flights::{Cabin, FlightOffer, SourceId, Untrusted},
    ids::digest,
    places::Airport,
    stays::StayBy,
    text::text,
    time::earliest_day,
};

/// The most airports on one side of a search.
pub const MAX_AIRPORTS: usize = 20;
/// The widest window of departure days.
pub const MAX_DAYS: i32 = 62;
/// The most travellers that sources price together.
pub const MAX_TRAVELLERS: u8 = 9;

/// Who says nothing else travels alone.
pub(crate) fn alone() -> u8 {
    1
}

/// Notes a number of travellers that sources don't price together.
pub fn check_travellers(check: &mut Check, pointer: &str, travellers: u8) {
    let holds = (1..=MAX_TRAVELLERS).contains(&travellers);
    check.that(holds, pointer, "out-of-range", format!("1 to {MAX_TRAVELLERS} travellers"));
}

/// What kind of offers are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// Award space, with the cash prices it is compared with.
    AwardFlights,
    /// Cash fares.
    CashFlights,
}

/// A normalised question. Two that mean the same are equal and have the same key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchQuery {
    wanted: Wanted,
    origins: BTreeSet<Airport>,
    destinations: BTreeSet<Airport>,
    first_day: Date,
    last_day: Date,
    cabins: BTreeSet<Cabin>,
    travellers: u8,
}

text!(
    /// Names a question: 32 hexadecimal digits of the hash of its canonical form.
    SearchKey, "a search key", search_key, example "3f2a9c0d5b7e4f81a2c6d8e0f1b3a597"
);

fn search_key(text: &str) -> Result<(), &'static str> {
    if text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        Ok(())
    } else {
        Err("32 hexadecimal digits")
    }
}

impl SearchKey {
    /// The name of what one source said, when it was asked the question of this name for all whose questions that covers.
    #[must_use]
    pub fn of_part(&self, source: &SourceId) -> Self {
        Self::of(&["part", source.as_str(), self.as_str()])
    }

    /// The name of the question that these parts are the canonical form of: the first says of what kind it is.
    pub(crate) fn of(parts: &[&str]) -> Self {
        // Sixteen bytes in hexadecimal are a key by construction.
        Self(digest(parts)[..16].iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// What makes a difference to the answers of a source. Whatever makes none is left out of what it is asked, so that questions that
/// differ in nothing else share an answer ([`SearchQuery::asked_of`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Asks {
    /// Whether it prices by who travels, stays or comes along.
    pub party: bool,
    /// The days that one call of it covers.
    pub days: Days,
    /// By what it can be asked for stays, the best first.
    pub stays: &'static [StayBy],
}

impl Asks {
    /// Whether questions that differ can come to the same one, as it is put to this source. Then its answer is kept by what it was
    /// asked, for all of them. Whatever lies in a city comes to that city where a source is asked by its name.
    pub fn shares(self) -> bool {
        !self.party || self.days != Days::Asked || self.stays.contains(&StayBy::City)
    }
}

/// The days that one call of a source covers. Where it covers several, they begin and end where everybody's do, so that windows that
/// overlap share calls; what was not asked for is taken out of the answer by [`SearchQuery::asks_for`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Days {
    /// Those that are asked for, and no other: each day costs.
    Asked,
    /// From a Monday to a Sunday.
    Weeks,
    /// From the first to the last of a month.
    Months,
}

impl SearchQuery {
    /// A question, normalised. No airport can be on both sides.
    ///
    /// # Errors
    /// Every fault, with pointers `/from`, `/to`, `/dates`, `/cabins`, `/travellers`.
    pub fn new(
        wanted: Wanted,
        origins: BTreeSet<Airport>,
        destinations: BTreeSet<Airport>,
        (first_day, last_day): (Date, Date),
        cabins: BTreeSet<Cabin>,
        travellers: u8,
    ) -> Result<Self, Faults> {
        let days = (first_day, last_day);
        Self::check(Some(&origins), Some(&destinations), Some(days), Some(&cabins), Some(travellers)).done()?;
        Ok(Self { wanted, origins, destinations, first_day, last_day, cabins, travellers })
    }

    /// What is wrong with a question, as far as it could be read; pointers as those of [`Self::new`].
    pub fn check(
        origins: Option<&BTreeSet<Airport>>,
        destinations: Option<&BTreeSet<Airport>>,
        days: Option<(Date, Date)>,
        cabins: Option<&BTreeSet<Cabin>>,
        travellers: Option<u8>,
    ) -> Check {
        let mut check = Check::new();
        for (airports, pointer) in [(origins, "/from"), (destinations, "/to")] {
            let Some(airports) = airports else { continue };
            check.that(!airports.is_empty(), pointer, "empty", "name at least one place").that(
                airports.len() <= MAX_AIRPORTS,
                pointer,
                "too-many-airports",
                format!("the places come to more than {MAX_AIRPORTS} airports"),
            );
        }
        let apart = origins.zip(destinations).is_none_or(|(origins, destinations)| origins.is_disjoint(destinations));
        check.that(apart, "/to", "same-place", "one can't fly to where one starts");
        if let Some((first, last)) = days {
            let count = first.until(last).map_or(i32::MAX, |span| span.get_days()).saturating_add(1);
            let too_wide = format!("the window is wider than {MAX_DAYS} days");
            check.that(first <= last, "/dates", "backwards", "the last day lies before the first").that(
                first > last || count <= MAX_DAYS,
                "/dates",
                "too-wide",
                too_wide,
            );
        }
        check.that(cabins.is_none_or(|cabins| !cabins.is_empty()), "/cabins", "empty", "name at least one cabin");
        if let Some(travellers) = travellers {
            check_travellers(&mut check, "/travellers", travellers);
        }
        check
    }

    /// What kind of offers.
    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// From any of these, in code order.
    pub fn origins(&self) -> &BTreeSet<Airport> {
        &self.origins
    }

    /// To any of these, in code order.
    pub fn destinations(&self) -> &BTreeSet<Airport> {
        &self.destinations
    }

    /// The first and last day of departure, local to the origin.
    pub fn days(&self) -> (Date, Date) {
        (self.first_day, self.last_day)
    }

    /// In any of these cabins, from the plainest.
    pub fn cabins(&self) -> &BTreeSet<Cabin> {
        &self.cabins
    }

    /// How many travel.
    pub fn travellers(&self) -> u8 {
        self.travellers
    }

    /// Its name.
    pub fn key(&self) -> SearchKey {
        SearchKey::of(&[&self.to_string()])
    }

    /// The question that a source is asked in place of this one: it covers this one, and is the same for all whose answers would be.
    /// Days that have passed everywhere on earth are not added. Its key is the one to keep the source's answer by.
    #[must_use]
    pub fn asked_of(&self, asks: Asks, now: Timestamp) -> Self {
        let travellers = if asks.party { self.travellers } else { 1 };
        let (first, last) = match asks.days {
            Days::Asked => (self.first_day, self.last_day),
            Days::Weeks => (monday(self.first_day), monday(self.last_day).saturating_add(6.days())),
            Days::Months => (self.first_day.first_of_month(), self.last_day.last_of_month()),
        };
        let first_day = first.max(earliest_day(now)).min(self.first_day);
        Self { first_day, last_day: last, travellers, ..self.clone() }
    }

    /// Whether an offer answers this question. Seats that a source does not count may be enough; seats that it counts must be.
    pub fn asks_for(&self, offer: &FlightOffer) -> bool {
        self.origins.contains(&offer.origin)
            && self.destinations.contains(&offer.destination)
            && (self.first_day..=self.last_day).contains(&offer.day())
            && self.cabins.contains(&offer.cabin)
            && offer.seats.is_none_or(|seats| seats >= self.travellers)
    }
}

fn monday(day: Date) -> Date {
    day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days())
}

impl std::fmt::Display for SearchQuery {
    /// The canonical form: what the key is made from, and what logs and pages show.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
            items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(",")
        }
        let wanted = match self.wanted {
            Wanted::AwardFlights => "award",
            Wanted::CashFlights => "cash",
        };
        write!(
            f,
            "{wanted} {}>{} {}..{} {} x{}",
            list(&self.origins),
            list(&self.destinations),
            self.first_day,
            self.last_day,
            list(&self.cabins),
            self.travellers
        )
    }
}

/// How one source fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceReport {
    /// Which.
    pub source: SourceId,
    /// How it went.
    pub outcome: SourceOutcome,
    /// Calls made.
    pub calls: u32,
    /// Offers it gave that are trusted.
    pub offers: usize,
    /// Offers set aside, by reason.
    pub set_aside: Vec<(Untrusted, usize)>,
}

/// Whether a source answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceOutcome {
    /// All it has.
    Complete,
    /// A part: a cap was reached, or some of several calls failed.
    Partial,
    /// Nothing.
    Failed,
}

#[cfg(test)]
mod tests;
