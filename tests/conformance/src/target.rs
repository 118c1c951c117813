//! What rows run against: the same tables, queues, rules and senders, each in a world of its own on one side or the other.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use futures::future::BoxFuture;
use jiff::SignedDuration;
use local::{
    machine::{self, functions},
    standins::{
        QueueSpec, Topology,
        bus::{ACCOUNT, REGION},
    },
};
use platform::{
    Deps, Function,
    aws::{Aws, Service, plain_http},
    chance::SystemChance,
    clock::Clock,
    config::Config,
    kms::Kms,
    outside::Nowhere,
    signature::CURSOR_KEY,
    token::TokenPolicy,
    vault::LOOKUP_KEY,
};
use storage::Store;

use crate::shapes::{Heard, listening};

mod embedded;
mod ministack;

fn other_master(prefix: &str) -> String {
    format!("alias/{prefix}others")
}

/// One of the two.
#[derive(Debug, Clone)]
pub enum Side {
    /// The engine and the stand-ins of the local run.
    Embedded,
    /// MiniStack, at this address.
    Ministack(String),
}

impl Side {
    /// What it is called.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Ministack(_) => "MiniStack",
        }
    }
}

/// How long a received message stays invisible in the world of a row: as short as a busy machine allows, for MiniStack goes by
/// real time.
pub const VISIBILITY: SignedDuration = SignedDuration::from_secs(4);
/// How often a message is delivered in the world of a row.
pub const MAX_RECEIVES: u32 = 2;
/// A queue that keeps order. None of the deployment's does, but whoever declares one can.
pub const ORDERED: &str = "ordered.fifo";
/// The configuration set of a row's mail, after the prefix.
const CONFIGURATION_SET: &str = "mail";
/// The domain that mail comes from.
const MAIL_DOMAIN: &str = "milebuy.example";
/// The bus, after the prefix.
const BUS: &str = "events";

/// The queues and rules of the deployment, with the times and limits of a row.
fn topology() -> Topology {
    let Topology { mut queues, rules, .. } = machine::topology(&functions()).unwrap();
    for queue in &mut queues {
        (queue.visibility, queue.max_receives) = (VISIBILITY, MAX_RECEIVES);
    }
    let (name, dead_letter) = (ORDERED.to_owned(), None);
    queues.push(QueueSpec { name, fifo: true, visibility: VISIBILITY, max_receives: MAX_RECEIVES, dead_letter });
    Topology { queues, rules, mail_domains: vec![MAIL_DOMAIN.to_owned()] }
}

/// A message, as a function is handed it.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Its id.
    pub id: String,
    /// Its text.
    pub body: String,
    /// How often it was delivered, this time included.
    pub receives: u32,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// What this delivery is deleted by.
    pub receipt: String,
}

/// A mail, as a side shows it.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    /// Who it comes from.
    pub from: String,
    /// Who gets it.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The body as text.
    pub text: String,
    /// The body as HTML.
    pub html: String,
    /// The configuration set and the tags; where a side does not show them, nothing.
    pub marks: Vec<String>,
}

/// What AWS does besides answering our calls: it delivers, lets time pass, and sends mail.
trait World: Send + Sync {
    fn receive<'a>(&'a self, queue: &'a str, most: i32) -> BoxFuture<'a, Vec<Delivered>>;
    fn delete<'a>(&'a self, queue: &'a str, receipt: &'a str) -> BoxFuture<'a, ()>;
    fn pass(&self, time: SignedDuration) -> BoxFuture<'_, ()>;
    fn mails(&self) -> BoxFuture<'_, Vec<Mail>>;
}

/// What a world is reached by.
struct Reached {
    world: Box<dyn World>,
    endpoints: BTreeMap<Service, String>,
    prefix: String,
    clock: Arc<dyn Clock>,
}

/// A row's own world on a side.
pub struct Target {
    reached: Reached,
    aws: Aws,
    cx: OnceLock<Deps>,
    dynamo: OnceLock<aws_sdk_dynamodb::Client>,
}

impl Target {
    /// A world of its own for a row, with what a service needs.
    pub async fn new(side: &Side, service: Service, number: usize, heard: Arc<Heard>) -> Self {
        let reached = match side {
            Side::Embedded => embedded::reached(),
            Side::Ministack(url) => ministack::reached(url, service, format!("row{number}-")).await,
        };
        let aws = aws(reached.endpoints.clone(), listening(plain_http(), heard));
        Self { reached, aws, cx: OnceLock::new(), dynamo: OnceLock::new() }
    }

