//! `/v1/health`, `/v1/openapi.json`, and what holds for every address.

use std::collections::BTreeSet;

use http::Method;
use local::{TestApp, machine};
use serde_json::Value;

use crate::support::told;

const DOCUMENT: &str = include_str!("../../../../functions/system/openapi.json");

#[tokio::test]
async fn health_is_told_to_anyone_and_never_kept() {
    let app = TestApp::new().await;
    for host in ["localhost", "unknown.example"] {
        let reply = app.anonymous().at(host).get("/v1/health").send().await;
        reply.assert(200, "");
        assert_eq!(reply.header("cache-control"), "no-store");
        insta::assert_json_snapshot!("health", reply.body);
    }
}

#[test]
fn a_body_is_an_object_even_where_it_may_be_left_out() {
    let endpoints = machine::functions().into_iter().filter_map(|function| function.as_endpoint());
    let (mut may_be_left_out, mut null) = (BTreeSet::new(), Vec::new());
    for endpoint in endpoints {
        let document = serde_json::to_value(endpoint.describe()).unwrap();
        for operation in document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values()) {
            let body = &operation["requestBody"];
            if body.is_object() && body["required"] != true {
                may_be_left_out.insert(operation["operationId"].as_str().unwrap().to_owned());
            }
            let schema = &body["content"]["application/json"]["schema"];
            let either = schema["oneOf"].as_array().into_iter().flatten();
            null.extend(either.filter(|one| one["type"] == "null").map(|_| operation["operationId"].clone()));
        }
    }
    assert_eq!(may_be_left_out.iter().collect::<Vec<_>>(), ["put_saved_deal", "re_verify_booking", "transfer_booking"]);
    assert_eq!(null, Vec::<Value>::new());
}

#[tokio::test]
async fn the_document_served_is_the_committed_one() {
    let app = TestApp::new().await;
    let reply = app.anonymous().get("/v1/openapi.json").send().await;
    reply.assert(200, "");
    assert_eq!(reply.body, serde_json::from_str::<Value>(DOCUMENT).unwrap());
    assert_eq!((reply.header("content-type"), reply.header("cache-control")), ("application/json", "public, max-age=3600"));
    let again = app.anonymous().get("/v1/openapi.json").header("if-none-match", reply.header("etag")).send().await;
    again.assert(304, "");
}

#[tokio::test]
async fn the_document_describes_every_endpoint_and_no_other() {
    let app = TestApp::new().await;
    let document = app.anonymous().get("/v1/openapi.json").send().await.body;
    let described = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods = ["get", "post", "put", "patch", "delete"].into_iter().filter(|method| item.get(*method).is_some());
        methods.map(move |method| format!("{method} {path}"))
    });
    let mut described: Vec<String> = described.collect();
    described.sort();
    let routes = machine::functions().into_iter().filter_map(|function| function.as_endpoint()).map(|endpoint| {
        let (method, path) = endpoint.route();
        format!("{} {path}", crate::routes::method(&method).as_str().to_lowercase())
    });
    let mut routes: Vec<String> = routes.collect();
    routes.sort();
    assert_eq!(described, routes);
}

#[tokio::test]
async fn every_answer_is_stamped_with_an_id_of_its_own() {
    let (app, id) = told().await;
    let demo = app.member("demo");
    let mut ids = std::collections::BTreeSet::new();
    let paths = ["/v1/health", "/v1/openapi.json", "/v1/watchers", "/v1/watchers/nothing", "/v1/deals", "/v1/alerts?limit=0"];
    for path in paths.into_iter().map(str::to_owned).chain([format!("/v1/watchers/{id}")]) {
        let reply = demo.get(&path).send().await;
        assert!(reply.header("x-request-id").starts_with("req_"), "{path}");
        assert!(ids.insert(reply.header("x-request-id").to_owned()));
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn where_there_is_no_route_a_problem_says_so() {
    let app = TestApp::new().await;
    for path in ["/", "/v1", "/v1/", "/v1/nothing", "/v1/watchers/", "/v1/Watchers", "/v2/watchers"] {
        for user in [app.anonymous(), app.member("demo")] {
            let reply = user.get(path).send().await;
            reply.assert(404, "route-not-found");
            crate::bad_requests::check_problem(&reply).unwrap_or_else(|fault| panic!("GET {path}: {fault}: {:?}", reply));
        }
    }
}

#[tokio::test]
async fn what_a_route_does_not_take_is_answered_with_a_problem() {
    let app = TestApp::new().await;
    for (method, path) in [(Method::PUT, "/v1/watchers"), (Method::DELETE, "/v1/deals"), (Method::POST, "/v1/health")] {
        let reply = app.member("demo").request(method.clone(), path).send().await;
        assert!([404, 405].contains(&reply.status.as_u16()), "{method} {path}: {}", reply.status);
        crate::bad_requests::check_problem(&reply).unwrap_or_else(|fault| panic!("{method} {path}: {fault}: {:?}", reply));
    }
}
