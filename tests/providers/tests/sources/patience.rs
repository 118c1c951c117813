//! What was read by a deadline stays. With patience, what passes with time is tried again: inside the deadline, with jitter, and not
//! before the source wants it. The clock stands still but for what is waited for, and answers come from a list instead of a socket.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use bytes::Bytes;
use domain::{answers::Cause, flights::Cabin, search::SourceOutcome};
use futures::future::BoxFuture;
use http::Response;
use jiff::civil::Date;
use platform::{
    chance::Chance,
    outside::{Call, Outside, OutsideError},
};
use providers::{
    Asking, CALL_TIMEOUT, CashSource, Duffel, Patience, SourceError,
    sources::{SOURCES, Source},
};
use providers_tests::{
    NOW, query,
    questions::{Given, SECRET, ask_with, calls, recorded},
};
use serde_json::json;
use tokio::time::{Instant, sleep};

/// Bytes that are all this one: jitter of a known size.
#[derive(Debug)]
struct Always(u8);

impl Chance for Always {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// Answers from a list, the last one for ever; grants every token.
#[derive(Debug)]
struct Scripted(Mutex<VecDeque<(u16, Option<&'static str>, String)>>);

impl Scripted {
    fn new(answers: impl IntoIterator<Item = (u16, Option<&'static str>, String)>) -> Self {
        Self(Mutex::new(answers.into_iter().collect()))
    }
}

impl Outside for Scripted {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, OutsideError>> {
        let grant = r#"{"access_token": "t", "expires_in": 3600}"#;
        let (status, retry_after, body) = if call.request.uri().path() == "/oauth/token" {
            (200, None, grant.to_owned())
        } else {
            let mut answers = self.0.lock().unwrap();
            if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() }
        };
        let response = Response::builder().status(status);
        let response = retry_after.into_iter().fold(response, |response, value| response.header("retry-after", value));
        Box::pin(async move { Ok(response.body(body.into()).unwrap()) })
    }
}

/// So many tries and pauses of so many seconds, with jitter of this size.
fn patience(longest: u64, tries: u32, jitter: u8) -> (Duration, u32, Always) {
    (Duration::from_secs(longest), tries, Always(jitter))
}

/// Asks for ten seconds.
async fn timed(source: &Source, outside: &dyn Outside, (longest, tries, chance): (Duration, u32, Always)) -> (Given, Duration) {
    let patience = Some(Patience { tries, longest, chance: &chance });
    let begun = Instant::now();
    let asking = Asking { patience, ..Asking::within(outside, NOW, Duration::from_secs(10)) };
    let given = ask_with(source, "http://x", SECRET, &asking).await;
    (given, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again() {
    for source in SOURCES {
        let script =
            Scripted::new([(503, None, String::new()), (429, None, String::new()), (200, None, recorded(source.id).to_string())]);
        let (given, took) = timed(source, &script, patience(10, 4, 0)).await;
        assert_eq!((given.outcome, given.calls), (SourceOutcome::Complete, calls(source) + 2), "{}", source.id);
        assert!(!given.offers.is_empty() && took < Duration::from_millis(10), "{} {took:?}", source.id);
    }
}

#[tokio::test(start_paused = true)]
async fn the_source_says_when() {
    for source in SOURCES {
        let script = Scripted::new([(429, Some("7"), String::new()), (200, None, recorded(source.id).to_string())]);
        let (given, took) = timed(source, &script, patience(10, 4, 0)).await;
        assert_eq!((given.outcome, took.as_secs()), (SourceOutcome::Complete, 7), "{}", source.id);
    }
}

#[tokio::test(start_paused = true)]
async fn what_would_take_too_long_is_not_waited_for() {
    // An hour; more than patience has for one pause; more than there is time.
    for (asks, longest) in [(3_600, 7_200), (8, 7), (10, 20)] {
        for source in SOURCES {
            let seconds: &'static str = asks.to_string().leak();
            let script = Scripted::new([(429, Some(seconds), String::new())]);
            let (given, took) = timed(source, &script, patience(longest, 4, 0)).await;
            let expected = SourceError::RateLimited { retry_after: Some(Duration::from_secs(asks)) };
            assert_eq!((given.error, given.calls), (Some(expected), calls(source)), "{}", source.id);
            assert!(took < Duration::from_secs(1));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn tries_are_counted_and_what_does_not_pass_is_tried_once() {
    for source in SOURCES {
        let (given, _) = timed(source, &Scripted::new([(500, None, String::new())]), patience(5, 3, 0)).await;
        assert_eq!((given.error, given.calls), (Some(SourceError::Unavailable(500)), calls(source) + 2), "{}", source.id);
        let (given, _) = timed(source, &Scripted::new([(401, None, String::new())]), patience(5, 3, 0)).await;
        assert_eq!((given.error, given.calls), (Some(SourceError::Unauthorized), calls(source)), "{}", source.id);
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_are_jittered_below_a_ceiling_that_doubles() {
    let source = providers::sources::source("viator").unwrap();
    // All bits set: 4,294,967,295 microseconds, modulo each ceiling of 100, 200, 400 ms.
    let (_, took) = timed(source, &Scripted::new([(500, None, String::new())]), patience(5, 4, 0xff)).await;
    let below = |ceiling: u64| Duration::from_micros(u64::from(u32::MAX) % (ceiling * 1_000));
    let expected = below(100) + below(200) + below(400);
    assert!(took >= expected && took < expected + Duration::from_millis(10), "{took:?} {expected:?}");
}

/// Answers so many calls from a list at once, and no other, for as long as it is waited for.
#[derive(Debug)]
struct Stalling(Scripted, Mutex<u32>);

impl Stalling {
    fn after(answered: u32, source: &Source) -> Self {
        let mut body = recorded(source.id);
        match source.id {
            "booking-demand" => body["metadata"] = json!({"next_page": "more"}),
            "seats-aero" => (body["hasMore"], body["cursor"]) = (json!(true), json!(1)),
            "viator" => body["products"]["totalCount"] = json!(4_000),
            "goibibo" | "makemytrip" => body["nextPage"] = json!("more"),
            _ => {}
        }
        Self(Scripted::new([(200, None, body.to_string())]), Mutex::new(answered))
    }
}

impl Outside for Stalling {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, OutsideError>> {
        let mut left = self.1.lock().unwrap();
        if call.request.uri().path() == "/oauth/token" {
            return self.0.send(call);
        }
        if let Some(fewer) = left.checked_sub(1) {
            *left = fewer;
            return self.0.send(call);
        }
        assert!(call.timeout <= CALL_TIMEOUT);
        Box::pin(async move {
            sleep(call.timeout).await;
            Err(OutsideError::Timeout)
        })
    }
}

/// Asks for three seconds, without patience.
async fn for_three_seconds(source: &Source, outside: &dyn Outside) -> Given {
    let begun = Instant::now();
    let given = ask_with(source, "http://x", SECRET, &Asking::within(outside, NOW, Duration::from_secs(3))).await;
    assert_eq!(begun.elapsed().as_millis(), 3_000, "{}", source.id);
    given
}

#[tokio::test(start_paused = true)]
async fn what_was_read_before_the_deadline_stays_and_what_was_broken_off_is_counted() {
    for source in ["booking-demand", "seats-aero", "viator", "goibibo", "makemytrip"] {
        let source = providers::sources::source(source).unwrap();
        let given = for_three_seconds(source, &Stalling::after(1, source)).await;
        assert_eq!((given.outcome, given.error), (SourceOutcome::Partial, Some(SourceError::Timeout)), "{}", source.id);
        assert_eq!(given.calls, calls(source) + 1, "{}", source.id);
        assert!(!given.offers.is_empty(), "{}", source.id);
    }
}

#[tokio::test(start_paused = true)]
async fn of_several_calls_at_once_those_that_were_answered_count() {
    let duffel = Duffel::new("http://x", "t".to_owned().into());
    let stalling = Stalling(Scripted::new([(200, None, r#"{"data": {"offers": []}}"#.to_owned())]), Mutex::new(3));
    let query = query(&["LHR"], &["JFK"], ("2020-06-01", "2020-06-07"), &[Cabin::Economy]);
    let days: Vec<Date> = query.days().0.series(jiff::Span::new().days(1)).take(7).collect();
    let found = duffel.fares(&Asking::within(&stalling, NOW, Duration::from_secs(3)), &query, &days).await;
    assert_eq!((found.outcome, found.error), (SourceOutcome::Partial, Some(SourceError::Timeout)));
    assert_eq!(found.calls, 7, "three answers, and four that were under way");
}

#[tokio::test(start_paused = true)]
async fn who_has_nothing_by_the_deadline_is_late() {
    for source in SOURCES {
        let given = for_three_seconds(source, &Stalling::after(0, source)).await;
        assert_eq!((given.outcome, given.offers.len()), (SourceOutcome::Failed, 0), "{}", source.id);
        assert_eq!((given.calls, given.error.as_ref()), (calls(source), Some(&SourceError::Timeout)), "{}", source.id);
        assert_eq!(given.error.map(|error| error.cause()), Some(Cause::Late));
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_nobody_is_asked() {
    for source in SOURCES {
        let script = Scripted::new([(200, None, recorded(source.id).to_string())]);
        let given = ask_with(source, "http://x", SECRET, &Asking::within(&script, NOW, Duration::ZERO)).await;
        assert_eq!((given.outcome, given.calls), (SourceOutcome::Failed, 0), "{}", source.id);
        assert_eq!(given.error, Some(SourceError::Timeout), "{}", source.id);
    }
}

#[tokio::test(start_paused = true)]
async fn a_repetition_has_what_is_left_of_the_time() {
    let source = providers::sources::source("viator").unwrap();
    let (script, begun) = (Scripted::new([(429, Some("4"), String::new())]), Instant::now());
    let (given, took) = timed(source, &script, patience(10, 9, 0)).await;
    assert_eq!((given.calls, took.as_secs()), (3, 8), "a third pause would end too late: {:?}", begun.elapsed());
    assert_eq!(given.error, Some(SourceError::RateLimited { retry_after: Some(Duration::from_secs(4)) }));
}

#[test]
fn a_member_waits_shorter_than_a_message() {
    let chance = Always(0);
    let (member, message) = (Patience::of_a_member(&chance), Patience::of_a_message(&chance));
    assert!(member.tries < message.tries && member.longest < message.longest);
}
