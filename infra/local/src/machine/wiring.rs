//! From descriptors to running parts.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws_credential_types::Credentials;
use axum::{
    Json, Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state, map_request},
    response::{IntoResponse, Response},
};
use domain::{events::SOURCE, identity::EmailAddress};
use http::StatusCode;
use jiff::SignedDuration;
use platform::{
    Deps, Feed, Function, Queue, Trigger,
    aws::{Aws, Service},
    clock::Clock,
    config::{Config, Needed},
    function::Spec,
    gateway,
    outside::Outside,
    token::SIGNING_KEY,
    web,
};
use serde_json::json;
use tower::Layer;

use super::{Http, Options, Runner, StartError, Timed, Turn, Worked};
use crate::{
    clock::SkewedClock,
    gate::{Gate, Gatehouse},
    played::Sources,
    schedule::Schedule,
    standins::{
        QueueSpec, Rule, Topology,
        bus::{ACCOUNT, REGION},
    },
};

/// The domain that mail comes from.
const MAIL_DOMAIN: &str = "mile-buy-club.example";

/// Where mail comes from.
pub(super) fn sender() -> String {
    format!("mail@{MAIL_DOMAIN}")
}

/// The queues that functions work or send to, their dead letters, what the bus sends where, and whose mail is sent.
///
/// # Errors
/// If two functions work one queue.
pub fn topology(functions: &[&'static dyn Function]) -> Result<Topology, StartError> {
    let mut topology = Topology { mail_domains: vec![MAIL_DOMAIN.to_owned()], ..Topology::default() };
    for function in functions {
        let Trigger::Queue { queue, .. } = function.trigger() else { continue };
        if topology.queues.iter().any(|known| known.name == queue.name) {
            return Err(StartError::TwoWorkers(queue.name));
        }
        add(&mut topology, &queue);
    }
    // What is sent to a queue that nobody works waits there.
    for name in functions.iter().flat_map(|function| function.needed().queues) {
        if topology.queues.iter().all(|known| known.name != name) {
            add(&mut topology, &Queue::sent(name));
        }
    }
    Ok(topology)
}

fn add(topology: &mut Topology, queue: &Queue) {
    let spec = QueueSpec {
        name: queue.name.to_owned(),
        fifo: queue.fifo,
        visibility: SignedDuration::from_secs(queue.visibility_seconds.into()),
        max_receives: queue.max_receives.into(),
        dead_letter: Some(queue.dead()),
    };
    topology.queues.push(QueueSpec { name: queue.dead(), dead_letter: None, ..spec.clone() });
    topology.queues.push(spec);
    match queue.feed {
        Feed::Sent => {}
        Feed::Events(events) => {
            let rule =
                |event: &&str| Rule { source: SOURCE.to_owned(), event: (*event).to_owned(), queue: queue.name.to_owned() };
            topology.rules.extend(events.iter().map(rule));
        }
    }
}

/// What functions are connected to.
pub(super) struct Wiring<'a> {
    pub(super) endpoints: BTreeMap<Service, String>,
    pub(super) http: Http,
    pub(super) outside: Arc<dyn Outside>,
    pub(super) sources: Arc<Sources>,
    pub(super) sender: EmailAddress,
    pub(super) options: &'a Options,
    pub(super) gatehouse: Arc<Gatehouse>,
}

/// Functions, connected.
pub(super) struct Parts {
    pub(super) api: Router,
    pub(super) worked: Vec<Worked>,
    pub(super) timed: Vec<Timed>,
}

