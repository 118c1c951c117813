//! `PATCH /v1/operator/tenants/{id}`

use std::collections::BTreeSet;

use axum::extract::State;
use domain::{
    identity::{FeatureName, Host, Role, Tenant, TenantChange, TenantName, Terms, TermsText},
    ids::TenantId,
    inputs::{Fields, Input, list},
    money::Currency,
    time::Zone,
};
use platform::{Answer, Command, Deps, Endpoint, Failure, IfMatch, PathTenant, Problems, Reply};
use storage::{Change, Entity, TenantHost};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::tenant_view::{BrandingView, ManagedTenant, apply, read};

/// Changes a tenant, and where it is reached.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Operator, "identity-manage-tenant", || routes!(manage_tenant)).may(&[
    Tenant::READ,
    Tenant::WRITE,
    TenantHost::WRITE,
    Terms::READ,
    Terms::WRITE,
]);

/// What is to change of a tenant.
#[derive(Debug)]
pub struct ManageTenant {
    hosts: Option<BTreeSet<Host>>,
    rest: TenantChange,
}

/// What is to change. What is not given stays; what is given is replaced whole.
#[derive(ToSchema)]
#[schema(as = ManageTenant, rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes the body and is never built")]
pub struct ManageTenantBody {
    /// All hosts that are to name it.
    hosts: Option<BTreeSet<Host>>,
    name: Option<TenantName>,
    time_zone: Option<Zone>,
    currency: Option<Currency>,
    branding: Option<BrandingView>,
    features: Option<BTreeSet<FeatureName>>,
    /// A new version of the terms, if they say something else than the present one.
    terms: Option<TermsText>,
}

impl Input for ManageTenant {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (hosts, rest) = (fields.given("hosts", list), TenantChange::read(fields));
        Some(Self { hosts: hosts?.map(|hosts: Vec<Host>| hosts.into_iter().collect()), rest: rest? })
    }
}

/// Changes a tenant
///
/// All that its admins may change, its hosts, and what its mail comes from.
#[utoipa::path(
    patch,
    path = "/v1/operator/tenants/{id}",
    tag = "operators",
    params(
        ("id" = TenantId, Path, description = "The tenant"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = ManageTenantBody,
    responses((status = 200, body = ManagedTenant), Problems)
)]
async fn manage_tenant(
    State(cx): State<Deps>,
    PathTenant(id): PathTenant,
    if_match: IfMatch,
    command: Command<ManageTenant>,
) -> Reply<ManagedTenant> {
    let ManageTenant { hosts, rest } = command.input;
    let (mut tenant, terms) = read(&cx, &id).await?;
    if_match.check(tenant.version)?;
    let (taken, given_up) = hosts.map_or(Ok(Default::default()), |hosts| tenant.move_to(hosts))?;
    let takes_hosts = !taken.is_empty();
    let change = Change::new().take_hosts(&id, taken).give_up_hosts(&id, given_up);
    let (change, terms) = apply(&mut tenant, terms, rest, change)?;
    let change = change.update(&mut tenant);
    let version = tenant.version;
    let answer = Answer::ok(ManagedTenant::new(tenant, terms)).version(version);
    cx.commit(&command.request, change, answer).await.map_err(|failure| match if_match.settle(failure) {
        // Without hosts to take, someone else was faster; with them, either.
        Failure::Changed if takes_hosts => crate::create_tenant::taken(Failure::Changed),
        other => other,
    })
}
