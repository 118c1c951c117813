//! What each condition refuses, kind by kind: asked of the store, past all functions.

use std::sync::Arc;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use domain::{
    answers::SearchAnswer,
    booking::Booking,
    caching::Counted,
    cards::MemberCards,
    deals::{Deal, SavedDeal},
    events::{NAMES, WatcherCreated},
    identity::{
        Member, Tenant, Terms,
        passcodes::{Challenge, MailsToAddress, WrongPasscodes},
        sessions::Session,
        sign_ins::{Credential, LoginTries, SignIns},
    },
    ids::{EventId, Owner},
    notifications::{Alert, Delivery},
    properties::Property,
    quality::{Account, Measure},
    search::{SourceOutcome, SourceReport},
    sources::{
        self, KeyScope, SourceEntry, SourceState, Vertical,
        allowance::Allowance,
        bucket::{Bucket, Limit},
        feeds::FeedCursor,
        health::{Ending, Tally},
    },
    wallets::{OwnValuations, Wallet},
    watchers::{MatchState, Watcher},
};
use jiff::{SignedDuration, Timestamp};
use local::{
    engine::Engine,
    gate::{Gate, Gatehouse},
    in_process,
};
use serde_json::Value;
use storage::{
    CacheCount, Change, EmailOf, Entity, Grant, HandleOf, KINDS, LimitCount, MemberKey, PlacedListing, PropertyCell,
    QualityCount, Receipt, ReceiptId, ReceivedNotice, Registration, SearchRun, SourceDay, Store, StoreError, StoredReply,
    TenantHost, ToldDay, Turn, WarmingHour, WatcherQuota,
};

use crate::{
    Violation,
    conditions::{Taken, Use, Without},
    ensure,
    strikes::Recorder,
};

/// What was there at the end of the story, as samples of each kind.
#[derive(Debug)]
pub struct Samples {
    /// Every item, its values as plain JSON.
    pub items: Vec<Value>,
    /// An answer of the sources.
    pub answer: SearchAnswer,
}

impl Samples {
    /// One of a kind that was not stored yet.
    fn one<E: Entity>(&self) -> Result<E, Violation> {
        let found = self.items.iter().find(|item| item["type"] == E::KIND.name).cloned().unwrap_or_default();
        let mut one: E = serde_json::from_value(found).map_err(|error| Violation(format!("{}: {error}", E::KIND.name)))?;
        *one.version() = 0;
        Ok(one)
    }

    fn owner(&self) -> Result<Owner, Violation> {
        Ok(self.one::<Watcher>()?.owner)
    }
}

/// A store of its own, with one condition taken away.
struct Stored {
    store: Store,
    // Behind the store.
    _engine: Engine,
}

fn stored(without: Option<Taken>) -> Stored {
    let engine = Engine::start(None).unwrap();
    let house = Arc::new(Gatehouse::default());
    if let Some(condition) = without {
        house.set_faults(Arc::new(Without { inner: Arc::new(Recorder::of(0)), condition }));
    }
    let kinds = KINDS.iter().flat_map(|kind| [Grant::Read(kind), Grant::Write(kind)]);
    let gate = Gate::new("refusals", kinds.chain(NAMES.iter().map(|name| Grant::Emit(name))).collect(), &house);
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::from_keys("test", "test", None))
        .http_client(gate.client(in_process::database_client(engine.database())))
        .endpoint_url(engine.url());
    Stored { store: Store::new(aws_sdk_dynamodb::Client::from_conf(config.build()), ""), _engine: engine }
}

