//! The world outside: travel sources for which no key is configured are played from recordings, in process.

use std::collections::BTreeMap;

use axum::{Router, body::Body};
use bytes::Bytes;
use futures::future::BoxFuture;
use platform::{
    config::{OPEN_SOURCES, SOURCES},
    outside::{Call, MAX_ANSWER_BYTES, Outside, OutsideError, OverHttp},
};
use secrecy::SecretString;
use tower::ServiceExt;

use crate::recordings::{self, Recordings};

/// The address that recorded sources are configured with. Nothing resolves it (RFC 2606), as nothing is to.
const ADDRESS: &str = "http://recordings.invalid";

/// How a source is reached.
#[derive(Debug, Clone)]
pub struct SourceAccess {
    /// Its base address, without a slash at the end.
    pub url: String,
    /// Our key.
    pub key: SecretString,
}

/// Sources over real sockets where there is a key, and recorded ones elsewhere.
#[derive(Debug)]
pub struct Sources {
    live: Option<OverHttp>,
    recorded: Router,
    access: BTreeMap<&'static str, SourceAccess>,
    open: BTreeMap<&'static str, String>,
}

/// Why the sources can't be reached.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// The recordings that come with the program are damaged.
    #[error("the recordings can't be read: {0}")]
    Recordings(#[from] serde_json::Error),
    /// No client for real sockets.
    #[error("the sources can't be reached: {0}")]
    Client(String),
}

impl Sources {
    /// All sources: those with an access in `live` are called, the others are played. Those that ask for no key are called if any is.
    ///
    /// # Errors
    /// If the recordings or a client can't be had.
    pub fn open(live: BTreeMap<&'static str, SourceAccess>) -> Result<Self, SourcesError> {
        // Loading the TLS roots takes longer than all the rest of a start.
        let client =
            if live.is_empty() { None } else { Some(OverHttp::new().map_err(|error| SourcesError::Client(error.to_string()))?) };
        Self::over(client, live)
    }

    /// The same for a system whose calls someone else answers: it only says where sources are.
    ///
    /// # Errors
    /// If the recordings can't be had.
    pub fn named(live: BTreeMap<&'static str, SourceAccess>) -> Result<Self, SourcesError> {
        Self::over(None, live)
    }

    fn over(client: Option<OverHttp>, live: BTreeMap<&'static str, SourceAccess>) -> Result<Self, SourcesError> {
        let recorded = recordings::router(&Recordings::embedded()?);
        let open = |address: &str, id| if live.is_empty() { format!("{ADDRESS}/{id}") } else { address.to_owned() };
        let open = OPEN_SOURCES.into_iter().map(|(id, _, address)| (id, open(address, id))).collect();
        let mut access = live;
        for id in recordings::PLAYED {
            let recorded = || SourceAccess { url: format!("{ADDRESS}/{id}"), key: recordings::KEY.into() };
            access.entry(id).or_insert_with(recorded);
        }
        Ok(Self { live: client, recorded, access, open })
    }

    /// Our key of a source.
    pub fn key(&self, source: &str) -> Option<(&'static str, SecretString)> {
        self.access.get_key_value(source).map(|(id, access)| (*id, access.key.clone()))
    }

    /// Where a source is of which there is a key.
    pub fn address(&self, source: &str) -> Option<(&'static str, String)> {
        self.access.get_key_value(source).map(|(id, access)| (*id, access.url.clone()))
    }

    /// Where each source is of which there is a key.
    pub fn addresses(&self) -> BTreeMap<&'static str, String> {
        self.access.iter().map(|(id, access)| (*id, access.url.clone())).collect()
    }

    /// Where a source is that asks for no key.
    pub fn open_address(&self, source: &str) -> Option<(&'static str, String)> {
        self.open.get_key_value(source).map(|(id, url)| (*id, url.clone()))
    }

    fn is_recorded(&self, source: &str) -> bool {
        let url = self.access.get(source).map(|access| &access.url).or_else(|| self.open.get(source));
        url.is_none_or(|url| url.starts_with(ADDRESS))
    }
}

impl Outside for Sources {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<http::Response<Bytes>, OutsideError>> {
        match &self.live {
            Some(live) if !self.is_recorded(call.source) => live.send(call),
            Some(_) | None => Box::pin(play(self.recorded.clone(), call)),
        }
    }
}

async fn play(recorded: Router, call: Call) -> Result<http::Response<Bytes>, OutsideError> {
    let Ok(answer) = recorded.oneshot(call.request.map(Body::from)).await;
    let (head, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, MAX_ANSWER_BYTES).await.map_err(|_| OutsideError::TooLarge)?;
    Ok(http::Response::from_parts(head, body))
}

/// The sources that have a key in the environment.
pub fn live_sources(get: impl Fn(&str) -> Option<String>) -> BTreeMap<&'static str, SourceAccess> {
    let set = |name: String| get(&name).filter(|value| !value.is_empty());
    let access = |(id, prefix, address): (&'static str, &str, Option<&str>)| {
        let key = set(format!("{prefix}_KEY"))?.into();
        let url = set(format!("{prefix}_URL")).or_else(|| address.map(str::to_owned))?;
        Some((id, SourceAccess { url: url.trim_end_matches('/').to_owned(), key }))
    };
    SOURCES.into_iter().filter_map(access).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_source_with_a_key_is_called_and_another_one_played() {
        let sources = Sources::open(live_sources(|name| (name == "DUFFEL_KEY").then(|| "secret".to_owned()))).unwrap();
        let duffel = &sources.access["duffel"];
        assert_eq!((duffel.url.as_str(), duffel.key.expose_secret()), ("https://api.duffel.com", "secret"));
        assert!(!sources.is_recorded("duffel") && sources.is_recorded("seats-aero"));
        assert!(!sources.is_recorded("ecb"), "where one is live, the clock is, and so is the bank");
        assert!(Sources::open(BTreeMap::new()).unwrap().is_recorded("ecb"));
    }

    #[tokio::test]
    async fn a_recorded_source_answers_in_process() {
        let sources = Sources::open(BTreeMap::new()).unwrap();
        let access = &sources.access["seats-aero"];
        let request = http::Request::get(format!("{}/search?origin_airport=LAX&destination_airport=DXB", access.url))
            .header("partner-authorization", access.key.expose_secret())
            .body(Bytes::new())
            .unwrap();
        let call = Call { source: "seats-aero", operation: "search", request, timeout: Duration::from_secs(1), repeated: false };
        let answer = sources.send(call).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["x-recorded"].is_empty()), (200, false));
    }
}
