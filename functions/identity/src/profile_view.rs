//! How members are shown to themselves.

use domain::{
    identity::{DisplayName, EmailAddress, Handle, Locale, Member, Plan, Role},
    ids::MemberId,
    money::Currency,
    places::Airport,
    time::Zone,
};
use platform::vault::{OpenKey, VaultError};
use serde::Serialize;
use utoipa::ToSchema;

/// A member, as they see themselves.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProfileView {
    /// Their id.
    id: MemberId,
    /// Unique name in the tenant.
    handle: Handle,
    /// Where mail goes.
    email: EmailAddress,
    /// What they are called.
    name: DisplayName,
    /// Where they fly from.
    home_airport: Option<Airport>,
    /// Where their day and their quiet hours are.
    time_zone: Zone,
    /// How they read.
    locale: Locale,
    /// What they count in.
    currency: Currency,
    /// What they may be.
    #[schema(value_type = String, example = "member")]
    role: Role,
    /// What they are entitled to.
    #[schema(value_type = String, example = "premium")]
    plan: Plan,
    /// Which version of the tenant's terms they have accepted.
    accepted_terms: Option<u32>,
    /// Counts the member's changes: what `If-Match` is held against.
    version: u64,
}

impl ProfileView {
    /// Opens what is sealed of a member.
    pub(crate) fn open(member: &Member, key: &OpenKey) -> Result<Self, VaultError> {
        Ok(Self {
            id: member.id(),
            handle: member.handle.clone(),
            email: key.open(&Member::EMAIL, &member.email)?,
            name: key.open(&Member::NAME, &member.name)?,
            home_airport: member.home_airport,
            time_zone: member.zone.clone(),
            locale: member.locale.clone(),
            currency: member.currency,
            role: member.role,
            plan: member.plan,
            accepted_terms: member.terms,
            version: member.revision,
        })
    }
}
