//! Questions that overlap share calls: what a source says is kept by what it was asked ([`Question::put_to`]), for all whose questions
//! that covers, and of those that ask for it at once one does.

use std::{sync::PoisonError, time::Duration};

use domain::{
    answers::{Answer, Cause, Part, Question, Trouble},
    caching::{self, Counted, Look, State},
    search::{SearchKey, SourceOutcome},
};
use jiff::SignedDuration;
use providers::Serving;
use storage::{Held, StoreError, Turn};
use tokio::time::{Instant, sleep};

use super::{Askable, Asking, FIRST_PAUSE, LONGEST_PAUSE, give_back, keep, nothing_of, tellers};

/// So long one who asks for a part is waited for: as long as a member waits for all of them.
const WAITED: Duration = Duration::from_secs(7);
/// Beyond the time for asking, for what is stored after it. Shorter than for the question: who dies holds up nobody twice.
const LEASE_BEYOND: Duration = Duration::from_secs(2);

impl<Q: Askable> Asking<'_, Q> {
    /// The question as it is put to a source, if it can be.
    pub(super) fn put_to(&self, serving: &Serving<Q::Adapter>, query: &Q) -> Option<Q> {
        query.put_to(serving.id(), serving.source.asks, self.now)
    }

    /// That a source can't be asked this: no call is made for it.
    pub(super) fn not_offered(&self, serving: &Serving<Q::Adapter>) -> Part<Q::Offer> {
        let trouble = Some(Trouble { at: self.now, cause: Cause::NotOffered });
        Part { trouble, ..nothing_of(serving.id(), SourceOutcome::Failed, self.now) }
    }

    /// What a source says of a question that is put to it as another one: what it said to that before, or says to `ask` now.
    pub(super) async fn of_all(
        &self,
        serving: &Serving<Q::Adapter>,
        query: &Q,
        asked: &Q,
        ask: impl Future<Output = Part<Q::Offer>> + Send,
    ) -> Part<Q::Offer> {
        let part = if serving.source.asks.shares() { self.shared(serving, query, asked, ask).await } else { ask.await };
        part.answering(query, asked)
    }

    /// That the store can't say what is kept is no reason not to ask: then a call is not saved.
    async fn shared(
        &self,
        serving: &Serving<Q::Adapter>,
        query: &Q,
        asked: &Q,
        ask: impl Future<Output = Part<Q::Offer>> + Send,
    ) -> Part<Q::Offer> {
        let mut held = None;
        let part = self.shared_in_turn(serving, (query, asked), ask, &mut held).await;
        give_back(self.cx, held).await;
        part
    }

    async fn shared_in_turn(
        &self,
        serving: &Serving<Q::Adapter>,
        (query, asked): (&Q, &Q),
        ask: impl Future<Output = Part<Q::Offer>> + Send,
        held: &mut Option<Held>,
    ) -> Part<Q::Offer> {
        let key = asked.key().of_part(serving.id());
        let until = (Instant::now() + WAITED).min(self.until);
        let mut pause = FIRST_PAUSE;
        loop {
            let former = match self.former(&key, query, asked).await {
                Ok(Former::Good(part)) => {
                    self.spared.lock().unwrap_or_else(PoisonError::into_inner).push(part.source().clone());
                    return part;
                }
                Ok(Former::Old(answer)) => Some(answer),
                Ok(Former::None) => None,
                Err(error) => {
                    tracing::warn!(%error, "what was asked for others is not known");
                    return ask.await;
                }
            };
            if held.is_some() {
                let part = ask.await;
                return self.keep_for_all(&key, asked, former, part).await;
            }
            match self.take_turn(&key).await {
                // Whoever had it may have kept what the source said between the look and now.
                Ok(Some(taken)) => {
                    *held = Some(taken);
                    continue;
                }
                Ok(None) => {}
                // Who does not know whether it is theirs asks: that costs a call at worst.
                Err(error) => {
                    tracing::warn!(%error, "whose turn it is to ask is not known");
                    let part = ask.await;
                    return self.keep_for_all(&key, asked, former, part).await;
                }
            }
            if Instant::now() + pause >= until {
                self.busy.lock().unwrap_or_else(PoisonError::into_inner).push(serving.id().clone());
                let trouble = Some(Trouble { at: self.now, cause: Cause::Late });
                return Part { trouble, ..nothing_of(serving.id(), SourceOutcome::Failed, self.now) };
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What the source said before. It is as fresh as it would be if it had been asked this very question, and no mark on either one is
    /// passed over.
    async fn former(&self, key: &SearchKey, query: &Q, asked: &Q) -> Result<Former<Q>, StoreError> {
        let store = self.cx.store();
        let Some(kept) = store.answer::<Q>(&self.servers.scope, key).await? else { return Ok(Former::None) };
        let Some(part) = kept.parts.first() else { return Ok(Former::None) };
        let marks = store.marks(Q::VERTICAL, &tellers(&kept.parts[..1]), part.asked_at).await?;
        let look = Look { now: self.cx.now(), since: self.since, marks: &marks };
        let state = |question| caching::state(question, part, self.lifetime, &look);
        let state = state(query).max(state(asked));
        if state == State::Fresh || (self.since.is_none() && part.is_left_alone(look.now)) {
            let shown = kept.parts.into_iter().next().map(|part| if state == State::Gone { part.emptied() } else { part });
            return Ok(shown.map_or(Former::None, Former::Good));
        }
        Ok(Former::Old(kept.shown(&Look { since: None, ..look })))
    }

    async fn take_turn(&self, key: &SearchKey) -> Result<Option<Held>, StoreError> {
        let left = self.until.saturating_duration_since(Instant::now()) + LEASE_BEYOND;
        let takes = SignedDuration::try_from(left).unwrap_or(SignedDuration::MAX);
        self.cx.store().take_turn(Turn::Now, (&self.servers.scope, key), self.cx.now(), takes).await
    }

    /// Keeps it, with what the source said before where it gave nothing now.
    async fn keep_for_all(&self, key: &SearchKey, asked: &Q, former: Option<Answer<Q>>, part: Part<Q::Offer>) -> Part<Q::Offer> {
        let later =
            Answer { query: asked.clone(), asked_at: self.now, lifetime_minutes: self.lifetime, parts: vec![part.clone()] };
        let joined = Answer::joined(former, later);
        let shown = joined.parts.first().cloned().unwrap_or(part);
        if let Err(error) = keep(self.cx, &self.servers.scope, key, joined).await {
            tracing::warn!(%error, "what a source said is not kept for others");
        }
        shown
    }

    /// How parts were come by, and how many calls that took.
    pub(super) fn took(&self, parts: &[Part<Q::Offer>]) -> (Counted, u32) {
        let spared = self.spared.lock().unwrap_or_else(PoisonError::into_inner);
        let (shared, asked): (Vec<&Part<_>>, Vec<&Part<_>>) = parts.iter().partition(|part| spared.contains(part.source()));
        let calls = asked.iter().map(|part| part.report.calls).sum();
        let counted = match (calls, &shared[..]) {
            (1.., _) | (0, []) => Counted::Miss,
            (0, shared) if shared.iter().any(|part| part.asked_at >= self.now) => Counted::Shared,
            (0, _) => Counted::Hit,
        };
        (counted, calls)
    }
}

/// What a source said before to what it would be asked.
enum Former<Q: Question> {
    /// Nothing that is known.
    None,
    /// What will do.
    Good(Part<Q::Offer>),
    /// What is to be asked for anew.
    Old(Answer<Q>),
}
