//! `cargo xtask faults`: the kill harness and the fault matrix.
#![expect(clippy::print_stdout, reason = "it is a command")]

use std::{process::ExitCode, time::Instant};

use clap::Parser;
use faults::{
    conditions,
    kills::{self, SEED, Spot, Told},
    matrix::{self, Cell, Line},
    workers,
};
use storage::CONDITIONS;

/// Tells the main job's story under every fault, and says what is then not as it should be.
#[derive(Debug, Parser)]
struct Options {
    /// Seeds for each function under each fault.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// This seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Only functions and faults whose name (`chapter/function/fault`) contains this.
    #[arg(long)]
    cell: Option<String>,
    /// Only kills whose name (`chapter:function:call:side`) contains this.
    #[arg(long)]
    kill: Option<String>,
    /// One kill in so many.
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// Only the conditions of writes, each taken away.
    #[arg(long)]
    conditions: bool,
    /// Only the story, without a fault: its calls and its end.
    #[arg(long)]
    story: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let story = match kills::told(SEED) {
        Ok(story) => story,
        Err(violation) => {
            println!("without a fault: {violation}");
            return ExitCode::FAILURE;
        }
    };
    if options.story {
        show(&story);
        return ExitCode::SUCCESS;
    }
    let conditions = if options.cell.is_some() || options.kill.is_some() { 0 } else { take_conditions_away(&story) };
    if options.conditions {
        return if conditions == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let kills = if options.cell.is_some() { 0 } else { try_kills(&story, &options) };
    let cells = if options.kill.is_some() { 0 } else { run_cells(&story, &options) };
    if conditions + kills + cells == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show(story: &[Told]) {
    for function in local::machine::functions() {
        let name = function.spec().name;
        println!("{:5} calls of {name}", story.iter().map(|told| told.calls_of(name)).sum::<usize>());
    }
    for told in story {
        println!("{:5} calls in {}", told.calls.len(), told.chapter.name);
        for (line, count) in &told.outcome {
            println!("{count:3} {line}");
        }
    }
}

/// Answers how many conditions nobody misses.
fn take_conditions_away(story: &[Told]) -> usize {
    let start = Instant::now();
    let met = match conditions::trials_hold().and_then(|()| conditions::met(SEED)) {
        Ok(met) => met,
        Err(violation) => {
            println!("conditions: {violation}");
            return 1;
        }
    };
    let mut missed = 0;
    for used in met.uses.keys() {
        if let Err(violation) = conditions::is_missed(&met, used) {
            missed += 1;
            println!("{used}: {violation}");
        }
    }
    let noticed = workers::each(&CONDITIONS, |expression| conditions::noticed_by(story, expression));
    for (expression, noticed) in CONDITIONS.iter().zip(noticed) {
        missed += usize::from(noticed.is_none());
        println!("without {expression}: {}", noticed.map_or("nobody notices".to_owned(), |by| format!("noticed by {by}")));
    }
    let (uses, seconds) = (met.uses.len(), start.elapsed().as_secs_f32());
    println!(
        "conditions: {} expressions and {uses} uses taken away, {missed} missed by nobody, {seconds:.0} s",
        CONDITIONS.len()
    );
    missed
}

/// Answers how many kills ended as they should not.
fn try_kills(story: &[Told], options: &Options) -> usize {
    let named = |spot: &Spot<'_>| options.kill.as_ref().is_none_or(|kill| spot.to_string().contains(kill.as_str()));
    let spots: Vec<Spot<'_>> = kills::spots(story).into_iter().filter(named).step_by(options.every.max(1)).collect();
    if spots.is_empty() {
        println!("there is no such kill");
        return 1;
    }
    let start = Instant::now();
    let results = kills::try_all(&spots);
    let (mut failed, mut uncertain) = (0, 0);
    for (spot, result) in results {
        match result {
            Ok(messages) => uncertain += messages,
            Err(violation) => {
                failed += 1;
                println!("killed at {spot}:\n{violation}\n  again: cargo xtask faults --kill {spot}");
            }
        }
    }
    let seconds = start.elapsed().as_secs_f32();
    println!("kills: {} spots, {uncertain} messages left uncertain, {failed} failed, {seconds:.0} s", spots.len());
    failed
}

/// Answers how many tellings ended as they should not.
fn run_cells(story: &[Told], options: &Options) -> usize {
    let named = |cell: &Cell<'_>| options.cell.as_ref().is_none_or(|name| cell.to_string().contains(name.as_str()));
    let cells: Vec<Cell<'_>> = matrix::cells(story).into_iter().filter(named).collect();
    if cells.is_empty() {
        println!("there is no such cell");
        return 1;
    }
    let seeds: Vec<u64> = options.seed.map_or_else(|| (0..options.seeds).collect(), |seed| vec![seed]);
    let start = Instant::now();
    let (lines, failed) = matrix::run_all(&cells, &seeds);
    for failed in &failed {
        let (cell, seed) = (failed.cell, failed.seed);
        println!("{cell}, seed {seed}:\n{}\n  again: cargo xtask faults --cell {cell} --seed {seed}", failed.violation);
    }
    println!("{:44} {:>9} {:>8} {:>8} {:>9} {:>9}", "fault", "functions", "tellings", "struck", "uncertain", "redriven");
    for (fault, line) in &lines {
        let Line { cells, runs, struck, uncertain, redriven } = line;
        println!("{fault:44} {cells:9} {runs:8} {struck:8} {uncertain:9} {redriven:9}");
    }
    let seconds = start.elapsed().as_secs_f32();
    let runs: usize = lines.values().map(|line| line.runs).sum();
    println!("matrix: {} cells, {runs} tellings, {} failed, {seconds:.0} s", cells.len(), failed.len());
    failed.len()
}
