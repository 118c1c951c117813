#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;

use super::bus::{BusError, Entry, EntryError};
use super::mailbox::{Mail, MailError};
use super::queues::{
    DEAD_LETTER_SOURCE, DEDUPLICATION_WINDOW, LARGEST_MESSAGE, LONGEST_DELAY, MessageState, NewMessage, QueueError, RETENTION,
    Received,
};
use super::store::Store;
use super::{QueueSpec, Rule, StandinError, Standins, Topology, messages, moves as tasks};
use crate::clock::MovableClock;

mod moves;
mod property;
mod wire;

const VISIBILITY: SignedDuration = SignedDuration::from_secs(30);
const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MAX_RECEIVES: u32 = 3;
const START: &str = "2026-03-01T12:00:00Z";

/// Standard queues `jobs` → `jobs-dead` and `other`, FIFO queues `orders` → `orders-dead`, rules to `jobs` and `other`.
fn topology() -> Topology {
    let queue = |name: &str, fifo, dead_letter: Option<&str>| QueueSpec {
        name: name.to_owned(),
        fifo,
        visibility: VISIBILITY,
        max_receives: MAX_RECEIVES,
        dead_letter: dead_letter.map(str::to_owned),
    };
    let rule = |event: &str, queue: &str| Rule { source: "deals".to_owned(), event: event.to_owned(), queue: queue.to_owned() };
    Topology {
        queues: vec![
            queue("jobs", false, Some("jobs-dead")),
            queue("jobs-dead", false, None),
            queue("other", false, None),
            queue("orders", true, Some("orders-dead")),
            queue("orders-dead", true, None),
        ],
        rules: vec![rule("DealFound", "jobs"), rule("DealFound", "other"), rule("DealGone", "other")],
        mail_domains: vec!["example.com".to_owned()],
    }
}

struct Bench {
    clock: Arc<MovableClock>,
    standins: Standins,
}

impl std::ops::Deref for Bench {
    type Target = Standins;

    fn deref(&self) -> &Standins {
        &self.standins
    }
}

fn bench() -> Bench {
    let clock = Arc::new(MovableClock::at(START.parse().unwrap()));
    let standins = Standins::open(None, clock.clone(), topology()).unwrap();
    Bench { clock, standins }
}

impl Bench {
    fn send(&self, queue: &str, body: &str) -> String {
        self.queues().send(queue, NewMessage::new(body)).unwrap().to_string()
    }

    fn send_ordered(&self, group: &str, body: &str) -> String {
        self.queues().send("orders", ordered(group, body, body)).unwrap().to_string()
    }

    fn receive(&self, queue: &str, max: usize) -> Vec<Received> {
        self.queues().receive(queue, max).unwrap()
    }

    fn bodies(&self, queue: &str, max: usize) -> Vec<String> {
        self.receive(queue, max).into_iter().map(|message| message.body).collect()
    }

    fn counts(&self, queue: &str) -> (u64, u64, u64) {
        let stats = self.queues().stats_of(queue).unwrap();
        (stats.visible, stats.in_flight, stats.delayed)
    }

    /// Receives everything as often as it takes for all of it to be dead.
    fn exhaust(&self, queue: &str) {
        for _ in 0..=MAX_RECEIVES {
            self.receive(queue, 100);
            self.clock.advance(VISIBILITY);
        }
    }
}

fn ordered(group: &str, dedup: &str, body: &str) -> NewMessage {
    NewMessage { group: Some(group.to_owned()), dedup: Some(dedup.to_owned()), ..NewMessage::new(body) }
}

