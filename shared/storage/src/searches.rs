//! Runs of searches and the prices they saw. Owned by search.

use domain::{
    answers::SearchAnswer,
    flights::{Cabin, Fare, SourceId},
    ids::TenantId,
    places::Airport,
    search::SearchKey,
    sources::KeyScope,
    time::Slot,
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    entity::{Entity, Key, Keyspace, Kind, to_item},
    store::{Store, StoreError, store_error},
    tables::Table,
};

pub(crate) const RUN: &Kind = &Kind {
    name: "search-run",
    context: "search",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: "T#{tenant}#SEARCH#{key}", sort: "RUN#" }],
    retention: "7 days",
    privacy: "nobody's data",
};

pub(crate) const OBSERVATION: &Kind = &Kind {
    name: "price",
    context: "search",
    table: Table::Observations,
    keys: &[Keyspace { index: None, partition: "PRICE#{scope}#{route}", sort: "" }],
    retention: "for good: prices are what predictions learn from",
    privacy: "nobody's data; what a tenant's own key has bought is theirs",
};

/// That a search was run for a slot. Written with the event about it: a message delivered twice finds it and stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchRun {
    /// For whom.
    pub tenant: TenantId,
    /// Which question.
    pub search_key: SearchKey,
    /// For which slot.
    pub slot: Slot,
    /// When.
    pub at: Timestamp,
    /// Whether the cache answered.
    pub from_cache: bool,
    /// Calls to sources.
    pub calls: u32,
    /// Offers found.
    pub offers: u32,
    /// Optimistic lock.
    pub version: u64,
}

impl Entity for SearchRun {
    const KIND: &'static Kind = RUN;

    fn key(&self) -> Key {
        run_key(&self.tenant, &self.search_key, self.slot)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        self.at.checked_add(SignedDuration::from_hours(7 * 24)).ok()
    }
}

fn run_key(tenant: &TenantId, key: &SearchKey, slot: Slot) -> Key {
    Key::new(format!("T#{tenant}#SEARCH#{key}"), format!("RUN#{slot}"))
}

/// The cheapest price seen for a route, day, cabin and way to pay, by those who may see it: who learns from prices reads the
/// deployment's, which is called `-` where tenants are, and of one tenant their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    /// Who may see it: all, or a tenant of whose search one source at least was asked with their own key.
    pub scope: KeyScope,
    /// From.
    pub origin: Airport,
    /// To.
    pub destination: Airport,
    /// The day of departure.
    pub day: Date,
    /// The cabin.
    pub cabin: Cabin,
    /// The price.
    pub fare: Fare,
    /// Who said so.
    pub source: SourceId,
    /// When the source saw it.
    pub observed_at: Timestamp,
}

impl Entity for Observation {
    const KIND: &'static Kind = OBSERVATION;

    /// Natural: the same price seen again is the same item.
    fn key(&self) -> Key {
        let Self { scope, origin, destination, day, cabin, observed_at, source, .. } = self;
        let paid_with = paid_with(&self.fare);
        Key::new(format!("PRICE#{scope}#{origin}-{destination}"), format!("{day}#{cabin}#{paid_with}#{observed_at}#{source}"))
    }

    /// It is written once, or again the same.
    fn version(&mut self) -> &mut u64 {
        unreachable!("an observation has no version")
    }
}

fn paid_with(fare: &Fare) -> String {
    match fare {
        Fare::Award { programme, .. } => programme.to_string(),
        Fare::Cash { total, .. } => total.currency().to_string(),
    }
}

impl Observation {
    /// The cheapest of each route, day, cabin and way to pay in an answer that is kept at a scope. O(n log n).
    pub fn of(answer: &SearchAnswer, scope: &KeyScope) -> Vec<Self> {
        let amount = |fare: &Fare| match fare {
            Fare::Award { points, .. } => points.get().into(),
            Fare::Cash { total, .. } => total.amount(),
        };
        let mut cheapest: std::collections::BTreeMap<(Airport, Airport, Date, Cabin, String), &domain::flights::FlightOffer> =
            Default::default();
        for offer in answer.offers() {
            let key = (offer.origin, offer.destination, offer.day(), offer.cabin, paid_with(&offer.fare));
            let known = cheapest.entry(key).or_insert(offer);
            if amount(&offer.fare) < amount(&known.fare) {
                *known = offer;
            }
        }
        let seen = |offer: &domain::flights::FlightOffer| Self {
            scope: scope.clone(),
            origin: offer.origin,
            destination: offer.destination,
            day: offer.day(),
            cabin: offer.cabin,
            fare: offer.fare.clone(),
            source: offer.freshness.source.clone(),
            observed_at: offer.freshness.observed_at,
        };
        cheapest.into_values().map(seen).collect()
    }
}

impl Store {
    /// The run of a search for a slot, if it was made.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn search_run(&self, tenant: &TenantId, key: &SearchKey, slot: Slot) -> Result<Option<SearchRun>, StoreError> {
        self.get(run_key(tenant, key, slot)).await
    }

    /// Keeps prices seen. Writing the same ones twice changes nothing.
    ///
    /// # Errors
    /// If the store can't say, or could not take all of them.
    pub async fn observe(&self, prices: &[Observation]) -> Result<(), StoreError> {
        use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
        for chunk in prices.chunks(25) {
            let mut requests = Vec::with_capacity(chunk.len());
            for price in chunk {
                let put = PutRequest::builder()
                    .set_item(Some(to_item(price)?))
                    .build()
                    .map_err(|_| StoreError::Corrupt(OBSERVATION.name))?;
                requests.push(WriteRequest::builder().put_request(put).build());
            }
            let answer = self.dynamo.batch_write_item().request_items(self.table(Table::Observations), requests).send().await;
            let left = answer.map_err(|error| store_error(&error))?.unprocessed_items;
            if left.is_some_and(|left| !left.is_empty()) {
                return Err(StoreError::Throttled);
            }
        }
        Ok(())
    }
}
