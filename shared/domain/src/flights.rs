//! Flight offers as every source is normalised to. What a source does not say stays unknown; nothing is invented.

pub mod cabins;
pub mod lead_ins;

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    faults::Invalid,
    ids::{DealId, derived},
    money::{Money, Points, ProgrammeId},
    places::Airport,
    text::{is_slug, text},
};

/// The four cabins that all booking classes map to, from the plainest to the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cabin {
    /// Economy.
    Economy,
    /// Premium economy.
    PremiumEconomy,
    /// Business.
    Business,
    /// First.
    First,
}

impl std::str::FromStr for Cabin {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = Self::ALL.into_iter().find(|cabin| cabin.as_str() == text);
        known.ok_or(Invalid { what: "a cabin", rule: "economy, premium-economy, business or first" })
    }
}

impl Cabin {
    /// Every cabin.
    pub const ALL: [Self; 4] = [Self::Economy, Self::PremiumEconomy, Self::Business, Self::First];

    /// The cabin in words, as a code and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Economy => "economy",
            Self::PremiumEconomy => "premium-economy",
            Self::Business => "business",
            Self::First => "first",
        }
    }
}

impl std::fmt::Display for Cabin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

text!(
    /// A source of offers, such as `seats-aero` or `duffel`.
    SourceId, "a source", source_slug, example "duffel"
);

fn source_slug(text: &str) -> Result<(), &'static str> {
    if is_slug(text, 2, 32) { Ok(()) } else { Err("2 to 32 lower-case letters, digits or inner hyphens") }
}

text!(
    /// A carrier's IATA code: two capitals or digits.
    Carrier, "a carrier", carrier_code, example "QR"
);

fn carrier_code(text: &str) -> Result<(), &'static str> {
    if text.len() == 2
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && !text.bytes().all(|b| b.is_ascii_digit())
    {
        Ok(())
    } else {
        Err("an IATA code of two characters, such as QR")
    }
}

text!(
    /// A flight number with its marketing carrier, such as `QR740`.
    FlightNumber, "a flight number", flight_number, example "QR740"
);

fn flight_number(text: &str) -> Result<(), &'static str> {
    let rule = Err("a carrier's code and one to four digits, such as QR740");
    let Some((carrier, number)) = text.split_at_checked(2) else { return rule };
    if carrier_code(carrier).is_err()
        || number.is_empty()
        || number.len() > 4
        || !number.bytes().all(|b| b.is_ascii_digit())
        || number.starts_with('0')
    {
        return rule;
    }
    Ok(())
}

impl FlightNumber {
    /// The marketing carrier's code.
    pub fn carrier(&self) -> &str {
        &self.as_str()[..2]
    }
}

text!(
    /// The class of a fare, as its source says it: the letter that a seat is booked in, such as `I`, or the whole code of the fare, such
    /// as `OXZ0RO`.
    FareClass, "a fare class", fare_class, example "I"
);

fn fare_class(text: &str) -> Result<(), &'static str> {
    let of_a_code = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'/';
    if (1..=16).contains(&text.len()) && text.bytes().all(of_a_code) {
        Ok(())
    } else {
        Err("1 to 16 capitals, digits or strokes, such as I")
    }
}

/// How far a price can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// A "from" price of a calendar or a summary.
    LeadIn,
    /// Seen by the source at some earlier time.
    Cached,
    /// Confirmed by the source for this request.
    Verified,
    /// Held for us.
    Held,
}

/// How fresh an offer is, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Freshness {
    /// Who offers it.
    pub source: SourceId,
    /// When the source saw it.
    #[schema(value_type = String, format = DateTime)]
    pub observed_at: Timestamp,
    /// How far it can be relied on.
    pub tier: Tier,
}

/// What one traveller pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Fare {
    /// Points of a programme, and what still costs cash.
    Award {
        /// Whose points.
        programme: ProgrammeId,
        /// How many, for one traveller.
        points: Points,
        /// Taxes and surcharges for one traveller; unknown where the source does not say.
        taxes: Option<Money>,
    },
    /// Cash, all included.
    Cash {
        /// The total for one traveller.
        total: Money,
        /// What of it are taxes; unknown where the source does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        taxes: Option<Money>,
    },
}

