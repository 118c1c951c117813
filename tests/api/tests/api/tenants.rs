//! `/v1/tenant` and `/v1/operator/tenants`: what a brand is, and who makes and changes one.

use futures::future::join_all;
use jiff::SignedDuration;
use local::{TestApp, test_app::User};
use serde_json::{Value, json};

use crate::support::{create, dubai, each, faults, nestery, pages, run, with};

const TENANTS: &str = "/v1/operator/tenants";

async fn shown(user: &User<'_>) -> Value {
    let reply = user.get("/v1/tenant").send().await;
    reply.assert(200, "");
    reply.body
}

#[tokio::test]
async fn a_tenant_is_shown_to_whoever_comes_by_its_host() {
    let app = TestApp::new().await;
    let reply = app.anonymous().get("/v1/tenant").send().await;
    reply.assert(200, "");
    let expected = json!({
        "id": "demo", "name": "Mile Buy Club", "timeZone": "America/Los_Angeles", "currency": "USD", "branding": {}, "features": [],
    });
    assert_eq!((&reply.body, reply.header("cache-control")), (&expected, "public, max-age=300"));
    let again = app.anonymous().get("/v1/tenant").header("if-none-match", reply.header("etag")).send().await;
    again.assert(304, "");
    assert_eq!(shown(&app.anonymous().at("other.localhost")).await["name"], "Other Brand");
    app.anonymous().at("unknown.example").get("/v1/tenant").send().await.assert(404, "tenant-not-found");
}

#[tokio::test]
async fn an_admin_gives_the_brand_its_looks_and_terms() {
    let app = TestApp::new().await;
    let admin = app.member("admin");
    let looks = json!({
        "name": "Miles & More Fun",
        "timeZone": "Europe/Berlin",
        "currency": "EUR",
        "branding": {"primary": "#0b3d91", "accent": null},
        "features": ["trip-planner", "cards"],
        "terms": "Be kind.\nAlways.",
    });
    let changed = admin.patch("/v1/tenant").header("if-match", "\"1\"").body(looks).send().await;
    changed.assert(200, "");
    let expected = json!({
        "id": "demo", "name": "Miles & More Fun", "timeZone": "Europe/Berlin", "currency": "EUR",
        "branding": {"primary": "#0b3d91"}, "features": ["cards", "trip-planner"],
        "terms": {"version": 1, "text": "Be kind.\nAlways."},
    });
    assert_eq!((&changed.body, changed.header("etag")), (&expected, "\"2\""));
    assert_eq!(shown(&app.anonymous()).await, expected);
    // The same terms hold on; others are another version; what is not given stays.
    let patch = |body: Value| admin.patch("/v1/tenant").body(body).send();
    assert_eq!(patch(json!({"terms": "Be kind.\nAlways."})).await.body["terms"]["version"], 1);
    assert_eq!(patch(json!({"terms": "Be kinder."})).await.body["terms"], json!({"version": 2, "text": "Be kinder."}));
    assert_eq!(patch(json!({})).await.body["features"], json!(["cards", "trip-planner"]));
    let stale = admin.patch("/v1/tenant").header("if-match", "\"1\"").body(json!({"name": "X"})).send().await;
    stale.assert(412, "stale-version");
    assert_eq!(shown(&app.member("omar")).await["name"], "Other Brand", "it is the other tenant's no less");
}

