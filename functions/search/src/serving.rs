//! Who is asked for whom.

use domain::{flights::SourceId, ids::TenantId, sources::KeyScope};
use platform::{Deps, vault::VaultError};
use providers::{Adapter, Serving, serving};

use crate::asking::Askable;

/// Those that serve a tenant with a question, and who may see what they say.
pub(crate) struct Servers<A> {
    /// Them, the best first.
    pub all: Vec<Serving<A>>,
    /// Who may see it: if a single one is asked with a key of the tenant's own, the tenant.
    pub scope: KeyScope,
}

impl<A: Adapter> Servers<A> {
    /// Those that a question concerns and that the function may call.
    pub async fn of<Q: Askable<Adapter = A>>(cx: &Deps, tenant: &TenantId, query: &Q) -> Result<Self, VaultError> {
        let mut all = serving(cx, tenant, Q::VERTICAL, query.market().as_ref()).await?;
        all.retain(|serving| query.concerns(serving));
        let own = all.iter().any(|serving| serving.scope != KeyScope::Deployment);
        let scope = if own { KeyScope::Tenant(tenant.clone()) } else { KeyScope::Deployment };
        Ok(Self { all, scope })
    }

    /// Their ids.
    pub fn ids(&self) -> Vec<SourceId> {
        self.all.iter().map(|serving| serving.id().clone()).collect()
    }
}