/// One flight of a journey. Airports and times in between can be unknown. It is written with its times in UTC, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", into = "SegmentView")]
pub struct Segment {
    /// Marketing carrier and number.
    pub flight: FlightNumber,
    /// Who flies it, where known.
    pub operated_by: Option<Carrier>,
    /// From.
    pub origin: Option<Airport>,
    /// To.
    pub destination: Option<Airport>,
    /// Local time at the origin.
    pub departs: Option<civil::DateTime>,
    /// Local time at the destination.
    pub arrives: Option<civil::DateTime>,
    /// Its cabin, where known.
    pub cabin: Option<Cabin>,
    /// The class of its fare, where known.
    pub fare_class: Option<FareClass>,
}

impl Segment {
    /// A flight of which nothing but its number is known.
    pub fn named(flight: FlightNumber) -> Self {
        Self {
            flight,
            operated_by: None,
            origin: None,
            destination: None,
            departs: None,
            arrives: None,
            cabin: None,
            fare_class: None,
        }
    }
}

/// One flight of a journey. Airports and times in between can be unknown.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Segment)]
struct SegmentView {
    /// Marketing carrier and number.
    flight: FlightNumber,
    /// Who flies it, where known.
    operated_by: Option<Carrier>,
    /// From.
    origin: Option<Airport>,
    /// To.
    destination: Option<Airport>,
    /// Local time at the origin.
    #[schema(value_type = Option<String>, example = "2026-04-27T16:20:00")]
    departs: Option<civil::DateTime>,
    /// The same in UTC, where the origin is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-04-27T23:20:00Z")]
    departs_at: Option<Timestamp>,
    /// Local time at the destination.
    #[schema(value_type = Option<String>, example = "2026-04-28T21:25:00")]
    arrives: Option<civil::DateTime>,
    /// The same in UTC, where the destination is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-04-28T17:25:00Z")]
    arrives_at: Option<Timestamp>,
    /// Its cabin, where known.
    cabin: Option<Cabin>,
    /// The class of its fare, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    fare_class: Option<FareClass>,
}

impl From<Segment> for SegmentView {
    fn from(segment: Segment) -> Self {
        let Segment { flight, operated_by, origin, destination, departs, arrives, cabin, fare_class } = segment;
        let at = |local: Option<civil::DateTime>, airport: Option<Airport>| instant(local?, airport?).ok();
        let (departs_at, arrives_at) = (at(departs, origin), at(arrives, destination));
        Self { flight, operated_by, origin, destination, departs, departs_at, arrives, arrives_at, cabin, fare_class }
    }
}

/// One way to fly from one place to another, at a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlightOffer {
    /// The source's own reference, to ask for it again.
    pub reference: String,
    /// From.
    pub origin: Airport,
    /// To.
    pub destination: Airport,
    /// Local time at the origin.
    #[schema(value_type = String, example = "2026-04-27T16:20:00")]
    pub departs: civil::DateTime,
    /// Local time at the destination.
    #[schema(value_type = String, example = "2026-04-28T21:25:00")]
    pub arrives: civil::DateTime,
    /// Door to door in minutes, as elapsed time.
    pub minutes: u32,
    /// The cabin of the longest part.
    pub cabin: Cabin,
    /// Part of the journey is in a lower cabin, where the source says so.
    pub mixed_cabin: Option<bool>,
    /// The flights, in order, at least one.
    #[schema(value_type = Vec<SegmentView>)]
    pub segments: Vec<Segment>,
    /// Seats left at this price; unknown where the source does not count.
    pub seats: Option<u8>,
    /// The price.
    pub fare: Fare,
    /// Where to book, as the source gives it.
    pub booking_link: Option<String>,
    /// Until when it can be booked at this price, where the source says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_until: Option<Timestamp>,
    /// How fresh it is.
    pub freshness: Freshness,
}

