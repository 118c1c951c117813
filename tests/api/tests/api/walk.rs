//! The walks in the README, from signing up to a first watcher, to advice and to a plan, and by a page's cookies: run as they are
//! printed, against the real thing on a port.

use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

use local::{System, clock::MovableClock, data::RECORDED_AT, machine::Options, pages, serve::serve};
use tokio::{net::TcpListener, process::Command};

/// The block of shell that begins so.
fn printed(begin: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(root).unwrap();
    let start = readme.find(begin).unwrap();
    readme[start..].split("\n```").next().unwrap().to_owned()
}

/// What the last command of a walk is answered.
async fn walked(walk: &str) -> serde_json::Value {
    let options = Options::in_memory(Arc::new(MovableClock::at(RECORDED_AT))).unwrap();
    let system = Arc::new(System::start(options).await.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = format!("http://{}", listener.local_addr().unwrap());
    let walk = walk.replace("http://localhost:8787", &here);
    let walked = Command::new("bash").args(["-euo", "pipefail", "-c", &walk]).stdin(Stdio::null()).kill_on_drop(true).output();
    let walked = tokio::select! {
        served = serve(&system, listener, pages::router(system.pages())) => panic!("{served:?}"),
        walked = tokio::time::timeout(Duration::from_secs(60), walked) => walked.unwrap().unwrap(),
    };
    let told = String::from_utf8_lossy(&walked.stdout);
    assert!(walked.status.success(), "{told} {}", String::from_utf8_lossy(&walked.stderr));
    serde_json::from_str(&told).unwrap()
}

const FROM_HERE: &str = "API=http://localhost:8787";

#[tokio::test]
async fn the_walk_in_the_readme_leads_to_a_watcher() {
    let watcher = walked(&printed(FROM_HERE)).await;
    assert_eq!(watcher["name"], "Dubai in April", "{watcher:#}");
}

/// What the last command of a block is answered, for who has signed up as the first walk does.
async fn signed_up_and(begin: &str) -> serde_json::Value {
    let first = printed(FROM_HERE);
    let signed_up = first.split("curl -sS $API/v1/watchers").next().unwrap();
    walked(&format!("{signed_up}\n{}", printed(begin))).await
}

#[tokio::test]
async fn what_the_readme_says_of_cards_leads_to_advice() {
    let advice = signed_up_and("curl -sS $API/v1/me/cards ").await;
    assert_eq!(advice["optedOut"], false);
    assert!(advice["items"].as_array().is_some_and(|items| (1..=3).contains(&items.len())), "{advice:#}");
}

#[tokio::test]
async fn what_the_readme_says_of_points_leads_to_a_plan_and_a_comparison() {
    let funding = signed_up_and("curl -sS $API/v1/me/balances").await;
    // What to transfer from where.
    let transfer = &funding["plan"]["transfers"][0];
    assert!(["chase-ur", "amex-mr"].iter().any(|bank| transfer["from"] == *bank), "{funding:#}");
    assert_eq!((&transfer["to"], &transfer["get"]), (&"aeroplan".into(), &25_000.into()), "{funding:#}");
    assert!(funding["steps"].as_array().unwrap().iter().any(|step| step["kind"] == "transfer"), "{funding:#}");
    // Whether the award, a bank's portal or money gives up the least: each has its price, but the portal that no source tells of.
    let ways = &funding["ways"];
    let portals = ways["portals"].as_array().unwrap();
    assert_eq!(portals.iter().map(|portal| &portal["programme"]).collect::<Vec<_>>(), ["amex-mr"], "{ways:#}");
    assert_eq!(ways["notKnown"], serde_json::json!(["chase-ur"]), "{ways:#}");
    let dollars = |money: &serde_json::Value| money["amount"].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    let [cash, award, portal] = [&ways["cash"], &ways["award"], &portals[0]["givenUp"]].map(dollars);
    assert!(award < cash && cash < portal && portals[0]["enough"] == true, "{ways:#}");
    assert_eq!(ways["least"], serde_json::json!({"by": "award"}), "{ways:#}");
}

#[tokio::test]
async fn what_the_readme_says_of_a_stay_leads_to_its_value() {
    let stay = signed_up_and("curl -sS \"$API/v1/value").await;
    assert_eq!((&stay["points"], &stay["value"]["cash"]["amount"]), (&140_000.into(), &"1400.00".into()), "{stay:#}");
}

#[tokio::test]
async fn the_walk_of_a_page_leads_to_a_change_of_its_members_profile() {
    // It goes on in the same shell, with what the first has named.
    let first = printed(FROM_HERE);
    let named = first.split("\n\n").next().unwrap();
    let member = walked(&format!("{named}\n{}", printed("JAR="))).await;
    assert_eq!(member["name"], "Dana at a page", "{member:#}");
}

#[tokio::test]
async fn the_notice_in_the_readme_is_received() {
    let first = printed(FROM_HERE);
    let named = first.split("\n\n").next().unwrap();
    let received = walked(&format!("{named}\n{}", printed("NOTICE="))).await;
    assert_eq!(received, serde_json::json!({"id": "evt-1"}));
}

/// What a search is answered, for the demo member.
async fn searched(begin: &str) -> serde_json::Value {
    let first = printed(FROM_HERE);
    let named = first.split("\n\n").next().unwrap();
    let signed_in = r#"TOKEN=$(curl -sS $API/v1/auth/login -H 'Content-Type: application/json' \
      -d '{"login": "demo", "password": "local sunny lantern"}' | field accessToken)"#;
    walked(&format!("{named}\n{signed_in}\n{}", printed(begin))).await
}

