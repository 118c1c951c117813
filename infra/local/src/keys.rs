//! What signs (access tokens, by RS256, and cursors), what look-ups are hashed with, and what members' keys are wrapped with.

use std::{
    fmt, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    identity::Role,
    ids::{Owner, SessionId, derived},
};
use jiff::{SignedDuration, Timestamp};
use platform::{
    signature::CURSOR_KEY,
    token::{Claims, NoRandomness, PublicKey, SigningKey, TokenPolicy},
    vault::LOOKUP_KEY,
};
use ring::rand::{SecureRandom, SystemRandom};
use rsa::{RsaPrivateKey, pkcs8::EncodePrivateKey, rand_core::UnwrapErr};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sources::receive_inventory::SENDERS;

/// Who issues tokens here.
pub const ISSUER: &str = "http://localhost/";
/// Whom they are for.
pub const AUDIENCE: &str = "mile-buy-club";
/// What notices of a source are signed with here, and in no deployment.
pub const WEBHOOK_KEY: &str = "what signs notices on this machine";
/// How long one is good, unless said otherwise.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// What RFC 7518 section 3.3 asks for at least, and what API Gateway and everyone else can check.
const KEY_BITS: usize = 2048;
const SIGNING_KEY: &str = "signing-key.pkcs8";
const MASTER_KEY: &str = "master-key";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file can't be read or written.
    #[error("the keys can't be kept: {0}")]
    File(#[from] io::Error),
    /// A file holds no key.
    #[error("{0} holds no key; remove it to get a new one")]
    Malformed(&'static str),
    /// No key can be made.
    #[error("no key can be made: {0}")]
    Unmade(String),
    /// The system gives no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// The keys of this machine.
pub struct Keys {
    signing: Arc<SigningKey>,
    /// What signed before, as long as its tokens are good.
    before: Option<PublicKey>,
    cursor: SecretString,
    lookup: SecretString,
    webhook: SecretString,
    master: SecretSlice<u8>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// Kept nowhere. The signing key is the same for the whole process: tests make hundreds of systems, and a key takes long.
    ///
    /// # Errors
    /// If they can't be made.
    pub fn in_memory() -> Result<Self, KeyError> {
        static SIGNING: Mutex<Option<Arc<SigningKey>>> = Mutex::new(None);
        let mut made = SIGNING.lock().unwrap_or_else(PoisonError::into_inner);
        let signing = match made.as_ref() {
            Some(signing) => signing.clone(),
            None => made.insert(read_signing_key(&new_signing_key()?)?).clone(),
        };
        let drawn = |name| read_text(&new_secret()?, name);
        Ok(Self {
            signing,
            before: None,
            cursor: drawn(CURSOR_KEY)?,
            lookup: drawn(LOOKUP_KEY)?,
            webhook: WEBHOOK_KEY.into(),
            master: new_secret()?,
        })
    }

    /// Those kept in a folder, made there if there are none. Only their owner can read the files.
    ///
    /// # Errors
    /// If they can't be read, or made and kept.
    pub fn kept_in(folder: &Path) -> Result<Self, KeyError> {
        let signing = kept(&folder.join(SIGNING_KEY), new_signing_key)?;
        let text = |name| read_text(&kept(&folder.join(name), new_secret)?, name);
        Ok(Self {
            signing: read_signing_key(&signing)?,
            before: None,
            cursor: text(CURSOR_KEY)?,
            lookup: text(LOOKUP_KEY)?,
            webhook: WEBHOOK_KEY.into(),
            master: kept(&folder.join(MASTER_KEY), new_secret)?,
        })
    }

    /// Whose tokens are accepted.
    pub fn policy(&self) -> TokenPolicy {
        let keys = [Some(self.signing.public()), self.before.as_ref()].into_iter().flatten().cloned().collect();
        TokenPolicy { issuer: ISSUER.to_owned(), audience: AUDIENCE.to_owned(), keys }
    }

    /// Signs with another key from now on. What was signed with the one before is accepted.
    ///
    /// # Errors
    /// If no key can be made.
    pub fn rotated(self) -> Result<Self, KeyError> {
        let before = Some(self.signing.public().clone());
        Ok(Self { signing: read_signing_key(&new_signing_key()?)?, before, ..self })
    }

    /// No longer accepts what was signed with the key before.
    pub fn retired(self) -> Self {
        Self { before: None, ..self }
    }

    /// What signs tokens.
    pub fn signing(&self) -> Arc<SigningKey> {
        self.signing.clone()
    }

    /// The public keys as a JSON web key set: what functions are configured with.
    pub fn jwks(&self) -> serde_json::Value {
        serde_json::to_value(self.policy().keys.to_jwks()).unwrap_or_default()
    }

    /// A secret that functions are told of if they declare that they know it.
    pub fn secret(&self, name: &str) -> Option<&SecretString> {
        match name {
            CURSOR_KEY => Some(&self.cursor),
            LOOKUP_KEY => Some(&self.lookup),
            name if SENDERS.iter().any(|(_, secret)| *secret == name) => Some(&self.webhook),
            _ => None,
        }
    }

    /// What master keys follow from.
    pub fn master(&self) -> &SecretSlice<u8> {
        &self.master
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
        Ok(self.signing.sign(claims)?)
    }
}

/// A new private key in PKCS#8. `ring` signs with it, but can't make one.
///
/// # Errors
/// If it can't be made.
pub fn new_signing_key() -> Result<SecretSlice<u8>, KeyError> {
    let unmade = |error: &dyn fmt::Display| KeyError::Unmade(error.to_string());
    let key = RsaPrivateKey::new(&mut UnwrapErr(getrandom::SysRng), KEY_BITS).map_err(|error| unmade(&error))?;
    let pkcs8 = key.to_pkcs8_der().map_err(|error| unmade(&error))?;
    Ok(pkcs8.as_bytes().to_vec().into())
}

fn read_signing_key(pkcs8: &SecretSlice<u8>) -> Result<Arc<SigningKey>, KeyError> {
    Ok(Arc::new(SigningKey::from_pkcs8(pkcs8).ok_or(KeyError::Malformed(SIGNING_KEY))?))
}

fn new_secret() -> Result<SecretSlice<u8>, KeyError> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes().into())
}

