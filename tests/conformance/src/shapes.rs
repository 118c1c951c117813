//! What a request asks for, without what it is about: the operation, its members, and the text of its expressions.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex},
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use serde_json::Value;

/// What one kind of request, or one kind of element of its lists, looks like.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// The operation.
    pub operation: String,
    /// Its members, by their path; with their values, where those are part of the call rather than of what it is about.
    pub members: BTreeSet<String>,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members: Vec<&str> = self.members.iter().map(String::as_str).collect();
        write!(f, "{} {{{}}}", self.operation, members.join(", "))
    }
}

/// Members whose inside is data: items, keys, names and values.
const DATA: [&str; 6] =
    ["Item", "Key", "ExclusiveStartKey", "ExpressionAttributeNames", "ExpressionAttributeValues", "MessageAttributes"];

/// The shapes of a request: its own, and those of the elements of its lists.
pub fn of(operation: &str, body: &[u8]) -> BTreeSet<Shape> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut shapes = BTreeSet::new();
    add(operation, &body, &mut shapes);
    shapes
}

fn add(operation: &str, value: &Value, shapes: &mut BTreeSet<Shape>) {
    let mut members = BTreeSet::new();
    walk(operation, "", value, &mut members, shapes);
    shapes.insert(Shape { operation: operation.to_owned(), members });
}

fn walk(operation: &str, path: &str, value: &Value, members: &mut BTreeSet<String>, shapes: &mut BTreeSet<Shape>) {
    let name = path.rsplit('.').next().unwrap_or_default();
    match value {
        // An empty list asks for nothing.
        Value::Array(elements) => elements.iter().for_each(|element| add(&format!("{operation} {path}"), element, shapes)),
        Value::Object(inside) if !DATA.contains(&name) => {
            for (inner, value) in inside {
                // What is asked of a table is asked of each.
                let inner = if name == "RequestItems" { "*" } else { inner };
                let path = if path.is_empty() { inner.to_owned() } else { format!("{path}.{inner}") };
                walk(operation, &path, value, members, shapes);
            }
        }
        Value::String(text) if name.ends_with("Expression") => drop(members.insert(format!("{path} = '{text}'"))),
        Value::Bool(set) => drop(members.insert(format!("{path} = {set}"))),
        Value::Null => {}
        Value::Object(_) | Value::String(_) | Value::Number(_) => drop(members.insert(path.to_owned())),
    }
}

/// The shapes of all requests that were made.
#[derive(Debug, Default)]
pub struct Heard(Mutex<BTreeSet<Shape>>);

impl Heard {
    /// One more request.
    pub fn hear(&self, operation: &str, body: &[u8]) {
        self.0.lock().unwrap().extend(of(operation, body));
    }

    /// All of them.
    pub fn shapes(&self) -> BTreeSet<Shape> {
        self.0.lock().unwrap().clone()
    }
}

/// A client whose requests are heard on their way to `inner`.
pub fn listening(inner: SharedHttpClient, heard: Arc<Heard>) -> SharedHttpClient {
    SharedHttpClient::new(Listening { inner, heard })
}

#[derive(Debug)]
struct Listening {
    inner: SharedHttpClient,
    heard: Arc<Heard>,
}

impl HttpClient for Listening {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(ListeningConnector { inner, heard: self.heard.clone() })
    }
}

#[derive(Debug)]
struct ListeningConnector {
    inner: SharedHttpConnector,
    heard: Arc<Heard>,
}

impl HttpConnector for ListeningConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").and_then(|target| target.split_once('.'));
        // SES alone names no target, and we ask it for nothing else.
        let operation = target.map_or("SendEmail", |(_, operation)| operation);
        self.heard.hear(operation, request.body().bytes().unwrap_or_default());
        self.inner.call(request)
    }
}
