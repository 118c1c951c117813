//! Travel sources that play recordings, in their wire formats: flights ([`flights`]), stays ([`stays`]), activities
//! ([`activities`]), exchange rates ([`rates`]).
//!
//! What they play are real observations, re-encoded (`infra/local/recordings/SOURCES.md`), but for one activity, which is a vendor's own
//! example; every answer says in a header what it is. They filter as the sources do, so that a search for another day finds nothing.

use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use jiff::{
    ToSpan,
    civil::{Date, date},
};
use serde_json::Value;

mod activities;
mod flights;
mod rates;
mod stays;

/// The key, and the token, that the player accepts. To sources whose keys have two parts it is both.
pub const KEY: &str = "recorded:recorded";

/// The sources of which there are recordings.
pub const PLAYED: [&str; 6] = ["seats-aero", "duffel", "trip-com", "goibibo", "viator", "getyourguide"];

/// The day of the observations.
pub const OBSERVED: Date = date(2026, 2, 17);
/// The day that they are about: all of it leaves on it.
pub const TRAVEL_DAY: Date = date(2026, 4, 27);

/// Says on every answer what it is.
const PROVENANCE: [(&str, &str); 1] = [("x-recorded", "real observations, re-encoded")];

/// What is played.
#[derive(Debug, Clone)]
pub struct Recordings {
    flights: flights::Flights,
    stays: stays::Stays,
    activities: activities::Activities,
    rates: rates::Rates,
}

impl Recordings {
    /// The recordings that come with the program.
    ///
    /// # Errors
    /// If they are no JSON.
    pub fn embedded() -> Result<Self, serde_json::Error> {
        let (flights, stays) = (flights::Flights::embedded()?, stays::Stays::embedded()?);
        Ok(Self { flights, stays, activities: activities::Activities::embedded()?, rates: rates::Rates::embedded() })
    }

    /// The same, as if observed on another day, and of flights that leave on another: for functions whose clock is not ours to set.
    /// Durations hold only for a day on which clocks are as on [`TRAVEL_DAY`], such as its anniversary. Stays move by whole weeks.
    pub fn as_if(&self, observed: Date, travel_day: Date) -> Self {
        let moved = |day: Date| if day == OBSERVED { Some(observed) } else { travel_day.checked_add(day - TRAVEL_DAY).ok() };
        let weeks = OBSERVED.until(observed).map_or(0, |span| span.get_days().div_euclid(7));
        let (flights, stays) = (self.flights.as_if(&moved), self.stays.moved_by(weeks.weeks()));
        Self { flights, stays, activities: self.activities.clone(), rates: self.rates.as_if(observed) }
    }
}

/// Serves the calls of every source that is played, each under its id.
pub fn router(recordings: &Recordings) -> Router {
    let bookable = flights::router(&recordings.flights)
        .merge(stays::router(&recordings.stays))
        .merge(activities::router(&recordings.activities));
    bookable.merge(rates::router(&recordings.rates))
}

fn authorised(headers: &HeaderMap, name: &str, expected: &str) -> bool {
    headers.get(name).is_some_and(|value| value == expected)
}

fn answer(status: StatusCode, body: Value) -> Response {
    (status, PROVENANCE, Json(body)).into_response()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn recordings_of_other_days_are_otherwise_the_same() {
        let recordings = Recordings::embedded().unwrap();
        let texts = |recordings: &Recordings| {
            serde_json::to_string(&(&recordings.flights.availabilities, &recordings.flights.offers)).unwrap()
        };
        let other = recordings.as_if(date(2026, 11, 20), date(2027, 4, 27));
        for (field, then, now) in [
            ("Date", "2026-04-27", "2027-04-27"),
            ("ArrivesAt", "2026-04-28T18:30:00Z", "2027-04-28T18:30:00Z"),
            ("departing_at", "2026-04-27T08:25:00", "2027-04-27T08:25:00"),
            ("UpdatedAt", "2026-02-17T19:23:50.461Z", "2026-11-20T19:23:50.461Z"),
            ("created_at", "2026-02-17T19:23:50.461Z", "2026-11-20T19:23:50.461Z"),
        ] {
            let count = |recordings: &Recordings, day: &str| texts(recordings).matches(&format!(r#""{field}":"{day}""#)).count();
            assert!(count(&recordings, then) > 0 && count(&recordings, then) == count(&other, now), "{field}");
        }
        assert_eq!(texts(&recordings.as_if(OBSERVED, TRAVEL_DAY)), texts(&recordings));
    }
}
