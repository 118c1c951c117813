//! Signing in, locks, and passwords that were forgotten.

use domain::identity::MemberState;
use futures::future::join_all;
use jiff::ToSpan;
use local::{TestApp, test_app::Reply};
use platform::clock::Clock;
use serde_json::{Value, json};
use storage::Change;

use crate::{
    auth::{PASSWORD, address, ask, ask_from, codes, logged_in, logged_in_from, signed_up, with_tokens},
    support::Held,
};

const ANOTHER: &str = "two bicycles, no lantern";
const THIEF: &str = "203.0.113.66";
const HOME: &str = "198.51.100.7";

async fn forgot(app: &TestApp, email: &str) -> Value {
    let reply = ask(app, "forgot-password", json!({"email": email})).await;
    reply.assert(202, "");
    reply.body["challenge"].clone()
}

async fn reset(app: &TestApp, challenge: &Value, code: &str) -> Reply {
    ask(app, "reset-password", json!({"challenge": challenge, "passcode": code, "password": ANOTHER})).await
}

/// Fails to sign in so often: five times a minute, which is as often as anyone is let try.
async fn fail(app: &TestApp, login: &str, times: usize) {
    for n in 0..times {
        if n % 5 == 0 {
            app.leap(1.minute()).await;
        }
        logged_in(app, login, ANOTHER).await.assert(401, "wrong-credentials");
    }
    app.leap(1.minute()).await;
}

/// The same from one network.
async fn fail_from(app: &TestApp, network: &str, login: &str, times: usize) {
    for n in 0..times {
        if n % 5 == 0 {
            app.leap(1.minute()).await;
        }
        logged_in_from(app, network, login, ANOTHER).await.assert(401, "wrong-credentials");
    }
    app.leap(1.minute()).await;
}

/// How many failures the account has.
async fn failed(app: &TestApp, handle: &str) -> usize {
    let owner = app.store().owner_of_handle(&"demo".parse().unwrap(), &handle.parse().unwrap()).await.unwrap().unwrap();
    app.store().sign_ins(&owner).await.unwrap().failures.count.into()
}

fn locks_told(app: &TestApp) -> usize {
    app.mails().iter().filter(|mail| mail.mail.subject.contains("locked")).count()
}

#[tokio::test]
async fn ten_failures_lock_the_account_and_tell_the_member_once() {
    let app = TestApp::new().await;
    let tokens = signed_up(&app, "gwen").await;
    fail(&app, "gwen", 5).await;
    fail(&app, &address("gwen"), 5).await;
    logged_in(&app, "gwen", PASSWORD).await.assert(401, "wrong-credentials");
    app.settle().await;
    assert_eq!(locks_told(&app), 1);
    // Where the member is signed in they stay so.
    with_tokens(&app, &tokens).get("/v1/watchers").send().await.assert(200, "");
    ask(&app, "refresh", json!({"refreshToken": tokens["refreshToken"]})).await.assert(200, "");

    app.leap(15.minutes()).await;
    logged_in(&app, "gwen", PASSWORD).await.assert(200, "");
    app.settle().await;
    assert_eq!(locks_told(&app), 1);
}

#[tokio::test]
async fn an_account_that_there_is_not_locks_as_any_other_and_nobody_is_told() {
    let app = TestApp::new().await;
    for login in ["nobody", "nobody@example.net"] {
        fail_from(&app, THIEF, login, 10).await;
        logged_in_from(&app, THIEF, login, ANOTHER).await.assert(429, "account-locked");
    }
    app.settle().await;
    assert!(app.mails().is_empty() && app.dead_letters().is_empty());
}

