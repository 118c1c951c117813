//! What an instance has read a moment ago: an answer that everyone asks for lies in one partition, and is not read from it for each of
//! them.

use std::{
    any::Any,
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    answers::{Answer, Question},
    search::SearchKey,
    sources::KeyScope,
};
use jiff::{SignedDuration, Timestamp};

/// So long what was read is as good as read again. What makes it worthless before its time is read each time.
const MOMENT: SignedDuration = SignedDuration::from_secs(2);
/// So many answers are at hand.
const AT_HAND: usize = 8;
/// An answer with more offers is not kept at hand: at about a kilobyte each, all of them come to 4 MB.
const MOST_OFFERS: usize = 500;

/// The answers that were read last, the latest at the end.
#[derive(Default)]
pub(super) struct Recent(Mutex<VecDeque<Read>>);

struct Read {
    scope: KeyScope,
    key: SearchKey,
    at: Timestamp,
    answer: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

impl Recent {
    /// What was read of an answer a moment ago.
    pub(super) fn get<Q: Question>(&self, (scope, key): (&KeyScope, &SearchKey), now: Timestamp) -> Option<Arc<Answer<Q>>> {
        let read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = read.iter().find(|read| read.scope == *scope && read.key == *key && read.is_recent(now))?;
        Arc::clone(&known.answer).downcast().ok()
    }

    /// Notes that an answer was read.
    pub(super) fn note<Q: Question>(&self, (scope, key): (&KeyScope, &SearchKey), now: Timestamp, answer: &Answer<Q>) {
        if answer.offers().count() > MOST_OFFERS {
            return;
        }
        let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read.retain(|known| known.is_recent(now) && !(known.scope == *scope && known.key == *key));
        if read.len() >= AT_HAND {
            read.pop_front();
        }
        read.push_back(Read { scope: scope.clone(), key: key.clone(), at: now, answer: Arc::new(answer.clone()) });
    }
}

impl Read {
    fn is_recent(&self, now: Timestamp) -> bool {
        now.duration_since(self.at).abs() < MOMENT
    }
}
