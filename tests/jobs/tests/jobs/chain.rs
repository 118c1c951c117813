//! The main job, end to end, on the recordings.

use jiff::ToSpan;
use local::test_app::TestApp;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_watcher_finds_values_ranks_and_tells() {
    let app = TestApp::new().await;
    let dana = app.member("demo");
    let filters = json!({"programmes": ["aadvantage"], "maxStops": 1, "maxMinutes": 1100});
    let watcher = watch(&dana, json!({"filters": filters})).await;
    run(&app, &dana, watcher).await;

    let deals = deals(&dana).await;
    assert!(deals.len() > 50, "all of the search's award space is there: {}", deals.len());
    let scores: Vec<u64> = deals.iter().map(|deal| deal["score"]["total"].as_u64().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");

    let alerts = alerts(&dana).await;
    assert_eq!(alerts.len(), 2, "QR740 with QR1014 and with QR1018: {alerts:#?}");
    let mails = app.mails();
    assert_eq!(mails.len(), 2);
    for mail in &mails {
        assert_eq!(mail.mail.to, ["dana@example.com"]);
        let (html, text) = (mail.mail.html.as_deref().unwrap(), mail.mail.text.as_deref().unwrap());
        // (376.00 − 44.00) ÷ 40,000: the cheapest economy fare of the day was 376 USD.
        assert!(html.contains("0.83") && text.contains("0.83"), "{text}");
        assert!(html.contains("By the published valuations money is the better way: Paying cash wins below $684"), "{html}");
        assert!(text.contains("By the published valuations money is the better way: Paying"), "{text}");
    }
    assert!(app.dead_letters().is_empty());
}

#[tokio::test]
async fn a_members_own_valuation_counts_in_the_mail_and_lies_nowhere_in_the_clear() {
    let app = TestApp::new().await;
    let dana = app.member("demo");
    dana.put("/v1/me/valuations").body(json!({"valuations": {"aadvantage": "0.4321"}})).send().await.assert(204, "");
    let filters = json!({"programmes": ["aadvantage"], "maxStops": 1, "maxMinutes": 1100});
    let watcher = watch(&dana, json!({"filters": filters})).await;
    run(&app, &dana, watcher).await;
    let mails = app.mails();
    assert_eq!(mails.len(), 2);
    for mail in &mails {
        let text = mail.mail.text.as_deref().unwrap();
        assert!(text.contains("0.83 cents a point: exceptional") && text.contains("Judged by what you say"), "{text}");
        assert!(!text.contains("0.43"), "{text}");
    }
    let stored = app.store().alerts_of(&dana.owner(), 10, None).await.unwrap().items;
    assert_eq!(stored.len(), 2);
    assert!(stored.iter().all(|alert| alert.own.is_some()) && !format!("{stored:?}").contains("0.43"));
}

#[tokio::test]
async fn who_travels_together_is_told_what_all_of_them_need() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({"travellers": 3})).await;
    run(&app, &dana, watcher).await;
    let mails = app.mails();
    assert_eq!(mails.len(), 1);
    // A mail is wrapped where its lines end.
    let text = mails[0].mail.text.as_deref().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    for told in ["is still there for 3 travellers, 40,000 points each.", "for 3 travellers: 120,000 points and $132."] {
        assert!(text.contains(told), "{told} {text}");
    }
}

#[tokio::test]
async fn watchers_that_ask_the_same_are_one_search() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let (dana, ada) = (app.member("demo"), app.member("admin"));
    for _ in 0..5 {
        watch(&dana, json!({})).await;
        watch(&ada, json!({})).await;
    }
    app.leap(1.hour()).await;
    assert_eq!(space.calls_to("seats-aero"), 1);
    assert_eq!(app.mails().len(), 10, "each of them is told");
}

#[tokio::test]
async fn two_tenants_that_ask_the_same_pay_for_one_call() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let (dana, omar) = (app.member("demo"), app.member("omar"));
    watch(&dana, json!({})).await;
    watch(&omar, json!({})).await;
    app.leap(1.hour()).await;
    app.advance(1.minute()).await;
    assert_eq!(space.calls_to("seats-aero"), 1);
    let (danas, omars) = (deals(&dana).await, deals(&omar).await);
    assert_eq!((danas.len(), omars.len()), (1, 1));
    assert_ne!(danas[0]["id"], omars[0]["id"], "each has a deal of its own");
}

#[tokio::test]
async fn an_hourly_watcher_looks_every_hour_and_tells_once() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    for _ in 0..6 {
        leap_to_next_run(&app, &dana, watcher).await;
    }
    assert_eq!(space.calls_to("seats-aero"), 6);
    assert_eq!(app.mails().len(), 1);
    assert_eq!(deals(&dana).await[0]["version"], 1, "an unchanged deal is not written again");
    let is_kept = async || {
        leap_to_next_run(&app, &dana, watcher).await;
        let deal = deals(&dana).await[0].clone();
        (deal["version"].as_u64().unwrap(), deal["stale"].as_bool().unwrap())
    };
    assert_eq!(is_kept().await, (1, true), "the source has not looked again either");
    space.looked_at(app.system().now().to_string());
    assert_eq!(is_kept().await, (2, false), "it has, and what is kept is stale");
    space.looked_at(app.system().now().to_string());
    assert_eq!(is_kept().await, (2, false), "once in a while");
    assert_eq!(app.mails().len(), 1, "and nobody is told of that");
}

#[tokio::test]
async fn delivering_everything_twice_changes_nothing() {
    let outcome = async |doubled: bool| {
        let app = TestApp::new().await;
        let dana = app.member("demo");
        let watcher = watch(&dana, json!({"filters": {"programmes": ["mileageplus"], "maxStops": 1}})).await;
        let reply = dana.post(&format!("/v1/watchers/{watcher}/run")).send().await;
        assert_eq!(reply.status, 202);
        app.clock.advance(jiff::SignedDuration::from_mins(1));
        app.system().fire_due().await;
        if doubled {
            settle_doubled(&app).await;
        } else {
            app.settle().await;
        }
        assert!(app.dead_letters().is_empty());
        (deals(&dana).await.len(), alerts(&dana).await.len(), app.mails().len())
    };
    let once = outcome(false).await;
    assert!(once.1 > 1 && once.2 > 1, "{once:?}");
    assert_eq!(outcome(true).await, once);
}

#[tokio::test]
async fn two_sweeps_at_once_run_a_search_once() {
    let space = Space::of(&[("QR740", 40_000)]);
    let app = app_over(&space).await;
    let dana = app.member("demo");
    let watcher = watch(&dana, json!({})).await;
    dana.post(&format!("/v1/watchers/{watcher}/run")).send().await;
    app.clock.advance(jiff::SignedDuration::from_mins(1));
    let sweep = || app.system().run_now("watchers-sweep-watchers");
    let (first, second) = futures::join!(sweep(), sweep());
    assert!(first && second);
    app.settle().await;
    app.leap(30.seconds()).await;
    assert_eq!(space.calls_to("seats-aero"), 1);
    assert_eq!((alerts(&dana).await.len(), app.mails().len()), (1, 1));
}
