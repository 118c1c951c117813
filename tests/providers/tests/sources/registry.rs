//! Which sources serve a tenant, in which order and with whose key, by what is set for all and for the tenant.

use domain::{
    money::{Currency, Money},
    sources::{
        KeyScope, Settings, SourceEntry, Vertical,
        allowance::{Allowance, Measure},
    },
};
use platform::Deps;
use providers::{registry, serving, serving_with_keys_of};
use providers_tests::questions::Searched;
use storage::Change;

use crate::guarded::World;

const TENANT: &str = "demo";

async fn set(cx: &Deps, scope: KeyScope, source: &str, settings: Settings) {
    let mut entry = SourceEntry { settings, ..SourceEntry::new(scope, source.parse().unwrap()) };
    cx.store().commit(Change::new().create(&mut entry)).await.unwrap();
}

async fn served(cx: &Deps, vertical: Vertical, market: Option<&str>) -> Vec<&'static str> {
    let market = market.map(|market| market.parse().unwrap());
    let all = serving::<Searched>(cx, &TENANT.parse().unwrap(), vertical, market.as_ref()).await.unwrap();
    assert!(all.iter().all(|one| one.scope == KeyScope::Deployment));
    all.iter().map(|one| one.source.id).collect()
}

fn tenant() -> KeyScope {
    KeyScope::Tenant(TENANT.parse().unwrap())
}

#[tokio::test]
async fn without_settings_those_with_a_key_serve_in_the_order_of_the_table() {
    let world = World::new();
    let cx = world.instance();
    assert_eq!(served(&cx, Vertical::Flights, None).await, ["seats-aero", "duffel"]);
    assert!(served(&cx, Vertical::Stays, None).await.is_empty(), "there is no key of any");
}

#[tokio::test]
async fn a_tenants_order_counts_before_the_deployments_and_that_before_the_tables() {
    let world = World::new();
    let cx = world.instance();
    let at = |priority| Settings { priority: Some(priority), ..Settings::default() };
    set(&cx, KeyScope::Deployment, "duffel", at(1)).await;
    assert_eq!(served(&cx, Vertical::Flights, None).await, ["duffel", "seats-aero"]);
    set(&cx, tenant(), "duffel", at(100)).await;
    assert_eq!(served(&cx, Vertical::Flights, None).await, ["seats-aero", "duffel"]);
}

#[tokio::test]
async fn who_switches_a_source_off_is_not_served_by_it() {
    for scope in [KeyScope::Deployment, tenant()] {
        let world = World::new();
        let cx = world.instance();
        set(&cx, scope, "duffel", Settings { enabled: false, ..Settings::default() }).await;
        assert_eq!(served(&cx, Vertical::Flights, None).await, ["seats-aero"]);
    }
}

#[tokio::test]
async fn a_source_serves_the_markets_that_both_name() {
    let world = World::new();
    let cx = world.instance();
    let only = |markets: &[&str]| Settings {
        markets: markets.iter().map(|market| market.parse().unwrap()).collect(),
        ..Settings::default()
    };
    set(&cx, KeyScope::Deployment, "duffel", only(&["US", "GB"])).await;
    set(&cx, tenant(), "duffel", only(&["GB", "FR"])).await;
    for (market, serves) in [(Some("US"), false), (Some("GB"), true), (Some("FR"), false), (None, true)] {
        assert_eq!(served(&cx, Vertical::Flights, market).await.contains(&"duffel"), serves, "{market:?}");
    }
}

/// What a day has for the tenant at Duffel, with the deployment's key: what is counted, and how many calls it comes to.
async fn allowed(cx: &Deps) -> Vec<(Measure, i64)> {
    let tenant = TENANT.parse().unwrap();
    let lines = registry::lines(cx, &tenant).await.unwrap();
    let duffel = lines.iter().find(|line| line.source.id == "duffel").unwrap();
    let calls = |allowance: &Allowance| (allowance.counted, allowance.a_day / allowance.a_call);
    duffel.allowances(&KeyScope::Deployment, Some(&tenant)).iter().map(calls).collect()
}

#[tokio::test]
async fn a_tenant_has_a_share_of_the_deployments_key_whatever_is_set() {
    let world = World::new();
    let cx = world.instance();
    assert_eq!(allowed(&cx).await, [(Measure::CallsOfTenant, Settings::TENANT_QUOTA.into())]);
    let usd = |cents| Some(Money::from_minor(cents, Currency::USD).unwrap());
    let all = Settings {
        cost_per_thousand: usd(500),
        quota_per_day: Some(900),
        budget_per_day: usd(400),
        tenant_quota_per_day: Some(300),
        tenant_budget_per_day: usd(100),
        ..Settings::default()
    };
    set(&cx, KeyScope::Deployment, "duffel", all).await;
    let of_key = [(Measure::Calls, 900), (Measure::Spent(Currency::USD), 800)];
    let share = [(Measure::CallsOfTenant, 300), (Measure::SpentByTenant(Currency::USD), 200)];
    assert_eq!(allowed(&cx).await, [of_key, share].concat());

    // What is set for the tenant counts before it; and what their own key has is another matter.
    let own = Settings { tenant_quota_per_day: Some(700), quota_per_day: Some(5), ..Settings::default() };
    set(&cx, tenant(), "duffel", own).await;
    let share = [(Measure::CallsOfTenant, 700), (Measure::SpentByTenant(Currency::USD), 200)];
    assert_eq!(allowed(&cx).await, [of_key, share].concat());
    let lines = registry::lines(&cx, &TENANT.parse().unwrap()).await.unwrap();
    let duffel = lines.iter().find(|line| line.source.id == "duffel").unwrap();
    let own = duffel.allowances(&tenant(), Some(&TENANT.parse().unwrap()));
    assert_eq!(own.iter().map(|allowance| (allowance.counted, allowance.a_day)).collect::<Vec<_>>(), [(Measure::Calls, 5)]);
    assert_eq!(duffel.allowances(&KeyScope::Deployment, None).len(), 2, "the deployment is no tenant of its own");
}

#[tokio::test]
async fn what_is_asked_once_with_the_deployments_key_is_asked_for_no_tenant_and_takes_nothing_of_their_shares() {
    let world = World::new();
    let cx = world.instance();
    set(&cx, KeyScope::Deployment, "duffel", Settings { quota_per_day: Some(900), ..Settings::default() }).await;
    let of_deployment = registry::lines_of_deployment(&cx).await.unwrap();
    let with_keys_of =
        async |scope| serving_with_keys_of::<Searched>(&cx, &scope, &of_deployment, Vertical::Flights).await.unwrap();
    let served = with_keys_of(KeyScope::Deployment).await;
    assert_eq!(served.iter().map(|one| one.source.id).collect::<Vec<_>>(), ["seats-aero", "duffel"]);
    for one in &served {
        let terms = one.outside.terms();
        assert_eq!((&terms.tenant, &terms.account.scope), (&None, &KeyScope::Deployment), "{}", one.source.id);
        let counted: Vec<Measure> = terms.allowances.iter().map(|allowance| allowance.counted).collect();
        assert_eq!(counted, if one.source.id == "duffel" { vec![Measure::Calls] } else { vec![] }, "{}", one.source.id);
    }
    assert!(with_keys_of(tenant()).await.is_empty(), "they have none of their own");
}
