//! What a call needs, read from the request as it goes over the wire.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use platform::aws::Service;
use serde_json::{Map, Value};
use storage::{
    Entity, Grant, KINDS, Keyspace, Kind, OutboxItem,
    tables::{PK, SK, TTL, Table},
};

/// A permission that a call needs.
#[derive(Debug, Clone)]
pub enum Need {
    /// To read an entity's items.
    Read(&'static Kind),
    /// To write them.
    Write(&'static Kind),
    /// To check one within a transaction: who may read or write it may do that.
    Check(&'static Kind),
    /// To store an event of this name.
    Emit(String),
    /// To send to the queue of this name.
    Send(String),
    /// To put events on the bus.
    Publish,
    /// To send mail.
    Mail,
    /// To call the source of this id.
    Call(&'static str),
    /// To have members' keys made.
    MakeKeys,
    /// To have them unwrapped.
    UseKeys,
}

impl Need {
    /// Whether one of the grants allows it.
    pub fn met_by(&self, grants: &[Grant]) -> bool {
        grants.iter().any(|grant| match (self, grant) {
            (Self::Read(kind), Grant::Read(granted)) | (Self::Write(kind), Grant::Write(granted)) => kind.name == granted.name,
            (Self::Check(kind), Grant::Read(granted) | Grant::Write(granted)) => kind.name == granted.name,
            (Self::Emit(event), Grant::Emit(granted)) => event == granted,
            (Self::Send(queue), Grant::Send(granted)) => queue == granted,
            (Self::Call(source), Grant::Call(granted)) => source == granted,
            (Self::Publish, Grant::Publish)
            | (Self::Mail, Grant::Mail)
            | (Self::MakeKeys, Grant::MakeKeys)
            | (Self::UseKeys, Grant::UseKeys) => true,
            (
                Self::Read(_)
                | Self::Write(_)
                | Self::Check(_)
                | Self::Emit(_)
                | Self::Send(_)
                | Self::Publish
                | Self::Mail
                | Self::Call(_)
                | Self::MakeKeys
                | Self::UseKeys,
                _,
            ) => false,
        })
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(kind) => write!(f, "read {}", kind.name),
            Self::Write(kind) => write!(f, "write {}", kind.name),
            Self::Check(kind) => write!(f, "read or write {}", kind.name),
            Self::Emit(event) => write!(f, "emit {event}"),
            Self::Send(queue) => write!(f, "send to {queue}"),
            Self::Publish => f.write_str("publish events"),
            Self::Mail => f.write_str("send mail"),
            Self::Call(source) => write!(f, "call {source}"),
            Self::MakeKeys => f.write_str("make members' keys"),
            Self::UseKeys => f.write_str("use members' keys"),
        }
    }
}

/// Why the gate can't tell what a call needs: it is refused then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// No function of ours calls this.
    #[error("the gate does not know this operation")]
    Operation,
    /// A scan reads whatever lies in a table.
    #[error("no function may scan")]
    Scan,
    /// The body is not what the operation takes.
    #[error("the gate can't read {0} in the request")]
    Body(&'static str),
    /// There is no such table.
    #[error("there is no table {0}")]
    Table(String),
    /// No entity has its items there.
    #[error("no entity lies at {0}")]
    Nowhere(String),
    /// A key condition of a form that `storage` does not write.
    #[error("the gate does not know the key condition {0:?}")]
    KeyCondition(String),
    /// A change of a part of an item in a form that `storage` does not write.
    #[error("the gate does not know the update of a {0}")]
    Update(&'static str),
    /// An item where another kind lies than it says to be.
    #[error("an item that lies where each is a {0} is of another type, or of none")]
    Type(&'static str),
    /// A request that asks for nothing: nothing that is declared could allow it.
    #[error("the request asks for nothing")]
    Nothing,
}

type Needs = Result<Vec<Need>, Unreadable>;

/// A call to AWS, read.
#[derive(Debug)]
pub(super) struct AwsCall {
    pub(super) service: Service,
    pub(super) operation: String,
    pub(super) needs: Needs,
}

impl AwsCall {
    pub(super) fn read(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let place = (request.method(), path_of(request.uri()));
        let (service, operation) = match target.split_once('.') {
            Some(("AmazonSQS", operation)) => (Service::Sqs, operation),
            Some(("AWSEvents", operation)) => (Service::EventBridge, operation),
            Some(("TrentService", operation)) => (Service::Kms, operation),
            Some(("DynamoDB_20120810", operation)) => (Service::DynamoDb, operation),
            Some(_) => (Service::DynamoDb, target),
            // SES alone says it by method and path.
            None if place == ("POST", "/v2/email/outbound-emails") => (Service::Ses, "SendEmail"),
            None => (Service::Ses, request.uri()),
        };
        let needs = match service {
            // Whoever answers may go by the path alone, and take a message to a queue for a mail.
            Service::DynamoDb | Service::Sqs | Service::EventBridge | Service::Kms if place != ("POST", "/") => {
                Err(Unreadable::Operation)
            }
            Service::DynamoDb => json(request).and_then(|body| of_tables(operation, &body)),
            Service::Sqs => json(request).and_then(|body| of_queues(operation, &body)),
            Service::Kms => json(request).and_then(|body| of_master_keys(operation, &body)),
            Service::EventBridge if operation == "PutEvents" => Ok(vec![Need::Publish]),
            Service::Ses if operation == "SendEmail" => Ok(vec![Need::Mail]),
            Service::EventBridge | Service::Ses => Err(Unreadable::Operation),
        };
        Self { service, operation: operation.to_owned(), needs }
    }

    /// Whether it stores an event in the outbox.
    pub(super) fn emits(&self) -> bool {
        self.needs.as_ref().is_ok_and(|needs| needs.iter().any(|need| matches!(need, Need::Emit(_))))
    }
}

fn path_of(uri: &str) -> &str {
    let after_scheme = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("/");
    path.split_once('?').map_or(path, |(path, _)| path)
}

fn json(request: &HttpRequest) -> Result<Value, Unreadable> {
    let body = request.body().bytes().ok_or(Unreadable::Body("the body"))?;
    serde_json::from_slice(body).map_err(|_| Unreadable::Body("the body"))
}

fn of_queues(operation: &str, body: &Value) -> Needs {
    if !matches!(operation, "SendMessage" | "SendMessageBatch") {
        return Err(Unreadable::Operation);
    }
    let url = body["QueueUrl"].as_str().ok_or(Unreadable::Body("QueueUrl"))?;
    let name = url.rsplit_once('/').map_or(url, |(_, name)| name);
    Ok(vec![Need::Send(name.to_owned())])
}

/// A key is bound to its member: who makes or unwraps one for nobody in particular could use it for anyone. No function wraps
/// keys anew.
fn of_master_keys(operation: &str, body: &Value) -> Needs {
    let need = match operation {
        "GenerateDataKey" => Need::MakeKeys,
        "Decrypt" => Need::UseKeys,
        _ => return Err(Unreadable::Operation),
    };
    let context = body["EncryptionContext"].as_object().ok_or(Unreadable::Body("EncryptionContext"))?;
    let bound = context.len() == 2 && ["tenant", "member"].iter().all(|name| context.get(*name).is_some_and(Value::is_string));
    if bound { Ok(vec![need]) } else { Err(Unreadable::Body("EncryptionContext")) }
}

fn of_tables(operation: &str, body: &Value) -> Needs {
    let needs = match operation {
        "GetItem" => at(table(&body["TableName"])?, &body["Key"], Need::Read),
        "PutItem" => of_write("Put", body),
        "UpdateItem" => of_write("Update", body),
        "DeleteItem" => of_write("Delete", body),
        "Query" => of_query(body),
        "BatchWriteItem" => of_batch(body),
        "TransactWriteItems" => of_transaction(body),
        "Scan" => Err(Unreadable::Scan),
        _ => Err(Unreadable::Operation),
    }?;
    if needs.is_empty() { Err(Unreadable::Nothing) } else { Ok(needs) }
}

fn of_transaction(body: &Value) -> Needs {
    let mut needs = Vec::new();
    for write in array(body, "TransactItems")? {
        let (action, write) = sole(write).ok_or(Unreadable::Body("TransactItems"))?;
        needs.extend(of_write(action, write)?);
    }
    Ok(needs)
}

fn of_batch(body: &Value) -> Needs {
    let mut needs = Vec::new();
    let requests = body["RequestItems"].as_object().ok_or(Unreadable::Body("RequestItems"))?;
    for (name, writes) in requests {
        let table = named(name)?;
        for write in writes.as_array().ok_or(Unreadable::Body("RequestItems"))? {
            let (action, write) = sole(write).ok_or(Unreadable::Body("RequestItems"))?;
            needs.extend(match action {
                "PutRequest" => of_batched_item(table, &write["Item"]),
                "DeleteRequest" => at(table, &write["Key"], Need::Write),
                _ => Err(Unreadable::Body("RequestItems")),
            }?);
        }
    }
    Ok(needs)
}

/// Events are stored in the transaction of what they tell of: in a batch there is none, and IAM lets none store them so.
fn of_batched_item(table: Table, item: &Value) -> Needs {
    let needs = of_item(table, item)?;
    let emits = needs.iter().any(|need| matches!(need, Need::Emit(_)));
    if emits { Err(Unreadable::Body("an event in a batch")) } else { Ok(needs) }
}

/// A write or a check of one item, alone or in a transaction. What it hands back is read, too.
fn of_write(action: &str, write: &Value) -> Needs {
    let table = table(&write["TableName"])?;
    let key = if action == "Put" { &write["Item"] } else { &write["Key"] };
    let mut needs = match action {
        "Put" => of_item(table, key),
        "Update" => of_update(table, write),
        "Delete" => at(table, key, Need::Write),
        "ConditionCheck" => at(table, key, Need::Check),
        _ => Err(Unreadable::Body("TransactItems")),
    }?;
    if hands_back(write) {
        needs.extend(at(table, key, Need::Read)?);
    }
    Ok(needs)
}

fn hands_back(write: &Value) -> bool {
    let asked = |name: &str| write.get(name).is_some_and(|what| what != "NONE");
    asked("ReturnValues") || asked("ReturnValuesOnConditionCheckFailure")
}

/// A write of a whole item. Storing an event is no write of the outbox, but the emission of that event.
fn of_item(table: Table, item: &Value) -> Needs {
    let event = || item["event"]["S"].as_str().ok_or(Unreadable::Body("the event"));
    let need = |kind: &'static Kind| {
        is_one(kind, item)?;
        Ok(if is_outbox(kind) { Need::Emit(event()?.to_owned()) } else { Need::Write(kind) })
    };
    lying_at(table, item)?.into_iter().map(need).collect()
}

/// Whoever lists a kind must meet no other: an item is of the type whose key it has, and is in no index but where that
/// type is.
fn is_one(kind: &'static Kind, item: &Value) -> Result<(), Unreadable> {
    if item["type"]["S"] != kind.name {
        return Err(Unreadable::Type(kind.name));
    }
    for index in kind.table.indexes() {
        let (pk, sk) = (&item[format!("{index}{PK}")], &item[format!("{index}{SK}")]);
        if pk.is_null() && sk.is_null() {
            continue;
        }
        let text = |part: &Value| part["S"].as_str().map(str::to_owned).ok_or(Unreadable::Body("a key of an index"));
        let (pk, sk) = (text(pk)?, text(sk)?);
        if !kind.holds(kind.table, Some(index), &pk, &sk) {
            return Err(Unreadable::Nowhere(place(kind.table, Some(index), &pk, &sk)));
        }
    }
    Ok(())
}

/// How `storage` counts: it says what the item is, and touches no key of an index. What else an expression can do is not
/// worth reading.
const COUNTING: &str = "ADD #used :by SET #type = :type";
/// The same of what is not kept for good.
const COUNTING_FOR_A_WHILE: &str = "ADD #used :by SET #type = :type, #ttl = :ttl";

/// A write of a part of an item. Events are stored whole, so that it can be seen which ones.
fn of_update(table: Table, update: &Value) -> Needs {
    let name = |placeholder: &str| &update["ExpressionAttributeNames"][placeholder];
    let expires = match update["UpdateExpression"].as_str() {
        Some(COUNTING) => Some(false),
        Some(COUNTING_FOR_A_WHILE) => Some(true),
        Some(_) | None => None,
    };
    let named = name("#used") == "used" && name("#type") == "type";
    let counts = named && expires.is_some_and(|expires| !expires || name("#ttl") == TTL);
    let need = |kind: &'static Kind| {
        if !counts || !update["AttributeUpdates"].is_null() || is_outbox(kind) {
            return Err(Unreadable::Update(kind.name));
        }
        let is_one = update["ExpressionAttributeValues"][":type"]["S"] == kind.name;
        if is_one { Ok(Need::Write(kind)) } else { Err(Unreadable::Type(kind.name)) }
    };
    lying_at(table, &update["Key"])?.into_iter().map(need).collect()
}

fn is_outbox(kind: &Kind) -> bool {
    kind.name == OutboxItem::KIND.name
}

fn at(table: Table, key: &Value, need: fn(&'static Kind) -> Need) -> Needs {
    Ok(lying_at(table, key)?.into_iter().map(need).collect())
}

/// Whose items have this key: one kind, or none as far as the keyspaces go.
fn lying_at(table: Table, key: &Value) -> Result<Vec<&'static Kind>, Unreadable> {
    let part = |name: &'static str| key[name]["S"].as_str().ok_or(Unreadable::Body("a key"));
    let (pk, sk) = (part(PK)?, part(SK)?);
    kinds(|kind| kind.holds(table, None, pk, sk)).ok_or_else(|| Unreadable::Nowhere(place(table, None, pk, sk)))
}

/// Every entity that a query can meet must be readable.
fn of_query(body: &Value) -> Needs {
    let table = table(&body["TableName"])?;
    let index = body["IndexName"].as_str();
    let KeyCondition { pk, sk } = KeyCondition::parse(body)?;
    let met = |keys: &&Keyspace| keys.index == index && keys.holds(&pk, keys.sort) && sk.meets(keys.sort);
    let can_meet = |kind: &Kind| kind.table == table && kind.keys.iter().any(|keys| met(&keys));
    let read = kinds(can_meet).ok_or_else(|| Unreadable::Nowhere(place(table, index, &pk, "")))?;
    Ok(read.into_iter().map(Need::Read).collect())
}

/// The kinds that are wanted, if there are any.
fn kinds(wanted: impl Fn(&Kind) -> bool) -> Option<Vec<&'static Kind>> {
    let found: Vec<&'static Kind> = KINDS.iter().copied().filter(|kind| wanted(kind)).collect();
    (!found.is_empty()).then_some(found)
}

fn place(table: Table, index: Option<&str>, pk: &str, sk: &str) -> String {
    [table.name(), index.unwrap_or("table"), pk, sk].join(" / ")
}

/// Which sort keys a query asks for.
enum SortCondition {
    Any,
    Is(String),
    BeginsWith(String),
    UpTo(String),
}

impl SortCondition {
    /// Whether it asks for any key that begins with `sort`.
    fn meets(&self, sort: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Is(key) => key.starts_with(sort),
            Self::BeginsWith(prefix) => prefix.starts_with(sort) || sort.starts_with(prefix.as_str()),
            Self::UpTo(last) => sort <= last.as_str(),
        }
    }
}

/// A key condition in the forms that `storage` writes.
struct KeyCondition {
    pk: String,
    sk: SortCondition,
}

impl KeyCondition {
    fn parse(body: &Value) -> Result<Self, Unreadable> {
        let text = body["KeyConditionExpression"].as_str().ok_or(Unreadable::Body("KeyConditionExpression"))?;
        let unknown = || Unreadable::KeyCondition(text.to_owned());
        let index = body["IndexName"].as_str().unwrap_or_default();
        // DynamoDB takes no empty text for a key, not even to begin with. The engine does.
        let text_of = |name: &str| body["ExpressionAttributeValues"][name.trim()]["S"].as_str();
        let value = |name: &str| text_of(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let names = |name: &str, part: &str| {
            let name = name.trim();
            body["ExpressionAttributeNames"][name].as_str().unwrap_or(name) == format!("{index}{part}")
        };
        let (partition, sort) = text.split_once(" AND ").map_or((text, None), |(partition, sort)| (partition, Some(sort)));
        let equal = |condition: &str, part: &str| {
            let (name, operand) = condition.split_once(" = ")?;
            value(operand).filter(|_| names(name, part))
        };
        let pk = equal(partition, PK).ok_or_else(unknown)?;
        let Some(sort) = sort else { return Ok(Self { pk, sk: SortCondition::Any }) };
        let begins_with = || {
            let (name, operand) = sort.trim().strip_prefix("begins_with(")?.strip_suffix(')')?.split_once(',')?;
            value(operand).filter(|_| names(name, SK)).map(SortCondition::BeginsWith)
        };
        let up_to = || {
            let (name, operand) = sort.split_once(" <= ")?;
            value(operand).filter(|_| names(name, SK)).map(SortCondition::UpTo)
        };
        let sk = begins_with().or_else(up_to).or_else(|| equal(sort, SK).map(SortCondition::Is)).ok_or_else(unknown)?;
        Ok(Self { pk, sk })
    }
}

fn table(name: &Value) -> Result<Table, Unreadable> {
    named(name.as_str().ok_or(Unreadable::Body("TableName"))?)
}

fn named(name: &str) -> Result<Table, Unreadable> {
    Table::ALL.into_iter().find(|table| table.name() == name).ok_or_else(|| Unreadable::Table(name.to_owned()))
}

fn array<'a>(body: &'a Value, name: &'static str) -> Result<&'a Vec<Value>, Unreadable> {
    body[name].as_array().ok_or(Unreadable::Body(name))
}

/// The only member of an object.
fn sole(value: &Value) -> Option<(&str, &Value)> {
    let object: &Map<String, Value> = value.as_object()?;
    object.iter().next().filter(|_| object.len() == 1).map(|(name, value)| (name.as_str(), value))
}
