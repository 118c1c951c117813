//! How an alert is shown.

use domain::{
    deals::Score,
    ids::{AlertId, DealId, WatcherId},
    notifications::{Alert, AlertState, Cause, Dropped},
    watchers::{Reason, WatcherName},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Something the member is told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertView {
    /// Its id.
    id: AlertId,
    /// The watcher that found it.
    watcher: WatcherId,
    /// The watcher's name at that time.
    watcher_name: WatcherName,
    /// Why it was told.
    reason: Reason,
    /// The deal it is about.
    deal: DealId,
    /// The version in which the deal had last changed at that time.
    deal_version: u64,
    /// How good it is for this member.
    score: Score,
    /// Where it is in its life.
    state: AlertState,
    /// Why no message went out, if none did.
    dropped: Option<Dropped>,
    /// Raised.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Read.
    #[schema(value_type = Option<String>, format = DateTime)]
    read_at: Option<Timestamp>,
}

impl From<Alert> for AlertView {
    fn from(alert: Alert) -> Self {
        let Cause::Watcher { watcher, name, reason } = alert.cause;
        Self {
            id: alert.id,
            watcher,
            watcher_name: name,
            reason,
            deal: alert.deal,
            deal_version: alert.deal_version,
            score: alert.score,
            state: alert.state,
            dropped: alert.dropped,
            created_at: alert.created_at,
            read_at: alert.read_at,
        }
    }
}
