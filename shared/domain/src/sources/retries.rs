//! How many calls may be repetitions: a tenth of all and one, so that whoever is in trouble is not asked for more by those who wait.

/// What a call puts in and a repetition takes out, in tenths of a call.
const SAVED_BY_A_CALL: u32 = 1;
const SPENT_BY_A_REPETITION: u32 = 10;
/// No more is saved than this: after a quiet day nobody may repeat a thousand calls.
const MOST_SAVED: u32 = 100;

/// What is left for repetitions. Each instance of a function has its own, and nothing has to be shared: all together repeat a tenth of
/// their calls at most, and one for each instance. Those are bounded, too: against a source that is out of order for all, its breaker
/// opens after five failures, whoever has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryBudget(u32);

impl Default for RetryBudget {
    /// The first call may be repeated, too.
    fn default() -> Self {
        Self(SPENT_BY_A_REPETITION)
    }
}

impl RetryBudget {
    /// A call is made that is none.
    pub fn called(&mut self) {
        self.0 = self.0.saturating_add(SAVED_BY_A_CALL).min(MOST_SAVED);
    }

    /// One that was to be a repetition was not made after all.
    pub fn not_repeated(&mut self) {
        self.0 = self.0.saturating_add(SPENT_BY_A_REPETITION).min(MOST_SAVED);
    }

    /// Whether a call may be repeated; then it counts.
    pub fn repeat(&mut self) -> bool {
        let left = self.0.checked_sub(SPENT_BY_A_REPETITION);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn repetitions_are_a_tenth_of_the_calls_and_one(asked in proptest::collection::vec(any::<bool>(), 0..2_000)) {
            let (mut budget, mut calls, mut repeated) = (RetryBudget::default(), 0_u32, 0_u32);
            for repeats in asked {
                if !repeats {
                    budget.called();
                    calls += 1;
                } else if budget.repeat() {
                    repeated += 1;
                }
                prop_assert!(repeated <= calls / 10 + 1);
            }
        }
    }

    #[test]
    fn a_repetition_that_was_not_made_is_not_spent() {
        let mut budget = RetryBudget::default();
        for _ in 0..9 {
            assert!(budget.repeat());
            budget.not_repeated();
        }
        assert!(budget.repeat() && !budget.repeat());
    }

    #[test]
    fn a_quiet_day_saves_ten_repetitions() {
        let mut budget = RetryBudget::default();
        (0..10_000).for_each(|_| budget.called());
        assert_eq!((0..100).filter(|_| budget.repeat()).count(), 10);
    }
}
