//! `cargo xtask budgets`: what functions cost, built as they are deployed, next to an equal one for Node.js: the size of the zip,
//! the time from start to the first poll, memory after real calls, and what a first and a later call cost. All under one runtime
//! API and one database, in turns: what else the machine does strikes all alike.
//!
//! The start is measured as in the cloud, with clients for TLS. Calls go to stand-ins without TLS, so that no handshake is in
//! them; a function and its equal have that alike. To memory after calls is added what a start with TLS takes more than one without.

mod node;
mod report;
mod runtime_api;
mod sandbox;
mod world;

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use local::{machine::StartError, seed::SeedError, standins::queues::QueueError};
use platform::Function;
use serde_json::{Value, json};
use storage::{Grant, StoreError};
use zip::{ZipWriter, result::ZipError, write::SimpleFileOptions};

use self::{
    node::NodeFunction,
    report::{Report, Round, Subject},
    sandbox::{Cost, Sandbox, SandboxError},
    world::World,
};
use crate::{
    files::FileError,
    lambdas::{self, Built, LambdaError, SAMPLE},
    python,
};

/// The function that there is an equal of for Node.js.
const EQUAL: &str = "watchers-get-watcher";
/// Calls of a process: the first one, and later ones of which the median counts.
const CALLS: u8 = 6;
/// How many times as many rounds there are at most when something is over its budget.
const AGAIN: u8 = 3;
/// The id of a watcher that there is not.
const NOT_THERE: &str = "wat_00000000000000000000000000";
/// Headers that an answer and its equal have alike.
const HEADERS: [&str; 5] = ["content-type", "etag", "cache-control", "www-authenticate", "x-content-type-options"];

