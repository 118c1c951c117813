//! How old what is known of a deal may be before it is shown as stale.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::Deal;
use crate::caching::lifetime;

impl Deal {
    /// How long half of such finds are taken to last once they were seen: as long as an answer that nobody else asks for is fresh, four
    /// hours for a flight of the same day up to six for one in three months. How long finds of a route really last is not measured yet.
    pub fn half_life(&self) -> SignedDuration {
        let flight = self.flight();
        let seen = TimeZone::UTC.to_datetime(flight.freshness.observed_at).date();
        SignedDuration::from_mins(lifetime(0, (flight.day() - seen).get_days()).into())
    }

    /// Whether the latest look at it that is kept is older than its half-life: it may well be gone, or cost something else.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.flight().freshness.observed_at) > self.half_life()
    }
}
