//! What a fuzzer tries: one target for each kind of thing that others send. Those of sources go by the table of sources: a new reading
//! and a new source are tried without a line being written.
//!
//! ```sh
//! cargo run -p fuzz --bin readings -- tests/fuzz/corpus/readings                # what a fuzzer begins with, for any of the targets
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz readings -- -max_total_time=60  # every reading; `-s none` on stable
//! READING=duffel/offers cargo +nightly fuzz run --fuzz-dir tests/fuzz readings  # one of them
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz answers                         # all that adapters do with answers, errors too
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz rates                           # the rates of the European Central Bank
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz notices                         # what sources send by themselves
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz places                          # names of places
//! ```
#![allow(clippy::unwrap_used, clippy::panic, reason = "what is found is told by a panic")]

use std::{env, ffi::OsString, fs, io, path::Path, sync::LazyLock};

use domain::{
    inputs::read_input,
    places::{Place, Unresolved, resolve, suggest},
};
use futures::FutureExt;
use providers::{ecb, sources::SOURCES};
use providers_tests::{
    Answer, ReadingOf,
    anything::{Tried, withstands_all},
    every_reading, every_sample, withstands,
};
use sources::receive_inventory::ReceiveInventory;

/// Every target, by the name of its binary.
pub const TARGETS: [(&str, Target); 5] =
    [("readings", READINGS), ("answers", ANSWERS), ("rates", RATES), ("notices", NOTICES), ("places", PLACES)];

/// What a fuzzer tries.
#[derive(Debug)]
pub struct Target {
    /// Tries it.
    pub tries: fn(&[u8]),
    /// What it begins with, each by a name.
    pub begins_with: fn() -> Vec<(String, Vec<u8>)>,
}

/// Every reading: the first byte says which, the others are the answer.
pub const READINGS: Target = Target { tries: reading, begins_with: samples_by_reading };

/// Every source, whatever it is asked: the first byte says which, the second with which status it answers, and a line what stands in its
/// header. The others are the answer.
pub const ANSWERS: Target = Target { tries: answer, begins_with: samples_by_source };

/// The rates of the European Central Bank.
pub const RATES: Target = Target { tries: rates, begins_with: days_of_rates };

/// What sources send by themselves, once it is known who has sent it.
pub const NOTICES: Target = Target { tries: notice, begins_with: notices };

/// A name of a place, or what is typed of it.
pub const PLACES: Target = Target { tries: place, begins_with: names };

impl Target {
    /// Writes what a fuzzer begins with to a folder that the first argument names.
    ///
    /// # Errors
    /// If there is no such argument, or nothing can be written there.
    pub fn write(&self, mut arguments: impl Iterator<Item = OsString>) -> io::Result<()> {
        let folder = arguments.next().ok_or_else(|| io::Error::other("name a folder"))?;
        fs::create_dir_all(&folder)?;
        (self.begins_with)().iter().try_for_each(|(name, bytes)| fs::write(Path::new(&folder).join(name), bytes))
    }
}

/// A fuzzer's target. Built without one, it writes to a folder what a fuzzer begins with.
#[macro_export]
macro_rules! target {
    ($target:expr) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| ($target.tries)(data));

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            $target.write(std::env::args_os().skip(1))
        }
    };
}

/// All that can be read, or what is named by `READING` as `SOURCE/OPERATION`.
static TRIED: LazyLock<Vec<ReadingOf>> = LazyLock::new(|| {
    let wanted = env::var("READING").ok();
    let is_wanted = |reading: &ReadingOf| wanted.as_deref().is_none_or(|wanted| reading.name() == wanted);
    let readings: Vec<ReadingOf> = every_reading().into_iter().filter(is_wanted).collect();
    assert!(!readings.is_empty(), "there is no reading {wanted:?}");
    readings
});

fn reading(data: &[u8]) {
    if let Some((which, body)) = data.split_first() {
        let _ = withstands(&TRIED[usize::from(*which) % TRIED.len()], body);
    }
}

