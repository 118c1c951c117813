//! Calls to the world outside AWS. Every one goes through this seam, so that a function can only reach the sources it
//! declared, answers are bounded in size and time, and faults can be injected in front of real sockets.

use std::{
    fmt::{self, Debug},
    io,
    time::Duration,
};

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::client::{Client, Connections};

/// The largest answer read from any source: 10 MiB.
pub const MAX_ANSWER_BYTES: usize = 10 * 1024 * 1024;

/// One call. How it shows tells nothing of what is asked: bodies and queries can hold who travels and where they are reached.
pub struct Call {
    /// Who is called, as declared with `Grant::Call`, such as `seats-aero`.
    pub source: &'static str,
    /// What for, such as `search`. For logs and metering.
    pub operation: &'static str,
    /// The whole request. Secrets in headers must be marked sensitive.
    pub request: http::Request<Bytes>,
    /// How long to wait for the whole answer.
    pub timeout: Duration,
    /// Whether the same request was sent before.
    pub repeated: bool,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("source", &self.source)
            .field("operation", &self.operation)
            .field("method", self.request.method())
            .field("path", &self.request.uri().path())
            .field("headers", self.request.headers())
            .field("bytes", &self.request.body().len())
            .field("timeout", &self.timeout)
            .field("repeated", &self.repeated)
            .finish()
    }
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
    /// The source is left alone for so long, after failures or because it asked for it.
    #[error("the source is left alone for now")]
    LeftAlone(Duration),
    /// The source takes no more calls for so long.
    #[error("the source takes no more calls for now")]
    LimitReached(Duration),
    /// The day's calls are used up; how long the day still is.
    #[error("the calls of this day are used up")]
    QuotaUsedUp(Duration),
    /// The day's money is used up; how long the day still is.
    #[error("the money for calls of this day is used up")]
    BudgetUsedUp(Duration),
    /// Enough calls were repeated.
    #[error("enough calls were repeated")]
    RepeatedEnough,
    /// It can't be said whether the source takes another call.
    #[error("whether the source takes another call is not known")]
    Uncounted,
}

impl OutsideError {
    /// Whether the call may have reached the source. If not, it costs nothing there.
    pub fn left(self) -> bool {
        match self {
            Self::Timeout | Self::Unreachable | Self::TooLarge => true,
            Self::Undeclared
            | Self::LeftAlone(_)
            | Self::LimitReached(_)
            | Self::QuotaUsedUp(_)
            | Self::BudgetUsedUp(_)
            | Self::RepeatedEnough
            | Self::Uncounted => false,
        }
    }
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

/// Over real sockets. No redirects are followed: a source that redirects has moved, and credentials must not follow it.
#[derive(Debug, Clone)]
pub struct OverHttp(Client);

impl OverHttp {
    /// A client with a connection pool.
    ///
    /// # Errors
    /// If the TLS roots can't be loaded.
    pub fn new() -> io::Result<Self> {
        Client::https(Connections::Kept).map(Self)
    }
}

impl Outside for OverHttp {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<http::Response<Bytes>, OutsideError>> {
        Box::pin(async move {
            let answer = tokio::time::timeout(call.timeout, answer(&self.0, call.request)).await;
            answer.unwrap_or(Err(OutsideError::Timeout))
        })
    }
}

async fn answer(client: &Client, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, OutsideError> {
    let answer = client.send(request.map(SdkBody::from)).await.map_err(|_| OutsideError::Unreachable)?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, MAX_ANSWER_BYTES)
        .collect()
        .await
        .map_err(|error| if error.is::<LengthLimitError>() { OutsideError::TooLarge } else { OutsideError::Unreachable })?;
    Ok(http::Response::from_parts(head, body.to_bytes()))
}
