//! Where a member's balances can take them.

use domain::{
    deals::{Deal, Parts, Subject},
    flights::Fare,
};
use serde_json::{Value, json};
use storage::Change;

use crate::{
    routes::{existing, found},
    support::faults,
    value::ask,
};

#[tokio::test]
async fn balances_reach_the_live_deals_that_they_pay_for() {
    let (app, ids) = existing(found().await).await;
    let demo = app.member("demo");
    assert_eq!(ask(&demo, "/v1/me/reach").await["items"], json!([]));
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 900_000}})).send().await.assert(204, "");
    let reach = ask(&demo, "/v1/me/reach").await;
    let first = &reach["items"][0];
    assert_eq!((&first["deal"], &first["plan"]["transfers"][0]["from"]), (&json!(ids["deals"]), &json!("chase-ur")));
    let deal = ask(&demo, &format!("/v1/deals/{}", ids["deals"])).await;
    assert_eq!((&first["taxes"], &first["valuation"]), (&deal["flight"]["fare"]["taxes"], &deal["valuation"]));
    assert_eq!(first["freshness"], deal["flight"]["freshness"]);
    assert_eq!((&first["stale"], &deal["stale"]), (&json!(false), &json!(false)));
    app.clock.advance(jiff::SignedDuration::from_hours(7));
    let demo = app.member("demo");
    let (later, listed) = (ask(&demo, "/v1/me/reach").await, ask(&demo, "/v1/deals").await);
    assert_eq!((&later["items"][0]["stale"], &listed["items"][0]["stale"]), (&json!(true), &json!(true)), "the same of both");
}

#[tokio::test]
async fn what_is_poor_comes_after_what_is_not_and_taxes_are_taken_off_what_is_left() {
    let (deal, alert) = found().await;
    let (app, _) = existing((deal.clone(), alert)).await;
    // Fewer points, and 342 dollars: poor. The same points without taxes, or with taxes that nobody knows.
    let others =
        [(1_u8, 20_000_u64, Some("342USD"), Some("poor")), (2, 45_000, Some("0USD"), Some("fair")), (3, 45_000, None, None)];
    for (n, points, taxes, verdict) in others {
        let mut other = Deal { id: format!("deal_01KHPNJ4R6Z9X0Q3T5V7W9Y1B{n}").parse().unwrap(), version: 0, ..deal.clone() };
        let mut valuation = serde_json::to_value(deal.valuation.clone().unwrap()).unwrap();
        valuation["verdict"] = json!(verdict);
        other.valuation = serde_json::from_value(valuation).unwrap();
        let Subject::Flight(offer) = &mut other.subject;
        let Fare::Award { points: asked, taxes: costs, .. } = &mut offer.fare else { panic!("no award") };
        (*asked, *costs) = (points.try_into().unwrap(), taxes.map(|taxes| taxes.parse().unwrap()));
        app.store().commit(Change::new().create(&mut other)).await.unwrap();
    }
    let demo = app.member("demo");
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 900_000}})).send().await.assert(204, "");
    let reach = ask(&demo, "/v1/me/reach?to=DXB").await;
    let places: Vec<(&str, &Value)> = reach["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["deal"].as_str().unwrap(), item))
        .filter(|(id, _)| id.starts_with("deal_01KHPNJ4R6Z9X0Q3T5V7W9Y1B"))
        .collect();
    let order: String = places.iter().filter_map(|(id, _)| id.chars().last()).collect();
    assert_eq!(order, "231", "{reach:#}");
    let amount = |value: &Value| value["amount"].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    let (fair, unknown, poor) = (places[0].1, places[1].1, places[2].1);
    assert_eq!((&unknown["left"], &unknown["taxes"]), (&Value::Null, &Value::Null));
    let before = amount(&fair["left"]) + amount(&fair["plan"]["givenUp"]);
    let after = before - amount(&poor["plan"]["givenUp"]) - rust_decimal::Decimal::from(342);
    assert_eq!(amount(&poor["left"]), after, "taxes are taken off what is left");
}

