//! Pages: sessions that live in cookies, and what others try with them.

use std::collections::BTreeMap;

use http::Method;
use local::{
    TestApp,
    seed::PASSWORD,
    test_app::{Asked, Reply, User},
};
use platform::{Access, web::PREFIX};
use serde_json::{Value, json};

use crate::{
    auth::{self, applicant, asked_to_sign_up},
    routes::{Route, existing, found},
    support::{Core, dubai, faults, items},
};

const ACCESS: &str = "__Host-access";
const REFRESH: &str = "__Host-refresh";

/// A browser with a page of the first tenant: it keeps the cookies that it is given, and shows them with each request.
#[derive(Clone)]
struct Browser<'a> {
    app: &'a TestApp,
    cookies: BTreeMap<String, String>,
    csrf_token: Option<String>,
}

impl<'a> Browser<'a> {
    fn new(app: &'a TestApp) -> Self {
        Self { app, cookies: BTreeMap::new(), csrf_token: None }
    }

    async fn signed_in(app: &'a TestApp, login: &str) -> (Self, Value) {
        let mut browser = Self::new(app);
        let reply = browser.post("/v1/auth/login", json!({"login": login, "password": PASSWORD})).await;
        reply.assert(200, "");
        (browser, reply.body)
    }

    fn user(&self) -> User<'a> {
        self.app.anonymous().at_a_page().with_csrf_token(self.csrf_token.clone())
    }

    fn asked(&self, user: &User<'a>, method: Method, path: &str) -> Asked<'a> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let asked = user.request(method, path);
        if cookies.is_empty() { asked } else { asked.header("cookie", &cookies.join("; ")) }
    }

    async fn get(&mut self, path: &str) -> Reply {
        let reply = self.asked(&self.user(), Method::GET, path).send().await;
        self.keep(reply)
    }

    async fn post(&mut self, path: &str, body: Value) -> Reply {
        let reply = self.asked(&self.user(), Method::POST, path).body(body).send().await;
        self.keep(reply)
    }

    /// Keeps what it is given, if it is given it as it must be.
    fn keep(&mut self, reply: Reply) -> Reply {
        for set in set_cookies(&reply) {
            let (pair, attributes) = set.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let (seconds, rest) = attributes.split_once("; ").unwrap();
            assert_eq!(rest, "Path=/; HttpOnly; Secure; SameSite=Strict", "{name}");
            match seconds.strip_prefix("Max-Age=").unwrap() {
                "0" => drop(self.cookies.remove(name)),
                _ => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        if let Some(token) = reply.body["csrfToken"].as_str() {
            self.csrf_token = Some(token.to_owned());
        }
        reply
    }

    /// Who they are, by what the API tells them.
    async fn handle(&mut self) -> Value {
        let me = self.get("/v1/me").await;
        me.assert(200, "").body["handle"].clone()
    }
}

fn set_cookies(reply: &Reply) -> Vec<&str> {
    reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect()
}

/// What a page of another origin can have a browser send: a form, with all its cookies if the browser knows no better.
fn form<'a>(browser: &Browser<'a>, origin: &str, path: &str, body: &Value) -> Asked<'a> {
    let user = browser.user().from_origin(Some(origin)).with_csrf_token(None);
    browser.asked(&user, Method::POST, path).header("content-type", "text/plain").raw_body(body.to_string())
}

#[tokio::test]
async fn a_page_signs_in_asks_renews_and_signs_out_and_no_body_has_a_token() {
    let app = TestApp::new().await;
    let (mut page, session) = Browser::signed_in(&app, "demo").await;
    let fields: Vec<&String> = session.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["csrfToken", "expiresIn", "member", "session"]);
    assert_eq!(page.cookies.keys().collect::<Vec<_>>(), [ACCESS, REFRESH]);
    assert_eq!(page.handle().await, "demo");

    let created = page.post("/v1/watchers", dubai()).await;
    created.assert(201, "");
    assert!(created.header("location").starts_with("/web/v1/watchers/"), "{}", created.header("location"));
    page.get(created.header("location").strip_prefix(PREFIX).unwrap()).await.assert(200, "");

    let before = page.cookies.clone();
    let renewed = page.post("/v1/auth/refresh", json!({})).await;
    renewed.assert(200, "");
    assert_eq!((&renewed.body["session"], &renewed.body["csrfToken"]), (&session["session"], &session["csrfToken"]));
    assert!(before.iter().all(|(name, value)| page.cookies[name] != *value), "both are new");
    assert!(before.values().chain(page.cookies.values()).all(|token| !renewed.body.to_string().contains(token)));
    assert_eq!(page.handle().await, "demo");

    page.post("/v1/auth/logout", json!({})).await.assert(204, "");
    assert!(page.cookies.is_empty());
    page.get("/v1/me").await.assert(401, "unauthenticated");
    page.cookies = before;
    page.post("/v1/auth/refresh", json!({})).await.assert(401, "wrong-refresh-token");
}

