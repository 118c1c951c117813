//! The database: dynoxide, embedded, spoken to over HTTP by the unmodified SDK.

use std::{collections::HashMap, io, path::Path};

use dynoxide::{
    AttributeValue, Database, DynoxideError,
    actions::{delete_item::DeleteItemRequest, scan::ScanRequest},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use storage::tables::{PK, SK, TTL, Table};

use crate::loopback::Loopback;

/// Why the database could not be opened or swept.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The path is no text, or what lies there is no database of ours.
    #[error("the database can't be opened at {0}")]
    Path(String),
    /// The engine failed.
    #[error("the database failed: {0}")]
    Database(#[from] DynoxideError),
    /// A table can't be described.
    #[error("a table can't be described: {0}")]
    Table(#[from] serde_json::Error),
    /// There is no port or no thread for its server.
    #[error("the database can't be served: {0}")]
    Serve(#[from] io::Error),
}

/// The database and its server, which ends when this is dropped. Its streams are off: the gate sees what they would tell.
pub struct Engine {
    // Before the database, so that nothing serves it any more when it is closed.
    server: Loopback,
    database: Database,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the database in a file, or in memory without one, creates the tables that are missing and serves it.
    ///
    /// # Errors
    /// If it can't be opened or served.
    pub fn start(file: Option<&Path>) -> Result<Self, EngineError> {
        let database = match file {
            Some(file) => open(file)?,
            None => Database::memory()?,
        };
        for table in Table::ALL {
            create(&database, table)?;
        }
        let served = database.clone();
        let server = Loopback::start("database", |listener| dynoxide::server::serve_on(listener, served))?;
        Ok(Self { server, database })
    }

    /// Where it is served.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The database itself, for calls without sockets.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// Every item of a table, its values as plain JSON. O(all items).
    ///
    /// # Errors
    /// If the engine fails.
    pub fn items(&self, table: Table) -> Result<Vec<Value>, EngineError> {
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let request = ScanRequest { table_name: table.name().to_owned(), exclusive_start_key: after, ..Default::default() };
            let page = self.database.scan(request)?;
            for item in page.items.unwrap_or_default() {
                items.push(plain(&json!({"M": serde_json::to_value(item)?})));
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(items);
            }
        }
    }

    /// Every entity, as [`Engine::items`] answers it. O(all entities).
    ///
    /// # Errors
    /// If the engine fails.
    pub fn entities(&self) -> Result<Vec<Value>, EngineError> {
        let items: Result<Vec<_>, _> = Table::OF_ENTITIES.into_iter().map(|table| self.items(table)).collect();
        Ok(items?.concat())
    }

    /// Removes what has expired, as DynamoDB does sooner or later; answers how many items. O(all items).
    ///
    /// The engine's own sweep reads the machine's clock when the database is a file, and ours can show another time.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn sweep(&self, now: Timestamp) -> Result<usize, EngineError> {
        let mut removed = 0;
        for table in Table::ALL {
            for key in self.expired(table, now)? {
                self.database
                    .delete_item(DeleteItemRequest {
                        table_name: table.name().to_owned(),
                        key,
                        // It may have been given more time since.
                        condition_expression: Some("#ttl < :now".to_owned()),
                        expression_attribute_names: Some(ttl_name()),
                        expression_attribute_values: Some(now_value(now)),
                        ..DeleteItemRequest::default()
                    })
                    .map(|_| removed += 1)
                    .or_else(|error| match error {
                        DynoxideError::ConditionalCheckFailedException(..) => Ok(()),
                        failed => Err(failed),
                    })?;
            }
        }
        Ok(removed)
    }

    fn expired(&self, table: Table, now: Timestamp) -> Result<Vec<HashMap<String, AttributeValue>>, DynoxideError> {
        let mut expired = Vec::new();
        let mut after = None;
        loop {
            let page = self.database.scan(ScanRequest {
                table_name: table.name().to_owned(),
                filter_expression: Some("#ttl < :now".to_owned()),
                projection_expression: Some(format!("{PK}, {SK}")),
                expression_attribute_names: Some(ttl_name()),
                expression_attribute_values: Some(now_value(now)),
                exclusive_start_key: after,
                ..ScanRequest::default()
            })?;
            expired.extend(page.items.unwrap_or_default());
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(expired);
            }
        }
    }
}

/// A value without the names of its types. Numbers stay exact where JSON's are.
fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else { return Value::Null };
    match (kind.as_str(), inner) {
        ("M", Value::Object(members)) => members.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        ("L", Value::Array(values)) => values.iter().map(plain).collect(),
        ("N", Value::String(digits)) => serde_json::from_str(digits).unwrap_or_else(|_| inner.clone()),
        ("NULL", _) => Value::Null,
        _ => inner.clone(),
    }
}

fn ttl_name() -> HashMap<String, String> {
    HashMap::from([("#ttl".to_owned(), TTL.to_owned())])
}

fn now_value(now: Timestamp) -> HashMap<String, AttributeValue> {
    HashMap::from([(":now".to_owned(), AttributeValue::N(now.as_second().to_string()))])
}

/// Opens the database in a file. Its log is synchronised with the disk when it is written back, and not after each of a
/// burst's ten thousands of transactions: a process that dies loses nothing by that, a machine that does the last moments.
fn open(file: &Path) -> Result<Database, EngineError> {
    let database = Database::new(file.to_str().ok_or_else(|| EngineError::Path(file.display().to_string()))?)?;
    // What the engine calls its normal settings, `synchronous = NORMAL` among them. It does not begin with them.
    database.disable_bulk_loading()?;
    Ok(database)
}

fn create(database: &Database, table: Table) -> Result<(), EngineError> {
    match database.create_table(serde_json::from_value(description(table))?) {
        Ok(_) | Err(DynoxideError::ResourceInUseException(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A table as CreateTable takes it.
fn description(table: Table) -> Value {
    let keys = |prefix: &str| json!([{"AttributeName": format!("{prefix}{PK}"), "KeyType": "HASH"}, {"AttributeName": format!("{prefix}{SK}"), "KeyType": "RANGE"}]);
    let index = |name: &&str| json!({"IndexName": name, "KeySchema": keys(name), "Projection": {"ProjectionType": "ALL"}});
    let prefixes = [""].into_iter().chain(table.indexes().iter().copied());
    let attributes = prefixes
        .flat_map(|prefix| [PK, SK].map(|name| json!({"AttributeName": format!("{prefix}{name}"), "AttributeType": "S"})));
    let mut description = json!({
        "TableName": table.name(),
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": keys(""),
        "AttributeDefinitions": attributes.collect::<Vec<_>>(),
    });
    if !table.indexes().is_empty() {
        description["GlobalSecondaryIndexes"] = table.indexes().iter().map(index).collect();
    }
    description
}
