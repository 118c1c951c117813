//! The table of bad requests, made from the descriptors of all endpoints: a new endpoint is in it by being declared. Each is
//! refused with a problem document, and writes nothing.

use domain::identity::Role;
use http::{HeaderValue, header};
use jiff::SignedDuration;
use local::{
    TestApp,
    test_app::{Asked, Reply, User},
};
use platform::function::Access;

use crate::{
    routes::{Ids, MAX_BODY_BYTES, Route, existing, found},
    support::{Core, Stored},
};

/// Endpoints without a token, each with the reason why it needs none.
const PUBLIC: &[(&str, &str)] = &[
    ("identity-check-handle", "handles are public, and who signs up has no account yet"),
    ("identity-forgot-password", "who has forgotten it can't sign in"),
    ("identity-get-jwks", "whoever checks a token needs the public keys before"),
    ("identity-get-openid-configuration", "whoever checks a token learns from it where the keys are"),
    ("identity-get-tenant", "an app shows the brand before anyone has signed in"),
    ("identity-log-in", "it is how one gets a token"),
    ("identity-log-out", "a refresh token says who signs out, when the access token has long ended"),
    ("identity-refresh-tokens", "a refresh token says whose it is, when the access token has ended"),
    ("identity-resend-otp", "a challenge says who asks"),
    ("identity-reset-password", "a challenge and a passcode say who asks"),
    ("identity-sign-up", "who signs up has no account yet"),
    ("identity-verify-otp", "a challenge and a passcode say who asks"),
    ("sources-receive-inventory", "another system calls it, whose signature says who it is"),
    ("system-get-health", "monitors have no account, and it tells nothing of anyone"),
    ("system-get-openapi", "the description of the API is the same for all"),
];

/// What is wrong with an answer as a problem document, if something is.
pub fn check_problem(reply: &Reply) -> Result<(), String> {
    let rule = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    let text = |field: &str| reply.body[field].as_str().unwrap_or_default();
    rule(reply.status.is_client_error(), "it is no client's error")?;
    rule(reply.header("content-type") == "application/problem+json", "its content type is not that of a problem")?;
    rule(reply.code().starts_with(|c: char| c.is_ascii_lowercase()), "its type is none of ours")?;
    rule(!text("title").is_empty() && !text("detail").is_empty(), "it has no title or detail")?;
    rule(reply.body["status"] == reply.status.as_u16(), "it tells another status")?;
    rule(text("requestId").starts_with("req_") && text("requestId") == reply.header("x-request-id"), "it has no request id")?;
    rule(reply.header("cache-control") == "no-store", "it may be kept")?;
    rule(
        (reply.status == 401) == reply.headers.contains_key(header::WWW_AUTHENTICATE),
        "401 tells how to authenticate, nothing else does",
    )?;
    rule(
        (reply.status == 422 && reply.code() == "invalid-input") != reply.body["errors"].is_null(),
        "faults are named, and only faults",
    )?;
    for error in reply.body["errors"].as_array().into_iter().flatten() {
        let pointer = error["pointer"].as_str().unwrap_or("none");
        rule(pointer.is_empty() || pointer.starts_with('/'), "a fault has no pointer")?;
        rule(
            ["code", "detail"].iter().all(|field| !error[*field].as_str().unwrap_or_default().is_empty()),
            "a fault has no code or detail",
        )?;
    }
    Ok(())
}

/// A bad request, and how it is to be refused.
struct Case<'a> {
    what: String,
    request: Asked<'a>,
    refused: &'static [(u16, &'static str)],
}

/// Puts together the cases of one route.
struct Cases<'a> {
    app: &'a TestApp,
    route: &'a Route,
    ids: &'a Ids,
    cases: Vec<Case<'a>>,
}

