//! `POST /v1/me/bookings/{id}/abandon`

use axum::extract::State;
use domain::{booking::Booking, events::BookingAbandoned, identity::Role, ids::BookingId, wallets::Wallet};
use platform::{Deps, Endpoint, IfMatch, Instruction, PathId, Problems, Reply};
use storage::{Change, Entity, Grant};
use utoipa_axum::routes;

use crate::booking_view::{BookingView, booking_of, hold, moved_on, refusal};

/// Gives bookings up.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-abandon-booking", || routes!(abandon_booking)).may(&[
    Booking::READ,
    Booking::WRITE,
    Wallet::READ,
    Wallet::WRITE,
    Grant::Emit("BookingAbandoned"),
]);

/// Gives a booking up
///
/// It can begin anew. If points were on their way, it does so with them on their way: nobody is told to transfer them again.
/// Until then they are there for anything else: if another booking takes any of them, they are not there for this one again.
#[utoipa::path(
    post,
    path = "/v1/me/bookings/{id}/abandon",
    tag = "value",
    params(
        ("id" = BookingId, Path, description = "The booking"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    responses((status = 200, body = BookingView), Problems)
)]
async fn abandon_booking(
    State(cx): State<Deps>,
    PathId(id): PathId<BookingId>,
    if_match: IfMatch,
    asked: Instruction,
) -> Reply<BookingView> {
    let booking = booking_of(&cx, &asked.caller, id, if_match).await?;
    let mut wallet = cx.store().wallet(&booking.owner).await?.filter(|wallet| wallet.holds_for(booking.id));
    // What it asked less, and another booking has taken since, is not there for it again.
    let mut booking = booking.left_with(wallet.as_ref().is_some_and(|wallet| wallet.is_left_for(id)));
    booking.abandon(cx.now()).map_err(refusal)?;
    let tell = |change: Change, booking: &Booking| {
        let change = hold(change, &mut wallet, booking, cx.now());
        let owner = &booking.owner;
        let told =
            BookingAbandoned { tenant: owner.tenant.clone(), member: owner.member, booking: booking.id, deal: booking.deal };
        cx.emit(change, &told)
    };
    moved_on(&cx, &asked.request, booking, None, if_match, tell).await
}
