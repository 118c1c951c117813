//! A clock that a test, or the local run, moves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;

/// A clock that can be set and advanced; it stands still unless made to run. It saturates at the ends of [`Timestamp`].
#[derive(Debug)]
pub struct MovableClock {
    /// The instant shown when the clock started to run, or shown now if it stands still.
    base: Mutex<Timestamp>,
    running_since: Option<Instant>,
}

impl MovableClock {
    /// A clock standing still at `instant` until it is moved.
    pub fn at(instant: Timestamp) -> Self {
        Self { base: Mutex::new(instant), running_since: None }
    }

    /// A clock that shows `start` now and runs on with the machine's monotonic clock.
    pub fn running_from(start: Timestamp) -> Self {
        Self { base: Mutex::new(start), running_since: Some(Instant::now()) }
    }

    /// Moves the clock by `by`; a negative duration moves it back.
    pub fn advance(&self, by: SignedDuration) {
        let mut base = self.base();
        *base = moved(*base, by);
    }

    /// Makes the clock show `instant`; a running clock runs on from there.
    pub fn set(&self, instant: Timestamp) {
        *self.base() = moved(instant, -self.elapsed());
    }

    fn elapsed(&self) -> SignedDuration {
        let elapsed = self.running_since.map(|start| start.elapsed()).unwrap_or_default();
        SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX)
    }

    /// A panic elsewhere cannot leave a half-written instant, so a poisoned lock is as good as any.
    fn base(&self) -> MutexGuard<'_, Timestamp> {
        self.base.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        moved(*self.base(), self.elapsed())
    }
}

/// A clock that is off by so much against another.
#[derive(Debug)]
pub struct SkewedClock {
    /// The one that is right.
    pub right: Arc<dyn Clock>,
    /// By how much this one is ahead; behind, if negative.
    pub by: SignedDuration,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        moved(self.right.now(), self.by)
    }
}

fn moved(instant: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    instant.checked_add(by).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_still_until_moved() {
        let clock = MovableClock::at(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        clock.advance(SignedDuration::from_secs(90));
        assert_eq!(clock.now().as_second(), 90);
        clock.advance(SignedDuration::from_secs(-30));
        assert_eq!(clock.now().as_second(), 60);
        clock.set(Timestamp::MAX);
        clock.advance(SignedDuration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }

    #[test]
    fn runs_with_the_machine() {
        let clock = MovableClock::running_from(Timestamp::UNIX_EPOCH);
        let first = clock.now();
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(clock.now() > first);
        clock.set(Timestamp::UNIX_EPOCH);
        let after = clock.now().duration_since(Timestamp::UNIX_EPOCH);
        assert!(!after.is_negative() && after < SignedDuration::from_secs(60));
    }
}
