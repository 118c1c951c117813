//! `/v1/auth`: from a handle to tokens.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use futures::future::{BoxFuture, join_all};
use jiff::ToSpan;
use local::{
    TestApp,
    gate::{Action, CallInfo, Failure, Faults},
    test_app::{Reply, User},
};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{create, dubai_daily, faults, with};

pub const PASSWORD: &str = "a bicycle with a lantern";

/// What someone signs up with.
pub fn applicant(handle: &str) -> Value {
    json!({
        "handle": handle, "email": address(handle), "password": PASSWORD, "name": "Gwen Guest", "timeZone": "Europe/Berlin",
        "locale": "de-DE", "homeAirport": "BER"
    })
}

pub fn address(handle: &str) -> String {
    format!("{handle}@example.net")
}

/// Asks at the first tenant's host, without a token; each time from another network, of which each may ask five times a minute.
pub async fn ask(app: &TestApp, path: &str, body: Value) -> Reply {
    static ASKED: AtomicU16 = AtomicU16::new(0);
    let [high, low] = ASKED.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    ask_from(app, &format!("10.1.{high}.{low}"), path, body).await
}

/// The same from this network address.
pub async fn ask_from(app: &TestApp, network: &str, path: &str, body: Value) -> Reply {
    app.anonymous().coming_from(network).post(&format!("/v1/auth/{path}")).body(body).send().await
}

/// The codes that were mailed to an address, oldest first.
pub async fn codes(app: &TestApp, to: &str) -> Vec<String> {
    app.settle().await;
    let code = |text: &str| text.lines().find_map(|line| line.strip_prefix("    ")).map(str::to_owned);
    let mails = app.mails().into_iter().filter(|mail| mail.mail.to == [to]);
    mails.filter_map(|mail| code(&mail.mail.text?)).collect()
}

/// Another code than the one that was mailed.
pub fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// Asks to sign up; answers the challenge and the code that was mailed.
pub async fn asked_to_sign_up(app: &TestApp, applicant: Value) -> (Value, String) {
    let reply = ask(app, "signup", applicant.clone()).await;
    reply.assert(202, "");
    let code = codes(app, applicant["email"].as_str().unwrap()).await.pop().unwrap();
    (reply.body["challenge"].clone(), code)
}

async fn verified(app: &TestApp, challenge: &Value, code: &str) -> Reply {
    ask(app, "verify-otp", json!({"challenge": challenge, "passcode": code})).await
}

/// Signs up, all the way; answers the tokens.
pub async fn signed_up(app: &TestApp, handle: &str) -> Value {
    let (challenge, code) = asked_to_sign_up(app, applicant(handle)).await;
    let reply = verified(app, &challenge, &code).await;
    reply.assert(200, "");
    reply.body
}

pub async fn logged_in(app: &TestApp, login: &str, password: &str) -> Reply {
    ask(app, "login", json!({"login": login, "password": password})).await
}

/// The same from this network address.
pub async fn logged_in_from(app: &TestApp, network: &str, login: &str, password: &str) -> Reply {
    ask_from(app, network, "login", json!({"login": login, "password": password})).await
}

/// One with the access token of an answer.
pub fn with_tokens<'a>(app: &'a TestApp, tokens: &Value) -> User<'a> {
    app.bearer(tokens["accessToken"].as_str().unwrap())
}

#[tokio::test]
async fn from_a_handle_to_the_first_watcher() {
    let app = TestApp::new().await;
    let next = ask(&app, "check-handle", json!({"handle": "gwen"})).await;
    assert_eq!(next.assert(200, "").body, json!({"next": "sign-up"}));

    let tokens = signed_up(&app, "gwen").await;
    assert_eq!((&tokens["tokenType"], &tokens["expiresIn"]), (&json!("Bearer"), &json!(900)));
    create(&with_tokens(&app, &tokens), dubai_daily()).await;

    let next = ask(&app, "check-handle", json!({"handle": "GWEN"})).await;
    assert_eq!(next.assert(200, "").body, json!({"next": "sign-in"}));
    for login in ["gwen", "GWEN", "gwen@example.net", "Gwen@Example.NET"] {
        let tokens = logged_in(&app, login, PASSWORD).await;
        tokens.assert(200, "");
        assert_eq!(tokens.header("cache-control"), "no-store");
        with_tokens(&app, &tokens.body).get("/v1/watchers").send().await.assert(200, "");
    }
}

