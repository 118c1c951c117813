//! The whole system in one process: every function, wired to the embedded database and the stand-ins as the stacks wire
//! it to AWS.

mod driver;
mod lambda_event;
#[cfg(test)]
mod tests;
mod wiring;

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, LazyLock, Mutex},
};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use axum::Router;
use domain::tables::{self, BadTable};
use jiff::{SignedDuration, Timestamp};
use platform::{
    Deps, Function, Queue,
    aws::{Service, plain_http},
    chance::{Chance, SystemChance},
    clock::{Clock, SystemClock},
    config::Needed,
    function::{Job, Spec},
    outside::Outside,
    signature::CURSOR_KEY,
    telemetry::MetricSink,
    vault::LOOKUP_KEY,
};
use storage::Store;
use utoipa::openapi::OpenApi;

pub use self::{driver::DriveError, wiring::topology};
use crate::{
    clock::MovableClock,
    data::{Folder, FolderError},
    engine::{Engine, EngineError},
    gate::{Gate, Gatehouse},
    in_process,
    keys::{KeyError, Keys},
    loopback::Loopback,
    pages::Pages,
    played::{SourceAccess, Sources, SourcesError},
    schedule::{Schedule, UnknownExpression},
    seed::{self, Brand, SeedError},
    standins::{StandinError, Standins, wire},
    tokens,
};

/// Every function of every context.
pub fn functions() -> Vec<&'static dyn Function> {
    let contexts = [
        identity::FUNCTIONS,
        watchers::FUNCTIONS,
        search::FUNCTIONS,
        sources::FUNCTIONS,
        deals::FUNCTIONS,
        notifications::FUNCTIONS,
        system::FUNCTIONS,
        cards::FUNCTIONS,
        value::FUNCTIONS,
    ];
    contexts.into_iter().flatten().copied().collect()
}

/// What tells the time.
#[derive(Debug, Clone)]
pub enum LocalClock {
    /// One that can be moved.
    Movable(Arc<MovableClock>),
    /// The machine's.
    Machine,
}

impl LocalClock {
    /// For all who are to share it.
    pub fn shared(&self) -> Arc<dyn Clock> {
        match self {
            Self::Movable(clock) => clock.clone(),
            Self::Machine => Arc::new(SystemClock),
        }
    }
}

/// What a system is made of.
pub struct Options {
    /// What runs.
    pub functions: Vec<&'static dyn Function>,
    /// Where its state is; in memory without one.
    pub folder: Option<Folder>,
    /// What tells the time.
    pub clock: LocalClock,
    /// What signs.
    pub keys: Keys,
    /// Where members reach us, without a slash at the end.
    pub public_url: String,
    /// Sources that are really called; the others are played from recordings.
    pub live: BTreeMap<&'static str, SourceAccess>,
    /// The world outside, in the place of the sources.
    pub outside: Option<Arc<dyn Outside>>,
    /// Gives ids, and what else nobody is to guess.
    pub chance: Arc<dyn Chance>,
    /// Who is there from the start.
    pub brands: Vec<Brand<'static>>,
    /// Functions reach the database and the stand-ins without sockets, so that each run goes the same way.
    pub in_process: bool,
    /// Functions whose clock is off, and by how much it is ahead.
    pub skews: BTreeMap<&'static str, SignedDuration>,
    /// Who is told of metrics; nobody without one.
    pub metrics: Option<Arc<dyn MetricSink>>,
}

impl Options {
    /// Every function, in memory, at this clock, with the demo tenant.
    ///
    /// # Errors
    /// If there are no keys to be had.
    pub fn in_memory(clock: Arc<MovableClock>) -> Result<Self, KeyError> {
        Ok(Self {
            functions: functions(),
            folder: None,
            clock: LocalClock::Movable(clock),
            keys: Keys::in_memory()?,
            public_url: "http://localhost".to_owned(),
            live: BTreeMap::new(),
            outside: None,
            chance: Arc::new(SystemChance),
            brands: vec![seed::DEMO],
            in_process: false,
            skews: BTreeMap::new(),
            metrics: None,
        })
    }

