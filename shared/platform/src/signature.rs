//! What we sign for ourselves, or hash so that nobody else can: cursors, counts, bodies, the tokens of pages, the key of a CDN.
//!
//! All of it is under one secret of the deployment, of which each purpose has a key of its own: what was made for one is never good
//! for another.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::{deps::Deps, failure::Failure};

/// What the secret is called, as a function declares that it knows it.
pub const CURSOR_KEY: &str = "cursor-key";

/// What something is signed or hashed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The cursor of a list.
    Cursor,
    /// What the writes of a page show.
    Csrf,
    /// What a CDN in front shows ([`crate::cdn`]).
    Edge,
    /// Whom a limit counts.
    Limit,
    /// The body of a request that may be repeated.
    Request,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Cursor => b"cursor",
            Self::Csrf => b"csrf",
            Self::Edge => b"edge",
            Self::Limit => b"limit",
            Self::Request => b"request",
        }
    }
}

/// A code under the key of a purpose, to be fed.
///
/// # Errors
/// If the function has not declared that it knows the secret, which is a bug.
pub(crate) fn mac(cx: &Deps, purpose: Purpose) -> Result<Hmac<Sha256>, Failure> {
    let Some(secret) = cx.config().secrets.get(CURSOR_KEY) else {
        tracing::error!(secret = CURSOR_KEY, "not declared");
        return Err(Failure::Internal);
    };
    Ok(under(secret, purpose))
}

/// The same, of this secret.
pub(crate) fn under(secret: &SecretString, purpose: Purpose) -> Hmac<Sha256> {
    let key = keyed(secret.expose_secret().as_bytes()).chain_update(purpose.label()).finalize().into_bytes();
    keyed(&key)
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!("any length will do"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_made_for_one_purpose_is_good_for_no_other() {
        let purposes = [Purpose::Cursor, Purpose::Csrf, Purpose::Edge, Purpose::Limit, Purpose::Request];
        assert_eq!(purposes.map(Purpose::label).iter().collect::<BTreeSet<_>>().len(), purposes.len());
    }
}
