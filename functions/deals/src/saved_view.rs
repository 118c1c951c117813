//! How a saved deal is shown.

use domain::{
    deals::{Deal, SavedDeal},
    value::Valuations,
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::deal_view::DealView;

/// A deal that the caller keeps in sight.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SavedDealView {
    /// The deal, as it is now.
    deal: DealView,
    /// How many would travel.
    travellers: u8,
    /// When it was saved.
    #[schema(value_type = String, format = DateTime)]
    saved_at: Timestamp,
    /// Counts its changes: what `If-Match` is held against.
    version: u64,
}

impl SavedDealView {
    pub(crate) fn of(saved: &SavedDeal, deal: Deal, own: &Valuations, now: Timestamp) -> Self {
        let deal = DealView::of(deal, own, now);
        Self { deal, travellers: saved.travellers, saved_at: saved.saved_at, version: saved.version }
    }
}
