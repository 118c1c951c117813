//! What members have and what it is worth to them, as it is stored.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    booking::Booking,
    funding::Balances,
    ids::{BookingId, Owner},
    money::{Points, ProgrammeId},
    sealed::{Place, Sealed},
    value::Valuations,
};

/// A member's balances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wallet {
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
    /// What they have: as they said, and as it was moved since by transfers that they confirmed and awards that they booked.
    pub balances: Sealed<Balances>,
    /// When they last said it; none, if they never did.
    #[serde(default)]
    pub said_at: Option<Timestamp>,
    /// What is held of it for bookings, or is on its way for them.
    #[serde(default)]
    pub held: Vec<Held>,
    /// What was held for bookings that were given up, or that ask less by now: there for anything, and for these if they begin anew,
    /// or ask it again, before that takes it.
    #[serde(default)]
    pub given_up: Vec<Held>,
    /// Optimistic lock.
    pub version: u64,
}

/// Points that are with a programme for a booking, or on their way there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// Which.
    pub booking: BookingId,
    /// With whom.
    pub programme: ProgrammeId,
    /// How many, whether they have come or not.
    pub points: Points,
    /// Until when it is held, if the booking is not over before: for 400 days from when it was transferred, or begun anew with it on
    /// its way.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

impl Wallet {
    /// Where the balances are sealed.
    pub const BALANCES: Place<Balances> = Place::new("wallet", "balances");

    /// Holds what was transferred for a booking: nothing any more, once it is over.
    pub fn hold(&mut self, booking: &Booking, now: Timestamp) {
        for held in [&mut self.held, &mut self.given_up] {
            held.retain(|held| held.booking != booking.id && held.until > now);
        }
        self.held.extend(booking.held());
        self.given_up.extend(booking.given_up());
    }

    /// Takes in that other points were free before than are now. Where some were taken, what was transferred for a booking that was
    /// given up is left for it only if all of it is still free: what is over of it would tell how much the member has. Where none
    /// were, it is, whether it has come or not.
    pub fn taken(&mut self, before: &Balances, after: &Balances) {
        let mut left = after.clone();
        self.given_up.retain(|Held { programme, points, .. }| {
            let is_left = after.of(programme) >= before.of(programme) || points.get() <= left.of(programme);
            if is_left {
                left = left.clone().less(programme, points.get());
            }
            is_left
        });
    }

    /// Whether what was transferred for a booking, and is held no longer, is left for it.
    pub fn is_left_for(&self, booking: BookingId) -> bool {
        self.given_up.iter().any(|held| held.booking == booking)
    }

    /// What is held of it for bookings, whether it has come or not.
    pub fn held(&self, now: Timestamp) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(move |held| held.until > now)
    }

    /// Whether something is held for a booking.
    pub fn holds_for(&self, booking: BookingId) -> bool {
        self.held.iter().any(|held| held.booking == booking)
    }

    /// What of the balances is there for anything new, or for one booking: what is held for others is not, whether it has come or
    /// not; what is held for it is, even where it has not come.
    pub fn free(&self, balances: Balances, booking: Option<BookingId>, now: Timestamp) -> Balances {
        let (own, others): (Vec<&Held>, Vec<&Held>) = self.held(now).partition(|held| Some(held.booking) == booking);
        let free = others.into_iter().fold(balances, |free, held| free.less(&held.programme, held.points.get()));
        own.into_iter().fold(free, |free, held| free.at_least(&held.programme, held.points))
    }
}

/// What a member says that points are worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnValuations {
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
    /// What they say.
    pub valuations: Sealed<Valuations>,
    /// Optimistic lock.
    pub version: u64,
}

impl OwnValuations {
    /// Where the valuations are sealed.
    pub const VALUATIONS: Place<Valuations> = Place::new("own-valuations", "valuations");
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::funding::{Terms, plan};

    fn at(minutes: i64) -> Timestamp {
        "2026-02-17T19:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_mins(minutes)
    }

    fn held(booking: u8, points: u64) -> Held {
        let booking = ulid::Ulid::from_bytes([booking; 16]).into();
        Held { booking, programme: "hyatt".parse().unwrap(), points: points.try_into().unwrap(), until: at(60) }
    }

