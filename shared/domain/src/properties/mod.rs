//! Properties: one house that several sources sell, put together from what each of them says of it. What is learned with the deployment's
//! keys is the same for all tenants; what a tenant's own key has bought is for that tenant.
//!
//! What a source calls by one reference is a [`Listing`]. [`likeness`] holds two of them against each other, and says why. What is
//! alike enough is one [`Property`]; what might be is for a human to decide, and what a human decided stays.

mod cells;
mod content;
mod likeness;
mod names;
mod placing;
#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    flights::SourceId,
    ids::{ListingId, PropertyId, derived},
    inputs::{Fields, Input, leaf},
    sources::KeyScope,
    stays::{self, Position},
    text::text,
};

pub use self::{
    cells::{Cell, NEAR_METRES, metres, ring},
    content::HouseContent,
    likeness::{Aspect, Likeness, Part, Verdict, likeness},
    placing::{Placing, place},
};

text!(
    /// A source's own reference of a property.
    ListingReference, "a property's reference", listing_reference, example "12345"
);

fn listing_reference(text: &str) -> Result<(), &'static str> {
    if crate::text::is_label(text, 128) { Ok(()) } else { Err("1 to 128 characters") }
}

/// Names what a source sells: by its own reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ListingKey {
    /// Which source.
    pub source: SourceId,
    /// What it calls it.
    pub reference: ListingReference,
}

impl ListingKey {
    /// Its id: the same for the same source and reference.
    pub fn id(&self) -> ListingId {
        derived(&["listing", self.source.as_str(), self.reference.as_str()])
    }
}

impl Input for ListingKey {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (source, reference) = (fields.required("source", leaf), fields.required("reference", leaf));
        Some(Self { source: source?, reference: reference? })
    }
}

/// What a source says of a property. What it does not say is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Whose, and which.
    #[serde(flatten)]
    pub key: ListingKey,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Street and number, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where exactly it is, its source keeps to itself until one has booked: its position is an approximate one, and it has no address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub veiled: bool,
}

impl Listing {
    /// One of which nothing is known but what it is called.
    pub fn bare(key: ListingKey) -> Self {
        Self { key, name: None, position: None, address: None, veiled: false }
    }

    /// What an offer says of where one stays; `None` if its reference is none that we keep.
    pub fn of(source: &SourceId, property: &stays::Property) -> Option<Self> {
        let reference = property.reference.parse().ok()?;
        let key = ListingKey { source: source.clone(), reference };
        let stays::Property { reference: _, name, position, address, country: _ } = property.clone();
        Some(Self { key, name, position, address, veiled: false })
    }

    /// Whether it says what it takes to be matched with others: what the house is called, and where it is.
    pub fn is_told(&self) -> bool {
        self.name.is_some() && self.position.is_some()
    }

    /// Whether it says more than what its source calls it.
    pub fn says_anything(&self) -> bool {
        *self != Self::bare(self.key.clone())
    }

    /// Takes over what the source says now. What it has stopped to say is kept; what it has withdrawn is not. Only an address says that
    /// it is no longer withdrawn.
    pub fn learn(&mut self, now: &Self) {
        let Self { key: _, name, position, address, veiled } = now;
        if *veiled {
            (self.position, self.address) = (None, None);
        }
        self.veiled = *veiled || self.veiled && address.is_none();
        self.name = name.clone().or_else(|| self.name.take());
        self.position = position.or(self.position);
        self.address = address.clone().or_else(|| self.address.take());
    }
}

/// Whose word counts where sources contradict each other, best first: those that keep descriptions of their own of every property
/// come before those that sell what others describe. A source that is not named comes last, by its id.
pub const TRUST: [&str; 6] = ["expedia-rapid", "booking-demand", "trip-com", "makemytrip", "goibibo", "oyo"];

fn trust(source: &SourceId) -> (usize, &SourceId) {
    (TRUST.iter().position(|known| *known == source.as_str()).unwrap_or(TRUST.len()), source)
}

/// One house, as several sources sell it. No source sells it twice: what one source tells apart is two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    /// Its id.
    pub id: PropertyId,
    /// Where it was first seen. It stays there, whatever positions are corrected to: houses do not move.
    pub cell: Cell,
    /// Who may see it: whose key it was learned with.
    pub scope: KeyScope,
    /// What each source says of it.
    pub listings: BTreeMap<SourceId, Listing>,
    /// How alike each listing was to the others that was found to be one with them, and why. None is of the first, of what a human
    /// joined, and of what was found before it was kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub found: BTreeMap<SourceId, Likeness>,
    /// Optimistic lock.
    pub version: u64,
}

