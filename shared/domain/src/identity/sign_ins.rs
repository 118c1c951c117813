//! Signing in with a password: what is kept of it, and when an account is locked.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::{secrets::Fingerprint, sessions::KEPT};
use crate::{
    ids::{Owner, TenantId},
    time::later,
};

/// So many failures in a row lock an account; and what is tried from one network, for that network.
pub const FAILURES: u8 = 10;
/// For so long.
pub const LOCKED: SignedDuration = SignedDuration::from_mins(15);
/// After so long, failures are forgotten.
pub const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);
/// Of so many networks that a member signs in from it is known that they do: of those they used last.
pub const NETWORKS: usize = 5;
/// A member is told of so many locks at most,
pub const TOLD: usize = 3;
/// within so long: whoever locks an account again and again must not fill its member's mailbox.
pub const TOLD_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// That one was used again is stored once in so long.
const NOTED: SignedDuration = SignedDuration::from_hours(24);

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

/// Failures in a row, and the lock that they end in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failures {
    /// How many.
    pub count: u8,
    /// When the last was.
    pub last_at: Timestamp,
    /// Locked until then.
    pub locked_until: Option<Timestamp>,
}

/// It is locked, until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locked(pub Timestamp);

impl Failures {
    /// None.
    pub const NONE: Self = Self { count: 0, last_at: Timestamp::UNIX_EPOCH, locked_until: None };

    /// Whether it may be tried.
    ///
    /// # Errors
    /// If it is locked.
    pub fn open(&self, now: Timestamp) -> Result<(), Locked> {
        match self.locked_until {
            Some(until) if now < until => Err(Locked(until)),
            Some(_) | None => Ok(()),
        }
    }

    /// One more. Answers until when that locks it, if it does. While it is locked, nothing counts.
    pub fn add(&mut self, now: Timestamp) -> Option<Timestamp> {
        if self.open(now).is_err() {
            return None;
        }
        // What a lock has cost is paid with it; and what is long ago does not count.
        if self.locked_until.take().is_some() || now >= later(self.last_at, FORGOTTEN) {
            self.count = 0;
        }
        self.count += 1;
        self.last_at = now;
        if self.count >= FAILURES {
            self.locked_until = Some(later(now, LOCKED));
        }
        self.locked_until
    }

    /// When nothing of it counts any more.
    pub fn ends(&self) -> Timestamp {
        later(self.last_at, FORGOTTEN)
    }
}

/// Failed sign-ins with what was typed as a login, from one network. What is typed counts, and not whose it is: the handle and the
/// address of one account are two, and what is nobody's is one like any other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoginTries {
    /// Where.
    pub tenant: TenantId,
    /// Of what was typed, and of the network, hashed under a key.
    pub login: Fingerprint,
    /// Since the last that succeeded.
    pub failures: Failures,
    /// Optimistic lock.
    pub version: u64,
}

impl LoginTries {
    /// None has failed.
    pub fn none(tenant: TenantId, login: Fingerprint) -> Self {
        Self { tenant, login, failures: Failures::NONE, version: 0 }
    }
}

/// Failed sign-ins of an account, whether there is one or not: who tries must not find out. And where its member signs in from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIns {
    /// Whose, or nobody's.
    #[serde(flatten)]
    pub owner: Owner,
    /// From all networks, since the last sign-in that succeeded.
    pub failures: Failures,
    /// The end of the lock that the member was told of.
    pub told_of: Option<Timestamp>,
    /// When they were last told of one, oldest first.
    #[serde(default)]
    pub told: Vec<Timestamp>,
    /// Where a lock does not shut the member out, because they have signed in from there.
    pub networks: Vec<KnownNetwork>,
    /// Optimistic lock.
    pub version: u64,
}

/// A network that a member has signed in from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KnownNetwork {
    /// Which, hashed under a key with who the member is.
    pub network: Fingerprint,
    /// When they last did, to a day.
    pub at: Timestamp,
}

impl SignIns {
    /// None has failed.
    pub fn none(owner: Owner) -> Self {
        Self { owner, failures: Failures::NONE, told_of: None, told: Vec::new(), networks: Vec::new(), version: 0 }
    }

    /// Whether the right password is enough, from this network. A lock that strangers caused does not hold where the member has
    /// signed in from; what is tried there is counted there.
    pub fn admit(&self, network: &Fingerprint, now: Timestamp) -> bool {
        let known = |known: &KnownNetwork| known.network.is(network) && now < later(known.at, KEPT);
        self.failures.open(now).is_ok() || self.networks.iter().any(known)
    }

    /// One failed. Answers until when that locks the account, if it does. It has yet to be stored.
    pub fn fail(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.failures.add(now)
    }

    /// The member has shown who they are, from this network. Answers whether there is anything to be stored.
    pub fn succeed(&mut self, network: &Fingerprint, now: Timestamp) -> bool {
        let failed = std::mem::replace(&mut self.failures, Failures::NONE) != Failures::NONE;
        let noted = |known: &KnownNetwork| known.network.is(network) && now < later(known.at, NOTED);
        if self.networks.iter().any(noted) {
            return failed;
        }
        self.networks.retain(|known| !known.network.is(network));
        self.networks.push(KnownNetwork { network: network.clone(), at: now });
        if self.networks.len() > NETWORKS {
            self.networks.remove(0);
        }
        true
    }

    /// Takes on telling the member of a lock: once, only while it holds, and not of more than three in a day. It has yet to be stored.
    pub fn tell_of(&mut self, lock: Timestamp, now: Timestamp) -> bool {
        self.told.retain(|told| now < later(*told, TOLD_WITHIN));
        let news = self.failures.locked_until == Some(lock) && now < lock && self.told_of != Some(lock);
        let tells = news && self.told.len() < TOLD;
        if tells {
            self.told_of = Some(lock);
            self.told.push(now);
        }
        tells
    }

