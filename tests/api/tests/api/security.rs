//! The security matrix: every route, for apps and for pages × everything that someone may try there. It is made from the list of functions, so that no
//! route escapes, and there is no cell that nothing is expected of: what is not refused is an exception, which has its reason
//! here, and of which it is checked that it does no harm.

use std::collections::BTreeSet;

use domain::identity::Role;
use http::Method;
use jiff::SignedDuration;
use local::{
    TestApp, seed,
    test_app::{Asked, Reply, User},
};
use platform::{
    Way,
    function::Access,
    web::{ACCESS_COOKIE, REFRESH_COOKIE},
};
use serde_json::{Value, json};

use crate::{
    auth,
    bad_requests::check_problem,
    every_write::{inventory, prepared},
    routes::{Ids, MAX_BODY_BYTES, Route, existing, found},
    support::{Core, Stored},
};

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    NoToken,
    ExpiredToken,
    WrongAudience,
    OtherTenantsHost,
    OtherMember,
    OtherTenant,
    As(Role),
    UnknownField,
    OversizeBody,
    WrongContentType,
    ReplayedKey,
    OfPage(OfPage),
}

/// What is tried with cookies, or from another page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OfPage {
    /// A page that has a bearer token and no cookie.
    BearerOnly,
    /// An app that has a cookie and no bearer token.
    CookieElsewhere,
    /// Two cookies of the one name.
    TwoCookies,
    OversizeCookie,
    NoCsrfToken,
    /// The CSRF token of another session.
    OthersCsrfToken,
    /// From a page of another origin.
    OtherOrigin,
    /// From a page of another site, as the browser says without naming it.
    OtherSite,
    /// From a page that does not say which.
    NoOrigin,
    /// Under the prefix of pages, though it is not for them.
    AtThePrefix,
}

/// What is tried with the token.
const TOKENS: &[Attempt] = &[Attempt::NoToken, Attempt::ExpiredToken, Attempt::WrongAudience, Attempt::OtherTenantsHost];
/// Who else tries.
const OTHERS: &[Attempt] = &[Attempt::OtherMember, Attempt::OtherTenant];
/// What is tried with the body.
const BODIES: &[Attempt] = &[Attempt::UnknownField, Attempt::OversizeBody, Attempt::WrongContentType, Attempt::ReplayedKey];
/// What is tried with cookies.
const COOKIES: &[Attempt] = &[
    Attempt::OfPage(OfPage::BearerOnly),
    Attempt::OfPage(OfPage::CookieElsewhere),
    Attempt::OfPage(OfPage::TwoCookies),
    Attempt::OfPage(OfPage::OversizeCookie),
];
/// What is tried from another page.
const FORGED: &[Attempt] = &[
    Attempt::OfPage(OfPage::NoCsrfToken),
    Attempt::OfPage(OfPage::OthersCsrfToken),
    Attempt::OfPage(OfPage::OtherOrigin),
    Attempt::OfPage(OfPage::OtherSite),
    Attempt::OfPage(OfPage::NoOrigin),
];
/// Every role.
const ROLES: &[Attempt] = &[
    Attempt::As(Role::Member),
    Attempt::As(Role::Partner),
    Attempt::As(Role::Admin),
    Attempt::As(Role::Operator),
    Attempt::As(Role::Service),
];

impl Attempt {
    /// All that is tried at a route: with each role but the one it is for.
    fn all(route: &Route, way: Way) -> Vec<Self> {
        let own = route.role().map(Self::As);
        let roles = ROLES.iter().filter(|role| Some(**role) != own);
        let of_way = match way {
            Way::Web => [COOKIES, FORGED].concat(),
            Way::App if route.is_for_pages => Vec::new(),
            Way::App => vec![Self::OfPage(OfPage::AtThePrefix)],
        };
        [TOKENS, OTHERS, BODIES].concat().into_iter().chain(roles.copied()).chain(of_way).collect()
    }

