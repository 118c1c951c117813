//! Whether each condition of a write is good for something: it is taken away on the wire, and then something must go wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use domain::sources::KeyScope;
use futures::future::BoxFuture;
use local::gate::{Action, CallInfo, Faults};
use serde_json::{Map, Value};
use storage::{KINDS, tables::Table};

use crate::{
    Violation, ensure,
    kills::Told,
    matrix::{self, Cell, Fault},
    refusals::{self, Samples},
    story::CHAPTERS,
    strikes::{Recorder, Trouble},
    trials::TRIALS,
    world::{Setting, World, alone},
};

/// A condition on a kind of write of a kind of item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// The kind of item.
    pub kind: String,
    /// The kind of write, as DynamoDB names it.
    pub verb: String,
    /// The condition.
    pub expression: String,
}

impl std::fmt::Display for Use {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} if {}", self.verb, self.kind, self.expression)
    }
}

impl Use {
    /// Of one write, if it has a condition.
    fn of(verb: &str, write: &Value) -> Option<Self> {
        let expression = write["ConditionExpression"].as_str()?.to_owned();
        Some(Self { kind: kind_of(write)?.to_owned(), verb: verb.to_owned(), expression })
    }
}

/// The kind of item that a write is about: by its type, or by its key.
fn kind_of(write: &Value) -> Option<&str> {
    if let Some(kind) = write["Item"]["type"]["S"].as_str() {
        return Some(kind);
    }
    let name = write["TableName"].as_str()?;
    let table = Table::ALL.into_iter().find(|table| table.name() == name)?;
    let (pk, sk) = (write["Key"]["pk"]["S"].as_str()?, write["Key"]["sk"]["S"].as_str()?);
    KINDS.iter().find(|kind| kind.holds(table, None, pk, sk)).map(|kind| kind.name)
}

/// The writes of a call, with their verbs. A call that writes one item is its own write.
fn writes(operation: &str, body: &Value) -> Vec<(String, Value)> {
    match (operation, &body["TransactItems"]) {
        ("TransactWriteItems", Value::Array(items)) => {
            let members = items.iter().filter_map(Value::as_object).flatten();
            members.map(|(verb, write)| (verb.clone(), write.clone())).collect()
        }
        ("PutItem", _) => vec![("PutItem".to_owned(), body.clone())],
        _ => Vec::new(),
    }
}

/// The conditions of a call.
fn uses(call: &CallInfo, body: &[u8]) -> Vec<Use> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    writes(&call.operation, &body).iter().filter_map(|(verb, write)| Use::of(verb, write)).collect()
}

/// A call without one condition; none if it does not have it.
fn without(taken: &Taken, call: &CallInfo, body: &[u8]) -> Option<Vec<u8>> {
    if !uses(call, body).iter().any(|used| taken.is(used)) {
        return None;
    }
    let mut body: Value = serde_json::from_slice(body).ok()?;
    match body.get_mut("TransactItems").and_then(Value::as_array_mut) {
        Some(items) => {
            // A check is nothing but its condition.
            items.retain(|item| !Use::of("ConditionCheck", &item["ConditionCheck"]).is_some_and(|used| taken.is(&used)));
            for (verb, write) in items.iter_mut().filter_map(Value::as_object_mut).flatten() {
                if Use::of(verb, write).is_some_and(|used| taken.is(&used)) {
                    strip(write);
                }
            }
        }
        None => strip(&mut body),
    }
    serde_json::to_vec(&body).ok()
}

/// Takes the condition away, and the names and values that nothing else uses.
fn strip(write: &mut Value) {
    let Some(write) = write.as_object_mut() else { return };
    write.remove("ConditionExpression");
    let update = write.get("UpdateExpression").and_then(Value::as_str).unwrap_or_default().to_owned();
    for member in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let used = write.get_mut(member).and_then(Value::as_object_mut);
        let none_left = used.is_some_and(|used: &mut Map<String, Value>| {
            used.retain(|name, _| update.contains(name.as_str()));
            used.is_empty()
        });
        if none_left {
            write.remove(member);
        }
    }
}

/// A condition that is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// From one kind of write of one kind of item.
    Use(Use),
    /// From all writes.
    Everywhere(&'static str),
}

impl Taken {
    fn is(&self, used: &Use) -> bool {
        match self {
            Self::Use(taken) => taken == used,
            Self::Everywhere(expression) => used.expression == *expression,
        }
    }
}

