//! What holds for every request that changes something, driven from the list of functions: a new one can't be forgotten.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use http::Method;
use jiff::SignedDuration;
use local::{
    TestApp,
    seed::PASSWORD,
    test_app::{Asked, Reply, User},
};
use platform::Access;
use serde_json::{Value, json};

use crate::{
    auth, cards, properties,
    routes::{Route, existing, found},
    support::{self, Core, Stored, ask, create, dubai, nestery, with},
};

/// How often a request is made at once.
const TIMES: usize = 50;

/// A request that one function carries out, once what it needs is there.
pub struct Write {
    pub path: String,
    pub body: Option<Value>,
}

impl Write {
    fn to(path: impl Into<String>) -> Self {
        Self { path: path.into(), body: None }
    }

    fn with(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// An app in which the request of a function can be made, and that request. A function without one fails the tests.
pub async fn prepared(function: &str) -> (TestApp, Write) {
    if function == "notifications-read-alert" {
        let (app, ids) = existing(found().await).await;
        let alert = &ids["alerts"];
        return (app, Write::to(format!("/v1/alerts/{alert}/read")));
    }
    if ["deals-put-saved-deal", "deals-delete-saved-deal"].contains(&function) {
        let (app, ids) = existing(found().await).await;
        let saved = format!("/v1/me/saved-deals/{}", ids["saved-deals"]);
        if function == "deals-put-saved-deal" {
            app.member("demo").delete(&saved).send().await.assert(204, "");
        }
        return (app, Write::to(saved));
    }
    if let Some(prepared) = of_bookings(function).await {
        return prepared;
    }
    if let Some(prepared) = of_properties(function).await {
        return prepared;
    }
    let app = TestApp::new().await;
    if let Some(write) = of_tenants(function) {
        return (app, write);
    }
    if let Some(write) = of_identity(&app, function).await {
        return (app, write);
    }
    if let Some(write) = of_sources(&app, function).await {
        return (app, write);
    }
    let demo = app.member("demo");
    let watcher = create(&demo, dubai()).await;
    let write = match function {
        "value-put-balances" => Write::to("/v1/me/balances").with(json!({"balances": {"chase-ur": 80_000}})),
        "value-put-valuations" => Write::to("/v1/me/valuations").with(json!({"valuations": {"chase-ur": "1.9"}})),
        "identity-update-me" => Write::to("/v1/me").with(json!({"name": "Another"})),
        "cards-put-my-cards" => Write::to("/v1/me/cards").with(cards::sapphire()),
        "cards-put-opt-out" => Write::to("/v1/me/cards/opt-out").with(json!({"optedOut": true})),
        "watchers-create-watcher" => Write::to("/v1/watchers").with(dubai()),
        "watchers-update-watcher" => Write::to(support::watcher(&watcher)).with(json!({"name": "Another"})),
        "watchers-delete-watcher" => Write::to(support::watcher(&watcher)),
        "watchers-run-watcher" => Write::to(ask(&watcher, "run")),
        "watchers-pause-watcher" => Write::to(ask(&watcher, "pause")),
        "watchers-resume-watcher" => {
            demo.post(&ask(&watcher, "pause")).send().await.assert(200, "");
            Write::to(ask(&watcher, "resume"))
        }
        other => panic!("{other} changes something: say here how it is called, so that its repetition is tested"),
    };
    (app, write)
}

/// The requests about bookings, which need a deal; and all but the first a booking.
async fn of_bookings(function: &str) -> Option<(TestApp, Write)> {
    let step = match function {
        "value-create-booking" => None,
        "value-re-verify-booking" => Some("re-verify"),
        "value-transfer-booking" => Some("transfer"),
        "value-done-booking" => Some("done"),
        "value-abandon-booking" => Some("abandon"),
        _ => return None,
    };
    let (app, ids) = existing(found().await).await;
    let (demo, booking) = (app.member("demo"), format!("/v1/me/bookings/{}", ids["bookings"]));
    let seen = json!({"seen": {"points": 40_000}});
    let Some(step) = step else {
        demo.post(&format!("{booking}/abandon")).send().await.assert(200, "");
        return Some((app, Write::to("/v1/me/bookings").with(json!({"deal": ids["deals"]}))));
    };
    let write = Write::to(format!("{booking}/{step}"));
    if step == "re-verify" {
        return Some((app, write.with(seen)));
    }
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 900_000}})).send().await.assert(204, "");
    demo.post(&format!("{booking}/re-verify")).body(seen).send().await.assert(200, "");
    if step == "done" {
        demo.post(&format!("{booking}/transfer")).send().await.assert(200, "");
    }
    Some((app, write))
}

