//! What it takes to normalise an answer of 2,000 offers, for each source, one core: `cargo bench -p load --bench normalise`. The answer
//! is the source's own sample, its record repeated with other references and prices. Next to it, what it takes merely to parse the same
//! bytes as JSON. Each is measured in a process of its own, which reads the answer from a file: so the peak is what reading adds, and no
//! memory of another source hides it.
#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "what was measured")]

use std::{
    env, fs,
    hint::black_box,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use providers::sources::{SOURCES, Source};
use providers_tests::{NOW, availability, mended_offer_request, sample_json, search_page};
use serde_json::{Value, json};

const OFFERS: usize = 2_000;
const ROUNDS: u32 = 5;
/// How many times as long normalising may take as parsing the same bytes, and how many times as much memory, in tenths.
const BUDGET: (u128, u128) = (40, 20);

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--measure") {
        return measured(&arguments[at + 1], &arguments[at + 2], Path::new(&arguments[at + 3]));
    }
    let folder = tempfile::tempdir().unwrap();
    println!("source, offers, KB: offers a second and peak KB of normalising | of parsing as JSON");
    for source in SOURCES {
        let body = expanded(source).to_string();
        let file = folder.path().join(source.id);
        fs::write(&file, &body).unwrap();
        let [normalised, parsed] = ["normalise", "parse"].map(|what| in_its_own_process(what, source.id, &file));
        println!(
            "{}, {OFFERS}, {}: {} and {} | {} and {}",
            source.id,
            body.len() / 1024,
            a_second(normalised.0),
            normalised.1,
            a_second(parsed.0),
            parsed.1
        );
        let tenths = |one: u128, other: u128| one * 10 / other.max(1);
        let (slower, larger) =
            (tenths(normalised.0.as_nanos(), parsed.0.as_nanos()), tenths(normalised.1.into(), parsed.1.into()));
        assert!(slower <= BUDGET.0 && larger <= BUDGET.1, "{}: {slower} tenths of the time, {larger} of the memory", source.id);
    }
}

fn a_second(took: Duration) -> u128 {
    OFFERS as u128 * 1_000_000_000 / took.as_nanos().max(1)
}

/// A record so often that it comes to as many offers as are measured, each time changed.
fn repeated(record: Value, offers_each: usize, change: impl Fn(&mut Value, usize)) -> Vec<Value> {
    let one = |n| {
        let mut record = record.clone();
        change(&mut record, n);
        record
    };
    (0..OFFERS / offers_each).map(one).collect()
}

/// An answer of as many offers as are measured.
fn expanded(source: &Source) -> Value {
    match source.id {
        "seats-aero" | "duffel" | "travelpayouts" => flights(source.id),
        _ => stays_and_activities(source.id),
    }
}

fn flights(source: &str) -> Value {
    match source {
        "seats-aero" => {
            // Four trips a record: the sample's three and one of them again.
            let mut record = availability("one");
            let again = record["AvailabilityTrips"][0].clone();
            record["AvailabilityTrips"].as_array_mut().unwrap().push(again);
            let records = repeated(record, 4, |record, n| {
                record["ID"] = json!(format!("availability-{n}"));
                for (trip, fields) in record["AvailabilityTrips"].as_array_mut().unwrap().iter_mut().enumerate() {
                    fields["ID"] = json!(format!("trip-{n}-{trip}"));
                    fields["MileageCost"] = json!(60_000 + 4 * n + trip);
                }
            });
            search_page(&records, false, 1)
        }
        "duffel" => {
            let mut body = mended_offer_request();
            let offers = repeated(body["data"]["offers"][0].take(), 1, |offer, n| {
                offer["id"] = json!(format!("off_{n}"));
                offer["total_amount"] = json!(format!("{}.{:02}", 90 + n, n % 100));
            });
            body["data"]["offers"] = offers.into();
            body
        }
        "travelpayouts" => {
            let mut body = sample_json("travelpayouts/v2-the-prices-for-the-airline-tickets.json");
            let prices = repeated(body["data"][0].take(), 1, |price, n| price["value"] = json!(36 + n));
            body["data"] = prices.into();
            body
        }
        unknown => panic!("{unknown} has no sample to expand"),
    }
}

fn stays_and_activities(source: &str) -> Value {
    match source {
        "booking-demand" => {
            let mut body = sample_json("booking-demand/accommodations-search-v3.2.json");
            body["data"] = repeated(body["data"][0].take(), 1, |property, n| property["id"] = json!(10_004 + n)).into();
            body
        }
        // Two rates a property.
        "expedia-rapid" => {
            let mut body = sample_json("expedia-rapid/availability.json");
            repeated(body[0].take(), 2, |property, n| property["property_id"] = json!((19_248 + n).to_string())).into()
        }
        "viator" => {
            let mut body = sample_json("viator/search-freetext.json");
            let products = repeated(body["products"]["results"][0].take(), 1, |product, n| {
                product["productCode"] = json!(format!("{n}P1"));
                product["pricing"]["summary"]["fromPrice"] = json!(20 + n);
            });
            body["products"]["results"] = products.into();
            body
        }
        "getyourguide" => {
            let mut body = sample_json("getyourguide/tours-search-response.json");
            body["data"]["tours"] = repeated(body["data"]["tours"][0].take(), 1, |tour, n| tour["tour_id"] = json!(n + 1)).into();
            body
        }
        "goibibo" | "oyo" | "makemytrip" | "trip-com" => {
            let mut body = sample_json("contract/hotels.json");
            body["hotels"] = repeated(body["hotels"][0].take(), 2, |hotel, n| {
                hotel["id"] = json!(format!("jai-{n}"));
                for room in hotel["rooms"].as_array_mut().unwrap() {
                    room["rateId"] = json!(format!("jai-{n}/{}", room["rateId"].as_str().unwrap()));
                }
            })
            .into();
            body
        }
        unknown => panic!("{unknown} has no sample to expand"),
    }
}

/// How long the fastest of some rounds took, and by how many KB the first of them raised the peak.
fn in_its_own_process(what: &str, source: &str, file: &Path) -> (Duration, u64) {
    let ran = Command::new(env::current_exe().unwrap()).args(["--measure", what, source]).arg(file).output().unwrap();
    let told = String::from_utf8(ran.stdout).unwrap();
    let (nanos, kilobytes) = told.trim().split_once(' ').unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&ran.stderr)));
    (Duration::from_nanos(nanos.parse().unwrap()), kilobytes.parse().unwrap())
}

fn measured(what: &str, source: &str, file: &Path) {
    let source = providers::sources::source(source).unwrap();
    let body = fs::read(file).unwrap();
    // What fits is the first reading of the table whose sample this is.
    let run = || match what {
        "parse" => {
            black_box(serde_json::from_slice::<Value>(&body).unwrap());
        }
        _ => {
            let reading = source.readings().first().unwrap();
            let normalised = black_box((reading.read)(&body, NOW).unwrap());
            assert_eq!(normalised.tally().0, OFFERS, "{}", source.id);
        }
    };
    let before = status("VmRSS");
    run();
    let peak = status("VmHWM").saturating_sub(before);
    let fastest = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed()
        })
        .min()
        .unwrap();
    println!("{} {peak}", fastest.as_nanos());
}

/// A line of what the kernel says of this process, in KB.
fn status(line: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let value = text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':'));
    value.and_then(|value| value.trim().strip_suffix(" kB")).unwrap().parse().unwrap()
}
