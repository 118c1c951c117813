//! When a source is left alone: after five failures in a row nobody asks it for a while, then one call tries, and by what becomes
//! of that all may ask again, or none for twice as long.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// So many failures in a row open it.
pub const FAILURES: u32 = 5;
/// How long it is open for the first time. It doubles with each probe that fails.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
/// And at most.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// How much longer a probe has than its call may take. Who dies meanwhile holds up the next one no longer than that.
const PROBE_SPARE: SignedDuration = SignedDuration::from_secs(5);

/// A breaker. Its functions share it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Breaker {
    /// Failures in a row.
    failures: u32,
    /// How often in a row it was opened.
    opened: u32,
    /// Until when nobody asks.
    open_until: Option<Timestamp>,
    /// Until when one is trying.
    probe_until: Option<Timestamp>,
}

/// Whether one may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// All may.
    Free,
    /// One may try, who must first say so.
    Probe,
    /// Nobody may before this.
    Shut(Timestamp),
}

/// What a breaker is, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BreakerState {
    /// All may ask.
    Closed,
    /// One may try, or is trying.
    HalfOpen,
    /// Nobody may ask.
    Open,
}

impl Breaker {
    /// Whether one may ask now.
    pub fn passage(&self, now: Timestamp) -> Passage {
        match (self.open_until, self.probe_until) {
            (None, _) => Passage::Free,
            (Some(until), _) if now < until => Passage::Shut(until),
            (Some(_), Some(until)) if now < until => Passage::Shut(until),
            (Some(_), Some(_) | None) => Passage::Probe,
        }
    }

    /// In a word.
    pub fn state(&self, now: Timestamp) -> BreakerState {
        match self.open_until {
            None => BreakerState::Closed,
            Some(until) if now < until => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }

    /// One is trying, with a call that may take so long: a booking takes longer than a search.
    pub fn probing(&mut self, now: Timestamp, call_takes: SignedDuration) {
        self.probe_until = Some(later(later(now, call_takes), PROBE_SPARE));
    }

    /// A call has failed. Says whether that opens it. While it is open already, what was still under way changes nothing.
    pub fn failed(&mut self, now: Timestamp) -> bool {
        match self.state(now) {
            BreakerState::Open => false,
            BreakerState::HalfOpen => {
                self.open(now);
                true
            }
            BreakerState::Closed => {
                self.failures = self.failures.saturating_add(1);
                let opens = self.failures >= FAILURES;
                if opens {
                    self.open(now);
                }
                opens
            }
        }
    }

    /// A call was answered. What was still under way when it opened, and was answered after all, does not close it: the probe does.
    pub fn answered(&mut self, probe: bool) {
        if probe || self.open_until.is_none() {
            *self = Self::default();
        }
    }

    fn open(&mut self, now: Timestamp) {
        let pause = FIRST_PAUSE.checked_mul(1 << self.opened.min(10)).map_or(LONGEST_PAUSE, |pause| pause.min(LONGEST_PAUSE));
        self.opened = self.opened.saturating_add(1);
        (self.open_until, self.probe_until, self.failures) = (Some(later(now, pause)), None, 0);
    }
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    const CALL: SignedDuration = SignedDuration::from_secs(10);

    fn after(seconds: i64) -> Timestamp {
        later(NOW, SignedDuration::from_secs(seconds))
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        let opens: Vec<bool> = (0..FAILURES).map(|_| breaker.failed(NOW)).collect();
        assert_eq!(opens, [false, false, false, false, true]);
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_an_answer_between_them_does_not() {
        assert_eq!(opened().passage(NOW), Passage::Shut(after(30)));
        let mut breaker = Breaker::default();
        for _ in 0..20 {
            (0..4).for_each(|_| assert!(!breaker.failed(NOW)));
            breaker.answered(false);
        }
        assert_eq!(breaker.passage(NOW), Passage::Free);
    }

    #[test]
    fn one_tries_and_its_answer_closes_it() {
        let mut breaker = opened();
        assert_eq!(breaker.passage(after(29)), Passage::Shut(after(30)));
        assert_eq!(breaker.passage(after(30)), Passage::Probe);
        breaker.probing(after(30), CALL);
        assert_eq!(breaker.passage(after(31)), Passage::Shut(after(45)), "only one");
        assert_eq!(breaker.state(after(31)), BreakerState::HalfOpen);
        breaker.answered(true);
        assert_eq!((breaker.passage(after(31)), breaker), (Passage::Free, Breaker::default()));
    }

    #[test]
    fn a_probe_that_fails_opens_it_for_twice_as_long_and_one_that_dies_is_followed_by_another() {
        let mut breaker = opened();
        breaker.probing(after(30), CALL);
        assert!(breaker.failed(after(32)));
        assert_eq!(breaker.passage(after(32)), Passage::Shut(after(92)));
        breaker.probing(after(92), CALL);
        assert_eq!(breaker.passage(after(107)), Passage::Probe);
    }

    #[test]
    fn while_a_long_call_tries_no_other_does() {
        let mut breaker = opened();
        breaker.probing(after(30), SignedDuration::from_secs(120));
        assert_eq!(breaker.passage(after(149)), Passage::Shut(after(155)));
        assert_eq!(breaker.passage(after(155)), Passage::Probe);
    }

    #[test]
    fn what_was_still_under_way_neither_closes_nor_prolongs_it() {
        let mut breaker = opened();
        breaker.answered(false);
        assert!(!breaker.failed(after(10)));
        assert_eq!(breaker.passage(after(29)), Passage::Shut(after(30)));
    }

    proptest! {
        #[test]
        fn whatever_happens_it_is_never_shut_for_longer_than_ten_minutes(
            steps in proptest::collection::vec((0_i64..1_000, 0_u8..4), 0..200)
        ) {
            let (mut breaker, mut now) = (Breaker::default(), NOW);
            for (seconds, what) in steps {
                now = later(now, SignedDuration::from_secs(seconds));
                match what {
                    0 => breaker.answered(false),
                    1 if breaker.passage(now) == Passage::Probe => breaker.probing(now, CALL),
                    _ => drop(breaker.failed(now)),
                }
                if let Passage::Shut(until) = breaker.passage(now) {
                    prop_assert!(now < until && until <= later(now, LONGEST_PAUSE));
                }
            }
        }
    }
}
