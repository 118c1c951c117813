//! What is kept about answers, as `storage` reads it: from a table without indexes, up to a key, by a prefix and whole, the latest
//! first. See the [API reference](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html) under Query.

use domain::{
    caching::{Counted, Doubt, Mark, Stock},
    search::SearchKey,
    sources::{KeyScope, Vertical},
    time::Slot,
};
use jiff::{SignedDuration, civil::date};
use storage::{Asker, CacheCount, Change, DUE_ANSWER_SHARDS, DueAnswer, KeptMark};
use storage_tests::at;

use super::tables;
use crate::{
    Row,
    seen::{Seen, count},
    target::Target,
};

pub(super) fn rows() -> Vec<Row> {
    vec![
        tables(
            "marks come since an instant, and more than a page says that there are more",
            |t| Box::pin(marked(t)),
            [count(200), count(1), count(0)],
        ),
        tables(
            "what is counted is read whole, and who is noted by a prefix",
            |t| Box::pin(counted(t)),
            [count(32), count(1), count(32)],
        ),
        tables(
            "what is due is found up to a minute, and no more once it is forgotten",
            |t| Box::pin(due(t)),
            [count(0), count(1), count(0)],
        ),
    ]
}

fn key() -> SearchKey {
    "0f1e2d3c4b5a69788796a5b4c3d2e1f0".parse().unwrap()
}

async fn marked(target: &Target) -> Vec<Seen> {
    let begun = at("2026-02-17T12:00:00Z");
    for minute in 0..201 {
        let stock = Stock::Property("p1".to_owned());
        let mark =
            Mark { at: begun + SignedDuration::from_mins(minute), doubt: Doubt::Stock { source: None, stock, days: None } };
        target.store().commit(Change::new().set(&KeptMark { vertical: Vertical::Stays, teller: None, mark })).await.unwrap();
    }
    let all = target.store().marks(Vertical::Stays, &[], begun).await.unwrap();
    let later = begun + SignedDuration::from_mins(201);
    let none = target.store().marks(Vertical::Stays, &[], later).await.unwrap();
    vec![count(all.latest.len()), count(all.unread.len()), count(none.latest.len())]
}

async fn counted(target: &Target) -> Vec<Seen> {
    let evening = at("2026-02-17T23:30:00Z");
    for (hours, searches) in [(24, 2), (0, 32)] {
        let at = evening - SignedDuration::from_hours(hours);
        let count = CacheCount { at, vertical: Vertical::Flights, counted: Counted::Hit };
        target.store().commit(Change::new().count(&count, searches, u32::MAX)).await.unwrap();
        let asker = Asker { scope: KeyScope::Deployment, key: key(), who: format!("{hours:016}"), at };
        target.store().commit(Change::new().set(&asker)).await.unwrap();
    }
    let asked = target.store().asked_lately(&KeyScope::Deployment, &key(), evening).await.unwrap();
    let counts = target.store().cache_counts(date(2026, 2, 17)).await.unwrap();
    let hits: Vec<u64> = counts.iter().filter(|count| count.counted == Counted::Hit).map(|count| count.searches).collect();
    vec![count(usize::try_from(asked).unwrap()), count(hits.len()), count(usize::try_from(hits[0]).unwrap())]
}

async fn due(target: &Target) -> Vec<Seen> {
    let due = DueAnswer {
        due: Slot::of(at("2026-02-17T12:00:30Z")),
        scope: KeyScope::Deployment,
        key: key(),
        vertical: Vertical::Flights,
        tenant: "demo".parse().unwrap(),
        asked: 40,
        calls: 2,
    };
    target.store().commit(Change::new().set(&due)).await.unwrap();
    let found = async |instant: &str| {
        let mut found = 0;
        for shard in 0..DUE_ANSWER_SHARDS {
            found += target.store().due_answers(shard, at(instant), 10).await.unwrap().len();
        }
        count(found)
    };
    let seen = vec![found("2026-02-17T11:59:59Z").await, found("2026-02-17T12:00:00Z").await];
    target.store().commit(Change::new().forget(&due)).await.unwrap();
    [seen, vec![found("2026-02-17T12:00:00Z").await]].concat()
}