#[tokio::test]
async fn every_fault_of_a_brand_is_named() {
    let app = TestApp::new().await;
    let bad = json!({
        "name": "", "timeZone": "Mars/Olympus", "currency": "ZZZ", "hosts": ["a.example"],
        "branding": {"primary": "red", "accent": "#ABCDEF", "mailbox": "a@evil.example", "logo": "x"},
        "features": ["Trip Planner"], "terms": " ",
    });
    let reply = app.member("admin").patch("/v1/tenant").body(bad).send().await;
    reply.assert(422, "invalid-input");
    let expected = [
        ("/branding/accent", "invalid"),
        ("/branding/logo", "unknown-field"),
        ("/branding/mailbox", "invalid"),
        ("/branding/primary", "invalid"),
        ("/currency", "invalid"),
        ("/features/0", "invalid"),
        ("/hosts", "unknown-field"),
        ("/name", "invalid"),
        ("/terms", "invalid"),
        ("/timeZone", "invalid"),
    ];
    assert_eq!(faults(&reply), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    let many: Vec<String> = (0..51).map(|n| format!("feature-{n}")).collect();
    let reply = app.member("admin").patch("/v1/tenant").body(json!({"features": many})).send().await;
    assert_eq!(faults(&reply), [("/features".to_owned(), "too-many".to_owned())]);
}

#[tokio::test]
async fn an_operator_makes_a_tenant_with_its_hosts_and_first_admin() {
    let app = TestApp::new().await;
    let operator = app.member("operator");
    let made = operator.post(TENANTS).body(nestery()).send().await;
    made.assert(201, "");
    assert_eq!((made.header("location"), made.header("etag")), ("/v1/operator/tenants/nestery", "\"1\""));
    assert_eq!(made.body["hosts"], json!(["api.nestery.example"]));
    assert_eq!(operator.get(made.header("location")).send().await.body, made.body);
    assert_eq!(shown(&app.anonymous().at("api.nestery.example")).await["name"], "Nestery");

    let (tenant, handle) = ("nestery".parse().unwrap(), "NORA".parse().unwrap());
    let nora = app.store().member_of_handle(&tenant, &handle).await.unwrap().unwrap();
    let claims = |claims: &mut platform::token::Claims| {
        (claims.tid, claims.sub, claims.role) = (tenant.clone(), nora.owner.member, nora.role);
    };
    let admin = app.bearer(app.token_with(claims)).at("api.nestery.example");
    admin.patch("/v1/tenant").body(json!({"branding": {"primary": "#112233"}})).send().await.assert(200, "");
    // She runs her tenant, and neither another nor the deployment.
    admin.clone().at("localhost").patch("/v1/tenant").body(json!({})).send().await.assert(403, "forbidden");
    admin.get(TENANTS).send().await.assert(403, "forbidden");
    let email = app.system().operator().vault().email_hash(&tenant, &"Nora@nestery.example".parse().unwrap()).unwrap();
    assert_eq!(app.store().owner_of_email(&tenant, &email).await.unwrap(), Some(nora.owner));
}

#[tokio::test]
async fn what_is_another_tenants_is_not_taken_and_nothing_is_left_of_the_attempt() {
    let app = TestApp::new().await;
    let operator = app.member("operator");
    for (field, value) in [("id", json!("other")), ("hosts", json!(["new.example", "other.localhost"]))] {
        operator.post(TENANTS).body(with(nestery(), field, value)).send().await.assert(409, "tenant-taken");
    }
    app.anonymous().at("new.example").get("/v1/tenant").send().await.assert(404, "tenant-not-found");
    let moved = operator.patch("/v1/operator/tenants/demo").body(json!({"hosts": ["localhost", "other.localhost"]})).send().await;
    moved.assert(409, "tenant-taken");
    let ids = ["api.one.example", "api.two.example"].map(|host| with(nestery(), "hosts", json!(["same.example", host])));
    let tenants = ids.into_iter().zip(["one", "two"]).map(|(body, id)| with(body, "id", json!(id)));
    let replies = join_all(tenants.map(|body| operator.post(TENANTS).body(body).send())).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1, "the database keeps hosts unique");
}

#[tokio::test]
async fn a_tenant_moves_to_other_hosts() {
    let app = TestApp::new().await;
    let operator = app.member("operator");
    let moved =
        operator.patch("/v1/operator/tenants/other").body(json!({"hosts": ["moved.example"], "name": "Moved"})).send().await;
    moved.assert(200, "");
    assert_eq!((&moved.body["hosts"], &moved.body["name"]), (&json!(["moved.example"]), &json!("Moved")));
    // What a function has read of a host it believes for a minute.
    app.clock.advance(SignedDuration::from_secs(61));
    app.anonymous().at("other.localhost").get("/v1/tenant").send().await.assert(404, "tenant-not-found");
    assert_eq!(shown(&app.anonymous().at("moved.example")).await["name"], "Moved");
    app.member("omar").get("/v1/watchers").send().await.assert(403, "forbidden");
    app.member("omar").at("moved.example").get("/v1/watchers").send().await.assert(200, "");
    // What was given up is anyone's to take.
    let taken = operator.post(TENANTS).body(with(nestery(), "hosts", json!(["other.localhost"]))).send().await;
    taken.assert(201, "");
    let none = operator.patch("/v1/operator/tenants/other").body(json!({"hosts": []})).send().await;
    assert_eq!(faults(&none), [("/hosts".to_owned(), "empty".to_owned())]);
}

