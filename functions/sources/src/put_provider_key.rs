//! `PUT /v1/admin/providers/{id}/key`

use axum::extract::State;
use domain::{
    identity::Role,
    inputs::{Fields, Input, leaf},
    sources::{KeyScope, SourceEntry, SourceKey, SourceState},
};
use platform::{Command, Deps, Endpoint, IfMatch, Problems, Reply};
use storage::{Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::settings::{PathSource, set_key};

/// Keeps a tenant's own key at a source.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Admin, "sources-put-provider-key", || routes!(put_provider_key)).may(&[
    SourceEntry::READ,
    SourceEntry::WRITE,
    SourceState::WRITE,
    MemberKey::READ,
    MemberKey::WRITE,
    Grant::MakeKeys,
    Grant::UseKeys,
]);

/// A key that a source gave.
#[derive(Debug, ToSchema)]
pub struct PutProviderKey {
    /// The key, as the source gave it; where it is of two parts, with a colon between them.
    key: SourceKey,
}

impl Input for PutProviderKey {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        fields.required("key", leaf).map(|key| Self { key })
    }
}

/// Keeps a key at a source
///
/// It is sealed, and shown to nobody again. Calls are made with it within seconds.
#[utoipa::path(
    put,
    path = "/v1/admin/providers/{id}/key",
    tag = "sources",
    params(
        ("id" = String, Path, description = "The source", example = "duffel"),
        ("If-Match" = Option<String>, Header, description = "The version it must have; \"0\" before the first"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = PutProviderKey,
    responses((status = 204, description = "Kept; the tag is the new version"), Problems)
)]
async fn put_provider_key(
    State(cx): State<Deps>,
    PathSource(source): PathSource,
    if_match: IfMatch,
    command: Command<PutProviderKey>,
) -> Reply<()> {
    let Command { caller, input, request } = command;
    let scope = KeyScope::Tenant(caller.tenant().clone());
    set_key(&cx, (&request, if_match), (source, &scope), (&input.key, caller.member())).await
}
