//! What every endpoint says of itself, and what it must.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use contracts_tests::endpoints;
use domain::identity::Role;
use platform::Access;
use serde_json::Value;
use xtask::{contexts::functions, openapi, triggers};

/// Changes of one thing that ignore `If-Match`, and why.
const UNCONDITIONAL: &[(&str, &str)] = &[
    ("identity-end-session", "a session is ended whatever was done with it"),
    ("notifications-read-alert", "reading twice changes nothing, and what is read does not depend on the alert's version"),
    ("sources-receive-inventory", "what a source says has changed does not depend on what was known of it"),
];

/// What is asked without being signed in, and may be asked more often than five times a minute, and why.
const BY_SESSION: &[(&str, &str)] = &[
    ("identity-log-out", "who guesses a refresh token guesses 256 bits, and all that they win is that someone is signed out"),
    ("identity-refresh-tokens", "who guesses a refresh token guesses 256 bits, and an office of many apps has one address"),
];

/// What is for members or for anyone, and not for pages, and why.
const APART: &[(&str, &str)] = &[
    ("identity-get-jwks", "programs ask for the issuer's keys where its configuration says"),
    ("identity-get-openid-configuration", "its path is not ours to choose (OpenID Connect Discovery, section 4)"),
];

fn document() -> Value {
    serde_json::to_value(openapi::document().unwrap()).unwrap()
}

/// Every operation, with its method and path.
fn operations() -> Vec<(String, String, Value)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap().clone();
    let of = |(path, item): (String, Value)| {
        let item = item.as_object().unwrap().clone();
        item.into_iter().map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation)).collect::<Vec<_>>()
    };
    paths.into_iter().flat_map(of).collect()
}

fn takes(operation: &Value, header: &str) -> bool {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    parameters.iter().any(|parameter| parameter["in"] == "header" && parameter["name"] == header)
}

#[test]
fn every_endpoint_is_in_the_document_by_its_own_route() {
    let described: BTreeSet<(String, String, String)> = operations()
        .into_iter()
        .map(|(method, path, operation)| (method, path, operation["x-function"].as_str().unwrap().to_owned()))
        .collect();
    let declared: BTreeSet<(String, String, String)> = functions()
        .into_iter()
        .filter_map(|function| {
            triggers::route(function).map(|(method, path)| (method.to_owned(), path, function.spec().name.to_owned()))
        })
        .collect();
    assert_eq!(described, declared);
    assert_eq!(declared.len(), endpoints().len(), "two endpoints have one route");
}

#[test]
fn no_two_routes_differ_by_the_name_of_a_parameter_alone() {
    let shape =
        |path: &str| path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/");
    let shapes: Vec<String> = operations().iter().map(|(method, path, _)| format!("{method} {}", shape(path))).collect();
    assert_eq!(shapes.iter().collect::<BTreeSet<_>>().len(), shapes.len(), "{shapes:?}");
}

#[test]
fn operations_have_ids_of_their_own_a_summary_and_a_tag() {
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations() {
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
            "{method} {path}: its operationId is another's"
        );
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{method} {path}");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{method} {path}");
    }
}

#[test]
fn whoever_needs_a_token_says_so_and_declares_the_refusals() {
    for (function, endpoint) in endpoints() {
        let name = function.spec().name;
        let (_, _, operation) = operations().into_iter().find(|(_, _, operation)| operation["x-function"] == name).unwrap();
        match endpoint.access() {
            Access::Public => assert_eq!(operation["security"], Value::Array(Vec::new()), "{name}"),
            Access::Signed => {
                assert!(operation["security"][0]["signature"].is_array(), "{name}");
                assert!(operation["responses"].get("401").is_some(), "{name} does not declare 401");
            }
            Access::Role(role) => {
                assert_eq!(operation["security"][0]["accessToken"][0], openapi::role_name(role), "{name}");
                for status in ["401", "403"] {
                    assert!(operation["responses"].get(status).is_some(), "{name} does not declare {status}");
                }
            }
        }
    }
}

