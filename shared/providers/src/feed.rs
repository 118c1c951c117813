//! Feeds: what a source says has changed of what it has, since it was last asked.

use std::{collections::BTreeMap, fmt::Debug};

use domain::sources::feeds::Since;
use jiff::civil::Date;
use serde::Serialize;

use crate::{Asking, Says, SourceError};

/// The longest cursor that is kept.
pub const MAX_CURSOR: usize = 512;

/// The most properties of a page: what has changed on it is told in no more transactions than there is time for.
pub const MOST_CHANGES: usize = 2_000;

/// From the first to the last of the nights on which something has changed; any of them, where it is not said.
pub type Nights = Option<(Date, Date)>;

/// What has changed: of which properties, by the source's own references, and on which nights.
pub type Changes = BTreeMap<String, Nights>;

/// Adds a change. Of a property that is named several times the nights are taken together, with all that lie in between.
pub fn note(changes: &mut Changes, property: String, nights: Nights) {
    let both = |one: &mut Nights| *one = one.zip(nights).map(|((from, to), (first, last))| (from.min(first), to.max(last)));
    changes.entry(property).and_modify(both).or_insert(nights);
}

/// A page of what has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedPage {
    /// What it tells.
    pub changes: Changes,
    /// How many records could not be read: of what they are is not known.
    pub unreadable: usize,
    /// Where the next page begins.
    pub cursor: String,
    /// Whether there is one already.
    pub more: bool,
}

/// A source that tells what has changed.
pub trait Feed: Debug + Send + Sync {
    /// What has changed since an instant, or after a page that was read before.
    fn changes<'a>(&'a self, asking: &'a Asking<'a>, since: &'a Since) -> Says<'a, FeedPage>;
}

impl SourceError {
    /// What a source answers that no longer knows a cursor of its own.
    pub const CURSOR_EXPIRED: &str = "cursor_expired";

    /// Whether a source that was shown a cursor does not know it. Not all say so by its name
    /// ([`CURSOR_EXPIRED`](Self::CURSOR_EXPIRED)): who refuses the question refuses what is new in it.
    pub fn has_forgotten_cursor(&self) -> bool {
        matches!(self, Self::Rejected { .. })
    }

    /// Whether an answer was there that can't be used, and would be the same again.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Malformed | Self::TooLarge | Self::Rejected { .. })
    }
}
