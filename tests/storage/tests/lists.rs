//! Lists come in their order, page by page, and indexes hold what belongs in them and no more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use domain::{search::SearchQuery, sources::KeyScope, time::Slot, watchers::Watcher};
use storage::{Change, DUE_SHARDS, Observation, Sighting, Store, StoreError};
use storage_tests::*;

async fn save(store: &Store, watcher: &mut Watcher) {
    store.commit(Change::new().save(watcher)).await.unwrap();
}

async fn due(store: &Store, now: &str) -> Vec<(u16, Slot, String)> {
    let mut due = Vec::new();
    for shard in 0..DUE_SHARDS {
        let mut after = None;
        loop {
            let page = store.due_watchers(shard, at(now), 2, after.as_deref()).await.unwrap();
            due.extend(page.items.into_iter().map(|due| (shard, due.slot, due.watcher.search_key.to_string())));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    due
}

#[tokio::test]
async fn every_item_is_on_exactly_one_page() {
    let stored = stored();
    for n in 0..25 {
        save(&stored.store, &mut watcher(&member(1), n, "DXB")).await;
    }
    save(&stored.store, &mut watcher(&member(2), 99, "DXB")).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = stored.store.watchers_of(&owner(1), 10, after.as_deref()).await.unwrap();
        seen.extend(page.items.iter().map(|watcher| watcher.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..25).map(id).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_place_that_is_none_is_refused() {
    let stored = stored();
    assert_eq!(stored.store.watchers_of(&owner(1), 10, Some("junk")).await.err(), Some(StoreError::Cursor));
}

#[tokio::test]
async fn due_watchers_come_by_slot_and_search_and_leave_when_claimed() {
    let stored = stored();
    for (n, to) in ["DXB", "JFK", "DXB", "LHR", "JFK", "DXB"].into_iter().enumerate() {
        save(&stored.store, &mut watcher(&member(n as u128), n as u128, to)).await;
    }
    assert_eq!(due(&stored.store, "2026-02-17T19:24:00Z").await.len(), 0, "nothing is due yet");
    let all = due(&stored.store, "2026-02-17T20:30:00Z").await;
    assert_eq!(all.len(), 6);
    let searches: Vec<&String> = all.iter().map(|(_, _, key)| key).collect();
    let changes = searches.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(changes, 2, "watchers that share a search stand next to each other: {searches:?}");
    let slots: BTreeSet<(String, Slot)> = all.iter().map(|(_, slot, key)| (key.clone(), *slot)).collect();
    assert_eq!(slots.len(), 3, "and share its slot");

    let mut claimed = Vec::new();
    for shard in 0..DUE_SHARDS {
        for due in stored.store.due_watchers(shard, at("2026-02-17T20:30:00Z"), 100, None).await.unwrap().items {
            let mut watcher = due.watcher;
            assert!(watcher.take_run(due.slot, at("2026-02-17T20:30:00Z")));
            claimed.push(watcher);
        }
    }
    assert_eq!(stored.store.claim_runs(claimed.clone(), 4).await, Ok(0));
    assert_eq!(due(&stored.store, "2026-02-17T20:30:00Z").await, []);
    assert_eq!(stored.store.claim_runs(claimed, 4).await, Ok(6), "who comes second claims nothing");
}

#[tokio::test]
async fn a_paused_watcher_is_neither_due_nor_waiting() {
    let stored = stored();
    let mut watcher = watcher(&member(1), 1, "DXB");
    save(&stored.store, &mut watcher).await;
    let waiting = || stored.store.waiting_watchers(&watcher.owner.tenant, &watcher.search_key, 10, None);
    assert_eq!(waiting().await.unwrap().items.len(), 1);
    let mut paused = watcher.clone();
    paused.pause(at("2026-02-17T19:30:00Z")).unwrap();
    save(&stored.store, &mut paused).await;
    assert_eq!(waiting().await.unwrap().items.len(), 0);
    assert_eq!(due(&stored.store, "2026-02-18T20:30:00Z").await, []);
}

#[tokio::test]
async fn deals_come_best_first_and_gone_ones_do_not_come() {
    let stored = stored();
    let mut gone = deal("QR4", 95);
    for mut deal in [deal("QR1", 40), deal("QR2", 90), deal("QR3", 7), gone.clone()] {
        stored.store.commit(Change::new().create(&mut deal)).await.unwrap();
        gone.version = 1;
    }
    assert!(gone.gone(at("2026-02-18T00:00:00Z")));
    stored.store.commit(Change::new().update(&mut gone)).await.unwrap();
    let tenant = "demo".parse().unwrap();
    let first = stored.store.ranked_deals(&tenant, 2, None).await.unwrap();
    let rest = stored.store.ranked_deals(&tenant, 2, first.next.as_deref()).await.unwrap();
    let values: Vec<_> = first.items.iter().chain(&rest.items).map(|deal| deal.parts.value).collect();
    assert_eq!(values, [Some(90), Some(40), Some(7)]);
    assert_eq!(stored.store.deal(&tenant, gone.id).await.unwrap().map(|deal| deal.version), Some(2), "it can still be read");
    assert_eq!(stored.store.ranked_deals(&"other".parse().unwrap(), 10, None).await.unwrap().items.len(), 0);
}

#[tokio::test]
async fn a_search_knows_what_it_saw() {
    let stored = stored();
    let deal = deal("QR1", 50);
    let key = answer(Vec::new(), "2026-02-17T19:24:00Z").query.key();
    let sighting = Sighting {
        tenant: deal.tenant.clone(),
        search_key: key.clone(),
        deal: deal.id,
        deal_version: 1,
        source: "seats-aero".parse().unwrap(),
        ends: deal.ends(),
        version: 0,
    };
    stored.store.commit(Change::new().set(&sighting)).await.unwrap();
    let seen = stored.store.sightings(&deal.tenant, &key, 10, None).await.unwrap().items;
    assert_eq!(seen, std::slice::from_ref(&sighting));
    stored.store.commit(Change::new().forget(&sighting)).await.unwrap();
    assert_eq!(stored.store.sightings(&deal.tenant, &key, 10, None).await.unwrap().items, []);
}

#[tokio::test]
async fn the_latest_answer_is_kept_for_those_who_may_see_it() {
    let stored = stored();
    let late = answer(vec![offer("QR1", 40_000)], "2026-02-17T20:00:00Z");
    let early = answer(vec![], "2026-02-17T19:00:00Z");
    let key = late.query.key();
    let (everyone, demo) = (KeyScope::Deployment, KeyScope::Tenant("demo".parse().unwrap()));
    stored.store.keep_answer(&everyone, &key, &late).await.unwrap();
    stored.store.keep_answer(&everyone, &key, &early).await.unwrap();
    assert_eq!(stored.store.answer(&everyone, &key).await.unwrap(), Some(late));
    assert_eq!(stored.store.answer::<SearchQuery>(&demo, &key).await.unwrap(), None);
    stored.store.keep_answer(&demo, &key, &early).await.unwrap();
    assert_eq!(stored.store.answer(&demo, &key).await.unwrap(), Some(early));
}

#[tokio::test]
async fn an_answer_beyond_an_items_size_is_refused() {
    let stored = stored();
    // Numbers that do not repeat, so that compression does not help.
    let offers = (0..40_000_u64).map(|n| {
        let mut offer = offer("QR1", n.wrapping_mul(2_654_435_761) % 1_000_000_000);
        offer.reference = format!("{:x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        offer
    });
    let answer = answer(offers.collect(), "2026-02-17T20:00:00Z");
    assert_eq!(stored.store.keep_answer(&KeyScope::Deployment, &answer.query.key(), &answer).await, Err(StoreError::TooLarge));
}

#[tokio::test]
async fn the_same_price_seen_twice_is_one_observation() {
    let stored = stored();
    let answer = answer(vec![offer("QR1", 40_000), offer("QR2", 38_000), offer("QR3", 39_000)], "2026-02-17T20:00:00Z");
    let prices = Observation::of(&answer, &KeyScope::Deployment);
    assert_eq!(prices.len(), 1, "the cheapest of a route, day, cabin and programme");
    stored.store.observe(&prices).await.unwrap();
    stored.store.observe(&prices).await.unwrap();
    let count = async || stored.dynamo.scan().table_name("observations").send().await.unwrap().count();
    assert_eq!(count().await, 1);
    // What a tenant's own key has bought is no observation of all.
    for (tenant, items) in [("demo", 2), ("other", 3), ("demo", 3)] {
        let scope = KeyScope::Tenant(tenant.parse().unwrap());
        stored.store.observe(&Observation::of(&answer, &scope)).await.unwrap();
        assert_eq!(count().await, items);
    }
}
