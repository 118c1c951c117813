//! `POST /v1/me/bookings/{id}/transfer`

use axum::extract::State;
use domain::{
    booking::{Booking, missing},
    deals::Deal,
    funding::{Terms, plan},
    identity::Role,
    ids::BookingId,
    tables,
    value::Valuations,
    wallets::Wallet,
};
use platform::{Deps, Endpoint, Failure, IfMatch, Instruction, PathId, Problems, Reply};
use storage::{Entity, Grant, MemberKey};
use utoipa_axum::routes;

use crate::{
    booking_view::{BookingView, booking_of, moved_on},
    wallet,
};

/// Takes in that points are transferred.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-transfer-booking", || routes!(transfer_booking))
    .may(&[Booking::READ, Booking::WRITE, Deal::READ, MemberKey::READ, Wallet::READ, Grant::UseKeys])
    .goes_by(&[tables::values, tables::transfers]);

/// Confirms that points are transferred
///
/// Refused unless the award was seen within the last ten minutes, no source saw since that it is gone (`award-gone`), asks more
/// points or has fewer seats (`award-changed`), and the caller's balances are enough for it: transfers can't be undone. The caller
/// makes the transfer.
#[utoipa::path(
    post,
    path = "/v1/me/bookings/{id}/transfer",
    tag = "value",
    params(
        ("id" = BookingId, Path, description = "The booking"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    responses((status = 200, body = BookingView), Problems)
)]
async fn transfer_booking(
    State(cx): State<Deps>,
    PathId(id): PathId<BookingId>,
    if_match: IfMatch,
    asked: Instruction,
) -> Reply<BookingView> {
    let mut booking = booking_of(&cx, &asked.caller, id, if_match).await?;
    let deal = cx.store().deal(asked.caller.tenant(), booking.deal).await?.ok_or(Failure::NotFound("deal"))?;
    let (balances, _) = wallet::balances(&cx, &asked.caller.owner).await?;
    // Whether it is enough does not depend on what points are worth.
    let terms = Terms::shipped(cx.now());
    let planned = plan(&booking.programme, booking.seen.points, &balances, &Valuations::default(), &terms);
    let outcome = booking.transfer(&deal, missing(booking.seen.points, &planned), cx.now()).map(|()| None);
    moved_on(&cx, &asked.request, booking, outcome, if_match, |change, _| change).await
}
