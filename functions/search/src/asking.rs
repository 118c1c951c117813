//! The one way to an answer, for members who wait as for watchers: what is kept, what another one asks for right now, or what the
//! sources say within the time there is.

mod activities;
mod flights;
mod overlap;
mod recent;
mod stays;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{
    answers::{Answer, Cause, Part, Question, Trouble},
    caching::{self, AHEAD, Counted, Look, MANY, Marks, Plan, State},
    flights::SourceId,
    ids::{Owner, TenantId},
    search::{SearchKey, SourceOutcome, SourceReport},
    sources::KeyScope,
    time::Slot,
};
use futures::future::{BoxFuture, join_all};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use platform::{
    Deps, JobError, Message,
    queues::{RefreshAnswer, SourceAnswered},
    telemetry,
    vault::VaultError,
};
use providers::{
    Adapter, Found, Patience, Serving,
    account::{self, Sold},
    sources::tells_changes,
};
use storage::{Asker, CacheCount, CachedAnswer, Change, DueAnswer, Entity, Grant, Held, KeptMark, StoreError, Turn};
use tokio::time::{Instant, sleep};

use self::recent::Recent;
use crate::serving::Servers;

/// The first pause before it is looked whether another one has asked; each is twice as long as the one before, up to a second.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Beyond the time for asking: for what is stored before and after it.
const LEASE_BEYOND: Duration = Duration::from_secs(4);
/// No second message is sent for a refresh before this is over.
const REFRESH_TAKES: SignedDuration = SignedDuration::from_mins(3);
/// One in so many hits is counted, for so many.
const SAMPLED: u8 = 16;

/// What whoever asks here may do, besides making calls to the sources that it names (`guard::GRANTS`) and keeping what they say
/// (`raw::GRANTS`): read and keep answers.
pub(crate) const GRANTS: &[Grant] = &[
    CachedAnswer::READ,
    CachedAnswer::WRITE,
    storage::Asking::WRITE,
    KeptMark::READ,
    Asker::READ,
    DueAnswer::WRITE,
    Grant::Send(SourceAnswered::QUEUE.name),
];

/// A question that sources can be asked.
pub(crate) trait Askable: Question {
    /// What its sources are asked through.
    type Adapter: Adapter;

    /// Asks those that are to be asked, side by side. What is kept of the others is at hand.
    fn ask<'a>(&'a self, asking: &'a Asking<'a, Self>) -> BoxFuture<'a, Vec<Part<Self::Offer>>>;

    /// Whether a source has what is wanted, rather than what that is compared with.
    fn is_wanted_of(&self, serving: &Serving<Self::Adapter>) -> bool;

    /// Whether a source has anything for an answer: another one is not missed.
    fn concerns(&self, serving: &Serving<Self::Adapter>) -> bool {
        self.is_wanted_of(serving)
    }

    /// What else is kept of an answer for which sources were asked.
    fn keep_prices<'a>(cx: &'a Deps, scope: &'a KeyScope, answer: &'a Answer<Self>) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// What asks.
pub(crate) struct Asking<'a, Q: Askable> {
    cx: &'a Deps,
    servers: &'a Servers<Q::Adapter>,
    key: &'a SearchKey,
    ask: &'a [SourceId],
    kept: Option<&'a Answer<Q>>,
    now: Timestamp,
    until: Instant,
    patience: Patience<'a>,
    /// Since when a part must have been asked for, and how long it is fresh in minutes: as [`Wish`] and the answer have it.
    since: Option<Timestamp>,
    lifetime: u16,
    /// Who was not asked, because of what another question had asked.
    spared: Mutex<Vec<SourceId>>,
    /// Whose part another one asks for right now, and is not done.
    busy: Mutex<Vec<SourceId>>,
    /// Why it was not told what a source gave, if that went wrong.
    unsent: Mutex<Option<JobError>>,
}

