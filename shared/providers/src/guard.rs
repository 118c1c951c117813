//! What stands between an adapter and a source: [`Guarded`], which every call to a source goes through.
//!
//! Before a call: is the source left alone (its breaker is open, or it asked for it)? Was enough repeated? Is there another call, by
//! what the day has of calls and money, for the key and for the tenant, and by the source's own limit? After it: the breaker, the log,
//! the metrics and the counts of its health.
//!
//! What all functions must agree on is stored, and as little of it as will do:
//! - Whether a source is left alone is read once in [`STATE_KNOWN`], and written only when it changes: when a call fails, when the first
//!   one after that is answered, when an answer asks us to stay away.
//! - What the day has, and a token of the source's limit, are taken for each call, right before it is made: what an instance took it
//!   uses, and nothing is lost with one that ends. A call that does not leave gives back what it took of the day.
//! - Counts of health are kept in the instance and added to the stored ones once in [`TOLD_EVERY`], and when all was asked.
//!
//! When the store gives no answer, limit and quota hold (a call that can't be counted is not made), and breaker and health do not:
//! a source is not taken for broken because our own table is.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use domain::{
    ids::TenantId,
    money::Money,
    sources::{
        Account, SourceEntry, SourceState,
        allowance::{Allowance, Measure},
        breaker::Passage,
        bucket::{Bucket, Limit},
        health::{Ending, Tally},
        retries::RetryBudget,
    },
};
use futures::future::BoxFuture;
use http::Response;
use jiff::{SignedDuration, Timestamp};
use platform::{
    Deps,
    outside::{Call, Outside, OutsideError},
    telemetry,
};
use rust_decimal::Decimal;
use serde::de::IgnoredAny;
use storage::{Entity, Grant, MemberKey, SourceBucket, SourceDay, SourceHealth, StoreError};

use crate::{
    SourceError,
    adapters::tells_of_houses,
    calls::{CALL_TIMEOUT, unpacked},
    error::asked_to_stay_away,
    raw::Keeping,
};

/// What it takes to ask a source that [`crate::registry`] hands out, besides that the source is one that the function calls: to read
/// what is set of it, to open its key, to take calls and to share what is known of how it fares.
pub const GRANTS: &[Grant] = &[
    SourceEntry::READ,
    SourceState::READ,
    SourceState::WRITE,
    SourceBucket::READ,
    SourceBucket::WRITE,
    SourceDay::WRITE,
    SourceHealth::READ,
    SourceHealth::WRITE,
    MemberKey::READ,
    Grant::UseKeys,
];

/// How long an instance believes what it has read of a source's state: so long at most it goes on asking one that others have
/// found to be broken.
pub const STATE_KNOWN: SignedDuration = SignedDuration::from_secs(2);
/// How often an instance adds its counts to the stored ones while it asks. What it has not told when it ends is lost.
pub const TOLD_EVERY: SignedDuration = SignedDuration::from_secs(10);
/// No answer keeps us away for longer.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);
/// Who does not wait for an answer this long has said nothing about the source.
const SLOW: SignedDuration = SignedDuration::from_secs(3);
/// How often a state is read and written anew when others are faster: more often than it takes failures to open a breaker, so that
/// however many fail at once, it opens.
const TRIES: usize = 8;

/// On what terms a source is asked.
#[derive(Debug, Clone)]
pub struct Terms {
    /// For whom; for nobody, where something is asked once for all.
    pub tenant: Option<TenantId>,
    /// With whose key: limit, quota, breaker and health are kept for it.
    pub account: Account,
    /// The source's own limit.
    pub limit: Option<Limit>,
    /// What a day has of calls and of money, with this key and for this tenant.
    pub allowances: Vec<Allowance>,
    /// What a thousand calls cost.
    pub cost_per_thousand: Option<Money>,
}

/// The way to one source, on its terms.
#[derive(Clone)]
pub struct Guarded {
    cx: Deps,
    terms: Terms,
    known: Arc<AllKnown>,
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("terms", &self.terms).finish_non_exhaustive()
    }
}

/// What an instance of a function knows of the accounts that it calls with.
#[derive(Debug, Default)]
struct AllKnown(Mutex<BTreeMap<Account, Known>>);

