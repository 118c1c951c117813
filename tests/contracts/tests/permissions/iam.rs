//! What IAM would say to a request, by the policy that the stacks give a function. What it sees of a request is read here apart
//! from the gate.

use std::{collections::BTreeSet, sync::Mutex};

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use platform::Function;
use serde_json::Value;
use xtask::stacks::policy;

/// What IAM sees of a request, or of one part of it.
#[derive(Debug)]
pub struct Asked {
    action: String,
    resource: String,
    /// The partition keys.
    keys: Vec<String>,
    /// The names of what a key of KMS is bound to.
    bound_to: BTreeSet<String>,
}

struct Statement {
    actions: Vec<String>,
    resources: Vec<String>,
    /// What the partition keys must be like; empty if that is not asked.
    keys: Vec<String>,
    /// What a key of KMS must be bound to, if that is asked: to all of these, and to nothing else.
    bound_to: Option<BTreeSet<String>>,
}

/// A permission, as little as can be given: action, resource, and a partition key if that is asked.
pub type Permission = (String, String, Option<String>);

/// The policy of a function's role, and what of it was used.
pub struct Policy {
    statements: Vec<Statement>,
    used: Mutex<BTreeSet<Permission>>,
}

impl Policy {
    pub fn of(function: &'static dyn Function) -> Self {
        Self { statements: policy::statements(function).iter().map(read).collect(), used: Mutex::default() }
    }

    /// Whether every part of a request is allowed.
    pub fn allows(&self, asked: &[Asked]) -> bool {
        !asked.is_empty() && asked.iter().all(|part| self.statements.iter().any(|statement| statement.allows(part)))
    }

    /// Notes what a request uses.
    pub fn use_for(&self, asked: &[Asked]) {
        let mut used = self.used.lock().unwrap();
        for part in asked {
            let matching = self.statements.iter().filter(|statement| statement.allows(part));
            used.extend(matching.flat_map(Statement::permissions).filter(|permission| part.uses(permission)));
        }
    }

    /// What no request has used.
    pub fn unused(&self) -> BTreeSet<Permission> {
        let all: BTreeSet<Permission> = self.statements.iter().flat_map(Statement::permissions).collect();
        all.difference(&self.used.lock().unwrap()).cloned().collect()
    }
}

impl Statement {
    fn allows(&self, asked: &Asked) -> bool {
        let is_one_of_ours = |key: &String| self.keys.iter().any(|pattern| like(pattern, key));
        self.actions.contains(&asked.action)
            && self.resources.contains(&asked.resource)
            && (self.keys.is_empty() || asked.keys.iter().all(is_one_of_ours))
            && self.bound_to.as_ref().is_none_or(|names| asked.bound_to == *names)
    }

    fn permissions(&self) -> Vec<Permission> {
        let keys: Vec<Option<String>> =
            if self.keys.is_empty() { vec![None] } else { self.keys.iter().cloned().map(Some).collect() };
        let of = |action: &String| {
            let with =
                |resource: &String| keys.iter().map(|key| (action.clone(), resource.clone(), key.clone())).collect::<Vec<_>>();
            self.resources.iter().flat_map(with).collect::<Vec<_>>()
        };
        self.actions.iter().flat_map(of).collect()
    }
}

impl Asked {
    fn uses(&self, (action, resource, key): &Permission) -> bool {
        let like_one = |pattern: &String| self.keys.iter().any(|key| like(pattern, key));
        self.action == *action && self.resource == *resource && key.as_ref().is_none_or(like_one)
    }
}

fn read(statement: &Value) -> Statement {
    assert_eq!(statement["Effect"], "Allow");
    let keys = texts(&statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
    Statement {
        actions: texts(&statement["Action"]),
        resources: texts(&statement["Resource"]),
        keys,
        bound_to: bound_to(statement),
    }
}

/// `ForAllValues` lets less through than all of them, and none at all; `Null` asks for each.
fn bound_to(statement: &Value) -> Option<BTreeSet<String>> {
    let names: BTreeSet<String> =
        texts(&statement["Condition"]["ForAllValues:StringEquals"]["kms:EncryptionContextKeys"]).into_iter().collect();
    for name in &names {
        assert_eq!(statement["Condition"]["Null"][format!("kms:EncryptionContext:{name}")], "false", "{name} may be left out");
    }
    (!names.is_empty()).then_some(names)
}

/// One text or several; a reference reads as it would in a text.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Object(object) => {
            let reference = object.get("Ref").and_then(Value::as_str).map(|name| format!("${{{name}}}"));
            let split = object.get("Fn::Split").map(|split| texts(&split[1]).concat());
            let reference = reference.or(split);
            let text = reference.or_else(|| object.get("Fn::Sub").and_then(Value::as_str).map(str::to_owned));
            vec![text.unwrap_or_else(|| unreachable!("{value} is no text"))]
        }
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) => unreachable!("{value} is no text"),
    }
}