#[tokio::test]
async fn operators_see_all_tenants_by_pages() {
    let app = TestApp::new().await;
    let operator = app.member("operator");
    operator.post(TENANTS).body(nestery()).send().await.assert(201, "");
    let pages = pages(&operator, TENANTS, 2).await;
    let ids: Vec<String> = pages.iter().flat_map(|page| each(page, "id")).collect();
    assert_eq!((ids, pages.len()), (["demo", "nestery", "other"].map(str::to_owned).to_vec(), 2));
    operator.get("/v1/operator/tenants/nobody").send().await.assert(404, "tenant-not-found");
}

/// A token that says operator is of no use to someone whom the store does not know as one.
#[tokio::test]
async fn who_is_no_operator_any_more_is_none_at_once() {
    let app = TestApp::new().await;
    let operator = app.member("operator");
    // From whichever host: it is not their tenant that they run.
    for host in ["localhost", "other.localhost", "unknown.example"] {
        operator.clone().at(host).get(TENANTS).send().await.assert(200, "");
    }
    let mut member = app.store().member(&operator.owner()).await.unwrap().unwrap();
    member.role = domain::identity::Role::Member;
    app.store().commit(storage::Change::new().update(&mut member)).await.unwrap();
    operator.get(TENANTS).send().await.assert(403, "forbidden");
}

#[tokio::test]
async fn mail_of_a_brand_comes_from_its_mailbox() {
    let app = TestApp::new().await;
    let deals = json!({"branding": {"mailbox": "deals"}});
    app.member("operator").patch("/v1/operator/tenants/demo").body(deals).send().await.assert(200, "");
    let demo = app.member("demo");
    let id = create(&demo, dubai()).await;
    run(&app, &demo, &id).await;
    let mails = app.mails();
    assert!(!mails.is_empty());
    assert!(mails.iter().all(|mail| mail.mail.from.ends_with("<deals@mile-buy-club.example>")), "{:?}", mails[0].mail.from);
}

/// All brands have their mailboxes in one domain: were it for admins to say, one brand could write as another.
#[tokio::test]
async fn a_mailbox_is_given_by_operators_alone_and_kept_by_what_admins_change() {
    let app = TestApp::new().await;
    let (admin, operator) = (app.member("admin"), app.member("operator"));
    let give = json!({"branding": {"mailbox": "deals"}});
    let refused = admin.patch("/v1/tenant").body(&give).send().await;
    refused.assert(422, "invalid-input");
    assert_eq!(faults(&refused), [("/branding/mailbox".to_owned(), "operators-only".to_owned())]);
    operator.patch("/v1/operator/tenants/demo").body(&give).send().await.assert(200, "");
    // What was shown may come back, and what is left out stays.
    let shown_back = json!({"primary": "#0b3d91", "mailbox": "deals"});
    for branding in [json!({"primary": "#0b3d91"}), shown_back.clone(), json!({"primary": "#0b3d91", "mailbox": null})] {
        let changed = admin.patch("/v1/tenant").body(json!({"branding": branding})).send().await;
        assert_eq!(changed.assert(200, "").body["branding"], shown_back);
    }
    let taken = admin.patch("/v1/tenant").body(json!({"branding": {"mailbox": "other"}})).send().await;
    taken.assert(422, "invalid-input");
    let withdrawn = operator.patch("/v1/operator/tenants/demo").body(json!({"branding": {}})).send().await;
    assert_eq!(withdrawn.assert(200, "").body["branding"], json!({}));
}
