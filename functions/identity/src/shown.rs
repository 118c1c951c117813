//! What becomes of a session when one of its refresh tokens is shown.

use domain::{
    identity::sessions::{RefreshToken, Session, Shown},
    identity::sign_ins::Credential,
    ids::TenantId,
};
use platform::{Deps, Failure, telemetry};
use storage::{Change, StoreError};

use crate::refresh_tokens::wrong_token;

/// The session of a refresh token.
pub(crate) enum Found {
    /// The token is its good one.
    Current {
        /// The session.
        session: Session,
        /// What it rests on.
        credential: Credential,
    },
    /// The token was, before.
    Old(Session),
    /// There is none, or not of this token.
    None,
}

/// Looks up the session of a refresh token, at the host of its tenant.
pub(crate) async fn found(cx: &Deps, tenant: &TenantId, token: &RefreshToken) -> Result<Found, Failure> {
    if token.owner.tenant != *tenant {
        return Ok(Found::None);
    }
    let session = cx.store().session(&token.owner, token.session).await?;
    let credential = cx.store().credential(&token.owner).await?;
    let (Some(session), Some(credential)) = (session, credential) else { return Ok(Found::None) };
    Ok(match session.shown(token, credential.generation, cx.now()) {
        Shown::Current => Found::Current { session, credential },
        Shown::Old => Found::Old(session),
        Shown::None => Found::None,
    })
}

/// Ends a session of which an old token was shown. Whichever of the two who have its tokens is the thief: neither goes on.
pub(crate) async fn steal(cx: &Deps, session: Session) -> Result<Failure, Failure> {
    end(cx, &session).await?;
    telemetry::count(cx, "SessionsEndedByOldToken", 1);
    Ok(wrong_token())
}

/// Ends a session, whatever is done with it meanwhile.
pub(crate) async fn end(cx: &Deps, session: &Session) -> Result<(), StoreError> {
    cx.store().commit(Change::new().forget(session)).await
}