    /// What a function is given.
    pub fn deps(&self, function: &'static dyn Function) -> Deps {
        let queues = topology().queues.into_iter().map(|queue| queue.name);
        let config = Config {
            table_prefix: self.reached.prefix.clone(),
            queue_urls: queues.map(|queue| (queue.clone(), self.queue_url(&queue))).collect(),
            bus: self.name(BUS),
            tokens: TokenPolicy::default(),
            secrets: BTreeMap::from([
                (CURSOR_KEY, "signs the cursors of this world".to_owned().into()),
                (LOOKUP_KEY, "hashes the addresses of this world".to_owned().into()),
            ]),
            signing_key: None,
            mail_sender: "mail@milebuy.example".parse().unwrap(),
            mail_configuration_set: Some(self.name(CONFIGURATION_SET)),
            public_url: "https://milebuy.example".to_owned(),
            emit_metrics: false,
            keys: BTreeMap::new(),
            addresses: BTreeMap::new(),
            open_sources: BTreeMap::new(),
        };
        let (clock, chance) = (self.reached.clock.clone(), Arc::new(SystemChance));
        Deps::new(function.spec(), config, self.aws.clone(), clock, chance, Arc::new(Nowhere))
    }

    /// The master keys.
    pub fn kms(&self) -> Kms {
        self.aws.kms()
    }

    /// Another master key than the one that new keys are wrapped by.
    pub fn other_master(&self) -> String {
        other_master(&self.reached.prefix)
    }

    /// What the relay is given, for calls that are no function's in particular.
    pub fn cx(&self) -> &Deps {
        self.cx.get_or_init(|| self.deps(&system::relay_outbox::FUNCTION))
    }

    /// The tables.
    pub fn store(&self) -> &Store {
        self.cx().store()
    }

    /// The SDK behind the store.
    pub fn dynamo(&self) -> &aws_sdk_dynamodb::Client {
        self.dynamo.get_or_init(|| dynamo(&self.aws))
    }

    /// What something is called in this world.
    pub fn name(&self, name: &str) -> String {
        format!("{}{name}", self.reached.prefix)
    }

    /// What the names of this world begin with.
    pub fn prefix(&self) -> &str {
        &self.reached.prefix
    }

    /// The bus.
    pub fn bus(&self) -> String {
        self.name(BUS)
    }

    /// Where a queue is.
    pub fn queue_url(&self, queue: &str) -> String {
        format!("{}/{ACCOUNT}/{}", self.reached.endpoints[&Service::Sqs], self.name(queue))
    }

    /// The queues of this world.
    pub fn queues(&self) -> Vec<String> {
        topology().queues.into_iter().map(|queue| queue.name).collect()
    }

    /// Delivers what is on a queue, as it is handed to a function: at most ten messages.
    pub async fn receive(&self, queue: &str) -> Vec<Delivered> {
        self.reached.world.receive(queue, 10).await
    }

    /// Delivers one message of a queue.
    pub async fn receive_one(&self, queue: &str) -> Option<Delivered> {
        self.reached.world.receive(queue, 1).await.pop()
    }

    /// Takes a message off its queue, as is done with one that was handled.
    pub async fn delete(&self, queue: &str, message: &Delivered) {
        self.reached.world.delete(queue, &message.receipt).await;
    }

    /// Lets time pass.
    pub async fn pass(&self, time: SignedDuration) {
        self.reached.world.pass(time).await;
    }

    /// The mail that was sent, the oldest first.
    pub async fn mails(&self) -> Vec<Mail> {
        self.reached.world.mails().await
    }
}

/// The SDK of a service, for calls to the endpoints of a world.
macro_rules! client {
    ($sdk:ident, $aws:expr, $service:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new($aws.region.clone()))
                .credentials_provider($aws.credentials.clone())
                .http_client($aws.http.clone())
                .endpoint_url(&$aws.endpoints[&$service])
                .build(),
        )
    };
}
use client;

fn dynamo(aws: &Aws) -> aws_sdk_dynamodb::Client {
    client!(aws_sdk_dynamodb, aws, Service::DynamoDb)
}

/// How the endpoints of a world are reached.
fn aws(endpoints: BTreeMap<Service, String>, http: aws_smithy_runtime_api::client::http::SharedHttpClient) -> Aws {
    let credentials = Credentials::from_keys(ACCOUNT, "local", None);
    Aws { region: REGION.to_owned(), credentials, endpoints, mail_http: http.clone(), http }
}
