//! What is kept about answers: marks, counts, what is due, and what their houses are called.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use domain::{
    caching::{Counted, Doubt, MANY, Mark, NOTED, Stock, Unread},
    flights::SourceId,
    properties::{HouseContent, Listing, ListingKey},
    search::SearchKey,
    sources::{KeyScope, Vertical},
    time::Slot,
};
use jiff::{SignedDuration, Timestamp, civil::date};
use storage::{
    Asker, CacheCount, CacheCounts, Change, DUE_ANSWER_SHARDS, DueAnswer, KeptMark, Store, StoreError, WarmingHour, WarmingShare,
};
use storage_tests::{at, stored};

fn mark(instant: Timestamp, property: u32) -> KeptMark {
    let stock = Stock::Property(format!("p{property}"));
    KeptMark {
        vertical: Vertical::Stays,
        teller: None,
        mark: Mark { at: instant, doubt: Doubt::Stock { source: None, stock, days: None } },
    }
}

async fn set(store: &Store, mark: &KeptMark) {
    store.commit(Change::new().set(mark)).await.unwrap();
}

#[tokio::test]
async fn marks_are_read_since_an_instant_and_each_is_one() {
    let stored = stored();
    let store = &stored.store;
    let noon = at("2026-02-17T12:00:00.500Z");
    let millisecond = SignedDuration::from_millis(1);
    for mark in [mark(noon - millisecond, 1), mark(noon, 2), mark(noon, 3), mark(noon + millisecond, 2), mark(noon, 2)] {
        set(store, &mark).await;
    }
    let since = async |instant| store.marks(Vertical::Stays, &[], instant).await.unwrap().latest.len();
    assert_eq!((since(noon - millisecond).await, since(noon).await, since(noon + millisecond).await), (4, 3, 1));
    assert_eq!(since(noon + millisecond + millisecond).await, 0);
    assert_eq!(store.marks(Vertical::Flights, &[], Timestamp::MIN).await.unwrap().latest, []);
}

#[tokio::test]
async fn of_more_marks_than_are_looked_at_the_latest_are_known_and_what_is_older_is_not_believed() {
    let stored = stored();
    let begun = at("2026-02-17T12:00:00Z");
    for minute in 0..201 {
        set(&stored.store, &mark(begun + SignedDuration::from_mins(minute), 1)).await;
    }
    let all = stored.store.marks(Vertical::Stays, &[], begun).await.unwrap();
    assert_eq!((all.latest.len(), all.unread), (200, vec![Unread { teller: None, until: begun + SignedDuration::from_mins(1) }]));
    let later = stored.store.marks(Vertical::Stays, &[], begun + SignedDuration::from_mins(2)).await.unwrap();
    assert_eq!((later.latest.len(), later.unread), (199, vec![]));
}

#[tokio::test]
async fn however_much_a_source_tells_it_hides_no_mark_of_others() {
    let stored = stored();
    let begun = at("2026-02-17T12:00:00Z");
    let (oyo, goibibo): (SourceId, SourceId) = ("oyo".parse().unwrap(), "goibibo".parse().unwrap());
    set(&stored.store, &mark(begun, 1)).await;
    set(&stored.store, &KeptMark { teller: Some(goibibo.clone()), ..mark(begun, 2) }).await;
    for minute in 1..=201 {
        let mark = mark(begun + SignedDuration::from_mins(minute), 3);
        set(&stored.store, &KeptMark { teller: Some(oyo.clone()), ..mark }).await;
    }
    let of = async |tellers: &[&SourceId]| {
        let marks = stored.store.marks(Vertical::Stays, tellers, begun).await.unwrap();
        (marks.latest.len(), marks.unread)
    };
    let unread = Unread { teller: Some(oyo.clone()), until: begun + SignedDuration::from_mins(2) };
    assert_eq!(of(&[]).await, (1, vec![]));
    assert_eq!(of(&[&goibibo]).await, (2, vec![]));
    assert_eq!(of(&[&oyo, &goibibo]).await, (202, vec![unread]));
}

