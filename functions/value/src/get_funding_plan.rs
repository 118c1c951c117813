//! `GET /v1/me/funding-plan`

use axum::{extract::State, http::request::Parts};
use domain::{
    booking::{Step, steps},
    faults::Faults,
    funding::{FundingError, FundingPlan, Shortfall, Terms, plan},
    identity::{Member, Role},
    language::Language,
    money::{Money, Points, ProgrammeId},
    portals::{Trip, WaysToPay},
    programmes::name_of,
    rates::{DayRates, Dollars},
    tables,
    time::day_of,
    wallets::{OwnValuations, Wallet},
};
use platform::{
    Answer, Caller, Deps, Endpoint, Failure, Problems, Reply,
    query::Asked,
    wallet::{self, Purse},
};
use serde::Serialize;
use storage::{Entity, Grant, MemberKey};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Plans where the points for an award come from.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-get-funding-plan", || routes!(get_funding_plan))
    .may(&[DayRates::READ, Member::READ, MemberKey::READ, OwnValuations::READ, Wallet::READ, Grant::UseKeys])
    .goes_by(&[tables::values, tables::transfers]);

/// What is needed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes parameters and is never built")]
struct NeedParams {
    /// Whose points.
    #[param(value_type = String, example = "hyatt")]
    programme: ProgrammeId,
    /// How many, above 0.
    #[param(minimum = 1, maximum = 1_000_000_000, example = 25_000)]
    points: u64,
    /// What the same costs in money: then the ways to pay for it are compared.
    #[param(example = "563.50USD")]
    cash: Option<String>,
    /// What the award still costs in money.
    #[param(example = "5.60USD")]
    taxes: Option<String>,
}

/// What is needed, as it was asked for.
struct Need {
    programme: ProgrammeId,
    points: Points,
    cash: Option<Money>,
    taxes: Option<Money>,
}

impl Need {
    fn read(parts: &Parts) -> Result<Self, Faults> {
        let mut asked = Asked::of(parts);
        let programme: Option<ProgrammeId> = asked.required("programme");
        let points: Option<Points> = asked.required("points");
        let wrong = [
            (programme.as_ref().is_some_and(|programme| name_of(programme).is_none()), FundingError::UnknownProgramme),
            (points.is_some_and(|points| points.get() == 0), FundingError::ZeroPoints),
        ];
        for (_, error) in wrong.iter().filter(|(applies, _)| *applies) {
            let (pointer, code) = place_of(error);
            asked.that(false, pointer, code, error.to_string());
        }
        let (cash, taxes): (Option<Money>, Option<Money>) = (asked.given("cash"), asked.given("taxes"));
        for (name, money) in [("/cash", cash), ("/taxes", taxes)] {
            asked.that(money.is_none_or(|money| !money.is_negative()), name, "invalid", "must not be below zero");
        }
        let read = programme.zip(points).map(|(programme, points)| Self { programme, points, cash, taxes });
        asked.done(read)
    }
}

/// The plan, or what is missing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Funding {
    /// The plan that gives up the least at the caller's valuations, if it is enough.
    plan: Option<FundingPlan>,
    /// What to do, in order, if there is a plan.
    steps: Vec<Step>,
    /// What is missing, if it is not.
    shortfall: Option<Shortfall>,
    /// The award, the portals of banks and money, compared, if the price in money is given.
    ways: Option<WaysToPay>,
}

/// Plans where the points for an award come from
///
/// From the caller's balances: the transfers that give up the least at the caller's valuations, in whole increments, with fees
/// and the bonuses in force now; or what is missing. With the price in money, what the award, a bank's portal and money give up
/// is compared: the award only if there are enough points and its taxes are given (`noAward` says which of them is missing).
#[utoipa::path(
    get,
    path = "/v1/me/funding-plan",
    tag = "value",
    params(NeedParams),
    responses((status = 200, body = Funding), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_funding_plan(State(cx): State<Deps>, caller: Caller, parts: Parts) -> Reply<Funding> {
    let Need { programme, points, cash, taxes } = Need::read(&parts)?;
    let locale = caller.profile(&cx).await?.locale;
    let balances = Purse::of(&cx, &caller.owner).await?.free(None, cx.now());
    let (valuations, _) = wallet::valuations(&cx, &caller.owner).await?;
    let terms = Terms::shipped(cx.now());
    let planned = plan(&programme, points, &balances, &valuations, &terms);
    let ways = match cash {
        Some(cash) => {
            let (cash, on) = (in_dollars(&cx, "/cash", cash).await?, terms.day());
            let taxes = match taxes {
                Some(taxes) => Some(in_dollars(&cx, "/taxes", taxes).await?),
                None => None,
            };
            let (programme, plan) = (&programme, planned.as_ref());
            let trip = Trip { programme, cash, taxes, plan, balances: &balances, valuations: &valuations, on };
            Some(trip.compared(Language::of(&locale)))
        }
        None => None,
    };
    let (plan, shortfall) = match planned {
        Ok(plan) => (Some(plan), None),
        Err(FundingError::Short(shortfall)) => (None, Some(shortfall)),
        Err(error) => {
            let (pointer, code) = place_of(&error);
            return Err(Faults::one(pointer, code, error.to_string()).into());
        }
    };
    let steps = plan.as_ref().map(|plan| steps(plan, taxes, &locale, cx.now())).unwrap_or_default();
    Ok(Answer::ok(Funding { plan, steps, shortfall, ways }))
}

/// An amount at today's rate.
async fn in_dollars(cx: &Deps, pointer: &'static str, money: Money) -> Result<Dollars, Failure> {
    let converted = cx.rates().await?.in_dollars(money, day_of(cx.now()));
    converted.map_err(|error| Faults::one(pointer, "no-exchange-rate", error.to_string()).into())
}

/// The parameter that an error is about, and its code.
fn place_of(error: &FundingError) -> (&'static str, &'static str) {
    match error {
        FundingError::ZeroPoints => ("/points", "zero-points"),
        FundingError::UnknownProgramme => ("/programme", "unknown-programme"),
        FundingError::TooLarge => ("/points", "too-large"),
        FundingError::Short(_) | FundingError::OutOfRange => ("/points", "out-of-range"),
    }
}
