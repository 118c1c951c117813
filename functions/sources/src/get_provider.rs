//! `GET /v1/admin/providers/{id}`

use axum::extract::State;
use domain::{
    identity::Role,
    sources::{KeyScope, SourceEntry},
};
use platform::{Caller, Deps, Endpoint, Problems, Reply};
use storage::Entity;
use utoipa_axum::routes;

use crate::{
    provider_view::ProviderView,
    settings::{PathSource, line_at, show},
};

/// Shows a source to a tenant's admin.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Admin, "sources-get-provider", || routes!(get_provider)).may(&[SourceEntry::READ]);

/// Shows a source
///
/// With what the tenant has set of it.
#[utoipa::path(
    get,
    path = "/v1/admin/providers/{id}",
    tag = "sources",
    params(("id" = String, Path, description = "The source", example = "duffel"), ),
    responses((status = 200, body = ProviderView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_provider(State(cx): State<Deps>, PathSource(source): PathSource, caller: Caller) -> Reply<ProviderView> {
    let scope = KeyScope::Tenant(caller.tenant().clone());
    Ok(show(&line_at(&cx, &scope, source).await?, &scope))
}