    /// Every function, with its state in a folder. With a live source the clock is the machine's; without one it shows the
    /// time that the recordings tell of.
    ///
    /// # Errors
    /// If the folder can't be used.
    pub fn kept_in(folder: Folder, live: BTreeMap<&'static str, SourceAccess>, public_url: String) -> Result<Self, StartError> {
        Ok(Self {
            clock: clock_of(&folder, &live)?,
            keys: Keys::kept_in(folder.path())?,
            folder: Some(folder),
            public_url,
            live,
            functions: functions(),
            outside: None,
            chance: Arc::new(SystemChance),
            brands: vec![seed::DEMO],
            in_process: false,
            skews: BTreeMap::new(),
            metrics: None,
        })
    }
}

/// The clock of a folder: the machine's where a source is live.
///
/// # Errors
/// If the folder can't be used.
pub fn clock_of(folder: &Folder, live: &BTreeMap<&'static str, SourceAccess>) -> Result<LocalClock, FolderError> {
    if live.is_empty() { Ok(LocalClock::Movable(Arc::new(folder.clock()?))) } else { Ok(LocalClock::Machine) }
}

impl Clock for LocalClock {
    fn now(&self) -> Timestamp {
        match self {
            Self::Movable(clock) => clock.now(),
            Self::Machine => SystemClock.now(),
        }
    }
}

