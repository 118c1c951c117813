//! The routes, as the descriptors of all endpoints tell of them: what is made from them holds for a new endpoint by its being
//! declared.

use std::collections::BTreeMap;

use domain::{deals::Deal, identity::Role, notifications::Alert};
use http::Method;
use local::{TestApp, machine, seed::PASSWORD, test_app::User};
use platform::{Endpoint, Function, function::Access};
use serde_json::{Value, json};
use storage::Change;
use tokio::sync::OnceCell;
use utoipa::openapi::HttpMethod;

use crate::{
    auth, properties,
    support::{create, dubai, each, told},
};

/// Writes whose body must be more than an empty object to be good: only needed where the address holds an id, or a version is asked
/// for.
const GOOD_BODIES: &[(&str, &str)] = &[
    ("cards-put-opt-out", r#"{"optedOut": true}"#),
    ("sources-manage-provider", r#"{"enabled": true}"#),
    ("sources-manage-provider-key", r#"{"key": "a-name:a-key-that-opens-nothing"}"#),
    ("sources-put-provider", r#"{"enabled": true}"#),
    ("sources-receive-inventory", r#"{"id": "evt-1", "changes": [{"hotelId": "MMT-77"}]}"#),
    ("sources-put-provider-key", r#"{"key": "a-name:a-key-that-opens-nothing"}"#),
    ("value-put-balances", r#"{"balances": {}}"#),
    ("value-put-valuations", r#"{"valuations": {}}"#),
];

/// Reads that ask something: what they ask here.
const QUESTIONS: &[(&str, &str)] = &[
    ("search-list-places", "q=los%20ang"),
    ("sources-get-property", "source=expedia-rapid&reference=12345"),
    ("sources-get-quality", "source=duffel&day=2026-02-17"),
    ("sources-list-raw-answers", "source=duffel&operation=offer-requests&day=2026-02-17"),
    ("sources-list-readings", "source=duffel&operation=offer-requests&day=2026-02-17"),
    ("value-get-funding-plan", "programme=hyatt&points=25000"),
    ("value-get-value", "programme=atmos&points=50000&taxes=5.60USD&cash=563.50USD"),
];

/// Questions that are asked in a body.
const QUESTIONS_IN_BODIES: &[(&str, &str)] = &[
    ("search-check-price", r#"{"source": "duffel", "reference": "off_LAX-DXB-2026-04-27-UA2096-UA164-economy"}"#),
    (
        "search-compare-offers",
        r#"{"flight": {"flights": ["QR740"], "from": "LAX", "to": "DXB", "day": "2026-04-27", "cabin": "economy"}}"#,
    ),
    ("search-search-activities", r#"{"place": "Edinburgh", "dates": {"on": "2026-04-27"}, "adults": 2}"#),
    ("search-search-flights", r#"{"from": ["LAX"], "to": ["DXB"], "dates": {"on": "2026-04-27"}, "cabins": ["economy"]}"#),
    ("search-search-stays", r#"{"city": "Singapore", "checkin": "2026-04-27", "nights": 2, "adults": 2}"#),
];

/// A source of which nothing is set, and which sends notices.
const PROVIDER: &str = "makemytrip";

/// The largest body that is read.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// The id of one thing of each collection of the API.
pub type Ids = BTreeMap<&'static str, String>;

/// A method, as requests have it.
pub fn method(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options | HttpMethod::Head | HttpMethod::Trace => panic!("no endpoint has this method"),
    }
}

/// One endpoint, as its descriptor tells of it.
pub struct Route {
    pub name: &'static str,
    pub access: Access,
    pub method: Method,
    pub template: String,
    pub takes_body: bool,
    /// It is nothing without one.
    pub needs_body: bool,
    /// It changes something.
    changes: bool,
    /// Pages may ask it, too.
    pub is_for_pages: bool,
    parameters: Vec<String>,
}

impl Route {
    fn of(endpoint: &'static Endpoint) -> Self {
        let (verb, template) = endpoint.route();
        let method = method(&verb);
        let document = serde_json::to_value(endpoint.describe()).unwrap();
        let operation = &document["paths"][&template][method.as_str().to_lowercase()];
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
        let (takes_body, is_for_pages) = (operation.get("requestBody").is_some(), endpoint.is_for_pages());
        let needs_body = operation["requestBody"]["required"] == true;
        let changes = endpoint.changes();
        Self {
            name: endpoint.spec().name,
            access: endpoint.access(),
            takes_body,
            needs_body,
            changes,
            is_for_pages,
            parameters,
            method,
            template,
        }
    }

    pub fn all() -> Vec<Self> {
        machine::functions().into_iter().filter_map(|function| function.as_endpoint()).map(Self::of).collect()
    }

    pub fn takes(&self, parameter: &str) -> bool {
        self.parameters.iter().any(|known| known.eq_ignore_ascii_case(parameter))
    }

    pub fn writes(&self) -> bool {
        self.changes
    }

    /// What it is asked, where that is said in a body.
    pub fn question(&self) -> Option<Value> {
        let asks = self.takes_body && !self.changes;
        let listed = || QUESTIONS_IN_BODIES.iter().find(|(name, _)| *name == self.name);
        asks.then(|| listed().unwrap_or_else(|| panic!("say in `QUESTIONS_IN_BODIES` what {} is asked", self.name)))
            .map(|(_, body)| serde_json::from_str(body).unwrap())
    }

    /// Whether it makes a difference to be asked once more: what is written is there then, what was found is kept, and questions
    /// that cost something are counted.
    pub fn leaves_traces(&self) -> bool {
        self.changes || self.takes_body
    }

    pub fn has_id(&self) -> bool {
        self.template.contains("{id}")
    }

    /// Where it is, for an id.
    pub fn at(&self, id: &str) -> String {
        let path = self.template.replace("{id}", id);
        assert!(!path.contains('{'), "{}: say here what stands for the other parts of {path}", self.name);
        path
    }

    /// What its ids name: `watchers` in `/v1/watchers/{id}/run`, `sessions` in `/v1/me/sessions/{id}`, `tenants` in
    /// `/v1/operator/tenants/{id}`.
    pub fn collection(&self) -> &str {
        self.template.split('/').skip(2).find(|part| !["admin", "me", "operator"].contains(part)).unwrap_or_default()
    }

    pub fn role(&self) -> Option<Role> {
        match self.access {
            Access::Public | Access::Signed => None,
            Access::Role(role) => Some(role),
        }
    }

    /// Whether it is shown a refresh token: by pages, in a cookie.
    pub fn renews(&self) -> bool {
        ["identity-refresh-tokens", "identity-log-out"].contains(&self.name)
    }

    pub fn good_body(&self) -> Value {
        let listed = GOOD_BODIES.iter().find(|(name, _)| *name == self.name);
        listed.map_or(json!({}), |(_, body)| serde_json::from_str(body).unwrap())
    }

    /// Where it is, for the thing of its collection that is there.
    pub fn path(&self, ids: &Ids) -> String {
        if !self.has_id() {
            let question = QUESTIONS.iter().find(|(name, _)| *name == self.name);
            return question.map_or(self.template.clone(), |(_, question)| format!("{}?{question}", self.template));
        }
        let collection = self.collection();
        let id = ids.get(collection).unwrap_or_else(|| panic!("say in `existing` which id there is of {collection}"));
        self.at(id)
    }

    /// Someone who may call it.
    pub fn user<'a>(&self, app: &'a TestApp) -> User<'a> {
        app.one_for(self.access)
    }
}

/// A deal and an alert, as the main job makes them: once for all tests, as it takes a while.
pub async fn found() -> (Deal, Alert) {
    static FOUND: OnceCell<(Deal, Alert)> = OnceCell::const_new();
    FOUND.get_or_init(find).await.clone()
}

async fn find() -> (Deal, Alert) {
    let (app, _) = told().await;
    let demo = app.member("demo");
    let first = async |list: &str| each(&demo.get(&format!("{list}?limit=1")).send().await, "id").remove(0);
    let (deal, alert, owner) = (first("/v1/deals").await, first("/v1/alerts").await, demo.owner());
    let deal = app.store().deal(&owner.tenant, deal.parse().unwrap()).await.unwrap();
    let alert = app.store().alert_of(&owner, alert.parse().unwrap()).await.unwrap();
    (deal.unwrap(), alert.unwrap())
}

/// A system with one thing of each collection of the API, which belongs to `demo`, and nothing else: the table is read after
/// each request.
pub async fn existing((mut deal, mut alert): (Deal, Alert)) -> (TestApp, Ids) {
    let app = TestApp::new().await;
    app.store().commit(Change::new().create(&mut deal).create(&mut alert)).await.unwrap();
    let watcher = create(&app.member("demo"), dubai()).await;
    let session = auth::logged_in(&app, "demo", PASSWORD).await.body["session"].as_str().unwrap().to_owned();
    let booking = app.member("demo").post("/v1/me/bookings").body(json!({"deal": deal.id})).send().await;
    let booking = booking.body["id"].as_str().unwrap().to_owned();
    app.member("demo").put(&format!("/v1/me/saved-deals/{}", deal.id)).send().await.assert(200, "");
    properties::one(&app).await;
    app.settle().await;
    let (deal, alert, tenant) = (deal.id.to_string(), alert.id.to_string(), "demo".to_owned());
    let ids = [
        ("watchers", watcher),
        ("deals", deal.clone()),
        ("alerts", alert),
        ("sessions", session),
        ("tenants", tenant),
        ("providers", PROVIDER.to_owned()),
        ("bookings", booking),
        ("saved-deals", deal),
        ("webhooks", PROVIDER.to_owned()),
    ];
    (app, ids.into_iter().collect())
}
