//! `GET /v1/operator/providers/health`

use axum::extract::State;
use domain::{
    identity::{Role, Tenant},
    ids::TenantId,
    sources::{SourceEntry, SourceState},
};
use http::request::Parts;
use platform::{Answer, Deps, Endpoint, Failure, Page, PageParams, Paged, Problems, Reply, signature::CURSOR_KEY};
use storage::{Entity, Grant, Listed, SourceBucket, SourceDay, SourceHealth};
use utoipa_axum::routes;

use crate::{
    health_view::{self, HealthView},
    provider_view,
    settings::{asked_tenant, lines_at, scope_of},
};

/// Says to an operator how sources fare.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Operator, "sources-inspect-provider-health", || routes!(inspect_provider_health)).may(&[
        SourceEntry::READ,
        SourceState::READ,
        SourceBucket::READ,
        SourceDay::READ,
        SourceHealth::READ,
        Tenant::READ,
        Grant::Know(CURSOR_KEY),
    ]);

/// Says how sources fare
///
/// By their ids, with the key that each is asked with.
#[utoipa::path(
    get,
    path = "/v1/operator/providers/health",
    tag = "operators",
    params(PageParams, ("tenant" = Option<TenantId>, Query, description = "Of this tenant; without one, for all"),),
    responses((status = 200, body = Paged<HealthView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn inspect_provider_health(State(cx): State<Deps>, page: Result<Page, Failure>, parts: Parts) -> Reply<Paged<HealthView>> {
    let (page, tenant) = Page::of_what(page, asked_tenant(&parts))?;
    let scope = scope_of(&cx, tenant).await?;
    let lines = lines_at(&cx, &scope).await?;
    let Listed { items, next } = provider_view::page(&page, &lines);
    let items = health_view::health(&cx, &items, &scope).await?;
    Ok(Answer::ok(page.answer(&cx, Listed { items, next }, |health| health)?))
}
