//! Known attacks, each as it would be carried out: over the API, with what anyone can get hold of.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    identity::{Handle, MemberState, Plan, Role},
    ids::{Owner, derived},
    money::Currency,
    time::Zone,
};
use jiff::ToSpan;
use local::{
    TestApp,
    keys::{Keys, new_signing_key},
    standins::mailbox::AcceptedMail,
    test_app::Reply,
};
use platform::{
    clock::Clock,
    enrolment::{Applicant, Enrolment},
    token::Claims,
};
use ring::{
    hmac,
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{self, RSA_PKCS1_SHA256, RsaKeyPair},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use storage::{Change, StoreError};

use crate::{
    auth::{PASSWORD, address, applicant, ask, ask_from, codes, logged_in, signed_up, with_tokens},
    routes::{Route, existing, found},
    support::{Held, dubai, faults, id_of, items, nestery, run, with},
};

/// The key of someone who is not the issuer. Making one takes a while.
static FOREIGN: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::from_pkcs8(new_signing_key().unwrap().expose_secret()).unwrap());

fn signed_by_them(bytes: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; FOREIGN.public().modulus_len()];
    FOREIGN.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).unwrap();
    signature
}

/// Their public key, as a header may carry it.
fn their_jwk(kid: &Value) -> Value {
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let public = PublicKeyComponents::<Vec<u8>>::from(FOREIGN.public());
    json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": number(&public.n), "e": number(&public.e)})
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// What the attacker would like to be: an admin.
fn wanted(app: &TestApp) -> Claims {
    let owner = app.member("demo").owner();
    Keys::claims(&owner, Role::Admin, app.clock.now(), local::keys::LIFETIME)
}

fn token(header: &Value, claims: &Claims, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{}", encoded(header), encoded(&serde_json::to_value(claims).unwrap()));
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn jwk(app: &TestApp) -> Value {
    app.anonymous().get("/.well-known/jwks.json").send().await.body["keys"][0].take()
}

async fn refused(app: &TestApp, token: &str, what: &str) {
    for path in ["/v1/watchers", "/v1/deals", "/v1/alerts"] {
        let reply = app.bearer(token).get(path).send().await;
        assert_eq!((reply.status.as_u16(), reply.code()), (401, "unauthenticated"), "{what}: {path}");
    }
}

/// The algorithm that a token names must not decide how it is checked: what is public is no secret (CVE-2015-9235).
#[tokio::test]
async fn a_public_key_signs_nothing_by_naming_another_algorithm() {
    let app = TestApp::new().await;
    let (jwk, claims) = (jwk(&app).await, wanted(&app));
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    for secret in [modulus, jwk.to_string().into_bytes(), jwk["n"].as_str().unwrap().into(), Vec::new()] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        for alg in ["HS256", "RS256", "hs256"] {
            let header = json!({"alg": alg, "kid": jwk["kid"], "typ": "JWT"});
            refused(&app, &token(&header, &claims, |bytes| hmac::sign(&key, bytes).as_ref().to_vec()), alg).await;
        }
    }
}

#[tokio::test]
async fn a_token_without_a_signature_is_none() {
    let app = TestApp::new().await;
    let (jwk, claims) = (jwk(&app).await, wanted(&app));
    for alg in ["none", "None", "NONE", "nOnE", "", "RS256"] {
        let unsigned = token(&json!({"alg": alg, "kid": jwk["kid"]}), &claims, |_| Vec::new());
        refused(&app, &unsigned, alg).await;
        refused(&app, unsigned.trim_end_matches('.'), alg).await;
    }
    refused(&app, &token(&json!({"kid": jwk["kid"]}), &claims, |_| Vec::new()), "no algorithm").await;
}

/// Which key it is checked with is a matter of our list: what a token says beside its name is not followed.
#[tokio::test]
async fn a_key_id_leads_nowhere_but_to_our_keys() {
    let app = TestApp::new().await;
    let (jwk, claims) = (jwk(&app).await, wanted(&app));
    // Each is well signed, for these very bytes, by the key that it names or brings along: whoever follows it lets it in.
    let pair = signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, FOREIGN.public().as_ref());
    assert!(pair.verify(b"bytes", &signed_by_them(b"bytes")).is_ok());
    let kids = [
        jwk["kid"].clone(),
        json!("../../../../dev/null"),
        json!("/proc/sys/kernel/randomize_va_space"),
        json!("' UNION SELECT 'secret' --"),
        json!("https://evil.example/jwks.json"),
        json!(""),
        json!(null),
        json!(0),
        json!([jwk["kid"]]),
        json!({"kid": jwk["kid"]}),
        json!(jwk["kid"].as_str().unwrap().to_lowercase()),
        json!(format!("{}\u{0}", jwk["kid"].as_str().unwrap())),
    ];
    for kid in kids {
        for extra in [
            json!({}),
            json!({"jku": "https://evil.example/jwks.json"}),
            json!({"x5u": "https://evil.example/"}),
            json!({"jwk": their_jwk(&kid)}),
            json!({"jwk": their_jwk(&kid), "crit": ["jwk"]}),
        ] {
            let mut header = json!({"alg": "RS256", "typ": "JWT", "kid": kid});
            header.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            refused(&app, &token(&header, &claims, signed_by_them), &header.to_string()).await;
        }
    }
}