impl<'a, Q: Askable> Asking<'a, Q> {
    /// Those that are to be asked.
    fn serving(&self) -> impl Iterator<Item = &'a Serving<Q::Adapter>> {
        let ask = self.ask;
        self.servers.all.iter().filter(move |serving| ask.contains(serving.id()))
    }

    /// What an adapter asks with.
    fn with<'s>(&self, serving: &'s Serving<Q::Adapter>) -> providers::Asking<'s>
    where
        'a: 's,
    {
        let Self { now, until, patience, .. } = *self;
        providers::Asking { outside: &serving.outside, now, until, patience: Some(patience) }
    }

    /// Whether another one asks a source right now, and is not done.
    fn is_another_asking(&self) -> bool {
        !self.busy.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Counts what was asked and given, here and for the quality of the source.
    async fn note<O: Sold>(&self, found: &Found<O>) {
        meter(self.cx, found);
        let messages = account::messages(&self.servers.scope, self.key.as_str(), self.now, found);
        if let Err(error) = self.cx.send(&messages).await {
            tracing::warn!(%error, "what a source gave is not told");
            if let Ok(mut unsent) = self.unsent.lock() {
                *unsent = Some(error);
            }
        }
    }

    /// What one of them says in time.
    async fn part<O: Sold>(&self, asked: impl Future<Output = Found<O>>) -> Part<O> {
        let found = asked.await;
        self.note(&found).await;
        let cause = found.error.as_ref().map_or(Cause::Unavailable, providers::SourceError::cause);
        if cause == Cause::Late {
            telemetry::count(self.cx, "SourcesLate", 1);
        }
        // What a limit cut off is asked for again as soon as there are calls.
        let is_told = found.outcome == SourceOutcome::Failed || (found.error.is_some() && cause == Cause::Limited);
        let trouble = is_told.then_some(Trouble { at: self.now, cause });
        Part { report: found.report(), asked_at: self.now, trouble, cut_off: found.cut_off(), offers: found.offers }
    }
}

/// Those of whom there are parts that tell us what changes.
fn tellers<O>(parts: &[Part<O>]) -> Vec<&SourceId> {
    parts.iter().map(Part::source).filter(|source| tells_changes(source)).collect()
}

/// A part without offers, for which no call was made.
fn nothing_of<O>(source: &SourceId, outcome: SourceOutcome, now: Timestamp) -> Part<O> {
    let report = SourceReport { source: source.clone(), outcome, calls: 0, offers: 0, set_aside: Vec::new() };
    Part { report, asked_at: now, offers: Vec::new(), trouble: None, cut_off: None }
}

fn meter<O>(cx: &Deps, found: &Found<O>) {
    let set_aside: usize = found.set_aside.values().sum();
    let error = found.error.as_ref().map(ToString::to_string);
    tracing::info!(source = %found.source, outcome = ?found.outcome, calls = found.calls, offers = found.offers.len(), set_aside, error, "source");
    telemetry::count(cx, "SourceCalls", u64::from(found.calls));
    if set_aside > 0 {
        telemetry::count(cx, "OffersSetAside", set_aside as u64);
    }
}

/// What is wanted of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish<'a> {
    /// For whom.
    pub tenant: &'a TenantId,
    /// Which member wants it, if one does.
    pub member: Option<&'a Owner>,
    /// Since when it must have been asked for; by its own lifetime, if not given.
    pub since: Option<Timestamp>,
    /// How long the sources have.
    pub within: Duration,
    /// Whether another one who asks is waited for, as long.
    pub waits: bool,
}

/// An answer, and how it was come by.
#[derive(Debug)]
pub(crate) struct Had<Q: Question> {
    /// The answer, with nothing in it that is not to be shown.
    pub answer: Answer<Q>,
    /// How it was come by.
    pub counted: Counted,
    /// Within which scope it is kept.
    pub scope: KeyScope,
    /// Whose part of it is not fresh.
    pub stale: Vec<SourceId>,
    /// Who has not been asked for it yet: what is kept was asked for by somebody whom they do not serve.
    pub unasked: Vec<SourceId>,
    /// How many calls were made for it just now.
    pub calls: u32,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// Another one asks right now, and is not done.
    Busy,
    /// None of those that have what is wanted has answered: one of them, why, and when it was.
    Down(SourceId, Trouble),
    /// There is nobody to be asked.
    Nobody,
    /// What sources gave could not be told, and nobody waits: better asked again than not counted.
    Unsent(JobError),
    /// The store can't say, or a key can't be had.
    Inside(VaultError),
}

impl From<VaultError> for NoAnswer {
    fn from(error: VaultError) -> Self {
        Self::Inside(error)
    }
}

impl From<StoreError> for NoAnswer {
    fn from(error: StoreError) -> Self {
        Self::Inside(VaultError::Store(error))
    }
}

