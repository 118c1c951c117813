//! `POST /v1/me/bookings/{id}/transfer`

use axum::extract::State;
use domain::{
    booking::Booking,
    deals::Deal,
    funding::{FundingError, FundingPlan, Terms, plan},
    identity::Role,
    ids::BookingId,
    inputs::{Fields, Input, leaf},
    tables,
    value::Valuations,
    wallets::Wallet,
};
use jiff::Timestamp;
use platform::{Caller, Deps, Endpoint, Failure, IfMatch, Instruction, PathId, Problems, Reply};
use storage::{Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    booking_view::{BookingView, booking_of, moved_on},
    wallet,
};

/// Takes in that points are transferred.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-transfer-booking", || routes!(transfer_booking))
    .may(&[Booking::READ, Booking::WRITE, Deal::READ, MemberKey::READ, Wallet::READ, Grant::UseKeys])
    .goes_by(&[tables::values, tables::transfers]);

/// What the caller says of it.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"transferredAt": null}))]
pub struct TransferBooking {
    /// When the points were transferred, if that has happened already. Without it, they are about to be.
    #[schema(value_type = Option<String>, format = DateTime)]
    transferred_at: Option<Timestamp>,
}

impl Input for TransferBooking {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        fields.nullable("transferredAt", leaf).map(|transferred_at| Self { transferred_at })
    }
}

/// Confirms that points are transferred
///
/// Refused unless the award was seen within the last ten minutes, no source saw since that it is gone (`award-gone`), asks more
/// points or has fewer seats (`award-changed`), and the caller's balances are enough for it: transfers can't be undone. Refused, too,
/// where all points are with the programme already (`nothing-to-transfer`). The caller makes the transfer.
///
/// What was transferred already can be said however late, with `transferredAt`, and whatever came after: it is refused only before
/// the first look at the award that had cleared it (`not-cleared-then`).
#[utoipa::path(
    post,
    path = "/v1/me/bookings/{id}/transfer",
    tag = "value",
    params(
        ("id" = BookingId, Path, description = "The booking"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = Option<TransferBooking>,
    responses((status = 200, body = BookingView), Problems)
)]
async fn transfer_booking(
    State(cx): State<Deps>,
    PathId(id): PathId<BookingId>,
    if_match: IfMatch,
    asked: Instruction<TransferBooking>,
) -> Reply<BookingView> {
    let mut booking = booking_of(&cx, &asked.caller, id, if_match).await?;
    let outcome = match asked.input.transferred_at {
        Some(then) => booking.transferred(then, cx.now()),
        None => {
            let (deal, planned) = what_is_known(&cx, &asked.caller, &booking).await?;
            booking.transfer(&deal, &planned, cx.now())
        }
    };
    moved_on(&cx, &asked.request, booking, outcome.map(|()| None), if_match, |change, _| change).await
}

/// The deal as it is now, and where its points come from, by what the caller has.
async fn what_is_known(
    cx: &Deps,
    caller: &Caller,
    booking: &Booking,
) -> Result<(Deal, Result<FundingPlan, FundingError>), Failure> {
    let deal = cx.store().deal(caller.tenant(), booking.deal).await?.ok_or(Failure::NotFound("deal"))?;
    let (balances, _) = wallet::balances(cx, &caller.owner).await?;
    // Whether it is enough does not depend on what points are worth.
    let terms = Terms::shipped(cx.now());
    let planned = plan(&booking.programme, booking.seen.points, &balances, &Valuations::default(), &terms);
    Ok((deal, planned))
}
