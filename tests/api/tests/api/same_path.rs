//! Nothing tells whether an account is there: what is known and what is not take the same path, call by call, and as many passwords
//! are hashed on it. Who has an address is found out by the worker that mails, which nobody waits for.

use std::sync::{Arc, Mutex};

use jiff::ToSpan;
use local::{
    TestApp,
    gate::{Action, CallInfo, Faults},
};
use platform::{passwords::HASHED, telemetry::MetricSink};
use serde_json::{Value, json};

use crate::{
    auth::{PASSWORD, address, applicant, ask, signed_up},
    support::with,
};

/// What was done since it was last looked at: calls of services, and passwords hashed.
#[derive(Debug, Default)]
struct Steps(Mutex<Vec<String>>);

impl Steps {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Faults for Steps {
    fn before(&self, call: &CallInfo) -> Action {
        self.0.lock().unwrap().push(format!("{} by {}", call.operation, call.function));
        Action::Proceed
    }
}

impl MetricSink for Steps {
    fn write(&self, line: &str) {
        if line.contains(HASHED) {
            self.0.lock().unwrap().push("a password is hashed".to_owned());
        }
    }
}

/// An app with the member `gwen`.
async fn watched() -> (TestApp, Arc<Steps>) {
    let steps = Arc::new(Steps::default());
    let metrics = steps.clone();
    let app = TestApp::built(|options| options.metrics = Some(metrics)).await;
    signed_up(&app, "gwen").await;
    app.set_faults(steps.clone());
    pass(&app, 1).await;
    (app, steps)
}

/// Lets minutes pass, and asks each endpoint something: whose a host is is kept for a minute by whoever has asked.
async fn pass(app: &TestApp, minutes: i64) {
    app.settle().await;
    app.leap(minutes.minutes()).await;
    let asked = ask(app, "forgot-password", json!({"email": "else@example.net"})).await.body["challenge"].clone();
    for (path, body) in [
        ("signup", applicant("else")),
        ("login", json!({"login": "else", "password": "x"})),
        ("resend-otp", json!({"challenge": asked})),
        ("reset-password", json!({"challenge": asked, "passcode": "000000", "password": PASSWORD})),
    ] {
        ask(app, path, body).await;
    }
}

/// What is done for a request, and what is answered.
async fn path(app: &TestApp, steps: &Steps, to: &str, body: Value) -> (Vec<String>, u16, String) {
    steps.take();
    let reply = ask(app, to, body).await;
    (steps.take(), reply.status.as_u16(), reply.code().to_owned())
}

#[tokio::test]
async fn signing_in_goes_the_same_way_for_any_account_until_it_is_locked_and_then() {
    let (app, steps) = watched().await;
    for (known, unknown) in [("gwen".to_owned(), "nobody".to_owned()), (address("gwen"), address("nobody"))] {
        for n in 0..12 {
            if n % 4 == 0 {
                pass(&app, 1).await;
            }
            let of = |login: &str| json!({"login": login, "password": "not the password"});
            let (one, other) = (path(&app, &steps, "login", of(&known)).await, path(&app, &steps, "login", of(&unknown)).await);
            assert_eq!(one, other, "{n}");
            let hashed = one.0.iter().filter(|step| step.contains("hashed")).count();
            assert_eq!((hashed, one.0.len(), one.1), if n < 10 { (1, 6, 401) } else { (0, 4, 429) }, "{one:?}");
        }
        pass(&app, 15).await;
    }
}

#[tokio::test]
async fn asking_for_a_passcode_and_answering_it_goes_the_same_way_for_any_address() {
    let (app, steps) = watched().await;
    let mut challenges = Vec::new();
    let mut paths = Vec::new();
    for email in [address("gwen"), address("nobody")] {
        paths.push(path(&app, &steps, "forgot-password", json!({"email": email})).await);
        challenges.push(ask(&app, "forgot-password", json!({"email": email})).await.body["challenge"].clone());
    }
    assert_eq!(paths[0], paths[1]);
    // It is counted, and asked for.
    assert_eq!((paths[0].0.len(), paths[0].1), (2, 202), "{:?}", paths[0]);
    pass(&app, 1).await;

    for n in 0..7 {
        if n == 4 {
            pass(&app, 1).await;
        }
        let mut paths = Vec::new();
        for challenge in &challenges {
            let body = json!({"challenge": challenge, "passcode": "000000", "password": PASSWORD});
            paths.push(path(&app, &steps, "reset-password", body).await);
        }
        assert_eq!(paths[0], paths[1]);
        assert!(paths[0].0.iter().all(|step| !step.contains("hashed")), "{:?}", paths[0]);
    }
    let mut paths = Vec::new();
    for challenge in &challenges {
        paths.push(path(&app, &steps, "resend-otp", json!({"challenge": challenge})).await);
    }
    assert_eq!(paths[0], paths[1]);
}

#[tokio::test]
async fn signing_up_goes_the_same_way_for_any_address() {
    let (app, steps) = watched().await;
    let taken = with(applicant("other"), "email", json!(address("gwen")));
    let (known, unknown) = (path(&app, &steps, "signup", taken).await, path(&app, &steps, "signup", applicant("another")).await);
    assert_eq!(known, unknown);
    assert_eq!(known.1, 202);
    assert_eq!(known.0.iter().filter(|step| step.contains("hashed")).count(), 1);
}
