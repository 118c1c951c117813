//! Secrets that are given away, and what is kept of them.

use std::str::FromStr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::faults::Invalid;

/// The hash of a secret: tells whether one that is shown is the same, and nothing else of it. A secret that can be guessed, such as
/// six digits, must have been hashed under a key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a secret that can't be guessed.
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Whether both are of the same secret, in a time that does not depend on where they differ.
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl From<[u8; 32]> for Fingerprint {
    fn from(hash: [u8; 32]) -> Self {
        Self(hash)
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(Invalid { what: "a fingerprint", rule: "32 bytes in base64" })
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        URL_SAFE_NO_PAD.encode(fingerprint.0)
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fingerprint")
    }
}

/// Random bytes of a secret.
pub const SECRET_BYTES: usize = 32;

/// 256 random bits, as text.
#[derive(Debug, Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// What is kept of it.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.reveal().as_bytes())
    }

    /// The text that is given away.
    pub(super) fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<[u8; SECRET_BYTES]> for Secret {
    fn from(random: [u8; SECRET_BYTES]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random).into())
    }
}

impl FromStr for Secret {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let sound = URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == SECRET_BYTES);
        if sound { Ok(Self(text.into())) } else { Err(Invalid { what: "a secret", rule: "32 bytes in base64" }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_that_of_one_secret_and_shows_nothing() {
        let (one, other) = (Fingerprint::of(b"one"), Fingerprint::of(b"other"));
        assert!(one.is(&Fingerprint::of(b"one")) && !one.is(&other));
        assert_eq!(format!("{one:?}"), "Fingerprint");
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        let one = Fingerprint::of(b"one");
        assert!(Fingerprint::try_from(String::from(one.clone())).is_ok_and(|read| read.is(&one)));
        assert!(Fingerprint::try_from("AAAA".to_owned()).is_err());
    }
}
