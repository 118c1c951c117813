//! Keys of tokens: public ones, as a JSON web key set says them (RFC 7517), and the private one that signs.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents},
};
use secrecy::{ExposeSecret, SecretSlice};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{Algorithm, Claims, Header, encoded};

/// A modulus has at least so many bits (RFC 7518 section 3.3), and at most so many.
const BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The only public exponent that is taken: 65537, which everyone uses. Checking gets slow with larger ones, unsafe with smaller.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// The public keys in force.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<PublicKey>);

/// A key that signatures are checked with: RSA, of at least 2048 bits.
#[derive(Debug, Clone)]
pub struct PublicKey {
    id: String,
    components: RsaPublicKeyComponents<Vec<u8>>,
}

/// A JSON web key set: the public keys that tokens are checked with.
// Nothing beside what is said here is taken. A set with a private part in it (RFC 7518 section 6.3.2) is refused.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Jwks {
    keys: Vec<Jwk>,
}

/// A public key (RFC 7517, RFC 7518 section 6.3.1).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Jwk {
    #[schema(inline)]
    kty: KeyType,
    #[serde(rename = "use")]
    #[schema(inline)]
    usage: Usage,
    #[schema(inline)]
    alg: Algorithm,
    /// The key's id, which the header of a token names.
    kid: String,
    /// The modulus.
    n: String,
    /// The exponent.
    #[schema(example = "AQAB")]
    e: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
enum KeyType {
    #[serde(rename = "RSA")]
    Rsa,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
enum Usage {
    #[serde(rename = "sig")]
    Signature,
}

impl KeySet {
    /// Reads a JSON web key set. None unless each of its keys is good, has an id of its own, and there is one.
    pub fn parse(jwks: &str) -> Option<Self> {
        let Jwks { keys } = serde_json::from_str(jwks).ok()?;
        let keys: Vec<_> = keys.into_iter().map(PublicKey::read).collect::<Option<_>>()?;
        let ids_differ = keys.iter().enumerate().all(|(n, key)| keys.iter().skip(n + 1).all(|other| other.id != key.id));
        (!keys.is_empty() && ids_differ).then_some(Self(keys))
    }

    /// As a JSON web key set.
    pub fn to_jwks(&self) -> Jwks {
        Jwks { keys: self.0.iter().map(PublicKey::to_jwk).collect() }
    }

    /// Whether this is one of them.
    pub fn has(&self, key: &PublicKey) -> bool {
        self.get(&key.id).is_some_and(|found| found.components.n == key.components.n)
    }

    pub(super) fn get(&self, id: &str) -> Option<&PublicKey> {
        self.0.iter().find(|key| key.id == id)
    }
}

impl From<PublicKey> for KeySet {
    fn from(key: PublicKey) -> Self {
        Self(vec![key])
    }
}

impl FromIterator<PublicKey> for KeySet {
    fn from_iter<I: IntoIterator<Item = PublicKey>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl PublicKey {
    fn new(id: String, n: Vec<u8>, e: Vec<u8>) -> Option<Self> {
        // The modulus comes without leading zeros, so that its first byte says how long it is.
        let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
        let strong = n.first() != Some(&0) && n.last().is_some_and(|last| last % 2 == 1) && BITS.contains(&bits);
        (strong && e == EXPONENT && !id.is_empty()).then_some(Self { id, components: RsaPublicKeyComponents { n, e } })
    }

    fn read(Jwk { kty: KeyType::Rsa, usage: Usage::Signature, alg: Algorithm::RS256, kid, n, e }: Jwk) -> Option<Self> {
        Self::new(kid, URL_SAFE_NO_PAD.decode(n).ok()?, URL_SAFE_NO_PAD.decode(e).ok()?)
    }

    fn to_jwk(&self) -> Jwk {
        let RsaPublicKeyComponents { n, e } = &self.components;
        Jwk {
            kty: KeyType::Rsa,
            usage: Usage::Signature,
            alg: Algorithm::RS256,
            kid: self.id.clone(),
            n: URL_SAFE_NO_PAD.encode(n),
            e: URL_SAFE_NO_PAD.encode(e),
        }
    }

    /// Its id, which tokens name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether this is a signature of these bytes by this key.
    pub(super) fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        self.components.verify(&RSA_PKCS1_2048_8192_SHA256, bytes, signature).is_ok()
    }
}

/// A private key that signs tokens.
pub struct SigningKey {
    pair: RsaKeyPair,
    public: PublicKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public.id).finish()
    }
}

/// The system gives no randomness, which a signature takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no randomness")]
pub struct NoRandomness;

