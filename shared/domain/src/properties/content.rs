//! What a source says of a house apart from what is free in it. It seldom changes: it is looked up once for all answers that name the
//! house, and kept.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Listing;
use crate::sources::KeyScope;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What a source has said of a house, to those who may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HouseContent {
    /// Who may see it: who may see the answers that name the house.
    pub scope: KeyScope,
    /// What it says; no more than its reference, if it was asked in vain.
    pub listing: Listing,
    /// When it was asked.
    pub at: Timestamp,
}

impl HouseContent {
    /// Houses are renamed and corrected from time to time.
    const GOOD: SignedDuration = DAY.saturating_mul(30);
    /// What it could not say it may be able to say soon.
    const IN_VAIN: SignedDuration = DAY;
    /// Longer than it is good: until it is looked up again it is shown.
    const KEPT: SignedDuration = DAY.saturating_mul(90);

    /// What is known once a source was asked: what it says now, and what it has said before and no longer says.
    pub fn asked(scope: KeyScope, before: Listing, said: Option<&Listing>, at: Timestamp) -> Self {
        let mut listing = before;
        if let Some(said) = said {
            listing.learn(said);
        }
        Self { scope, listing, at }
    }

    /// Whether its source need not be asked again.
    pub fn is_good(&self, now: Timestamp) -> bool {
        let good = if self.listing.is_told() { Self::GOOD } else { Self::IN_VAIN };
        now < self.at.saturating_add(good).unwrap_or(Timestamp::MAX)
    }

    /// Until when it is kept.
    pub fn ends(&self) -> Timestamp {
        self.at.saturating_add(Self::KEPT).unwrap_or(Timestamp::MAX)
    }
}
