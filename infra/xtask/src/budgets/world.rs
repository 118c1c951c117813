//! What functions are measured in: the embedded database and the stand-ins for queues, bus and mail, a member with watchers, and
//! sources that have space on whatever is asked. The functions of the main job, called in its order, find what the one before
//! them left.

use std::{path::Path, sync::Arc};

use axum::{Router, body::Body, extract::Request, response::IntoResponse};
use domain::{
    events::WatcherChanged,
    flights::Cabin,
    identity::{Plan, Role},
    ids::Owner,
    search::Wanted,
    watchers::{Filters, Schedule, Telling, TravelDates, Watcher, WatcherSpec},
};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use load::burst::space::Space;
use local::{
    clock::MovableClock,
    keys::Keys,
    loopback::Loopback,
    machine::{LocalClock, Options, StartError, System},
    seed::{self, Brand, Person, SeedError},
    standins::queues::QueueStats,
};
use platform::{
    Access, Function, Trigger,
    config::{OPEN_SOURCES, SOURCES, queue_variable, secret_variable},
    enrolment::{Applicant, Enrolment},
    outside::{Call, MAX_ANSWER_BYTES, Outside},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use storage::Change;

use super::BudgetError;
use crate::files;

/// The id of whatever the sample events name.
const SAMPLE_ID: &str = "01KHPNJ4R6Z9X0Q3T5V7W9Y1B3";
/// The host that they name.
const HOST: &str = "api.mile-buy-club.example";
const BRAND: Brand = Brand { hosts: &[HOST], members: &[], ..seed::DEMO };
const MEASURED: Person = Person {
    handle: "measured",
    name: "Mo Measured",
    email: "measured@example.com",
    plan: Plan::Premium,
    zone: "UTC",
    role: Role::Member,
    password: None,
};
const RELAY: &str = "system-relay-outbox";
const SWEEP: &str = "watchers-sweep-watchers";

/// Everything around a function.
pub(super) struct World {
    system: System,
    sources: Loopback,
    owner: Owner,
    token: String,
    today: Date,
}

/// Whatever a call can change.
#[derive(Debug, PartialEq)]
pub(super) struct State {
    items: Vec<Value>,
    queues: Vec<QueueStats>,
    mails: usize,
}

impl State {
    /// Nothing was given up on.
    pub(super) fn has_no_dead_letters(&self) -> bool {
        self.queues.iter().all(|queue| queue.dead_letter_of.is_empty() || queue.visible == 0)
    }
}

impl World {
    /// One with a member, who has no watchers yet.
    ///
    /// # Errors
    /// If it can't be made.
    pub(super) async fn new() -> Result<Self, BudgetError> {
        let now = Timestamp::now();
        // Functions that are processes have the machine's clock.
        let options = Options {
            clock: LocalClock::Machine,
            brands: vec![BRAND],
            ..Options::in_memory(Arc::new(MovableClock::at(now))).map_err(StartError::from)?
        };
        let system = System::start(options).await?;
        let owner = Owner { tenant: value(BRAND.id)?, member: value(&format!("mem_{SAMPLE_ID}"))? };
        let zone = zone_at_noon(now);
        let person = Person { zone: &zone, ..MEASURED }.applicant(&BRAND)?;
        let applicant = Applicant { owner: owner.clone(), ..person };
        let mut enrolment = Enrolment::of(applicant, system.operator().vault()).await.map_err(SeedError::from)?;
        let today = enrolment.member.zone.local(now).date();
        system.store().commit(enrolment.join(Change::new())).await?;
        let claims = Keys::claims(&owner, Role::Member, now, SignedDuration::from_hours(1));
        let token = system.keys().sign(&claims).map_err(StartError::from)?;
        Ok(Self { sources: sources()?, system, owner, token, today })
    }

    /// The environment of a function, as its stack gives it.
    pub(super) fn environment(&self, function: &'static dyn Function) -> Vec<(String, String)> {
        let policy = self.system.keys().policy();
        let fixed = [
            ("TOKEN_ISSUER", policy.issuer),
            ("TOKEN_AUDIENCE", policy.audience),
            ("TOKEN_JWKS", self.system.keys().jwks().to_string()),
            ("MAIL_SENDER", "mail@mile-buy-club.example".to_owned()),
            ("PUBLIC_URL", format!("https://{HOST}")),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", function.spec().name.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "measured".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", function.spec().name.to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.spec().memory_mb.to_string()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.spec().name)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "measured".to_owned()),
        ];
        let queues = function
            .needed()
            .queues
            .into_iter()
            .chain(worked_by(function))
            .flat_map(|queue| [queue.to_owned(), format!("{queue}-dead")]);
        let queues = queues.map(|queue| (queue_variable(&queue), format!("{}/000000000000/{queue}", self.system.standins_url())));
        let sources = SOURCES.iter().filter(|(id, ..)| function.needed().sources.contains(id)).flat_map(|(id, prefix, _)| {
            [(format!("{prefix}_URL"), format!("{}/{id}", self.sources.url())), (format!("{prefix}_KEY"), "measured".to_owned())]
        });
        let open = OPEN_SOURCES.iter().filter(|(id, ..)| function.needed().sources.contains(id));
        let sources =
            sources.chain(open.map(|(id, prefix, _)| (format!("{prefix}_URL"), format!("{}/{id}", self.sources.url()))));
        let keys = self.system.keys();
        let secrets = function.needed().secrets.into_iter();
        let secrets = secrets.filter_map(|name| Some((secret_variable(name), keys.secret(name)?.expose_secret().to_owned())));
        fixed.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(queues).chain(sources).chain(secrets).collect()
    }

    /// Where the stand-ins are. Without these a function is configured as in the cloud.
    pub(super) fn endpoints(&self) -> [(&'static str, String); 2] {
        [("AWS_ENDPOINT_URL_DYNAMODB", self.system.database_url()), ("AWS_ENDPOINT_URL", self.system.standins_url())]
    }

    /// The event of a function's n-th call: its sample, of what is there. What the call needs is made first.
    ///
    /// # Errors
    /// If there is no sample, or nothing for the function to do.
    pub(super) async fn event(&self, root: &Path, function: &'static dyn Function, n: u8) -> Result<Value, BudgetError> {
        let spec = function.spec();
        let path = root.join(format!("events/{}/{}.json", spec.context(), spec.file()));
        let mut event: Value = serde_json::from_str(&files::read(&path)?)?;
        match (function.trigger(), spec.name) {
            (Trigger::Http(access), _) => self.address(&mut event, access, n)?,
            (Trigger::Queue { queue, .. }, name) => {
                // What the function before left may still be in the outbox.
                self.system.run_now(RELAY).await;
                let message = self.system.standins().queues().receive(queue.name, 1)?.pop();
                let message = message.ok_or(BudgetError::NothingToDo(name))?;
                event["Records"] = json!([event["Records"][0]]);
                event["Records"][0]["messageId"] = json!(message.id.as_str());
                event["Records"][0]["body"] = json!(message.body);
            }
            (Trigger::Schedule { .. }, SWEEP) => self.plant_due(n).await?,
            (Trigger::Schedule { .. }, _) => self.emit().await?,
        }
        Ok(event)
    }

    /// Whatever a call can change.
    ///
    /// # Errors
    /// If it can't be read.
    pub(super) fn state(&self) -> Result<State, BudgetError> {
        let mails = self.system.standins().mailbox().list(usize::from(u8::MAX)).map_err(|_| BudgetError::Mailbox)?.len();
        let items = self.system.engine().entities().map_err(StartError::from)?;
        Ok(State { items, queues: self.system.standins().queues().stats()?, mails })
    }

    /// With a token of its own, a key that was not used before, and dates that lie ahead.
    fn address(&self, event: &mut Value, access: Access, n: u8) -> Result<(), BudgetError> {
        if matches!(access, Access::Role(_)) {
            event["headers"]["authorization"] = json!(format!("Bearer {}", self.token));
        }
        if event["headers"]["idempotency-key"].is_string() {
            event["headers"]["idempotency-key"] = json!(format!("measured-{n}"));
        }
        if let Some(body) = event["body"].as_str() {
            let mut body: Value = serde_json::from_str(body)?;
            if body["dates"]["on"].is_string() {
                body["dates"]["on"] = json!(self.travel_day(n).to_string());
            }
            event["body"] = json!(body.to_string());
        }
        Ok(())
    }

    /// A watcher that is due, waiting for a search of its own. The first is the one that samples name.
    async fn plant_due(&self, n: u8) -> Result<(), BudgetError> {
        let member = self.system.store().member(&self.owner).await?.ok_or(BudgetError::NothingToDo(SWEEP))?;
        let spec = WatcherSpec {
            name: value("Dubai")?,
            wanted: Wanted::AwardFlights,
            from: [value("LAX")?].into(),
            to: [value("DXB")?].into(),
            dates: TravelDates::Around { on: self.travel_day(n), flex_days: 0 },
            cabins: [Cabin::Economy].into(),
            travellers: 1,
            filters: Filters::default(),
            telling: Telling::default(),
            schedule: Schedule::Hours { hours: 24, active: None },
        };
        let first: ulid::Ulid = SAMPLE_ID.parse().map_err(|_| BudgetError::Value(SAMPLE_ID.to_owned()))?;
        let id = ulid::Ulid(first.0 + u128::from(n)).into();
        // Made more than a period ago: its first run is due by now.
        let made = Timestamp::now().saturating_sub(SignedDuration::from_hours(25)).unwrap_or(Timestamp::MIN);
        let mut watcher = Watcher::create(id, &member, spec, made).map_err(|error| BudgetError::Value(error.to_string()))?;
        Ok(self.system.store().commit(Change::new().create(&mut watcher)).await?)
    }

    /// An event in the outbox.
    async fn emit(&self) -> Result<(), BudgetError> {
        self.system.run_now(RELAY).await;
        let watcher = value(&format!("wat_{SAMPLE_ID}"))?;
        let event = WatcherChanged { tenant: self.owner.tenant.clone(), member: self.owner.member, watcher };
        let operator = self.system.operator();
        Ok(operator.store().commit(operator.emit(Change::new(), &event)).await?)
    }

    fn travel_day(&self, n: u8) -> Date {
        self.today.saturating_add((60 + i64::from(n)).days())
    }
}

