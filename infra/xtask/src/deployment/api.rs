//! The deployed API, as clients reach it.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use platform::{
    outside::{Call, Outside, OverHttp},
    web::ACCESS_COOKIE,
};
use serde_json::Value;

use super::DeploymentError;

/// The domain that the API is deployed under. Nothing resolves it (RFC 2606); requests name it in their `Host`.
pub const DOMAIN: &str = "api.mile-buy-club.example";

/// The longest that an answer may take: a function may have to start for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// What it says; null if that is no JSON.
    pub body: Value,
}

/// What is shown with a request.
#[derive(Debug, Clone, Copy)]
pub enum Shown<'a> {
    /// No token.
    Nothing,
    /// An app's token.
    Bearer(&'a str),
    /// A page's.
    Cookie(&'a str),
}

/// MiniStack, behind which the API is.
#[derive(Debug, Clone)]
pub struct Api {
    client: OverHttp,
    url: String,
}

impl Api {
    /// At this address.
    ///
    /// # Errors
    /// If there is no client to be had.
    pub fn at(url: String) -> Result<Self, DeploymentError> {
        Ok(Self { client: OverHttp::new().map_err(|error| DeploymentError::Request(error.to_string()))?, url })
    }

    /// Asks the API, with what is shown, and a body to be sent.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        shown: Shown<'_>,
        body: Option<&Value>,
    ) -> Result<Answer, DeploymentError> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url)).header(header::HOST, DOMAIN);
        match shown {
            Shown::Nothing => {}
            Shown::Bearer(token) => request = request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            Shown::Cookie(token) => request = request.header(header::COOKIE, format!("{ACCESS_COOKIE}={token}")),
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json").header("idempotency-key", "the-first");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        self.send(request.body(body.into()).map_err(|error| DeploymentError::Request(error.to_string()))?).await
    }

    /// Asks MiniStack itself, for what only a stand-in tells.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn ask_ministack(&self, path: &str) -> Result<Answer, DeploymentError> {
        let request = Request::get(format!("{}{path}", self.url)).body(Bytes::new());
        self.send(request.map_err(|error| DeploymentError::Request(error.to_string()))?).await
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Answer, DeploymentError> {
        let what = format!("{} {}", request.method(), request.uri().path());
        let call = Call { source: "deployment", operation: "drive", request, timeout: PATIENCE, repeated: false };
        let answer: Response<Bytes> = self.client.send(call).await.map_err(|error| DeploymentError::NoAnswer(what, error))?;
        let body = serde_json::from_slice(answer.body()).unwrap_or_default();
        Ok(Answer { status: answer.status(), body })
    }
}
