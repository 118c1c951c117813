//! What an entity says of itself.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    grants::Grant,
    store::StoreError,
    tables::{GSI1, GSI2, PK, SK, TTL, Table},
};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// A partition and a sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Partition.
    pub pk: String,
    /// Sort.
    pub sk: String,
}

impl Key {
    pub(crate) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    pub(crate) fn into_item(self) -> Item {
        Item::from([(PK.to_owned(), AttributeValue::S(self.pk)), (SK.to_owned(), AttributeValue::S(self.sk))])
    }
}

/// Where an entity's items lie, as patterns: `{…}` stands for one part without `#`.
#[derive(Debug)]
pub struct Keyspace {
    /// The table, or one of its indexes.
    pub index: Option<&'static str>,
    /// Pattern of the partition key.
    pub partition: &'static str,
    /// What the sort key begins with.
    pub sort: &'static str,
}

impl Keyspace {
    /// Whether a key (or a partition and the beginning of a sort key) lies in it.
    pub fn holds(&self, pk: &str, sk: &str) -> bool {
        let mut pattern = self.partition.split('#');
        let mut parts = pk.split('#');
        loop {
            match (pattern.next(), parts.next()) {
                (None, None) => return sk.starts_with(self.sort),
                (Some(wanted), Some(part)) if wanted.starts_with('{') && !part.is_empty() || wanted == part => {}
                (Some(_) | None, Some(_)) | (Some(_), None) => return false,
            }
        }
    }
}

/// An entity type.
#[derive(Debug)]
pub struct Kind {
    /// Its name: the `type` attribute.
    pub name: &'static str,
    /// The context that owns it: no other writes it.
    pub context: &'static str,
    /// Its table.
    pub table: Table,
    /// Where its items lie: the table first, then indexes.
    pub keys: &'static [Keyspace],
    /// How long an item lives, in words; the table in docs/data.md is made from it.
    pub retention: &'static str,
    /// What a member's export and deletion do with it, in words.
    pub privacy: &'static str,
}

impl Kind {
    /// Whether a key of a table or index lies in this entity's keyspace.
    pub fn holds(&self, table: Table, index: Option<&str>, pk: &str, sk: &str) -> bool {
        self.table == table && self.keys.iter().any(|keys| keys.index == index && keys.holds(pk, sk))
    }
}

/// Something that is stored.
pub trait Entity: Serialize + DeserializeOwned {
    /// What it is.
    const KIND: &'static Kind;
    /// The permission to read it.
    const READ: Grant = Grant::Read(Self::KIND);
    /// The permission to write it.
    const WRITE: Grant = Grant::Write(Self::KIND);

    /// Its key.
    fn key(&self) -> Key;

    /// Its lock, where it has one: 0 before it is first stored.
    fn version(&mut self) -> &mut u64;

    /// Its keys in the first and the second index, where it is in them.
    fn indexes(&self) -> (Option<Key>, Option<Key>) {
        (None, None)
    }

    /// When it may be removed.
    fn expires(&self) -> Option<Timestamp> {
        None
    }
}

/// The version of how items are written. An item of another version is converted when read, once there is one.
const SCHEMA: u64 = 1;

pub(crate) fn to_item<E: Entity>(entity: &E) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(entity).map_err(|_| StoreError::Corrupt(E::KIND.name))?;
    place(&mut item, E::KIND, entity.key(), entity.indexes(), entity.expires());
    Ok(item)
}

/// Puts an item in its place: its keys, what it is, and when it may be removed. What can be said of any item is linked once.
fn place(item: &mut Item, kind: &Kind, key: Key, (gsi1, gsi2): (Option<Key>, Option<Key>), expires: Option<Timestamp>) {
    item.extend(key.into_item());
    for (index, key) in [(GSI1, gsi1), (GSI2, gsi2)] {
        if let Some(Key { pk, sk }) = key {
            item.insert(format!("{index}pk"), AttributeValue::S(pk));
            item.insert(format!("{index}sk"), AttributeValue::S(sk));
        }
    }
    if let Some(expires) = expires {
        item.insert(TTL.to_owned(), AttributeValue::N(expires.as_second().to_string()));
    }
    item.insert("type".to_owned(), AttributeValue::S(kind.name.to_owned()));
    item.insert("schema".to_owned(), AttributeValue::N(SCHEMA.to_string()));
}

