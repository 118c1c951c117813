//! What a grant takes of IAM, and the policy of a function's role.
//!
//! IAM sees actions, tables, indexes and partition keys, no sort keys, types or names of events: a policy is a little wider than
//! what the local gate lets through, and never narrower. `tests/contracts` holds both against each other.

use std::collections::{BTreeMap, BTreeSet};

use platform::{Function, Trigger};
use serde_json::{Value, json};
use storage::{Entity, Grant, Kind, OutboxItem, tables::Table};

use super::{
    queue,
    template::{arn, reference, sub},
};

/// What IAM can tell apart of what a function does: what is done to what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The action.
    pub action: &'static str,
    /// What it is done to.
    pub to: Resource,
}

/// What something is done to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Items of a table, whose partition keys are like this.
    Items(Table, String),
    /// An index. Its partition key can't be a condition: what AWS documents of `dynamodb:LeadingKeys` is the table's.
    Index(Table, &'static str),
    /// A queue, by its name.
    Queue(String),
    /// The bus.
    Bus,
    /// The identity and the configuration set of mail.
    Mail,
    /// The stream of the table that has the outbox.
    OutboxStream,
    /// The master key, for members' keys.
    MasterKey,
}

/// What reading takes of a table; in a transaction it is a condition that is checked.
const READ: [&str; 3] = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem"];
/// What writing takes. Transactions are made of these; a batch is an action of its own.
const WRITE: [&str; 5] =
    ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem", "dynamodb:BatchWriteItem"];
/// What removing takes.
const REMOVE: [&str; 3] = ["dynamodb:DeleteItem", "dynamodb:ConditionCheckItem", "dynamodb:BatchWriteItem"];
/// What a mapping takes to hand over a queue's messages.
const WORK: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
/// What a mapping takes to read a stream.
const FOLLOW: [&str; 4] = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"];

/// What a grant takes.
pub fn accesses(grant: &Grant) -> Vec<Access> {
    match grant {
        Grant::Read(kind) => {
            let indexes = kind.keys.iter().filter_map(|keys| keys.index);
            let queries = indexes.map(|index| Access { action: "dynamodb:Query", to: Resource::Index(kind.table, index) });
            of_items(&READ, kind).chain(queries).collect()
        }
        // Who writes the outbox removes from it; who stores there emits.
        Grant::Write(kind) if kind.name == OutboxItem::KIND.name => of_items(&REMOVE, kind).collect(),
        Grant::Write(kind) => of_items(&WRITE, kind).collect(),
        Grant::Emit(_) => of_items(&["dynamodb:PutItem"], OutboxItem::KIND).collect(),
        Grant::Send(queue) => vec![Access { action: "sqs:SendMessage", to: Resource::Queue((*queue).to_owned()) }],
        Grant::Publish => vec![Access { action: "events:PutEvents", to: Resource::Bus }],
        Grant::Mail => vec![Access { action: "ses:SendEmail", to: Resource::Mail }],
        Grant::MakeKeys => vec![Access { action: "kms:GenerateDataKey", to: Resource::MasterKey }],
        Grant::UseKeys => vec![Access { action: "kms:Decrypt", to: Resource::MasterKey }],
        // Sources are outside AWS; secrets are in the environment.
        Grant::Call(_) | Grant::Know(_) => Vec::new(),
    }
}

fn of_items(actions: &'static [&'static str], kind: &'static Kind) -> impl Iterator<Item = Access> {
    let partitions = kind.keys.iter().filter(|keys| keys.index.is_none()).map(|keys| pattern(keys.partition));
    partitions.flat_map(move |partition| {
        actions.iter().map(move |action| Access { action, to: Resource::Items(kind.table, partition.clone()) })
    })
}

/// `T#{tenant}#M#{member}` as `T#*#M#*`.
pub(super) fn pattern(partition: &str) -> String {
    let parts = partition.split('#').map(|part| if part.starts_with('{') { "*" } else { part });
    parts.collect::<Vec<_>>().join("#")
}

/// What its trigger takes, of the role that the function shares with the mapping.
fn accesses_of_trigger(function: &'static dyn Function) -> Vec<Access> {
    match function.trigger() {
        Trigger::Http(_) | Trigger::Schedule { woken_by_outbox: false, .. } => Vec::new(),
        Trigger::Queue { queue, .. } => {
            WORK.iter().map(|action| Access { action, to: Resource::Queue(queue.name.to_owned()) }).collect()
        }
        Trigger::Schedule { woken_by_outbox: true, .. } => {
            let records = FOLLOW.iter().map(|action| Access { action, to: Resource::OutboxStream });
            let dead = Resource::Queue(queue::dead_of_function(function));
            records.chain([Access { action: "sqs:SendMessage", to: dead }]).collect()
        }
    }
}

