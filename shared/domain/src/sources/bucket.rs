//! How many calls a source takes: a token bucket, as one number.
//!
//! The number is the instant up to which the bucket's tokens are spoken for, in microseconds since the epoch (the "theoretical
//! arrival time" of the generic cell rate algorithm, ITU-T I.371). Taking a token moves it on; it may lie ahead of now by no more
//! than the burst. So all functions share one number that only grows, and that can be moved without having been read. A token is taken
//! for a call that is made at once: nobody holds any that others wait for.
//!
//! A call may be on its way for `ON_ITS_WAY`. The bucket is cut so that for all that, in no window as long as the source's own
//! does it see more calls than it allows.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// So many calls in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Calls.
    pub calls: u32,
    /// In so many seconds.
    pub seconds: u32,
}

impl Limit {
    /// Whether it is one of a day, or of longer.
    pub fn is_daily(&self) -> bool {
        i64::from(self.seconds) * 1_000_000 >= DAY
    }
}

/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;
/// How long a call may take to reach the source.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(2);
/// Which part of a limit may be used at once; the rest is spread over the window.
const BURST_SHARE: u32 = 4;

/// A bucket for a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// What a token moves the number by, in microseconds.
    interval: i64,
    /// How many tokens a full bucket holds.
    burst: i64,
}

impl Bucket {
    /// The bucket that keeps a limit. None for one that allows nothing, or everything.
    pub fn of(limit: Limit) -> Option<Self> {
        let (calls, window) = (i64::from(limit.calls), i64::from(limit.seconds) * 1_000_000);
        if calls == 0 || window == 0 {
            return None;
        }
        let burst = i64::from(limit.calls.div_ceil(BURST_SHARE));
        // The first call too many comes after a whole window, however late the first one of that window gets there.
        let interval = (window + micros(ON_ITS_WAY)).div_ceil_by(calls + 1 - burst);
        Some(Self { interval, burst })
    }

    /// What a token moves the number by.
    pub fn cost(&self) -> i64 {
        self.interval
    }

    /// How far on the number may be for a token to be there.
    pub fn room(&self, now: Timestamp) -> i64 {
        now.as_microsecond().saturating_add(self.cost_of_burst()).saturating_sub(self.interval)
    }

    /// When there is a token again, by the number.
    pub fn ready_at(&self, number: i64) -> Timestamp {
        let at = number.saturating_sub(self.cost_of_burst()).saturating_add(self.interval);
        Timestamp::from_microsecond(at).unwrap_or(Timestamp::MAX)
    }

    /// How many tokens there are until the day ends, by UTC and by the number: those that are in the bucket, and those that come.
    pub fn left_of_day(&self, number: Option<i64>, now: Timestamp) -> u64 {
        let now = now.as_microsecond();
        let ends = now - now.rem_euclid(DAY) + DAY;
        let spoken_for = number.unwrap_or(now).max(now);
        let left = ends.saturating_add(self.cost_of_burst()).saturating_sub(spoken_for) / self.interval;
        u64::try_from(left).unwrap_or(0)
    }

    /// The number after a token was taken, or when there is one again. What storage does by conditions, said at once.
    ///
    /// # Errors
    /// When there is a token again.
    pub fn take(&self, number: Option<i64>, now: Timestamp) -> Result<i64, Timestamp> {
        match number.filter(|number| *number > now.as_microsecond()) {
            None => Ok(now.as_microsecond().saturating_add(self.interval)),
            Some(number) if number <= self.room(now) => Ok(number.saturating_add(self.interval)),
            Some(number) => Err(self.ready_at(number)),
        }
    }

    fn cost_of_burst(&self) -> i64 {
        self.interval.saturating_mul(self.burst)
    }
}

