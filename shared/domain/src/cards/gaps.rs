//! Which programmes a member's plans need, which of them their points pay for or their cards reach, and which are missing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Card, CardId, CardsHeld, Catalogue, Transfers};
use crate::{
    booking::{Booking, BookingState},
    funding::{Balances, Terms, reachable},
    ids::{DealId, WatcherId},
    money::{Points, ProgrammeId},
    transfers::partners,
};

/// Who needs points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WishedBy {
    /// A watcher that looks for awards of certain programmes.
    Watcher(WatcherId),
    /// A deal that the member has saved.
    Deal(DealId),
}

/// Points that a member could use: of any of these programmes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// For what.
    pub by: WishedBy,
    /// Of which programmes; any one of them will do.
    pub any_of: BTreeSet<ProgrammeId>,
    /// How many for each who travels, if that is known.
    pub points: Option<Points>,
    /// How many travel.
    pub travellers: u8,
    /// Whether the member has the points for all of them already.
    pub in_hand: bool,
}

impl Wish {
    /// Held against what a member has: it is in hand where that is enough, with transfers that a recent source confirms. Each plan is
    /// held against all of it, as it is against all cards. One that says no number of points is not in hand. O(programmes × transfers).
    #[must_use]
    pub fn held_against(self, balances: &Balances, terms: &Terms<'_>) -> Self {
        let needed = self.points.map(|points| points.times(self.travellers).get());
        let is_enough = |needed| self.any_of.iter().any(|programme| reachable(programme, balances, terms) >= needed);
        Self { in_hand: self.in_hand || needed.is_some_and(is_enough), ..self }
    }

    /// The plan for a deal, by what its booking says: for how many it is, and that its points are in hand once all of them are on their
    /// way. None, once it is booked. One that was given up says nothing.
    #[must_use]
    pub fn with_booking(self, booking: &Booking) -> Option<Self> {
        match booking.state {
            BookingState::Verify | BookingState::Verified { .. } => Some(Self { travellers: booking.travellers, ..self }),
            BookingState::Waiting { .. } => Some(Self { travellers: booking.travellers, in_hand: true, ..self }),
            BookingState::Booked => None,
            BookingState::Abandoned { .. } => Some(self),
        }
    }
}

/// Where each currency can be transferred to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach(BTreeMap<ProgrammeId, BTreeSet<ProgrammeId>>);

impl FromIterator<(ProgrammeId, ProgrammeId)> for Reach {
    /// Of pairs: from where, to where.
    fn from_iter<I: IntoIterator<Item = (ProgrammeId, ProgrammeId)>>(pairs: I) -> Self {
        let mut reach: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (from, to) in pairs {
            reach.entry(from).or_default().insert(to);
        }
        Self(reach)
    }
}

impl Reach {
    /// As the table of transfers has it, by what a recent source confirms: nobody should get a card for a transfer that may no longer
    /// be offered.
    pub fn confirmed() -> Self {
        let confirmed = partners().iter().filter(|partner| partner.confirmed);
        confirmed.map(|partner| (partner.from.clone(), partner.to.clone())).collect()
    }

    /// Whether points of one programme become points of another.
    pub fn leads(&self, from: &ProgrammeId, to: &ProgrammeId) -> bool {
        self.0.get(from).is_some_and(|partners| partners.contains(to))
    }

    /// Whether points of one programme become points of any others.
    pub fn leads_anywhere(&self, from: &ProgrammeId) -> bool {
        self.0.get(from).is_some_and(|partners| !partners.is_empty())
    }
}

/// How a card comes by points of a programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// It earns them.
    Earned,
    /// What it earns is transferred.
    Transferred,
}

/// The cards that a member has open, as far as they reach.
#[derive(Debug)]
pub(super) struct Hand<'a> {
    cards: Vec<&'a Card>,
    /// Currencies for which the member has a card with full access to transfers.
    open_currencies: BTreeSet<&'a ProgrammeId>,
    reach: &'a Reach,
}

