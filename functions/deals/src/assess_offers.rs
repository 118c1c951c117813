//! Queue `deals-search-answered`: values and scores the offers of an answer, and stores which deals are new, changed or gone.

use std::collections::BTreeMap;

use domain::{
    answers::{Question, SearchAnswer},
    deals::{Assessed, Deal, DealState, assess},
    events::{DealChanged, DealFound, Event, SearchAnswered},
    flights::SourceId,
    ids::{DealId, TenantId},
    rates::DayRates,
    search::{SearchKey, SearchQuery},
    sources::{Market, SourceEntry, Switches},
    tables,
};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use platform::{Deps, JobError, Message, Queue, Worker, telemetry};
use serde::Deserialize;
use storage::{CachedAnswer, Change, Entity, Grant, Sighting, StoreError};

/// Assesses offers.
pub static FUNCTION: Worker<Answered> = Worker::new("deals-assess-offers", |cx, message| Box::pin(assess_offers(cx, message)))
    .batch(5, 2)
    .may(&[
        CachedAnswer::READ,
        DayRates::READ,
        Deal::READ,
        Deal::WRITE,
        Sighting::READ,
        Sighting::WRITE,
        SourceEntry::READ,
        Grant::Emit("DealFound"),
        Grant::Emit("DealChanged"),
    ])
    .goes_by(&[tables::values]);

/// `SearchAnswered`, in the bus's envelope.
#[derive(Debug, Deserialize)]
pub struct Answered {
    detail: SearchAnswered,
}

impl Message for Answered {
    const QUEUE: Queue = Queue::of_events("deals-search-answered", &[SearchAnswered::NAME]);
}

/// Deals stored side by side.
const AT_ONCE: usize = 8;
/// How often a deal that another search changes at the same time is tried, before the message is left to come again.
const TRIES: usize = 4;
/// Sightings read at a time.
const PAGE: u8 = 100;

async fn assess_offers(
    cx: &Deps,
    Answered { detail: SearchAnswered { tenant, search_key, scope, .. } }: Answered,
) -> Result<(), JobError> {
    // The latest answer, whichever slot this message is about: an older one would only tell what is no longer so.
    let kept = cx.store().answer::<SearchQuery>(&scope, &search_key);
    let (answer, switches) = futures::try_join!(kept, cx.store().switches_of(&tenant))?;
    let answer = answer.ok_or_else(|| JobError::Park("the answer has expired".to_owned()))?.let_through(&switches);
    let market = answer.query.market();
    let look =
        Look { cx, tenant: &tenant, search_key: &search_key, answer: &answer, switches: &switches, market: market.as_ref() };
    let mut sightings = look.sightings().await?;
    let assessed = assess(&tenant, &answer, &*cx.rates().await?);
    let seen = assessed.into_iter().map(|assessed| {
        let sighting = sightings.remove(&assessed.offer.deal_id(&tenant));
        (assessed, sighting)
    });
    let seen: Vec<(Assessed, Option<Sighting>)> = seen.collect();
    stream::iter(seen).map(Ok).try_for_each_concurrent(AT_ONCE, |(assessed, sighting)| look.seen(assessed, sighting)).await?;

    let not_offered = sightings.into_values();
    let is_gone = |sighting: &Sighting| answer.is_complete_for(&sighting.source) || look.is_off(&sighting.source);
    let gone: Vec<Sighting> = not_offered.filter(is_gone).collect();
    stream::iter(gone).map(Ok).try_for_each_concurrent(AT_ONCE, |sighting| look.gone(sighting)).await
}

/// One look at an answer.
struct Look<'a> {
    cx: &'a Deps,
    tenant: &'a TenantId,
    search_key: &'a SearchKey,
    answer: &'a SearchAnswer,
    switches: &'a Switches,
    market: Option<&'a Market>,
}

/// What the watchers of this search are told of a deal.
#[derive(Clone, Copy)]
enum News {
    Found,
    Changed,
}

