//! What signs: access tokens (ES256) and cursors.

use std::{fmt, io, path::Path};

use domain::{
    identity::Role,
    ids::{Owner, SessionId, derived},
};
use jiff::{SignedDuration, Timestamp};
use platform::token::{Claims, KeySet, TokenPolicy, issue};
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use secrecy::SecretString;

/// Who issues tokens here.
pub const ISSUER: &str = "http://localhost/";
/// Whom they are for.
pub const AUDIENCE: &str = "mile-buy-club";
/// How long one is good, unless said otherwise.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// The id of the one key there is.
const KEY_ID: &str = "local";
const SIGNING_KEY: &str = "signing-key.pkcs8";
const CURSOR_KEY: &str = "cursor-key";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file can't be read or written.
    #[error("the keys can't be kept: {0}")]
    File(#[from] io::Error),
    /// A file holds no key.
    #[error("{0} holds no key; remove it to get a new one")]
    Malformed(&'static str),
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    NoRandomness,
}

/// The keys of this machine.
pub struct Keys {
    signing: EcdsaKeyPair,
    cursor: SecretString,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// New ones, kept nowhere.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn fresh() -> Result<Self, KeyError> {
        Self::read(&new_signing_key()?, &new_cursor_key()?)
    }

    /// Those kept in a folder, made there if there are none. Only their owner can read the files.
    ///
    /// # Errors
    /// If they can't be read, or made and kept.
    pub fn kept_in(folder: &Path) -> Result<Self, KeyError> {
        let signing = kept(&folder.join(SIGNING_KEY), new_signing_key)?;
        let cursor = kept(&folder.join(CURSOR_KEY), new_cursor_key)?;
        Self::read(&signing, &cursor)
    }

    fn read(signing: &[u8], cursor: &[u8]) -> Result<Self, KeyError> {
        let signing = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, signing, &SystemRandom::new());
        let cursor = std::str::from_utf8(cursor).map_err(|_| KeyError::Malformed(CURSOR_KEY))?;
        Ok(Self { signing: signing.map_err(|_| KeyError::Malformed(SIGNING_KEY))?, cursor: cursor.to_owned().into() })
    }

    /// Whose tokens are accepted.
    pub fn policy(&self) -> TokenPolicy {
        let keys = KeySet::parse(&self.jwks().to_string()).unwrap_or_default();
        TokenPolicy { issuer: ISSUER.to_owned(), audience: AUDIENCE.to_owned(), keys }
    }

    /// The public key, as whoever verifies takes it.
    pub fn jwks(&self) -> serde_json::Value {
        KeySet::to_jwks([(KEY_ID, self.signing.public_key().as_ref())])
    }

    /// What signs cursors.
    pub fn cursor(&self) -> &SecretString {
        &self.cursor
    }

    /// What a token says of a member.
    pub fn claims(owner: &Owner, role: Role, now: Timestamp, lifetime: SignedDuration) -> Claims {
        let member = owner.member.to_string();
        let session: SessionId = derived(&["local session", owner.tenant.as_str(), &member]);
        Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: owner.member,
            tid: owner.tenant.clone(),
            role,
            sid: session,
            iat: now.as_second(),
            exp: now.as_second().saturating_add(lifetime.as_secs()),
            jti: format!("{session}.{}", now.as_microsecond()),
        }
    }

    /// A signed token.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        let mut failed = false;
        let token = issue(KEY_ID, claims, |bytes| {
            let signature = self.signing.sign(&SystemRandom::new(), bytes);
            failed = signature.is_err();
            signature.map(|signature| signature.as_ref().to_vec()).unwrap_or_default()
        });
        if failed { Err(KeyError::NoRandomness) } else { Ok(token) }
    }
}

fn new_signing_key() -> Result<Vec<u8>, KeyError> {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    key.map(|key| key.as_ref().to_vec()).map_err(|_| KeyError::NoRandomness)
}

fn new_cursor_key() -> Result<Vec<u8>, KeyError> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| KeyError::NoRandomness)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes())
}

/// Reads a file, which is made first if there is none.
fn kept(file: &Path, make: impl FnOnce() -> Result<Vec<u8>, KeyError>) -> Result<Vec<u8>, KeyError> {
    match std::fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = make()?;
            write_private(file, &key)?;
            Ok(key)
        }
        read => Ok(read?),
    }
}

/// Writes a new file that only its owner can read.
fn write_private(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    io::Write::write_all(&mut options.open(file)?, content)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use platform::token::TokenError;
    use secrecy::ExposeSecret;

    use super::*;

    fn claims() -> Claims {
        let owner = Owner { tenant: "demo".parse().unwrap(), member: derived(&["a member"]) };
        Keys::claims(&owner, Role::Member, Timestamp::UNIX_EPOCH, LIFETIME)
    }

    #[test]
    fn a_token_is_good_for_its_lifetime() {
        let keys = Keys::fresh().unwrap();
        let token = keys.sign(&claims()).unwrap();
        let verify = |second| keys.policy().verify(&token, Timestamp::from_second(second).unwrap());
        assert_eq!(verify(0), Ok(claims()));
        assert_eq!(verify(16 * 60), Err(TokenError::Expired));
        assert_eq!(Keys::fresh().unwrap().policy().verify(&token, Timestamp::UNIX_EPOCH), Err(TokenError::Signature));
    }

    #[test]
    fn a_folder_keeps_its_keys_to_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let token = Keys::kept_in(folder.path()).unwrap().sign(&claims()).unwrap();
        let again = Keys::kept_in(folder.path()).unwrap();
        assert_eq!(again.policy().verify(&token, Timestamp::UNIX_EPOCH), Ok(claims()));
        assert_eq!(again.cursor().expose_secret().len(), 64);
        #[cfg(unix)]
        for file in [SIGNING_KEY, CURSOR_KEY] {
            let mode = std::os::unix::fs::PermissionsExt::mode(&folder.path().join(file).metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        std::fs::write(folder.path().join(SIGNING_KEY), "no key").unwrap();
        assert!(matches!(Keys::kept_in(folder.path()), Err(KeyError::Malformed(SIGNING_KEY))));
    }
}
