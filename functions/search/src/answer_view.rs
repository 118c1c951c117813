//! How an answer is shown.

use std::time::Duration;

use domain::{
    answers::{Cause, Question},
    caching::{Counted, TRY_AGAIN},
    faults::Check,
    flights::SourceId,
    inputs::{Fields, between},
    rates::DayRates,
    search::{SearchKey, SourceOutcome},
    time::earliest_day,
};
use jiff::{Timestamp, civil::Date};
use platform::{Caller, Deps, Failure, Message, queues::RefreshAnswer};
use providers::{guard, raw};
use serde::Serialize;
use storage::{Asker, CacheCount, Entity, Grant};
use utoipa::ToSchema;

use crate::asking::{self, Askable, Had, NoAnswer, Wish};

/// What whoever answers members may do, besides calling the sources that it names: note who asks, count how it was answered, compare
/// what it costs, and have what is stale asked for anew.
pub(crate) const GRANTS: &[&[Grant]] = &[
    &[Asker::WRITE, CacheCount::WRITE, DayRates::READ, Grant::Send(RefreshAnswer::QUEUE.name)],
    asking::GRANTS,
    guard::GRANTS,
    raw::GRANTS,
];

/// How many items are shown at most, and how many if it is not said.
const MOST: u8 = 100;
const USUALLY: u8 = 20;

/// What was found, the best first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Searched<T> {
    /// Names the question: the same question has the same name.
    search_key: SearchKey,
    /// How the answer was come by: `hit` and `stale` are kept ones, `shared` was asked for by another at the same time, and for
    /// `miss` the sources were asked.
    how: Counted,
    /// Whether every source has said all it has, and nothing of it is stale. Not, if nothing was found at a place that is not known here: it
    /// may have another name.
    complete: bool,
    /// How many were found; no more than were asked for are shown.
    found: usize,
    /// The best of them.
    items: Vec<T>,
    /// What each source said.
    sources: Vec<AskedSourceView>,
}

/// What one source said.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AskedSourceView {
    source: SourceId,
    /// What it said is shown as fresh, or as stale, or it is missing; or it has not been asked yet.
    state: Shown,
    /// When it was asked; not given, if it has not answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    asked_at: Option<Timestamp>,
    /// Whether that is all it has.
    complete: bool,
    /// How many offers it had.
    offers: usize,
    /// Why it gave nothing when it was asked last, or less than it has, if so.
    trouble: Option<Cause>,
}

/// Whether what a source said is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Shown {
    Fresh,
    Stale,
    Missing,
    NotAsked,
}

impl AskedSourceView {
    fn not_asked(source: &SourceId) -> Self {
        Self { source: source.clone(), state: Shown::NotAsked, asked_at: None, complete: false, offers: 0, trouble: None }
    }
}

impl<T> Searched<T> {
    /// Of an answer, and what was found in it.
    pub(crate) fn new<Q: Question>(had: &Had<Q>, found: usize, items: Vec<T>) -> Self {
        let source = |part: &domain::answers::Part<Q::Offer>| AskedSourceView {
            source: part.source().clone(),
            state: match (part.has_answered(), had.stale.contains(part.source())) {
                (false, _) => Shown::Missing,
                (true, true) => Shown::Stale,
                (true, false) => Shown::Fresh,
            },
            asked_at: part.has_answered().then_some(part.asked_at),
            complete: part.report.outcome == SourceOutcome::Complete,
            offers: part.offers.len(),
            trouble: part.trouble.map(|trouble| trouble.cause).or(part.cut_off),
        };
        let parts = had.answer.parts.iter().map(source);
        let sources: Vec<AskedSourceView> = parts.chain(had.unasked.iter().map(AskedSourceView::not_asked)).collect();
        // Who can't be asked this misses nothing.
        let asked = sources.iter().filter(|source| source.trouble != Some(Cause::NotOffered));
        let complete = asked.into_iter().all(|source| source.complete && source.state == Shown::Fresh);
        Self { search_key: had.answer.query.key(), how: had.counted, complete, found, items, sources }
    }

    /// Of an answer, and what was found in it, the best first: so many of them are shown.
    pub(crate) fn best<Q: Question, O>(had: &Had<Q>, limit: usize, ranked: Vec<O>, view: impl Fn(O) -> T) -> Self {
        let found = ranked.len();
        Self::new(had, found, ranked.into_iter().take(limit).map(view).collect())
    }
}

impl<T> Searched<T> {
    /// The same of what was asked for at a place. Where nobody here knows the place, nothing found does not say that there is nothing.
    pub(crate) fn at_place(mut self, is_known: bool) -> Self {
        self.complete &= is_known || self.found > 0;
        self
    }
}

/// How long a member waits for the sources, or for another who asks them. The rest of the function's ten seconds is for the store.
const WITHIN: Duration = Duration::from_secs(7);

/// The answer to what a member asks.
pub(crate) async fn answered<Q: Askable>(cx: &Deps, caller: &Caller, query: &Q) -> Result<Had<Q>, Failure> {
    let wish = Wish { tenant: caller.tenant(), member: Some(&caller.owner), since: None, within: WITHIN, waits: true };
    Box::pin(asking::answer(cx, query, wish)).await.map_err(|why| no_answer(cx, why))
}

/// How many are to be shown.
pub(crate) fn limit(fields: &mut Fields<'_>) -> Option<usize> {
    Some(fields.given("limit", between::<1, MOST>)?.unwrap_or(USUALLY).into())
}

/// Notes a question about days that have all passed.
pub(crate) fn check_to_come(check: &mut Check, earliest: Date, last: Option<Date>, pointer: &str) {
    check.that(last.is_none_or(|last| earliest <= last), pointer, "past", "it has passed");
}

/// There are sources, but none that knows what was named.
const NOT_OFFERED: &str =
    "No source that is asked here can be asked for this. Name the place in another way, or what another source sells.";

/// What a member is told where there is no answer. Never that nothing was found.
fn no_answer(cx: &Deps, why: NoAnswer) -> Failure {
    match why {
        NoAnswer::Busy | NoAnswer::Unsent(_) => Failure::Unavailable,
        NoAnswer::Down(_, trouble) if trouble.cause != Cause::NotOffered => {
            Failure::TryLater("sources-unavailable", trouble.at.saturating_add(trouble.lasts()).unwrap_or(Timestamp::MAX))
        }
        NoAnswer::Down(..) => Failure::Conflict("not-offered", NOT_OFFERED.to_owned()),
        NoAnswer::Nobody => Failure::TryLater("no-source", cx.now().saturating_add(TRY_AGAIN).unwrap_or(Timestamp::MAX)),
        NoAnswer::Inside(error) => error.into(),
    }
}

/// What lies before this day has passed.
pub(crate) fn earliest(cx: &Deps) -> Date {
    earliest_day(cx.now())
}