impl Look<'_> {
    /// What this search saw before. O(deals of the search).
    async fn sightings(&self) -> Result<BTreeMap<DealId, Sighting>, JobError> {
        let mut sightings = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.cx.store().sightings(self.tenant, self.search_key, PAGE, after.as_deref()).await?;
            sightings.extend(page.items.into_iter().map(|sighting| (sighting.deal, sighting)));
            after = page.next;
            if after.is_none() {
                return Ok(sightings);
            }
        }
    }

    /// When a source was asked.
    fn asked_at(&self, source: &SourceId) -> Timestamp {
        self.answer.part(source).map_or(self.answer.asked_at, |part| part.asked_at)
    }

    /// Whether the tenant is no longer let through to a source: what that offers is nothing that its members can have.
    fn is_off(&self, source: &SourceId) -> bool {
        !self.switches.let_through(source, self.market)
    }

    /// A deal is offered. It may be new, changed, or known but not yet to the watchers of this search; or be gone since its
    /// source was asked, which is all that they are told then.
    async fn seen(&self, assessed: Assessed, sighting: Option<Sighting>) -> Result<(), JobError> {
        let asked_at = self.asked_at(&assessed.offer.freshness.source);
        self.trying(|| async {
            let known = self.cx.store().deal(self.tenant, assessed.offer.deal_id(self.tenant)).await?;
            let is_new = known.is_none();
            let mut deal = known.unwrap_or_else(|| Deal::first_seen(self.tenant.clone(), assessed.clone(), self.cx.now()));
            let counts = !is_new && !deal.is_missed_since(asked_at);
            let changed = counts && deal.seen_again(assessed.clone(), self.cx.now());
            let is_anew = counts && !changed && deal.still_there(assessed.clone(), self.cx.now());
            let news = match &sighting {
                None => (deal.state == DealState::Live).then_some(News::Found),
                Some(sighting) if changed || sighting.deal_version < deal.changed_in => Some(News::Changed),
                Some(_) => None,
            };
            if news.is_none() && !is_anew {
                return Ok(());
            }
            let change = match (is_new, changed || is_anew) {
                (true, _) => Change::new().create(&mut deal),
                (false, true) => Change::new().update(&mut deal),
                // Known as it is: only told to others. It must still be so when that is stored.
                (false, false) => Change::new().provided(&mut deal),
            };
            let change = change.set(&self.sighting_of(&deal));
            let change = match news {
                Some(news) => self.tell(change, &deal, news),
                // Nobody is told of what is as it was.
                None => change,
            };
            self.cx.store().commit(change).await?;
            telemetry::count(self.cx, if is_new { "DealsFound" } else { "DealsSeenAgain" }, 1);
            Ok(())
        })
        .await
    }

    /// A deal is no longer offered, unless someone saw it after its source was asked. One that is off is not asked any more:
    /// what was last seen there is gone whenever that was.
    async fn gone(&self, sighting: Sighting) -> Result<(), JobError> {
        let (asked_at, is_off) = (self.asked_at(&sighting.source), self.is_off(&sighting.source));
        self.trying(|| async {
            let change = match self.cx.store().deal(self.tenant, sighting.deal).await? {
                None => Change::new().forget(&sighting),
                Some(mut deal) => {
                    let is_withdrawn = is_off && deal.flight().freshness.source == sighting.source;
                    if !is_withdrawn && deal.state == DealState::Live && deal.last_seen > asked_at {
                        return Ok(());
                    }
                    let news = if is_withdrawn { deal.withdrawn() } else { deal.gone(asked_at) };
                    let change = if news { Change::new().update(&mut deal) } else { Change::new().provided(&mut deal) };
                    self.tell(change.forget(&sighting), &deal, News::Changed)
                }
            };
            self.cx.store().commit(change).await?;
            telemetry::count(self.cx, "DealsGone", 1);
            Ok(())
        })
        .await
    }

    /// Tries a change anew, from reading, as long as others change the same deal at the same time.
    async fn trying<F: Future<Output = Result<(), StoreError>>>(&self, attempt: impl Fn() -> F) -> Result<(), JobError> {
        for _ in 0..TRIES {
            match attempt().await {
                Err(StoreError::Changed | StoreError::Exists | StoreError::Contended) => {}
                result => return Ok(result?),
            }
        }
        Err(JobError::Retry("a deal kept changing".to_owned()))
    }

    fn tell(&self, change: Change, deal: &Deal, news: News) -> Change {
        let (tenant, search_key) = (self.tenant.clone(), self.search_key.clone());
        match news {
            News::Found => self.cx.emit(change, &DealFound { tenant, search_key, deal: deal.id, deal_version: deal.version }),
            News::Changed => self.cx.emit(change, &DealChanged { tenant, search_key, deal: deal.id, deal_version: deal.version }),
        }
    }

    fn sighting_of(&self, deal: &Deal) -> Sighting {
        Sighting {
            tenant: self.tenant.clone(),
            search_key: self.search_key.clone(),
            deal: deal.id,
            deal_version: deal.version,
            source: deal.flight().freshness.source.clone(),
            ends: deal.ends(),
            version: 0,
        }
    }
}
