//! What it takes to normalise an answer of 2,000 offers, for each source, one core: `cargo bench -p load --bench normalise`. The answer
//! is the source's own sample, its record repeated with other references and prices. Next to it, what it takes merely to parse the same
//! bytes as JSON. Each is measured in a process of its own, which reads the answer from a file: so the peak is what reading adds, and no
//! memory of another source hides it.
#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "what was measured")]

use std::{
    collections::BTreeSet,
    env, fs,
    hint::black_box,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use providers::sources::{SOURCES, Source};
use providers_tests::{NOW, availability, mended_offer_request, sample_json, search_page};
use rust_decimal::Decimal;
use serde_json::{Value, json};

const OFFERS: usize = 2_000;
const ROUNDS: u32 = 5;
/// What is measured next to an operation: merely to parse its answer as JSON.
const PARSE: &str = "parse";
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
        let answer = Sample::of(source).expanded();
        let operation = reading_of(source, &answer);
        let (body, file) = (answer.to_string(), folder.path().join(source.id));
        fs::write(&file, &body).unwrap();
        let [normalised, parsed] = [operation, PARSE].map(|what| in_its_own_process(what, source.id, &file));
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

/// How a source's own sample becomes an answer of any size.
struct Sample {
    body: Value,
    /// Where its records are.
    records: &'static str,
    /// How many offers one of them comes to.
    offers_each: usize,
    /// Where it says which offer it is, and what that costs.
    differ: &'static [&'static str],
}

impl Sample {
    fn of(source: &Source) -> Self {
        match source.id {
            "seats-aero" | "duffel" | "travelpayouts" => Self::of_flights(source.id),
            "booking-demand" | "expedia-rapid" => Self::of_stays(source.id),
            "goibibo" | "oyo" | "makemytrip" | "trip-com" => Self::of_the_contract(),
            "viator" | "getyourguide" => Self::of_activities(source.id),
            unknown => panic!("{unknown} has no sample to expand"),
        }
    }

    fn of_flights(source: &str) -> Self {
        match source {
            "seats-aero" => {
                // Four trips a record: the sample's three and one of them again.
                let mut record = availability("one");
                let mut again = record["AvailabilityTrips"][0].clone();
                again["ID"] = json!("again");
                record["AvailabilityTrips"].as_array_mut().unwrap().push(again);
                let differ = &[
                    "/ID",
                    "/AvailabilityTrips/0/ID",
                    "/AvailabilityTrips/0/MileageCost",
                    "/AvailabilityTrips/1/ID",
                    "/AvailabilityTrips/1/MileageCost",
                    "/AvailabilityTrips/2/ID",
                    "/AvailabilityTrips/2/MileageCost",
                    "/AvailabilityTrips/3/ID",
                    "/AvailabilityTrips/3/MileageCost",
                ];
                Self { body: search_page(&[record], false, 1), records: "/data", offers_each: 4, differ }
            }
            "duffel" => Self {
                body: mended_offer_request(),
                records: "/data/offers",
                offers_each: 1,
                differ: &["/id", "/total_amount", "/base_amount"],
            },
            _ => Self {
                body: sample_json("travelpayouts/v2-the-prices-for-the-airline-tickets.json"),
                records: "/data",
                offers_each: 1,
                differ: &["/value"],
            },
        }
    }

    fn of_stays(source: &str) -> Self {
        match source {
            "booking-demand" => Self {
                body: sample_json("booking-demand/accommodations-search-v3.2.json"),
                records: "/data",
                offers_each: 1,
                differ: &[
                    "/id",
                    "/products/0/id",
                    "/products/0/price/base/booker_currency",
                    "/products/0/price/total/booker_currency",
                ],
            },
            // A rate a property, for two occupancies.
            _ => Self {
                body: sample_json("expedia-rapid/availability.json"),
                records: "",
                offers_each: 2,
                differ: &[
                    "/property_id",
                    "/rooms/0/rates/0/bed_groups/12345/links/price_check/href",
                    "/rooms/0/rates/0/occupancy_pricing/2/totals/exclusive/billable_currency/value",
                    "/rooms/0/rates/0/occupancy_pricing/2/totals/inclusive/billable_currency/value",
                    "/rooms/0/rates/0/occupancy_pricing/2/totals/property_inclusive/billable_currency/value",
                    "/rooms/0/rates/0/occupancy_pricing/1-7,10/totals/exclusive/billable_currency/value",
                    "/rooms/0/rates/0/occupancy_pricing/1-7,10/totals/inclusive/billable_currency/value",
                ],
            },
        }
    }

