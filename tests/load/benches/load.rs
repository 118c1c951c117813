//! What a request, a sweep and a start cost, measured on this machine: `cargo bench -p load`.
//!
//! The embedded engine and the stand-ins run in a process of their own, so that their CPU and memory can be told from ours;
//! the SDK's share is measured in the same run, by calling it bare. CPU is read from `/proc` (Linux only).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "it measures and prints"
)]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use domain::{
    flights::Cabin,
    identity::Role,
    ids::Owner,
    search::Wanted,
    watchers::{Filters, Schedule, Telling, TravelDates, Watcher, WatcherSpec},
};
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use local::{
    cli::Cli,
    clock::MovableClock,
    keys::Keys,
    machine::{Options, System},
    seed,
};
use platform::{
    Deps, Function,
    aws::{Aws, Service, plain_http},
    chance::SystemChance,
    clock::Clock,
    config::Config,
    outside::OverHttp,
};
use serde_json::json;
use storage::{Change, Store};
use tower::ServiceExt;

const ROLE: &str = "LOAD_ROLE";

fn main() {
    match std::env::var(ROLE).as_deref() {
        Ok("engine") => runtime(2).block_on(serve_engine()),
        Ok("local") => runtime(2).block_on(async { local::cli::run(Cli::parse_from(std::env::args())).await.unwrap() }),
        _ => runtime(1).block_on(measure()),
    }
}

fn runtime(workers: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap()
}

/// The other process: engine, stand-ins and seed. Prints its addresses and serves until it is killed.
async fn serve_engine() {
    let system = System::start(
        // Nobody drives it: its functions do nothing, but their queues are there.
        Options::in_memory(Arc::new(MovableClock::at(start()))).unwrap(),
    )
    .await
    .unwrap();
    println!("{} {}", system.database_url(), system.standins_url());
    std::future::pending::<()>().await;
}

fn start() -> Timestamp {
    "2026-02-17T19:24:00Z".parse().unwrap()
}

async fn measure() {
    requests().await;
    for watchers in [10_000, 100_000] {
        sweep(watchers).await;
    }
    starts();
}

/// Engine and stand-ins in a process of their own.
struct Engine {
    process: Child,
    database: String,
    standins: String,
}

impl Engine {
    fn start() -> Self {
        let exe = std::env::current_exe().unwrap();
        let mut process = Command::new(exe).env(ROLE, "engine").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (database, standins) = line.trim().split_once(' ').unwrap();
        Self { database: database.to_owned(), standins: standins.to_owned(), process }
    }