const UNAUTHENTICATED: &[(u16, &str)] = &[(401, "unauthenticated")];
const FORBIDDEN: &[(u16, &str)] = &[(403, "forbidden")];
const MALFORMED: &[(u16, &str)] = &[(400, "malformed-request")];
const NOT_JSON: &[(u16, &str)] = &[(415, "not-json")];
const TOO_LARGE: &[(u16, &str)] = &[(413, "body-too-large")];
const INVALID: &[(u16, &str)] = &[(422, "invalid-input")];

impl<'a> Cases<'a> {
    fn add(&mut self, what: impl Into<String>, request: Asked<'a>, refused: &'static [(u16, &'static str)]) {
        self.cases.push(Case { what: what.into(), request, refused });
    }

    fn path(&self) -> String {
        self.route.path(self.ids)
    }

    fn user(&self) -> User<'a> {
        self.route.user(self.app)
    }

    fn ask(&self, user: &User<'a>, path: &str) -> Asked<'a> {
        user.request(self.route.method.clone(), path)
    }

    /// With a body that is good, if it takes one.
    fn with_body(&self, request: Asked<'a>) -> Asked<'a> {
        if self.route.takes_body { request.body(self.route.good_body()) } else { request }
    }

    fn tokens(&mut self) {
        let Some(needed) = self.route.role() else { return };
        let (app, path) = (self.app, self.path());
        let good = app.token_with(|claims| claims.role = needed);
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let turned: String = signature.chars().rev().collect();
        let bearers = [
            ("no dots", "garbage".to_owned()),
            ("no JSON", "a.b.c".to_owned()),
            ("nothing", String::new()),
            ("a token without a signature", format!("{signed}.")),
            ("a token with another signature", format!("{signed}.{turned}")),
            ("a token without its end", good[..good.len() - 1].to_owned()),
            ("a token of 5000 bytes", "a".repeat(5000)),
            (
                "an expired token",
                app.token_with(|claims| (claims.role, claims.iat, claims.exp) = (needed, claims.iat - 1000, claims.iat - 100)),
            ),
            ("a token of the future", app.token_with(|claims| (claims.role, claims.iat) = (needed, claims.iat + 700))),
            ("a token for another audience", app.token_with(|claims| (claims.role, claims.aud) = (needed, "other".to_owned()))),
            (
                "a token of another issuer",
                app.token_with(|claims| (claims.role, claims.iss) = (needed, "https://evil.example/".to_owned())),
            ),
        ];
        for (what, token) in bearers {
            self.add(what, self.ask(&app.bearer(token), &path), UNAUTHENTICATED);
        }
        self.add("no token", self.ask(&app.anonymous(), &path), UNAUTHENTICATED);
        self.add(
            "another scheme",
            self.ask(&app.anonymous(), &path).header("authorization", &format!("Basic {good}")),
            UNAUTHENTICATED,
        );
        let twice = self.ask(&app.bearer(good.clone()), &path).header("authorization", &format!("Bearer {good}"));
        self.add("two tokens", twice, UNAUTHENTICATED);
        for role in Role::ALL.into_iter().filter(|role| !self.route.access.admits(*role)) {
            self.add(format!("the role {role:?}"), self.ask(&app.user_of("demo", "demo", role), &path), FORBIDDEN);
        }
        if needed == Role::Operator {
            // No host binds their token; that they are operators is not for the token alone to say.
            self.add("one who is none", self.ask(&app.bearer(good), &path), FORBIDDEN);
            return;
        }
        let host = |host: &str| self.ask(&app.bearer(good.clone()).at(host), &path);
        let hosts = [
            ("another tenant's host", host("other.localhost")),
            ("an unknown host", host("unknown.example")),
            ("a host without a name", host(":80")),
        ];
        for (what, request) in hosts {
            self.add(what, request, FORBIDDEN);
        }
        self.add("another tenant's token", self.ask(&app.user_of("other", "omar", needed).at("localhost"), &path), FORBIDDEN);
    }

    fn bodies(&mut self) {
        let (user, path) = (self.user(), self.path());
        let json = |cases: &Self, body: &str| cases.ask(&user, &path).header("content-type", "application/json").raw_body(body);
        let large = format!("{{{}}}", " ".repeat(MAX_BODY_BYTES - 1));
        self.add("a body of 256 KiB and a byte", json(self, &large), TOO_LARGE);
        for body in ["{", "nul", "{\"a\":1,}", "{} {}", "\u{feff}{}", "{\"name\": \"\u{0}\"}"] {
            self.add(format!("no JSON: {body:?}"), json(self, body), MALFORMED);
        }
        self.add("JSON that is too deep", json(self, &"[".repeat(100_000)), MALFORMED);
        let nested = format!("{{\"nights\":{}{}}}", "[".repeat(200), "]".repeat(200));
        for body in [nested.as_str(), "{\"nights\":1e999}", "{\"place\":\"Sing\\ud800apore\"}"] {
            self.add(format!("JSON that nothing can hold: {body}"), json(self, body), MALFORMED);
        }
        self.add(
            "a body in Latin 1",
            self.ask(&user, &path).header("content-type", "application/json").raw_body([b'"', 0xe9, b'"']),
            MALFORMED,
        );
        self.add("an unknown field", json(self, "{\"noFieldOfOurs\":1}"), INVALID);
        self.add("an unknown field that is no pointer", json(self, "{\"a/b~c.d[0]\":1}"), INVALID);
        for body in ["[]", "null", "1", "\"text\"", "true", "[null,null,null,null,null,null,null,null,null,null]"] {
            self.add(format!("no object: {body}"), json(self, body), INVALID);
        }
        if self.route.needs_body {
            self.add("an empty body", json(self, ""), MALFORMED);
        }
        if self.route.takes_body {
            self.add("no content type", self.ask(&user, &path).raw_body("{}"), NOT_JSON);
            for kind in [
                "text/plain",
                "application/xml",
                "application/x-www-form-urlencoded",
                "application/jsonx",
                "",
                "multipart/form-data; boundary=x",
            ] {
                self.add(
                    format!("content type {kind:?}"),
                    self.ask(&user, &path).header("content-type", kind).raw_body("{}"),
                    NOT_JSON,
                );
            }
        }
    }

    fn headers(&mut self) {
        let (user, path) = (self.user(), self.path());
        let keys = [("an empty idempotency key", String::new()), ("an idempotency key of 256 bytes", "k".repeat(256))];
        // What is public takes none.
        for (what, key) in keys.into_iter().filter(|_| self.route.takes("Idempotency-Key")) {
            self.add(what, self.with_body(self.ask(&user, &path).header("idempotency-key", &key)), MALFORMED);
        }
        if self.route.takes("If-Match") {
            for value in ["", "1", "\"\"", "\"x\"", "\"-1\"", "\"1", "W/\"1\"", "\"1\", \"2\"", "\"99999999999999999999\""] {
                self.add(
                    format!("If-Match: {value}"),
                    self.with_body(self.ask(&user, &path).header("if-match", value)),
                    MALFORMED,
                );
            }
            let stale = self.with_body(self.ask(&user, &path).header("if-match", "\"77\""));
            self.add("If-Match of another version", stale, &[(412, "stale-version")]);
        }
    }

    fn addresses(&mut self) {
        let user = self.user();
        let existing = self.ids[self.route.collection()].clone();
        let mut ids = vec![
            ("no id".to_owned(), "nothing".to_owned()),
            ("an id with a blank".to_owned(), format!("{existing}%20")),
            ("an id that is no UTF-8".to_owned(), "%FF%FE".to_owned()),
            ("an id of 4000 bytes".to_owned(), "A".repeat(4000)),
            ("a way up".to_owned(), "..%2f..%2fetc".to_owned()),
            ("a zero byte".to_owned(), "%00".to_owned()),
        ];
        ids.extend(
            self.ids
                .iter()
                // A saved deal is known by its deal's id.
                .filter(|(_, id)| **id != existing)
                .map(|(other, id)| (format!("an id of {other}"), id.clone())),
        );
        // All but those of tenants are made of a kind and a number.
        if let Some((kind, number)) = existing.split_once('_') {
            ids.extend([
                ("an id that nothing has".to_owned(), format!("{kind}_00000000000000000000000000")),
                ("an id in small letters".to_owned(), existing.to_lowercase()),
                ("an id of too many bits".to_owned(), format!("{kind}_8ZZZZZZZZZZZZZZZZZZZZZZZZZ")),
                ("an id without its kind".to_owned(), number.to_owned()),
                ("the number of another kind".to_owned(), format!("evt_{number}")),
            ]);
        }
        for (what, id) in ids {
            let request = self.with_body(self.ask(&user, &self.route.at(&id)));
            self.add(what, request, &[(404, "")]);
        }
        if self.route.access == Access::Role(Role::Member) {
            let request = self.with_body(self.ask(&self.app.member("omar"), &self.path()));
            self.add("another tenant's", request, &[(404, "")]);
        }
    }

    fn lists(&mut self) {
        let (user, path) = (self.user(), self.path());
        let sign = if path.contains('?') { '&' } else { '?' };
        for value in ["0", "101", "x", "-1", "1.5", "", "256", "99999999999999999999", "%FF", "1%00"] {
            self.add(format!("limit={value}"), self.ask(&user, &format!("{path}{sign}limit={value}")), INVALID);
        }
        if !self.route.takes("cursor") {
            return;
        }
        for value in ["junk", "", ".", "e30.e30", "%FF", "a.b.c"] {
            self.add(format!("cursor={value}"), self.ask(&user, &format!("{path}{sign}cursor={value}")), INVALID);
        }
        let long = "A".repeat(10_000);
        self.add("a cursor of 10,000 bytes", self.ask(&user, &format!("{path}{sign}cursor={long}.{long}")), INVALID);
    }

    fn queries(&mut self) {
        let (user, path) = (self.user(), self.path());
        let (sign, given) = path.split_once('?').map_or(('?', ""), |(_, given)| ('&', given));
        for unknown in ["noParameterOfOurs=1", "no~parameter/of[ours]=1", "=", "noParameterOfOurs"] {
            let asked = self.ask(&user, &format!("{path}{sign}{unknown}"));
            self.add(format!("an unknown parameter: {unknown}"), self.with_body(asked), INVALID);
        }
        if let Some(first) = given.split('&').next().filter(|first| !first.is_empty()) {
            self.add("a parameter twice", self.ask(&user, &format!("{path}&{first}")), INVALID);
        }
    }

    fn of(app: &'a TestApp, route: &'a Route, ids: &'a Ids) -> Vec<Case<'a>> {
        let mut cases = Self { app, route, ids, cases: Vec::new() };
        cases.tokens();
        cases.queries();
        if route.writes() {
            cases.bodies();
            cases.headers();
        }
        if route.has_id() {
            cases.addresses();
        }
        if route.takes("limit") {
            cases.lists();
        }
        cases.cases
    }
}

/// What is stored, but for how often it was asked.
async fn written(core: &Core) -> Stored {
    core.everything().await.into_iter().filter(|((partition, _), _)| !partition.starts_with("LIMIT#")).collect()
}

#[expect(clippy::print_stdout, reason = "how much was tried")]
#[tokio::test]
async fn every_bad_request_is_refused_with_a_problem_and_writes_nothing() {
    let (routes, found) = (Route::all(), found().await);
    let (mut sent, mut wrong) = (0, Vec::new());
    for route in &routes {
        let (app, ids) = existing(found.clone()).await;
        let core = Core::of(&app);
        let mut stored = written(&core).await;
        for case in Cases::of(&app, route, &ids) {
            if route.role().is_none() {
                // How often anyone may try is a minute's matter.
                app.clock.advance(SignedDuration::from_mins(1));
            }
            let reply = case.request.send().await;
            sent += 1;
            let refused = (reply.status.as_u16(), reply.code());
            let expected =
                case.refused.iter().any(|(status, code)| *status == refused.0 && (code.is_empty() || *code == refused.1));
            let after = written(&core).await;
            let faults = [
                (!expected).then(|| format!("{refused:?} instead of {:?}", case.refused)),
                check_problem(&reply).err(),
                (after != stored).then(|| "something was written".to_owned()),
            ];
            wrong.extend(
                faults.into_iter().flatten().map(|fault| format!("{} {}: {}: {fault}", route.method, route.template, case.what)),
            );
            stored = after;
        }
    }
    println!("{} routes, {sent} bad requests", routes.len());
    assert!(routes.len() >= 16 && sent >= 400, "{} routes, {sent} requests", routes.len());
    assert!(wrong.is_empty(), "{} of {sent}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn only_endpoints_with_a_reason_are_public() {
    let mut public: Vec<&str> = Route::all().iter().filter(|route| route.role().is_none()).map(|route| route.name).collect();
    public.sort_unstable();
    assert_eq!(public, PUBLIC.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    assert!(PUBLIC.iter().all(|(_, reason)| !reason.is_empty()));
}

#[test]
fn operators_and_services_are_nobodys_members() {
    for route in Route::all().iter().filter(|route| route.access == Access::Role(Role::Member)) {
        for role in [Role::Operator, Role::Service] {
            assert!(!route.access.admits(role), "{}", route.name);
        }
    }
}

#[test]
fn every_write_is_described_as_safe_to_repeat() {
    // What takes no token leaves no receipts (decision 0016).
    for route in Route::all().iter().filter(|route| route.writes() && route.role().is_some()) {
        assert!(route.takes("Idempotency-Key"), "{}", route.name);
    }
}

/// Whoever calls has one of these, so that their paths name no id.
const SINGLE: [&str; 12] = [
    "cards-get-my-cards",
    "cards-list-gaps",
    "cards-list-recommendations",
    "identity-get-me",
    "search-get-cache",
    "search-list-places",
    "sources-get-property",
    "sources-get-quality",
    "value-get-balances",
    "value-get-funding-plan",
    "value-get-valuations",
    "value-get-value",
];

#[test]
fn every_list_is_described_as_paged() {
    let is_list = |route: &&Route| route.method == http::Method::GET && !route.has_id() && route.access != Access::Public;
    for route in Route::all().iter().filter(is_list).filter(|route| !SINGLE.contains(&route.name)) {
        assert!(route.takes("limit") && route.takes("cursor"), "{}", route.name);
    }
}

#[tokio::test]
async fn a_request_without_a_host_is_refused() {
    let app = TestApp::new().await;
    let token = app.token_with(|_| {});
    let request = http::Request::get("/v1/watchers").header("authorization", format!("Bearer {token}"));
    let Ok(answer) = tower::ServiceExt::oneshot(app.system().api(), request.body(String::new()).unwrap()).await;
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.headers()["content-type"], HeaderValue::from_static("application/problem+json"));
}

#[tokio::test]
async fn a_host_is_the_same_in_capitals_and_with_a_port() {
    let app = TestApp::new().await;
    for host in ["LOCALHOST", "localhost:8080", "127.0.0.1:1"] {
        app.member("demo").at(host).get("/v1/watchers").send().await.assert(200, "");
    }
}

#[tokio::test]
async fn partners_and_admins_are_members_too() {
    let app = TestApp::new().await;
    for role in [Role::Member, Role::Partner, Role::Admin] {
        app.user_of("demo", "demo", role).get("/v1/watchers").send().await.assert(200, "");
    }
}

#[tokio::test]
async fn a_token_is_good_until_its_end() {
    let app = TestApp::new().await;
    let user = app.bearer(app.token_with(|_| {}));
    app.clock.advance(jiff::SignedDuration::from_mins(14));
    user.get("/v1/watchers").send().await.assert(200, "");
    app.clock.advance(jiff::SignedDuration::from_mins(2));
    user.get("/v1/watchers").send().await.assert(401, "unauthenticated");
}
