//! `/v1/admin/providers` and `/v1/operator/providers`: which sources are asked, where, how often and with whose key.

use domain::identity::Role;
use local::{TestApp, test_app::User};
use serde_json::{Value, json};

use crate::support::{Core, each, faults, pages};

const KEY: &str = "a-name:a-key-nobody-may-see";

async fn show(user: &User<'_>, path: &str) -> Value {
    let shown = user.get(path).send().await;
    shown.assert(200, "");
    shown.body
}

#[tokio::test]
async fn every_source_is_listed_once_by_its_id() {
    let app = TestApp::new().await;
    for (user, base) in [(app.member("admin"), "/v1/admin"), (app.member("operator"), "/v1/operator")] {
        for list in ["providers", "providers/health"] {
            let ids: Vec<String> =
                pages(&user, &format!("{base}/{list}"), 4).await.iter().flat_map(|page| each(page, "id")).collect();
            assert_eq!(ids.len(), 11, "{base}/{list}");
            assert!(ids.is_sorted());
        }
    }
}

#[tokio::test]
async fn a_tenants_key_is_sealed_shown_to_nobody_and_nobody_elses() {
    let app = TestApp::new().await;
    let (admin, operator) = (app.member("admin"), app.member("operator"));
    let others = app.user_of("other", "omar", Role::Admin).at("other.localhost");
    let (source, key) = ("/v1/admin/providers/expedia-rapid", "/v1/admin/providers/expedia-rapid/key");
    assert_eq!(show(&admin, source).await["key"], json!({"of": "nobody"}));
    admin.put(key).body(json!({"key": "of-one-part"})).send().await.assert(422, "invalid-input");
    admin.put(key).body(json!({"key": KEY})).send().await.assert(204, "");

    let shown = show(&admin, source).await;
    assert_eq!((&shown["key"]["of"], &shown["asked"], &shown["version"]), (&json!("tenant"), &json!(true), &json!(1)));
    assert_eq!(shown["key"]["setBy"], json!(admin.owner().member));
    assert_eq!(show(&others, source).await["key"], json!({"of": "nobody"}));
    assert_eq!(show(&operator, "/v1/operator/providers/expedia-rapid").await["key"], json!({"of": "nobody"}));
    assert_eq!(show(&operator, "/v1/operator/providers/expedia-rapid?tenant=demo").await["key"]["of"], "tenant");
    let stored = format!("{:?}", Core::of(&app).everything().await);
    assert!(stored.contains("source-entry") && !stored.contains(KEY) && !shown.to_string().contains(KEY));

    admin.delete(key).send().await.assert(204, "");
    assert_eq!(show(&admin, source).await["key"], json!({"of": "nobody"}));
    admin.delete(key).send().await.assert(404, "provider-key-not-found");
}

#[tokio::test]
async fn what_is_played_is_asked_and_said_to_be() {
    let app = TestApp::new().await;
    for (user, base) in [(app.member("admin"), "/v1/admin/providers"), (app.member("operator"), "/v1/operator/providers")] {
        for list in [format!("{base}?limit=100"), format!("{base}/health?limit=100")] {
            let shown = show(&user, &list).await;
            let asked = shown["items"].as_array().unwrap().iter().filter(|one| one["asked"] == true);
            let ids: Vec<&str> = asked.map(|one| one["id"].as_str().unwrap()).collect();
            let mut played = local::recordings::PLAYED;
            played.sort_unstable();
            assert_eq!(ids, played, "{list}");
        }
    }
}

