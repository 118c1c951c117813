//! Members. Owned by identity.

use domain::{
    identity::{EmailHash, Handle, Member},
    ids::{MemberId, Owner, TenantId},
    sealed::Sealed,
};
use serde::{Deserialize, Serialize};

use crate::{
    change::Change,
    entity::{Entity, Key, Keyspace, Kind},
    store::{Listed, Range, SortRange, Store, StoreError},
    tables::{GSI1, Table},
};

/// The partition of everything a member owns.
pub(crate) fn collection(owner: &Owner) -> String {
    format!("T#{}#M#{}", owner.tenant, owner.member)
}

/// Pattern of [`collection`].
pub(crate) const COLLECTION: &str = "T#{tenant}#M#{member}";

pub(crate) const MEMBER: &Kind = &Kind {
    name: "member",
    context: "identity",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "MEMBER" }],
    retention: "until the member is deleted",
    privacy: "exported; deleted with the member",
};

pub(crate) const HANDLE: &Kind = &Kind {
    name: "handle",
    context: "identity",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "T#{tenant}#HANDLE#{handle}", sort: "HANDLE" }],
    retention: "until the member is deleted or renamed",
    privacy: "deleted with the member, by its key",
};

pub(crate) const EMAIL: &Kind = &Kind {
    name: "email",
    context: "identity",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "T#{tenant}#EMAIL#{hash}", sort: "EMAIL" }],
    retention: "until the member is deleted or has another address",
    privacy: "a keyed hash, no address; deleted with the member, by its key",
};

pub(crate) const MEMBER_KEY: &Kind = &Kind {
    name: "member-key",
    context: "identity",
    table: Table::Keys,
    keys: &[
        Keyspace { index: None, partition: COLLECTION, sort: "KEY" },
        Keyspace { index: Some(GSI1), partition: "MASTER#{master}#{shard}", sort: "T#" },
    ],
    retention: "until the member is deleted",
    privacy: "destroyed first of all when the member is deleted: what was sealed with it can't be read any more",
};

/// Keeps handles unique in a tenant without regard to case, and finds a member by handle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandleOf {
    /// Where.
    pub tenant: TenantId,
    /// The handle.
    pub handle: Handle,
    /// Whose.
    pub member: MemberId,
    /// Optimistic lock.
    pub version: u64,
}

/// Keeps addresses unique in a tenant, and finds a member by theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailOf {
    /// Where.
    pub tenant: TenantId,
    /// The address, hashed.
    pub hash: EmailHash,
    /// Whose.
    pub member: MemberId,
    /// Optimistic lock.
    pub version: u64,
}

/// The key that seals what is personal of a member, wrapped by a master key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberKey {
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
    /// The key, for no one to read who may not use the master key.
    pub wrapped: Sealed<DataKey>,
    /// The id of the master key.
    pub master: String,
    /// Optimistic lock.
    pub version: u64,
}

/// What [`MemberKey::wrapped`] opens to. It is in the memory of the vault alone, so that there are none of these.
#[derive(Debug)]
pub enum DataKey {}

impl Entity for Member {
    const KIND: &'static Kind = MEMBER;

    fn key(&self) -> Key {
        Key::new(collection(&self.owner), "MEMBER")
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl Entity for HandleOf {
    const KIND: &'static Kind = HANDLE;

    fn key(&self) -> Key {
        handle_key(&self.tenant, &self.handle)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl Entity for EmailOf {
    const KIND: &'static Kind = EMAIL;

    fn key(&self) -> Key {
        email_key(&self.tenant, &self.hash)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl Entity for MemberKey {
    const KIND: &'static Kind = MEMBER_KEY;

    fn key(&self) -> Key {
        member_key_key(&self.owner)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    /// By master key, so that all that one has wrapped can be found, and it can be shown that nothing is left of it.
    fn indexes(&self) -> (Option<Key>, Option<Key>) {
        let member: u128 = ulid::Ulid::from(self.owner.member).0;
        let shard = u16::try_from(member % u128::from(MASTER_SHARDS)).unwrap_or(0);
        (Some(Key::new(master_partition(&self.master, shard), collection(&self.owner))), None)
    }
}

/// Over how many partitions the keys that a master key has wrapped are spread, by member.
pub const MASTER_SHARDS: u16 = 8;

fn master_partition(master: &str, shard: u16) -> String {
    format!("MASTER#{master}#{shard}")
}

fn member_key_key(owner: &Owner) -> Key {
    Key::new(collection(owner), "KEY")
}

fn email_key(tenant: &TenantId, hash: &EmailHash) -> Key {
    Key::new(format!("T#{tenant}#EMAIL#{hash}"), "EMAIL")
}

fn handle_key(tenant: &TenantId, handle: &Handle) -> Key {
    Key::new(format!("T#{tenant}#HANDLE#{}", handle.as_str().to_ascii_lowercase()), "HANDLE")
}

impl Store {
    /// A member.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn member(&self, owner: &Owner) -> Result<Option<Member>, StoreError> {
        self.get(Key::new(collection(owner), "MEMBER")).await
    }

    /// Whose a handle is, whatever its case.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn owner_of_handle(&self, tenant: &TenantId, handle: &Handle) -> Result<Option<Owner>, StoreError> {
        let found = self.get::<HandleOf>(handle_key(tenant, handle)).await?;
        Ok(found.map(|HandleOf { tenant, member, .. }| Owner { tenant, member }))
    }

    /// A member by handle, whatever its case.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn member_of_handle(&self, tenant: &TenantId, handle: &Handle) -> Result<Option<Member>, StoreError> {
        let Some(found) = self.get::<HandleOf>(handle_key(tenant, handle)).await? else { return Ok(None) };
        self.member(&Owner { tenant: tenant.clone(), member: found.member }).await
    }

    /// Whose an address is.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn owner_of_email(&self, tenant: &TenantId, hash: &EmailHash) -> Result<Option<Owner>, StoreError> {
        let found = self.get::<EmailOf>(email_key(tenant, hash)).await?;
        Ok(found.map(|EmailOf { tenant, member, .. }| Owner { tenant, member }))
    }

    /// A member by their address.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn member_of_email(&self, tenant: &TenantId, hash: &EmailHash) -> Result<Option<Member>, StoreError> {
        let Some(owner) = self.owner_of_email(tenant, hash).await? else { return Ok(None) };
        self.member(&owner).await
    }

    /// A member's wrapped key. None once it is destroyed.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn member_key(&self, owner: &Owner) -> Result<Option<MemberKey>, StoreError> {
        self.get(member_key_key(owner)).await
    }

    /// A page of the keys that a master key has wrapped.
    ///
    /// # Errors
    /// If the store can't say, or `after` is no place in the list.
    pub async fn wrapped_by(
        &self,
        master: &str,
        shard: u16,
        limit: u8,
        after: Option<&str>,
    ) -> Result<Listed<MemberKey>, StoreError> {
        let pk = master_partition(master, shard);
        let range = Range { index: Some(GSI1), pk, sk: SortRange::All, limit: limit.into(), after, backwards: false };
        self.list(range).await
    }
}

impl Change {
    /// A new member with their key. No one in the tenant may have their handle or their address.
    pub fn create_member(self, member: &mut Member, email: &EmailHash, key: &mut MemberKey) -> Self {
        let (tenant, id) = (&member.owner.tenant, member.id());
        let mut handle = HandleOf { tenant: tenant.clone(), handle: member.handle.clone(), member: id, version: 0 };
        let mut email = EmailOf { tenant: tenant.clone(), hash: email.clone(), member: id, version: 0 };
        self.create(member).create(&mut handle).create(&mut email).create(key)
    }
}
