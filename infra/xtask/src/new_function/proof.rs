//! That what the generator makes compiles, passes its tests and keeps the contracts: tried in a copy of the workspace.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::{GenerateError, Order, Trigger, carry_out, plan};
use crate::files::{self, FileError};

/// Where the copy lies: in the target folder, so that it is kept between runs and seen by nobody. It has a target folder of
/// its own: cargo names what it compiles by the path from the workspace's root, so that in a common one the crates of the
/// copy would take the place of ours.
const COPY: &str = "target/generated";

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
        Order::new("proof", "count-deals", Trigger::events(vec!["DealFound".to_owned(), "DealChanged".to_owned()])?)?,
        Order::new("deals", "look-around", Trigger::schedule("rate(5 minutes)")?)?,
    ])
}

/// Makes the copy what the project is now. What has not changed is not touched, so that it is not compiled again.
fn renew(root: &Path, copy: &Path) -> Result<(), FileError> {
    let tracked = files::tracked(root)?;
    for path in &tracked {
        let (from, to) = (root.join(path), copy.join(path));
        let failed = |error| FileError::File(to.clone(), error);
        let content = fs::read(&from).map_err(failed)?;
        if fs::read(&to).is_ok_and(|there| there == content) {
            continue;
        }
        fs::create_dir_all(to.parent().unwrap_or(copy)).and_then(|()| fs::write(&to, content)).map_err(failed)?;
    }
    let known: BTreeSet<PathBuf> = tracked.iter().map(|path| copy.join(path)).collect();
    remove_others(copy, &known, &copy.join("target")).map_err(|error| FileError::File(copy.to_owned(), error))
}

/// Removes what an earlier run has made, and leaves what it has compiled.
fn remove_others(folder: &Path, known: &BTreeSet<PathBuf>, compiled: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && path != compiled {
            remove_others(&path, known, compiled)?;
        } else if path.is_file() && !known.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
