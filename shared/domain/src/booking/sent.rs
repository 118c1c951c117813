//! What was transferred for a booking, and when it is there.

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{funding::FundingPlan, money::Points, transfers::TransferTime};

/// What was transferred for a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// When, the last time.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What the award asked then of all who travel: so many points are with the programme for it, or on their way.
    pub points: Points,
    /// When they are there, where that was measured of all transfers.
    #[serde(default)]
    pub arrival: Option<Arrival>,
}

/// When points that were transferred are there, by what sources have measured of all their transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Arrival {
    /// Usually by then.
    #[schema(value_type = String, format = DateTime)]
    pub usually: Timestamp,
    /// At the latest by then.
    #[schema(value_type = String, format = DateTime)]
    pub latest: Timestamp,
    /// When that was measured, at the earliest.
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
}

impl Arrival {
    /// Of what a plan transfers at an instant; none where it transfers nothing.
    pub(super) fn of(plan: &FundingPlan, at: Timestamp) -> Option<Self> {
        let TransferTime { typical_minutes, worst_minutes, as_of } = plan.time()?;
        let after = |minutes: u32| at.saturating_add(SignedDuration::from_mins(minutes.into())).unwrap_or(Timestamp::MAX);
        Some(Self { usually: after(typical_minutes), latest: after(worst_minutes), as_of })
    }

    /// Of both.
    pub(super) fn and(self, other: Self) -> Self {
        let (usually, latest) = (self.usually.max(other.usually), self.latest.max(other.latest));
        Self { usually, latest, as_of: self.as_of.min(other.as_of) }
    }
}

/// A look that cleared a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cleared {
    /// When it was.
    pub at: Timestamp,
    /// What the award asked then of all who travel.
    pub points: Points,
}
