//! How a deal changes by what is seen of it, and by what is not.

use jiff::Timestamp;

use super::{Assessed, Deal, DealState, HISTORY, PricePoint, Subject};
use crate::time::to_second;

impl Deal {
    /// Takes in a later sighting. Answers whether anything that a member would care about changed; when not, nothing
    /// needs to be told, and nothing stored but what [`Self::still_there`] takes in.
    pub fn seen_again(&mut self, assessed: Assessed, now: Timestamp) -> bool {
        let Assessed { offer, valuation, parts } = assessed;
        let known = self.flight();
        if offer.freshness.observed_at < known.freshness.observed_at {
            return false; // An older look, delivered late.
        }
        let same = self.state == DealState::Live
            && known.fare == offer.fare
            && known.seats == offer.seats
            && self.valuation == valuation;
        if same {
            return false;
        }
        let now = to_second(now);
        if self.history.last().is_none_or(|last| last.fare != offer.fare) {
            self.history.push(PricePoint { at: now, fare: offer.fare.clone() });
            let excess = self.history.len().saturating_sub(HISTORY);
            self.history.drain(..excess);
        }
        self.subject = Subject::Flight(Box::new(offer));
        self.valuation = valuation;
        self.parts = parts;
        self.state = DealState::Live;
        self.last_seen = now;
        self.changed_in = self.version + 1;
        true
    }

    /// Takes in what somebody else's look has shown, only where that is newer than all that is known: a deal that was gone when it
    /// was last looked at is so until it was seen after that. Answers whether anything changed.
    pub fn seen_elsewhere(&mut self, assessed: Assessed, now: Timestamp) -> bool {
        let known = self.flight().freshness.observed_at;
        let known = match self.state {
            DealState::Live => known,
            DealState::Gone => self.missed_at.map_or(known, |missed_at| known.max(missed_at)),
        };
        assessed.offer.freshness.observed_at > known && self.seen_again(assessed, now)
    }

    /// Takes in that it was not offered when a source was asked. Answers whether that is news: of one that was gone before it is, too,
    /// if it was asked later, since somebody may have seen it in between.
    pub fn gone(&mut self, asked_at: Timestamp) -> bool {
        let asked_at = to_second(asked_at);
        let news = self.state == DealState::Live || self.missed_at < Some(asked_at);
        self.state = DealState::Gone;
        self.last_seen = self.last_seen.max(asked_at);
        self.missed_at = self.missed_at.max(Some(asked_at));
        if news {
            self.changed_in = self.version + 1;
        }
        news
    }

    /// Whether a source was asked at the same time or later that no longer offered it: what was answered then is outdated.
    pub fn is_missed_since(&self, asked_at: Timestamp) -> bool {
        self.missed_at.is_some_and(|missed_at| to_second(asked_at) <= missed_at)
    }

