//! What there is, at a glance.

use serde::Serialize;

use super::{Pages, error::PageError, queue::total, show::When};

#[derive(Serialize)]
pub(super) struct OverviewView {
    base: String,
    recorded: bool,
    now: When,
    mails: u64,
    waiting: u64,
    dead: u64,
    functions: usize,
}

pub(super) fn view(pages: &Pages, base: &str) -> Result<OverviewView, PageError> {
    let now = pages.clock.now();
    let (dead, live): (Vec<_>, Vec<_>) =
        pages.standins.queues().stats()?.into_iter().partition(|queue| !queue.dead_letter_of.is_empty());
    Ok(OverviewView {
        base: base.to_owned(),
        recorded: pages.recorded,
        now: When::of(now, now),
        mails: pages.standins.mailbox().count()?,
        waiting: live.iter().map(total).sum(),
        dead: dead.iter().map(total).sum(),
        functions: pages.functions.len(),
    })
}