#[derive(Debug, Default)]
struct Known {
    state: Option<(SourceState, Timestamp)>,
    retries: RetryBudget,
    tally: Tally,
    told_at: Option<Timestamp>,
    /// Calls that speak against the source, and of which its breaker has not been told.
    against: u32,
}

/// That a call may be made.
struct Admitted {
    /// Whether it is the one that tries.
    probe: bool,
    /// On which day it counts.
    at: Timestamp,
}

/// What became of a call.
struct Over {
    ending: Ending,
    status: Option<u16>,
    bytes: usize,
    stay_away: Option<Duration>,
    took: SignedDuration,
    /// Whether it asked for no more than a description of houses.
    describes: bool,
}

impl Over {
    /// What an answer says, to a call that began then and for which there was time, or not.
    fn of(
        answer: &Result<Response<Bytes>, OutsideError>,
        now: Timestamp,
        (began, had_time, describes): (Timestamp, bool, bool),
    ) -> Option<Self> {
        let took = now.duration_since(began);
        let without = |ending| Self { ending, status: None, bytes: 0, stay_away: None, took, describes };
        match answer {
            Ok(answer) => {
                let status = answer.status().as_u16();
                let (ending, bytes) = (Ending::of_status(status), answer.body().len());
                Some(Self { ending, status: Some(status), bytes, stay_away: asked_to_stay_away(answer, now), took, describes })
            }
            Err(OutsideError::Timeout) if had_time => Some(without(Ending::TimedOut)),
            Err(OutsideError::Timeout) => Some(without(Ending::Abandoned)),
            Err(OutsideError::Unreachable) => Some(without(Ending::Unreachable)),
            Err(OutsideError::TooLarge) => Some(without(Ending::TooLarge)),
            Err(
                OutsideError::Undeclared
                | OutsideError::LeftAlone(_)
                | OutsideError::LimitReached(_)
                | OutsideError::QuotaUsedUp(_)
                | OutsideError::BudgetUsedUp(_)
                | OutsideError::RepeatedEnough
                | OutsideError::Uncounted,
            ) => None,
        }
    }

    /// Whether it speaks against asking again soon. One that says for how long to stay away is believed instead; and who had no
    /// time can say little.
    fn speaks_against(&self) -> bool {
        let told_when = self.ending == Ending::Limited && self.stay_away.is_some();
        let hurried = self.ending == Ending::Abandoned && self.took < SLOW;
        self.ending.is_failure() && !told_when && !hurried && !self.is_of_a_right()
    }

    /// Whether it says only that a key may not read descriptions. That it may search is another right: of searches it says neither good
    /// nor bad.
    fn is_of_a_right(&self) -> bool {
        self.describes && self.ending == Ending::KeyRefused
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.took.as_millis()).unwrap_or(0)
    }
}

impl Outside for Guarded {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, OutsideError>> {
        Box::pin(async move {
            let admitted = self.admit(&call).await;
            if let Err(error) = &admitted {
                self.held_back(*error);
            }
            let Admitted { probe, at } = admitted?;
            let (began, had_time) = (self.cx.now(), call.timeout >= CALL_TIMEOUT);
            let describes = tells_of_houses(call.source, call.operation);
            let under_way = UnderWay { of: self, operation: call.operation, began, over: false };
            let (keeping, repeated) = (Keeping::of(&self.cx, &call), call.repeated);
            let answer = self.cx.outside().send(call).await;
            let over = Over::of(&answer, self.cx.now(), (began, had_time, describes));
            // From here on it is unpacked: once, and not by everyone who looks at it.
            let whole = answer.as_ref().ok().map(|answer| unpacked(answer.clone()));
            match under_way.over(over.map(|over| Self::looked_at(whole.as_ref(), over))) {
                Some(over) => self.settle(&over, probe).await,
                // It never left.
                None => self.not_made(repeated, at).await,
            }
            match whole {
                Some(Ok(whole)) => Ok(keeping.keep(whole).await),
                // Its adapter says what is wrong with it, as with everything that it can't read.
                Some(Err(_)) | None => answer,
            }
        })
    }
}

