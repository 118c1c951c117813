//! Adapters to travel sources: one module each, which says how to ask and how to read what comes back. All answer with the
//! domain's own offers: [`FlightOffer`], [`LeadInFare`], [`StayOffer`], [`ActivityOffer`]. [`sources`] is the table of them.
//!
//! What all of them share stands once: how a call is sent, repeated and bounded ([`calls`]), how answers of many pages are read,
//! what a failure is ([`error`]), and how offers that can't be trusted are set aside and counted ([`read`]).
//!
//! Who asks says until when there is time, and with how much [`Patience`]: what passes with time (a rate limit, an outage) is tried
//! again within it, for a member shortly, for a message longer. What takes longer still is a typed error, and the queue's redelivery
//! asks again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use domain::{
    activities::{ActivityOffer, ActivityQuery},
    answers::Cause,
    flights::{FlightOffer, SourceId, Untrusted},
    properties::{Listing, ListingReference},
    search::{SearchQuery, SourceOutcome, SourceReport},
    stays::{StayOffer, StayQuery},
};
use futures::future::BoxFuture;
use jiff::civil::Date;

pub mod account;
pub mod adapters;
pub mod booking;
pub mod booking_demand;
pub mod calls;
pub mod contract;
pub mod desk;
pub mod duffel;
pub mod ecb;
pub mod error;
pub mod expedia_rapid;
pub mod feed;
pub mod getyourguide;
pub mod goibibo;
pub mod guard;
pub mod makemytrip;
pub mod others;
pub mod oyo;
pub mod raw;
pub mod read;
pub mod readings;
pub mod registry;
pub mod seats_aero;
pub mod sources;
pub mod travelpayouts;
pub mod trip_com;
pub mod viator;

pub use adapters::{Adapter, FlightSource};
pub use booking::{BookingError, BookingRequest};
pub use booking_demand::BookingDemand;
pub use calls::{Asking, CALL_TIMEOUT, Patience};
pub use contract::SignedHotels;
pub use desk::{Booked, BookingState, CancelQuote, Desk, PriceCheck, PriceState};
pub use duffel::Duffel;
pub use error::SourceError;
pub use expedia_rapid::ExpediaRapid;
pub use feed::{Feed, FeedPage};
pub use getyourguide::GetYourGuide;
pub use guard::Guarded;
pub use makemytrip::MakeMyTrip;
pub use read::{SetAside, Sifted};
pub use registry::{Serving, serving, serving_with_keys_of};
pub use seats_aero::SeatsAero;
pub use travelpayouts::Travelpayouts;
pub use viator::Viator;

/// What a source says to one question, when it has said it.
pub type Says<'a, T, E = SourceError> = BoxFuture<'a, Result<T, E>>;

/// A source of award space.
pub trait AwardSource: Debug + Send + Sync {
    /// Every award it has for the question.
    fn awards<'a>(&'a self, asking: &'a Asking<'a>, query: &'a SearchQuery) -> BoxFuture<'a, Found>;
}

/// A source of cash fares, which answers for one day at a time.
pub trait CashSource: Debug + Send + Sync {
    /// The fares for the question on some of its days.
    fn fares<'a>(&'a self, asking: &'a Asking<'a>, query: &'a SearchQuery, days: &'a [Date]) -> BoxFuture<'a, Found>;
}

/// A source of stays.
pub trait StaySource: Debug + Send + Sync {
    /// The rooms it has for the question.
    fn stays<'a>(&'a self, asking: &'a Asking<'a>, query: &'a StayQuery) -> BoxFuture<'a, Found<StayOffer>>;
}

/// A source of stays that tells what its houses are called and where they are apart from what is free in them.
pub trait HouseSource: Debug + Send + Sync {
    /// What it says of these, by its own references. What it does not know is not among them.
    fn houses<'a>(&'a self, asking: &'a Asking<'a>, asked: &'a BTreeSet<ListingReference>) -> BoxFuture<'a, Found<Listing>>;
}

/// A source of activities.
pub trait ActivitySource: Debug + Send + Sync {
    /// What it has for the question.
    fn activities<'a>(&'a self, asking: &'a Asking<'a>, query: &'a ActivityQuery) -> BoxFuture<'a, Found<ActivityOffer>>;
}

/// What a source gave.
#[derive(Debug)]
pub struct Found<O = FlightOffer> {
    /// Which source.
    pub source: SourceId,
    /// Offers that are trusted and answer the question.
    pub offers: Vec<O>,
    /// How many offers were set aside, by reason.
    pub set_aside: BTreeMap<Untrusted, usize>,
    /// Calls made, repeated ones included.
    pub calls: u32,
    /// How it went.
    pub outcome: SourceOutcome,
    /// Why it broke off, if it did.
    pub error: Option<SourceError>,
}

impl<O> Found<O> {
    /// Nothing, for all that there is.
    fn nothing(id: &SourceId, calls: u32) -> Self {
        Self {
            source: id.clone(),
            offers: Vec::new(),
            set_aside: BTreeMap::new(),
            calls,
            outcome: SourceOutcome::Complete,
            error: None,
        }
    }

    /// Nothing, because of this.
    fn failed(id: &SourceId, error: SourceError, calls: u32) -> Self {
        Self { outcome: SourceOutcome::Failed, error: Some(error), ..Self::nothing(id, calls) }
    }

    /// Why it is not all that the source has, if it is not. What no error cut off, a bound of ours did.
    pub fn cut_off(&self) -> Option<Cause> {
        let is_partial = self.outcome == SourceOutcome::Partial;
        is_partial.then(|| self.error.as_ref().map_or(Cause::Capped, SourceError::cause))
    }

    /// The account of it that the answer keeps.
    pub fn report(&self) -> SourceReport {
        SourceReport {
            source: self.source.clone(),
            outcome: self.outcome,
            calls: self.calls,
            offers: self.offers.len(),
            set_aside: self.set_aside.iter().map(|(reason, count)| (*reason, *count)).collect(),
        }
    }
}