#[test]
fn an_undeleted_message_comes_again_after_its_visibility_time_out() {
    let bench = bench();
    let sent_at = bench.clock.now();
    let id = bench.send("jobs", "work");
    bench.clock.advance(SECOND);

    let first = bench.receive("jobs", 10).remove(0);
    assert_eq!((first.id.as_str(), first.body.as_str(), first.receives), (id.as_str(), "work", 1));
    assert_eq!((first.sent_at, first.first_received_at), (sent_at, sent_at + SECOND));
    assert_eq!(bench.counts("jobs"), (0, 1, 0));

    bench.clock.advance(VISIBILITY - SignedDuration::from_millis(1));
    assert_eq!(bench.receive("jobs", 10), []);
    bench.clock.advance(SignedDuration::from_millis(1));
    let second = bench.receive("jobs", 10).remove(0);
    assert_eq!((&second.id, second.receives, second.first_received_at), (&first.id, 2, first.first_received_at));

    bench.queues().delete("jobs", &second.receipt).unwrap();
    bench.clock.advance(VISIBILITY);
    assert_eq!(bench.receive("jobs", 10), []);
}

#[test]
fn a_stale_receipt_deletes_nothing() {
    let bench = bench();
    bench.send("jobs", "work");
    let first = bench.receive("jobs", 1).remove(0);
    bench.clock.advance(VISIBILITY);
    let second = bench.receive("jobs", 1).remove(0);

    bench.queues().delete("jobs", &first.receipt).unwrap();
    assert_eq!(bench.counts("jobs"), (0, 1, 0));
    // The latest one does, even once the message is visible again, and even twice.
    bench.clock.advance(VISIBILITY);
    bench.queues().delete("jobs", &second.receipt).unwrap();
    bench.queues().delete("jobs", &second.receipt).unwrap();
    assert_eq!(bench.counts("jobs"), (0, 0, 0));
    assert!(matches!(bench.queues().delete("jobs", "no-receipt"), Err(QueueError::InvalidReceipt(_))));
}

#[test]
fn a_receipt_deletes_only_in_its_queue() {
    let bench = bench();
    bench.send("jobs", "work");
    let received = bench.receive("jobs", 1).remove(0);
    bench.queues().delete("other", &received.receipt).unwrap();
    assert_eq!(bench.counts("jobs"), (0, 1, 0));
}

#[test]
fn a_delayed_message_waits() {
    let bench = bench();
    let delayed = NewMessage { delay: LONGEST_DELAY, ..NewMessage::new("later") };
    bench.queues().send("jobs", delayed).unwrap();
    bench.send("jobs", "now");
    assert_eq!(bench.counts("jobs"), (1, 0, 1));
    assert_eq!(bench.bodies("jobs", 10), ["now"]);

    let now = bench.clock.now();
    assert_eq!(bench.queues().next_visible_at().unwrap(), Some(now + VISIBILITY));
    bench.clock.set(now + LONGEST_DELAY);
    assert_eq!(bench.counts("jobs"), (2, 0, 0));
    assert_eq!(bench.queues().next_visible_at().unwrap(), None);
    assert_eq!(bench.bodies("jobs", 10), ["now", "later"]);
}

#[test]
fn changing_visibility_brings_a_message_back_sooner_or_later() {
    let bench = bench();
    bench.send("jobs", "work");
    let first = bench.receive("jobs", 1).remove(0);
    bench.queues().change_visibility("jobs", &first.receipt, SignedDuration::ZERO).unwrap();
    let second = bench.receive("jobs", 1).remove(0);
    bench.queues().change_visibility("jobs", &second.receipt, VISIBILITY * 2).unwrap();
    bench.clock.advance(VISIBILITY);
    assert_eq!(bench.receive("jobs", 1), []);

    let change = |receipt: &str, visibility| bench.queues().change_visibility("jobs", receipt, visibility);
    assert!(matches!(change(&first.receipt, SECOND), Err(QueueError::NotInFlight)));
    assert!(matches!(change(&second.receipt, -SECOND), Err(QueueError::VisibilityOutOfRange)));
    bench.clock.advance(VISIBILITY);
    assert!(matches!(change(&second.receipt, SECOND), Err(QueueError::NotInFlight)));
}

