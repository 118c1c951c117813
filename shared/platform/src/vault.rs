//! Personal data, sealed. Each member has a key of their own, which KMS wraps by the master key of the deployment, and which is
//! unwrapped in memory alone. Who has the tables, or a copy of them, can't read what it seals; and once the wrapped key is
//! removed nobody can, wherever a copy lies.
//!
//! A sealed value is one byte of version, a nonce of twelve, and what AES-256-GCM makes of the value as JSON. Tenant, member,
//! record and field are associated data: it opens where it was sealed, and nowhere else.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    identity::{EmailAddress, EmailHash},
    ids::{Owner, TenantId, derived},
    sealed::{Place, Sealed},
};
use jiff::{SignedDuration, Timestamp};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use storage::{MemberKey, Store, StoreError};

use crate::{
    chance::{self, Chance},
    clock::Clock,
    failure::Failure,
    job::JobError,
    kms::{Kms, KmsError, NewKey},
};

/// How long an unwrapped key is kept: so long at most can a function that is warm still read after the key is destroyed.
const KEPT: SignedDuration = SignedDuration::from_mins(5);
/// How many are kept at most.
const MOST_KEPT: usize = 256;

/// How values are sealed.
const VERSION: u8 = 1;

/// Why something can't be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The member has no key: it was destroyed, or there never was such a member.
    #[error("the member has no key")]
    NoKey,
    /// It was not sealed with this key, or not for this place, or is damaged.
    #[error("a sealed value does not open")]
    Closed,
    /// The function did not declare that it knows this secret.
    #[error("the secret {0} was not declared")]
    Unknown(&'static str),
    /// The master key can't be used.
    #[error(transparent)]
    Kms(#[from] KmsError),
    /// The wrapped key can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Store(error) => error.into(),
            VaultError::Kms(KmsError::Throttled | KmsError::Unavailable(_)) => {
                tracing::warn!(%error, "vault");
                Self::Unavailable
            }
            VaultError::NoKey
            | VaultError::Closed
            | VaultError::Unknown(_)
            | VaultError::Kms(KmsError::Foreign | KmsError::Refused(_)) => {
                tracing::error!(%error, "vault");
                Self::Internal
            }
        }
    }
}

impl From<VaultError> for JobError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Store(error) => error.into(),
            VaultError::NoKey | VaultError::Closed | VaultError::Kms(KmsError::Foreign) => Self::Park(error.to_string()),
            VaultError::Unknown(_) | VaultError::Kms(KmsError::Throttled | KmsError::Unavailable(_) | KmsError::Refused(_)) => {
                Self::Retry(error.to_string())
            }
        }
    }
}

/// Makes members' keys, and fetches them.
pub struct Vault {
    kms: Kms,
    master: String,
    lookup: Option<hmac::Key>,
    store: Store,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    kept: Mutex<BTreeMap<Owner, (OpenKey, Timestamp)>>,
    proved_until: Mutex<Timestamp>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("master", &self.master).finish_non_exhaustive()
    }
}

/// The name of the secret that look-ups hash with.
pub const LOOKUP_KEY: &str = "lookup-key";

/// What the master key of a deployment is called. What it is is for KMS to say, so that it can be changed.
pub fn master_alias(prefix: &str) -> String {
    format!("alias/{prefix}members")
}

