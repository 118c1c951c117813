//! Access tokens: JWTs signed with RS256 (RFC 7519, RFC 7518 section 3.3), which is what API Gateway's authorizer can check.
//!
//! Verified here rather than by a JWT library: ours must take the clock that it is given (`jsonwebtoken` reads the
//! system's) and accept one algorithm only, which removes algorithm confusion by construction. The signature itself is
//! checked by `ring`.

mod keys;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    identity::Role,
    ids::{MemberId, SessionId, TenantId},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::keys::{Jwks, KeySet, NoRandomness, PublicKey, SigningKey};

/// The longest token that is looked at.
const MAX_TOKEN_BYTES: usize = 4096;
/// How long a token is good that is issued here.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(15);
/// The name of the secret that tokens are signed with: a private key in PKCS#8, in base64.
pub const SIGNING_KEY: &str = "token-signing-key";
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

impl Header {
    fn naming(key: &str) -> Self {
        Self { alg: Algorithm::RS256, kid: key.to_owned(), typ: Some("JWT".to_owned()), crit: None }
    }
}

/// The one algorithm that there is: RSASSA-PKCS1-v1_5 with SHA-256.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub enum Algorithm {
    /// With a modulus of at least 2048 bits.
    RS256,
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
        let Algorithm::RS256 = header.alg;
        let key = self.keys.get(&header.kid).ok_or(TokenError::UnknownKey)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Malformed)?;
        if !key.has_signed(signed.as_bytes(), &signature) {
            return Err(TokenError::Signature);
        }
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

/// One part of a token. Duplicated keys are malformed: serde refuses a field given twice.
fn part<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, TokenError> {
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)
}

/// The same, written. What tokens are made of can always be written.
fn encoded(part: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).unwrap_or_default())
}

#[cfg(test)]
mod tests;
