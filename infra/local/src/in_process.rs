//! The way to the database and the stand-ins without sockets: a call is worked where it is made, at once. Runs that must
//! go the same way each time (a fault that strikes call 17 must find the same call 17 again) take it; nothing then depends
//! on which thread is faster, and a paused clock of the runtime is not held up by any socket.

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use axum::{Router, body::Body};
use dynoxide::{Database, DynoxideError};
use http::{Request, Response};
use serde::{Serialize, de::DeserializeOwned};
use tower::ServiceExt;

/// A client that reaches a database and the stand-ins' router.
pub fn client(database: Database, standins: Router) -> SharedHttpClient {
    SharedHttpClient::new(InProcess { database, standins })
}

/// A client that reaches a database alone.
pub fn database_client(database: Database) -> SharedHttpClient {
    client(database, Router::new())
}

#[derive(Clone)]
struct InProcess {
    database: Database,
    standins: Router,
}

impl std::fmt::Debug for InProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InProcess").finish_non_exhaustive()
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move { this.answer(request).await })
    }
}

impl InProcess {
    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(user_error)?;
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let answer = match target.strip_prefix("DynamoDB_20120810.") {
            Some(operation) => of_database(&self.database, operation, &body)?,
            None => of_standins(self.standins, request.map(|_| body.into())).await?,
        };
        HttpResponse::try_from(answer).map_err(user_error)
    }
}

fn user_error(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ConnectorError {
    ConnectorError::user(error.into())
}

/// The operations that `storage` uses.
fn of_database(database: &Database, operation: &str, body: &[u8]) -> Result<Response<SdkBody>, ConnectorError> {
    let answer = match operation {
        "GetItem" => work(body, |request| database.get_item(request)),
        "PutItem" => work(body, |request| database.put_item(request)),
        "DeleteItem" => work(body, |request| database.delete_item(request)),
        "UpdateItem" => work(body, |request| database.update_item(request)),
        "Query" => work(body, |request| database.query(request)),
        "BatchWriteItem" => work(body, |request| database.batch_write_item(request)),
        "TransactWriteItems" => work(body, |request| database.transact_write_items(request)),
        _ => Err(DynoxideError::ValidationException(format!("{operation} has no way without sockets"))),
    };
    let (status, text) = match answer {
        Ok(text) => (200, text),
        Err(error) => (error.status_code(), error.to_json()),
    };
    let response = Response::builder().status(status).header("content-type", "application/x-amz-json-1.0");
    response.body(SdkBody::from(text)).map_err(user_error)
}

fn work<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, DynoxideError> {
    let internal = |error: serde_json::Error| DynoxideError::InternalServerError(error.to_string());
    let request = serde_json::from_slice(body).map_err(|error| DynoxideError::ValidationException(error.to_string()))?;
    serde_json::to_string(&operation(request)?).map_err(internal)
}

async fn of_standins(standins: Router, request: Request<Body>) -> Result<Response<SdkBody>, ConnectorError> {
    let Ok(answer) = standins.oneshot(request).await;
    let (head, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.map_err(user_error)?;
    Ok(Response::from_parts(head, SdkBody::from(body)))
}
