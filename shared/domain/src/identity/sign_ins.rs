//! Signing in with a password: what is kept of it, and when an account is locked.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use crate::ids::Owner;

/// So many failures in a row lock an account.
pub const FAILURES: u8 = 10;
/// For so long.
pub const LOCKED: SignedDuration = SignedDuration::from_mins(15);
/// After so long, failures are forgotten.
pub const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);

/// A password's hash, in the text form of PHC: algorithm, parameters, salt and hash.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub struct PasswordHash(SecretString);

impl PasswordHash {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for PasswordHash {
    fn from(phc: String) -> Self {
        Self(phc.into())
    }
}

impl Serialize for PasswordHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What a member signs in with, and what their sessions rest on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
    /// Of the password.
    pub password: PasswordHash,
    /// Sessions of another generation are over.
    pub generation: u32,
    /// Optimistic lock.
    pub version: u64,
}

impl Credential {
    /// Of a new member.
    pub fn new(owner: Owner, password: PasswordHash) -> Self {
        Self { owner, password, generation: 1, version: 0 }
    }

    /// Another password. Whoever signed in with the one before is signed out.
    pub fn replaced(mut self, password: PasswordHash) -> Self {
        self.end_sessions();
        Self { password, ..self }
    }

    /// Ends every session.
    pub fn end_sessions(&mut self) {
        self.generation += 1;
    }
}

/// Failed sign-ins of an account, whether there is one or not: who tries must not find out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIns {
    /// Whose, or nobody's.
    #[serde(flatten)]
    pub owner: Owner,
    /// How often it failed in a row.
    pub failed: u8,
    /// When it last did.
    pub failed_at: Timestamp,
    /// Locked until then.
    pub locked_until: Option<Timestamp>,
    /// The end of the lock that the member was told of.
    pub told_of: Option<Timestamp>,
    /// Optimistic lock.
    pub version: u64,
}

/// The account is locked, until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locked(pub Timestamp);

impl SignIns {
    /// None has failed.
    pub fn none(owner: Owner) -> Self {
        Self { owner, failed: 0, failed_at: Timestamp::UNIX_EPOCH, locked_until: None, told_of: None, version: 0 }
    }

    /// Whether it may be tried.
    ///
    /// # Errors
    /// If the account is locked.
    pub fn open(&self, now: Timestamp) -> Result<(), Locked> {
        match self.locked_until {
            Some(until) if now < until => Err(Locked(until)),
            Some(_) | None => Ok(()),
        }
    }

    /// It failed. Answers until when that locks the account, if it does. It has yet to be stored.
    pub fn fail(&mut self, now: Timestamp) -> Option<Timestamp> {
        // What a lock has cost is paid with it; and what is long ago does not count.
        if self.locked_until.take().is_some() || now >= later(self.failed_at, FORGOTTEN) {
            self.failed = 0;
        }
        self.failed += 1;
        self.failed_at = now;
        if self.failed >= FAILURES {
            self.locked_until = Some(later(now, LOCKED));
        }
        self.locked_until
    }

    /// It did not, or the member proved in another way who they are. Answers whether there is anything to be stored.
    pub fn clear(&mut self) -> bool {
        let before = (std::mem::take(&mut self.failed), self.locked_until.take());
        before != (0, None)
    }

    /// Takes on telling the member of a lock: once, and only while it holds. It has yet to be stored.
    pub fn tell_of(&mut self, lock: Timestamp, now: Timestamp) -> bool {
        let news = self.locked_until == Some(lock) && now < lock && self.told_of != Some(lock);
        if news {
            self.told_of = Some(lock);
        }
        news
    }

    /// They surely were not told.
    pub fn untold(&mut self) {
        self.told_of = None;
    }

    /// When nothing of it counts any more.
    pub fn ends(&self) -> Timestamp {
        later(self.failed_at, FORGOTTEN)
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(n: i64) -> Timestamp {
        Timestamp::from_second(n).unwrap()
    }

    fn none() -> SignIns {
        SignIns::none(Owner { tenant: "demo".parse().unwrap(), member: ulid::Ulid::nil().into() })
    }

    fn failed(times: u8) -> SignIns {
        let mut sign_ins = none();
        for n in 0..times {
            sign_ins.fail(second(n.into()));
        }
        sign_ins
    }

    #[test]
    fn ten_failures_lock_for_a_quarter_of_an_hour_and_the_next_ten_again() {
        assert_eq!(failed(9).open(second(9)), Ok(()));
        let mut locked = failed(10);
        let until = second(9 + 15 * 60);
        assert_eq!(locked.open(second(9 + 15 * 60 - 1)), Err(Locked(until)));
        assert_eq!(locked.open(until), Ok(()));
        assert_eq!(locked.fail(until), None);
        assert_eq!(locked.failed, 1);
    }

    #[test]
    fn success_and_a_day_forget_failures() {
        let mut sign_ins = failed(9);
        assert!(sign_ins.clear() && !sign_ins.clear());
        let mut sign_ins = failed(9);
        sign_ins.fail(second(8 + 24 * 3600));
        assert_eq!((sign_ins.failed, sign_ins.locked_until), (1, None));
    }

    #[test]
    fn a_lock_is_told_once_and_only_while_it_holds() {
        let mut locked = failed(10);
        let lock = locked.locked_until.unwrap();
        assert!(locked.tell_of(lock, second(10)) && !locked.tell_of(lock, second(11)));
        locked.untold();
        assert!(!locked.clone().tell_of(lock, lock), "over");
        assert!(!locked.clone().tell_of(second(1), second(10)), "another");
        locked.clear();
        assert!(!locked.tell_of(lock, second(10)), "cleared");
    }

    #[test]
    fn nothing_of_a_hash_is_told() {
        let shown = format!("{:?}", PasswordHash::from("$argon2id$salt$hash".to_owned()));
        assert!(!shown.contains("argon2"), "{shown}");
    }

    proptest! {
        /// Whoever goes on trying gets at most ten guesses in any quarter of an hour.
        #[test]
        fn guesses_are_bounded(mut times in prop::collection::vec(0_i64..10_000, 1..400)) {
            times.sort_unstable();
            let mut sign_ins = none();
            let mut guesses = Vec::new();
            for at in times {
                if sign_ins.open(second(at)).is_ok() {
                    guesses.push(at);
                    sign_ins.fail(second(at));
                }
            }
            // Ten end in a lock, and the next ten begin after it.
            let tens: Vec<&[i64]> = guesses.chunks(usize::from(FAILURES)).collect();
            let apart = tens.windows(2).all(|pair| pair[1][0] - pair[0][9] >= LOCKED.as_secs());
            prop_assert!(apart, "{guesses:?}");
        }
    }
}
