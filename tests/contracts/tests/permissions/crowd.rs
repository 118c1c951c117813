//! All functions behind their gates, who make each call together.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::{
    client::{
        behavior_version::BehaviorVersion,
        http::{HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::future::BoxFuture;
use local::gate::{self, Gate, Gatehouse};
use platform::{
    Function,
    config::{OPEN_SOURCES, SOURCES},
    outside::{self, Outside, OutsideError},
};
use serde_json::Value;
use storage::Grant;

use super::iam::{Asked, asked};

pub type Dynamo = aws_sdk_dynamodb::Client;
pub type Sqs = aws_sdk_sqs::Client;
pub type Bus = aws_sdk_eventbridge::Client;
pub type Ses = aws_sdk_sesv2::Client;

/// What a call comes to: nothing to say, or the code of its error.
pub type Outcome = Result<(), String>;

/// What a call takes: of each of these, one. Of none of nothing there is none: nobody may that.
pub type Takes = Vec<Vec<Grant>>;

pub fn all(grants: impl IntoIterator<Item = Grant>) -> Takes {
    grants.into_iter().map(|grant| vec![grant]).collect()
}

pub fn nobody() -> Takes {
    vec![Vec::new()]
}

pub type Make = Box<dyn Fn(&Crowd) -> BoxFuture<'static, Outcome>>;

/// A call, what it takes, and what its caller reads when it is refused.
pub struct Call {
    pub what: String,
    pub takes: Takes,
    pub refusal: &'static str,
    pub make: Make,
}

impl Call {
    pub fn allowed(&self, grants: &[Grant]) -> bool {
        let held = |grant: &Grant| grants.iter().any(|held| held.same(grant));
        self.takes.iter().all(|one_of| one_of.iter().any(held))
    }

    pub fn is_about(&self, grant: &Grant) -> bool {
        self.takes.iter().flatten().any(|taken| taken.same(grant))
    }
}

pub fn about(what: &str, mut calls: Vec<Call>) -> Vec<Call> {
    calls.iter_mut().for_each(|call| call.what = format!("{what}: {}", call.what));
    calls
}

/// Where the sources really are; nothing here goes there.
pub fn addresses() -> gate::Addresses {
    // One without an address is nowhere yet; to a gate it is where its test says.
    let nowhere = |source: &str| format!("https://{source}.invalid");
    let keyed = SOURCES.into_iter().map(|(source, _, address)| (source, address.map_or_else(|| nowhere(source), str::to_owned)));
    keyed.chain(OPEN_SOURCES.into_iter().map(|(source, _, address)| (source, address.to_owned()))).collect()
}

/// One function, its gate's ways, and what lies behind.
pub struct Member {
    pub name: &'static str,
    pub grants: Vec<Grant>,
    pub house: Arc<Gatehouse>,
    pub beyond: Beyond,
    http: SharedHttpClient,
    pub outside: Arc<dyn Outside>,
}

impl Member {
    pub fn of(function: &'static dyn Function) -> Self {
        let (house, beyond) = (Arc::new(Gatehouse::default()), Beyond::default());
        let gate = Gate::of(function, &house);
        let connector = SharedHttpConnector::new(beyond.clone());
        Self {
            name: function.spec().name,
            grants: function.grants(),
            http: gate.client(http_client_fn(move |_, _| connector.clone())),
            outside: gate.outside(Arc::new(beyond.clone()), addresses()),
            house,
            beyond,
        }
    }
}

/// All functions, who make each call together; what each was answered to the last one, and what IAM would see of it.
pub struct Crowd {
    pub members: Vec<Member>,
    pub answers: Arc<Mutex<Vec<Outcome>>>,
    pub asked: Arc<Mutex<Option<Vec<Asked>>>>,
    pub dynamo: Dynamo,
    pub sqs: Sqs,
    pub events: Bus,
    pub ses: Ses,
    pub kms: Kms,
}

macro_rules! client {
    ($sdk:ident, $http:expr) => {{
        let config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new("local"))
            .credentials_provider(Credentials::from_keys("test", "test", None))
            .endpoint_url("http://127.0.0.1:1")
            .retry_config($sdk::config::retry::RetryConfig::disabled())
            .http_client($http.clone());
        $sdk::Client::from_conf(config.build())
    }};
}

impl Crowd {
    pub fn of(functions: &[&'static dyn Function]) -> Self {
        let members: Vec<Member> = functions.iter().map(|function| Member::of(*function)).collect();
        let ways: Vec<SharedHttpClient> = members.iter().map(|member| member.http.clone()).collect();
        let answers = Arc::<Mutex<Vec<Outcome>>>::default();
        let seen = Arc::<Mutex<Option<Vec<Asked>>>>::default();
        let shared = (answers.clone(), seen.clone());
        let http = http_client_fn(move |settings, components| {
            let gates = ways.iter().map(|way| way.http_connector(settings, components)).collect();
            let (answers, asked) = shared.clone();
            SharedHttpConnector::new(AtEachGate { gates, answers, asked })
        });
        Self {
            members,
            answers,
            asked: seen,
            dynamo: client!(aws_sdk_dynamodb, http),
            sqs: client!(aws_sdk_sqs, http),
            events: client!(aws_sdk_eventbridge, http),
            ses: client!(aws_sdk_sesv2, http),
            kms: kms(http.clone()),
        }
    }
}

/// KMS, which we have no SDK of: whatever is asked, by operation and body.
pub type Kms = Operation<(&'static str, Value), Outcome, Infallible>;

fn kms(http: SharedHttpClient) -> Kms {
    let serialize = |(operation, body): (&str, Value)| {
        let mut request = HttpRequest::new(SdkBody::from(body.to_string()));
        request.set_method("POST")?;
        request.set_uri("/")?;
        request.headers_mut().insert("x-amz-target", format!("TrentService.{operation}"));
        Ok(request)
    };
    let operation = Operation::builder().service_name("KMS").operation_name("any").behavior_version(BehaviorVersion::latest());
    let operation = operation.http_client(http).endpoint_url("http://127.0.0.1:1").no_auth().no_retry();
    operation.serializer(serialize).deserializer(|answer| Ok(outcome(answer))).build()
}

fn outcome(answer: &HttpResponse) -> Outcome {
    let code = answer.headers().get("x-amzn-errortype").unwrap_or("no code").to_owned();
    if answer.status().is_success() { Ok(()) } else { Err(code) }
}

/// Sends what an SDK sends through every gate. The SDK is given a refusal to read, if there was one.
#[derive(Debug, Clone)]
struct AtEachGate {
    gates: Vec<SharedHttpConnector>,
    answers: Arc<Mutex<Vec<Outcome>>>,
    asked: Arc<Mutex<Option<Vec<Asked>>>>,
}

impl HttpConnector for AtEachGate {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            *this.asked.lock().unwrap() = Some(asked(&request));
            let mut answers = Vec::new();
            for gate in &this.gates {
                answers.push(gate.call(request.try_clone().unwrap()).await?);
            }
            *this.answers.lock().unwrap() = answers.iter().map(outcome).collect();
            let refused = answers.iter().position(|answer| !answer.status().is_success()).unwrap_or(0);
            Ok(answers.swap_remove(refused))
        })
    }
}

