//! Who is asked for whom.

use domain::{
    flights::SourceId,
    ids::TenantId,
    sources::{KeyScope, Market, Vertical},
};
use platform::{Deps, vault::VaultError};
use providers::{Serving, serving, sources::Adapter};

/// Those that serve a tenant, and who may see what they say.
pub(crate) struct Servers {
    /// Them, the best first, by their ids.
    pub all: Vec<(SourceId, Serving)>,
    /// Who may see it: if a single one is asked with a key of the tenant's own, the tenant.
    pub scope: KeyScope,
}

impl Servers {
    /// Those of a vertical that the function may call.
    pub async fn of(cx: &Deps, tenant: &TenantId, vertical: Vertical, market: Option<&Market>) -> Result<Self, VaultError> {
        let serving = serving(cx, tenant, vertical, market).await?;
        let all: Vec<(SourceId, Serving)> = serving.into_iter().map(|serving| (id_of(&serving), serving)).collect();
        let own = all.iter().any(|(_, serving)| serving.scope != KeyScope::Deployment);
        let scope = if own { KeyScope::Tenant(tenant.clone()) } else { KeyScope::Deployment };
        Ok(Self { all, scope })
    }

    /// Their ids.
    pub fn ids(&self) -> Vec<SourceId> {
        self.all.iter().map(|(id, _)| id.clone()).collect()
    }
}

/// A source's id.
pub(crate) fn id_of(serving: &Serving) -> SourceId {
    match &serving.adapter {
        Adapter::Awards(source) => source.id().clone(),
        Adapter::Fares(source) => source.id().clone(),
        Adapter::LeadIns(source) => source.id().clone(),
        Adapter::Stays(source) => source.id().clone(),
        Adapter::Activities(source) => source.id().clone(),
    }
}
