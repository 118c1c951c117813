//! How long it takes to be refused, for an account that is there and one that is not, in turns: nobody should tell one from the
//! other. `cargo bench -p load --bench sign_in`
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "what was measured")]

use std::time::Instant;

use jiff::SignedDuration;
use local::TestApp;
use serde_json::{Value, json};

const SAMPLES: usize = 200;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let app = TestApp::new().await;
    let wrong = |login: &str| json!({"login": login, "password": "not the password"});
    compare(&app, "sign-in by handle", "login", [wrong("demo"), wrong("nobody")]).await;
    compare(&app, "sign-in by address", "login", [wrong("dana@example.com"), wrong("nobody@example.com")]).await;
    let forgot = |email: &str| json!({"email": email});
    compare(&app, "forgotten password", "forgot-password", [forgot("dana@example.com"), forgot("nobody@example.com")]).await;
}

/// Asks with one and the other, in turns and each first as often as second.
async fn compare(app: &TestApp, what: &str, path: &str, bodies: [Value; 2]) {
    let mut times = [const { Vec::new() }; 2];
    for n in 0..SAMPLES {
        for turn in [n % 2, 1 - n % 2] {
            let started = Instant::now();
            let reply = app.anonymous().post(&format!("/v1/auth/{path}")).body(&bodies[turn]).send().await;
            times[turn].push(started.elapsed().as_micros());
            assert!(reply.status != 429, "{}", reply.body);
        }
        // Neither is ever locked, or asks too often.
        app.clock.advance(SignedDuration::from_hours(25));
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort_unstable();
        [SAMPLES / 4, SAMPLES / 2, SAMPLES * 3 / 4].map(|at| times[at])
    });
    let apart = known[0] > unknown[2] || unknown[0] > known[2];
    assert!(!apart, "{what} tells who is there: known {known:?}, unknown {unknown:?}");
    println!("{what}, quartiles in µs: known {known:?}, unknown {unknown:?}");
}
