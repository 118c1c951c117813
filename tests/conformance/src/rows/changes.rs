//! Writes, as `storage` makes them: conditions, transactions, leases and batches. See the [API
//! reference](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/) under PutItem, TransactWriteItems and
//! BatchWriteItem, and the developer guide under "Condition and filter expressions".

use domain::{
    answers::SearchAnswer,
    events::WatcherCreated,
    search::SearchKey,
    sources::{
        Account, KeyScope, SourceState,
        allowance::Allowance,
        bucket::{Bucket, Limit},
        health::{Ending, Tally},
    },
    watchers::Watcher,
};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use storage::{
    Change, Held, LimitCount, OUTBOX_SHARDS, Observation, RawAnswer, Receipt, ReceiptId, Sighting, SourceDay, Store, StoreError,
    StoredReply, Turn, WatcherQuota,
};
use storage_tests::{answer, at, deal, id, member, offer, owner, watcher};

use super::tables;
use crate::{
    Row,
    seen::{Observed, Seen, count, refused, texts, took},
    target::Target,
};

const NOW: &str = "2026-02-17T19:24:00Z";

pub(super) fn rows() -> Vec<Row> {
    changes().into_iter().chain(counts()).collect()
}

fn changes() -> Vec<Row> {
    vec![
        tables(
            "a change that creates what exists is refused, and nothing of it happens",
            |t| Box::pin(created_twice(t)),
            [took(), refused("Exists"), count(0)],
        ),
        tables(
            "of two changes of one version the second is refused",
            |t| Box::pin(changed_twice(t)),
            [took(), took(), refused("Changed"), texts(["2"])],
        ),
        tables(
            "a deletion holds for the version that was read, and what is gone is not changed",
            |t| Box::pin(deleted(t)),
            [refused("Changed"), took(), refused("Changed"), texts(["none"])],
        ),
        tables(
            "a change that rests on what was read is refused once that is another version",
            |t| Box::pin(rested_upon(t)),
            [refused("Changed"), took()],
        ),
        tables(
            "what is derived is set and forgotten whatever is there",
            |t| Box::pin(set_and_forgotten(t)),
            [took(), took(), took(), took(), count(0)],
        ),
        tables(
            "a replay is told before any other reason, and a receipt is written anew once it has expired",
            |t| Box::pin(replayed(t)),
            [took(), refused("Replayed"), took()],
        ),
        tables("a run is claimed once", |t| Box::pin(claimed(t)), [count(0), count(1)]),
        tables(
            "a lease is held to the millisecond, taken over after it, and given back by whoever holds it",
            |t| Box::pin(leased(t)),
            [texts(["true", "false", "true", "false", "true"]), count(1)],
        ),
        tables(
            "an earlier answer does not hide a later one, and comes back as it was packed",
            |t| Box::pin(answered(t)),
            [took(), took(), count(1)],
        ),
        tables(
            "events leave the outbox in batches of twenty-five, gone ones and all",
            |t| Box::pin(published(t)),
            [took(), count(60), took(), took(), count(0)],
        ),
        tables("the same prices are written twice, in batches", |t| Box::pin(observed(t)), [count(30), took(), took()]),
        tables(
            "what came is kept as it came, in parts, and the same twice is there once",
            |t| Box::pin(kept(t)),
            [took(), took(), count(1), count(1_000)],
        ),
        tables("a table that is not there is named", |t| Box::pin(missing(t)), [texts(["ResourceNotFoundException"])]),
    ]
}

fn counts() -> Vec<Row> {
    vec![
        tables(
            "a counter begins by itself, stops at its limit, and counts down again",
            |t| Box::pin(counted(t)),
            [took(), took(), refused("LimitReached"), took(), took()],
        ),
        tables(
            "a counter's limit is compared as a number",
            |t| Box::pin(counted_past_nine(t)),
            [count(10), refused("LimitReached")],
        ),
        tables(
            "a count of a minute begins anew with the next one, and what it refuses says until when",
            |t| Box::pin(limited(t)),
            [took(), took(), refused("TooOften(2026-02-17T19:25:00Z)"), took(), took()],
        ),
        tables(
            "of fifty at once as many are let through as the limit allows, each by two counts in one transaction",
            |t| Box::pin(rushed(t)),
            [count(5), refused("TooOften(2026-02-17T19:25:00Z)")],
        ),
        tables(
            "tokens are taken while there are any, and who comes then is told when to come again",
            |t| Box::pin(tokens(t)),
            [took(), took(), refused("TooOften(2026-02-17T19:24:08.857143Z)"), took(), count(2)],
        ),
        tables(
            "a day's calls are reserved up to the quota, and given back",
            |t| Box::pin(reserved(t)),
            [took(), refused("LimitReached"), took(), took(), count(3)],
        ),
        tables(
            "what is known of a source is changed as it was read, and counts are added up",
            |t| Box::pin(known(t)),
            [took(), refused("Changed"), took(), refused("Changed"), count(3)],
        ),
        tables("of racing creations as many pass as the limit allows", |t| Box::pin(raced(t)), [count(3), count(3)]),
    ]
}

