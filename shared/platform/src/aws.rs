//! How AWS is reached: region, credentials, endpoints and the HTTP client. No aws-config: the environment of a Lambda is
//! fixed for its life, and its chain of providers would add about a hundred crates.

use std::{collections::BTreeMap, io, time::Duration};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::{
    client::{Client, Connections},
    config::Config,
    kms::Kms,
};

/// How long an attempt of a call to tables, queues, bus or KMS may take: they answer within milliseconds. After that the SDK tries
/// again, which is still within a function's time.
pub(crate) const ANSWERS_WITHIN: Duration = Duration::from_secs(3);

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
    /// The master key.
    Kms,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 5] = [Self::DynamoDb, Self::Sqs, Self::EventBridge, Self::Ses, Self::Kms];

    /// The variable that gives its endpoint another address, as the AWS SDKs name it.
    pub fn endpoint_variable(self) -> &'static str {
        match self {
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::Sqs => "AWS_ENDPOINT_URL_SQS",
            Self::EventBridge => "AWS_ENDPOINT_URL_EVENTBRIDGE",
            Self::Ses => "AWS_ENDPOINT_URL_SESV2",
            Self::Kms => "AWS_ENDPOINT_URL_KMS",
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
    /// Sends the requests of all clients but that for mail.
    pub http: SharedHttpClient,
    /// Sends mail, each over a connection of its own. One that is kept may be dead when a function goes on after it was frozen, and
    /// of a mail that is lost on it nobody could tell whether it went out; other calls are just made again.
    pub mail_http: SharedHttpClient,
}

/// Why the environment does not say how AWS is reached.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// A variable is missing.
    #[error("{0} is not set")]
    NotSet(&'static str),
    /// The system has no roots for TLS.
    #[error("TLS has no roots: {0}")]
    Roots(#[from] io::Error),
}

/// Builds an SDK client over the shared HTTP client.
macro_rules! client {
    ($sdk:ident, $aws:expr, $service:expr, $http:expr, $timeouts:expr) => {{
        let mut config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new($aws.region.clone()))
            .credentials_provider($aws.credentials.clone())
            .timeout_config($timeouts)
            .http_client($http.clone());
        if let Some(endpoint) = $aws.endpoints.get(&$service) {
            config = config.endpoint_url(endpoint);
        }
        $sdk::Client::from_conf(config.build())
    }};
}

impl Aws {
    /// As the variables say that Lambda and the AWS SDKs know.
    ///
    /// # Errors
    /// If one is missing, or TLS has no roots.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, AwsError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let required = |name| set(name).ok_or(AwsError::NotSet(name));
        let endpoints = Config::endpoints(set);
        // Endpoints without TLS are stand-ins on loopback. Where only some are, the client for TLS reaches them, too.
        let without_tls = |service| endpoints.get(&service).is_some_and(|url| url.starts_with("http:"));
        let client = |connections| match Service::ALL.into_iter().all(without_tls) {
            true => Ok(SharedHttpClient::new(Client::plain(connections))),
            false => https(connections),
        };
        Ok(Self {
            region: required("AWS_REGION")?,
            credentials: Credentials::from_keys(
                required("AWS_ACCESS_KEY_ID")?,
                required("AWS_SECRET_ACCESS_KEY")?,
                set("AWS_SESSION_TOKEN"),
            ),
            http: client(Connections::Kept)?,
            mail_http: client(Connections::Closed)?,
            endpoints,
        })
    }

    /// A client for tables.
    pub fn dynamo(&self) -> aws_sdk_dynamodb::Client {
        client!(aws_sdk_dynamodb, self, Service::DynamoDb, self.http, quickly())
    }

    /// A client for queues.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        client!(aws_sdk_sqs, self, Service::Sqs, self.http, quickly())
    }

    /// A client for the bus.
    pub fn events(&self) -> aws_sdk_eventbridge::Client {
        client!(aws_sdk_eventbridge, self, Service::EventBridge, self.http, quickly())
    }

    /// A client for mail. How long to wait for SES is for whoever sends to say: after a time-out it is not known what became of a mail.
    pub fn ses(&self) -> aws_sdk_sesv2::Client {
        client!(aws_sdk_sesv2, self, Service::Ses, self.mail_http, TimeoutConfig::builder().build())
    }

    /// A client for the master key.
    pub fn kms(&self) -> Kms {
        Kms::new(self)
    }
}

fn quickly() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(ANSWERS_WITHIN).build()
}

/// A client for AWS's own endpoints.
///
/// # Errors
/// If the system has no roots that can be read.
pub fn https(connections: Connections) -> io::Result<SharedHttpClient> {
    Client::https(connections).map(SharedHttpClient::new)
}

/// A client for endpoints on loopback, without TLS.
pub fn plain_http() -> SharedHttpClient {
    SharedHttpClient::new(Client::plain(Connections::Kept))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::{
        net::Ipv4Addr,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let without =
            |missing: &'static str| Aws::from_environment(|name| (name != missing).then(|| "http://127.0.0.1:1".to_owned()));
        for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            assert!(matches!(without(name), Err(AwsError::NotSet(missing)) if missing == name));
        }
        assert!(without("AWS_SESSION_TOKEN").is_ok());
    }

    /// Answers whatever it is asked with no more than that it went well, and counts the connections that it was asked on.
    async fn counting() -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (url, connections) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(AtomicUsize::new(0)));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let mut heard = [0; 4096];
                    while stream.read(&mut heard).await.is_ok_and(|read| read > 0) {
                        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
                    }
                });
            }
        });
        (url, connections)
    }

    #[tokio::test]
    async fn mail_goes_by_connections_of_its_own_and_all_else_by_one_that_is_kept() {
        let (url, connections) = counting().await;
        let aws =
            Aws::from_environment(|name| Some(if name.contains("ENDPOINT") { url.clone() } else { "x".to_owned() })).unwrap();
        let (tables, mail) = (aws.dynamo(), aws.ses());
        for _ in 0..2 {
            tables.list_tables().send().await.unwrap();
        }
        assert_eq!(connections.swap(0, Ordering::Relaxed), 1);
        for _ in 0..2 {
            mail.get_account().send().await.unwrap();
        }
        assert_eq!(connections.load(Ordering::Relaxed), 2);
    }
}