    /// How it is refused, unless it is an exception.
    fn refusal(self, route: &Route) -> (u16, &'static str) {
        match self {
            // A token that says so does not make an operator: the store must know them as one.
            Self::OtherMember | Self::OtherTenant if route.role() == Some(Role::Operator) => (403, "forbidden"),
            // It takes no token: who does not sign is nobody.
            Self::NoToken | Self::ExpiredToken | Self::WrongAudience | Self::OtherMember | Self::OtherTenant | Self::As(_)
                if route.access == Access::Signed =>
            {
                (401, "wrong-signature")
            }
            // Its token is looked for in the body, where it is not.
            Self::OfPage(OfPage::CookieElsewhere) if route.renews() => (422, "invalid-input"),
            Self::NoToken | Self::ExpiredToken | Self::WrongAudience => (401, "unauthenticated"),
            Self::OfPage(OfPage::BearerOnly)
            | Self::OfPage(OfPage::CookieElsewhere)
            | Self::OfPage(OfPage::TwoCookies)
            | Self::OfPage(OfPage::OversizeCookie) => (401, "unauthenticated"),
            Self::OfPage(OfPage::NoCsrfToken) | Self::OfPage(OfPage::OthersCsrfToken) => (403, "wrong-csrf-token"),
            Self::OfPage(OfPage::OtherOrigin) | Self::OfPage(OfPage::OtherSite) | Self::OfPage(OfPage::NoOrigin) => {
                (403, "other-origin")
            }
            Self::OfPage(OfPage::AtThePrefix) => (404, "route-not-found"),
            Self::OtherTenantsHost | Self::As(_) => (403, "forbidden"),
            // What is another's does not exist.
            Self::OtherMember | Self::OtherTenant => (404, ""),
            Self::UnknownField => (422, "invalid-input"),
            Self::OversizeBody => (413, "body-too-large"),
            Self::WrongContentType => (415, "not-json"),
            Self::ReplayedKey => (422, "idempotency-key-reused"),
        }
    }
}

/// Cells in which nothing is refused.
struct Exception {
    routes: fn(&Route) -> bool,
    attempts: &'static [&'static [Attempt]],
    harmless: Harmless,
    reason: &'static str,
}

/// Why it does no harm to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harmless {
    /// The answer is what it would have been without the attempt.
    AsAlways,
    /// The answer tells nothing of the member whose things they are, and changes nothing of theirs.
    OfTheirOwn,
    /// Whatever is answered, it tells nothing of anyone here, and changes nothing of theirs.
    Elsewhere,
}