#[tokio::test]
async fn an_access_token_says_who_signed_in_and_is_good_for_a_quarter_of_an_hour() {
    let app = TestApp::new().await;
    let tokens = signed_up(&app, "gwen").await;
    let text = |field: &str| tokens[field].as_str().unwrap().to_owned();
    let claims = app.system().keys().policy().verify(&text("accessToken"), app.system().now()).unwrap();
    assert_eq!((claims.sub.to_string(), claims.sid.to_string()), (text("member"), text("session")));
    assert_eq!((claims.tid.as_str(), claims.exp - claims.iat), ("demo", 900));
    let other = logged_in(&app, "gwen", PASSWORD).await.body;
    let other = app.system().keys().policy().verify(other["accessToken"].as_str().unwrap(), app.system().now()).unwrap();
    assert!(other.jti != claims.jti && other.sid != claims.sid, "a token that was set before is none of the session's");
}

#[tokio::test]
async fn until_the_address_is_shown_to_be_theirs_nothing_is() {
    let app = TestApp::new().await;
    let (first, first_code) = asked_to_sign_up(&app, applicant("gwen")).await;
    logged_in(&app, "gwen", PASSWORD).await.assert(401, "wrong-credentials");
    assert_eq!(ask(&app, "check-handle", json!({"handle": "gwen"})).await.body["next"], "sign-up");
    // Nobody keeps another from a handle or an address by asking for it.
    app.leap(1.minute()).await;
    let (second, second_code) = asked_to_sign_up(&app, applicant("gwen")).await;
    verified(&app, &second, &second_code).await.assert(200, "");
    verified(&app, &first, &first_code).await.assert(409, "already-taken");
    ask(&app, "signup", applicant("GWEN")).await.assert(409, "handle-taken");
}

#[tokio::test]
async fn signing_up_with_an_address_that_someone_has_tells_them_and_nobody_else() {
    let app = TestApp::new().await;
    let known = ask(&app, "signup", with(applicant("another"), "email", json!("Dana@Example.com"))).await;
    let unknown = ask(&app, "signup", applicant("gwen")).await;
    let shape = |reply: &Reply| {
        let fields = reply.body.as_object().unwrap();
        let lengths: Vec<_> = fields.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().len())).collect();
        (reply.status, lengths)
    };
    assert_eq!(shape(&known), shape(&unknown));
    assert_eq!((codes(&app, "dana@example.com").await.len(), codes(&app, &address("gwen")).await.len()), (0, 1));
    let told = |app: &TestApp| {
        let mails = app.mails().into_iter().filter(|mail| mail.mail.to == ["dana@example.com"]);
        mails.map(|mail| mail.mail.subject).collect::<Vec<_>>()
    };
    let once = ["You are a member of Mile Buy Club already"];
    assert_eq!((told(&app), app.mails().len()), (once.map(str::to_owned).to_vec(), 2));
    // Asking again is no second mail.
    app.leap(1.minute()).await;
    ask(&app, "resend-otp", json!({"challenge": known.body["challenge"]})).await.assert(202, "");
    app.settle().await;
    assert_eq!(told(&app), once);
    for passcode in ["000000", "123456"] {
        verified(&app, &known.body["challenge"], passcode).await.assert(401, "wrong-passcode");
    }
}

