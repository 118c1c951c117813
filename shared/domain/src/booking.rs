//! Booking an award, guarded: a member and a deal go from looking to transferring to booking, and nothing that can't be undone is
//! let through on what was seen too long ago.

mod holds;
mod phones;
mod sent;
mod steps;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    deals::{Deal, DealState},
    flights::{Fare, Tier},
    funding::{FundingError, FundingPlan},
    ids::{BookingId, DealId, Owner, derived},
    inputs::{Fields, Input, leaf, object},
    money::{Money, Points, ProgrammeId},
    search::alone,
    tables::BadTable,
    time::to_second,
    wallets::Held,
};

pub use holds::Hold;
use holds::Holds;
pub use phones::Phone;
pub use sent::{Arrival, Cleared, Sent};
pub use steps::{Step, StepKind, StepState, steps, steps_for_anyone};

/// How long what was seen can be relied on for what can't be undone: award space goes in minutes, and a transfer can't be taken
/// back.
pub const VERIFIED_FOR: SignedDuration = SignedDuration::from_mins(10);
/// So many prices are remembered at which a transfer was cleared.
const MOST_CLEARED: usize = 100;
/// What no award asks of one traveller: so many times nine can still be counted.
const MOST_ASKED: u64 = 100_000_000;
/// How long a booking is kept after it last changed.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// What the award was when it was last looked at. Prices are those of one traveller, as offers state them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// The points that it asks of each traveller.
    pub points: Points,
    /// What it costs each besides, where that is known.
    pub taxes: Option<Money>,
    /// Seats left, where that is known.
    pub seats: Option<u8>,
}

impl Input for Seen {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let points: Option<Points> = fields.required("points", leaf);
        let (taxes, seats) = (fields.nullable("taxes", object::<Money>), fields.nullable("seats", leaf::<u8>));
        let points = points?;
        if points.get() == 0 {
            fields.fault("points", "must be above 0");
        }
        if points.get() > MOST_ASKED {
            fields.fault("points", "must be at most 100,000,000");
        }
        let taxes = taxes?;
        if taxes.is_some_and(Money::is_negative) {
            fields.fault("taxes", "must not be below zero");
        }
        Some(Self { points, taxes, seats: seats? })
    }
}

/// How far a booking has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "at", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum BookingState {
    /// The award has to be looked at again.
    Verify,
    /// It was there; points may be transferred, for a while.
    // What describes it does not see what is said of the fields of all variants.
    #[serde(rename_all = "camelCase")]
    Verified {
        /// When it was seen.
        #[schema(value_type = String, format = DateTime)]
        seen_at: Timestamp,
    },
    /// Points are on their way.
    Waiting {
        /// Since when.
        #[schema(value_type = String, format = DateTime)]
        since: Timestamp,
    },
    /// It is booked.
    Booked,
    /// It was given up.
    // As above.
    #[serde(rename_all = "camelCase")]
    Abandoned {
        /// Since when points were on their way by then, if they were: they don't come back.
        #[schema(value_type = Option<String>, format = DateTime)]
        transferred_at: Option<Timestamp>,
    },
}

/// A member's way to an award.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Booking {
    /// Derived from member and deal: there is one of each.
    pub id: BookingId,
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
    /// Of which deal.
    pub deal: DealId,
    /// Whose points.
    pub programme: ProgrammeId,
    /// How many travel.
    #[serde(default = "alone")]
    pub travellers: u8,
    /// What it asked when it was last looked at.
    pub seen: Seen,
    /// When that was, by what anybody saw since it was begun.
    #[serde(default)]
    pub looked_at: Option<Timestamp>,
    /// The looks that cleared a transfer that was not said to be made yet, oldest first: of those in a row that found it to ask the
    /// same, the first. Kept when it is given up. Under a name of its own: `cleared` was one look in what is stored.
    #[serde(default, rename = "clearedLooks")]
    pub cleared: Vec<Cleared>,
    /// What had changed at the last look.
    pub changes: Vec<Change>,
    /// Until when the programme holds the award, by what the member said last. Over, it says nothing any more.
    #[serde(default)]
    pub held_until: Option<Timestamp>,
    /// What was transferred for it, as far as the member has said; kept when it is given up.
    #[serde(default)]
    pub sent: Option<Sent>,
    /// How far it has come.
    pub state: BookingState,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes.
    pub version: u64,
}

