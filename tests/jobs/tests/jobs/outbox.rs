//! What the relay of the outbox tells of it.

use jiff::SignedDuration;
use local::{machine::functions, test_app::TestApp};
use serde_json::json;

use crate::{reporting::called, support::watch};

#[tokio::test]
async fn the_relay_tells_how_long_the_oldest_event_has_waited() {
    let app = TestApp::new().await;
    let relay = functions().into_iter().find(|function| function.spec().name == "system-relay-outbox").unwrap();
    let relay = called(&app, relay);
    relay.invoke(json!({}), SignedDuration::from_secs(55)).await.unwrap();
    assert!(relay.told("OutboxAge").is_empty(), "nothing waits");

    watch(&app.member("demo"), json!({})).await;
    app.clock.advance(SignedDuration::from_secs(90));
    relay.invoke(json!({}), SignedDuration::from_secs(55)).await.unwrap();
    assert_eq!(relay.told("OutboxAge"), [("system-relay-outbox".to_owned(), 90)]);
}
