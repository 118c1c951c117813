//! `GET /v1/admin/properties/candidates`

use axum::extract::State;
use domain::{
    identity::Role,
    properties::{Likeness, ListingKey},
};
use jiff::Timestamp;
use platform::{Answer, Deps, Endpoint, Page, PageParams, Paged, Problems, Reply, signature::CURSOR_KEY};
use serde::Serialize;
use storage::{Entity, Grant, MatchCandidate};
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Lists pairs that a human is to decide about.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Operator, "sources-list-candidates", || routes!(list_candidates))
    .may(&[MatchCandidate::READ, Grant::Know(CURSOR_KEY)]);

/// Two listings that may be one house.
#[derive(Debug, Serialize, ToSchema)]
pub struct Candidate {
    one: ListingKey,
    other: ListingKey,
    /// How alike they are, and why.
    likeness: Likeness,
    /// Since when it waits.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// Lists pairs of listings that may be one house
///
/// With how alike they are, and why. One that was joined or split is gone from the list, and does not come again.
#[utoipa::path(
    get,
    path = "/v1/admin/properties/candidates",
    tag = "sources",
    params(PageParams),
    responses((status = 200, body = Paged<Candidate>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_candidates(State(cx): State<Deps>, page: Page) -> Reply<Paged<Candidate>> {
    let listed = cx.store().match_candidates(page.limit, page.after.as_deref()).await?;
    let show = |MatchCandidate { one, other, likeness, since }| Candidate { one, other, likeness, since };
    Ok(Answer::ok(page.answer(&cx, listed, show)?))
}