/// What is other than it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Change {
    /// It asks more or fewer points.
    Points {
        /// Before.
        before: Points,
        /// Now.
        now: Points,
    },
    /// It costs more or less besides.
    Taxes {
        /// Before.
        before: Option<Money>,
        /// Now.
        now: Option<Money>,
    },
    /// Other seats are left.
    Seats {
        /// Before.
        before: Option<u8>,
        /// Now.
        now: Option<u8>,
    },
}

/// Why a booking does not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookingError {
    /// Nothing is paid for in points.
    #[error("only awards are booked this way")]
    NoAward,
    /// The award is no longer offered.
    #[error("the award is no longer offered")]
    Gone,
    /// A source saw after the last look that it asks or costs more, or that fewer seats are left.
    #[error("a source saw at {0} that the award asks more points, costs more or has fewer seats than when it was last looked at")]
    Changed(Timestamp),
    /// One is under way, or done.
    #[error("there is a booking of this deal already")]
    Exists,
    /// It is booked or given up.
    #[error("the booking is over")]
    Over,
    /// What is known of the award is too old to go by.
    #[error("the award was last seen at {0}: too long ago")]
    SeenTooLongAgo(Timestamp),
    /// What a source knows is what it saw some time before, whenever it is asked.
    #[error("what the source says of the award is not what it sees now")]
    OnlyCached,
    /// A source's look from before the booking was begun.
    #[error("a source last saw the award at {0}, before the booking was begun")]
    SeenBeforeStart(Timestamp),
    /// It has to be looked at again before points are transferred.
    #[error("the award has to be verified right before points are transferred")]
    VerifyFirst,
    /// Nobody looked at it since it was begun.
    #[error("the award has to be looked at before it is done")]
    NotLookedAt,
    /// Points are on their way already.
    #[error("the points are on their way already")]
    Transferred,
    /// A transfer that is said to be made after now.
    #[error("{0} is yet to come")]
    NotYet(Timestamp),
    /// A transfer that no look had cleared.
    #[error("no look at the award had cleared a transfer at {0}")]
    NotCleared(Timestamp),
    /// A source's look that is no newer than what is known.
    #[error("a source saw the award at {0}, and it was looked at since")]
    NothingNewer(Timestamp),
    /// A hold by a programme of which no source says that it holds awards.
    #[error("no source says that this programme holds awards")]
    NoHolds,
    /// A hold that is over, or longer than the programme gives.
    #[error("the programme holds no award until then")]
    Hold,
    /// The member has too few points, wherever they are.
    #[error("{0} points are missing")]
    TooFewPoints(Points),
    /// It can't be told which of the member's points would be sent.
    #[error("there are too many ways to bring so many points together")]
    NotPlanned,
    /// The member has too few points with the programme itself, and has transferred none.
    #[error("{0} points are missing with the programme itself")]
    TooFewThere(Points),
    /// Nobody saw a seat at the last look.
    #[error("there was no seat when the award was last looked at")]
    NoSeats,
    /// Fewer seats at the last look than travel.
    #[error("there were too few seats when the award was last looked at: {0}")]
    TooFewSeats(u8),
    /// All points are with the programme itself.
    #[error("the points are with the programme already: there is nothing to transfer")]
    NothingToTransfer,
}

impl Booking {
    /// The id of a member's booking of a deal.
    pub fn id_for(owner: &Owner, deal: DealId) -> BookingId {
        derived(&["booking", owner.tenant.as_str(), &owner.member.to_string(), &deal.to_string()])
    }

    /// Begins one for so many travellers, or else for as many as before, or one. One that was given up begins anew: with points
    /// on their way, if they were, so that nobody is told to transfer twice.
    ///
    /// # Errors
    /// If it is no award, or gone, or there is a booking that was not given up.
    pub fn start(
        owner: Owner,
        deal: &Deal,
        travellers: Option<u8>,
        before: Option<Self>,
        now: Timestamp,
    ) -> Result<Self, BookingError> {
        let (programme, seen) = offered(deal, now)?;
        let travellers = travellers.or(before.as_ref().map(|before| before.travellers)).unwrap_or_else(alone);
        let (version, sent, cleared) = match before {
            None => (0, None, vec![]),
            Some(Self { state: BookingState::Abandoned { .. }, version, sent, cleared, .. }) => (version, sent, cleared),
            Some(_) => return Err(BookingError::Exists),
        };
        let (now, id) = (to_second(now), Self::id_for(&owner, deal.id));
        // Where more travel than before, or it asks more, what was transferred is not all.
        let state = match sent {
            Some(Sent { at: since, points, .. }) if seen.points.times(travellers) <= points => BookingState::Waiting { since },
            Some(_) | None => BookingState::Verify,
        };
        let (deal, looked_at, changes, held_until, created_at, updated_at) = (deal.id, None, vec![], None, now, now);
        Ok(Self {
            id,
            owner,
            deal,
            programme,
            travellers,
            seen,
            looked_at,
            cleared,
            changes,
            held_until,
            sent,
            state,
            created_at,
            updated_at,
            version,
        })
    }