/// Why an offer of any kind can't be trusted and is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Untrusted {
    /// A price below zero, no price, or one that nobody asks.
    #[error("its price is negative, zero, missing or beyond belief")]
    Price,
    /// A part of it is in another currency.
    #[error("its parts are in different currencies")]
    Currencies,
    /// It arrives before it departs, its duration can't be, or one of its flights leaves before the one before it has landed.
    #[error("its times contradict each other")]
    Times,
    /// An airport we don't know.
    #[error("one of its airports is unknown")]
    Airport,
    /// No flights, or flights that don't join.
    #[error("its flights are missing or don't join")]
    Flights,
    /// A cabin we don't know.
    #[error("its cabin is unknown")]
    Cabin,
    /// A place or property that is unknown or not named.
    #[error("its place is unknown")]
    Place,
    /// No nights, or more than one stays.
    #[error("its nights can't be")]
    Nights,
    /// Nobody in the room, or more than fit in.
    #[error("its guests can't be")]
    Guests,
    /// Rules of cancellation that contradict themselves, or outlast what was booked.
    #[error("its terms contradict each other")]
    Terms,
    /// Parts that do not come to the whole.
    #[error("its parts do not come to the whole")]
    Sums,
    /// Sold out, or no longer valid, by the source's own word.
    #[error("it is no longer offered")]
    Gone,
    /// A programme whose name can't be one.
    #[error("its programme is unknown")]
    Programme,
    /// A value of the wrong form.
    #[error("one of its values has the wrong form")]
    Form,
    /// What a day has at best, without a flight that one could book.
    #[error("it only sums up a day")]
    Summary,
    /// It answers a question that was not asked: another route, date or cabin.
    #[error("it is not what was asked for")]
    NotAsked,
}

/// What no seat costs less than, in points: the cheapest by cash value come to a few hundred.
const FEWEST_POINTS: u64 = 100;
/// The longest journey we believe, in minutes: four days.
const LONGEST_MINUTES: u32 = 4 * 24 * 60;

/// When it is at an airport what its clocks say.
fn instant(local: civil::DateTime, airport: Airport) -> Result<Timestamp, Untrusted> {
    let zone = airport.zone().ok_or(Untrusted::Airport)?;
    zone.to_timestamp(local).map_err(|_| Untrusted::Times)
}

/// The first and the last instant at which clocks can say this: those of an airport, or, where none is known, any on earth, which are
/// up to 14 hours ahead of UTC and up to 12 behind.
fn instants(local: civil::DateTime, airport: Option<Airport>) -> Result<(Timestamp, Timestamp), Untrusted> {
    if let Some(airport) = airport {
        return instant(local, airport).map(|at| (at, at));
    }
    let in_utc = TimeZone::UTC.to_timestamp(local).map_err(|_| Untrusted::Times)?;
    let (first, last) = (in_utc.checked_sub(14.hours()), in_utc.checked_add(12.hours()));
    first.and_then(|first| Ok((first, last?))).map_err(|_| Untrusted::Times)
}

/// Minutes that really pass between two local times, each at its airport. Negative when the second lies before the first.
///
/// # Errors
/// [`Untrusted::Airport`] where a time zone is unknown, [`Untrusted::Times`] for a time that can't be placed.
pub fn elapsed_minutes(from: (civil::DateTime, Airport), to: (civil::DateTime, Airport)) -> Result<i64, Untrusted> {
    Ok(instant(to.0, to.1)?.duration_since(instant(from.0, from.1)?).as_mins())
}

impl FlightOffer {
    /// It as it stands at an instant: what has run out was confirmed once, and no longer is.
    #[must_use]
    pub fn as_of(mut self, now: Timestamp) -> Self {
        self.freshness.tier = self.tier_at(now);
        self
    }

    /// How far its price can be relied on at an instant.
    pub fn tier_at(&self, now: Timestamp) -> Tier {
        let has_run_out = self.valid_until.is_some_and(|until| until <= now);
        if has_run_out { self.freshness.tier.min(Tier::Cached) } else { self.freshness.tier }
    }

