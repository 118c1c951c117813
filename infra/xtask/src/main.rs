//! `cargo xtask`: developer automation.

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use domain::{
    identity::{Plan, Role},
    ids::{MemberId, Owner, TenantId},
};
use jiff::SignedDuration;
use platform::{
    aws::Aws,
    clock::{Clock, SystemClock},
};
use serde::de::DeserializeOwned;
use storage::Store;
use xtask::{
    budgets,
    check::{self, Extent},
    deployment, docs,
    files::{self, Made},
    licences,
    new_function::{self, Order, Trigger},
    normalise, openapi,
    operator::{self, NewMember, NewToken},
    recordings, redrive,
    rewrap::{self, Rewrapped},
    stacks, staleness, templates, tidy,
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
    /// Runs every call that our code makes to AWS against the local stand-ins and MiniStack, and holds them against each other
    Conformance,
    /// Writes the OpenAPI document
    Openapi(Written),
    /// Writes docs/functions.md and docs/data.md
    Docs(Written),
    /// Writes the stacks of the functions and the root template
    Stacks(Written),
    /// Says which rows of the shipped tables are older than so many days
    Staleness {
        /// How old a row may be; exchange rates are old as soon as nothing is converted by them
        #[arg(long, default_value_t = 180)]
        days: u16,
    },
    /// Checks the templates, and proves that the checks bite
    Templates,
    /// Writes the recordings that the local run's travel sources play
    Recordings(Written),
    /// Prints what the adapter of a travel source makes of one recorded answer: offers and what was set aside, or the typed error
    Normalise(Normalise),
    /// Sends the dead letters of a queue in the cloud round again (here: cargo local redrive)
    ///
    /// Region and credentials are those of the environment: AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if there
    /// is one, AWS_SESSION_TOKEN. AWS_ENDPOINT_URL_SQS names another endpoint.
    Redrive(Redrive),
    /// Deploys the templates and a sample of functions to MiniStack, and drives the main job there
    Deployment,
    /// Makes the key that a deployment's access tokens are signed with, and prints its public half: the parameter TokenJwks
    IssuerKey(IssuerKey),
    /// Prints what a CDN in front of a deployment shows in the header X-Edge-Key, so that what it says of its viewers counts
    ///
    /// It follows from the deployment's secret CURSOR_KEY, which is read from the environment, and changes with it.
    EdgeKey,
    /// Has members' keys that another master key has wrapped wrapped by the one of the deployment; again it goes on
    ///
    /// Region and credentials are those of the environment: AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if there
    /// is one, AWS_SESSION_TOKEN. AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL_KMS name other endpoints.
    Rewrap(Rewrap),
    /// Stores a member of a deployment, with their tenant and its host, and prints the member's id; again it changes nothing
    ///
    /// They have no password: they choose one as if they had forgotten it, by a passcode to their address.
    /// Region and credentials are those of the environment: AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if there
    /// is one, AWS_SESSION_TOKEN. AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL_KMS name other endpoints. LOOKUP_KEY is the
    /// deployment's secret of that name.
    SeedMember(SeedMember),
    /// Prints an access token of a deployment's member (here: cargo local token)
    Token(Token),
    /// Measures functions as they are deployed, next to an equal one for Node.js; fails when one is over its budget
    Budgets {
        /// How many times each is measured; what time counts is that of the fastest
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
struct Normalise {
    /// The source, such as expedia-rapid
    source: String,
    /// What was asked, such as availability; auto guesses it
    operation: String,
    /// The answer: its body, or an object of status, headers and body
    file: PathBuf,
    /// When it arrived, such as 2026-02-17T19:23:50Z; now, without this
    #[arg(long)]
    at: Option<jiff::Timestamp>,
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

#[derive(Debug, Args)]
struct IssuerKey {
    /// The file that is made, readable by its owner alone: PKCS#8
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct Rewrap {
    /// The ARN of the master key whose place the one of the deployment takes
    former: String,
    /// What the deployment's table names begin with, such as live-
    #[arg(long, default_value = "")]
    prefix: String,
}

#[derive(Debug, Args)]
struct SeedMember {
    /// What the deployment's table names begin with, such as live-
    #[arg(long, default_value = "")]
    prefix: String,
    /// The tenant's slug
    #[arg(long)]
    tenant: String,
    /// What the tenant is called in mails
    #[arg(long, default_value = "Mile Buy Club")]
    brand: String,
    /// The host that names the tenant, such as api.example.com
    #[arg(long)]
    host: String,
    /// Where the member's mail goes
    #[arg(long)]
    email: String,
    /// The member's handle; without this, it is made of the address
    #[arg(long)]
    handle: Option<String>,
    /// What the member is called; without this, by their handle
    #[arg(long)]
    name: Option<String>,
    /// The member's time zone, and the tenant's
    #[arg(long, default_value = "UTC")]
    zone: String,
    /// What the member is entitled to: free or premium
    #[arg(long, default_value = "premium", value_parser = named::<Plan>)]
    plan: Plan,
    /// What the member may be: member, partner, admin (of the tenant) or operator (of the deployment)
    #[arg(long, default_value = "member", value_parser = role_of_someone)]
    role: Role,
}

/// A value of the domain, by its name.
fn named<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_value(text.into())
}

/// What a person may be: a job is none.
fn role_of_someone(text: &str) -> Result<Role, String> {
    let role = named(text).ok().filter(|role| *role != Role::Service);
    role.ok_or_else(|| "it is member, partner, admin or operator".to_owned())
}

#[derive(Debug, Args)]
struct Token {
    /// The file of the issuer's key
    #[arg(long)]
    key: PathBuf,
    /// The parameter TokenIssuer
    #[arg(long)]
    issuer: String,
    /// The parameter TokenAudience
    #[arg(long)]
    audience: String,
    /// The tenant's slug
    #[arg(long)]
    tenant: TenantId,
    /// The member's id, as seed-member prints it
    #[arg(long)]
    member: MemberId,
    /// How long it is good
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..=1440))]
    minutes: u16,
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
        Command::Conformance => {
            Ok(files::run(files::cargo(root).args(["run", "--quiet", "--locked", "--package", "conformance"]))?)
        }
        Command::Openapi(written) => write_or_check(root, &written, &[openapi::file()?], "openapi"),
        Command::Docs(written) => write_or_check(root, &written, &docs::files(), "docs"),
        Command::Stacks(written) => write_or_check(root, &written, &stacks::files(root)?, "stacks"),
        Command::Staleness { days } => tell_what_is_old(root, days),
        Command::Templates => Ok(templates::check(root)?),
        Command::Recordings(Written { check: true }) => Ok(check::recordings_are_current(root)?),
        Command::Recordings(Written { check: false }) => Ok(recordings::write(root)?),
        Command::Normalise(Normalise { source, operation, file, at }) => {
            let recorded = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            tell(&normalise::normalise(&source, &operation, &recorded, at.unwrap_or_else(|| SystemClock.now()))?);
            Ok(())
        }
        Command::Redrive(arguments) => send_round_again(arguments),
        Command::Deployment => Ok(deployment::run(root, tell)?),
        Command::IssuerKey(IssuerKey { out }) => {
            tell(&serde_json::to_string(&operator::new_issuer_key(&out)?)?);
            Ok(())
        }
        Command::EdgeKey => {
            tell(&operator::edge_key(|name| std::env::var(name).ok())?);
            Ok(())
        }
        Command::Rewrap(arguments) => wrap_keys_anew(&arguments),
        Command::SeedMember(arguments) => seed_member(&arguments),
        Command::Token(arguments) => print_token(arguments),
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

fn tell_what_is_old(root: &Path, days: u16) -> Result<(), Box<dyn Error>> {
    let today = jiff::tz::TimeZone::UTC.to_datetime(SystemClock.now()).date();
    for old in staleness::report(root, today, days.into())? {
        tell(&format!("{}: by `{}` {} of {} are older than {} days", old.table, old.by, old.rows.len(), old.of, old.days));
        for (at, name) in old.rows {
            tell(&format!("  {at} {name}"));
        }
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
    let order = redrive::Order { queue, prefix, max_per_second };
    runtime()?.block_on(redrive::redrive(&aws()?.sqs(), &order, redrive::PAUSE, tell))?;
    Ok(())
}

fn wrap_keys_anew(Rewrap { former, prefix }: &Rewrap) -> Result<(), Box<dyn Error>> {
    let aws = aws()?;
    let store = Store::new(aws.dynamo(), prefix);
    let vault = operator::vault(&aws, &store, prefix, None);
    let Rewrapped { keys, passed_over } = runtime()?.block_on(rewrap::rewrap(&store, &vault, former))?;
    tell(&format!("{keys} keys are wrapped anew; {passed_over} had changed meanwhile. Run it again until there are none"));
    Ok(())
}

fn seed_member(arguments: &SeedMember) -> Result<(), Box<dyn Error>> {
    let SeedMember { prefix, tenant, brand, host, email, handle, name, zone, plan, role } = arguments;
    let (handle, name) = (handle.as_deref(), name.as_deref());
    let new = NewMember { tenant, brand, host, email, handle, name, zone, plan: *plan, role: *role };
    let (aws, lookup) = (aws()?, operator::lookup_key(|name| std::env::var(name).ok())?);
    let store = Store::new(aws.dynamo(), prefix);
    let vault = operator::vault(&aws, &store, prefix, Some(&lookup));
    let owner = runtime()?.block_on(operator::seed_member(&store, &vault, &new))?;
    tell(&owner.member.to_string());
    Ok(())
}

fn print_token(Token { key, issuer, audience, tenant, member, minutes }: Token) -> Result<(), Box<dyn Error>> {
    let (owner, lifetime) = (Owner { tenant, member }, SignedDuration::from_mins(minutes.into()));
    let new = NewToken { issuer: &issuer, audience: &audience, owner, lifetime };
    tell(&operator::token(&operator::issuer_key(&key)?, &new, SystemClock.now())?);
    Ok(())
}

/// AWS, as the environment says.
fn aws() -> Result<Aws, platform::aws::AwsError> {
    Aws::from_environment(|name| std::env::var(name).ok())
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

#[expect(clippy::print_stdout, reason = "a command prints for whoever runs it")]
fn tell(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "a command says why it failed")]
fn complain(text: &str) {
    eprintln!("error: {text}");
}
