//! What every adapter does through the guard, over real sockets: its limit holds whoever asks at once, what an answer asks for holds
//! for all, the breaker opens and recovers, quota is reserved, and no secret is told.

use std::{
    collections::BTreeMap,
    io::Read,
    sync::{Arc, Mutex},
};

use aws_credential_types::Credentials;
use domain::{
    money::{Currency, Money},
    search::SourceOutcome,
    sources::{
        Account, KeyScope, Vertical,
        allowance::Allowance,
        breaker::{BreakerState, FAILURES},
        health::Ending,
    },
};
use flate2::read::GzDecoder;
use futures::future::join_all;
use http::Response;
use jiff::SignedDuration;
use local::{clock::MovableClock, engine::Engine, machine, played::SourceAccess};
use platform::{
    Deps,
    aws::{Aws, Service, plain_http},
    chance::SystemChance,
    clock::Clock,
    config::{Config, KEYED},
    outside::{Call, MAX_ANSWER_BYTES, Outside, OutsideError},
    telemetry::MetricSink,
    token::TokenPolicy,
};
use providers::{
    Asking, Serving, SourceError, StaySource,
    guard::{Guarded, Terms},
    serving,
    sources::{Limit, SOURCES, Source},
};
use providers_tests::{
    Answer, NOW, Refusing, Vendor, asking, outside,
    questions::{Given, SECRET, ask, ask_with, assert_secret, calls, granting, recorded, stay},
};
use storage::SourceDay;

/// A store, a clock and a way out that all instances share.
pub struct World {
    engine: Engine,
    clock: Arc<MovableClock>,
    lines: Arc<Lines>,
    outside: Arc<dyn Outside>,
}

/// What was counted.
#[derive(Debug, Default)]
struct Lines(Mutex<Vec<String>>);

impl MetricSink for Lines {
    fn write(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
}

impl World {
    pub fn new() -> Self {
        Self::over(Arc::new(outside()))
    }

    fn over(outside: Arc<dyn Outside>) -> Self {
        let clock = Arc::new(MovableClock::at(NOW));
        Self { engine: Engine::start(None).unwrap(), clock, lines: Arc::default(), outside }
    }

    /// What another instance of a function is given.
    pub fn instance(&self) -> Deps {
        self.instance_of("search-run-search", KEYED.map(|id| (id, access())).into())
    }

    fn aws(&self) -> Aws {
        Aws {
            region: "us-east-1".to_owned(),
            credentials: Credentials::from_keys("test", "test", None),
            endpoints: BTreeMap::from([(Service::DynamoDb, self.engine.url())]),
            http: plain_http(),
            mail_http: plain_http(),
        }
    }

    /// The same of another function, to which the environment gives these keys.
    pub fn instance_of(&self, function: &str, sources: BTreeMap<&'static str, SourceAccess>) -> Deps {
        let config = Config {
            table_prefix: String::new(),
            queue_urls: BTreeMap::new(),
            bus: String::new(),
            tokens: TokenPolicy::default(),
            signing_key: None,
            secrets: BTreeMap::new(),
            mail_sender: "mail@milebuy.example".parse().unwrap(),
            mail_configuration_set: None,
            public_url: "https://milebuy.example".to_owned(),
            emit_metrics: true,
            addresses: sources.iter().map(|(id, access)| (*id, access.url.clone())).collect(),
            keys: sources.into_iter().map(|(id, access)| (id, access.key)).collect(),
            open_sources: BTreeMap::new(),
        };
        let function = machine::functions().into_iter().find(|known| known.spec().name == function).unwrap();
        Deps::new(function.spec(), config, self.aws(), self.clock.clone(), Arc::new(SystemChance), self.outside.clone())
            .reporting_to(self.lines.clone())
    }

    pub fn guarded(&self, source: &Source) -> Guarded {
        Guarded::new(self.instance(), terms(source))
    }