#[test]
fn a_message_received_too_often_becomes_a_dead_letter() {
    let bench = bench();
    let attributes = BTreeMap::from([("trace".to_owned(), "t-1".to_owned())]);
    let id = bench.queues().send("jobs", NewMessage { attributes: attributes.clone(), ..NewMessage::new("poison") });
    for receives in 1..=MAX_RECEIVES {
        assert_eq!(bench.receive("jobs", 1).remove(0).receives, receives);
        bench.clock.advance(VISIBILITY);
    }
    bench.send("jobs", "healthy");
    assert_eq!(bench.bodies("jobs", 1), ["healthy"]);

    let dead = bench.receive("jobs-dead", 10).remove(0);
    assert_eq!((&dead.id, dead.body.as_str(), dead.receives), (&id.unwrap(), "poison", 1));
    let source = (DEAD_LETTER_SOURCE.to_owned(), "jobs".to_owned());
    assert_eq!(dead.attributes, attributes.into_iter().chain([source]).collect());
    assert_eq!(bench.queues().stats().unwrap()[1].dead_letter_of, ["jobs"]);
    // Without a dead-letter queue there is no maximum.
    for _ in 0..10 {
        bench.clock.advance(VISIBILITY);
        assert_eq!(bench.bodies("jobs-dead", 1), ["poison"]);
    }
}

#[test]
fn a_group_is_delivered_in_order_and_blocked_while_in_flight() {
    let bench = bench();
    for body in ["a1", "b1", "a2", "b2", "a3"] {
        bench.send_ordered(&body[..1], body);
        bench.clock.advance(SECOND);
    }
    assert_eq!(bench.bodies("orders", 1), ["a1"]);
    assert_eq!(bench.bodies("orders", 10), ["b1", "b2"]);
    assert_eq!(bench.receive("orders", 10), []);
    assert_eq!(bench.queues().next_visible_at().unwrap(), Some(bench.clock.now() + VISIBILITY));

    bench.clock.advance(VISIBILITY);
    let all = bench.receive("orders", 10);
    let bodies: Vec<_> = all.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(bodies, ["a1", "b1", "a2", "b2", "a3"]);
    assert!(all.is_sorted_by_key(|message| message.sequence));

    // Of group b all is done, of group a all but the last: only b is free.
    for done in &all[..4] {
        bench.queues().delete("orders", &done.receipt).unwrap();
    }
    bench.send_ordered("a", "a4");
    bench.send_ordered("b", "b3");
    assert_eq!(bench.bodies("orders", 10), ["b3"]);
    bench.queues().change_visibility("orders", &all[4].receipt, SignedDuration::ZERO).unwrap();
    assert_eq!(bench.bodies("orders", 10), ["a3", "a4"]);
}

#[test]
fn the_group_that_has_been_free_longest_is_first() {
    let bench = bench();
    for body in ["a1", "b1", "a2", "b2"] {
        bench.send_ordered(&body[..1], body);
    }
    let mut seen = Vec::new();
    for _ in 0..4 {
        let next = bench.receive("orders", 1).remove(0);
        bench.clock.advance(SECOND);
        bench.queues().delete("orders", &next.receipt).unwrap();
        seen.push(next.body);
    }
    assert_eq!(seen, ["a1", "b1", "a2", "b2"]);
}

#[test]
fn a_dead_letter_frees_its_group() {
    let bench = bench();
    bench.send_ordered("a", "poison");
    for _ in 0..MAX_RECEIVES {
        assert_eq!(bench.bodies("orders", 1), ["poison"]);
        bench.clock.advance(VISIBILITY);
    }
    bench.send_ordered("a", "next");
    assert_eq!(bench.bodies("orders", 1), ["next"]);
    assert_eq!(bench.bodies("orders-dead", 1), ["poison"]);
    bench.clock.advance(VISIBILITY);
    assert_eq!(bench.queues().redrive("orders-dead").unwrap(), 1);
    assert_eq!(bench.bodies("orders", 10), ["next", "poison"]);
}

