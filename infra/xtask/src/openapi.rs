//! The OpenAPI document, from every endpoint.

use std::collections::BTreeSet;

use domain::identity::Role;
use platform::{
    Access, Endpoint, Function, Problem,
    notice::SIGNATURE_HEADER,
    web::{ACCESS_COOKIE, CSRF_HEADER, PREFIX},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Server, ServerBuilder,
        extensions::Extensions,
        path::{Operation, PathItem},
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
        tag::Tag,
    },
};

use crate::{contexts::endpoints, files::Made};

/// Where the document lies: in the crate of the function that serves it.
const PATH: &str = "functions/system/openapi.json";
/// How the security scheme of apps is called.
const TOKEN: &str = "accessToken";
/// How that of pages is called: a cookie, and a header that writes show besides.
const COOKIE: &str = "accessCookie";
const CSRF: &str = "csrfToken";
const SIGNATURE: &str = "signature";

/// The media type of problems (RFC 9457).
const PROBLEM_TYPE: &str = "application/problem+json";
/// How their schema is called, and what the names of the answers begin with.
const PROBLEM: &str = "Problem";

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum OpenApiError {
    /// Two endpoints have the same method and path.
    #[error("{0} and another function both answer {1}")]
    RouteTaken(&'static str, String),
    /// Two endpoints mean different things by one name: in the document one of them would be lost.
    #[error("the schema {1} of {0} is not the {1} of another function")]
    SchemaTaken(&'static str, String),
    /// It can't be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// The document as a file.
///
/// # Errors
/// If endpoints contradict each other.
pub fn file() -> Result<Made, OpenApiError> {
    let text = serde_json::to_string_pretty(&document()?)? + "\n";
    Ok(Made { path: PATH.to_owned(), text })
}

/// The document.
///
/// # Errors
/// If endpoints contradict each other.
pub fn document() -> Result<OpenApi, OpenApiError> {
    let mut api = empty();
    for (function, endpoint) in endpoints() {
        let part = describe(function, endpoint);
        contradiction(function, &api, &part)?;
        api.merge(part);
    }
    let used: BTreeSet<String> =
        operations(&api).into_iter().flat_map(|(_, _, operation)| operation.tags.clone().unwrap_or_default()).collect();
    share_problems(&mut api);
    api.tags = Some(used.into_iter().map(Tag::new).collect());
    Ok(api)
}

/// Puts the problems that many operations answer in one place, and refers to them from there.
fn share_problems(api: &mut OpenApi) {
    let components = api.components.get_or_insert_default();
    for operation in api.paths.paths.values_mut().flat_map(operations_mut) {
        for (status, answer) in &mut operation.responses.responses {
            let RefOr::T(response) = answer else { continue };
            let Some(RefOr::T(content)) = response.content.get_mut(PROBLEM_TYPE) else { continue };
            content.schema = Some(Ref::from_schema_name(PROBLEM).into());
            let name = format!("{PROBLEM}{status}");
            let shared = components.responses.entry(name.clone()).or_insert_with(|| answer.clone());
            if shared == answer {
                *answer = RefOr::Ref(Ref::from_response_name(name));
            }
        }
    }
}

/// The operations of a document: method, path and what is said of it.
pub fn operations(api: &OpenApi) -> Vec<(&'static str, &str, &Operation)> {
    let of = |(path, item)| methods(item).into_iter().filter_map(move |(method, operation)| Some((method, path, operation?)));
    api.paths.paths.iter().flat_map(|(path, item)| of((path.as_str(), item))).collect()
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

fn methods(item: &PathItem) -> [(&'static str, Option<&Operation>); 5] {
    [
        ("GET", item.get.as_ref()),
        ("POST", item.post.as_ref()),
        ("PUT", item.put.as_ref()),
        ("PATCH", item.patch.as_ref()),
        ("DELETE", item.delete.as_ref()),
    ]
}

fn empty() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Mile Buy Club API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Watches award and cash fares, values what it finds, and tells members."));
    let mut api = OpenApiBuilder::new().info(info).servers(Some(servers())).build();
    // The annotations of handlers show problems whole, and leave out what they refer to.
    let mut problem = vec![(PROBLEM.to_owned(), Problem::schema())];
    Problem::schemas(&mut problem);
    let components = api.components.get_or_insert_default();
    components.schemas.extend(problem);
    let schemes = [(TOKEN, SecurityScheme::Http(token())), (COOKIE, cookie()), (CSRF, csrf()), (SIGNATURE, signed())];
    components.security_schemes.extend(schemes.map(|(name, scheme)| (name.to_owned(), scheme.into())));
    api
}

/// Where apps ask, and where pages do.
fn servers() -> [Server; 2] {
    let of = |url: &str, what: &str| ServerBuilder::new().url(url).description(Some(what)).build();
    [
        of("/", "For apps, which send a bearer token. Cookies are ignored."),
        of(
            PREFIX,
            "For pages of the same origin, whose tokens are in cookies. Bearer tokens are ignored. Writes of a session show \
             `X-CSRF-Token`; signing in, renewing and signing out must come with an `Origin`, and take and give no tokens in bodies.",
        ),
    ]
}

fn cookie() -> SecurityScheme {
    let what = "The access token of a page, as signing in or renewing has set it. It counts under `/web` alone.";
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(ACCESS_COOKIE, what)))
}

fn signed() -> SecurityScheme {
    let what = "The HMAC-SHA256 of `X-Timestamp` (seconds since 1970) and the raw body, in hexadecimal digits, under a secret that \
                the sender and we know.";
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(SIGNATURE_HEADER, what)))
}