/// Answers a question.
///
/// # Errors
/// Why there is no answer.
pub(crate) async fn answer<Q: Askable>(cx: &Deps, query: &Q, wish: Wish<'_>) -> Result<Had<Q>, NoAnswer> {
    let servers = Servers::of(cx, wish.tenant, query).await?;
    if !servers.all.iter().any(|serving| query.is_wanted_of(serving)) {
        return Err(NoAnswer::Nobody);
    }
    let search = Search { cx, query, key: query.key(), sources: servers.ids(), servers: &servers, wish };
    let had = search.had().await;
    join_all(servers.all.iter().map(|serving| serving.outside.tell())).await;
    if let Some(member) = wish.member {
        search.count(had.as_ref().map_or(Counted::Failed, |had| had.counted)).await;
        search.note(member).await;
    }
    had
}

/// The answer where there is nobody to be asked. It is kept for the tenant: who looks at it sees that nothing is offered any more.
pub(crate) async fn of_nobody<Q: Askable>(cx: &Deps, tenant: &TenantId, query: Q) -> Result<Had<Q>, StoreError> {
    let answer = Answer { query, asked_at: cx.now(), lifetime_minutes: caching::SHORTEST, parts: Vec::new() };
    let (scope, key) = (KeyScope::Tenant(tenant.clone()), answer.query.key());
    let answer = keep(cx, &scope, &key, answer).await?;
    Ok(Had { answer, counted: Counted::Failed, scope, stale: Vec::new(), unasked: Vec::new(), calls: 0 })
}

/// One search for an answer.
struct Search<'a, Q: Askable> {
    cx: &'a Deps,
    query: &'a Q,
    key: SearchKey,
    sources: Vec<SourceId>,
    servers: &'a Servers<Q::Adapter>,
    wish: Wish<'a>,
}

