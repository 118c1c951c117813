//! Whether a deal is worth telling a watcher's owner: on crossing the threshold, once; again when it became clearly
//! cheaper; and anew after it fell clearly back.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Filters, Watcher, WatcherState};
use crate::{
    deals::{Deal, DealState, Parts, Score, Weights},
    flights::Fare,
    ids::{DealId, Owner, WatcherId},
    time::to_second,
};

/// The score of a deal for the owner of a watcher, who has preferred dates.
pub fn score_for(watcher: &Watcher, deal: &Deal, weights: &Weights) -> Score {
    let timing = watcher.spec.dates.timing(deal.flight().day());
    Score::of(&Parts { timing: Some(timing), ..deal.parts }, weights)
}

/// Where a deal stands towards a watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is what is wanted.
    Meets,
    /// It misses a threshold by so little that it may be noise.
    Near,
    /// It is not what is wanted.
    Misses,
}

/// Whether a watcher still wants to hear of a deal that it was told of. That the deal itself is gone is another matter.
pub fn still_wants(watcher: &Watcher, deal: &Deal) -> bool {
    let score = score_for(watcher, deal, &Weights::default());
    watcher.state == WatcherState::Active
        && (deal.state == DealState::Gone || Standing::of(watcher, deal, score) != Standing::Misses)
}

/// How much is "so little": five percent of an amount, or five marks of a score.
const MARGIN_PERCENT: u32 = 5;

impl Standing {
    /// Judges a deal with its score for this watcher. O(1).
    pub fn of(watcher: &Watcher, deal: &Deal, score: Score) -> Self {
        let offer = deal.flight();
        if deal.state == DealState::Gone || !watcher.query.asks_for(offer) || !Self::passes_firm(&watcher.spec.filters, deal) {
            return Self::Misses;
        }
        let margin = |meets: bool, near: bool| match (meets, near) {
            (true, _) => Self::Meets,
            (false, true) => Self::Near,
            (false, false) => Self::Misses,
        };
        let min_score = watcher.spec.telling.min_score;
        // With its value unknown, a low score says nothing.
        let near = u32::from(score.total) + MARGIN_PERCENT >= u32::from(min_score) || score.parts.value.is_none();
        let by_score = margin(score.total >= min_score, near);
        [by_score]
            .into_iter()
            .chain(Self::by_amounts(&watcher.spec.filters, deal))
            .max_by_key(|standing| standing.distance())
            .unwrap_or(Self::Meets)
    }

    /// Filters that are a matter of yes or no.
    fn passes_firm(filters: &Filters, deal: &Deal) -> bool {
        let offer = deal.flight();
        let carriers = offer.carriers();
        let programme = match &offer.fare {
            Fare::Award { programme, .. } => Some(programme),
            Fare::Cash { .. } => None,
        };
        filters.max_stops.is_none_or(|max| offer.stops() <= usize::from(max))
            && filters.max_minutes.is_none_or(|max| offer.minutes <= max)
            && (filters.carriers.is_empty()
                || carriers.iter().all(|code| filters.carriers.iter().any(|wanted| wanted.as_str() == *code)))
            && !filters.carriers_excluded.iter().any(|excluded| carriers.contains(excluded.as_str()))
            && (filters.programmes.is_empty() || programme.is_some_and(|programme| filters.programmes.contains(programme)))
    }

    /// Filters that are thresholds on an amount, each with its margin.
    fn by_amounts(filters: &Filters, deal: &Deal) -> impl Iterator<Item = Self> {
        let at_most = |limit: Option<Decimal>, amount: Option<Decimal>| {
            limit.map(|limit| Self::within(amount.map(|amount| (amount, limit))))
        };
        let money = |limit: Option<crate::money::Money>, amount: Option<crate::money::Money>| {
            // Another currency never satisfies a limit.
            limit.map(|limit| {
                Self::within(
                    amount.filter(|amount| amount.currency() == limit.currency()).map(|amount| (amount.amount(), limit.amount())),
                )
            })
        };
        let (points, taxes, price) = match &deal.flight().fare {
            Fare::Award { points, taxes, .. } => (Some(Decimal::from(points.get())), *taxes, None),
            Fare::Cash { total, .. } => (None, None, Some(*total)),
        };
        // "At least" is "at most" with the sides changed.
        let worth =
            filters.min_cents_per_point.map(|least| Self::within(deal.cents_per_point().map(|cents| (least.get(), cents.get()))));
        [
            at_most(filters.max_points.map(|max| Decimal::from(max.get())), points),
            money(filters.max_taxes, taxes),
            money(filters.max_price, price),
            worth,
        ]
        .into_iter()
        .flatten()
    }

