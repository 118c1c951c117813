//! Tenants, their hosts and their terms. Owned by identity.

use domain::{
    identity::{Host, Tenant, Terms},
    ids::TenantId,
};
use serde::{Deserialize, Serialize};

use crate::{
    change::Change,
    entity::{Entity, Key, Keyspace, Kind},
    store::{Listed, Range, SortRange, Store, StoreError},
    tables::{GSI1, Table},
};

/// All tenants. They are few, and only operators list them.
const TENANTS: &str = "TENANTS";

pub(crate) const TENANT: &Kind = &Kind {
    name: "tenant",
    context: "identity",
    table: Table::Core,
    keys: &[
        Keyspace { index: None, partition: "TENANT#{tenant}", sort: "TENANT" },
        Keyspace { index: Some(GSI1), partition: TENANTS, sort: "" },
    ],
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

pub(crate) const TERMS: &Kind = &Kind {
    name: "terms",
    context: "identity",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "TENANT#{tenant}", sort: "TERMS#" }],
    retention: "until the tenant leaves: members have agreed to them",
    privacy: "nobody's data",
};

/// Which tenant a host names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantHost {
    /// The host.
    pub host: Host,
    /// The tenant.
    pub tenant: TenantId,
    /// Optimistic lock.
    pub version: u64,
}

impl Entity for Tenant {
    const KIND: &'static Kind = TENANT;

    fn key(&self) -> Key {
        Key::new(partition(&self.id), "TENANT")
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn indexes(&self) -> (Option<Key>, Option<Key>) {
        (Some(Key::new(TENANTS, self.id.as_str())), None)
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

impl Entity for Terms {
    const KIND: &'static Kind = TERMS;

    fn key(&self) -> Key {
        terms_key(&self.tenant, self.number)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

/// Not what the keys of all that is the tenant's begin with: in IAM the right to it would be one to all of that.
fn partition(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}")
}

fn host_key(host: &Host) -> Key {
    Key::new(format!("HOST#{host}"), "HOST")
}

fn terms_key(tenant: &TenantId, number: u32) -> Key {
    Key::new(partition(tenant), format!("TERMS#{number:010}"))
}

impl Store {
    /// The tenant that a host names. What is no host names none.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn tenant_of_host(&self, host: &str) -> Result<Option<TenantId>, StoreError> {
        let Ok(host) = host.parse::<Host>() else { return Ok(None) };
        Ok(self.get::<TenantHost>(host_key(&host)).await?.map(|found| found.tenant))
    }

    /// A tenant.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StoreError> {
        self.get(Key::new(partition(id), "TENANT")).await
    }

    /// All tenants, by their ids.
    ///
    /// # Errors
    /// If the store can't say, or `after` is no place in the list.
    pub async fn tenants(&self, limit: u8, after: Option<&str>) -> Result<Listed<Tenant>, StoreError> {
        let (pk, limit) = (TENANTS.to_owned(), i32::from(limit));
        self.list(Range { index: Some(GSI1), pk, sk: SortRange::All, limit, after, backwards: false }).await
    }

    /// The terms of a tenant that hold now, if it has any.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn terms_of(&self, tenant: &Tenant) -> Result<Option<Terms>, StoreError> {
        match tenant.terms {
            0 => Ok(None),
            number => self.get(terms_key(&tenant.id, number)).await,
        }
    }
}

impl Change {
    /// A new tenant with its hosts, each of which must name no other.
    pub fn create_tenant(self, tenant: &mut Tenant) -> Self {
        let hosts: Vec<Host> = tenant.hosts.iter().cloned().collect();
        self.create(tenant).take_hosts(&tenant.id, hosts)
    }

    /// Hosts that name a tenant from now on. Refused with [`StoreError::Exists`] if one of them names another.
    pub fn take_hosts(self, tenant: &TenantId, hosts: Vec<Host>) -> Self {
        hosts.into_iter().fold(self, |change, host| change.create(&mut TenantHost { host, tenant: tenant.clone(), version: 0 }))
    }

    /// Hosts that no longer name a tenant. Only in a change that rests on the tenant as it was read: then they were its own.
    pub fn give_up_hosts(self, tenant: &TenantId, hosts: Vec<Host>) -> Self {
        hosts.into_iter().fold(self, |change, host| change.forget(&TenantHost { host, tenant: tenant.clone(), version: 0 }))
    }
}