/// Faults, with one condition taken away from every call.
#[derive(Debug)]
pub struct Without {
    /// What strikes besides.
    pub inner: Arc<dyn Faults>,
    /// The condition.
    pub condition: Taken,
}

impl Faults for Without {
    fn meanwhile<'a>(&'a self, call: &'a CallInfo) -> BoxFuture<'a, ()> {
        self.inner.meanwhile(call)
    }

    fn before(&self, call: &CallInfo) -> Action {
        self.inner.before(call)
    }

    fn rewrite(&self, call: &CallInfo, body: &[u8]) -> Option<Vec<u8>> {
        without(&self.condition, call, body)
    }

    fn after(&self, call: &CallInfo) -> Action {
        self.inner.after(call)
    }
}

/// Notes every condition, and which functions it is a condition of.
#[derive(Debug)]
struct Noting {
    inner: Recorder,
    seen: Mutex<Uses>,
}

/// Conditions, each with the functions that write under it.
pub type Uses = BTreeMap<Use, BTreeSet<&'static str>>;

impl Faults for Noting {
    fn meanwhile<'a>(&'a self, call: &'a CallInfo) -> BoxFuture<'a, ()> {
        self.inner.meanwhile(call)
    }

    fn rewrite(&self, call: &CallInfo, body: &[u8]) -> Option<Vec<u8>> {
        let mut seen = self.seen.lock().unwrap();
        for used in uses(call, body) {
            seen.entry(used).or_default().insert(call.function);
        }
        None
    }
}

/// What the story comes to.
#[derive(Debug)]
pub struct Met {
    /// The conditions, each with the functions that write under it.
    pub uses: Uses,
    /// Samples of all that is stored.
    pub samples: Samples,
}

/// Tells the story, and notes the conditions that it meets.
///
/// # Errors
/// If it does not come to its end.
pub fn met(seed: u64) -> Result<Met, Violation> {
    let noting = Arc::new(Noting { inner: Recorder::of(seed), seen: Mutex::default() });
    let (mut items, mut answer) = (Vec::new(), None);
    for chapter in &CHAPTERS {
        alone(seed, async {
            let world = World::new(Setting::of(seed, noting.clone())).await;
            chapter.tell(&world).await?;
            let there = world.app.system().engine().entities().unwrap();
            let key = there.iter().find_map(|item| serde_json::from_value(item["searchKey"].clone()).ok());
            if let Some(key) = key {
                answer = world.app.store().answer(&KeyScope::Deployment, &key).await.unwrap().or(answer.take());
            }
            items.extend(there);
            Ok(())
        })?;
    }
    let samples = Samples { items, answer: answer.expect("an answer") };
    Ok(Met { uses: noting.seen.lock().unwrap().clone(), samples })
}

/// Goes through the trials with every condition in its place.
///
/// # Errors
/// If one goes wrong.
pub fn trials_hold() -> Result<(), Violation> {
    for (name, trial) in TRIALS {
        for seed in 0..SEEDS {
            trial(seed, None).map_err(|violation| Violation(format!("{name}, seed {seed}: {violation}")))?;
        }
    }
    Ok(())
}

/// Whether a condition's loss is noticed where it stands.
///
/// # Errors
/// If nobody misses it; or if what it refuses is not refused while it is there.
pub fn is_missed(met: &Met, used: &Use) -> Result<(), Violation> {
    alone(0, async {
        refusals::hold(&met.samples, used, None).await?;
        let lost = refusals::hold(&met.samples, used, Some(Taken::Use(used.clone()))).await;
        ensure(lost.is_err(), || "nobody notices".to_owned())
    })
}

/// Seeds by which an expression's loss is looked for.
const SEEDS: u64 = 8;

/// Takes an expression away from all writes, and looks for a telling that goes wrong of it. Answers which.
pub fn noticed_by(story: &[Told], expression: &'static str) -> Option<String> {
    let taken = || Some(Taken::Everywhere(expression));
    for (name, trial) in TRIALS {
        for seed in 0..SEEDS {
            if trial(seed, taken()).is_err() {
                return Some(format!("{name}, seed {seed}"));
            }
        }
    }
    let cells: Vec<Cell<'_>> = matrix::cells(story);
    for fault in [Fault::Thrice, Fault::Late, Fault::Struck(Trouble::Killed)] {
        for cell in cells.iter().filter(|cell| cell.fault == fault) {
            if matrix::run(*cell, 0, taken()).is_err() {
                return Some(cell.to_string());
            }
        }
    }
    None
}