#[tokio::test]
async fn who_signs_up_at_a_page_is_signed_in_there() {
    let app = TestApp::new().await;
    let (challenge, passcode) = asked_to_sign_up(&app, applicant("gwen")).await;
    let mut page = Browser::new(&app);
    let joined = page.post("/v1/auth/verify-otp", json!({"challenge": challenge, "passcode": passcode})).await;
    joined.assert(200, "");
    assert!(joined.body.get("accessToken").is_none() && joined.body.get("refreshToken").is_none(), "{:#}", joined.body);
    assert_eq!(page.handle().await, "gwen");
}

#[tokio::test]
async fn a_page_that_was_loaded_anew_is_told_its_csrf_token_by_its_first_read() {
    let app = TestApp::new().await;
    let (mut page, session) = Browser::signed_in(&app, "demo").await;
    page.csrf_token = None;
    page.post("/v1/watchers", dubai()).await.assert(403, "wrong-csrf-token");
    let read = page.get("/v1/me").await;
    assert_eq!(read.header("x-csrf-token"), session["csrfToken"]);
    let again = page.asked(&page.user(), Method::GET, "/v1/me").header("if-none-match", read.header("etag")).send().await;
    assert_eq!((again.status.as_u16(), again.header("x-csrf-token")), (304, read.header("x-csrf-token")));
    page.csrf_token = Some(read.header("x-csrf-token").to_owned());
    page.post("/v1/watchers", dubai()).await.assert(201, "");
    assert_eq!(app.member("demo").get("/v1/me").send().await.header("x-csrf-token"), "", "an app has none");
}

#[tokio::test]
async fn signing_out_takes_the_cookies_away_whatever_became_of_the_session() {
    let app = TestApp::new().await;
    let (page, _) = Browser::signed_in(&app, "demo").await;
    page.clone().post("/v1/auth/logout", json!({"everywhere": true})).await.assert(204, "");
    let planted = Browser { cookies: [(REFRESH.to_owned(), "no token".to_owned())].into(), ..Browser::new(&app) };
    for mut gone in [page, planted, Browser::new(&app)] {
        let reply = gone.post("/v1/auth/logout", json!({})).await;
        reply.assert(204, "");
        assert_eq!((set_cookies(&reply).len(), gone.cookies.len()), (2, 0));
    }
    let app_reply = auth::ask(&app, "login", json!({"login": "demo", "password": PASSWORD})).await;
    assert!(set_cookies(&app_reply).is_empty(), "an app has none");
}

#[tokio::test]
async fn a_page_renews_as_often_as_an_app() {
    let app = TestApp::new().await;
    let (mut page, _) = Browser::signed_in(&app, "demo").await;
    for _ in 0..5 {
        page.post("/v1/auth/refresh", json!({})).await.assert(200, "");
    }
    page.post("/v1/auth/refresh", json!({})).await.assert(429, "too-many-requests");
}

/// Whatever is said twice, once in each way, is said by two.
#[tokio::test]
async fn of_cookie_and_bearer_token_the_way_decides_and_never_both() {
    let app = TestApp::new().await;
    let (page, session) = Browser::signed_in(&app, "demo").await;
    let admin = app.token_with(|claims| claims.role = domain::identity::Role::Admin);
    let access = format!("{ACCESS}={}", page.cookies[ACCESS]);
    let at_the_prefix = page.user().get("/v1/me/sessions").header("authorization", &format!("Bearer {admin}"));
    let listed = items(&at_the_prefix.header("cookie", &access).send().await);
    assert!(listed.iter().any(|known| known["id"] == session["session"] && known["current"] == json!(true)), "{listed:?}");
    app.bearer("no token").get("/v1/me").header("cookie", &access).send().await.assert(401, "unauthenticated");

    let twice = json!({"refreshToken": page.cookies[REFRESH]});
    let reply = page.clone().post("/v1/auth/refresh", twice).await;
    reply.assert(422, "invalid-input");
    assert_eq!(faults(&reply), [("/refreshToken".to_owned(), "duplicate".to_owned())]);
    page.clone().post("/v1/auth/refresh", json!({})).await.assert(200, "");
}

