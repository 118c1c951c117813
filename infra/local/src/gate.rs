//! The gate in front of every function's calls to AWS and to the world outside.
//!
//! It refuses what the function did not declare, as IAM does in the cloud; counts calls and lets [`Faults`] strike before
//! and after each; and notices when an event is stored in the outbox, as the table's stream does in the cloud.

mod answers;
mod faults;
mod needs;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::future::BoxFuture;
use platform::{
    Function,
    outside::{Call, Outside, OutsideError},
};
use storage::Grant;
use tokio::sync::{Notify, watch};

pub use self::faults::{Action, CallInfo, Callee, Failure, Faults, NoFaults};
use self::needs::AwsCall;
pub use self::needs::{Need, Unreadable};

/// What a source outside answers.
type OutsideAnswer = Result<http::Response<Bytes>, OutsideError>;

/// Where sources are, by their ids.
pub type Addresses = BTreeMap<&'static str, String>;

/// A call that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which function called.
    pub function: &'static str,
    /// Which operation.
    pub operation: String,
    /// What the function did not declare, or why the call could not be read.
    pub lacking: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} called {}: {}", self.function, self.operation, self.lacking)
    }
}

/// What all gates share.
#[derive(Debug)]
pub struct Gatehouse {
    refusals: Mutex<Vec<Refusal>>,
    calls: Mutex<BTreeMap<&'static str, u64>>,
    faults: RwLock<Arc<dyn Faults>>,
    outbox_written: AtomicBool,
    woken: Notify,
}

impl Default for Gatehouse {
    fn default() -> Self {
        Self {
            refusals: Mutex::default(),
            calls: Mutex::default(),
            faults: RwLock::new(Arc::new(NoFaults)),
            outbox_written: AtomicBool::new(false),
            woken: Notify::new(),
        }
    }
}

impl Gatehouse {
    /// The calls refused so far.
    pub fn refusals(&self) -> Vec<Refusal> {
        held(&self.refusals).clone()
    }

    /// How many calls a function has made, refused ones not counted.
    pub fn calls_of(&self, function: &str) -> u64 {
        held(&self.calls).get(function).copied().unwrap_or(0)
    }

    /// Strikes every call from now on.
    pub fn set_faults(&self, faults: Arc<dyn Faults>) {
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Says that the outbox may hold events.
    pub fn wake(&self) {
        self.outbox_written.store(true, Ordering::Release);
        self.woken.notify_one();
    }

    /// Whether an event was stored since this was last asked.
    pub fn take_wake(&self) -> bool {
        self.outbox_written.swap(false, Ordering::AcqRel)
    }

    /// Waits until an event is stored; at once if one was since the last wait.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    fn faults(&self) -> Arc<dyn Faults> {
        self.faults.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, function: &'static str) -> u64 {
        let mut calls = held(&self.calls);
        let count = calls.entry(function).or_default();
        *count += 1;
        *count
    }
}

/// A panic elsewhere leaves nothing half-written here: a poisoned lock is as good as any.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The gate of one function.
#[derive(Debug)]
pub struct Gate {
    function: &'static str,
    grants: Vec<Grant>,
    house: Arc<Gatehouse>,
    kills: watch::Sender<u64>,
}

impl Gate {
    /// For a function, with what it declares.
    pub fn of(function: &'static dyn Function, house: &Arc<Gatehouse>) -> Arc<Self> {
        Self::new(function.spec().name, function.grants(), house)
    }

    /// For a function of this name that may do this.
    pub fn new(function: &'static str, grants: Vec<Grant>, house: &Arc<Gatehouse>) -> Arc<Self> {
        Arc::new(Self { function, grants, house: house.clone(), kills: watch::Sender::new(0) })
    }

    /// The way of the function to AWS, over `inner`.
    pub fn client(self: &Arc<Self>, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(GatedClient { gate: self.clone(), inner })
    }

    /// The way of the function to the world outside, over `inner`: to sources, each at its address.
    pub fn outside(self: &Arc<Self>, inner: Arc<dyn Outside>, addresses: Addresses) -> Arc<dyn Outside> {
        Arc::new(GatedOutside { gate: self.clone(), inner, addresses })
    }

    /// Changes whenever a fault kills the function: whoever runs it drops the run then.
    pub fn kills(&self) -> watch::Receiver<u64> {
        self.kills.subscribe()
    }

    fn refuse(&self, operation: &str, lacking: String) -> Refusal {
        let refusal = Refusal { function: self.function, operation: operation.to_owned(), lacking };
        tracing::error!(%refusal, "refused");
        held(&self.house.refusals).push(refusal.clone());
        refusal
    }

