//! Receipts: that a request with an idempotency key was carried out, and what was answered.

use domain::ids::Owner;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    entity::{Entity, Key, Keyspace, Kind},
    members::{COLLECTION, collection},
    store::{Store, StoreError},
    tables::Table,
};

pub(crate) const RECEIPT: &Kind = &Kind {
    name: "receipt",
    context: "system",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "RECEIPT#" }],
    retention: "24 hours",
    privacy: "deleted with the member",
};

/// How long a repeated request is recognised.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Names a request: who asked for which operation with which key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptId {
    /// Who asked.
    #[serde(flatten)]
    pub owner: Owner,
    /// Method and path.
    pub operation: String,
    /// SHA-256 of operation and idempotency key, in hexadecimal: the key is the client's text.
    pub key_hash: String,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredReply {
    /// HTTP status.
    pub status: u16,
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body, JSON; empty where there is none.
    pub body: String,
}

/// That a request was carried out. Written in the transaction of its effect, so that there is never one without the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Which request.
    #[serde(flatten)]
    pub id: ReceiptId,
    /// SHA-256 of the body: the same key with another body is another request, and refused.
    pub body_hash: String,
    /// What was answered.
    pub reply: StoredReply,
    /// When.
    pub at: Timestamp,
}

impl Entity for Receipt {
    const KIND: &'static Kind = RECEIPT;

    fn key(&self) -> Key {
        receipt_key(&self.id)
    }

    /// It is written once.
    fn version(&mut self) -> &mut u64 {
        unreachable!("a receipt has no version")
    }

    fn expires(&self) -> Option<Timestamp> {
        self.at.checked_add(KEPT).ok()
    }
}

fn receipt_key(id: &ReceiptId) -> Key {
    Key::new(collection(&id.owner), format!("RECEIPT#{}", id.key_hash))
}

impl Store {
    /// The receipt of a request, unless it is too old to count: DynamoDB removes expired items late.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn receipt(&self, id: &ReceiptId, now: Timestamp) -> Result<Option<Receipt>, StoreError> {
        let receipt: Option<Receipt> = self.get(receipt_key(id)).await?;
        Ok(receipt.filter(|receipt| receipt.expires().is_none_or(|expires| now < expires)))
    }
}
