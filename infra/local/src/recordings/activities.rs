//! `POST /viator/search/freetext`: nothing. No prices of activities were observed that may be shipped, and none are invented.

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::post,
};
use serde_json::json;

use super::{KEY, answer, authorised};

pub(super) fn router() -> Router {
    Router::new().route("/viator/search/freetext", post(search))
}

async fn search(headers: HeaderMap) -> Response {
    if !authorised(&headers, "exp-api-key", KEY) {
        return answer(StatusCode::UNAUTHORIZED, json!({"code": "UNAUTHORIZED", "message": "not this key"}));
    }
    answer(StatusCode::OK, json!({"products": {"totalCount": 0, "results": []}}))
}