/// Every sample for each reading of its source.
fn samples_by_reading() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (which, ReadingOf { source, reading }) in (0..).zip(TRIED.iter()) {
        let of_source = every_sample().into_iter().filter(|(of, ..)| of.id == source.id);
        all.extend(
            of_source
                .map(|(_, name, body)| (format!("{}-{}-{name}", source.id, reading.operation), [&[which], &body[..]].concat())),
        );
    }
    all
}

/// What sources answer with.
const STATUSES: [u16; 10] = [200, 201, 204, 301, 400, 404, 409, 422, 429, 503];
/// The headers that are read of an answer, besides how it is packed.
const HEADERS: [&str; 4] = ["retry-after", "ratelimit-reset", "rate-limit-minute-reset", "content-encoding"];

fn answer(data: &[u8]) {
    let [source, status, rest @ ..] = data else { return };
    let (line, body) = rest.split_at(rest.iter().position(|byte| *byte == b'\n').unwrap_or_default());
    let source = &SOURCES[usize::from(*source) % SOURCES.len()];
    let (status, header) = (usize::from(*status), usize::from(*status) / STATUSES.len() % HEADERS.len());
    let bare = Answer::new(STATUSES[status % STATUSES.len()], body.to_vec());
    let said: String =
        line.iter().filter(|byte| byte.is_ascii_graphic() || **byte == b' ').map(|byte| char::from(*byte)).collect();
    let answer = if said.is_empty() { bare } else { bare.with(HEADERS[header], said) };
    let withstood = withstands_all(source, &answer, &mut Tried::new()).now_or_never();
    assert!(withstood.is_some(), "nothing in it waits");
}

/// Every sample for its source, as a success and as a refusal that says when to come again.
fn samples_by_source() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (which, source) in (0..).zip(SOURCES) {
        for (_, name, body) in every_sample().into_iter().filter(|(of, ..)| of.id == source.id) {
            let said = |status: u8, line: &[u8]| [&[which, status], line, b"\n", &body].concat();
            all.push((format!("{}-{name}", source.id), said(0, b"")));
            all.push((format!("{}-refused-{name}", source.id), said(8, b"Wed, 18 Feb 2026 07:34:20 GMT")));
        }
    }
    all
}

fn rates(data: &[u8]) {
    let _ = ecb::parse(data);
}

fn days_of_rates() -> Vec<(String, Vec<u8>)> {
    vec![("recorded".to_owned(), include_bytes!("../../../infra/local/recordings/ecb/eurofxref-daily.xml").to_vec())]
}

fn notice(data: &[u8]) {
    let _ = std::str::from_utf8(data).map(read_input::<ReceiveInventory>);
}

fn notices() -> Vec<(String, Vec<u8>)> {
    let notice =
        r#"{"id": "evt-2026-02-17-000123", "changes": [{"hotelId": "MMT-77", "from": "2026-04-27", "to": "2026-04-29"}]}"#;
    let any_night = r#"{"id": "1", "changes": [{"hotelId": "MMT-77"}]}"#;
    [("notice", notice), ("any-night", any_night)].map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).into()
}

fn place(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match resolve(&text) {
        Ok(place) => assert_eq!(place.to_string().parse::<Place>().as_ref(), Ok(&place), "it can be kept"),
        Err(
            Unresolved::Unknown(choices)
            | Unresolved::Ambiguous(choices)
            | Unresolved::Nearly(choices)
            | Unresolved::Wide(choices),
        ) => {
            assert!(choices.len() <= 5)
        }
    }
    assert!(suggest(&text, 20).len() <= 20);
}

fn names() -> Vec<(String, Vec<u8>)> {
    let names =
        ["LAX", "metro:LON", "country:AE", "San José, Costa Rica", "los angelse", "heathr", "ÅÄÖ ß", "St. Petersburg, RU"];
    (0..).zip(names).map(|(n, name): (u8, _)| (n.to_string(), name.as_bytes().to_vec())).collect()
}