/// Every entity type. Docs, the local gate and the contract tests read it.
pub const KINDS: &[&Kind] = &[
    crate::tenants::TENANT,
    crate::tenants::TENANT_HOST,
    crate::tenants::TERMS,
    crate::members::MEMBER,
    crate::members::HANDLE,
    crate::members::EMAIL,
    crate::members::MEMBER_KEY,
    crate::passcodes::CHALLENGE,
    crate::passcodes::PASSCODE_MAILS,
    crate::passcodes::WRONG_PASSCODES,
    crate::passcodes::REGISTRATION,
    crate::sessions::CREDENTIAL,
    crate::sessions::SIGN_INS,
    crate::sessions::LOGIN_TRIES,
    crate::sessions::SESSION,
    crate::watchers::WATCHER,
    crate::watchers::QUOTA,
    crate::watchers::MATCH,
    crate::searches::RUN,
    crate::searches::OBSERVATION,
    crate::cache::ANSWER,
    crate::cache::ASKING,
    crate::caching::ASKER,
    crate::caching::MARK,
    crate::caching::DUE_ANSWER,
    crate::caching::CACHE_COUNT,
    crate::caching::WARMING,
    crate::deals::DEAL,
    crate::deals::SIGHTING,
    crate::deals::SAVED_DEAL,
    crate::alerts::ALERT,
    crate::alerts::TOLD_DAY,
    crate::deliveries::DELIVERY,
    crate::deliveries::PREFERENCES,
    crate::cards::MEMBER_CARDS,
    crate::bookings::BOOKING,
    crate::wallets::WALLET,
    crate::wallets::OWN_VALUATIONS,
    crate::rates::DAY_RATES,
    crate::properties::PROPERTY,
    crate::properties::PROPERTY_CELL,
    crate::properties::PLACED_LISTING,
    crate::properties::HOUSE_CONTENT,
    crate::properties::MATCH_CANDIDATE,
    crate::quality::QUALITY_COUNT,
    crate::quality::COUNTED_ANSWER,
    crate::raw::RAW_ANSWER,
    crate::raw::RAW_PART,
    crate::outbox::OUTBOX,
    crate::receipts::RECEIPT,
    crate::limits::LIMIT_COUNT,
    crate::sources::SOURCE_ENTRY,
    crate::sources::FEED_CURSOR,
    crate::sources::RECEIVED_NOTICE,
    crate::sources::SOURCE_STATE,
    crate::sources::SOURCE_BUCKET,
    crate::sources::SOURCE_DAY,
    crate::sources::SOURCE_HEALTH,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lies_in_one_keyspace_only() {
        let pk = "T#demo#M#mem_1";
        let holders: Vec<&str> =
            KINDS.iter().filter(|kind| kind.holds(Table::Core, None, pk, "WATCHER#wat_1")).map(|kind| kind.name).collect();
        assert_eq!(holders, ["watcher"]);
        assert!(KINDS.iter().all(|kind| !kind.holds(Table::Core, None, "T#demo#M#mem_1#X", "WATCHER#")));
        assert!(KINDS.iter().all(|kind| !kind.holds(Table::Core, None, "T##M#mem_1", "WATCHER#")));
    }

    #[test]
    fn keys_begin_with_the_tenant_or_are_exempt_for_a_reason() {
        // System partitions carry the tenant as an attribute; shared ones hold nobody's data.
        let exempt = [
            "HOST#{host}",
            "MASTER#{master}#{shard}",
            "OUTBOX#{shard}",
            "DUE#WATCHER#{shard}",
            "DUE#DELIVERY#{shard}",
            "ANSWER#{scope}#{key}",
            "MARK#{vertical/teller}",
            "DUE#ANSWER#{shard}",
            "CACHED#{day}",
            "WARMING#{hour}",
            "PRICE#{scope}#{route}",
            "LIMIT#{subject}",
            "TENANTS",
            "RATES",
            "CELL#{scope}#{cell}",
            "NOTICE#{source}#{notice}",
            "LISTING#{scope}#{listing}",
            "CANDIDATES",
            "QUALITY#{source}#{day}",
            "COUNTED#{source}#{answer}",
            "RAW#{source}#{operation}#{day}",
            "RAWPART#{source}#{answer}",
        ];
        for keys in KINDS.iter().flat_map(|kind| kind.keys) {
            let begins = ["T#{tenant}", "TENANT#{tenant}"].iter().any(|tenant| keys.partition.starts_with(tenant));
            assert!(begins || exempt.contains(&keys.partition), "{}", keys.partition);
        }
    }

    #[test]
    fn what_a_member_owns_lies_in_one_collection() {
        for kind in KINDS.iter().filter(|kind| kind.keys[0].partition.contains("{member}")) {
            assert_eq!(kind.keys[0].partition, "T#{tenant}#M#{member}", "{}", kind.name);
        }
    }
}