#[tokio::test]
async fn a_code_works_once_and_only_where_it_was_asked_for() {
    let app = TestApp::new().await;
    let (gwen, code) = asked_to_sign_up(&app, applicant("gwen")).await;
    let (eve, _) = asked_to_sign_up(&app, applicant("eve")).await;
    verified(&app, &eve, &code).await.assert(401, "wrong-passcode");
    // Another's secret with the right id, and the other way round.
    let swap = |id: &Value, secret: &Value| {
        let part = |token: &Value, n| token.as_str().unwrap().split('.').nth(n).unwrap().to_owned();
        json!(format!("{}.{}", part(id, 0), part(secret, 1)))
    };
    verified(&app, &swap(&gwen, &eve), &code).await.assert(401, "wrong-passcode");
    let elsewhere = app.anonymous().at("other.localhost").post("/v1/auth/verify-otp");
    elsewhere.body(json!({"challenge": gwen, "passcode": code})).send().await.assert(401, "wrong-passcode");
    // One that is for signing up sets no password.
    let reset = json!({"challenge": gwen, "passcode": code, "password": "quite another password"});
    ask(&app, "reset-password", reset).await.assert(401, "wrong-passcode");

    let replies = join_all((0..20).map(|_| verified(&app, &gwen, &code))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    app.leap(1.minute()).await;
    verified(&app, &gwen, &code).await.assert(401, "wrong-passcode");
}

#[tokio::test]
async fn five_wrong_codes_end_one_however_many_come_at_once() {
    let app = TestApp::new().await;
    let (challenge, code) = asked_to_sign_up(&app, applicant("gwen")).await;
    let wrong = wrong(&code);
    let replies = join_all((0..50).map(|_| verified(&app, &challenge, &wrong))).await;
    let answered = replies.iter().filter(|reply| reply.status == 401).count();
    assert!(answered <= 5 && replies.iter().all(|reply| [401, 429, 503].contains(&reply.status.as_u16())), "{answered}");
    // However few of them were looked at: in the minutes that follow, the fifth is the last.
    for _ in answered..5 {
        app.leap(1.minute()).await;
        verified(&app, &challenge, &wrong).await.assert(401, "wrong-passcode");
    }
    app.leap(1.minute()).await;
    verified(&app, &challenge, &code).await.assert(401, "wrong-passcode");
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes() {
    let app = TestApp::new().await;
    let (gwen, code) = asked_to_sign_up(&app, applicant("gwen")).await;
    app.leap(10.minutes().seconds(1)).await;
    verified(&app, &gwen, &code).await.assert(401, "wrong-passcode");
}

#[tokio::test]
async fn another_code_can_be_asked_for_once_a_minute() {
    let app = TestApp::new().await;
    let (challenge, first) = asked_to_sign_up(&app, applicant("gwen")).await;
    let again = json!({"challenge": challenge});
    let early = ask(&app, "resend-otp", again.clone()).await;
    early.assert(429, "passcode-asked-too-soon");
    assert!(!early.header("retry-after").is_empty());
    let mut latest = first.clone();
    for n in 2..=4 {
        app.leap(1.minute()).await;
        ask(&app, "resend-otp", again.clone()).await.assert(202, "");
        let sent = codes(&app, &address("gwen")).await;
        assert_eq!(sent.len(), n);
        latest = sent[n - 1].clone();
    }
    app.leap(1.minute()).await;
    ask(&app, "resend-otp", again).await.assert(429, "passcode-asked-too-soon");
    if first != latest {
        verified(&app, &challenge, &first).await.assert(401, "wrong-passcode");
    }
    verified(&app, &challenge, &latest).await.assert(200, "");
}

/// What has ended is refused in the words for what there never was; and what is mailed is good for its ten minutes.
#[tokio::test]
async fn none_can_be_asked_for_that_would_not_be_good_for_ten_minutes() {
    let app = TestApp::new().await;
    for email in [address("gwen"), "dana@example.com".to_owned()] {
        let challenge = ask(&app, "forgot-password", json!({"email": email})).await.body["challenge"].clone();
        let again = json!({"challenge": challenge});
        app.settle().await;
        app.leap(50.minutes()).await;
        ask(&app, "resend-otp", again.clone()).await.assert(202, "");
        app.settle().await;
        app.leap(1.minute()).await;
        let ended = ask(&app, "resend-otp", again.clone()).await;
        ended.assert(401, "wrong-passcode");
        app.leap(30.minutes()).await;
        assert_eq!(ask(&app, "resend-otp", again).await.body["detail"], ended.body["detail"]);
    }
    assert_eq!((codes(&app, &address("gwen")).await.len(), codes(&app, "dana@example.com").await.len()), (0, 2));
}

/// SES refuses for now while the one who asked types something wrong: the mail is sent again all the same, with another code.
#[tokio::test]
async fn a_mail_that_was_not_taken_goes_out_later_whatever_was_answered_meanwhile() {
    let app = TestApp::new().await;
    let reply = ask(&app, "signup", applicant("gwen")).await;
    let busy = Arc::new(BusySes::default());
    app.set_faults(busy.clone());
    let (answer, ()) = tokio::join!(
        async {
            busy.sending.notified().await;
            let answer = ask(&app, "verify-otp", json!({"challenge": reply.body["challenge"], "passcode": "000000"})).await;
            busy.answered.notify_one();
            answer
        },
        app.settle(),
    );
    answer.assert(401, "wrong-passcode");
    app.leap(10.minutes()).await;
    let sent = codes(&app, &address("gwen")).await;
    assert_eq!(sent.len(), 1);
    verified(&app, &reply.body["challenge"], &sent[0]).await.assert(200, "");
}

/// The first mail waits until someone has answered, and is then refused for now.
#[derive(Debug, Default)]
struct BusySes {
    sending: Notify,
    answered: Notify,
    mails: AtomicU16,
}

impl Faults for BusySes {
    fn meanwhile<'a>(&'a self, call: &'a CallInfo) -> BoxFuture<'a, ()> {
        Box::pin(async {
            if call.operation == "SendEmail" && self.mails.fetch_add(1, Ordering::Relaxed) == 0 {
                self.sending.notify_one();
                self.answered.notified().await;
            }
        })
    }

    fn before(&self, call: &CallInfo) -> Action {
        let first = call.operation == "SendEmail" && self.mails.load(Ordering::Relaxed) == 1;
        if first { Action::Fail(Failure::Throttled) } else { Action::Proceed }
    }
}

/// Terms are accepted by the version that holds; later ones by a change of the profile.
#[tokio::test]
async fn the_terms_that_hold_are_accepted_and_no_others() {
    let app = TestApp::new().await;
    ask(&app, "signup", with(applicant("gwen"), "acceptedTerms", json!(1))).await.assert(422, "invalid-input");
    app.member("admin").patch("/v1/tenant").body(json!({"terms": "Be kind."})).send().await.assert(200, "");
    for other in [json!(0), json!(2), Value::Null] {
        let refused = ask(&app, "signup", with(applicant("gwen"), "acceptedTerms", other)).await;
        refused.assert(422, "invalid-input");
        assert_eq!(faults(&refused), [("/acceptedTerms".to_owned(), "not-current".to_owned())]);
        app.leap(1.minute()).await;
    }
    let (challenge, code) = asked_to_sign_up(&app, with(applicant("gwen"), "acceptedTerms", json!(1))).await;
    let tokens = verified(&app, &challenge, &code).await.body;
    let gwen = with_tokens(&app, &tokens);
    let accepted = async || gwen.get("/v1/me").send().await.body["acceptedTerms"].clone();
    assert_eq!(accepted().await, 1);

    app.member("admin").patch("/v1/tenant").body(json!({"terms": "Be kinder."})).send().await.assert(200, "");
    let accept = async |version: Value| gwen.patch("/v1/me").body(json!({"acceptedTerms": version})).send().await;
    for other in [json!(1), json!(3)] {
        let refused = accept(other).await;
        assert_eq!(faults(&refused), [("/acceptedTerms".to_owned(), "not-current".to_owned())]);
    }
    assert_eq!(accepted().await, 1);
    accept(json!(2)).await.assert(204, "");
    gwen.patch("/v1/me").body(json!({"name": "Gwen"})).send().await.assert(204, "");
    assert_eq!(accepted().await, 2);
}

/// Whoever asks for them, from however many places.
#[tokio::test]
async fn an_address_gets_five_mails_an_hour() {
    let app = TestApp::new().await;
    for _ in 0..3 {
        for n in 0..4 {
            ask(&app, "signup", applicant(&format!("gwen{n}"))).await.assert(202, "");
            let same = with(applicant(&format!("eve{n}")), "email", json!(address("gwen0")));
            ask(&app, "signup", same).await.assert(202, "");
            app.leap(1.minute()).await;
        }
    }
    assert_eq!(codes(&app, &address("gwen0")).await.len(), 5);
    app.leap(1.hour()).await;
    ask(&app, "signup", applicant("gwen0")).await.assert(202, "");
    assert_eq!(codes(&app, &address("gwen0")).await.len(), 6);
}

#[tokio::test]
async fn what_can_be_no_password_handle_or_address_is_named() {
    let app = TestApp::new().await;
    let applicant = json!({
        "handle": "gwén", "email": "gwen@example.net\r\nBcc: eve@example.net", "password": "password123", "name": " ", "timeZone": "Mars",
        "role": "admin", "acceptedTerms": "yes"
    });
    let reply = ask(&app, "signup", applicant).await;
    reply.assert(422, "invalid-input");
    let mut pointers: Vec<&str> =
        reply.body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/acceptedTerms", "/email", "/handle", "/name", "/password", "/role", "/timeZone"]);
    let told = reply.body.to_string();
    assert!(!told.contains("password123") && !told.contains("eve@"), "{told}");
}

#[tokio::test]
async fn a_host_that_names_no_tenant_has_nobody_to_sign_in() {
    let app = TestApp::new().await;
    let nowhere = app.anonymous().at("nowhere.example");
    let login = json!({"login": "demo", "password": PASSWORD});
    nowhere.post("/v1/auth/login").body(login).send().await.assert(404, "tenant-not-found");
}
