//! The wire, driven by the unmodified SDKs.

use aws_credential_types::Credentials;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag, Template};
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry};
use aws_smithy_types::DateTime;

use super::*;

/// The stand-ins behind a listener, and what the SDKs need to reach it.
struct Served {
    bench: Bench,
    base: String,
}

async fn served() -> Served {
    let bench = bench();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = super::super::wire::router(bench.standins.clone());
    tokio::spawn(axum::serve(listener, router).into_future());
    Served { bench, base }
}

macro_rules! client {
    ($sdk:ident, $base:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(Credentials::from_keys("key", "secret", None))
                .http_client(platform::aws::plain_http())
                .endpoint_url($base)
                .build(),
        )
    };
}

impl Served {
    fn sqs(&self) -> aws_sdk_sqs::Client {
        client!(aws_sdk_sqs, &self.base)
    }

    fn events(&self) -> aws_sdk_eventbridge::Client {
        client!(aws_sdk_eventbridge, &self.base)
    }

    fn ses(&self) -> aws_sdk_sesv2::Client {
        client!(aws_sdk_sesv2, &self.base)
    }

    fn url(&self, queue: &str) -> String {
        format!("{}/000000000000/{queue}", self.base)
    }
}

fn batch_entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
}

#[tokio::test]
async fn a_message_is_sent() {
    let served = served().await;
    let trace = MessageAttributeValue::builder().data_type("String").string_value("t-1").build().unwrap();
    let sqs = served.sqs();
    let send = sqs.send_message().queue_url(served.url("jobs")).message_body("héllo").delay_seconds(7);
    let sent = send.message_attributes("trace", trace).send().await.unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("be50e8478cf24ff3595bc7307fb91b50"));

    assert_eq!(served.bench.counts("jobs"), (0, 0, 1));
    served.bench.clock.advance(SECOND * 7);
    let received = served.bench.receive("jobs", 1).remove(0);
    assert_eq!((Some(received.id.as_str()), received.body.as_str()), (sent.message_id(), "héllo"));
    assert_eq!(received.attributes["trace"], "t-1");
}

#[tokio::test]
async fn an_ordered_message_is_sent_once() {
    let served = served().await;
    let sqs = served.sqs();
    let send = || sqs.send_message().queue_url(served.url("orders")).message_group_id("a").message_deduplication_id("d");
    let first = send().message_body("one").send().await.unwrap();
    let second = send().message_body("two").send().await.unwrap();
    assert_eq!(first.message_id(), second.message_id());
    assert_eq!(served.bench.bodies("orders", 10), ["one"]);
}

#[tokio::test]
async fn a_batch_fails_in_part() {
    let served = served().await;
    let entries = [
        batch_entry("good", "work"),
        batch_entry("bad", "a\u{1}b"),
        SendMessageBatchRequestEntry::builder().id("late").message_body("w").delay_seconds(901).build().unwrap(),
    ];
    let sqs = served.sqs();
    let batch = sqs.send_message_batch().queue_url(served.url("jobs")).set_entries(Some(entries.into()));
    let answer = batch.send().await.unwrap();

    assert_eq!(answer.successful().len(), 1);
    assert_eq!(answer.successful()[0].id(), "good");
    assert_eq!(answer.successful()[0].md5_of_message_body(), "67e92c8765a9bc7fb2d335c459de9eb5");
    let failed: Vec<_> = answer.failed().iter().map(|entry| (entry.id(), entry.code(), entry.sender_fault())).collect();
    assert_eq!(failed, [("bad", "InvalidMessageContents", true), ("late", "InvalidParameterValue", true)]);
    assert_eq!(served.bench.bodies("jobs", 10), ["work"]);
}