fn read_text(text: &SecretSlice<u8>, name: &'static str) -> Result<SecretString, KeyError> {
    let text = std::str::from_utf8(text.expose_secret()).map_err(|_| KeyError::Malformed(name))?;
    Ok(text.to_owned().into())
}

/// Reads a file, which is made first if there is none.
fn kept(file: &Path, make: impl FnOnce() -> Result<SecretSlice<u8>, KeyError>) -> Result<SecretSlice<u8>, KeyError> {
    match std::fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = make()?;
            write_private(file, key.expose_secret())?;
            Ok(key)
        }
        read => Ok(read?.into()),
    }
}

/// Writes a new file that only its owner can read.
///
/// # Errors
/// If there is one already, or it can't be written.
pub fn write_private(file: &Path, content: &[u8]) -> io::Result<()> {
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

    use super::*;

    fn claims() -> Claims {
        let owner = Owner { tenant: "demo".parse().unwrap(), member: derived(&["a member"]) };
        Keys::claims(&owner, Role::Member, Timestamp::UNIX_EPOCH, LIFETIME)
    }

    #[test]
    fn a_token_is_good_for_its_lifetime() {
        let keys = Keys::in_memory().unwrap();
        let token = keys.sign(&claims()).unwrap();
        let verify = |second| keys.policy().verify(&token, Timestamp::from_second(second).unwrap());
        assert_eq!(verify(0), Ok(claims()));
        assert_eq!(verify(16 * 60), Err(TokenError::Expired));
    }

    #[test]
    fn a_process_signs_with_one_key_and_a_folder_with_its_own() {
        let (one, other) = (Keys::in_memory().unwrap(), Keys::in_memory().unwrap());
        let token = one.sign(&claims()).unwrap();
        assert_eq!(other.policy().verify(&token, Timestamp::UNIX_EPOCH), Ok(claims()));
        let cursor = |keys: &Keys| keys.secret(CURSOR_KEY).unwrap().expose_secret().to_owned();
        assert_ne!(cursor(&one), cursor(&other));
        let folder = tempfile::tempdir().unwrap();
        let kept = Keys::kept_in(folder.path()).unwrap();
        assert_eq!(kept.policy().verify(&token, Timestamp::UNIX_EPOCH), Err(TokenError::UnknownKey));
    }

    #[test]
    fn a_folder_keeps_its_keys_to_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let token = Keys::kept_in(folder.path()).unwrap().sign(&claims()).unwrap();
        let again = Keys::kept_in(folder.path()).unwrap();
        assert_eq!(again.policy().verify(&token, Timestamp::UNIX_EPOCH), Ok(claims()));
        assert_eq!(again.secret(CURSOR_KEY).unwrap().expose_secret().len(), 64);
        #[cfg(unix)]
        for file in [SIGNING_KEY, CURSOR_KEY, LOOKUP_KEY, MASTER_KEY] {
            let mode = std::os::unix::fs::PermissionsExt::mode(&folder.path().join(file).metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        std::fs::write(folder.path().join(SIGNING_KEY), "no key").unwrap();
        assert!(matches!(Keys::kept_in(folder.path()), Err(KeyError::Malformed(SIGNING_KEY))));
    }
}