    pub fn later(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    fn counted(&self, metric: &str) -> usize {
        self.lines.0.lock().unwrap().iter().filter(|line| line.contains(&format!("\"{metric}\":1"))).count()
    }

    pub async fn breaker(&self, source: &Source) -> BreakerState {
        let state = self.instance().store().source_state(&account(source)).await.unwrap();
        state.map_or(BreakerState::Closed, |state| state.breaker.state(self.clock.now()))
    }
}

/// Where the sources are that every deployment has a key of; nothing here goes there.
fn access() -> SourceAccess {
    SourceAccess { url: "https://nowhere.invalid".to_owned(), key: SECRET.into() }
}

fn account(source: &Source) -> Account {
    Account { source: source.id.parse().unwrap(), scope: KeyScope::Deployment }
}

/// Without limit or quota: what is to hold says so.
fn terms(source: &Source) -> Terms {
    let tenant = Some("demo".parse().unwrap());
    Terms { tenant, account: account(source), limit: None, allowances: vec![], cost_per_thousand: None }
}

fn answered(given: &[Given]) -> usize {
    given.iter().filter(|given| given.outcome == SourceOutcome::Complete).count()
}

/// A vendor that answers each source what was recorded.
async fn vendor(source: &'static Source) -> Vendor {
    Vendor::answering(move |_, asked| granting(asked, Answer::json(&recorded(source.id)))).await
}

#[tokio::test]
async fn fifty_at_once_get_no_more_than_the_limit_and_the_others_are_told_when_to_come_again() {
    let world = World::new();
    for source in SOURCES {
        let vendor = vendor(source).await;
        let limit = Limit { calls: 16, seconds: 60 };
        let instances: Vec<Guarded> =
            (0..50).map(|_| Guarded::new(world.instance(), Terms { limit: Some(limit), ..terms(source) })).collect();
        let given = join_all(instances.iter().map(|guarded| ask(source, &vendor.base, guarded))).await;
        // A quarter of a limit may be used at once. Where a token comes first, who gets one may get no call after it.
        assert_eq!(vendor.asked().len(), 4, "{}", source.id);
        assert!(answered(&given) <= 4 && (answered(&given) == 4 || calls(source) == 2), "{}", source.id);
        for refused in given.iter().filter(|given| given.outcome != SourceOutcome::Complete) {
            assert!(
                matches!(refused.error, Some(SourceError::LimitReached { wait }) if wait.as_secs() < 60),
                "{:?}",
                refused.error
            );
        }
        // Nobody sleeps: the clock is moved, and at each time there is someone who asks.
        let before = vendor.asked().len();
        let mut at = Vec::new();
        for second in (0..100).step_by(2) {
            world.later(2);
            let so_far = vendor.asked().len();
            ask(source, &vendor.base, &instances[second / 2]).await;
            at.extend((so_far..vendor.asked().len()).map(|_| second));
        }
        assert!(vendor.asked().len() > before + 16, "{}: {}", source.id, vendor.asked().len());
        assert!(at.windows(17).all(|some| some[16] - some[0] >= 60), "{}: {at:?}", source.id);
        world.later(600);
    }
}

#[tokio::test]
async fn who_is_told_to_stay_away_stays_away_in_all_functions() {
    for source in SOURCES {
        let world = World::new();
        let limited = Vendor::always(Answer::new(429, "{}").with("retry-after", "30")).await;
        let (one, other) = (world.guarded(source), world.guarded(source));
        let given = ask(source, &limited.base, &one).await;
        assert!(matches!(given.error, Some(SourceError::RateLimited { .. })), "{}: {:?}", source.id, given.error);
        let asked = limited.asked().len();
        for guarded in [&one, &other] {
            let given = ask(source, &limited.base, guarded).await;
            assert!(matches!(given.error, Some(SourceError::LeftAlone { wait }) if wait.as_secs() == 30), "{:?}", given.error);
        }
        world.later(29);
        ask(source, &limited.base, &other).await;
        assert_eq!(limited.asked().len(), asked, "{}", source.id);
        world.later(1);
        ask(source, &limited.base, &other).await;
        assert_eq!(limited.asked().len(), asked + 1, "{}", source.id);
        assert_eq!(world.breaker(source).await, BreakerState::Closed, "whoever says when is not broken");
    }
}

#[tokio::test]
async fn five_refusals_without_a_time_open_the_breaker() {
    for source in SOURCES {
        let world = World::new();
        let limited = Vendor::always(Answer::new(429, "{}")).await;
        for _ in 0..FAILURES {
            ask(source, &limited.base, &world.guarded(source)).await;
        }
        assert_eq!(world.breaker(source).await, BreakerState::Open, "{}", source.id);
    }
}

#[tokio::test]
async fn the_breaker_opens_for_all_and_one_that_tries_closes_it() {
    for source in SOURCES {
        let world = World::new();
        let broken = Vendor::always(Answer::new(500, "{}")).await;
        let instances: Vec<Guarded> = (0..20).map(|_| world.guarded(source)).collect();
        join_all(instances.iter().map(|guarded| ask(source, &broken.base, guarded))).await;
        assert_eq!(world.breaker(source).await, BreakerState::Open, "{}", source.id);
        let (asked, late) = (broken.asked().len(), world.guarded(source));
        let given = ask(source, &broken.base, &late).await;
        assert!(matches!(given.error, Some(SourceError::LeftAlone { .. })), "{}: {:?}", source.id, given.error);
        assert_eq!((broken.asked().len(), given.calls), (asked, 0), "{}", source.id);

        world.later(31);
        assert_eq!(world.breaker(source).await, BreakerState::HalfOpen);
        join_all(instances.iter().map(|guarded| ask(source, &broken.base, guarded))).await;
        assert_eq!(broken.asked().len(), asked + 1, "{}: one tries", source.id);
        assert_eq!(world.breaker(source).await, BreakerState::Open);

        world.later(61);
        let mended = vendor(source).await;
        assert_eq!(ask(source, &mended.base, &late).await.outcome, SourceOutcome::Complete, "{}", source.id);
        world.later(3);
        let given = join_all(instances.iter().map(|guarded| ask(source, &mended.base, guarded))).await;
        assert_eq!(answered(&given), 20, "{}", source.id);
        assert!(world.counted("BreakersOpened") >= 1);
    }
}

#[tokio::test]
async fn empty_answers_and_wrong_questions_do_not_open_the_breaker() {
    for source in SOURCES {
        for status in [204, 400, 404, 422] {
            let world = World::new();
            let vendor = Vendor::answering(move |_, asked| granting(asked, Answer::new(status, ""))).await;
            let guarded = world.guarded(source);
            for _ in 0..FAILURES {
                ask(source, &vendor.base, &guarded).await;
            }
            assert_eq!(world.breaker(source).await, BreakerState::Closed, "{} {status}", source.id);
        }
    }
}

#[tokio::test]
async fn a_days_calls_are_reserved_before_they_are_made() {
    for source in SOURCES {
        let world = World::new();
        let vendor = vendor(source).await;
        let quota = 8;
        let instances: Vec<Guarded> = (0..50)
            .map(|_| {
                Guarded::new(
                    world.instance(),
                    Terms { allowances: vec![Allowance::of_calls(account(source), quota)], ..terms(source) },
                )
            })
            .collect();
        let given = join_all(instances.iter().map(|guarded| ask(source, &vendor.base, guarded))).await;
        assert_eq!(vendor.asked().len(), 8, "{}", source.id);
        assert!(given.iter().any(|given| matches!(given.error, Some(SourceError::QuotaUsedUp { .. }))), "{}", source.id);
        world.later(24 * 3600);
        assert_eq!(ask(source, &vendor.base, &instances[49]).await.outcome, SourceOutcome::Complete, "{}", source.id);
    }
}

/// What is counted of a day.
async fn reserved(world: &World, allowance: &Allowance) -> i64 {
    world.instance().store().reserved(&SourceDay::at(allowance, world.clock.now())).await.unwrap()
}

#[tokio::test]
async fn a_days_money_is_reserved_before_it_is_spent_and_a_tenant_has_a_share_of_the_deployments() {
    let usd = |cents| Money::from_minor(cents, Currency::USD).unwrap();
    for source in SOURCES {
        let (world, vendor) = (World::new(), vendor(source).await);
        // A call costs half a cent. There are ten calls' worth for all, and six calls' for each tenant.
        let budget = Allowance::of_money(account(source), usd(5), Some(usd(500)));
        let of = |tenant: &str| {
            let account = Account { scope: KeyScope::Tenant(tenant.parse().unwrap()), ..account(source) };
            let share = Allowance::of_money(account, usd(3), Some(usd(500))).of_tenant();
            let terms =
                Terms { tenant: Some(tenant.parse().unwrap()), allowances: vec![budget.clone(), share.clone()], ..terms(source) };
            (share, (0..20).map(|_| Guarded::new(world.instance(), terms.clone())).collect::<Vec<_>>())
        };
        let ((mine, one), (theirs, other)) = (of("demo"), of("other"));
        for (instances, made) in [(&one, 6), (&other, 10)] {
            let given = join_all(instances.iter().map(|guarded| ask(source, &vendor.base, guarded))).await;
            assert_eq!(vendor.asked().len(), made, "{}", source.id);
            let is_over = |given: &Given| matches!(given.error, Some(SourceError::BudgetUsedUp { .. }));
            assert!(given.iter().any(is_over), "{}", source.id);
        }
        // What was refused took nothing of what others have.
        assert_eq!((reserved(&world, &budget).await, reserved(&world, &mine).await), (50_000, 30_000), "{}", source.id);
        assert_eq!((reserved(&world, &theirs).await, budget.money_left(50_000)), (20_000, Some(usd(0))), "{}", source.id);
        assert!(world.counted("CallsOverBudget") >= 20 && world.counted("CallsOverQuota") == 0, "{}", source.id);
        world.later(24 * 3600);
        assert_eq!(ask(source, &vendor.base, &one[0]).await.outcome, SourceOutcome::Complete, "{}", source.id);
    }
}

#[tokio::test]
async fn a_call_that_does_not_leave_takes_nothing_of_the_day() {
    let (source, world) = (&SOURCES[0], World::over(Arc::new(Refusing::default())));
    let quota = Allowance::of_calls(account(source), 9);
    let terms = Terms { allowances: vec![quota.clone()], limit: Some(Limit { calls: 4, seconds: 60 }), ..terms(source) };
    for _ in 0..3 {
        // The first is not declared; the bucket holds no token for the others.
        ask(source, "http://127.0.0.1:1", &Guarded::new(world.instance(), terms.clone())).await;
        assert_eq!(reserved(&world, &quota).await, 0);
    }
}

#[tokio::test]
async fn an_instance_holds_no_token_that_another_waits_for() {
    for source in SOURCES {
        let (world, vendor) = (World::new(), vendor(source).await);
        // A quarter of a limit may be used at once: here that is what all of them need, and no call more.
        let limit = Some(Limit { calls: 4 * 50 * calls(source), seconds: 60 });
        let instances: Vec<Guarded> = (0..50).map(|_| Guarded::new(world.instance(), Terms { limit, ..terms(source) })).collect();
        let given = join_all(instances.iter().map(|guarded| ask(source, &vendor.base, guarded))).await;
        assert_eq!((answered(&given), vendor.asked().len()), (50, 50 * calls(source) as usize), "{}", source.id);
    }
}

#[tokio::test]
async fn without_a_store_limits_hold_and_breakers_do_not() {
    let source = &SOURCES[0];
    let vendor = vendor(source).await;
    let mut world = World::new();
    world.engine = Engine::start(None).unwrap();
    let limited = Guarded::new(world.instance(), Terms { limit: Some(Limit { calls: 60, seconds: 60 }), ..terms(source) });
    let unlimited = world.guarded(source);
    // Nothing listens there any more.
    world.engine = Engine::start(None).unwrap();
    assert_eq!(ask(source, &vendor.base, &limited).await.error, Some(SourceError::Uncounted));
    assert_eq!(ask(source, &vendor.base, &unlimited).await.outcome, SourceOutcome::Complete);
}

#[tokio::test]
async fn health_is_added_up_over_instances() {
    let source = &SOURCES[0];
    let (world, vendor) = (World::new(), vendor(source).await);
    for _ in 0..3 {
        ask(source, &vendor.base, &world.guarded(source)).await;
    }
    let health = world.instance().store().source_health(&account(source), 24).await.unwrap();
    assert_eq!(health.iter().map(|hour| hour.tally.calls()).collect::<Vec<_>>(), [3]);
    assert_eq!((health[0].tally.failures(), health[0].tally.last_success), (0, Some(NOW)));
    assert!(health[0].tally.bytes > 100 && health[0].tally.percentile_ms(99) == Some(50));
}

#[tokio::test]
async fn an_instance_that_has_asked_all_tells_all_of_it_and_does_not_write_for_each_call() {
    let source = &SOURCES[0];
    let (world, vendor) = (World::new(), vendor(source).await);
    let guarded = world.guarded(source);
    for _ in 0..4 {
        ask(source, &vendor.base, &guarded).await;
    }
    let calls = || async {
        let health = world.instance().store().source_health(&account(source), 24).await.unwrap();
        health.iter().map(|hour| hour.tally.calls()).sum::<u64>()
    };
    assert_eq!(calls().await, 1, "the others wait for the end");
    guarded.tell().await;
    assert_eq!(calls().await, 4);
    guarded.tell().await;
    assert_eq!(calls().await, 4, "what was told is told once");
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_a_failure_of_its_source() {
    let packed = Answer::new(200, "garbage").with("content-encoding", "gzip");
    let large = Answer::new(200, vec![b' '; MAX_ANSWER_BYTES + 1]);
    for bad in [Answer::new(200, "<html>"), Answer::new(200, r#"{"data": ["#), packed, large] {
        for source in [&SOURCES[0], &SOURCES[1]] {
            let world = World::new();
            let spoilt = bad.clone();
            let vendor = Vendor::answering(move |_, asked| granting(asked, spoilt.clone())).await;
            let guarded = world.guarded(source);
            for _ in 0..FAILURES {
                ask(source, &vendor.base, &guarded).await;
            }
            guarded.tell().await;
            let health = world.instance().store().source_health(&account(source), 24).await.unwrap();
            assert_eq!((health[0].tally.last_success, health[0].tally.last_failure), (None, Some(NOW)), "{}", source.id);
            assert_eq!(health[0].tally.failures(), health[0].tally.calls(), "{}", source.id);
            assert!(world.counted("OutsideCallsFailed") >= FAILURES as usize, "{}", source.id);
            assert_eq!(world.breaker(source).await, BreakerState::Open, "{}", source.id);
            // One that tries and can't be read does not close it.
            world.later(31);
            ask(source, &vendor.base, &world.guarded(source)).await;
            assert_eq!(world.breaker(source).await, BreakerState::Open, "{}", source.id);
        }
    }
}

#[tokio::test]
async fn a_repetition_that_is_kept_back_is_not_spent() {
    let (source, world) = (&SOURCES[0], World::new());
    let vendor = vendor(source).await;
    let none_left = vec![Allowance::of_calls(account(source), 0)];
    let send = async |guarded: &Guarded| {
        let request = http::Request::get(&vendor.base).body(bytes::Bytes::new()).unwrap();
        let timeout = std::time::Duration::from_secs(10);
        guarded.send(Call { source: source.id, operation: "o", request, timeout, repeated: true }).await
    };
    let cx = world.instance();
    let (without, with) =
        (Guarded::new(cx.clone(), Terms { allowances: none_left, ..terms(source) }), Guarded::new(cx, terms(source)));
    for _ in 0..3 {
        assert!(matches!(send(&without).await, Err(OutsideError::QuotaUsedUp(_))));
    }
    assert!(send(&with).await.is_ok(), "the one that there is");
    assert!(matches!(send(&with).await, Err(OutsideError::RepeatedEnough)));
}

/// Never answers.
#[derive(Debug)]
struct Never;

impl Outside for Never {
    fn send(&self, _: Call) -> futures::future::BoxFuture<'_, Result<Response<bytes::Bytes>, OutsideError>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_source_that_nobody_waits_for_is_found_to_be_broken() {
    let (source, world) = (&SOURCES[0], World::over(Arc::new(Never)));
    let guarded = world.guarded(source);
    for _ in 0..FAILURES {
        let asked = ask(source, "http://127.0.0.1:1", &guarded);
        futures::pin_mut!(asked);
        // It gets as far as the call, in which it waits for ever.
        tokio::time::timeout(std::time::Duration::from_millis(50), &mut asked).await.unwrap_err();
        world.later(4);
    }
    assert_eq!(world.counted("OutsideCalls"), FAILURES as usize, "each is metered");
    let given = ask(source, "http://127.0.0.1:1", &guarded).await;
    assert!(matches!(given.error, Some(SourceError::LeftAlone { .. })), "{:?}", given.error);
}

/// Asks a vendor that never answers, for so long.
async fn ask_the_silent(source: &'static Source, guarded: &Guarded, silent: &Vendor) -> Given {
    let asking = Asking::within(guarded, NOW, std::time::Duration::from_millis(50));
    ask_with(source, &silent.base, SECRET, &asking).await
}

#[tokio::test]
async fn a_call_that_the_deadline_breaks_off_is_counted_and_little_is_held_against_the_source() {
    for source in SOURCES {
        let (world, silent) = (World::new(), Vendor::always(Answer::never()).await);
        let quota = Allowance::of_calls(account(source), 9);
        let day = SourceDay::at(&quota, NOW);
        let guarded = Guarded::new(world.instance(), Terms { allowances: vec![quota], ..terms(source) });
        for _ in 0..FAILURES {
            let given = ask_the_silent(source, &guarded, &silent).await;
            assert_eq!((given.calls, given.error), (1, Some(SourceError::Timeout)), "{}", source.id);
            world.later(11);
        }
        assert_eq!(world.counted("OutsideCalls"), FAILURES as usize, "{}", source.id);
        assert_eq!(world.instance().store().reserved(&day).await.unwrap(), i64::from(FAILURES), "{}", source.id);
        let health = world.instance().store().source_health(&account(source), 24).await.unwrap();
        let abandoned: u64 = health.iter().filter_map(|hour| hour.tally.endings.get(&Ending::Abandoned)).sum();
        assert_eq!(abandoned, u64::from(FAILURES), "{}", source.id);
        assert_eq!(world.breaker(source).await, BreakerState::Closed, "{}: who has no time can say little", source.id);
    }
}

impl World {
    /// Every part of an answer that is stored, unpacked, and all items as they read.
    async fn stored(&self) -> (Vec<String>, String) {
        let scan = self.aws().dynamo().scan().table_name("cache").send().await.unwrap();
        assert!(scan.last_evaluated_key.is_none(), "one page");
        let mut parts = Vec::new();
        for part in scan.items().iter().filter_map(|item| item.get("part")?.as_b().ok()) {
            let mut text = String::new();
            GzDecoder::new(part.as_ref()).read_to_string(&mut text).unwrap();
            parts.push(text);
        }
        (parts, format!("{:?}", scan.items()))
    }
}

#[tokio::test]
async fn no_answer_that_is_stored_holds_a_key_or_a_token() {
    let world = World::new();
    for source in SOURCES {
        let plain = vendor(source).await;
        assert_eq!(ask(source, &plain.base, &world.guarded(source)).await.outcome, SourceOutcome::Complete, "{}", source.id);
        // One that says everything that it was asked with.
        let echo = Vendor::answering(move |_, asked| {
            let mut body = recorded(source.id);
            let said: Vec<_> = asked.head.headers.values().filter_map(|value| value.to_str().ok()).collect();
            if let Some(object) = body.as_object_mut() {
                object.insert("you_asked".to_owned(), said.into());
            } else {
                body = serde_json::json!({"you_asked": said});
            }
            granting(asked, Answer::json(&body))
        });
        ask(source, &echo.await.base, &world.guarded(source)).await;
    }
    let (parts, items) = world.stored().await;
    // Each gave one that may be kept.
    assert_eq!(parts.len(), SOURCES.len());
    parts.iter().for_each(|part| assert_secret(part));
    assert_secret(&items);
    assert_eq!(world.counted("RawAnswersLost"), SOURCES.len());
}

#[tokio::test]
async fn a_token_is_kept_for_the_searches_that_come() {
    let source = providers::sources::source("makemytrip").unwrap();
    let (world, vendor) = (World::new(), vendor(source).await);
    let access = SourceAccess { url: vendor.base.clone(), key: SECRET.into() };
    let cx = world.instance_of("search-refresh-answer", BTreeMap::from([(source.id, access)]));
    for (minutes, asked) in [(0, 2), (30, 3), (28, 4), (1, 6)] {
        world.later(minutes * 60);
        let serving = serving::<Arc<dyn StaySource>>(&cx, &"demo".parse().unwrap(), Vertical::Stays, None).await.unwrap();
        let [Serving { adapter, outside, .. }] = &serving[..] else { unreachable!("{serving:?}") };
        let asking = Asking { now: cx.now(), ..asking(outside) };
        assert_eq!(adapter.stays(&asking, &stay(source.id)).await.outcome, SourceOutcome::Complete);
        assert_eq!(vendor.asked().len(), asked, "{minutes} minutes later");
        assert_secret(&format!("{serving:?} {cx:?}"));
    }
}

#[tokio::test]
async fn nothing_tells_a_secret() {
    for source in SOURCES {
        let (world, vendor) = (World::new(), vendor(source).await);
        let guarded = world.guarded(source);
        let given = ask(source, &vendor.base, &guarded).await;
        assert_secret(&given.shown);
        assert_secret(&format!("{guarded:?}"));
        assert_secret(&world.lines.0.lock().unwrap().join("\n"));
        let items = world.instance().store().source_health(&account(source), 24).await.unwrap();
        assert_secret(&format!("{items:?}"));
    }
}