#[tokio::test]
async fn a_request_is_one_whichever_way_it_comes() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let first = demo.post("/v1/watchers").header("idempotency-key", "one").body(dubai()).send().await;
    let again = demo.at_a_page().post("/v1/watchers").header("idempotency-key", "one").body(dubai()).send().await;
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &first.body));
    assert_eq!(again.header("location"), format!("{PREFIX}{}", first.header("location")));
}

#[tokio::test]
async fn what_a_cookie_shows_is_kept_by_nobody_but_its_browser() {
    let (app, ids) = existing(found().await).await;
    let mut read = 0;
    for route in
        Route::all().iter().filter(|route| route.is_for_pages && route.method == Method::GET && route.access != Access::Public)
    {
        let reply = route.user(&app).at_a_page().get(&route.path(&ids)).send().await;
        reply.assert(200, "");
        assert!(reply.header("cache-control").starts_with("private"), "{}: {}", route.name, reply.header("cache-control"));
        read += 1;
    }
    assert!(read >= 8, "{read}");
}

/// Session fixation: who plants their own session in a browser learns nothing of whoever signs in there next.
#[tokio::test]
async fn a_session_that_was_there_before_is_never_the_one_that_is_signed_in() {
    let app = TestApp::new().await;
    let (attacker, planted) = Browser::signed_in(&app, "free").await;
    let (challenge, passcode) = asked_to_sign_up(&app, applicant("gwen")).await;
    for (path, body) in [
        ("/v1/auth/login", json!({"login": "demo", "password": PASSWORD})),
        ("/v1/auth/verify-otp", json!({"challenge": challenge, "passcode": passcode})),
    ] {
        let mut victim = attacker.clone();
        let signed_in = victim.post(path, body).await;
        signed_in.assert(200, "");
        for field in ["member", "session", "csrfToken"] {
            assert_ne!(signed_in.body[field], planted[field], "{path}: {field}");
        }
        assert!(attacker.cookies.iter().all(|(name, value)| victim.cookies[name] != *value), "{path}");
        assert_ne!(victim.handle().await, "free");
    }
    assert_eq!(attacker.clone().handle().await, "free", "theirs is theirs");
}

/// A planted session is not renewed into another's either: what a cookie says of whose it is, its secrets must show.
#[tokio::test]
async fn a_cookie_of_two_sessions_is_of_none() {
    let app = TestApp::new().await;
    let (demo, _) = Browser::signed_in(&app, "demo").await;
    let (free, _) = Browser::signed_in(&app, "free").await;
    let parts = |browser: &Browser<'_>| browser.cookies[REFRESH].splitn(5, '.').map(str::to_owned).collect::<Vec<_>>();
    let spliced = [&parts(&demo)[..3], &parts(&free)[3..]].concat().join(".");
    let mut page = demo.clone();
    page.cookies.insert(REFRESH.to_owned(), spliced);
    page.post("/v1/auth/refresh", json!({})).await.assert(401, "wrong-refresh-token");
    let mut mixed = Browser { csrf_token: free.csrf_token.clone(), ..demo.clone() };
    mixed.post("/v1/watchers", dubai()).await.assert(403, "wrong-csrf-token");
    for mut intact in [demo, free] {
        intact.post("/v1/auth/refresh", json!({})).await.assert(200, "");
    }
}

/// CSRF, as from a browser that sends cookies to whoever asks.
#[tokio::test]
async fn a_page_of_another_origin_writes_nothing_in_a_members_name() {
    let app = TestApp::new().await;
    let (browser, _) = Browser::signed_in(&app, "demo").await;
    let before = Core::of(&app).everything().await;
    for origin in
        ["https://evil.example", "null", "http://evil.localhost", "http://localhost:8080", "https://localhost.evil.example"]
    {
        for path in ["/v1/watchers", "/v1/auth/logout", "/v1/auth/refresh"] {
            let reply = form(&browser, origin, path, &dubai()).send().await;
            reply.assert(403, "other-origin");
            assert!(set_cookies(&reply).is_empty() && reply.header("x-csrf-token").is_empty(), "{origin} {path}");
        }
    }
    let from_nowhere = browser.user().from_origin(None).with_csrf_token(None);
    let silent = browser.asked(&from_nowhere, Method::POST, "/v1/watchers").body(dubai());
    silent.send().await.assert(403, "wrong-csrf-token");
    for site in ["cross-site", "same-site", "none"] {
        let marked = browser.asked(&browser.user(), Method::POST, "/v1/watchers").header("sec-fetch-site", site);
        marked.body(dubai()).send().await.assert(403, "other-origin");
    }
    assert!(Core::of(&app).everything().await == before, "something was written");
}

