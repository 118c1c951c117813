//! The whole system in memory, for tests. It panics where a test is to fail.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's own equipment")]

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use axum::body::Body;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    identity::{Plan, Role},
    ids::{Owner, SessionId},
};
use http::{HeaderMap, Method, StatusCode, header};
use jiff::{SignedDuration, Span, tz::TimeZone};
use platform::{
    Access, Function,
    clock::Clock,
    limit::ClientAddress,
    notice::{SIGNATURE_HEADER, TIMESTAMP_HEADER, signature},
    token::Claims,
    web::{ACCESS_COOKIE, CSRF_HEADER, PREFIX, csrf_token},
};
use serde::Serialize;
use serde_json::Value;
use storage::Store;
use tower::ServiceExt;

use crate::{
    clock::MovableClock,
    data::RECORDED_AT,
    gate::{Faults, Refusal},
    keys::{Keys, LIFETIME, WEBHOOK_KEY},
    machine::{Options, System},
    seed::{self, Brand, Person},
    standins::{
        mailbox::AcceptedMail,
        queues::{QueueStats, Waiting},
    },
};

/// A second tenant, whose data nobody of the first may see.
pub const OTHER: Brand<'static> = Brand {
    id: "other",
    name: "Other Brand",
    hosts: &["other.localhost"],
    zone: "Europe/London",
    currency: "GBP",
    members: &[Person {
        handle: "omar",
        name: "Omar Other",
        email: "omar@example.org",
        plan: Plan::Premium,
        zone: "Europe/London",
        role: Role::Member,
        password: Some(seed::PASSWORD_HASH),
    }],
};

/// How long the tokens of members are good: for as long as tests let time pass.
const LONG: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

/// The most that is looked at of mails and queues.
const MOST: usize = 100_000;

/// The whole system in memory, at a clock that stands still at [`RECORDED_AT`] until it is moved.
#[derive(Debug)]
pub struct TestApp {
    /// The clock. Moving it makes nothing happen: [`TestApp::advance`] does.
    pub clock: Arc<MovableClock>,
    system: System,
    refusals_expected: AtomicBool,
    addresses_given: AtomicU32,
}

impl TestApp {
    /// With every function.
    pub async fn new() -> Self {
        Self::built(|_| {}).await
    }

