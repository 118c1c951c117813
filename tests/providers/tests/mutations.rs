//! Every reading of the table against thousands of answers that nobody would send on purpose: cut off, mistyped, huge, deeply nested, no
//! text. Where a fuzzer can be had, `tests/fuzz` goes on from here; this runs everywhere, and does the same each time.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use fastrand::Rng;
use providers::sources::SOURCES;
use providers_tests::{
    Answer, ReadingOf,
    anything::{Tried, withstands_all},
    availability, every_reading, every_sample, mended_offer_request, mistyped as mistyped_everywhere, pointers, search_page,
    withstands,
};
use serde_json::{Value, json};

/// How many answers are made of each sample for each reading of its source.
const A_SAMPLE: u64 = 20;

/// A sample, spoilt in one of many ways.
fn spoilt(sample: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut body = sample.to_vec();
    let at = rng.usize(..body.len());
    match rng.u8(..8) {
        0 => body.truncate(at),
        1 => body[at] ^= 1 << rng.u8(..8),
        2 => drop(body.splice(at..at, [0xff, 0xfe, 0xc3, 0x28])),
        3 => drop(body.splice(at..(at + 40).min(body.len()), [])),
        4 => {
            let again = body[at..(at + 200).min(body.len())].to_vec();
            drop(body.splice(at..at, again));
        }
        _ => return mistyped(sample, rng),
    }
    body
}

/// A sample with other values in up to three places.
fn mistyped(sample: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(sample).unwrap();
    let places = pointers(&document);
    let mut raw = None;
    for _ in 0..rng.usize(1..=3) {
        let place = &places[rng.usize(..places.len())];
        let Some(value) = document.pointer_mut(place) else { continue };
        *value = match rng.u8(..11) {
            0 => Value::Null,
            1 => json!(rng.bool()),
            2 => json!(-rng.i64(..1_000_000)),
            3 => json!(u64::MAX),
            4 => json!("9".repeat(400)),
            5 => json!("\u{0}\u{202e}\u{feff}"),
            6 => json!("x".repeat(70_000)),
            7 => json!([]),
            8 => json!({}),
            9 => json!([[null, {}, "x", 1]]),
            _ => {
                raw = Some(rng.usize(..HUGE.len()));
                json!("what no value can be")
            }
        };
    }
    let text = document.to_string();
    match raw.and_then(|huge| HUGE.get(huge)) {
        Some(huge) => text.replace("\"what no value can be\"", &huge()).into_bytes(),
        None => text.into_bytes(),
    }
}

/// What a document in memory can't hold.
const HUGE: [fn() -> String; 4] = [
    || "1e999".to_owned(),
    || "9".repeat(5_000),
    || format!("-0.{}1", "0".repeat(5_000)),
    || format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)),
];

#[test]
fn no_reading_is_led_astray() {
    let samples = every_sample();
    let mut tried: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for reading in every_reading() {
        let of_source = samples.iter().filter(|(source, ..)| source.id == reading.source.id);
        for (seed, (_, _, sample)) in (0..).zip(of_source) {
            for n in 0..A_SAMPLE {
                let read = withstands(&reading, &spoilt(sample, &mut Rng::with_seed(seed * A_SAMPLE + n)));
                let (all, good) = tried.entry(reading.name()).or_default();
                *all += 1;
                *good += u32::from(read.is_ok());
            }
        }
    }
    let all: u32 = tried.values().map(|(all, _)| all).sum();
    assert!(all > 2_000, "{all}");
    // Both must have happened to each, or this has tried nothing: a reading is given the samples of all of its source.
    for (name, (all, good)) in &tried {
        assert!((1..*all).contains(good), "{name}: {good} of {all} were read");
    }
    assert_eq!(tried.len(), every_reading().len());
}

#[test]
fn depth_alone_breaks_nothing() {
    for reading in every_reading() {
        for body in [deep("[", "]"), deep("{\"data\":", "}"), deep("{\"data\":{\"offers\":[", "]}}")] {
            let found = withstands(&reading, body.as_bytes()).map_or(0, |read| read.tally().0);
            assert_eq!(found, 0, "{} finds an offer in it", reading.name());
        }
    }
}

fn deep(open: &str, close: &str) -> String {
    format!("{}{}{}", open.repeat(100_000), if open == "[" { "" } else { "1" }, close.repeat(100_000))
}

