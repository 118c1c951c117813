//! MiniStack: the tables, queues, rules and senders of a row, made as the stacks make them, under a prefix of its own.

use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_dynamodb::{
    config::{BehaviorVersion, Region},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType,
    },
};
use aws_sdk_eventbridge::types::Target as RuleTarget;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use domain::events::SOURCE;
use futures::future::BoxFuture;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use jiff::SignedDuration;
use local::standins::{
    QueueSpec,
    bus::{ACCOUNT, REGION},
};
use platform::{
    aws::{Aws, Service, plain_http},
    clock::SystemClock,
    vault::master_alias,
};
use serde::Deserialize;
use serde_json::{Value, json};
use storage::tables::{PK, SK, Table};

use super::{BUS, CONFIGURATION_SET, Delivered, MAIL_DOMAIN, Mail, Reached, World, aws, client, dynamo, other_master, topology};

struct Ministack {
    url: String,
    prefix: String,
    sqs: aws_sdk_sqs::Client,
}

/// A world for calls to a service.
pub(super) async fn reached(url: &str, service: Service, prefix: String) -> Reached {
    let endpoints: BTreeMap<Service, String> = Service::ALL.map(|service| (service, url.to_owned())).into();
    let admin = Admin { aws: aws(endpoints.clone(), plain_http()), prefix: prefix.clone() };
    match service {
        Service::DynamoDb => admin.make_tables().await,
        Service::Sqs => admin.make_queues().await,
        Service::EventBridge => {
            admin.make_tables().await;
            admin.make_queues().await;
            admin.make_bus().await;
        }
        Service::Ses => admin.make_senders().await,
        Service::Kms => admin.make_master_keys(url).await,
    }
    let world = Ministack { url: url.to_owned(), prefix: prefix.clone(), sqs: admin.sqs() };
    Reached { world: Box::new(world), endpoints, prefix, clock: Arc::new(SystemClock) }
}

/// Whoever deploys.
struct Admin {
    aws: Aws,
    prefix: String,
}

impl Admin {
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn sqs(&self) -> aws_sdk_sqs::Client {
        client!(aws_sdk_sqs, self.aws, Service::Sqs)
    }

    async fn make_tables(&self) {
        for table in Table::ALL {
            let prefixes = || [""].into_iter().chain(table.indexes().iter().copied());
            let attributes = prefixes().flat_map(|prefix| [PK, SK].map(|part| text_attribute(format!("{prefix}{part}"))));
            let indexes: Vec<_> = table.indexes().iter().map(|name| index(name)).collect();
            let create = dynamo(&self.aws)
                .create_table()
                .table_name(self.name(table.name()))
                .billing_mode(BillingMode::PayPerRequest)
                .set_key_schema(Some(keys("")))
                .set_attribute_definitions(Some(attributes.collect()))
                .set_global_secondary_indexes(Some(indexes).filter(|indexes| !indexes.is_empty()));
            create.send().await.unwrap();
        }
    }

    /// Dead letters first, as the others name them.
    async fn make_queues(&self) {
        let mut queues = topology().queues;
        queues.sort_by_key(|queue| queue.dead_letter.is_some());
        for QueueSpec { name, fifo, visibility, max_receives, dead_letter } in queues {
            let redrive = dead_letter
                .map(|dead| json!({"deadLetterTargetArn": self.queue_arn(&dead), "maxReceiveCount": max_receives}).to_string());
            let attributes = [
                (QueueAttributeName::VisibilityTimeout, Some(visibility.as_secs().to_string())),
                (QueueAttributeName::FifoQueue, fifo.then(|| "true".to_owned())),
                (QueueAttributeName::RedrivePolicy, redrive),
            ];
            let set = attributes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            self.sqs().create_queue().queue_name(self.name(&name)).set_attributes(Some(set)).send().await.unwrap();
        }
    }

    /// A bus, and for each queue that it fills a rule, with the pattern that the stacks give it.
    async fn make_bus(&self) {
        let events = client!(aws_sdk_eventbridge, self.aws, Service::EventBridge);
        events.create_event_bus().name(self.name(BUS)).send().await.unwrap();
        let mut filled: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for rule in topology().rules {
            filled.entry(rule.queue).or_default().push(rule.event);
        }
        for (queue, names) in filled {
            let (rule, pattern) = (self.name(&queue), json!({"source": [SOURCE], "detail-type": names}).to_string());
            events.put_rule().name(&rule).event_bus_name(self.name(BUS)).event_pattern(pattern).send().await.unwrap();
            let target = RuleTarget::builder().id("queue").arn(self.queue_arn(&queue)).build().unwrap();
            events.put_targets().rule(&rule).event_bus_name(self.name(BUS)).targets(target).send().await.unwrap();
            self.allow(&queue, &rule).await;
        }
    }

    /// Two master keys, each with its alias.
    async fn make_master_keys(&self, url: &str) {
        for alias in [master_alias(&self.prefix), other_master(&self.prefix)] {
            let key = ask_kms(url, "CreateKey", &json!({})).await;
            ask_kms(url, "CreateAlias", &json!({"AliasName": alias, "TargetKeyId": key["KeyMetadata"]["KeyId"]})).await;
        }
    }

