//! `GET /v1/operator/providers`

use axum::extract::State;
use domain::{
    identity::{Role, Tenant},
    ids::TenantId,
    sources::SourceEntry,
};
use http::request::Parts;
use platform::{Answer, Deps, Endpoint, Failure, Page, PageParams, Paged, Problems, Reply, signature::CURSOR_KEY};
use storage::{Entity, Grant};
use utoipa_axum::routes;

use crate::{
    provider_view::{self, ProviderView},
    settings::{asked_tenant, lines_at, scope_of},
};

/// Lists the sources to an operator.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Operator, "sources-inspect-providers", || routes!(inspect_providers)).may(&[
    SourceEntry::READ,
    Tenant::READ,
    Grant::Know(CURSOR_KEY),
]);

/// Lists the sources
///
/// By their ids, each with what is set of it for all, or for a tenant.
#[utoipa::path(
    get,
    path = "/v1/operator/providers",
    tag = "operators",
    params(PageParams, ("tenant" = Option<TenantId>, Query, description = "Of this tenant; without one, for all"),),
    responses((status = 200, body = Paged<ProviderView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn inspect_providers(State(cx): State<Deps>, page: Result<Page, Failure>, parts: Parts) -> Reply<Paged<ProviderView>> {
    let (page, tenant) = Page::of_what(page, asked_tenant(&parts))?;
    let scope = scope_of(&cx, tenant).await?;
    let lines = lines_at(&cx, &scope).await?;
    let listed = provider_view::page(&page, &lines);
    Ok(Answer::ok(page.answer(&cx, listed, |line| ProviderView::of(line, &scope))?))
}
