//! What a member has and what it is worth to them: kept sealed.

use domain::{
    funding::Balances,
    ids::Owner,
    value::Valuations,
    wallets::{OwnValuations, Wallet},
};
use platform::{Deps, Failure};

/// A member's balances, with their version: none and 0, until they are given.
pub(crate) async fn balances(cx: &Deps, owner: &Owner) -> Result<(Balances, u64), Failure> {
    let Some(wallet) = cx.store().wallet(owner).await? else { return Ok((Balances::default(), 0)) };
    let key = cx.vault().key_of(owner).await?;
    Ok((key.open(&Wallet::BALANCES, &wallet.balances)?, wallet.version))
}

/// A member's own valuations, with their version: none and 0, until they are given.
pub(crate) async fn valuations(cx: &Deps, owner: &Owner) -> Result<(Valuations, u64), Failure> {
    let Some(own) = cx.store().own_valuations(owner).await? else { return Ok((Valuations::default(), 0)) };
    let key = cx.vault().key_of(owner).await?;
    Ok((key.open(&OwnValuations::VALUATIONS, &own.valuations)?, own.version))
}
