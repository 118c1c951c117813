//! `GET /v1/me/bookings/{id}`

use axum::extract::State;
use domain::{
    booking::{Booking, BookingError, Step},
    deals::Deal,
    funding::{FundingError, FundingPlan, Shortfall, Terms, plan},
    identity::{Member, Role},
    ids::BookingId,
    language::Language,
    money::Money,
    portals::{Trip, WaysToPay},
    rates::DayRates,
    tables,
    wallets::{OwnValuations, Wallet},
};
use platform::{
    Answer, Caller, Deps, Endpoint, Failure, PathId, Problems, Reply,
    wallet::{self, Purse},
};
use serde::Serialize;
use storage::{Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::booking_view::BookingView;

/// Shows a booking, and how to go on with it.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-get-booking", || routes!(get_booking))
    .may(&[
        Booking::READ,
        DayRates::READ,
        Deal::READ,
        Member::READ,
        MemberKey::READ,
        OwnValuations::READ,
        Wallet::READ,
        Grant::UseKeys,
    ])
    .goes_by(&[tables::values, tables::transfers]);

/// A booking with its plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookingPlan {
    /// How far it has come.
    booking: BookingView,
    /// Where the points come from, by what the caller has now, if it is enough: what was transferred for it already is among what
    /// is there, and what was for other bookings is not. Null once all are on their way.
    plan: Option<FundingPlan>,
    /// What is missing, if it is not.
    shortfall: Option<Shortfall>,
    /// Why nothing is planned, where that is not for want of points.
    not_planned: Option<NotPlanned>,
    /// What to do, in order, and how far that is. Empty if nothing is planned, or it was given up.
    steps: Vec<Step>,
    /// The award, the portals of banks and money, compared, where the price of the same cabin in money is known and can be
    /// converted. Null once points are on their way.
    ways: Option<WaysToPay>,
}

/// Why there is neither a plan for a booking's points nor a shortfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NotPlanned {
    /// There are too many ways to bring so many points together.
    TooLarge,
    /// The amounts are such as no member has.
    OutOfRange,
    /// Nobody knows how points come to this programme.
    UnknownProgramme,
    /// The award asks no points.
    ZeroPoints,
}

/// Shows a booking
///
/// With the plan for its points and the steps, both by what the caller has now: nothing of that is kept with the booking. Each
/// step says whether it is done, next or to come: a transfer is next only while the award can be relied on. Once points are on
/// their way nothing is planned, so that nobody transfers twice; unless a look since has found that the award asks more, when
/// what is still missing is planned.
#[utoipa::path(
    get,
    path = "/v1/me/bookings/{id}",
    tag = "value",
    params(("id" = BookingId, Path, description = "The booking")),
    responses((status = 200, body = BookingPlan), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_booking(State(cx): State<Deps>, caller: Caller, PathId(id): PathId<BookingId>) -> Reply<BookingPlan> {
    let booking = cx.store().booking_of(&caller.owner, id).await?.ok_or(Failure::NotFound("booking"))?;
    let Member { locale, zone, .. } = caller.profile(&cx).await?;
    let balances = Purse::of(&cx, &caller.owner).await?.free(Some(booking.id), cx.now());
    let (valuations, _) = wallet::valuations(&cx, &caller.owner).await?;
    let terms = Terms::shipped(cx.now());
    // Once all points are on their way nothing is planned.
    let planned = booking.wants_points().then(|| plan(&booking.programme, booking.needed(), &balances, &valuations, &terms));
    let deal = cx.store().deal(caller.tenant(), booking.deal).await?;
    let may_transfer = deal.as_ref().ok_or(BookingError::Gone).and_then(|deal| booking.may_transfer(deal, cx.now()));
    let by_plan = planned.as_ref().and_then(|planned| planned.as_ref().ok());
    let steps = booking.steps(by_plan, &may_transfer, (&locale, &zone), cx.now());
    let cash = deal.and_then(|deal| deal.valuation).and_then(|valuation| valuation.same_for_money());
    let cash = cash.and_then(|cash| cash.times(booking.travellers).ok());
    let (rates, on) = (cx.rates().await?, terms.day());
    let in_dollars = |money: Money| rates.in_dollars(money, on).ok();
    let ways = planned.as_ref().zip(cash.and_then(in_dollars)).map(|(planned, cash)| {
        let taxes = booking.taxes().and_then(in_dollars);
        let (programme, plan) = (&booking.programme, planned.as_ref());
        let trip = Trip { programme, cash, taxes, plan, balances: &balances, valuations: &valuations, on };
        trip.compared(Language::of(&locale))
    });
    let (plan, shortfall, not_planned) = match planned {
        None => (None, None, None),
        Some(Ok(plan)) => (Some(plan), None, None),
        Some(Err(FundingError::Short(shortfall))) => (None, Some(shortfall), None),
        Some(Err(FundingError::TooLarge)) => (None, None, Some(NotPlanned::TooLarge)),
        Some(Err(FundingError::OutOfRange)) => (None, None, Some(NotPlanned::OutOfRange)),
        Some(Err(FundingError::UnknownProgramme)) => (None, None, Some(NotPlanned::UnknownProgramme)),
        Some(Err(FundingError::ZeroPoints)) => (None, None, Some(NotPlanned::ZeroPoints)),
    };
    let shown = BookingPlan { booking: BookingView::of(&booking, may_transfer.ok()), plan, shortfall, not_planned, steps, ways };
    Ok(Answer::ok(shown).version(booking.version))
}