async fn save(store: &Store, watcher: &mut Watcher) -> Seen {
    store.commit(Change::new().save(watcher)).await.seen()
}

async fn read(store: &Store) -> Watcher {
    store.watcher_of(&owner(1), id(1)).await.unwrap().unwrap()
}

fn created(n: u128) -> WatcherCreated {
    WatcherCreated { tenant: "demo".parse().unwrap(), member: id(1), watcher: id(n) }
}

async fn outbox(store: &Store) -> Vec<storage::OutboxItem> {
    let mut events = Vec::new();
    for shard in 0..OUTBOX_SHARDS {
        events.extend(store.outbox(shard, 100, None).await.unwrap().items);
    }
    events
}

async fn created_twice(target: &Target) -> Vec<Seen> {
    let (store, mut watcher) = (target.store(), watcher(&member(1), 1, "DXB"));
    let first = save(store, &mut watcher).await;
    let again = Change::new().create(&mut watcher).emit(&created(1), id(1), at(NOW));
    vec![first, store.commit(again).await.seen(), count(outbox(store).await.len())]
}

async fn changed_twice(target: &Target) -> Vec<Seen> {
    let (store, mut first) = (target.store(), watcher(&member(1), 1, "DXB"));
    let made = save(store, &mut first).await;
    let mut second = read(store).await;
    let changed = [save(store, &mut first).await, save(store, &mut second).await];
    [made].into_iter().chain(changed).chain([texts([read(store).await.version])]).collect()
}

async fn deleted(target: &Target) -> Vec<Seen> {
    let (store, mut current) = (target.store(), watcher(&member(1), 1, "DXB"));
    save(store, &mut current).await;
    let mut stale = current.clone();
    save(store, &mut current).await;
    let refused = store.commit(Change::new().delete(&mut stale)).await.seen();
    let took = store.commit(Change::new().delete(&mut current.clone())).await.seen();
    let gone = save(store, &mut current).await;
    let found = store.watcher_of(&owner(1), id(1)).await.unwrap();
    vec![refused, took, gone, texts([found.map_or("none", |_| "found")])]
}

async fn rested_upon(target: &Target) -> Vec<Seen> {
    let (store, mut current) = (target.store(), watcher(&member(1), 1, "DXB"));
    save(store, &mut current).await;
    let mut stale = current.clone();
    save(store, &mut current).await;
    let resting = |on: &mut Watcher| Change::new().provided(on).create(&mut watcher(&member(1), 2, "DXB"));
    vec![store.commit(resting(&mut stale)).await.seen(), store.commit(resting(&mut current)).await.seen()]
}

fn sighting() -> Sighting {
    let deal = deal("QR1", 50);
    Sighting {
        tenant: deal.tenant.clone(),
        search_key: key(),
        deal: deal.id,
        deal_version: 1,
        source: "seats-aero".parse().unwrap(),
        ends: deal.ends(),
        version: 0,
    }
}

fn key() -> SearchKey {
    answer(Vec::new(), NOW).query.key()
}

async fn set_and_forgotten(target: &Target) -> Vec<Seen> {
    let (store, sighting) = (target.store(), sighting());
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(store.commit(Change::new().set(&sighting)).await.seen());
    }
    for _ in 0..2 {
        seen.push(store.commit(Change::new().forget(&sighting)).await.seen());
    }
    let left = store.sightings(&sighting.tenant, &sighting.search_key, 10, None).await.unwrap().items;
    seen.push(count(left.len()));
    seen
}

async fn counted(target: &Target) -> Vec<Seen> {
    let (store, quota) = (target.store(), WatcherQuota { owner: owner(1) });
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(store.commit(Change::new().take(&quota, 2)).await.seen());
    }
    seen.push(store.commit(Change::new().give_back(&quota)).await.seen());
    seen.push(store.commit(Change::new().take(&quota, 2)).await.seen());
    seen
}

async fn counted_past_nine(target: &Target) -> Vec<Seen> {
    let (store, quota) = (target.store(), WatcherQuota { owner: owner(1) });
    let mut taken = 0;
    loop {
        match store.commit(Change::new().take(&quota, 10)).await {
            Ok(()) => taken += 1,
            refusal => return vec![count(taken), refusal.seen()],
        }
    }
}

fn admission(subjects: &[&str], now: &str) -> Change {
    let counts = subjects.iter().map(|subject| LimitCount::at((*subject).to_owned(), at(now)));
    counts.fold(Change::new(), |change, count| change.admitted(&count, 2))
}