    /// Takes in that the award was looked at: by the member with the programme, or else by a source, which must have looked
    /// itself, minutes ago and since the booking was begun. What changed is told; then it is what is asked. A hold that
    /// the look does not speak of lasts, where it finds the award as it was held: at the same price, with seats for all who travel.
    /// One without seats is not verified. One for which points are on their way is, where it asks more than those: then
    /// there is more to transfer.
    ///
    /// # Errors
    /// If it is gone, or the source's look is none, too old or older than another, or the hold can't be, or the booking is over.
    pub fn verify(&mut self, deal: &Deal, look: Look, now: Timestamp) -> Result<(), BookingError> {
        self.verify_by(holds::shipped(), deal, look, now)
    }

    fn verify_by(&mut self, holds: &Holds, deal: &Deal, look: Look, now: Timestamp) -> Result<(), BookingError> {
        self.must_go_on()?;
        if deal.is_past(now) {
            return Err(BookingError::Gone);
        }
        // That a hold is over needs no look.
        if look == (Look { seen: None, hold: Some(None) }) {
            (self.held_until, self.updated_at) = (None, to_second(now));
            return Ok(());
        }
        let (seen, seen_at) = match look.seen {
            // What the member does not say is as it was; but who sees the award sees a seat.
            Some(Seen { points, taxes, seats }) => {
                let before = self.seen.seats.filter(|seats| *seats > 0);
                (Seen { points, taxes: taxes.or(self.seen.taxes), seats: seats.or(before) }, now)
            }
            None => self.seen_by_a_source(deal, now)?,
        };
        if let Some(Some(until)) = look.hold {
            let longest = holds.of(&self.programme, now).ok_or(BookingError::NoHolds)?.longest();
            if until <= now || until.duration_since(now) > longest {
                return Err(BookingError::Hold);
            }
        }
        let no_seat = self.lacks_seats(&seen).is_some();
        let is_held_so = (seen.points, seen.taxes) == (self.seen.points, self.seen.taxes);
        self.held_until = match look.hold {
            Some(hold) => hold,
            None => self.held_until.filter(|until| now < *until && is_held_so),
        };
        self.held_until = self.held_until.filter(|_| !no_seat);
        self.changes = self.seen.changes_to(&seen);
        self.seen = seen;
        self.looked_at = Some(seen_at);
        let there = BookingState::Verified { seen_at };
        self.state = match self.sent {
            // Points that are on their way don't come back: what was seen since is told, and that is all.
            Some(sent) if no_seat || self.needed() <= sent.points => BookingState::Waiting { since: sent.at },
            Some(_) | None if no_seat => BookingState::Verify,
            Some(_) | None => there,
        };
        if self.state == there {
            self.clear(seen_at);
        }
        self.updated_at = to_second(now);
        Ok(())
    }

    /// What a source saw for itself, minutes ago, since the booking was begun and after anybody else.
    fn seen_by_a_source(&self, deal: &Deal, now: Timestamp) -> Result<(Seen, Timestamp), BookingError> {
        let observed = deal.flight().freshness.observed_at;
        let (_, seen) = offered(deal, now)?;
        match deal.flight().tier_at(now) {
            Tier::Verified | Tier::Held => {}
            Tier::LeadIn | Tier::Cached => return Err(BookingError::OnlyCached),
        }
        if observed < self.created_at {
            return Err(BookingError::SeenBeforeStart(observed));
        }
        if now.duration_since(observed) > VERIFIED_FOR {
            return Err(BookingError::SeenTooLongAgo(observed));
        }
        if self.looked_at.is_some_and(|looked_at| observed < looked_at) {
            return Err(BookingError::NothingNewer(observed));
        }
        Ok((seen, observed))
    }

