//! How tenants are shown, and what changing one takes.

use domain::{
    faults::Faults,
    identity::{Branding, Colour, FeatureName, Host, Mailbox, Tenant, TenantChange, TenantName, Terms, TermsText},
    ids::TenantId,
    money::Currency,
    time::Zone,
};
use platform::{Deps, Failure};
use serde::Serialize;
use std::collections::BTreeSet;
use storage::Change;
use utoipa::ToSchema;

/// A brand, as its apps show it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantView {
    id: TenantId,
    name: TenantName,
    time_zone: Zone,
    currency: Currency,
    branding: BrandingView,
    /// What is switched on.
    features: BTreeSet<FeatureName>,
    /// What members are asked to agree to, if there are terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<TermsView>,
}

/// How a brand looks. What is not there is the app's to choose.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BrandingView {
    #[serde(skip_serializing_if = "Option::is_none")]
    primary: Option<Colour>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accent: Option<Colour>,
    /// What its mail comes from, in the domain of the deployment's mail. Operators give it; what admins change leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    mailbox: Option<Mailbox>,
}

/// One version of terms.
#[derive(Debug, Serialize, ToSchema)]
pub struct TermsView {
    /// Which version. Members accept one of them.
    version: u32,
    text: TermsText,
}

impl TenantView {
    pub(crate) fn new(tenant: Tenant, terms: Option<Terms>) -> Self {
        let Tenant { id, name, hosts: _, zone, currency, branding, features, terms: _, version: _ } = tenant;
        let Branding { primary, accent, mailbox } = branding;
        let terms = terms.map(|Terms { number, text, .. }| TermsView { version: number, text });
        let branding = BrandingView { primary, accent, mailbox };
        Self { id, name, time_zone: zone, currency, branding, features, terms }
    }
}

/// A tenant, as those who run the deployment see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedTenant {
    /// The hosts that name it. A change takes a minute to be known everywhere.
    hosts: BTreeSet<Host>,
    #[serde(flatten)]
    shown: TenantView,
}

impl ManagedTenant {
    pub(crate) fn new(tenant: Tenant, terms: Option<Terms>) -> Self {
        Self { hosts: tenant.hosts.clone(), shown: TenantView::new(tenant, terms) }
    }
}

/// A tenant with its terms.
///
/// # Errors
/// If there is none, or the store can't say.
pub(crate) async fn read(cx: &Deps, id: &TenantId) -> Result<(Tenant, Option<Terms>), Failure> {
    let tenant = cx.store().tenant(id).await?.ok_or(Failure::NotFound("tenant"))?;
    let terms = cx.store().terms_of(&tenant).await?;
    Ok((tenant, terms))
}

/// Makes a change of what a tenant's own admins may change, and of its mailbox. New terms are stored with it, beside the old ones.
///
/// # Errors
/// Every fault of the outcome.
pub(crate) fn apply(
    tenant: &mut Tenant,
    terms: Option<Terms>,
    change: TenantChange,
    to: Change,
) -> Result<(Change, Option<Terms>), Faults> {
    Ok(match tenant.change(change, terms.as_ref())? {
        Some(mut new) => (to.create(&mut new), Some(new)),
        None => (to, terms),
    })
}
