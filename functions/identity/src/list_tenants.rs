//! `GET /v1/operator/tenants`

use axum::extract::State;
use domain::{
    identity::{Role, Tenant, TenantName},
    ids::TenantId,
};
use platform::{Answer, Deps, Endpoint, Page, PageParams, Paged, Problems, Reply, signature::CURSOR_KEY};
use serde::Serialize;
use storage::{Entity, Grant};
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Lists all tenants.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Operator, "identity-list-tenants", || routes!(list_tenants)).may(&[Tenant::READ, Grant::Know(CURSOR_KEY)]);

/// A tenant in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedTenant {
    id: TenantId,
    name: TenantName,
}

/// Lists all tenants
///
/// By their ids.
#[utoipa::path(
    get,
    path = "/v1/operator/tenants",
    tag = "operators",
    params(PageParams),
    responses((status = 200, body = Paged<ListedTenant>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_tenants(State(cx): State<Deps>, page: Page) -> Reply<Paged<ListedTenant>> {
    let listed = cx.store().tenants(page.limit, page.after.as_deref()).await?;
    Ok(Answer::ok(page.answer(&cx, listed, |Tenant { id, name, .. }| ListedTenant { id, name })?))
}
