//! What members sign in with, failed sign-ins, and sessions. Owned by identity.

use domain::{
    identity::{
        secrets::Fingerprint,
        sessions::Session,
        sign_ins::{Credential, LoginTries, SignIns},
    },
    ids::{Owner, SessionId, TenantId},
};
use jiff::Timestamp;

use crate::{
    entity::{Entity, Key, Keyspace, Kind},
    members::{COLLECTION, collection},
    store::{Listed, Range, SortRange, Store, StoreError},
    tables::Table,
};

pub(crate) const CREDENTIAL: &Kind = &Kind {
    name: "credential",
    context: "identity",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "CREDENTIAL" }],
    retention: "until the member is deleted",
    privacy: "a password's hash: not exported; deleted with the member",
};

pub(crate) const SIGN_INS: &Kind = &Kind {
    name: "sign-ins",
    context: "identity",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "SIGN-INS" }],
    retention: "a day after the last failure, or 30 days after the last sign-in",
    privacy: "numbers and times, and keyed hashes of networks that are other ones for each member; deleted with the member",
};

pub(crate) const LOGIN_TRIES: &Kind = &Kind {
    name: "login-tries",
    context: "identity",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "T#{tenant}#LOGIN#{hash}", sort: "TRIES" }],
    retention: "a day after the last failure",
    privacy: "a number under a keyed hash; gone when a deletion's first day ends",
};

pub(crate) const SESSION: &Kind = &Kind {
    name: "session",
    context: "identity",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "SESSION#" }],
    retention: "30 days after it was last renewed, or until it is ended",
    privacy: "exported without its hashes; deleted with the member",
};

impl Entity for Credential {
    const KIND: &'static Kind = CREDENTIAL;

    fn key(&self) -> Key {
        credential_key(&self.owner)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl Entity for SignIns {
    const KIND: &'static Kind = SIGN_INS;

    fn key(&self) -> Key {
        sign_ins_key(&self.owner)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.ends())
    }
}

impl Entity for LoginTries {
    const KIND: &'static Kind = LOGIN_TRIES;

    fn key(&self) -> Key {
        login_tries_key(&self.tenant, &self.login)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.failures.ends())
    }
}

impl Entity for Session {
    const KIND: &'static Kind = SESSION;

    fn key(&self) -> Key {
        session_key(&self.owner, self.id)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.ends())
    }
}

fn credential_key(owner: &Owner) -> Key {
    Key::new(collection(owner), "CREDENTIAL")
}

fn sign_ins_key(owner: &Owner) -> Key {
    Key::new(collection(owner), "SIGN-INS")
}

fn login_tries_key(tenant: &TenantId, login: &Fingerprint) -> Key {
    Key::new(format!("T#{tenant}#LOGIN#{}", String::from(login.clone())), "TRIES")
}

fn session_key(owner: &Owner, id: SessionId) -> Key {
    Key::new(collection(owner), format!("SESSION#{id}"))
}

impl Store {
    /// What a member signs in with.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn credential(&self, owner: &Owner) -> Result<Option<Credential>, StoreError> {
        self.get(credential_key(owner)).await
    }

    /// Failed sign-ins of an account, whether there is one or not.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn sign_ins(&self, owner: &Owner) -> Result<SignIns, StoreError> {
        Ok(self.get(sign_ins_key(owner)).await?.unwrap_or_else(|| SignIns::none(owner.clone())))
    }

    /// Failed sign-ins with what was typed as a login, from one network.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn login_tries(&self, tenant: &TenantId, login: &Fingerprint) -> Result<LoginTries, StoreError> {
        let found = self.get(login_tries_key(tenant, login)).await?;
        Ok(found.unwrap_or_else(|| LoginTries::none(tenant.clone(), login.clone())))
    }

    /// A session.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn session(&self, owner: &Owner, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.get(session_key(owner, id)).await
    }

    /// A page of a member's sessions, the latest first. Some may be over.
    ///
    /// # Errors
    /// If the store can't say, or `after` is no place in the list.
    pub async fn sessions_of(&self, owner: &Owner, limit: u8, after: Option<&str>) -> Result<Listed<Session>, StoreError> {
        let sk = SortRange::Prefix("SESSION#".to_owned());
        self.list(Range { index: None, pk: collection(owner), sk, limit: limit.into(), after, backwards: true }).await
    }
}