/// Whether what a condition is there to refuse is refused, with a condition taken away (or none).
///
/// # Errors
/// If it is not; or if nobody says what it is there to refuse.
pub async fn hold(samples: &Samples, used: &Use, without: Option<Taken>) -> Result<(), Violation> {
    let stored = stored(without);
    let store = &stored.store;
    match used.kind.as_str() {
        "watcher" if used.verb == "PutItem" => claims_once(store, samples.one()?).await,
        "member" => of_entity::<Member>(store, samples.one()?, used).await,
        "watcher" => of_entity::<Watcher>(store, samples.one()?, used).await,
        "deal" => of_entity::<Deal>(store, samples.one()?, used).await,
        "alert" => of_entity::<Alert>(store, samples.one()?, used).await,
        "delivery" => of_entity::<Delivery>(store, samples.one()?, used).await,
        "match" => of_entity::<MatchState>(store, samples.one()?, used).await,
        "search-run" => of_entity::<SearchRun>(store, samples.one()?, used).await,
        "tenant" => of_entity::<Tenant>(store, samples.one()?, used).await,
        "tenant-host" => of_entity::<TenantHost>(store, samples.one()?, used).await,
        "terms" => of_entity::<Terms>(store, samples.one()?, used).await,
        "member-key" => of_entity::<MemberKey>(store, samples.one()?, used).await,
        "handle" => of_entity::<HandleOf>(store, samples.one()?, used).await,
        "email" => of_entity::<EmailOf>(store, samples.one()?, used).await,
        "registration" => of_entity::<Registration>(store, samples.one()?, used).await,
        "challenge" => of_entity::<Challenge>(store, samples.one()?, used).await,
        "passcode-mails" => of_entity::<MailsToAddress>(store, samples.one()?, used).await,
        "wrong-passcodes" => of_entity::<WrongPasscodes>(store, samples.one()?, used).await,
        "login-tries" => of_entity::<LoginTries>(store, samples.one()?, used).await,
        "credential" => of_entity::<Credential>(store, samples.one()?, used).await,
        "sign-ins" => of_entity::<SignIns>(store, samples.one()?, used).await,
        "session" => of_entity::<Session>(store, samples.one()?, used).await,
        "wallet" => of_entity::<Wallet>(store, samples.one()?, used).await,
        "own-valuations" => of_entity::<OwnValuations>(store, samples.one()?, used).await,
        "member-cards" => of_entity::<MemberCards>(store, samples.one()?, used).await,
        "property" => of_entity::<Property>(store, samples.one()?, used).await,
        "property-cell" => of_entity::<PropertyCell>(store, samples.one()?, used).await,
        "placed-listing" => of_entity::<PlacedListing>(store, samples.one()?, used).await,
        "counted-answer" => counts_an_answer_once(store, &account()).await,
        "quality-count" => counts_within_its_limit(store, &QualityCount::of(&account(), &Measure::Complete)).await,
        "saved-deal" => of_entity::<SavedDeal>(store, samples.one()?, used).await,
        "booking" => of_entity::<Booking>(store, samples.one()?, used).await,
        "source-entry" => of_entity::<SourceEntry>(store, samples.one()?, used).await,
        "feed-cursor" => of_entity::<FeedCursor>(store, samples.one()?, used).await,
        "received-notice" => receives_once(store, samples.answer.asked_at).await,
        "source-state" => left_alone_as_it_was_read(store, samples.answer.asked_at, used).await,
        "source-health" => adds_to_what_was_read(store, samples.answer.asked_at).await,
        "source-bucket" => gives_no_more_than_it_holds(store, samples.answer.asked_at).await,
        "source-day" => reserves_within_its_quota(store, samples.answer.asked_at).await,
        "outbox" => tells_once(store, samples).await,
        "receipt" => carries_out_once(store, samples.owner()?).await,
        "watcher-quota" => counts_within_its_limit(store, &WatcherQuota { owner: samples.owner()? }).await,
        "told-day" => {
            counts_within_its_limit(store, &ToldDay { owner: samples.owner()?, day: jiff::civil::date(2026, 2, 17) }).await
        }
        "limit-count" => admits_within_its_limit(store, samples.answer.asked_at).await,
        "cache-count" => {
            counts_within_its_limit(
                store,
                &CacheCount { at: samples.answer.asked_at, vertical: Vertical::Flights, counted: Counted::Hit },
            )
            .await
        }
        "warming-hour" => counts_within_its_limit(store, &WarmingHour { at: samples.answer.asked_at }).await,
        "asking" => asks_once(store, &samples.answer).await,
        "answer" => keeps_the_latest(store, &samples.answer).await,
        kind => Err(Violation(format!("nobody says what conditions of {kind} are good for"))),
    }
}

fn refused(result: Result<(), StoreError>, with: &StoreError) -> Result<(), Violation> {
    ensure(result.as_ref() == Err(with), || format!("{result:?} in the place of {with:?}"))
}

