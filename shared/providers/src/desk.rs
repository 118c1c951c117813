//! What comes after a search: checking a price, booking, and looking after a booking. A source has some of it, or none.

use std::fmt::Debug;

use domain::{cancellation::Cancellation, money::Money};
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::Serialize;

use crate::{Asking, BookingError, BookingRequest, SourceError};

/// Whether a price still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriceState {
    /// It holds.
    Available,
    /// It is another one now.
    Changed,
    /// It is gone.
    SoldOut,
}

/// What a source says to a price that it gave before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceCheck {
    /// Whether it holds.
    pub state: PriceState,
    /// All that has to be paid now; unknown where the source says only that it is gone.
    pub total: Option<Money>,
    /// What the source books it by.
    pub book_by: Option<String>,
    /// Until when it can be booked at this price.
    pub until: Option<Timestamp>,
}

impl PriceCheck {
    /// The same, against the price that was shown, which is one of so many equal shares of the total; what is gone has neither total
    /// nor end. The source compares with what it said last; a member with what they saw, where they say so: it may be that one again.
    #[must_use]
    pub fn against(self, shown: Option<Money>, shares: u8) -> Self {
        let is_other = |shown: Money| self.total.is_some_and(|total| total.share_of(shares) != Ok(shown));
        let other = shown.is_some_and(is_other);
        match self.state {
            PriceState::SoldOut => Self { total: None, until: None, ..self },
            PriceState::Available if other => Self { state: PriceState::Changed, ..self },
            PriceState::Changed if shown.is_some() && !other => Self { state: PriceState::Available, ..self },
            PriceState::Available | PriceState::Changed => self,
        }
    }
}

/// How far a booking is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BookingState {
    /// Held, or not confirmed yet.
    Pending,
    /// Confirmed.
    Confirmed,
    /// Cancelled.
    Cancelled,
    /// Refused by whoever provides it.
    Rejected,
}

/// A booking, without anything that tells who travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Booked {
    /// The source's own reference.
    pub reference: String,
    /// How far it is; unknown where the source uses a word that we don't know.
    pub state: Option<BookingState>,
    /// What it costs.
    pub total: Option<Money>,
    /// What the source shows it by.
    pub status_by: Option<String>,
    /// What the source cancels it by. Where a quote comes first, it is that of the quote.
    pub cancel_by: Option<String>,
    /// What the source takes its payment by, where it is held.
    pub pay_by: Option<String>,
    /// How it can be cancelled.
    pub cancellation: Option<Cancellation>,
    /// What we call it, where the source repeats that.
    pub ours: Option<String>,
}

/// What cancelling would bring back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelQuote {
    /// The source's own reference of the booking.
    pub reference: String,
    /// Whether it can be cancelled now.
    pub possible: bool,
    /// What would come back, in money; unknown where the source does not say it, or gives a voucher in its place.
    pub refund: Option<Money>,
    /// What the source cancels it by at these terms, where it can be.
    pub cancel_by: Option<String>,
    /// Until when these terms hold, where the source says so.
    pub until: Option<Timestamp>,
}

/// A source's desk. What it does not have is [`SourceError::NotOffered`].
pub trait Desk: Debug + Send + Sync {
    /// Whether a price still holds, by the reference of its offer.
    fn check<'a>(&'a self, asking: &'a Asking<'a>, reference: &'a str) -> BoxFuture<'a, Result<PriceCheck, SourceError>> {
        let _ = (asking, reference);
        Box::pin(async { Err(SourceError::NotOffered) })
    }

    /// Books at the price that was agreed to, or not at all. The price is asked for before, where the source can be asked. What books is
    /// sent once: whose outcome is not known is asked about by [`Desk::find`], and booked again only when there is none.
    fn book<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> BoxFuture<'a, Result<Booked, BookingError>> {
        let _ = (asking, request);
        Box::pin(async { Err(BookingError::not_offered()) })
    }

    /// What became of a request to book, by our own reference. There can be none yet of which there will be one: sources tell of some
    /// only minutes later.
    fn find<'a>(
        &'a self,
        asking: &'a Asking<'a>,
        request: &'a BookingRequest,
    ) -> BoxFuture<'a, Result<Option<Booked>, SourceError>> {
        let _ = (asking, request);
        Box::pin(async { Err(SourceError::NotOffered) })
    }

    /// Pays for a booking that is held, by its `pay_by`, at the price that was agreed to or not at all, and says how far it is then. It is
    /// sent once, and what an error says of a booking it says here of the payment: after one whose outcome is not known, who wants to
    /// know asks for the status.
    fn pay<'a>(
        &'a self,
        asking: &'a Asking<'a>,
        request: &'a BookingRequest,
        held: &'a str,
    ) -> BoxFuture<'a, Result<BookingState, BookingError>> {
        let _ = (asking, request, held);
        Box::pin(async { Err(BookingError::not_offered()) })
    }

    /// How far a booking is.
    fn status<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> BoxFuture<'a, Result<Booked, SourceError>> {
        let _ = (asking, booking);
        Box::pin(async { Err(SourceError::NotOffered) })
    }

    /// What cancelling a booking would bring back. Nothing is cancelled by asking.
    fn cancel_quote<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> BoxFuture<'a, Result<CancelQuote, SourceError>> {
        let _ = (asking, booking);
        Box::pin(async { Err(SourceError::NotOffered) })
    }

    /// Cancels a booking, by its `cancel_by` or that of a quote. It is sent once: who meets a time-out asks for the status before trying again.
    fn cancel<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> BoxFuture<'a, Result<(), SourceError>> {
        let _ = (asking, booking);
        Box::pin(async { Err(SourceError::NotOffered) })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use domain::money::Currency;

    use super::*;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD).unwrap()
    }

    fn check(state: PriceState, total: i64) -> PriceCheck {
        PriceCheck { state, total: Some(usd(total)), book_by: None, until: Some(Timestamp::UNIX_EPOCH) }
    }

    #[test]
    fn a_price_by_each_is_held_against_the_share_of_each() {
        let state = |total, shown, travellers| check(PriceState::Available, total).against(Some(usd(shown)), travellers).state;
        assert_eq!(state(37_600, 18_800, 2), PriceState::Available);
        assert_eq!(state(37_601, 18_801, 2), PriceState::Available, "shares are rounded up, as they were shown");
        assert_eq!(state(37_602, 18_800, 2), PriceState::Changed);
        assert_eq!(state(18_800, 18_800, 1), PriceState::Available);
        assert_eq!(state(37_600, 18_800, 1), PriceState::Changed);
    }

    #[test]
    fn what_the_source_calls_changed_can_be_what_was_seen_again() {
        let changed = || check(PriceState::Changed, 18_800);
        assert_eq!(changed().against(Some(usd(18_800)), 1).state, PriceState::Available);
        assert_eq!(changed().against(Some(usd(18_700)), 1).state, PriceState::Changed);
        assert_eq!(changed().against(None, 1).state, PriceState::Changed);
    }

    #[test]
    fn what_is_gone_has_no_price_and_no_end() {
        let gone = check(PriceState::SoldOut, 18_800).against(Some(usd(18_800)), 1);
        assert_eq!((gone.state, gone.total, gone.until), (PriceState::SoldOut, None, None));
    }
}
