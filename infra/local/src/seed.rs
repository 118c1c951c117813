//! Who is there from the start: tenants with their members.

use domain::{
    identity::{Branding, MemberState, Plan, Role, Tenant, sign_ins::Credential},
    ids::{Owner, TenantId, derived},
};
use platform::{
    enrolment::{Applicant, Enrolment},
    vault::{Vault, VaultError},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use storage::{Change, Store, StoreError};

/// A member to be.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Their handle.
    pub handle: &'a str,
    /// What they are called.
    pub name: &'a str,
    /// Where their mail goes.
    pub email: &'a str,
    /// What they pay for.
    pub plan: Plan,
    /// Their time zone.
    pub zone: &'a str,
    /// What they may be.
    pub role: Role,
    /// The hash of the password that they have from the start. Without one they choose it as if they had forgotten it.
    pub password: Option<&'a str>,
}

/// A tenant to be, with its members.
#[derive(Debug, Clone, Copy)]
pub struct Brand<'a> {
    /// Its slug.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The hosts that name it.
    pub hosts: &'a [&'a str],
    /// Its time zone.
    pub zone: &'a str,
    /// Its currency.
    pub currency: &'a str,
    /// Its members.
    pub members: &'a [Person<'a>],
}

/// What everyone signs in with who is there from the start of a local run, and nobody of a deployment.
pub const PASSWORD: &str = "local sunny lantern";

/// The same, hashed: once, not at each start.
pub const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bG9jYWwgbG9jYWwgbG9jYQ$d1IjU959Df0GFI6DA99p4I0QFzGeZVE/boOWyF0Ol6w";

/// The tenant that everyone looks at first.
pub const DEMO: Brand<'static> = Brand {
    id: "demo",
    name: "Mile Buy Club",
    hosts: &["localhost", "127.0.0.1"],
    zone: "America/Los_Angeles",
    currency: "USD",
    members: &[
        Person {
            handle: "demo",
            name: "Dana Demo",
            email: "dana@example.com",
            plan: Plan::Premium,
            zone: "America/Los_Angeles",
            role: Role::Member,
            password: Some(PASSWORD_HASH),
        },
        Person {
            handle: "admin",
            name: "Ada Admin",
            email: "ada@example.com",
            plan: Plan::Premium,
            zone: "America/Los_Angeles",
            role: Role::Admin,
            password: Some(PASSWORD_HASH),
        },
        Person {
            handle: "operator",
            name: "Olga Operator",
            email: "olga@example.com",
            plan: Plan::Free,
            zone: "America/Los_Angeles",
            role: Role::Operator,
            password: Some(PASSWORD_HASH),
        },
        Person {
            handle: "free",
            name: "Fred Free",
            email: "fred@example.com",
            plan: Plan::Free,
            zone: "Europe/Berlin",
            role: Role::Member,
            password: Some(PASSWORD_HASH),
        },
    ],
};

/// Why a seed can't be sown.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A value is not one of the domain's.
    #[error("{0:?} is no such value")]
    Value(String),
    /// The store can't take it.
    #[error("the store did not take a tenant or member: {0}")]
    Store(#[from] StoreError),
    /// A member has no key.
    #[error("no key can be made for a member: {0}")]
    Vault(#[from] VaultError),
}

/// The id of the member with this handle: the same at every start.
///
/// # Errors
/// If the tenant's id is none.
pub fn owner(tenant: &str, handle: &str) -> Result<Owner, SeedError> {
    Ok(Owner { tenant: value::<TenantId>(tenant)?, member: derived(&["local member", tenant, handle]) })
}

/// Stores a tenant and its members, unless they are there already.
///
/// # Errors
/// If a value is malformed, or the store fails.
pub async fn sow(store: &Store, vault: &Vault, brand: &Brand<'_>) -> Result<(), SeedError> {
    let mut tenant = Tenant {
        id: value(brand.id)?,
        name: value(brand.name)?,
        hosts: brand.hosts.iter().map(|host| value(host)).collect::<Result<_, _>>()?,
        zone: value(brand.zone)?,
        currency: value(brand.currency)?,
        branding: Branding::default(),
        features: [].into(),
        terms: 0,
        version: 0,
    };
    commit(store, Change::new().create_tenant(&mut tenant)).await?;
    for person in brand.members {
        let applicant = person.applicant(brand)?;
        if store.member(&applicant.owner).await?.is_none() {
            let credential = |hash: &str| Credential::new(applicant.owner.clone(), hash.to_owned().into());
            let change = match person.password.map(credential) {
                Some(mut credential) => Change::new().create(&mut credential),
                None => Change::new(),
            };
            commit(store, Enrolment::of(applicant, vault).await?.join(change)).await?;
        }
    }
    Ok(())
}

impl Person<'_> {
    /// Who they are to be in a tenant: someone whose address is known to be theirs.
    ///
    /// # Errors
    /// If a value is malformed.
    pub fn applicant(&self, brand: &Brand<'_>) -> Result<Applicant, SeedError> {
        Ok(Applicant {
            owner: owner(brand.id, self.handle)?,
            handle: value(self.handle)?,
            email: value(self.email)?,
            name: value(self.name)?,
            state: MemberState::Active,
            zone: value(self.zone)?,
            locale: value("en-US")?,
            currency: value(brand.currency)?,
            role: self.role,
            plan: self.plan,
            terms: None,
        })
    }
}

async fn commit(store: &Store, change: Change) -> Result<(), SeedError> {
    match store.commit(change).await {
        Ok(()) | Err(StoreError::Exists) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A value of the domain, from its text.
pub(crate) fn value<T: DeserializeOwned>(text: &str) -> Result<T, SeedError> {
    let json: Value = json!(text);
    serde_json::from_value(json).map_err(|_| SeedError::Value(text.to_owned()))
}
