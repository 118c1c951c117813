//! By when a booking can be cancelled, and what that costs. What a source does not say stays unknown.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{flights::Untrusted, money::Money};

/// The rules by which one booking can be cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cancellation {
    /// Whether any of the price ever comes back; unknown where the source does not say.
    pub refundable: Option<bool>,
    /// Until when it costs nothing; unknown where the source does not say.
    #[schema(value_type = Option<Object>, example = json!({"at": "2026-04-20T12:00:00Z"}))]
    pub free_until: Option<Deadline>,
    /// What it costs, and when, as the source lists it.
    pub steps: Vec<Step>,
}

/// What it costs to cancel during some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CancellationStep)]
pub struct Step {
    /// From when; from the booking on, where none is named.
    #[schema(value_type = Option<Object>, example = json!({"at": "2026-04-20T12:00:00Z"}))]
    pub from: Option<Deadline>,
    /// Until when; without end, where none is named.
    #[schema(value_type = Option<Object>, example = json!({"at": "2026-04-20T12:00:00Z"}))]
    pub until: Option<Deadline>,
    /// What it costs.
    #[schema(value_type = Object, example = json!({"percent": "50"}))]
    pub penalty: Penalty,
}

/// A moment, or one that follows from the beginning of what was booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deadline {
    /// This moment.
    At(Timestamp),
    /// So many minutes before it begins.
    MinutesBefore(u32),
}

/// What cancelling costs. An amount can be in another currency than the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Penalty {
    /// This much.
    Amount(Money),
    /// So much of the price in per cent, 0 to 100.
    Percent(#[serde(with = "rust_decimal::serde::str")] Decimal),
    /// The price of so many nights.
    Nights(u8),
}

impl Cancellation {
    /// Nothing comes back.
    pub fn never() -> Self {
        Self { refundable: Some(false), free_until: None, steps: Vec::new() }
    }

    /// Nothing is said of it.
    pub fn unknown() -> Self {
        Self { refundable: None, free_until: None, steps: Vec::new() }
    }

    /// The rules of two bookings that are cancelled together: what one of them keeps does not come back, and both cost something as soon
    /// as one does. What they cost is said where their steps are those of the same times; else nobody knows.
    #[must_use]
    pub fn together(self, other: Self) -> Self {
        let refundable = match (self.refundable, other.refundable) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            (None, _) | (_, None) => None,
        };
        let free_until = self.free_until.zip(other.free_until).filter(|_| refundable != Some(false));
        Self {
            refundable,
            free_until: free_until.and_then(|(one, other)| one.earlier(other)),
            steps: steps_together(&self.steps, &other.steps).unwrap_or_default(),
        }
    }

    /// Whether the rules can be trusted.
    ///
    /// # Errors
    /// [`Untrusted::Terms`] if a step ends before it begins or costs less than nothing or more than all, or if what never comes
    /// back could be cancelled for nothing.
    pub fn trusted(&self) -> Result<(), Untrusted> {
        let free_but_never = self.refundable == Some(false) && self.free_until.is_some();
        let sound = |step: &Step| step.is_in_order() && step.penalty.is_sound();
        if free_but_never || !self.steps.iter().all(sound) { Err(Untrusted::Terms) } else { Ok(()) }
    }

    /// Whether it still costs nothing after an instant, as far as that is said.
    pub fn is_free_after(&self, instant: Timestamp) -> bool {
        match self.free_until {
            Some(Deadline::At(until)) => until > instant,
            Some(Deadline::MinutesBefore(_)) | None => false,
        }
    }
}

/// What both cost, step by step.
fn steps_together(one: &[Step], other: &[Step]) -> Option<Vec<Step>> {
    let together = |(one, other): (&Step, &Step)| {
        let same_time = (one.from, one.until) == (other.from, other.until);
        Some(Step { penalty: one.penalty.plus(other.penalty).filter(|_| same_time)?, ..one.clone() })
    };
    if one.len() == other.len() { one.iter().zip(other).map(together).collect() } else { None }
}

impl Deadline {
    /// Which of two comes first, as far as that can be said of them.
    fn earlier(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::At(one), Self::At(other)) => Some(Self::At(one.min(other))),
            (Self::MinutesBefore(one), Self::MinutesBefore(other)) => Some(Self::MinutesBefore(one.max(other))),
            (Self::At(_), Self::MinutesBefore(_)) | (Self::MinutesBefore(_), Self::At(_)) => None,
        }
    }
}

