//! Sessions: renewed, stolen, listed, ended.

use futures::future::join_all;
use jiff::ToSpan;
use local::{TestApp, test_app::Reply};
use serde_json::{Value, json};

use crate::{
    auth::{PASSWORD, ask, ask_from, logged_in, signed_up, with_tokens},
    support::items,
};

async fn refreshed(app: &TestApp, tokens: &Value) -> Reply {
    ask(app, "refresh", json!({"refreshToken": tokens["refreshToken"]})).await
}

/// New tokens for these.
async fn renewed(app: &TestApp, tokens: &Value) -> Value {
    let reply = refreshed(app, tokens).await;
    reply.assert(200, "");
    reply.body
}

#[tokio::test]
async fn tokens_are_renewed_for_as_long_as_they_are_used_within_thirty_days() {
    let app = TestApp::new().await;
    let mut tokens = signed_up(&app, "gwen").await;
    let session = tokens["session"].clone();
    for _ in 0..3 {
        app.clock.advance(jiff::SignedDuration::from_hours(29 * 24));
        let next = renewed(&app, &tokens).await;
        assert!(next["refreshToken"] != tokens["refreshToken"] && next["session"] == session);
        with_tokens(&app, &next).get("/v1/watchers").send().await.assert(200, "");
        tokens = next;
    }
    app.clock.advance(jiff::SignedDuration::from_hours(30 * 24));
    refreshed(&app, &tokens).await.assert(401, "wrong-refresh-token");
}

#[tokio::test]
async fn an_old_token_ends_the_session_of_whoever_stole_it() {
    let app = TestApp::new().await;
    let first = signed_up(&app, "gwen").await;
    let elsewhere = logged_in(&app, "gwen", PASSWORD).await.body;
    let second = renewed(&app, &first).await;
    let third = renewed(&app, &second).await;
    refreshed(&app, &first).await.assert(401, "wrong-refresh-token");
    refreshed(&app, &third).await.assert(401, "wrong-refresh-token");
    refreshed(&app, &elsewhere).await.assert(200, "");
}

#[tokio::test]
async fn of_many_at_once_with_one_token_nobody_goes_on() {
    let app = TestApp::new().await;
    let tokens = signed_up(&app, "gwen").await;
    let replies = join_all((0..20).map(|_| refreshed(&app, &tokens))).await;
    let (good, others): (Vec<Reply>, Vec<Reply>) = replies.into_iter().partition(|reply| reply.status == 200);
    let [good] = good.as_slice() else { panic!("{} at once", good.len()) };
    let judged = others.iter().filter(|reply| reply.status == 401).count();
    assert!((1..=4).contains(&judged) && others.iter().all(|reply| [401, 429, 503].contains(&reply.status.as_u16())));
    app.leap(1.minute()).await;
    refreshed(&app, &good.body).await.assert(401, "wrong-refresh-token");
}

/// By session wherever it is used, and by network address whatever is shown.
#[tokio::test]
async fn tokens_are_renewed_five_times_a_minute_and_by_sixty_from_one_address() {
    let app = TestApp::new().await;
    let mut tokens = signed_up(&app, "gwen").await;
    for _ in 0..5 {
        tokens = renewed(&app, &tokens).await;
    }
    let refused = refreshed(&app, &tokens).await;
    refused.assert(429, "too-many-requests");
    assert_eq!(refused.header("ratelimit-policy"), "\"refresh\";q=5;w=60, \"refresh-address\";q=60;w=60");
    assert!(!refused.header("retry-after").is_empty());
    app.leap(1.minute()).await;
    renewed(&app, &tokens).await;

    let text = tokens["refreshToken"].as_str().unwrap();
    let session = tokens["session"].as_str().unwrap();
    for n in 0..61_u8 {
        let other = local::seed::owner("demo", &format!("member{n}")).unwrap().member.to_string();
        let made_up = text.replace(session, &other.replace("mem_", "ses_"));
        let reply = ask_from(&app, "198.51.100.7", "refresh", json!({"refreshToken": made_up})).await;
        assert_eq!(reply.status, if n < 60 { 401 } else { 429 }, "{n}");
        assert_eq!(reply.header("ratelimit"), "", "which of the two numbers it was is not known, and not made up");
    }
}