    /// Whether it can be trusted.
    ///
    /// # Errors
    /// The first reason why not. A source's offers are set aside by reason and counted, never dropped silently.
    pub fn trusted(&self) -> Result<(), Untrusted> {
        self.price_is_sound()?;
        if self.segments.is_empty() || self.origin == self.destination {
            return Err(Untrusted::Flights);
        }
        let joins = |pair: &[Segment]| match (pair[0].destination, pair[1].origin) {
            (Some(landed), Some(left)) => landed == left,
            (None, _) | (_, None) => true,
        };
        if !self.segments.windows(2).all(joins) {
            return Err(Untrusted::Flights);
        }
        self.times_are_sound()?;
        self.flights_are_in_order()
    }

    /// Something is paid that somebody could ask, and nothing of it is negative or more than the whole.
    fn price_is_sound(&self) -> Result<(), Untrusted> {
        let (paid, taxes) = match &self.fare {
            Fare::Award { points, taxes, .. } => (points.get() >= FEWEST_POINTS, *taxes),
            Fare::Cash { total, taxes } => {
                let within = taxes.is_none_or(|taxes| taxes.currency() == total.currency() && taxes.amount() <= total.amount());
                (within && total.is_asked() && total.is_believable(), *taxes)
            }
        };
        if paid && taxes.is_none_or(Money::is_believable) { Ok(()) } else { Err(Untrusted::Price) }
    }

    /// Local clocks can run backwards across the date line, so departure and arrival are compared as instants, which
    /// must be as far apart as the stated duration (15 minutes are forgiven: sources disagree about rounding).
    fn times_are_sound(&self) -> Result<(), Untrusted> {
        let elapsed = elapsed_minutes((self.departs, self.origin), (self.arrives, self.destination))?;
        if self.minutes == 0 || self.minutes > LONGEST_MINUTES || elapsed.abs_diff(i64::from(self.minutes)) > 15 {
            return Err(Untrusted::Times);
        }
        Ok(())
    }

    /// Within the journey each flight leaves before it lands, and the next one not before that, as far as times are known.
    fn flights_are_in_order(&self) -> Result<(), Untrusted> {
        let mut reached = instant(self.departs, self.origin)?;
        let mut place = Some(self.origin);
        for (i, segment) in self.segments.iter().enumerate() {
            let next = self.segments.get(i + 1).map_or(Some(self.destination), |next| next.origin);
            if let Some(departs) = segment.departs {
                let (first, last) = instants(departs, segment.origin.or(place))?;
                if last < reached {
                    return Err(Untrusted::Times);
                }
                reached = reached.max(first);
            }
            place = segment.destination.or(next);
            if let Some(arrives) = segment.arrives {
                let (first, last) = instants(arrives, place)?;
                if last <= reached {
                    return Err(Untrusted::Times);
                }
                reached = reached.max(first);
            }
        }
        if instant(self.arrives, self.destination)? < reached { Err(Untrusted::Times) } else { Ok(()) }
    }

    /// Stops on the way.
    pub fn stops(&self) -> usize {
        self.segments.len().saturating_sub(1)
    }

    /// Marketing carriers, each once.
    pub fn carriers(&self) -> BTreeSet<&str> {
        self.segments.iter().map(|segment| segment.flight.carrier()).collect()
    }

    /// The local day of departure.
    pub fn day(&self) -> civil::Date {
        self.departs.date()
    }

    /// The deal this offer is: the same flights on the same day in the same cabin, for the same programme's points or
    /// for cash, are the same deal at whatever price and from whatever source.
    pub fn deal_id(&self, tenant: &crate::ids::TenantId) -> DealId {
        let flights: Vec<&str> = self.segments.iter().map(|segment| segment.flight.as_str()).collect();
        let paid_with = match &self.fare {
            Fare::Award { programme, .. } => programme.as_str(),
            Fare::Cash { .. } => "",
        };
        derived(&[
            tenant.as_str(),
            "flight",
            self.origin.code(),
            self.destination.code(),
            &self.departs.to_string(),
            &flights.join(" "),
            self.cabin.as_str(),
            paid_with,
        ])
    }
}

#[cfg(test)]
pub(crate) mod tests;
