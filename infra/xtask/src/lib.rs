//! Developer automation: what CI checks, what is made from the descriptors, and the generator of new functions.

pub mod budgets;
pub mod check;
pub mod contexts;
pub mod deployment;
pub mod docs;
pub mod files;
pub mod lambdas;
pub mod licences;
pub mod ministack;
pub mod new_function;
pub mod normalise;
pub mod openapi;
pub mod operator;
pub mod python;
pub mod recordings;
pub mod redrive;
pub mod rewrap;
pub mod stacks;
pub mod staleness;
pub mod templates;
pub mod tidy;
pub mod triggers;

use std::path::{Path, PathBuf};

/// Where the workspace lies.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
