//! Access tokens: JWTs signed with ES256 (RFC 7519, RFC 7518 section 3.4).
//!
//! Verified here rather than by a JWT library: ours must take the clock that it is given (`jsonwebtoken` reads the
//! system's) and accept one algorithm only, which removes algorithm confusion by construction. The signature itself is
//! checked by `ring`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    identity::Role,
    ids::{MemberId, SessionId, TenantId},
};
use jiff::Timestamp;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

/// The longest token that is looked at.
const MAX_TOKEN_BYTES: usize = 4096;
/// How far the clocks of issuer and verifier may differ, in seconds.
const LEEWAY_SECONDS: i64 = 5;
/// How far our clock may be behind the issuer's: a token that is good must not be refused for being too new. It lives no longer
/// for that.
const CLOCKS_DIFFER_SECONDS: i64 = 600;

/// Whose tokens are accepted.
#[derive(Debug, Clone, Default)]
pub struct TokenPolicy {
    /// The `iss` claim.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
    /// The keys in force. Two at once while they are rotated.
    pub keys: KeySet,
}

/// Public keys by key id.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<(String, [u8; 65])>);

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    kid: String,
    x: String,
    y: String,
}

impl KeySet {
    /// Reads a JSON web key set (RFC 7517). None unless all its keys are P-256 keys with an id, and there is one.
    pub fn parse(jwks: &str) -> Option<Self> {
        let Jwks { keys } = serde_json::from_str(jwks).ok()?;
        let keys: Vec<_> = keys.into_iter().map(Jwk::public_key).collect::<Option<_>>()?;
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// A set as JSON, from key ids and uncompressed points.
    pub fn to_jwks<'a>(keys: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> serde_json::Value {
        let jwk = |(kid, point): (&str, &[u8])| {
            let half = |from: usize| point.get(from..from + 32).map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).unwrap_or_default();
            serde_json::json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": half(1), "y": half(33)})
        };
        serde_json::json!({"keys": keys.into_iter().map(jwk).collect::<Vec<_>>()})
    }

    fn get(&self, kid: &str) -> Option<&[u8; 65]> {
        self.0.iter().find(|(id, _)| id == kid).map(|(_, point)| point)
    }
}

impl Jwk {
    fn public_key(self) -> Option<(String, [u8; 65])> {
        let mut point = [4; 65];
        let (x, y) = (URL_SAFE_NO_PAD.decode(self.x).ok()?, URL_SAFE_NO_PAD.decode(self.y).ok()?);
        if self.kty != "EC" || self.crv != "P-256" || x.len() != 32 || y.len() != 32 || self.kid.is_empty() {
            return None;
        }
        point[1..33].copy_from_slice(&x);
        point[33..].copy_from_slice(&y);
        Some((self.kid, point))
    }
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// The member.
    pub sub: MemberId,
    /// The tenant.
    pub tid: TenantId,
    /// What the member may be.
    pub role: Role,
    /// The session.
    pub sid: SessionId,
    /// Issued at, seconds since the epoch.
    pub iat: i64,
    /// Expires at, seconds since the epoch.
    pub exp: i64,
    /// The token's own id.
    pub jti: String,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: Algorithm,
    kid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    typ: Option<String>,
    // A critical extension that we don't know must be refused (RFC 7515 section 4.1.11); we know none.
    #[serde(default, skip_serializing)]
    crit: Option<serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
enum Algorithm {
    ES256,
}

/// Why a token is refused. Callers are told no more than that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts of base64, or not the JSON of a token.
    #[error("malformed")]
    Malformed,
    /// A key that is not, or no longer, in force.
    #[error("unknown key")]
    UnknownKey,
    /// Not signed by that key.
    #[error("bad signature")]
    Signature,
    /// Past its time.
    #[error("expired")]
    Expired,
    /// Issued in the future.
    #[error("not yet valid")]
    NotYet,
    /// Another issuer's.
    #[error("wrong issuer")]
    Issuer,
    /// For someone else.
    #[error("wrong audience")]
    Audience,
}

impl TokenPolicy {
    /// Checks a token and reads its claims.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let header: Header = part(header)?;
        if header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let Algorithm::ES256 = header.alg;
        let key = self.keys.get(&header.kid).ok_or(TokenError::UnknownKey)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Malformed)?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| TokenError::Signature)?;
        let claims: Claims = part(claims)?;
        let now = now.as_second();
        match &claims {
            claims if claims.iss != self.issuer => Err(TokenError::Issuer),
            claims if claims.aud != self.audience => Err(TokenError::Audience),
            claims if now >= claims.exp.saturating_add(LEEWAY_SECONDS) => Err(TokenError::Expired),
            claims if now < claims.iat.saturating_sub(CLOCKS_DIFFER_SECONDS) => Err(TokenError::NotYet),
            _ => Ok(claims),
        }
    }
}

