//! The AWS wire format for the calls that our functions make, so that the unmodified SDKs talk to the stand-ins.
//!
//! A request that says more than the stand-ins heed (an unknown operation or member) is refused by name: better than
//! a function that works here and not in the cloud.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Standins;

mod events;
mod kms;
mod mail;
mod sqs;

/// The most bytes of a request: what SES takes.
const LARGEST_REQUEST: usize = 40 * 1024 * 1024;

/// Serves the stand-ins: SQS, EventBridge and KMS at `/`, told apart by `x-amz-target`, SES at its path. A queue's URL is
/// `http://<host of the request>/000000000000/<name>`.
pub fn router(standins: Standins) -> Router {
    Router::new()
        .route("/", post(call))
        .route("/v2/email/outbound-emails", post(send_email))
        .fallback(unknown_path)
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
        .with_state(standins)
}

async fn call(State(standins): State<Standins>, headers: HeaderMap, body: Bytes) -> Answer {
    let target = text(&headers, "x-amz-target");
    let base = format!("http://{}", text(&headers, HOST.as_str()));
    match target.split_once('.') {
        Some(("AmazonSQS", operation)) => sqs::answer(standins.queues(), operation, &base, &body),
        Some(("AWSEvents", operation)) => events::answer(standins.bus(), operation, &body),
        Some(("TrentService", operation)) => kms::answer(standins.masters(), operation, &body),
        Some(_) | None => Err(Refusal::unknown_operation(target)),
    }
}

async fn send_email(State(standins): State<Standins>, body: Bytes) -> Answer {
    mail::send(standins.mailbox(), &body)
}

async fn unknown_path(method: Method, uri: Uri) -> Refusal {
    Refusal::unknown_operation(&format!("{method} {}", uri.path()))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A successful answer, or why there is none.
type Answer = Result<Json<Value>, Refusal>;

/// An error as the SDKs read it.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    /// What stands before the shape in `__type`.
    namespace: &'static str,
    /// The name of the error.
    shape: &'static str,
    /// The code of the older query protocol, by which the SDK knows errors of SQS.
    query_code: Option<&'static str>,
    message: String,
}

#[derive(Serialize)]
struct RefusalBody {
    #[serde(rename = "__type")]
    error_type: String,
    message: String,
}

impl Refusal {
    fn invalid(shape: &'static str, message: impl ToString) -> Self {
        let message = message.to_string();
        Self { status: StatusCode::BAD_REQUEST, namespace: "", shape, query_code: None, message }
    }

    fn internal(shape: &'static str, message: impl ToString) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..Self::invalid(shape, message) }
    }

    fn unknown_operation(name: &str) -> Self {
        Self::invalid("UnknownOperationException", format!("the local stand-ins do not know the operation {name:?}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = RefusalBody { error_type: format!("{}{}", self.namespace, self.shape), message: self.message };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert("x-amzn-errortype", HeaderValue::from_static(self.shape));
        let query_error = self.query_code.map(|code| HeaderValue::try_from(format!("{code};Sender")));
        if let Some(Ok(query_error)) = query_error {
            headers.insert("x-amzn-query-error", query_error);
        }
        response
    }
}

/// Reads a request; `code` is what the service calls one that cannot be read.
fn parse<T: DeserializeOwned>(body: &[u8], code: &'static str) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::invalid(code, format!("the local stand-ins do not take this request: {error}")))
}

fn json(answer: &impl Serialize) -> Answer {
    serde_json::to_value(answer).map(Json).map_err(|error| Refusal::internal("InternalFailure", error))
}
