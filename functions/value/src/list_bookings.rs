//! `GET /v1/me/bookings`

use axum::extract::State;
use domain::{booking::Booking, deals::Deal, identity::Role};
use jiff::Timestamp;
use platform::{Answer, Caller, Deps, Endpoint, Failure, Page, PageParams, Paged, Problems, Reply};
use storage::{Entity, Listed};
use utoipa_axum::routes;

use crate::booking_view::BookingView;

/// Lists the caller's bookings.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Member, "value-list-bookings", || routes!(list_bookings)).may(&[Booking::READ, Deal::READ]);

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
    let Listed { items, next } = cx.store().bookings_of(&caller.owner, page.limit, page.after.as_deref()).await?;
    let mut shown = Vec::with_capacity(items.len());
    for booking in &items {
        shown.push(BookingView::of(booking, may_transfer_until(&cx, &caller, booking).await?));
    }
    Ok(Answer::ok(page.answer(&cx, Listed { items: shown, next }, |view| view)?))
}

/// Until when points may be transferred for a booking. Its deal is read only where a look can still be relied on: of few.
async fn may_transfer_until(cx: &Deps, caller: &Caller, booking: &Booking) -> Result<Option<Timestamp>, Failure> {
    if booking.relied_on_until().is_none_or(|until| until < cx.now()) {
        return Ok(None);
    }
    let deal = cx.store().deal(caller.tenant(), booking.deal).await?;
    Ok(deal.and_then(|deal| booking.may_transfer(&deal, cx.now()).ok()))
}