/// Two parsers that take different ones of two values are how checks are passed: here there is one, and it takes neither.
#[tokio::test]
async fn a_key_that_is_given_twice_is_a_fault_at_every_route() {
    let (app, ids) = existing(found().await).await;
    let mut tried = 0;
    for route in Route::all().iter().filter(|route| route.writes()) {
        let (user, path) = (route.user(&app), route.path(&ids));
        for body in [r#"{"x": 1, "x": 1}"#, r#"{"x": 1, "\u0078": 2}"#, r#"{"a": {"x": 1, "x": 2}}"#] {
            let asked = user.request(route.method.clone(), &path).header("content-type", "application/json");
            let reply = asked.raw_body(body).send().await;
            reply.assert(422, "invalid-input");
            assert!(faults(&reply).iter().any(|(_, code)| code == "duplicate"), "{}: {body}: {:#}", route.name, reply.body);
            tried += 1;
        }
    }
    assert!(tried >= 21, "{tried}");
    let good = dubai().to_string();
    let twice = good.replacen('{', r#"{"name": "Innocent", "#, 1);
    let asked = app.member("demo").post("/v1/watchers").header("content-type", "application/json").raw_body(twice);
    let reply = asked.send().await;
    assert_eq!(faults(&reply), [("/name".to_owned(), "duplicate".to_owned())]);
}

/// Nobody can be taken for another by a handle that looks the same: there is one alphabet, and its cases are one.
#[tokio::test]
async fn a_handle_that_looks_like_anothers_is_none_or_is_taken() {
    for alike in [
        "аdmin",               // a Cyrillic а
        "admın",               // a dotless i
        "ａｄｍｉｎ",          // full width
        "admin\u{200b}",       // a blank of no width
        "\u{202e}nimda",       // from right to left
        "adm\u{0131}\u{307}n", // a combining dot
        "adm1n\u{fe0f}",       // a variation
        "admin ",
        "ad-min",
        "𝐚dmin",
        "ADMİN",
    ] {
        assert!(alike.parse::<Handle>().is_err(), "{alike:?}");
    }
    let app = TestApp::new().await;
    let vault = app.system().operator().vault();
    for alike in ["ADMIN", "Admin", "aDmIn", "admin"] {
        let owner = Owner { member: derived(&["a double", alike]), ..app.member("admin").owner() };
        let applicant = Applicant {
            owner,
            handle: alike.parse().unwrap(),
            email: format!("{alike}@double.example").parse().unwrap(),
            name: "Ada Admin".parse().unwrap(),
            state: MemberState::Active,
            zone: Zone::UTC,
            locale: "en-US".parse().unwrap(),
            currency: Currency::USD,
            role: Role::Member,
            plan: Plan::Free,
            terms: None,
        };
        let mut double = Enrolment::of(applicant, vault).await.unwrap();
        assert_eq!(app.store().commit(double.join(Change::new())).await, Err(StoreError::Exists), "{alike}");
    }
}

/// What a client says of how it was reached decides nothing: neither whose tenant it is, nor where a link leads.
#[tokio::test]
async fn headers_of_proxies_name_no_tenant() {
    let app = TestApp::new().await;
    let omar = app.member("omar").at("localhost");
    for name in
        ["x-forwarded-host", "x-original-host", "x-host", "forwarded", "x-tenant", "x-tenant-id", "x-http-method-override"]
    {
        for value in ["other.localhost", "host=other.localhost", "other"] {
            omar.get("/v1/watchers").header(name, value).send().await.assert(403, "forbidden");
        }
    }
}

/// Guessing at codes: in many challenges, from many networks, for whoever has the address. It ends long before it pays, in the words
/// of every other wrong code.
#[tokio::test]
async fn codes_can_not_be_guessed_across_challenges_and_networks() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    for email in [address("gwen"), "nobody@example.net".to_owned()] {
        let mut last = None;
        for n in 0..10 {
            app.leap(1.minute()).await;
            let challenge = forgotten(&app, &format!("203.0.113.{n}"), &email).await;
            for _ in 0..5 {
                let reply = guess(&app, &challenge, "000000").await;
                reply.assert(401, "wrong-passcode");
                last = Some(reply.body["detail"].clone());
            }
        }
        // By now even the right one is wrong: a member can't be told from a guesser who was lucky.
        app.leap(1.hour()).await;
        let challenge = forgotten(&app, HOME, &email).await;
        let code = codes(&app, &email).await.pop().unwrap_or("123456".to_owned());
        let refused = guess(&app, &challenge, &code).await;
        assert_eq!((refused.code(), Some(&refused.body["detail"])), ("wrong-passcode", last.as_ref()));
    }
    app.leap(24.hours()).await;
    let challenge = forgotten(&app, HOME, &address("gwen")).await;
    let code = codes(&app, &address("gwen")).await.pop().unwrap();
    guess(&app, &challenge, &code).await.assert(204, "");
}