impl Step {
    fn is_in_order(&self) -> bool {
        match (self.from, self.until) {
            (Some(Deadline::At(from)), Some(Deadline::At(until))) => from <= until,
            (Some(Deadline::MinutesBefore(from)), Some(Deadline::MinutesBefore(until))) => from >= until,
            (Some(Deadline::At(_)), Some(Deadline::MinutesBefore(_)))
            | (Some(Deadline::MinutesBefore(_)), Some(Deadline::At(_)))
            | (None, _)
            | (_, None) => true,
        }
    }
}

impl Penalty {
    /// What two of them cost. A part of each price is the same part of both, and so are nights.
    fn plus(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Amount(one), Self::Amount(other)) => one.plus(other).ok().map(Self::Amount),
            (Self::Percent(_), Self::Percent(_)) | (Self::Nights(_), Self::Nights(_)) => (self == other).then_some(self),
            (Self::Amount(_) | Self::Percent(_) | Self::Nights(_), _) => None,
        }
    }

    fn is_sound(&self) -> bool {
        match self {
            Self::Amount(amount) => !amount.is_negative(),
            Self::Percent(percent) => (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(percent),
            Self::Nights(_) => true,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn at(second: i64) -> Deadline {
        Deadline::At(Timestamp::from_second(second).unwrap())
    }

    fn with(from: Option<Deadline>, until: Option<Deadline>, penalty: Penalty) -> Result<(), Untrusted> {
        Cancellation { refundable: Some(true), free_until: None, steps: vec![Step { from, until, penalty }] }.trusted()
    }

    #[test]
    fn a_step_ends_after_it_begins() {
        let all = Penalty::Percent(Decimal::ONE_HUNDRED);
        assert_eq!(with(Some(at(1)), Some(at(2)), all), Ok(()));
        assert_eq!(with(Some(at(2)), Some(at(1)), all), Err(Untrusted::Terms));
        assert_eq!(with(Some(Deadline::MinutesBefore(60)), Some(Deadline::MinutesBefore(0)), all), Ok(()));
        assert_eq!(with(Some(Deadline::MinutesBefore(0)), Some(Deadline::MinutesBefore(60)), all), Err(Untrusted::Terms));
        assert_eq!(with(None, Some(at(1)), all), Ok(()));
    }

    #[test]
    fn a_penalty_is_neither_less_than_nothing_nor_more_than_all() {
        let owed = Money::from_minor(-1, Currency::USD).unwrap();
        for (penalty, sound) in [
            (Penalty::Amount(Money::zero(Currency::USD)), true),
            (Penalty::Amount(owed), false),
            (Penalty::Percent(Decimal::from(101)), false),
            (Penalty::Percent(Decimal::NEGATIVE_ONE), false),
            (Penalty::Nights(1), true),
        ] {
            assert_eq!(with(None, None, penalty).is_ok(), sound, "{penalty:?}");
        }
    }

    #[test]
    fn what_never_comes_back_is_not_free_to_cancel() {
        assert_eq!(Cancellation { free_until: Some(at(1)), ..Cancellation::never() }.trusted(), Err(Untrusted::Terms));
        assert_eq!(Cancellation::never().trusted(), Ok(()));
    }

    #[test]
    fn of_two_that_are_cancelled_together_the_stricter_rules_hold_and_the_costs_add_up() {
        let amount = |minor| Penalty::Amount(Money::from_minor(minor, Currency::USD).unwrap());
        let step = |from, penalty| Step { from: Some(at(from)), until: None, penalty };
        let until = |free: i64, penalty| Cancellation {
            refundable: Some(true),
            free_until: Some(at(free)),
            steps: vec![step(100, penalty)],
        };
        let both = until(20, amount(500)).together(until(10, amount(250)));
        assert_eq!(both, until(10, amount(750)));
        assert_eq!(until(10, Penalty::Nights(1)).together(until(10, Penalty::Nights(1))), until(10, Penalty::Nights(1)));
        let later = Cancellation { steps: vec![step(200, amount(250))], ..until(10, amount(250)) };
        for (other, refundable) in [(later, Some(true)), (Cancellation::never(), Some(false)), (Cancellation::unknown(), None)] {
            let both = until(10, amount(500)).together(other.clone());
            assert_eq!((both.refundable, &both.steps, both.trusted()), (refundable, &vec![], Ok(())), "{other:?}");
            assert_eq!(both.free_until.is_some(), refundable == Some(true));
        }
        let mixed = until(10, amount(500)).together(until(10, Penalty::Nights(1)));
        assert!(mixed.steps.is_empty(), "nobody knows what a night costs");
    }
}
