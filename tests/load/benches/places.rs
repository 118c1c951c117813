//! What completing a place takes, one core: `cargo bench -p load --bench places`. Every run of every text counts: the slowest but one in a
//! hundred is held against the budget of five milliseconds. The first of a process, which reads the tables, has a budget of its own, twice
//! that. Next to it, what it takes merely to look whether each name contains what was typed.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "what was measured")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use domain::places::{resolve, suggest};

const BUDGET: Duration = Duration::from_millis(5);
/// What the first look-up of a process may take.
const FIRST: Duration = Duration::from_millis(10);
/// How often each text is looked up.
const RUNS: usize = 5;
/// How many places are asked for: as many as can be.
const MOST: usize = 20;

fn main() {
    let first = timed(|| suggest("los ang", MOST));
    let first_resolved = timed(|| resolve("Los Angeles"));
    let mut rng = fastrand::Rng::with_seed(1);
    let typed = typed(&mut rng);
    let looked_up = median_and_p99(&typed, |text| {
        black_box(suggest(text, MOST));
    });
    let resolved = median_and_p99(&typed, |text| {
        let _ = black_box(resolve(text));
    });
    let names: Vec<String> = NAMES.iter().map(|name| name.to_lowercase()).cycle().take(9_000).collect();
    let contained = median_and_p99(&typed, |text| {
        black_box(names.iter().filter(|name| name.contains(text)).count());
    });
    println!(
        "{} texts, median and p99: completed {looked_up:?} (the first, with the tables: {first:?}), resolved {resolved:?} \
         (the first: {first_resolved:?}); 9,000 names that contain it: {contained:?}",
        typed.len()
    );
    assert!(looked_up.1 < BUDGET, "a place is completed in more than {BUDGET:?}");
    assert!(first < FIRST, "the first place is completed in more than {FIRST:?}");
}

/// What people type on their way to these names: every beginning, and every beginning with a slip.
fn typed(rng: &mut fastrand::Rng) -> Vec<String> {
    let mut all = Vec::new();
    for name in NAMES {
        for end in 1..=name.len() {
            let beginning = &name[..end];
            all.push(beginning.to_owned());
            let mut slipped: Vec<char> = beginning.chars().collect();
            slipped[rng.usize(..end)] = rng.lowercase();
            all.push(slipped.into_iter().collect());
        }
    }
    all.push("x".repeat(80));
    all.push("san san san san san san san san san san".to_owned());
    all
}

const NAMES: [&str; 20] = [
    "Los Angeles",
    "London Heathrow Airport",
    "New York",
    "San Francisco",
    "Sao Paulo",
    "Frankfurt am Main",
    "Istanbul",
    "Saint Petersburg",
    "Washington",
    "Singapore Changi International Airport",
    "Rio de Janeiro",
    "Kuala Lumpur",
    "Johannesburg",
    "Buenos Aires",
    "Copenhagen",
    "Santiago",
    "Santa Barbara",
    "Port Elizabeth",
    "Ho Chi Minh City",
    "Minneapolis",
];

fn timed<T>(run: impl FnOnce() -> T) -> Duration {
    let started = Instant::now();
    black_box(run());
    started.elapsed()
}

fn median_and_p99(texts: &[String], run: impl Fn(&str)) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..RUNS).flat_map(|_| texts).map(|text| timed(|| run(text))).collect();
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}
