//! Deals that a search has shown: each has an id, but nothing keeps it before a watcher has found it or a member wants it. With
//! the key of the search it is taken from what is kept of the answer (decision 0035); so is what is newer there than what is kept.

use domain::{
    answers::Part,
    caching::Look,
    deals::{Assessed, Deal, DealState, assess},
    ids::{DealId, TenantId},
    rates::DayRates,
    search::{SearchKey, SearchQuery},
    sources::{KeyScope, SourceEntry, Vertical},
};
use storage::{CachedAnswer, Change, Entity, Grant, KeptMark, Sighting, StoreError};

use crate::{deps::Deps, failure::Failure};

/// What it takes to look one up. To keep it takes [`Deal::WRITE`] and [`Sighting::WRITE`] besides.
pub const GRANTS: &[Grant] = &[CachedAnswer::READ, DayRates::READ, Deal::READ, KeptMark::READ, SourceEntry::READ];

/// A deal, whether it is kept or was only shown.
#[derive(Debug)]
pub struct ShownDeal {
    /// The deal.
    pub deal: Deal,
    /// How many the search was for, where its answer shows the deal.
    pub travellers: Option<u8>,
    kept: Kept,
}

/// What is kept of a deal.
#[derive(Debug)]
enum Kept {
    /// Nothing.
    Not,
    /// An older look at it.
    Older,
    /// That it was gone when it was last asked for: this search sees it again.
    Gone(SearchKey),
    /// All that is known of it.
    AsShown,
}

impl ShownDeal {
    /// A tenant's deal by its id: one that is kept, or, with the key of a search, one that its answer shows; of both the newer.
    ///
    /// # Errors
    /// If there is none, nothing of the search is kept where that would have to show it, or the store can't say.
    pub async fn of(cx: &Deps, tenant: &TenantId, id: DealId, search: Option<&SearchKey>) -> Result<Self, Failure> {
        let kept = cx.store().deal(tenant, id).await?;
        let seen = match search {
            Some(search) => Some(in_answers(cx, tenant, id, search).await?),
            None => None,
        };
        Ok(match (kept, seen) {
            (None, None | Some(Seen::Others)) => return Err(Failure::NotFound("deal")),
            (None, Some(Seen::Nothing)) => return Err(Failure::NoLongerShown),
            (None, Some(Seen::It(seen, travellers))) => {
                let deal = Deal::first_seen(tenant.clone(), *seen, cx.now());
                Self { deal, travellers: Some(travellers), kept: Kept::Not }
            }
            (Some(deal), None | Some(Seen::Others | Seen::Nothing)) => Self { deal, travellers: None, kept: Kept::AsShown },
            (Some(mut deal), Some(Seen::It(seen, travellers))) => {
                let before = deal.state;
                let is_newer = deal.seen_elsewhere(*seen, cx.now());
                let kept = match (is_newer, before, search) {
                    (true, DealState::Gone, Some(search)) => Kept::Gone(search.clone()),
                    (true, DealState::Live | DealState::Gone, _) => Kept::Older,
                    (false, DealState::Live | DealState::Gone, _) => Kept::AsShown,
                };
                Self { deal, travellers: Some(travellers), kept }
            }
        })
    }

    /// Has a change keep it as it is shown, if nothing does yet.
    pub fn keep(&mut self, change: Change) -> Change {
        match &self.kept {
            Kept::Not => change.create(&mut self.deal),
            Kept::Older => change.update(&mut self.deal),
            Kept::Gone(search) => {
                // Whose search it is forgot it when it was gone: it has to say so again, and to tell its watchers until then.
                let sighting = Sighting {
                    tenant: self.deal.tenant.clone(),
                    search_key: search.clone(),
                    deal: self.deal.id,
                    deal_version: self.deal.version,
                    source: self.deal.flight().freshness.source.clone(),
                    ends: self.deal.ends(),
                    version: 0,
                };
                change.update(&mut self.deal).set(&sighting)
            }
            Kept::AsShown => change,
        }
    }
}

/// What the answers to a search show.
enum Seen {
    /// The deal, for so many travellers.
    It(Box<Assessed>, u8),
    /// Others, or that there are none.
    Others,
    /// Nothing that is kept and still to be believed.
    Nothing,
}

async fn in_answers(cx: &Deps, tenant: &TenantId, id: DealId, search: &SearchKey) -> Result<Seen, StoreError> {
    // What was asked for with a key of the tenant's own is kept for it alone, and counts before what is everyone's.
    let mut seen = Seen::Nothing;
    for scope in [KeyScope::Tenant(tenant.clone()), KeyScope::Deployment] {
        match in_answer(cx, tenant, id, (&scope, search)).await? {
            it @ Seen::It(..) => return Ok(it),
            Seen::Others => seen = Seen::Others,
            Seen::Nothing => {}
        }
    }
    Ok(seen)
}

/// A deal that a kept answer shows, as a watcher would have found it. O(n log n) in the answer's offers.
async fn in_answer(
    cx: &Deps,
    tenant: &TenantId,
    id: DealId,
    (scope, search): (&KeyScope, &SearchKey),
) -> Result<Seen, StoreError> {
    let Some(answer) = cx.store().answer::<SearchQuery>(scope, search).await? else { return Ok(Seen::Nothing) };
    let Some(oldest) = answer.parts.iter().map(|part| part.asked_at).min() else { return Ok(Seen::Nothing) };
    let marks = cx.store().marks(Vertical::Flights, oldest).await?;
    let answer = answer.let_through(&cx.store().switches_of(tenant).await?);
    let answer = answer.shown(&Look { now: cx.now(), since: None, marks: &marks });
    if !answer.parts.iter().any(Part::has_answered) {
        return Ok(Seen::Nothing);
    }
    let assessed = assess(tenant, &answer, &*cx.rates().await?);
    let it = assessed.into_iter().find(|assessed| assessed.offer.deal_id(tenant) == id);
    Ok(it.map_or(Seen::Others, |it| Seen::It(Box::new(it), answer.query.travellers())))
}
