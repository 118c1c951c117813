//! `GET /v1/admin/raw-answers`

use axum::{extract::State, http::request::Parts};
use domain::{faults::Faults, flights::SourceId, identity::Role};
use jiff::{Timestamp, civil::Date};
use platform::{Answer, Deps, Endpoint, Failure, Page, PageParams, Paged, Problems, Reply, query::Asked, signature::CURSOR_KEY};
use providers::raw::is_kept;
use serde::Serialize;
use storage::{Entity, Grant, RawAnswer};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Lists what a source answered.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Operator, "sources-list-raw-answers", || routes!(list_raw_answers))
    .may(&[RawAnswer::READ, Grant::Know(CURSOR_KEY)]);

/// Which answers.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Which source.
    #[param(value_type = String, example = "duffel")]
    source: SourceId,
    /// To which of its searches.
    #[param(example = "offer-requests")]
    operation: String,
    /// Which day, by UTC.
    #[param(value_type = String, format = Date)]
    day: Date,
}

impl Filter {
    pub(crate) fn read(parts: &Parts) -> Result<Self, Faults> {
        let mut asked = Asked::of(parts);
        let (source, operation, day) =
            (asked.required::<SourceId>("source"), asked.required::<String>("operation"), asked.required("day"));
        if let (Some(source), Some(operation)) = (&source, &operation) {
            let known = is_kept(source.as_str(), operation);
            asked.that(known, "/operation", "unknown", "not a search of this source whose answers are kept");
        }
        asked.done(source.zip(operation).zip(day).map(|((source, operation), day)| Self { source, operation, day }))
    }

    pub(crate) fn which(&self) -> (&SourceId, &str, Date) {
        (&self.source, &self.operation, self.day)
    }
}

/// An answer, without its body.
#[derive(Debug, Serialize, ToSchema)]
pub struct RawAnswerView {
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The SHA-256 of the request: the same question has the same.
    request: String,
    /// Its status.
    status: u16,
    /// How long its body is, in bytes.
    bytes: u64,
    /// Whether the body is kept: not if it is too long.
    kept: bool,
}

/// Lists what a source answered to a search
///
/// On one day, in the order of time. The bodies are kept for 30 days, and are read again by the parser of today.
#[utoipa::path(
    get,
    path = "/v1/admin/raw-answers",
    tag = "sources",
    params(PageParams, Filter),
    responses(
        (status = 200, body = Paged<RawAnswerView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems
    )
)]
async fn list_raw_answers(State(cx): State<Deps>, page: Result<Page, Failure>, parts: Parts) -> Reply<Paged<RawAnswerView>> {
    let (page, filter) = Page::of_what(page, Filter::read(&parts))?;
    let listed = cx.store().raw_answers(filter.which(), page.limit, page.after.as_deref()).await?;
    let show =
        |RawAnswer { at, request, status, bytes, parts, .. }| RawAnswerView { at, request, status, bytes, kept: parts > 0 };
    Ok(Answer::ok(page.answer(&cx, listed, show)?))
}