    /// Until when the last look can be relied on, whatever sources saw since.
    pub fn relied_on_until(&self) -> Option<Timestamp> {
        let BookingState::Verified { seen_at } = self.state else { return None };
        let relied_on = seen_at.saturating_add(VERIFIED_FOR).unwrap_or(Timestamp::MAX);
        // Points are not there at once: a hold that is about to end is as good as none.
        let held = self.held_until.and_then(|until| until.checked_sub(VERIFIED_FOR).ok());
        Some(held.map_or(relied_on, |held| held.max(relied_on)))
    }

    /// Until when points may be transferred: the one rule, for who asks and for who does it. They may not unless the award was
    /// seen minutes ago, or is held, and no source saw since that it is gone, asks more points or has fewer seats.
    ///
    /// # Errors
    /// If it has to be looked at first, had no seat then, is gone or worse than it was seen, was transferred before, or the booking
    /// is over.
    pub fn may_transfer(&self, deal: &Deal, now: Timestamp) -> Result<Timestamp, BookingError> {
        self.must_go_on()?;
        let seen_at = match self.state {
            BookingState::Waiting { .. } => return Err(BookingError::Transferred),
            BookingState::Verified { seen_at } => seen_at,
            BookingState::Verify | BookingState::Booked | BookingState::Abandoned { .. } => {
                return Err(self.found_no_seats().unwrap_or(BookingError::VerifyFirst));
            }
        };
        let until = self.relied_on_until().filter(|until| now <= *until).ok_or(BookingError::VerifyFirst)?;
        // A member who saw the award after a source did knows better; of one that has departed nobody does.
        if deal.is_past(now) || deal.state == DealState::Gone && deal.missed_at >= Some(to_second(seen_at)) {
            return Err(BookingError::Gone);
        }
        let observed = deal.flight().freshness.observed_at;
        if observed > seen_at && offered(deal, now).is_ok_and(|(_, now)| now.is_worse_than(&self.seen, self.travellers)) {
            return Err(BookingError::Changed(observed));
        }
        Ok(until)
    }

    /// Takes in that points are transferred. Refused unless they may be, by [`Self::may_transfer`], and some have to be:
    /// `planned` is where they come from, by what the member has.
    ///
    /// # Errors
    /// If they may not be, points are missing, or all are there.
    pub fn transfer(
        &mut self,
        deal: &Deal,
        planned: &Result<FundingPlan, FundingError>,
        now: Timestamp,
    ) -> Result<(), BookingError> {
        self.may_transfer(deal, now)?;
        match planned {
            Ok(plan) if plan.transfers.is_empty() => return Err(BookingError::NothingToTransfer),
            Ok(_) => {}
            // What would be sent could not be taken off what there is, and another booking would send it, too.
            Err(FundingError::TooLarge) => return Err(BookingError::NotPlanned),
            Err(FundingError::Short(shortfall)) => return Err(BookingError::TooFewPoints(shortfall.missing)),
            Err(FundingError::ZeroPoints | FundingError::UnknownProgramme | FundingError::OutOfRange) => {
                return Err(BookingError::TooFewPoints(self.needed()));
            }
        }
        self.send(now, self.needed(), planned, now);
        Ok(())
    }

    /// Takes in that points were transferred then, by what the member says: a fact, which nothing that came after undoes. To
    /// refuse it would be to tell them to transfer again. Nobody was told to before a look had cleared it. `planned` is where the
    /// points came from, as far as what the member has still tells.
    ///
    /// # Errors
    /// If it was transferred before, or not yet, or no look had cleared it, or the booking is over.
    pub fn transferred(
        &mut self,
        then: Timestamp,
        planned: &Result<FundingPlan, FundingError>,
        now: Timestamp,
    ) -> Result<(), BookingError> {
        self.must_go_on()?;
        let is_said = self.sent.is_some_and(|sent| sent.at == to_second(then));
        if is_said || matches!(self.state, BookingState::Waiting { .. }) {
            return Err(BookingError::Transferred);
        }
        if then > now {
            return Err(BookingError::NotYet(then));
        }
        let points = self.told_by(then).ok_or(BookingError::NotCleared(then))?;
        self.send(then, points, planned, now);
        Ok(())
    }