fn worked_by(function: &'static dyn Function) -> Option<&'static str> {
    match function.trigger() {
        Trigger::Queue { queue, .. } => Some(queue.name),
        Trigger::Http(_) | Trigger::Schedule { .. } => None,
    }
}

/// One for whom it is noon: mail waits for no quiet hours to end.
fn zone_at_noon(now: Timestamp) -> String {
    let hours_ahead = 12 - now.to_zoned(TimeZone::UTC).hour();
    // Zones of this kind are named for how far they are behind.
    format!("Etc/GMT{:+}", -hours_ahead)
}

/// A value of the domain.
fn value<T: std::str::FromStr>(text: &str) -> Result<T, BudgetError> {
    text.parse().map_err(|_| BudgetError::Value(text.to_owned()))
}

/// The sources over a socket, each under its name.
fn sources() -> Result<Loopback, BudgetError> {
    let space = Arc::new(Space::of(1));
    let routes = Router::new().fallback(move |request: Request| ask(space.clone(), request));
    Ok(Loopback::start("sources", |listener| async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the sources are served no more");
        }
    })
    .map_err(StartError::from)?)
}

async fn ask(space: Arc<Space>, request: Request) -> axum::response::Response {
    let named = SOURCES.iter().find(|(id, ..)| request.uri().path().starts_with(&format!("/{id}/")));
    let (head, body) = request.into_parts();
    let (Some((source, ..)), Ok(body)) = (named, axum::body::to_bytes(body, MAX_ANSWER_BYTES).await) else {
        return axum::http::StatusCode::NOT_FOUND.into_response();
    };
    let request = axum::http::Request::from_parts(head, body);
    match space.send(Call { source, operation: "search", request, timeout: std::time::Duration::ZERO, repeated: false }).await {
        Ok(answer) => answer.map(Body::from),
        Err(_) => axum::http::StatusCode::BAD_GATEWAY.into_response(),
    }
}