/// What is refused is what was typed, where it was: not the account, and nobody else.
#[tokio::test]
async fn ten_failures_from_one_network_shut_out_that_network_with_that_login() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    fail_from(&app, THIEF, "gwen", 10).await;
    let locked = logged_in_from(&app, THIEF, "GWEN", PASSWORD).await;
    locked.assert(429, "account-locked");
    assert!(!locked.header("retry-after").is_empty());
    logged_in_from(&app, THIEF, &address("gwen"), ANOTHER).await.assert(401, "wrong-credentials");
    logged_in_from(&app, THIEF, "demo", ANOTHER).await.assert(401, "wrong-credentials");
    app.leap(15.minutes()).await;
    logged_in_from(&app, THIEF, "gwen", PASSWORD).await.assert(200, "");
}

#[tokio::test]
async fn a_lock_does_not_shut_members_out_where_they_have_signed_in() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    logged_in_from(&app, HOME, "gwen", PASSWORD).await.assert(200, "");
    fail(&app, "gwen", 10).await;
    logged_in_from(&app, THIEF, "gwen", PASSWORD).await.assert(401, "wrong-credentials");
    logged_in_from(&app, HOME, "gwen", PASSWORD).await.assert(200, "");
    // Where one has reset one's password one is known, too.
    fail(&app, "gwen", 10).await;
    let challenge = forgot(&app, &address("gwen")).await;
    let code = codes(&app, &address("gwen")).await.pop().unwrap();
    let answer = json!({"challenge": challenge, "passcode": code, "password": ANOTHER});
    ask_from(&app, "198.51.100.8", "reset-password", answer).await.assert(204, "");
    for n in 0..10 {
        if n % 5 == 0 {
            app.leap(1.minute()).await;
        }
        logged_in(&app, "gwen", PASSWORD).await.assert(401, "wrong-credentials");
    }
    app.leap(1.minute()).await;
    logged_in(&app, "gwen", ANOTHER).await.assert(401, "wrong-credentials");
    logged_in_from(&app, "198.51.100.8", "gwen", ANOTHER).await.assert(200, "");
}

#[tokio::test]
async fn fifty_guesses_at_once_are_five_and_twice_as_many_lock() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    let mut answered = 0;
    for _ in 0..2 {
        let replies = join_all((0..50).map(|_| logged_in(&app, "gwen", ANOTHER))).await;
        let now = replies.iter().filter(|reply| reply.status == 401).count();
        assert!(now <= 5 && replies.iter().all(|reply| [401, 429, 503].contains(&reply.status.as_u16())), "{now}");
        answered += now;
        assert_eq!(failed(&app, "gwen").await, answered, "what is told is counted");
        app.leap(1.minute()).await;
    }
    fail(&app, "gwen", 10 - answered).await;
    logged_in(&app, "gwen", PASSWORD).await.assert(401, "wrong-credentials");
    assert_eq!(failed(&app, "gwen").await, 10, "a lock counts nothing");
    app.settle().await;
    assert_eq!(locks_told(&app), 1);
}

#[tokio::test]
async fn failures_in_between_are_forgotten() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    for _ in 0..3 {
        fail(&app, "gwen", 9).await;
        logged_in(&app, "gwen", PASSWORD).await.assert(200, "");
    }
}

#[tokio::test]
async fn a_password_is_reset_by_whoever_has_the_address_and_ends_every_session_and_lock() {
    let app = TestApp::new().await;
    let tokens = signed_up(&app, "gwen").await;
    fail(&app, "gwen", 10).await;
    let challenge = forgot(&app, &address("gwen")).await;
    let code = codes(&app, &address("gwen")).await.pop().unwrap();
    // It signs nobody in.
    ask(&app, "verify-otp", json!({"challenge": challenge, "passcode": code})).await.assert(401, "wrong-passcode");
    let common = json!({"challenge": challenge, "passcode": code, "password": "password123"});
    ask(&app, "reset-password", common).await.assert(422, "invalid-input");
    reset(&app, &challenge, &code).await.assert(204, "");

    logged_in(&app, "gwen", PASSWORD).await.assert(401, "wrong-credentials");
    logged_in(&app, "gwen", ANOTHER).await.assert(200, "");
    ask(&app, "refresh", json!({"refreshToken": tokens["refreshToken"]})).await.assert(401, "wrong-refresh-token");
    reset(&app, &challenge, &code).await.assert(401, "wrong-passcode");
}