    /// With these functions alone.
    pub async fn with(functions: &'static [&'static dyn Function]) -> Self {
        Self::built(|options| options.functions = functions.to_vec()).await
    }

    /// With every function, and the options changed.
    pub async fn built(change: impl FnOnce(&mut Options)) -> Self {
        let clock = Arc::new(MovableClock::at(RECORDED_AT));
        let mut options = Options::in_memory(clock.clone()).unwrap();
        options.brands = vec![seed::DEMO, OTHER];
        change(&mut options);
        let system = System::start(options).await.unwrap();
        Self { clock, system, refusals_expected: AtomicBool::new(false), addresses_given: AtomicU32::new(0) }
    }

    /// The system itself.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// One of the members that are there from the start: `demo`, `free`, `admin`, `operator`, or `omar` of the other tenant.
    pub fn member(&self, handle: &str) -> User<'_> {
        let found = [seed::DEMO, OTHER].into_iter().find_map(|brand| {
            let person = brand.members.iter().find(|person| person.handle == handle)?;
            Some((brand, person))
        });
        let (brand, person) = found.unwrap_or_else(|| panic!("there is no member {handle}"));
        let mut user = self.user_of(brand.id, handle, person.role);
        user.host = brand.hosts[0].to_owned();
        user
    }

    /// One without a token. Each comes from a network address of their own.
    pub fn anonymous(&self) -> User<'_> {
        let address =
            Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 0).to_bits() + self.addresses_given.fetch_add(1, Ordering::Relaxed));
        User {
            app: self,
            host: "localhost".to_owned(),
            address: address.into(),
            token: None,
            owner: None,
            page: None,
            signs: false,
        }
    }

    /// One who may call what is for a role.
    pub fn one_for(&self, access: Access) -> User<'_> {
        match access {
            Access::Public => self.anonymous(),
            Access::Signed => User { signs: true, ..self.anonymous() },
            Access::Role(Role::Admin) => self.member("admin"),
            Access::Role(Role::Operator) => self.member("operator"),
            Access::Role(role @ (Role::Member | Role::Partner | Role::Service)) => self.user_of("demo", "demo", role),
        }
    }

    /// One with a token that says so, whether there is such a member or not.
    pub fn user_of(&self, tenant: &str, handle: &str, role: Role) -> User<'_> {
        let owner = seed::owner(tenant, handle).unwrap();
        User { token: Some(self.token_of(&owner, role)), owner: Some(owner), ..self.anonymous() }
    }

    /// Signed once a process, and not again with each request: that takes longer than to answer most of them. All systems in
    /// memory have one key.
    fn token_of(&self, owner: &Owner, role: Role) -> String {
        static SIGNED: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
        let claims = Keys::claims(owner, role, RECORDED_AT, LONG);
        let mut signed = SIGNED.lock().unwrap_or_else(PoisonError::into_inner);
        let token = signed.entry(serde_json::to_string(&claims).unwrap());
        token.or_insert_with(|| self.system.keys().sign(&claims).unwrap()).clone()
    }

    /// A token of the member `demo`, its claims changed.
    pub fn token_with(&self, change: impl FnOnce(&mut Claims)) -> String {
        let owner = seed::owner(seed::DEMO.id, "demo").unwrap();
        let mut claims = Keys::claims(&owner, Role::Member, self.clock.now(), LIFETIME);
        change(&mut claims);
        self.system.keys().sign(&claims).unwrap()
    }

    /// One with this token.
    pub fn bearer(&self, token: impl Into<String>) -> User<'_> {
        User { token: Some(token.into()), ..self.anonymous() }
    }

    /// Lets time pass as in the cloud, with all that happens meanwhile.
    pub async fn advance(&self, span: Span) {
        let now = self.clock.now().to_zoned(TimeZone::UTC);
        let by = now.checked_add(span).unwrap().duration_since(&now);
        self.system.advance(by).await.unwrap();
    }

    /// Lets time pass in one step: what is due meanwhile happens once, in the end.
    pub async fn leap(&self, span: Span) {
        let now = self.clock.now().to_zoned(TimeZone::UTC);
        let by = now.checked_add(span).unwrap().duration_since(&now);
        self.system.leap(by).await.unwrap();
    }

    /// Runs until every queue is empty and the outbox is relayed. Time stands still.
    pub async fn settle(&self) {
        self.system.settle().await.unwrap();
    }

    /// The mails sent, oldest first.
    pub fn mails(&self) -> Vec<AcceptedMail> {
        let mut mails = self.system.standins().mailbox().list(MOST).unwrap();
        mails.reverse();
        mails
    }

    /// What each queue holds.
    pub fn queues(&self) -> Vec<QueueStats> {
        self.system.standins().queues().stats().unwrap()
    }

    /// The dead letters, each with the queue that it lies on.
    pub fn dead_letters(&self) -> Vec<(String, Waiting)> {
        let dead = self.queues().into_iter().filter(|queue| !queue.dead_letter_of.is_empty());
        let letters = |name: &str| self.system.standins().queues().peek(name, MOST).unwrap();
        dead.flat_map(|queue| letters(&queue.name).into_iter().map(move |letter| (queue.name.clone(), letter))).collect()
    }

    /// The tables, past the gates.
    pub fn store(&self) -> &Store {
        self.system.store()
    }

    /// Strikes every call from now on.
    pub fn set_faults(&self, faults: Arc<dyn Faults>) {
        self.system.gatehouse().set_faults(faults);
    }

    /// The calls that functions did not declare.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.system.gatehouse().refusals()
    }

    /// Says that this test is about refusals: they don't fail it.
    pub fn expect_refusals(&self) {
        self.refusals_expected.store(true, Ordering::Relaxed);
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let refusals = self.refusals();
        if refusals.is_empty() || self.refusals_expected.load(Ordering::Relaxed) || std::thread::panicking() {
            return;
        }
        let told: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        panic!("functions did what they did not declare:\n{}", told.join("\n"));
    }
}

/// Someone who sends requests.
#[derive(Debug, Clone)]
pub struct User<'a> {
    app: &'a TestApp,
    host: String,
    address: IpAddr,
    token: Option<String>,
    owner: Option<Owner>,
    page: Option<Page>,
    signs: bool,
}

/// What a page shows of itself. Without one, a user has an app.
#[derive(Debug, Clone)]
struct Page {
    origin: Option<String>,
    csrf_token: Option<String>,
}

