//! Ids in paths.

use axum::extract::{FromRequestParts, Path};
use domain::ids::{Id, TenantId};
use http::request::Parts;

use crate::failure::Failure;

/// The id in a path. What is no id names nothing, and is not found.
#[derive(Debug, Clone, Copy)]
pub struct PathId<T>(pub T);

impl<T: Id, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        text.ok().and_then(|Path(text)| text.parse().ok()).map(Self).ok_or(Failure::NotFound(T::NOUN))
    }
}

/// The tenant in a path, which only operators name there. What can't be one is not found.
#[derive(Debug, Clone)]
pub struct PathTenant(pub TenantId);

impl<S: Send + Sync> FromRequestParts<S> for PathTenant {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        text.ok().and_then(|Path(text)| text.parse().ok()).map(Self).ok_or(Failure::NotFound("tenant"))
    }
}
