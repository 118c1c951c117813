//! The command line.

use std::{io, io::IsTerminal, net::Ipv4Addr, path::PathBuf, sync::Arc, time::Instant};

use clap::{Args, Parser, Subcommand};
use domain::{
    faults::Invalid,
    money::{CentsPerPoint, Money, Points, ProgrammeId},
    value::{Fees, MOST_NIGHTS, Stay, StayPrice, ValueError},
};
use jiff::{SignedDuration, civil::Date, tz::TimeZone};
use platform::clock::{Clock, SystemClock};
use tokio::net::TcpListener;

use crate::{
    data::{Folder, FolderError},
    demo::{self, DemoError, DemoOptions},
    keys::{KeyError, Keys},
    machine::{Options, StartError, System, clock_of, functions, topology},
    pages,
    played::live_sources,
    seed::{self, SeedError},
    serve::serve,
    standins::{
        StandinError, Standins,
        queues::{QueueError, QueueStats},
    },
    valued::{self, Offer},
};

/// The whole system on one machine.
#[derive(Debug, Parser)]
#[command(name = "local")]
pub struct Cli {
    /// Where the state is kept.
    #[arg(long, default_value = ".local", global = true)]
    data: PathBuf,
    /// The port of the API.
    #[arg(long, default_value_t = 8787, global = true)]
    port: u16,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the API and lets time run (the default).
    Serve,
    /// Runs the main job on recorded observations and prints what it found.
    Demo(Demo),
    /// Prints an access token.
    Token(Token),
    /// Says what an award is worth, line by line.
    Value(Box<Value>),
    /// Lists the dead letters, or sends them back to the queue they came from.
    Redrive(Redrive),
}

#[derive(Debug, Args)]
struct Demo {
    /// Ends when it has printed, instead of serving the pages until Ctrl-C. So does a demo whose output is no terminal.
    #[arg(long)]
    once: bool,
}

#[derive(Debug, Args)]
struct Token {
    /// The member's handle.
    #[arg(long)]
    member: String,
    /// How long it is good; without this, 15 minutes.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=8760))]
    hours: Option<u16>,
}

#[derive(Debug, Args)]
struct Value {
    /// Whose points: an id of data/programmes.csv, such as atmos.
    #[arg(long)]
    programme: ProgrammeId,
    /// How many it asks; a stay, each night.
    #[arg(long, value_parser = points)]
    points: Points,
    /// Makes it a stay of so many nights.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=i64::from(MOST_NIGHTS)))]
    nights: Option<u8>,
    /// That you come under the programme's rule of free nights, where it is for holders of a status or a card.
    #[arg(long, requires = "nights")]
    free_nights: bool,
    /// Taxes of the whole stay, for who pays in money.
    #[arg(long, requires = "nights", allow_hyphen_values = true, value_parser = amount)]
    cash_taxes: Option<Money>,
    /// Resort fees of the whole stay, for who pays in money.
    #[arg(long, requires = "nights", allow_hyphen_values = true, value_parser = amount)]
    cash_resort_fees: Option<Money>,
    /// What a hotel charges on top of an award.
    #[arg(long, allow_hyphen_values = true, value_parser = amount)]
    resort: Option<Money>,
    /// Taxes and airport charges, such as 5.60USD.
    #[arg(long, allow_hyphen_values = true, value_parser = amount)]
    fees: Money,
    /// What it costs in money alone, such as 563.50USD; a stay, all nights.
    #[arg(long, allow_hyphen_values = true, value_parser = amount)]
    cash: Money,
    /// What the carrier adds to the taxes.
    #[arg(long, allow_hyphen_values = true, value_parser = amount)]
    surcharge: Option<Money>,
    /// What booking costs.
    #[arg(long, allow_hyphen_values = true, value_parser = amount)]
    booking: Option<Money>,
    /// What booking shortly before costs.
    #[arg(long, allow_hyphen_values = true, value_parser = amount)]
    close_in: Option<Money>,
    /// What transferring the points costs.
    #[arg(long, allow_hyphen_values = true, value_parser = amount)]
    transfer: Option<Money>,
    /// What paying in another currency costs.
    #[arg(long, allow_hyphen_values = true, value_parser = amount)]
    foreign_exchange: Option<Money>,
    /// What a point is worth to you in US cents; without it, what is published counts.
    #[arg(long, value_parser = domain::value::own)]
    own: Option<CentsPerPoint>,
    /// The day of exchange rates and of what is published; without it, today, at the newest shipped rates.
    #[arg(long)]
    on: Option<Date>,
}