impl<'a> User<'a> {
    /// The same one at another host.
    pub fn at(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// The same one from another network address.
    pub fn coming_from(mut self, address: &str) -> Self {
        self.address = address.parse().unwrap();
        self
    }

    /// The same one at a page of the host: with their token in a cookie, and with what shows that their requests are from there.
    pub fn at_a_page(mut self) -> Self {
        let session = self.token.as_deref().and_then(session_of);
        let csrf_token = session.map(|session| csrf_token(self.app.system.operator(), session).unwrap());
        self.page = Some(Page { origin: Some(format!("http://{}", self.host)), csrf_token });
        self
    }

    /// The same one at a page of this origin, or of none that the browser tells.
    pub fn from_origin(mut self, origin: Option<&str>) -> Self {
        self.page.as_mut().unwrap().origin = origin.map(str::to_owned);
        self
    }

    /// The same one with another CSRF token, or none.
    pub fn with_csrf_token(mut self, token: Option<String>) -> Self {
        self.page.as_mut().unwrap().csrf_token = token;
        self
    }

    /// What their page shows with writes.
    pub fn csrf_token(&self) -> Option<String> {
        self.page.as_ref().unwrap().csrf_token.clone()
    }

    /// Who they are.
    pub fn owner(&self) -> Owner {
        self.owner.clone().unwrap_or_else(|| panic!("this user is nobody"))
    }

    /// A `GET`.
    pub fn get(&self, path: &str) -> Asked<'a> {
        self.request(Method::GET, path)
    }

    /// A `POST`.
    pub fn post(&self, path: &str) -> Asked<'a> {
        self.request(Method::POST, path)
    }

    /// A `PUT`.
    pub fn put(&self, path: &str) -> Asked<'a> {
        self.request(Method::PUT, path)
    }

    /// A `PATCH`.
    pub fn patch(&self, path: &str) -> Asked<'a> {
        self.request(Method::PATCH, path)
    }

    /// A `DELETE`.
    pub fn delete(&self, path: &str) -> Asked<'a> {
        self.request(Method::DELETE, path)
    }

    /// Any request.
    pub fn request(&self, method: Method, path: &str) -> Asked<'a> {
        let prefix = self.page.as_ref().map_or("", |_| PREFIX);
        let request = http::Request::builder().method(method).uri(format!("{prefix}{path}")).header(header::HOST, &self.host);
        let request = request.extension(ClientAddress(self.address));
        let mut asked = Asked { app: self.app, request, body: None, signed: self.signs };
        match (&self.page, &self.token) {
            (None, Some(token)) => asked = asked.header("authorization", &format!("Bearer {token}")),
            (Some(_), Some(token)) => asked = asked.header("cookie", &format!("{ACCESS_COOKIE}={token}")),
            (_, None) => {}
        }
        if let Some(Page { origin, csrf_token }) = &self.page {
            let shown = [("origin", origin), (CSRF_HEADER, csrf_token)];
            for (name, value) in shown.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
                asked = asked.header(name, value);
            }
        }
        asked
    }
}

/// The session that a token says it is of, whoever has signed it.
fn session_of(token: &str) -> Option<SessionId> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims["sid"].as_str()?.parse().ok()
}

/// A request, being put together.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Asked<'a> {
    app: &'a TestApp,
    request: http::request::Builder,
    body: Option<Vec<u8>>,
    signed: bool,
}

impl Asked<'_> {
    /// A header more.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// A JSON body.
    pub fn body(self, json: impl Serialize) -> Self {
        let body = serde_json::to_vec(&json).unwrap();
        self.header("content-type", "application/json").raw_body(body)
    }

    /// A body as it is.
    pub fn raw_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// As another system sends it: signed at the time that it is there.
    fn sign(self) -> Self {
        let seconds = self.app.clock.now().as_second().to_string();
        let signature = signature(WEBHOOK_KEY, &seconds, self.body.as_deref().unwrap_or_default());
        self.header(TIMESTAMP_HEADER, &seconds).header(SIGNATURE_HEADER, &signature)
    }

    /// Sends it, in process.
    pub async fn send(mut self) -> Reply {
        if self.signed {
            self = self.sign();
        }
        let body = self.body.map(Body::from).unwrap_or_default();
        let Ok(answer) = self.app.system.api().oneshot(self.request.body(body).unwrap()).await;
        let (head, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        // A body that is no JSON, such as a page, is given as text.
        let body = match bytes.as_ref() {
            [] => Value::Null,
            bytes => serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into()),
        };
        Reply { status: head.status, headers: head.headers, body }
    }
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as JSON; null if there is none.
    pub body: Value,
}

impl Reply {
    /// The code of the problem: what its type ends in. Empty if it is none.
    pub fn code(&self) -> &str {
        self.body["type"].as_str().and_then(|kind| kind.strip_prefix("urn:mile-buy-club:problem:")).unwrap_or_default()
    }

    /// A header's value; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Fails the test unless the answer has this status, and is this problem (empty: none).
    #[track_caller]
    pub fn assert(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{:#}", self.body);
        self
    }
}