fn micros(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Division that rounds up, of positive numbers.
trait DivCeil {
    fn div_ceil_by(self, by: Self) -> Self;
}

impl DivCeil for i64 {
    fn div_ceil_by(self, by: Self) -> Self {
        (self + by - 1) / by
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_microsecond(micros).unwrap()
    }

    /// Whether in some window there are more than allowed. `uses` are in order.
    fn broken(limit: Limit, uses: &[i64]) -> bool {
        let window = i64::from(limit.seconds) * 1_000_000;
        let calls = usize::try_from(limit.calls).unwrap();
        uses.windows(calls + 1).any(|some| some[calls] - some[0] < window)
    }

    proptest! {
        #[test]
        fn no_window_has_more_calls_than_the_limit(
            calls in 1_u32..40, seconds in 1_u32..90,
            asked in proptest::collection::vec((0_i64..3_000_000, 0_i64..=2_000_000), 1..400),
        ) {
            let limit = Limit { calls, seconds };
            let bucket = Bucket::of(limit).unwrap();
            let (mut now, mut number, mut uses) = (1_000_000_000, None, Vec::new());
            for (later, on_its_way) in asked {
                now += later;
                if let Ok(after) = bucket.take(number, at(now)) {
                    prop_assert!(number.is_none_or(|number| number < after), "it only grows");
                    number = Some(after);
                    uses.push(now + on_its_way);
                }
            }
            uses.sort_unstable();
            prop_assert!(!broken(limit, &uses), "{uses:?}");
        }

        #[test]
        fn a_refusal_says_when_there_is_a_token_again(calls in 1_u32..400, seconds in 1_u32..90_000, taken in 1_usize..500) {
            let bucket = Bucket::of(Limit { calls, seconds }).unwrap();
            let now = at(1_000_000_000);
            let mut number = None;
            for _ in 0..taken {
                if let Ok(after) = bucket.take(number, now) {
                    number = Some(after);
                }
            }
            if let Err(again) = bucket.take(number, now) {
                prop_assert!(again > now);
                prop_assert!(bucket.take(number, again).is_ok());
                prop_assert!(bucket.take(number, again - SignedDuration::from_micros(1)).is_err());
            }
        }
    }

    #[test]
    fn who_asks_all_the_time_gets_three_quarters_of_a_limit_and_never_more_than_all_of_it() {
        let limit = Limit { calls: 300, seconds: 60 };
        let bucket = Bucket::of(limit).unwrap();
        let (mut number, mut uses) = (None, Vec::new());
        for now in (0..600_000_000).step_by(50_000) {
            if let Ok(after) = bucket.take(number, at(now)) {
                (number, _) = (Some(after), uses.push(now));
            }
        }
        assert!(!broken(limit, &uses));
        assert!((2_100..=2_400).contains(&uses.len()), "in ten minutes: {}", uses.len());
    }

    #[test]
    fn what_is_left_of_a_day_is_what_can_be_taken_until_it_ends() {
        let limit = Limit { calls: 1_000, seconds: 86_400 };
        let bucket = Bucket::of(limit).unwrap();
        assert!(limit.is_daily() && !Limit { calls: 50, seconds: 60 }.is_daily());
        for (begins, before) in [(0, 0), (DAY / 3, 0), (DAY / 3, 400), (DAY - 1, 250)] {
            let mut number = None;
            for _ in 0..before {
                number = bucket.take(number, at(begins)).ok().or(number);
            }
            let said = bucket.left_of_day(number, at(begins));
            let (mut now, mut taken) = (begins, 0);
            while now <= DAY {
                match bucket.take(number, at(now)) {
                    Ok(after) => (number, taken) = (Some(after), taken + 1),
                    Err(again) => now = again.as_microsecond(),
                }
            }
            assert_eq!(said, taken, "from {begins}, after {before}");
            assert!(said <= 1_000);
        }
    }

    #[test]
    fn what_allows_nothing_is_no_bucket() {
        assert_eq!(Bucket::of(Limit { calls: 0, seconds: 60 }), None);
        assert_eq!(Bucket::of(Limit { calls: 1, seconds: 0 }), None);
    }
}