impl SigningKey {
    /// Reads a key in PKCS#8 (RFC 5958). None if it is no RSA key, or one whose signatures would not be accepted.
    pub fn from_pkcs8(pkcs8: &SecretSlice<u8>) -> Option<Self> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8.expose_secret()).ok()?;
        let RsaPublicKeyComponents { n, e }: RsaPublicKeyComponents<Vec<u8>> = pair.public().into();
        let id = thumbprint(&n, &e);
        Some(Self { public: PublicKey::new(id, n, e)?, pair })
    }

    /// The same, as a secret is stored: in base64.
    pub fn from_base64(text: &str) -> Option<Self> {
        Self::from_pkcs8(&STANDARD.decode(text.trim()).ok()?.into())
    }

    /// The key that its signatures are checked with.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A token that says this.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn sign(&self, claims: &Claims) -> Result<String, NoRandomness> {
        let signed = format!("{}.{}", encoded(&Header::naming(&self.public.id)), encoded(claims));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).map_err(|_| NoRandomness)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// What a key is called: the hash of what makes it up (RFC 7638), so that two keys never have one name.
fn thumbprint(n: &[u8], e: &[u8]) -> String {
    let required = json!({"e": URL_SAFE_NO_PAD.encode(e), "kty": KeyType::Rsa, "n": URL_SAFE_NO_PAD.encode(n)});
    URL_SAFE_NO_PAD.encode(Sha256::digest(required.to_string()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The example of RFC 7638 section 3.1.
    const MODULUS: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs\
        tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI\
        SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    fn jwk() -> Value {
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k1", "n": MODULUS, "e": "AQAB"})
    }

    fn with(field: &str, value: Value) -> Value {
        let mut jwk = jwk();
        jwk[field] = value;
        jwk
    }

    fn taken(keys: &[Value]) -> bool {
        KeySet::parse(&json!({"keys": keys}).to_string()).is_some()
    }

    #[test]
    fn a_set_is_read_as_it_is_written() {
        let set = json!({"keys": [jwk(), with("kid", "k2".into())]});
        let keys = KeySet::parse(&set.to_string()).unwrap();
        assert_eq!(serde_json::to_value(keys.to_jwks()).unwrap(), set);
        assert!(keys.get("k2").is_some() && keys.get("k3").is_none());
    }

    #[test]
    fn a_key_is_called_by_its_thumbprint() {
        let n = URL_SAFE_NO_PAD.decode(MODULUS).unwrap();
        assert_eq!(thumbprint(&n, &EXPONENT), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn other_keys_are_refused() {
        for (field, value) in [
            ("kty", json!("EC")),
            ("kty", json!("oct")),
            ("alg", json!("RS512")),
            ("alg", json!("PS256")),
            ("alg", json!("HS256")),
            ("use", json!("enc")),
            ("kid", json!("")),
            ("kid", json!(1)),
            ("e", json!("Aw")),
            ("e", json!("AQAAAAE")),
            ("e", json!("AQAB=")),
            ("n", json!("")),
            ("n", json!("not base64!")),
        ] {
            assert!(!taken(&[with(field, value.clone())]), "{field}: {value}");
        }
        for missing in ["kty", "use", "alg", "kid", "n", "e"] {
            let mut jwk = jwk();
            jwk.as_object_mut().unwrap().remove(missing);
            assert!(!taken(&[jwk]), "without {missing}");
        }
    }

    #[test]
    fn a_private_key_is_no_key_of_a_set() {
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(!taken(&[with(private, json!("AQAB"))]), "{private}");
        }
    }

    #[test]
    fn a_modulus_has_2048_bits_or_more() {
        let of = |first: u8, bytes: usize, last: u8| {
            let mut n = vec![0x55; bytes];
            (n[0], n[bytes - 1]) = (first, last);
            with("n", URL_SAFE_NO_PAD.encode(n).into())
        };
        assert!(taken(&[of(0x80, 256, 1)]) && taken(&[of(0xff, 1024, 1)]));
        for (what, weak) in [
            ("1024 bits", of(0x80, 128, 1)),
            ("2047 bits", of(0x7f, 256, 1)),
            ("2040 bits and a zero in front", of(0, 256, 1)),
            ("8200 bits", of(0x80, 1025, 1)),
            ("even", of(0x80, 256, 2)),
        ] {
            assert!(!taken(&[weak]), "{what}");
        }
    }

    #[test]
    fn a_set_says_everything_once() {
        assert!(taken(&[jwk()]));
        assert!(!taken(&[]) && !taken(&[jwk(), jwk()]));
        let twice = json!({"keys": [jwk()]}).to_string().replacen("\"kid\":\"k1\"", "\"kid\":\"k1\",\"kid\":\"k1\"", 1);
        assert!(twice.matches("kid").count() == 2 && KeySet::parse(&twice).is_none());
        assert!(KeySet::parse(&jwk().to_string()).is_none());
    }
}
