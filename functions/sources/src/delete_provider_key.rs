//! `DELETE /v1/admin/providers/{id}/key`

use axum::extract::State;
use domain::{
    identity::Role,
    sources::{KeyScope, SourceEntry, SourceState},
};
use platform::{Deps, Endpoint, IfMatch, Instruction, Problems, Reply};
use storage::Entity;
use utoipa_axum::routes;

use crate::settings::{PathSource, drop_key};

/// Removes a tenant's own key at a source.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Admin, "sources-delete-provider-key", || routes!(delete_provider_key)).may(&[
    SourceEntry::READ,
    SourceEntry::WRITE,
    SourceState::WRITE,
]);

/// Removes a key at a source
///
/// From now on the source is asked with the deployment's, if there is one. The quota and the budget of the key go with it.
#[utoipa::path(
    delete,
    path = "/v1/admin/providers/{id}/key",
    tag = "sources",
    params(
        ("id" = String, Path, description = "The source", example = "duffel"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    responses((status = 204, description = "Removed; the tag is the new version"), Problems)
)]
async fn delete_provider_key(
    State(cx): State<Deps>,
    PathSource(source): PathSource,
    if_match: IfMatch,
    Instruction { caller, request, .. }: Instruction,
) -> Reply<()> {
    let scope = KeyScope::Tenant(caller.tenant().clone());
    drop_key(&cx, (&request, if_match), (source, &scope)).await
}
