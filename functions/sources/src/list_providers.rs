//! `GET /v1/admin/providers`

use axum::extract::State;
use domain::{
    identity::Role,
    sources::{KeyScope, SourceEntry},
};
use platform::{Answer, Caller, Deps, Endpoint, Page, PageParams, Paged, Problems, Reply};
use storage::Entity;
use utoipa_axum::routes;

use crate::{
    provider_view::{self, ProviderView},
    settings::lines_at,
};

/// Lists the sources to a tenant's admin.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Admin, "sources-list-providers", || routes!(list_providers)).may(&[SourceEntry::READ]);

/// Lists the sources
///
/// By their ids, each with what the tenant has set of it.
#[utoipa::path(
    get,
    path = "/v1/admin/providers",
    tag = "sources",
    params(PageParams, ),
    responses((status = 200, body = Paged<ProviderView>), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_providers(State(cx): State<Deps>, caller: Caller, page: Page) -> Reply<Paged<ProviderView>> {
    let scope = KeyScope::Tenant(caller.tenant().clone());
    let lines = lines_at(&cx, &scope).await?;
    let listed = provider_view::page(&page, &lines);
    Ok(Answer::ok(page.answer(&cx, listed, |line| ProviderView::of(line, &scope))?))
}
