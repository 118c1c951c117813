//! `GET /v1/operator/tenants/{id}`

use axum::extract::State;
use domain::{
    identity::{Role, Tenant, Terms},
    ids::TenantId,
};
use platform::{Answer, Deps, Endpoint, PathTenant, Problems, Reply};
use storage::Entity;
use utoipa_axum::routes;

use crate::tenant_view::{ManagedTenant, read};

/// Shows a tenant to an operator.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Operator, "identity-inspect-tenant", || routes!(inspect_tenant)).may(&[Tenant::READ, Terms::READ]);

/// Shows a tenant
///
/// With its hosts.
#[utoipa::path(
    get,
    path = "/v1/operator/tenants/{id}",
    tag = "operators",
    params(("id" = TenantId, Path, description = "The tenant")),
    responses((status = 200, body = ManagedTenant), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn inspect_tenant(State(cx): State<Deps>, PathTenant(id): PathTenant) -> Reply<ManagedTenant> {
    let (tenant, terms) = read(&cx, &id).await?;
    let version = tenant.version;
    Ok(Answer::ok(ManagedTenant::new(tenant, terms)).version(version))
}
