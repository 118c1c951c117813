//! How a deal is shown.

use domain::{
    deals::{Deal, DealState, PricePoint, Score, Weights},
    flights::FlightOffer,
    ids::DealId,
    value::{Valuation, Valuations},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A find.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DealView {
    /// Its id.
    id: DealId,
    /// What is on offer.
    flight: FlightOffer,
    /// What it is worth, by the caller's own valuation or else the published ones; none for cash prices.
    valuation: Option<Valuation>,
    /// How good it is, for nobody in particular.
    score: Score,
    /// Whether it is still offered.
    state: DealState,
    /// Whether the latest look at it that is kept is older than half of such finds last: look again before you count on it.
    stale: bool,
    /// First seen.
    #[schema(value_type = String, format = DateTime)]
    first_seen: Timestamp,
    /// When it was last seen, as far as that is kept: when it changed, or once in a while when it did not.
    #[schema(value_type = String, format = DateTime)]
    last_seen: Timestamp,
    /// Prices so far, the oldest first.
    history: Vec<PricePoint>,
    /// Counts its changes.
    version: u64,
}

impl DealView {
    /// A deal as a member sees it: judged by their own valuations, scored and ranked as for everybody.
    pub(crate) fn of(deal: Deal, own: &Valuations, now: Timestamp) -> Self {
        let score = deal.score(&Weights::default());
        let deal = deal.held_against(own);
        Self {
            id: deal.id,
            score,
            stale: deal.is_stale(now),
            flight: deal.flight().clone(),
            valuation: deal.valuation,
            state: deal.state,
            first_seen: deal.first_seen,
            last_seen: deal.last_seen,
            history: deal.history,
            version: deal.version,
        }
    }
}
