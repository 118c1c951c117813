//! Passcodes, the mails that carry them, and those who become members by one. Owned by identity.

use domain::{
    identity::{
        EmailHash, Member,
        passcodes::{Challenge, MailsToAddress, WrongPasscodes},
        sign_ins::PasswordHash,
    },
    ids::{ChallengeId, Owner, TenantId},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    change::Change,
    entity::{Entity, Key, Keyspace, Kind},
    members::{COLLECTION, MemberKey, collection},
    store::{Store, StoreError},
    tables::Table,
};

pub(crate) const CHALLENGE: &Kind = &Kind {
    name: "challenge",
    context: "identity",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "T#{tenant}#CHALLENGE#{challenge}", sort: "CHALLENGE" }],
    retention: "an hour",
    privacy: "keyed hashes alone; gone before a deletion's first day ends",
};

pub(crate) const PASSCODE_MAILS: &Kind = &Kind {
    name: "passcode-mails",
    context: "identity",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "T#{tenant}#EMAIL#{hash}", sort: "PASSCODES" }],
    retention: "two hours after the last of them was asked for",
    privacy: "keyed hashes of an address and of networks; gone before a deletion's first day ends",
};

pub(crate) const WRONG_PASSCODES: &Kind = &Kind {
    name: "wrong-passcodes",
    context: "identity",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "T#{tenant}#EMAIL#{hash}", sort: "WRONG-PASSCODES" }],
    retention: "a day",
    privacy: "numbers, with keyed hashes of an address and of networks; gone when a deletion's first day ends",
};

pub(crate) const REGISTRATION: &Kind = &Kind {
    name: "registration",
    context: "identity",
    // It carries a wrapped key.
    table: Table::Keys,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "REGISTRATION" }],
    retention: "an hour, or until the address is shown to be theirs",
    privacy: "sealed with a key of its own; gone before a deletion's first day ends",
};

/// A member to be: they have yet to show that the address is theirs. Until then they hold neither it nor the handle, so that
/// nobody can keep another from either.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// Who they will be.
    pub member: Member,
    /// The key that seals what is personal of them.
    pub key: MemberKey,
    /// The address, hashed.
    pub address: EmailHash,
    /// Of the password they chose.
    pub password: PasswordHash,
    /// Forgotten then.
    pub until: Timestamp,
    /// Optimistic lock.
    pub version: u64,
}

impl Entity for Challenge {
    const KIND: &'static Kind = CHALLENGE;

    fn key(&self) -> Key {
        challenge_key(&self.tenant, self.id)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.ends())
    }
}

impl Entity for MailsToAddress {
    const KIND: &'static Kind = PASSCODE_MAILS;

    fn key(&self) -> Key {
        mails_key(&self.tenant, &self.address)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        self.ends()
    }
}

impl Entity for WrongPasscodes {
    const KIND: &'static Kind = WRONG_PASSCODES;

    fn key(&self) -> Key {
        wrong_key(&self.tenant, &self.address)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.ends())
    }
}

impl Entity for Registration {
    const KIND: &'static Kind = REGISTRATION;

    fn key(&self) -> Key {
        registration_key(&self.member.owner)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}

fn challenge_key(tenant: &TenantId, id: ChallengeId) -> Key {
    Key::new(format!("T#{tenant}#CHALLENGE#{id}"), "CHALLENGE")
}

fn mails_key(tenant: &TenantId, address: &EmailHash) -> Key {
    Key::new(format!("T#{tenant}#EMAIL#{address}"), "PASSCODES")
}

fn wrong_key(tenant: &TenantId, address: &EmailHash) -> Key {
    Key::new(format!("T#{tenant}#EMAIL#{address}"), "WRONG-PASSCODES")
}

fn registration_key(owner: &Owner) -> Key {
    Key::new(collection(owner), "REGISTRATION")
}

impl Store {
    /// A passcode that was asked for.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn challenge(&self, tenant: &TenantId, id: ChallengeId) -> Result<Option<Challenge>, StoreError> {
        self.get(challenge_key(tenant, id)).await
    }

    /// The mails that an address got lately because of passcodes that were asked for.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn passcode_mails(&self, tenant: &TenantId, address: &EmailHash) -> Result<MailsToAddress, StoreError> {
        let found = self.get(mails_key(tenant, address)).await?;
        Ok(found.unwrap_or_else(|| MailsToAddress::none(tenant.clone(), address.clone())))
    }

    /// The wrong passcodes that were shown for an address within a day.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn wrong_passcodes(&self, tenant: &TenantId, address: &EmailHash) -> Result<WrongPasscodes, StoreError> {
        let found = self.get(wrong_key(tenant, address)).await?;
        Ok(found.unwrap_or_else(|| WrongPasscodes::none(tenant.clone(), address.clone())))
    }

    /// A member to be.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn registration(&self, owner: &Owner) -> Result<Option<Registration>, StoreError> {
        self.get(registration_key(owner)).await
    }
}

impl Change {
    /// Makes a member of one who was to be. No one in the tenant may have their handle or their address by now.
    pub fn register(self, mut registration: Registration) -> Self {
        let (address, mut key) = (registration.address.clone(), registration.key.clone());
        let change = self.create_member(&mut registration.member, &address, &mut key);
        change.delete(&mut registration)
    }
}
