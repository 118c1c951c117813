//! `GET /v1/health`

use axum::extract::State;
use jiff::Timestamp;
use platform::{Answer, Deps, Endpoint, Problems, Reply};
use serde::Serialize;
use storage::{Entity, Grant, TenantHost};
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Tells whether the API works.
pub static FUNCTION: Endpoint =
    Endpoint::public("system-get-health", || routes!(get_health)).may(&[TenantHost::READ, Grant::MakeKeys, Grant::UseKeys]);

/// That the API works.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok`: what does not work answers 503.
    #[schema(example = "ok")]
    status: &'static str,
    /// When it was looked.
    #[schema(value_type = String, format = DateTime)]
    checked_at: Timestamp,
}

/// Tells whether the API works
///
/// Reads from the store, and has a key made that seals and opens, so that an answer means that requests are served.
#[utoipa::path(get, path = "/v1/health", tag = "system", responses((status = 200, body = Health), Problems))]
async fn get_health(State(cx): State<Deps>) -> Reply<Health> {
    // A host that can't exist (RFC 2606): the read is real, and finds nothing.
    cx.store().tenant_of_host("health.invalid").await?;
    cx.vault().prove().await?;
    Ok(Answer::ok(Health { status: "ok", checked_at: cx.now() }).cache("no-store"))
}
