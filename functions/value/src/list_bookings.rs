//! `GET /v1/me/bookings`

use axum::extract::State;
use domain::{booking::Booking, identity::Role};
use platform::{Answer, Caller, Deps, Endpoint, Page, PageParams, Paged, Problems, Reply};
use storage::Entity;
use utoipa_axum::routes;

use crate::booking_view::BookingView;

/// Lists the caller's bookings.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Member, "value-list-bookings", || routes!(list_bookings)).may(&[Booking::READ]);

/// Lists the caller's bookings
///
/// Those that are over too, in the order of their ids.
#[utoipa::path(
    get,
    path = "/v1/me/bookings",
    tag = "value",
    params(PageParams),
    responses((status = 200, body = Paged<BookingView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_bookings(State(cx): State<Deps>, caller: Caller, page: Page) -> Reply<Paged<BookingView>> {
    let bookings = cx.store().bookings_of(&caller.owner, page.limit, page.after.as_deref()).await?;
    Ok(Answer::ok(page.answer(&cx, bookings, |booking| BookingView::from(&booking))?))
}
