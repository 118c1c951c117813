//! `GET /v1/me/funding-plan`

use axum::{extract::State, http::request::Parts};
use domain::{
    booking::{Step, steps},
    faults::Faults,
    funding::{FundingError, FundingPlan, Shortfall, Terms, plan},
    identity::{Member, Role},
    money::{Points, ProgrammeId},
    wallets::{OwnValuations, Wallet},
};
use platform::{Answer, Caller, Deps, Endpoint, Problems, Reply, query::Asked};
use serde::Serialize;
use storage::{Entity, Grant, MemberKey};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use crate::wallet;

/// Plans where the points for an award come from.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-get-funding-plan", || routes!(get_funding_plan)).may(&[
    Member::READ,
    MemberKey::READ,
    OwnValuations::READ,
    Wallet::READ,
    Grant::UseKeys,
]);

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
}

/// Plans where the points for an award come from
///
/// From the caller's balances: the transfers that give up the least at the caller's valuations, in whole increments, with fees and the
/// bonuses in force now; or what is missing.
#[utoipa::path(
    get,
    path = "/v1/me/funding-plan",
    tag = "value",
    params(NeedParams),
    responses((status = 200, body = Funding), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_funding_plan(State(cx): State<Deps>, caller: Caller, parts: Parts) -> Reply<Funding> {
    let mut asked = Asked::of(&parts);
    let (programme, points) = (asked.required::<ProgrammeId>("programme"), asked.required::<Points>("points"));
    let (programme, points) = asked.done(programme.zip(points))?;
    let locale = caller.profile(&cx).await?.locale;
    let (balances, _) = wallet::balances(&cx, &caller.owner).await?;
    let (valuations, _) = wallet::valuations(&cx, &caller.owner).await?;
    match plan(&programme, points, &balances, &valuations, &Terms::shipped(cx.now())) {
        Ok(plan) => Ok(Answer::ok(Funding { steps: steps(&plan, None, &locale), plan: Some(plan), shortfall: None })),
        Err(FundingError::Short(shortfall)) => Ok(Answer::ok(Funding { plan: None, steps: vec![], shortfall: Some(shortfall) })),
        Err(error) => Err(fault(&error).into()),
    }
}

fn fault(error: &FundingError) -> Faults {
    let (pointer, code) = match error {
        FundingError::ZeroPoints => ("/points", "zero-points"),
        FundingError::UnknownProgramme => ("/programme", "unknown-programme"),
        FundingError::TooLarge => ("/points", "too-large"),
        FundingError::Short(_) | FundingError::OutOfRange => ("/points", "out-of-range"),
    };
    Faults::one(pointer, code, error.to_string())
}