/// And what one network has used up is left to the member, at home.
#[tokio::test]
async fn one_network_can_not_use_up_the_codes_of_an_address() {
    let app = TestApp::new().await;
    signed_up(&app, "gwen").await;
    app.leap(1.hour()).await;
    for n in 0..5 {
        app.leap(1.minute()).await;
        let challenge = forgotten(&app, THIEF, &address("gwen")).await;
        for _ in 0..5 {
            guess(&app, &challenge, "000000").await.assert(401, "wrong-passcode");
        }
        let sent = codes(&app, &address("gwen")).await.len();
        assert_eq!(sent, if n < 4 { n + 2 } else { 5 }, "with the one of signing up");
    }
    app.leap(1.minute()).await;
    let challenge = forgotten(&app, HOME, &address("gwen")).await;
    let sent = codes(&app, &address("gwen")).await;
    assert_eq!(sent.len(), 6);
    guess(&app, &challenge, &sent[5]).await.assert(204, "");
}

/// One network that goes from address to address guesses five times a minute.
#[tokio::test]
async fn codes_can_not_be_guessed_across_addresses() {
    let app = TestApp::new().await;
    let mut challenges = Vec::new();
    for n in 0..6 {
        challenges.push(forgotten(&app, &format!("203.0.113.{n}"), &address(&format!("member{n}"))).await);
    }
    for (n, challenge) in challenges.iter().enumerate() {
        let answer = json!({"challenge": challenge, "passcode": "000000", "password": ANOTHER});
        let reply = ask_from(&app, THIEF, "reset-password", answer).await;
        assert_eq!(reply.status, if n < 5 { 401 } else { 429 }, "{n}");
    }
}

const ANOTHER: &str = "two bicycles, no lantern";
const HOME: &str = "198.51.100.7";
const THIEF: &str = "203.0.113.66";

