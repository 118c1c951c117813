//! Master keys (KMS). There is one secret, and the key of every name follows from it, so that what an earlier run has wrapped is
//! unwrapped again, by whichever of them it was wrapped.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use secrecy::{ExposeSecret, SecretSlice};

use super::bus::{ACCOUNT, REGION};

/// How many bytes a data key has.
pub const KEY_BYTES: usize = 32;

/// What a key is bound to. Whoever unwraps it says the same.
pub type Context = BTreeMap<String, String>;

/// All master keys. A clone is the same ones again.
#[derive(Clone)]
pub struct Masters(Arc<Inner>);

struct Inner {
    secret: hmac::Key,
    names: Mutex<Names>,
}

/// What has been said of names since the start.
#[derive(Default)]
struct Names {
    /// The key that an alias stands for, where it is not that of its own name.
    aliases: BTreeMap<String, String>,
    destroyed: BTreeSet<String>,
}

impl fmt::Debug for Masters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masters")
    }
}

/// A key that was wrapped, and by which master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// What it was wrapped to.
    pub bytes: Vec<u8>,
    /// The ARN of the master key.
    pub master: String,
}

/// Why a master key was not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MasterError {
    /// This names no key.
    #[error("{0:?} is neither an alias nor the ARN of a key")]
    NotFound(String),
    /// It is gone.
    #[error("{0} is pending deletion")]
    Destroyed(String),
    /// It was not wrapped here, or is bound to something else, or was changed.
    #[error("this ciphertext is not bound so")]
    InvalidCiphertext,
    /// It was wrapped by another key than the one that was said.
    #[error("another key has wrapped this")]
    IncorrectKey,
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    NoRandomness,
}

impl Masters {
    /// Those that follow from a secret.
    pub fn of(secret: &SecretSlice<u8>) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret());
        Self(Arc::new(Inner { secret, names: Mutex::default() }))
    }

    /// Makes a key, bound to a context: plain, and wrapped.
    ///
    /// # Errors
    /// If the name is none, or its key is gone.
    pub fn generate(&self, name: &str, context: &Context) -> Result<(SecretSlice<u8>, Wrapped), MasterError> {
        let plain: SecretSlice<u8> = random::<KEY_BYTES>()?.to_vec().into();
        let wrapped = self.wrap(name, &plain, context)?;
        Ok((plain, wrapped))
    }

    /// Unwraps a key. If a name is said, it must be that of the key that has wrapped it. Answers it with that key's ARN.
    ///
    /// # Errors
    /// If it is bound to another context, or the key is gone.
    pub fn unwrap(
        &self,
        wrapped: &[u8],
        name: Option<&str>,
        context: &Context,
    ) -> Result<(SecretSlice<u8>, String), MasterError> {
        let (length, rest) = wrapped.split_first().ok_or(MasterError::InvalidCiphertext)?;
        let (id, rest) = rest.split_at_checked(usize::from(*length)).ok_or(MasterError::InvalidCiphertext)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or(MasterError::InvalidCiphertext)?;
        let id = std::str::from_utf8(id).map_err(|_| MasterError::InvalidCiphertext)?;
        if let Some(name) = name
            && self.id_of(name)? != id
        {
            return Err(MasterError::IncorrectKey);
        }
        self.alive(id)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| MasterError::InvalidCiphertext)?;
        let mut text = text.to_vec();
        let plain = self.key(id).and_then(|key| Ok(key.open_in_place(nonce, bound_to(context), &mut text)?.to_vec()));
        plain.map(|plain| (plain.into(), arn(id))).map_err(|Unspecified| MasterError::InvalidCiphertext)
    }

    /// Wraps what was unwrapped by a key of another name.
    ///
    /// # Errors
    /// If the name is none, or its key is gone.
    pub fn wrap(&self, name: &str, plain: &SecretSlice<u8>, context: &Context) -> Result<Wrapped, MasterError> {
        let id = self.id_of(name)?;
        self.alive(&id)?;
        let nonce = random::<NONCE_LEN>()?;
        let mut text = plain.expose_secret().to_vec();
        self.key(&id)
            .and_then(|key| key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound_to(context), &mut text))
            .map_err(|Unspecified| MasterError::InvalidCiphertext)?;
        let length = u8::try_from(id.len()).map_err(|_| MasterError::NotFound(name.to_owned()))?;
        Ok(Wrapped { bytes: [&[length], id.as_bytes(), &nonce, &text].concat(), master: arn(&id) })
    }

    /// Has an alias stand for another key from now on.
    pub fn point(&self, alias: &str, id: &str) {
        self.names().aliases.insert(alias.to_owned(), id.to_owned());
    }

    /// Makes a key useless, as one that waits for its deletion is.
    pub fn destroy(&self, id: &str) {
        self.names().destroyed.insert(id.to_owned());
    }

    /// The id of the key that a name stands for: an alias, or an ARN.
    fn id_of(&self, name: &str) -> Result<String, MasterError> {
        if let Some(alias) = name.strip_prefix("alias/") {
            return Ok(self.names().aliases.get(name).cloned().unwrap_or_else(|| alias.to_owned()));
        }
        let id = name.strip_prefix(&arn(""));
        id.filter(|id| !id.is_empty()).map(str::to_owned).ok_or_else(|| MasterError::NotFound(name.to_owned()))
    }

    fn alive(&self, id: &str) -> Result<(), MasterError> {
        if self.names().destroyed.contains(id) { Err(MasterError::Destroyed(arn(id))) } else { Ok(()) }
    }

    fn key(&self, id: &str) -> Result<LessSafeKey, Unspecified> {
        let bytes = hmac::sign(&self.0.secret, id.as_bytes());
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes.as_ref())?))
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn arn(id: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{id}")
}

/// Each name and value with its length before it: no two contexts read alike.
fn bound_to(context: &Context) -> Aad<Vec<u8>> {
    let parts = context.iter().flat_map(|(name, value)| [name, value]);
    Aad::from(parts.flat_map(|part| (part.len() as u64).to_be_bytes().into_iter().chain(part.bytes())).collect::<Vec<u8>>())
}

fn random<const N: usize>() -> Result<[u8; N], MasterError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|Unspecified| MasterError::NoRandomness)?;
    Ok(bytes)
}