    /// They surely were not told of this lock. Answers whether it was thought that they were.
    pub fn untold(&mut self, lock: Timestamp) -> bool {
        let thought = self.told_of == Some(lock);
        if thought {
            self.told_of = None;
            self.told.pop();
        }
        thought
    }

    /// When nothing of it counts any more.
    pub fn ends(&self) -> Timestamp {
        let known = self.networks.iter().map(|known| later(known.at, KEPT));
        let told = self.told.iter().map(|told| later(*told, TOLD_WITHIN));
        known.chain(told).fold(self.failures.ends(), Timestamp::max)
    }
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

    fn network(name: &str) -> Fingerprint {
        Fingerprint::of(name.as_bytes())
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
        let open = |sign_ins: &SignIns, at: i64| sign_ins.failures.open(second(at));
        assert_eq!(open(&failed(9), 9), Ok(()));
        let mut locked = failed(10);
        let until = 9 + 15 * 60;
        assert_eq!(open(&locked, until - 1), Err(Locked(second(until))));
        assert_eq!(locked.fail(second(until - 1)), None, "it lasts no longer for what is tried meanwhile");
        assert_eq!(open(&locked, until), Ok(()));
        assert_eq!(locked.fail(second(until)), None);
        assert_eq!(locked.failures.count, 1);
    }

    #[test]
    fn success_and_a_day_forget_failures() {
        let mut sign_ins = failed(9);
        assert!(sign_ins.succeed(&network("home"), second(9)) && !sign_ins.succeed(&network("home"), second(10)));
        assert_eq!(sign_ins.failures, Failures::NONE);
        let mut sign_ins = failed(9);
        sign_ins.fail(second(8 + 24 * 3600));
        assert_eq!((sign_ins.failures.count, sign_ins.failures.locked_until), (1, None));
    }

    #[test]
    fn a_lock_holds_for_strangers_and_not_where_the_member_is_known() {
        let mut sign_ins = none();
        assert!(sign_ins.succeed(&network("home"), second(0)));
        for n in 0..10 {
            sign_ins.fail(second(n));
        }
        assert!(sign_ins.admit(&network("home"), second(10)) && !sign_ins.admit(&network("cafe"), second(10)));
        assert!(sign_ins.admit(&network("cafe"), second(9 + 15 * 60)));
        // For as long as a session lasts.
        let month = 30 * 24 * 3600;
        for n in 0..10 {
            sign_ins.fail(second(month + n));
        }
        assert!(!sign_ins.admit(&network("home"), second(month + 10)));
    }

    #[test]
    fn the_last_five_networks_are_known() {
        let mut sign_ins = none();
        for n in 0..6 {
            assert!(sign_ins.succeed(&network(&n.to_string()), second(n)));
        }
        // The second was used again.
        assert!(sign_ins.succeed(&network("1"), second(24 * 3600 + 1)));
        assert!(sign_ins.succeed(&network("6"), second(24 * 3600 + 2)));
        let failed = (0..10).fold(sign_ins, |mut sign_ins, _| {
            sign_ins.fail(second(24 * 3600 + 3));
            sign_ins
        });
        let known: Vec<u8> = (0..7).filter(|n: &u8| failed.admit(&network(&n.to_string()), second(24 * 3600 + 4))).collect();
        assert_eq!(known, [1, 3, 4, 5, 6]);
    }

    #[test]
    fn a_lock_is_told_once_and_only_while_it_holds() {
        let mut locked = failed(10);
        let lock = locked.failures.locked_until.unwrap();
        assert!(locked.tell_of(lock, second(10)) && !locked.tell_of(lock, second(11)));
        assert!(!locked.untold(second(1)) && locked.untold(lock) && !locked.untold(lock));
        assert!(!locked.clone().tell_of(lock, lock), "over");
        assert!(!locked.clone().tell_of(second(1), second(10)), "another");
        locked.succeed(&network("home"), second(10));
        assert!(!locked.tell_of(lock, second(10)), "cleared");
    }

    #[test]
    fn three_locks_are_told_in_a_day_and_one_that_was_not_mailed_is_none() {
        let mut sign_ins = none();
        let mut lock_at = |hour: i64| {
            let at = second(hour * 3600);
            for _ in 0..10 {
                sign_ins.fail(at);
            }
            let lock = sign_ins.failures.locked_until.unwrap();
            if hour == 1 {
                assert!(sign_ins.tell_of(lock, at) && sign_ins.untold(lock));
            }
            let told = sign_ins.tell_of(lock, at);
            assert!(sign_ins.ends() >= later(at, TOLD_WITHIN));
            sign_ins.succeed(&network("home"), at);
            told
        };
        let told: Vec<i64> = (0..50).filter(|hour| lock_at(*hour)).collect();
        assert_eq!(told, [0, 1, 2, 24, 25, 26, 48, 49]);
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
            let mut failures = Failures::NONE;
            let mut guesses = Vec::new();
            for at in times {
                if failures.open(second(at)).is_ok() {
                    guesses.push(at);
                    failures.add(second(at));
                }
            }
            // Ten end in a lock, and the next ten begin after it.
            let tens: Vec<&[i64]> = guesses.chunks(usize::from(FAILURES)).collect();
            let apart = tens.windows(2).all(|pair| pair[1][0] - pair[0][9] >= LOCKED.as_secs());
            prop_assert!(apart, "{guesses:?}");
        }
    }
}
