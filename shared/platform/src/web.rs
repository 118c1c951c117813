//! Web sessions: the tokens of a member, kept by their browser in cookies that no script can read.
//!
//! A page asks under `/web`, where the cookie counts and nothing else; everywhere else the bearer token does, and no cookie. So
//! no request is let in by what it carries without meaning to: one that a page of another site has sent has no token, and under
//! `/web` it has to show that it is from here. Reasons: `docs/decisions/0019-a-page-asks-under-a-prefix-of-its-own.md`.

use axum::response::Response;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{identity::sessions, ids::SessionId};
use hmac::Mac;
use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri,
    header::{AsHeaderName, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE},
    request::Parts,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    caller::without_port,
    deps::Deps,
    failure::Failure,
    function::Access,
    reply::set_header,
    signature::{Purpose, mac},
    token::LIFETIME,
};

/// What the paths of a page's requests begin with.
pub const PREFIX: &str = "/web";
/// The header that a write shows, and that every answer to a session gives.
pub const CSRF_HEADER: &str = "x-csrf-token";
/// The cookie of the access token. A browser takes it from this very host alone, over TLS, for all of its paths.
pub const ACCESS_COOKIE: &str = "__Host-access";
/// The cookie of the refresh token.
pub const REFRESH_COOKIE: &str = "__Host-refresh";

/// Says how a request that no link or page of another site made was made, where the browser knows that.
const FETCH_SITE: &str = "sec-fetch-site";
/// Browsers keep no cookie that is longer; what is looked at here is much shorter.
const MAX_COOKIE_BYTES: usize = 4096;

/// Which way a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From an app or a program, with a bearer token.
    App,
    /// From a page, under `/web`, with cookies.
    Web,
}

impl Way {
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self::App)
    }
}

impl<S: Sync> axum::extract::FromRequestParts<S> for Way {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.extensions))
    }
}

/// Notes which way a request came in, and takes the prefix off its path: nothing behind here sees it. To be called once, before
/// anything looks at the path.
pub fn enter<B>(mut request: Request<B>) -> Request<B> {
    let inner = within(request.uri());
    let way = if inner.is_some() { Way::Web } else { Way::App };
    if let Some(uri) = inner {
        *request.uri_mut() = uri;
    }
    request.extensions_mut().insert(way);
    request
}

/// The address without the prefix, if it has one.
fn within(uri: &Uri) -> Option<Uri> {
    let inner = uri.path_and_query()?.as_str().strip_prefix(PREFIX).filter(|rest| rest.starts_with('/'))?;
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(inner.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// Refuses what a page of another origin has sent, as far as browsers say so; and a write without a session unless it is said:
/// nothing else would show that whoever signs in here meant to.
pub(crate) fn is_from_here(method: &Method, headers: &HeaderMap, access: Access) -> Result<(), Failure> {
    let reads = method.is_safe();
    let origin = match only(headers, ORIGIN)? {
        Some(origin) => is_own(origin, only(headers, HOST)?.unwrap_or_default()),
        None => reads || access != Access::Public,
    };
    let site = match only(headers, FETCH_SITE)? {
        None | Some("same-origin") => true,
        // Typed into the address bar, or followed from a bookmark.
        Some("none") => reads,
        Some(_) => false,
    };
    if origin && site { Ok(()) } else { Err(Failure::OtherOrigin) }
}

/// Whether an origin is the host's own: by TLS, or on this machine, which browsers trust as much.
fn is_own(origin: &str, host: &str) -> bool {
    let is = |scheme: &str| origin.strip_prefix(scheme).is_some_and(|name| !name.is_empty() && name.eq_ignore_ascii_case(host));
    is("https://") || (is("http://") && is_this_machine(host))
}

fn is_this_machine(host: &str) -> bool {
    let name = without_port(host);
    ["localhost", "127.0.0.1", "[::1]"].contains(&name.as_str()) || name.ends_with(".localhost")
}

/// The value of a header that is to be there once. Of two nobody knows which was meant.
fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Result<Option<&str>, Failure> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str().map_err(|_| Failure::OtherOrigin)).transpose()?;
    if values.next().is_some() { Err(Failure::OtherOrigin) } else { Ok(first) }
}

/// The value of a cookie. Two of one name are refused: one of them may have been set by someone else, from a host beside this
/// one, and which of them is sent first they decide (cookie tossing). So is what no browser of ours was given.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Failure> {
    let mut found = None;
    for header in headers.get_all(COOKIE) {
        let text = header.to_str().map_err(|_| Failure::Unauthenticated)?;
        // Only blanks are no part of a name. Who takes away more reads another name than the browser has checked.
        for pair in text.split(';').map(|pair| pair.trim_matches([' ', '\t'])) {
            let Some((_, value)) = pair.split_once('=').filter(|(known, _)| *known == name) else { continue };
            if found.replace(value).is_some() || value.len() > MAX_COOKIE_BYTES {
                return Err(Failure::Unauthenticated);
            }
        }
    }
    // What was taken away by an answer of ours is empty until the browser has forgotten it.
    Ok(found.filter(|value| !value.is_empty()))
}

