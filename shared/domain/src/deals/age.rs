//! How old what is known of a deal may be before it is shown as stale.

use jiff::{SignedDuration, Timestamp};

use super::{Assessed, Deal, Subject};
use crate::{
    caching::lifetime,
    time::{day_of, to_second},
};

impl Deal {
    /// How long half of such finds are taken to last once they were seen: as long as an answer that nobody else asks for is fresh, four
    /// hours for a flight of the same day up to six for one in three months. How long finds of a route really last is not measured yet.
    fn half_life(&self) -> SignedDuration {
        let flight = self.flight();
        let seen = day_of(flight.freshness.observed_at);
        SignedDuration::from_mins(lifetime(0, (flight.day() - seen).get_days()).into())
    }

    /// Whether the latest look at it that is kept is older than its half-life: it may well be gone, or cost something else.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.flight().freshness.observed_at) > self.half_life()
    }

    /// Takes in a look that shows it as it was, where the one that is kept is stale and this one is not: what nobody would be told of
    /// is written once in a half-life. Answers whether there is something to store.
    pub fn still_there(&mut self, Assessed { offer, parts, .. }: Assessed, now: Timestamp) -> bool {
        let seen = Self { subject: Subject::Flight(Box::new(offer)), parts, last_seen: to_second(now), ..self.clone() };
        let is_news = self.is_stale(now) && !seen.is_stale(now);
        if is_news {
            *self = seen;
        }
        is_news
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::deals::tests::{at, award};

    /// Seen on 2026-04-12, to depart on 2026-04-27, 15 days ahead: 240 minutes and a sixth of 120.
    const HALF_LIFE: i64 = 260;

    fn deal() -> Deal {
        Deal::first_seen("demo".parse().unwrap(), award(40_000, 0), at(0))
    }

    #[test]
    fn a_look_is_stale_after_half_of_such_finds_are_gone() {
        assert_eq!(deal().half_life(), SignedDuration::from_mins(HALF_LIFE));
        assert_eq!([0, HALF_LIFE, HALF_LIFE + 1].map(|minute| deal().is_stale(at(minute))), [false, false, true]);
    }

    #[test]
    fn what_is_still_there_is_kept_anew_once_the_last_look_is_stale() {
        let looked = |observed, now| {
            let mut deal = deal();
            assert!(!deal.seen_again(Assessed { valuation: deal.valuation.clone(), ..award(40_000, observed) }, at(now)));
            (deal.still_there(award(40_000, observed), at(now)), deal)
        };
        assert_eq!(looked(HALF_LIFE, HALF_LIFE), (false, deal()), "what is kept is fresh enough");
        assert_eq!(looked(1, HALF_LIFE + 2), (false, deal()), "what the source has is no fresher");
        let (is_news, later) = looked(HALF_LIFE, HALF_LIFE + 1);
        assert!(is_news && !later.is_stale(at(HALF_LIFE + 1)));
        assert_eq!((later.last_seen, later.history.len(), later.first_seen), (at(HALF_LIFE + 1), 1, at(0)));
        assert_eq!(later.changed_in, deal().changed_in, "nobody is told");
    }
}
