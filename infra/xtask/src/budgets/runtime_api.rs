//! Lambda's runtime API, on loopback: it hands a process one event after the other, and tells what the process does and when.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::{SignedDuration, Timestamp};
use local::loopback::Loopback;
use serde_json::Value;
use tokio::sync::{
    Mutex,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

/// How long a process may take for anything.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long an event says that there is to handle it.
const TIME_FOR_AN_EVENT: SignedDuration = SignedDuration::from_secs(55);

/// What a process does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sign {
    /// It asks for an event.
    Polls,
    /// It answers an event.
    Answers(Value),
    /// It reports an error, of an event or of its start.
    Fails(Value),
}

/// The runtime API of one process.
pub(super) struct RuntimeApi {
    server: Loopback,
    events: UnboundedSender<Value>,
    signs: UnboundedReceiver<(Sign, Instant)>,
}

struct Shared {
    events: Mutex<UnboundedReceiver<Value>>,
    signs: UnboundedSender<(Sign, Instant)>,
    handed_out: AtomicU32,
}

impl RuntimeApi {
    /// Starts it.
    ///
    /// # Errors
    /// If there is no port to be had.
    pub(super) fn start() -> io::Result<Self> {
        let (events, signs, routes) = parts();
        let server = Loopback::start("runtime-api", |listener| async move {
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!(%error, "the runtime API is served no more");
            }
        })?;
        Ok(Self { server, events, signs })
    }

    /// Host and port, as `AWS_LAMBDA_RUNTIME_API` has them.
    pub(super) fn address(&self) -> String {
        self.server.url().trim_start_matches("http://").to_owned()
    }

    /// Hands out an event, at once if the process waits for one.
    pub(super) fn hand_out(&self, event: Value) {
        // Nobody is left to take it: then no sign comes of it either.
        self.events.send(event).ok();
    }

    /// What the process does next, and when it did. None if that takes too long.
    pub(super) async fn next(&mut self) -> Option<(Sign, Instant)> {
        tokio::time::timeout(PATIENCE, self.signs.recv()).await.ok().flatten()
    }
}

fn parts() -> (UnboundedSender<Value>, UnboundedReceiver<(Sign, Instant)>, Router) {
    let ((events, handed), (told, signs)) = (unbounded_channel(), unbounded_channel());
    let shared = Arc::new(Shared { events: Mutex::new(handed), signs: told, handed_out: AtomicU32::new(1) });
    let runtime = Router::new()
        .route("/invocation/next", get(next))
        .route("/invocation/{id}/response", post(|state, body| tell(Sign::Answers, state, body)))
        .route("/invocation/{id}/error", post(|state, body| tell(Sign::Fails, state, body)))
        .route("/init/error", post(|state, body| tell(Sign::Fails, state, body)));
    (events, signs, Router::new().nest("/2018-06-01/runtime", runtime).with_state(shared))
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.signs.send((Sign::Polls, Instant::now())).ok();
    let Some(event) = shared.events.lock().await.recv().await else { return StatusCode::GONE.into_response() };
    let number = shared.handed_out.fetch_add(1, Ordering::Relaxed);
    let deadline = Timestamp::now().saturating_add(TIME_FOR_AN_EVENT).unwrap_or(Timestamp::MAX);
    let headers = [
        ("lambda-runtime-aws-request-id", format!("8476a536-e9f4-11e8-9739-{number:012}")),
        ("lambda-runtime-deadline-ms", deadline.as_millisecond().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:measured".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0".to_owned()),
    ];
    (headers, Json(event)).into_response()
}

async fn tell(sign: fn(Value) -> Sign, State(shared): State<Arc<Shared>>, said: Bytes) -> StatusCode {
    // Not every client says that it is JSON.
    let Ok(said) = serde_json::from_slice(&said) else { return StatusCode::BAD_REQUEST };
    shared.signs.send((sign(said), Instant::now())).ok();
    StatusCode::ACCEPTED
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use axum::{body::Body, http::Request};
    use serde_json::json;
    use tower::ServiceExt;

    use super::*;

    const NEXT: &str = "/2018-06-01/runtime/invocation/next";

    fn posted(path: &str, body: &Value) -> Request<Body> {
        Request::post(path).body(Body::from(body.to_string())).unwrap()
    }

    #[tokio::test]
    async fn a_process_gets_its_events_in_turn_and_what_it_does_is_told() {
        let (events, mut signs, routes) = parts();
        for n in 1..=2 {
            events.send(json!({"n": n})).unwrap();
            let next = routes.clone().oneshot(Request::get(NEXT).body(Body::empty()).unwrap()).await.unwrap();
            let id = next.headers()["lambda-runtime-aws-request-id"].to_str().unwrap().to_owned();
            assert!(id.ends_with(&n.to_string()), "{id}");
            let body = axum::body::to_bytes(next.into_body(), 100).await.unwrap();
            assert_eq!(body, json!({"n": n}).to_string());
            assert_eq!(signs.try_recv().unwrap().0, Sign::Polls);

            let path = format!("/2018-06-01/runtime/invocation/{id}/response");
            let taken = routes.clone().oneshot(posted(&path, &json!("done"))).await.unwrap();
            assert_eq!(taken.status(), StatusCode::ACCEPTED);
            assert_eq!(signs.try_recv().unwrap().0, Sign::Answers(json!("done")));
        }
    }

    #[tokio::test]
    async fn an_error_is_no_answer() {
        let (_events, mut signs, routes) = parts();
        for path in ["/2018-06-01/runtime/init/error", "/2018-06-01/runtime/invocation/1/error"] {
            routes.clone().oneshot(posted(path, &json!({"errorType": "X"}))).await.unwrap();
            assert_eq!(signs.try_recv().unwrap().0, Sign::Fails(json!({"errorType": "X"})));
        }
    }
}
