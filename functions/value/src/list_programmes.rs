//! `GET /v1/programmes`

use axum::extract::State;
use domain::{
    identity::Role,
    money::ProgrammeId,
    programmes::{Kind, Programme, programmes},
    tables,
    time::day_of,
    value::Yardstick,
};
use jiff::civil::Date;
use platform::{Answer, Deps, Endpoint, Page, PageParams, Paged, Problems, Reply};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::page_of;

/// Lists loyalty programmes.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Member, "value-list-programmes", || routes!(list_programmes)).goes_by(&[tables::values]);

/// A loyalty programme.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgrammeView {
    /// What it goes by in all that is asked here.
    id: &'static ProgrammeId,
    /// What it is called.
    name: &'static str,
    /// Whose it is.
    kind: Kind,
    /// What its points are usually worth, by what is published; none, where nothing is.
    usual: Option<Yardstick>,
}

impl ProgrammeView {
    fn of(Programme { id, name, kind }: &'static Programme, today: Date) -> Self {
        Self { id, name, kind: *kind, usual: Yardstick::of(id, None, today) }
    }
}

/// Lists loyalty programmes
///
/// All whose points are known here, with what they are called and what is published of their worth: that counts for who says nothing
/// else (`PUT /v1/me/valuations`). In the order of their ids.
#[utoipa::path(
    get,
    path = "/v1/programmes",
    tag = "value",
    params(PageParams),
    responses((status = 200, body = Paged<ProgrammeView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_programmes(State(cx): State<Deps>, page: Page) -> Reply<Paged<ProgrammeView>> {
    let today = day_of(cx.now());
    Ok(Answer::ok(page.answer(&cx, page_of(&page, programmes()), |programme| ProgrammeView::of(programme, today))?))
}
