//! Deals that a search has shown: each has an id, but nothing keeps it before a watcher has found it or a member wants it. With
//! the key of the search it is taken from what is kept of the answer (decision 0035); so is what is newer there than what is kept.

use domain::{
    caching::Look,
    deals::{Assessed, Deal, assess},
    ids::{DealId, TenantId},
    rates::DayRates,
    search::{SearchKey, SearchQuery},
    sources::{KeyScope, SourceEntry, Vertical},
};
use storage::{CachedAnswer, Change, Entity, Grant, KeptMark, StoreError};

use crate::deps::Deps;

/// What it takes to look one up.
pub const GRANTS: &[Grant] = &[CachedAnswer::READ, DayRates::READ, Deal::READ, KeptMark::READ, SourceEntry::READ];

/// A deal, whether it is kept or was only shown.
#[derive(Debug)]
pub struct ShownDeal {
    /// The deal.
    pub deal: Deal,
    kept: Kept,
}

/// What is kept of a deal.
#[derive(Debug)]
enum Kept {
    /// Nothing.
    Not,
    /// An older look at it.
    Older,
    /// All that is known of it.
    AsShown,
}

impl ShownDeal {
    /// A tenant's deal by its id: one that is kept, or, with the key of a search, one that its answer shows; of both the newer.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn of(cx: &Deps, tenant: &TenantId, id: DealId, search: Option<&SearchKey>) -> Result<Option<Self>, StoreError> {
        let kept = cx.store().deal(tenant, id).await?;
        let seen = match search {
            Some(search) => in_answers(cx, tenant, id, search).await?,
            None => None,
        };
        Ok(match (kept, seen) {
            (None, None) => None,
            (None, Some(seen)) => Some(Self { deal: Deal::first_seen(tenant.clone(), seen, cx.now()), kept: Kept::Not }),
            (Some(deal), None) => Some(Self { deal, kept: Kept::AsShown }),
            (Some(mut deal), Some(seen)) => {
                let kept = if deal.seen_elsewhere(seen, cx.now()) { Kept::Older } else { Kept::AsShown };
                Some(Self { deal, kept })
            }
        })
    }

    /// Has a change keep it as it is shown, if nothing does yet.
    pub fn keep(&mut self, change: Change) -> Change {
        match self.kept {
            Kept::Not => change.create(&mut self.deal),
            Kept::Older => change.update(&mut self.deal),
            Kept::AsShown => change,
        }
    }
}

async fn in_answers(cx: &Deps, tenant: &TenantId, id: DealId, search: &SearchKey) -> Result<Option<Assessed>, StoreError> {
    // What was asked for with a key of the tenant's own is kept for it alone, and counts before what is everyone's.
    for scope in [KeyScope::Tenant(tenant.clone()), KeyScope::Deployment] {
        if let Some(seen) = in_answer(cx, tenant, id, (&scope, search)).await? {
            return Ok(Some(seen));
        }
    }
    Ok(None)
}

/// A deal that a kept answer shows, as a watcher would have found it. O(n log n) in the answer's offers.
async fn in_answer(
    cx: &Deps,
    tenant: &TenantId,
    id: DealId,
    (scope, search): (&KeyScope, &SearchKey),
) -> Result<Option<Assessed>, StoreError> {
    let Some(answer) = cx.store().answer::<SearchQuery>(scope, search).await? else { return Ok(None) };
    let Some(oldest) = answer.parts.iter().map(|part| part.asked_at).min() else { return Ok(None) };
    let marks = cx.store().marks(Vertical::Flights, oldest).await?;
    let answer = answer.let_through(&cx.store().switches_of(tenant).await?);
    let answer = answer.shown(&Look { now: cx.now(), since: None, marks: &marks });
    let assessed = assess(tenant, &answer, &*cx.rates().await?);
    Ok(assessed.into_iter().find(|assessed| assessed.offer.deal_id(tenant) == id))
}
