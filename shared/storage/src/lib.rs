//! DynamoDB only: entities, keys, named access patterns, outbox, receipts, counters.
//!
//! Each entity owns its keys and its conversion; nothing outside this crate knows an attribute's name. A change of
//! state, the events about it and the receipt of the request that asked for it are one transaction ([`Change`]).

mod alerts;
mod bookings;
mod cache;
mod caching;
mod cards;
mod change;
mod condition;
mod deals;
mod deliveries;
mod entity;
mod grants;
mod limits;
mod members;
mod outbox;
mod passcodes;
mod properties;
mod quality;
mod rates;
mod raw;
mod receipts;
mod searches;
mod sessions;
mod sources;
mod store;
pub mod tables;
mod tenants;
mod wallets;
mod watchers;

pub use self::{
    alerts::ToldDay,
    cache::{Asking, CachedAnswer, Held, Turn},
    caching::{Asker, CacheCount, CacheCounts, DUE_ANSWER_SHARDS, DueAnswer, KeptMark, WarmingHour, WarmingShare},
    change::{Change, Refusal, pause},
    condition::CONDITIONS,
    deals::Sighting,
    entity::{Entity, KINDS, Key, Keyspace, Kind},
    grants::Grant,
    limits::LimitCount,
    members::{DataKey, EmailOf, HandleOf, MASTER_SHARDS, MemberKey},
    outbox::{OUTBOX_SHARDS, OutboxItem},
    passcodes::Registration,
    properties::{MatchCandidate, PlacedListing, PropertyCell},
    quality::{CountedAnswer, QualityCount},
    raw::{RawAnswer, RawPart},
    receipts::{Receipt, ReceiptId, StoredReply},
    searches::{Observation, SearchRun},
    sources::{ReceivedNotice, SourceBucket, SourceDay, SourceHealth},
    store::{Listed, Store, StoreError},
    tenants::TenantHost,
    watchers::{DUE_SHARDS, DueWatcher, WatcherQuota},
};