#[test]
fn every_reading_reads_a_sample() {
    let reads = |reading: &ReadingOf| {
        let of_source = |(source, ..): &&(&providers::sources::Source, String, Vec<u8>)| source.id == reading.source.id;
        every_sample().iter().filter(of_source).any(|(_, _, sample)| withstands(reading, sample).is_ok())
    };
    for reading in every_reading() {
        assert!(reads(&reading), "{} has no sample", reading.name());
    }
}

/// What sources answer with, in turn.
const STATUSES: [u16; 6] = [200, 204, 409, 422, 429, 503];

#[tokio::test]
async fn no_adapter_is_led_astray() {
    let samples = every_sample();
    for source in SOURCES {
        let (mut tried, mut rng) = (Tried::new(), Rng::with_seed(1));
        for (n, (_, _, sample)) in samples.iter().filter(|(of, ..)| of.id == source.id).enumerate() {
            withstands_all(source, &Answer::new(200, sample.clone()), &mut tried).await;
            for status in STATUSES {
                let spoilt = Answer::new(status, spoilt(sample, &mut rng)).with("retry-after", "9".repeat(n));
                withstands_all(source, &spoilt, &mut tried).await;
            }
        }
        assert!(tried.contains_key("search"), "{} is not searched", source.id);
        // Both must have happened to each, or this has tried nothing.
        let idle = |(what, (asked, answered)): &(&&str, &(u32, u32))| match **what {
            // Something else is asked before, and what answers the one does not answer the other.
            "around" | "pay" => answered == asked,
            _ => !(1..*asked).contains(answered),
        };
        assert_eq!(tried.iter().filter(idle).collect::<Vec<_>>(), [], "{}", source.id);
    }
}

/// Where the rows of answers stand that list several, by source and operation; a source can have two forms of one.
const ROWS: [(&str, &str, &str); 17] = [
    ("seats-aero", "search", "/data"),
    ("seats-aero", "trips", "/data"),
    ("duffel", "offer-requests", "/data/offers"),
    ("duffel", "offers", "/data"),
    ("travelpayouts", "calendar", "/data"),
    ("travelpayouts", "calendar", "/prices"),
    ("booking-demand", "accommodations-search", "/data"),
    ("booking-demand", "accommodations-details", "/data"),
    ("expedia-rapid", "availability", ""),
    ("viator", "search-freetext", "/products"),
    ("viator", "search-freetext", "/products/results"),
    ("viator", "availability-check", "/bookableItems"),
    ("getyourguide", "tours", "/data/tours"),
    ("getyourguide", "tour-options", "/data/tour_options"),
    ("goibibo", "search-hotels", "/hotels"),
    ("makemytrip", "hotels-search", "/hotels"),
    ("trip-com", "search-hotels", "/hotels"),
];

#[test]
fn a_value_of_another_type_sets_aside_its_row_and_no_other() {
    for (source, operation, rows) in ROWS {
        let reading =
            every_reading().into_iter().find(|one| one.source.id == source && one.reading.operation == operation).unwrap();
        let offers = |document: &Value| withstands(&reading, document.to_string().as_bytes()).map(|read| read.tally().0);
        let mut tried = 0;
        for document in documents(source) {
            let Some(row) = document.pointer(rows).and_then(Value::as_array).and_then(|rows| rows.first()) else { continue };
            let with = |only: &[&Value]| {
                let mut document = document.clone();
                *document.pointer_mut(rows).unwrap() = json!(only);
                document
            };
            let good = offers(&with(&[row])).unwrap_or(0);
            for spoilt in mistyped_everywhere(row).filter(|_| good > 0) {
                assert!(offers(&with(&[row, &spoilt])).is_ok_and(|found| found >= good), "{source} {operation}: {spoilt}");
                tried += 1;
            }
        }
        assert!(tried > 5, "{source} {operation} {rows}: {tried} tried");
    }
}

/// The samples of a source, and those of its answers that tests put together.
fn documents(source: &str) -> Vec<Value> {
    let samples = every_sample().into_iter().filter(|(of, ..)| of.id == source);
    let mut documents: Vec<Value> = samples.filter_map(|(_, _, sample)| serde_json::from_slice(&sample).ok()).collect();
    let duffels = mended_offer_request();
    documents.extend([search_page(&[availability("one")], false, 1), json!({"data": duffels["data"]["offers"]}), duffels]);
    documents
}