    /// Takes in that the tenant is no longer let through to the source that offers it: nobody looked. Answers whether that is news.
    pub fn withdrawn(&mut self) -> bool {
        let news = self.state == DealState::Live;
        if news {
            self.state = DealState::Gone;
            self.changed_in = self.version + 1;
        }
        news
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::deals::tests::{at, award};

    #[test]
    fn what_a_search_shows_is_taken_in_where_it_is_newer_than_what_is_kept() {
        let kept = Deal::first_seen("demo".parse().unwrap(), award(40_000, 10), at(10));
        let with = |seen: Assessed| {
            let mut deal = kept.clone();
            (deal.seen_elsewhere(seen, at(20)), deal)
        };
        for older in [award(30_000, 9), award(30_000, 10)] {
            assert_eq!(with(older), (false, kept.clone()));
        }
        let (changed, newer) = with(award(30_000, 11));
        assert_eq!((changed, &newer.flight().fare, newer.history.len()), (true, &award(30_000, 11).offer.fare, 2));
        // The second time there is nothing to keep.
        assert!(!newer.clone().seen_elsewhere(award(30_000, 11), at(21)));
    }

    #[test]
    fn what_is_gone_stays_gone_until_it_is_seen_after_that() {
        let mut gone = Deal::first_seen("demo".parse().unwrap(), award(40_000, 10), at(10));
        assert!(gone.gone(at(15)));
        for before in [11, 15] {
            assert!(!gone.seen_elsewhere(award(40_000, before), at(20)));
            assert_eq!(gone.state, DealState::Gone);
        }
        assert!(gone.seen_elsewhere(award(40_000, 16), at(20)));
        assert_eq!((gone.state, gone.history.len()), (DealState::Live, 1));
    }

    #[test]
    fn the_version_to_be_told_of_is_the_one_that_brought_something() {
        let mut deal = Deal { version: 5, ..Deal::first_seen("demo".parse().unwrap(), award(40_000, 10), at(10)) };
        assert!(!deal.seen_again(award(40_000, 11), at(11)));
        assert_eq!(deal.changed_in, 1, "it is as it was");
        assert!(deal.seen_again(award(30_000, 12), at(12)));
        assert_eq!(deal.changed_in, 6);
        deal.version = 6;
        assert!(deal.gone(at(15)));
        assert_eq!(deal.changed_in, 7);
        deal.version = 7;
        assert!(!deal.gone(at(14)));
        assert_eq!(deal.changed_in, 7);
    }

    #[test]
    fn what_is_withdrawn_is_gone_now_and_comes_back_by_the_look_that_showed_it() {
        let mut deal = Deal::first_seen("demo".parse().unwrap(), award(40_000, 10), at(12));
        assert!(deal.withdrawn() && !deal.withdrawn(), "the second time it is known");
        assert_eq!((deal.state, deal.last_seen), (DealState::Gone, at(12)), "nobody looked");
        assert!(!deal.is_missed_since(at(11)), "no source said that it has it no more");
        // Another source may have seen it before that.
        let mut elsewhere = deal.clone();
        assert!(elsewhere.seen_elsewhere(award(40_000, 15), at(22)));
        assert!(deal.seen_again(award(40_000, 10), at(22)));
        assert_eq!([deal, elsewhere].map(|deal| (deal.state, deal.last_seen)), [(DealState::Live, at(22)); 2]);
    }

    #[test]
    fn an_answer_is_outdated_by_one_asked_for_later_that_misses_the_deal() {
        let mut deal = Deal::first_seen("demo".parse().unwrap(), award(40_000, 10), at(10));
        assert!(!deal.is_missed_since(at(9)));
        assert!(deal.gone(at(15)));
        assert_eq!([14, 15, 16].map(|minute| deal.is_missed_since(at(minute))), [true, true, false]);
        // It came back by an answer of minute 16: one of minute 14 says no more of it than before.
        assert!(deal.seen_again(award(40_000, 10), at(17)));
        assert_eq!([14, 16].map(|minute| deal.is_missed_since(at(minute))), [true, false]);
    }

    #[test]
    fn what_is_gone_again_is_so_from_then_on() {
        let mut deal = Deal::first_seen("demo".parse().unwrap(), award(40_000, 10), at(10));
        let since = |deal: &Deal| (deal.state, deal.last_seen);
        assert!(deal.gone(at(15)));
        assert!(!deal.gone(at(15)) && !deal.gone(at(14)), "that is known");
        // Another search finds the same later, with or without having seen it in between.
        assert!(deal.gone(at(17)));
        assert_eq!(since(&deal), (DealState::Gone, at(17)));
        assert!(deal.seen_again(award(40_000, 18), at(18)));
        assert_eq!(since(&deal), (DealState::Live, at(18)));
        assert!(deal.gone(at(20)));
        assert_eq!(since(&deal), (DealState::Gone, at(20)));
        assert!(!deal.seen_elsewhere(award(40_000, 19), at(21)), "it was seen before it was gone again");
    }
}
