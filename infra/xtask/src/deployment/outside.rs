//! What the deployment finds outside AWS, on loopback: travel sources, and itself as the issuer of tokens.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::civil::Date;
use local::{
    loopback::Loopback,
    recordings::{self, Recordings, TRAVEL_DAY},
};

use super::{
    DeploymentError,
    api::{Api, Shown},
};

/// Travel sources that play recordings as if they had been made the day before today.
#[derive(Debug)]
pub struct Sources {
    server: Loopback,
    /// The day that they have offers of.
    pub travel_day: Date,
}

impl Sources {
    /// Starts them.
    ///
    /// # Errors
    /// If the recordings can't be read, or there is no port to be had.
    pub fn start(today: Date) -> Result<Self, DeploymentError> {
        // The next anniversary of the real one: clocks in Los Angeles are then as they were.
        let of_year = |year: i16| TRAVEL_DAY.with().year(year).build();
        let this_year = of_year(today.year())?;
        let travel_day = if this_year > today { this_year } else { of_year(today.year() + 1)? };
        let router = recordings::router(&Recordings::embedded()?.as_if(today.yesterday()?, travel_day));
        let server = Loopback::start("sources", |listener| async move { drop(axum::serve(listener, router).await) })?;
        Ok(Self { server, travel_day })
    }

    /// What functions find them by.
    pub fn variables(&self) -> [(&'static str, String); 3] {
        let url = self.server.url();
        [
            ("SEATS_AERO_URL", format!("{url}/seats-aero")),
            ("DUFFEL_URL", format!("{url}/duffel")),
            ("ECB_URL", format!("{url}/ecb")),
        ]
    }
}

/// Starts the issuer: it hands what it is asked on to the deployed API, whose endpoints answer as they do in the cloud.
///
/// # Errors
/// If there is no port to be had.
pub fn issuer(api: Api) -> Result<Loopback, DeploymentError> {
    let router = Router::new().route("/.well-known/{document}", get(handed_on)).with_state(api);
    Ok(Loopback::start("issuer", |listener| async move { drop(axum::serve(listener, router).await) })?)
}

async fn handed_on(State(api): State<Api>, Path(document): Path<String>) -> Response {
    match api.ask(Method::GET, &format!("/.well-known/{document}"), Shown::Nothing, None).await {
        Ok(answer) => (answer.status, Json(answer.body)).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}