impl Guarded {
    /// On these terms.
    pub fn new(cx: Deps, terms: Terms) -> Self {
        let known = cx.kept();
        Self { cx, terms, known }
    }

    /// On which terms.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    fn known<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T {
        let mut all = self.known.0.lock().unwrap_or_else(PoisonError::into_inner);
        with(all.entry(self.terms.account.clone()).or_default())
    }

    /// Lets a call through, or says why not.
    async fn admit(&self, call: &Call) -> Result<Admitted, OutsideError> {
        self.tell_of_failures().await;
        let state = self.state().await;
        let now = self.cx.now();
        let shut = |until| OutsideError::LeftAlone(wait(now, until));
        if let Some(until) = state.paused(now) {
            return Err(shut(until));
        }
        let probe = match state.breaker.passage(now) {
            Passage::Free => false,
            Passage::Probe => true,
            Passage::Shut(until) => return Err(shut(until)),
        };
        if call.repeated && !self.known(|known| known.retries.repeat()) {
            return Err(OutsideError::RepeatedEnough);
        }
        if let Err(error) = self.take_a_call(now).await {
            self.not_repeated(call.repeated);
            return Err(error);
        }
        if probe && !self.begin_probe(call.timeout).await {
            self.not_made(call.repeated, now).await;
            return Err(OutsideError::LeftAlone(STATE_KNOWN.unsigned_abs()));
        }
        if !call.repeated {
            self.known(|known| known.retries.called());
        }
        Ok(Admitted { probe, at: now })
    }

    /// What was taken for a call that is not made is there for others.
    async fn not_made(&self, repeated: bool, at: Timestamp) {
        self.not_repeated(repeated);
        self.give_back(&self.terms.allowances, at).await;
    }

    fn not_repeated(&self, repeated: bool) {
        if repeated {
            self.known(|known| known.retries.not_repeated());
        }
    }

    /// Counts a call that is not made, and for what of the day it was one too many.
    fn held_back(&self, error: OutsideError) {
        telemetry::count(&self.cx, "CallsHeldBack", 1);
        match error {
            OutsideError::QuotaUsedUp(_) => telemetry::count(&self.cx, "CallsOverQuota", 1),
            OutsideError::BudgetUsedUp(_) => telemetry::count(&self.cx, "CallsOverBudget", 1),
            OutsideError::Timeout
            | OutsideError::Unreachable
            | OutsideError::TooLarge
            | OutsideError::Undeclared
            | OutsideError::LeftAlone(_)
            | OutsideError::LimitReached(_)
            | OutsideError::RepeatedEnough
            | OutsideError::Uncounted => {}
        }
    }

    /// One call more: of what the day has of each, then of the source's own limit. All or nothing.
    async fn take_a_call(&self, now: Timestamp) -> Result<(), OutsideError> {
        let allowances = &self.terms.allowances;
        for (taken, allowance) in allowances.iter().enumerate() {
            if let Err(error) = self.reserve(allowance, now).await {
                self.give_back(allowances.split_at(taken).0, now).await;
                return Err(error);
            }
        }
        let Some(bucket) = self.terms.limit.and_then(Bucket::of) else { return Ok(()) };
        if let Err(error) = self.cx.store().take_token(&self.terms.account, &bucket, now).await {
            self.give_back(allowances, now).await;
            return Err(match error {
                StoreError::TooOften(until) => OutsideError::LimitReached(wait(now, until)),
                other => uncounted(&other),
            });
        }
        Ok(())
    }

    async fn reserve(&self, allowance: &Allowance, now: Timestamp) -> Result<(), OutsideError> {
        let day = SourceDay::at(allowance, now);
        let reserved = self.cx.store().reserve(&day, allowance.a_call, allowance.a_day).await;
        reserved.map_err(|error| match (error, allowance.counted) {
            (StoreError::LimitReached, Measure::Calls | Measure::CallsOfTenant) => {
                OutsideError::QuotaUsedUp(wait(now, day.ends()))
            }
            (StoreError::LimitReached, Measure::Spent(_) | Measure::SpentByTenant(_)) => {
                OutsideError::BudgetUsedUp(wait(now, day.ends()))
            }
            (other, _) => uncounted(&other),
        })
    }

    /// What was taken of a day for a call that was not made goes back to that day.
    async fn give_back(&self, allowances: &[Allowance], at: Timestamp) {
        for allowance in allowances {
            let day = SourceDay::at(allowance, at);
            if let Err(error) = self.cx.store().reserve(&day, -allowance.a_call, allowance.a_day).await {
                tracing::warn!(source = %allowance.account.source, %error, "a call that was not made is lost to this day");
            }
        }
    }

    /// What is known of the source, read anew when that is old. Without an answer nothing is held against it.
    async fn state(&self) -> SourceState {
        let now = self.cx.now();
        let fresh = |read_at: &Timestamp| *read_at <= now && now.duration_since(*read_at) < STATE_KNOWN;
        let known = self.known(|known| known.state.clone().filter(|(_, read_at)| fresh(read_at)));
        if let Some((state, _)) = known {
            return state;
        }
        match self.read_state().await {
            Some(state) => self.keep(state),
            None => SourceState::of(self.terms.account.clone(), now),
        }
    }

    async fn read_state(&self) -> Option<SourceState> {
        let account = &self.terms.account;
        let found = self.cx.store().source_state(account).await;
        let found = found.inspect_err(|error| tracing::warn!(source = %account.source, %error, "a source's state is not known"));
        Some(found.ok()?.unwrap_or_else(|| SourceState::of(account.clone(), self.cx.now())))
    }

    fn keep(&self, state: SourceState) -> SourceState {
        let now = self.cx.now();
        self.known(|known| known.state = Some((state.clone(), now)));
        state
    }

    /// Changes what all functions know of the source, whoever else does. Says whether it was changed by this.
    async fn change_state(&self, change: impl Fn(&mut SourceState)) -> bool {
        for _ in 0..TRIES {
            let Some(before) = self.read_state().await else { return false };
            let mut state = before.clone();
            change(&mut state);
            if state == before {
                self.keep(state);
                return false;
            }
            state.at = self.cx.now();
            match self.cx.store().put_source_state(&mut state).await {
                Ok(()) => {
                    self.keep(state);
                    return true;
                }
                Err(StoreError::Changed) => {}
                Err(error) => {
                    tracing::warn!(source = %self.terms.account.source, %error, "a source's state is not kept");
                    return false;
                }
            }
        }
        false
    }

    /// Whether this call is the one that tries. Others may have seen as early as this that someone may.
    async fn begin_probe(&self, timeout: Duration) -> bool {
        let (now, takes) = (self.cx.now(), SignedDuration::try_from(timeout).unwrap_or(SignedDuration::ZERO));
        let begun = self.change_state(|state| {
            if state.breaker.passage(now) == Passage::Probe {
                state.breaker.probing(now, takes);
            }
        });
        begun.await
    }

    async fn failed(&self, times: u32) {
        let now = self.cx.now();
        let was_open = self.state().await.breaker.passage(now) != Passage::Free;
        self.change_state(|state| (0..times).for_each(|_| _ = state.breaker.failed(now))).await;
        let open = matches!(self.state().await.breaker.passage(now), Passage::Shut(_));
        if open && !was_open {
            tracing::error!(source = %self.terms.account.source, scope = %self.terms.account.scope, "breaker opened");
            telemetry::count(&self.cx, "BreakersOpened", 1);
        }
    }

    /// Tells the breaker what speaks against the source: of this call, or of those that nobody waited for to the end.
    async fn tell_of_failures(&self) {
        let against = self.known(|known| std::mem::take(&mut known.against));
        if against > 0 {
            self.failed(against).await;
        }
    }

    /// What a successful answer comes to once somebody looks at it: a source that says what is no JSON is as broken as one that says
    /// nothing, and its breaker, its health and its alarms are to say so. Whether it is of the right form is for its adapter, which no
    /// guard links: the quality report counts that.
    fn looked_at(whole: Option<&Result<Response<Bytes>, SourceError>>, over: Over) -> Over {
        let Some(whole) = whole.filter(|_| over.ending == Ending::Answered) else { return over };
        // Nothing is an answer, too.
        let is_json = |body: &Bytes| body.is_empty() || serde_json::from_slice::<IgnoredAny>(body).is_ok();
        match whole {
            Ok(answer) if is_json(answer.body()) => over,
            Err(SourceError::TooLarge) => Over { ending: Ending::TooLarge, ..over },
            Ok(_) | Err(_) => Over { ending: Ending::Unreadable, ..over },
        }
    }

    /// Counts a call that is over. Nothing is waited for: this is done even where nobody waits any more.
    fn count(&self, operation: &'static str, over: &Over) {
        self.meter(operation, over);
        let now = self.cx.now();
        self.known(|known| {
            known.tally.note(over.ending, now, over.millis(), over.bytes as u64);
            known.against = known.against.saturating_add(over.speaks_against().into());
        });
    }

    /// Draws the conclusions.
    async fn settle(&self, over: &Over, probe: bool) {
        let now = self.cx.now();
        if over.speaks_against() {
            self.tell_of_failures().await;
        } else if !over.is_of_a_right() && (probe || self.is_troubled()) {
            self.change_state(|state| state.breaker.answered(probe)).await;
        }
        if let Some(away) = over.stay_away {
            let away = SignedDuration::try_from(away.min(LONGEST_PAUSE)).unwrap_or(STATE_KNOWN);
            let until = now.saturating_add(away).unwrap_or(Timestamp::MAX);
            self.change_state(|state| state.pause(until)).await;
        }
        if self.known(|known| known.told_at.is_none_or(|told| now < told || now.duration_since(told) >= TOLD_EVERY)) {
            self.tell().await;
        }
    }

    /// Whether its breaker is known to count failures, or to be open.
    fn is_troubled(&self) -> bool {
        self.known(|known| known.state.as_ref().is_some_and(|(state, _)| state.breaker != Default::default()))
    }

    /// Says of a call what is to be said: no personal data, and nothing of the request.
    fn meter(&self, operation: &'static str, over: &Over) {
        let Terms { tenant, account, cost_per_thousand, .. } = &self.terms;
        let cost = cost_per_thousand.map(|cost| format!("{} {}", cost.amount() / Decimal::ONE_THOUSAND, cost.currency()));
        let (Over { ending, status, bytes, .. }, millis) = (over, over.millis());
        let (source, scope, outcome) = (&account.source, &account.scope, *ending);
        let tenant = tenant.as_ref().map(tracing::field::display);
        tracing::info!(tenant, %source, %scope, operation, ?outcome, status, millis, bytes, cost, "source call");
        telemetry::count(&self.cx, "OutsideCalls", 1);
        if ending.is_failure() {
            telemetry::count(&self.cx, "OutsideCallsFailed", 1);
        }
    }

    /// Adds what was counted here to what is stored. Whoever has asked all that they had to ask does so, too: an instance that nobody
    /// needs for a while is frozen, and what it has not told by then may never be.
    pub async fn tell(&self) {
        let now = self.cx.now();
        let tally = self.known(|known| {
            known.told_at = Some(now);
            std::mem::take(&mut known.tally)
        });
        if tally.is_empty() {
            return;
        }
        if let Err(error) = self.cx.store().add_source_health(&self.terms.account, &tally, now).await {
            tracing::warn!(source = %self.terms.account.source, %error, "a source's health is told later");
            self.known(|known| known.tally.join(&tally));
        }
    }
}

/// Counts a call whatever becomes of it. One that is dropped can draw no conclusions; the next one draws them, or a source that never
/// answers in time would never be found to be broken.
struct UnderWay<'a> {
    of: &'a Guarded,
    operation: &'static str,
    began: Timestamp,
    over: bool,
}

impl UnderWay<'_> {
    /// It came to an end, or never left.
    fn over(mut self, over: Option<Over>) -> Option<Over> {
        self.over = true;
        over.inspect(|over| self.of.count(self.operation, over))
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let took = self.of.cx.now().duration_since(self.began);
        let over = Over { ending: Ending::Abandoned, status: None, bytes: 0, stay_away: None, took, describes: false };
        self.of.count(self.operation, &over);
    }
}

fn uncounted(error: &StoreError) -> OutsideError {
    tracing::warn!(%error, "a call can't be counted");
    OutsideError::Uncounted
}

fn wait(now: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or_default()
}
