//! The targets do what they say, also where there is no fuzzer: each withstands what it begins with, and the same with a byte changed.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, fs};

use fuzz::TARGETS;

#[test]
fn each_target_withstands_what_it_begins_with() {
    let mut rng = fastrand::Rng::with_seed(1);
    for (name, target) in TARGETS {
        let all = (target.begins_with)();
        assert!(!all.is_empty(), "{name} begins with nothing");
        for (_, mut bytes) in all {
            (target.tries)(&bytes);
            let at = rng.usize(..bytes.len());
            bytes[at] ^= 1 << rng.u8(..8);
            (target.tries)(&bytes);
        }
    }
}

#[test]
fn each_target_has_its_binary() {
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz_targets")).unwrap();
    let files: BTreeSet<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(files, TARGETS.map(|(name, _)| name.to_owned()).into());
}
