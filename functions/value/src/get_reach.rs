//! `GET /v1/me/reach`

use std::collections::BTreeMap;

use axum::{extract::State, http::request::Parts};
use domain::{
    deals::Deal,
    faults::Faults,
    flights::{Cabin, Fare, Freshness},
    funding::{Balances, Effort, FundingPlan, Terms, can_reach, plan_within},
    identity::Role,
    ids::DealId,
    money::{Currency, Money},
    places::Airport,
    rates::{DayRates, Rates},
    reach::{Rank, Spent},
    tables,
    value::{Valuation, Valuations},
    wallets::{OwnValuations, Wallet},
};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
};
use platform::{
    Answer, Caller, Deps, Endpoint, Failure, Page, PageParams, Paged, Problems, Reply,
    query::Asked,
    wallet::{self, Purse},
};
use serde::Serialize;
use storage::{Entity, Grant, Listed, MemberKey};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Shows where a member's balances can take them.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-get-reach", || routes!(get_reach))
    .may(&[DayRates::READ, Deal::READ, MemberKey::READ, OwnValuations::READ, Wallet::READ, Grant::UseKeys])
    .goes_by(&[tables::values, tables::transfers]);

/// To where.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct Where {
    /// To this airport alone, and then every flight there that the balances pay for. Without it the best one to each airport.
    #[param(value_type = Option<String>, example = "DXB")]
    to: Option<Airport>,
}

impl Where {
    fn read(parts: &Parts) -> Result<Self, Faults> {
        let mut asked = Asked::of(parts);
        let to = asked.given("to");
        asked.done(Some(Self { to }))
    }
}

/// A place that the caller's points lead to, by a live deal that they pay for.
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
    /// Who offers it, and how far that can be relied on: a find is no promise.
    freshness: Freshness,
    /// Whether the latest look at it that is kept is older than half of such finds last: look again before you count on it.
    stale: bool,
    /// What it still costs in money. Null: not known.
    taxes: Option<Money>,
    /// What its points are worth there, against the caller's own valuation or else the published ones.
    valuation: Option<Valuation>,
    /// How it is paid for: what it gives up, and what is left over.
    plan: FundingPlan,
    /// What is left: the worth of all the caller's points afterwards, at the caller's valuations, less the fees of the transfers
    /// and the taxes of the award. Null: its taxes are not known, or can't be converted.
    left: Option<Money>,
    /// How many of the awards that were looked at lead there and are paid for, this one included: `to` lists them.
    ways: usize,
    /// Its place among the others.
    #[serde(skip)]
    rank: Rank,
}

/// How many awards are planned for: the best so many of those that can still be taken, and for which the balances could do.
const MOST_AWARDS: usize = 200;
/// So many deals are read at once.
const AT_ONCE: u8 = 100;
/// So often is read at most, however few of the deals are awards.
const MOST_READS: usize = 10;
/// What all their plans may try together: as much as so many of the hardest.
const HARDEST_PLANS: u32 = 4;

