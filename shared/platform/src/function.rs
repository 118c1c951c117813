//! What a function is, said once. The router, the local run, the OpenAPI document, the stacks and the contract tests read it.

use std::{fmt, sync::OnceLock};

use aws_lambda_events::sqs::SqsEvent;
use axum::routing::MethodRouter;
use domain::{
    identity::{Member, Role},
    tables::{BadTable, Check},
};
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use storage::{Entity, Grant, LimitCount, Receipt, TenantHost};
use utoipa::openapi::{
    HttpMethod, OpenApi, RefOr, Schema,
    path::{Operation, ParameterIn, Paths},
};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::{
    config::Needed,
    deps::Deps,
    job::{self, JobError},
    limit::Limit,
    queues::{Message, Queue},
    signature::CURSOR_KEY,
    telemetry::{self, Outcome},
};

/// What every function says of itself.
#[derive(Debug)]
pub struct Spec {
    /// `<context>-<function>`: the binary's and the Lambda's name.
    pub name: &'static str,
    /// What it may do, besides what its trigger implies.
    grants: &'static [Grant],
    /// What it may do besides, as all do who use the pieces that it shares with them.
    shared: &'static [&'static [Grant]],
    /// The shipped tables that it goes by.
    tables: &'static [Check],
    /// Memory, which also sets its share of a CPU.
    pub memory_mb: u16,
    /// Time-out.
    pub timeout_seconds: u16,
}

impl Spec {
    /// Of one that declares nothing yet, with 256 MB.
    pub const fn new(name: &'static str, timeout_seconds: u16) -> Self {
        Self { name, grants: &[], shared: &[], tables: &[], memory_mb: 256, timeout_seconds }
    }

    /// What it declares that it may do.
    pub fn declared(&self) -> impl Iterator<Item = Grant> {
        self.grants.iter().chain(self.shared.iter().copied().flatten()).copied()
    }

    /// Checks the shipped tables that it goes by.
    ///
    /// # Errors
    /// The first row that can't be right.
    pub fn check_tables(&self) -> Result<(), BadTable> {
        self.tables.iter().try_for_each(|check| check())
    }

    /// The context: what its name begins with.
    pub fn context(&self) -> &'static str {
        self.name.split_once('-').map_or(self.name, |(context, _)| context)
    }

    /// The function within its context, as its file is called.
    pub fn file(&self) -> String {
        self.name.split_once('-').map_or(self.name, |(_, function)| function).replace('-', "_")
    }
}

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone, without a token.
    Public,
    /// Another system, which has no token and signs what it sends ([`crate::notice`]).
    Signed,
    /// Whoever has this role's rights.
    Role(Role),
}

impl Access {
    /// Whether a role will do. Partners and admins are members too; nobody else stands in for another.
    pub fn admits(self, role: Role) -> bool {
        match self {
            Self::Public => true,
            Self::Signed => false,
            Self::Role(Role::Member) => matches!(role, Role::Member | Role::Partner | Role::Admin),
            Self::Role(needed) => role == needed,
        }
    }
}

/// What starts a function.
#[derive(Debug, Clone, Copy)]
pub enum Trigger {
    /// A request.
    Http(Access),
    /// A batch from a queue.
    Queue {
        /// The queue.
        queue: Queue,
        /// The most messages in a batch.
        batch: u16,
    },
    /// A schedule.
    Schedule {
        /// A schedule expression, such as `rate(1 minute)`.
        expression: &'static str,
        /// Is also woken when an event is stored in the outbox.
        woken_by_outbox: bool,
    },
}

/// A function, whatever starts it.
pub trait Function: Sync {
    /// What it says of itself.
    fn spec(&'static self) -> &'static Spec;

    /// What starts it.
    fn trigger(&self) -> Trigger;

    /// What its trigger implies that it may do.
    fn implied_grants(&self) -> Vec<Grant>;

    /// As an endpoint, if it is one.
    fn as_endpoint(&'static self) -> Option<&'static Endpoint> {
        None
    }

    /// As a job, if it is one.
    fn as_job(&'static self) -> Option<&'static dyn Job> {
        None
    }

    /// Everything that it may do.
    fn grants(&'static self) -> Vec<Grant> {
        self.spec().declared().chain(self.implied_grants()).collect()
    }

    /// What it needs to be told: the queues it sends to, the sources it calls, the secrets it knows.
    fn needed(&'static self) -> Needed {
        Needed::by(&self.grants())
    }
}

/// Something that is started by an event rather than a request.
pub trait Job: Function {
    /// Handles a Lambda event, and answers what the Lambda answers.
    fn invoke<'a>(
        &'static self,
        cx: &'a Deps,
        event: serde_json::Value,
        deadline: Timestamp,
    ) -> BoxFuture<'a, Result<serde_json::Value, JobError>>;

    /// Whether it can read every message of a Lambda event: what it can't read, it parks.
    fn reads(&self, event: &serde_json::Value) -> bool;
}

/// One endpoint.
#[derive(Debug)]
pub struct Endpoint {
    spec: Spec,
    access: Access,
    limit: Option<Limit>,
    asks: bool,
    routes: fn() -> UtoipaMethodRouter<Deps>,
    annotated: OnceLock<Annotated>,
}

/// What an annotation says that every start needs. With it come the schemas of the description, which take a hundred times as long.
struct Annotated {
    route: (HttpMethod, String),
    parameters: Vec<String>,
    handler: MethodRouter<Deps>,
}

impl fmt::Debug for Annotated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.route.1)
    }
}

