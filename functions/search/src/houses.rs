//! What the houses of stays are called, where the answers with them do not say so.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    properties::{HouseContent, Listing, ListingKey},
    sources::KeyScope,
    stays::StayOffer,
};
use platform::Deps;
use providers::adapters::TELLING_OF_HOUSES;

/// What is kept of houses.
pub(crate) struct Houses(BTreeMap<ListingKey, HouseContent>);

impl Houses {
    /// What is kept of the houses of these stays, as far as they do not say it. That it can't be read is no reason to show nothing.
    pub async fn of<'a>(cx: &Deps, scope: &KeyScope, stays: impl Iterator<Item = &'a StayOffer>) -> Self {
        let untold = stays.filter_map(listing).filter(|listing| !listing.is_told()).map(|listing| listing.key);
        let keys: BTreeSet<ListingKey> = untold.filter(|key| TELLING_OF_HOUSES.contains(&key.source.as_str())).collect();
        let kept = cx.store().house_contents(scope, &keys).await;
        let kept = kept.inspect_err(|error| tracing::warn!(%error, "stays are shown without the names of their houses"));
        Self(kept.unwrap_or_default())
    }

    /// A stay with what is kept of its house.
    pub fn told(&self, stay: &StayOffer) -> StayOffer {
        let mut stay = stay.clone();
        if let Some(known) = listing(&stay).and_then(|listing| self.0.get(&listing.key)) {
            stay.property.complete(&known.listing);
        }
        stay
    }
}

fn listing(stay: &StayOffer) -> Option<Listing> {
    Listing::of(&stay.freshness.source, &stay.property)
}
