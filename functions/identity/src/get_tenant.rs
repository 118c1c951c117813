//! `GET /v1/tenant`

use axum::extract::State;
use domain::identity::{Tenant, Terms};
use platform::{Answer, Deps, Endpoint, Problems, Reply, TenantOfHost};
use storage::{Entity, TenantHost};
use utoipa_axum::routes;

use crate::tenant_view::{TenantView, read};

/// Shows the brand that the host names.
pub static FUNCTION: Endpoint =
    Endpoint::public("identity-get-tenant", || routes!(get_tenant)).may(&[Tenant::READ, TenantHost::READ, Terms::READ]);

/// Shows the brand that the host names
///
/// What an app needs before anyone has signed in: name, looks, terms, and what is switched on.
#[utoipa::path(
    get,
    path = "/v1/tenant",
    tag = "identity",
    responses((status = 200, body = TenantView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_tenant(State(cx): State<Deps>, TenantOfHost(id): TenantOfHost) -> Reply<TenantView> {
    let (tenant, terms) = read(&cx, &id).await?;
    let version = tenant.version;
    Ok(Answer::ok(TenantView::new(tenant, terms)).version(version).cache("public, max-age=300"))
}