#[derive(Debug, Args)]
struct Redrive {
    /// The queue whose dead letters go back to it, parked or received too often; without one they are only listed.
    queue: Option<String>,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The data folder can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There are no keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The system did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The port can't be had, or served.
    #[error("port {port}: {error}")]
    Port {
        /// Which.
        port: u16,
        /// Why.
        error: io::Error,
    },
    /// The demo failed.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The member has no such handle.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// There is no such member.
    #[error("there is no member {0:?}; there are: {1}")]
    NoSuchMember(String, String),
    /// The stand-ins can't be opened.
    #[error(transparent)]
    Standins(#[from] StandinError),
    /// The queues failed.
    #[error(transparent)]
    Queues(#[from] QueueError),
    /// An award can't be valued.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// An award can't be valued on this day, but on another.
    #[error("{0}; --on {1} takes the rates of that day")]
    NoRateThen(ValueError, Date),
}

/// A number of points as people write it: 50000 or 50,000.
fn points(text: &str) -> Result<Points, String> {
    ungrouped(text).parse().map_err(|error: Invalid| error.to_string())
}

/// A number without the commas between its groups of three; anything else as it is.
fn ungrouped(text: &str) -> String {
    let whole = text.split('.').next().unwrap_or(text);
    let digits = whole.trim_end_matches(|letter: char| letter.is_ascii_alphabetic() || letter == ' ');
    let (first, groups) = digits.split_once(',').unwrap_or((digits, "000"));
    let is_grouped = (1..=3).contains(&first.len()) && groups.split(',').all(|group| group.len() == 3);
    if is_grouped { text.replace(',', "") } else { text.to_owned() }
}

/// An amount as it can be valued: with its currency, and not below zero. 1,250.00usd is 1250.00USD.
fn amount(text: &str) -> Result<Money, String> {
    let text = ungrouped(text).to_ascii_uppercase();
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
    if is_number && text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(format!("its currency is missing: {text}USD, or which it is"));
    }
    let amount: Money = text.parse().map_err(|error: Invalid| error.to_string())?;
    if amount.is_negative() { Err("it must not be below zero".to_owned()) } else { Ok(amount) }
}

/// Does what the command line says.
///
/// # Errors
/// Why it could not.
pub async fn run(cli: Cli) -> Result<(), CliError> {
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve_api(cli.data, cli.port).await,
        Command::Demo(Demo { once }) => run_demo(cli.data, cli.port, once).await,
        Command::Value(value) => print_value(*value),
        Command::Token(token) => print_token(&Folder::open(cli.data)?, &token),
        Command::Redrive(redrive) => move_dead_letters(&Folder::open(cli.data)?, redrive.queue.as_deref()),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

async fn serve_api(data: PathBuf, port: u16) -> Result<(), CliError> {
    let started = Instant::now();
    let failed = |error| CliError::Port { port, error };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let url = format!("http://localhost:{port}");
    let folder = Folder::open(data)?;
    let _claimed = folder.claim()?;
    let system = Arc::new(System::start(Options::kept_in(folder.clone(), live_sources(variable), url.clone())?).await?);
    say(&greeting(&system, &folder, &url, started));
    serve(&system, listener, pages::router(system.pages())).await.map_err(failed)
}

/// Runs the job, tells what it found, and serves the pages that show it.
async fn run_demo(data: PathBuf, port: u16, once: bool) -> Result<(), CliError> {
    let url = format!("http://localhost:{port}");
    if live_sources(variable).is_empty() {
        say("playing recordings …");
    } else {
        say("asking the sources live; this takes up to two minutes …");
    }
    let (system, report) = demo::run(DemoOptions { data: data.clone(), url: url.clone() }).await?;
    say(&report);
    let folder = data.join("demo");
    let again = format!("cargo local --data {} --port {port} serves these pages again", folder.display());
    if once || !io::stdout().is_terminal() {
        say(&again);
        return Ok(());
    }
    let failed = |error| CliError::Port { port, error };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
    let _served = Folder::open(folder.clone())?.claim()?;
    say(&format!("serving {url}/_local/ until Ctrl-C; a token: cargo local --data {} token --member demo", folder.display()));
    serve(&system, listener, pages::router(system.pages())).await.map_err(failed)
}

fn greeting(system: &System, folder: &Folder, url: &str, started: Instant) -> String {
    let data = folder.path().display();
    let ready = started.elapsed().as_millis();
    [
        format!("ready in {ready} ms; it is {:.0} here", system.now()),
        format!("  API         {url}/v1"),
        format!("  pages       {url}/_local/"),
        format!("  database    {}", system.database_url()),
        format!("  data        {data}"),
        format!("  a token     cargo local --data {data} token --member demo"),
    ]
    .join("\n")
}

fn print_token(folder: &Folder, token: &Token) -> Result<(), CliError> {
    let person = seed::DEMO.members.iter().find(|person| person.handle == token.member).ok_or_else(|| {
        let known: Vec<&str> = seed::DEMO.members.iter().map(|person| person.handle).collect();
        CliError::NoSuchMember(token.member.clone(), known.join(", "))
    })?;
    let owner = seed::owner(seed::DEMO.id, person.handle)?;
    let clock = clock_of(folder, &live_sources(variable))?;
    let lifetime = token.hours.map_or(crate::keys::LIFETIME, |hours| SignedDuration::from_hours(hours.into()));
    let claims = Keys::claims(&owner, person.role, clock.now(), lifetime);
    say(&Keys::kept_in(folder.path())?.sign(&claims)?);
    Ok(())
}

fn print_value(asked: Value) -> Result<(), CliError> {
    let fees = Fees {
        taxes: Some(asked.fees),
        carrier_surcharge: asked.surcharge,
        booking: asked.booking,
        close_in: asked.close_in,
        transfer: asked.transfer,
        foreign_exchange: asked.foreign_exchange,
        resort: asked.resort,
    };
    let Value { programme, points, cash, own, on, .. } = asked;
    let price = StayPrice { nights: vec![cash], taxes: asked.cash_taxes, resort_fees: asked.cash_resort_fees };
    let under_rule = asked.free_nights;
    let stay = asked.nights.map(|nights| Stay { nights, points_a_night: points, under_rule, price: Some(price) });
    let any_rates = on.is_none();
    let on = on.unwrap_or_else(|| TimeZone::UTC.to_datetime(SystemClock.now()).date());
    let told = valued::tell(&Offer { programme, points, stay, fees, cash, own, on, any_rates });
    say(&told.map_err(|error| match error.another_day() {
        Some(day) => CliError::NoRateThen(error, day),
        None => error.into(),
    })?);
    Ok(())
}

fn move_dead_letters(folder: &Folder, queue: Option<&str>) -> Result<(), CliError> {
    let clock = clock_of(folder, &live_sources(variable))?;
    let standins = Standins::open(Some(&folder.queues_db()), clock.shared(), topology(&functions())?)?;
    let queues = standins.queues();
    if let Some(queue) = queue {
        let moved = queues.redrive(&format!("{queue}-dead"))?;
        let messages = if moved == 1 { "message is" } else { "messages are" };
        say(&format!("{moved} {messages} back on {queue}"));
    }
    let dead = |stats: &QueueStats| !stats.dead_letter_of.is_empty() && stats.visible > 0;
    let all = queues.stats()?;
    if !all.iter().any(dead) {
        say("there are no dead letters");
    }
    for stats in all.iter().filter(|stats| dead(stats)) {
        say(&format!("{}: {}", stats.name, stats.visible));
        for letter in queues.peek(&stats.name, 100)? {
            say(&format!("  {} sent {:.0}: {}: {}", letter.id, letter.sent_at, letter.reason(), letter.body));
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what a command line program has to say")]
fn say(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a `value` with these options besides; nothing, where it is taken.
    fn said(options: &[&str]) -> String {
        let offer = ["local", "value", "--points", "50000", "--programme", "atmos"];
        Cli::try_parse_from(offer.iter().chain(options)).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn points_are_taken_as_people_group_them() {
        assert_eq!(
            ["50000", "50,000", "1,250,000"].map(|text| points(text).map(Points::get)),
            [50_000, 50_000, 1_250_000].map(Ok)
        );
        for wrong in ["50,00", "5,0000", ",000", "50.000", "fifty", ""] {
            assert_eq!(points(wrong), Err("points must be a whole number".to_owned()), "{wrong}");
        }
    }

    #[test]
    fn an_amount_has_a_currency_and_is_not_below_zero() {
        let fees = |fees| said(&["--cash", "563.50USD", "--fees", fees]);
        assert_eq!(fees("5.60USD"), "");
        assert!(fees("-5.60USD").contains("'--fees <FEES>': it must not be below zero"), "{}", fees("-5.60USD"));
        assert!(fees("5.60").contains("its currency is missing: 5.60USD"), "{}", fees("5.60"));
        assert!(fees("much").contains("a number and a currency, such as 5.60USD"), "{}", fees("much"));
        let own = said(&["--fees", "5.60USD", "--cash", "1USD", "--own", "0"]);
        assert!(own.contains("'--own <OWN>': a point's worth must be above 0 and at most 1000 cents"), "{own}");
        assert_eq!([fees("5.60usd"), fees("5.60 USD"), fees("1,250.60usd")], [""; 3]);
        assert!(fees("5,60USD").contains("a number and a currency"), "{}", fees("5,60USD"));
        assert!(said(&["--fees", "5.60USD", "--cash", "-1USD"]).contains("'--cash <CASH>': it must not be below zero"));
        assert!(said(&["--fees", "5.60USD", "--cash", "1USD", "--close-in", "-1USD"]).contains("'--close-in <CLOSE_IN>'"));
    }
}
