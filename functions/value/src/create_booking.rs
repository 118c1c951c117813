//! `POST /v1/me/bookings`

use axum::extract::State;
use domain::{
    booking::Booking,
    deals::Deal,
    identity::Role,
    ids::DealId,
    inputs::{Fields, Input, leaf},
};
use platform::{Answer, Command, Deps, Endpoint, Failure, Problems, Reply};
use storage::{Change, Entity};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::booking_view::{BookingView, refusal};

/// Begins bookings.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-create-booking", || routes!(create_booking)).may(&[
    Booking::READ,
    Booking::WRITE,
    Deal::READ,
]);

/// What is to be booked.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"deal": "deal_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3"}))]
pub struct CreateBooking {
    /// An award that is live.
    deal: DealId,
}

impl Input for CreateBooking {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        fields.required("deal", leaf).map(|deal| Self { deal })
    }
}

/// Begins a booking
///
/// Of a deal there is one at a time; one that was given up begins anew. Nothing is booked with anybody: it leads the caller from a
/// look at the award to the transfer and the booking, and says when a step is not safe.
#[utoipa::path(
    post,
    path = "/v1/me/bookings",
    tag = "value",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = CreateBooking,
    responses((status = 201, body = BookingView), Problems)
)]
async fn create_booking(State(cx): State<Deps>, command: Command<CreateBooking>) -> Reply<BookingView> {
    let owner = &command.caller.owner;
    let deal = cx.store().deal(&owner.tenant, command.input.deal).await?.ok_or(Failure::NotFound("deal"))?;
    let before = cx.store().booking_of(owner, Booking::id_for(owner, deal.id)).await?;
    let mut booking = Booking::start(owner.clone(), &deal, before, cx.now()).map_err(refusal)?;
    let change = match booking.version {
        0 => Change::new().create(&mut booking),
        _ => Change::new().update(&mut booking),
    };
    let answer = Answer::created(BookingView::from(&booking), format!("/v1/me/bookings/{}", booking.id)).version(booking.version);
    cx.commit(&command.request, change, answer).await
}
