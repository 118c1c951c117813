//! What surrounds every handler: the caller is verified before it and the answer finished after it.

use std::panic::AssertUnwindSafe;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use domain::faults::Faults;
use futures::FutureExt;
use http::{HeaderName, Method, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::{
    caller::Caller,
    cdn,
    chance::{self, SystemChance},
    clock::{Clock, SystemClock},
    command::Asked,
    deps::Deps,
    failure::Failure,
    function::{Access, Endpoint},
    limit::Limit,
    problem::Problem,
    query,
    reply::{set_header, tell_when},
    signature::CURSOR_KEY,
    web::{self, Way},
};

/// The largest answer: Lambda takes 6 MB, in which a text may be twice as long as it is. All of ours are smaller.
pub(crate) const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// The router of one endpoint, with everything around its handler.
pub fn router(endpoint: &'static Endpoint, cx: &Deps) -> Router {
    let around = Around {
        cx: cx.clone(),
        access: endpoint.access(),
        limit: endpoint.limit(),
        for_pages: endpoint.is_for_pages(),
        parameters: endpoint.parameters(),
    };
    let surrounded = endpoint.handler().layer(from_fn_with_state(around, surround));
    Router::new().route(&endpoint.route().1, surrounded).with_state(cx.clone())
}

/// The same with an answer for whatever it does not serve: what a Lambda runs.
pub fn service(endpoint: &'static Endpoint, cx: &Deps) -> Router {
    router(endpoint, cx).fallback(nowhere).method_not_allowed_fallback(wrong_method)
}

/// Where there is no route.
pub async fn nowhere() -> Response {
    unrouted(Failure::NotFound("route")).await
}

/// Where there is a route, but not for this method.
pub async fn wrong_method() -> Response {
    unrouted(Failure::WrongMethod).await
}

/// What is no request.
pub(crate) async fn malformed(failure: Failure) -> Response {
    unrouted(failure).await
}

/// No function answers here, and none gives the request an id; only what is finished by an id of its own is complete.
async fn unrouted(failure: Failure) -> Response {
    let request_id = format!("req_{}", chance::ulid(&SystemChance, SystemClock.now()));
    finish(failure.into_response(), &Method::HEAD, None, &request_id).await
}

/// What surrounds a handler.
#[derive(Clone)]
struct Around {
    cx: Deps,
    access: Access,
    limit: Option<Limit>,
    for_pages: bool,
    parameters: &'static [String],
}

impl Around {
    /// Who calls, and as often as is allowed; and the request, as the handler gets it.
    async fn admit(&self, mut request: Request, way: Way) -> Result<(Option<Caller>, Request), Failure> {
        let Self { cx, access, limit, for_pages, parameters } = self;
        cdn::enter(cx.config().secrets.get(CURSOR_KEY), &mut request)?;
        match way {
            Way::App => {}
            Way::Web if *for_pages => web::is_from_here(request.method(), request.headers(), *access)?,
            Way::Web => return Err(Failure::NotFound("route")),
        }
        let caller = match access {
            Access::Public | Access::Signed => None,
            Access::Role(_) => Some(Caller::verify(cx, request.headers(), way, *access).await?),
        };
        if let Some(caller) = &caller {
            if way == Way::Web && !request.method().is_safe() {
                web::shows_csrf_token(cx, request.headers(), caller.session)?;
            }
            request.extensions_mut().insert(caller.clone());
        }
        if let Some(limit) = limit {
            request = limit.admit(cx, caller.as_ref(), request).await?;
        }
        match query::check(request.uri(), parameters) {
            // Who only reads is told all at once: what is wrong with the other parameters, too.
            Err(faults) if request.method().is_safe() => _ = request.extensions_mut().insert(Misnamed(faults)),
            checked => checked?,
        }
        Ok((caller, request))
    }
}

/// What is wrong with the names of a request's parameters.
#[derive(Clone)]
struct Misnamed(Faults);

impl Misnamed {
    /// A refusal that names these, too, where the answer names other faults of the parameters.
    fn refuse(self, answered: &mut Response) -> Response {
        let refused = Failure::from(self.0).problem();
        match answered.extensions_mut().remove::<Problem>() {
            Some(problem) if problem.code() == refused.code() => refused.and(problem).into_response(),
            Some(_) | None => refused.into_response(),
        }
    }
}

async fn surround(State(around): State<Around>, request: Request, next: Next) -> Response {
    let cx = &around.cx;
    let started = cx.now();
    let request_id = format!("req_{}", ulid::Ulid::from(cx.new_id::<domain::ids::EventId>()));
    let method = request.method().clone();
    let if_none_match = request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let way = Way::of(request.extensions());
    let mut tenant = None;
    let mut answered = match around.admit(request, way).await {
        Ok((caller, mut request)) => {
            tenant = caller.as_ref().map(|caller| caller.tenant().to_string());
            let asked = Asked::default();
            request.extensions_mut().insert(asked.clone());
            let misnamed = request.extensions_mut().remove::<Misnamed>();
            let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
            let mut answered = asked.settle(cx, answered.unwrap_or_else(|_| Failure::Internal.into_response())).await;
            if let Some(misnamed) = misnamed {
                answered = misnamed.refuse(&mut answered);
            }
            match way {
                Way::App => answered,
                Way::Web => web::to_page(cx, answered, caller.map(|caller| caller.session)),
            }
        }
        Err(failure) => failure.into_response(),
    };
    if let Some(limit) = around.limit {
        limit.tell(&mut answered, started);
    }
    tell_when(&mut answered, cx.now());
    let response = finish(answered, &method, if_none_match.as_deref(), &request_id).await;
    let (function, status) = (cx.function().name, response.status().as_u16());
    let millis = cx.now().duration_since(started).as_millis();
    tracing::info!(function, status, millis, request_id, tenant, "request");
    response
}

/// Stamps problems with the request's id, tags answers, answers 304, and says how long an answer may be kept.
async fn finish(mut response: Response, method: &Method, if_none_match: Option<&str>, request_id: &str) -> Response {
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        problem.request_id = Some(request_id.to_owned());
        *response.body_mut() = Body::from(problem.body());
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    if method == Method::GET && response.status() == StatusCode::OK {
        response = tagged(response).await;
        let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
        if tag
            .zip(if_none_match)
            .is_some_and(|(tag, known)| known == "*" || known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag))
        {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
                response.headers_mut().remove(name);
            }
        }
    }
    if !response.headers().contains_key(header::CACHE_CONTROL) {
        let shown = response.status() == StatusCode::OK || response.status() == StatusCode::NOT_MODIFIED;
        // The caller's own, and to be asked for again: a tag makes that cheap. Everything else is nobody's to keep.
        set_header(
            &mut response,
            header::CACHE_CONTROL,
            if method == Method::GET && shown { "private, no-cache" } else { "no-store" },
        );
    }
    set_header(&mut response, HeaderName::from_static("x-request-id"), request_id);
    set_header(&mut response, HeaderName::from_static("x-content-type-options"), "nosniff");
    response
}

/// Tags an answer with the hash of its body, after its version where it has one: `If-Match` is held against the version,
/// `If-None-Match` against all that is shown.
async fn tagged(response: Response) -> Response {
    let version =
        response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(|tag| tag.trim_matches('"').to_owned());
    let (parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MAX_ANSWER_BYTES).await else { return Failure::Internal.into_response() };
    let hash: String = Sha256::digest(&bytes)[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    let mut response = Response::from_parts(parts, Body::from(bytes));
    let tag = version.map_or(hash.clone(), |version| format!("{version}-{hash}"));
    set_header(&mut response, header::ETAG, &format!("\"{tag}\""));
    response
}
