//! How far the feed of a source was read: from where the next page is asked for, so that nothing is missed and nothing holds it
//! up for good.

use jiff::Timestamp;
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

/// So many runs in a row find a page that can't be read before it is passed over.
pub const TRIES: u8 = 3;

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
    /// When a page was last read; before the first, when reading began.
    pub at: Timestamp,
    /// Optimistic lock.
    pub version: u64,
}

impl FeedCursor {
    /// Of a feed that was never read: from now on. What there was before is asked for by those who search.
    pub fn first(account: Account, now: Timestamp) -> Self {
        Self { account, since: Since::Instant(now), unread: 0, at: now, version: 0 }
    }

    /// A page was read, after which comes this place. Whether that is another one: a feed that stands still has said all it has,
    /// whatever it says.
    pub fn read_to(&mut self, cursor: String, now: Timestamp) -> bool {
        let next = Since::Cursor(cursor);
        let moved = self.since != next;
        (self.since, self.unread, self.at) = (next, 0, now);
        moved
    }

    /// The page that is there can't be read. After [`TRIES`] runs it is passed over, and reading begins anew from now; whether it was.
    pub fn not_read(&mut self, now: Timestamp) -> bool {
        self.unread = self.unread.saturating_add(1);
        let over = self.unread >= TRIES;
        if over {
            (self.since, self.unread, self.at) = (Since::Instant(now), 0, now);
        }
        over
    }

    /// The source no longer knows the place. Then everything since a page was last read is asked for; whether that is another way
    /// to ask.
    pub fn forgotten(&mut self) -> bool {
        let was_place = matches!(self.since, Since::Cursor(_));
        if was_place {
            self.since = Since::Instant(self.at);
        }
        was_place
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
        assert!(!cursor.forgotten(), "it was no place");
        cursor.read_to("a".to_owned(), at(1));
        assert!(cursor.forgotten());
        assert_eq!(cursor.since, Since::Instant(at(1)));
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
