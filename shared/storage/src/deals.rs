//! Deals, and which searches see them. Owned by deals.

use domain::{
    deals::{Deal, DealState, SavedDeal, Weights},
    flights::SourceId,
    ids::{DealId, Owner, TenantId},
    search::SearchKey,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    entity::{Entity, Key, Keyspace, Kind},
    members::{COLLECTION, collection},
    store::{Listed, Range, SortRange, Store, StoreError},
    tables::{GSI1, Table},
};

pub(crate) const DEAL: &Kind = &Kind {
    name: "deal",
    context: "deals",
    table: Table::Core,
    keys: &[
        Keyspace { index: None, partition: "T#{tenant}#DEAL#{deal}", sort: "DEAL" },
        Keyspace { index: Some(GSI1), partition: "T#{tenant}#DEALS", sort: "" },
    ],
    retention: "30 days after its day of departure; its prices stay as observations",
    privacy: "nobody's data",
};

pub(crate) const SIGHTING: &Kind = &Kind {
    name: "sighting",
    context: "deals",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "T#{tenant}#SEARCH#{key}", sort: "SIGHTING#" }],
    retention: "with its deal",
    privacy: "nobody's data",
};

pub(crate) const SAVED_DEAL: &Kind = &Kind {
    name: "saved-deal",
    context: "deals",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "SAVED#" }],
    retention: "with its deal",
    privacy: "exported; deleted with the member",
};

/// How long a deal stays after it has ended.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Entity for Deal {
    const KIND: &'static Kind = DEAL;

    fn key(&self) -> Key {
        deal_key(&self.tenant, self.id)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    /// Live ones, the best first; the id makes the order stable on ties.
    fn indexes(&self) -> (Option<Key>, Option<Key>) {
        let rank = 100 - u16::from(self.score(&Weights::default()).total.min(100));
        let ranked =
            (self.state == DealState::Live).then(|| Key::new(ranked_partition(&self.tenant), format!("{rank:03}#{}", self.id)));
        (ranked, None)
    }

    fn expires(&self) -> Option<Timestamp> {
        self.ends().checked_add(KEPT).ok()
    }
}

fn deal_key(tenant: &TenantId, id: DealId) -> Key {
    Key::new(format!("T#{tenant}#DEAL#{id}"), "DEAL")
}

fn ranked_partition(tenant: &TenantId) -> String {
    format!("T#{tenant}#DEALS")
}

/// That a search sees a deal: what it told its watchers last, and whom to ask whether it is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sighting {
    /// Whose.
    pub tenant: TenantId,
    /// Which search.
    pub search_key: SearchKey,
    /// Which deal.
    pub deal: DealId,
    /// The version its watchers were last told of.
    pub deal_version: u64,
    /// The source that offers it.
    pub source: SourceId,
    /// When the deal ends.
    pub ends: Timestamp,
    /// Optimistic lock.
    pub version: u64,
}

impl Entity for Sighting {
    const KIND: &'static Kind = SIGHTING;

    fn key(&self) -> Key {
        Key::new(format!("T#{}#SEARCH#{}", self.tenant, self.search_key), format!("SIGHTING#{}", self.deal))
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        self.ends.checked_add(KEPT).ok()
    }
}

impl Entity for SavedDeal {
    const KIND: &'static Kind = SAVED_DEAL;

    fn key(&self) -> Key {
        saved_key(&self.owner, self.deal)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        self.ends.checked_add(KEPT).ok()
    }
}

fn saved_key(owner: &Owner, deal: DealId) -> Key {
    Key::new(collection(owner), format!("SAVED#{deal}"))
}

impl Store {
    /// That a member has saved a deal.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn saved_deal(&self, owner: &Owner, deal: DealId) -> Result<Option<SavedDeal>, StoreError> {
        self.get(saved_key(owner, deal)).await
    }

    /// What a member has saved, in the order of the deals' ids.
    ///
    /// # Errors
    /// If the store can't say, or `after` is no place in the list.
    pub async fn saved_deals_of(&self, owner: &Owner, limit: u8, after: Option<&str>) -> Result<Listed<SavedDeal>, StoreError> {
        let sk = SortRange::Prefix("SAVED#".to_owned());
        self.list(Range { index: None, pk: collection(owner), sk, limit: i32::from(limit), after, backwards: false }).await
    }

    /// All that a member has saved: what one can save at most, and what many requests at once may save beyond it, up to twice that.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn all_saved_deals_of(&self, owner: &Owner) -> Result<Vec<SavedDeal>, StoreError> {
        let (mut saved, mut after) = (Vec::new(), None);
        loop {
            let page = self.saved_deals_of(owner, 100, after.as_deref()).await?;
            saved.extend(page.items);
            after = page.next;
            if after.is_none() || saved.len() >= 2 * SavedDeal::MOST {
                return Ok(saved);
            }
        }
    }

    /// A deal.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn deal(&self, tenant: &TenantId, id: DealId) -> Result<Option<Deal>, StoreError> {
        self.get(deal_key(tenant, id)).await
    }

    /// A tenant's live deals, the best first.
    ///
    /// # Errors
    /// If the store can't say, or `after` is no place in the list.
    pub async fn ranked_deals(&self, tenant: &TenantId, limit: u8, after: Option<&str>) -> Result<Listed<Deal>, StoreError> {
        let sk = SortRange::All;
        self.list(Range { index: Some(GSI1), pk: ranked_partition(tenant), sk, limit: i32::from(limit), after, backwards: false })
            .await
    }

    /// The deals that a search sees.
    ///
    /// # Errors
    /// If the store can't say, or `after` is no place in the list.
    pub async fn sightings(
        &self,
        tenant: &TenantId,
        key: &SearchKey,
        limit: u8,
        after: Option<&str>,
    ) -> Result<Listed<Sighting>, StoreError> {
        let sk = SortRange::Prefix("SIGHTING#".to_owned());
        self.list(Range {
            index: None,
            pk: format!("T#{tenant}#SEARCH#{key}"),
            sk,
            limit: i32::from(limit),
            after,
            backwards: false,
        })
        .await
    }
}
