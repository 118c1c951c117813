//! What a member has and what it is worth to them: kept sealed, and opened here for whoever may read it.

use domain::{
    booking::Booking,
    funding::{Balances, FundingError},
    ids::{BookingId, Owner},
    value::Valuations,
    wallets::{Held, OwnValuations, Wallet},
};
use jiff::Timestamp;
use storage::{Entity, Grant, MemberKey};

use crate::{deps::Deps, failure::Failure, vault::VaultError};

/// What it takes to read what points are worth to a member.
pub const VALUATIONS: &[Grant] = &[MemberKey::READ, OwnValuations::READ, Grant::UseKeys];

/// What a member has, opened.
#[derive(Debug, Default)]
pub struct Purse {
    /// What is stored of it; nothing, until they say what they have, or transfer something.
    stored: Option<Wallet>,
    balances: Balances,
}

impl Purse {
    /// A member's.
    ///
    /// # Errors
    /// If the store can't say, or it can't be opened.
    pub async fn of(cx: &Deps, owner: &Owner) -> Result<Self, Failure> {
        let Some(wallet) = cx.store().wallet(owner).await? else { return Ok(Self::default()) };
        let balances = cx.vault().key_of(owner).await?.open(&Wallet::BALANCES, &wallet.balances)?;
        Ok(Self { stored: Some(wallet), balances })
    }

    /// All of it, whatever it is for.
    pub fn balances(&self) -> &Balances {
        &self.balances
    }

    /// What of it is there for anything new, or for one booking.
    pub fn free(&self, booking: Option<BookingId>, now: Timestamp) -> Balances {
        let balances = self.balances.clone();
        self.stored.as_ref().map_or_else(Balances::default, |wallet| wallet.free(balances, booking, now))
    }

    /// What is held of it for bookings.
    pub fn held(&self, now: Timestamp) -> Vec<Held> {
        self.stored.iter().flat_map(|wallet| wallet.held(now)).cloned().collect()
    }

    /// When the member last said what they have.
    pub fn said_at(&self) -> Option<Timestamp> {
        self.stored.as_ref()?.said_at
    }

    /// Counts its changes.
    pub fn version(&self) -> u64 {
        self.stored.as_ref().map_or(0, |wallet| wallet.version)
    }

    /// Takes in what a booking has moved, and holds what is to be held for it.
    ///
    /// # Errors
    /// [`Failure::Conflict`] if there can't be such balances; else if they can't be sealed.
    pub async fn moved(self, cx: &Deps, booking: &Booking, balances: Result<Balances, FundingError>) -> Result<Wallet, Failure> {
        let after = balances.map_err(|error| Failure::Conflict("out-of-range", error.to_string()))?;
        let (owner, now) = (&booking.owner, cx.now());
        let before = self.free(None, now);
        let balances = cx.vault().key_of(owner).await?.seal(&Wallet::BALANCES, &after)?;
        let mut wallet = match self.stored {
            Some(wallet) => Wallet { balances, ..wallet },
            None => Wallet { owner: owner.clone(), balances, said_at: None, held: vec![], given_up: vec![], version: 0 },
        };
        wallet.hold(booking, now);
        let after = wallet.free(after, None, now);
        wallet.taken(&before, &after);
        Ok(wallet)
    }
}

/// A member's own valuations, with their version: none and 0, until they are given.
///
/// # Errors
/// If the store can't say, or they can't be opened.
pub async fn valuations(cx: &Deps, owner: &Owner) -> Result<(Valuations, u64), VaultError> {
    let Some(own) = cx.store().own_valuations(owner).await? else { return Ok((Valuations::default(), 0)) };
    let key = cx.vault().key_of(owner).await?;
    Ok((key.open(&OwnValuations::VALUATIONS, &own.valuations)?, own.version))
}
