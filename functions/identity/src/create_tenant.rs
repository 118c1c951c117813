//! `POST /v1/operator/tenants`

use std::collections::BTreeSet;

use axum::extract::State;
use domain::{
    identity::{Branding, DisplayName, EmailAddress, Handle, Host, Locale, Member, MemberState, Plan, Role, Tenant, TenantName},
    ids::{Owner, TenantId},
    inputs::{Fields, Input, leaf, list, object},
    money::Currency,
    time::Zone,
};
use platform::{
    Answer, Command, Deps, Endpoint, Failure, Problems, Reply,
    enrolment::{Applicant, Enrolment},
    vault::LOOKUP_KEY,
};
use storage::{Change, EmailOf, Entity, Grant, HandleOf, MemberKey, TenantHost};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::tenant_view::ManagedTenant;

/// Creates a tenant.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Operator, "identity-create-tenant", || routes!(create_tenant)).may(&[
    Tenant::WRITE,
    TenantHost::WRITE,
    Member::WRITE,
    HandleOf::WRITE,
    EmailOf::WRITE,
    MemberKey::WRITE,
    Grant::MakeKeys,
    Grant::Know(LOOKUP_KEY),
]);

/// A tenant to be.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "id": "nestery", "name": "Nestery", "hosts": ["api.nestery.example"], "timeZone": "Europe/Berlin", "currency": "EUR",
    "admin": {"handle": "nora", "email": "nora@nestery.example", "name": "Nora Nest", "locale": "de-DE"}
}))]
pub struct CreateTenant {
    id: TenantId,
    name: TenantName,
    hosts: Vec<Host>,
    time_zone: Zone,
    currency: Currency,
    admin: FirstAdmin,
}

/// Who is to run it.
#[derive(ToSchema)]
pub struct FirstAdmin {
    handle: Handle,
    email: EmailAddress,
    name: DisplayName,
    locale: Locale,
}

impl Input for CreateTenant {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (id, name, hosts) = (fields.required("id", leaf), fields.required("name", leaf), fields.required("hosts", list));
        let (time_zone, currency) = (fields.required("timeZone", leaf), fields.required("currency", leaf));
        let admin = fields.required("admin", object);
        Some(Self { id: id?, name: name?, hosts: hosts?, time_zone: time_zone?, currency: currency?, admin: admin? })
    }
}

impl Input for FirstAdmin {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (handle, email) = (fields.required("handle", leaf), fields.required("email", leaf));
        let (name, locale) = (fields.required("name", leaf), fields.required("locale", leaf));
        Some(Self { handle: handle?, email: email?, name: name?, locale: locale? })
    }
}

impl FirstAdmin {
    /// Someone whose address the operator vouches for. Their first password they set as one that was forgotten.
    fn applicant(self, owner: Owner, tenant: &Tenant) -> Applicant {
        let Self { handle, email, name, locale } = self;
        Applicant {
            owner,
            handle,
            email,
            name,
            locale,
            state: MemberState::Active,
            zone: tenant.zone.clone(),
            currency: tenant.currency,
            role: Role::Admin,
            plan: Plan::Premium,
            terms: None,
        }
    }
}

/// Creates a tenant
///
/// With its hosts, each of which names no other, and its first admin, who chooses a password as one that was forgotten. Looks,
/// features and terms follow by changing it.
#[utoipa::path(
    post,
    path = "/v1/operator/tenants",
    tag = "operators",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = CreateTenant,
    responses((status = 201, body = ManagedTenant), Problems)
)]
async fn create_tenant(State(cx): State<Deps>, command: Command<CreateTenant>) -> Reply<ManagedTenant> {
    let CreateTenant { id, name, hosts, time_zone: zone, currency, admin } = command.input;
    let (hosts, branding, features) = (hosts.into_iter().collect(), Branding::default(), BTreeSet::new());
    let mut tenant = Tenant { id, name, hosts, zone, currency, branding, features, terms: 0, version: 0 };
    tenant.check()?;

    let owner = Owner { tenant: tenant.id.clone(), member: cx.new_id() };
    let mut admin = Enrolment::of(admin.applicant(owner, &tenant), cx.vault()).await?;
    let change = admin.join(Change::new().create_tenant(&mut tenant));
    let (version, location) = (tenant.version, format!("/v1/operator/tenants/{}", tenant.id));
    let answer = Answer::created(ManagedTenant::new(tenant, None), location).version(version);
    cx.commit(&command.request, change, answer).await.map_err(taken)
}

/// All that it needs for itself is taken at once: which of it was another's is for the operator to look up.
pub(crate) fn taken(failure: Failure) -> Failure {
    match failure {
        Failure::Changed => Failure::Conflict("tenant-taken", "The id or one of the hosts is another tenant's.".to_owned()),
        other => other,
    }
}
