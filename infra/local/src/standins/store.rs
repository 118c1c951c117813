//! The one SQLite connection that all stand-ins share, and the clock they read.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use md5::{Digest, Md5};
use platform::clock::Clock;
use rusqlite::types::Type;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many prepared statements are kept: more than the stand-ins have.
const STATEMENTS: usize = 64;

#[derive(Debug)]
pub(super) struct Store {
    connection: Mutex<Connection>,
    clock: Arc<dyn Clock>,
}

impl Store {
    /// Opens the file, creating it if need be; without a path the state lives in memory.
    pub(super) fn open(path: Option<&Path>, clock: Arc<dyn Clock>) -> rusqlite::Result<Self> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        connection.execute_batch(include_str!("schema.sql"))?;
        Ok(Self { connection: Mutex::new(connection), clock })
    }

    /// Does `work` in one transaction at one instant: all of it is kept, or, after an error or a panic, none of it.
    pub(super) fn transact<T, E: From<rusqlite::Error>>(&self, work: impl FnOnce(&Work<'_>) -> Result<T, E>) -> Result<T, E> {
        // A panic under the lock has rolled its transaction back, so a poisoned lock guards a sound connection.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let sql = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let work_in_progress = Work { sql, now: self.clock.now().as_microsecond() };
        let outcome = work(&work_in_progress)?;
        work_in_progress.sql.commit()?;
        Ok(outcome)
    }
}

/// A transaction under way.
pub(super) struct Work<'c> {
    pub(super) sql: Transaction<'c>,
    /// Microseconds since the epoch.
    pub(super) now: i64,
}

impl Work<'_> {
    /// A number never given before in this store, greater than all before it.
    pub(super) fn next_number(&self) -> rusqlite::Result<i64> {
        let mut next = self.sql.prepare_cached("UPDATE counter SET last = last + 1 RETURNING last")?;
        next.query_row([], |row| row.get(0))
    }

    /// The instant `span` from now, in microseconds.
    pub(super) fn after(&self, span: SignedDuration) -> i64 {
        self.now.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX))
    }

    /// An identifier in the form of a UUID. It follows from `number` and the instant, so that a seeded run repeats
    /// itself.
    pub(super) fn uuid(&self, kind: &str, number: i64) -> String {
        let mut digits = md5_hex(format!("{kind}/{number}/{}", self.now).as_bytes());
        // Version 3 (named by MD5), variant 8 (RFC 9562).
        digits.replace_range(12..13, "3");
        digits.replace_range(16..17, "8");
        for hyphen in [20, 16, 12, 8] {
            digits.insert(hyphen, '-');
        }
        digits
    }
}

/// The MD5 digest in 32 hexadecimal digits.
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Saturates, as an instant reckoned from the end of time would.
pub(super) fn timestamp(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

pub(super) fn to_json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

pub(super) fn from_json<T: DeserializeOwned>(json: &str) -> rusqlite::Result<T> {
    let unreadable = |error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error));
    serde_json::from_str(json).map_err(unreadable)
}