impl<Q: Askable> Search<'_, Q> {
    /// The turn to ask is given back however it went: nobody waits for one who is done.
    async fn had(&self) -> Result<Had<Q>, NoAnswer> {
        let mut held = None;
        let had = self.sought(&mut held).await;
        give_back(self.cx, held).await;
        had
    }

    async fn sought(&self, held: &mut Option<Held>) -> Result<Had<Q>, NoAnswer> {
        if let Some(had) = self.read_lately().await? {
            return Ok(had);
        }
        let until = Instant::now() + self.wish.within;
        let (mut pause, mut counted) = (FIRST_PAUSE, Counted::Hit);
        loop {
            let kept = self.cx.store().answer::<Q>(&self.servers.scope, &self.key).await?;
            let marks = self.marks(kept.as_ref()).await?;
            let look = Look { now: self.cx.now(), since: self.wish.since, marks: &marks };
            let plan = caching::plan(kept.as_ref(), &self.sources, &look);
            if let (Some(answer), []) = (&kept, &plan.ask[..]) {
                if plan.refresh {
                    self.refresh_later().await;
                    counted = Counted::Stale;
                } else if self.wish.since.is_none() {
                    self.cx.kept::<Recent>().note((&self.servers.scope, &self.key), self.cx.now(), answer);
                }
                return self.shown(answer.clone(), counted, &look);
            }
            if held.is_some() {
                let (answer, counted, calls) = self.ask(kept, &plan.ask, &marks, until).await?;
                let had = self.shown(answer, counted, &Look { now: self.cx.now(), ..look })?;
                return Ok(Had { calls, ..had });
            }
            *held = self.take_turn().await?;
            if held.is_some() {
                // Whoever had it may have kept an answer between the look and now.
                continue;
            }
            if !self.wish.waits || Instant::now() + pause >= until {
                // Better something old than nothing.
                let old = kept.and_then(|kept| self.shown(kept, Counted::Stale, &look).ok());
                return old.filter(|_| self.wish.since.is_none()).ok_or(NoAnswer::Busy);
            }
            sleep(pause).await;
            (pause, counted) = ((pause * 2).min(LONGEST_PAUSE), Counted::Shared);
        }
    }

    /// What this instance has read a moment ago, if it is fresh and nobody has to be asked.
    async fn read_lately(&self) -> Result<Option<Had<Q>>, NoAnswer> {
        if self.wish.since.is_some() {
            return Ok(None);
        }
        let kept = self.cx.kept::<Recent>().get::<Q>((&self.servers.scope, &self.key), self.cx.now());
        let Some(kept) = kept else { return Ok(None) };
        let marks = self.marks(Some(&kept)).await?;
        let look = Look { now: self.cx.now(), since: None, marks: &marks };
        if caching::plan(Some(&kept), &self.sources, &look) != Plan::default() {
            return Ok(None);
        }
        self.shown(Answer::clone(&kept), Counted::Hit, &look).map(Some)
    }

    /// The marks that can be on a part of what is kept.
    async fn marks(&self, kept: Option<&Answer<Q>>) -> Result<Marks, StoreError> {
        let Some(kept) = kept else { return Ok(Marks::default()) };
        let Some(oldest) = kept.parts.iter().map(|part| part.asked_at).min() else { return Ok(Marks::default()) };
        self.cx.store().marks(Q::VERTICAL, &tellers(&kept.parts), oldest).await
    }

    async fn take_turn(&self) -> Result<Option<Held>, StoreError> {
        let takes = SignedDuration::try_from(self.wish.within + LEASE_BEYOND).unwrap_or(SignedDuration::MAX);
        self.cx.store().take_turn(Turn::Now, (&self.servers.scope, &self.key), self.cx.now(), takes).await
    }

    /// Asks, and keeps what was said together with what is still good of what was said before. How it was come by, and how many calls
    /// that took.
    async fn ask(
        &self,
        kept: Option<Answer<Q>>,
        ask: &[SourceId],
        marks: &Marks,
        until: Instant,
    ) -> Result<(Answer<Q>, Counted, u32), NoAnswer> {
        let (cx, scope, now, since) = (self.cx, &self.servers.scope, self.cx.now(), self.wish.since);
        let former = kept.map(|kept| kept.shown(&Look { now, since: None, marks }));
        let asked = cx.store().asked_lately(scope, &self.key, now).await?;
        let lifetime_minutes = caching::lifetime(asked, self.days_ahead(now));
        let (servers, key, kept, lifetime) = (self.servers, &self.key, former.as_ref(), lifetime_minutes);
        let (spared, busy, unsent) = (Mutex::default(), Mutex::default(), Mutex::default());
        let patience = if self.wish.waits { Patience::of_a_member(cx.chance()) } else { Patience::of_a_message(cx.chance()) };
        let asking = Asking { cx, servers, key, ask, kept, now, until, patience, since, lifetime, spared, busy, unsent };
        let mut parts = self.query.ask(&asking).await;
        let (counted, calls) = asking.took(&parts);
        // That another one is asking is no trouble of the source's: it is not left alone for it.
        let comes_again = since.is_some() && asking.is_another_asking();
        let busy = asking.busy.into_inner().unwrap_or_else(PoisonError::into_inner);
        parts.retain(|part| !busy.contains(part.source()) && (part.has_answered() || !comes_again));
        if since.is_some()
            && let Some(error) = asking.unsent.into_inner().unwrap_or_else(PoisonError::into_inner)
        {
            return Err(NoAnswer::Unsent(error));
        }
        if comes_again && parts.is_empty() {
            return Err(NoAnswer::Busy);
        }
        let later = Answer { query: self.query.clone(), asked_at: now, lifetime_minutes, parts };
        let answer = keep(cx, scope, &self.key, Answer::joined(former, later)).await?;
        Q::keep_prices(cx, scope, &answer).await?;
        // What the others said is kept for when it comes again: they are not asked twice.
        if comes_again {
            return Err(NoAnswer::Busy);
        }
        if asked >= MANY && answer.parts.iter().any(Part::has_answered) {
            self.due_again(&answer, asked).await?;
        }
        Ok((answer, counted, calls))
    }

    fn days_ahead(&self, now: Timestamp) -> i32 {
        let today = TimeZone::UTC.to_datetime(now).date();
        today.until(self.query.span().0).map_or(i32::MAX, |span| span.get_days())
    }

    /// What many ask for is asked for anew before its time is over.
    async fn due_again(&self, answer: &Answer<Q>, asked: u32) -> Result<(), StoreError> {
        let life = SignedDuration::from_mins(answer.lifetime_minutes.into());
        let due = DueAnswer {
            due: Slot::of(answer.asked_at.saturating_add(life - AHEAD).unwrap_or(answer.asked_at)),
            scope: self.servers.scope.clone(),
            key: self.key.clone(),
            vertical: Q::VERTICAL,
            tenant: self.wish.tenant.clone(),
            asked,
            calls: answer.parts.iter().map(|part| part.report.calls).sum(),
        };
        self.cx.store().commit(Change::new().set(&due)).await
    }

    /// Has it asked for anew by a message, unless one is on its way. Who looks does not depend on it.
    async fn refresh_later(&self) {
        let scope = self.servers.scope.clone();
        let taken = self.cx.store().take_turn(Turn::Later, (&scope, &self.key), self.cx.now(), REFRESH_TAKES).await;
        if taken.is_ok_and(|taken| taken.is_some()) {
            let (tenant, vertical, search_key) = (self.wish.tenant.clone(), Q::VERTICAL, self.key.clone());
            if let Err(error) = self.cx.send(&[RefreshAnswer { tenant, vertical, scope, search_key, reserved: None }]).await {
                tracing::warn!(%error, "an answer is not refreshed");
            }
        }
    }

    /// The answer as this tenant sees it, if someone who has what is wanted has answered.
    fn shown(&self, answer: Answer<Q>, counted: Counted, look: &Look<'_>) -> Result<Had<Q>, NoAnswer> {
        let scope = self.servers.scope.clone();
        let unasked = self.sources.iter().filter(|source| answer.part(source).is_none()).cloned().collect();
        let answer = answer.only_of(&self.sources).shown(look);
        let state = |part: &Part<Q::Offer>| caching::state(&answer.query, part, answer.lifetime_minutes, look);
        let stale = answer.parts.iter().filter(|part| part.has_answered() && state(part) != State::Fresh);
        let stale = stale.map(|part| part.source().clone()).collect();
        let wanted = self.servers.all.iter().filter(|serving| self.query.is_wanted_of(serving));
        let parts: Vec<_> = wanted.filter_map(|serving| answer.part(serving.id())).collect();
        if parts.iter().any(|part| part.has_answered()) {
            return Ok(Had { answer, counted, scope, stale, unasked, calls: 0 });
        }
        let unknown = Trouble { at: look.now, cause: Cause::Unavailable };
        // Who can't be asked this is the reason only where nobody can.
        let can_be_asked = |part: &&&Part<_>| part.trouble.is_none_or(|trouble| trouble.cause != Cause::NotOffered);
        let down = parts.iter().find(can_be_asked).or(parts.first());
        let down = down.map(|part| (part.source().clone(), part.trouble.unwrap_or(unknown)));
        Err(down.map_or(NoAnswer::Busy, |(source, trouble)| NoAnswer::Down(source, trouble)))
    }

    /// Notes who asks, if it is one of those who are noted: a write for one member in sixteen. What counts is how many ask, so that
    /// nobody makes a question popular alone. That it can't be noted is no reason to fail.
    async fn note(&self, member: &Owner) {
        let Some(who) = caching::noted(member, &self.key) else { return };
        let asker = Asker { scope: self.servers.scope.clone(), key: self.key.clone(), who, at: self.cx.now() };
        if let Err(error) = self.cx.store().commit(Change::new().set(&asker)).await {
            tracing::warn!(%error, "who asks is not noted");
        }
    }

    /// Counts the search: hits are sampled, so that they cost a sixteenth of a write each. That it can't be counted is no reason to
    /// fail.
    async fn count(&self, counted: Counted) {
        telemetry::count(self.cx, metric(counted), 1);
        let searches = match counted {
            Counted::Hit | Counted::Stale if !self.cx.random::<1>()[0].is_multiple_of(SAMPLED) => return,
            Counted::Hit | Counted::Stale => i64::from(SAMPLED),
            Counted::Shared | Counted::Miss | Counted::Failed => 1,
        };
        let at = self.cx.now();
        let count = CacheCount { at, vertical: Q::VERTICAL, counted };
        if let Err(error) = self.cx.store().commit(Change::new().count(&count, searches, u32::MAX)).await {
            tracing::warn!(%error, "a search is not counted");
        }
    }
}

/// Gives a turn back, if there is one. That it can't be is no reason to fail: it ends by itself.
async fn give_back(cx: &Deps, held: Option<Held>) {
    let Some(held) = held else { return };
    if let Err(error) = cx.store().give_turn_back(held, cx.now()).await {
        tracing::warn!(%error, "a turn to ask is not given back");
    }
}

/// The metric of a way to come by an answer.
fn metric(counted: Counted) -> &'static str {
    match counted {
        Counted::Hit => "CacheHits",
        Counted::Stale => "CacheStale",
        Counted::Shared => "CacheShared",
        Counted::Miss => "CacheMisses",
        Counted::Failed => "SearchesFailed",
    }
}

/// Keeps an answer under a name. One that is too large is cut to its first offers, and then no longer complete.
async fn keep<Q: Question>(cx: &Deps, scope: &KeyScope, key: &SearchKey, mut answer: Answer<Q>) -> Result<Answer<Q>, StoreError> {
    loop {
        match cx.store().keep_answer(scope, key, &answer).await {
            Err(StoreError::TooLarge) if answer.offers().count() > 1 => {
                telemetry::count(cx, "AnswersCut", 1);
                answer.cut();
            }
            kept => return kept.map(|()| answer),
        }
    }
}
