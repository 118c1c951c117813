//! How a source fares: counts by how calls ended, and how long they took, in buckets that can be added up.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The upper bounds of the buckets of durations, in milliseconds, each included. The last bucket has none: calls are cut off at
/// ten seconds.
pub const BOUNDS_MS: [u32; 9] = [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000];

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// With an answer, be it an empty one.
    Answered,
    /// With a refusal of what was asked, by a status of the four hundreds.
    Refused,
    /// The source did not accept the key.
    KeyRefused,
    /// The source asked to slow down.
    Limited,
    /// With an error of the source's own.
    Failed,
    /// There was no answer in time.
    TimedOut,
    /// There was no connection, or it broke.
    Unreachable,
    /// The answer was larger than is read.
    TooLarge,
    /// The answer was none that can be read, whatever its status says.
    Unreadable,
    /// Whoever asked did not wait for the answer.
    Abandoned,
}

impl Ending {
    /// How an answer with this status ended the call.
    pub fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Answered,
            401 | 403 => Self::KeyRefused,
            429 => Self::Limited,
            400..=499 => Self::Refused,
            _ => Self::Failed,
        }
    }

    /// Whether the source, or our key there, is in trouble. What was asked wrongly is no trouble of the source.
    pub fn is_failure(self) -> bool {
        match self {
            Self::KeyRefused
            | Self::Limited
            | Self::Failed
            | Self::TimedOut
            | Self::Unreachable
            | Self::TooLarge
            | Self::Unreadable
            | Self::Abandoned => true,
            Self::Answered | Self::Refused => false,
        }
    }
}

/// What was counted of a source over some time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Calls, by how they ended.
    pub endings: BTreeMap<Ending, u64>,
    /// Calls by how long they took: one number a bucket, and one for what took longer than the last bound.
    pub durations: [u64; BOUNDS_MS.len() + 1],
    /// Bytes read.
    pub bytes: u64,
    /// The last call that did not fail.
    pub last_success: Option<Timestamp>,
    /// The last call that failed.
    pub last_failure: Option<Timestamp>,
}

impl Tally {
    /// Notes a call.
    pub fn note(&mut self, ending: Ending, at: Timestamp, millis: u64, bytes: u64) {
        *self.endings.entry(ending).or_default() += 1;
        let bucket = BOUNDS_MS.iter().position(|bound| millis <= u64::from(*bound)).unwrap_or(BOUNDS_MS.len());
        self.durations[bucket] += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        let last = if ending.is_failure() { &mut self.last_failure } else { &mut self.last_success };
        *last = (*last).max(Some(at));
    }

    /// Adds what was counted elsewhere.
    pub fn join(&mut self, other: &Self) {
        for (ending, calls) in &other.endings {
            *self.endings.entry(*ending).or_default() += calls;
        }
        for (mine, theirs) in self.durations.iter_mut().zip(other.durations) {
            *mine += theirs;
        }
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.last_success = self.last_success.max(other.last_success);
        self.last_failure = self.last_failure.max(other.last_failure);
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.endings.is_empty()
    }

    /// Calls.
    pub fn calls(&self) -> u64 {
        self.endings.values().sum()
    }

    /// Those that failed.
    pub fn failures(&self) -> u64 {
        self.endings.iter().filter(|(ending, _)| ending.is_failure()).map(|(_, calls)| calls).sum()
    }

    /// How most of them ended; of two ways as frequent, the first of [`Ending`].
    pub fn mostly_failed_by(&self) -> Option<Ending> {
        let failures = self.endings.iter().rev().filter(|(ending, _)| ending.is_failure());
        failures.max_by_key(|(_, calls)| **calls).map(|(ending, _)| *ending)
    }

    /// How many calls of ten thousand failed, rounded down. None of none.
    pub fn failures_per_ten_thousand(&self) -> Option<u64> {
        self.failures().saturating_mul(10_000).checked_div(self.calls())
    }

    /// In how many milliseconds so many per cent of the calls were over, as far as the buckets tell: the bound of the bucket that
    /// the call of this rank lies in. None of none, and none where it took longer than the last bound.
    pub fn percentile_ms(&self, percent: u8) -> Option<u32> {
        let all: u64 = self.durations.iter().sum();
        let rank = all.saturating_mul(u64::from(percent)).div_ceil(100).max(1);
        let mut below = 0;
        let bucket = self.durations.iter().position(|calls| {
            below += calls;
            below >= rank
        })?;
        BOUNDS_MS.get(bucket).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(calls: &[(Ending, u64)]) -> Tally {
        let mut tally = Tally::default();
        for (n, (ending, millis)) in calls.iter().enumerate() {
            let at = Timestamp::from_second(i64::try_from(n).unwrap_or(0)).unwrap_or_default();
            tally.note(*ending, at, *millis, 10);
        }
        tally
    }

    #[test]
    fn percentiles_are_the_bounds_of_buckets() {
        let calls: Vec<(Ending, u64)> = (1..=100).map(|millis| (Ending::Answered, millis * 10)).collect();
        let tally = tally(&calls);
        // 50 calls took 500 ms or less, 95 took 950 ms.
        assert_eq!(
            [50, 80, 95, 99].map(|percent| tally.percentile_ms(percent)),
            [Some(800), Some(800), Some(1_600), Some(1_600)]
        );
        assert_eq!(Tally::default().percentile_ms(50), None);
    }

    #[test]
    fn what_takes_longer_than_the_last_bound_has_no_percentile() {
        assert_eq!(tally(&[(Ending::TimedOut, 10_001)]).percentile_ms(50), None);
        assert_eq!(tally(&[(Ending::TimedOut, 10_000)]).percentile_ms(50), Some(10_000));
    }

    #[test]
    fn an_empty_answer_and_a_wrong_question_are_no_failures() {
        let tally = tally(&[(Ending::Answered, 1), (Ending::Refused, 1), (Ending::KeyRefused, 1), (Ending::Failed, 1)]);
        assert_eq!((tally.calls(), tally.failures(), tally.failures_per_ten_thousand()), (4, 2, Some(5_000)));
        assert_eq!(tally.last_success.map(|at| at.as_second()), Some(1));
        assert_eq!(tally.last_failure.map(|at| at.as_second()), Some(3));
        let by_status = [200, 204, 401, 403, 404, 422, 429, 302, 500, 503].map(Ending::of_status);
        assert_eq!(by_status.iter().filter(|ending| ending.is_failure()).count(), 6);
    }

    #[test]
    fn most_failures_are_named_and_nothing_else_is() {
        let calls = [(Ending::Answered, 1), (Ending::Answered, 1), (Ending::KeyRefused, 1), (Ending::TimedOut, 1)];
        assert_eq!(tally(&calls).mostly_failed_by(), Some(Ending::KeyRefused));
        assert_eq!(tally(&[&calls[..], &calls[3..]].concat()).mostly_failed_by(), Some(Ending::TimedOut));
        assert_eq!(tally(&calls[..2]).mostly_failed_by(), None);
    }

    proptest! {
        #[test]
        fn counts_add_up_in_any_order(
            one in proptest::collection::vec(0_u64..20_000, 0..40), two in proptest::collection::vec(0_u64..20_000, 0..40)
        ) {
            let of = |millis: &[u64]| tally(&millis.iter().map(|millis| (Ending::Answered, *millis)).collect::<Vec<_>>());
            let (mut left, mut right) = (of(&one), of(&two));
            left.join(&of(&two));
            right.join(&of(&one));
            prop_assert_eq!(&left, &right);
            prop_assert_eq!(left.calls(), (one.len() + two.len()) as u64);
        }
    }
}
