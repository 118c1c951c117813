//! A burst of due watchers, and a fifth of it, each in a process of its own: `cargo bench -p load --bench burst`.
//!
//! It fails when anything is lost, doubled or left over, and when memory grows with the burst.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::float_arithmetic, reason = "it measures and prints")]

use std::process::{Command, Stdio};

use clap::Parser;
use load::burst::{Burst, Settled, settle};

/// How many times smaller the burst is that memory is compared with.
const SMALLER: u32 = 5;
/// What may come on top of the smaller burst's peak, which is about 52 MiB: caches that are not full yet, and the allocator's
/// mood. Measured are 4 MiB; that the engine remembers every transaction costs 17 MiB.
const SLACK_KIB: u64 = 8 * 1024;

#[derive(Debug, Parser)]
struct Args {
    /// Watchers that are due.
    #[arg(long, default_value_t = 10_000)]
    watchers: u32,
    /// Searches that they wait for.
    #[arg(long, default_value_t = 500)]
    searches: u32,
    /// Deals that each search finds.
    #[arg(long, default_value_t = 1)]
    deals: u32,
    /// This one burst in this process, and its figures as JSON.
    #[arg(long)]
    alone: bool,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let Args { watchers, searches, deals, alone, .. } = Args::parse();
    let burst = Burst { watchers, searches, deals };
    if alone {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        println!("{}", serde_json::to_string(&runtime.block_on(settle(burst))).unwrap());
        return;
    }
    println!("| watchers | searches | mails | seconds | messages/s | mails/s | RSS before | RSS at most |");
    println!("|---|---|---|---|---|---|---|---|");
    let small = measured(Burst { watchers: watchers / SMALLER, searches: searches.div_ceil(SMALLER), deals });
    let large = measured(burst);
    let most = small.peak + SLACK_KIB;
    println!("\n{SMALLER} times the burst: {} KiB at most, {} KiB at most allowed", large.peak, most);
    assert!(large.peak <= most, "memory grows with the burst");
}

/// A burst in a process of its own, and its row in the table.
fn measured(burst: Burst) -> Settled {
    let Burst { watchers, searches, deals } = burst;
    let mut process = Command::new(std::env::current_exe().unwrap());
    for (name, value) in [("--watchers", watchers), ("--searches", searches), ("--deals", deals)] {
        process.args([name.to_owned(), value.to_string()]);
    }
    let output = process.arg("--alone").stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the burst of {watchers} watchers failed");
    let settled: Settled = serde_json::from_slice(&output.stdout).unwrap();
    let seconds = settled.millis as f64 / 1_000.0;
    let rate = |count: u64| (count as f64 / seconds).round();
    let mib = |kib: u64| kib as f64 / 1_024.0;
    println!(
        "| {watchers} | {searches} | {} | {seconds:.1} | {} | {} | {:.1} MiB | {:.1} MiB |",
        settled.mails,
        rate(settled.messages),
        rate(settled.mails),
        mib(settled.before),
        mib(settled.peak)
    );
    settled
}