#[test]
fn a_duplicate_is_dropped_within_five_minutes_even_of_a_deleted_message() {
    let bench = bench();
    let first = bench.queues().send("orders", ordered("a", "same", "one")).unwrap();
    let received = bench.receive("orders", 1).remove(0);
    bench.queues().delete("orders", &received.receipt).unwrap();

    bench.clock.advance(DEDUPLICATION_WINDOW - SECOND);
    assert_eq!(bench.queues().send("orders", ordered("b", "same", "two")).unwrap(), first);
    assert_eq!(bench.counts("orders"), (0, 0, 0));
    bench.clock.advance(SECOND);
    assert_ne!(bench.queues().send("orders", ordered("a", "same", "three")).unwrap(), first);
    assert_eq!(bench.bodies("orders", 10), ["three"]);
}

#[test]
fn messages_are_dropped_after_their_retention() {
    let bench = bench();
    bench.send("jobs", "old");
    bench.send_ordered("a", "old");
    bench.clock.advance(SECOND);
    bench.send_ordered("a", "new");
    bench.clock.advance(RETENTION - SECOND);
    assert_eq!(bench.receive("jobs", 1), []);
    assert_eq!(bench.bodies("orders", 10), ["new"]);
    assert_eq!(bench.queues().stats_of("jobs").unwrap().oldest, None);
}

#[test]
fn a_queue_refuses_what_sqs_refuses() {
    let bench = bench();
    let send = |queue, message| bench.queues().send(queue, message).unwrap_err();
    let work = || NewMessage::new("work");

    assert!(matches!(send("nowhere", work()), QueueError::NoSuchQueue(name) if name == "nowhere"));
    assert!(matches!(send("jobs", NewMessage::new("")), QueueError::EmptyBody));
    assert!(matches!(send("jobs", NewMessage::new("a\u{8}b")), QueueError::InvalidCharacter('\u{8}')));
    assert!(matches!(send("jobs", NewMessage::new("\u{FFFE}")), QueueError::InvalidCharacter('\u{FFFE}')));
    assert!(matches!(send("jobs", NewMessage { delay: -SECOND, ..work() }), QueueError::DelayOutOfRange));
    assert!(matches!(send("jobs", NewMessage { delay: SECOND * 901, ..work() }), QueueError::DelayOutOfRange));
    assert!(matches!(send("jobs", ordered("a", "d", "work")), QueueError::DedupOnStandard));
    assert!(matches!(send("orders", work()), QueueError::GroupMissing));
    let undeduplicated = NewMessage { dedup: None, ..ordered("a", "d", "work") };
    assert!(matches!(send("orders", undeduplicated), QueueError::DedupMissing));
    let delayed = NewMessage { delay: SECOND, ..ordered("a", "d", "work") };
    assert!(matches!(send("orders", delayed), QueueError::DelayOnFifo));

    let eleven = (0..11).map(|n| (n.to_string(), "x".to_owned())).collect();
    assert!(matches!(send("jobs", NewMessage { attributes: eleven, ..work() }), QueueError::TooManyAttributes(11)));
    let attributes = BTreeMap::from([("name".to_owned(), "value".to_owned())]);
    let largest = |bytes| NewMessage { attributes: attributes.clone(), ..NewMessage::new("x".repeat(bytes)) };
    let room = LARGEST_MESSAGE - "name".len() - "String".len() - "value".len();
    bench.queues().send("jobs", largest(room)).unwrap();
    assert!(matches!(send("jobs", largest(room + 1)), QueueError::TooLarge(1_048_577)));
}

