//! `GET /v1/operator/providers/{id}`

use axum::extract::State;
use domain::{
    identity::{Role, Tenant},
    ids::TenantId,
    sources::SourceEntry,
};
use http::request::Parts;
use platform::{Deps, Endpoint, Problems, Reply};
use storage::Entity;
use utoipa_axum::routes;

use crate::{
    provider_view::ProviderView,
    settings::{PathSource, asked_tenant, line_at, scope_of, show},
};

/// Shows a source to an operator.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Operator, "sources-inspect-provider", || routes!(inspect_provider))
    .may(&[SourceEntry::READ, Tenant::READ]);

/// Shows a source
///
/// With what is set of it for all, or for a tenant.
#[utoipa::path(
    get,
    path = "/v1/operator/providers/{id}",
    tag = "operators",
    params(("id" = String, Path, description = "The source", example = "duffel"), ("tenant" = Option<TenantId>, Query, description = "Of this tenant; without one, for all"),),
    responses((status = 200, body = ProviderView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn inspect_provider(State(cx): State<Deps>, PathSource(source): PathSource, parts: Parts) -> Reply<ProviderView> {
    let scope = scope_of(&cx, asked_tenant(&parts)?).await?;
    Ok(show(&line_at(&cx, &scope, source).await?, &scope))
}
