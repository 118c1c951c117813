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
}
