//! Nothing tells whether an account is there: what is known and what is not take the same path, call by call, and as many passwords
//! are hashed on it. Who has an address is found out by the worker that mails, which nobody waits for.

use std::sync::{Arc, Mutex};

use jiff::ToSpan;
use local::{
    TestApp,
    gate::{Action, CallInfo, Faults},
    test_app::Reply,
};
use platform::{passwords::HASHED, telemetry::MetricSink};
use serde_json::{Value, json};

use crate::{
    auth::{PASSWORD, address, applicant, ask, logged_in_from, signed_up},
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
        ("verify-otp", json!({"challenge": asked, "passcode": "000000"})),
    ] {
        ask(app, path, body).await;
    }
}

/// What is done for a request, and what is answered.
type Path = (Vec<String>, u16, String);

async fn path(app: &TestApp, steps: &Steps, to: &str, body: Value) -> Path {
    path_of(steps, ask(app, to, body)).await
}

async fn path_of(steps: &Steps, asked: impl Future<Output = Reply>) -> Path {
    steps.take();
    let reply = asked.await;
    (steps.take(), reply.status.as_u16(), format!("{} {}", reply.code(), reply.body["detail"]))
}

fn hashed(path: &Path) -> usize {
    path.0.iter().filter(|step| step.contains("hashed")).count()
}

#[tokio::test]
async fn signing_in_goes_the_same_way_for_any_account_until_it_is_locked_and_then() {
    let (app, steps) = watched().await;
    for (known, unknown) in [("gwen".to_owned(), "nobody".to_owned()), (address("gwen"), address("nobody"))] {
        for n in 0..12 {
            if n % 4 == 0 {
                pass(&app, 1).await;
            }
            let (one, other) = (wrong_from(&app, &steps, HERE, &known).await, wrong_from(&app, &steps, THERE, &unknown).await);
            assert_eq!(one, other, "{n}");
            assert_eq!((hashed(&one), one.0.len(), one.1), if n < 10 { (1, 7, 401) } else { (0, 4, 429) }, "{one:?}");
        }
        pass(&app, 15).await;
    }
}

const HERE: &str = "198.51.100.7";
const THERE: &str = "203.0.113.7";

async fn wrong_from(app: &TestApp, steps: &Steps, network: &str, login: &str) -> Path {
    path_of(steps, logged_in_from(app, network, login, "not the password")).await
}

/// Whoever locks an account by one of its logins can't see by another one whose it is: neither from where they did it, nor from
/// elsewhere, nor with as many failures again.
#[tokio::test]
async fn a_lock_by_the_handle_shows_in_no_address() {
    let (app, steps) = watched().await;
    for n in 0..10 {
        if n % 5 == 0 {
            pass(&app, 1).await;
        }
        wrong_from(&app, &steps, HERE, "gwen").await;
    }
    pass(&app, 1).await;
    assert_eq!(wrong_from(&app, &steps, HERE, "gwen").await.1, 429);
    assert_eq!(wrong_from(&app, &steps, THERE, "gwen").await.1, 401, "the lock of the account is told nobody");
    for n in 0..10 {
        if n % 2 == 0 {
            pass(&app, 1).await;
        }
        for network in [HERE, THERE] {
            let known = wrong_from(&app, &steps, network, &address("gwen")).await;
            assert_eq!(known, wrong_from(&app, &steps, network, &address("nobody")).await, "{n} from {network}");
            assert_eq!((hashed(&known), known.1), (1, 401));
        }
    }
    pass(&app, 1).await;
    for email in [address("gwen"), address("nobody")] {
        assert_eq!(wrong_from(&app, &steps, HERE, &email).await.1, 429);
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
    assert_eq!((&paths[0], paths[0].1), (&paths[1], 202));
    // By now one of them was mailed another code: that is nothing to be seen, until it is answered.
    for n in 0..7 {
        if n % 4 == 0 {
            pass(&app, 1).await;
        }
        let mut paths = Vec::new();
        for challenge in &challenges {
            let body = json!({"challenge": challenge, "passcode": "000000", "password": PASSWORD});
            paths.push(path(&app, &steps, "reset-password", body).await);
        }
        assert_eq!(paths[0], paths[1], "{n} after the second mail");
        // Counted, looked up with what was wrong before, and stored, until there were five.
        assert_eq!((paths[0].0.len(), paths[0].1), if n < 5 { (4, 401) } else { (3, 401) }, "{:?}", paths[0]);
    }
}

#[tokio::test]
async fn signing_up_goes_the_same_way_for_any_address() {
    let (app, steps) = watched().await;
    let taken = with(applicant("other"), "email", json!(address("gwen")));
    let (known, unknown) = (path(&app, &steps, "signup", taken).await, path(&app, &steps, "signup", applicant("another")).await);
    assert_eq!(known, unknown);
    assert_eq!(known.1, 202);
    assert_eq!(hashed(&known), 1);
}

/// Whoever signs up with an address gets a challenge for it: answering that tells no more than having it. Nor does answering, as one
/// who signs up, a challenge of another kind.
#[tokio::test]
async fn answering_a_passcode_of_signing_up_goes_the_same_way_for_any_address() {
    let (app, steps) = watched().await;
    let (mut sign_ups, mut resets) = (Vec::new(), Vec::new());
    for (handle, email) in [("other", address("gwen")), ("another", address("nobody"))] {
        let asked = ask(&app, "signup", with(applicant(handle), "email", json!(email))).await;
        sign_ups.push(asked.assert(202, "").body["challenge"].clone());
        app.leap(1.minute()).await;
        resets.push(ask(&app, "forgot-password", json!({"email": email})).await.body["challenge"].clone());
    }
    pass(&app, 1).await;
    // After five that were wrong, none is looked at; one of another kind is none from the first on.
    for (challenges, counted) in [(sign_ups, 5), (resets, 0)] {
        for n in 0..7 {
            if n % 4 == 0 {
                pass(&app, 1).await;
            }
            let mut paths = Vec::new();
            for challenge in &challenges {
                paths.push(path(&app, &steps, "verify-otp", json!({"challenge": challenge, "passcode": "000000"})).await);
            }
            assert_eq!(paths[0], paths[1], "{n}");
            let calls = match (n < counted, counted) {
                (true, _) => 4,
                (false, 0) => 2,
                (false, _) => 3,
            };
            assert_eq!((hashed(&paths[0]), paths[0].0.len(), paths[0].1), (0, calls, 401), "{n}: {:?}", paths[0]);
        }
    }
}
