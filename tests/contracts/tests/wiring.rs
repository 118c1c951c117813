//! Events, queues and grants: whoever sends has someone who listens, and nobody touches what is another's.

use std::collections::{BTreeMap, BTreeSet};

use contracts_tests::functions;
use domain::events;
use platform::{
    Feed, Queue, Trigger,
    config::{OPEN_SOURCES, SOURCES},
    signature::CURSOR_KEY,
    token::SIGNING_KEY,
    vault::LOOKUP_KEY,
};
use providers::makemytrip;
use storage::{Grant, KINDS};

/// Events that nobody consumes yet, and why they are emitted.
const UNHEARD: &[(&str, &str)] = &[
    ("MemberJoined", "for a greeting, and for rewards"),
    ("WatcherDeleted", "for the member's history"),
    ("DealSaved", "for the member's history, and for what they like"),
    ("DealForgotten", "for the same"),
    ("BookingDone", "for the member's history, and for rewards"),
    ("BookingAbandoned", "for the member's history"),
    ("CardAdviceChosen", "for consent, whose log is to come"),
    ("AlertRaised", "for channels other than mail"),
    ("MessageSent", "for the member's history and for metering"),
    ("MessageUncertain", "for operators: it is never repeated"),
    ("MessageRefused", "for operators, and for addresses that no longer exist"),
    ("PropertiesJoined", "for the audit: who said so"),
    ("PropertySplit", "for the audit: who said so"),
];

/// Kinds that functions of other contexts write, and why.
const WRITTEN_BY_OTHERS: &[(&str, &str)] = &[
    ("receipt", "whoever answers a request that changes something leaves one, in the same transaction"),
    ("raw-answer", "whoever searches keeps what sources answer, as it passes"),
    ("raw-part", "whoever searches keeps what sources answer, as it passes"),
    ("source-state", "whoever asks a source sees whether it is to be left alone"),
    ("source-bucket", "whoever asks a source takes from what it may be asked"),
    ("source-day", "whoever asks a source counts the calls of the day"),
    ("source-health", "whoever asks a source counts how it fared"),
    ("limit-count", "whoever answers a request that changes something counts it, in the same transaction"),
    ("member-key", "who sets a key at a source makes what it is sealed with, which lies where members' keys do (decision 0027)"),
    ("deal", "who books what only a search has found keeps it with the booking, in the same transaction (decision 0035)"),
    (
        "sighting",
        "who keeps a deal with the booking gives its search back the sight of it, in the same transaction (decision 0035)",
    ),
];

/// What asks sources and keeps nothing of their answers, and why.
const KEEPS_NO_ANSWERS: &[(&str, &str)] =
    &[("search-check-price", "whether a price holds is true for minutes, and nothing is ever read from it again")];

fn queues() -> BTreeMap<&'static str, Vec<(&'static str, Queue)>> {
    let mut queues: BTreeMap<&str, Vec<(&str, Queue)>> = BTreeMap::new();
    for function in functions() {
        if let Trigger::Queue { queue, .. } = function.trigger() {
            queues.entry(queue.name).or_default().push((function.spec().name, queue));
        }
    }
    queues
}

/// All that functions are granted, with who is.
fn grants() -> Vec<(&'static str, &'static str, Grant)> {
    let of = |function: &'static dyn platform::Function| {
        let (name, context) = (function.spec().name, function.spec().context());
        function.grants().into_iter().map(move |grant| (name, context, grant))
    };
    functions().into_iter().flat_map(of).collect()
}

fn emitted() -> BTreeSet<&'static str> {
    grants().into_iter().filter_map(|(_, _, grant)| if let Grant::Emit(event) = grant { Some(event) } else { None }).collect()
}

fn consumed() -> BTreeSet<&'static str> {
    let of = |queue: &Queue| match queue.feed {
        Feed::Events(events) => events.to_vec(),
        Feed::Sent => Vec::new(),
    };
    queues().values().flatten().flat_map(|(_, queue)| of(queue)).collect()
}

#[test]
fn every_event_is_emitted_by_someone() {
    assert_eq!(emitted(), events::NAMES.iter().copied().collect());
}

#[test]
fn every_event_is_consumed_or_it_is_known_that_nobody_does() {
    assert!(consumed().is_subset(&emitted()), "{:?}", consumed().difference(&emitted()));
    let unheard: BTreeSet<&str> = UNHEARD.iter().map(|(event, _)| *event).collect();
    assert_eq!(emitted().difference(&consumed()).copied().collect::<BTreeSet<_>>(), unheard);
}