async fn forgotten(app: &TestApp, network: &str, email: &str) -> Value {
    let reply = ask_from(app, network, "forgot-password", json!({"email": email})).await;
    reply.assert(202, "");
    reply.body["challenge"].clone()
}

async fn guess(app: &TestApp, challenge: &Value, code: &str) -> Reply {
    ask(app, "reset-password", json!({"challenge": challenge, "passcode": code, "password": ANOTHER})).await
}

/// A thief and the member show one token at once: whoever of them is first, neither goes on.
#[tokio::test]
async fn a_stolen_refresh_token_that_is_shown_at_once_with_the_members_ends_the_session() {
    let app = TestApp::new().await;
    let tokens = signed_up(&app, "gwen").await;
    let shown = || ask(&app, "refresh", json!({"refreshToken": tokens["refreshToken"]}));
    let held = Held::at(&app, "identity-refresh-tokens", "TransactWriteItems", 2);
    let mut first = Value::Null;
    let (late, ()) = tokio::join!(
        shown(),
        held.meanwhile(async {
            let reply = shown().await;
            reply.assert(200, "");
            first = reply.body;
        }),
    );
    late.assert(401, "wrong-refresh-token");
    ask(&app, "refresh", json!({"refreshToken": first["refreshToken"]})).await.assert(401, "wrong-refresh-token");
    let gwen = with_tokens(&app, &logged_in(&app, "gwen", PASSWORD).await.body);
    assert_eq!(items(&gwen.get("/v1/me/sessions").send().await).len(), 1, "the one that has just begun");
}

/// Nothing that someone brings along becomes their session or their challenge: both are always new, and named by us.
#[tokio::test]
async fn no_session_and_no_challenge_is_adopted() {
    let app = TestApp::new().await;
    let (victim, thief) = (signed_up(&app, "gwen").await, signed_up(&app, "eve").await);
    let planted = forgotten(&app, THIEF, &address("eve")).await;
    for (path, body) in [
        ("login", json!({"login": "gwen", "password": PASSWORD})),
        ("signup", applicant("hugo")),
        ("forgot-password", json!({"email": address("gwen")})),
    ] {
        for (field, value) in [("session", &thief["session"]), ("refreshToken", &thief["refreshToken"]), ("challenge", &planted)]
        {
            let refused = ask(&app, path, with(body.clone(), field, value.clone())).await;
            assert_eq!(faults(&refused), [(format!("/{field}"), "unknown-field".to_owned())], "{path}");
            app.leap(1.minute()).await;
        }
    }
    // What is shown beside the password counts for nothing either.
    let asked = app.bearer(thief["accessToken"].as_str().unwrap()).post("/v1/auth/login");
    let asked = asked.header("cookie", &format!("session={}", thief["session"].as_str().unwrap()));
    let signed_in = asked.body(json!({"login": "gwen", "password": PASSWORD})).send().await.assert(200, "").body.clone();
    assert_eq!(signed_in["member"], victim["member"]);
    assert!(signed_in["session"] != thief["session"] && signed_in["session"] != victim["session"]);
    // A code of the member's does not do in a challenge of the thief's.
    forgotten(&app, HOME, &address("gwen")).await;
    let code = codes(&app, &address("gwen")).await.pop().unwrap();
    guess(&app, &planted, &code).await.assert(401, "wrong-passcode");
}

