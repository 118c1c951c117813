//! How far the feed of a source was read: from where the next page is asked for, so that nothing is missed and nothing holds it
//! up for good.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Account;

/// From where a page of a feed is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// What has changed since this instant.
    Instant(Timestamp),
    /// What follows on a page that was read, as the source calls the place.
    Cursor(String),
}

/// So many runs in a row find a page that can't be read before it is passed over, and so often a place is lost on the way to the
/// end before reading begins anew.
pub const TRIES: u8 = 3;

/// A source's clock may be behind ours by so much: what is asked for from an instant is asked for from this much earlier.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

/// How far a feed was read, with one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedCursor {
    /// Which source, and whose key.
    #[serde(flatten)]
    pub account: Account,
    /// From where the next page is asked for.
    pub since: Since,
    /// How many runs in a row could not read the page that is there.
    pub unread: u8,
    /// All that changed before this instant was told: the last run began then that read to the end; before the first, reading began.
    pub told: Timestamp,
    /// How often since then the source did not know a place of its own.
    pub forgotten: u8,
    /// When a page was last read; before the first, when reading began.
    pub at: Timestamp,
    /// Optimistic lock.
    pub version: u64,
}

impl FeedCursor {
    /// Of a feed that was never read: from now on. What there was before is asked for by those who search.
    pub fn first(account: Account, now: Timestamp) -> Self {
        Self { account, since: Since::Instant(now), unread: 0, told: now, forgotten: 0, at: now, version: 0 }
    }

    /// A page was read, after which comes this place. Whether that is another one: a feed that stands still has said all it has,
    /// whatever it says.
    pub fn read_to(&mut self, cursor: String, now: Timestamp) -> bool {
        let next = Since::Cursor(cursor);
        let moved = self.since != next;
        (self.since, self.unread, self.at) = (next, 0, now);
        moved
    }

    /// All that there is was read, by a run that began then.
    pub fn read_to_the_end(&mut self, began: Timestamp) {
        (self.told, self.forgotten) = (began, 0);
    }

    /// The page that is there can't be read. After [`TRIES`] runs it is passed over, and reading begins anew from now; whether it was.
    pub fn not_read(&mut self, now: Timestamp) -> bool {
        self.unread = self.unread.saturating_add(1);
        let over = self.unread >= TRIES;
        if over {
            self.begin_anew(now);
        }
        over
    }

    /// Whether the next page is asked for by a place, which a source can forget.
    pub fn is_at_a_place(&self) -> bool {
        matches!(self.since, Since::Cursor(_))
    }

    /// The source does not know the place. Then everything is asked for that may not have been told. If that did not lead to the
    /// end [`TRIES`] times, reading begins anew from now; whether it does.
    pub fn forgotten(&mut self, now: Timestamp) -> bool {
        self.forgotten = self.forgotten.saturating_add(1);
        let over = self.forgotten >= TRIES;
        if over {
            self.begin_anew(now);
        } else {
            self.since = Since::Instant(self.told.saturating_sub(OVERLAP).unwrap_or(self.told));
        }
        over
    }

    fn begin_anew(&mut self, now: Timestamp) {
        *self = Self { version: self.version, ..Self::first(self.account.clone(), now) };
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::sources::KeyScope;

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_mins(minute)).unwrap()
    }

    fn first() -> FeedCursor {
        FeedCursor::first(Account { source: "goibibo".parse().unwrap(), scope: KeyScope::Deployment }, at(0))
    }

    #[test]
    fn it_begins_with_now_and_goes_on_where_it_was() {
        let mut cursor = first();
        assert_eq!(cursor.since, Since::Instant(at(0)));
        assert!(cursor.read_to("a".to_owned(), at(1)));
        assert!(!cursor.read_to("a".to_owned(), at(2)), "it stands still");
        assert_eq!((cursor.since, cursor.at), (Since::Cursor("a".to_owned()), at(2)));
    }

    #[test]
    fn a_place_that_is_forgotten_is_what_came_since() {
        let mut cursor = first();
        assert!(!cursor.is_at_a_place());
        cursor.read_to("a".to_owned(), at(11));
        cursor.read_to_the_end(at(10));
        assert!(cursor.is_at_a_place() && !cursor.forgotten(at(12)));
        assert_eq!(cursor.since, Since::Instant(at(5)));
    }

    #[test]
    fn what_was_not_read_to_the_end_is_asked_for_again() {
        let mut cursor = first();
        cursor.read_to_the_end(at(60));
        for page in 61..101 {
            cursor.read_to(page.to_string(), at(page));
        }
        assert!(!cursor.forgotten(at(101)));
        assert_eq!(cursor.since, Since::Instant(at(55)), "pages followed that nobody has read");
    }

    #[test]
    fn places_that_are_always_forgotten_hold_nothing_up() {
        let (mut cursor, mut anew) = (first(), vec![]);
        for minute in 1..=i64::from(TRIES) {
            cursor.read_to("a".to_owned(), at(minute));
            anew.push(cursor.forgotten(at(minute)));
        }
        assert_eq!(anew, [false, false, true]);
        assert_eq!((cursor.since, cursor.told, cursor.forgotten), (Since::Instant(at(3)), at(3), 0));
    }

    proptest! {
        /// However a source behaves, a page that can't be read is asked for three times at most.
        #[test]
        fn nothing_holds_it_up_for_good(read in proptest::collection::vec(any::<bool>(), 0..100)) {
            let (mut cursor, mut in_a_row) = (first(), 0);
            for (minute, read) in (1..).zip(read) {
                if read {
                    cursor.read_to(minute.to_string(), at(minute));
                    in_a_row = 0;
                } else {
                    let before = cursor.since.clone();
                    in_a_row += 1;
                    let over = cursor.not_read(at(minute));
                    prop_assert_eq!(over, in_a_row == TRIES);
                    prop_assert_eq!(over, cursor.since != before);
                    in_a_row = if over { 0 } else { in_a_row };
                }
                prop_assert_eq!(cursor.unread, in_a_row);
            }
        }
    }
}