/// The first that fits counts.
const EXCEPTIONS: &[Exception] = &[
    Exception {
        routes: |route| route.name == "identity-get-tenant",
        attempts: &[&[Attempt::OtherTenantsHost, Attempt::OtherTenant]],
        harmless: Harmless::OfTheirOwn,
        reason: "the host says whose brand is shown, and nothing else does",
    },
    Exception {
        routes: |route| route.access == Access::Public && route.writes(),
        attempts: &[&[Attempt::OtherTenantsHost, Attempt::OtherTenant]],
        harmless: Harmless::Elsewhere,
        reason: "the host names the tenant: at another's, whoever is known here is not",
    },
    Exception {
        routes: |route| route.access == Access::Signed,
        attempts: &[&[Attempt::OtherTenantsHost]],
        harmless: Harmless::AsAlways,
        reason: "what a source says is about what all tenants are sold: no host binds it",
    },
    Exception {
        routes: |route| route.role().is_none() && route.writes(),
        attempts: &[&[Attempt::ReplayedKey]],
        harmless: Harmless::AsAlways,
        reason: "what takes no token leaves no receipts (decision 0016): another request under the same key is another request",
    },
    Exception {
        routes: |route| route.access == Access::Public,
        attempts: &[TOKENS, OTHERS, ROLES],
        harmless: Harmless::AsAlways,
        reason: "it takes no token, and looks at none that comes along",
    },
    Exception {
        routes: |route| route.access == Access::Public && !route.renews(),
        attempts: &[COOKIES],
        harmless: Harmless::AsAlways,
        reason: "it takes no token, in a cookie or elsewhere",
    },
    Exception {
        routes: Route::renews,
        attempts: &[&[Attempt::OfPage(OfPage::BearerOnly), Attempt::OfPage(OfPage::OversizeCookie)]],
        harmless: Harmless::AsAlways,
        reason: "it takes its own cookie, and looks at no access token",
    },
    Exception {
        routes: |route| route.method == Method::GET,
        attempts: &[&[
            Attempt::OfPage(OfPage::NoCsrfToken),
            Attempt::OfPage(OfPage::OthersCsrfToken),
            Attempt::OfPage(OfPage::NoOrigin),
        ]],
        harmless: Harmless::AsAlways,
        reason: "a read changes nothing, and browsers show it to no page of another origin",
    },
    Exception {
        routes: |route| route.access == Access::Public,
        attempts: &[&[Attempt::OfPage(OfPage::NoCsrfToken), Attempt::OfPage(OfPage::OthersCsrfToken)]],
        harmless: Harmless::AsAlways,
        reason: "it begins or renews a session, or has none: its origin says where it is from, or it is refused",
    },
    Exception {
        routes: |route| route.access != Access::Public,
        attempts: &[&[Attempt::OfPage(OfPage::NoOrigin)]],
        harmless: Harmless::AsAlways,
        reason: "its CSRF token says that it is from here",
    },
    Exception {
        routes: |route| route.method == Method::GET,
        attempts: &[BODIES],
        harmless: Harmless::AsAlways,
        reason: "it reads no body and no key",
    },
    Exception {
        routes: |route| route.question().is_some(),
        attempts: &[&[Attempt::ReplayedKey]],
        harmless: Harmless::Elsewhere,
        reason: "a question leaves no receipt: another one under the same key is another question",
    },
    Exception {
        routes: |route| route.question().is_some(),
        attempts: &[&[Attempt::OtherMember]],
        harmless: Harmless::AsAlways,
        reason: "what sources offer is the same for all of a tenant: a member's own is how they value points, and these two have said nothing",
    },
    Exception {
        routes: |route| route.question().is_some(),
        attempts: &[&[Attempt::OtherTenant]],
        harmless: Harmless::OfTheirOwn,
        reason: "what sources offer to whoever asks with the deployment's keys is the same for all tenants",
    },
    Exception {
        routes: |route| route.role() == Some(Role::Member),
        attempts: &[&[Attempt::As(Role::Partner), Attempt::As(Role::Admin)]],
        harmless: Harmless::AsAlways,
        reason: "partners and admins are members too",
    },
    Exception {
        routes: |route| route.collection() == "deals",
        attempts: &[&[Attempt::OtherMember]],
        harmless: Harmless::AsAlways,
        reason: "a deal is its tenant's: the offer is the same for all who are there",
    },
    Exception {
        routes: |route| route.name == "deals-put-saved-deal",
        attempts: &[&[Attempt::OtherMember]],
        harmless: Harmless::OfTheirOwn,
        reason: "the deal is their tenant's, and they save it for themselves",
    },
    Exception {
        routes: |route| route.name == "value-create-booking",
        attempts: &[&[Attempt::OtherTenant]],
        harmless: Harmless::Elsewhere,
        reason: "the deal that it names is not there for another tenant",
    },
    Exception {
        routes: |route| route.role() == Some(Role::Operator),
        attempts: &[&[Attempt::OtherTenantsHost]],
        harmless: Harmless::AsAlways,
        reason: "an operator runs all tenants, and the path says which: no host binds their token",
    },
    Exception {
        routes: |route| route.collection() == "providers" && route.role() == Some(Role::Admin),
        attempts: &[&[Attempt::OtherMember]],
        harmless: Harmless::AsAlways,
        reason: "what is set of a source is its tenant's, and each of its admins may set it",
    },
    Exception {
        routes: |route| {
            let is_theirs = route.collection() == "providers" && route.role() == Some(Role::Admin);
            is_theirs && route.name != "sources-delete-provider-key"
        },
        attempts: &[&[Attempt::OtherTenant]],
        harmless: Harmless::OfTheirOwn,
        reason: "sources are the same for all, and each tenant has its own settings of them",
    },
    Exception {
        routes: |route| route.collection() == "tenant",
        attempts: &[&[Attempt::OtherMember]],
        harmless: Harmless::AsAlways,
        reason: "a tenant is its admins', each of them",
    },
    Exception {
        routes: |route| !route.has_id() && route.role() != Some(Role::Operator),
        attempts: &[OTHERS],
        harmless: Harmless::OfTheirOwn,
        reason: "it names nothing that is someone's: each reaches what is their own",
    },
];

