//! Whether what we run on here is like what we run on there.
//!
//! A table of [`rows`]: each is one call to AWS in one situation that our code relies on, with the outcome that AWS's
//! documentation states. A row goes through our own code where that makes the call (`Store`, `Deps`, the relay, the sender of
//! mail), and through the unmodified SDK for the limits behind it. Each is run on two [`target`]s: the embedded engine and
//! stand-ins, over their wire; and MiniStack, an AWS that we did not write.
//!
//! ```sh
//! cargo test -p conformance     # the embedded side: no internet, no other process
//! cargo xtask conformance       # both sides, with a table of what agreed
//! ```
//!
//! Where a side's outcome is another one than AWS's, [`differences`] says why that does us no harm, and what the outcome is; any
//! other one fails, and so does a listed difference that is none any more. Where our own stand-in differs, it is mended instead.
//!
//! The table is complete as far as our code goes: [`shapes`] are read from every request of the main job's story
//! (`tests/faults`) and from every request of the rows, and a shape that no row has fails a test. So whoever begins to make a
//! call, or to make it in another way, adds a row.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "it serves tests only")]

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::{FutureExt, StreamExt, future::LocalBoxFuture, stream};
use platform::aws::Service;

use crate::{
    differences::Difference,
    seen::Seen,
    shapes::Heard,
    target::{Side, Target},
};

pub mod differences;
pub mod report;
pub mod rows;
pub mod seen;
pub mod shapes;
pub mod target;

/// What a row does on a target.
pub type Run = for<'a> fn(&'a Target) -> LocalBoxFuture<'a, Vec<Seen>>;

/// One call in one situation, and what comes of it at AWS, by its documentation.
pub struct Row {
    /// Whom it calls.
    pub service: Service,
    /// The situation, as a rule.
    pub name: &'static str,
    /// What it does.
    pub run: Run,
    /// What AWS makes of it.
    pub expected: Vec<Seen>,
}

impl Row {
    /// A row.
    pub fn new(service: Service, name: &'static str, run: Run, expected: impl Into<Vec<Seen>>) -> Self {
        Self { service, name, run, expected: expected.into() }
    }

    /// What comes of it on a side.
    async fn seen_on(&self, side: &Side, number: usize, heard: &Arc<Heard>) -> Vec<Seen> {
        let run = async { (self.run)(&Target::new(side, self.service, number, heard.clone()).await).await };
        AssertUnwindSafe(run).catch_unwind().await.unwrap_or_else(|panic| vec![Seen::Broken(message(&*panic))])
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}

/// What an outcome is, held against what AWS's is and what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'d> {
    /// The same.
    Agreed,
    /// Another one, as it is known.
    Listed(&'d Difference),
    /// Another one, that nobody knows of.
    Different,
    /// The same, and the list says it is not.
    NoMore(&'d Difference),
}

impl Verdict<'_> {
    /// Whether it is as it should be.
    pub fn is_good(self) -> bool {
        match self {
            Verdict::Agreed | Verdict::Listed(_) => true,
            Verdict::Different | Verdict::NoMore(_) => false,
        }
    }
}

/// What came of a row on a side.
#[derive(Debug)]
pub struct Judged<'t> {
    /// The row's name.
    pub row: &'t str,
    /// What AWS makes of it.
    pub expected: &'t [Seen],
    /// What the side made of it.
    pub seen: Vec<Seen>,
    /// What that means.
    pub verdict: Verdict<'t>,
}

/// Rows on a side that are under way at once: most of them wait for an answer, and some for time to pass.
const AT_ONCE: usize = 8;

/// Runs a table on a side, and judges what comes of it.
pub async fn judge<'t>(rows: &'t [Row], known: &'t [Difference], side: &Side, heard: &Arc<Heard>) -> Vec<Judged<'t>> {
    let judged = stream::iter(rows.iter().enumerate()).map(|(number, row)| async move {
        let seen = row.seen_on(side, number, heard).await;
        let listed = known.iter().find(|difference| difference.row == row.name && difference.side == side.name());
        let verdict = match (seen == row.expected, listed) {
            (true, None) => Verdict::Agreed,
            (true, Some(difference)) => Verdict::NoMore(difference),
            (false, Some(difference)) if difference.seen == seen => Verdict::Listed(difference),
            (false, Some(_) | None) => Verdict::Different,
        };
        Judged { row: row.name, expected: &row.expected, seen, verdict }
    });
    judged.buffered(AT_ONCE).collect().await
}
