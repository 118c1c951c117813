//! A change is all or nothing, and holds only under its conditions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use domain::{
    events::{WatcherCreated, WatcherDeleted},
    identity::Member,
};
use futures::future::join_all;
use storage::{
    Change, MASTER_SHARDS, MemberKey, OUTBOX_SHARDS, Receipt, ReceiptId, Store, StoreError, StoredReply, WatcherQuota,
};
use storage_tests::*;

async fn outbox(store: &Store) -> Vec<String> {
    let mut events = Vec::new();
    for shard in 0..OUTBOX_SHARDS {
        events.extend(store.outbox(shard, 100, None).await.unwrap().items.into_iter().map(|item| item.event));
    }
    events
}

fn created(n: u128) -> WatcherCreated {
    WatcherCreated { tenant: "demo".parse().unwrap(), member: id(1), watcher: id(n) }
}

fn receipt(key: &str, body_hash: &str) -> Receipt {
    Receipt {
        id: ReceiptId { owner: owner(1), operation: "POST /v1/watchers".into(), key_hash: key.into() },
        body_hash: body_hash.into(),
        reply: StoredReply { status: 201, etag: None, location: Some("/v1/watchers/x".into()), body: "{}".into() },
        at: at("2026-02-17T19:24:00Z"),
    }
}

#[tokio::test]
async fn what_exists_is_not_created_again_and_nothing_of_the_change_happens() {
    let stored = stored();
    let mut watcher = watcher(&member(1), 1, "DXB");
    stored.store.commit(Change::new().create(&mut watcher)).await.unwrap();
    let again = Change::new().create(&mut watcher.clone()).emit(&created(1), id(1), at("2026-02-17T19:24:00Z"));
    assert_eq!(stored.store.commit(again).await, Err(StoreError::Exists));
    assert_eq!(outbox(&stored.store).await, Vec::<String>::new());
}

#[tokio::test]
async fn of_two_changes_of_one_version_the_second_is_refused() {
    let stored = stored();
    let mut first = watcher(&member(1), 1, "DXB");
    stored.store.commit(Change::new().create(&mut first)).await.unwrap();
    let mut second = stored.store.watcher_of(&owner(1), id(1)).await.unwrap().unwrap();
    stored.store.commit(Change::new().update(&mut first)).await.unwrap();
    assert_eq!(stored.store.commit(Change::new().update(&mut second)).await, Err(StoreError::Changed));
    let mut second = stored.store.watcher_of(&owner(1), id(1)).await.unwrap().unwrap();
    assert_eq!(second.version, 2);
    assert_eq!(stored.store.commit(Change::new().delete(&mut second.clone())).await, Ok(()));
    assert_eq!(stored.store.commit(Change::new().update(&mut second)).await, Err(StoreError::Changed), "it is gone");
}

#[tokio::test]
async fn a_deletion_and_a_check_hold_only_for_the_version_that_was_read() {
    let stored = stored();
    let mut read = watcher(&member(1), 1, "DXB");
    stored.store.commit(Change::new().create(&mut read)).await.unwrap();
    let mut stale = read.clone();
    stored.store.commit(Change::new().update(&mut read)).await.unwrap();
    assert_eq!(stored.store.commit(Change::new().delete(&mut stale)).await, Err(StoreError::Changed));
    assert_eq!(
        stored.store.commit(Change::new().provided(&mut stale).create(&mut watcher(&member(1), 2, "DXB"))).await,
        Err(StoreError::Changed)
    );
    assert_eq!(stored.store.commit(Change::new().provided(&mut read).create(&mut watcher(&member(1), 2, "DXB"))).await, Ok(()));
}

#[tokio::test]
async fn of_racing_creations_only_as_many_pass_as_the_plan_allows() {
    let stored = stored();
    let quota = WatcherQuota { owner: owner(1) };
    let attempt = |n: u128| {
        let (store, quota) = (&stored.store, &quota);
        async move {
            loop {
                let change = Change::new().create(&mut watcher(&member(1), n, "DXB")).take(quota, 3);
                match store.commit(change).await {
                    Err(StoreError::Contended) => {}
                    result => return result,
                }
            }
        }
    };
    let results = join_all((0..20).map(attempt)).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(StoreError::LimitReached))), "{results:?}");
    assert_eq!(stored.store.watchers_of(&owner(1), 100, None).await.unwrap().items.len(), 3);

    let mut one = stored.store.watchers_of(&owner(1), 1, None).await.unwrap().items.remove(0);
    stored.store.commit(Change::new().delete(&mut one).give_back(&quota)).await.unwrap();
    assert_eq!(attempt(77).await, Ok(()), "one was given back");
    assert_eq!(attempt(78).await, Err(StoreError::LimitReached));
}

#[tokio::test]
async fn of_fifty_concurrent_requests_with_one_key_one_is_carried_out() {
    let stored = stored();
    let attempts = (0..50_u128).map(|n| {
        let store = &stored.store;
        async move {
            let mut watcher = watcher(&member(1), n, "DXB");
            let change = Change::new().create(&mut watcher).emit(&created(n), id(n), at("2026-02-17T19:24:00Z"));
            loop {
                match store.commit(change_again(&change, n).receipt(Some(&receipt("k", "b")))).await {
                    Err(StoreError::Contended) => {}
                    result => return result,
                }
            }
        }
    });
    let results = join_all(attempts).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert_eq!(results.iter().filter(|result| **result == Err(StoreError::Replayed)).count(), 49);
    assert_eq!(stored.store.watchers_of(&owner(1), 100, None).await.unwrap().items.len(), 1);
    assert_eq!(outbox(&stored.store).await, ["WatcherCreated"]);
}