impl<'a> Hand<'a> {
    pub(super) fn of(held: &CardsHeld, catalogue: &'a Catalogue, reach: &'a Reach) -> Self {
        let cards: Vec<&Card> = catalogue.cards().filter(|card| held.has(&card.id)).collect();
        let full = cards.iter().filter(|card| card.transfers == Some(Transfers::Full));
        let open_currencies = full.map(|card| &card.programme).collect();
        Self { cards, open_currencies, reach }
    }

    /// Whether what a card earns can't be transferred for want of another one, with full access.
    pub(super) fn lacks_pair(&self, card: &Card) -> bool {
        card.transfers == Some(Transfers::Paired) && !self.open_currencies.contains(&card.programme)
    }

    /// How a card would bring points of a programme to who has these cards, if it does.
    pub(super) fn way(&self, card: &Card, to: &ProgrammeId) -> Option<Way> {
        let transfers = match card.transfers {
            Some(Transfers::Full | Transfers::Paired) => !self.lacks_pair(card),
            Some(Transfers::None) | None => false,
        };
        if card.programme == *to {
            Some(Way::Earned)
        } else {
            (transfers && self.reach.leads(&card.programme, to)).then_some(Way::Transferred)
        }
    }

    /// Which of these cards bring points of a programme, and how.
    fn ways(&self, to: &ProgrammeId) -> Vec<(CardId, Way)> {
        self.cards.iter().filter_map(|card| Some((card.id.clone(), self.way(card, to)?))).collect()
    }

    /// Whether a plan needs no other card: these bring its points, or they are there.
    pub(super) fn meets(&self, wish: &Wish) -> bool {
        wish.in_hand || wish.any_of.iter().any(|programme| self.cards.iter().any(|card| self.way(card, programme).is_some()))
    }
}

/// A programme that a member's plans need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The programme.
    pub programme: ProgrammeId,
    /// For what. Never empty.
    pub for_what: Vec<WishedBy>,
    /// The most points that one of them asks, where any says so.
    pub points: Option<Points>,
    /// The cards held that bring them.
    pub ways: Vec<(CardId, Way)>,
    /// For how many of the plans that need it the member has the points, of this or another programme.
    pub in_hand: usize,
    /// How many of the others can't be met by any card held, through this or another programme.
    pub unmet: usize,
}

/// All programmes that a member's plans need.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gaps {
    /// Those that leave most plans unmet first, then by their names.
    pub programmes: Vec<Gap>,
    /// How many plans there are.
    pub wishes: usize,
    /// For how many of them the member lacks the points, and no card held brings them.
    pub unmet: usize,
}

impl Gaps {
    /// Holds plans against the points and the cards held. O(plans × programmes × cards held).
    pub fn of(wishes: &[Wish], held: &CardsHeld, catalogue: &Catalogue, reach: &Reach) -> Self {
        let hand = Hand::of(held, catalogue, reach);
        let mut programmes: BTreeMap<&ProgrammeId, Gap> = BTreeMap::new();
        let mut total = 0;
        for wish in wishes.iter().filter(|wish| !wish.any_of.is_empty()) {
            total += 1;
            let unmet = usize::from(!hand.meets(wish));
            for programme in &wish.any_of {
                let gap = programmes.entry(programme).or_insert_with(|| Gap {
                    programme: programme.clone(),
                    for_what: Vec::new(),
                    points: None,
                    ways: hand.ways(programme),
                    in_hand: 0,
                    unmet: 0,
                });
                gap.for_what.push(wish.by);
                gap.points = gap.points.max(wish.points);
                gap.in_hand += usize::from(wish.in_hand);
                gap.unmet += unmet;
            }
        }
        let mut programmes: Vec<Gap> = programmes.into_values().collect();
        for gap in &mut programmes {
            gap.for_what.sort_unstable();
        }
        programmes.sort_by(|a, b| b.unmet.cmp(&a.unmet).then_with(|| a.programme.cmp(&b.programme)));
        let unmet = wishes.iter().filter(|wish| !wish.any_of.is_empty() && !hand.meets(wish)).count();
        Self { programmes, wishes: total, unmet }
    }
}
