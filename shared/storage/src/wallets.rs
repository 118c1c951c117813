//! Members' balances and valuations. Owned by value.

use domain::{
    ids::Owner,
    wallets::{OwnValuations, Wallet},
};

use crate::{
    entity::{Entity, Key, Keyspace, Kind},
    members::{COLLECTION, collection},
    store::{Store, StoreError},
    tables::Table,
};

pub(crate) const WALLET: &Kind = &Kind {
    name: "wallet",
    context: "value",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "WALLET" }],
    retention: "until the member is deleted",
    privacy: "sealed; exported; deleted with the member",
};

pub(crate) const OWN_VALUATIONS: &Kind = &Kind {
    name: "own-valuations",
    context: "value",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "VALUATIONS" }],
    retention: "until the member is deleted",
    privacy: "sealed; exported; deleted with the member",
};

impl Entity for Wallet {
    const KIND: &'static Kind = WALLET;

    fn key(&self) -> Key {
        wallet_key(&self.owner)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl Entity for OwnValuations {
    const KIND: &'static Kind = OWN_VALUATIONS;

    fn key(&self) -> Key {
        valuations_key(&self.owner)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

fn wallet_key(owner: &Owner) -> Key {
    Key::new(collection(owner), "WALLET")
}

fn valuations_key(owner: &Owner) -> Key {
    Key::new(collection(owner), "VALUATIONS")
}

impl Store {
    /// What a member has, as far as they have said.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn wallet(&self, owner: &Owner) -> Result<Option<Wallet>, StoreError> {
        self.get(wallet_key(owner)).await
    }

    /// What a member says that points are worth.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn own_valuations(&self, owner: &Owner) -> Result<Option<OwnValuations>, StoreError> {
        self.get(valuations_key(owner)).await
    }
}
