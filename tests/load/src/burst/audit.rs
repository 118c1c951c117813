//! Reads everything back that a burst has left behind, and panics at what is lost, doubled or left over. It goes member by
//! member, through the store's own access patterns.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{AlertId, DealId},
    notifications::{Alert, AlertState, Channel, DeliveryState},
    search::SearchKey,
    time::Slot,
    watchers::{Watcher, WatcherState},
};
use futures::{StreamExt, stream};
use local::machine::System;
use storage::{DUE_SHARDS, OUTBOX_SHARDS};

use super::{AT_ONCE, Burst, Space, address, owner, question};

/// The deals that each search found.
type Found = BTreeMap<SearchKey, Vec<DealId>>;

pub(super) async fn read_back(system: &System, space: &Space, burst: &Burst) {
    nothing_waits(system).await;
    each_search_was_asked_once(space, burst);
    let found = found(system, burst).await;
    stream::iter(burst.members()).for_each_concurrent(AT_ONCE, |number| member_was_told(system, burst, number, &found)).await;
    // With a mail of its own for each alert, as many mails as alerts means that none went out twice.
    assert_eq!(system.standins().mailbox().count().unwrap(), burst.alerts(), "mails");
}

/// Queues, dead letters, outbox and what is due: all empty.
async fn nothing_waits(system: &System) {
    for queue in system.standins().queues().stats().unwrap() {
        assert_eq!((queue.visible, queue.in_flight, queue.delayed), (0, 0, 0), "left on {}", queue.name);
    }
    for shard in 0..OUTBOX_SHARDS {
        assert!(system.store().outbox(shard, 1, None).await.unwrap().items.is_empty(), "events left in the outbox");
    }
    for shard in 0..DUE_SHARDS {
        let due = system.store().due_watchers(shard, system.now(), 1, None).await.unwrap();
        assert!(due.items.is_empty(), "watchers are still due");
    }
    assert!(system.store().due_deliveries(system.now(), 1).await.unwrap().is_empty(), "messages are still due");
    assert!(system.gatehouse().refusals().is_empty(), "functions did what they did not declare");
}

fn each_search_was_asked_once(space: &Space, burst: &Burst) {
    let once = (0..burst.searches).map(question).flat_map(|question| [("duffel", question), ("seats-aero", question.week())]);
    assert_eq!(space.asked(), once.map(|asked| (asked, 1)).collect(), "calls of the sources");
}

/// What each search found, and that it was recorded as run in the slot of those who wait for it.
async fn found(system: &System, burst: &Burst) -> Found {
    let asker = system.store().member(&owner(0)).await.unwrap().unwrap();
    let mut found = Found::new();
    for watcher in (0..burst.searches).map(|n| burst.watcher(&asker, n)) {
        let (tenant, key, slot) = (&asker.owner.tenant, watcher.search_key, watcher.next_run.unwrap());
        let run = system.store().search_run(tenant, &key, slot).await.unwrap().unwrap();
        assert_eq!((run.calls, run.offers, run.from_cache), (2, burst.deals, false), "a run of {key}");
        let sightings = system.store().sightings(tenant, &key, u8::MAX, None).await.unwrap().items;
        let deals: Vec<DealId> = sightings.iter().map(|sighting| sighting.deal).collect();
        assert_eq!(deals.len(), burst.deals as usize, "deals of {key}");
        found.insert(key, deals);
    }
    let distinct: BTreeSet<&DealId> = found.values().flatten().collect();
    assert_eq!(distinct.len(), (burst.searches * burst.deals) as usize, "each search has its own deals");
    found
}

/// Each of a member's watchers has run once, and remembers its deals; there is an alert for each, and no other.
async fn member_was_told(system: &System, burst: &Burst, number: u32, found: &Found) {
    let member = system.store().member(&owner(number)).await.unwrap().unwrap();
    let mut expected = BTreeSet::new();
    for planted in burst.watchers_of(&member, number) {
        watcher_ran_once(system, &planted).await;
        for deal in &found[&planted.search_key] {
            let remembered = system.store().match_of(&planted, *deal).await.unwrap().unwrap();
            assert_eq!((remembered.seen_version, remembered.version), (1, 1), "{} judged it once", planted.id);
            assert!(expected.insert(Alert::id_for(planted.id, *deal, 1)));
        }
    }
    let alerts = system.store().alerts_of(&member.owner, u8::MAX, None).await.unwrap().items;
    let ids: BTreeSet<AlertId> = alerts.iter().map(|alert| alert.id).collect();
    assert_eq!((alerts.len(), &ids), (expected.len(), &expected), "alerts of {}", member.handle);
    for alert in &alerts {
        alert_was_mailed_once(system, alert, &address(number)).await;
    }
}

async fn watcher_ran_once(system: &System, planted: &Watcher) {
    let now = system.store().watcher_of(&planted.owner, planted.id).await.unwrap().unwrap();
    assert_eq!((now.state, now.last_run), (WatcherState::Active, planted.next_run), "{}", now.id);
    // Created, then claimed.
    assert_eq!(now.version, 2, "{} was claimed once", now.id);
    assert!(now.next_run.unwrap() > Slot::of(system.now()), "{} runs again", now.id);
}

async fn alert_was_mailed_once(system: &System, alert: &Alert, address: &str) {
    assert_eq!((alert.state, alert.dropped), (AlertState::Told, None), "{}", alert.id);
    let delivery = system.store().delivery_for(&alert.owner, alert.id, Channel::Email).await.unwrap().unwrap();
    assert_eq!(delivery.attempts, 1, "{}", delivery.id);
    let DeliveryState::Sent { message_id, .. } = &delivery.delivery else {
        panic!("{} is not sent: {:?}", delivery.id, delivery.delivery)
    };
    let mail = system.standins().mailbox().get(message_id).unwrap().unwrap().mail;
    let tag = ("delivery".to_owned(), delivery.id.to_string());
    assert!(mail.to == [address] && mail.tags.contains(&tag), "{message_id} is another message's mail");
}