fn exception(route: &Route, attempt: Attempt) -> Option<usize> {
    let fits = |exception: &Exception| {
        (exception.routes)(route) && exception.attempts.iter().any(|attempts| attempts.contains(&attempt))
    };
    EXCEPTIONS.iter().position(fits)
}

/// A system in which the request of a route is good, and that request.
struct World {
    app: TestApp,
    way: Way,
    path: String,
    body: Option<Value>,
    /// What a page has of it in a cookie.
    refresh_token: Option<String>,
    ids: Ids,
}

impl World {
    async fn of(route: &Route, way: Way) -> Self {
        if !route.writes() {
            let (app, ids) = existing(found().await).await;
            return Self { app, way, path: route.path(&ids), body: route.question(), refresh_token: None, ids };
        }
        let (app, mut write) = Box::pin(prepared(route.name)).await;
        let refresh_token = match way {
            Way::App => None,
            Way::Web => write.body.as_mut().and_then(|body| body.as_object_mut()?.remove("refreshToken")),
        };
        let refresh_token = refresh_token.map(|token| token.as_str().unwrap().to_owned());
        Self { app, way, path: write.path, body: write.body, refresh_token, ids: Ids::new() }
    }

    /// The same one, where requests of the way come from.
    fn sitting<'a>(&self, user: User<'a>) -> User<'a> {
        match self.way {
            Way::App => user,
            Way::Web => user.at_a_page(),
        }
    }

    /// One whose request is good.
    fn user(&self, route: &Route) -> User<'_> {
        self.sitting(route.user(&self.app))
    }

    /// The good request without its body, but by this one.
    fn bare<'a>(&self, route: &Route, user: &User<'a>) -> Asked<'a> {
        let asked = user.request(route.method.clone(), &self.path);
        match &self.refresh_token {
            Some(token) => asked.header("cookie", &format!("{REFRESH_COOKIE}={token}")),
            None => asked,
        }
    }

    /// Another good request of a public write, of someone else here: its body, and its refresh token where that is in a cookie.
    async fn another(&self, route: &Route) -> (Value, Option<String>) {
        let app = &self.app;
        let asked = async |path: &str, body: Value| auth::ask(app, path, body).await.body;
        let login = json!({"login": "admin", "password": seed::PASSWORD});
        let forgotten = json!({"email": "ada@example.com"});
        let body = match route.name {
            "identity-check-handle" => json!({"handle": "nobody"}),
            "identity-sign-up" => auth::applicant("hugo"),
            "identity-verify-otp" => {
                let (challenge, passcode) = auth::asked_to_sign_up(app, auth::applicant("hugo")).await;
                json!({"challenge": challenge, "passcode": passcode})
            }
            "identity-resend-otp" => {
                let (challenge, _) = auth::asked_to_sign_up(app, auth::applicant("hugo")).await;
                app.clock.advance(SignedDuration::from_mins(1));
                json!({"challenge": challenge})
            }
            "identity-forgot-password" => forgotten,
            "identity-reset-password" => {
                let challenge = asked("forgot-password", forgotten).await["challenge"].take();
                let passcode = auth::codes(app, "ada@example.com").await.pop();
                json!({"challenge": challenge, "passcode": passcode, "password": auth::PASSWORD})
            }
            "identity-log-in" => login,
            "identity-refresh-tokens" | "identity-log-out" => {
                let token = asked("login", login).await["refreshToken"].take();
                if self.way == Way::Web {
                    return (json!({}), Some(token.as_str().unwrap().to_owned()));
                }
                json!({"refreshToken": token})
            }
            "sources-receive-inventory" => inventory("evt-2"),
            other => panic!("{other} is public: say here how someone else asks it, so that keys are tried there"),
        };
        (body, None)
    }

    /// The good request, but by this one.
    fn by<'a>(&self, route: &Route, user: &User<'a>) -> Asked<'a> {
        let asked = self.bare(route, user);
        match &self.body {
            Some(body) => asked.body(body),
            None => asked,
        }
    }

    /// The good request, but with this body.
    fn saying(&self, route: &Route, kind: &str, body: impl Into<Vec<u8>>) -> Asked<'_> {
        self.bare(route, &self.user(route)).header("content-type", kind).raw_body(body)
    }

    fn good_body(&self) -> Value {
        self.body.clone().unwrap_or_else(|| json!({}))
    }

    async fn attempt(&self, route: &Route, attempt: Attempt) -> Reply {
        let (app, role) = (&self.app, route.role().unwrap_or(Role::Member));
        let with_token = |token: String| self.by(route, &self.sitting(app.bearer(token)));
        let json = "application/json";
        let asked = match attempt {
            Attempt::NoToken => self.by(route, &self.sitting(app.anonymous())),
            Attempt::ExpiredToken => with_token(
                app.token_with(|claims| (claims.role, claims.iat, claims.exp) = (role, claims.iat - 1000, claims.iat - 100)),
            ),
            Attempt::WrongAudience => {
                with_token(app.token_with(|claims| (claims.role, claims.aud) = (role, "another-app".to_owned())))
            }
            Attempt::OtherTenantsHost => self.by(route, &self.sitting(route.user(app).at("other.localhost"))),
            Attempt::OtherMember => self.by(route, &self.sitting(app.user_of("demo", "admin", role))),
            Attempt::OtherTenant => self.by(route, &self.sitting(app.user_of("other", "omar", role).at("other.localhost"))),
            Attempt::As(role) => self.by(route, &self.sitting(app.user_of("demo", "demo", role))),
            Attempt::UnknownField => {
                let mut body = self.good_body();
                body["noFieldOfOurs"] = json!(1);
                self.saying(route, json, body.to_string())
            }
            Attempt::OversizeBody => {
                let body = self.good_body().to_string();
                self.saying(route, json, format!("{body}{}", " ".repeat(MAX_BODY_BYTES + 1 - body.len())))
            }
            Attempt::WrongContentType => self.saying(route, "text/plain", self.good_body().to_string()),
            Attempt::ReplayedKey => {
                let first = self.by(route, &self.user(route)).header("idempotency-key", "one").send().await;
                assert!(first.status.is_success(), "{}: {} {:#}", route.name, first.status, first.body);
                if route.role().is_none() && route.writes() {
                    let (body, cookie) = self.another(route).await;
                    let asked =
                        self.user(route).request(route.method.clone(), &self.path).header("idempotency-key", "one").body(body);
                    let cookie = cookie.map(|token| format!("{REFRESH_COOKIE}={token}"));
                    return cookie.iter().fold(asked, |asked, cookie| asked.header("cookie", cookie)).send().await;
                }
                let other = if self.good_body() == json!({}) { json!({"another": 1}) } else { json!({}) };
                // Without a body before, an empty object is another one already.
                let other = if self.body.is_none() { json!({}) } else { other };
                self.saying(route, json, other.to_string()).header("idempotency-key", "one")
            }
            Attempt::OfPage(attempt) => self.attempt_of_page(route, attempt),
        };
        asked.send().await
    }

    fn attempt_of_page(&self, route: &Route, attempt: OfPage) -> Asked<'_> {
        let (app, user) = (&self.app, self.user(route));
        let token = app.token_with(|claims| claims.role = route.role().unwrap_or(Role::Member));
        let access = format!("{ACCESS_COOKIE}={token}");
        let with_csrf_token = |token| self.by(route, &user.clone().with_csrf_token(token));
        let from_origin = |origin| self.by(route, &user.clone().from_origin(origin));
        match attempt {
            OfPage::BearerOnly => {
                let page = app.anonymous().at_a_page().with_csrf_token(user.csrf_token());
                self.by(route, &page).header("authorization", &format!("Bearer {token}"))
            }
            OfPage::CookieElsewhere => self.by(route, &app.anonymous()).header("cookie", &access),
            OfPage::TwoCookies => {
                let first = if route.renews() { format!("{REFRESH_COOKIE}=x") } else { access };
                self.by(route, &user).header("cookie", &first)
            }
            OfPage::OversizeCookie => {
                let page = app.anonymous().at_a_page().with_csrf_token(user.csrf_token());
                self.by(route, &page).header("cookie", &format!("{access}{}", "x".repeat(4096)))
            }
            OfPage::NoCsrfToken => with_csrf_token(None),
            OfPage::OthersCsrfToken => with_csrf_token(app.member("omar").at_a_page().csrf_token()),
            OfPage::OtherOrigin => from_origin(Some("https://evil.example")),
            OfPage::OtherSite => self.by(route, &user).header("sec-fetch-site", "cross-site"),
            OfPage::NoOrigin => from_origin(None),
            OfPage::AtThePrefix => self.by(route, &user.at_a_page()),
        }
    }

    async fn stored(&self) -> Stored {
        let everything = Core::of(&self.app).everything().await;
        // Attempts are counted before they are looked at.
        everything.into_iter().filter(|((partition, _), _)| !partition.starts_with("LIMIT#")).collect()
    }

    /// What is stored of the member whose things they are, and of their tenant.
    async fn of_demo(&self) -> Stored {
        let demo = self.app.member("demo").owner();
        let (tenant, own) = (format!("TENANT#{}", demo.tenant), format!("T#{}#M#{}", demo.tenant, demo.member));
        let is_theirs = |partition: &str| partition == tenant || partition.starts_with(&own);
        self.stored().await.into_iter().filter(|((partition, _), _)| is_theirs(partition)).collect()
    }
}

