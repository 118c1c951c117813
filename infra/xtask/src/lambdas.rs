//! Functions as they are deployed: in release, for x86-64, by cargo-lambda. It links by zig against a glibc that is older than
//! the 2.34 of `provided.al2023`, whatever this machine has.

use std::{
    collections::BTreeSet,
    env::{self, JoinPathsError},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    files::{self, FileError},
    python::{self, Set},
};

/// The functions that are built, measured and deployed where all would take too long: the chain of the main job, and an endpoint
/// that reads, one that writes and one that does neither.
pub const SAMPLE: [&str; 10] = [
    "watchers-sweep-watchers",
    "search-run-search",
    "deals-assess-offers",
    "watchers-match-deals",
    "notifications-raise-alert",
    "notifications-send-email",
    "system-relay-outbox",
    "watchers-create-watcher",
    "watchers-get-watcher",
    "system-get-health",
];

/// Why functions can't be built.
#[derive(Debug, thiserror::Error)]
pub enum LambdaError {
    /// A program says no, or can't be had.
    #[error(transparent)]
    Program(#[from] FileError),
    /// The path of the programs can't be told to cargo-lambda.
    #[error("the path of programs can't be extended: {0}")]
    Path(#[from] JoinPathsError),
}

/// Functions that are built.
#[derive(Debug, Clone)]
pub struct Built {
    folder: PathBuf,
    /// How long it took.
    pub time: Duration,
}

impl Built {
    /// The program of a function. It is called `bootstrap`, as Lambda wants it.
    pub fn bootstrap(&self, function: &str) -> PathBuf {
        self.folder.join(function).join("bootstrap")
    }
}

/// Builds functions. What they share is compiled once; what is built already is not built again.
///
/// # Errors
/// If cargo-lambda can't be had, or says no.
pub fn build(root: &Path, functions: &[&str]) -> Result<Built, LambdaError> {
    let programs = python::programs(root, Set::Ministack)?;
    let started = Instant::now();
    // There cargo looks for cargo-lambda, and cargo-lambda for zig.
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&path)))?;
    let build = ["lambda", "build", "--release", "--locked", "--x86-64"];
    files::run(files::cargo(root).env("PATH", path).args(build).args(selected(functions)))?;
    Ok(Built { folder: python::target(root).join("lambda"), time: started.elapsed() })
}

/// What cargo is told: their packages by name, for by `--workspace` functions would get features that only tests want.
fn selected(functions: &[&str]) -> Vec<String> {
    let packages: BTreeSet<&str> =
        functions.iter().map(|name| name.split_once('-').map_or(*name, |(context, _)| context)).collect();
    let packages = packages.into_iter().map(|package| format!("--package={package}"));
    packages.chain(functions.iter().map(|name| format!("--bin={name}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_of_functions_that_there_are() {
        let names: Vec<&str> = local::machine::functions().into_iter().map(|function| function.spec().name).collect();
        for name in SAMPLE {
            assert!(names.contains(&name), "{name}");
        }
    }

    #[test]
    fn packages_are_named_once() {
        let selected = selected(&["watchers-get-watcher", "system-get-health", "watchers-create-watcher"]);
        assert_eq!(
            selected,
            [
                "--package=system",
                "--package=watchers",
                "--bin=watchers-get-watcher",
                "--bin=system-get-health",
                "--bin=watchers-create-watcher"
            ]
        );
    }
}
