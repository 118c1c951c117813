//! `DELETE /v1/operator/providers/{id}/key`

use axum::extract::State;
use domain::{
    identity::{Role, Tenant},
    ids::TenantId,
    sources::{SourceEntry, SourceState},
};
use http::request::Parts;
use platform::{Deps, Endpoint, IfMatch, Instruction, Problems, Reply};
use storage::Entity;
use utoipa_axum::routes;

use crate::settings::{PathSource, asked_tenant, drop_key, scope_of};

/// Removes the deployment's or a tenant's key at a source.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Operator, "sources-drop-provider-key", || routes!(drop_provider_key)).may(&[
    SourceEntry::READ,
    SourceEntry::WRITE,
    SourceState::WRITE,
    Tenant::READ,
]);

/// Removes a key at a source
///
/// The deployment's, if it was set here, or a tenant's, with the quota and the budget that the tenant gave it.
#[utoipa::path(
    delete,
    path = "/v1/operator/providers/{id}/key",
    tag = "operators",
    params(
        ("id" = String, Path, description = "The source", example = "duffel"),
        ("tenant" = Option<TenantId>, Query, description = "Of this tenant; without one, for all"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    responses((status = 204, description = "Removed; the tag is the new version"), Problems)
)]
async fn drop_provider_key(
    State(cx): State<Deps>,
    PathSource(source): PathSource,
    if_match: IfMatch,
    parts: Parts,
    Instruction { request, .. }: Instruction,
) -> Reply<()> {
    let scope = scope_of(&cx, asked_tenant(&parts)?).await?;
    drop_key(&cx, (&request, if_match), (source, &scope)).await
}