impl Endpoint {
    /// For anyone.
    pub const fn public(name: &'static str, routes: fn() -> UtoipaMethodRouter<Deps>) -> Self {
        Self { spec: Spec::new(name, 10), access: Access::Public, limit: None, asks: false, routes, annotated: OnceLock::new() }
    }

    /// For other systems, which sign what they send.
    pub const fn signed(name: &'static str, routes: fn() -> UtoipaMethodRouter<Deps>) -> Self {
        Self { spec: Spec::new(name, 10), access: Access::Signed, limit: None, asks: false, routes, annotated: OnceLock::new() }
    }

    /// For callers of a role.
    pub const fn of(role: Role, name: &'static str, routes: fn() -> UtoipaMethodRouter<Deps>) -> Self {
        Self {
            spec: Spec::new(name, 10),
            access: Access::Role(role),
            limit: None,
            asks: false,
            routes,
            annotated: OnceLock::new(),
        }
    }

    /// What it may do.
    pub const fn may(mut self, grants: &'static [Grant]) -> Self {
        self.spec.grants = grants;
        self
    }

    /// The shipped tables that it goes by: it does not start if a row of them can't be right.
    pub const fn goes_by(mut self, tables: &'static [Check]) -> Self {
        self.spec.tables = tables;
        self
    }

    /// What it may do because it uses pieces that others use, too, each of which says what it needs.
    pub const fn may_also(mut self, shared: &'static [&'static [Grant]]) -> Self {
        self.spec.shared = shared;
        self
    }

    /// How much memory it has, where 256 MB are not enough; its share of a CPU comes with it.
    pub const fn memory(mut self, mb: u16) -> Self {
        self.spec.memory_mb = mb;
        self
    }

    /// How often it may be called, where that is another matter than for most.
    pub const fn limited(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// It changes nothing, though it is a POST: its question is too large for an address. It leaves no receipt.
    pub const fn asks(mut self) -> Self {
        self.asks = true;
        self
    }

    /// Whether it changes something.
    pub fn changes(&self) -> bool {
        !self.asks && self.route().0 != HttpMethod::Get
    }

    /// Who may call it.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Whether pages may ask it under `/web`, too: whatever is for members and for those who are to be, and not what is for
    /// operators, services and other programs.
    pub fn is_for_pages(&self) -> bool {
        let by_them = match self.access {
            Access::Public | Access::Role(Role::Member | Role::Partner | Role::Admin) => true,
            Access::Signed | Access::Role(Role::Operator | Role::Service) => false,
        };
        by_them && self.route().1.starts_with("/v1/")
    }

    /// How often it may be called. Reads have no limit here: API Gateway throttles them.
    pub fn limit(&self) -> Option<Limit> {
        let usual = || match self.access {
            Access::Public => Limit::ANONYMOUS,
            Access::Signed => Limit::NOTICES,
            Access::Role(_) => Limit::WRITES,
        };
        self.limit.or_else(|| (self.route().0 != HttpMethod::Get).then(usual))
    }

    /// Its handler, bare.
    pub(crate) fn handler(&self) -> MethodRouter<Deps> {
        self.annotated().handler.clone()
    }

    /// Its part of the OpenAPI document, as the annotation of the handler says.
    pub fn describe(&self) -> OpenApi {
        let mut api = OpenApiRouter::new().routes((self.routes)()).into_openapi();
        let items = api.paths.paths.values_mut();
        let writes = items.flat_map(|item| [&mut item.put, &mut item.post, &mut item.patch, &mut item.delete]);
        writes.flatten().for_each(body_is_no_null);
        api
    }

    /// Its methods and path, as the annotation of the handler says: one of each.
    pub fn route(&self) -> (HttpMethod, String) {
        self.annotated().route.clone()
    }

    /// The parameters that its query can have, as the annotation of the handler says.
    pub(crate) fn parameters(&self) -> &[String] {
        &self.annotated().parameters
    }

    fn annotated(&self) -> &Annotated {
        self.annotated.get_or_init(|| {
            let (_, paths, handler) = (self.routes)();
            let (route, operation) = operation_of(&paths).unwrap_or_else(|| unreachable!("{} has no route", self.spec.name));
            let of_query = operation.parameters.iter().flatten().filter_map(|given| match given {
                RefOr::T(given) => (given.parameter_in == ParameterIn::Query).then(|| given.name.clone()),
                RefOr::Ref(_) => None,
            });
            let parameters = of_query.collect();
            Annotated { route, parameters, handler }
        })
    }
}