    fn wallet(held: Vec<Held>) -> Wallet {
        let owner = Owner { tenant: "demo".parse().unwrap(), member: ulid::Ulid::from_bytes([1; 16]).into() };
        Wallet { owner, balances: Sealed::new(vec![]), said_at: None, held, given_up: vec![], version: 1 }
    }

    fn having(balances: &[(&str, u64)]) -> Balances {
        balances.iter().map(|(of, points)| (of.parse().unwrap(), (*points).try_into().unwrap())).collect()
    }

    #[test]
    fn what_is_held_for_one_booking_is_there_for_no_other() {
        let wallet = wallet(vec![held(1, 40_000), held(2, 30_000)]);
        let free = |there: u64, booking: Option<u8>, minute| {
            let booking = booking.map(|booking| ulid::Ulid::from_bytes([booking; 16]).into());
            wallet.free(having(&[("hyatt", there), ("chase-ur", 5)]), booking, at(minute))
        };
        assert_eq!(free(70_300, None, 1), having(&[("hyatt", 300), ("chase-ur", 5)]), "all has come");
        assert_eq!(free(70_300, Some(1), 1).of(&"hyatt".parse().unwrap()), 40_300);
        // Nothing has come: what was there before is for those, too.
        assert_eq!(free(5_300, None, 1).of(&"hyatt".parse().unwrap()), 0);
        assert_eq!(free(5_300, Some(2), 1).of(&"hyatt".parse().unwrap()), 30_000);
        assert_eq!(free(5_300, None, 60).of(&"hyatt".parse().unwrap()), 5_300, "none of the bookings is kept any longer");
    }

    #[test]
    fn what_a_plan_moves_is_spent_once() {
        let (hyatt, terms) = ("hyatt".parse().unwrap(), Terms::shipped(at(0)));
        let before = having(&[("hyatt", 12_300), ("chase-ur", 30_000)]);
        let planned = |balances: &Balances| plan(&hyatt, 25_000.try_into().unwrap(), balances, &Valuations::default(), &terms);
        let after = before.clone().after(&planned(&before).unwrap()).unwrap();
        assert_eq!(after, having(&[("hyatt", 25_300), ("chase-ur", 17_000)]));
        let wallet = wallet(vec![held(1, 25_000)]);
        assert!(planned(&wallet.free(after.clone(), None, at(1))).is_err(), "what is left is not enough for another");
        let own = planned(&wallet.free(after, Some(ulid::Ulid::from_bytes([1; 16]).into()), at(1))).unwrap();
        assert_eq!((own.transfers.len(), own.left_over.get()), (0, 300));
    }

    #[test]
    fn what_was_given_up_is_left_until_it_is_taken() {
        let left = |before: u64, after: u64| {
            let mut wallet = Wallet { given_up: vec![held(1, 40_000), held(2, 30_000)], ..wallet(vec![]) };
            wallet.taken(&having(&[("hyatt", before), ("chase-ur", 5)]), &having(&[("hyatt", after)]));
            [1, 2].map(|booking| wallet.is_left_for(ulid::Ulid::from_bytes([booking; 16]).into()))
        };
        assert_eq!(left(0, 0), [true, true], "nothing has come, and nothing is taken");
        assert_eq!(left(90_000, 70_000), [true, true], "others were taken");
        assert_eq!(left(70_000, 50_000), [true, false], "none counts twice");
        assert_eq!(left(70_000, 35_000), [false, true], "all of it or nothing");
        assert_eq!(left(70_000, 0), [false, false]);
    }

    #[test]
    fn a_wallet_that_was_stored_before_anything_was_held_is_still_read() {
        let mut stored = serde_json::to_value(wallet(vec![])).unwrap();
        for field in ["saidAt", "held", "givenUp"] {
            assert!(stored.as_object_mut().unwrap().remove(field).is_some());
        }
        assert_eq!(serde_json::from_value::<Wallet>(stored).unwrap(), wallet(vec![]));
    }
}
