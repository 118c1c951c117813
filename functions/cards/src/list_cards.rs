//! `GET /v1/cards`

use axum::{extract::State, http::request::Parts};
use domain::{
    cards::{Card, CardKind, Catalogue, IssuerId},
    faults::Faults,
    identity::Role,
    money::ProgrammeId,
    programmes::name_of,
    tables,
};
use platform::{Answer, Caller, Deps, Endpoint, Failure, Page, PageParams, Paged, Problems, Reply, query::Asked};
use storage::Listed;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::card_view::CardView;

/// Lists the catalogue of cards.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "cards-list-cards", || routes!(list_cards)).goes_by(&[tables::cards]);

/// The catalogue changes with a release only.
const KEPT: &str = "private, max-age=3600";

/// Which cards.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
struct Filter {
    /// Of this issuer.
    #[param(value_type = Option<String>, example = "chase")]
    issuer: Option<IssuerId>,
    /// That earn points of this programme.
    #[param(value_type = Option<String>, example = "chase-ur")]
    programme: Option<ProgrammeId>,
    /// For people, or for businesses.
    kind: Option<CardKind>,
    /// That cost at most so many whole US dollars a year. Cards of which that is not known are left out.
    max_fee: Option<u32>,
}

impl Filter {
    fn read(parts: &Parts) -> Result<Self, Faults> {
        let mut asked = Asked::of(parts);
        let (issuer, programme) = (asked.given::<IssuerId>("issuer"), asked.given::<ProgrammeId>("programme"));
        let issued = issuer.as_ref().is_none_or(|issuer| Catalogue::shipped().has_issuer(issuer));
        asked.that(issued, "/issuer", "unknown", "the catalogue has no such issuer");
        let named = programme.as_ref().is_none_or(|programme| name_of(programme).is_some());
        asked.that(named, "/programme", "unknown", "there is no such programme");
        let (kind, max_fee) = (asked.given("kind"), asked.given("maxFee"));
        asked.done(Some(Self { issuer, programme, kind, max_fee }))
    }

    fn admits(&self, card: &Card) -> bool {
        let cheap = |most: u32| card.annual_fee.is_some_and(|fee| fee.amount() <= most.into());
        self.issuer.as_ref().is_none_or(|issuer| *issuer == card.issuer)
            && self.programme.as_ref().is_none_or(|programme| *programme == card.programme)
            && self.kind.is_none_or(|kind| kind == card.kind)
            && self.max_fee.is_none_or(cheap)
    }
}

/// Lists the catalogue of cards
///
/// By their ids. Each says where its facts stand, and when they were read; what no source says is null.
#[utoipa::path(
    get,
    path = "/v1/cards",
    tag = "cards",
    params(PageParams, Filter),
    responses((status = 200, body = Paged<CardView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_cards(State(cx): State<Deps>, _: Caller, page: Result<Page, Failure>, parts: Parts) -> Reply<Paged<CardView>> {
    let (page, filter) = Page::of_what(page, Filter::read(&parts))?;
    let after = |card: &&Card| page.after.as_deref().is_none_or(|after| card.id.as_str() > after);
    let mut cards = Catalogue::shipped().cards().filter(after).filter(|card| filter.admits(card));
    let items: Vec<&Card> = cards.by_ref().take(page.limit.into()).collect();
    let next = cards.next().and(items.last()).map(|last| last.id.to_string());
    Ok(Answer::ok(page.answer(&cx, Listed { items, next }, CardView::from)?).cache(KEPT))
}
