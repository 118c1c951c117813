//! Properties, by where they are and by what sources call them, and pairs that a human is asked about. Owned by sources. Nobody's data:
//! what was learned with the deployment's keys is shared across tenants, what a tenant's own key has bought is the tenant's.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::PropertyId,
    properties::{Cell, HouseContent, Likeness, ListingKey, Property},
    sources::KeyScope,
};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    change::Change,
    entity::{Entity, Key, Keyspace, Kind},
    store::{Listed, Range, SortRange, Store, StoreError},
    tables::Table,
};

pub(crate) const PROPERTY: &Kind = &Kind {
    name: "property",
    context: "sources",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "CELL#{scope}#{cell}", sort: "PROPERTY#" }],
    retention: "until it is joined to another",
    privacy: "nobody's data",
};

pub(crate) const PROPERTY_CELL: &Kind = &Kind {
    name: "property-cell",
    context: "sources",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "CELL#{scope}#{cell}", sort: "CELL" }],
    retention: "for good: a number",
    privacy: "nobody's data",
};

pub(crate) const PLACED_LISTING: &Kind = &Kind {
    name: "placed-listing",
    context: "sources",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "LISTING#{scope}#{listing}", sort: "LISTING" }],
    retention: "for good: what a human decided about it stays",
    privacy: "nobody's data",
};

pub(crate) const HOUSE_CONTENT: &Kind = &Kind {
    name: "house-content",
    context: "sources",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "LISTING#{scope}#{listing}", sort: "CONTENT" }],
    retention: "90 days after it was looked up",
    privacy: "nobody's data",
};

pub(crate) const MATCH_CANDIDATE: &Kind = &Kind {
    name: "match-candidate",
    context: "sources",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: CANDIDATES, sort: "" }],
    retention: "until a human has decided",
    privacy: "nobody's data",
};

/// All pairs that wait for a human: few, and only operators list them.
const CANDIDATES: &str = "CANDIDATES";

/// Properties read at a time.
const PAGE: i32 = 100;
/// Pages that are read of a cell at most: ten times the hotels of the densest square mile.
const PAGES: usize = 20;

/// Houses that are looked at side by side.
const AT_ONCE: usize = 10;

/// How often something was placed in a cell. Whoever places a listing read the cells around it in this state, and writes them with
/// it: of two who place at once near each other, the second one looks again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyCell {
    /// Which.
    pub cell: Cell,
    /// Of what is whose to see.
    pub scope: KeyScope,
    /// Optimistic lock, and the number itself.
    pub version: u64,
}

/// Which property a listing is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedListing {
    /// The listing.
    #[serde(flatten)]
    pub key: ListingKey,
    /// Who may see it.
    pub scope: KeyScope,
    /// The cell of the property.
    pub cell: Cell,
    /// The property.
    pub property: PropertyId,
    /// Optimistic lock.
    pub version: u64,
}

impl PlacedListing {
    /// A listing of a property.
    pub fn of(key: ListingKey, property: &Property) -> Self {
        Self { key, scope: property.scope.clone(), cell: property.cell.clone(), property: property.id, version: 0 }
    }

    /// It is of this property now.
    pub fn move_to(&mut self, property: &Property) {
        self.cell = property.cell.clone();
        self.property = property.id;
    }
}

/// Two listings that may be one house: a human is to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchCandidate {
    /// One of them.
    pub one: ListingKey,
    /// The other one.
    pub other: ListingKey,
    /// How alike they are, and why.
    pub likeness: Likeness,
    /// Since when it waits.
    pub since: Timestamp,
}

impl Entity for Property {
    const KIND: &'static Kind = PROPERTY;

