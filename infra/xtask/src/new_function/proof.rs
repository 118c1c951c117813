//! That what the generator makes compiles, passes its tests and keeps the contracts: tried in a copy of the workspace.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::{GenerateError, Order, Trigger, carry_out, plan};
use crate::files::{self, FileError};

/// Where the copy lies: in the target folder, so that it is kept between runs and seen by nobody.
const COPY: &str = "target/generated";
/// Lets the copy share what was compiled of others' crates: its target folder is the one it lies in.
const SHARED_TARGET: &str = "\n[build]\ntarget-dir = \"..\"\n";

/// Makes a function of each kind, some of them in a new context, and runs their tests and the contract tests.
///
/// # Errors
/// If a function can't be made, or a test fails.
pub fn prove(root: &Path) -> Result<(), GenerateError> {
    let copy = root.join(COPY);
    renew(root, &copy)?;
    let orders = orders()?;
    for order in &orders {
        for file in plan(&copy, order)? {
            file.write(&copy)?;
        }
    }
    carry_out(&copy, &[])?;
    let own_tests = ["test", "--quiet", "--package", "api-tests", "--package", "jobs-tests", "--"];
    files::run(files::cargo(&copy).args(own_tests).args(orders.iter().map(Order::test_module)))?;
    // To send to the new queue is left to the author.
    let contracts = ["test", "--quiet", "--package", "contracts-tests", "--", "--skip", "what_is_sent_is_worked"];
    Ok(files::run(files::cargo(&copy).args(contracts))?)
}

fn orders() -> Result<[Order; 5], GenerateError> {
    Ok([
        Order::new("proof", "show-standing", Trigger::endpoint("GET /v1/proof/{id}")?)?,
        Order::new("proof", "change-standing", Trigger::endpoint("PATCH /v1/proof/{id}")?)?,
        Order::new("proof", "count-things", Trigger::queue("proof-things")?)?,
        Order::new("watchers", "count-alerts", Trigger::events(vec!["AlertRaised".to_owned(), "MessageSent".to_owned()])?)?,
        Order::new("deals", "look-around", Trigger::schedule("rate(5 minutes)")?)?,
    ])
}

/// Makes the copy what the project is now. What has not changed is not touched, so that it is not compiled again.
fn renew(root: &Path, copy: &Path) -> Result<(), FileError> {
    let tracked = files::tracked(root)?;
    for path in &tracked {
        let (from, to) = (root.join(path), copy.join(path));
        let failed = |error| FileError::File(to.clone(), error);
        let mut content = fs::read(&from).map_err(failed)?;
        if path == ".cargo/config.toml" {
            content.extend_from_slice(SHARED_TARGET.as_bytes());
        }
        if fs::read(&to).is_ok_and(|there| there == content) {
            continue;
        }
        fs::create_dir_all(to.parent().unwrap_or(copy)).and_then(|()| fs::write(&to, content)).map_err(failed)?;
    }
    let known: BTreeSet<PathBuf> = tracked.iter().map(|path| copy.join(path)).collect();
    remove_others(copy, &known).map_err(|error| FileError::File(copy.to_owned(), error))
}

/// Removes what an earlier run has made.
fn remove_others(folder: &Path, known: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, known)?;
        } else if !known.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
