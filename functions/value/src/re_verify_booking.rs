//! `POST /v1/me/bookings/{id}/re-verify`

use axum::extract::State;
use domain::{
    booking::{Booking, Look, Seen},
    deals::Deal,
    identity::Role,
    ids::BookingId,
    inputs::{Fields, Input},
    tables,
    wallets::Wallet,
};
use jiff::Timestamp;
use platform::{Deps, Endpoint, Failure, IfMatch, Instruction, PathId, Problems, Reply};
use storage::{Change, Entity};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::booking_view::{BookingView, booking_of, hold, moved_on, refusal};

/// Takes in that an award was looked at again.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-re-verify-booking", || routes!(re_verify_booking))
    .may(&[Booking::READ, Booking::WRITE, Deal::READ, Wallet::READ, Wallet::WRITE])
    .goes_by(&[tables::transfers]);

/// What the caller sees: prices are those of one traveller.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"seen": {"points": 40_000, "taxes": {"amount": "44.00", "currency": "USD"}, "seats": 2}}))]
pub struct ReVerifyBooking {
    /// With the programme itself, now. Without it, what a source saw counts, if it looked itself, minutes ago and since the
    /// booking was begun.
    seen: Option<Seen>,
    /// Until when the programme holds it for the caller, if it is one of which a source says that it holds awards; null, if it does
    /// not. Without it, a hold that was told before lasts, where the price is still the one at which it was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    held_until: Option<Option<Timestamp>>,
}

impl Input for ReVerifyBooking {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Look::read(fields).map(|Look { seen, hold }| Self { seen, held_until: hold })
    }
}

/// Says that the award is still there
///
/// What has changed is told; for ten minutes points may be transferred, or until ten minutes before a hold ends. Without seats for
/// all who travel they may not. Of what was
/// transferred for it, what the award asks less by now is there for anything else; if it asks that again, and no other booking has
/// taken of it, it is held again. Without a body, too, what a source saw counts; what one has merely cached (`only-cached`), or saw
/// before the booking was begun (`seen-before-start`), does not.
#[utoipa::path(
    post,
    path = "/v1/me/bookings/{id}/re-verify",
    tag = "value",
    params(
        ("id" = BookingId, Path, description = "The booking"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = Option<ReVerifyBooking>,
    responses((status = 200, body = BookingView), Problems)
)]
async fn re_verify_booking(
    State(cx): State<Deps>,
    PathId(id): PathId<BookingId>,
    if_match: IfMatch,
    asked: Instruction<ReVerifyBooking>,
) -> Reply<BookingView> {
    let booking = booking_of(&cx, &asked.caller, id, if_match).await?;
    let wallet = match booking.sent {
        Some(_) => cx.store().wallet(&booking.owner).await?,
        None => None,
    };
    // What it asked less, and another booking has taken since, is not there for it again.
    let mut booking = booking.left_with(wallet.as_ref().is_some_and(|wallet| wallet.is_left_for(id)));
    let held = booking.held().map(|held| held.points);
    let deal = cx.store().deal(asked.caller.tenant(), booking.deal).await?.ok_or(Failure::NotFound("deal"))?;
    let ReVerifyBooking { seen, held_until } = asked.input;
    let now = cx.now();
    booking.verify(&deal, Look { seen, hold: held_until }, now).map_err(refusal)?;
    let may_transfer_until = booking.may_transfer(&deal, now).ok();
    let mut wallet = wallet.filter(|_| booking.held().map(|held| held.points) != held);
    let tell = |change: Change, booking: &Booking| hold(change, &mut wallet, booking, now);
    moved_on(&cx, &asked.request, booking, may_transfer_until, if_match, tell).await
}
