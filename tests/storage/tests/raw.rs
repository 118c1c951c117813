//! What sources answered is given back to the byte, and expires.
#![allow(clippy::unwrap_used, reason = "tests")]

use storage::RawAnswer;
use storage_tests::{at, stored};

fn raw(second: &str, request: &str) -> RawAnswer {
    let (source, operation) = ("duffel".parse().unwrap(), "offer-requests".to_owned());
    let at = at(&format!("2026-02-17T19:24:{second}Z"));
    RawAnswer { source, operation, at, request: request.repeat(64), status: 200, bytes: 0, parts: 0 }
}

/// Bytes that don't compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

#[tokio::test]
async fn a_body_is_kept_in_as_many_items_as_it_takes() {
    let stored = stored();
    for (n, (body, parts)) in [(vec![], 1), (b"{}".repeat(1_000_000), 1), (noise(1_000_000), 3)].into_iter().enumerate() {
        let mut answer = raw(&format!("{n:02}"), "a");
        stored.store.keep_raw(&mut answer, &body).await.unwrap();
        assert_eq!(answer.parts, parts);
        assert!(stored.store.raw_body(&answer).await.unwrap() == Some(body));
    }
}

#[tokio::test]
async fn what_is_longer_than_is_kept_is_noted_without_its_body() {
    let stored = stored();
    let mut answer = raw("00", "a");
    stored.store.keep_raw(&mut answer, &noise(4_000_000)).await.unwrap();
    assert_eq!((answer.parts, stored.store.raw_body(&answer).await), (0, Ok(None)));
}

#[tokio::test]
async fn answers_of_a_day_are_listed_in_the_order_of_time_and_those_told_twice_once() {
    let stored = stored();
    for (second, request) in [("02", "a"), ("01", "b"), ("01", "a"), ("02", "a")] {
        stored.store.keep_raw(&mut raw(second, request), b"[]").await.unwrap();
    }
    let which = |operation| (raw("00", "a").source, operation, "2026-02-17".parse().unwrap());
    let (source, operation, day) = which("offer-requests");
    let first = stored.store.raw_answers((&source, operation, day), 2, None).await.unwrap();
    let rest = stored.store.raw_answers((&source, operation, day), 2, first.next.as_deref()).await.unwrap();
    let listed: Vec<String> =
        first.items.into_iter().chain(rest.items).map(|raw| format!("{} {}", raw.at, &raw.request[..1])).collect();
    assert_eq!(listed, ["2026-02-17T19:24:01Z a", "2026-02-17T19:24:01Z b", "2026-02-17T19:24:02Z a"]);
    let (source, operation, day) = which("offers");
    assert!(stored.store.raw_answers((&source, operation, day), 2, None).await.unwrap().items.is_empty());
}
