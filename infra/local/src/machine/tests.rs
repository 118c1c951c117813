#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use domain::{
    events::WatcherCreated,
    identity::Role,
    ids::{MemberId, TenantId, WatcherId},
};
use jiff::{SignedDuration, ToSpan};
use platform::{Answer, Caller, Endpoint, JobError, Message, Reply, Scheduled, Worker};
use serde::{Deserialize, Serialize};
use storage::{Change, Entity, Grant, StoreError, TenantHost};
use utoipa_axum::routes;

use super::*;
use crate::{
    gate::{Action, CallInfo, Faults},
    standins::queues::NewMessage,
    test_app::TestApp,
};

/// What is to become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Fate {
    Done,
    Fails,
    FailsOnce,
    Parked,
    Panics,
    Undeclared,
    SendsAnother,
}

#[derive(Debug, Serialize, Deserialize)]
struct Job1 {
    fate: Fate,
}

impl Message for Job1 {
    const QUEUE: Queue = Queue::sent("test-jobs");
}

/// An event in the bus's envelope.
#[derive(Debug, Deserialize)]
struct Created {
    detail: WatcherCreated,
}

impl Message for Created {
    const QUEUE: Queue = Queue::of_events("test-created", &["WatcherCreated"]);
}

/// Hosts that jobs leave behind, to be seen in the store.
fn trace(name: &str) -> TenantHost {
    TenantHost { host: host_like(name).parse().unwrap(), tenant: tenant(), version: 0 }
}

