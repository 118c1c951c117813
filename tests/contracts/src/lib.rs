//! What the contract tests share: the project's files, and its functions.

use std::path::PathBuf;

use platform::Function;
use serde_json::Value;
use xtask::files::{FileError, read};

pub use xtask::contexts::{endpoints, functions};

/// A file of the project.
pub fn path(of: &str) -> PathBuf {
    xtask::root().join(of)
}

/// The text of a file of the project.
///
/// # Errors
/// If it can't be read.
pub fn text(of: &str) -> Result<String, FileError> {
    read(&path(of))
}

/// The sample event of a function. None if there is none, or it is no JSON.
pub fn sample(function: &'static dyn Function) -> Option<Value> {
    serde_json::from_str(&text(&sample_path(function)).ok()?).ok()
}

/// Where a function's sample event is.
pub fn sample_path(function: &'static dyn Function) -> String {
    format!("events/{}/{}.json", function.spec().context(), function.spec().file())
}

/// The files in a folder of the project, by name and in order. Empty if there is no such folder.
pub fn files_in(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(path(folder)).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names
}