#[tokio::test]
async fn a_token_that_was_made_up_ends_nothing_and_none_is_good_at_another_tenants_host() {
    let app = TestApp::new().await;
    let tokens = signed_up(&app, "gwen").await;
    let text = tokens["refreshToken"].as_str().unwrap();
    let (ids, secret) = text.rsplit_once('.').unwrap();
    let (ids, family) = ids.rsplit_once('.').unwrap();
    let swapped = format!("{ids}.{secret}.{family}");
    for made_up in [&swapped, &text.replace("demo.", "other.")] {
        ask(&app, "refresh", json!({"refreshToken": made_up})).await.assert(401, "wrong-refresh-token");
        ask(&app, "logout", json!({"refreshToken": made_up, "everywhere": true})).await.assert(204, "");
    }
    let other = app.anonymous().at("other.localhost").post("/v1/auth/refresh");
    other.body(json!({"refreshToken": text})).send().await.assert(401, "wrong-refresh-token");
    ask(&app, "refresh", json!({"refreshToken": "no token"})).await.assert(422, "invalid-input");
    refreshed(&app, &tokens).await.assert(200, "");
}

#[tokio::test]
async fn signing_out_ends_this_session_or_all() {
    let app = TestApp::new().await;
    let here = signed_up(&app, "gwen").await;
    let there = logged_in(&app, "gwen", PASSWORD).await.body;
    let out = |tokens: &Value, everywhere: bool| json!({"refreshToken": tokens["refreshToken"], "everywhere": everywhere});
    ask(&app, "logout", out(&here, false)).await.assert(204, "");
    ask(&app, "logout", out(&here, false)).await.assert(204, "");
    refreshed(&app, &here).await.assert(401, "wrong-refresh-token");
    let there = renewed(&app, &there).await;

    let here = logged_in(&app, "gwen", PASSWORD).await.body;
    ask(&app, "logout", out(&here, true)).await.assert(204, "");
    for tokens in [&here, &there] {
        refreshed(&app, tokens).await.assert(401, "wrong-refresh-token");
    }
    logged_in(&app, "gwen", PASSWORD).await.assert(200, "");
}

#[tokio::test]
async fn members_see_where_they_are_signed_in_and_end_what_is_not_theirs() {
    let app = TestApp::new().await;
    let here = signed_up(&app, "gwen").await;
    app.clock.advance(jiff::SignedDuration::from_mins(1));
    let phone =
        app.anonymous().post("/v1/auth/login").header("user-agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)");
    let phone = phone.body(json!({"login": "gwen", "password": PASSWORD})).send().await.body;
    let gwen = with_tokens(&app, &here);

    let listed = gwen.get("/v1/me/sessions").send().await;
    let sessions = items(&listed);
    let seen: Vec<_> = sessions.iter().map(|session| (session["device"].clone(), session["current"].clone())).collect();
    assert_eq!(seen, [(json!("iphone"), json!(false)), (json!("other"), json!(true))]);
    let fields: Vec<&String> = sessions[0].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["createdAt", "current", "device", "id", "lastUsedAt"]);

    let path = format!("/v1/me/sessions/{}", phone["session"].as_str().unwrap());
    app.member("demo").delete(&path).send().await.assert(404, "session-not-found");
    gwen.delete(&path).send().await.assert(204, "");
    gwen.delete(&path).send().await.assert(404, "session-not-found");
    refreshed(&app, &phone).await.assert(401, "wrong-refresh-token");
    assert_eq!(items(&gwen.get("/v1/me/sessions").send().await).len(), 1);
    // By design an access token is good until it ends.
    with_tokens(&app, &phone).get("/v1/watchers").send().await.assert(200, "");
    app.leap(16.minutes()).await;
    with_tokens(&app, &phone).get("/v1/watchers").send().await.assert(401, "unauthenticated");
}