/// The same change once more: a change is used up by committing it.
fn change_again(_: &Change, n: u128) -> Change {
    Change::new().create(&mut watcher(&member(1), n, "DXB")).emit(&created(n), id(n), at("2026-02-17T19:24:00Z"))
}

#[tokio::test]
async fn a_replay_is_told_before_any_other_reason() {
    let stored = stored();
    let mut watcher = watcher(&member(1), 1, "DXB");
    stored.store.commit(Change::new().create(&mut watcher).receipt(Some(&receipt("k", "b")))).await.unwrap();
    let again = Change::new().create(&mut watcher.clone()).receipt(Some(&receipt("k", "b")));
    assert_eq!(stored.store.commit(again).await, Err(StoreError::Replayed));
}

#[tokio::test]
async fn a_receipt_counts_for_a_day() {
    let stored = stored();
    let receipt = receipt("k", "b");
    stored.store.commit(Change::new().receipt(Some(&receipt))).await.unwrap();
    assert_eq!(stored.store.receipt(&receipt.id, at("2026-02-18T19:23:59Z")).await.unwrap().as_ref(), Some(&receipt));
    assert_eq!(stored.store.receipt(&receipt.id, at("2026-02-18T19:24:00Z")).await.unwrap(), None);
}

#[tokio::test]
async fn more_than_a_transaction_holds_is_refused_whole() {
    let stored = stored();
    let change = (0..101).fold(Change::new(), |change, n| change.create(&mut watcher(&member(1), n, "DXB")));
    assert_eq!(stored.store.commit(change).await, Err(StoreError::TooLarge));
}

#[tokio::test]
async fn handles_and_hosts_are_unique_whatever_their_case() {
    let stored = stored();
    let create = async |mut member: Member, email: u8| {
        let mut key = member_key(&member);
        stored.store.commit(Change::new().create_member(&mut member, &email_hash(email), &mut key)).await
    };
    create(member(1), 1).await.unwrap();
    let mut other = member(2);
    other.handle = "MEMBER1".parse().unwrap();
    assert_eq!(create(other, 2).await, Err(StoreError::Exists));
    assert_eq!(stored.store.member(&owner(2)).await.unwrap(), None);
    let found = stored.store.member_of_handle(&"demo".parse().unwrap(), &"Member1".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(found.id(), id(1));
}

#[tokio::test]
async fn an_address_is_one_members_and_finds_them() {
    let stored = stored();
    let tenant = "demo".parse().unwrap();
    for (n, email, result) in [(1, 7, Ok(())), (2, 7, Err(StoreError::Exists)), (2, 8, Ok(()))] {
        let mut member = member(n);
        let mut key = member_key(&member);
        let change = Change::new().create_member(&mut member, &email_hash(email), &mut key);
        assert_eq!(stored.store.commit(change).await, result, "member {n}, address {email}");
    }
    assert_eq!(stored.store.owner_of_email(&tenant, &email_hash(7)).await.unwrap(), Some(owner(1)));
    assert_eq!(stored.store.member_of_email(&tenant, &email_hash(8)).await.unwrap().unwrap().id(), id(2));
    assert_eq!(stored.store.member_of_email(&tenant, &email_hash(9)).await.unwrap(), None);
    let elsewhere = "other".parse().unwrap();
    assert_eq!(stored.store.owner_of_email(&elsewhere, &email_hash(7)).await.unwrap(), None, "each tenant has its own");
    assert_eq!(stored.store.member_key(&owner(1)).await.unwrap().unwrap().owner, owner(1));
}

#[tokio::test]
async fn keys_are_found_by_their_master() {
    let stored = stored();
    for n in 1..=20 {
        let key = MemberKey { master: if n % 2 == 0 { "even" } else { "odd" }.to_owned(), ..member_key(&member(n)) };
        stored.store.commit(Change::new().create(&mut key.clone())).await.unwrap();
    }
    let mut found = Vec::new();
    for shard in 0..MASTER_SHARDS {
        let mut after = None;
        loop {
            let page = stored.store.wrapped_by("even", shard, 1, after.as_deref()).await.unwrap();
            found.extend(page.items.into_iter().map(|key| key.owner.member));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    found.sort_unstable();
    assert_eq!(found, (1..=10).map(|n| id(2 * n)).collect::<Vec<_>>());
}

#[tokio::test]
async fn published_events_leave_the_outbox_and_the_others_stay() {
    let stored = stored();
    let now = at("2026-02-17T19:24:00Z");
    let deleted = WatcherDeleted { tenant: "demo".parse().unwrap(), member: id(1), watcher: id(1) };
    let change = (0..40).fold(Change::new(), |change, n| change.emit(&deleted, id(n), now));
    stored.store.commit(change).await.unwrap();
    let mut left = 40;
    for shard in 0..OUTBOX_SHARDS {
        let waiting = stored.store.outbox(shard, 100, None).await.unwrap().items;
        let (gone, _) = waiting.split_at(waiting.len() / 2);
        stored.store.published(gone).await.unwrap();
        left -= gone.len();
    }
    assert_eq!(outbox(&stored.store).await.len(), left);
}

#[tokio::test]
async fn what_has_expired_is_removed_by_our_clock_and_no_earlier() {
    let stored = stored();
    let receipt = receipt("k", "b");
    stored.store.commit(Change::new().receipt(Some(&receipt)).create(&mut watcher(&member(1), 1, "DXB"))).await.unwrap();
    let count = async || stored.dynamo.scan().table_name("core").send().await.unwrap().count();
    stored.engine.sweep(at("2026-02-18T19:23:00Z")).unwrap();
    assert_eq!(count().await, 2);
    stored.engine.sweep(at("2026-02-18T19:25:00Z")).unwrap();
    assert_eq!(count().await, 1, "the receipt is gone, the watcher stays");
}