#[tokio::test]
async fn the_stays_in_the_readme_are_ranked_and_held_against_each_other() {
    let found = searched("curl -sS $API/v1/search/stays").await;
    let items = found["items"].as_array().unwrap();
    let dollars =
        |item: &serde_json::Value| item["compared"]["amount"].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    assert!(items.len() == 3 && items.is_sorted_by_key(dollars), "{found:#}");
    assert!(items.iter().all(|item| item["standing"].is_object()), "{found:#}");
}

#[tokio::test]
async fn the_activity_in_the_readme_is_found() {
    let found = searched("curl -sS $API/v1/search/activities").await;
    assert_eq!((&found["found"], &found["complete"]), (&1.into(), &true.into()), "{found:#}");
    assert_eq!(found["items"][0]["activity"]["freshness"]["source"], "getyourguide", "{found:#}");
}

#[tokio::test]
async fn the_journey_in_the_readme_is_compared_for_points_and_for_money() {
    let found = searched("curl -sS $API/v1/search/compare").await;
    let sources: Vec<&str> = found["items"].as_array().unwrap().iter().map(|item| item["source"].as_str().unwrap()).collect();
    assert_eq!(sources, ["duffel", "seats-aero", "seats-aero", "seats-aero", "seats-aero"], "{found:#}");
    assert_eq!(found["items"][0]["total"], serde_json::json!({"amount": "494.00", "currency": "USD"}), "{found:#}");
    assert_eq!(found["items"][0]["cheapest"], true);
}

#[tokio::test]
async fn the_price_in_the_readme_holds() {
    let checked = searched("curl -sS $API/v1/search/check").await;
    assert_eq!(checked["state"], "available", "{checked:#}");
}

#[tokio::test]
async fn the_search_in_the_readme_finds_what_is_worth_most() {
    let found = searched("curl -sS $API/v1/search/flights").await;
    let scores: Vec<u64> =
        found["items"].as_array().unwrap().iter().map(|item| item["score"]["total"].as_u64().unwrap()).collect();
    assert!(scores.len() == 3 && scores.is_sorted_by(|one, next| one >= next), "{found:#}");
    assert!(found["items"][0]["valuation"]["centsPerPoint"].is_string(), "{found:#}");
    assert_eq!(found["how"], "miss");
}
