//! No address, name, token or key of a client is told in logs, in problems, or with dead letters.

use std::{
    io,
    sync::{Arc, Mutex},
};

use http::Method;
use jiff::ToSpan;
use local::{
    TestApp,
    gate::{Action, CallInfo, Callee, Failure, Faults},
    test_app::Reply,
};
use platform::aws::Service;
use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::support::{ask, create, dubai, run, watcher, with};

/// Keeps what is logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    /// Everything that our crates say, and what others say at the level of production.
    fn start(&self) -> tracing::subscriber::DefaultGuard {
        let ours = ["channels", "deals", "domain", "metric", "notifications", "platform", "providers", "search", "storage", "system", "watchers"];
        let filter = ours.into_iter().fold("info".to_owned(), |filter, target| format!("{filter},{target}=trace"));
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt().json().with_env_filter(EnvFilter::new(filter)).with_writer(move || log.clone()).finish();
        tracing::subscriber::set_default(subscriber)
    }
}

/// Fails every so many-th call of everything, in each of the ways in turn.
#[derive(Debug)]
struct Trouble;

impl Faults for Trouble {
    fn before(&self, call: &CallInfo) -> Action {
        match (call.callee, call.number % 7) {
            (Callee::Aws(Service::Ses), 1) | (_, 3) => Action::Fail(Failure::Internal),
            (_, 5) => Action::Fail(Failure::Throttled),
            (_, 6) => Action::Fail(Failure::Conflict),
            _ => Action::Proceed,
        }
    }

    fn after(&self, call: &CallInfo) -> Action {
        if call.number % 11 == 4 { Action::LoseAnswer } else { Action::Proceed }
    }
}

/// What must not be told: it stands in requests or in the table, and is someone's.
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn assert_kept_by(&self, teller: &str, told: &str) {
        for (what, secret) in &self.0 {
            if let Some(at) = told.find(secret.as_str()) {
                let (from, to) = (told.floor_char_boundary(at.saturating_sub(300)), told.ceil_char_boundary(told.len().min(at + 200)));
                panic!("{teller} tells {what}: … {} …", &told[from..to]);
            }
        }
    }

    fn assert_kept_by_problem(&self, what: &str, reply: &Reply) {
        if !reply.status.is_success() {
            self.assert_kept_by(&format!("{what}: the problem"), &format!("{} {:?}", reply.body, reply.headers));
        }
    }
}

const KEY: &str = "idempotency-key-of-a-client-4711";
const SECRET_NAME: &str = "Honeymoon with Gwendolyn";
const ADDRESS_IN_BODY: &str = "gwendolyn@example.net";

fn secrets(tokens: &[String]) -> Secrets {
    let people = ["dana@example.com", "fred@example.com", "ada@example.com", "omar@example.org", "Dana Demo", "Fred Free", "Ada Admin", "Omar Other"];
    let people = people.into_iter().map(|secret| ("a member's address or name", secret.to_owned()));
    let given = [("an idempotency key", KEY), ("a watcher's name", SECRET_NAME), ("an address in a body", ADDRESS_IN_BODY)];
    let given = given.into_iter().map(|(what, secret)| (what, secret.to_owned()));
    // A part of a token is as good as the whole, but for its header, which is the same for all.
    let parts = tokens.iter().flat_map(|token| token.split('.').skip(1).map(|part| ("a token's part", part.to_owned())).collect::<Vec<_>>());
    Secrets(people.chain(given).chain(parts).collect())
}