/// The statements of a function's role: what it may, and nothing else.
pub fn statements(function: &'static dyn Function) -> Vec<Value> {
    let granted = function.grants();
    let accesses: BTreeSet<Access> = granted.iter().flat_map(accesses).chain(accesses_of_trigger(function)).collect();
    let logs = arn("logs", &format!("log-group:/aws/lambda/${{Prefix}}{}:*", function.spec().name));
    let by_lambda = json!({"StringEquals": {"kms:ViaService": sub("lambda.${AWS::Region}.amazonaws.com")}});
    let mut statements = vec![
        allow(&["logs:CreateLogStream", "logs:PutLogEvents"], &sub(logs)),
        // Its environment is encrypted. Lambda's own grant is lost when the role is replaced.
        allow_if(&["kms:Decrypt"], &reference("DataKeyArn"), by_lambda),
    ];
    statements.extend(on_items(&accesses));
    statements.extend(on_others(&accesses));
    statements.extend(on_master_key(&accesses));
    statements
}

fn allow(actions: &[&str], resource: &Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

fn allow_if(actions: &[&str], resource: &Value, condition: Value) -> Value {
    let mut statement = allow(actions, resource);
    statement["Condition"] = condition;
    statement
}

/// Actions with the same partition keys share a statement.
fn on_items(accesses: &BTreeSet<Access>) -> Vec<Value> {
    let mut partitions: BTreeMap<(Table, &str), BTreeSet<&str>> = BTreeMap::new();
    for access in accesses {
        if let Resource::Items(table, partition) = &access.to {
            partitions.entry((*table, access.action)).or_default().insert(partition);
        }
    }
    let mut actions: BTreeMap<(Table, BTreeSet<&str>), Vec<&str>> = BTreeMap::new();
    for ((table, action), partitions) in partitions {
        actions.entry((table, partitions)).or_default().push(action);
    }
    // No action here goes without a key, so that of none there is nothing to match.
    let statement = |((table, partitions), actions): ((Table, BTreeSet<&str>), Vec<&str>)| {
        let condition = json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": partitions}});
        allow_if(&actions, &sub(table_arn(table)), condition)
    };
    actions.into_iter().map(statement).collect()
}

fn on_others(accesses: &BTreeSet<Access>) -> Vec<Value> {
    let mut actions: BTreeMap<&Resource, Vec<&str>> = BTreeMap::new();
    for access in accesses {
        actions.entry(&access.to).or_default().push(access.action);
    }
    actions.into_iter().filter_map(|(resource, actions)| Some(allow(&actions, &other(resource)?))).collect()
}

/// Keys are made and unwrapped for a member, and for nothing else.
fn on_master_key(accesses: &BTreeSet<Access>) -> Option<Value> {
    let actions: Vec<&str> =
        accesses.iter().filter(|access| access.to == Resource::MasterKey).map(|access| access.action).collect();
    let for_a_member = json!({
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["tenant", "member"]},
        "Null": {"kms:EncryptionContext:tenant": "false", "kms:EncryptionContext:member": "false"},
    });
    let keys = json!({"Fn::Split": [",", reference("MasterKeyArns")]});
    (!actions.is_empty()).then(|| allow_if(&actions, &keys, for_a_member))
}

/// What is no item and no key, as a statement names it.
fn other(resource: &Resource) -> Option<Value> {
    match resource {
        Resource::Items(..) | Resource::MasterKey => None,
        Resource::Index(table, index) => Some(sub(format!("{}/index/{index}", table_arn(*table)))),
        Resource::Queue(name) => Some(sub(queue::arn_of(name))),
        Resource::Bus => Some(sub(arn("events", "event-bus/${BusName}"))),
        Resource::Mail => Some(json!([reference("IdentityArn"), sub(arn("ses", "configuration-set/${ConfigurationSetName}"))])),
        Resource::OutboxStream => Some(reference("CoreStreamArn")),
    }
}

fn table_arn(table: Table) -> String {
    arn("dynamodb", &format!("table/${{Prefix}}{}", table.name()))
}
