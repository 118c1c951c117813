//! What comes after a search: checking a price, and looking after a booking. A source has some of it, or none.

use std::fmt::Debug;

use domain::{cancellation::Cancellation, money::Money};
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::Serialize;

use crate::{Asking, SourceError};

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
    /// What the source cancels it by.
    pub cancel_by: Option<String>,
    /// How it can be cancelled.
    pub cancellation: Option<Cancellation>,
}

/// What cancelling would bring back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelQuote {
    /// The source's own reference of the booking.
    pub reference: String,
    /// Whether it can be cancelled now.
    pub possible: bool,
    /// What would come back.
    pub refund: Option<Money>,
}

/// A source's desk. What it does not have is [`SourceError::NotOffered`].
pub trait Desk: Debug + Send + Sync {
    /// Whether a price still holds, by the reference of its offer.
    fn check<'a>(&'a self, asking: &'a Asking<'a>, reference: &'a str) -> BoxFuture<'a, Result<PriceCheck, SourceError>> {
        let _ = (asking, reference);
        Box::pin(async { Err(SourceError::NotOffered) })
    }

    /// How far a booking is.
    fn status<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> BoxFuture<'a, Result<Booked, SourceError>> {
        let _ = (asking, booking);
        Box::pin(async { Err(SourceError::NotOffered) })
    }

    /// What cancelling a booking would bring back.
    fn cancel_quote<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> BoxFuture<'a, Result<CancelQuote, SourceError>> {
        let _ = (asking, booking);
        Box::pin(async { Err(SourceError::NotOffered) })
    }

    /// Cancels a booking. It is sent once: who meets a time-out asks for the status before trying again.
    fn cancel<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> BoxFuture<'a, Result<(), SourceError>> {
        let _ = (asking, booking);
        Box::pin(async { Err(SourceError::NotOffered) })
    }
}
