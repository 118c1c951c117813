//! Goibibo: stays and what changes of them, by the contract of [`crate::contract`], which nobody has signed yet.

use secrecy::SecretString;

use crate::SignedHotels;

/// Its id, as functions declare it.
pub const SOURCE: &str = "goibibo";

/// The adapter at this base URL, which an agreement will name, with `KEY:SECRET`.
pub fn new(base: &str, key: SecretString) -> SignedHotels {
    SignedHotels::new(SOURCE, base, key)
}