/// Shows where the caller's balances can take them
///
/// The places to which one of the 200 best awards leads that can still be taken and that the balances pay for, among the 1,000 best
/// live deals; each once, by the best of its awards, or all awards to one place (`to`). First come those on which points are spent for what they are usually worth or more, then those of which that is not known, or not what
/// they still cost, and last those with the verdict `poor`; each sorted by `left`, the most first: what all the caller's points
/// are worth afterwards, at the caller's valuations, less fees and taxes. What was looked at longer ago than half of such finds last
/// is marked as stale, as it is among the deals. What would take too long to plan is left out.
#[utoipa::path(
    get,
    path = "/v1/me/reach",
    tag = "value",
    params(PageParams, Where),
    responses((status = 200, body = Paged<Reachable>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_reach(State(cx): State<Deps>, caller: Caller, page: Result<Page, Failure>, parts: Parts) -> Reply<Paged<Reachable>> {
    let (page, Where { to }) = Page::of_what(page, Where::read(&parts))?;
    let balances = Purse::of(&cx, &caller.owner).await?.free(None, cx.now());
    let (valuations, _) = wallet::valuations(&cx, &caller.owner).await?;
    let (terms, mut effort) = (Terms::shipped(cx.now()), Effort::of_plans(HARDEST_PLANS));
    let before = balances.worth(&valuations, terms.day());
    let before = before.map_err(|error| Failure::Conflict("out-of-range", error.to_string()))?;
    let could_be = |deal: &Deal| to.is_none_or(|to| deal.flight().destination == to) && could_pay(deal, &balances, &terms);
    let deals = open_awards(&cx, &caller, could_be).await?;
    let who = Who { valuations: &valuations, before, rates: &*cx.rates().await?, on: terms.day(), now: cx.now() };
    let paid_for = deals.iter().filter_map(|deal| {
        let Fare::Award { programme, points, taxes } = &deal.flight().fare else { return None };
        let plan = plan_within(&mut effort, programme, *points, &balances, &valuations, &terms).ok()?;
        who.reach(deal, plan, *taxes)
    });
    let places = places(paid_for.collect());
    let wanted = match to {
        Some(_) => places.into_values().flatten().collect(),
        None => places.into_values().filter_map(|ways| ways.into_iter().next()).collect(),
    };
    let ranked = after(wanted, page.after.as_deref(), page.limit);
    Ok(Answer::ok(page.answer(&cx, ranked, |reachable| reachable)?))
}

/// The best awards that can still be taken and that could be wanted, as many as are planned for.
async fn open_awards(cx: &Deps, caller: &Caller, could_be: impl Fn(&Deal) -> bool) -> Result<Vec<Deal>, Failure> {
    let (mut awards, mut from) = (Vec::new(), None);
    for _ in 0..MOST_READS {
        let Listed { items, next } = cx.store().ranked_deals(caller.tenant(), AT_ONCE, from.as_deref()).await?;
        awards.extend(items.into_iter().filter(|deal| deal.is_open(cx.now()) && could_be(deal)));
        from = next;
        if from.is_none() || awards.len() >= MOST_AWARDS {
            break;
        }
    }
    awards.truncate(MOST_AWARDS);
    Ok(awards)
}

/// Whether it is an award, and there are enough points for it, wherever they are.
fn could_pay(deal: &Deal, balances: &Balances, terms: &Terms<'_>) -> bool {
    match &deal.flight().fare {
        Fare::Award { programme, points, .. } => can_reach(programme, *points, balances, terms),
        Fare::Cash { .. } => false,
    }
}

/// By where they lead, the best way to each place first.
fn places(reachable: Vec<Reachable>) -> BTreeMap<Airport, Vec<Reachable>> {
    let mut places: BTreeMap<Airport, Vec<Reachable>> = BTreeMap::new();
    for way in reachable {
        places.entry(way.to).or_default().push(way);
    }
    for ways in places.values_mut() {
        ways.sort_by_key(|way| way.rank);
        let count = ways.len();
        ways.iter_mut().for_each(|way| way.ways = count);
    }
    places
}

/// The page after a place: the rank of the last that was shown, so that what comes and goes meanwhile moves nothing else.
fn after(mut ranked: Vec<Reachable>, place: Option<&str>, limit: u8) -> Listed<Reachable> {
    ranked.sort_by_key(|reachable| reachable.rank);
    let shown: Option<Rank> = place.and_then(|place| place.parse().ok());
    ranked.retain(|reachable| shown.is_none_or(|shown| reachable.rank > shown));
    let more = ranked.len() > usize::from(limit);
    ranked.truncate(limit.into());
    let last = ranked.last().filter(|_| more).map(|last| last.rank);
    Listed { items: ranked, next: last.map(|last| last.to_string()) }
}

/// Who asks, and when.
struct Who<'a> {
    /// What points are worth to them.
    valuations: &'a Valuations,
    /// What all of theirs are worth before.
    before: Money,
    rates: &'a Rates,
    on: Date,
    now: Timestamp,
}

impl Who<'_> {
    /// A deal by its plan; none, where the amounts are such as nobody has.
    fn reach(&self, deal: &Deal, plan: FundingPlan, taxes: Option<Money>) -> Option<Reachable> {
        let flight = deal.flight();
        let valuation = deal.clone().held_against(self.valuations).valuation;
        let in_dollars = taxes.and_then(|taxes| self.rates.convert(taxes, Currency::USD, self.on).ok());
        let points_left = self.before.minus(plan.given_up).ok()?;
        let left = in_dollars.and_then(|taxes| points_left.minus(taxes).ok());
        let spent = Spent::of(valuation.as_ref().and_then(|valuation| valuation.verdict), left);
        let taken = plan.given_up.minor() + in_dollars.map_or(0, Money::minor);
        let (from, to, departs, cabin) = (flight.origin, flight.destination, flight.departs, flight.cabin);
        let (freshness, stale, rank) = (flight.freshness.clone(), deal.is_stale(self.now), Rank { spent, taken, deal: deal.id });
        Some(Reachable { deal: deal.id, from, to, departs, cabin, freshness, stale, taxes, valuation, plan, left, ways: 1, rank })
    }
}
