//! Access tokens, issued.

use domain::{
    identity::Role,
    ids::{Owner, SessionId},
};

use crate::{
    deps::Deps,
    failure::Failure,
    token::{Claims, LIFETIME},
};

impl Deps {
    /// An access token for a member's session, good for a quarter of an hour.
    ///
    /// # Errors
    /// If the function did not declare that it knows the key that signs, or there is no randomness.
    pub fn access_token(&self, owner: &Owner, role: Role, session: SessionId) -> Result<String, Failure> {
        let key = self.config().signing_key.as_ref().ok_or(Failure::Internal)?;
        let now = self.now().as_second();
        let policy = &self.config().tokens;
        let claims = Claims {
            iss: policy.issuer.clone(),
            aud: policy.audience.clone(),
            sub: owner.member,
            tid: owner.tenant.clone(),
            role,
            sid: session,
            iat: now,
            exp: now.saturating_add(LIFETIME.as_secs()),
            jti: self.new_ulid().to_string(),
        };
        key.sign(&claims).map_err(|_| Failure::Internal)
    }
}
