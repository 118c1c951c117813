//! No address, name, token or key of a client is told in logs, in problems, or with dead letters.

use std::{
    cell::RefCell,
    io,
    sync::{Arc, Mutex, Once},
};

use http::Method;
use jiff::ToSpan;
use local::{
    TestApp,
    gate::{Action, CallInfo, Callee, Failure, Faults, NoFaults},
    test_app::Reply,
};
use platform::aws::Service;
use serde_json::json;
use tracing_subscriber::{EnvFilter, filter::dynamic_filter_fn, fmt, layer::SubscriberExt, registry};

use crate::{
    auth,
    support::{ask, create, dubai, run, watcher, with},
};

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

    /// Everything that our crates say on this thread, and what others say at the level of production.
    fn start(&self) -> Keeping {
        INSTALLED.call_once(install);
        KEPT.set(Some(self.clone()));
        Keeping
    }
}

thread_local! {
    /// Where it is kept what is logged on this thread; nowhere, where no test asks for it.
    static KEPT: RefCell<Option<Log>> = const { RefCell::new(None) };
}

/// Until it is dropped, what is logged on this thread is kept.
struct Keeping;

impl Drop for Keeping {
    fn drop(&mut self) {
        KEPT.set(None);
    }
}

static INSTALLED: Once = Once::new();

/// One subscriber for the process. While the only one is a thread's own, a line that another test's thread comes by first is noted as
/// of no interest to anybody (by tracing, for the whole process), and is lost here.
fn install() {
    let ours = [
        "channels",
        "deals",
        "domain",
        "identity",
        "metric",
        "notifications",
        "platform",
        "providers",
        "search",
        "storage",
        "system",
        "watchers",
    ];
    let filter = ours.into_iter().fold("info".to_owned(), |filter, target| format!("{filter},{target}=trace"));
    let on_this_thread = dynamic_filter_fn(|_, _| KEPT.with_borrow(Option::is_some));
    let lines = fmt::layer().json().with_writer(|| KEPT.with_borrow(Clone::clone).unwrap_or_default());
    let subscriber = registry().with(EnvFilter::new(filter)).with(on_this_thread).with(lines);
    tracing::subscriber::set_global_default(subscriber).unwrap();
    // What other threads came by since it was made, and before it was the default.
    tracing::callsite::rebuild_interest_cache();
}

#[test]
fn a_line_that_another_thread_came_by_first_is_kept_of_this_one() {
    let tell = || tracing::debug!(target: "platform", "told by two threads");
    let log = Log::default();
    let _logging = log.start();
    std::thread::spawn(tell).join().unwrap();
    tell();
    assert_eq!(log.text().matches("told by two threads").count(), 1, "{}", log.text());
}

/// Every kind of trouble, each where it is of consequence. Where the SDK tries again it waits in real time: so only once or
/// twice.
#[derive(Debug)]
struct Trouble;

impl Faults for Trouble {
    fn before(&self, call: &CallInfo) -> Action {
        match (call.function, call.callee, call.operation.as_str()) {
            ("watchers-create-watcher", _, "TransactWriteItems") => Action::Fail(Failure::Internal),
            ("watchers-update-watcher" | "deals-assess-offers", _, "TransactWriteItems") => Action::Fail(Failure::Conflict),
            ("watchers-list-watchers" | "watchers-match-deals", ..) => Action::Hang,
            ("search-run-search", Callee::Outside(_), _) if call.number.is_multiple_of(2) => Action::Fail(Failure::Internal),
            _ => Action::Proceed,
        }
    }

    fn after(&self, call: &CallInfo) -> Action {
        match (call.function, call.callee) {
            ("notifications-list-alerts", _) => Action::LoseAnswer,
            _ => Action::Proceed,
        }
    }
}

/// Mail that is not taken, or not known to be taken.
#[derive(Debug)]
struct NoMail;

impl Faults for NoMail {
    fn before(&self, call: &CallInfo) -> Action {
        let mails = call.callee == Callee::Aws(Service::Ses);
        if mails && !call.number.is_multiple_of(3) { Action::Fail(Failure::Throttled) } else { Action::Proceed }
    }

