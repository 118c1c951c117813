//! Calls to the world outside AWS. Every one goes through this seam, so that a function can only reach the sources it
//! declared, answers are bounded in size and time, and faults can be injected in front of real sockets.

use std::{fmt::Debug, time::Duration};

use bytes::Bytes;
use futures::future::BoxFuture;

/// The largest answer read from any source: 10 MiB.
pub const MAX_ANSWER_BYTES: usize = 10 * 1024 * 1024;

/// One call.
#[derive(Debug)]
pub struct Call {
    /// Who is called, as declared with `Grant::Call`, such as `seats-aero`.
    pub source: &'static str,
    /// What for, such as `search`. For logs and metering.
    pub operation: &'static str,
    /// The whole request. Secrets in headers must be marked sensitive.
    pub request: http::Request<Bytes>,
    /// How long to wait for the whole answer.
    pub timeout: Duration,
}

/// Why there is no answer. An answer with an error status is an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutsideError {
    /// No whole answer in time.
    #[error("no answer in time")]
    Timeout,
    /// No connection, or it broke.
    #[error("the connection failed")]
    Unreachable,
    /// More than [`MAX_ANSWER_BYTES`].
    #[error("the answer is larger than {MAX_ANSWER_BYTES} bytes")]
    TooLarge,
    /// The function did not declare that it calls this source.
    #[error("the call was not declared")]
    Undeclared,
}

/// Sends calls.
pub trait Outside: Debug + Send + Sync {
    /// Sends one call and reads the whole answer.
    fn send(&self, call: Call) -> BoxFuture<'_, Result<http::Response<Bytes>, OutsideError>>;
}

/// For functions that call nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nowhere;

impl Outside for Nowhere {
    fn send(&self, _: Call) -> BoxFuture<'_, Result<http::Response<Bytes>, OutsideError>> {
        Box::pin(async { Err(OutsideError::Undeclared) })
    }
}

/// Over real sockets, HTTP/1.1, TLS by rustls with ring. No redirects are followed: a source that redirects has moved, and
/// credentials must not follow it.
#[derive(Debug, Clone)]
pub struct OverHttp(reqwest::Client);

impl OverHttp {
    /// A client with a connection pool.
    ///
    /// # Errors
    /// If the TLS roots can't be loaded.
    pub fn new() -> Result<Self, reqwest::Error> {
        // Two libraries share one provider; that the other one installed it first is no fault.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .build()?;
        Ok(Self(client))
    }
}

impl Outside for OverHttp {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<http::Response<Bytes>, OutsideError>> {
        Box::pin(async move {
            let (parts, body) = call.request.into_parts();
            let url = reqwest::Url::parse(&parts.uri.to_string()).map_err(|_| OutsideError::Unreachable)?;
            let request = self.0.request(parts.method, url).headers(parts.headers).body(body).timeout(call.timeout);
            let mut answer = request.send().await.map_err(|error| cause(&error))?;
            let mut head = http::Response::new(());
            *head.status_mut() = answer.status();
            *head.headers_mut() = answer.headers().clone();
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(|error| cause(&error))? {
                if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                    return Err(OutsideError::TooLarge);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(head.map(|()| body.into()))
        })
    }
}

fn cause(error: &reqwest::Error) -> OutsideError {
    if error.is_timeout() { OutsideError::Timeout } else { OutsideError::Unreachable }
}