#[test]
fn a_page_sees_every_message_and_disturbs_none() {
    let bench = bench();
    bench.send("jobs", "taken");
    bench.receive("jobs", 1);
    bench.send("jobs", "free");
    bench.queues().send("jobs", NewMessage { delay: SECOND, ..NewMessage::new("held") }).unwrap();
    let seen = bench.queues().peek("jobs", 10).unwrap();
    let seen: Vec<_> = seen.iter().map(|message| (message.body.as_str(), message.state)).collect();
    let expected = [("taken", MessageState::InFlight), ("free", MessageState::Visible), ("held", MessageState::Delayed)];
    assert_eq!(seen, expected);
    assert_eq!(bench.counts("jobs"), (1, 1, 1));
    assert_eq!(bench.queues().peek("jobs", 1).unwrap().len(), 1);
}

#[test]
fn a_restart_keeps_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("standins.sqlite");
    let clock = Arc::new(MovableClock::at(START.parse().unwrap()));
    let open = || Bench { clock: clock.clone(), standins: Standins::open(Some(&path), clock.clone(), topology()).unwrap() };

    let before = open();
    before.send("jobs", "taken");
    let taken = before.receive("jobs", 1).remove(0);
    let waiting = before.send("jobs", "waiting");
    let ordered_id = before.send_ordered("a", "ordered");
    let mail = before.mailbox().accept(&mail()).unwrap();
    drop(before);

    let after = open();
    assert_eq!(after.receive("jobs", 10).remove(0).id.as_str(), waiting);
    after.queues().delete("jobs", &taken.receipt).unwrap();
    assert_eq!(after.counts("jobs"), (0, 1, 0));
    assert_eq!(after.send_ordered("a", "ordered"), ordered_id);
    assert_eq!(after.bodies("orders", 10), ["ordered"]);
    assert_eq!(after.mailbox().get(&mail).unwrap().unwrap().id, mail);
    assert_ne!(after.send("jobs", "new"), waiting);
}

#[test]
fn what_is_not_a_database_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "not a database at all, but long enough to be looked at as one").unwrap();
    let clock = Arc::new(MovableClock::at(Timestamp::UNIX_EPOCH));
    let opened = Standins::open(Some(file.path()), clock, topology());
    assert!(matches!(opened, Err(StandinError::Database(_))));
}

#[test]
fn a_topology_that_contradicts_itself_is_an_error() {
    let open = |change: fn(&mut Topology)| {
        let mut topology = topology();
        change(&mut topology);
        Standins::open(None, Arc::new(MovableClock::at(Timestamp::UNIX_EPOCH)), topology).unwrap_err()
    };
    let twice = open(|topology| topology.queues[2].name = "jobs".to_owned());
    assert!(matches!(twice, StandinError::QueueDeclaredTwice(name) if name == "jobs"));
    let forever = open(|topology| topology.queues[0].visibility = SECOND * 43_201);
    assert!(matches!(forever, StandinError::VisibilityOutOfRange(_)));
    let never = open(|topology| topology.queues[0].max_receives = 0);
    assert!(matches!(never, StandinError::NoReceives(_)));
    for unfit in [
        open(|topology| topology.queues[0].dead_letter = Some("nowhere".to_owned())),
        open(|topology| topology.queues[0].dead_letter = Some("jobs".to_owned())),
        open(|topology| topology.queues[0].dead_letter = Some("orders-dead".to_owned())),
    ] {
        assert!(matches!(unfit, StandinError::UnfitDeadLetter { .. }));
    }
    let shared = open(|topology| topology.queues[2].dead_letter = Some("jobs-dead".to_owned()));
    assert!(matches!(shared, StandinError::SharedDeadLetter(name) if name == "jobs-dead"));
    for unfit in [
        open(|topology| topology.rules[0].queue = "nowhere".to_owned()),
        open(|topology| topology.rules[0].queue = "orders".to_owned()),
    ] {
        assert!(matches!(unfit, StandinError::UnfitTarget { .. }));
    }
}

#[test]
fn ids_look_like_uuids_and_repeat_with_the_run() {
    let ids = || {
        let bench = bench();
        [bench.send("jobs", "a"), bench.send("jobs", "b")]
    };
    let [a, b] = ids();
    assert_ne!(a, b);
    assert_eq!(ids(), [a.clone(), b]);
    let lengths: Vec<_> = a.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    assert_eq!((&a[14..15], &a[19..20]), ("3", "8"));
}

