//! How AWS is reached: region, credentials, endpoints and the HTTP client. No aws-config: the environment of a Lambda is
//! fixed for its life, and its chain of providers would add about a hundred crates.

use std::{collections::BTreeMap, io};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::client::Client;

/// The services we call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Tables.
    DynamoDb,
    /// Queues.
    Sqs,
    /// The bus.
    EventBridge,
    /// Mail.
    Ses,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 4] = [Self::DynamoDb, Self::Sqs, Self::EventBridge, Self::Ses];

    /// The variable that gives its endpoint another address, as the AWS SDKs name it.
    pub fn endpoint_variable(self) -> &'static str {
        match self {
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::Sqs => "AWS_ENDPOINT_URL_SQS",
            Self::EventBridge => "AWS_ENDPOINT_URL_EVENTBRIDGE",
            Self::Ses => "AWS_ENDPOINT_URL_SESV2",
        }
    }
}

/// Where AWS is and who calls.
#[derive(Debug, Clone)]
pub struct Aws {
    /// The region.
    pub region: String,
    /// Who calls. Debug output of it hides the secret.
    pub credentials: Credentials,
    /// Endpoints other than AWS's own.
    pub endpoints: BTreeMap<Service, String>,
    /// Sends the requests of all clients.
    pub http: SharedHttpClient,
}

/// A client for AWS's own endpoints.
///
/// # Errors
/// If the system has no roots that can be read.
pub fn https() -> io::Result<SharedHttpClient> {
    Client::https().map(SharedHttpClient::new)
}

/// A client for endpoints on loopback, without TLS.
pub fn plain_http() -> SharedHttpClient {
    SharedHttpClient::new(Client::plain())
}
