//! What is known after each answer that SES can give, over real sockets.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use aws_sdk_sesv2::config::{BehaviorVersion, Credentials, Region, timeout::TimeoutConfig};
use channels::{
    email::{About, Envelope, MessageId, SendError, Sender, send},
    templates::Template,
};
use channels_tests::{FakeSes, Find};
use serde_json::{Value, json};

fn client(url: &str, limit: TimeoutConfig) -> aws_sdk_sesv2::Client {
    let config = aws_sdk_sesv2::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::from_keys("id", "secret", None))
        .http_client(platform::aws::plain_http())
        .timeout_config(limit)
        .endpoint_url(url);
    aws_sdk_sesv2::Client::from_conf(config.build())
}

fn envelope(brand: &str) -> Envelope {
    Envelope {
        from: Sender { name: brand.parse().unwrap(), address: "alerts@example.com".parse().unwrap() },
        to: "dana@example.com".parse().unwrap(),
        configuration_set: Some("mails".to_owned()),
        tenant: "demo".parse().unwrap(),
        template: Template::Alert,
        about: About::Delivery(ulid::Ulid::from_bytes([3; 16]).into()),
    }
}

async fn sent_within(ses: &FakeSes, limit: TimeoutConfig) -> Result<MessageId, SendError> {
    let mail = Find::default().mail().render().unwrap();
    Box::pin(send(&client(&ses.url, limit), &envelope("Mile Buy Club"), &mail)).await
}

async fn sent(ses: &FakeSes) -> Result<MessageId, SendError> {
    sent_within(ses, TimeoutConfig::disabled()).await
}

async fn after(status: u16, code: Option<&str>, body: &'static str) -> Result<MessageId, SendError> {
    let ses = FakeSes::answering(status, code, body).await;
    let known = sent(&ses).await;
    assert_eq!(ses.asked(), 1, "a mail is sent once, whatever the answer");
    known
}

fn not_accepted(code: &str) -> Result<MessageId, SendError> {
    Err(SendError::NotAccepted { code: code.to_owned() })
}

fn refused(code: &str) -> Result<MessageId, SendError> {
    Err(SendError::Refused { code: code.to_owned() })
}

const MESSAGE: &str = r#"{"message":"Email address is not verified: dana@example.com"}"#;