#[tokio::test]
async fn what_leaves_most_comes_first_of_all_deals_and_not_of_a_page_of_them() {
    let (deal, alert) = found().await;
    let (app, _) = existing((deal.clone(), alert)).await;
    // Ranked by score they come as they are made; what is asked is not in that order.
    for (n, points) in [(1_u8, 60_000_u64), (2, 30_000), (3, 45_000), (4, 30_000)] {
        let mut other = Deal { id: format!("deal_01KHPNJ4R6Z9X0Q3T5V7W9Y1B{n}").parse().unwrap(), version: 0, ..deal.clone() };
        let Subject::Flight(offer) = &mut other.subject;
        let Fare::Award { points: asked, .. } = &mut offer.fare else { panic!("no award") };
        *asked = points.try_into().unwrap();
        app.store().commit(Change::new().create(&mut other)).await.unwrap();
    }
    let demo = app.member("demo");
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 900_000}})).send().await.assert(204, "");
    let (mut found, mut path) = (Vec::new(), "/v1/me/reach?to=DXB&limit=2".to_owned());
    loop {
        let page = ask(&demo, &path).await;
        for item in page["items"].as_array().unwrap() {
            found.push((item["plan"]["points"].as_u64().unwrap(), item["left"]["amount"].as_str().unwrap().to_owned()));
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/me/reach?to=DXB&limit=2&cursor={next}");
    }
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(found.is_sorted_by_key(|(points, _)| *points), "{found:?}");
    let left: Vec<rust_decimal::Decimal> = found.iter().map(|(_, left)| left.parse().unwrap()).collect();
    assert!(left.is_sorted_by(|one, other| one >= other), "{left:?}");
}

#[tokio::test]
async fn a_place_is_shown_once_by_the_best_way_there_and_all_ways_are_listed_by_its_name() {
    let (deal, alert) = found().await;
    let (app, _) = existing((deal.clone(), alert)).await;
    for (n, to, points) in [(1_u8, "DXB", 30_000_u64), (2, "AUH", 50_000), (3, "AUH", 20_000), (4, "AUH", 40_000)] {
        let mut other = Deal { id: format!("deal_01KHPNJ4R6Z9X0Q3T5V7W9Y1B{n}").parse().unwrap(), version: 0, ..deal.clone() };
        let Subject::Flight(offer) = &mut other.subject;
        offer.destination = to.parse().unwrap();
        let Fare::Award { points: asked, .. } = &mut offer.fare else { panic!("no award") };
        *asked = points.try_into().unwrap();
        app.store().commit(Change::new().create(&mut other)).await.unwrap();
    }
    let demo = app.member("demo");
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 900_000}})).send().await.assert(204, "");
    let shown = async |path: &str| -> Vec<(String, u64, u64)> {
        let items = ask(&demo, path).await["items"].as_array().unwrap().clone();
        let item = |item: &Value| {
            let number = |value: &Value| value.as_u64().unwrap();
            (item["to"].as_str().unwrap().to_owned(), number(&item["plan"]["points"]), number(&item["ways"]))
        };
        items.iter().map(item).collect()
    };
    let way = |to: &str, points, ways| (to.to_owned(), points, ways);
    assert_eq!(shown("/v1/me/reach").await, [way("AUH", 20_000, 3), way("DXB", 30_000, 2)]);
    assert_eq!(shown("/v1/me/reach?to=AUH").await, [20_000, 40_000, 50_000].map(|points| way("AUH", points, 3)));
    assert_eq!(shown("/v1/me/reach?to=LHR").await, []);
    let wrong = demo.get("/v1/me/reach?to=nowhere&limit=0").send().await;
    let named: Vec<String> = faults(&wrong).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(named, ["/limit", "/to"]);
}

#[tokio::test]
async fn no_number_of_better_deals_that_points_do_not_pay_for_hides_an_award() {
    let (deal, alert) = found().await;
    let (app, ids) = existing((deal.clone(), alert)).await;
    for n in 0..450 {
        let mut fare = Deal { id: format!("deal_01KHPNJ4R6Z9X0Q3T5V7W9Z{n:03}").parse().unwrap(), version: 0, ..deal.clone() };
        // Nothing ranks above what is perfect in every part.
        let best = Some(100);
        fare.parts = Parts { value: best, convenience: best, timing: best, reliability: best, availability: best };
        fare.valuation = None;
        let Subject::Flight(offer) = &mut fare.subject;
        offer.fare = match (n % 2, &offer.fare) {
            (0, Fare::Award { programme, taxes, .. }) => {
                Fare::Award { programme: programme.clone(), points: 50_000_000_u64.try_into().unwrap(), taxes: *taxes }
            }
            _ => Fare::Cash { total: "100.00USD".parse().unwrap(), taxes: None },
        };
        app.store().commit(Change::new().create(&mut fare)).await.unwrap();
    }
    let demo = app.member("demo");
    demo.put("/v1/me/balances").body(json!({"balances": {"chase-ur": 900_000}})).send().await.assert(204, "");
    let reach = ask(&demo, "/v1/me/reach").await;
    assert_eq!(reach["items"][0]["deal"], json!(ids["deals"]), "{reach:#}");
}