/// What the writes of a session show, which a page of another site can't know: what only we can have made of the session's id.
///
/// # Errors
/// If the function was not told the key.
pub fn csrf_token(cx: &Deps, session: SessionId) -> Result<String, Failure> {
    Ok(URL_SAFE_NO_PAD.encode(of_session(cx, session)?.finalize().into_bytes()))
}

/// Refuses a write that does not show it.
pub(crate) fn shows_csrf_token(cx: &Deps, headers: &HeaderMap, session: SessionId) -> Result<(), Failure> {
    let shown = only(headers, CSRF_HEADER).map_err(|_| Failure::WrongCsrfToken)?.ok_or(Failure::WrongCsrfToken)?;
    let shown = URL_SAFE_NO_PAD.decode(shown).map_err(|_| Failure::WrongCsrfToken)?;
    // In the same time wherever they differ.
    of_session(cx, session)?.verify_slice(&shown).map_err(|_| Failure::WrongCsrfToken)
}

fn of_session(cx: &Deps, session: SessionId) -> Result<hmac::Hmac<sha2::Sha256>, Failure> {
    Ok(mac(cx, Purpose::Csrf)?.chain_update(session.to_string()))
}

/// An answer as a page gets it. What a session's writes are to show comes along: after a page was loaded anew it knows nothing,
/// and its first read tells it. Where something new is, is under the prefix.
pub(crate) fn to_page(cx: &Deps, mut answer: Response, session: Option<SessionId>) -> Response {
    if let Some(Ok(token)) = session.map(|session| csrf_token(cx, session)) {
        set_header(&mut answer, HeaderName::from_static(CSRF_HEADER), &token);
    }
    let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    if let Some(location) = location.filter(|location| location.starts_with('/')).map(|location| format!("{PREFIX}{location}")) {
        set_header(&mut answer, LOCATION, &location);
    }
    answer
}

/// A cookie to be kept or forgotten. No script sees it, no other host has it or sets it, no page of another site sends it.
#[derive(Debug, Clone)]
pub struct Cookie {
    name: &'static str,
    value: SecretString,
    seconds: i64,
}

impl Cookie {
    /// Those of a session, each kept for as long as its token is good.
    pub fn of_session(access_token: String, refresh_token: String) -> [Self; 2] {
        [
            Self { name: ACCESS_COOKIE, value: access_token.into(), seconds: LIFETIME.as_secs() },
            Self { name: REFRESH_COOKIE, value: refresh_token.into(), seconds: sessions::KEPT.as_secs() },
        ]
    }

    /// Has the browser forget them.
    pub fn of_none() -> [Self; 2] {
        [ACCESS_COOKIE, REFRESH_COOKIE].map(|name| Self { name, value: SecretString::default(), seconds: 0 })
    }