/// What lies behind the gate: answers everything, and counts what it was asked.
#[derive(Debug, Clone, Default)]
pub struct Beyond(Arc<AtomicU64>);

impl Beyond {
    pub fn reached(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn reach(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl HttpConnector for Beyond {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        self.reach();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from("{}"))))
    }
}

impl Outside for Beyond {
    fn send(&self, _: outside::Call) -> BoxFuture<'_, Result<http::Response<Bytes>, OutsideError>> {
        self.reach();
        Box::pin(async { Ok(http::Response::new(Bytes::new())) })
    }
}

pub fn sent<T, E, R>(sending: impl Future<Output = Result<T, SdkError<E, R>>> + Send + 'static) -> BoxFuture<'static, Outcome>
where
    SdkError<E, R>: ProvideErrorMetadata,
{
    Box::pin(async { sending.await.map(|_| ()).map_err(|error| error.code().unwrap_or("no code").to_owned()) })
}

/// A call of a service by its SDK.
macro_rules! call {
    ($service:ident, $what:expr, $takes:expr, $make:expr) => {{
        let (what, make) = ($what.to_string(), $make);
        Call {
            what,
            takes: $takes,
            // SQS alone still says it as its older protocol did.
            refusal: if stringify!($service) == "sqs" { "AccessDenied" } else { "AccessDeniedException" },
            make: Box::new(move |crowd: &Crowd| sent(make(&crowd.$service).send())),
        }
    }};
}

pub(crate) use call;