#[test]
fn pages_ask_what_is_for_members_or_anyone_and_show_a_cookie_and_with_writes_a_token() {
    let mut apart = Vec::new();
    for (function, endpoint) in endpoints() {
        let name = function.spec().name;
        let (method, _, operation) = operations().into_iter().find(|(_, _, operation)| operation["x-function"] == name).unwrap();
        let is_for_others = matches!(endpoint.access(), Access::Signed | Access::Role(Role::Operator | Role::Service));
        assert_eq!(operation["servers"].is_array(), !endpoint.is_for_pages(), "{name}");
        match (triggers::route_of_pages(function), operation["security"].get(1)) {
            (Some((_, path)), shown) => {
                assert_eq!(path, format!("/web{}", endpoint.route().1));
                let shows = shown.map(|shown| (shown["accessCookie"].is_array(), shown["csrfToken"].is_array()));
                assert_eq!(shows, (endpoint.access() != Access::Public).then_some((true, method != "GET")), "{name}");
            }
            (None, shown) => assert!(
                shown.is_none()
                    && (is_for_others || {
                        apart.push(name);
                        true
                    }),
                "{name}"
            ),
        }
    }
    apart.sort_unstable();
    assert_eq!(apart, APART.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

/// The names of the fields of a schema and of all that is in it.
fn fields(schema: &Value) -> Vec<&str> {
    let within = match schema {
        Value::Object(of) => of.values().flat_map(fields).collect(),
        Value::Array(of) => of.iter().flat_map(fields).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    own.chain(within).collect()
}

#[test]
fn every_field_is_described_in_camel_case() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        // Its names are those of OpenID Connect Discovery.
        let snake: Vec<&str> = fields(schema).into_iter().filter(|field| field.contains('_')).collect();
        assert!(snake.is_empty() || name == "OpenidConfiguration", "{name}: {snake:?}");
    }
}

#[test]
fn whatever_changes_something_can_be_repeated_safely() {
    for (method, path, operation) in operations().into_iter().filter(|(method, ..)| method != "GET") {
        // What is public leaves no receipts (decision 0016), nor does a question, whose answer would only be out of date; a notice
        // names itself.
        let signed = endpoints()
            .into_iter()
            .any(|(function, endpoint)| operation["x-function"] == function.spec().name && endpoint.access() == Access::Signed);
        let for_callers = operation["security"] != Value::Array(Vec::new()) && !signed;
        let asks = endpoints()
            .into_iter()
            .any(|(function, endpoint)| operation["x-function"] == function.spec().name && !endpoint.changes());
        assert_eq!(takes(&operation, "Idempotency-Key"), for_callers && !asks, "{method} {path}");
    }
}

#[test]
fn whatever_changes_one_thing_can_be_conditional_on_its_version() {
    for (method, path, operation) in operations() {
        let changes_one = matches!(method.as_str(), "PATCH" | "PUT" | "DELETE") || method == "POST" && path.contains('{');
        let excepted = UNCONDITIONAL.iter().any(|(name, _)| operation["x-function"] == *name);
        assert_eq!(takes(&operation, "If-Match"), changes_one && !excepted, "{method} {path}");
    }
}

#[test]
fn what_is_tried_without_being_signed_in_is_limited_by_address_and_by_account_or_session() {
    let of_auth = endpoints().into_iter().filter(|(_, endpoint)| endpoint.route().1.starts_with("/v1/auth/"));
    let mut by_session = Vec::new();
    for (function, endpoint) in of_auth {
        let limit = endpoint.limit().unwrap();
        match (limit.per_minute(), limit.counted_by()) {
            (5, "session") => by_session.push(function.spec().name),
            counted => assert_eq!(counted, (5, "network address and account"), "{}", function.spec().name),
        }
    }
    assert_eq!(by_session, BY_SESSION.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

#[test]
fn every_endpoint_that_changes_something_has_a_limit() {
    for (function, endpoint) in endpoints() {
        let writes = triggers::route(function).is_some_and(|(method, _)| method != "GET");
        assert_eq!(endpoint.limit().is_some(), writes, "{}", function.spec().name);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|field| references(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let (document, mut found) = (document(), BTreeSet::new());
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}
