//! What nobody is to guess: ids, nonces, codes. Tests give what follows from a seed.

use std::fmt::Debug;

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use ulid::Ulid;

/// Gives random bytes.
pub trait Chance: Debug + Send + Sync {
    /// Fills this with them.
    fn fill(&self, bytes: &mut [u8]);
}

/// The system's.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness of the system nothing is safe to go on.
        SystemRandom::new().fill(bytes).unwrap_or_else(|_| std::process::abort());
    }
}

/// So many random bytes.
pub(crate) fn random<const N: usize>(chance: &dyn Chance) -> [u8; N] {
    let mut bytes = [0; N];
    chance.fill(&mut bytes);
    bytes
}

/// A new id, time-ordered by the given instant, random within the millisecond.
pub(crate) fn ulid(chance: &dyn Chance, now: Timestamp) -> Ulid {
    Ulid::from_parts(u64::try_from(now.as_millisecond()).unwrap_or(0), u128::from_be_bytes(random(chance)))
}
