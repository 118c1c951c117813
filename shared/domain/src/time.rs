//! Instants, slots and local time. Everything is stored in UTC; a member's day and hours are in their zone.

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::faults::Invalid;

/// The day that it still is somewhere on earth, twelve hours west of Greenwich: what lies before it has passed.
pub fn earliest_day(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now.saturating_sub(SignedDuration::from_hours(12)).unwrap_or(now)).date()
}

/// A minute in which work is due. Work is planned by the minute, because the sweep runs each minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "Timestamp", from = "Timestamp")]
pub struct Slot(Timestamp);

impl Slot {
    /// The minute an instant lies in.
    pub fn of(at: Timestamp) -> Self {
        let second = at.as_second().div_euclid(60) * 60;
        // Rounding down within jiff's range can't leave it, but for its very first minute.
        Self(Timestamp::from_second(second).unwrap_or(Timestamp::MIN))
    }

    /// The first instant of the minute.
    pub fn start(self) -> Timestamp {
        self.0
    }

    /// The slot that many minutes later.
    pub fn plus_minutes(self, minutes: u32) -> Self {
        Self(self.0.saturating_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MAX))
    }

    /// Minutes since the epoch.
    pub fn minute(self) -> i64 {
        self.0.as_second().div_euclid(60)
    }
}

impl From<Timestamp> for Slot {
    fn from(at: Timestamp) -> Self {
        Self::of(at)
    }
}

impl From<Slot> for Timestamp {
    fn from(slot: Slot) -> Self {
        slot.0
    }
}

impl std::fmt::Display for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// An IANA time zone, known to the shipped zone table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone itself.
    pub fn zone(&self) -> &TimeZone {
        &self.0
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The civil date and time there.
    pub fn local(&self, at: Timestamp) -> jiff::civil::DateTime {
        self.0.to_datetime(at)
    }
}

impl TryFrom<String> for Zone {
    type Error = Invalid;

    fn try_from(name: String) -> Result<Self, Invalid> {
        name.parse()
    }
}

impl std::str::FromStr for Zone {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        TimeZone::get(name).map(Self).map_err(|_| Invalid { what: "a time zone", rule: "an IANA name such as Europe/Berlin" })
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

/// The first day that a publication's date can mean: `2026-09-14`, `2026-09`, `2025-H2` or `2025`.
pub fn first_day(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-').unwrap_or((text, ""));
    let year = year.parse().ok()?;
    match rest {
        "" | "H1" => Date::new(year, 1, 1).ok(),
        "H2" => Date::new(year, 7, 1).ok(),
        month if month.len() == 2 => Date::new(year, month.parse().ok()?, 1).ok(),
        _ => text.parse().ok(),
    }
}

/// The day of an instant, in UTC.
pub fn day_of(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// The whole second that an instant lies in: what is stored and shown never carries more, and is never later than what it tells of.
pub fn to_second(at: Timestamp) -> Timestamp {
    at.round(TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor)).unwrap_or(at)
}

/// So much later, or the last instant there is.
pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