/// The requests about properties, of which there must be some.
async fn of_properties(function: &str) -> Option<(TestApp, Write)> {
    let (step, body) = match function {
        "sources-join-properties" => ("join", properties::joined(("oyo", "1"), ("booking-demand", "9"))),
        "sources-split-property" => ("split", properties::apart(("oyo", "1"), ("goibibo", "1"))),
        _ => return None,
    };
    let app = TestApp::new().await;
    properties::adler_at_two_sources(&app).await;
    Some((app, Write::to(format!("/v1/admin/properties/{step}")).with(body)))
}

/// The requests about tenants, which operators and admins make.
fn of_tenants(function: &str) -> Option<Write> {
    let looks = json!({"branding": {"primary": "#0b3d91"}, "terms": "Be kind."});
    match function {
        "identity-create-tenant" => Some(Write::to("/v1/operator/tenants").with(nestery())),
        "identity-manage-tenant" => {
            Some(Write::to("/v1/operator/tenants/other").with(with(looks, "hosts", json!(["o.example"]))))
        }
        "search-invalidate-cache" => {
            Some(Write::to("/v1/admin/cache/invalidations").with(json!({"route": {"from": "LAX", "to": "DXB"}})))
        }
        "identity-update-tenant" => Some(Write::to("/v1/tenant").with(looks)),
        _ => None,
    }
}

/// The requests about sources, which admins make for their tenant, and operators for all.
async fn of_sources(app: &TestApp, function: &str) -> Option<Write> {
    let (admins, operators) = ("/v1/admin/providers/viator", "/v1/operator/providers/viator");
    let (settings, key) = (json!({"enabled": false, "markets": ["US"]}), json!({"key": "a-key-that-opens-nothing"}));
    match function {
        "sources-receive-inventory" => Some(Write::to("/v1/webhooks/makemytrip/inventory").with(inventory("evt-1"))),
        "sources-put-provider" => Some(Write::to(admins).with(settings)),
        "sources-manage-provider" => Some(Write::to(operators).with(settings)),
        "sources-put-provider-key" => Some(Write::to(format!("{admins}/key")).with(key)),
        "sources-manage-provider-key" => Some(Write::to(format!("{operators}/key")).with(key)),
        "sources-delete-provider-key" => {
            app.member("admin").put(&format!("{admins}/key")).body(key).send().await.assert(204, "");
            Some(Write::to(format!("{admins}/key")))
        }
        "sources-drop-provider-key" => {
            app.member("operator").put(&format!("{operators}/key")).body(key).send().await.assert(204, "");
            Some(Write::to(format!("{operators}/key")))
        }
        _ => None,
    }
}

/// A notice of what has changed.
pub fn inventory(id: &str) -> Value {
    json!({"id": id, "changes": [{"hotelId": "MMT-77", "from": "2026-04-27", "to": "2026-04-29"}]})
}

/// The requests of identity, which are made by one who signs up, or by the demo member.
async fn of_identity(app: &TestApp, function: &str) -> Option<Write> {
    let to = |path: &str, body: Value| Some(Write::to(format!("/v1/auth/{path}")).with(body));
    let demo = json!({"login": "demo", "password": PASSWORD});
    match function {
        "identity-check-handle" => to("check-handle", json!({"handle": "demo"})),
        "identity-sign-up" => to("signup", auth::applicant("gwen")),
        "identity-verify-otp" => {
            let (challenge, passcode) = auth::asked_to_sign_up(app, auth::applicant("gwen")).await;
            to("verify-otp", json!({"challenge": challenge, "passcode": passcode}))
        }
        "identity-resend-otp" => {
            let (challenge, _) = auth::asked_to_sign_up(app, auth::applicant("gwen")).await;
            app.clock.advance(SignedDuration::from_mins(1));
            to("resend-otp", json!({"challenge": challenge}))
        }
        "identity-forgot-password" => to("forgot-password", json!({"email": "dana@example.com"})),
        "identity-reset-password" => {
            let asked = auth::ask(app, "forgot-password", json!({"email": "dana@example.com"})).await;
            let passcode = auth::codes(app, "dana@example.com").await.pop();
            let body = json!({"challenge": asked.body["challenge"], "passcode": passcode, "password": auth::PASSWORD});
            to("reset-password", body)
        }
        "identity-log-in" => to("login", demo),
        "identity-refresh-tokens" | "identity-log-out" | "identity-end-session" => {
            let tokens = auth::ask(app, "login", demo).await.body;
            let shown = json!({"refreshToken": tokens["refreshToken"]});
            match function {
                "identity-refresh-tokens" => to("refresh", shown),
                "identity-log-out" => to("logout", shown),
                _ => Some(Write::to(format!("/v1/me/sessions/{}", tokens["session"].as_str().unwrap()))),
            }
        }
        _ => None,
    }
}