impl Vault {
    /// Over the master key and the tables of the deployment with this prefix. Look-ups take the key that they hash with.
    pub fn new(
        kms: Kms,
        store: Store,
        prefix: &str,
        lookup: Option<&SecretString>,
        (clock, chance): (Arc<dyn Clock>, Arc<dyn Chance>),
    ) -> Self {
        let lookup = lookup.map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret().as_bytes()));
        Self {
            kms,
            master: master_alias(prefix),
            lookup,
            store,
            clock,
            chance,
            kept: Mutex::default(),
            proved_until: Mutex::new(Timestamp::MIN),
        }
    }

    /// Makes the key of a member to be. It is theirs once what was wrapped is stored with them.
    ///
    /// # Errors
    /// If KMS makes none.
    pub async fn new_key(&self, owner: &Owner) -> Result<(MemberKey, OpenKey), VaultError> {
        let NewKey { plain, wrapped } = self.kms.new_key(&self.master, owner).await?;
        let open = self.open_key(owner, &plain)?;
        let wrapped = MemberKey { owner: owner.clone(), wrapped: Sealed::new(wrapped.bytes), master: wrapped.master, version: 0 };
        Ok((wrapped, open))
    }

    /// The key of a member.
    ///
    /// # Errors
    /// If they have none, or it can't be fetched.
    pub async fn key_of(&self, owner: &Owner) -> Result<OpenKey, VaultError> {
        if let Some(key) = self.known(owner) {
            return Ok(key);
        }
        let stored = self.store.member_key(owner).await?.ok_or(VaultError::NoKey)?;
        let key = self.unwrapped(&stored).await?;
        self.keep(&key);
        Ok(key)
    }

    /// The key of someone who is no member yet, and whose key is not kept with those of members.
    ///
    /// # Errors
    /// If it can't be unwrapped.
    pub async fn unwrapped(&self, key: &MemberKey) -> Result<OpenKey, VaultError> {
        let plain = self.kms.unwrap_key(key.wrapped.as_bytes(), &key.owner).await?;
        self.open_key(&key.owner, &plain)
    }

    /// A member's key, wrapped by what the master key of the deployment is now.
    ///
    /// # Errors
    /// If KMS does not do it.
    pub async fn wrap_anew(&self, key: &MemberKey) -> Result<MemberKey, VaultError> {
        let wrapped = self.kms.wrap_anew(key.wrapped.as_bytes(), &self.master, &key.owner).await?;
        Ok(MemberKey { wrapped: Sealed::new(wrapped.bytes), master: wrapped.master, ..key.clone() })
    }

    /// Proves that sealing works from one end to the other: with a new key a value is sealed, and with the same key, as KMS unwraps
    /// it, the value is opened. Nothing of it is kept. KMS is asked as seldom as for a member: anyone may ask this.
    ///
    /// # Errors
    /// What does not work.
    pub async fn prove(&self) -> Result<(), VaultError> {
        const PROBE: Place<String> = Place::new("probe", "value");
        let now = self.clock.now();
        if now < *self.proved_until.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(());
        }
        let nobody = Owner {
            tenant: TenantId::try_from("nobody".to_owned()).map_err(|_| VaultError::Closed)?,
            member: derived(&["nobody"]),
        };
        let (wrapped, key) = self.new_key(&nobody).await?;
        let sealed = key.seal(&PROBE, &"it opens".to_owned())?;
        let plain = self.kms.unwrap_key(wrapped.wrapped.as_bytes(), &nobody).await?;
        self.open_key(&nobody, &plain)?.open(&PROBE, &sealed)?;
        let until = now.saturating_add(KEPT).unwrap_or(Timestamp::MAX);
        *self.proved_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        Ok(())
    }

    /// An address of a tenant's member as look-ups know it, whatever its case.
    ///
    /// # Errors
    /// If the function did not declare that it knows the key of look-ups.
    pub fn email_hash(&self, tenant: &TenantId, email: &EmailAddress) -> Result<EmailHash, VaultError> {
        self.keyed_hash(&["email", tenant.as_str(), &email.as_str().to_ascii_lowercase()]).map(EmailHash::from)
    }

    /// HMAC-SHA256 of a list of texts, under the key of look-ups. The first says what it is for: one hash never is another's.
    ///
    /// # Errors
    /// If the function did not declare that it knows that key.
    pub fn keyed_hash(&self, parts: &[&str]) -> Result<[u8; 32], VaultError> {
        let key = self.lookup.as_ref().ok_or(VaultError::Unknown(LOOKUP_KEY))?;
        let tag = hmac::sign(key, &joined(parts));
        let mut hash = [0; 32];
        hash.copy_from_slice(tag.as_ref());
        Ok(hash)
    }

    fn open_key(&self, owner: &Owner, plain: &SecretSlice<u8>) -> Result<OpenKey, VaultError> {
        let key = UnboundKey::new(&AES_256_GCM, plain.expose_secret()).map_err(|_| VaultError::Closed)?;
        Ok(OpenKey { owner: owner.clone(), key: Arc::new(LessSafeKey::new(key)), chance: self.chance.clone() })
    }

    fn known(&self, owner: &Owner) -> Option<OpenKey> {
        let now = self.clock.now();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(owner).filter(|(_, until)| now < *until).map(|(key, _)| key.clone())
    }

    fn keep(&self, key: &OpenKey) {
        let until = self.clock.now().saturating_add(KEPT).unwrap_or(Timestamp::MAX);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            let oldest = kept.iter().min_by_key(|(_, (_, until))| *until).map(|(owner, _)| owner.clone());
            oldest.and_then(|owner| kept.remove(&owner));
        }
        kept.insert(key.owner.clone(), (key.clone(), until));
    }
}

/// A member's key, in memory.
#[derive(Clone)]
pub struct OpenKey {
    owner: Owner,
    // Nonces are drawn: a member's key seals a few hundred values in a lifetime, of 2^32 that are safe.
    key: Arc<LessSafeKey>,
    chance: Arc<dyn Chance>,
}

impl fmt::Debug for OpenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenKey").field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl OpenKey {
    /// Seals a value for a place.
    ///
    /// # Errors
    /// If the value can't be written.
    pub fn seal<T: Serialize>(&self, place: &Place<T>, value: &T) -> Result<Sealed<T>, VaultError> {
        let mut text = serde_json::to_vec(value).map_err(|_| VaultError::Closed)?;
        let nonce: [u8; NONCE_LEN] = chance::random(&*self.chance);
        let tag = self
            .key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), self.bound_to(place), &mut text)
            .map_err(|_| VaultError::Closed)?;
        Ok(Sealed::new([&[VERSION], &nonce[..], &text, tag.as_ref()].concat()))
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// If it was sealed for another, or with another key.
    pub fn open<T: DeserializeOwned>(&self, place: &Place<T>, sealed: &Sealed<T>) -> Result<T, VaultError> {
        let (version, rest) = sealed.as_bytes().split_first().ok_or(VaultError::Closed)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or(VaultError::Closed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Closed)?;
        if *version != VERSION {
            return Err(VaultError::Closed);
        }
        let mut text = text.to_vec();
        let opened = self.key.open_in_place(nonce, self.bound_to(place), &mut text).map_err(|_| VaultError::Closed)?;
        serde_json::from_slice(opened).map_err(|_| VaultError::Closed)
    }

    fn bound_to<T>(&self, place: &Place<T>) -> Aad<Vec<u8>> {
        let member = self.owner.member.to_string();
        Aad::from(joined(&[self.owner.tenant.as_str(), &member, place.record(), place.field()]))
    }
}

/// Texts in a row, each with its length before it: no two lists read alike.
fn joined(parts: &[&str]) -> Vec<u8> {
    parts.iter().flat_map(|part| (part.len() as u64).to_be_bytes().into_iter().chain(part.bytes())).collect()
}