/// Two properties of which one source sells both.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source_id} sells them as two, {one} and {other}")]
pub struct SoldAsTwo {
    /// The source.
    pub source_id: SourceId,
    /// What it calls one of them.
    pub one: ListingReference,
    /// What it calls the other.
    pub other: ListingReference,
}

impl SoldAsTwo {
    fn of(one: &Listing, other: &Listing) -> Self {
        let reference = |of: &Listing| of.key.reference.clone();
        Self { source_id: one.key.source.clone(), one: reference(one), other: reference(other) }
    }
}

impl Property {
    /// The property that a listing is the first of, for those at a scope to see.
    pub fn first(id: PropertyId, scope: KeyScope, cell: Cell, listing: Listing) -> Self {
        let listings = [(listing.key.source.clone(), listing)].into();
        Self { id, cell, scope, listings, found: BTreeMap::new(), version: 0 }
    }

    /// The id of the property that a listing is the first of.
    pub fn id_by(listing: &ListingKey) -> PropertyId {
        derived(&["property", listing.source.as_str(), listing.reference.as_str()])
    }

    /// Its listings, those of the most trusted sources first.
    pub fn by_trust(&self) -> Vec<&Listing> {
        let mut listings: Vec<&Listing> = self.listings.values().collect();
        listings.sort_by_key(|listing| trust(&listing.key.source));
        listings
    }

    /// Its name, by the most trusted source that has one.
    pub fn name(&self) -> Option<&str> {
        self.by_trust().into_iter().find_map(|listing| listing.name.as_deref())
    }

    /// Where it is, by the most trusted source that says.
    pub fn position(&self) -> Option<Position> {
        self.by_trust().into_iter().find_map(|listing| listing.position)
    }

    /// Its address, by the most trusted source that has one.
    pub fn address(&self) -> Option<&str> {
        self.by_trust().into_iter().find_map(|listing| listing.address.as_deref())
    }

    /// Whether this is one of its listings.
    pub fn has(&self, key: &ListingKey) -> bool {
        self.listings.get(&key.source).is_some_and(|listing| listing.key == *key)
    }

    /// How alike a listing is to all that is known here: to the least alike of its listings, so that no chain of likenesses joins
    /// what is not alike. `None` if its source sells something else here already.
    pub fn likeness(&self, listing: &Listing) -> Option<Likeness> {
        if self.listings.contains_key(&listing.key.source) {
            return None;
        }
        // What a human added bare can't be compared.
        let told = self.listings.values().filter(|known| known.name.is_some());
        told.map(|known| likeness(known, listing)).min_by_key(Likeness::rank)
    }

    /// Adds a listing, or takes over what its source says of it now. Whether that changed anything.
    ///
    /// # Errors
    /// If its source sells something else here.
    pub fn take(&mut self, listing: Listing) -> Result<bool, SoldAsTwo> {
        match self.listings.get_mut(&listing.key.source) {
            Some(known) if known.key == listing.key => {
                let before = known.clone();
                known.learn(&listing);
                Ok(*known != before)
            }
            Some(known) => Err(SoldAsTwo::of(known, &listing)),
            None => {
                self.listings.insert(listing.key.source.clone(), listing);
                Ok(true)
            }
        }
    }

    /// Adds a listing that was found to be one with those that are here, with how alike it is.
    ///
    /// # Errors
    /// If its source sells something else here.
    pub fn take_found(&mut self, listing: Listing, likeness: Likeness) -> Result<(), SoldAsTwo> {
        let source = listing.key.source.clone();
        self.take(listing)?;
        self.found.insert(source, likeness);
        Ok(())
    }

    /// Takes over all listings of another property, which is no more then.
    ///
    /// # Errors
    /// If a source sells both; then neither has changed.
    pub fn join(&mut self, other: Self) -> Result<(), SoldAsTwo> {
        let both = |(source, second)| Some((self.listings.get(source)?, second));
        if let Some((first, second)) = other.listings.iter().find_map(both) {
            return Err(SoldAsTwo::of(first, second));
        }
        self.listings.extend(other.listings);
        self.found.extend(other.found);
        Ok(())
    }

    /// Takes a listing out, which becomes a property of its own with this id. `None` if it is no listing of it, or its only one.
    pub fn split(&mut self, key: &ListingKey, id: PropertyId) -> Option<Self> {
        if self.listings.len() < 2 || !self.has(key) {
            return None;
        }
        let listing = self.listings.remove(&key.source)?;
        self.found.remove(&key.source);
        Some(Self::first(id, self.scope.clone(), self.cell.clone(), listing))
    }
}
