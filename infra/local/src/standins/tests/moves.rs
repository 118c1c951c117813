//! Dead letters are sent round again.

use super::tasks::{MoveOrder, MoveState, NO_SOURCE};
use super::*;

const TO_JOBS: MoveOrder<'_> = MoveOrder { source: "jobs-dead", destination: Some("jobs"), per_second: None };

impl Bench {
    fn park(&self, queue: &str, message: NewMessage) {
        let attributes = [("parkedBy", "jobs-worker"), ("reason", "no good")];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        self.queues().send(queue, NewMessage { attributes, ..message }).unwrap();
    }

    fn lying_in(&self, queue: &str) -> Vec<String> {
        self.queues().peek(queue, 1_000).unwrap().into_iter().map(|message| message.body).collect()
    }
}

#[test]
fn both_sorts_of_dead_letters_go_back_as_new_messages_with_their_attributes() {
    let bench = bench();
    let attributes = BTreeMap::from([("trace".to_owned(), "t-1".to_owned())]);
    let first = NewMessage { attributes: attributes.clone(), ..NewMessage::new("given up") };
    let first = bench.queues().send("jobs", first).unwrap();
    bench.exhaust("jobs");
    bench.park("jobs-dead", NewMessage::new("parked"));
    let reasons: Vec<_> = bench.queues().peek("jobs-dead", 9).unwrap().iter().map(|letter| letter.reason().to_owned()).collect();
    assert_eq!(reasons, ["received too often", "no good"]);

    assert_eq!(bench.queues().redrive("jobs-dead").unwrap(), 2);
    let back = bench.receive("jobs", 10);
    let seen: Vec<_> = back.iter().map(|message| (message.body.as_str(), message.receives, message.sent_at)).collect();
    assert_eq!(seen, [("given up", 1, bench.clock.now()), ("parked", 1, bench.clock.now())]);
    assert_ne!(back[0].id, first);
    assert_eq!(back[0].attributes, attributes, "the queue it came from is of the dead letter alone");
    assert_eq!(back[1].attributes["reason"], "no good");
    assert_eq!(bench.lying_in("jobs-dead"), [""; 0]);

    // Every receive is there again. What then is given up says so, whatever it was parked for before.
    for receives in 2..=MAX_RECEIVES {
        bench.clock.advance(VISIBILITY);
        assert!(bench.receive("jobs", 10).iter().all(|message| message.receives == receives));
    }
    bench.clock.advance(VISIBILITY);
    assert_eq!(bench.receive("jobs", 10), []);
    let letters = bench.queues().peek("jobs-dead", 9).unwrap();
    assert_eq!((letters[1].body.as_str(), letters[1].reason()), ("parked", "received too often"));
}

#[test]
fn what_is_in_flight_stays() {
    let bench = bench();
    bench.send("jobs-dead", "a");
    bench.send("jobs-dead", "b");
    assert_eq!(bench.bodies("jobs-dead", 1), ["a"]);
    assert_eq!(bench.queues().redrive("jobs-dead").unwrap(), 1);
    assert_eq!(bench.bodies("jobs", 10), ["b"]);
    bench.clock.advance(VISIBILITY);
    assert_eq!(bench.queues().redrive("jobs-dead").unwrap(), 1);
    assert_eq!(bench.queues().redrive("jobs-dead").unwrap(), 0);
}

#[test]
fn groups_keep_their_order() {
    let bench = bench();
    for body in ["a1", "b1", "a2", "b2"] {
        bench.send_ordered(&body[..1], body);
    }
    bench.exhaust("orders");
    bench.park("orders-dead", ordered("a", "a3", "a3"));
    assert_eq!(bench.queues().redrive("orders-dead").unwrap(), 5);
    assert_eq!(bench.bodies("orders", 10), ["a1", "b1", "a2", "b2", "a3"]);
}