/// What would end a header, or name another recipient, for one parser or another.
#[tokio::test]
async fn nothing_rides_in_an_address() {
    let app = TestApp::new().await;
    for email in [
        "gwen@example.net\r\nBcc: eve@evil.example",
        "gwen@example.net\nX-Evil: 1",
        "gwen@example.net%0d%0aBcc:eve@evil.example",
        "gwen@example.net,eve@evil.example",
        "gwen@example.net;eve@evil.example",
        "gwen@example.net eve@evil.example",
        "<eve@evil.example>gwen@example.net",
        "\"eve@evil.example\"@example.net",
        "eve@evil.example@example.net",
        "eve(comment)@example.net",
        "=?utf-8?q?eve=40evil.example=2c?=@example.net",
        "=?utf-8?b?ZXZlQGV2aWwuZXhhbXBsZQ?=@example.net",
        "gwen@example.net\u{0}",
        "gwen@example.net\u{2028}eve@evil.example",
        "gwen@exаmple.net",
        "gwen@[127.0.0.1]",
    ] {
        for (path, body) in [
            ("signup", with(applicant("gwen"), "email", json!(email))),
            ("forgot-password", json!({"email": email})),
            ("login", json!({"login": email, "password": PASSWORD})),
        ] {
            ask(&app, path, body).await.assert(422, "invalid-input");
        }
        let tenant = with(nestery(), "admin", json!({"handle": "nora", "email": email, "name": "Nora"}));
        app.member("operator").post("/v1/operator/tenants").body(tenant).send().await.assert(422, "invalid-input");
        app.leap(1.minute()).await;
    }
    assert!(app.mails().is_empty());
}

/// A mail to a stranger's mailbox carries no word of whoever typed its address there.
#[tokio::test]
async fn nobody_can_write_to_strangers_by_signing_up() {
    let app = TestApp::new().await;
    let typed = json!({
        "handle": "www.evil.example", "email": "stranger@example.net", "password": "https://evil.example/password",
        "name": "https://evil.example/prize Claim it", "timeZone": "Europe/Berlin", "locale": "de-DE", "homeAirport": "BER",
    });
    let known = with(with(typed.clone(), "handle", json!("www2.evil.example")), "email", json!("dana@example.com"));
    for body in [typed, known] {
        ask(&app, "signup", body).await.assert(202, "");
    }
    app.settle().await;
    let mails = app.mails();
    assert_eq!(mails.len(), 2);
    for AcceptedMail { mail, .. } in mails {
        let said = [mail.subject, mail.text.unwrap(), mail.html.unwrap()].concat().to_lowercase();
        for word in ["evil", "prize", "claim", "://", "stranger@", "www"] {
            assert!(!said.contains(word), "{word}: {said}");
        }
    }
}

/// Every link of every mail leads to where members reach us, by whichever host something was asked, and whatever is called what.
#[tokio::test]
async fn no_mail_leads_elsewhere() {
    let app = TestApp::new().await;
    let hostile = "https://evil.example/\"><a href='https://evil.example'>";
    app.member("admin").patch("/v1/tenant").body(json!({"name": hostile})).send().await.assert(200, "");
    let demo = app.member("demo");
    demo.patch("/v1/me").body(json!({"name": hostile})).send().await.assert(204, "");
    let watcher = demo.post("/v1/watchers").header("x-forwarded-host", "evil.example").header("referer", "https://evil.example/");
    let watcher = watcher.body(with(dubai(), "name", json!(hostile))).send().await;
    run(&app, &demo, &id_of(&watcher)).await;
    for (path, body) in [("signup", applicant("gwen")), ("forgot-password", json!({"email": "dana@example.com"}))] {
        let asked = app.anonymous().post(&format!("/v1/auth/{path}")).header("x-forwarded-host", "evil.example");
        asked.body(body).send().await.assert(202, "");
    }
    for n in 0..10 {
        if n % 5 == 0 {
            app.leap(1.minute()).await;
        }
        logged_in(&app, "demo", "not the password").await.assert(401, "wrong-credentials");
    }
    app.settle().await;
    let mails = app.mails();
    let mut links = 0;
    for AcceptedMail { mail, .. } in &mails {
        let html = mail.html.as_ref().unwrap();
        for attribute in ["href=", "src=", "action=", "background=", "url("] {
            for rest in html.split(attribute).skip(1) {
                assert!(rest.starts_with("\"http://localhost/"), "{attribute}{}", &rest[..60.min(rest.len())]);
                links += 1;
            }
        }
    }
    assert!(links >= 3 && mails.len() >= 4, "{links} links in {} mails", mails.len());
}
