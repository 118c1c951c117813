//! How someone becomes a member: what is personal is sealed with a key that is made for them, and all that is theirs alone is
//! taken in one transaction.

use domain::{
    identity::{DisplayName, EmailAddress, EmailHash, Handle, Locale, Member, MemberState, Plan, Role, sign_ins::PasswordHash},
    ids::Owner,
    money::Currency,
    time::Zone,
};
use jiff::Timestamp;
use storage::{Change, MemberKey, Registration};

use crate::vault::{Vault, VaultError};

/// Someone who is to be a member.
#[derive(Clone)]
pub struct Applicant {
    /// Whose, and who.
    pub owner: Owner,
    /// Unique name in the tenant.
    pub handle: Handle,
    /// Where mail goes.
    pub email: EmailAddress,
    /// What they are called.
    pub name: DisplayName,
    /// Whether their address is known to be theirs.
    pub state: MemberState,
    /// Where their day is.
    pub zone: Zone,
    /// How they read.
    pub locale: Locale,
    /// What they count in.
    pub currency: Currency,
    /// What they may be.
    pub role: Role,
    /// What they are entitled to.
    pub plan: Plan,
    /// Which version of the terms they have accepted.
    pub terms: Option<u32>,
}

/// A member, with what keeps their handle and address theirs, and their key. Not yet stored.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The member.
    pub member: Member,
    email: EmailHash,
    key: MemberKey,
}

impl Enrolment {
    /// Makes a key for someone, and seals with it what is personal of them.
    ///
    /// # Errors
    /// If no key is to be had, or the function does not know the key of look-ups.
    pub async fn of(applicant: Applicant, vault: &Vault) -> Result<Self, VaultError> {
        let Applicant { owner, handle, email, name, state, zone, locale, currency, role, plan, terms } = applicant;
        let hash = vault.email_hash(&owner.tenant, &email)?;
        let (key, open) = vault.new_key(&owner).await?;
        let member = Member {
            email: open.seal(&Member::EMAIL, &email)?,
            name: open.seal(&Member::NAME, &name)?,
            owner,
            handle,
            state,
            zone,
            locale,
            currency,
            home_airport: None,
            role,
            plan,
            terms,
            last_sign_in: None,
            revision: 1,
            version: 0,
        };
        Ok(Self { member, email: hash, key })
    }

    /// Their address, hashed.
    pub fn address(&self) -> &EmailHash {
        &self.email
    }

    /// As one who has yet to show that the address is theirs: with the password that they chose, and forgotten then.
    pub fn pending(self, password: PasswordHash, until: Timestamp) -> Registration {
        let Self { member, email, key } = self;
        Registration { member, key, address: email, password, until, version: 0 }
    }

    /// Adds them to a change. It is refused with [`storage::StoreError::Exists`] if handle or address is another's.
    pub fn join(&mut self, change: Change) -> Change {
        change.create_member(&mut self.member, &self.email, &mut self.key)
    }
}
