//! `POST /v1/me/bookings/{id}/transfer`

use axum::extract::State;
use domain::{
    booking::Booking,
    deals::Deal,
    funding::{Terms, plan},
    identity::Role,
    ids::BookingId,
    inputs::{Fields, Input, leaf},
    tables,
    wallets::{OwnValuations, Wallet},
};
use jiff::Timestamp;
use platform::{
    Deps, Endpoint, Failure, IfMatch, Instruction, PathId, Problems, Reply,
    wallet::{self, Purse},
};
use storage::{Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::booking_view::{BookingView, booking_of, moved_on, refusal};

/// Takes in that points are transferred.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-transfer-booking", || routes!(transfer_booking))
    .may(&[
        Booking::READ,
        Booking::WRITE,
        Deal::READ,
        MemberKey::READ,
        OwnValuations::READ,
        Wallet::READ,
        Wallet::WRITE,
        Grant::UseKeys,
    ])
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
/// Refused unless the award was seen within the last ten minutes, or the programme holds it for ten more at least, no source saw since that it is gone (`award-gone`), asks more
/// points or has fewer seats (`award-changed`), and the caller's balances are enough for it: transfers can't be undone. Refused,
/// too, where all points are with the programme already (`nothing-to-transfer`). The caller makes the transfer. What was planned
/// for it is taken off the caller's balances, until the caller says them anew, and what it becomes is held for this booking: no
/// other one spends it.
///
/// What was transferred already can be said however late, with `transferredAt`, and whatever came after: it is refused only before
/// the first look at the award that had cleared it (`not-cleared-then`). It counts for what the award asked then: what it asks
/// more by now is still to be transferred.
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
    let (now, then) = (cx.now(), asked.input.transferred_at);
    let purse = Purse::of(&cx, &asked.caller.owner).await?;
    let (valuations, _) = wallet::valuations(&cx, &asked.caller.owner).await?;
    let (free, terms) = (purse.free(Some(booking.id), now), Terms::shipped(then.unwrap_or(now)));
    // What the caller was told to transfer.
    let points = then.and_then(|then| booking.told_by(then)).unwrap_or(booking.needed());
    let planned = plan(&booking.programme, points, &free, &valuations, &terms);
    let deal = cx.store().deal(asked.caller.tenant(), booking.deal).await?;
    let outcome = match then {
        Some(then) => booking.transferred(then, &planned, now),
        None => booking.transfer(deal.as_ref().ok_or(Failure::NotFound("deal"))?, &planned, now),
    };
    outcome.map_err(refusal)?;
    // Of what the award asks more by now the rest may be transferred at once.
    let may_transfer_until = deal.and_then(|deal| booking.may_transfer(&deal, now).ok());
    // What was said after a transfer tells of it already.
    let is_told = then.zip(purse.said_at()).is_some_and(|(then, said)| then < said);
    let balances = purse.balances().clone();
    let balances = planned.iter().filter(|_| !is_told).try_fold(balances, |balances, plan| balances.after(plan));
    let mut wallet = purse.moved(&cx, &booking, balances).await?;
    moved_on(&cx, &asked.request, booking, may_transfer_until, if_match, |change, _| change.save(&mut wallet)).await
}
