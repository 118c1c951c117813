//! The exchange rates of the European Central Bank: fetched, kept, and counted on.

use http::StatusCode;
use jiff::{SignedDuration, ToSpan, civil::Date};
use jobs_tests::{only_rates, rates};
use local::{machine::functions, test_app::TestApp};
use platform::{JobError, Scheduled};
use serde_json::{Value, json};

use crate::{
    reporting::{called_over, counts},
    support::*,
};

/// What a thousand miles and five euros against a hundred dollars are worth.
const IN_TWO_CURRENCIES: &str = "/v1/value?programme=atmos&points=1000&taxes=5.00EUR&cash=100.00USD";

/// Runs the job, and answers how it ended and what it counted.
async fn refresh(
    app: &TestApp,
    space: &std::sync::Arc<Space>,
) -> (Result<Value, JobError>, std::collections::BTreeMap<String, u64>) {
    let function = functions().into_iter().find(|function| function.spec().name == "value-refresh-rates").unwrap();
    let called = called_over(app, function, space.clone());
    let answer = called.invoke(json!({}), Scheduled::RESERVE).await;
    let told = ["RatesKept", "RatesRefused", "RatesAgeDays"]
        .into_iter()
        .flat_map(|metric| called.told(metric).into_iter().map(move |(_, value)| (metric.to_owned(), value)));
    let told: Vec<(String, u64)> = told.collect();
    (answer, called.outcomes().into_iter().chain(told).collect())
}

async fn kept(app: &TestApp) -> Vec<Date> {
    app.store().day_rates().await.unwrap().into_iter().map(|rates| rates.day).collect()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// At noon of a day of which no shipped rate tells: the shipped ones end on 2026-04-13.
async fn in_may(space: &std::sync::Arc<Space>) -> TestApp {
    let app = app_over(space).await;
    let noon: jiff::Timestamp = "2026-05-12T12:00:00Z".parse().unwrap();
    app.clock.advance(noon.duration_since(app.system().now()));
    app
}

#[tokio::test]
async fn what_the_bank_says_is_what_counts_from_then_on() {
    let space = Space::of(&[]);
    let app = in_may(&space).await;
    let dana = app.member("demo");
    let before = dana.get(IN_TWO_CURRENCIES).send().await;
    assert_eq!((before.status.as_u16(), &before.body["errors"][0]["code"]), (422, &json!("no-exchange-rate")));

    space.say_of_rates(rates("2026-05-11", &[("USD", "1.2"), ("JPY", "190")]));
    let (answer, counted) = refresh(&app, &space).await;
    assert_eq!((answer, counted), (Ok(json!(null)), counts([("JobsDone", 1), ("RatesKept", 1), ("RatesAgeDays", 1)])));
    assert_eq!(kept(&app).await, [day("2026-05-11")]);
    // What it has read before, a function believes for an hour.
    app.clock.advance(SignedDuration::from_hours(1));
    let worth = dana.get(IN_TWO_CURRENCIES).send().await.body;
    let line = &worth["value"]["lines"][0];
    assert_eq!((&line["amount"]["amount"], &line["rateOf"]), (&json!("6.00"), &json!("2026-05-11")), "{worth:#}");

    let (answer, counted) = refresh(&app, &space).await;
    assert_eq!(
        (answer, counted),
        (Ok(json!(null)), counts([("JobsDone", 1), ("RatesAgeDays", 1)])),
        "nothing new, nothing written"
    );
}

#[tokio::test]
async fn what_the_bank_corrects_on_the_same_day_is_kept() {
    let space = Space::of(&[]);
    let app = in_may(&space).await;
    for (dollars, kept) in [("1.2", Some(1)), ("1.2", None), ("1.25", Some(1))] {
        space.say_of_rates(rates("2026-05-11", &[("USD", dollars)]));
        let (answer, counted) = refresh(&app, &space).await;
        assert_eq!((answer, counted.get("RatesKept").copied()), (Ok(json!(null)), kept), "{dollars}");
    }
    assert_eq!(kept(&app).await, [day("2026-05-11")]);
    let worth = app.member("demo").get(IN_TWO_CURRENCIES).send().await.body;
    assert_eq!(worth["value"]["lines"][0]["amount"]["amount"], "6.25", "{worth:#}");
}

#[tokio::test]
async fn what_can_not_be_leaves_what_was_there_and_is_told() {
    let space = Space::of(&[]);
    let app = in_may(&space).await;
    space.say_of_rates(rates("2026-05-11", &[("USD", "1.2")]));
    refresh(&app, &space).await.0.unwrap();
    for (poison, why) in [
        (String::new(), "form"),
        ("<html>".to_owned(), "form"),
        (rates("2026-05-12", &[("USD", "1.2")]).replace("</Cube>", ""), "form"),
        (rates("2026-05-12", &[]), "not quoted"),
        (rates("2026-05-12", &[("USD", "0")]), "none"),
        (rates("2026-05-12", &[("USD", "1.6")]), "plausible"),
        (only_rates("2026-05-12", &[("USD", "1.2")]), "are missing"),
        (rates("2026-05-12", &[("USD", "1.2"), ("EUR", "1")]), "one euro"),
        (rates("2026-05-13", &[("USD", "1.2")]), "not come yet"),
        (rates("2026-05-08", &[("USD", "1.2")]), "2026-05-11 are known"),
    ] {
        space.say_of_rates(&poison);
        let (answer, counted) = refresh(&app, &space).await;
        assert!(matches!(&answer, Err(JobError::Park(told)) if told.contains(why)), "{poison}: {answer:?}");
        assert_eq!(counted, counts([("JobsFailed", 1), ("RatesRefused", 1), ("RatesAgeDays", 1)]), "{poison}");
        assert_eq!(kept(&app).await, [day("2026-05-11")], "{poison}");
    }
}

#[tokio::test]
async fn a_bank_that_is_down_is_asked_again_and_one_that_says_nothing_new_is_noticed() {
    let space = Space::of(&[]);
    let app = in_may(&space).await;
    space.say_of_rates(rates("2026-05-11", &[("USD", "1.2")]));
    space.fail(Some(StatusCode::SERVICE_UNAVAILABLE));
    let (answer, counted) = refresh(&app, &space).await;
    assert!(matches!(answer, Err(JobError::Retry(_))), "{answer:?}");
    assert_eq!(counted.get("RatesAgeDays"), Some(&29), "how old the shipped ones are");
    space.fail(None);
    refresh(&app, &space).await.0.unwrap();
    app.clock.advance(SignedDuration::from_hours(24 * 4));
    assert_eq!(refresh(&app, &space).await.0, Ok(json!(null)));
    app.clock.advance(SignedDuration::from_hours(24));
    let (answer, counted) = refresh(&app, &space).await;
    assert_eq!(answer, Err(JobError::Park("the latest exchange rates are 6 days old".to_owned())));
    assert_eq!(counted, counts([("JobsFailed", 1), ("RatesAgeDays", 6)]));
}

#[tokio::test]
async fn by_its_schedule_it_runs_before_and_after_the_banks_day() {
    let space = Space::of(&[]);
    let app = app_over(&space).await;
    app.leap(24.hours()).await;
    assert_eq!(kept(&app).await, [day("2026-02-17")]);
    let after_a_day = space.calls_to("ecb");
    app.leap(12.hours()).await;
    assert_eq!((after_a_day > 0, space.calls_to("ecb") - after_a_day), (true, 1));
}
