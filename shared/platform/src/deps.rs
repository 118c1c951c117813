//! What a function is given: configuration, clock, ids, and one lazily built client per service.

use std::{
    any::{Any, TypeId},
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use aws_lambda_events::sqs::SqsMessage;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry, builders::SendMessageBatchRequestEntryBuilder};
use domain::{
    ids::{EventId, Id, TenantId},
    rates::Rates,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use storage::{Change, Store, StoreError};

use crate::{
    aws::Aws,
    chance::{self, Chance},
    clock::Clock,
    config::Config,
    function::Spec,
    job::JobError,
    outside::Outside,
    queues::{Message, Queue},
    telemetry::{MetricSink, StandardOutput},
    vault::{LOOKUP_KEY, Vault},
};

/// What a function is given. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Deps(Arc<Inner>, Arc<dyn MetricSink>);

#[derive(Debug)]
struct Inner {
    function: &'static Spec,
    config: Config,
    aws: Aws,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    outside: Arc<dyn Outside>,
    store: OnceLock<Store>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    events: OnceLock<aws_sdk_eventbridge::Client>,
    ses: OnceLock<aws_sdk_sesv2::Client>,
    vault: OnceLock<Vault>,
    hosts: Mutex<Vec<(String, Option<TenantId>, Timestamp)>>,
    kept: Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

/// How long a function believes what it has read of a host.
const HOST_KNOWN_SECONDS: i64 = 60;
/// How many hosts it remembers: a client can send any host.
const HOSTS_KNOWN: usize = 64;

/// What an instance knows of exchange rates, and since when.
#[derive(Default)]
struct KnownRates(Mutex<Option<(Timestamp, Arc<Rates>)>>);

/// How long it believes what it has read of exchange rates: there are new ones once a day.
const RATES_KNOWN_SECONDS: i64 = 60 * 60;

/// What makes a message of a FIFO queue the same as another within five minutes: its text.
fn deduplication_id(body: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn written<M: Serialize>(message: &M) -> Result<String, JobError> {
    serde_json::to_string(message).map_err(|_| JobError::Park("a message can't be written".to_owned()))
}

fn entry(body: &str) -> SendMessageBatchRequestEntryBuilder {
    SendMessageBatchRequestEntry::builder().message_body(body)
}

impl Deps {
    /// For one function.
    pub fn new(
        function: &'static Spec,
        config: Config,
        aws: Aws,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        outside: Arc<dyn Outside>,
    ) -> Self {
        let inner = Inner {
            function,
            config,
            aws,
            clock,
            chance,
            outside,
            store: OnceLock::new(),
            sqs: OnceLock::new(),
            events: OnceLock::new(),
            ses: OnceLock::new(),
            vault: OnceLock::new(),
            hosts: Mutex::new(Vec::new()),
            kept: Mutex::default(),
        };
        Self(Arc::new(inner), Arc::new(StandardOutput))
    }

    /// The same, with its metrics going elsewhere than to standard output.
    pub fn reporting_to(self, metrics: Arc<dyn MetricSink>) -> Self {
        Self(self.0, metrics)
    }

    /// Which function this is.
    pub fn function(&self) -> &'static Spec {
        self.0.function
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// How long it is until a deadline; negative once it has passed.
    pub fn time_left(&self, deadline: Timestamp) -> SignedDuration {
        deadline.duration_since(self.now())
    }

    /// Where metrics go, if the configuration says that there are any.
    pub(crate) fn metrics(&self) -> &dyn MetricSink {
        &*self.1
    }

    /// A new id.
    pub fn new_id<T: Id>(&self) -> T {
        self.new_ulid().into()
    }

    /// A number that no other has, time-ordered.
    pub(crate) fn new_ulid(&self) -> ulid::Ulid {
        chance::ulid(&*self.0.chance, self.now())
    }

    /// Where what nobody can guess comes from.
    pub fn chance(&self) -> &dyn Chance {
        &*self.0.chance
    }

    /// Bytes that nobody can guess.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        chance::random(&*self.0.chance)
    }

    /// The tables.
    pub fn store(&self) -> &Store {
        self.0.store.get_or_init(|| Store::new(self.0.aws.dynamo(), self.0.config.table_prefix.clone()))
    }

    /// Members' keys.
    pub fn vault(&self) -> &Vault {
        self.0.vault.get_or_init(|| {
            let config = self.config();
            let given = (self.0.clock.clone(), self.0.chance.clone());
            Vault::new(self.0.aws.kms(), self.store().clone(), &config.table_prefix, config.secrets.get(LOOKUP_KEY), given)
        })
    }

    /// The queues.
    pub fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.0.sqs.get_or_init(|| self.0.aws.sqs())
    }

    /// The bus.
    pub fn events(&self) -> &aws_sdk_eventbridge::Client {
        self.0.events.get_or_init(|| self.0.aws.events())
    }

    /// Mail.
    pub fn ses(&self) -> &aws_sdk_sesv2::Client {
        self.0.ses.get_or_init(|| self.0.aws.ses())
    }

    /// The world outside.
    pub fn outside(&self) -> &dyn Outside {
        &*self.0.outside
    }

    /// What an instance of a function remembers from one run to the next: one of each type, made when it is first asked for.
    pub fn kept<T: Any + Default + Send + Sync>(&self) -> Arc<T> {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let one = kept.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default()));
        // It lies there by its own type.
        one.clone().downcast().unwrap_or_default()
    }

    /// Adds an event to a change.
    pub fn emit<E: domain::events::Event>(&self, change: Change, event: &E) -> Change {
        change.emit(event, self.new_id::<EventId>(), self.now())
    }

    /// The tenant that a host names; believed for a minute.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn tenant_of_host(&self, host: &str) -> Result<Option<TenantId>, StoreError> {
        let now = self.now();
        let fresh = |at: &Timestamp| (0..HOST_KNOWN_SECONDS).contains(&now.duration_since(*at).as_secs());
        // A poisoned lock guards nothing but a cache.
        let known =
            self.0.hosts.lock().ok().and_then(|hosts| {
                hosts.iter().find(|(name, _, at)| name == host && fresh(at)).map(|(_, tenant, _)| tenant.clone())
            });
        if let Some(tenant) = known {
            return Ok(tenant);
        }
        let tenant = self.store().tenant_of_host(host).await?;
        if let Ok(mut hosts) = self.0.hosts.lock() {
            hosts.retain(|(name, _, at)| name != host && fresh(at));
            if hosts.len() >= HOSTS_KNOWN {
                hosts.remove(0);
            }
            hosts.push((host.to_owned(), tenant.clone(), now));
        }
        Ok(tenant)
    }

    /// Exchange rates: those that are shipped, and over them those that were fetched; believed for an hour.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn rates(&self) -> Result<Arc<Rates>, StoreError> {
        let now = self.now();
        let is_fresh = |at: Timestamp| (0..RATES_KNOWN_SECONDS).contains(&now.duration_since(at).as_secs());
        // A poisoned lock guards nothing but a cache.
        let kept = self.kept::<KnownRates>();
        let known = kept.0.lock().ok().and_then(|known| known.clone()).filter(|(at, _)| is_fresh(*at));
        if let Some((_, rates)) = known {
            return Ok(rates);
        }
        let fetched = self.store().day_rates().await?;
        let rates = Arc::new(fetched.into_iter().fold(Rates::shipped().clone(), Rates::with));
        if let Ok(mut known) = kept.0.lock() {
            *known = Some((now, rates.clone()));
        }
        Ok(rates)
    }

    /// Sends messages to their queue, ten a call.
    ///
    /// # Errors
    /// If any was not taken. Those that were are not taken back: consumers are idempotent.
    pub async fn send<M: Message + Serialize>(&self, messages: &[M]) -> Result<(), JobError> {
        let to_deliver = |message: &M| {
            let body = written(message)?;
            let fifo = M::QUEUE.fifo.then(|| (message.group(), deduplication_id(&body)));
            let (group, deduplication) = fifo.unzip();
            Ok(entry(&body).set_message_group_id(group).set_message_deduplication_id(deduplication))
        };
        let entries: Vec<_> = messages.iter().map(to_deliver).collect::<Result<_, JobError>>()?;
        self.deliver(M::QUEUE.name, entries).await
    }

    /// Sends a message to its queue, to be delivered after so many seconds: at most 900, which is what SQS takes.
    ///
    /// # Errors
    /// If it was not taken.
    pub async fn send_later<M: Message + Serialize>(&self, message: &M, seconds: u16) -> Result<(), JobError> {
        let later = entry(&written(message)?).delay_seconds(seconds.into());
        self.deliver(M::QUEUE.name, vec![later]).await
    }

    /// Sends a message that can't be handled to the dead letters of its queue, with the reason.
    ///
    /// # Errors
    /// If it was not taken.
    pub(crate) async fn park(&self, queue: Queue, message: &SqsMessage, reason: &str) -> Result<(), JobError> {
        let body = message.body.as_deref().unwrap_or_default();
        // By its id, as SQS itself does. By its text, a message that was sent round again and is parked once more within five
        // minutes would be taken for the one before, and be nowhere; so would its like of another group.
        let deduplication = || message.message_id.clone().unwrap_or_else(|| deduplication_id(body));
        let group = message.attributes.get("MessageGroupId").filter(|_| queue.fifo);
        let text = |value: &str| {
            MessageAttributeValue::builder().data_type("String").string_value(value.chars().take(256).collect::<String>()).build()
        };
        let incomplete = |_| JobError::Retry("an attribute is not complete".to_owned());
        let parked = entry(body)
            .set_message_group_id(group.cloned())
            .set_message_deduplication_id(queue.fifo.then(deduplication))
            .message_attributes("parkedBy", text(self.function().name).map_err(incomplete)?)
            .message_attributes("reason", text(reason).map_err(incomplete)?);
        self.deliver(&queue.dead(), vec![parked]).await
    }

    /// Sends to a queue, ten a call. One operation sends all there is, as each that a function knows weighs 20 KB of its zip.
    async fn deliver(&self, queue: &str, entries: Vec<SendMessageBatchRequestEntryBuilder>) -> Result<(), JobError> {
        let url = self.queue_url(queue)?;
        let entries = entries.into_iter().enumerate().map(|(i, entry)| entry.id(i.to_string()).build());
        let entries: Vec<_> =
            entries.collect::<Result<_, _>>().map_err(|_| JobError::Park("a message is not complete".to_owned()))?;
        for chunk in entries.chunks(10) {
            let sent = self.sqs().send_message_batch().queue_url(url).set_entries(Some(chunk.to_vec())).send().await;
            let failed = sent.map_err(|error| JobError::aws("SendMessageBatch", &error))?.failed;
            if let Some(first) = failed.first() {
                let (many, code) = (failed.len(), &first.code);
                return Err(JobError::Retry(format!("the queue {queue} did not take {many} messages: {code}")));
            }
        }
        Ok(())
    }

    fn queue_url(&self, queue: &str) -> Result<&str, JobError> {
        self.config()
            .queue_urls
            .get(queue)
            .map(String::as_str)
            .ok_or_else(|| JobError::Retry(format!("no address of queue {queue} is configured")))
    }
}