    /// Lets a rule send to a queue.
    async fn allow(&self, queue: &str, rule: &str) {
        let rule_arn = format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{}/{rule}", self.name(BUS));
        let statement = json!({
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.queue_arn(queue),
            "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
        });
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let url = format!("{}/{ACCOUNT}/{}", self.aws.endpoints[&Service::Sqs], self.name(queue));
        self.sqs().set_queue_attributes().queue_url(url).attributes(QueueAttributeName::Policy, policy).send().await.unwrap();
    }

    async fn make_senders(&self) {
        let ses = client!(aws_sdk_sesv2, self.aws, Service::Ses);
        // The domain is every row's, and can be made once.
        ses.create_email_identity().email_identity(MAIL_DOMAIN).send().await.ok();
        ses.create_configuration_set().configuration_set_name(self.name(CONFIGURATION_SET)).send().await.unwrap();
    }

    fn queue_arn(&self, queue: &str) -> String {
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", self.name(queue))
    }
}

fn text_attribute(name: String) -> AttributeDefinition {
    AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().unwrap()
}

fn keys(prefix: &str) -> Vec<KeySchemaElement> {
    let key = |part: &str, kind| KeySchemaElement::builder().attribute_name(format!("{prefix}{part}")).key_type(kind).build();
    vec![key(PK, KeyType::Hash).unwrap(), key(SK, KeyType::Range).unwrap()]
}

fn index(name: &str) -> GlobalSecondaryIndex {
    let whole = Projection::builder().projection_type(ProjectionType::All).build();
    GlobalSecondaryIndex::builder().index_name(name).set_key_schema(Some(keys(name))).projection(whole).build().unwrap()
}

impl Ministack {
    fn queue_url(&self, queue: &str) -> String {
        format!("{}/{ACCOUNT}/{}{queue}", self.url, self.prefix)
    }

    async fn get(&self, path: &str) -> Vec<u8> {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
        let answer = client.get(format!("{}{path}", self.url).parse().unwrap()).await.unwrap();
        answer.into_body().collect().await.unwrap().to_bytes().to_vec()
    }
}

/// KMS, which we have no SDK of.
async fn ask_kms(url: &str, operation: &str, body: &Value) -> Value {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
    let request = Request::post(url)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("TrentService.{operation}"))
        .body(body.to_string().into_bytes().into())
        .unwrap();
    let answer = client.request(request).await.unwrap();
    assert!(answer.status().is_success(), "{operation}: {}", answer.status());
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap_or_default()
}

fn delivered(message: Message) -> Delivered {
    let receives = message.attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount].parse().unwrap();
    let attributes = message.message_attributes.unwrap_or_default();
    Delivered {
        id: message.message_id.unwrap(),
        body: message.body.unwrap(),
        receives,
        attributes: attributes.into_iter().map(|(name, value)| (name, value.string_value.unwrap_or_default())).collect(),
        receipt: message.receipt_handle.unwrap(),
    }
}

fn tag(ShownTag { name, value }: &ShownTag) -> String {
    format!("{name}={value}")
}

/// What MiniStack shows of the mail that it took, by account.
#[derive(Deserialize)]
struct Shown {
    messages: BTreeMap<String, Vec<ShownMail>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ShownMail {
    source: String,
    to: Vec<String>,
    subject: String,
    body_text: String,
    body_html: String,
    // It does not show these so far.
    configuration_set_name: Option<String>,
    #[serde(default)]
    email_tags: Vec<ShownTag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ShownTag {
    name: String,
    value: String,
}

impl World for Ministack {
    fn receive<'a>(&'a self, queue: &'a str, most: i32) -> BoxFuture<'a, Vec<Delivered>> {
        Box::pin(async move {
            let receive = self.sqs.receive_message().queue_url(self.queue_url(queue)).max_number_of_messages(most);
            let all = receive.message_system_attribute_names(MessageSystemAttributeName::All).message_attribute_names("All");
            all.send().await.unwrap().messages.unwrap_or_default().into_iter().map(delivered).collect()
        })
    }

    fn delete<'a>(&'a self, queue: &'a str, receipt: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.sqs.delete_message().queue_url(self.queue_url(queue)).receipt_handle(receipt).send().await.unwrap();
        })
    }

    /// Real time, and as much again for whoever is late.
    fn pass(&self, time: SignedDuration) -> BoxFuture<'_, ()> {
        let some = std::time::Duration::from_millis(200);
        Box::pin(tokio::time::sleep(time.unsigned_abs() + some))
    }

    /// Those of this world: their recipients' addresses begin with its prefix.
    fn mails(&self) -> BoxFuture<'_, Vec<Mail>> {
        Box::pin(async move {
            let shown: Shown = serde_json::from_slice(&self.get("/_ministack/ses/messages").await).unwrap();
            let ours = |mail: &ShownMail| mail.to.iter().all(|to| to.starts_with(&self.prefix));
            let mails = shown.messages.into_values().flatten().filter(ours).map(|mail| Mail {
                from: mail.source,
                to: mail.to.iter().filter_map(|to| to.strip_prefix(&self.prefix)).map(str::to_owned).collect(),
                subject: mail.subject,
                text: mail.body_text,
                html: mail.body_html,
                marks: mail.configuration_set_name.into_iter().chain(mail.email_tags.iter().map(tag)).collect(),
            });
            mails.collect()
        })
    }
}