/// What is wrong with how an attempt was answered that is to be refused.
async fn not_refused(world: &World, route: &Route, attempt: Attempt) -> Option<String> {
    let mut before = world.stored().await;
    let reply = world.attempt(route, attempt).await;
    if attempt == Attempt::ReplayedKey {
        // Its first request is a good one.
        before = world.stored().await;
    }
    let (status, code) = attempt.refusal(route);
    let refused = reply.status == status && (code.is_empty() || reply.code() == code);
    let fault = (!refused).then(|| format!("{} {:?} instead of {status} {code:?}", reply.status, reply.code()));
    let fault = fault.or_else(|| check_problem(&reply).err());
    if fault.is_none() && world.stored().await != before { Some("something was written".to_owned()) } else { fault }
}

/// The collections whose ids are those of sources, which are nobody's.
const SOURCES: [&str; 2] = ["providers", "webhooks"];

/// What harm an attempt does that is not to be refused.
async fn harm(world: &World, route: &Route, attempt: Attempt, harmless: Harmless, usual: &Reply) -> Option<String> {
    let before = world.of_demo().await;
    let reply = world.attempt(route, attempt).await;
    let told = reply.body.to_string();
    let faults = match harmless {
        Harmless::AsAlways => vec![
            (reply.status != usual.status, "is answered with another status than always"),
            (!reply.header("idempotency-replayed").is_empty(), "is answered as something that was asked before"),
            // What is written anew has an id of its own.
            (!route.writes() && reply.body != usual.body, "is told something else than always"),
        ],
        Harmless::OfTheirOwn => vec![
            (world.ids.iter().any(|(what, id)| !SOURCES.contains(what) && told.contains(id)), "tells of what is another's"),
            (world.of_demo().await != before, "changes what is another's"),
        ],
        Harmless::Elsewhere => vec![
            (world.of_demo().await != before, "changes what is another's"),
            (reply.status.is_server_error(), "is too much for it"),
        ],
    };
    let refused = [(harmless != Harmless::Elsewhere && !reply.status.is_success(), "is refused, and no exception")];
    faults.into_iter().chain(refused).find(|(wrong, _)| *wrong).map(|(_, what)| what.to_owned())
}

