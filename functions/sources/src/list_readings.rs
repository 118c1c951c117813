//! `GET /v1/admin/raw-answers/readings`

use std::collections::BTreeMap;

use axum::{extract::State, http::request::Parts};
use domain::{flights::Untrusted, identity::Role};
use jiff::Timestamp;
use platform::{Answer, Deps, Endpoint, Failure, Page, PageParams, Paged, Problems, Reply, signature::CURSOR_KEY};
use providers::sources::source;
use serde::Serialize;
use storage::{Entity, Grant, Listed, RawAnswer, RawPart};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::list_raw_answers::Filter;

/// Reads again what a source answered. A body can be 10 MiB long, and is that twice while it is read.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Operator, "sources-list-readings", || routes!(list_readings))
    .memory(512)
    .may(&[RawAnswer::READ, RawPart::READ, Grant::Know(CURSOR_KEY)]);

/// What the parser of today makes of an answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadingView {
    /// When the answer came.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The SHA-256 of the request.
    request: String,
    /// Whether its body is kept: without it nothing can be read.
    kept: bool,
    /// Offers that are trusted, whatever was asked for.
    offers: usize,
    /// Offers that are set aside, by reason.
    #[schema(value_type = BTreeMap<String, usize>)]
    set_aside: BTreeMap<Untrusted, usize>,
    /// Why it can't be read, or what error it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

/// Reads again what a source answered to a search
///
/// By the parser of today: what a mended one makes of answers that are at most 30 days old. In the order of time, a page at a time. The
/// day's report under `/v1/admin/providers/quality` tells what was made of them when they came.
#[utoipa::path(
    get,
    path = "/v1/admin/raw-answers/readings",
    tag = "sources",
    params(PageParams, Filter),
    responses(
        (status = 200, body = Paged<ReadingView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems
    )
)]
async fn list_readings(State(cx): State<Deps>, page: Result<Page, Failure>, parts: Parts) -> Reply<Paged<ReadingView>> {
    let (page, filter) = Page::of_what(page, Filter::read(&parts))?;
    let Listed { items, next } = cx.store().raw_answers(filter.which(), page.limit, page.after.as_deref()).await?;
    let mut readings = Vec::with_capacity(items.len());
    // One body at a time: all of a page could be more than there is memory.
    for raw in items {
        readings.push(read(&cx, raw).await?);
    }
    Ok(Answer::ok(page.answer(&cx, Listed { items: readings, next }, |reading| reading)?))
}

async fn read(cx: &Deps, raw: RawAnswer) -> Result<ReadingView, Failure> {
    let body = cx.store().raw_body(&raw).await?;
    let source = source(raw.source.as_str()).ok_or(Failure::NotFound("source"))?;
    let read = body.as_ref().map(|body| source.reread(&raw.operation, raw.status, body, raw.at));
    let (tally, error) = match read {
        Some(Ok(normalised)) => (normalised.tally(), None),
        Some(Err(error)) => (Default::default(), Some(error.name())),
        None => (Default::default(), None),
    };
    let (offers, set_aside) = tally;
    Ok(ReadingView { at: raw.at, request: raw.request, kept: body.is_some(), offers, set_aside, error })
}
