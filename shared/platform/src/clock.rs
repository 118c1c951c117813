//! The time, passed in.

use std::fmt::Debug;

use jiff::{SignedDuration, Timestamp};

/// What tells functions, stand-ins and the embedded engine the time. Nothing else may ask the system for it.
pub trait Clock: Debug + Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The deadline of a run that begins now, by the clock of its function.
///
/// `named` is by the clock of whoever starts it. When by ours nothing is left of it, or more than the function is ever given, the
/// clocks disagree; the run has only just begun, and has all its time. (Taken at its word, a deadline in the past would have
/// every message refused until all are among the dead letters.)
pub fn deadline(named: Option<Timestamp>, now: Timestamp, timeout: SignedDuration) -> Timestamp {
    let latest = now.saturating_add(timeout).unwrap_or(Timestamp::MAX);
    named.filter(|named| (now < *named) && (*named <= latest)).unwrap_or(latest)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

    #[test]
    fn a_deadline_is_believed_within_the_time_that_a_function_is_given() {
        let now: Timestamp = "2026-02-17T19:24:00Z".parse().unwrap();
        let left = |named: Option<Timestamp>| deadline(named, now, TIMEOUT).duration_since(now);
        for millis in [1, 999, 29_999, 30_000] {
            let named = now + SignedDuration::from_millis(millis);
            assert_eq!(left(Some(named)), SignedDuration::from_millis(millis));
        }
        for minutes in [-600, -10, 0, 1, 10, 600] {
            assert_eq!(left(Some(now + SignedDuration::from_mins(minutes))), TIMEOUT, "{minutes}");
        }
        assert_eq!((left(None), left(Some(Timestamp::MIN)), left(Some(Timestamp::MAX))), (TIMEOUT, TIMEOUT, TIMEOUT));
        assert_eq!(deadline(None, Timestamp::MAX, TIMEOUT), Timestamp::MAX);
    }
}