fn csrf() -> SecurityScheme {
    let what = "What a page's writes show: given by what signs in or renews, and by this header of every answer to a session.";
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(CSRF_HEADER, what)))
}

fn token() -> Http {
    HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An access token of the tenant that the host names. Operations list the role they need."))
        .build()
}

/// What the handler's annotation says, and what the descriptor adds: name, function, and who may call.
fn describe(function: &'static dyn Function, endpoint: &Endpoint) -> OpenApi {
    let mut api = endpoint.describe();
    for item in api.paths.paths.values_mut() {
        for operation in operations_mut(item) {
            operation.operation_id = Some(camel_case(&function.spec().file()));
            operation.security = Some(security(endpoint));
            if !endpoint.is_for_pages() {
                operation.servers = Some(vec![Server::new("/")]);
            }
            operation.extensions = Some(Extensions::from_iter([("x-function", function.spec().name)]));
        }
    }
    api
}

/// OpenAPI 3.1 lets a scheme list roles where OAuth lists scopes. An empty list says that no token is needed; of several entries one
/// will do.
fn security(endpoint: &Endpoint) -> Vec<SecurityRequirement> {
    let role = match endpoint.access() {
        Access::Public => return Vec::new(),
        Access::Signed => return vec![SecurityRequirement::new(SIGNATURE, [""; 0])],
        Access::Role(role) => role,
    };
    let of_app = SecurityRequirement::new(TOKEN, [role_name(role)]);
    if !endpoint.is_for_pages() {
        return vec![of_app];
    }
    let of_page = SecurityRequirement::new(COOKIE, [role_name(role)]);
    let writes = endpoint.route().0 != HttpMethod::Get;
    vec![of_app, if writes { of_page.add(CSRF, [""; 0]) } else { of_page }]
}

/// A role as tokens say it.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Partner => "partner",
        Role::Admin => "admin",
        Role::Operator => "operator",
        Role::Service => "service",
    }
}

fn camel_case(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &crate::new_function::capitalised(word))
}

/// Merging keeps the first of two silently, so it is looked at before.
fn contradiction(function: &'static dyn Function, api: &OpenApi, part: &OpenApi) -> Result<(), OpenApiError> {
    let name = function.spec().name;
    let known: BTreeSet<(&str, &str)> = operations(api).into_iter().map(|(method, path, _)| (method, path)).collect();
    if let Some((method, path, _)) = operations(part).into_iter().find(|(method, path, _)| known.contains(&(*method, *path))) {
        return Err(OpenApiError::RouteTaken(name, format!("{method} {path}")));
    }
    let (Some(before), Some(added)) = (&api.components, &part.components) else { return Ok(()) };
    match added.schemas.iter().find(|(schema, added)| before.schemas.get(*schema).is_some_and(|before| before != *added)) {
        Some((schema, _)) => Err(OpenApiError::SchemaTaken(name, schema.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_json_writes_them() {
        assert_eq!(camel_case("get_openapi"), "getOpenapi");
        assert_eq!(camel_case("run"), "run");
    }

    #[test]
    fn roles_are_named_as_in_tokens() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).ok(), Some(role_name(role).into()));
        }
    }
}
