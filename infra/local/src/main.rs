//! The whole system on one machine: see `local --help`.

use std::process::ExitCode;

use clap::Parser;
use local::cli::{Cli, run};

fn main() -> ExitCode {
    // The engine warns of every condition that fails, which is daily business.
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn,dynoxide=error".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = runtime
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(async { run(Cli::parse()).await.map_err(|error| error.to_string()) }));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "what a command line program has to say")]
fn complain(error: &str) {
    eprintln!("local: {error}");
}
