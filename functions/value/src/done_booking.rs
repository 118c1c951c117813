//! `POST /v1/me/bookings/{id}/done`

use axum::extract::State;
use domain::{booking::Booking, events::BookingDone, identity::Role, ids::BookingId, wallets::Wallet};
use platform::{Deps, Endpoint, IfMatch, Instruction, PathId, Problems, Reply, wallet::Purse};
use storage::{Change, Entity, Grant, MemberKey};
use utoipa_axum::routes;

use crate::booking_view::{BookingView, booking_of, moved_on, refusal};

/// Takes in that an award is booked.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-done-booking", || routes!(done_booking)).may(&[
    Booking::READ,
    Booking::WRITE,
    MemberKey::READ,
    Wallet::READ,
    Wallet::WRITE,
    Grant::UseKeys,
    Grant::Emit("BookingDone"),
]);

/// Says that it is booked
///
/// After a transfer, or with points that were there. Refused if the award had no seat when it was last looked at (`no-seats`), or
/// fewer than travel (`too-few-seats`), and, unless points were transferred, if the caller has said that there are too few with
/// the programme itself (`too-few-points-there`). What it takes is taken off the caller's balances, as far as it is there: say
/// what is left after this.
#[utoipa::path(
    post,
    path = "/v1/me/bookings/{id}/done",
    tag = "value",
    params(
        ("id" = BookingId, Path, description = "The booking"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    responses((status = 200, body = BookingView), Problems)
)]
async fn done_booking(
    State(cx): State<Deps>,
    PathId(id): PathId<BookingId>,
    if_match: IfMatch,
    asked: Instruction,
) -> Reply<BookingView> {
    let mut booking = booking_of(&cx, &asked.caller, id, if_match).await?;
    let purse = Purse::of(&cx, &asked.caller.owner).await?;
    let free = purse.free(Some(booking.id), cx.now());
    let there = purse.said_at().map(|_| free.of(&booking.programme));
    booking.done(there, cx.now()).map_err(refusal)?;
    let spent = purse.balances().clone().less(&booking.programme, booking.needed().get());
    let mut wallet = match purse.version() {
        0 => None,
        _ => Some(purse.moved(&cx, &booking, Ok(spent)).await?),
    };
    let tell = |change: Change, booking: &Booking| {
        let change = wallet.iter_mut().fold(change, |change, wallet| change.save(wallet));
        let owner = &booking.owner;
        let told = BookingDone { tenant: owner.tenant.clone(), member: owner.member, booking: booking.id, deal: booking.deal };
        cx.emit(change, &told)
    };
    moved_on(&cx, &asked.request, booking, None, if_match, tell).await
}