#[tokio::test]
async fn a_batch_is_refused_whole() {
    let served = served().await;
    let sqs = served.sqs();
    let refusal = async |entries: Vec<SendMessageBatchRequestEntry>| {
        let batch = sqs.send_message_batch().queue_url(served.url("jobs")).set_entries(Some(entries));
        batch.send().await.unwrap_err().into_service_error()
    };
    assert!(refusal(vec![]).await.is_empty_batch_request());
    assert!(refusal(vec![batch_entry("a", "x"), batch_entry("a", "y")]).await.is_batch_entry_ids_not_distinct());
    assert!(refusal(vec![batch_entry("a b", "x")]).await.is_invalid_batch_entry_id());
    let eleven = (0..11).map(|n| batch_entry(&n.to_string(), "x")).collect();
    assert!(refusal(eleven).await.is_too_many_entries_in_batch_request());
    let half = "x".repeat(LARGEST_MESSAGE / 2 + 1);
    assert!(refusal(vec![batch_entry("a", &half), batch_entry("b", &half)]).await.is_batch_request_too_long());
    assert_eq!(served.bench.counts("jobs"), (0, 0, 0));
}

#[tokio::test]
async fn sqs_errors_are_known_to_the_sdk() {
    let served = served().await;
    let sqs = served.sqs();
    let refusal = async |queue: &str, body: &str| {
        let send = sqs.send_message().queue_url(served.url(queue)).message_body(body);
        send.send().await.unwrap_err().into_service_error()
    };
    let missing = refusal("nowhere", "work").await;
    assert!(missing.is_queue_does_not_exist());
    assert_eq!(missing.message(), Some("the queue nowhere does not exist"));
    assert!(refusal("jobs", "a\u{0}b").await.is_invalid_message_contents());
    assert_eq!(refusal("jobs", "").await.code(), Some("MissingParameter"));
    assert_eq!(refusal("orders", "work").await.code(), Some("MissingParameter"));
    assert_eq!(refusal("jobs", &"x".repeat(LARGEST_MESSAGE + 1)).await.code(), Some("InvalidParameterValue"));

    let batch = sqs.send_message_batch().queue_url(served.url("nowhere")).entries(batch_entry("a", "x"));
    assert!(batch.send().await.unwrap_err().into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn a_queue_is_found_and_counted() {
    let served = served().await;
    let sqs = served.sqs();
    let found = sqs.get_queue_url().queue_name("jobs").send().await.unwrap();
    assert_eq!(found.queue_url(), Some(served.url("jobs").as_str()));
    let missing = sqs.get_queue_url().queue_name("nowhere").send().await.unwrap_err();
    assert!(missing.into_service_error().is_queue_does_not_exist());

    served.bench.send("jobs", "a");
    served.bench.send("jobs", "b");
    served.bench.receive("jobs", 1);
    let attributes = async |name: QueueAttributeName| {
        let asked = sqs.get_queue_attributes().queue_url(served.url("jobs")).attribute_names(name);
        asked.send().await.map(|answer| answer.attributes.unwrap())
    };
    let count = attributes(QueueAttributeName::ApproximateNumberOfMessages).await.unwrap();
    assert_eq!(count, [(QueueAttributeName::ApproximateNumberOfMessages, "1".to_owned())].into());
    let all = attributes(QueueAttributeName::All).await.unwrap();
    assert_eq!(all.len(), 5);
    assert_eq!(all[&QueueAttributeName::QueueArn], "arn:aws:sqs:us-east-1:000000000000:jobs");
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:jobs-dead","maxReceiveCount":3}"#;
    assert_eq!(all[&QueueAttributeName::RedrivePolicy], policy);
    let unknown = attributes(QueueAttributeName::Policy).await.unwrap_err().into_service_error();
    assert!(unknown.is_invalid_attribute_name());
}

#[tokio::test]
async fn a_task_moves_dead_letters() {
    let served = served().await;
    let sqs = served.sqs();
    let arn = |queue: &str| format!("arn:aws:sqs:us-east-1:000000000000:{queue}");
    (0..3).for_each(|n| drop(served.bench.send("jobs-dead", &n.to_string())));
    let start = || sqs.start_message_move_task().source_arn(arn("jobs-dead")).destination_arn(arn("jobs"));
    let latest = async || {
        let listed = sqs.list_message_move_tasks().source_arn(arn("jobs-dead")).max_results(10).send().await.unwrap();
        (listed.results().len(), listed.results()[0].clone())
    };
    let handle = start().max_number_of_messages_per_second(2).send().await.unwrap().task_handle;
    let (_, task) = latest().await;
    assert_eq!((task.status(), task.task_handle()), (Some("RUNNING"), handle.as_deref()));
    assert_eq!((task.approximate_number_of_messages_moved(), task.approximate_number_of_messages_to_move()), (2, Some(3)));
    assert_eq!(task.max_number_of_messages_per_second(), Some(2));
    assert_eq!(task.started_timestamp(), served.bench.clock.now().as_millisecond());
    let second = start().send().await.unwrap_err().into_service_error();
    assert_eq!(second.code(), Some("InvalidParameterValue"));
    assert_eq!(second.message(), Some("a task already moves the messages of jobs-dead"));

    served.bench.clock.advance(SECOND);
    let (_, task) = latest().await;
    assert_eq!((task.status(), task.task_handle(), task.failure_reason()), (Some("COMPLETED"), None, None));
    assert_eq!(task.approximate_number_of_messages_moved(), 3);
    assert_eq!((task.source_arn(), task.destination_arn()), (Some(&*arn("jobs-dead")), Some(&*arn("jobs"))));

    served.bench.send("jobs-dead", "sent there itself");
    sqs.start_message_move_task().source_arn(arn("jobs-dead")).send().await.unwrap();
    let (count, task) = latest().await;
    assert_eq!((count, task.status()), (2, Some("FAILED")));
    assert_eq!(task.failure_reason(), Some("CouldNotDetermineMessageSource"));
}

#[tokio::test]
async fn a_task_is_refused() {
    let served = served().await;
    let sqs = served.sqs();
    let arn = |queue: &str| format!("arn:aws:sqs:us-east-1:000000000000:{queue}");
    let start = async |source: &str, destination: &str, pace: i32| {
        let start = sqs.start_message_move_task().source_arn(source).destination_arn(destination);
        start.max_number_of_messages_per_second(pace).send().await.unwrap_err().into_service_error()
    };
    let foreign = "arn:aws:sqs:eu-west-1:000000000000:jobs-dead";
    assert!(start(&arn("nowhere"), &arn("jobs"), 1).await.is_resource_not_found_exception());
    assert!(start(foreign, &arn("jobs"), 1).await.is_resource_not_found_exception());
    assert!(start(&arn("jobs-dead"), &arn("nowhere"), 1).await.is_resource_not_found_exception());
    for (source, destination, pace) in [
        ("jobs", "other", 1),
        ("jobs-dead", "orders", 1),
        ("jobs-dead", "jobs", 0),
        ("jobs-dead", "jobs", 501),
        ("jobs-dead", "jobs", -1),
    ] {
        let refusal = start(&arn(source), &arn(destination), pace).await;
        assert_eq!(refusal.code(), Some("InvalidParameterValue"), "{source} {destination} {pace}");
    }
    let list = async |source: &str, max: i32| {
        sqs.list_message_move_tasks().source_arn(arn(source)).max_results(max).send().await.map(|listed| listed.results().len())
    };
    assert_eq!(list("jobs-dead", 1).await.unwrap(), 0);
    assert!(list("nowhere", 1).await.unwrap_err().into_service_error().is_resource_not_found_exception());
    assert_eq!(list("jobs-dead", 11).await.unwrap_err().into_service_error().code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn what_the_stand_ins_do_not_know_is_refused_by_name() {
    let served = served().await;
    let sqs = served.sqs();
    let unknown = sqs.list_queues().send().await.unwrap_err().into_service_error();
    assert_eq!(unknown.code(), Some("UnknownOperationException"));
    assert!(unknown.message().unwrap().contains("AmazonSQS.ListQueues"));

    let binary = MessageAttributeValue::builder().data_type("Binary").binary_value(vec![1].into()).build().unwrap();
    let send = sqs.send_message().queue_url(served.url("jobs")).message_body("x").message_attributes("b", binary);
    let unreadable = send.send().await.unwrap_err().into_service_error();
    assert_eq!(unreadable.code(), Some("SerializationException"));
    assert!(unreadable.message().unwrap().contains("BinaryValue"));

    let unknown = served.events().list_rules().send().await.unwrap_err().into_service_error();
    assert!(unknown.message().unwrap().contains("AWSEvents.ListRules"));
    let unknown = served.ses().get_account().send().await.unwrap_err().into_service_error();
    assert_eq!(unknown.code(), Some("UnknownOperationException"));
    assert!(unknown.message().unwrap().contains("GET /v2/email/account"));
}

#[tokio::test]
async fn events_are_put_and_fail_in_part() {
    let served = served().await;
    let entry = |detail: &str| {
        let entry = PutEventsRequestEntry::builder().event_bus_name("bus").source("deals").detail_type("DealGone");
        entry.time(DateTime::from_secs_f64(1_700_000_000.9)).resources("arn:x").detail(detail).build()
    };
    let put = served.events().put_events().entries(entry("{\"a\":1}")).entries(entry("oops"));
    let answer = put.send().await.unwrap();

    assert_eq!((answer.failed_entry_count(), answer.entries().len()), (1, 2));
    assert!(answer.entries()[0].event_id().is_some() && answer.entries()[0].error_code().is_none());
    assert!(answer.entries()[1].event_id().is_none());
    assert_eq!(answer.entries()[1].error_code(), Some("MalformedDetail"));
    let body = served.bench.bodies("other", 10).remove(0);
    let envelope: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(envelope["id"].as_str(), answer.entries()[0].event_id());
    assert_eq!((&envelope["time"], &envelope["detail"]["a"]), (&"2023-11-14T22:13:20Z".into(), &1.into()));

    let many = (0..11).map(|_| entry("{}")).collect();
    let refusal = served.events().put_events().set_entries(Some(many)).send().await.unwrap_err();
    assert_eq!(refusal.into_service_error().code(), Some("ValidationException"));
}

#[tokio::test]
async fn mail_is_sent() {
    let served = served().await;
    let text = |data: &str| Content::builder().data(data).charset("UTF-8").build().unwrap();
    let header = MessageHeader::builder().name("List-Unsubscribe").value("<https://example.com/u>").build().unwrap();
    let message = Message::builder()
        .subject(text("A deal"))
        .body(Body::builder().html(text("<p>A deal</p>")).text(text("A deal")).build())
        .headers(header)
        .build();
    let content = EmailContent::builder().simple(message).build();
    let ses = served.ses();
    let send = || {
        let to = Destination::builder().to_addresses("member@example.com").build();
        ses.send_email().from_email_address("alerts@example.com").destination(to)
    };
    let tag = MessageTag::builder().name("kind").value("alert").build().unwrap();
    let sent = send().content(content.clone()).configuration_set_name("alerts").email_tags(tag).send().await.unwrap();

    let kept = served.bench.mailbox().get(sent.message_id().unwrap()).unwrap().unwrap().mail;
    let expected = Mail {
        from: "alerts@example.com".into(),
        text: Some("A deal".into()),
        configuration_set: Some("alerts".into()),
        ..mail()
    };
    assert_eq!(kept, expected);

    let nobody = Destination::builder().build();
    let refusal = send().destination(nobody).content(content).send().await.unwrap_err().into_service_error();
    assert!(refusal.is_bad_request_exception());
    assert_eq!(refusal.message(), Some("the recipient is missing"));
    let template = EmailContent::builder().template(Template::builder().template_name("t").build()).build();
    let refusal = send().content(template).send().await.unwrap_err().into_service_error();
    assert!(refusal.is_bad_request_exception());
    assert!(refusal.message().unwrap().contains("Template"));
    assert_eq!(served.bench.mailbox().count().unwrap(), 1);
}
