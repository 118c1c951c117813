//! `PUT /v1/operator/providers/{id}/key`

use axum::extract::State;
use domain::{
    identity::{Role, Tenant},
    ids::TenantId,
    inputs::{Fields, Input, leaf},
    sources::{SourceEntry, SourceKey, SourceState},
};
use http::request::Parts;
use platform::{Command, Deps, Endpoint, IfMatch, Problems, Reply};
use storage::{Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::settings::{PathSource, asked_tenant, scope_of, set_key};

/// Keeps the deployment's or a tenant's key at a source.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Operator, "sources-manage-provider-key", || routes!(manage_provider_key)).may(&[
        SourceEntry::READ,
        SourceEntry::WRITE,
        SourceState::WRITE,
        Tenant::READ,
        MemberKey::READ,
        MemberKey::WRITE,
        Grant::MakeKeys,
        Grant::UseKeys,
    ]);

/// A key that a source gave.
#[derive(Debug, ToSchema)]
pub struct ManageProviderKey {
    /// The key, as the source gave it; where it is of two parts, with a colon between them.
    key: SourceKey,
}

impl Input for ManageProviderKey {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        fields.required("key", leaf).map(|key| Self { key })
    }
}

/// Keeps a key at a source
///
/// It is sealed, and shown to nobody again. Calls are made with it within seconds.
#[utoipa::path(
    put,
    path = "/v1/operator/providers/{id}/key",
    tag = "operators",
    params(
        ("id" = String, Path, description = "The source", example = "duffel"),
        ("tenant" = Option<TenantId>, Query, description = "Of this tenant; without one, for all"),
        ("If-Match" = Option<String>, Header, description = "The version it must have; \"0\" before the first"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = ManageProviderKey,
    responses((status = 204, description = "Kept; the tag is the new version"), Problems)
)]
async fn manage_provider_key(
    State(cx): State<Deps>,
    PathSource(source): PathSource,
    if_match: IfMatch,
    parts: Parts,
    command: Command<ManageProviderKey>,
) -> Reply<()> {
    let Command { caller, input, request } = command;
    let scope = scope_of(&cx, asked_tenant(&parts)?).await?;
    set_key(&cx, (&request, if_match), (source, &scope), (&input.key, caller.member())).await
}