/// The functions that change something for a caller, with their methods and who may call them. (What takes no token leaves no
/// receipts, and is made safe to repeat in ways of its own: `auth`, `sign_ins`, `sessions`.)
fn writes() -> Vec<(&'static str, Method, Access)> {
    let for_callers = Route::all().into_iter().filter(|route| route.writes() && route.role().is_some());
    for_callers.map(|route| (route.name, route.method, route.access)).collect()
}

fn asked<'a>(demo: &User<'a>, method: &Method, write: &Write) -> Asked<'a> {
    let asked = demo.request(method.clone(), &write.path).header("idempotency-key", "one");
    match &write.body {
        Some(body) => asked.body(body),
        None => asked,
    }
}

/// How an item differs: whether it was there and is there, and by how much each of its numbers (its version, what a quota
/// counts) is another.
type Difference = (bool, bool, BTreeMap<String, i64>);

/// What a request left behind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Effect {
    /// Items that are new, changed or gone, by their kind.
    items: BTreeMap<String, Vec<Difference>>,
    /// Receipts.
    receipts: usize,
    /// Events that wait in the outbox, by their kind.
    events: BTreeMap<String, usize>,
}

type Item = HashMap<String, AttributeValue>;

fn difference(before: Option<&Item>, after: Option<&Item>) -> Difference {
    let number = |item: Option<&Item>, name: &str| item.and_then(|item| item.get(name)?.as_n().ok()?.parse().ok()).unwrap_or(0);
    let names = before.into_iter().chain(after).flat_map(HashMap::keys);
    let differences = names.map(|name| (name.clone(), number(after, name) - number(before, name)));
    (before.is_some(), after.is_some(), differences.filter(|(_, by)| *by != 0).collect())
}

fn effect(before: &Stored, after: &Stored) -> Effect {
    let mut effect = Effect::default();
    let keys = before.keys().chain(after.keys().filter(|key| !before.contains_key(*key)));
    for key in keys.filter(|key| before.get(*key) != after.get(*key)) {
        let text = |stored: &Stored, name: &str| stored.get(key).and_then(|item| item.get(name)?.as_s().ok().cloned());
        let kind = text(after, "type").or_else(|| text(before, "type")).unwrap_or_default();
        match (key.0.starts_with("OUTBOX#"), key.1.starts_with("RECEIPT#")) {
            (true, _) => *effect.events.entry(text(after, "event").unwrap_or_default()).or_default() += 1,
            (_, true) => effect.receipts += 1,
            _ => effect.items.entry(kind).or_default().push(difference(before.get(key), after.get(key))),
        }
    }
    effect.items.values_mut().for_each(|changes| changes.sort_unstable());
    effect
}

/// What a single request does, in an app of its own.
async fn of_one(function: &str, method: &Method, access: Access) -> (Reply, Effect) {
    let (app, write) = Box::pin(prepared(function)).await;
    let core = Core::of(&app);
    let before = core.everything().await;
    let reply = asked(&app.one_for(access), method, &write).send().await;
    assert!(reply.status.is_success(), "{function}: {} {:#}", reply.status, reply.body);
    (reply, effect(&before, &core.everything().await))
}

#[tokio::test]
async fn fifty_at_once_are_carried_out_once_and_then_answered_the_same() {
    for (function, method, access) in writes() {
        let (single, effect_of_one) = Box::pin(of_one(function, &method, access)).await;
        assert_eq!(effect_of_one.receipts, 1, "{function}");
        assert!(!effect_of_one.items.is_empty(), "{function} changes nothing as it is called here");

        let (app, write) = Box::pin(prepared(function)).await;
        let (core, demo) = (Core::of(&app), app.one_for(access));
        let before = core.everything().await;
        let replies = join_all((0..TIMES).map(|_| asked(&demo, &method, &write).send())).await;
        let after = core.everything().await;
        assert_eq!(effect(&before, &after), effect_of_one, "{function}");

        let carried_out: Vec<&Reply> = replies.iter().filter(|reply| reply.status == single.status).collect();
        let first = carried_out.iter().filter(|reply| reply.header("idempotency-replayed").is_empty()).count();
        assert!(first <= 1, "{function}: {first} say that they were the first");
        for reply in &replies {
            if reply.status == single.status {
                assert_eq!(reply.body, carried_out[0].body, "{function}");
            } else {
                assert_eq!((reply.status.as_u16(), reply.code()), (409, "request-in-progress"), "{function}: {:#}", reply.body);
            }
        }
        let repeated = asked(&demo, &method, &write).send().await;
        assert_eq!((repeated.status, repeated.header("idempotency-replayed")), (single.status, "true"), "{function}");
        assert!(carried_out.iter().all(|reply| reply.body == repeated.body), "{function}");
        assert_eq!(core.everything().await, after, "{function}: a repetition changed something");
    }
}