fn key() -> SearchKey {
    "0f1e2d3c4b5a69788796a5b4c3d2e1f0".parse().unwrap()
}

#[tokio::test]
async fn searches_are_counted_by_hour() {
    let stored = stored();
    let store = &stored.store;
    let evening = at("2026-02-17T23:30:00Z");
    let count = async |instant, counted, searches| {
        let count = CacheCount { at: instant, vertical: Vertical::Flights, counted };
        store.commit(Change::new().count(&count, searches, u32::MAX)).await.unwrap();
    };
    count(evening - SignedDuration::from_hours(48), Counted::Hit, 1_000).await;
    count(evening, Counted::Hit, 16).await;
    count(evening, Counted::Hit, 16).await;
    count(evening + SignedDuration::from_hours(1), Counted::Miss, 1).await;
    let hit = CacheCounts { hour: 23, vertical: Vertical::Flights, counted: Counted::Hit, searches: 32 };
    assert_eq!(store.cache_counts(date(2026, 2, 17)).await.unwrap(), [hit]);
    assert_eq!(store.cache_counts(date(2026, 2, 18)).await.unwrap()[0].hour, 0);
}

#[tokio::test]
async fn what_counts_is_how_many_members_ask_and_not_how_often() {
    let stored = stored();
    let (store, everyone) = (&stored.store, KeyScope::Deployment);
    let now = at("2026-02-17T23:30:00Z");
    let ask = async |who: &str, at| {
        let asker = Asker { scope: everyone.clone(), key: key(), who: who.to_owned(), at };
        store.commit(Change::new().set(&asker)).await.unwrap();
    };
    for minute in 0..100 {
        ask("0f1e2d3c4b5a6978", now - SignedDuration::from_mins(minute)).await;
    }
    let asked = store.asked_lately(&everyone, &key(), now).await.unwrap();
    assert!(asked == u32::from(NOTED) && asked < MANY, "one member alone makes nothing popular: {asked}");
    ask("1f1e2d3c4b5a6978", now).await;
    assert!(store.asked_lately(&everyone, &key(), now).await.unwrap() >= MANY);
    assert_eq!(store.asked_lately(&everyone, &key(), now + SignedDuration::from_hours(48)).await.unwrap(), 0);
    assert_eq!(store.asked_lately(&KeyScope::Tenant("demo".parse().unwrap()), &key(), now).await.unwrap(), 0);
}

#[tokio::test]
async fn those_who_asked_long_ago_hide_nobody_who_asked_lately() {
    let stored = stored();
    let (store, now) = (&stored.store, at("2026-02-17T23:30:00Z"));
    let ask = async |n: u64, at| {
        let asker = Asker { scope: KeyScope::Deployment, key: key(), who: format!("{n:016x}"), at };
        store.commit(Change::new().set(&asker)).await.unwrap();
    };
    // Some more than a page of them, and they come first.
    for n in 0..60 {
        ask(n, now - SignedDuration::from_hours(48)).await;
    }
    for n in 60..63 {
        ask(n, now).await;
    }
    let asked = store.asked_lately(&KeyScope::Deployment, &key(), now).await.unwrap();
    assert_eq!(asked, 3 * u32::from(NOTED));
}

#[tokio::test]
async fn what_is_due_is_found_in_its_minute_and_once() {
    let stored = stored();
    let noon = at("2026-02-17T12:00:30Z");
    let due = DueAnswer {
        due: Slot::of(noon),
        scope: KeyScope::Deployment,
        key: key(),
        vertical: Vertical::Flights,
        tenant: "demo".parse().unwrap(),
        asked: 40,
        calls: 2,
    };
    for _ in 0..2 {
        stored.store.commit(Change::new().set(&due)).await.unwrap();
    }
    let found = async |instant| {
        let mut found = Vec::new();
        for shard in 0..DUE_ANSWER_SHARDS {
            found.extend(stored.store.due_answers(shard, instant, 10).await.unwrap());
        }
        found
    };
    assert_eq!(found(at("2026-02-17T11:59:59Z")).await, []);
    assert_eq!(found(at("2026-02-17T12:00:00Z")).await, std::slice::from_ref(&due));
    stored.store.commit(Change::new().forget(&due)).await.unwrap();
    assert_eq!(found(noon).await, []);
}