#[tokio::test]
async fn logs_tell_nothing_personal_when_all_goes_well_or_ill() {
    let log = Log::default();
    let _logging = log.start();
    let app = TestApp::new().await;
    let good = app.token_with(|_| {});
    let expired = app.token_with(|claims| claims.exp = claims.iat - 100);
    let secrets = secrets(&[good.clone(), expired.clone()]);
    let demo = app.bearer(good);
    let named = with(dubai(), "name", json!(SECRET_NAME));

    let created = demo.post("/v1/watchers").header("idempotency-key", KEY).body(&named).send().await;
    created.assert(201, "");
    let id = crate::support::id_of(&created);
    run(&app, &demo, &id).await;
    assert!(!app.mails().is_empty(), "the whole chain ran");

    app.bearer(expired).get("/v1/watchers").send().await.assert(401, "unauthenticated");
    demo.post("/v1/watchers").header("idempotency-key", KEY).body(with(named.clone(), "travellers", json!(2))).send().await.assert(422, "idempotency-key-reused");
    demo.post(&ask(&id, "run")).header("idempotency-key", KEY).send().await.assert(429, "ran-recently");

    // From here on, everything fails now and then, in every way.
    app.set_faults(Arc::new(Trouble));
    let demo = app.member("demo");
    for n in 0..10 {
        let body = with(named.clone(), "travellers", json!(n % 9 + 1));
        let replies = [
            demo.post("/v1/watchers").header("idempotency-key", &format!("{KEY}-{n}")).body(body).send().await,
            demo.patch(&watcher(&id)).header("idempotency-key", &format!("{KEY}-{n}")).body(json!({"name": format!("{SECRET_NAME} {n}")})).send().await,
            demo.get("/v1/watchers").send().await,
            demo.get("/v1/alerts").send().await,
        ];
        for reply in replies {
            secrets.assert_kept_by_problem("in trouble", &reply);
        }
    }
    app.leap(1.hour()).await;
    for _ in 0..20 {
        app.advance(3.minutes()).await;
    }
    for (_, letter) in app.dead_letters() {
        let reasons = format!("{:?}", letter.attributes);
        secrets.assert_kept_by("a dead letter's attributes", &reasons);
    }
    for waiting in app.queues() {
        secrets.assert_kept_by("a queue's state", &format!("{waiting:?}"));
    }
    let text = log.text();
    assert!(text.contains("\"request\"") && text.contains("\"job\"") && text.contains("WARN"), "something was logged");
    secrets.assert_kept_by("the log", &text);
}

#[tokio::test]
async fn problems_repeat_nothing_personal() {
    let log = Log::default();
    let _logging = log.start();
    let app = TestApp::new().await;
    let token = app.token_with(|_| {});
    let secrets = secrets(std::slice::from_ref(&token));
    let demo = app.bearer(token);
    let id = create(&demo, with(dubai(), "name", json!(SECRET_NAME))).await;
    let mut told = Vec::new();
    for field in ["name", "wanted", "from", "to", "dates", "cabins", "travellers", "filters", "telling", "schedule"] {
        for value in [json!(ADDRESS_IN_BODY), json!(format!(" {ADDRESS_IN_BODY}\n")), json!([ADDRESS_IN_BODY]), json!({"on": ADDRESS_IN_BODY, "every": ADDRESS_IN_BODY})] {
            for reply in [
                demo.post("/v1/watchers").header("idempotency-key", KEY).body(with(dubai(), field, value.clone())).send().await,
                demo.patch(&watcher(&id)).header("idempotency-key", KEY).body(json!({field: value})).send().await,
            ] {
                if !reply.status.is_success() && reply.body.to_string().contains(ADDRESS_IN_BODY) {
                    told.push(format!("{field} = {value}: {}", reply.body["errors"]));
                }
                if reply.status == 201 {
                    demo.delete(reply.header("location")).send().await.assert(204, "");
                }
            }
        }
    }
    for (method, path) in [(Method::GET, "/v1/deals?from=gwendolyn@example.net"), (Method::GET, "/v1/alerts?cursor=gwendolyn@example.net"), (Method::GET, "/v1/watchers/gwendolyn@example.net")] {
        let reply = demo.request(method, path).header("idempotency-key", KEY).send().await;
        secrets.assert_kept_by_problem(path, &reply);
    }
    secrets.assert_kept_by("the log", &log.text());
    assert!(told.is_empty(), "{} problems repeat what was sent:\n{}", told.len(), told.join("\n"));
}