async fn limited(target: &Target) -> Vec<Seen> {
    let mut seen = Vec::new();
    for now in [NOW, "2026-02-17T19:24:59Z", "2026-02-17T19:24:30Z", "2026-02-17T19:25:00Z"] {
        seen.push(target.store().commit(admission(&["a"], now)).await.seen());
    }
    // Whose count is full does not count for the other, and the other's is not touched by it.
    seen.push(target.store().commit(admission(&["b"], NOW)).await.seen());
    seen
}

async fn rushed(target: &Target) -> Vec<Seen> {
    let store = target.store();
    let [address, account] = ["address", "account"].map(|subject| LimitCount::at(subject.to_owned(), at(NOW)));
    let (address, account) = (&address, &account);
    let attempts = join_all((0..50).map(|_| async move {
        loop {
            match store.commit(Change::new().admitted(address, 5).admitted(account, 5)).await {
                Err(StoreError::Contended) => {}
                result => return result.is_ok(),
            }
        }
    }));
    let passed = attempts.await.into_iter().filter(|passed| *passed).count();
    vec![count(passed), store.commit(Change::new().admitted(address, 5)).await.seen()]
}

async fn raced(target: &Target) -> Vec<Seen> {
    let (store, quota) = (target.store(), WatcherQuota { owner: owner(1) });
    let attempts = join_all((0..12).map(|n| {
        let (store, quota) = (store, &quota);
        async move {
            loop {
                match store.commit(Change::new().create(&mut watcher(&member(1), n, "DXB")).take(quota, 3)).await {
                    Err(StoreError::Contended) => {}
                    result => return result.is_ok(),
                }
            }
        }
    }));
    let passed = attempts.await.into_iter().filter(|passed| *passed).count();
    vec![count(passed), count(store.watchers_of(&owner(1), 100, None).await.unwrap().items.len())]
}

async fn replayed(target: &Target) -> Vec<Seen> {
    let (store, mut watcher) = (target.store(), watcher(&member(1), 1, "DXB"));
    let receipt = |at: Timestamp| Receipt {
        id: ReceiptId { owner: owner(1), operation: "POST /v1/watchers".into(), key_hash: "k".into() },
        body_hash: "b".into(),
        reply: StoredReply { status: 201, etag: None, location: None, body: "{}".into() },
        at,
    };
    let first = receipt(at(NOW));
    let made = store.commit(Change::new().create(&mut watcher).receipt(Some(&first))).await.seen();
    let replay = store.commit(Change::new().create(&mut watcher).receipt(Some(&first))).await.seen();
    let next_day = receipt(at("2026-02-18T19:24:00Z"));
    vec![made, replay, store.commit(Change::new().receipt(Some(&next_day))).await.seen()]
}

async fn claimed(target: &Target) -> Vec<Seen> {
    let (store, mut watcher) = (target.store(), watcher(&member(1), 1, "DXB"));
    save(store, &mut watcher).await;
    let lost = async || count(store.claim_runs(vec![watcher.clone()], 1).await.unwrap());
    vec![lost().await, lost().await]
}

fn take<'a>(store: &'a Store, key: &'a SearchKey, now: Timestamp) -> impl Future<Output = Result<Option<Held>, StoreError>> + 'a {
    const LEASE: SignedDuration = SignedDuration::from_secs(150);
    async move { store.take_turn(Turn::Now, (&KeyScope::Deployment, key), now, LEASE).await }
}

async fn leased(target: &Target) -> Vec<Seen> {
    let store = target.store();
    let mut taken = Vec::new();
    for instant in ["2026-02-17T19:24:00.123Z", "2026-02-17T19:26:30.122Z", "2026-02-17T19:26:30.123Z"] {
        taken.push(take(store, &key(), at(instant)).await.unwrap());
    }
    let over = at("2026-02-17T19:26:30.124Z");
    let mut had = taken.iter().map(Option::is_some).collect::<Vec<_>>();
    for held in taken.into_iter().flatten() {
        // The first one's time was over, and the last one has it: only that gives anything back.
        store.give_turn_back(held, over).await.unwrap();
        had.push(take(store, &key(), over).await.unwrap().is_some());
    }
    let (key, later) = (key(), at("2026-02-17T20:00:00Z"));
    let raced = join_all((0..12).map(|_| take(store, &key, later))).await;
    vec![texts(had), count(raced.into_iter().filter(|taken| matches!(taken, Ok(Some(_)))).count())]
}

async fn answered(target: &Target) -> Vec<Seen> {
    let store = target.store();
    let late = store
        .keep_answer(&KeyScope::Deployment, &key(), &answer(vec![offer("QR740", 40_000)], "2026-02-17T19:24:00.002Z"))
        .await
        .seen();
    let early = store.keep_answer(&KeyScope::Deployment, &key(), &answer(Vec::new(), "2026-02-17T19:24:00.001Z")).await.seen();
    let kept: SearchAnswer = store.answer(&KeyScope::Deployment, &key()).await.unwrap().unwrap();
    vec![late, early, count(kept.offers().count())]
}