    /// Lets a call pass, or says what the function did not declare.
    fn check(&self, operation: &str, needs: Result<&[Need], &Unreadable>) -> Result<(), Refusal> {
        let needs = needs.map_err(|error| self.refuse(operation, error.to_string()))?;
        match needs.iter().find(|need| !need.met_by(&self.grants)) {
            None => Ok(()),
            Some(lacking) => Err(self.refuse(operation, format!("it did not declare to {lacking}"))),
        }
    }

    fn begin(&self, callee: Callee, operation: &str) -> CallInfo {
        CallInfo { function: self.function, callee, operation: operation.to_owned(), number: self.house.count(self.function) }
    }

    /// The function is dead: whoever runs it is told, and the call never comes back.
    async fn die<T>(&self) -> T {
        self.kills.send_modify(|kills| *kills += 1);
        std::future::pending().await
    }

    async fn pass(&self, mut request: HttpRequest, inner: SharedHttpConnector) -> Result<HttpResponse, ConnectorError> {
        let call = AwsCall::read(&request);
        if let Err(refusal) = self.check(&call.operation, call.needs.as_deref()) {
            return answers::access_denied(call.service, &refusal);
        }
        let info = self.begin(Callee::Aws(call.service), &call.operation);
        let faults = self.house.faults();
        faults.meanwhile(&info).await;
        if let Some(answer) = self.strike(&call, faults.before(&info)).await {
            return answer;
        }
        if let Some(body) = request.body().bytes().and_then(|body| faults.rewrite(&info, body)) {
            *request.body_mut() = SdkBody::from(body);
        }
        let answer = inner.call(request).await;
        if call.emits() && answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
            self.house.wake();
        }
        self.strike(&call, faults.after(&info)).await.unwrap_or(answer)
    }

    /// What the caller sees of a fault; none if there is none.
    async fn strike(&self, call: &AwsCall, action: Action) -> Option<Result<HttpResponse, ConnectorError>> {
        match action {
            Action::Proceed => None,
            Action::LoseAnswer | Action::CutAnswer => Some(Err(ConnectorError::io("the connection broke (injected)".into()))),
            Action::Disconnect => Some(Err(ConnectorError::io("there is no connection (injected)".into()))),
            Action::Hang => self.die().await,
            Action::Fail(failure) => Some(answers::failed(call.service, &call.operation, failure)),
        }
    }

    async fn pass_outside(&self, call: Call, inner: &dyn Outside, addresses: &Addresses) -> OutsideAnswer {
        let operation = format!("{} {}", call.source, call.operation);
        let needs = [Need::Call(call.source)];
        self.check(&operation, Ok(&needs)).map_err(|_| OutsideError::Undeclared)?;
        // Whatever it says of itself: what goes to another address is no call of this source.
        let uri = call.request.uri().to_string();
        if !addresses.get(call.source).is_some_and(|address| lies_under(&uri, address)) {
            self.refuse(&operation, "the request goes elsewhere".to_owned());
            return Err(OutsideError::Undeclared);
        }
        let info = self.begin(Callee::Outside(call.source), call.operation);
        let faults = self.house.faults();
        faults.meanwhile(&info).await;
        match faults.before(&info) {
            Action::Proceed => {}
            action => return self.strike_outside(action, Err(OutsideError::Unreachable)).await,
        }
        let answer = inner.send(call).await;
        self.strike_outside(faults.after(&info), answer).await
    }

    /// What the caller sees of an answer after a fault.
    async fn strike_outside(&self, action: Action, answer: OutsideAnswer) -> OutsideAnswer {
        match action {
            Action::Proceed => answer,
            Action::LoseAnswer => Err(OutsideError::Timeout),
            Action::Disconnect => Err(OutsideError::Unreachable),
            Action::CutAnswer => answer.map(|whole| whole.map(|body| body.slice(..body.len() / 2))),
            Action::Hang => self.die().await,
            Action::Fail(failure) => Ok(answers::failed_outside(failure)),
        }
    }
}

/// A function's HTTP client for AWS.
#[derive(Debug)]
struct GatedClient {
    gate: Arc<Gate>,
    inner: SharedHttpClient,
}

impl HttpClient for GatedClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(GatedConnector {
            gate: self.gate.clone(),
            inner: self.inner.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct GatedConnector {
    gate: Arc<Gate>,
    inner: SharedHttpConnector,
}

impl HttpConnector for GatedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (gate, inner) = (self.gate.clone(), self.inner.clone());
        HttpConnectorFuture::new(async move { gate.pass(request, inner).await })
    }
}

/// A function's way to the world outside.
#[derive(Debug)]
struct GatedOutside {
    gate: Arc<Gate>,
    inner: Arc<dyn Outside>,
    addresses: Addresses,
}

fn lies_under(uri: &str, address: &str) -> bool {
    uri.strip_prefix(address).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

impl Outside for GatedOutside {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<http::Response<Bytes>, OutsideError>> {
        Box::pin(self.gate.pass_outside(call, &*self.inner, &self.addresses))
    }
}
