//! Known attacks, each as it would be carried out: over the API, with what anyone can get hold of.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    identity::{Handle, MemberState, Plan, Role},
    ids::{Owner, derived},
    money::Currency,
    time::Zone,
};
use local::{
    TestApp,
    keys::{Keys, new_signing_key},
};
use platform::{
    clock::Clock,
    enrolment::{Applicant, Enrolment},
    token::{Claims, SigningKey},
};
use ring::hmac;
use serde_json::{Value, json};
use storage::{Change, StoreError};

use crate::{
    routes::{Route, existing, found},
    support::{dubai, faults},
};

/// The key of someone who is not the issuer. Making one takes a while.
static FOREIGN: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_pkcs8(&new_signing_key().unwrap()).unwrap());

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
    let good = FOREIGN.sign(&claims).unwrap();
    refused(&app, &good, "a key of their own").await;
    // The signature of another key under our key's name: one that is signed for these very bytes can't be had, so it is moved.
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (_, body) = signed.split_once('.').unwrap();
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
            json!({"jwk": jwk}),
        ] {
            let mut header = json!({"alg": "RS256", "typ": "JWT", "kid": kid});
            header.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            refused(&app, &format!("{}.{body}.{signature}", encoded(&header)), &header.to_string()).await;
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
