//! What sources answered, word for word and compressed, for as long as a parser may still be mended and run again. Owned by sources.
//! Nobody's data: only answers to searches are kept, and neither keys nor what was asked.

use std::io::{Read, Write};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use domain::{flights::SourceId, time::day_of};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    condition::Condition,
    entity::{Entity, Item, Key, Keyspace, Kind, to_item},
    store::{Listed, Range, SortRange, Store, StoreError},
    tables::{TTL, Table},
};

pub(crate) const RAW_ANSWER: &Kind = &Kind {
    name: "raw-answer",
    context: "sources",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "RAW#{source}#{operation}#{day}", sort: "" }],
    retention: "30 days",
    privacy: "nobody's data",
};

pub(crate) const RAW_PART: &Kind = &Kind {
    name: "raw-part",
    context: "sources",
    table: Table::Cache,
    keys: &[Keyspace { index: None, partition: "RAWPART#{source}#{answer}", sort: "" }],
    retention: "30 days",
    privacy: "nobody's data",
};

const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// DynamoDB's limit on an item is 400 KB; the rest is for keys.
const PART: usize = 390 * 1024;
/// More parts than that are not kept: such an answer is noted, without its body.
const MOST_PARTS: usize = 8;
/// What is read of any answer, unpacked.
const MAX_UNPACKED: u64 = 10 * 1024 * 1024;

/// An answer of a source, as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RawAnswer {
    /// Who answered.
    pub source: SourceId,
    /// What was asked for, such as `search`.
    pub operation: String,
    /// When.
    pub at: Timestamp,
    /// The SHA-256 of the request, in hexadecimal digits: the same question has the same.
    pub request: String,
    /// The status of the answer.
    pub status: u16,
    /// How long its body is, in bytes.
    pub bytes: u64,
    /// How many items hold it, compressed. None if it is longer than is kept.
    pub parts: u16,
}

impl RawAnswer {
    /// Names it: no source gives two answers to one request in the same microsecond.
    pub fn id(&self) -> String {
        let request = self.request.get(..16).unwrap_or(&self.request);
        format!("{:016x}{request}", self.at.as_microsecond())
    }

    fn expires_at(&self) -> Timestamp {
        self.at.saturating_add(KEPT).unwrap_or(Timestamp::MAX)
    }
}

/// Names the bodies as something to be permitted.
#[derive(Debug)]
pub struct RawPart;

impl RawPart {
    /// The permission to read them.
    pub const READ: crate::Grant = crate::Grant::Read(RAW_PART);
    /// The permission to write them.
    pub const WRITE: crate::Grant = crate::Grant::Write(RAW_PART);
}

impl Entity for RawAnswer {
    const KIND: &'static Kind = RAW_ANSWER;

    /// By time.
    fn key(&self) -> Key {
        Key::new(partition(&self.source, &self.operation, day_of(self.at)), self.id())
    }

    /// It is written once.
    fn version(&mut self) -> &mut u64 {
        unreachable!("an answer has no version")
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.expires_at())
    }
}

fn partition(source: &SourceId, operation: &str, day: Date) -> String {
    format!("RAW#{source}#{operation}#{day}")
}

fn parts_partition(answer: &RawAnswer) -> String {
    format!("RAWPART#{}#{}", answer.source, answer.id())
}

impl Store {
    /// Keeps an answer and its body. The body first: what is listed can be read.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn keep_raw(&self, answer: &mut RawAnswer, body: &[u8]) -> Result<(), StoreError> {
        let packed = packed(body)?;
        let parts: Vec<&[u8]> = packed.chunks(PART).collect();
        let parts = if parts.len() > MOST_PARTS { &[][..] } else { &parts[..] };
        answer.parts = u16::try_from(parts.len()).unwrap_or(0);
        for (number, part) in parts.iter().enumerate() {
            let mut item = Key::new(parts_partition(answer), format!("{number:04}")).into_item();
            item.insert("part".to_owned(), AttributeValue::B(Blob::new(*part)));
            item.insert("type".to_owned(), AttributeValue::S(RAW_PART.name.to_owned()));
            item.insert(TTL.to_owned(), AttributeValue::N(answer.expires_at().as_second().to_string()));
            self.put_raw(item).await?;
        }
        self.put_raw(to_item(answer)?).await
    }

    /// Written whatever is there: the same answer is the same item.
    async fn put_raw(&self, item: Item) -> Result<(), StoreError> {
        self.put_item(Table::Cache, item, Condition::None).await
    }

    /// What a source answered to an operation on a day by UTC, in the order of time, without the bodies.
    ///
    /// # Errors
    /// If the store can't say, or `after` is no place in the list.
    pub async fn raw_answers(
        &self,
        (source, operation, day): (&SourceId, &str, Date),
        limit: u8,
        after: Option<&str>,
    ) -> Result<Listed<RawAnswer>, StoreError> {
        let (pk, limit) = (partition(source, operation, day), i32::from(limit));
        self.list(Range { index: None, pk, sk: SortRange::All, limit, after, backwards: false }).await
    }

    /// The body of an answer, as it came. `None` if it was too long to be kept, or has expired in part.
    ///
    /// # Errors
    /// If the store can't say, or it can't be unpacked.
    pub async fn raw_body(&self, answer: &RawAnswer) -> Result<Option<Vec<u8>>, StoreError> {
        let mut packed = Vec::new();
        for number in 0..answer.parts {
            let found = self.item(Table::Cache, Key::new(parts_partition(answer), format!("{number:04}"))).await?;
            let Some(part) = found.as_ref().and_then(|item| item.get("part")?.as_b().ok()) else { return Ok(None) };
            packed.extend_from_slice(part.as_ref());
        }
        if answer.parts == 0 { Ok(None) } else { unpacked(&packed).map(Some) }
    }
}

fn packed(body: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).and_then(|()| encoder.finish()).map_err(|_| StoreError::Corrupt(RAW_PART.name))
}

fn unpacked(packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut body = Vec::new();
    GzDecoder::new(packed).take(MAX_UNPACKED).read_to_end(&mut body).map_err(|_| StoreError::Corrupt(RAW_PART.name))?;
    Ok(body)
}
