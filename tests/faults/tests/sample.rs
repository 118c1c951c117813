//! A sample of what `cargo xtask faults` goes through whole.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::LazyLock;

use faults::{
    conditions,
    kills::{self, SEED, Told},
    matrix,
    outcome::difference,
};
use local::machine::functions;

static TOLD: LazyLock<Vec<Told>> = LazyLock::new(|| kills::told(SEED).unwrap());

#[test]
fn every_function_has_a_part_in_the_story() {
    // A function that declares nothing calls nobody, and no call of it can go wrong.
    let calling = functions().into_iter().filter(|function| !function.grants().is_empty());
    let has_part = |name: &str| TOLD.iter().any(|told| told.calls_of(name) > 0);
    let idle: Vec<_> = calling.map(|function| function.spec().name).filter(|name| !has_part(name)).collect();
    assert!(idle.is_empty(), "give them a part in src/story.rs: {idle:?}");
}

#[test]
fn whatever_can_go_wrong_for_a_function_does() {
    assert_eq!(matrix::never_struck(&TOLD), Vec::<String>::new(), "no call of the story is there for it");
}

#[test]
fn a_seed_tells_the_same_story_each_time() {
    for (told, again) in TOLD.iter().zip(kills::told(SEED).unwrap()) {
        let differ = told.calls.iter().zip(&again.calls).find(|(first, second)| first != second);
        assert_eq!((differ, told.calls.len()), (None, again.calls.len()), "{}", told.chapter.name);
    }
}

#[test]
fn whoever_goes_first_the_end_is_the_same() {
    for seed in 100..104 {
        for (told, other) in TOLD.iter().zip(kills::told(seed).unwrap()) {
            assert_eq!(difference(&told.outcome, &other.outcome), None, "{}, seed {seed}", told.chapter.name);
        }
    }
}

#[test]
fn one_kill_in_a_hundred_loses_and_doubles_nothing() {
    let spots: Vec<_> = kills::spots(&TOLD).into_iter().step_by(101).collect();
    for (spot, result) in kills::try_all(&spots) {
        result.unwrap_or_else(|violation| panic!("cargo xtask faults --kill {spot}:\n{violation}"));
    }
}

#[test]
fn one_cell_in_twenty_ends_as_without_a_fault() {
    let cells: Vec<_> = matrix::cells(&TOLD).into_iter().step_by(23).collect();
    let (_, failed) = matrix::run_all(&cells, &[3]);
    let told: Vec<String> = failed
        .iter()
        .map(|failed| format!("cargo xtask faults --cell {} --seed 3:\n{}", failed.cell, failed.violation))
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn every_condition_of_a_write_refuses_what_it_is_there_for() {
    let met = conditions::met(SEED).unwrap();
    for expression in storage::CONDITIONS {
        assert!(met.uses.keys().any(|used| used.expression == expression), "the story does not come to {expression}");
    }
    for used in met.uses.keys() {
        conditions::is_missed(&met, used).unwrap_or_else(|violation| panic!("{used}: {violation}"));
    }
}
