//! `/v1/deals`

use std::collections::BTreeSet;

use domain::deals::SavedDeal;
use local::{TestApp, test_app::User};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use storage::Change;

use crate::support::{each, faults, id_of, items, pages, told};

const DEALS: &str = "/v1/deals";

async fn all(user: &User<'_>, query: &str) -> Vec<Value> {
    pages(user, &format!("{DEALS}{query}"), 100).await.iter().flat_map(items).collect()
}

/// Which deals a filter admits.
type Rule = Box<dyn Fn(&Value) -> bool>;

fn score(deal: &Value) -> u64 {
    deal["score"]["total"].as_u64().unwrap()
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn where_nothing_was_found_the_list_is_empty() {
    let app = TestApp::new().await;
    let list = app.member("demo").get(DEALS).send().await;
    assert!(items(&list).is_empty());
    assert_eq!(list.body.get("next"), None);
}

#[tokio::test]
async fn the_best_come_first_on_every_page() {
    let (app, _) = told().await;
    let demo = app.member("demo");
    let whole = all(&demo, "").await;
    assert!(whole.len() > 3, "{}", whole.len());
    assert!(whole.is_sorted_by_key(|deal| std::cmp::Reverse(score(deal))));
    let read = pages(&demo, DEALS, 7).await;
    assert!(read[..read.len() - 1].iter().all(|page| items(page).len() == 7));
    let by_page: Vec<String> = read.iter().flat_map(|page| each(page, "id")).collect();
    assert_eq!(by_page, whole.iter().map(|deal| deal["id"].as_str().unwrap()).collect::<Vec<_>>());
    assert_eq!(by_page.iter().collect::<BTreeSet<_>>().len(), by_page.len());
    insta::assert_json_snapshot!("deal", whole[0], {".id" => "[id]"});
}

#[tokio::test]
async fn a_filter_leaves_what_it_admits_and_nothing_else() {
    let (app, _) = told().await;
    let demo = app.member("demo");
    let whole = all(&demo, "").await;
    let least = score(&whole[whole.len() / 2]);
    let admits: [(String, Rule); 9] = [
        ("?from=LAX".to_owned(), Box::new(|deal| deal["flight"]["origin"] == "LAX")),
        ("?from=JFK".to_owned(), Box::new(|deal| deal["flight"]["origin"] == "JFK")),
        ("?to=DXB".to_owned(), Box::new(|deal| deal["flight"]["destination"] == "DXB")),
        ("?to=LHR".to_owned(), Box::new(|deal| deal["flight"]["destination"] == "LHR")),
        ("?cabin=economy".to_owned(), Box::new(|deal| deal["flight"]["cabin"] == "economy")),
        ("?cabin=first".to_owned(), Box::new(|deal| deal["flight"]["cabin"] == "first")),
        ("?programme=aadvantage".to_owned(), Box::new(|deal| deal["flight"]["fare"]["programme"] == "aadvantage")),
        (format!("?minScore={least}"), Box::new(move |deal| score(deal) >= least)),
        (
            format!("?from=LAX&to=DXB&cabin=economy&programme=aadvantage&minScore={least}"),
            Box::new(move |deal| deal["flight"]["fare"]["programme"] == "aadvantage" && score(deal) >= least),
        ),
    ];
    for (query, admits) in admits {
        let expected: Vec<Value> = whole.iter().filter(|deal| admits(deal)).cloned().collect();
        assert_eq!(all(&demo, &query).await, expected, "{query}");
        let by_page: Vec<Value> = pages(&demo, &format!("{DEALS}{query}"), 7).await.iter().flat_map(items).collect();
        assert_eq!(by_page, expected, "{query}, page by page");
    }
}

#[tokio::test]
async fn what_is_no_value_of_a_filter_is_refused_with_all_others() {
    let app = TestApp::new().await;
    let reply = app.member("demo").get("/v1/deals?from=lax&to=NOWHERE&cabin=hold&programme=No%20Such&minScore=101").send().await;
    reply.assert(422, "invalid-input");
    let pointers: Vec<String> = faults(&reply).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/cabin", "/from", "/minScore", "/programme", "/to"]);
    for query in ["minScore=-1", "minScore=", "minScore=1.5", "from=", "cabin=Economy"] {
        app.member("demo").get(&format!("{DEALS}?{query}")).send().await.assert(422, "invalid-input");
    }
    let nobodys = app.member("demo").get(&format!("{DEALS}?programme=nothing")).send().await;
    assert_eq!(faults(nobodys.assert(422, "invalid-input")), [("/programme".to_owned(), "unknown-programme".to_owned())]);
}

/// Spec: every fault named at once.
#[tokio::test]
async fn faults_of_page_and_filter_are_named_together() {
    let app = TestApp::new().await;
    let reply = app.member("demo").get("/v1/deals?limit=0&from=lax").send().await;
    reply.assert(422, "invalid-input");
    let pointers: Vec<String> = faults(&reply).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/from", "/limit"]);
}

#[tokio::test]
async fn a_deal_is_shown_as_it_is_listed() {
    let (app, _) = told().await;
    let demo = app.member("demo");
    let listed = all(&demo, "").await.remove(0);
    let path = format!("{DEALS}/{}", listed["id"].as_str().unwrap());
    let shown = demo.get(&path).send().await;
    shown.assert(200, "");
    assert_eq!(shown.body, listed);
    demo.get(&path).header("if-none-match", shown.header("etag")).send().await.assert(304, "");
    // Finds are the tenant's: every member of it may see them.
    app.member("free").get(&path).send().await.assert(200, "");
}

#[tokio::test]
async fn a_deal_is_judged_by_what_its_points_are_worth_to_who_looks() {
    let (app, _) = told().await;
    let (demo, free) = (app.member("demo"), app.member("free"));
    let before = demo.get("/v1/deals?programme=aadvantage&limit=100").send().await;
    let listed = items(&before).iter().find(|deal| !deal["valuation"]["verdict"].is_null()).unwrap().clone();
    let (path, id) = (format!("{DEALS}/{}", listed["id"].as_str().unwrap()), listed["id"].clone());
    demo.put(&format!("/v1/me/saved-deals/{}", id.as_str().unwrap())).send().await.assert(200, "");
    let tag = demo.get(&path).send().await.header("etag").to_owned();
    for (own, verdict) in [("0.01", "exceptional"), ("50", "poor")] {
        demo.put("/v1/me/valuations").body(json!({"valuations": {"aadvantage": own}})).send().await.assert(204, "");
        let shown = demo.get(&path).header("if-none-match", &tag).send().await;
        shown.assert(200, "");
        assert_eq!(shown.body["valuation"]["verdict"], verdict);
        assert_eq!(demo.get(&format!("{path}/explain")).send().await.body["value"]["verdict"], verdict);
        let all = demo.get("/v1/deals?programme=aadvantage&limit=100").send().await;
        assert_eq!(items(&all).iter().find(|deal| deal["id"] == id), Some(&shown.body), "listed as it is shown");
        assert_eq!(items(&demo.get("/v1/me/saved-deals").send().await)[0]["deal"], shown.body);
        let scores = |deals: Vec<Value>| deals.into_iter().map(|deal| deal["score"].clone()).collect::<Vec<_>>();
        assert_eq!(scores(items(&all)), scores(items(&before)), "ranked as for everybody");
    }
    assert_eq!(free.get(&path).send().await.body, listed, "what one says counts for nobody else");
}

#[tokio::test]
async fn another_tenant_sees_none_of_it() {
    let (app, _) = told().await;
    let deal = id_of(
        &app.member("demo")
            .get(&format!("{DEALS}/{}", all(&app.member("demo"), "").await[0]["id"].as_str().unwrap()))
            .send()
            .await,
    );
    let omar = app.member("omar");
    assert!(all(&omar, "").await.is_empty());
    omar.get(&format!("{DEALS}/{deal}")).send().await.assert(404, "deal-not-found");
    omar.get(&format!("{DEALS}/{deal}/explain")).send().await.assert(404, "deal-not-found");
}

#[tokio::test]
async fn an_explanation_adds_up() {
    let (app, _) = told().await;
    let demo = app.member("demo");
    let mut valued = 0;
    for deal in all(&demo, "").await {
        let reply = demo.get(&format!("{DEALS}/{}/explain", deal["id"].as_str().unwrap())).send().await;
        reply.assert(200, "");
        let told = &reply.body;
        assert_eq!((&told["deal"], &told["score"]), (&deal["id"], &deal["score"]["total"]));

        let parts = told["parts"].as_array().unwrap();
        let named: Vec<_> = parts.iter().map(|part| (part["name"].as_str().unwrap(), part["weight"].as_u64().unwrap())).collect();
        assert_eq!(named, [("value", 40), ("convenience", 20), ("timing", 15), ("reliability", 15), ("availability", 10)]);
        let known: Vec<(u64, u64)> =
            parts.iter().filter_map(|part| Some((part["score"].as_u64()?, part["weight"].as_u64()?))).collect();
        let (sum, weight) = known.iter().fold((0, 0), |(sum, all), (part, weight)| (sum + part * weight, all + weight));
        assert_eq!((2 * sum + weight) / (2 * weight), score(&deal), "the weighted mean, rounded half up: {parts:?}");
        for part in parts {
            assert_eq!(part["score"], deal["score"]["parts"][part["name"].as_str().unwrap()]);
            let words = part["score"].as_u64().map_or("unknown".to_owned(), |score| score.to_string());
            let words = format!("{} {words}", part["name"].as_str().unwrap());
            assert!(told["sentence"].as_str().unwrap().contains(&words), "{words}: {told:#}");
        }
        assert!(told["sentence"].as_str().unwrap().starts_with(&format!("{} of 100: ", score(&deal))));

        let value = &told["value"];
        assert_eq!(
            value.is_null(),
            deal["flight"]["fare"].get("programme").is_none(),
            "awards have a value, cash fares have none"
        );
        if value.is_null() {
            continue;
        }
        assert_eq!(
            (&value["points"], &value["programme"]),
            (&deal["flight"]["fare"]["points"], &deal["flight"]["fare"]["programme"])
        );
        assert_ne!(value["centsPerPoint"].is_null(), value["unknown"].is_null(), "a value, or why there is none");
        assert!(!value["sentence"].as_str().unwrap().is_empty());
        if value["centsPerPoint"].is_null() {
            continue;
        }
        valued += 1;
        assert_eq!(value["cashPrice"]["currency"], value["taxes"]["currency"]);
        let saved = decimal(&value["cashPrice"]["amount"]) - decimal(&value["taxes"]["amount"]);
        let cents = saved / Decimal::from(value["points"].as_u64().unwrap()) * Decimal::ONE_HUNDRED;
        let cents = cents.round_dp_with_strategy(4, RoundingStrategy::MidpointNearestEven);
        assert_eq!(decimal(&value["centsPerPoint"]), cents, "{value:#}");
        let sentence = value["sentence"].as_str().unwrap();
        // Where nobody publishes what a programme's points are worth there is no verdict.
        assert_eq!(value["verdict"].is_null(), value["baseline"].is_null());
        assert_eq!(value["verdict"].is_null(), value["breakEven"].is_null());
        if value["verdict"] == "poor" {
            let turns_at = decimal(&value["breakEven"]["floor"]["amount"]);
            assert!(decimal(&value["cashPrice"]["amount"]) < turns_at, "{value:#}");
        }
        for told in [&value["cashPrice"]["amount"], &value["taxes"]["amount"], &value["verdict"]] {
            let told = told.as_str().unwrap_or_default();
            assert!(sentence.contains(told.strip_suffix(".00").unwrap_or(told)), "{told} in {sentence}");
        }
    }
    assert!(valued > 0, "some deal has a value");
}

#[tokio::test]
async fn an_explanation_reads_so() {
    let (app, _) = told().await;
    let demo = app.member("demo");
    let best = all(&demo, "?programme=aadvantage").await.remove(0);
    let path = format!("{DEALS}/{}/explain", best["id"].as_str().unwrap());
    let reply = demo.get(&path).send().await;
    insta::assert_json_snapshot!("explanation", reply.body, {".deal" => "[id]"});
    demo.get(&path).header("if-none-match", reply.header("etag")).send().await.assert(304, "");
}

#[tokio::test]
async fn a_cursor_is_good_for_its_member_alone() {
    let (app, _) = told().await;
    let first = app.member("demo").get("/v1/deals?limit=1").send().await;
    let cursor = first.body["next"].as_str().unwrap();
    app.member("demo").get(&format!("{DEALS}?cursor={cursor}")).send().await.assert(200, "");
    app.member("free").get(&format!("{DEALS}?cursor={cursor}")).send().await.assert(422, "invalid-input");
    app.member("omar").get(&format!("{DEALS}?cursor={cursor}")).send().await.assert(422, "invalid-input");
}

#[tokio::test]
async fn what_a_member_saves_is_theirs_until_they_take_it_away() {
    let (app, _) = told().await;
    let (demo, free) = (app.member("demo"), app.member("free"));
    let deals = each(&demo.get("/v1/deals?limit=3").send().await, "id");
    let at = |deal: &str| format!("/v1/me/saved-deals/{deal}");
    for deal in deals.iter().chain(&deals[..1]) {
        demo.put(&at(deal)).send().await.assert(200, "");
    }
    let listed: Vec<Value> = pages(&demo, "/v1/me/saved-deals", 2).await.iter().flat_map(items).collect();
    let mut saved: Vec<&str> = listed.iter().map(|saved| saved["deal"]["id"].as_str().unwrap()).collect();
    assert!(saved.is_sorted() && listed.iter().all(|saved| saved["version"] == 1), "{listed:#?}");
    let mut expected: Vec<&str> = deals.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(saved, expected);
    assert!(items(&free.get("/v1/me/saved-deals").send().await).is_empty());
    free.delete(&at(&deals[0])).send().await.assert(404, "saved-deal-not-found");
    demo.delete(&at(&deals[0])).header("if-match", "\"2\"").send().await.assert(412, "stale-version");
    demo.delete(&at(&deals[0])).send().await.assert(204, "");
    demo.delete(&at(&deals[0])).send().await.assert(404, "saved-deal-not-found");
    saved.retain(|left| *left != deals[0]);
    let left = demo.get("/v1/me/saved-deals").send().await;
    assert_eq!(items(&left).iter().map(|saved| saved["deal"]["id"].as_str().unwrap()).collect::<Vec<_>>(), saved);
}

#[tokio::test]
async fn a_member_saves_two_hundred_deals_at_most() {
    let (app, _) = told().await;
    let demo = app.member("demo");
    let deals = each(&demo.get("/v1/deals?limit=2").send().await, "id");
    let deal = app.store().deal(&demo.owner().tenant, deals[0].parse().unwrap()).await.unwrap().unwrap();
    for n in 0..199_u128 {
        let mut saved =
            SavedDeal { deal: format!("deal_{n:026}").parse().unwrap(), ..SavedDeal::of(demo.owner(), &deal, deal.last_seen) };
        app.store().commit(Change::new().create(&mut saved)).await.unwrap();
    }
    let put = async |deal: &str| demo.put(&format!("/v1/me/saved-deals/{deal}")).send().await;
    put(&deals[0]).await.assert(200, "");
    put(&deals[1]).await.assert(409, "too-many-saved");
    put(&deals[0]).await.assert(200, "");
}