    fn after(&self, call: &CallInfo) -> Action {
        if call.callee == Callee::Aws(Service::Ses) { Action::LoseAnswer } else { Action::Proceed }
    }
}

/// What must not be told: it stands in requests or in the table, and is someone's.
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn assert_kept_by(&self, teller: &str, told: &str) {
        for (what, secret) in &self.0 {
            if let Some(at) = told.find(secret.as_str()) {
                let (from, to) =
                    (told.floor_char_boundary(at.saturating_sub(300)), told.ceil_char_boundary(told.len().min(at + 200)));
                panic!("{teller} tells {what}: … {} …", &told[from..to]);
            }
        }
    }

    fn assert_key_kept(reply: &Reply) {
        assert!(!reply.body.to_string().contains(KEY) && !format!("{:?}", reply.headers).contains(KEY));
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
    let people = [
        "dana@example.com",
        "fred@example.com",
        "ada@example.com",
        "omar@example.org",
        "Dana Demo",
        "Fred Free",
        "Ada Admin",
        "Omar Other",
    ];
    let people = people.into_iter().map(|secret| ("a member's address or name", secret.to_owned()));
    let given = [("an idempotency key", KEY), ("a watcher's name", SECRET_NAME), ("an address in a body", ADDRESS_IN_BODY)];
    let given = given.into_iter().map(|(what, secret)| (what, secret.to_owned()));
    // A part of a token is as good as the whole, but for its header, which is the same for all.
    let parts = tokens
        .iter()
        .flat_map(|token| token.split('.').skip(1).map(|part| ("a token's part", part.to_owned())).collect::<Vec<_>>());
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

    // All goes well.
    let created = demo.post("/v1/watchers").header("idempotency-key", KEY).body(&named).send().await;
    created.assert(201, "");
    let id = crate::support::id_of(&created);
    run(&app, &demo, &id).await;
    assert!(!app.mails().is_empty(), "the whole chain ran");

    // Members make mistakes.
    app.bearer(expired).get("/v1/watchers").send().await.assert(401, "unauthenticated");
    let other = with(named.clone(), "travellers", json!(2));
    demo.post("/v1/watchers").header("idempotency-key", KEY).body(other).send().await.assert(422, "idempotency-key-reused");
    demo.post(&ask(&id, "run")).header("idempotency-key", KEY).send().await.assert(429, "ran-recently");

    // No mail goes out.
    let admin = app.member("admin");
    let style = with(with(named.clone(), "cabins", json!(["business"])), "filters", json!({}));
    let second = create(&admin, style).await;
    app.set_faults(Arc::new(NoMail));
    run(&app, &admin, &second).await;

    // Nothing works.
    app.set_faults(Arc::new(NoFaults));
    let first = create(&demo, with(with(named.clone(), "cabins", json!(["first"])), "filters", json!({}))).await;
    app.set_faults(Arc::new(Trouble));
    run(&app, &demo, &first).await;
    let replies = [
        demo.post("/v1/watchers").header("idempotency-key", "another").body(&named).send().await,
        demo.patch(&watcher(&id)).header("idempotency-key", KEY).body(json!({"name": format!("{SECRET_NAME} 2")})).send().await,
        demo.get("/v1/watchers").send().await,
        demo.get("/v1/alerts").send().await,
    ];
    for reply in replies {
        assert!(reply.status.is_server_error() || reply.status == 409, "{}", reply.status);
        secrets.assert_kept_by_problem("in trouble", &reply);
    }
    app.advance(16.minutes()).await;

    assert!(!app.dead_letters().is_empty(), "some work was given up");
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
    let (mut told, mut tried) = (Vec::new(), 0);
    for field in ["name", "wanted", "from", "to", "dates", "cabins", "travellers", "filters", "telling", "schedule"] {
        for value in [
            json!(ADDRESS_IN_BODY),
            json!(format!(" {ADDRESS_IN_BODY}\n")),
            json!([ADDRESS_IN_BODY]),
            json!({"on": ADDRESS_IN_BODY, "every": ADDRESS_IN_BODY}),
        ] {
            tried += 1;
            let key = format!("{KEY}-{tried}");
            for reply in [
                demo.post("/v1/watchers").header("idempotency-key", &key).body(with(dubai(), field, value.clone())).send().await,
                demo.patch(&watcher(&id)).header("idempotency-key", &key).body(json!({field: value})).send().await,
            ] {
                assert_ne!(reply.code(), "idempotency-key-reused");
                Secrets::assert_key_kept(&reply);
                if !reply.status.is_success() && reply.body.to_string().contains(ADDRESS_IN_BODY) {
                    told.push(format!("{field} = {value}: {}", reply.body["errors"]));
                }
                if reply.status == 201 {
                    demo.delete(reply.header("location")).send().await.assert(204, "");
                }
            }
        }
    }
    for (method, path) in [
        (Method::GET, "/v1/deals?from=gwendolyn@example.net"),
        (Method::GET, "/v1/alerts?cursor=gwendolyn@example.net"),
        (Method::GET, "/v1/watchers/gwendolyn@example.net"),
    ] {
        let reply = demo.request(method, path).header("idempotency-key", KEY).send().await;
        secrets.assert_kept_by_problem(path, &reply);
    }
    secrets.assert_kept_by("the log", &log.text());
    assert!(told.is_empty(), "{} problems repeat what was sent:\n{}", told.len(), told.join("\n"));
}