/// And all of it from home, where the ten failures were: with the handle as with the address, in whatever case.
#[tokio::test]
async fn whoever_resets_where_they_mistyped_gets_in_there_at_once() {
    for (login, other) in [("gwen".to_owned(), address("gwen")), (address("GWEN"), "Gwen".to_owned())] {
        let app = TestApp::new().await;
        signed_up(&app, "gwen").await;
        fail_from(&app, HOME, &login, 10).await;
        fail_from(&app, THIEF, &login, 1).await;
        logged_in_from(&app, HOME, &login, PASSWORD).await.assert(429, "account-locked");
        let asked = ask_from(&app, HOME, "forgot-password", json!({"email": address("gwen")})).await;
        let code = codes(&app, &address("gwen")).await.pop().unwrap();
        let answer = json!({"challenge": asked.body["challenge"], "passcode": code, "password": ANOTHER});
        ask_from(&app, HOME, "reset-password", answer).await.assert(204, "");
        for login in [login, other] {
            logged_in_from(&app, HOME, &login, ANOTHER).await.assert(200, "");
        }
    }
}

/// Where others typed what is nobody's, or something else, nothing is forgotten.
#[tokio::test]
async fn a_reset_unlocks_no_other_network_and_no_other_login() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    for (network, login) in [(THIEF, "gwen"), (HOME, "nobody")] {
        fail_from(&app, network, login, 10).await;
    }
    let challenge = forgot(&app, &address("gwen")).await;
    let code = codes(&app, &address("gwen")).await.pop().unwrap();
    let answer = json!({"challenge": challenge, "passcode": code, "password": ANOTHER});
    ask_from(&app, HOME, "reset-password", answer).await.assert(204, "");
    logged_in_from(&app, THIEF, "gwen", ANOTHER).await.assert(429, "account-locked");
    logged_in_from(&app, HOME, "nobody", ANOTHER).await.assert(429, "account-locked");
}

/// What one stranger can use up of a member's, for as long as they go on: the attempts of a minute with one login, and no others.
#[tokio::test]
async fn five_attempts_a_minute_with_a_login_are_all_there_are_wherever_they_come_from() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    logged_in_from(&app, HOME, "gwen", PASSWORD).await.assert(200, "");
    app.leap(1.minute()).await;
    for _ in 0..5 {
        logged_in_from(&app, THIEF, "gwen", ANOTHER).await.assert(401, "wrong-credentials");
    }
    logged_in_from(&app, HOME, "gwen", PASSWORD).await.assert(429, "too-many-requests");
    logged_in_from(&app, HOME, &address("gwen"), PASSWORD).await.assert(200, "");
    app.leap(1.minute()).await;
    logged_in_from(&app, HOME, "gwen", PASSWORD).await.assert(200, "");
}

/// Whoever locks an account all day does not fill its member's mailbox; the locks hold all the same.
#[tokio::test]
async fn a_member_is_told_of_three_locks_a_day() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    for n in 1..=5 {
        fail(&app, "gwen", 10).await;
        logged_in(&app, "gwen", PASSWORD).await.assert(401, "wrong-credentials");
        app.settle().await;
        assert_eq!(locks_told(&app), n.min(3));
        app.leap(15.minutes()).await;
    }
    app.leap(24.hours()).await;
    fail(&app, "gwen", 10).await;
    app.settle().await;
    assert_eq!(locks_told(&app), 4);
    assert!(app.dead_letters().is_empty());
}