    /// For how many points a member was told to see to it who transferred then: what the last look had asked that had cleared a
    /// transfer by then. None, where none had.
    pub fn told_by(&self, then: Timestamp) -> Option<Points> {
        self.cleared.iter().rev().find(|cleared| to_second(cleared.at) <= then).map(|cleared| cleared.points)
    }

    /// Remembers that a look cleared a transfer, and of how many points.
    fn clear(&mut self, at: Timestamp) {
        let points = self.needed();
        if self.cleared.last().is_none_or(|last| last.points != points) {
            self.cleared.push(Cleared { at, points });
            self.cleared.drain(..self.cleared.len().saturating_sub(MOST_CLEARED));
        }
    }

    /// What was transferred then is for so many points. Any more of it needs a look of its own: where the award asks more by
    /// now, and the last look found seats, that is the look.
    fn send(&mut self, then: Timestamp, points: Points, planned: &Result<FundingPlan, FundingError>, now: Timestamp) {
        let at = to_second(then);
        // What was seen to before is not less than it was.
        let points = self.sent.map_or(points, |sent| sent.points.max(points));
        let arrival = planned.as_ref().ok().and_then(|plan| Arrival::of(plan, at));
        let arrival = match self.sent {
            Some(before) => arrival.zip(before.arrival).map(|(arrival, before)| arrival.and(before)),
            None => arrival,
        };
        self.sent = Some(Sent { at, points, arrival });
        if self.needed() <= points || self.found_no_seats().is_some() {
            self.state = BookingState::Waiting { since: at };
        }
        self.cleared.retain(|cleared| to_second(cleared.at) > at);
        self.updated_at = to_second(now);
    }

    /// What is held for it of what the member has with the programme: what was transferred for it, as far as the award asks that,
    /// until it is over.
    pub fn held(&self) -> Option<Held> {
        self.must_go_on().ok()?;
        Some(self.of_sent(self.sent?.points.min(self.needed())))
    }

    /// What was transferred for it and is held no longer: all of it, because it was given up, or what the award asks less by now.
    /// It is there for it again, if it begins anew or asks that again before anything else takes that.
    pub fn given_up(&self) -> Option<Held> {
        let sent = self.sent?.points;
        match self.state {
            BookingState::Abandoned { .. } => Some(self.of_sent(sent)),
            BookingState::Verify | BookingState::Verified { .. } | BookingState::Waiting { .. } => {
                let over = sent.get().checked_sub(self.needed().get()).filter(|over| *over > 0)?;
                Some(self.of_sent(Points::try_from(over).ok()?))
            }
            BookingState::Booked => None,
        }
    }

    /// As if what is held for it no longer had not been transferred for it, unless that is left for it.
    #[must_use]
    pub fn left_with(self, is_left: bool) -> Self {
        if is_left || self.given_up().is_none() {
            return self;
        }
        let held = self.held();
        Self { sent: self.sent.zip(held).map(|(sent, held)| Sent { points: held.points, ..sent }), ..self }
    }

    fn of_sent(&self, points: Points) -> Held {
        Held { booking: self.id, programme: self.programme.clone(), points, until: self.ends() }
    }

    /// Takes in that it is booked: after a transfer, or with points that were there. `there` is what the member has with the
    /// programme itself for it, where they have said what they have. Once all points are on their way it says nothing: they may
    /// have come, or be spent.
    ///
    /// # Errors
    /// If the award was never looked at, or had no seat then, or nothing was transferred where points are missing; or the booking is over.
    pub fn done(&mut self, there: Option<u64>, now: Timestamp) -> Result<(), BookingError> {
        self.must_go_on()?;
        if let Some(why) = self.found_no_seats() {
            return Err(why);
        }
        match self.state {
            BookingState::Verify => return Err(BookingError::NotLookedAt),
            BookingState::Waiting { .. } if self.looked_at.is_none() => return Err(BookingError::NotLookedAt),
            BookingState::Verified { .. } => {
                let missing = there.map_or(0, |there| self.needed().get().saturating_sub(there));
                if let Some(missing) = Points::try_from(missing).ok().filter(|missing| missing.get() > 0) {
                    return Err(BookingError::TooFewThere(missing));
                }
            }
            BookingState::Waiting { .. } | BookingState::Booked | BookingState::Abandoned { .. } => {}
        }
        self.state = BookingState::Booked;
        self.updated_at = to_second(now);
        Ok(())
    }

