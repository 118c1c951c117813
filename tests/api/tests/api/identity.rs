//! `/.well-known/openid-configuration` and `/.well-known/jwks.json`: what the edge must know to check tokens.

use local::{TestApp, test_app::Reply};
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