    pub(crate) fn set(&self, answer: &mut Response) {
        let Self { name, value, seconds } = self;
        let value = value.expose_secret();
        let text = format!("{name}={value}; Max-Age={seconds}; Path=/; HttpOnly; Secure; SameSite=Strict");
        if let Ok(mut value) = HeaderValue::from_str(&text) {
            value.set_sensitive(true);
            answer.headers_mut().append(SET_COOKIE, value);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn headers(given: &[(&'static str, &str)]) -> HeaderMap {
        given.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_prefix_is_taken_off_once() {
        let entered = |uri: &str| {
            let request = enter(Request::builder().uri(uri).body(()).unwrap());
            (request.uri().to_string(), Way::of(request.extensions()))
        };
        for (uri, inner) in [
            ("/web/v1/me", "/v1/me"),
            ("/web/v1/deals?limit=2&x=/web/", "/v1/deals?limit=2&x=/web/"),
            ("/web/web/v1/me", "/web/v1/me"),
            ("/web//v1/me", "//v1/me"),
            ("http://localhost:1/web/v1/me", "http://localhost:1/v1/me"),
        ] {
            assert_eq!(entered(uri), (inner.to_owned(), Way::Web), "{uri}");
        }
        for uri in ["/v1/me", "/web", "/webs/v1/me", "//web/v1/me", "/WEB/v1/me", "/v1/web/me", "/%77eb/v1/me"] {
            assert_eq!(entered(uri), (uri.to_owned(), Way::App), "{uri}");
        }
    }

    #[test]
    fn an_origin_is_the_hosts_own_or_not() {
        for (origin, host) in [
            ("https://app.example.com", "app.example.com"),
            ("https://APP.example.com", "app.EXAMPLE.com"),
            ("http://localhost:8787", "localhost:8787"),
            ("http://demo.localhost", "demo.localhost"),
            ("http://127.0.0.1:1", "127.0.0.1:1"),
        ] {
            assert!(is_own(origin, host), "{origin} {host}");
        }
        for (origin, host) in [
            ("http://app.example.com", "app.example.com"),
            ("https://app.example.com.evil.example", "app.example.com"),
            ("https://evil.example", "app.example.com"),
            ("https://other.example.com", "app.example.com"),
            ("https://app.example.com:8443", "app.example.com"),
            ("http://localhost:8788", "localhost:8787"),
            ("http://localhost.evil.example", "localhost.evil.example"),
            ("http://evillocalhost", "evillocalhost"),
            ("https://app.example.com, https://evil.example", "app.example.com"),
            ("null", "app.example.com"),
            ("null", "null"),
            ("https://", ""),
            ("", ""),
        ] {
            assert!(!is_own(origin, host), "{origin} {host}");
        }
    }

    #[test]
    fn what_another_site_has_sent_is_refused_whether_it_says_so_once_or_twice() {
        let is = |method: Method, access: Access, given: &[(&'static str, &str)]| {
            let host = [("host", "a.example")];
            is_from_here(&method, &headers(&[&host[..], given].concat()), access).is_ok()
        };
        let (own, other) = (("origin", "https://a.example"), ("origin", "https://b.example"));
        let member = Access::Role(domain::identity::Role::Member);
        for access in [Access::Public, member] {
            assert!(is(Method::POST, access, &[own]) && is(Method::GET, access, &[]) && is(Method::GET, access, &[own]));
            assert!(is(Method::POST, access, &[own, ("sec-fetch-site", "same-origin")]));
            for given in
                [&[other][..], &[own, other], &[own, own], &[("origin", "null")], &[own, ("sec-fetch-site", "cross-site")]]
            {
                assert!(!is(Method::POST, access, given) && !is(Method::GET, access, given), "{given:?}");
            }
            assert!(!is(Method::GET, access, &[("sec-fetch-site", "same-site")]), "a host beside this one");
            assert!(is(Method::GET, access, &[("sec-fetch-site", "none")]), "typed");
            assert!(!is(Method::POST, access, &[own, ("sec-fetch-site", "none")]));
        }
        assert!(is(Method::POST, member, &[]), "its token shows that it is from here");
        assert!(!is(Method::POST, Access::Public, &[]), "nothing does");
    }

    #[test]
    fn a_cookie_is_found_by_its_very_name_and_only_if_there_is_one() {
        let found = |values: &[&str]| {
            let given: Vec<(&str, &str)> = values.iter().map(|value| ("cookie", *value)).collect();
            cookie(&headers(&given), "__Host-access").map(|value| value.map(str::to_owned))
        };
        let some = |value: &str| Ok(Some(value.to_owned()));
        assert_eq!(found(&["__Host-access=x"]), some("x"));
        assert_eq!(found(&["a=1; __Host-access=x=y;\t__Host-refresh=z"]), some("x=y"));
        assert_eq!(found(&["a=1", "__Host-access=x"]), some("x"));
        for none in
            [&[][..], &["a=__Host-access=x"], &["__host-access=x"], &["access=x"], &["__Host-access"], &["__Host-access="]]
        {
            assert_eq!(found(none), Ok(None), "{none:?}");
        }
        let long = format!("__Host-access={}", "x".repeat(MAX_COOKIE_BYTES + 1));
        for refused in [&["__Host-access=x; __Host-access=y"][..], &["__Host-access=x", "__Host-access=x"], &[&long]] {
            assert_eq!(found(refused), Err(Failure::Unauthenticated), "{refused:?}");
        }
    }

    /// A browser checks the prefix of a name as it stands: who trims more than blanks finds the name where it had not seen it.
    #[test]
    fn no_blank_of_another_alphabet_makes_a_cookie_of_ours() {
        for blank in ["\u{a0}", "\u{2000}", "\u{3000}"] {
            let mut given = HeaderMap::new();
            given.insert(COOKIE, HeaderValue::from_bytes(format!("{blank}__Host-access=x").as_bytes()).unwrap());
            assert_eq!(cookie(&given, "__Host-access"), Err(Failure::Unauthenticated), "{blank:?}");
        }
    }

    #[test]
    fn no_script_and_no_other_host_gets_at_a_cookie_and_no_log_shows_it() {
        let mut answer = Response::default();
        let kept = Cookie::of_session("a.b.c".to_owned(), "demo.r".to_owned());
        assert!(!format!("{kept:?}").contains("a.b.c"));
        kept.iter().chain(&Cookie::of_none()).for_each(|cookie| cookie.set(&mut answer));
        let set: Vec<&str> = answer.headers().get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
        let rest = "Path=/; HttpOnly; Secure; SameSite=Strict";
        assert_eq!(
            set,
            [
                format!("__Host-access=a.b.c; Max-Age=900; {rest}"),
                format!("__Host-refresh=demo.r; Max-Age=2592000; {rest}"),
                format!("__Host-access=; Max-Age=0; {rest}"),
                format!("__Host-refresh=; Max-Age=0; {rest}"),
            ]
        );
    }
}
