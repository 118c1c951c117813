//! `GET /v1/me/reach`

use axum::extract::State;
use domain::{
    deals::Deal,
    flights::{Cabin, Fare},
    funding::{Effort, FundingPlan, Terms, plan_within},
    identity::Role,
    ids::DealId,
    money::{CentsPerPoint, Money},
    places::Airport,
    wallets::{OwnValuations, Wallet},
};
use jiff::civil::DateTime;
use platform::{Answer, Caller, Deps, Endpoint, Failure, Page, PageParams, Paged, Problems, Reply};
use serde::Serialize;
use storage::{Entity, Grant, Listed, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::wallet;

/// Shows where a member's balances can take them.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-get-reach", || routes!(get_reach)).may(&[
    Deal::READ,
    MemberKey::READ,
    OwnValuations::READ,
    Wallet::READ,
    Grant::UseKeys,
]);

/// A live deal that the caller's points pay for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reachable {
    /// The deal.
    deal: DealId,
    /// From where.
    from: Airport,
    /// To where.
    to: Airport,
    /// When, at the place of departure.
    #[schema(value_type = String, example = "2026-04-27T08:25:00")]
    departs: DateTime,
    /// In which cabin.
    cabin: Cabin,
    /// What a point is worth there, where that is known.
    cents_per_point: Option<CentsPerPoint>,
    /// How it is paid for: what it gives up, and what is left over.
    plan: FundingPlan,
    /// What is left: the worth of all the caller's points afterwards, at the caller's valuations, less the fees of the transfers.
    left: Money,
}

/// How many awards are looked at: the best so many of those that can still be taken.
const MOST_AWARDS: usize = 200;
/// So many deals are read at once.
const AT_ONCE: u8 = 100;
/// So often is read at most, however few of the deals are awards.
const MOST_READS: usize = 10;
/// What all their plans may try together: as much as so many of the hardest.
const HARDEST_PLANS: u32 = 10;

/// Shows where the caller's balances can take them
///
/// Of the 200 best awards that can still be taken, among the 1,000 best live deals, those that the balances pay for, sorted by
/// `left`, the most first: what all the caller's points are worth afterwards, at the caller's valuations, less fees. What would
/// take too long to plan is left out.
#[utoipa::path(
    get,
    path = "/v1/me/reach",
    tag = "value",
    params(PageParams),
    responses((status = 200, body = Paged<Reachable>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_reach(State(cx): State<Deps>, caller: Caller, page: Page) -> Reply<Paged<Reachable>> {
    let (balances, _) = wallet::balances(&cx, &caller.owner).await?;
    let (valuations, _) = wallet::valuations(&cx, &caller.owner).await?;
    let (terms, mut effort) = (Terms::shipped(cx.now()), Effort::of_plans(HARDEST_PLANS));
    let before = balances.worth(&valuations, terms.day());
    let before = before.map_err(|error| Failure::Conflict("out-of-range", error.to_string()))?;
    let deals = open_awards(&cx, &caller).await?;
    let paid_for = deals.iter().filter_map(|deal| {
        let Fare::Award { programme, points, .. } = &deal.flight().fare else { return None };
        let plan = plan_within(&mut effort, programme, *points, &balances, &valuations, &terms).ok()?;
        Some(Reachable::of(deal, plan, before))
    });
    let ranked = after(paid_for.flatten().collect(), page.after.as_deref(), page.limit);
    Ok(Answer::ok(page.answer(&cx, ranked, |reachable| reachable)?))
}

/// The best awards that can still be taken, as many as are looked at.
async fn open_awards(cx: &Deps, caller: &Caller) -> Result<Vec<Deal>, Failure> {
    let (mut awards, mut from) = (Vec::new(), None);
    for _ in 0..MOST_READS {
        let Listed { items, next } = cx.store().ranked_deals(caller.tenant(), AT_ONCE, from.as_deref()).await?;
        awards.extend(items.into_iter().filter(|deal| is_award(deal) && deal.is_open(cx.now())));
        from = next;
        if from.is_none() || awards.len() >= MOST_AWARDS {
            break;
        }
    }
    awards.truncate(MOST_AWARDS);
    Ok(awards)
}

fn is_award(deal: &Deal) -> bool {
    match deal.flight().fare {
        Fare::Award { .. } => true,
        Fare::Cash { .. } => false,
    }
}

/// The page after a place: the rank of the last that was shown, so that what comes and goes meanwhile moves nothing else.
fn after(mut ranked: Vec<Reachable>, place: Option<&str>, limit: u8) -> Listed<Reachable> {
    ranked.sort_by_key(Reachable::rank);
    let shown = place.and_then(|place| {
        let (given_up, deal) = place.split_once(' ')?;
        Some((given_up.parse::<i128>().ok()?, deal.parse::<DealId>().ok()?))
    });
    ranked.retain(|reachable| shown.is_none_or(|shown| reachable.rank() > shown));
    let more = ranked.len() > usize::from(limit);
    ranked.truncate(limit.into());
    let last = ranked.last().filter(|_| more).map(Reachable::rank);
    Listed { items: ranked, next: last.map(|(given_up, deal)| format!("{given_up} {deal}")) }
}

impl Reachable {
    /// A deal by its plan, for a member whose points are worth so much before.
    fn of(deal: &Deal, plan: FundingPlan, before: Money) -> Option<Self> {
        let flight = deal.flight();
        Some(Self {
            deal: deal.id,
            from: flight.origin,
            to: flight.destination,
            departs: flight.departs,
            cabin: flight.cabin,
            cents_per_point: deal.cents_per_point(),
            left: before.minus(plan.given_up).ok()?,
            plan,
        })
    }

    /// What is given up, in cents: the less, the more is left. Then the id.
    fn rank(&self) -> (i128, DealId) {
        (self.plan.given_up.minor(), self.deal)
    }
}