    /// The first amount should be at most the second. An unknown one does not meet the limit, and has not fallen clearly
    /// back either: a source that is silent for an hour must not make old finds news.
    fn within(amounts: Option<(Decimal, Decimal)>) -> Self {
        let Some((amount, limit)) = amounts else { return Self::Near };
        let slack = limit.abs() * Decimal::new(i64::from(MARGIN_PERCENT), 2);
        if amount <= limit {
            Self::Meets
        } else if amount <= limit + slack {
            Self::Near
        } else {
            Self::Misses
        }
    }

    fn distance(self) -> u8 {
        match self {
            Self::Meets => 0,
            Self::Near => 1,
            Self::Misses => 2,
        }
    }
}

/// What a watcher's owner was last told of a deal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// At which price.
    pub fare: Fare,
}

/// What a watcher remembers of a deal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchState {
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
    /// Which watcher.
    pub watcher: WatcherId,
    /// Which deal.
    pub deal: DealId,
    /// The version in which the deal had last changed when it was looked at: an older one arrives late, and one that was merely kept
    /// anew is no other; both are passed over.
    pub seen_version: u64,
    /// Will tell when the deal meets the threshold.
    pub armed: bool,
    /// What was last told.
    pub told: Option<Told>,
    /// Optimistic lock.
    pub version: u64,
}

/// Why it is told now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It came to meet what is wanted.
    Found,
    /// It was told before and has become clearly cheaper.
    Cheaper,
}

/// What to do about a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing, and nothing to remember.
    Ignore,
    /// Nothing to tell, but remember.
    Remember(MatchState),
    /// Tell, and remember.
    Tell(MatchState, Reason),
}

/// Decides about a version of a deal. Pure and idempotent: judged again with the state it gave, it tells nothing. O(1).
pub fn judge(watcher: &Watcher, deal: &Deal, score: Score, before: Option<MatchState>, now: Timestamp) -> Verdict {
    let standing = Standing::of(watcher, deal, score);
    let first_look = before.is_none();
    let mut state = before.unwrap_or_else(|| MatchState {
        owner: watcher.owner.clone(),
        watcher: watcher.id,
        deal: deal.id,
        seen_version: 0,
        armed: true,
        told: None,
        version: 0,
    });
    if deal.changed_in <= state.seen_version {
        return Verdict::Ignore;
    }
    state.seen_version = deal.changed_in;
    let fare = &deal.flight().fare;
    let reason = match standing {
        Standing::Meets if state.armed => Some(Reason::Found),
        Standing::Meets
            if state
                .told
                .as_ref()
                .is_some_and(|told| cheaper_by(&told.fare, fare, watcher.spec.telling.again_when_cheaper_by)) =>
        {
            Some(Reason::Cheaper)
        }
        Standing::Meets | Standing::Near => None,
        Standing::Misses if first_look => return Verdict::Ignore,
        Standing::Misses => {
            state.armed = true;
            None
        }
    };
    match reason {
        Some(reason) => {
            state.armed = false;
            state.told = Some(Told { at: to_second(now), fare: fare.clone() });
            Verdict::Tell(state, reason)
        }
        None if first_look => Verdict::Ignore,
        None => Verdict::Remember(state),
    }
}

/// Whether a fare is at least so many percent cheaper than it was. Fares of another kind, programme or currency are not
/// comparable, and never cheaper; an award's points are compared, and its taxes must not have risen.
fn cheaper_by(before: &Fare, now: &Fare, percent: u8) -> bool {
    let fell =
        |before: Decimal, now: Decimal| now * Decimal::ONE_HUNDRED <= before * Decimal::from(100 - i64::from(percent.min(100)));
    match (before, now) {
        (Fare::Cash { total: before, .. }, Fare::Cash { total: now, .. }) => {
            before.currency() == now.currency() && fell(before.amount(), now.amount())
        }
        (
            Fare::Award { programme: before_programme, points: before, taxes: before_taxes },
            Fare::Award { programme: now_programme, points: now, taxes: now_taxes },
        ) => {
            let taxes_no_higher = match (before_taxes, now_taxes) {
                (Some(before), Some(now)) => now.compare(*before).is_ok_and(std::cmp::Ordering::is_le),
                (None, Some(_) | None) => true,
                (Some(_), None) => false,
            };
            before_programme == now_programme && taxes_no_higher && fell(Decimal::from(before.get()), Decimal::from(now.get()))
        }
        (Fare::Cash { .. }, Fare::Award { .. }) | (Fare::Award { .. }, Fare::Cash { .. }) => false,
    }
}
