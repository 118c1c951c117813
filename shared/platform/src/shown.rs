//! Deals that a search has shown: each has an id, but nothing keeps it before a watcher has found it or a member wants it. With
//! the key of the search it is taken from what is kept of the answer (decision 0035); so is what is newer there than what is kept.

use domain::{
    answers::SearchAnswer,
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
            (None, Some(Seen::It { seen, travellers, search: _ })) => {
                let deal = Deal::first_seen(tenant.clone(), *seen, cx.now());
                Self { deal, travellers: Some(travellers), kept: Kept::Not }
            }
            (Some(deal), None | Some(Seen::Others | Seen::Nothing)) => Self { deal, travellers: None, kept: Kept::AsShown },
            (Some(mut deal), Some(Seen::It { seen, travellers, search })) => {
                let was_gone = deal.state == DealState::Gone;
                let is_newer = deal.seen_elsewhere(*seen, cx.now());
                let kept = match (is_newer, was_gone) {
                    (false, _) => Kept::AsShown,
                    (true, true) => Kept::Gone(search),
                    (true, false) => Kept::Older,
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
                // Its search forgot it when it was gone: the sighting says the version before this one, so that the search's next run
                // tells its watchers.
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
    /// The deal.
    It {
        seen: Box<Assessed>,
        /// For so many the search was.
        travellers: u8,
        search: SearchKey,
    },
    /// Others, or that there are none.
    Others,
    /// Nothing that is kept and still to be believed, or too little to say that it is not among it.
    Nothing,
}

async fn in_answers(cx: &Deps, tenant: &TenantId, id: DealId, search: &SearchKey) -> Result<Seen, StoreError> {
    let (switches, rates) = (cx.store().switches_of(tenant).await?, cx.rates().await?);
    let mut seen = None;
    // What was asked for with a key of the tenant's own is kept for it alone, and counts before what is everyone's.
    for scope in [KeyScope::Tenant(tenant.clone()), KeyScope::Deployment] {
        let kept = cx.store().answer::<SearchQuery>(&scope, search).await?;
        // Where nobody was there to be asked, that says nothing of what others were.
        let Some(before) = kept.filter(|kept| !kept.parts.is_empty()) else { continue };
        let before = before.let_through(&switches);
        let after = still_shown(cx, before.clone()).await?;
        let it = assess(tenant, &after, &rates).into_iter().find(|assessed| assessed.offer.deal_id(tenant) == id);
        if let Some(it) = it {
            return Ok(Seen::It { seen: Box::new(it), travellers: after.query.travellers(), search: search.clone() });
        }
        // It may have been in a part that is no longer shown.
        let is_whole = have_answered(&after) > 0 && have_answered(&after) == have_answered(&before);
        seen = if is_whole { seen.or(Some(Seen::Others)) } else { Some(Seen::Nothing) };
    }
    Ok(seen.unwrap_or(Seen::Nothing))
}

/// What of a kept answer a search would show. One query: no source tells of changes of its flights.
async fn still_shown(cx: &Deps, answer: SearchAnswer) -> Result<SearchAnswer, StoreError> {
    let Some(oldest) = answer.parts.iter().map(|part| part.asked_at).min() else { return Ok(answer) };
    let marks = cx.store().marks(Vertical::Flights, &[], oldest).await?;
    Ok(answer.shown(&Look { now: cx.now(), since: None, marks: &marks }))
}

fn have_answered(answer: &SearchAnswer) -> usize {
    answer.parts.iter().filter(|part| part.has_answered()).count()
}