    /// Gives it up. That points are on their way is kept.
    ///
    /// # Errors
    /// If it is over.
    pub fn abandon(&mut self, now: Timestamp) -> Result<(), BookingError> {
        self.must_go_on()?;
        self.state = BookingState::Abandoned { transferred_at: self.sent.map(|sent| sent.at) };
        self.updated_at = to_second(now);
        Ok(())
    }

    /// Whether points are still to be brought together for it: they are not all on their way, nor is it over.
    pub fn wants_points(&self) -> bool {
        match self.state {
            BookingState::Verify | BookingState::Verified { .. } => true,
            BookingState::Waiting { .. } | BookingState::Booked | BookingState::Abandoned { .. } => false,
        }
    }

    /// The points that it takes for all who travel.
    pub fn needed(&self) -> Points {
        self.seen.points.times(self.travellers)
    }

    /// What it costs all who travel besides, where that is known.
    pub fn taxes(&self) -> Option<Money> {
        self.seen.taxes.and_then(|taxes| taxes.times(self.travellers).ok())
    }

    /// That there were too few seats at the last look, if there were.
    fn found_no_seats(&self) -> Option<BookingError> {
        self.looked_at.and_then(|_| self.lacks_seats(&self.seen))
    }

    /// That all who travel don't find a seat in what was seen, as far as it tells of seats.
    fn lacks_seats(&self, seen: &Seen) -> Option<BookingError> {
        match seen.seats? {
            0 => Some(BookingError::NoSeats),
            seats if seats < self.travellers => Some(BookingError::TooFewSeats(seats)),
            _ => None,
        }
    }

    /// When it may be removed.
    pub fn ends(&self) -> Timestamp {
        self.updated_at.saturating_add(KEPT).unwrap_or(Timestamp::MAX)
    }

    fn must_go_on(&self) -> Result<(), BookingError> {
        match self.state {
            BookingState::Booked | BookingState::Abandoned { .. } => Err(BookingError::Over),
            BookingState::Verify | BookingState::Verified { .. } | BookingState::Waiting { .. } => Ok(()),
        }
    }
}

/// Every row of the tables of phone numbers and holds can be read.
pub(crate) fn check() -> Result<(), BadTable> {
    phones::check()?;
    holds::check()
}

/// What somebody saw when they looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// What the member saw with the programme; without it, what a source saw counts.
    pub seen: Option<Seen>,
    /// Until when the programme holds it for the member, or that it does not; none, if the look says nothing of it.
    pub hold: Option<Option<Timestamp>>,
}

impl Input for Look {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (seen, hold) = (fields.nullable("seen", object), fields.given("heldUntil", leaf::<Option<Timestamp>>));
        Some(Self { seen: seen?, hold: hold? })
    }
}

impl Seen {
    fn changes_to(&self, now: &Self) -> Vec<Change> {
        let points = (self.points != now.points).then_some(Change::Points { before: self.points, now: now.points });
        let taxes = (self.taxes != now.taxes).then_some(Change::Taxes { before: self.taxes, now: now.taxes });
        let seats = (self.seats != now.seats).then_some(Change::Seats { before: self.seats, now: now.seats });
        [points, taxes, seats].into_iter().flatten().collect()
    }

    /// Whether it asks more points, costs more besides, or has fewer seats. Of taxes that nobody told before, or in another currency,
    /// nobody knows whether they are more; of seats, only that they are too few for all who travel is worse.
    fn is_worse_than(&self, before: &Self, travellers: u8) -> bool {
        let costs_more = self
            .taxes
            .zip(before.taxes)
            .is_some_and(|(now, before)| now.currency() == before.currency() && now.minor() > before.minor());
        let is_tighter = self.seats.is_some_and(|seats| seats < before.seats.unwrap_or(travellers));
        self.points > before.points || costs_more || is_tighter
    }
}

/// What a deal offers, if it is an award that is still there.
fn offered(deal: &Deal, now: Timestamp) -> Result<(ProgrammeId, Seen), BookingError> {
    let Fare::Award { programme, points, taxes } = &deal.flight().fare else { return Err(BookingError::NoAward) };
    if !deal.is_open(now) {
        return Err(BookingError::Gone);
    }
    Ok((programme.clone(), Seen { points: *points, taxes: *taxes, seats: deal.flight().seats }))
}

#[cfg(test)]
mod tests;
