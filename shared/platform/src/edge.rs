//! The edge: a request as API Gateway's HTTP APIs hand it over (payload format 2.0), and an answer as they take it.
//!
//! Not by `lambda_http`, which can read every character set there is: a quarter of a megabyte in each function, for answers
//! that are UTF-8. A contract test holds this against it.

use std::{collections::BTreeMap, net::IpAddr};

use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri,
    header::{COOKIE, SET_COOKIE},
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::{failure::Failure, gateway::MAX_ANSWER_BYTES, limit::ClientAddress, web};

/// What a path can't have as it is. API Gateway hands paths over decoded.
const ENCODED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}');

/// A request. What no function reads is not read here either.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    request_context: RequestContext,
}

#[derive(Debug, Deserialize)]
struct RequestContext {
    http: Http,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    source_ip: IpAddr,
}

/// An answer.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    status_code: u16,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    body: String,
    is_base64_encoded: bool,
}

impl Event {
    /// As the router takes it.
    ///
    /// # Errors
    /// If its method or address is none.
    pub fn into_request(self) -> Result<Request<Body>, Failure> {
        let malformed = Failure::Malformed("The request's method, address or body can't be read.");
        let body = match self.body {
            Some(body) if self.is_base64_encoded => STANDARD.decode(body).map_err(|_| malformed.clone())?,
            body => body.unwrap_or_default().into_bytes(),
        };
        let method = Method::from_bytes(self.request_context.http.method.as_bytes()).map_err(|_| malformed.clone())?;
        let path = utf8_percent_encode(&self.raw_path, ENCODED);
        let query = if self.raw_query_string.is_empty() { "" } else { "?" };
        let uri: Uri = format!("{path}{query}{}", self.raw_query_string).parse().map_err(|_| malformed)?;
        let mut request = Request::new(Body::from(body));
        (*request.method_mut(), *request.uri_mut()) = (method, uri);
        *request.headers_mut() = headers(self.headers, &self.cookies);
        request.extensions_mut().insert(ClientAddress(self.request_context.http.source_ip));
        Ok(web::enter(request))
    }
}

/// What is no header is left out.
fn headers(given: BTreeMap<String, String>, cookies: &[String]) -> HeaderMap {
    // They are in one place or the other. From both, each would be there twice, and none would count.
    let elsewhere = |(name, _): &(String, String)| cookies.is_empty() || !name.eq_ignore_ascii_case(COOKIE.as_str());
    let apart = (!cookies.is_empty()).then(|| (COOKIE.to_string(), cookies.join("; ")));
    let header = |(name, value): (String, String)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    };
    given.into_iter().filter(elsewhere).chain(apart).filter_map(header).collect()
}

impl Reply {
    /// Of the router's answer.
    ///
    /// # Errors
    /// If its body is cut off or too large.
    pub async fn of(response: Response<Body>) -> Result<Self, axum::Error> {
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, MAX_ANSWER_BYTES).await?;
        let (body, is_base64_encoded) = match std::str::from_utf8(&body) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (STANDARD.encode(&body), true),
        };
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let cookies = head.headers.get_all(SET_COOKIE).iter().map(text).collect();
        let names = head.headers.keys().filter(|name| *name != SET_COOKIE);
        let values = |name| head.headers.get_all(name).iter().map(text).collect::<Vec<_>>().join(", ");
        let headers = names.map(|name| (name.to_string(), values(name))).collect();
        Ok(Self { status_code: head.status.as_u16(), headers, cookies, body, is_base64_encoded })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::web::Way;

    fn event(changes: Value) -> Event {
        let mut event =
            json!({"rawPath": "/v1/things", "requestContext": {"http": {"method": "GET", "sourceIp": "203.0.113.7"}}});
        event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
    }

    async fn body(request: Request<Body>) -> Vec<u8> {
        axum::body::to_bytes(request.into_body(), 100).await.unwrap().to_vec()
    }

    #[test]
    fn a_path_is_encoded_again_and_a_query_is_as_it_was_sent() {
        let address = |path: &str, query: &str| {
            let request = event(json!({"rawPath": path, "rawQueryString": query})).into_request().unwrap();
            request.uri().to_string()
        };
        assert_eq!(address("/v1/things/a b?ü", "limit=2&name=a%20b"), "/v1/things/a%20b%3F%C3%BC?limit=2&name=a%20b");
        assert_eq!(address("/v1/things/%41", ""), "/v1/things/%2541", "it is decoded once, by API Gateway or by us");
        assert_eq!(address("/", ""), "/");
    }

    #[tokio::test]
    async fn a_body_is_text_or_base64() {
        assert_eq!(body(event(json!({"body": "{}"})).into_request().unwrap()).await, b"{}");
        let encoded = json!({"body": "/wA=", "isBase64Encoded": true});
        assert_eq!(body(event(encoded).into_request().unwrap()).await, [255, 0]);
        assert_eq!(body(event(json!({"body": null})).into_request().unwrap()).await, b"");
        assert!(event(json!({"body": "no base64!", "isBase64Encoded": true})).into_request().is_err());
    }

    /// What a client says of itself in `X-Forwarded-For` is another matter; what a CDN says is looked at by `crate::cdn`.
    #[test]
    fn the_address_is_that_of_the_connection() {
        let claimed = json!({"headers": {"x-forwarded-for": "198.51.100.1, 198.51.100.2", "forwarded": "for=198.51.100.1"}});
        let request = event(claimed).into_request().unwrap();
        assert_eq!(request.extensions().get(), Some(&ClientAddress("203.0.113.7".parse().unwrap())));
    }

    #[test]
    fn what_is_no_header_is_left_out() {
        let given = json!({"headers": {"host": "h", "x bad": "1", "x-bad": "a\nb"}, "cookies": ["a=1", "b=2"]});
        let request = event(given).into_request().unwrap();
        assert_eq!(request.headers().len(), 2);
        assert_eq!(
            (&request.headers()["host"], &request.headers()["cookie"]),
            (&"h".parse().unwrap(), &"a=1; b=2".parse().unwrap())
        );
    }

    #[test]
    fn a_page_has_its_cookies_once_and_its_prefix_is_taken_off() {
        let asked = json!({
            "rawPath": "/web/v1/things", "rawQueryString": "limit=2", "headers": {"Cookie": "a=1; b=2"}, "cookies": ["a=1", "b=2"]
        });
        let request = event(asked).into_request().unwrap();
        assert_eq!((request.uri().to_string(), request.extensions().get()), ("/v1/things?limit=2".to_owned(), Some(&Way::Web)));
        let cookies: Vec<&HeaderValue> = request.headers().get_all(COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1; b=2"]);
        assert_eq!(event(json!({})).into_request().unwrap().extensions().get(), Some(&Way::App));
    }

    #[tokio::test]
    async fn an_answer_has_its_headers_once_and_its_cookies_apart() {
        let response = Response::builder().status(201).header("vary", "a").header("vary", "b").header("set-cookie", "c=1");
        let reply = Reply::of(response.body(Body::from("{}")).unwrap()).await.unwrap();
        let json =
            json!({"statusCode": 201, "headers": {"vary": "a, b"}, "cookies": ["c=1"], "body": "{}", "isBase64Encoded": false});
        assert_eq!(serde_json::to_value(reply).unwrap(), json);
        let binary = Reply::of(Response::new(Body::from(vec![255, 0]))).await.unwrap();
        assert_eq!((binary.body.as_str(), binary.is_base64_encoded), ("/wA=", true));
    }
}
