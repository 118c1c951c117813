//! Reads of many, as `storage` makes them: order, pages, and what is in an index. See the [API
//! reference](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html) under Query, and the developer
//! guide under "Take advantage of sparse indexes".

use domain::{
    deals::{Score, Weights},
    identity::sessions::{Device, RefreshToken, Session},
    ids::{DealId, Owner},
    money::Currency,
    notifications::{Alert, Cause},
    rates::DayRates,
    watchers::Reason,
};
use jiff::{SignedDuration, civil::date};
use storage::{Change, DUE_SHARDS, Listed, Store, StoreError};
use storage_tests::{at, deal, id, member, owner, unique, watcher};

use super::tables;
use crate::{
    Row,
    seen::{Seen, count, texts},
    target::Target,
};

pub(super) fn rows() -> Vec<Row> {
    vec![
        tables(
            "a list comes in its order, each item on one page, and none of another's",
            |t| Box::pin(paged(t)),
            [texts(1..=5), count(3)],
        ),
        tables(
            "what is due comes by the index up to an instant, page by page, and leaves it when claimed",
            |t| Box::pin(due(t)),
            [count(0), count(5), count(0)],
        ),
        tables(
            "who waits for a search comes by the other index, and leaves it when paused",
            |t| Box::pin(waiting(t)),
            [texts([1, 2, 3]), texts([1, 3])],
        ),
        tables("a whole partition of an index comes in its order", |t| Box::pin(ranked(t)), [texts([90, 40, 7]), count(2)]),
        tables("a list comes backwards, page by page", |t| Box::pin(backwards(t)), [texts([3, 2, 1])]),
        tables("days of exchange rates come latest first, each once", |t| Box::pin(rates(t)), [texts([17, 16, 13])]),
        tables("so does one of a partition, by what its keys begin with", |t| Box::pin(sessions(t)), [texts([3, 2, 1])]),
    ]
}

async fn save(store: &Store, n: u128) {
    store.commit(Change::new().create(&mut watcher(&member(1), n, "DXB"))).await.unwrap();
}

/// Goes through a list by its pages. Answers what is on it, and how many pages it took.
async fn through<T>(mut page: impl AsyncFnMut(Option<&str>) -> Result<Listed<T>, StoreError>) -> (Vec<T>, usize) {
    let (mut items, mut pages, mut after) = (Vec::new(), 0, None);
    loop {
        let Listed { items: some, next } = page(after.as_deref()).await.unwrap();
        items.extend(some);
        pages += 1;
        if next.is_none() {
            return (items, pages);
        }
        after = next;
    }
}

/// The numbers that ids were made from.
fn numbers(ids: impl IntoIterator<Item = domain::ids::WatcherId>) -> Seen {
    texts(ids.into_iter().map(|id| ulid::Ulid::from(id).0))
}

async fn paged(target: &Target) -> Vec<Seen> {
    let store = target.store();
    for n in [3, 1, 5, 2, 4] {
        save(store, n).await;
    }
    store.commit(Change::new().create(&mut watcher(&member(2), 9, "DXB"))).await.unwrap();
    let (found, pages) = through(async |after| store.watchers_of(&owner(1), 2, after).await).await;
    vec![numbers(found.into_iter().map(|watcher| watcher.id)), count(pages)]
}

async fn due(target: &Target) -> Vec<Seen> {
    let store = target.store();
    for n in 1..=5 {
        save(store, n).await;
    }
    let due = async |now: &str| {
        let mut all = Vec::new();
        for shard in 0..DUE_SHARDS {
            all.extend(through(async |after| store.due_watchers(shard, at(now), 2, after).await).await.0);
        }
        all
    };
    let (early, late) = ("2026-02-17T19:24:00Z", "2026-02-17T20:30:00Z");
    let (before, found) = (due(early).await.len(), due(late).await);
    let taken = found.iter().map(|due| {
        let mut watcher = due.watcher.clone();
        watcher.take_run(due.slot, at(late));
        watcher
    });
    store.claim_runs(taken.collect(), 2).await.unwrap();
    vec![count(before), count(found.len()), count(due(late).await.len())]
}

async fn waiting(target: &Target) -> Vec<Seen> {
    let store = target.store();
    for n in 1..=3 {
        save(store, n).await;
    }
    let key = watcher(&member(1), 1, "DXB").search_key;
    let who = async || {
        let (found, _) = through(async |after| store.waiting_watchers(&owner(1).tenant, &key, 2, after).await).await;
        numbers(found.into_iter().map(|watcher| watcher.id))
    };
    let before = who().await;
    let mut paused = store.watcher_of(&owner(1), id(2)).await.unwrap().unwrap();
    paused.pause(at("2026-02-17T19:30:00Z")).unwrap();
    store.commit(Change::new().update(&mut paused)).await.unwrap();
    vec![before, who().await]
}

async fn ranked(target: &Target) -> Vec<Seen> {
    let store = target.store();
    for mut deal in [deal("QR1", 40), deal("QR2", 90), deal("QR3", 7)] {
        store.commit(Change::new().create(&mut deal)).await.unwrap();
    }
    let (found, pages) = through(async |after| store.ranked_deals(&owner(1).tenant, 2, after).await).await;
    vec![texts(found.iter().filter_map(|deal| deal.parts.value)), count(pages)]
}

async fn backwards(target: &Target) -> Vec<Seen> {
    let (store, who) = (target.store(), owner(1));
    for n in 1..=3 {
        store.commit(Change::new().create(&mut alert(who.clone(), n))).await.unwrap();
    }
    let (found, _) = through(async |after| store.alerts_of(&who, 2, after).await).await;
    vec![texts(found.iter().map(|alert| alert.deal_version))]
}

async fn rates(target: &Target) -> Vec<Seen> {
    let store = target.store();
    for day in [16, 13, 17, 16] {
        let rates = DayRates::new(date(2026, 2, day), [(Currency::USD, "1.18".parse().unwrap())]);
        store.commit(Change::new().set(&rates)).await.unwrap();
    }
    vec![texts(store.day_rates().await.unwrap().into_iter().map(|rates| rates.day.day()))]
}

async fn sessions(target: &Target) -> Vec<Seen> {
    let (store, who) = (target.store(), owner(1));
    for n in 1..=3_u8 {
        let token = RefreshToken::first(who.clone(), id(n.into()), [n; 32].into(), [n; 32].into());
        let mut session = Session::new(&token, Device::Other, n.into(), at("2026-02-17T19:24:00Z"));
        store.commit(Change::new().create(&mut session)).await.unwrap();
    }
    let (found, _) = through(async |after| store.sessions_of(&who, 2, after).await).await;
    vec![texts(found.iter().map(|session| session.generation))]
}

fn alert(owner: Owner, n: u64) -> Alert {
    let cause = Cause::Watcher { watcher: id(1), name: "Away".parse().unwrap(), reason: Reason::Found };
    let score = Score::of(&deal("QR1", 50).parts, &Weights::default());
    let hours = SignedDuration::from_hours(i64::try_from(n).unwrap());
    Alert::raise(owner, cause, (unique::<DealId>("deal"), n), score, at("2026-02-17T19:24:00Z") + hours)
}