/// No statement on the way of a message reads a table, or sorts, in place of an index.
#[test]
fn many_waiting_messages_cost_no_more_than_few() {
    let store = Store::open(None, Arc::new(MovableClock::at(Timestamp::UNIX_EPOCH))).unwrap();
    for sql in messages::HOT.into_iter().chain([tasks::ANY_RUNNING]) {
        let plan = store.transact(|work| -> rusqlite::Result<Vec<String>> {
            let mut explain = work.sql.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            explain.raw_query().mapped(|row| row.get("detail")).collect()
        });
        for step in plan.unwrap() {
            let fine = step.starts_with("SEARCH") || step.starts_with("SCALAR SUBQUERY") || step == "SCAN CONSTANT ROW";
            assert!(fine, "{step}: {sql}");
        }
    }
}

#[test]
fn ten_thousand_waiting_messages_are_fine() {
    let bench = bench();
    for n in 0..10_000 {
        bench.send("jobs", &n.to_string());
        bench.send_ordered(&format!("group {}", n % 500), &n.to_string());
    }
    for queue in ["jobs", "orders"] {
        let mut done = 0;
        loop {
            let batch = bench.receive(queue, 10);
            if batch.is_empty() {
                break;
            }
            for message in batch {
                bench.queues().delete(queue, &message.receipt).unwrap();
                done += 1;
            }
        }
        assert_eq!(done, 10_000);
    }
}

fn event(event: &str, detail: &str) -> Entry {
    Entry { source: "deals".into(), detail_type: event.into(), detail: detail.into(), ..Entry::default() }
}

