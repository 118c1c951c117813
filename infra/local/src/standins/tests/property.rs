//! Whatever happens to a queue, no message is lost.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Send { group: u8, delay: u8 },
    Receive { max: usize },
    Delete { which: prop::sample::Index },
    ChangeVisibility { which: prop::sample::Index, seconds: u8 },
    Advance { seconds: u8 },
    Redrive,
    Move { per_second: u32 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3u8, 0..20u8).prop_map(|(group, delay)| Step::Send { group, delay }),
        6 => (1..4usize).prop_map(|max| Step::Receive { max }),
        2 => any::<prop::sample::Index>().prop_map(|which| Step::Delete { which }),
        2 => (any::<prop::sample::Index>(), 0..40u8)
            .prop_map(|(which, seconds)| Step::ChangeVisibility { which, seconds }),
        4 => (1..40u8).prop_map(|seconds| Step::Advance { seconds }),
        1 => Just(Step::Redrive),
        1 => (1..3u32).prop_map(|per_second| Step::Move { per_second }),
    ]
}

/// What a run has seen of one queue and its dead-letter queue, kept apart from the engine. A message is known by its text,
/// which is its own: sent round again it gets another id.
struct Run {
    bench: Bench,
    queue: &'static str,
    dead_queue: &'static str,
    sent: BTreeSet<String>,
    deleted: BTreeSet<String>,
    /// Every delivery, oldest first.
    deliveries: Vec<Received>,
}

impl Run {
    fn new(fifo: bool) -> Self {
        let (queue, dead_queue) = if fifo { ("orders", "orders-dead") } else { ("jobs", "jobs-dead") };
        let (sent, deleted) = Default::default();
        Self { bench: bench(), queue, dead_queue, sent, deleted, deliveries: Vec::new() }
    }

    fn take(&mut self, step: &Step) {
        let queues = self.bench.queues().clone();
        match step {
            Step::Send { group, delay } => self.send(*group, *delay),
            Step::Receive { max } => self.receive(*max),
            Step::Delete { which } => self.delete(*which),
            Step::ChangeVisibility { which, seconds } => {
                let Some(delivery) = self.delivery(*which) else { return };
                let changed = queues.change_visibility(self.queue, &delivery.receipt, SECOND * i32::from(*seconds));
                assert!(matches!(changed, Ok(()) | Err(QueueError::NotInFlight)));
            }
            Step::Advance { seconds } => self.bench.clock.advance(SECOND * i32::from(*seconds)),
            Step::Redrive => {
                let dead = self.lying_in(self.dead_queue).len();
                match queues.redrive(self.dead_queue) {
                    Ok(moved) => assert_eq!(moved, dead as u64),
                    Err(error) => assert!(matches!(error, QueueError::MoveUnderWay(_))),
                }
            }
            Step::Move { per_second } => {
                let (source, destination) = (self.dead_queue, Some(self.queue));
                let started = queues.start_move(tasks::MoveOrder { source, destination, per_second: Some(*per_second) });
                assert!(matches!(started, Ok(_) | Err(QueueError::MoveUnderWay(_))));
            }
        }
    }

    fn send(&mut self, group: u8, delay: u8) {
        let body = self.sent.len().to_string();
        let message = match self.queue {
            "orders" => ordered(&group.to_string(), &body, &body),
            _ => NewMessage { delay: SECOND * i32::from(delay), ..NewMessage::new(&body) },
        };
        self.bench.queues().send(self.queue, message).unwrap();
        assert!(self.sent.insert(body));
    }

    fn receive(&mut self, max: usize) {
        let before = self.bench.queues().peek(self.queue, usize::MAX).unwrap();
        let received = self.bench.receive(self.queue, max);
        assert!(received.len() <= max);
        let visible =
            |message: &Received| before.iter().any(|waiting| waiting.id == message.id && waiting.state == MessageState::Visible);
        assert!(received.iter().all(visible), "only visible messages are delivered");
        assert!(received.iter().all(|message| message.receives <= MAX_RECEIVES));
        if self.queue == "orders" {
            let blocked = |message: &Received| {
                let in_flight = before.iter().filter(|waiting| waiting.state == MessageState::InFlight);
                in_flight.into_iter().any(|waiting| waiting.group == message.group)
            };
            assert!(!received.iter().any(blocked), "a group with a message in flight is blocked");
            assert!(received.is_sorted_by_key(|message| message.sequence));
            let waiting = self.bench.queues().peek(self.queue, usize::MAX).unwrap();
            for message in &received {
                let passed = waiting.iter().any(|other| {
                    other.group == message.group
                        && other.sequence < message.sequence
                        && !received.iter().any(|with| with.id == other.id)
                });
                assert!(!passed, "no message passes another of its group");
            }
        }
        self.deliveries.extend(received);
    }

    fn delete(&mut self, which: prop::sample::Index) {
        let Some(delivery) = self.delivery(which).cloned() else { return };
        let latest = self.deliveries.iter().rfind(|other| other.id == delivery.id).unwrap();
        // A message that died and was sent back is not the one that was received before.
        let is_here = |waiting: &crate::standins::queues::Waiting| {
            waiting.id == delivery.id && waiting.sequence == delivery.sequence && latest.receipt == delivery.receipt
        };
        if self.bench.queues().peek(self.queue, usize::MAX).unwrap().iter().any(is_here) {
            self.deleted.insert(delivery.body.clone());
        }
        self.bench.queues().delete(self.queue, &delivery.receipt).unwrap();
    }

    fn delivery(&self, which: prop::sample::Index) -> Option<&Received> {
        if self.deliveries.is_empty() { None } else { Some(which.get(&self.deliveries)) }
    }

    fn lying_in(&self, queue: &str) -> Vec<String> {
        let waiting = self.bench.queues().peek(queue, usize::MAX).unwrap();
        waiting.into_iter().map(|message| message.body).collect()
    }

    /// Every message sent is deleted, waiting or dead: exactly one of these.
    fn check(&self) {
        let mut all: Vec<String> = self.deleted.iter().cloned().collect();
        all.extend(self.lying_in(self.queue));
        all.extend(self.lying_in(self.dead_queue));
        all.sort();
        assert_eq!(all, self.sent.iter().cloned().collect::<Vec<_>>());
        for queue in [self.queue, self.dead_queue] {
            let (visible, in_flight, delayed) = self.bench.counts(queue);
            assert_eq!(visible + in_flight + delayed, self.lying_in(queue).len() as u64);
        }
    }

    /// From wherever a run stands, a consumer that does its work empties the queue: nothing is stuck.
    fn drain(&mut self) {
        for _ in 0..=3 * self.sent.len() {
            for received in self.bench.receive(self.queue, usize::MAX) {
                self.bench.queues().delete(self.queue, &received.receipt).unwrap();
                self.deleted.insert(received.body.clone());
            }
            let Some(next) = self.bench.queues().next_visible_at().unwrap() else { break };
            self.bench.clock.set(next);
        }
        assert_eq!(self.bench.counts(self.queue), (0, 0, 0));
        self.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn no_message_is_lost(fifo: bool, steps in prop::collection::vec(step(), 1..80)) {
        let mut run = Run::new(fifo);
        for step in &steps {
            run.take(step);
            run.check();
        }
        run.drain();
    }
}
