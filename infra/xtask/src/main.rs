//! `cargo xtask`: developer automation.

use std::{error::Error, path::Path, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use xtask::{
    budgets,
    check::{self, Extent},
    docs,
    files::{self, Made},
    licences,
    new_function::{self, Order, Trigger},
    openapi, recordings, redrive, tidy,
};

/// Developer automation.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs what CI runs, and stops at the first failure
    Check {
        /// Leaves out what compiles the workspace
        #[arg(long)]
        quick: bool,
        /// Also compiles and tests what `new-function` makes, in a copy of the workspace
        #[arg(long)]
        generated: bool,
    },
    /// Makes a function that compiles, is registered, described and tested
    NewFunction(NewFunction),
    /// Tells the main job's story under every fault, as `-- --help` says
    Faults {
        /// For the harness
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Writes the OpenAPI document
    Openapi(Written),
    /// Writes docs/functions.md and docs/data.md
    Docs(Written),
    /// Writes the recordings that the local run's travel sources play
    Recordings(Written),
    /// Sends the dead letters of a queue in the cloud round again (here: cargo local redrive)
    ///
    /// Region and credentials are those of the environment: AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if there
    /// is one, AWS_SESSION_TOKEN. AWS_ENDPOINT_URL_SQS names another endpoint.
    Redrive(Redrive),
    /// Measures functions as they are deployed, next to an equal one for Node.js; fails when one is over its budget
    Budgets {
        /// How many times each is measured; medians count
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
        rounds: u8,
    },
    /// Checks the licences of what is linked
    Licences,
    /// Checks the rules that the compiler can't hold
    Tidy,
}

#[derive(Debug, Args)]
struct Written {
    /// Writes nothing; fails when it is stale
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Args)]
struct NewFunction {
    /// The context; a new one is made
    context: String,
    /// What the function does, such as get-watcher
    name: String,
    #[command(flatten)]
    trigger: TriggerArguments,
    /// Prints the files and writes none
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct Redrive {
    /// The queue that the dead letters are of, such as searches
    queue: String,
    /// How many messages a second; without this SQS decides
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=500))]
    max_per_second: Option<i32>,
    /// What the deployment's queue names begin with
    #[arg(long, default_value = "")]
    prefix: String,
}

/// What starts it.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct TriggerArguments {
    /// Answers a request, such as 'GET /v1/watchers/{id}'
    #[arg(long)]
    endpoint: Option<String>,
    /// Works a queue that functions send to
    #[arg(long)]
    queue: Option<String>,
    /// Works a queue of its own, which the bus fills with these events
    #[arg(long, value_delimiter = ',')]
    events: Vec<String>,
    /// Runs by a schedule, such as 'rate(1 minute)'
    #[arg(long)]
    schedule: Option<String>,
}

fn main() -> ExitCode {
    let root = xtask::root();
    match run(&root, Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Check { quick, generated } => {
            let outcome = check::run(root, &check::steps(Extent { quick, generated }), tell);
            outcome.map_err(|(step, error)| format!("{step}: {error}").into())
        }
        Command::NewFunction(arguments) => generate(root, arguments),
        Command::Faults { arguments } => {
            let run = ["run", "--quiet", "--locked", "--profile", "bench", "--package", "faults", "--"];
            Ok(files::run(files::cargo(root).args(run).args(arguments))?)
        }
        Command::Openapi(written) => write_or_check(root, &written, &[openapi::file()?], "openapi"),
        Command::Docs(written) => write_or_check(root, &written, &docs::files(), "docs"),
        Command::Recordings(Written { check: true }) => Ok(check::recordings_are_current(root)?),
        Command::Recordings(Written { check: false }) => Ok(recordings::write(root)?),
        Command::Redrive(arguments) => send_round_again(arguments),
        Command::Budgets { rounds } => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            Ok(runtime.block_on(budgets::run(root, rounds, tell))?)
        }
        Command::Licences => {
            tell(&format!("{} crates of others are linked; their licences are accepted", licences::check(root)?));
            Ok(())
        }
        Command::Tidy => {
            tell(&format!("{} files are tidy", tidy::check(root)?));
            Ok(())
        }
    }
}

fn write_or_check(root: &Path, written: &Written, made: &[Made], command: &'static str) -> Result<(), Box<dyn Error>> {
    if written.check {
        return Ok(check::current(root, made, command)?);
    }
    for file in made {
        file.write(root)?;
        tell(&file.path);
    }
    Ok(())
}

fn generate(root: &Path, arguments: NewFunction) -> Result<(), Box<dyn Error>> {
    let NewFunction { context, name, trigger: TriggerArguments { endpoint, queue, events, schedule }, dry_run } = arguments;
    let trigger = match (endpoint, queue, schedule) {
        (Some(route), ..) => Trigger::endpoint(&route)?,
        (_, Some(queue), _) => Trigger::queue(&queue)?,
        (.., Some(expression)) => Trigger::schedule(&expression)?,
        (None, None, None) => Trigger::events(events)?,
    };
    let order = Order::new(&context, &name, trigger)?;
    let files = new_function::plan(root, &order)?;
    if dry_run {
        for Made { path, text } in &files {
            tell(&format!("=== {path}\n{text}"));
        }
        return Ok(());
    }
    new_function::carry_out(root, &files)?;
    for Made { path, .. } in &files {
        tell(path);
    }
    tell(&new_function::what_is_left(&order));
    Ok(())
}

fn send_round_again(Redrive { queue, max_per_second, prefix }: Redrive) -> Result<(), Box<dyn Error>> {
    let sqs = redrive::client(|name| std::env::var(name).ok())?;
    let order = redrive::Order { queue, prefix, max_per_second };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(redrive::redrive(&sqs, &order, redrive::PAUSE, tell))?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command prints for whoever runs it")]
fn tell(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "a command says why it failed")]
fn complain(text: &str) {
    eprintln!("error: {text}");
}
