//! The table of conformance, on both sides. `cargo xtask conformance` runs it.
#![allow(clippy::print_stdout, reason = "it prints for whoever runs it")]

use std::{process::ExitCode, sync::Arc};

use conformance::{differences, judge, report, rows, shapes::Heard, target::Side};
use xtask::ministack::{Ministack, MinistackError};

fn main() -> Result<ExitCode, MinistackError> {
    let ministack = Ministack::start(&xtask::root(), "conformance", &[])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(compare(Side::Ministack(ministack.url()))))
}

async fn compare(ministack: Side) -> ExitCode {
    let (rows, known, heard) = (rows::all(), differences::all(), Arc::new(Heard::default()));
    let mut sides = Vec::new();
    for side in [Side::Embedded, ministack] {
        sides.push((side.name(), judge(&rows, &known, &side, &heard).await));
    }
    let all_good = sides.iter().flat_map(|(_, judged)| judged).all(|judged| judged.verdict.is_good());
    println!("{}{}", report::table(&sides), report::details(&sides));
    println!("{} rows; {} differences are known", rows.len(), known.len());
    if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
