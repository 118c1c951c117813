//! `GET /v1/admin/providers/health`

use axum::extract::State;
use domain::{
    identity::Role,
    sources::{KeyScope, SourceEntry, SourceState},
};
use platform::{Answer, Caller, Deps, Endpoint, Page, PageParams, Paged, Problems, Reply};
use storage::{Entity, Listed, SourceBucket, SourceDay, SourceHealth};
use utoipa_axum::routes;

use crate::{
    health_view::{self, HealthView},
    provider_view,
    settings::lines_at,
};

/// Says to a tenant's admin how sources fare.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Admin, "sources-list-provider-health", || routes!(list_provider_health))
    .may(&[SourceEntry::READ, SourceState::READ, SourceBucket::READ, SourceDay::READ, SourceHealth::READ]);

/// Says how sources fare
///
/// By their ids, with the key that each is asked with.
#[utoipa::path(
    get,
    path = "/v1/admin/providers/health",
    tag = "sources",
    params(PageParams, ),
    responses((status = 200, body = Paged<HealthView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_provider_health(State(cx): State<Deps>, caller: Caller, page: Page) -> Reply<Paged<HealthView>> {
    let scope = KeyScope::Tenant(caller.tenant().clone());
    let lines = lines_at(&cx, &scope).await?;
    let Listed { items, next } = provider_view::page(&page, &lines);
    let items = health_view::health(&cx, &items, &scope).await?;
    Ok(Answer::ok(page.answer(&cx, Listed { items, next }, |health| health)?))
}