const WRONG_PASSWORD: &str = "correct battery, wrong staple";

/// From sign-up to a lock, with mail that is not taken in between: no password, code, token or address is told anywhere.
#[tokio::test]
async fn signing_in_tells_no_secret() {
    let log = Log::default();
    let _logging = log.start();
    let app = TestApp::new().await;
    let (challenge, code) = auth::asked_to_sign_up(&app, auth::applicant("gwendolyn")).await;
    let verified = auth::ask(&app, "verify-otp", json!({"challenge": challenge, "passcode": code})).await;
    verified.assert(200, "");
    let tokens = verified.body;
    let refreshed = auth::ask(&app, "refresh", json!({"refreshToken": tokens["refreshToken"]})).await.body;
    let mut problems = vec![
        auth::ask(&app, "refresh", json!({"refreshToken": tokens["refreshToken"]})).await,
        auth::ask(&app, "verify-otp", json!({"challenge": challenge, "passcode": code})).await,
    ];
    app.leap(1.minute()).await;
    app.set_faults(Arc::new(NoMail));
    auth::ask(&app, "forgot-password", json!({"email": ADDRESS_IN_BODY})).await.assert(202, "");
    for n in 0..10 {
        problems.push(auth::logged_in(&app, ADDRESS_IN_BODY, WRONG_PASSWORD).await);
        if n % 5 == 4 {
            app.leap(1.minute()).await;
        }
    }
    app.advance(16.minutes()).await;

    // What of a token is long is a secret; ids are not.
    let parts = |what: &'static str, token: &serde_json::Value| -> Vec<(&'static str, String)> {
        let parts = token.as_str().unwrap().split('.').filter(|part| part.len() > 40);
        parts.map(|part| (what, part.to_owned())).collect()
    };
    let mut secrets = vec![
        ("a password", auth::PASSWORD.to_owned()),
        ("a wrong password", WRONG_PASSWORD.to_owned()),
        ("an address", ADDRESS_IN_BODY.to_owned()),
        ("a name", "Gwen Guest".to_owned()),
        ("a code", format!("\"{code}\"")),
        ("a code", format!(" {code} ")),
    ];
    secrets.extend(parts("a challenge", &challenge));
    for tokens in [&tokens, &refreshed] {
        secrets.extend(parts("a refresh token", &tokens["refreshToken"]));
        // The header is the same for all.
        secrets.extend(parts("an access token", &tokens["accessToken"]).split_off(1));
    }
    let secrets = Secrets(secrets);
    for problem in &problems {
        assert_eq!(problem.status, 401);
        secrets.assert_kept_by_problem("signing in", problem);
    }
    for letter in app.dead_letters() {
        secrets.assert_kept_by("a dead letter", &format!("{letter:?}"));
    }
    let text = log.text();
    assert!(text.contains("identity-log-in") && text.contains("identity-send-passcode") && text.contains("\"job\""));
    secrets.assert_kept_by("the log", &text);
}
