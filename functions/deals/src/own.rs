//! What points are worth to who looks.

use domain::{ids::Owner, value::Valuations, wallets::OwnValuations};
use platform::{Deps, Failure};
use storage::{Entity, Grant, MemberKey};

/// What it takes to read it.
pub(crate) const GRANTS: &[Grant] = &[MemberKey::READ, OwnValuations::READ, Grant::UseKeys];

/// A member's own valuations: none, until they are given.
pub(crate) async fn own_valuations(cx: &Deps, owner: &Owner) -> Result<Valuations, Failure> {
    let Some(own) = cx.store().own_valuations(owner).await? else { return Ok(Valuations::default()) };
    Ok(cx.vault().key_of(owner).await?.open(&OwnValuations::VALUATIONS, &own.valuations)?)
}