#[tokio::test]
async fn a_mail_that_was_taken_has_an_id() {
    assert_eq!(after(200, None, r#"{"MessageId":"0100018f-1"}"#).await.unwrap().as_str(), "0100018f-1");
}

#[tokio::test]
async fn what_will_never_pass_is_refused() {
    for (status, code) in [
        (400, "MessageRejected"),
        (400, "MailFromDomainNotVerifiedException"),
        (400, "BadRequestException"),
        (404, "NotFoundException"),
        (400, "AccountSuspendedException"),
    ] {
        assert_eq!(after(status, Some(code), MESSAGE).await, refused(code));
    }
}

#[tokio::test]
async fn what_may_pass_was_not_accepted() {
    for (status, code) in [
        (429, "TooManyRequestsException"),
        (400, "SendingPausedException"),
        (400, "LimitExceededException"),
        (400, "ThrottlingException"),
        (403, "ExpiredTokenException"),
        (403, "AccessDeniedException"),
    ] {
        assert_eq!(after(status, Some(code), MESSAGE).await, not_accepted(code));
    }
    assert_eq!(after(429, None, "slow down").await, not_accepted("TooManyRequests"));
    assert_eq!(
        after(400, None, r#"{"__type":"com.amazonaws.sesv2#TooManyRequestsException"}"#).await,
        not_accepted("TooManyRequestsException")
    );
}

#[tokio::test]
async fn after_an_answer_that_says_nothing_nothing_is_known() {
    for (status, code, body) in [
        (500, None, ""),
        (500, Some("InternalFailure"), "{}"),
        (503, Some("MessageRejected"), "{}"),
        (502, None, "<html>"),
        (200, None, "<html>"),
        (200, None, "{"),
        (200, None, "{}"),
        (200, None, r#"{"MessageId":""}"#),
        (200, None, r#"{"MessageId":7}"#),
        (302, None, ""),
        (403, None, "<html>not SES</html>"),
        (400, Some("dana@example.com"), "{}"),
    ] {
        assert_eq!(after(status, code, body).await, Err(SendError::Unknown), "{status} {code:?} {body}");
    }
}

#[tokio::test]
async fn after_a_connection_that_was_lost_nothing_is_known() {
    for bytes in [
        b"".as_slice(),
        b"HTTP/1.1 200 OK\r\ncontent-",
        b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"MessageId\":\"01",
        b"\x16\x03\x01garbage\r\n\r\n",
    ] {
        let ses = FakeSes::speaking(bytes, true).await;
        assert_eq!(sent(&ses).await, Err(SendError::Unknown), "{}", String::from_utf8_lossy(bytes));
        assert_eq!(ses.asked(), 1);
    }
}

#[tokio::test]
async fn after_a_time_out_nothing_is_known() {
    let short = Duration::from_millis(200);
    let limits = TimeoutConfig::builder;
    for limit in [limits().read_timeout(short), limits().operation_timeout(short), limits().operation_attempt_timeout(short)] {
        for bytes in [b"".as_slice(), b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{"] {
            let ses = FakeSes::speaking(bytes, false).await;
            let begun = Instant::now();
            // A read time-out ends with the head of an answer.
            let limit = limit.clone().operation_timeout(Duration::from_millis(400)).build();
            assert_eq!(sent_within(&ses, limit).await, Err(SendError::Unknown));
            assert!(begun.elapsed() < Duration::from_secs(5));
            assert_eq!(ses.asked(), 1);
        }
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    assert_eq!(sent(&FakeSes::absent().await).await, not_accepted("NotConnected"));
}

#[tokio::test]
async fn ses_gets_sender_recipient_contents_and_tags() {
    let (ses, kept) = FakeSes::keeping().await;
    let mail = Find::default().mail().render().unwrap();
    let id = Box::pin(send(&client(&ses.url, TimeoutConfig::disabled()), &envelope("Mile \"Buy\" Club"), &mail)).await.unwrap();
    assert_eq!(id.as_str(), "0100-kept");
    let asked: Value = serde_json::from_str(&kept.lock().unwrap()).unwrap();
    let utf8 = |text: &str| json!({"Data": text, "Charset": "UTF-8"});
    assert_eq!(
        asked,
        json!({
            "FromEmailAddress": "\"Mile \\\"Buy\\\" Club\" <alerts@example.com>",
            "Destination": {"ToAddresses": ["dana@example.com"]},
            "Content": {"Simple": {"Subject": utf8(mail.subject.as_str()), "Body": {"Html": utf8(&mail.html), "Text": utf8(&mail.text)}}},
            "ConfigurationSetName": "mails",
            "EmailTags": [
                {"Name": "tenant", "Value": "demo"},
                {"Name": "template", "Value": "alert"},
                {"Name": "delivery", "Value": ulid_delivery()},
            ],
        })
    );
}

fn ulid_delivery() -> String {
    format!("msg_{}", ulid::Ulid::from_bytes([3; 16]))
}

#[tokio::test]
async fn a_sender_that_is_not_ascii_is_written_in_encoded_words() {
    let (ses, kept) = FakeSes::keeping().await;
    let mail = Find::default().mail().render().unwrap();
    Box::pin(send(&client(&ses.url, TimeoutConfig::disabled()), &envelope(&"Më🌴".repeat(26)), &mail)).await.unwrap();
    let asked: Value = serde_json::from_str(&kept.lock().unwrap()).unwrap();
    let from = asked["FromEmailAddress"].as_str().unwrap();
    let words: Vec<&str> = from.strip_suffix(" <alerts@example.com>").unwrap().split(' ').collect();
    assert!(
        words.len() > 1
            && words
                .iter()
                .all(|word| word.is_ascii() && word.len() <= 75 && word.starts_with("=?UTF-8?B?") && word.ends_with("?=")),
        "{from}"
    );
}

#[test]
fn an_envelope_does_not_show_the_address() {
    let shown = format!("{:?}", envelope("Mile Buy Club"));
    assert!(!shown.contains("dana"), "{shown}");
}