#[tokio::test]
async fn what_is_set_aside_of_a_budget_is_taken_once_and_settled_once() {
    let stored = stored();
    let share = |key: &str, calls| {
        let (scope, key) = (KeyScope::Deployment, key.parse().unwrap());
        WarmingShare { at: at("2026-02-17T12:10:00Z"), scope, key, calls, version: 0 }
    };
    let commit = async |change| stored.store.commit(change).await;
    let (mut first, mut second) = (share(&"1".repeat(32), 6), share(&"2".repeat(32), 4));
    assert_eq!(commit(first.take(9)).await, Ok(()));
    assert_eq!(commit(share(&"1".repeat(32), 1).take(9)).await, Err(StoreError::Exists));
    assert_eq!(commit(second.clone().take(9)).await, Err(StoreError::LimitReached), "of both or of neither");
    assert_eq!(commit(first.clone().settle(1)).await, Ok(()));
    assert_eq!(commit(first.settle(1)).await, Err(StoreError::Changed));
    assert_eq!(commit(share(&"1".repeat(32), 1).take(9)).await, Err(StoreError::Exists), "for this hour it was asked for");
    assert_eq!(commit(second.take(9)).await, Ok(()));
    assert_eq!(commit(second.settle(8)).await, Ok(()), "what was spent beyond counts, too");
    assert_eq!(commit(share(&"3".repeat(32), 1).take(9)).await, Err(StoreError::LimitReached));
}

#[tokio::test]
async fn an_hours_budget_is_not_passed_and_the_next_has_its_own() {
    let stored = stored();
    let take =
        async |instant: &str, calls| stored.store.commit(Change::new().count(&WarmingHour { at: at(instant) }, calls, 10)).await;
    assert_eq!(take("2026-02-17T12:10:00Z", 7).await, Ok(()));
    assert_eq!(take("2026-02-17T12:50:00Z", 4).await, Err(StoreError::LimitReached));
    assert_eq!(take("2026-02-17T12:59:59Z", 3).await, Ok(()));
    assert_eq!(take("2026-02-17T13:00:00Z", 10).await, Ok(()));
}

#[tokio::test]
async fn what_is_said_of_houses_is_read_by_those_whose_answers_name_them_and_the_last_word_counts() {
    let stored = stored();
    let store = &stored.store;
    let key = |reference: usize| ListingKey {
        source: "expedia-rapid".parse().unwrap(),
        reference: reference.to_string().parse().unwrap(),
    };
    let named = |reference: usize, name: &str| Listing { name: Some(name.to_owned()), ..Listing::bare(key(reference)) };
    let own = KeyScope::Tenant("demo".parse().unwrap());
    let content = |scope: &KeyScope, listing: Listing| HouseContent { scope: scope.clone(), listing, at: Timestamp::UNIX_EPOCH };
    // More than are read side by side.
    let all = (0..25).fold(Change::new(), |change, n| change.set(&content(&KeyScope::Deployment, named(n, "Hotel Adler"))));
    store.commit(all).await.unwrap();
    store.commit(Change::new().set(&content(&KeyScope::Deployment, named(7, "Hotel Falke")))).await.unwrap();
    store.commit(Change::new().set(&content(&own, named(30, "Villa Rosa")))).await.unwrap();
    let asked: BTreeSet<ListingKey> = (0..40).map(key).collect();
    let everyones = store.house_contents(&KeyScope::Deployment, &asked).await.unwrap();
    assert_eq!((everyones.len(), everyones[&key(7)].listing.name.as_deref()), (25, Some("Hotel Falke")));
    let theirs = store.house_contents(&own, &asked).await.unwrap();
    assert_eq!(theirs.into_keys().collect::<Vec<_>>(), [key(30)]);
    assert!(store.house_contents(&own, &BTreeSet::new()).await.unwrap().is_empty());
}
