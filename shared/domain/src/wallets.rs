//! What members have and what it is worth to them, as it is stored.

use serde::{Deserialize, Serialize};

use crate::{
    funding::Balances,
    ids::Owner,
    sealed::{Place, Sealed},
    value::Valuations,
};

/// A member's balances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wallet {
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
    /// What they have.
    pub balances: Sealed<Balances>,
    /// Optimistic lock.
    pub version: u64,
}

impl Wallet {
    /// Where the balances are sealed.
    pub const BALANCES: Place<Balances> = Place::new("wallet", "balances");
}

/// What a member says that points are worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnValuations {
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
    /// What they say.
    pub valuations: Sealed<Valuations>,
    /// Optimistic lock.
    pub version: u64,
}

impl OwnValuations {
    /// Where the valuations are sealed.
    pub const VALUATIONS: Place<Valuations> = Place::new("own-valuations", "valuations");
}