    fn of_the_contract() -> Self {
        Self {
            body: sample_json("contract/hotels.json"),
            records: "/hotels",
            offers_each: 2,
            differ: &[
                "/id",
                "/rooms/0/rateId",
                "/rooms/0/price/base",
                "/rooms/0/price/total",
                "/rooms/1/rateId",
                "/rooms/1/price/total",
            ],
        }
    }

    fn of_activities(source: &str) -> Self {
        match source {
            "viator" => Self {
                body: sample_json("viator/search-freetext.json"),
                records: "/products/results",
                offers_each: 1,
                differ: &["/productCode", "/pricing/summary/fromPrice"],
            },
            _ => Self {
                body: sample_json("getyourguide/tours-search-response.json"),
                records: "/data/tours",
                offers_each: 1,
                differ: &["/tour_id", "/price/values/amount"],
            },
        }
    }

    /// An answer of as many offers as are measured: the first record again and again, each time another offer at another price.
    fn expanded(self) -> Value {
        let Self { mut body, records, offers_each, differ } = self;
        let all = body.pointer_mut(records).unwrap();
        let first = all[0].take();
        let nth = |n: usize| {
            let mut record = first.clone();
            for place in differ {
                another(record.pointer_mut(place).unwrap_or_else(|| panic!("{place} is not in the sample")), n);
            }
            record
        };
        *all = (0..OFFERS / offers_each).map(nth).collect();
        body
    }
}

/// A number is raised by so much, whether it stands as a number or as a text; another text gets it as its ending.
fn another(value: &mut Value, n: usize) {
    let raised = |number: &str| (number.parse::<Decimal>().unwrap() + Decimal::from(n)).to_string();
    *value = match value {
        Value::Number(number) => serde_json::from_str(&raised(&number.to_string())).unwrap(),
        Value::String(text) if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') => raised(text).into(),
        Value::String(text) => format!("{text}-{n}").into(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => panic!("{value} names nothing and costs nothing"),
    };
}

/// The reading of the table whose sample an answer is. It makes of it as many offers as are measured, no two of them the same.
fn reading_of(source: &Source, answer: &Value) -> &'static str {
    let reading = source.readings().iter().find(|reading| (reading.fits)(answer)).unwrap();
    let normalised = (reading.read)(answer.to_string().as_bytes(), NOW).unwrap();
    let normalised = serde_json::to_value(&normalised).unwrap();
    let offers: BTreeSet<String> = normalised["offers"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(offers.len(), OFFERS, "{}: set aside {}", source.id, normalised["setAside"]);
    reading.operation
}

/// How long the fastest of some rounds of an operation's reading took, or of parsing alone, and by how many KB the first of them raised the peak.
fn in_its_own_process(what: &str, source: &str, file: &Path) -> (Duration, u64) {
    let ran = Command::new(env::current_exe().unwrap()).args(["--measure", what, source]).arg(file).output().unwrap();
    let told = String::from_utf8(ran.stdout).unwrap();
    let (nanos, kilobytes) = told.trim().split_once(' ').unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&ran.stderr)));
    (Duration::from_nanos(nanos.parse().unwrap()), kilobytes.parse().unwrap())
}

fn measured(what: &str, source: &str, file: &Path) {
    let source = providers::sources::source(source).unwrap();
    let body = fs::read(file).unwrap();
    let reading = source.readings().iter().find(|reading| reading.operation == what);
    let run = || match reading {
        Some(reading) => drop(black_box((reading.read)(&body, NOW).unwrap())),
        None => {
            assert_eq!(what, PARSE, "{} has no such reading", source.id);
            drop(black_box(serde_json::from_slice::<Value>(&body).unwrap()));
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
