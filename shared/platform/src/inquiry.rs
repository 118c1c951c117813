//! A question that comes as a body, because it is too large for an address. It changes nothing and leaves no receipt; where it is
//! limited, it is counted in a write of its own before anything else is done for it.

use axum::extract::FromRequest;
use domain::{
    inputs::{Asked, read_asked},
    time::earliest_day,
};
use storage::{Change, StoreError};

use crate::{
    caller::Caller,
    command::{is_json, parse_by, read},
    deps::Deps,
    failure::Failure,
    limit::Counted,
};

/// A question, and who asks.
#[derive(Debug)]
pub struct Inquiry<T> {
    /// Who asks.
    pub caller: Caller,
    /// The question.
    pub input: T,
}

impl<T: Asked + Send> FromRequest<Deps> for Inquiry<T> {
    type Rejection = Failure;

    async fn from_request(request: axum::extract::Request, cx: &Deps) -> Result<Self, Failure> {
        use axum::extract::FromRequestParts;
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, cx).await?;
        if !is_json(&parts.headers) {
            return Err(Failure::NotJson);
        }
        let earliest = earliest_day(cx.now());
        let input = parse_by(&read(body).await?, |json| read_asked(json, earliest))?;
        if let Some(counted) = parts.extensions.get::<Counted>() {
            match cx.store().commit(counted.admit(Change::new())).await {
                // Whoever comes so often at once that they can't be counted one after the other is not let through for it.
                Err(StoreError::Contended) => return Err(Failure::TooOften(counted.ends())),
                admitted => admitted?,
            }
        }
        Ok(Self { caller, input })
    }
}
