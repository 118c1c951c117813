//! `POST /v1/me/bookings/{id}/re-verify`

use axum::extract::State;
use domain::{
    booking::{Booking, Look, Seen},
    deals::Deal,
    identity::Role,
    ids::BookingId,
    inputs::{Fields, Input},
    tables,
};
use jiff::Timestamp;
use platform::{Deps, Endpoint, Failure, IfMatch, Instruction, PathId, Problems, Reply};
use storage::Entity;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::booking_view::{BookingView, booking_of, moved_on, refusal};

/// Takes in that an award was looked at again.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-re-verify-booking", || routes!(re_verify_booking))
    .may(&[Booking::READ, Booking::WRITE, Deal::READ])
    .goes_by(&[tables::transfers]);

/// What the caller sees: prices are those of one traveller.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"seen": {"points": 40_000, "taxes": {"amount": "44.00", "currency": "USD"}, "seats": 2}}))]
pub struct ReVerifyBooking {
    /// With the programme itself, now. Without it, what a source saw counts, if it looked itself, minutes ago and since the
    /// booking was begun.
    seen: Option<Seen>,
    /// Until when the programme holds it for the caller, if it is one of which a source says that it holds awards.
    #[schema(value_type = Option<String>, format = DateTime)]
    held_until: Option<Timestamp>,
}

impl Input for ReVerifyBooking {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Look::read(fields).map(|Look { seen, held_until }| Self { seen, held_until })
    }
}

/// Says that the award is still there
///
/// What has changed is told; for ten minutes points may be transferred. Without seats for all who travel they may not. Without a
/// body, too, what a source saw counts; what one has merely cached (`only-cached`), or saw before the booking was begun
/// (`seen-before-start`), does not.
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
    let mut booking = booking_of(&cx, &asked.caller, id, if_match).await?;
    let deal = cx.store().deal(asked.caller.tenant(), booking.deal).await?.ok_or(Failure::NotFound("deal"))?;
    let ReVerifyBooking { seen, held_until } = asked.input;
    let now = cx.now();
    booking.verify(&deal, Look { seen, held_until }, now).map_err(refusal)?;
    let may_transfer_until = booking.may_transfer(&deal, now).ok();
    moved_on(&cx, &asked.request, booking, may_transfer_until, if_match, |change, _| change).await
}