/// A body that may be left out is an object where it is given. The annotation describes it as one that may be null.
fn body_is_no_null(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut().filter(|_| body.required.is_none()) {
        if let RefOr::T(content) = content
            && let Some(RefOr::T(Schema::OneOf(either))) = &content.schema
        {
            content.schema = either.items.first().cloned();
        }
    }
}

fn operation_of(paths: &Paths) -> Option<((HttpMethod, String), &Operation)> {
    let (path, item) = paths.paths.iter().next()?;
    let methods = [
        (HttpMethod::Get, &item.get),
        (HttpMethod::Post, &item.post),
        (HttpMethod::Put, &item.put),
        (HttpMethod::Patch, &item.patch),
        (HttpMethod::Delete, &item.delete),
    ];
    methods.into_iter().find_map(|(method, operation)| Some(((method, path.clone()), operation.as_ref()?)))
}

impl Function for Endpoint {
    fn spec(&'static self) -> &'static Spec {
        &self.spec
    }

    fn trigger(&self) -> Trigger {
        Trigger::Http(self.access)
    }

    /// Whoever takes a token, changes something or tells accounts apart looks up the tenant of the host; who is for operators looks
    /// them up themselves; whoever changes something for a caller leaves receipts; whoever is limited is counted. Who signs (a page's
    /// token) or hashes (a receipt's body, whom a limit counts) knows the key for that.
    fn implied_grants(&self) -> Vec<Grant> {
        let (for_caller, changes) = (matches!(self.access, Access::Role(_)), self.changes());
        let mut grants = Vec::new();
        let limit = self.limit();
        match self.access {
            Access::Role(Role::Operator) => grants.push(Member::READ),
            Access::Public if !changes && limit.is_none_or(|limit| !limit.tells_accounts_apart()) => {}
            // No host says whose it is.
            Access::Signed => {}
            Access::Role(_) | Access::Public => grants.push(TenantHost::READ),
        }
        if limit.is_some() {
            grants.push(LimitCount::WRITE);
        }
        if for_caller && changes {
            grants.extend([Receipt::READ, Receipt::WRITE]);
        }
        if limit.is_some() || (for_caller && self.is_for_pages()) {
            grants.push(Grant::Know(CURSOR_KEY));
        }
        grants
    }

    fn as_endpoint(&'static self) -> Option<&'static Endpoint> {
        Some(self)
    }
}

/// A job that works a queue, a message at a time.
#[derive(Debug)]
pub struct Worker<M: 'static> {
    spec: Spec,
    batch: u16,
    pub(crate) concurrency: usize,
    pub(crate) run: for<'a> fn(&'a Deps, M) -> BoxFuture<'a, Result<(), JobError>>,
}

impl<M: Message> Worker<M> {
    /// Handles one message.
    pub const fn new(name: &'static str, run: for<'a> fn(&'a Deps, M) -> BoxFuture<'a, Result<(), JobError>>) -> Self {
        Self { spec: Spec::new(name, 30), batch: 10, concurrency: 4, run }
    }

    /// What it may do.
    pub const fn may(mut self, grants: &'static [Grant]) -> Self {
        self.spec.grants = grants;
        self
    }

    /// The shipped tables that it goes by: it does not start if a row of them can't be right.
    pub const fn goes_by(mut self, tables: &'static [Check]) -> Self {
        self.spec.tables = tables;
        self
    }

    /// What it may do because it uses pieces that others use, too, each of which says what it needs.
    pub const fn may_also(mut self, shared: &'static [&'static [Grant]]) -> Self {
        self.spec.shared = shared;
        self
    }

    /// Its time-out, where 30 seconds are not enough. The queue's visibility must be six times as long.
    pub const fn timeout(mut self, seconds: u16) -> Self {
        self.spec.timeout_seconds = seconds;
        self
    }

    /// How many messages a batch has at most, and how many of them go side by side.
    pub const fn batch(mut self, messages: u16, side_by_side: usize) -> Self {
        self.batch = messages;
        self.concurrency = side_by_side;
        self
    }
}