#[tokio::test]
async fn a_csrf_token_that_is_not_the_sessions_is_none() {
    let app = TestApp::new().await;
    let (browser, session) = Browser::signed_in(&app, "demo").await;
    let (_, other) = Browser::signed_in(&app, "demo").await;
    let (_, others) = Browser::signed_in(&app, "free").await;
    let own = session["csrfToken"].as_str().unwrap();
    let texts = [&other["csrfToken"], &others["csrfToken"], &session["session"], &session["member"]];
    let wrong = texts.map(|text| text.as_str().unwrap().to_owned()).into_iter();
    let cut = [String::new(), own[..own.len() - 2].to_owned(), format!("{own}AA"), own.to_lowercase(), format!("{own}, {own}")];
    for token in wrong.chain(cut) {
        let page = Browser { csrf_token: Some(token.clone()), ..browser.clone() };
        page.clone().post("/v1/watchers", dubai()).await.assert(403, "wrong-csrf-token");
    }
    let twice = browser.asked(&browser.user(), Method::POST, "/v1/watchers").header("x-csrf-token", own);
    twice.body(dubai()).send().await.assert(403, "wrong-csrf-token");
    browser.clone().post("/v1/watchers", dubai()).await.assert(201, "");
}

/// Login CSRF: who signs a browser in with an account of their own reads what is then done there.
#[tokio::test]
async fn nobody_is_signed_in_by_a_page_of_another_origin() {
    let app = TestApp::new().await;
    let attackers = json!({"login": "free", "password": PASSWORD});
    let browser = Browser::new(&app);
    for origin in [Some("https://evil.example"), Some("http://other.localhost"), Some("null"), None] {
        let user = browser.user().from_origin(origin);
        let reply = browser.asked(&user, Method::POST, "/v1/auth/login").body(&attackers).send().await;
        reply.assert(403, "other-origin");
        assert!(set_cookies(&reply).is_empty(), "{origin:?}");
    }
    let at_another_host = browser.user().at("other.localhost").from_origin(Some("http://localhost"));
    at_another_host.post("/v1/auth/login").body(&attackers).send().await.assert(403, "other-origin");
}

/// Cookie tossing: a host beside this one sets a cookie of the same name, and has it sent first.
#[tokio::test]
async fn of_two_cookies_of_one_name_neither_counts() {
    let app = TestApp::new().await;
    let (attacker, _) = Browser::signed_in(&app, "free").await;
    let (victim, _) = Browser::signed_in(&app, "demo").await;
    for name in [ACCESS, REFRESH] {
        let (own, tossed) = (format!("{name}={}", victim.cookies[name]), format!("{name}={}", attacker.cookies[name]));
        let (method, path) = if name == ACCESS { (Method::GET, "/v1/me") } else { (Method::POST, "/v1/auth/refresh") };
        for [first, second] in [[&own, &tossed], [&tossed, &own], [&own, &own]] {
            let asked = || victim.user().request(method.clone(), path).body(json!({}));
            let reply = asked().header("cookie", &format!("{first}; {second}")).send().await;
            reply.assert(401, "unauthenticated");
            asked().header("cookie", first).header("cookie", second).send().await.assert(401, "unauthenticated");
        }
    }
    for mut intact in [victim, attacker] {
        intact.post("/v1/auth/refresh", json!({})).await.assert(200, "");
    }
}

#[tokio::test]
async fn a_cookie_that_no_browser_keeps_is_not_looked_at() {
    let app = TestApp::new().await;
    let (page, _) = Browser::signed_in(&app, "demo").await;
    for name in [ACCESS, REFRESH] {
        let (method, path) = if name == ACCESS { (Method::GET, "/v1/me") } else { (Method::POST, "/v1/auth/refresh") };
        let long = format!("{name}={}{}", page.cookies[name], "x".repeat(4096));
        let asked = page.user().request(method, path).header("cookie", &long);
        asked.body(json!({})).send().await.assert(401, "unauthenticated");
    }
    page.clone().post("/v1/auth/refresh", json!({})).await.assert(200, "");
}

/// The prefix leads nowhere that is not for pages, and there is one of it.
#[tokio::test]
async fn the_prefix_is_no_way_around() {
    let app = TestApp::new().await;
    let page = app.member("demo").at_a_page();
    for path in ["/web/v1/me", "//v1/me", "/../v1/me", "/.well-known/jwks.json", "/_local/mailbox", ""] {
        page.get(path).send().await.assert(404, "route-not-found");
    }
}