/// What came of all attempts at some routes.
#[derive(Default)]
struct Tried {
    refused: usize,
    excepted: usize,
    wrong: Vec<String>,
    /// Which exceptions were needed.
    used: BTreeSet<usize>,
}

impl Tried {
    fn with(mut self, other: Self) -> Self {
        self.refused += other.refused;
        self.excepted += other.excepted;
        self.wrong.extend(other.wrong);
        self.used.extend(other.used);
        self
    }
}

/// Every attempt at one route in one way.
async fn tried(route: &Route, way: Way) -> Tried {
    let mut tried = Tried::default();
    let mut world = World::of(route, way).await;
    let usual = world.by(route, &world.user(route)).send().await;
    assert!(usual.status.is_success(), "{} {way:?}: {} {:#}", route.name, usual.status, usual.body);
    let mut written = route.leaves_traces();
    for attempt in Attempt::all(route, way) {
        if std::mem::take(&mut written) {
            world = World::of(route, way).await;
        }
        let exception = exception(route, attempt);
        written = route.leaves_traces() && (exception.is_some() || attempt == Attempt::ReplayedKey);
        let fault = match exception {
            Some(which) => {
                tried.excepted += 1;
                tried.used.insert(which);
                let Exception { harmless, reason, .. } = &EXCEPTIONS[which];
                let harm = harm(&world, route, attempt, *harmless, &usual).await;
                harm.map(|harm| format!("{harm} (excepted: {reason})"))
            }
            None => {
                tried.refused += 1;
                not_refused(&world, route, attempt).await
            }
        };
        tried.wrong.extend(fault.map(|fault| format!("{} {} ({way:?}): {attempt:?}: {fault}", route.method, route.template)));
    }
    tried
}