/// An id, as a host can be called.
fn host_like(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

fn tenant() -> TenantId {
    "demo".parse().unwrap()
}

async fn leave(cx: &Deps, name: &str) -> Result<(), JobError> {
    Ok(cx.store().commit(Change::new().set(&trace(name))).await?)
}

async fn left(app: &TestApp, name: &str) -> bool {
    app.store().tenant_of_host(name).await.unwrap().is_some()
}

static WORKER: Worker<Job1> = Worker::new("test-work-jobs", |cx, job: Job1| Box::pin(work(cx, job)))
    .may(&[TenantHost::READ, TenantHost::WRITE, Grant::Send("test-jobs")])
    .batch(3, 1);

async fn work(cx: &Deps, job: Job1) -> Result<(), JobError> {
    match job.fate {
        Fate::Done => leave(cx, "done").await,
        Fate::Fails => Err(JobError::Retry("as it was told to".to_owned())),
        Fate::FailsOnce => match cx.store().tenant_of_host("failed").await? {
            Some(_) => leave(cx, "done").await,
            None => {
                leave(cx, "failed").await?;
                Err(JobError::Retry("once".to_owned()))
            }
        },
        Fate::Parked => Err(JobError::Park("no good".to_owned())),
        #[expect(clippy::panic, reason = "it is what is tested")]
        Fate::Panics => panic!("as it was told to"),
        Fate::Undeclared => Ok(cx.store().tenant(&tenant()).await.map(|_| ())?),
        Fate::SendsAnother => cx.send(&[Job1 { fate: Fate::SendsAnother }]).await,
    }
}

static CREATED: Worker<Created> =
    Worker::new("test-on-created", |cx, created: Created| Box::pin(on_created(cx, created))).may(&[TenantHost::WRITE]);

async fn on_created(cx: &Deps, created: Created) -> Result<(), JobError> {
    leave(cx, &created.detail.watcher.to_string().to_lowercase()).await
}

static EVERY_MINUTE: Scheduled =
    Scheduled::new("test-every-minute", "rate(1 minute)", |cx, _| Box::pin(async move { leave(cx, &minute(cx.now())).await }))
        .may(&[TenantHost::WRITE]);

fn minute(at: Timestamp) -> String {
    at.strftime("minute-%H-%M-%S").to_string()
}

static NIGHTLY: Scheduled =
    Scheduled::new("test-nightly", "cron(30 3 * * ? *)", |cx, _| Box::pin(async move { leave(cx, &minute(cx.now())).await }))
        .may(&[TenantHost::WRITE]);

static EMIT: Endpoint =
    Endpoint::of(Role::Member, "test-emit", || routes!(emit)).may(&[TenantHost::WRITE, Grant::Emit("WatcherCreated")]);

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Emitted {
    watcher: String,
}

/// Emits an event.
#[utoipa::path(post, path = "/v1/test-emissions", responses((status = 200, body = Emitted)))]
async fn emit(State(cx): State<Deps>, caller: Caller) -> Reply<Emitted> {
    let watcher: WatcherId = cx.new_id();
    let event = WatcherCreated { tenant: caller.tenant().clone(), member: caller.member(), watcher };
    cx.store().commit(cx.emit(Change::new(), &event)).await?;
    Ok(Answer::ok(Emitted { watcher: watcher.to_string() }))
}

static SNEAK: Endpoint = Endpoint::public("test-sneak", || routes!(sneak));

/// Reads what it did not declare.
#[utoipa::path(get, path = "/v1/test-emissions", responses((status = 200, body = Emitted)))]
async fn sneak(State(cx): State<Deps>) -> Reply<Emitted> {
    let found = cx.store().tenant_of_host("localhost").await?;
    Ok(Answer::ok(Emitted { watcher: format!("{found:?}") }))
}

static FUNCTIONS: &[&dyn Function] =
    &[&WORKER, &CREATED, &EVERY_MINUTE, &NIGHTLY, &EMIT, &SNEAK, &::system::relay_outbox::FUNCTION];

fn send(system: &System, fate: Fate) {
    let body = serde_json::to_string(&Job1 { fate }).unwrap();
    system.standins().queues().send("test-jobs", NewMessage::new(body)).unwrap();
}

fn waiting(app: &TestApp, queue: &str) -> (u64, u64) {
    let stats = app.system().standins().queues().stats_of(queue).unwrap();
    (stats.visible, stats.in_flight)
}

#[tokio::test]
async fn settling_works_off_every_queue() {
    let app = TestApp::with(FUNCTIONS).await;
    for _ in 0..25 {
        send(app.system(), Fate::Done);
    }
    assert_eq!(app.system().poll_queues().await.unwrap(), 6, "two batches of three");
    app.settle().await;
    assert_eq!(waiting(&app, "test-jobs"), (0, 0));
    assert!(left(&app, "done").await);
}

#[tokio::test]
async fn what_fails_comes_again_when_its_time_out_ends() {
    let app = TestApp::with(FUNCTIONS).await;
    send(app.system(), Fate::FailsOnce);
    send(app.system(), Fate::Done);
    app.settle().await;
    assert_eq!(waiting(&app, "test-jobs"), (0, 1), "only the failure goes back");
    app.advance(179.seconds()).await;
    assert_eq!(waiting(&app, "test-jobs"), (0, 1));
    app.advance(1.second()).await;
    assert_eq!(waiting(&app, "test-jobs"), (0, 0));
    assert!(left(&app, "done").await);
}

#[tokio::test]
async fn what_fails_always_ends_among_the_dead_letters() {
    let app = TestApp::with(FUNCTIONS).await;
    send(app.system(), Fate::Fails);
    send(app.system(), Fate::Panics);
    app.settle().await;
    app.advance(14.minutes()).await;
    assert_eq!(waiting(&app, "test-jobs"), (0, 2), "after five deliveries");
    assert!(app.dead_letters().is_empty());
    app.advance(1.minute()).await;
    let dead = app.dead_letters();
    assert_eq!(dead.iter().map(|(queue, _)| queue.as_str()).collect::<Vec<_>>(), ["test-jobs-dead", "test-jobs-dead"]);
    app.system().standins().queues().redrive("test-jobs-dead").unwrap();
    app.settle().await;
    assert_eq!(waiting(&app, "test-jobs"), (0, 2), "they are tried anew");
}

#[tokio::test]
async fn what_is_parked_is_dead_at_once() {
    let app = TestApp::with(FUNCTIONS).await;
    send(app.system(), Fate::Parked);
    app.system().standins().queues().send("test-jobs", NewMessage::new("no job")).unwrap();
    app.settle().await;
    let reasons: Vec<_> = app.dead_letters().into_iter().map(|(_, letter)| letter.attributes["reason"].clone()).collect();
    assert_eq!(reasons, ["no good", "the message can't be read"]);
}

#[tokio::test]
async fn schedules_fire_at_their_instants_while_time_passes() {
    let app = TestApp::with(FUNCTIONS).await;
    app.advance(59.seconds()).await;
    assert!(!left(&app, "minute-19-25-00").await);
    app.advance(2.minutes()).await;
    assert!(left(&app, "minute-19-25-00").await && left(&app, "minute-19-26-00").await);
    assert!(!left(&app, "minute-19-27-00").await);
    assert_eq!(app.clock.now().to_string(), "2026-02-17T19:26:59Z");
    app.clock.set("2026-02-18T03:29:30Z".parse().unwrap());
    app.advance(30.seconds()).await;
    assert!(left(&app, "minute-03-30-00").await);
    assert!(left(&app, "minute-03-29-30").await, "what was missed is made up for, once");
}

#[tokio::test]
async fn a_stored_event_wakes_the_relay_and_reaches_its_consumers() {
    let app = TestApp::with(FUNCTIONS).await;
    let reply = app.member("demo").post("/v1/test-emissions").send().await;
    reply.assert(200, "");
    app.settle().await;
    assert!(left(&app, &host_like(reply.body["watcher"].as_str().unwrap())).await);
    for shard in 0..storage::OUTBOX_SHARDS {
        assert!(app.store().outbox(shard, 10, None).await.unwrap().items.is_empty());
    }
}

#[tokio::test]
async fn who_does_not_come_to_rest_is_found_out() {
    let app = TestApp::built(|options| options.functions = vec![&WORKER]).await;
    send(app.system(), Fate::SendsAnother);
    let error = app.system().settle_within(20).await.unwrap_err();
    assert_eq!(error.to_string(), "not at rest after 20 rounds; still to be delivered: 1 on test-jobs");
}

#[tokio::test]
async fn callers_are_who_their_token_says() {
    let app = TestApp::with(FUNCTIONS).await;
    let path = "/v1/test-emissions";
    app.anonymous().post(path).send().await.assert(401, "unauthenticated");
    app.member("omar").post(path).send().await.assert(200, "");
    app.member("omar").at("localhost").post(path).send().await.assert(403, "forbidden");
    app.user_of("demo", "nobody", Role::Partner).post(path).send().await.assert(200, "");
    let expired = app.token_with(|claims| claims.exp = claims.iat - 60);
    app.bearer(expired).post(path).send().await.assert(401, "unauthenticated");
    app.member("demo").get("/v1/nowhere").send().await.assert(404, "route-not-found");
    let demo = app.member("demo");
    app.advance(16.minutes()).await;
    demo.post(path).send().await.assert(200, "");
}

#[tokio::test]
async fn what_was_not_declared_is_refused() {
    let app = TestApp::with(FUNCTIONS).await;
    app.expect_refusals();
    let reply = app.anonymous().get("/v1/test-emissions").send().await;
    assert!(reply.status.is_server_error(), "{}", reply.body);
    send(app.system(), Fate::Undeclared);
    app.settle().await;
    let refused: Vec<_> = app.refusals().iter().map(ToString::to_string).collect();
    assert_eq!(
        refused,
        [
            "test-sneak called GetItem: it did not declare to read tenant-host",
            "test-work-jobs called GetItem: it did not declare to read tenant"
        ]
    );
    assert_eq!(waiting(&app, "test-jobs"), (0, 1));
}

#[tokio::test]
#[should_panic(expected = "test-sneak called GetItem: it did not declare to read tenant-host")]
async fn an_unexpected_refusal_fails_the_test() {
    let app = TestApp::with(FUNCTIONS).await;
    app.anonymous().get("/v1/test-emissions").send().await;
}

/// Kills a function once, after one of its calls.
#[derive(Debug)]
struct KillAfter {
    function: &'static str,
    number: u64,
    struck: AtomicUsize,
}

impl Faults for KillAfter {
    fn before(&self, _: &CallInfo) -> Action {
        Action::Proceed
    }

    fn after(&self, call: &CallInfo) -> Action {
        let strikes = call.function == self.function && call.number == self.number;
        if strikes {
            self.struck.fetch_add(1, Ordering::Relaxed);
        }
        if strikes { Action::Hang } else { Action::Proceed }
    }
}

#[tokio::test]
async fn a_killed_run_ends_and_its_messages_come_again() {
    let app = TestApp::with(FUNCTIONS).await;
    let kill = Arc::new(KillAfter { function: "test-work-jobs", number: 1, struck: AtomicUsize::new(0) });
    app.set_faults(kill.clone());
    send(app.system(), Fate::Done);
    app.settle().await;
    assert_eq!((kill.struck.load(Ordering::Relaxed), waiting(&app, "test-jobs")), (1, (0, 1)));
    assert!(left(&app, "done").await, "the effect stays");
    app.advance(3.minutes()).await;
    assert_eq!(waiting(&app, "test-jobs"), (0, 0));
    assert_eq!(app.system().gatehouse().calls_of("test-work-jobs"), 2);
    app.set_faults(Arc::new(KillAfter { function: "test-emit", number: 1, struck: AtomicUsize::new(0) }));
    app.member("demo").post("/v1/test-emissions").send().await.assert(500, "");
}

#[tokio::test]
async fn what_waits_and_what_is_stored_survives_a_restart() {
    let temporary = tempfile::tempdir().unwrap();
    let start = async || {
        let folder = Folder::open(temporary.path()).unwrap();
        let options = Options {
            functions: FUNCTIONS.to_vec(),
            ..Options::kept_in(folder, BTreeMap::new(), "http://localhost".to_owned()).unwrap()
        };
        System::start(options).await.unwrap()
    };
    let system = start().await;
    send(&system, Fate::Done);
    let event = WatcherCreated { tenant: tenant(), member: MemberId::from(ulid::Ulid::nil()), watcher: ulid::Ulid::nil().into() };
    system.store().commit(system.operator().emit(Change::new(), &event)).await.unwrap();
    let token = system
        .keys()
        .sign(&Keys::claims(&seed::owner("demo", "demo").unwrap(), Role::Member, system.now(), crate::keys::LIFETIME))
        .unwrap();
    let before = system.now();
    drop(system);
    let system = start().await;
    assert!(system.now() >= before && system.now().duration_since(before) < SignedDuration::from_mins(1));
    system.keys().policy().verify(&token, system.now()).unwrap();
    system.settle().await.unwrap();
    let found = async |host: &str| system.store().tenant_of_host(host).await.unwrap().is_some();
    assert!(found("done").await && found(&host_like(&event.watcher.to_string())).await);
    assert!(found("localhost").await, "seeded once");
    system.advance(SignedDuration::from_mins(5)).await.unwrap();
    drop(system);
    assert!(start().await.now().duration_since(before) >= SignedDuration::from_mins(5));
}

#[tokio::test]
async fn time_removes_what_has_expired() {
    let app = TestApp::with(&[]).await;
    let run = storage::SearchRun {
        tenant: tenant(),
        search_key: serde_json::from_value(serde_json::json!("0123456789abcdef0123456789abcdef")).unwrap(),
        slot: domain::time::Slot::of(app.clock.now()),
        at: app.clock.now(),
        from_cache: false,
        calls: 1,
        offers: 0,
        version: 0,
    };
    app.store().commit(Change::new().create(&mut run.clone())).await.unwrap();
    let stored = async || app.store().search_run(&run.tenant, &run.search_key, run.slot).await.unwrap().is_some();
    app.advance(7.days()).await;
    assert!(stored().await);
    app.advance(1.second()).await;
    assert!(!stored().await);
}

#[tokio::test]
async fn a_system_that_contradicts_itself_does_not_start() {
    static TWIN: Worker<Job1> = Worker::new("test-twin", |cx, job: Job1| Box::pin(work(cx, job)));
    static ODD: Scheduled = Scheduled::new("test-odd", "every now and then", |_, _| Box::pin(async { Ok(()) }));
    let start = async |functions: Vec<&'static dyn Function>| {
        let clock = Arc::new(MovableClock::at(Timestamp::UNIX_EPOCH));
        System::start(Options { functions, ..Options::in_memory(clock).unwrap() }).await.unwrap_err()
    };
    assert!(matches!(start(vec![&WORKER, &TWIN]).await, StartError::TwoWorkers("test-jobs")));
    assert!(matches!(start(vec![&ODD]).await, StartError::Schedule { function: "test-odd", .. }));
}

#[tokio::test]
async fn the_whole_system_starts_and_lets_time_pass() {
    let started = std::time::Instant::now();
    let app = TestApp::new().await;
    let ready = started.elapsed();
    assert!(ready < std::time::Duration::from_secs(2), "{ready:?}");
    app.anonymous().get("/v1/health").send().await.assert(200, "");
    app.advance(10.minutes()).await;
    assert!(app.mails().is_empty() && app.dead_letters().is_empty());
    assert!(matches!(app.store().commit(Change::new().create(&mut trace("localhost"))).await, Err(StoreError::Exists)));
}