#[tokio::test]
async fn what_operators_set_holds_for_all_and_under_what_tenants_set() {
    let app = TestApp::new().await;
    let (admin, operator) = (app.member("admin"), app.member("operator"));
    let (mine, all) = ("/v1/admin/providers/duffel", "/v1/operator/providers/duffel");
    assert_eq!((&show(&admin, mine).await["asked"], &show(&admin, mine).await["order"]), (&json!(true), &json!(20)));
    operator.put(all).body(json!({"enabled": true, "priority": 5})).send().await.assert(200, "");
    assert_eq!(show(&admin, mine).await["order"], 5);
    admin.put(mine).body(json!({"enabled": true, "priority": 50})).send().await.assert(200, "");
    assert_eq!((&show(&admin, mine).await["order"], &show(&operator, all).await["order"]), (&json!(50), &json!(5)));
    operator.put(all).body(json!({"enabled": false})).send().await.assert(200, "");
    let shown = show(&admin, mine).await;
    assert_eq!((&shown["asked"], &shown["settings"]["enabled"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn an_agreement_turns_a_source_on() {
    let app = TestApp::new().await;
    let (admin, operator) = (app.member("admin"), app.member("operator"));
    let (mine, all) = ("/v1/admin/providers/oyo", "/v1/operator/providers/oyo");
    assert_eq!(show(&admin, mine).await["contract"], "unverified_contract");
    operator.put(&format!("{all}/key")).body(json!({"key": KEY})).send().await.assert(204, "");
    assert_eq!(show(&admin, mine).await["asked"], false, "nobody knows where it is");
    let agreed = |address: &str| json!({"enabled": true, "address": address, "quotaPerDay": 100, "markets": ["IN"]});
    for wrong in ["http://partner.oyo.example", "https://10.0.0.1", "https://oyo.example?key=1"] {
        let refused = operator.put(all).body(agreed(wrong)).send().await;
        assert_eq!(faults(refused.assert(422, "invalid-input")), [("/address".to_owned(), "invalid".to_owned())], "{wrong}");
    }
    operator.put(&format!("{all}?tenant=demo")).body(agreed("https://partner.oyo.example")).send().await.assert(200, "");
    assert_eq!(show(&admin, mine).await["asked"], false, "the deployment's key is not shown to who is there");
    admin.put(&format!("{mine}/key")).body(json!({"key": KEY})).send().await.assert(204, "");
    assert_eq!(show(&admin, mine).await["asked"], true);
    assert_eq!(show(&operator, all).await["asked"], false, "for this tenant alone");
    operator.put(&format!("{all}?tenant=nowhere")).body(agreed("https://x.example")).send().await.assert(404, "tenant-not-found");
    let refused = admin.put(mine).body(agreed("https://elsewhere.example")).send().await;
    assert_eq!(faults(refused.assert(422, "invalid-input")), [("/address".to_owned(), "unknown-field".to_owned())]);
    // What admins set leaves the address as it is.
    admin.put(mine).body(json!({"enabled": true})).send().await.assert(200, "");
    assert_eq!(show(&admin, mine).await["settings"]["address"], "https://partner.oyo.example");
}

#[tokio::test]
async fn every_fault_of_what_is_set_is_named() {
    let app = TestApp::new().await;
    let wrong = json!({
        "enabled": "yes", "priority": -1, "quotaPerDay": 1.5, "markets": ["usa", "US", "US"],
        "costPerThousand": {"amount": "-1.00", "currency": "USD"}, "budgetPerDay": {"amount": "1.00", "currency": "EUR"}
    });
    let refused = app.member("admin").put("/v1/admin/providers/viator").body(wrong).send().await;
    let named: Vec<String> = faults(refused.assert(422, "invalid-input")).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(named, ["/budgetPerDay", "/costPerThousand", "/enabled", "/markets/0", "/markets/2", "/priority", "/quotaPerDay"]);
    for (markets, at, code) in [(["US", "US"], "/markets/1", "duplicate"), (["US", "ZZ"], "/markets/1", "invalid")] {
        let wrong = json!({"enabled": true, "markets": markets});
        let refused = app.member("admin").put("/v1/admin/providers/viator").body(wrong).send().await;
        assert_eq!(faults(refused.assert(422, "invalid-input")), [(at.to_owned(), code.to_owned())]);
    }
}

#[tokio::test]
async fn a_tenants_share_of_the_deployments_key_is_for_operators_to_give_and_shown_with_what_is_left() {
    let app = TestApp::new().await;
    let (admin, operator) = (app.member("admin"), app.member("operator"));
    let (mine, all) = ("/v1/admin/providers/duffel", "/v1/operator/providers/duffel");
    let left = async |user: &User<'_>, path: &str| {
        let health = show(user, &format!("{path}?limit=100")).await;
        let duffel = health["items"].as_array().unwrap().iter().find(|one| one["id"] == "duffel").unwrap().clone();
        json!([duffel["quotaLeft"], duffel["budgetLeft"]])
    };
    assert_eq!(left(&admin, "/v1/admin/providers/health").await, json!([10_000, null]), "whatever is set, there is an end");
    assert_eq!(left(&operator, "/v1/operator/providers/health").await, json!([null, null]));

    let usd = |amount: &str| json!({"amount": amount, "currency": "USD"});
    let share = json!({"enabled": true, "tenantQuotaPerDay": 300, "tenantBudgetPerDay": usd("2.00")});
    let refused = operator.put(all).body(share.clone()).send().await;
    let nobody_could_count = [("/tenantBudgetPerDay".to_owned(), "invalid".to_owned())];
    assert_eq!(faults(refused.assert(422, "invalid-input")), nobody_could_count, "nobody knows what a call costs");
    let cost = json!({"enabled": true, "costPerThousand": usd("5.00"), "budgetPerDay": usd("9.00")});
    operator.put(all).body(cost).send().await.assert(200, "");
    operator.put(&format!("{all}?tenant=demo")).body(share).send().await.assert(200, "");
    assert_eq!(left(&admin, "/v1/admin/providers/health").await, json!([300, usd("2.00")]));
    assert_eq!(left(&operator, "/v1/operator/providers/health").await, json!([null, usd("9.00")]));

    let more = json!({"enabled": true, "tenantQuotaPerDay": 9_000});
    let refused = admin.put(mine).body(more).send().await;
    assert_eq!(faults(refused.assert(422, "invalid-input")), [("/tenantQuotaPerDay".to_owned(), "unknown-field".to_owned())]);
    let euros = json!({"enabled": true, "costPerThousand": usd("5.00"), "budgetPerDay": {"amount": "9.00", "currency": "EUR"}});
    let refused = admin.put(mine).body(euros).send().await;
    assert_eq!(faults(refused.assert(422, "invalid-input")), [("/budgetPerDay".to_owned(), "invalid".to_owned())]);
    let limited = json!({"enabled": true, "quotaPerDay": 5, "costPerThousand": usd("5.00"), "budgetPerDay": usd("9.00")});
    let refused = admin.put(mine).body(limited).send().await;
    let without_a_key = ["/budgetPerDay", "/quotaPerDay"].map(|at| (at.to_owned(), "no-key".to_owned()));
    assert_eq!(faults(refused.assert(422, "invalid-input")), without_a_key, "it would limit nothing");
    // What admins set leaves their share as it is.
    admin.put(mine).body(json!({"enabled": true})).send().await.assert(200, "");
    assert_eq!(left(&admin, "/v1/admin/providers/health").await, json!([300, usd("2.00")]));
}

#[tokio::test]
async fn what_is_left_of_a_day_is_no_more_than_the_source_itself_takes() {
    let (app, _) = crate::support::told().await;
    let left = async |member: &str, path: &str| {
        let health = show(&app.member(member), &format!("{path}?limit=100")).await;
        let all = health["items"].as_array().unwrap();
        all.iter().find(|one| one["id"] == "seats-aero").unwrap()["quotaLeft"].as_u64().unwrap()
    };
    let operators = left("operator", "/v1/operator/providers/health").await;
    // A thousand calls a day, of which at least one is made.
    assert!((1..1_000).contains(&operators), "{operators}");
    assert_eq!(left("admin", "/v1/admin/providers/health").await, operators, "less than the tenant's share of 10,000");
}

#[tokio::test]
async fn what_a_tenant_allowed_its_key_goes_with_the_key() {
    let app = TestApp::new().await;
    let admin = app.member("admin");
    let path = "/v1/admin/providers/viator";
    admin.put(&format!("{path}/key")).body(json!({"key": KEY})).send().await.assert(204, "");
    let usd = json!({"amount": "5.00", "currency": "USD"});
    let limited = json!({"enabled": true, "quotaPerDay": 5, "costPerThousand": usd, "budgetPerDay": usd});
    admin.put(path).body(limited).send().await.assert(200, "");
    admin.delete(&format!("{path}/key")).send().await.assert(204, "");
    let left = show(&admin, path).await["settings"].clone();
    assert_eq!([&left["quotaPerDay"], &left["budgetPerDay"], &left["costPerThousand"]], [&Value::Null, &Value::Null, &usd]);
    let shown = json!({"enabled": true, "quotaPerDay": left["quotaPerDay"], "costPerThousand": left["costPerThousand"]});
    admin.put(path).body(shown).send().await.assert(200, "");
}

#[tokio::test]
async fn a_change_is_held_to_the_version_that_was_seen() {
    let app = TestApp::new().await;
    let admin = app.member("admin");
    let path = "/v1/admin/providers/viator";
    let put = |tag: &'static str| admin.put(path).header("if-match", tag).body(json!({"enabled": false}));
    put("\"1\"").send().await.assert(412, "stale-version");
    put("\"0\"").send().await.assert(200, "");
    put("\"0\"").send().await.assert(412, "stale-version");
    let key = admin.put(&format!("{path}/key")).header("if-match", "\"1\"").body(json!({"key": KEY})).send().await;
    assert_eq!((key.status.as_u16(), key.header("etag")), (204, "\"2\""));
}

#[tokio::test]
async fn health_says_what_nobody_has_confirmed() {
    let app = TestApp::new().await;
    let health = app.member("operator").get("/v1/operator/providers/health?limit=100").send().await;
    let unverified = health.body["items"].as_array().unwrap().iter().filter(|one| one["contract"] == "unverified_contract");
    let mut ids: Vec<&str> = unverified.map(|one| one["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["goibibo", "makemytrip", "oyo", "trip-com"]);
    let duffel = health.body["items"].as_array().unwrap().iter().find(|one| one["id"] == "duffel").unwrap();
    let never = json!({
        "id": "duffel", "vertical": "flights", "contract": "published", "asked": true, "breaker": "closed", "leftAloneUntil": null,
        "lastSuccess": null, "lastFailure": null, "calls": 0, "failing": null, "failingBy": null,
        "latency": {"p50Ms": null, "p95Ms": null, "p99Ms": null}, "quotaLeft": null, "budgetLeft": null
    });
    assert_eq!(*duffel, never);
}
