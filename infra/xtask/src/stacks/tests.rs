//! What can't be deployed is refused, and what is deployed has all that it reads.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{cell::RefCell, collections::BTreeSet};

use platform::{JobError, Message, Queue, Scheduled, Worker, config::Config};
use serde::Deserialize;
use serde_json::Value;
use storage::KINDS;

use super::*;

#[derive(Deserialize)]
struct Kept;

impl Message for Kept {
    const QUEUE: Queue = Queue { fifo: true, ..Queue::sent("kept") };
}

static KEEPS_ORDER: Worker<Kept> = Worker::new("proof-keep", |_, _| Box::pin(async { Ok::<(), JobError>(()) }));
static RARE: Scheduled = Scheduled::new("proof-rare", "rate(2 days)", |_, _| Box::pin(async { Ok(()) }));
static NEVER: Scheduled = Scheduled::new("proof-never", "rate(0 days)", |_, _| Box::pin(async { Ok(()) }));
static DAILY: Scheduled = Scheduled::new("proof-daily", "rate(1 day)", |_, _| Box::pin(async { Ok(()) }));

fn refused(function: &'static dyn Function) -> String {
    stack("proof", &[function]).unwrap_err().to_string()
}

#[test]
fn what_the_cloud_does_not_take_is_refused_by_name() {
    assert!(refused(&KEEPS_ORDER).starts_with("kept keeps order"), "{}", refused(&KEEPS_ORDER));
    assert!(refused(&RARE).starts_with("proof-rare runs too rarely"), "{}", refused(&RARE));
    assert!(refused(&NEVER).starts_with("proof-never: "), "{}", refused(&NEVER));
    assert!(stack("proof", &[&DAILY]).is_ok());
    assert_eq!(stack("mail", &[&DAILY]).unwrap_err().to_string(), "mail is the name of a shared stack");
    let twice = stack("proof", &[&DAILY, &DAILY]).unwrap_err().to_string();
    assert!(twice.starts_with("the stack of proof has two resources called Daily"), "{twice}");
}

/// The variables of a function: those of all, and its own.
fn variables(template: &Template, id: &str) -> BTreeSet<String> {
    let (_, function) = template.resources.iter().find(|(known, _)| known == id).unwrap();
    let of = |function: &Value| function["Environment"]["Variables"].as_object().cloned().unwrap_or_default();
    let all = [of(&template.globals.as_ref().unwrap()["Function"]), of(&function.properties)];
    all.into_iter().flatten().map(|(name, _)| name).collect()
}

/// What is read last, when nothing is missing.
const READ_LAST: [&str; 3] = ["EVENT_BUS", "MAIL_CONFIGURATION_SET", "TABLE_PREFIX"];

#[test]
fn a_function_is_given_what_it_reads_and_nothing_else() {
    let stacks = all().unwrap();
    for function in contexts::functions() {
        let (name, given) = (function.spec().name, variables(&stacks[function.spec().context()], &Named::of(function).id));
        let read = RefCell::new(BTreeSet::from(READ_LAST.map(str::to_owned)));
        let get = |name: &str| {
            read.borrow_mut().insert(name.to_owned());
            let value = if name == "MAIL_SENDER" { "mail@example.com" } else { "https://example.com/as-long-as-a-secret" };
            given.contains(name).then(|| value.to_owned())
        };
        let faults = Config::read(get, &function.needed()).unwrap_err().0;
        // They are there, and an address is no key.
        let keys = ["TOKEN_JWKS", "TOKEN_SIGNING_KEY"].into_iter().filter(|key| given.contains(*key));
        let faulty = faults.iter().map(|fault| fault.name.as_str());
        assert_eq!(faulty.collect::<Vec<_>>(), keys.collect::<Vec<_>>(), "{name}: {faults:?}");
        assert!(given.contains("TOKEN_JWKS") && given.is_subset(&read.borrow()), "{name} does not read all of {given:?}");
    }
}

/// Whether IAM takes a text for one that a pattern means: a star stands for anything, `#` too.
fn is_meant(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((first, rest)) => text.strip_prefix(first).is_some_and(|text| {
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| is_meant(rest, text.split_at(at).1))
        }),
    }
}

#[test]
fn the_right_to_one_partition_is_none_to_another() {
    let partitions: BTreeSet<(&str, &str)> = KINDS
        .iter()
        .flat_map(|kind| kind.keys.iter().filter(|keys| keys.index.is_none()).map(|keys| (kind.table.name(), keys.partition)))
        .collect();
    for (table, granted) in &partitions {
        for (_, other) in partitions.iter().filter(|(of, partition)| of == table && partition != granted) {
            let key = other.replace(['{', '}'], "");
            assert!(!is_meant(&policy::pattern(granted), &key), "who may reach {granted} may reach {key}");
        }
    }
    assert!(is_meant("T#*", "T#tenant#M#member"), "this is what must not be");
}

#[test]
fn a_stack_is_asked_for_what_it_uses_only() {
    let stacks = all().unwrap();
    let names = |context: &str| stacks[context].parameters().into_iter().map(|parameter| parameter.name).collect::<Vec<_>>();
    assert!(!names("search").contains(&"IdentityArn"), "it sends no mail");
    assert!(!names("system").contains(&"EdgeTokens"), "its endpoints are for anyone");
    assert!(names("deals").contains(&"EdgeTokens") && names("deals").contains(&"AuthorizerId"));
    assert!(names("notifications").contains(&"IdentityArn") && !names("deals").contains(&"IdentityArn"), "one sends mail");
}

#[test]
fn text_stays_text_for_those_who_read_yaml_1_1() {
    let text = "Mode: OFF\nVersion: 2012-10-17\nList:\n- on\n- 2012345678\n- 'yes'\nOther: of 2012-10-17: on and off\n";
    let expected = "Mode: 'OFF'\nVersion: '2012-10-17'\nList:\n- 'on'\n- 2012345678\n- 'yes'\nOther: of 2012-10-17: on and off\n";
    assert_eq!(template::for_yaml_1_1(text), expected);
}