/// Signs claims. `sign` is the private key's ES256 over the bytes (RFC 7518: r and s, 32 bytes each).
pub fn issue(kid: &str, claims: &Claims, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let header = Header { alg: Algorithm::ES256, kid: kid.to_owned(), typ: Some("JWT".to_owned()), crit: None };
    let json = |value: Result<Vec<u8>, serde_json::Error>| URL_SAFE_NO_PAD.encode(value.unwrap_or_default());
    let signed = format!("{}.{}", json(serde_json::to_vec(&header)), json(serde_json::to_vec(claims)));
    let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// One part of a token. Duplicated keys are malformed: serde refuses a field given twice.
fn part<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, TokenError> {
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
    };

    use super::*;

    struct Issuer(EcdsaKeyPair);

    impl Issuer {
        fn new() -> Self {
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
            Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &SystemRandom::new()).unwrap())
        }

        fn policy(&self) -> TokenPolicy {
            let jwks = KeySet::to_jwks([("k1", self.0.public_key().as_ref())]).to_string();
            TokenPolicy { issuer: "https://issuer".into(), audience: "app".into(), keys: KeySet::parse(&jwks).unwrap() }
        }

        fn sign(&self, header: &str, claims: &str) -> String {
            let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
            let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
        }
    }

    fn claims() -> Claims {
        Claims {
            iss: "https://issuer".into(),
            aud: "app".into(),
            sub: ulid::Ulid::nil().into(),
            tid: "demo".parse().unwrap(),
            role: Role::Member,
            sid: ulid::Ulid::nil().into(),
            iat: 1_000,
            exp: 1_900,
            jti: "j".into(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const HEADER: &str = r#"{"alg":"ES256","kid":"k1"}"#;

    #[test]
    fn a_token_is_good_from_issue_to_expiry() {
        let issuer = Issuer::new();
        let token = issue("k1", &claims(), |bytes| issuer.0.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec());
        let verify = |second| issuer.policy().verify(&token, at(second));
        assert_eq!(verify(1_000), Ok(claims()));
        assert_eq!(verify(1_904), Ok(claims()));
        assert_eq!(verify(1_905), Err(TokenError::Expired));
        assert_eq!(verify(400), Ok(claims()));
        assert_eq!(verify(399), Err(TokenError::NotYet));
    }

    #[test]
    fn no_other_algorithm_key_or_signature_passes() {
        let issuer = Issuer::new();
        let claims = serde_json::to_string(&claims()).unwrap();
        let verify = |token: &str| issuer.policy().verify(token, at(1_000)).unwrap_err();
        for header in [
            r#"{"alg":"none","kid":"k1"}"#,
            r#"{"alg":"HS256","kid":"k1"}"#,
            r#"{"alg":"es256","kid":"k1"}"#,
            r#"{"alg":"ES256","kid":"k1","kid":"k1"}"#,
            r#"{"alg":"ES256","kid":"k1","crit":["x"]}"#,
            r#"{"alg":"ES256"}"#,
        ] {
            assert_eq!(verify(&issuer.sign(header, &claims)), TokenError::Malformed, "{header}");
        }
        assert_eq!(verify(&issuer.sign(r#"{"alg":"ES256","kid":"../k1"}"#, &claims)), TokenError::UnknownKey);
        assert_eq!(verify(&Issuer::new().sign(HEADER, &claims)), TokenError::Signature);
        let token = issuer.sign(HEADER, &claims);
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert_eq!(verify(&format!("{signed}.")), TokenError::Signature);
        assert_eq!(verify(signed), TokenError::Malformed);
        for junk in ["", ".", "..", "a.b.c", "é.é.é"] {
            assert_eq!(verify(junk), TokenError::Malformed, "{junk}");
        }
    }

    #[test]
    fn claims_of_others_are_refused() {
        let issuer = Issuer::new();
        let verify = |claims: &str| issuer.policy().verify(&issuer.sign(HEADER, claims), at(1_000)).unwrap_err();
        let json = |claims: &Claims| serde_json::to_string(claims).unwrap();
        assert_eq!(verify(&json(&Claims { iss: "https://other".into(), ..claims() })), TokenError::Issuer);
        assert_eq!(verify(&json(&Claims { aud: "other".into(), ..claims() })), TokenError::Audience);
        let doubled = json(&claims()).replacen('{', r#"{"role":"admin","#, 1);
        assert_eq!(verify(&doubled), TokenError::Malformed);
    }
}