fn account() -> Account {
    Account { source: "duffel".parse().unwrap(), scope: KeyScope::Deployment }
}

async fn tokens(target: &Target) -> Vec<Seen> {
    let (store, account) = (target.store(), account());
    let bucket = Bucket::of(Limit { calls: 8, seconds: 60 }).unwrap();
    let take = |now: &'static str| store.take_token(&account, &bucket, at(now));
    let taken = [take(NOW).await.seen(), take(NOW).await.seen(), take(NOW).await.seen()];
    let later = take("2026-02-17T19:24:30Z").await.seen();
    let raced = join_all((0..12).map(|_| take("2026-02-17T20:24:00Z"))).await;
    let raced = raced.into_iter().filter(Result::is_ok).count();
    taken.into_iter().chain([later, count(raced)]).collect()
}

async fn reserved(target: &Target) -> Vec<Seen> {
    let (store, day) = (target.store(), SourceDay::at(&Allowance::of_calls(account(), 3), at(NOW)));
    let mut seen = Vec::new();
    for calls in [2, 2, -1, 2] {
        seen.push(store.reserve(&day, calls, 3).await.seen());
    }
    let reserved = store.reserved(&day).await.unwrap();
    seen.into_iter().chain([count(usize::try_from(reserved).unwrap())]).collect()
}

async fn known(target: &Target) -> Vec<Seen> {
    let (store, account) = (target.store(), account());
    let mut one = SourceState::of(account.clone(), at(NOW));
    let mut other = one.clone();
    let mut seen = vec![store.put_source_state(&mut one).await.seen(), store.put_source_state(&mut other).await.seen()];
    let mut late = one.clone();
    one.pause(at("2026-02-17T19:25:00Z"));
    seen.extend([store.put_source_state(&mut one).await.seen(), store.put_source_state(&mut late).await.seen()]);
    let mut tally = Tally::default();
    tally.note(Ending::Answered, at(NOW), 10, 1);
    for _ in 0..3 {
        store.add_source_health(&account, &tally, at(NOW)).await.unwrap();
    }
    let calls = store.source_health(&account, 24).await.unwrap()[0].tally.calls();
    seen.into_iter().chain([count(usize::try_from(calls).unwrap())]).collect()
}

async fn published(target: &Target) -> Vec<Seen> {
    let store = target.store();
    let change = (0..60).fold(Change::new(), |change, n| change.emit(&created(n), id(n), at(NOW)));
    let emitted = store.commit(change).await.seen();
    let waiting = outbox(store).await;
    let (removed, again) = (store.published(&waiting).await.seen(), store.published(&waiting).await.seen());
    vec![emitted, count(waiting.len()), removed, again, count(outbox(store).await.len())]
}

async fn observed(target: &Target) -> Vec<Seen> {
    let dated = |day: i64| {
        let mut offer = offer("QR1", 40_000);
        offer.departs = offer.departs.checked_add(jiff::SignedDuration::from_hours(24 * day)).unwrap();
        offer
    };
    let prices = Observation::of(&answer((0..30).map(dated).collect(), NOW), &KeyScope::Deployment);
    let store = target.store();
    vec![count(prices.len()), store.observe(&prices).await.seen(), store.observe(&prices).await.seen()]
}

async fn kept(target: &Target) -> Vec<Seen> {
    let (store, source) = (target.store(), "duffel".parse().unwrap());
    let mut raw = RawAnswer {
        source: "duffel".parse().unwrap(),
        operation: "offers".to_owned(),
        at: at(NOW),
        request: "a".repeat(64),
        status: 200,
        bytes: 1_000,
        parts: 0,
    };
    let body = b"0123456789".repeat(100);
    let kept = [store.keep_raw(&mut raw, &body).await.seen(), store.keep_raw(&mut raw, &body).await.seen()];
    let listed = store.raw_answers((&source, "offers", raw.at.to_zoned(jiff::tz::TimeZone::UTC).date()), 10, None).await.unwrap();
    let unpacked = store.raw_body(&listed.items[0]).await.unwrap().unwrap();
    kept.into_iter().chain([count(listed.items.len()), count(unpacked.len())]).collect()
}

async fn missing(target: &Target) -> Vec<Seen> {
    let nowhere = Store::new(target.dynamo().clone(), "nowhere-");
    match nowhere.watcher_of(&owner(1), id(1)).await {
        // What comes after the code names the request.
        Err(StoreError::Refused(code)) => vec![texts(code.split(',').take(1))],
        other => vec![other.seen()],
    }
}
