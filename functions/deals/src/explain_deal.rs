//! `GET /v1/deals/{id}/explain`

use axum::{extract::State, http::request::Parts};
use domain::{
    deals::{Deal, Score, Weights},
    flights::{Cabin, Fare},
    identity::Role,
    ids::DealId,
    language::Language,
    money::{CentsPerPoint, Money, Points, ProgrammeId},
    rates::Rates,
    search::SearchKey,
    tables,
    time::day_of,
    value::{BreakEven, Unknown, Valuations, Verdict, Yardstick},
};
use platform::{Answer, Caller, Deps, Endpoint, PathId, Problems, Reply, ShownDeal, query::Asked, shown, wallet};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Explains a deal's score and value.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "deals-explain-deal", || routes!(explain_deal))
    .may_also(&[wallet::VALUATIONS, shown::GRANTS])
    .goes_by(&[tables::values]);

/// Why a deal scores as it does.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The deal.
    deal: DealId,
    /// The score that `GET /v1/deals` lists it with, the same for everybody.
    #[serde(flatten)]
    listed: ExplainedScore,
    /// The score by what the caller says that its points are worth, if they say it: a search of theirs lists it with this one.
    own: Option<ExplainedScore>,
    /// How the value came about; none for cash prices.
    value: Option<ValueView>,
}

/// A score and how it comes about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedScore {
    /// In a sentence.
    sentence: String,
    /// 0 to 100.
    score: u8,
    /// Its parts.
    parts: Vec<PartView>,
}

impl ExplainedScore {
    fn of(deal: &Deal) -> Self {
        let weights = Weights::default();
        let score = deal.score(&weights);
        let part = |(name, score, weight)| PartView { name, score, weight, measures: measures(name) };
        Self {
            sentence: score.sentence(&weights),
            score: score.total,
            parts: Score::weighted(&score.parts, &weights).into_iter().map(part).collect(),
        }
    }
}

/// One part of a score.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartView {
    /// Its name.
    #[schema(example = "convenience")]
    name: &'static str,
    /// 0 to 100; unknown parts leave their weight to the others.
    score: Option<u8>,
    /// How much it counts, in percent of all.
    weight: u16,
    /// What it looks at.
    measures: &'static str,
}

/// How an award's value came about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValueView {
    /// The cash price of the same cabin and day, the cheapest known.
    cash_price: Option<Money>,
    /// Another cabin whose price that is, where the same cabin's is not known: the value is a cautious estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_from: Option<Cabin>,
    /// What the award still costs.
    taxes: Option<Money>,
    /// The points it asks.
    points: Points,
    /// Whose points.
    programme: ProgrammeId,
    /// (cash price − taxes) ÷ points × 100.
    cents_per_point: Option<CentsPerPoint>,
    /// Why that is unknown.
    unknown: Option<Unknown>,
    /// What the programme's points are worth to the caller, if they have said so, or else usually, as published and when.
    baseline: Option<Yardstick>,
    /// The verdict.
    verdict: Option<Verdict>,
    /// At which cash price that would turn.
    break_even: Option<BreakEven>,
    /// All of it in a sentence.
    sentence: String,
}

/// Explains a deal's score and value
///
/// In a sentence and in numbers, against the caller's own valuation or else the published ones. Timing depends on who looks, and
/// is unknown here. What a search has shown, and nothing keeps yet, is known by the `searchKey` of its answer, for as long as the
/// answer is shown.
#[utoipa::path(
    get,
    path = "/v1/deals/{id}/explain",
    tag = "deals",
    params(
        ("id" = DealId, Path, description = "The deal"),
        ("searchKey" = Option<SearchKey>, Query, description = "The search that showed it: counts where nothing newer is kept"),
    ),
    responses((status = 200, body = Explanation), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn explain_deal(State(cx): State<Deps>, caller: Caller, PathId(id): PathId<DealId>, parts: Parts) -> Reply<Explanation> {
    let mut asked = Asked::of(&parts);
    let search = asked.given::<SearchKey>("searchKey");
    let search = asked.done(Some(search))?;
    let shown = ShownDeal::of(&cx, caller.tenant(), id, search.as_ref()).await?;
    let own = wallet::valuations(&cx, &caller.owner).await?.0;
    let rates = cx.rates().await?;
    Ok(Answer::ok(explain(&shown.deal, &own, &rates)))
}

fn explain(deal: &Deal, own: &Valuations, rates: &Rates) -> Explanation {
    let to_caller = deal.clone().held_against(own);
    let says_so = match &deal.flight().fare {
        Fare::Award { programme, .. } => own.own(programme).is_some(),
        Fare::Cash { .. } => false,
    };
    Explanation {
        deal: deal.id,
        listed: ExplainedScore::of(deal),
        own: says_so.then(|| ExplainedScore::of(&to_caller)),
        value: value_of(&to_caller, own, rates),
    }
}

fn measures(part: &str) -> &'static str {
    match part {
        "value" => {
            "cents per point against what the points are worth, as published or to you, or the price against the day's others"
        }
        "convenience" => "stops, and duration against the fastest of the day",
        "timing" => "nearness to the days a watcher prefers",
        "reliability" => "who says so, and how long ago",
        _ => "seats left",
    }
}

fn value_of(deal: &Deal, own: &Valuations, rates: &Rates) -> Option<ValueView> {
    let flight = deal.flight();
    let Fare::Award { programme, points, taxes } = &flight.fare else { return None };
    let valuation = deal.valuation.as_ref()?;
    let break_even = deal.break_even(own, rates);
    // As on the day on which it was valued.
    let on = day_of(flight.freshness.observed_at);
    let baseline = valuation.baseline.and_then(|_| Yardstick::of(programme, own.own(programme), on));
    Some(ValueView {
        cash_price: valuation.cash,
        estimated_from: valuation.estimated_from,
        taxes: *taxes,
        points: *points,
        programme: programme.clone(),
        cents_per_point: valuation.cents_per_point,
        unknown: valuation.unknown,
        baseline,
        verdict: valuation.verdict,
        break_even,
        sentence: match (valuation.cents_per_point, valuation.cash, *taxes, valuation.verdict) {
            (Some(cents), Some(cash), Some(taxes), verdict) => {
                let verdict = verdict.map(|verdict| format!(": {}", verdict.as_str())).unwrap_or_default();
                let estimate = valuation.estimated_from.map(|of| format!(" At least: the price is that of {}.", of.as_str()));
                let estimate = estimate.unwrap_or_default();
                let turn = break_even.map(|even| format!(" {even}.")).unwrap_or_default();
                let old =
                    baseline.filter(|baseline| baseline.stale).map_or("", |_| " What it is held against was published long ago.");
                let (cash, taxes) = (Language::English.money(cash), Language::English.money(taxes));
                format!("({cash} − {taxes}) ÷ {points} points = {cents} cents a point{verdict}.{estimate}{turn}{old}")
            }
            _ => valuation.unknown.map_or_else(String::new, |unknown| format!("The value is unknown: {unknown}.")),
        },
    })
}
