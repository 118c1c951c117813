//! How bookings are shown, and what all requests that move them on have in common.

use domain::{
    booking::{Booking, BookingError, BookingState, Change as Changed, Seen, Sent},
    ids::{BookingId, DealId},
    money::{Points, ProgrammeId},
    wallets::Wallet,
};
use jiff::Timestamp;
use platform::{Answer, Caller, Deps, Failure, IfMatch, Reply, command::Request};
use serde::Serialize;
use storage::Change;
use utoipa::ToSchema;

/// A booking.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookingView {
    /// Its id.
    id: BookingId,
    /// Of which deal.
    deal: DealId,
    /// Whose points.
    programme: ProgrammeId,
    /// How many travel.
    travellers: u8,
    /// What it asked of each when it was last looked at.
    seen: Seen,
    /// The points that it takes for all who travel.
    needed: Points,
    /// What had changed then.
    changes: Vec<Changed>,
    /// Until when the programme holds the award, as the caller said last.
    #[schema(value_type = Option<String>, format = DateTime)]
    held_until: Option<Timestamp>,
    /// What was transferred for it, as far as the caller has said.
    sent: Option<Sent>,
    /// How far it has come.
    state: BookingState,
    /// Until when points may be transferred; none, if the award has to be looked at first, or a source saw since that it is gone,
    /// asks more points, costs more or has fewer seats.
    #[schema(value_type = Option<String>, format = DateTime)]
    may_transfer_until: Option<Timestamp>,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Counts its changes: what `If-Match` is held against.
    version: u64,
}

impl BookingView {
    /// Of a booking for which points may be transferred until then, by [`Booking::may_transfer`].
    pub(crate) fn of(booking: &Booking, may_transfer_until: Option<Timestamp>) -> Self {
        Self {
            id: booking.id,
            deal: booking.deal,
            programme: booking.programme.clone(),
            travellers: booking.travellers,
            seen: booking.seen,
            needed: booking.needed(),
            changes: booking.changes.clone(),
            held_until: booking.held_until,
            sent: booking.sent,
            state: booking.state,
            may_transfer_until,
            created_at: booking.created_at,
            updated_at: booking.updated_at,
            version: booking.version,
        }
    }
}

/// One of the caller's bookings, in the version that the request is conditional on.
pub(crate) async fn booking_of(cx: &Deps, caller: &Caller, id: BookingId, if_match: IfMatch) -> Result<Booking, Failure> {
    let booking = cx.store().booking_of(&caller.owner, id).await?.ok_or(Failure::NotFound("booking"))?;
    if_match.check(booking.version)?;
    Ok(booking)
}

/// Stores a booking that was moved on, with what is told of it, and shows it: with until when points may be transferred now.
pub(crate) async fn moved_on(
    cx: &Deps,
    request: &Request,
    mut booking: Booking,
    may_transfer_until: Option<Timestamp>,
    if_match: IfMatch,
    tell: impl FnOnce(Change, &Booking) -> Change,
) -> Reply<BookingView> {
    let change = Change::new().update(&mut booking);
    let change = tell(change, &booking);
    let answer = Answer::ok(BookingView::of(&booking, may_transfer_until)).version(booking.version);
    cx.commit(request, change, answer).await.map_err(|failure| if_match.settle(failure))
}

/// Holds in a wallet, if there is one, what is to be held for a booking.
pub(crate) fn hold(change: Change, wallet: &mut Option<Wallet>, booking: &Booking, now: Timestamp) -> Change {
    wallet.iter_mut().fold(change, |change, wallet| {
        wallet.hold(booking, now);
        change.save(wallet)
    })
}

/// Why a booking does not go on, in public words.
pub(crate) fn refusal(error: BookingError) -> Failure {
    let code = match &error {
        BookingError::NoAward => "no-award",
        BookingError::Gone => "award-gone",
        BookingError::Changed(_) => "award-changed",
        BookingError::Exists => "booking-exists",
        BookingError::Over => "booking-over",
        BookingError::SeenTooLongAgo(_) => "seen-too-long-ago",
        BookingError::OnlyCached => "only-cached",
        BookingError::SeenBeforeStart(_) => "seen-before-start",
        BookingError::VerifyFirst | BookingError::NotLookedAt => "verify-first",
        BookingError::Transferred => "already-transferred",
        BookingError::NotYet(_) => "not-transferred-yet",
        BookingError::NotCleared(_) => "not-cleared-then",
        BookingError::NothingNewer(_) => "nothing-newer",
        BookingError::NoHolds => "no-holds",
        BookingError::Hold => "no-such-hold",
        BookingError::TooFewPoints(_) => "too-few-points",
        BookingError::NotPlanned => "too-large",
        BookingError::TooFewThere(_) => "too-few-points-there",
        BookingError::NoSeats => "no-seats",
        BookingError::TooFewSeats(_) => "too-few-seats",
        BookingError::NothingToTransfer => "nothing-to-transfer",
    };
    let advice = match &error {
        BookingError::TooFewPoints(_) => " Say what you have (`PUT /v1/me/balances`): transfers can't be undone.",
        BookingError::NotPlanned => {
            " Transfer what you choose, and say that you did (`transferredAt`) and what is left (`PUT /v1/me/balances`)."
        }
        BookingError::TooFewThere(_) => " Transfer them first, or say what you have there (`PUT /v1/me/balances`).",
        BookingError::Changed(_)
        | BookingError::SeenTooLongAgo(_)
        | BookingError::OnlyCached
        | BookingError::SeenBeforeStart(_)
        | BookingError::NothingNewer(_)
        | BookingError::NotLookedAt
        | BookingError::NoSeats
        | BookingError::TooFewSeats(_) => " Look at the programme's own site, and say what you see.",
        BookingError::NothingToTransfer => " Book it, and say that it is done.",
        BookingError::VerifyFirst => " Transfers can't be undone: if yours is made already, say when (`transferredAt`).",
        BookingError::NoAward
        | BookingError::Gone
        | BookingError::Exists
        | BookingError::Over
        | BookingError::Transferred
        | BookingError::NotYet(_)
        | BookingError::NotCleared(_)
        | BookingError::NoHolds
        | BookingError::Hold => "",
    };
    let mut sentence = error.to_string();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Failure::Conflict(code, format!("{sentence}.{advice}"))
}
