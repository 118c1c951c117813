//! `GET /v1/openapi.json`

use axum::response::IntoResponse;
use http::header;
use platform::Endpoint;
use utoipa_axum::routes;

/// Describes the API.
pub static FUNCTION: Endpoint = Endpoint::public("system-get-openapi", || routes!(get_openapi));

/// The document, made by `cargo xtask openapi` from every endpoint; a test fails when it is stale.
const OPENAPI: &str = include_str!("../openapi.json");

/// Describes the API
///
/// As an OpenAPI 3.1 document.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "system", responses((status = 200, description = "The document", content_type = "application/json")))]
async fn get_openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=3600")], OPENAPI)
}
