//! `GET /v1/admin/providers/quality`

use std::collections::BTreeMap;

use axum::{extract::State, http::request::Parts};
use domain::{
    faults::Faults,
    flights::{SourceId, Untrusted},
    identity::Role,
    quality::Report,
};
use jiff::civil::Date;
use platform::{Answer, Deps, Endpoint, Problems, Reply, query::Asked};
use providers::sources::{self, NO_SUCH_SOURCE};
use serde::Serialize;
use storage::{Entity, QualityCount};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Shows how good a source's answers were on a day.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Operator, "sources-get-quality", || routes!(get_quality)).may(&[QualityCount::READ]);

/// Of which source, and when.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes parameters and is never built")]
struct Wanted {
    /// Which source.
    #[param(value_type = String, example = "duffel")]
    source: SourceId,
    /// Which day, by UTC.
    #[param(value_type = String, format = Date)]
    day: Date,
}

/// A source's day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QualityView {
    source: SourceId,
    /// By UTC.
    #[schema(value_type = String, format = Date)]
    day: Date,
    answers: AnswersView,
    /// Calls made for them, repeated ones included.
    calls: u64,
    /// Offers that are trusted.
    offers: u64,
    /// Offers that were set aside, by reason.
    #[schema(value_type = BTreeMap<String, u64>)]
    set_aside: BTreeMap<Untrusted, u64>,
    /// How many of a thousand offers that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_aside_per_thousand: Option<u64>,
    /// Why answers broke off, and how many.
    errors: BTreeMap<String, u64>,
}

/// How answers ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswersView {
    /// With all that the source has.
    complete: u64,
    /// With a part of it.
    partial: u64,
    /// With nothing.
    failed: u64,
}

fn asked(parts: &Parts) -> Result<(SourceId, Date), Faults> {
    let mut asked = Asked::of(parts);
    let (source, day) = (asked.required::<SourceId>("source"), asked.required("day"));
    let is_known = |source: &SourceId| sources::source(source.as_str()).is_some();
    asked.that(source.as_ref().is_none_or(is_known), "/source", "unknown", NO_SUCH_SOURCE);
    asked.done(source.zip(day))
}

/// Shows how good a source's answers were on a day
///
/// Each answer counts once, on the day on which it was asked for, by UTC. Days are kept for 90 days.
#[utoipa::path(
    get,
    path = "/v1/admin/providers/quality",
    tag = "sources",
    params(Wanted),
    responses((status = 200, body = QualityView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_quality(State(cx): State<Deps>, parts: Parts) -> Reply<QualityView> {
    let (source, day) = asked(&parts)?;
    let report = cx.store().quality_of(&source, day).await?;
    let set_aside_per_thousand = report.set_aside_per_thousand();
    let Report { complete, partial, failed, calls, offers, set_aside, errors } = report;
    let answers = AnswersView { complete, partial, failed };
    Ok(Answer::ok(QualityView { source, day, answers, calls, offers, set_aside, set_aside_per_thousand, errors }))
}
