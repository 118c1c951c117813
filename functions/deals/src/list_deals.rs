//! `GET /v1/deals`

use axum::{extract::State, http::request::Parts};
use domain::{
    deals::{Deal, Weights},
    faults::Faults,
    flights::{Cabin, Fare},
    identity::Role,
    money::ProgrammeId,
    places::Airport,
    programmes::name_of,
    tables,
};
use platform::{Answer, Caller, Deps, Endpoint, Failure, Page, PageParams, Paged, Problems, Reply, query::Asked, wallet};
use storage::{Entity, Listed};
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::deal_view::DealView;

/// Lists deals.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "deals-list-deals", || routes!(list_deals))
    .may(&[Deal::READ])
    .may_also(&[wallet::VALUATIONS])
    .goes_by(&[tables::values]);

/// Which deals.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
struct Filter {
    /// From this airport.
    #[param(value_type = Option<String>, example = "LAX")]
    from: Option<Airport>,
    /// To this airport.
    #[param(value_type = Option<String>, example = "DXB")]
    to: Option<Airport>,
    /// In this cabin.
    cabin: Option<Cabin>,
    /// For points of this programme.
    #[param(value_type = Option<String>, example = "aadvantage")]
    programme: Option<ProgrammeId>,
    /// With at least this score, 0 to 100.
    min_score: Option<u8>,
}

impl Filter {
    fn read(parts: &Parts) -> Result<Self, Faults> {
        let mut asked = Asked::of(parts);
        let (from, to, cabin) = (asked.given("from"), asked.given("to"), asked.given("cabin"));
        let programme: Option<ProgrammeId> = asked.given("programme");
        let is_one = programme.as_ref().is_none_or(|programme| name_of(programme).is_some());
        asked.that(is_one, "/programme", "unknown-programme", "there is no such programme");
        let min_score = asked.given("minScore");
        asked.that(min_score.is_none_or(|score: u8| score <= 100), "/minScore", "invalid", "not a value of this parameter");
        asked.done(Some(Self { from, to, cabin, programme, min_score }))
    }

    fn admits(&self, deal: &Deal) -> bool {
        let flight = deal.flight();
        let programme = match &flight.fare {
            Fare::Award { programme, .. } => Some(programme),
            Fare::Cash { .. } => None,
        };
        self.from.is_none_or(|from| from == flight.origin)
            && self.to.is_none_or(|to| to == flight.destination)
            && self.cabin.is_none_or(|cabin| cabin == flight.cabin)
            && self.programme.as_ref().is_none_or(|wanted| Some(wanted) == programme)
            && self.min_score.is_none_or(|least| deal.score(&Weights::default()).total >= least)
    }
}

/// How many pages are read to fill one, when filters leave little: a page can come short, and `next` still go on.
const READS: usize = 5;

/// Lists deals
///
/// Live ones, the best first; what was looked at longer ago than half of such finds last is marked as stale. What points are worth
/// is judged by the caller's own valuations or else by the published ones; scores and order are the same for everybody. With
/// filters a page can be short, even empty, while `next` goes on.
#[utoipa::path(
    get,
    path = "/v1/deals",
    tag = "deals",
    params(PageParams, Filter),
    responses((status = 200, body = Paged<DealView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_deals(State(cx): State<Deps>, caller: Caller, page: Result<Page, Failure>, parts: Parts) -> Reply<Paged<DealView>> {
    let (page, filter) = Page::of_what(page, Filter::read(&parts))?;
    let mut found = Listed { items: Vec::new(), next: page.after.clone() };
    for _ in 0..READS {
        let room = page.limit - u8::try_from(found.items.len()).unwrap_or(page.limit);
        let Listed { items, next } = cx.store().ranked_deals(caller.tenant(), room, found.next.as_deref()).await?;
        found.items.extend(items.into_iter().filter(|deal| filter.admits(deal)));
        found.next = next;
        if found.next.is_none() || found.items.len() >= usize::from(page.limit) {
            break;
        }
    }
    let own = wallet::valuations(&cx, &caller.owner).await?.0;
    Ok(Answer::ok(page.answer(&cx, found, |deal| DealView::of(deal, &own, cx.now()))?))
}