    fn cpu(&self) -> Duration {
        cpu_of(self.process.id())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// What a function is given, without a gate in front: as in the cloud.
fn deps(function: &'static dyn Function, engine: &Engine, clock: Arc<MovableClock>, keys: &Keys) -> Deps {
    let values = |name: &str| match name {
        "TOKEN_ISSUER" => Some(keys.policy().issuer),
        "TOKEN_AUDIENCE" => Some(keys.policy().audience),
        "TOKEN_JWKS" => Some(keys.jwks().to_string()),
        "CURSOR_KEY" => Some("0123456789abcdef0123456789abcdef".to_owned()),
        "MAIL_SENDER" => Some("alerts@example.com".to_owned()),
        "LOOKUP_KEY" => Some("0123456789abcdef0123456789abcdef".to_owned()),
        "PUBLIC_URL" => Some("http://localhost".to_owned()),
        "EMIT_METRICS" => Some("false".to_owned()),
        name => name
            .strip_prefix("QUEUE_URL_")
            .map(|queue| format!("{}/000000000000/{}", engine.standins, queue.to_lowercase().replace('_', "-"))),
    };
    let config = Config::read(values, &function.needed()).unwrap();
    let endpoints = [(Service::DynamoDb, engine.database.clone()), (Service::Sqs, engine.standins.clone())];
    let aws = Aws {
        region: "us-east-1".to_owned(),
        credentials: aws_credential_types::Credentials::from_keys("load", "load", None),
        endpoints: endpoints.into(),
        http: plain_http(),
        mail_http: plain_http(),
    };
    Deps::new(function.spec(), config, aws, clock, Arc::new(SystemChance), Arc::new(OverHttp::new().unwrap()))
}

fn function(name: &str) -> &'static dyn Function {
    local::machine::functions().into_iter().find(|function| function.spec().name == name).unwrap()
}

fn demo() -> Owner {
    seed::owner(seed::DEMO.id, "demo").unwrap()
}

/// CPU that a process has used, from the scheduler's own count of each of its threads.
fn cpu_of(pid: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let nanos = tasks.filter_map(|task| {
        let stat = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

fn memory_of(pid: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Runs something so many times, and answers CPU of ours and of the engine's, and time, for each.
async fn each(engine: &Engine, times: u32, once: impl AsyncFn()) -> [Duration; 3] {
    let (ours, theirs, time) = (cpu_of(std::process::id()), engine.cpu(), Instant::now());
    for _ in 0..times {
        once().await;
    }
    [(cpu_of(std::process::id()) - ours) / times, (engine.cpu() - theirs) / times, time.elapsed() / times]
}

fn median(mut rounds: Vec<[Duration; 3]>) -> [Duration; 3] {
    rounds.sort_unstable();
    rounds[rounds.len() / 2]
}

/// get-watcher and create-watcher, whole; and the bare SDK call in between, as the baseline.
async fn requests() {
    let (engine, keys, clock) = (Engine::start(), Keys::in_memory().unwrap(), Arc::new(MovableClock::at(start())));
    let get = deps(function("watchers-get-watcher"), &engine, clock.clone(), &keys);
    let create = deps(function("watchers-create-watcher"), &engine, clock.clone(), &keys);
    let mut watcher = watcher(&get, 1, &demo()).await;
    get.store().commit(Change::new().create(&mut watcher)).await.unwrap();

    let token = keys.sign(&Keys::claims(&demo(), Role::Member, clock.now(), SignedDuration::from_hours(2))).unwrap();
    let get_router = platform::gateway::service(function("watchers-get-watcher").as_endpoint().unwrap(), &get);
    let create_router = platform::gateway::service(function("watchers-create-watcher").as_endpoint().unwrap(), &create);
    let request = |method: &str, path: String, body: axum::body::Body| {
        http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(body)
            .unwrap()
    };
    let whole = async || {
        let answer = get_router
            .clone()
            .oneshot(request("GET", format!("/v1/watchers/{}", watcher.id), axum::body::Body::empty()))
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
    };
    let bare = async || {
        let key = |value: String| aws_sdk_dynamodb::types::AttributeValue::S(value);
        let (pk, sk) = (format!("T#{}#M#{}", demo().tenant, demo().member), format!("WATCHER#{}", watcher.id));
        let call = sdk(&engine).get_item().table_name("core").key("pk", key(pk)).key("sk", key(sk)).consistent_read(true);
        assert!(call.send().await.unwrap().item.is_some());
    };
    let input = json!({
        "name": "Load", "wanted": "award-flights", "from": ["LAX"], "to": ["DXB"], "dates": {"on": "2026-04-27"},
        "cabins": ["economy"], "schedule": {"every": "hours", "hours": 24}
    })
    .to_string();
    let write = async || {
        // Refused when the plan's number is reached: then the quota is given back, so that each is a whole write.
        let answer =
            create_router.clone().oneshot(request("POST", "/v1/watchers".to_owned(), input.clone().into())).await.unwrap();
        assert_eq!(answer.status(), 201);
    };
    let give_back = async || {
        let quota = storage::WatcherQuota { owner: demo() };
        get.store().commit(Change::new().count(&quota, -20, u32::MAX)).await.unwrap();
        // A member writes a hundred times a minute at most.
        clock.advance(SignedDuration::from_mins(1));
    };

    let costs = rounds(&engine, &whole, bare, write, give_back).await;
    let concurrent = Instant::now();
    stream::iter(0..4_000).map(|_| whole()).buffer_unordered(16).for_each(|()| async {}).await;
    tell_requests(costs, 4_000.0 / concurrent.elapsed().as_secs_f64());
}

/// What each costs, interleaved, so that what else the machine does strikes all alike.
async fn rounds(
    engine: &Engine,
    whole: impl AsyncFn(),
    bare: impl AsyncFn(),
    write: impl AsyncFn(),
    give_back: impl AsyncFn(),
) -> ([Duration; 3], [Duration; 3], [Duration; 3]) {
    let (mut wholes, mut bares, mut writes) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..6 {
        let measured = (each(engine, 1_000, &whole).await, each(engine, 1_000, &bare).await);
        let mut written = Vec::new();
        for _ in 0..10 {
            written.push(each(engine, 20, &write).await);
            give_back().await;
        }
        // The first round warms up.
        if round > 0 {
            wholes.push(measured.0);
            bares.push(measured.1);
            writes.push(median(written));
        }
    }
    (median(wholes), median(bares), median(writes))
}

fn tell_requests((whole, bare, write): ([Duration; 3], [Duration; 3], [Duration; 3]), a_second: f64) {
    println!("\n## Requests (median of 5 rounds)\n");
    println!("| what | CPU whole | of it ours | engine | time |");
    println!("|---|---|---|---|---|");
    for (what, [ours, theirs, time]) in
        [("get-watcher", whole), ("the same item by the bare SDK", bare), ("create-watcher (transaction of 4)", write)]
    {
        let micros = [ours + theirs, ours, theirs, time].map(|cost| format!("{} µs", cost.as_micros()));
        println!("| {what} | {} |", micros.join(" | "));
    }
    println!("\nget-watcher without SDK and engine: {} µs of CPU", whole[0].saturating_sub(bare[0]).as_micros());
    println!("get-watcher, 16 at once: {a_second:.0} requests a second (function, SDK, engine on one machine)");
}

fn sdk(engine: &Engine) -> &'static aws_sdk_dynamodb::Client {
    static CLIENT: std::sync::OnceLock<aws_sdk_dynamodb::Client> = std::sync::OnceLock::new();
    CLIENT.get_or_init(|| {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(aws_sdk_dynamodb::config::Region::new("us-east-1"))
            .credentials_provider(aws_credential_types::Credentials::from_keys("load", "load", None))
            .http_client(plain_http())
            .endpoint_url(&engine.database);
        aws_sdk_dynamodb::Client::from_conf(config.build())
    })
}

async fn watcher(cx: &Deps, n: u128, owner: &Owner) -> Watcher {
    let member = cx.store().member(owner).await.unwrap().unwrap();
    watcher_of(&member, n)
}

/// The n-th watcher: one of 500 searches.
fn watcher_of(member: &domain::identity::Member, n: u128) -> Watcher {
    let day: jiff::civil::Date = "2026-04-01".parse().unwrap();
    let on = day.checked_add(jiff::Span::new().days(i64::try_from(n % 250).unwrap())).unwrap();
    let spec = WatcherSpec {
        name: "Load".parse().unwrap(),
        wanted: Wanted::AwardFlights,
        from: ["LAX".parse().unwrap()].into(),
        to: [if n.is_multiple_of(2) { "DXB" } else { "JFK" }.parse().unwrap()].into(),
        dates: TravelDates::Around { on, flex_days: 0 },
        cabins: [Cabin::Economy].into(),
        travellers: 1,
        filters: Filters::default(),
        telling: Telling::default(),
        schedule: Schedule::Hours { hours: 24, active: None },
    };
    Watcher::create(ulid::Ulid(n).into(), member, spec, start()).unwrap()
}

async fn plant(store: &Store, watchers: u128) {
    let member = store.member(&demo()).await.unwrap().unwrap();
    stream::iter((0..watchers).step_by(50))
        .for_each_concurrent(8, |from| {
            let change =
                (from..(from + 50).min(watchers)).fold(Change::new(), |change, n| change.create(&mut watcher_of(&member, n)));
            async move { store.commit(change).await.unwrap() }
        })
        .await;
}

/// A sweep over so many due watchers of 500 searches.
async fn sweep(watchers: u128) {
    let (engine, keys) = (Engine::start(), Keys::in_memory().unwrap());
    let clock = Arc::new(MovableClock::at(start()));
    let cx = deps(function("watchers-sweep-watchers"), &engine, clock.clone(), &keys);
    plant(cx.store(), watchers).await;
    clock.advance(SignedDuration::from_hours(25));

    let before = (cpu_of(std::process::id()), engine.cpu(), memory_of(std::process::id(), "VmRSS"), Instant::now());
    let far = clock.now().checked_add(SignedDuration::from_hours(1)).unwrap();
    function("watchers-sweep-watchers").as_job().unwrap().invoke(&cx, json!({}), far).await.unwrap();
    let (ours, theirs, time) = (cpu_of(std::process::id()) - before.0, engine.cpu() - before.1, before.3.elapsed());
    let rate = |time: Duration| watchers as f64 / time.as_secs_f64();

    println!("\n## Sweep of {watchers} due watchers\n");
    println!("- {:.0} watchers a second, whole; {:.0} a second of our own CPU, without the engine", rate(time), rate(ours));
    println!("- CPU: {:.1} s ours, {:.1} s the engine's", ours.as_secs_f64(), theirs.as_secs_f64());
    println!(
        "- memory: ours {} MB before, {} MB after, {} MB at most; the engine's {} MB",
        before.2,
        memory_of(std::process::id(), "VmRSS"),
        memory_of(std::process::id(), "VmHWM"),
        memory_of(engine.process.id(), "VmRSS")
    );
    let left =
        futures::future::join_all((0..storage::DUE_SHARDS).map(|shard| cx.store().due_watchers(shard, clock.now(), 100, None)))
            .await;
    assert!(left.into_iter().all(|page| page.unwrap().items.is_empty()), "every watcher was claimed");
}

/// From the start of a process to its first answer, with an empty data folder and with one that is there.
fn starts() {
    let folder = tempfile::tempdir().unwrap();
    println!("\n## Start of the local run to its first answer\n");
    for what in ["with an empty data folder", "again", "again"] {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let started = Instant::now();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(ROLE, "local")
            .args(["--data", folder.path().to_str().unwrap(), "--port", &port.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while !answers(port) {
            assert!(started.elapsed() < Duration::from_secs(30), "no answer");
            std::thread::sleep(Duration::from_millis(1));
        }
        println!("- {what}: {} ms", started.elapsed().as_millis());
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

fn answers(port: u16) -> bool {
    use std::io::{Read, Write};
    let Ok(mut socket) = std::net::TcpStream::connect(("127.0.0.1", port)) else { return false };
    socket.write_all(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
}
