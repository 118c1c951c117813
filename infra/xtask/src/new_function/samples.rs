//! Sample events, as Lambda hands them to a function.

use domain::events::{
    AccountLocked, AlertRaised, BookingAbandoned, BookingDone, CardAdviceChosen, DealChanged, DealForgotten, DealFound,
    DealSaved, Event, InventoryChanged, MemberJoined, MessageRefused, MessageSent, MessageUncertain, PasscodeWanted,
    PropertiesJoined, PropertySplit, SOURCE, SearchAnswered, WatcherChanged, WatcherCreated, WatcherDeleted, WatcherMatched,
};
use serde_json::{Map, Value, json};

use super::order::{Order, Trigger};

const ID: &str = "01KHPNJ4R6Z9X0Q3T5V7W9Y1B3";
const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-central-1";
const AT: &str = "2026-02-17T19:24:00Z";

/// An event, and how a sample of it is made.
type Sampled = (&'static str, fn() -> Value);

/// Every event.
const EVENTS: &[Sampled] = &[
    (PasscodeWanted::NAME, sample::<PasscodeWanted>),
    (MemberJoined::NAME, sample::<MemberJoined>),
    (AccountLocked::NAME, sample::<AccountLocked>),
    (WatcherCreated::NAME, sample::<WatcherCreated>),
    (WatcherChanged::NAME, sample::<WatcherChanged>),
    (WatcherDeleted::NAME, sample::<WatcherDeleted>),
    (SearchAnswered::NAME, sample::<SearchAnswered>),
    (InventoryChanged::NAME, sample::<InventoryChanged>),
    (DealFound::NAME, sample::<DealFound>),
    (DealChanged::NAME, sample::<DealChanged>),
    (WatcherMatched::NAME, sample::<WatcherMatched>),
    (AlertRaised::NAME, sample::<AlertRaised>),
    (MessageSent::NAME, sample::<MessageSent>),
    (MessageUncertain::NAME, sample::<MessageUncertain>),
    (DealSaved::NAME, sample::<DealSaved>),
    (DealForgotten::NAME, sample::<DealForgotten>),
    (BookingDone::NAME, sample::<BookingDone>),
    (BookingAbandoned::NAME, sample::<BookingAbandoned>),
    (CardAdviceChosen::NAME, sample::<CardAdviceChosen>),
    (PropertiesJoined::NAME, sample::<PropertiesJoined>),
    (PropertySplit::NAME, sample::<PropertySplit>),
    (MessageRefused::NAME, sample::<MessageRefused>),
];

/// A value of an event: its own fields of all that events say.
fn sample<E: Event>() -> Value {
    let all = json!({
        "tenant": "demo",
        "challenge": format!("otp_{ID}"),
        "wanted": 1,
        "until": AT,
        "member": format!("mem_{ID}"),
        "watcher": format!("wat_{ID}"),
        "deal": format!("deal_{ID}"),
        "dealVersion": 1,
        "alert": format!("alert_{ID}"),
        "delivery": format!("msg_{ID}"),
        "booking": format!("book_{ID}"),
        "optedOut": true,
        "property": format!("prop_{ID}"),
        "apart": format!("prop_{ID}"),
        "searchKey": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "slot": AT,
        "scope": "-",
        "source": "goibibo",
        "stock": {"property": "GI-77"},
        "days": ["2026-04-27", "2026-04-29"],
        "at": AT,
        "reason": "found",
        "score": {"total": 84, "parts": {"value": 90, "convenience": 75, "timing": 100, "reliability": 80, "availability": null}},
    });
    serde_json::from_value::<E>(all).and_then(serde_json::to_value).unwrap_or_default()
}

/// The sample of a function, as it is committed.
pub(super) fn event(order: &Order) -> String {
    let event = match &order.trigger {
        Trigger::Endpoint { method, path, parameter } => request(method, path, parameter.as_deref()),
        Trigger::Queue { .. } | Trigger::Events { .. } => batch(order),
        Trigger::Schedule { .. } => tick(&order.full()),
    };
    format!("{event:#}\n")
}

/// A path with an id in place of its parameter.
pub(super) fn example_path(path: &str) -> String {
    match (path.find('{'), path.find('}')) {
        (Some(open), Some(close)) => {
            format!("{}{ID}{}", path.get(..open).unwrap_or_default(), path.get(close + 1..).unwrap_or_default())
        }
        (Some(_) | None, _) => path.to_owned(),
    }
}

/// What is on the queue.
pub(super) fn body(order: &Order) -> Value {
    match &order.trigger {
        Trigger::Queue { .. } => json!({"tenant": "demo"}),
        Trigger::Events { events } => envelope(events.first().map_or("", String::as_str)),
        Trigger::Endpoint { .. } | Trigger::Schedule { .. } => Value::Null,
    }
}

/// An event as the bus hands it to a queue.
fn envelope(event: &str) -> Value {
    let detail = EVENTS.iter().find(|(name, _)| *name == event).map_or(Value::Null, |(_, sample)| sample());
    json!({
        "version": "0",
        "id": "7c1c2f0e-8b1a-4c57-9a3e-2f6d8e4b5a19",
        "detail-type": event,
        "source": SOURCE,
        "account": ACCOUNT,
        "time": AT,
        "region": REGION,
        "resources": [format!("event/evt_{ID}")],
        "detail": detail,
    })
}

fn request(method: &str, path: &str, parameter: Option<&str>) -> Value {
    let (route, raw_path) = (format!("{method} {path}"), example_path(path));
    let parameters: Map<String, Value> = parameter.into_iter().map(|name| (name.to_owned(), json!(ID))).collect();
    let mut headers = json!({
        "accept": "application/json",
        "authorization": "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6InNhbXBsZSJ9.e30.c2FtcGxl",
        "host": "api.mile-buy-club.example",
        "user-agent": "sample/1",
        "x-amzn-trace-id": "Root=1-6994c0f0-0f1e2d3c4b5a697887960000",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    });
    if method != "GET" {
        headers["idempotency-key"] = json!("b7a9f7e2-6c0d-4b5e-9a55-0d4e9f3b8c11");
    }
    json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": raw_path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "a1b2c3d4e5",
            "authorizer": {"jwt": {"claims": claims(), "scopes": null}},
            "domainName": "api.mile-buy-club.example",
            "domainPrefix": "api",
            "http": {"method": method, "path": raw_path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "sample/1"},
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route,
            "stage": "$default",
            "time": "17/Feb/2026:19:24:00 +0000",
            "timeEpoch": 1_771_356_240_000_u64,
        },
        "pathParameters": parameters,
        "isBase64Encoded": false,
    })
}

/// API Gateway hands claims over as text.
fn claims() -> Value {
    json!({
        "iss": "https://mile-buy-club.example",
        "aud": "mile-buy-club",
        "sub": format!("mem_{ID}"),
        "tid": "demo",
        "role": "member",
        "sid": format!("ses_{ID}"),
        "iat": "1771356000",
        "exp": "1771356900",
        "jti": "sample",
    })
}

fn batch(order: &Order) -> Value {
    let queue = order.queue().unwrap_or_default();
    json!({"Records": [{
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": body(order).to_string(),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1771356240000",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1771356240021",
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"),
        "awsRegion": REGION,
    }]})
}

fn tick(function: &str) -> Value {
    json!({
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": AT,
        "region": REGION,
        "resources": [format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{function}")],
        "detail": "{}",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_sample() {
        let known: Vec<&str> = EVENTS.iter().map(|(name, _)| *name).collect();
        assert_eq!(known, domain::events::NAMES);
        assert!(EVENTS.iter().all(|(_, sample)| sample()["tenant"] == "demo"));
    }
}