/// Why budgets are not kept, or can't be measured.
#[derive(Debug, thiserror::Error)]
pub enum BudgetError {
    /// Functions can't be built.
    #[error(transparent)]
    Build(#[from] LambdaError),
    /// A file can't be read or written, or npm says no.
    #[error(transparent)]
    File(#[from] FileError),
    /// The system around the functions does not start.
    #[error(transparent)]
    System(#[from] StartError),
    /// A member can't be made.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The store can't take what functions are to find.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues can't be read.
    #[error(transparent)]
    Queues(#[from] QueueError),
    /// The mailbox can't be read.
    #[error("the mailbox can't be read")]
    Mailbox,
    /// What is no value of the domain.
    #[error("{0:?} is no such value")]
    Value(String),
    /// A sample or an answer is no JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A zip can't be made.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// A file can't be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A process can't be measured.
    #[error("{function}: {error}; it logged to {}", .log.display())]
    Process {
        /// Which.
        function: &'static str,
        /// Why.
        error: SandboxError,
        /// Where it says more.
        log: PathBuf,
    },
    /// Nothing was left for a function to do.
    #[error("{0}: there is nothing for it to do")]
    NothingToDo(&'static str),
    /// A function that is none.
    #[error("there is no function {0}")]
    NoFunction(&'static str),
    /// A function did not do its work: its cost would tell nothing.
    #[error("{function} did not do its work: {answer}")]
    Idle {
        /// Which.
        function: &'static str,
        /// What it answered.
        answer: Value,
    },
    /// The function for Node.js is no equal.
    #[error("asked {asked}, it answers for Node.js {theirs}, ours {ours}")]
    Unequal {
        /// For what.
        asked: &'static str,
        /// Our answer.
        ours: Value,
        /// Its answer.
        theirs: Value,
    },
    /// Budgets that are not kept.
    #[error("over budget:{}", .0.iter().map(|over| format!("\n  {over}")).collect::<String>())]
    Over(Vec<String>),
}

/// Measures so many rounds, tells the figures and writes them to `target/budgets/budgets.json`.
///
/// # Errors
/// If something is over its budget, or can't be measured.
pub async fn run(root: &Path, rounds: u8, tell: impl Fn(&str)) -> Result<(), BudgetError> {
    let built = lambdas::build(root, &SAMPLE)?;
    tell(&format!("{} functions were built in {} s", SAMPLE.len(), built.time.as_secs()));
    let ours: Vec<Program> = SAMPLE.iter().map(|name| Program::ours(name, &built)).collect::<Result<_, _>>()?;
    let node = NodeFunction::build(root)?;
    tell(&format!("next to Node.js {}", node.version()?));
    let node = Program::node(node)?;
    let subjects = ours.iter().map(|program| Subject::new(program.name())).collect();
    let mut report = Report { ours: subjects, node: Subject::new(&format!("{EQUAL} (Node.js)")), equal: EQUAL };
    let mut round = 0;
    // What is over may have been disturbed in each round: further ones tell.
    while round < rounds || (round < rounds.saturating_mul(AGAIN) && !report.over().is_empty()) {
        round += 1;
        let bench = Bench { root, world: World::new().await? };
        for (program, subject) in ours.iter().zip(&mut report.ours) {
            subject.rounds.push(bench.measure(program).await?);
            report.node.rounds.push(bench.measure(&node).await?);
        }
        for program in ours.iter().filter(|program| program.name() == EQUAL) {
            bench.hold_equal(program, &node).await?;
        }
        tell(&format!("round {round}"));
    }
    tell(&format!("\n{}", report.table()));
    fs::write(folder(root)?.join("budgets.json"), format!("{:#}\n", report.json()))?;
    match report.over() {
        over if over.is_empty() => Ok(()),
        over => Err(BudgetError::Over(over)),
    }
}

/// A program that is measured.
struct Program {
    function: &'static dyn Function,
    zip: u64,
    command: Box<dyn Fn() -> Command>,
}

impl Program {
    fn ours(name: &'static str, built: &Built) -> Result<Self, BudgetError> {
        let bootstrap = built.bootstrap(name);
        let zip = zipped(&bootstrap, "bootstrap")?;
        Ok(Self { function: function(name)?, zip, command: Box::new(move || sandbox::program(&bootstrap)) })
    }

    fn node(node: NodeFunction) -> Result<Self, BudgetError> {
        let zip = zipped(&node.bundle(), "index.cjs")?;
        Ok(Self { function: function(EQUAL)?, zip, command: Box::new(move || node.program()) })
    }

    fn name(&self) -> &'static str {
        self.function.spec().name
    }

    /// Whether its calls change anything.
    fn changes(&self) -> bool {
        let grants = self.function.grants();
        grants.iter().any(|grant| match grant {
            Grant::Write(_) | Grant::Emit(_) | Grant::Send(_) | Grant::Publish | Grant::Mail => true,
            // A key that is made is none of KMS's things: nothing of it stays.
            Grant::Read(_) | Grant::Call(_) | Grant::MakeKeys | Grant::UseKeys | Grant::Know(_) => false,
        })
    }
}

fn function(name: &'static str) -> Result<&'static dyn Function, BudgetError> {
    local::machine::functions().into_iter().find(|function| function.spec().name == name).ok_or(BudgetError::NoFunction(name))
}

/// Where logs and figures are kept.
fn folder(root: &Path) -> io::Result<PathBuf> {
    let folder = python::target(root).join("budgets");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The size of a file's zip, compressed as cargo-lambda compresses it.
fn zipped(file: &Path, name: &str) -> Result<u64, BudgetError> {
    let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()));
    zip.start_file(name, SimpleFileOptions::default())?;
    zip.write_all(&fs::read(file)?)?;
    Ok(zip.finish()?.into_inner().len() as u64)
}

/// What programs are measured in.
struct Bench<'a> {
    root: &'a Path,
    world: World,
}

impl Bench<'_> {
    async fn measure(&self, program: &Program) -> Result<Round, BudgetError> {
        let memory = |sandbox: &Sandbox| sandbox.memory().map_err(|error| self.failed(program, error));
        let (with_tls, start) = self.start(program, &[]).await?;
        let at_start = memory(&with_tls)?;
        drop(with_tls);
        let (mut sandbox, _) = self.start(program, &self.world.endpoints()).await?;
        let tls = at_start.less(memory(&sandbox)?);
        let first = self.call(program, &mut sandbox, 0).await?.1;
        let mut later = Vec::new();
        for n in 1..CALLS {
            later.push(self.call(program, &mut sandbox, n).await?.1);
        }
        let memory = memory(&sandbox)?.more(tls);
        Ok(Round { zip: program.zip, start, first, next: Cost::median(&later), memory })
    }

    async fn start(&self, program: &Program, endpoints: &[(&str, String)]) -> Result<(Sandbox, Cost), BudgetError> {
        let log = File::create(self.log(program))?;
        let mut command = (program.command)();
        command.envs(self.world.environment(program.function)).envs(endpoints.iter().cloned());
        command.stdout(log.try_clone()?).stderr(log);
        Sandbox::start(command).await.map_err(|error| self.failed(program, error))
    }

    /// The n-th call, and that something came of it.
    async fn call(&self, program: &Program, sandbox: &mut Sandbox, n: u8) -> Result<(Value, Cost), BudgetError> {
        let event = self.world.event(self.root, program.function, n).await?;
        let before = self.world.state()?;
        let (answer, cost) = sandbox.call(event).await.map_err(|error| self.failed(program, error))?;
        let after = self.world.state()?;
        let done = is_good(&answer) && after.has_no_dead_letters() && (before != after) == program.changes();
        if done { Ok((answer, cost)) } else { Err(BudgetError::Idle { function: program.name(), answer }) }
    }

    /// An equal answers the same events the same: status, headers and body.
    async fn hold_equal(&self, ours: &Program, theirs: &Program) -> Result<(), BudgetError> {
        let (mut ours_runs, _) = self.start(ours, &self.world.endpoints()).await?;
        let (mut theirs_runs, _) = self.start(theirs, &self.world.endpoints()).await?;
        let event = self.world.event(self.root, ours.function, 0).await?;
        for (asked, status, event) in questions(&event) {
            let (ours, _) = ours_runs.call(event.clone()).await.map_err(|error| self.failed(ours, error))?;
            let (theirs, _) = theirs_runs.call(event).await.map_err(|error| self.failed(theirs, error))?;
            let (ours, theirs) = (comparable(&ours), comparable(&theirs));
            if ours != theirs || ours[0] != status {
                return Err(BudgetError::Unequal { asked, ours, theirs });
            }
        }
        Ok(())
    }

    fn log(&self, program: &Program) -> PathBuf {
        python::target(self.root).join("budgets").join(format!("{}.log", program.name()))
    }

    fn failed(&self, program: &Program, error: SandboxError) -> BudgetError {
        BudgetError::Process { function: program.name(), error, log: self.log(program) }
    }
}

/// What an endpoint and its equal are asked, with the status that both answer: what there is, what there is not, and without a token.
fn questions(event: &Value) -> [(&'static str, u16, Value); 3] {
    let (mut another, mut nobody) = (event.clone(), event.clone());
    let path = event["rawPath"].as_str().unwrap_or_default();
    let (collection, _) = path.rsplit_once('/').unwrap_or_default();
    another["rawPath"] = json!(format!("{collection}/{NOT_THERE}"));
    another["pathParameters"]["id"] = json!(NOT_THERE);
    nobody["headers"].as_object_mut().and_then(|headers| headers.remove("authorization"));
    [("for what is there", 200, event.clone()), ("for what is not there", 404, another), ("without a token", 401, nobody)]
}

/// Status, headers and body. A problem tells the id of its request, which is each time another.
fn comparable(answer: &Value) -> Value {
    let headers = HEADERS.map(|header| answer["headers"][header].clone());
    let body = answer["body"].as_str().unwrap_or_default();
    let problem = serde_json::from_str::<Value>(body).ok().and_then(|mut problem| {
        problem.as_object_mut()?.remove("requestId")?;
        Some(problem)
    });
    json!([answer["statusCode"], headers, problem.unwrap_or_else(|| json!(body))])
}

/// A good answer of an endpoint, or a job's that reports no failures.
fn is_good(answer: &Value) -> bool {
    match answer["statusCode"].as_u64() {
        Some(status) => (200..300).contains(&status),
        None => answer["batchItemFailures"].as_array().is_none_or(Vec::is_empty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_compared_but_for_the_id_of_their_request() {
        let problem = |id: &str, title: &str| {
            let body = json!({"title": title, "requestId": id}).to_string();
            comparable(&json!({"statusCode": 404, "headers": {"date": id}, "body": body}))
        };
        assert_eq!(problem("req_1", "Not found"), problem("req_2", "Not found"));
        assert_ne!(problem("req_1", "Not found"), problem("req_1", "Gone"));
        let other_order = comparable(&json!({"body": r#"{"b":1,"a":2}"#}));
        assert_ne!(other_order, comparable(&json!({"body": r#"{"a":2,"b":1}"#})), "good answers are the same to the byte");
    }

    #[test]
    fn an_answer_is_good_if_it_says_so() {
        for good in [json!({"statusCode": 201}), json!({"batchItemFailures": []}), Value::Null] {
            assert!(is_good(&good), "{good}");
        }
        for bad in
            [json!({"statusCode": 304}), json!({"statusCode": 500}), json!({"batchItemFailures": [{"itemIdentifier": "1"}]})]
        {
            assert!(!is_good(&bad), "{bad}");
        }
    }
}