fn made(result: Result<(), StoreError>) -> Result<(), Violation> {
    result.map_err(|error| Violation(error.to_string()))
}

async fn of_entity<E: Entity + Clone>(store: &Store, entity: E, used: &Use) -> Result<(), Violation> {
    let mut read = entity.clone();
    made(store.commit(Change::new().create(&mut read)).await)?;
    if used.expression.starts_with("attribute_not_exists") {
        return refused(store.commit(Change::new().create(&mut entity.clone())).await, &StoreError::Exists);
    }
    // Someone else was faster.
    made(store.commit(Change::new().update(&mut read.clone())).await)?;
    let change = match used.verb.as_str() {
        "Delete" => Change::new().delete(&mut read),
        "ConditionCheck" => {
            Change::new().provided(&mut read).emit(&created(), EventId::from(ulid::Ulid(1)), Timestamp::UNIX_EPOCH)
        }
        _ => Change::new().update(&mut read),
    };
    refused(store.commit(change).await, &StoreError::Changed)
}

async fn claims_once(store: &Store, mut watcher: Watcher) -> Result<(), Violation> {
    made(store.commit(Change::new().create(&mut watcher)).await)?;
    let claim = || async { store.claim_runs(vec![watcher.clone()], 1).await.map_err(|error| Violation(error.to_string())) };
    let lost = (claim().await?, claim().await?);
    ensure(lost == (0, 1), || format!("claims lost: {lost:?}"))
}

fn created() -> WatcherCreated {
    let nil = ulid::Ulid::nil();
    WatcherCreated { tenant: "demo".parse().unwrap(), member: nil.into(), watcher: nil.into() }
}

async fn tells_once(store: &Store, samples: &Samples) -> Result<(), Violation> {
    let told = |at| Change::new().emit(&created(), EventId::from(ulid::Ulid(7)), at);
    made(store.commit(told(samples.answer.asked_at)).await)?;
    refused(store.commit(told(Timestamp::UNIX_EPOCH)).await, &StoreError::Exists)
}

async fn carries_out_once(store: &Store, owner: Owner) -> Result<(), Violation> {
    let id = ReceiptId { owner, operation: "POST /v1/watchers".to_owned(), key_hash: "k".to_owned() };
    let reply = StoredReply { status: 201, etag: None, location: None, body: "{}".to_owned() };
    let receipt = |second| Receipt {
        id: id.clone(),
        body_hash: "b".to_owned(),
        reply: reply.clone(),
        at: Timestamp::from_second(second).unwrap(),
    };
    let leave = |second| store.commit(Change::new().receipt(Some(&receipt(second))));
    made(leave(1_000_000).await)?;
    refused(leave(1_086_399).await, &StoreError::Replayed)
}

fn account() -> Account {
    let source = "oyo".parse().unwrap();
    let report = SourceReport { source, outcome: SourceOutcome::Complete, calls: 1, offers: 0, set_aside: vec![] };
    Account::of("a question", Timestamp::UNIX_EPOCH, report, None)
}

async fn counts_an_answer_once(store: &Store, account: &Account) -> Result<(), Violation> {
    made(store.count_answer(account).await)?;
    made(store.count_answer(account).await)?;
    let counted = store.quality_of(account.source(), account.day()).await.map(|report| report.complete);
    ensure(counted == Ok(1), || format!("counted: {counted:?}"))
}

async fn counts_within_its_limit<E: Entity>(store: &Store, counter: &E) -> Result<(), Violation> {
    let count = || store.commit(Change::new().count(counter, 1, 2));
    made(count().await)?;
    made(count().await)?;
    refused(count().await, &StoreError::LimitReached)
}

async fn admits_within_its_limit(store: &Store, now: Timestamp) -> Result<(), Violation> {
    let count = LimitCount::at("writes".to_owned(), now);
    let admit = || store.commit(Change::new().admitted(&count, 2));
    made(admit().await)?;
    made(admit().await)?;
    refused(admit().await, &StoreError::TooOften(count.ends()))
}

fn with_our_key() -> sources::Account {
    sources::Account { source: "duffel".parse().unwrap(), scope: KeyScope::Deployment }
}

