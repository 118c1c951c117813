//! Tenants and members. Owned by identity.

use domain::{
    identity::{Handle, Member, Tenant},
    ids::{MemberId, Owner, TenantId},
};
use serde::{Deserialize, Serialize};

use crate::{
    change::Change,
    entity::{Entity, Key, Keyspace, Kind},
    store::{Store, StoreError},
    tables::Table,
};

/// The partition of everything a member owns.
pub(crate) fn collection(owner: &Owner) -> String {
    format!("T#{}#M#{}", owner.tenant, owner.member)
}

/// Pattern of [`collection`].
pub(crate) const COLLECTION: &str = "T#{tenant}#M#{member}";

pub(crate) const TENANT: &Kind = &Kind {
    name: "tenant",
    context: "identity",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "T#{tenant}", sort: "TENANT" }],
    retention: "until the tenant leaves",
    privacy: "nobody's data",
};

pub(crate) const TENANT_HOST: &Kind = &Kind {
    name: "tenant-host",
    context: "identity",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "HOST#{host}", sort: "HOST" }],
    retention: "until the tenant gives up the host",
    privacy: "nobody's data",
};

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

/// Which tenant a host names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantHost {
    /// The host, in lower case, without port.
    pub host: String,
    /// The tenant.
    pub tenant: TenantId,
    /// Optimistic lock.
    pub version: u64,
}

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

impl Entity for Tenant {
    const KIND: &'static Kind = TENANT;

    fn key(&self) -> Key {
        Key::new(format!("T#{}", self.id), "TENANT")
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl Entity for TenantHost {
    const KIND: &'static Kind = TENANT_HOST;

    fn key(&self) -> Key {
        host_key(&self.host)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

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

fn host_key(host: &str) -> Key {
    Key::new(format!("HOST#{host}"), "HOST")
}

fn handle_key(tenant: &TenantId, handle: &Handle) -> Key {
    Key::new(format!("T#{tenant}#HANDLE#{}", handle.as_str().to_ascii_lowercase()), "HANDLE")
}

impl Store {
    /// The tenant that a host names.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn tenant_of_host(&self, host: &str) -> Result<Option<TenantId>, StoreError> {
        if host.is_empty() || host.contains('#') {
            return Ok(None);
        }
        Ok(self.get::<TenantHost>(host_key(host)).await?.map(|found| found.tenant))
    }

    /// A tenant.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StoreError> {
        self.get(Key::new(format!("T#{id}"), "TENANT")).await
    }

    /// A member.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn member(&self, owner: &Owner) -> Result<Option<Member>, StoreError> {
        self.get(Key::new(collection(owner), "MEMBER")).await
    }

    /// A member by handle, whatever its case.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn member_of_handle(&self, tenant: &TenantId, handle: &Handle) -> Result<Option<Member>, StoreError> {
        let Some(found) = self.get::<HandleOf>(handle_key(tenant, handle)).await? else { return Ok(None) };
        self.member(&Owner { tenant: tenant.clone(), member: found.member }).await
    }
}

impl Change {
    /// A new tenant with its hosts, each of which must name no other.
    pub fn create_tenant(self, tenant: &mut Tenant) -> Self {
        let hosts = tenant.hosts.clone();
        hosts.into_iter().fold(self.create(tenant), |change, host| {
            change.create(&mut TenantHost { host, tenant: tenant.id.clone(), version: 0 })
        })
    }

    /// A new member, whose handle no one in the tenant may have.
    pub fn create_member(self, member: &mut Member) -> Self {
        let mut handle =
            HandleOf { tenant: member.owner.tenant.clone(), handle: member.handle.clone(), member: member.id(), version: 0 };
        self.create(member).create(&mut handle)
    }
}
