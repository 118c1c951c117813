//! `GET /getyourguide/1/tours`: the one tour that the vendor's specification has for an example. `POST /viator/search/freetext`: nothing. No
//! prices of activities were observed that may be shipped, and none are invented.

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{KEY, answer, authorised};

/// Says on an answer that nobody observed it.
const EXAMPLE: [(&str, &str); 1] = [("x-recorded", "an example of the vendor's specification")];

/// What is played.
#[derive(Debug, Clone)]
pub(super) struct Activities {
    /// An answer as a whole: the amounts are in the currency that it says.
    tours: Value,
}

impl Activities {
    pub(super) fn embedded() -> Result<Self, serde_json::Error> {
        Ok(Self { tours: serde_json::from_str(include_str!("../../recordings/getyourguide/tours.json"))? })
    }

    /// The answer with those of its tours that what was asked for is in the words of.
    fn about(&self, words: &str) -> Value {
        let words = words.to_lowercase();
        let mut answer = self.tours.clone();
        let tours = answer["data"]["tours"].as_array_mut();
        let left = tours.map_or(0, |tours| {
            tours.retain(|tour| tour["title"].as_str().is_some_and(|title| title.to_lowercase().contains(&words)));
            tours.len()
        });
        answer["_metadata"]["totalCount"] = left.into();
        answer
    }
}

pub(super) fn router(activities: &Activities) -> Router {
    let tours = Router::new().route("/getyourguide/1/tours", get(tours)).with_state(activities.clone());
    Router::new().route("/viator/search/freetext", post(search)).merge(tours)
}

async fn search(headers: HeaderMap) -> Response {
    if !authorised(&headers, "exp-api-key", KEY) {
        return answer(StatusCode::UNAUTHORIZED, json!({"code": "UNAUTHORIZED", "message": "not this key"}));
    }
    answer(StatusCode::OK, json!({"products": {"totalCount": 0, "results": []}}))
}

/// What of a search the player understands. The example names no days.
#[derive(Debug, Deserialize)]
struct Search {
    q: String,
    offset: Option<usize>,
}

async fn tours(State(activities): State<Activities>, Query(asked): Query<Search>, headers: HeaderMap) -> Response {
    if !authorised(&headers, "x-access-token", KEY) {
        return answer(StatusCode::UNAUTHORIZED, json!({"errors": [{"errorCode": 25}]}));
    }
    let mut found = activities.about(&asked.q);
    if asked.offset.is_some_and(|offset| offset > 0) {
        found["data"]["tours"] = json!([]);
    }
    (StatusCode::OK, EXAMPLE, Json(found)).into_response()
}