async fn receives_once(store: &Store, now: Timestamp) -> Result<(), Violation> {
    let receive = || async {
        let mut notice = ReceivedNotice::new("makemytrip".parse().unwrap(), "evt-1", now);
        store.commit(Change::new().create(&mut notice)).await
    };
    made(receive().await)?;
    refused(receive().await, &StoreError::Exists)
}

async fn left_alone_as_it_was_read(store: &Store, now: Timestamp, used: &Use) -> Result<(), Violation> {
    let mut state = SourceState::of(with_our_key(), now);
    let mut late = state.clone();
    made(store.put_source_state(&mut state).await)?;
    if !used.expression.starts_with("attribute_not_exists") {
        late = state.clone();
        made(store.put_source_state(&mut state).await)?;
    }
    refused(store.put_source_state(&mut late).await, &StoreError::Changed)
}

/// Of many who add at once, none is lost who was told that it was added.
async fn adds_to_what_was_read(store: &Store, now: Timestamp) -> Result<(), Violation> {
    let (account, mut tally) = (with_our_key(), Tally::default());
    tally.note(Ending::Answered, now, 10, 1);
    let (mut added, mut counted) = (0, 0);
    for _ in 0..2 {
        let all = futures::future::join_all((0..8).map(|_| store.add_source_health(&account, &tally, now))).await;
        added += all.iter().filter(|added| added.is_ok()).count();
        counted = store.source_health(&account, 1).await.map_err(|error| Violation(error.to_string()))?[0].tally.calls();
    }
    ensure(counted == added as u64, || format!("{added} were added, {counted} are there"))
}

async fn gives_no_more_than_it_holds(store: &Store, now: Timestamp) -> Result<(), Violation> {
    let bucket = Bucket::of(Limit { calls: 8, seconds: 60 }).unwrap();
    let (account, mut taken) = (with_our_key(), 0);
    for _ in 0..6 {
        taken += usize::from(store.take_token(&account, &bucket, now).await.is_ok());
    }
    ensure(taken == 2, || format!("taken: {taken}"))
}

async fn reserves_within_its_quota(store: &Store, now: Timestamp) -> Result<(), Violation> {
    let day = SourceDay::at(&Allowance::of_calls(with_our_key(), 3), now);
    made(store.reserve(&day, 2, 3).await)?;
    refused(store.reserve(&day, 2, 3).await, &StoreError::LimitReached)
}

async fn asks_once(store: &Store, answer: &SearchAnswer) -> Result<(), Violation> {
    const TAKES: SignedDuration = SignedDuration::from_secs(1);
    let take = |now| {
        let key = answer.query.key();
        async move {
            let taken = store.take_turn(Turn::Now, (&KeyScope::Deployment, &key), now, TAKES).await;
            taken.map_err(|error| Violation(error.to_string()))
        }
    };
    let (now, over) = (answer.asked_at, answer.asked_at + TAKES);
    let (first, second) = (take(now).await?, take(now).await?);
    ensure(first.is_some() && second.is_none(), || format!("taken: {first:?}, {second:?}"))?;
    // It took too long, and another one has it now.
    let taken_over = take(over).await?;
    ensure(taken_over.is_some(), || "who takes too long has it for ever".to_owned())?;
    if let Some(first) = first {
        made(store.give_turn_back(first, over).await)?;
    }
    let third = take(over).await?;
    ensure(third.is_none(), || format!("another one's was given back: {third:?}"))
}

async fn keeps_the_latest(store: &Store, answer: &SearchAnswer) -> Result<(), Violation> {
    let earlier = SearchAnswer { asked_at: answer.asked_at - SignedDuration::from_millis(1), ..answer.clone() };
    let key = answer.query.key();
    made(store.keep_answer(&KeyScope::Deployment, &key, answer).await)?;
    made(store.keep_answer(&KeyScope::Deployment, &key, &earlier).await)?;
    let kept: Option<SearchAnswer> = store.answer(&KeyScope::Deployment, &key).await.ok().flatten();
    let kept = kept.map(|kept| kept.asked_at);
    ensure(kept == Some(answer.asked_at), || format!("kept: {kept:?}"))
}
