//! What is under way is held for as long as it may take, to the millisecond, and whoever dies holds it no longer.
#![allow(clippy::unwrap_used, reason = "tests")]

use domain::{
    answers::SearchAnswer,
    search::{SearchKey, SearchQuery},
    sources::KeyScope,
};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use storage::{Held, Store, Turn};
use storage_tests::{answer, at, offer, stored};

const LEASE: SignedDuration = SignedDuration::from_secs(150);
const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

fn key() -> SearchKey {
    answer(Vec::new(), "2026-02-17T19:24:00Z").query.key()
}

async fn hold(store: &Store, now: Timestamp) -> Option<Held> {
    store.take_turn(Turn::Now, (&KeyScope::Deployment, &key()), now, LEASE).await.unwrap()
}

async fn take(store: &Store, now: Timestamp) -> bool {
    hold(store, now).await.is_some()
}

async fn keep(store: &Store, answer: &SearchAnswer) {
    store.keep_answer(&KeyScope::Deployment, &answer.query.key(), answer).await.unwrap();
}

async fn found(store: &Store) -> SearchAnswer {
    store.answer::<SearchQuery>(&KeyScope::Deployment, &key()).await.unwrap().unwrap()
}

#[tokio::test]
async fn who_asks_a_question_holds_it_for_as_long_as_it_may_take_and_not_a_millisecond_longer() {
    let stored = stored();
    let began = at("2026-02-17T19:24:00.123Z");
    assert!(take(&stored.store, began).await);
    for early in [SignedDuration::ZERO, MILLISECOND, SignedDuration::from_secs(149), LEASE - MILLISECOND] {
        assert!(!take(&stored.store, began + early).await, "{early}");
    }
    assert!(take(&stored.store, began + LEASE).await, "who died holds it no longer");
    assert!(!take(&stored.store, began + LEASE + MILLISECOND).await, "who took it over holds it as long");
}

#[tokio::test]
async fn who_is_done_gives_it_back_and_takes_it_from_nobody() {
    let stored = stored();
    let began = at("2026-02-17T19:24:00.123Z");
    let first = hold(&stored.store, began).await.unwrap();
    stored.store.give_turn_back(first, began).await.unwrap();
    let second = hold(&stored.store, began).await.unwrap();
    // The second took too long, and a third has it.
    let third = hold(&stored.store, began + LEASE).await.unwrap();
    stored.store.give_turn_back(second, began + LEASE).await.unwrap();
    assert!(!take(&stored.store, began + LEASE).await, "the third's was taken away");
    stored.store.give_turn_back(third, began + LEASE).await.unwrap();
    assert!(take(&stored.store, began + LEASE).await);
}

#[tokio::test]
async fn of_fifty_at_once_one_asks() {
    let stored = stored();
    let now = at("2026-02-17T19:24:00Z");
    let taken = join_all((0..50).map(|_| take(&stored.store, now))).await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
}

#[tokio::test]
async fn a_clock_at_its_ends_takes_no_lease_that_never_ends() {
    let stored = stored();
    assert!(take(&stored.store, Timestamp::MIN).await);
    assert!(take(&stored.store, at("2026-02-17T19:24:00Z")).await, "a lease of the distant past is over");
}

#[tokio::test]
async fn an_answer_that_comes_late_does_not_hide_a_later_one() {
    let stored = stored();
    let (early, late) = ("2026-02-17T19:24:00.001Z", "2026-02-17T19:24:00.002Z");
    keep(&stored.store, &answer(vec![offer("QR740", 40_000)], late)).await;
    keep(&stored.store, &answer(Vec::new(), early)).await;
    let kept = found(&stored.store).await;
    assert_eq!((kept.asked_at, kept.offers().count()), (at(late), 1));
    // The same one again, as when an answer of the store was lost.
    keep(&stored.store, &answer(Vec::new(), late)).await;
    assert!(found(&stored.store).await.offers().next().is_none());
}