/// As `StringLike` compares: a star is any text.
fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            let Some(rest) = text.strip_prefix(before) else { return false };
            (0..=rest.len()).any(|at| like(after, &rest[at..]))
        }
    }
}

/// What IAM sees of a request; nothing, if it is none of an operation that functions have.
pub fn asked(request: &HttpRequest) -> Vec<Asked> {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let body: Value = request.body().bytes().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
    match target.split_once('.') {
        Some(("DynamoDB_20120810", operation)) => of_tables(operation, &body),
        Some(("AmazonSQS", operation)) => vec![of_queue(operation.trim_end_matches("Batch"), &body)],
        Some(("TrentService", operation)) => {
            let bound_to = body["EncryptionContext"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
            let asked = asked_of(format!("kms:{operation}"), "${MasterKeyArns}".to_owned(), Vec::new());
            vec![Asked { bound_to, ..asked }]
        }
        Some(("AWSEvents", operation)) => {
            vec![asked_of(format!("events:{operation}"), arn("events", "event-bus/${BusName}"), Vec::new())]
        }
        Some(_) => Vec::new(),
        None if request.uri().ends_with("/v2/email/outbound-emails") => {
            let sent = |resource: String| asked_of("ses:SendEmail".to_owned(), resource, Vec::new());
            vec![sent("${IdentityArn}".to_owned()), sent(arn("ses", "configuration-set/${ConfigurationSetName}"))]
        }
        None => Vec::new(),
    }
}

fn asked_of(action: String, resource: String, keys: Vec<String>) -> Asked {
    Asked { action, resource, keys, bound_to: BTreeSet::new() }
}

fn arn(service: &str, rest: &str) -> String {
    format!("arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}")
}

fn of_queue(operation: &str, body: &Value) -> Asked {
    let name = body["QueueUrl"].as_str().unwrap().rsplit('/').next().unwrap();
    asked_of(format!("sqs:{operation}"), arn("sqs", &format!("${{Prefix}}{name}")), Vec::new())
}

fn of_tables(operation: &str, body: &Value) -> Vec<Asked> {
    match operation {
        "TransactWriteItems" => body["TransactItems"].as_array().into_iter().flatten().map(of_part).collect(),
        "BatchWriteItem" => body["RequestItems"].as_object().into_iter().flatten().map(of_batch).collect(),
        _ => vec![of_item(operation, body)],
    }
}

/// A part of a transaction takes what it takes alone.
fn of_part(part: &Value) -> Asked {
    let (action, part) = part.as_object().unwrap().iter().next().unwrap();
    of_item(if action == "ConditionCheck" { "ConditionCheckItem".to_owned() } else { format!("{action}Item") }.as_str(), part)
}

/// A batch is one action on each table.
fn of_batch((name, writes): (&String, &Value)) -> Asked {
    let key_of = |write: &Value| {
        let write = write.as_object().unwrap().values().next().unwrap();
        [&write["Item"], &write["Key"]].into_iter().find_map(partition).unwrap()
    };
    let keys = writes.as_array().unwrap().iter().map(key_of).collect();
    asked_of("dynamodb:BatchWriteItem".to_owned(), table(name), keys)
}

fn of_item(operation: &str, body: &Value) -> Asked {
    let name = body["TableName"].as_str().unwrap_or_default();
    let queried = || body["ExpressionAttributeValues"][":pk"]["S"].as_str().map(str::to_owned);
    let key = [&body["Item"], &body["Key"]].into_iter().find_map(partition).or_else(queried);
    let resource = match body["IndexName"].as_str() {
        Some(index) => format!("{}/index/{index}", table(name)),
        None => table(name),
    };
    asked_of(format!("dynamodb:{operation}"), resource, key.into_iter().collect())
}

fn partition(of: &Value) -> Option<String> {
    of["pk"]["S"].as_str().map(str::to_owned)
}

fn table(name: &str) -> String {
    arn("dynamodb", &format!("table/${{Prefix}}{name}"))
}