/// Were they told that it is locked, they would know that the password is right.
#[tokio::test]
async fn a_member_who_is_locked_is_told_the_same_for_the_right_password() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    let mut gwen = app.store().member_of_handle(&"demo".parse().unwrap(), &"gwen".parse().unwrap()).await.unwrap().unwrap();
    gwen.state = MemberState::Locked { until: app.clock.now() + 15.minutes() };
    app.store().commit(Change::new().update(&mut gwen)).await.unwrap();
    let told = async |password| logged_in(&app, "gwen", password).await;
    let (right, wrong) = (told(PASSWORD).await, told(ANOTHER).await);
    right.assert(401, "wrong-credentials");
    assert_eq!((wrong.code(), &wrong.body["detail"]), (right.code(), &right.body["detail"]));
    app.leap(15.minutes()).await;
    told(PASSWORD).await.assert(200, "");
}

#[tokio::test]
async fn asking_for_an_address_that_nobody_has_looks_the_same_and_comes_to_nothing() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    app.leap(1.minute()).await;
    let known = ask(&app, "forgot-password", json!({"email": address("gwen")})).await;
    let unknown = ask(&app, "forgot-password", json!({"email": "nobody@example.net"})).await;
    assert_eq!(known.status, unknown.status);
    let dates = |reply: &Reply| (reply.body["nextAt"].clone(), reply.body["endsAt"].clone());
    assert_eq!(dates(&known), dates(&unknown));
    assert_eq!((codes(&app, &address("gwen")).await.len(), codes(&app, "nobody@example.net").await.len()), (2, 0));
    for _ in 0..6 {
        reset(&app, &unknown.body["challenge"], "123456").await.assert(401, "wrong-passcode");
        app.leap(1.minute()).await;
    }
    ask(&app, "resend-otp", json!({"challenge": unknown.body["challenge"]})).await.assert(202, "");
    app.settle().await;
    assert!(app.dead_letters().is_empty());
}

/// One who was still being looked at when the password was changed does not get in; and is told the same as anyone.
#[tokio::test]
async fn a_sign_in_that_meets_a_reset_does_not_get_in() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    app.leap(1.minute()).await;
    let challenge = forgot(&app, &address("gwen")).await;
    let code = codes(&app, &address("gwen")).await.pop().unwrap();
    let held = Held::at(&app, "identity-log-in", "TransactWriteItems", 2);
    let (looked_at, ()) = tokio::join!(
        logged_in(&app, "gwen", PASSWORD),
        held.meanwhile(async {
            reset(&app, &challenge, &code).await.assert(204, "");
        }),
    );
    looked_at.assert(401, "wrong-credentials");
    logged_in(&app, "gwen", ANOTHER).await.assert(200, "");
}

/// Another who fails, or gets in, at the same time changes nothing of it.
#[tokio::test]
async fn the_right_password_gets_in_whatever_happens_meanwhile() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    logged_in(&app, "gwen", ANOTHER).await.assert(401, "wrong-credentials");
    for (password, status) in [(ANOTHER, 401), (PASSWORD, 200)] {
        let held = Held::at(&app, "identity-log-in", "TransactWriteItems", 2);
        let (right, ()) = tokio::join!(
            logged_in(&app, "gwen", PASSWORD),
            held.meanwhile(async { assert_eq!(logged_in(&app, "gwen", password).await.status, status) }),
        );
        right.assert(200, "");
        app.leap(1.minute()).await;
    }
}

/// And a reset is made, whoever tries passwords meanwhile.
#[tokio::test]
async fn a_password_is_reset_while_someone_tries_others() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    app.leap(1.minute()).await;
    let challenge = forgot(&app, &address("gwen")).await;
    let code = codes(&app, &address("gwen")).await.pop().unwrap();
    let held = Held::at(&app, "identity-reset-password", "TransactWriteItems", 2);
    let (set, ()) = tokio::join!(
        reset(&app, &challenge, &code),
        held.meanwhile(async {
            logged_in(&app, "gwen", "not the password").await.assert(401, "wrong-credentials");
        }),
    );
    set.assert(204, "");
    logged_in(&app, "gwen", ANOTHER).await.assert(200, "");
}