#[test]
fn a_group_with_a_letter_in_flight_waits() {
    let bench = bench();
    for body in ["a1", "a2", "b1"] {
        bench.park("orders-dead", ordered(&body[..1], body, body));
    }
    assert_eq!(bench.bodies("orders-dead", 1), ["a1"]);
    assert_eq!(bench.queues().redrive("orders-dead").unwrap(), 1);
    assert_eq!(bench.lying_in("orders-dead"), ["a1", "a2"]);
    bench.clock.advance(VISIBILITY);
    assert_eq!(bench.queues().redrive("orders-dead").unwrap(), 2);
    assert_eq!(bench.bodies("orders", 10), ["b1", "a1", "a2"]);
}

#[test]
fn a_pace_is_kept_and_only_what_was_there_is_moved() {
    let bench = bench();
    (0..5).for_each(|n| bench.park("jobs-dead", NewMessage::new(n.to_string())));
    let started = bench.queues().start_move(MoveOrder { per_second: Some(2), ..TO_JOBS }).unwrap();
    assert_eq!((started.moved, started.to_move, &started.state), (2, 5, &MoveState::Running));
    bench.park("jobs-dead", NewMessage::new("later"));
    assert!(matches!(bench.queues().redrive("jobs-dead"), Err(QueueError::MoveUnderWay(queue)) if queue == "jobs-dead"));
    assert_eq!(bench.queues().next_visible_at().unwrap(), Some(bench.clock.now() + SECOND));

    bench.clock.advance(SECOND);
    assert_eq!(bench.bodies("jobs", 10), ["0", "1", "2", "3"]);
    bench.clock.advance(SECOND * 10);
    let ended = bench.queues().moves("jobs-dead", 10).unwrap().remove(0);
    assert_eq!((ended.handle, ended.moved, ended.state), (started.handle, 5, MoveState::Completed));
    assert_eq!(bench.lying_in("jobs-dead"), ["later"]);
    assert_eq!(bench.queues().redrive("jobs-dead").unwrap(), 1);
    assert_eq!(bench.queues().moves("jobs-dead", 10).unwrap().len(), 2);
}

#[test]
fn a_paced_task_ends_though_others_took_what_it_was_to_move() {
    let bench = bench();
    (0..3).for_each(|n| bench.park("jobs-dead", NewMessage::new(n.to_string())));
    bench.queues().start_move(MoveOrder { per_second: Some(1), ..TO_JOBS }).unwrap();
    for taken in bench.receive("jobs-dead", 10) {
        bench.queues().delete("jobs-dead", &taken.receipt).unwrap();
    }
    bench.clock.advance(SECOND);
    let ended = bench.queues().moves("jobs-dead", 1).unwrap().remove(0);
    assert_eq!((ended.moved, ended.to_move, ended.state), (1, 3, MoveState::Completed));
}

#[test]
fn without_a_destination_each_goes_where_it_came_from_and_what_came_from_nowhere_stops_it() {
    let bench = bench();
    bench.send("jobs", "given up");
    bench.exhaust("jobs");
    bench.park("jobs-dead", NewMessage::new("parked"));
    let ended = bench.queues().start_move(MoveOrder { destination: None, ..TO_JOBS }).unwrap();
    assert_eq!((ended.moved, ended.state), (1, MoveState::Failed(NO_SOURCE.to_owned())));
    assert_eq!((bench.bodies("jobs", 10), bench.lying_in("jobs-dead")), (vec!["given up".to_owned()], vec!["parked".to_owned()]));
}

#[test]
fn only_dead_letters_are_sent_round_again() {
    let bench = bench();
    assert!(matches!(bench.queues().redrive("nowhere"), Err(QueueError::NoSuchQueue(_))));
    for queue in ["jobs", "other"] {
        assert!(matches!(bench.queues().redrive(queue), Err(QueueError::NotDeadLetters(name)) if name == queue));
    }
}

#[test]
fn a_paced_task_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("standins.sqlite");
    let clock = Arc::new(MovableClock::at(START.parse().unwrap()));
    let open = || Bench { clock: clock.clone(), standins: Standins::open(Some(&path), clock.clone(), topology()).unwrap() };
    let before = open();
    (0..2).for_each(|n| before.park("jobs-dead", NewMessage::new(n.to_string())));
    before.queues().start_move(MoveOrder { per_second: Some(1), ..TO_JOBS }).unwrap();
    drop(before);
    clock.advance(SECOND);
    assert_eq!(open().bodies("jobs", 10), ["0", "1"]);
}
