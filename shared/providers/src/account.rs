//! What is told of an answer once it is there: how good it was, and what it sells.

use std::collections::BTreeSet;

use domain::{
    activities::ActivityOffer,
    flights::{FlightOffer, SourceId, lead_ins::LeadInFare},
    properties::Listing,
    quality::Account,
    sources::KeyScope,
    stays::StayOffer,
};
use jiff::Timestamp;
use platform::queues::SourceAnswered;

use crate::Found;

/// Listings of a message: with names and addresses of the usual length about 10 KB, so that ten messages are one call.
const LISTINGS: usize = 40;
/// The same of those of which nothing is told: as many as every source that tells of houses takes in one call, and no more text.
const UNTOLD: usize = 100;

/// Something that is found.
pub trait Sold {
    /// The property that is sold, where it is one.
    fn listing(&self, source: &SourceId) -> Option<Listing>;
}

impl Sold for StayOffer {
    fn listing(&self, source: &SourceId) -> Option<Listing> {
        Listing::of(source, &self.property)
    }
}

impl Sold for FlightOffer {
    fn listing(&self, _: &SourceId) -> Option<Listing> {
        None
    }
}

impl Sold for LeadInFare {
    fn listing(&self, _: &SourceId) -> Option<Listing> {
        None
    }
}

impl Sold for ActivityOffer {
    fn listing(&self, _: &SourceId) -> Option<Listing> {
        None
    }
}

/// The messages that tell of an answer that these may see: one, or more where it sells many properties. The same answer has the same
/// messages.
pub fn messages<O: Sold>(scope: &KeyScope, question: &str, asked_at: Timestamp, found: &Found<O>) -> Vec<SourceAnswered> {
    let cause = found.error.as_ref().map(|error| error.name().to_owned());
    let account = Account::of(question, asked_at, found.report(), cause);
    let mut seen = BTreeSet::new();
    let listings = found.offers.iter().filter_map(|offer| offer.listing(&found.source));
    let listings: Vec<Listing> = listings.filter(|listing| seen.insert(listing.key.clone())).collect();
    let message = |listings: &[Listing]| {
        let (account, scope) = (account.clone(), scope.clone());
        SourceAnswered { account, scope, listings: listings.to_vec() }
    };
    let most = if listings.iter().any(Listing::says_anything) { LISTINGS } else { UNTOLD };
    if listings.is_empty() { vec![message(&[])] } else { listings.chunks(most).map(message).collect() }
}
