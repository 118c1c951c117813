//! Deals that a search has shown: each has an id, but nothing keeps it before a watcher has found it or a member wants it. With
//! the key of the search it is taken from what is kept of the answer (decision 0035).

use domain::{
    caching::Look,
    deals::{Deal, assess},
    ids::{DealId, TenantId},
    rates::DayRates,
    search::{SearchKey, SearchQuery},
    sources::{KeyScope, Vertical},
};
use storage::{CachedAnswer, Change, Entity, Grant, KeptMark, StoreError};

use crate::deps::Deps;

/// What it takes to look one up.
pub const GRANTS: &[Grant] = &[CachedAnswer::READ, DayRates::READ, Deal::READ, KeptMark::READ];

/// A deal, whether it is kept or was only shown.
#[derive(Debug)]
pub struct ShownDeal {
    /// The deal.
    pub deal: Deal,
    is_kept: bool,
}

impl ShownDeal {
    /// A tenant's deal by its id: one that is kept, or else, with the key of a search, one that its answer shows.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn of(cx: &Deps, tenant: &TenantId, id: DealId, search: Option<&SearchKey>) -> Result<Option<Self>, StoreError> {
        if let Some(deal) = cx.store().deal(tenant, id).await? {
            return Ok(Some(Self { deal, is_kept: true }));
        }
        let Some(search) = search else { return Ok(None) };
        // What was asked for with a key of the tenant's own is kept for it alone, and counts before what is everyone's.
        for scope in [KeyScope::Tenant(tenant.clone()), KeyScope::Deployment] {
            if let Some(deal) = in_answer(cx, tenant, id, (&scope, search)).await? {
                return Ok(Some(Self { deal, is_kept: false }));
            }
        }
        Ok(None)
    }

    /// Has a change keep it, if nothing does yet.
    pub fn keep(&mut self, change: Change) -> Change {
        if self.is_kept { change } else { change.create(&mut self.deal) }
    }
}

/// A deal that a kept answer shows, as a watcher would have found it. O(n log n) in the answer's offers.
async fn in_answer(
    cx: &Deps,
    tenant: &TenantId,
    id: DealId,
    (scope, search): (&KeyScope, &SearchKey),
) -> Result<Option<Deal>, StoreError> {
    let Some(answer) = cx.store().answer::<SearchQuery>(scope, search).await? else { return Ok(None) };
    let Some(oldest) = answer.parts.iter().map(|part| part.asked_at).min() else { return Ok(None) };
    let marks = cx.store().marks(Vertical::Flights, oldest).await?;
    let answer = answer.shown(&Look { now: cx.now(), since: None, marks: &marks });
    let assessed = assess(tenant, &answer, &*cx.rates().await?);
    let wanted = assessed.into_iter().find(|assessed| assessed.offer.deal_id(tenant) == id);
    Ok(wanted.map(|assessed| Deal::first_seen(tenant.clone(), assessed, cx.now())))
}