#[test]
fn whoever_asks_a_source_keeps_what_it_answers() {
    let (mut ask, mut keep): (BTreeSet<&str>, BTreeMap<&str, usize>) = Default::default();
    for (function, _, grant) in grants() {
        match grant {
            Grant::Call(source) if providers::sources::source(source).is_some() => {
                ask.insert(function);
            }
            Grant::Write(kind) if kind.name.starts_with("raw-") => *keep.entry(function).or_default() += 1,
            _ => {}
        }
    }
    let excepted = |function: &str| KEEPS_NO_ANSWERS.iter().any(|(name, _)| *name == function);
    let without: Vec<&&str> = ask.iter().filter(|function| keep.get(**function) != Some(&2) && !excepted(function)).collect();
    assert!(!ask.is_empty() && without.is_empty(), "{without:?}");
}

#[test]
fn every_queue_has_one_worker() {
    for (queue, workers) in queues() {
        assert_eq!(workers.len(), 1, "{queue}: {workers:?}");
    }
}

#[test]
fn what_is_sent_is_worked_and_what_is_worked_is_sent() {
    let (queues, mut sent) = (queues(), BTreeSet::new());
    for (function, _, grant) in grants() {
        let Grant::Send(name) = grant else { continue };
        let worked = name.strip_suffix("-dead").unwrap_or(name);
        assert!(queues.contains_key(worked), "{function} sends to {name}, which nobody works");
        sent.insert(name);
    }
    for (name, workers) in &queues {
        let fed = workers.iter().any(|(_, queue)| queue.feed != Feed::Sent);
        assert!(fed || sent.contains(name), "nobody sends to {name}");
        assert!(sent.contains(format!("{name}-dead").as_str()), "the worker of {name} may not park");
    }
}

#[test]
fn queues_of_events_are_named_after_their_context() {
    for (name, workers) in queues() {
        for (worker, queue) in workers.iter().filter(|(_, queue)| queue.feed != Feed::Sent) {
            let context = worker.split('-').next().unwrap_or_default();
            assert!(name.starts_with(&format!("{context}-")), "{worker} works {}", queue.name);
        }
    }
}

#[test]
fn a_message_stays_hidden_for_six_time_outs() {
    for function in functions() {
        if let Trigger::Queue { queue, .. } = function.trigger() {
            let needed = function.spec().timeout_seconds * 6;
            assert!(
                queue.visibility_seconds >= needed,
                "{}: {} s, and six time-outs are {needed} s",
                queue.name,
                queue.visibility_seconds
            );
        }
    }
}

#[test]
fn grants_name_what_there_is() {
    for (function, _, grant) in grants() {
        let exists = match grant {
            Grant::Read(kind) | Grant::Write(kind) => KINDS.iter().any(|known| known.name == kind.name),
            Grant::Emit(event) => events::NAMES.contains(&event),
            Grant::Call(source) => {
                SOURCES.iter().any(|(id, ..)| *id == source) || OPEN_SOURCES.iter().any(|(id, ..)| *id == source)
            }
            // Queues are held against their workers, above.
            Grant::Know(secret) => [CURSOR_KEY, LOOKUP_KEY, SIGNING_KEY, makemytrip::WEBHOOK_KEY].contains(&secret),
            Grant::Send(_) | Grant::Publish | Grant::Mail | Grant::MakeKeys | Grant::UseKeys => true,
        };
        assert!(exists, "{function} may {grant}, which does not exist");
    }
}

#[test]
fn grants_are_declared_once() {
    for function in functions() {
        let mut known = BTreeSet::new();
        for grant in function.spec().declared() {
            assert!(known.insert(grant.to_string()), "{} may {grant} twice", function.spec().name);
        }
    }
}

#[test]
fn a_function_writes_what_its_context_owns() {
    for (function, context, grant) in grants() {
        let Grant::Write(kind) = grant else { continue };
        let excepted = WRITTEN_BY_OTHERS.iter().any(|(name, _)| *name == kind.name);
        assert!(kind.context == context || excepted, "{function} writes {}, which is of {}", kind.name, kind.context);
    }
}

#[test]
fn only_the_relay_publishes() {
    let publishers: Vec<&str> =
        grants().iter().filter(|(_, _, grant)| matches!(grant, Grant::Publish)).map(|(function, ..)| *function).collect();
    assert_eq!(publishers, ["system-relay-outbox"]);
}