    fn key(&self) -> Key {
        property_key((&self.scope, &self.cell), self.id)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl Entity for PropertyCell {
    const KIND: &'static Kind = PROPERTY_CELL;

    fn key(&self) -> Key {
        Key::new(partition(&self.scope, &self.cell), "CELL")
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl Entity for PlacedListing {
    const KIND: &'static Kind = PLACED_LISTING;

    fn key(&self) -> Key {
        listing_key(&self.scope, &self.key)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl Entity for HouseContent {
    const KIND: &'static Kind = HOUSE_CONTENT;

    fn key(&self) -> Key {
        content_key(&self.scope, &self.listing.key)
    }

    /// Who looked it up last is right.
    fn version(&mut self) -> &mut u64 {
        unreachable!("what is said of a house has no version")
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.ends())
    }
}

impl Entity for MatchCandidate {
    const KIND: &'static Kind = MATCH_CANDIDATE;

    fn key(&self) -> Key {
        candidate_key(&self.one, &self.other)
    }

    /// It is asked once and removed.
    fn version(&mut self) -> &mut u64 {
        unreachable!("a question has no version")
    }
}

fn partition(scope: &KeyScope, cell: &Cell) -> String {
    format!("CELL#{scope}#{cell}")
}

fn property_key((scope, cell): (&KeyScope, &Cell), id: PropertyId) -> Key {
    Key::new(partition(scope, cell), format!("PROPERTY#{id}"))
}

/// The same pair, whichever comes first, is the same question.
fn candidate_key(one: &ListingKey, other: &ListingKey) -> Key {
    let (one, other) = (one.id(), other.id());
    Key::new(CANDIDATES, format!("{}#{}", one.min(other), one.max(other)))
}

fn listing_key(scope: &KeyScope, key: &ListingKey) -> Key {
    Key::new(format!("LISTING#{scope}#{}", key.id()), "LISTING")
}

fn content_key(scope: &KeyScope, key: &ListingKey) -> Key {
    Key::new(format!("LISTING#{scope}#{}", key.id()), "CONTENT")
}

impl Store {
    /// Which property a listing is of among those that these may see, if it was ever placed.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn placed_listing(&self, scope: &KeyScope, key: &ListingKey) -> Result<Option<PlacedListing>, StoreError> {
        self.get(listing_key(scope, key)).await
    }

    /// The property that a listing is of. `None` as well in the moment in which it is joined to another.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn property_of(&self, placed: &PlacedListing) -> Result<Option<Property>, StoreError> {
        self.get(property_key((&placed.scope, &placed.cell), placed.property)).await
    }

    /// Cells as they are, and then all properties in them: in that order, so that what comes in between is noticed by who writes
    /// the cells.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] if there are more in a cell than there can be; or if the store can't say.
    pub async fn properties_in(
        &self,
        scope: &KeyScope,
        cells: BTreeSet<Cell>,
    ) -> Result<(Vec<PropertyCell>, Vec<Property>), StoreError> {
        let (mut locks, mut properties) = (Vec::new(), Vec::new());
        for cell in cells {
            let first = PropertyCell { cell, scope: scope.clone(), version: 0 };
            locks.push(self.get(first.key()).await?.unwrap_or(first));
        }
        for lock in &locks {
            properties.extend(self.all_in(lock).await?);
        }
        Ok((locks, properties))
    }

    async fn all_in(&self, PropertyCell { cell, scope, .. }: &PropertyCell) -> Result<Vec<Property>, StoreError> {
        let (mut properties, mut after) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let sk = SortRange::Prefix("PROPERTY#".to_owned());
            let pk = partition(scope, cell);
            let range = Range { index: None, pk, sk, limit: PAGE, after: after.as_deref(), backwards: false };
            let page = self.list(range).await?;
            properties.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(properties);
            }
        }
        Err(StoreError::TooLarge)
    }

    /// What is kept of houses that these may see, by what their sources call them. O(houses).
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn house_contents(
        &self,
        scope: &KeyScope,
        keys: &BTreeSet<ListingKey>,
    ) -> Result<BTreeMap<ListingKey, HouseContent>, StoreError> {
        let lying: Vec<Key> = keys.iter().map(|key| content_key(scope, key)).collect();
        let found = stream::iter(lying).map(|key| self.get::<HouseContent>(key)).buffer_unordered(AT_ONCE);
        found.try_filter_map(async |found| Ok(found.map(|known| (known.listing.key.clone(), known)))).try_collect().await
    }

    /// Whether a human is to say of two listings whether they are one house.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn is_candidate(&self, one: &ListingKey, other: &ListingKey) -> Result<bool, StoreError> {
        Ok(self.get::<MatchCandidate>(candidate_key(one, other)).await?.is_some())
    }

    /// The pairs that wait for a human.
    ///
    /// # Errors
    /// If the store can't say, or `after` is no place in the list.
    pub async fn match_candidates(&self, limit: u8, after: Option<&str>) -> Result<Listed<MatchCandidate>, StoreError> {
        let (pk, limit) = (CANDIDATES.to_owned(), i32::from(limit));
        self.list(Range { index: None, pk, sk: SortRange::All, limit, after, backwards: false }).await
    }
}

impl Change {
    /// The pair is decided: nobody is asked about it any more.
    pub fn decided(self, one: &ListingKey, other: &ListingKey) -> Self {
        let likeness = Likeness { verdict: domain::properties::Verdict::Ask, score: 0, parts: vec![] };
        let (one, other) = (one.clone(), other.clone());
        self.forget(&MatchCandidate { one, other, likeness, since: Timestamp::UNIX_EPOCH })
    }
}