impl Wiring<'_> {
    /// Connects every function, each through a gate of its own.
    pub(super) fn connect(&self) -> Result<Parts, StartError> {
        let mut api = Router::new();
        let (mut worked, mut timed) = (Vec::new(), Vec::new());
        for function in &self.options.functions {
            let gate = Gate::of(*function, &self.gatehouse);
            let deps = self.gated(*function, &gate);
            if let Some(endpoint) = function.as_endpoint() {
                let sandbox = Sandbox { gate: gate.clone(), limit: limit(function.spec()) };
                api = api.merge(gateway::router(endpoint, &deps).layer(from_fn_with_state(sandbox, contain)));
            }
            let Some(job) = function.as_job() else { continue };
            let runner = Runner { job, deps, gate };
            match function.trigger() {
                Trigger::Http(_) => {}
                Trigger::Queue { queue, batch } => worked.push(Worked { queue, batch: batch.into(), runner }),
                Trigger::Schedule { expression, woken_by_outbox } => {
                    timed.push(self.timed(expression, woken_by_outbox, runner)?)
                }
            }
        }
        let api = api.fallback(gateway::nowhere).method_not_allowed_fallback(gateway::wrong_method);
        // The prefix of pages comes off before any path is looked at, as at the edge.
        let entered = map_request(|request: Request| async { web::enter(request) });
        let api = Router::new().fallback_service(Layer::layer(&entered, api));
        Ok(Parts { api, worked, timed })
    }

    fn timed(&self, expression: &'static str, woken_by_outbox: bool, runner: Runner) -> Result<Timed, StartError> {
        let function = runner.deps.function().name;
        let schedule = Schedule::parse(expression).map_err(|error| StartError::Schedule { function, error })?;
        let next = schedule.after(self.options.clock.now());
        Ok(Timed { expression, schedule, turn: Turn { next, last: None }.into(), woken_by_outbox, runner })
    }

    fn gated(&self, function: &'static dyn Function, gate: &Arc<Gate>) -> Deps {
        let needed = function.needed();
        let keyed = needed.sources.iter().filter_map(|source| self.sources.address(source));
        let open = needed.sources.iter().filter_map(|source| self.sources.open_address(source));
        let addresses = keyed.chain(open).collect();
        let (http, outside) = (gate.client(self.http.clone()), gate.outside(self.outside.clone(), addresses));
        self.deps(function.spec(), &needed, http, outside)
    }

    /// What one function is given: as in the cloud, it knows only the queues it sends to, the sources it calls and the secrets
    /// it declares.
    pub(super) fn deps(&self, spec: &'static Spec, needed: &Needed, http: Http, outside: Arc<dyn Outside>) -> Deps {
        let url = self.endpoints.get(&Service::Sqs).map(String::as_str).unwrap_or_default();
        let config = Config {
            table_prefix: String::new(),
            queue_urls: needed.queues.iter().map(|queue| ((*queue).to_owned(), format!("{url}/{ACCOUNT}/{queue}"))).collect(),
            bus: "default".to_owned(),
            tokens: self.options.keys.policy(),
            signing_key: needed.secrets.contains(&SIGNING_KEY).then(|| self.options.keys.signing()),
            secrets: needed.secrets.iter().filter_map(|name| Some((*name, self.options.keys.secret(name)?.clone()))).collect(),
            mail_sender: self.sender.clone(),
            mail_configuration_set: None,
            public_url: self.options.public_url.clone(),
            emit_metrics: self.options.metrics.is_some(),
            keys: needed.sources.iter().filter_map(|source| self.sources.key(source)).collect(),
            addresses: self.sources.addresses(),
            open_sources: needed.sources.iter().filter_map(|source| self.sources.open_address(source)).collect(),
        };
        let aws = Aws {
            region: REGION.to_owned(),
            credentials: Credentials::from_keys(spec.name, "local", None),
            endpoints: self.endpoints.clone(),
            mail_http: http.clone(),
            http,
        };
        let deps = Deps::new(spec, config, aws, self.clock_of(spec), self.options.chance.clone(), outside);
        match &self.options.metrics {
            Some(metrics) => deps.reporting_to(metrics.clone()),
            None => deps,
        }
    }

    fn clock_of(&self, spec: &Spec) -> Arc<dyn Clock> {
        let right = self.options.clock.shared();
        match self.options.skews.get(spec.name) {
            Some(by) => Arc::new(SkewedClock { right, by: *by }),
            None => right,
        }
    }
}

/// How long a run of a function may take.
pub(super) fn limit(spec: &Spec) -> Duration {
    Duration::from_secs(spec.timeout_seconds.into())
}

/// What an endpoint runs in.
#[derive(Clone)]
struct Sandbox {
    gate: Arc<Gate>,
    limit: Duration,
}

/// Answers as API Gateway does when a Lambda dies or takes too long.
async fn contain(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    let mut kills = sandbox.gate.kills();
    let failed = |status: StatusCode, message: &str| (status, Json(json!({"message": message}))).into_response();
    tokio::select! {
        biased;
        _ = kills.changed() => failed(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        answer = tokio::time::timeout(sandbox.limit, next.run(request)) => {
            answer.unwrap_or_else(|_| failed(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"))
        }
    }
}