impl<M: Message> Function for Worker<M> {
    fn spec(&'static self) -> &'static Spec {
        &self.spec
    }

    fn trigger(&self) -> Trigger {
        Trigger::Queue { queue: M::QUEUE, batch: self.batch }
    }

    /// Whoever works a queue may send to its dead letters. The names are few and live as long as the process.
    fn implied_grants(&self) -> Vec<Grant> {
        vec![Grant::Send(dead_letters(M::QUEUE))]
    }

    fn as_job(&'static self) -> Option<&'static dyn Job> {
        Some(self)
    }
}

/// The name of a queue's dead letters, made once a queue.
fn dead_letters(queue: Queue) -> &'static str {
    use std::{collections::BTreeMap, sync::Mutex};
    static NAMES: Mutex<BTreeMap<&'static str, &'static str>> = Mutex::new(BTreeMap::new());
    let mut names = NAMES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    names.entry(queue.name).or_insert_with(|| Box::leak(queue.dead().into_boxed_str()))
}

impl<M: Message> Job for Worker<M> {
    fn invoke<'a>(
        &'static self,
        cx: &'a Deps,
        event: serde_json::Value,
        deadline: Timestamp,
    ) -> BoxFuture<'a, Result<serde_json::Value, JobError>> {
        Box::pin(async move {
            let event: SqsEvent = serde_json::from_value(event).map_err(|_| JobError::Park("not an SQS event".to_owned()))?;
            let response = job::work(self, cx, event, deadline).await;
            serde_json::to_value(response).map_err(|_| JobError::Retry("the answer can't be written".to_owned()))
        })
    }

    fn reads(&self, event: &serde_json::Value) -> bool {
        let Ok(event) = SqsEvent::deserialize(event) else { return false };
        let reads = |body: &str| serde_json::from_str::<M>(body).is_ok();
        !event.records.is_empty() && event.records.iter().all(|record| record.body.as_deref().is_some_and(reads))
    }
}

/// A job that a schedule starts.
#[derive(Debug)]
pub struct Scheduled {
    spec: Spec,
    expression: &'static str,
    woken_by_outbox: bool,
    run: for<'a> fn(&'a Deps, Timestamp) -> BoxFuture<'a, Result<(), JobError>>,
}

impl Scheduled {
    /// Nothing further is begun when less than this is left, or it would be cut off half way: the next run goes on there.
    pub const RESERVE: SignedDuration = SignedDuration::from_secs(5);

    /// Runs by a schedule expression, such as `rate(1 minute)`. It is given its deadline, and stops in time by itself.
    pub const fn new(
        name: &'static str,
        expression: &'static str,
        run: for<'a> fn(&'a Deps, Timestamp) -> BoxFuture<'a, Result<(), JobError>>,
    ) -> Self {
        Self { spec: Spec::new(name, 55), expression, woken_by_outbox: false, run }
    }

    /// What it may do.
    pub const fn may(mut self, grants: &'static [Grant]) -> Self {
        self.spec.grants = grants;
        self
    }

    /// What it may do because it uses pieces that others use, too, each of which says what it needs.
    pub const fn may_also(mut self, shared: &'static [&'static [Grant]]) -> Self {
        self.spec.shared = shared;
        self
    }

    /// The shipped tables that it goes by: it does not start if a row of them can't be right.
    pub const fn goes_by(mut self, tables: &'static [Check]) -> Self {
        self.spec.tables = tables;
        self
    }

    /// Is also woken when an event is stored in the outbox.
    pub const fn woken_by_outbox(mut self) -> Self {
        self.woken_by_outbox = true;
        self
    }
}

impl Function for Scheduled {
    fn spec(&'static self) -> &'static Spec {
        &self.spec
    }

    fn trigger(&self) -> Trigger {
        Trigger::Schedule { expression: self.expression, woken_by_outbox: self.woken_by_outbox }
    }

    fn implied_grants(&self) -> Vec<Grant> {
        Vec::new()
    }

    fn as_job(&'static self) -> Option<&'static dyn Job> {
        Some(self)
    }
}

impl Job for Scheduled {
    /// What the event says does not matter: the schedule and the table's stream only wake it.
    fn invoke<'a>(
        &'static self,
        cx: &'a Deps,
        _event: serde_json::Value,
        deadline: Timestamp,
    ) -> BoxFuture<'a, Result<serde_json::Value, JobError>> {
        Box::pin(async move {
            let started = cx.now();
            if cx.time_left(deadline) < Self::RESERVE {
                telemetry::job(cx, Outcome::NotBegun, started, Err(job::too_late())).ok();
                return Ok(serde_json::Value::Null);
            }
            let result = (self.run)(cx, deadline).await;
            let outcome = if result.is_ok() { Outcome::Done } else { Outcome::Failed };
            telemetry::job(cx, outcome, started, result)?;
            Ok(serde_json::Value::Null)
        })
    }

    /// There is nothing in it to be read.
    fn reads(&self, _event: &serde_json::Value) -> bool {
        true
    }
}
