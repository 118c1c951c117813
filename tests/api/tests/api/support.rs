//! What the tests of all resources share.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Region},
    types::AttributeValue,
};
use futures::future::BoxFuture;
use jiff::ToSpan;
use local::{
    TestApp,
    gate::{CallInfo, Faults},
    test_app::{Reply, User},
};
use serde_json::{Value, json};
use storage::tables::{PK, SK, Table};
use tokio::sync::Notify;

/// A watcher that the recordings have offers for: every hour, Los Angeles to Dubai, for points of American.
pub fn dubai() -> Value {
    json!({
        "name": "Dubai in April",
        "wanted": "award-flights",
        "from": ["LAX"],
        "to": ["DXB"],
        "dates": {"on": "2026-04-27"},
        "cabins": ["economy"],
        "filters": {"programmes": ["aadvantage"]},
        "schedule": {"every": "hours", "hours": 1},
    })
}

/// The same, daily: what the free plan allows.
pub fn dubai_daily() -> Value {
    with(dubai(), "schedule", json!({"every": "day", "at": "07:30:00"}))
}

/// A tenant to be.
pub fn nestery() -> Value {
    json!({
        "id": "nestery",
        "name": "Nestery",
        "hosts": ["api.nestery.example"],
        "timeZone": "Europe/Berlin",
        "currency": "EUR",
        "admin": {"handle": "nora", "email": "nora@nestery.example", "name": "Nora Nest", "locale": "de-DE"},
    })
}

/// With one field set.
pub fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

/// Without one field.
pub fn without(mut body: Value, field: &str) -> Value {
    body.as_object_mut().unwrap().remove(field);
    body
}

/// Creates a watcher; answers its id.
pub async fn create(user: &User<'_>, body: Value) -> String {
    let reply = user.post("/v1/watchers").body(body).send().await;
    reply.assert(201, "");
    id_of(&reply)
}

/// The id in an answer.
#[track_caller]
pub fn id_of(reply: &Reply) -> String {
    reply.body["id"].as_str().unwrap().to_owned()
}

/// The address of a watcher.
pub fn watcher(id: &str) -> String {
    format!("/v1/watchers/{id}")
}

/// What is asked of a watcher.
pub fn ask(id: &str, what: &str) -> String {
    format!("/v1/watchers/{id}/{what}")
}

/// Runs a watcher now, and lets everything happen that follows.
pub async fn run(app: &TestApp, user: &User<'_>, id: &str) {
    user.post(&ask(id, "run")).send().await.assert(202, "");
    app.advance(1.minute()).await;
    app.settle().await;
}

/// A system in which the member `demo` has been told of deals; and their watcher.
pub async fn told() -> (TestApp, String) {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let id = create(&demo, dubai()).await;
    run(&app, &demo, &id).await;
    (app, id)
}

/// The items of a page.
#[track_caller]
pub fn items(reply: &Reply) -> Vec<Value> {
    reply.assert(200, "");
    reply.body["items"].as_array().unwrap().clone()
}

/// One field of every item of a page.
#[track_caller]
pub fn each(reply: &Reply, field: &str) -> Vec<String> {
    items(reply).iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
}

/// Every page of a list, the limit given.
pub async fn pages(user: &User<'_>, path: &str, limit: u8) -> Vec<Reply> {
    let mut pages: Vec<Reply> = Vec::new();
    let mut cursor = String::new();
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = user.get(&format!("{path}{sign}limit={limit}{cursor}")).send().await;
        page.assert(200, "");
        let next = page.body["next"].as_str().map(|next| format!("&cursor={next}"));
        pages.push(page);
        match next {
            Some(next) => cursor = next,
            None => return pages,
        }
        assert!(pages.len() < 1000, "{path} has no end");
    }
}

/// The faults of an answer: pointer and code, sorted.
pub fn faults(reply: &Reply) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = reply.body["errors"].as_array().cloned().unwrap_or_default();
    let mut faults: Vec<_> = errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect();
    faults.sort();
    faults
}

/// Everything that is stored, by key.
pub type Stored = BTreeMap<(String, String), HashMap<String, AttributeValue>>;

/// The tables of entities, past gates and store.
pub struct Core(Client);

impl Core {
    pub fn of(app: &TestApp) -> Self {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(aws_credential_types::Credentials::from_keys("test", "test", None))
            .http_client(platform::aws::plain_http())
            .endpoint_url(app.system().database_url());
        Self(Client::from_conf(config.build()))
    }

    /// All of it; and of the cache the marks, which someone has put there.
    pub async fn everything(&self) -> Stored {
        let mut stored = Stored::new();
        for table in Table::OF_ENTITIES.into_iter().chain([Table::Cache]) {
            let pages = self.0.scan().table_name(table.name()).into_paginator().items().send();
            for item in pages.collect::<Result<Vec<_>, _>>().await.unwrap() {
                let text = |name: &str| item[name].as_s().unwrap().clone();
                if table != Table::Cache || ["MARK#", "NOTICE#"].iter().any(|kind| text(PK).starts_with(kind)) {
                    stored.insert((text(PK), text(SK)), item);
                }
            }
        }
        stored
    }
}

/// Holds one call of a function back until something else has happened.
#[derive(Debug)]
pub struct Held {
    function: &'static str,
    operation: &'static str,
    left: AtomicU32,
    reached: Notify,
    over: Notify,
}

impl Held {
    /// The call of this operation that is the `number`th from now on.
    pub fn at(app: &TestApp, function: &'static str, operation: &'static str, number: u32) -> Arc<Self> {
        let (reached, over) = (Notify::new(), Notify::new());
        let held = Arc::new(Self { function, operation, left: AtomicU32::new(number), reached, over });
        app.set_faults(held.clone());
        held
    }

    /// What happens while the call is held back.
    pub async fn meanwhile(&self, happens: impl Future<Output = ()>) {
        self.reached.notified().await;
        happens.await;
        self.over.notify_one();
    }
}

impl Faults for Held {
    fn meanwhile<'a>(&'a self, call: &'a CallInfo) -> BoxFuture<'a, ()> {
        Box::pin(async {
            let ours = call.function == self.function && call.operation == self.operation;
            if ours && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) == Ok(1) {
                self.reached.notify_one();
                self.over.notified().await;
            }
        })
    }
}
