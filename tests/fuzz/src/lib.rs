//! What a fuzzer tries. The targets go by the table of sources: a new reading is tried without a line being written.
//!
//! ```sh
//! cargo run -p fuzz --bin readings -- tests/fuzz/corpus/readings                # what a fuzzer begins with: every sample, for its readings
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz readings -- -max_total_time=60  # all readings; `-s none` on stable
//! READING=duffel/offers cargo +nightly fuzz run --fuzz-dir tests/fuzz readings  # one of them
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz places                          # names of places
//! ```
#![allow(clippy::unwrap_used, clippy::panic, reason = "what is found is told by a panic")]

use std::{env, fs, path::Path, sync::LazyLock};

use domain::places::{Place, Unresolved, resolve, suggest};
use providers_tests::{ReadingOf, every_reading, every_sample, withstands};

/// All that can be read, or what is named by `READING` as `SOURCE/OPERATION`.
static READINGS: LazyLock<Vec<ReadingOf>> = LazyLock::new(|| {
    let wanted = env::var("READING").ok();
    let is_wanted = |reading: &ReadingOf| wanted.as_deref().is_none_or(|wanted| reading.name() == wanted);
    let readings: Vec<ReadingOf> = every_reading().into_iter().filter(is_wanted).collect();
    assert!(!readings.is_empty(), "there is no reading {wanted:?}");
    readings
});

/// The first byte says which reading is tried, the others are the answer.
pub fn reading(data: &[u8]) {
    if let Some((which, body)) = data.split_first() {
        let _ = withstands(&READINGS[usize::from(*which) % READINGS.len()], body);
    }
}

/// A name of a place, or what is typed of it.
pub fn place(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match resolve(&text) {
        Ok(place) => assert_eq!(place.to_string().parse::<Place>().as_ref(), Ok(&place), "it can be kept"),
        Err(Unresolved::Unknown(choices) | Unresolved::Ambiguous(choices) | Unresolved::Nearly(choices)) => {
            assert!(choices.len() <= 5)
        }
    }
    assert!(suggest(&text, 20).len() <= 20);
}

/// Writes what a fuzzer of readings begins with: every sample for each reading of its source.
pub fn write_samples(folder: &Path) -> std::io::Result<usize> {
    fs::create_dir_all(folder)?;
    let mut written = 0;
    for (which, reading) in (0..).zip(READINGS.iter()) {
        for (source, name, body) in every_sample().into_iter().filter(|(source, ..)| source.id == reading.source.id) {
            fs::write(
                folder.join(format!("{}-{}-{name}", source.id, reading.reading.operation)),
                [&[which], &body[..]].concat(),
            )?;
            written += 1;
        }
    }
    Ok(written)
}

/// Writes what a fuzzer of names begins with.
pub fn write_names(folder: &Path) -> std::io::Result<usize> {
    fs::create_dir_all(folder)?;
    let names =
        ["LAX", "metro:LON", "country:AE", "San José, Costa Rica", "los angelse", "heathr", "ÅÄÖ ß", "St. Petersburg, RU"];
    names.iter().enumerate().try_for_each(|(n, name)| fs::write(folder.join(n.to_string()), name))?;
    Ok(names.len())
}
