//! Which transactions were carried out. The SDK repeats a call whose answer was lost, with the same token, and DynamoDB answers
//! it again instead of doing it twice. The engine remembers tokens too, but all of ten minutes, and looks through them at each
//! transaction: time that grows with the square of a burst, and memory that grows with it. So they are kept here, before the
//! engine sees them, and only as many as a repetition can come after.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use http::header::CONTENT_LENGTH;
use serde_json::{Map, Value};

/// The SDK repeats a call within seconds; more transactions than this never come in between.
const REMEMBERED: usize = 4_096;
const TOKEN: &str = "ClientRequestToken";

/// A client that remembers transactions in the engine's place.
pub fn remembered(inner: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Client { inner, carried_out: Arc::default() })
}

#[derive(Debug)]
struct Client {
    inner: SharedHttpClient,
    carried_out: Arc<Mutex<Tokens>>,
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, carried_out: self.carried_out.clone() })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    carried_out: Arc<Mutex<Tokens>>,
}

impl HttpConnector for Connector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let Some(token) = take_token(&mut request) else { return self.inner.call(request) };
        let (inner, carried_out) = (self.inner.clone(), self.carried_out.clone());
        HttpConnectorFuture::new(async move {
            if held(&carried_out).known.contains(&token) {
                return done();
            }
            let answer = inner.call(request).await?;
            if answer.status().is_success() {
                held(&carried_out).add(token);
            }
            Ok(answer)
        })
    }
}

/// The last tokens, the oldest first.
#[derive(Debug, Default)]
struct Tokens {
    known: HashSet<String>,
    order: VecDeque<String>,
}

impl Tokens {
    fn add(&mut self, token: String) {
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        if self.known.insert(token.clone()) {
            self.order.push_back(token);
        }
    }
}

fn held(tokens: &Mutex<Tokens>) -> std::sync::MutexGuard<'_, Tokens> {
    tokens.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the token out of a transaction. None if the request is none, or has none.
fn take_token(request: &mut HttpRequest) -> Option<String> {
    if !request.headers().get("x-amz-target")?.ends_with(".TransactWriteItems") {
        return None;
    }
    let mut body: Map<String, Value> = serde_json::from_slice(request.body().bytes()?).ok()?;
    let Some(Value::String(token)) = body.remove(TOKEN) else { return None };
    let body = serde_json::to_vec(&body).ok()?;
    request.headers_mut().insert(CONTENT_LENGTH.as_str(), body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
    Some(token)
}

/// What DynamoDB answers to a transaction of writes.
fn done() -> Result<HttpResponse, ConnectorError> {
    let answer = http::Response::builder().header("content-type", "application/x-amz-json-1.0").body(SdkBody::from("{}"));
    answer
        .map_err(Into::into)
        .and_then(|answer| HttpResponse::try_from(answer).map_err(Into::into))
        .map_err(|error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::user(error))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn transaction(token: &str) -> HttpRequest {
        let body = format!(r#"{{"TransactItems":[],"{TOKEN}":"{token}"}}"#);
        let request = http::Request::post("http://localhost/")
            .header("x-amz-target", "DynamoDB_20120810.TransactWriteItems")
            .header("content-length", body.len())
            .body(SdkBody::from(body));
        request.unwrap().try_into().unwrap()
    }

    #[test]
    fn a_token_is_taken_out_of_a_transaction_and_of_nothing_else() {
        let mut request = transaction("t-1");
        assert_eq!(take_token(&mut request).as_deref(), Some("t-1"));
        assert_eq!(request.body().bytes(), Some(br#"{"TransactItems":[]}"#.as_slice()));
        assert_eq!(request.headers().get("content-length"), Some("20"));
        assert_eq!(take_token(&mut request), None);
        let mut other = transaction("t-1");
        other.headers_mut().insert("x-amz-target", "DynamoDB_20120810.PutItem");
        assert_eq!(take_token(&mut other), None);
    }

    #[derive(Debug, Clone, Default)]
    struct Counting(Arc<Mutex<Vec<u16>>>);

    /// Answers with the statuses it was given, one a call.
    impl HttpConnector for Counting {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let status = self.0.lock().unwrap().pop().unwrap();
            let answer = http::Response::builder().status(status).body(SdkBody::from("{}")).unwrap();
            HttpConnectorFuture::ready(HttpResponse::try_from(answer).map_err(|error| ConnectorError::user(error.into())))
        }
    }

    #[tokio::test]
    async fn a_transaction_that_was_carried_out_is_answered_again_and_one_that_failed_is_tried_again() {
        let engine = Counting::default();
        *engine.0.lock().unwrap() = vec![200, 200, 400];
        let connector = Connector { inner: SharedHttpConnector::new(engine.clone()), carried_out: Arc::default() };
        let mut statuses = Vec::new();
        for token in ["t-1", "t-1", "t-1", "t-2"] {
            statuses.push(connector.call(transaction(token)).await.unwrap().status().as_u16());
        }
        assert_eq!(statuses, [400, 200, 200, 200]);
        assert!(engine.0.lock().unwrap().is_empty(), "the third call was answered from memory");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut tokens = Tokens::default();
        for n in 0..=REMEMBERED {
            tokens.add(n.to_string());
        }
        assert_eq!((tokens.known.len(), tokens.order.len()), (REMEMBERED, REMEMBERED));
        assert!(!tokens.known.contains("0") && tokens.known.contains("1"));
    }
}