/// Some of the routes, so that the matrix does not keep one core for minutes while the other waits.
fn tried_by_one_of(threads: usize, ways: &[(&Route, Way)], which: usize) -> Tried {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut all = Tried::default();
        for (route, way) in ways.iter().skip(which).step_by(threads) {
            all = all.with(Box::pin(tried(route, *way)).await);
        }
        all
    })
}

#[expect(clippy::print_stdout, reason = "how much was tried")]
#[test]
fn every_attempt_at_every_route_is_refused_or_does_no_harm() {
    let routes = Route::all();
    let for_pages = routes.iter().filter(|route| route.is_for_pages);
    let ways: Vec<(&Route, Way)> =
        routes.iter().map(|route| (route, Way::App)).chain(for_pages.map(|route| (route, Way::Web))).collect();
    let threads = std::thread::available_parallelism().unwrap().get();
    let tried = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads)
            .map(|which| {
                scope.spawn({
                    let ways = &ways;
                    move || tried_by_one_of(threads, ways, which)
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).fold(Tried::default(), Tried::with)
    });
    let Tried { refused, excepted, wrong, used } = tried;
    println!("{} routes, {} cells: {refused} refused, {excepted} harmless for a reason", ways.len(), refused + excepted);
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(used.len(), EXCEPTIONS.len(), "an exception that nothing needs");
}