#[test]
fn an_event_goes_in_its_envelope_to_every_queue_whose_rule_names_it() {
    let bench = bench();
    bench.clock.advance(SignedDuration::from_millis(1500));
    let time = "2026-02-03T04:05:06.789Z".parse().unwrap();
    let dated = Entry { time: Some(time), resources: vec!["arn:x".into()], ..event("DealGone", "{}") };
    let foreign = Entry { source: "others".into(), ..event("DealFound", "{}") };
    let entries = [event("DealFound", r#"{"dealId":"d1","version":2}"#), dated, event("Unheard", "{}"), foreign];
    let ids: Vec<_> = bench.bus().put(&entries).unwrap().into_iter().map(Result::unwrap).collect();

    let jobs = bench.bodies("jobs", 10);
    let other = bench.bodies("other", 10);
    assert_eq!((jobs.len(), other.len(), &jobs[0]), (1, 2, &other[0]));
    let found: serde_json::Value = serde_json::from_str(&jobs[0]).unwrap();
    assert_eq!(
        found,
        serde_json::json!({
            "version": "0", "id": ids[0], "detail-type": "DealFound", "source": "deals", "account": "000000000000",
            "time": "2026-03-01T12:00:01Z", "region": "us-east-1", "resources": [],
            "detail": {"dealId": "d1", "version": 2},
        })
    );
    let gone: serde_json::Value = serde_json::from_str(&other[1]).unwrap();
    assert_eq!((&gone["time"], &gone["resources"][0]), (&"2026-02-03T04:05:06Z".into(), &"arn:x".into()));
}

#[test]
fn the_bus_refuses_one_event_or_a_whole_call() {
    let bench = bench();
    let nameless = Entry { source: String::new(), ..event("DealFound", "{}") };
    let unheard_of = event("DealFound", "\"\u{FFFE}\"").detail;
    let undeliverable = event("DealFound", &format!("{{\"a\":{unheard_of}}}"));
    let entries =
        [event("DealFound", "{"), event("DealFound", "[1]"), nameless, event("", "{}"), undeliverable, event("DealFound", "{}")];
    let outcomes = bench.bus().put(&entries).unwrap();
    assert!(matches!(outcomes[0], Err(EntryError::MalformedDetail)));
    assert!(matches!(outcomes[1], Err(EntryError::MalformedDetail)));
    assert!(matches!(outcomes[2], Err(EntryError::SourceMissing)));
    assert!(matches!(outcomes[3], Err(EntryError::DetailTypeMissing)));
    assert!(matches!(outcomes[4], Err(EntryError::Undeliverable(QueueError::InvalidCharacter('\u{FFFE}')))));
    assert!(outcomes[5].is_ok());
    assert_eq!((bench.counts("jobs").0, bench.counts("other").0), (1, 1));

    assert!(matches!(bench.bus().put(&[]), Err(BusError::NoEntries)));
    assert!(matches!(bench.bus().put(&vec![event("DealFound", "{}"); 11]), Err(BusError::TooManyEntries(11))));
    let large = event("DealFound", &"x".repeat(600_000));
    assert!(matches!(bench.bus().put(&[large.clone(), large]), Err(BusError::TooLarge(_))));
    assert_eq!(bench.counts("jobs").0, 1);
}

fn mail() -> Mail {
    Mail {
        from: "Mile Buy Club <alerts@example.com>".into(),
        to: vec!["member@example.com".into()],
        subject: "A deal".into(),
        html: Some("<p>A deal</p>".into()),
        headers: vec![("List-Unsubscribe".into(), "<https://example.com/u>".into())],
        tags: vec![("kind".into(), "alert".into())],
        ..Mail::default()
    }
}

#[test]
fn the_mailbox_keeps_mail_newest_first() {
    let bench = bench();
    let first = bench.mailbox().accept(&mail()).unwrap();
    bench.clock.advance(SECOND);
    let second = bench.mailbox().accept(&Mail { subject: "Another".into(), ..mail() }).unwrap();

    let listed = bench.mailbox().list(10).unwrap();
    assert_eq!(listed.iter().map(|mail| mail.id.as_str()).collect::<Vec<_>>(), [second.as_str(), first.as_str()]);
    assert_eq!((listed[1].at, &listed[1].mail), (START.parse().unwrap(), &mail()));
    assert_eq!(bench.mailbox().get(&second).unwrap().unwrap().mail.subject, "Another");
    assert_eq!(bench.mailbox().get("none").unwrap(), None);
    assert_eq!((bench.mailbox().list(1).unwrap().len(), bench.mailbox().count().unwrap()), (1, 2));
}

#[test]
fn the_mailbox_refuses_what_ses_refuses() {
    let bench = bench();
    let refusal = |change: fn(&mut Mail)| {
        let mut mail = mail();
        change(&mut mail);
        bench.mailbox().accept(&mail).unwrap_err()
    };
    assert!(matches!(refusal(|mail| mail.from.clear()), MailError::SenderMissing));
    assert!(matches!(refusal(|mail| mail.from = "Name <alerts>".into()), MailError::DomainMissing(_)));
    assert!(matches!(refusal(|mail| mail.from = "Us <alerts@other.example>".into()), MailError::NotVerified(_)));
    assert!(matches!(refusal(|mail| mail.to.clear()), MailError::RecipientMissing));
    assert!(matches!(refusal(|mail| mail.to[0] = "member@".into()), MailError::DomainMissing(_)));
    assert!(matches!(refusal(|mail| mail.bcc = vec!["a@b.c".into(); 50]), MailError::TooManyRecipients(51)));
    assert!(matches!(refusal(|mail| mail.subject.clear()), MailError::SubjectMissing));
    assert!(matches!(refusal(|mail| mail.html = None), MailError::BodyMissing));
    assert!(matches!(refusal(|mail| mail.html = Some(String::new())), MailError::BodyMissing));
    let injected = refusal(|mail| mail.headers[0].1 = "x\r\nBcc: all@example.com".into());
    assert!(matches!(injected, MailError::MalformedHeader(name) if name == "List-Unsubscribe"));
    assert_eq!(bench.mailbox().count().unwrap(), 0);
}
