//! `/.well-known/openid-configuration` and `/.well-known/jwks.json`: what the edge must know to check tokens.

use local::{TestApp, keys::Keys, seed::PASSWORD, test_app::Reply};
use platform::token::{KeySet, TokenPolicy};
use serde_json::json;

const CONFIGURATION: &str = "/.well-known/openid-configuration";

async fn shown(app: &TestApp, path: &str) -> Reply {
    let reply = app.anonymous().at("whatever.example").get(path).send().await;
    reply.assert(200, "");
    assert_eq!((reply.header("content-type"), reply.header("cache-control")), ("application/json", "public, max-age=3600"));
    let again = app.anonymous().get(path).header("if-none-match", reply.header("etag")).send().await;
    again.assert(304, "");
    reply
}

/// As API Gateway's authorizer goes about it: from the issuer to its keys, and from the keys to a token.
#[tokio::test]
async fn who_knows_the_issuer_can_check_a_token() {
    let app = TestApp::new().await;
    let token = app.token_with(|_| {});
    let claims = app.system().keys().policy().verify(&token, app.system().now()).unwrap();

    let configuration = shown(&app, CONFIGURATION).await.body;
    assert_eq!(configuration["issuer"], claims.iss);
    let keys_at = configuration["jwks_uri"].as_str().unwrap();
    let path = keys_at.strip_prefix(claims.iss.trim_end_matches('/')).unwrap();

    let jwks = shown(&app, path).await.body;
    let policy =
        TokenPolicy { issuer: claims.iss.clone(), audience: claims.aud.clone(), keys: KeySet::parse(&jwks.to_string()).unwrap() };
    assert_eq!(policy.verify(&token, app.system().now()), Ok(claims));
}

#[tokio::test]
async fn the_configuration_says_what_there_is_and_no_more() {
    let app = TestApp::new().await;
    let configuration = shown(&app, CONFIGURATION).await.body;
    assert_eq!(
        configuration,
        json!({
            "issuer": "http://localhost/",
            "jwks_uri": "http://localhost/.well-known/jwks.json",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    );
}

#[tokio::test]
async fn of_a_key_only_the_public_half_is_shown() {
    let app = TestApp::new().await;
    let jwks = shown(&app, "/.well-known/jwks.json").await.body;
    let keys = jwks["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    let mut fields: Vec<&String> = keys[0].as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["alg", "e", "kid", "kty", "n", "use"]);
}

/// Signs in; answers an access token.
async fn signed(app: &TestApp) -> String {
    let login = json!({"login": "demo", "password": PASSWORD});
    let reply = app.anonymous().post("/v1/auth/login").body(login).send().await;
    reply.assert(200, "");
    reply.body["accessToken"].as_str().unwrap().to_owned()
}

async fn with_keys(keys: Keys) -> TestApp {
    TestApp::built(|options| options.keys = keys).await
}

#[tokio::test]
async fn keys_are_rotated_without_anyone_having_to_sign_in_again() {
    let kept = tempfile::tempdir().unwrap();
    let keys = || Keys::kept_in(kept.path()).unwrap();
    let before = signed(&with_keys(keys()).await).await;

    let both = with_keys(keys().rotated().unwrap()).await;
    assert_eq!(shown(&both, "/.well-known/jwks.json").await.body["keys"].as_array().unwrap().len(), 2);
    let after = signed(&both).await;
    for token in [&before, &after] {
        both.bearer(token).get("/v1/watchers").send().await.assert(200, "");
    }
    let kid = |token: &str| token.split('.').next().unwrap().to_owned();
    assert_ne!(kid(&before), kid(&after));

    let alone = with_keys(keys().rotated().unwrap().retired()).await;
    assert_eq!(shown(&alone, "/.well-known/jwks.json").await.body["keys"].as_array().unwrap().len(), 1);
    alone.bearer(&before).get("/v1/watchers").send().await.assert(401, "unauthenticated");
    alone.bearer(signed(&alone).await).get("/v1/watchers").send().await.assert(200, "");
}

#[tokio::test]
async fn whoever_is_there_from_the_start_signs_in_with_the_password_that_is_documented() {
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains(&format!("`{PASSWORD}`")));
    let app = TestApp::new().await;
    for login in ["demo", "free", "admin", "dana@example.com", "ADA@example.com"] {
        let login = json!({"login": login, "password": PASSWORD});
        app.anonymous().post("/v1/auth/login").body(login).send().await.assert(200, "");
    }
}