/// Why a system does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A shipped table can't be gone by.
    #[error(transparent)]
    Table(#[from] BadTable),
    /// The folder can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There are no keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The database can't be opened.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The stand-ins can't be opened.
    #[error(transparent)]
    Standins(#[from] StandinError),
    /// The sources can't be reached.
    #[error(transparent)]
    Sources(#[from] SourcesError),
    /// The stand-ins can't be served.
    #[error("the stand-ins can't be served: {0}")]
    Serve(#[from] io::Error),
    /// A schedule can't be read.
    #[error("{function}: {error}")]
    Schedule {
        /// Whose.
        function: &'static str,
        /// Why.
        error: UnknownExpression,
    },
    /// Two functions work one queue: each would get a part of its messages.
    #[error("queue {0} has two workers")]
    TwoWorkers(&'static str),
    /// The tenants and members can't be stored.
    #[error(transparent)]
    Seed(#[from] SeedError),
}

/// What runs a job, as a Lambda would.
struct Runner {
    job: &'static dyn Job,
    deps: Deps,
    gate: Arc<Gate>,
}

/// A queue and the job that works it.
struct Worked {
    queue: Queue,
    batch: usize,
    runner: Runner,
}

/// A schedule and the job that it starts.
struct Timed {
    expression: &'static str,
    schedule: Schedule,
    turn: Mutex<Turn>,
    woken_by_outbox: bool,
    runner: Runner,
}

/// When a schedule fires next, and when it last did.
#[derive(Debug, Clone, Copy)]
struct Turn {
    next: Timestamp,
    last: Option<Timestamp>,
}

/// The whole system.
pub struct System {
    api: Router,
    worked: Vec<Worked>,
    timed: Vec<Timed>,
    functions: Vec<&'static dyn Function>,
    gatehouse: Arc<Gatehouse>,
    operator: Deps,
    keys: Keys,
    clock: LocalClock,
    recorded: bool,
    folder: Option<Folder>,
    standins: Standins,
    // Last: servers end when nothing calls them any more.
    wire: Loopback,
    engine: Engine,
}

impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("System").field("engine", &self.engine).field("wire", &self.wire).finish_non_exhaustive()
    }
}

/// The one who runs the machine: reaches everything, past the gates.
static OPERATOR: Spec = Spec::new("local-operator", 60);

/// The shipped tables, looked at once a process.
fn check_tables() -> Result<(), BadTable> {
    static CHECKED: LazyLock<Result<(), BadTable>> = LazyLock::new(|| tables::ALL.iter().try_for_each(|check| check()));
    CHECKED.clone()
}

impl System {
    /// Starts everything but the passing of time: that is [`System::serve`]'s, or a test's.
    ///
    /// # Errors
    /// Whatever keeps it from starting.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        check_tables()?;
        let topology = wiring::topology(&options.functions)?;
        let file = |of: fn(&Folder) -> std::path::PathBuf| options.folder.as_ref().map(of);
        let engine = Engine::start(file(Folder::core_db).as_deref())?;
        let standins = Standins::open(file(Folder::queues_db).as_deref(), options.clock.shared(), topology)?;
        let standins = standins.keyed_by(options.keys.master());
        let served = wire::router(standins.clone());
        let http = if options.in_process { in_process::client(engine.database(), served.clone()) } else { plain_http() };
        let http = tokens::remembered(http);
        let wire = Loopback::start("stand-ins", |listener| async move {
            if let Err(error) = axum::serve(listener, served).await {
                tracing::error!(%error, "the stand-ins are served no more");
            }
        })?;
        let (sources, outside): (_, Arc<dyn Outside>) = match &options.outside {
            Some(outside) => (Arc::new(Sources::named(options.live.clone())?), outside.clone()),
            None => {
                let sources = Arc::new(Sources::open(options.live.clone())?);
                (sources.clone(), sources)
            }
        };
        let wiring = wiring::Wiring {
            endpoints: endpoints(&engine, &wire),
            http,
            outside,
            sources,
            sender: seed::value(&wiring::sender())?,
            options: &options,
            gatehouse: Arc::new(Gatehouse::default()),
        };
        let parts = wiring.connect()?;
        let operators = Needed { secrets: vec![CURSOR_KEY, LOOKUP_KEY], ..Needed::default() };
        let operator = wiring.deps(&OPERATOR, &operators, wiring.http.clone(), wiring.outside.clone());
        for brand in &options.brands {
            seed::sow(operator.store(), operator.vault(), brand).await?;
        }
        let gatehouse = wiring.gatehouse.clone();
        if options.folder.is_some() {
            // An earlier run may have left events in the outbox.
            gatehouse.wake();
        }
        let Options { functions, keys, clock, folder, live, .. } = options;
        let wiring::Parts { api, worked, timed } = parts;
        let recorded = live.is_empty();
        Ok(Self { api, worked, timed, functions, gatehouse, operator, keys, clock, recorded, folder, standins, wire, engine })
    }

    /// The HTTP API.
    pub fn api(&self) -> Router {
        self.api.clone()
    }

    /// The API's description.
    fn document(&self) -> OpenApi {
        let mut document = OpenApi::default();
        document.info = utoipa::openapi::Info::new("Mile Buy Club API", env!("CARGO_PKG_VERSION"));
        for endpoint in self.functions.iter().filter_map(|function| function.as_endpoint()) {
            document.merge(endpoint.describe());
        }
        document
    }

    /// The tables, past the gates.
    pub fn store(&self) -> &Store {
        self.operator.store()
    }

    /// What reaches everything, past the gates.
    pub fn operator(&self) -> &Deps {
        &self.operator
    }

    /// Queues, bus, mailbox and master keys.
    pub fn standins(&self) -> &Standins {
        &self.standins
    }

    /// Where queues, bus, mailbox and master keys are served in AWS's wire format.
    pub fn standins_url(&self) -> String {
        self.wire.url()
    }

    /// Where the database is served.
    pub fn database_url(&self) -> String {
        self.engine.url()
    }

    /// The database.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What all gates share: refusals, counts, faults.
    pub fn gatehouse(&self) -> &Gatehouse {
        &self.gatehouse
    }

    /// What signs.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// What the pages show.
    pub fn pages(self: &Arc<Self>) -> Pages {
        let system = self.clone();
        Pages {
            standins: self.standins.clone(),
            functions: self.functions.clone(),
            openapi: serde_json::to_value(self.document()).unwrap_or_default(),
            schedules: Arc::new(move || system.next_runs()),
            clock: self.clock.shared(),
            recorded: self.recorded,
        }
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn endpoints(engine: &Engine, wire: &Loopback) -> BTreeMap<Service, String> {
    let url = |service| match service {
        Service::DynamoDb => engine.url(),
        Service::Sqs | Service::EventBridge | Service::Ses | Service::Kms => wire.url(),
    };
    Service::ALL.into_iter().map(|service| (service, url(service))).collect()
}

/// A client over plain HTTP, as every function gets one behind its gate.
type Http = SharedHttpClient;
