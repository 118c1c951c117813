//! With patience, what passes with time is tried again: inside a deadline, with jitter, and not before the source wants it. The
//! clock stands still but for what is waited for, and answers come from a list instead of a socket.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use domain::search::SourceOutcome;
use futures::future::BoxFuture;
use http::Response;
use platform::{
    chance::Chance,
    outside::{Call, Outside, OutsideError},
};
use providers::{
    Patience, SourceError,
    sources::{Adapter, SOURCES, Source},
};
use tokio::time::Instant;

use crate::support::{Given, ask_patiently, calls, recorded};

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

fn patience(within: u64, tries: u32, jitter: u8) -> Patience {
    Patience { within: Duration::from_secs(within), tries, chance: Arc::new(Always(jitter)) }
}

/// The sources that can be asked with patience: those that a queue's worker asks wait for its redelivery instead.
fn patient() -> impl Iterator<Item = &'static Source> {
    let is_patient = |source: &&Source| match (source.connect)("http://x", "a:b".to_owned().into()) {
        Adapter::LeadIns(_) | Adapter::Stays(_) | Adapter::Activities(_) => true,
        Adapter::Awards(_) | Adapter::Fares(_) => false,
    };
    SOURCES.iter().filter(is_patient)
}

async fn timed(source: &Source, script: &Scripted, patience: &Patience) -> (Given, Duration) {
    let begun = Instant::now();
    let given = ask_patiently(source, "http://x", script, patience).await;
    (given, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again() {
    for source in patient() {
        let script =
            Scripted::new([(503, None, String::new()), (429, None, String::new()), (200, None, recorded(source.id).to_string())]);
        let (given, took) = timed(source, &script, &patience(10, 4, 0)).await;
        assert_eq!((given.outcome, given.calls), (SourceOutcome::Complete, calls(source) + 2), "{}", source.id);
        assert!(!given.offers.is_empty() && took < Duration::from_millis(10), "{} {took:?}", source.id);
    }
}

#[tokio::test(start_paused = true)]
async fn the_source_says_when() {
    for source in patient() {
        let script = Scripted::new([(429, Some("7"), String::new()), (200, None, recorded(source.id).to_string())]);
        let (given, took) = timed(source, &script, &patience(10, 4, 0)).await;
        assert_eq!((given.outcome, took.as_secs()), (SourceOutcome::Complete, 7), "{}", source.id);
    }
}

#[tokio::test(start_paused = true)]
async fn what_would_take_too_long_is_not_waited_for() {
    for source in patient() {
        let script = Scripted::new([(429, Some("3600"), String::new())]);
        let (given, took) = timed(source, &script, &patience(10, 4, 0)).await;
        let expected = SourceError::RateLimited { retry_after: Some(Duration::from_secs(3600)) };
        assert_eq!((given.error, given.calls), (Some(expected), calls(source)), "{}", source.id);
        assert!(took < Duration::from_secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn tries_are_counted_and_what_does_not_pass_is_tried_once() {
    for source in patient() {
        let (given, _) = timed(source, &Scripted::new([(500, None, String::new())]), &patience(60, 3, 0)).await;
        assert_eq!((given.error, given.calls), (Some(SourceError::Unavailable(500)), calls(source) + 2), "{}", source.id);
        let (given, _) = timed(source, &Scripted::new([(401, None, String::new())]), &patience(60, 3, 0)).await;
        assert_eq!((given.error, given.calls), (Some(SourceError::Unauthorized), calls(source)), "{}", source.id);
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_are_jittered_below_a_ceiling_that_doubles() {
    let source = providers::sources::source("viator").unwrap();
    // All bits set: 4,294,967,295 microseconds, modulo each ceiling of 100, 200, 400 ms.
    let (_, took) = timed(source, &Scripted::new([(500, None, String::new())]), &patience(60, 4, 0xff)).await;
    let below = |ceiling: u64| Duration::from_micros(u64::from(u32::MAX) % (ceiling * 1_000));
    let expected = below(100) + below(200) + below(400);
    assert!(took >= expected && took < expected + Duration::from_millis(10), "{took:?} {expected:?}");
}
