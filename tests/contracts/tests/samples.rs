//! The sample events are real: Lambda's own types read them, and functions take them.
#![expect(clippy::unwrap_used, reason = "tests")]

use axum::body::to_bytes;
use contracts_tests::{endpoints, functions, sample, sample_path, text};
use http::{header, request::Parts};
use local::{TestApp, standins::queues::NewMessage};
use platform::{
    Access, Function, Trigger, edge,
    notice::{SIGNATURE_HEADER, TIMESTAMP_HEADER},
};
use serde_json::Value;
use xtask::triggers;

/// What a client gets for input that it must mend.
const REFUSED: [u16; 6] = [400, 401, 403, 413, 415, 422];

#[test]
fn requests_are_for_the_route_of_their_function() {
    for (function, endpoint) in endpoints() {
        let (event, (method, path)) = (sample(function).unwrap(), triggers::route(function).unwrap());
        assert_eq!(event["routeKey"], format!("{method} {path}"));
        assert_eq!(event["requestContext"]["http"]["method"], method);
        assert_eq!(event["requestContext"]["http"]["path"], event["rawPath"]);
        assert_eq!(filled(&path, &event["pathParameters"]), event["rawPath"], "{}", function.spec().name);
        let has_claims = event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"].is_string();
        assert_eq!(has_claims, matches!(endpoint.access(), Access::Role(_)), "{}", function.spec().name);
    }
}

/// A route with its parameters put in.
fn filled(route: &str, parameters: &Value) -> String {
    let parameters = parameters.as_object().cloned().unwrap_or_default();
    parameters.iter().fold(route.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value.as_str().unwrap()))
}

/// A sample as the function's router gets it.
async fn at_the_edge(function: &'static dyn Function) -> (Parts, Vec<u8>) {
    let event: edge::Event = serde_json::from_str(&text(&sample_path(function)).unwrap()).unwrap();
    let (head, body) = event.into_request().unwrap().into_parts();
    (head, to_bytes(body, usize::MAX).await.unwrap().to_vec())
}

#[tokio::test]
async fn the_edge_reads_a_request_as_the_library_of_aws_does() {
    for (function, _) in endpoints() {
        let (head, body) = at_the_edge(function).await;
        let (theirs, their_body) = lambda_http::request::from_str(&text(&sample_path(function)).unwrap()).unwrap().into_parts();
        assert_eq!((head.method, head.uri.path_and_query()), (theirs.method, theirs.uri.path_and_query()));
        assert_eq!((head.headers, body), (theirs.headers, their_body.to_vec()), "{}", function.spec().name);
    }
}

#[tokio::test]
async fn endpoints_understand_their_sample() {
    let app = TestApp::new().await;
    for (function, endpoint) in endpoints() {
        let name = function.spec().name;
        let (head, body) = at_the_edge(function).await;
        let target = head.uri.path_and_query().unwrap().as_str();
        let mut asked = app.one_for(endpoint.access()).request(head.method.as_str().parse().unwrap(), target);
        // The sample's token and signature are none of this system's, and its host is not served here.
        let others = [header::AUTHORIZATION.as_str(), header::HOST.as_str(), TIMESTAMP_HEADER, SIGNATURE_HEADER];
        let own = head.headers.iter().filter(|(header, _)| !others.contains(&header.as_str()));
        for (header, value) in own {
            asked = asked.header(header.as_str(), value.to_str().unwrap());
        }
        let reply = asked.raw_body(body).send().await;
        // A sample's secrets are none of this system's either: that they are wrong is found out by understanding them.
        if endpoint.access() == Access::Public && reply.code().starts_with("wrong-") {
            continue;
        }
        assert!(
            !REFUSED.contains(&reply.status.as_u16()) && !reply.status.is_server_error(),
            "{name}: {} {:#}",
            reply.status,
            reply.body
        );
        assert!(reply.status.is_success() || reply.code().ends_with("-not-found"), "{name}: {} {:#}", reply.status, reply.body);
    }
}

#[test]
fn jobs_can_read_their_sample() {
    for (function, job) in functions().into_iter().filter_map(|function| Some((function, function.as_job()?))) {
        let event = sample(function).unwrap();
        assert!(job.reads(&event), "{} can't read its sample", function.spec().name);
        comes_from_where_it_must(function, &event);
    }
}

#[tokio::test]
async fn queues_deliver_the_samples() {
    let app = TestApp::new().await;
    for function in functions() {
        let Trigger::Queue { queue, .. } = function.trigger() else { continue };
        let event = sample(function).unwrap();
        for record in event["Records"].as_array().unwrap() {
            let message = NewMessage::new(record["body"].as_str().unwrap());
            app.system().standins().queues().send(queue.name, message).unwrap();
        }
    }
    app.settle().await;
    // What the samples tell of is not there: that may be a reason to park one, but none to try again for ever.
    let waiting: Vec<String> = app
        .queues()
        .into_iter()
        .filter(|queue| queue.dead_letter_of.is_empty() && queue.visible > 0)
        .map(|queue| queue.name)
        .collect();
    assert!(waiting.is_empty(), "{waiting:?}");
    for (queue, letter) in app.dead_letters() {
        let reason = letter.attributes.get("reason").map_or("received too often", String::as_str);
        assert_eq!((queue.as_str(), reason), ("deals-search-answered-dead", "the answer has expired"));
    }
}

fn comes_from_where_it_must(function: &'static dyn Function, event: &Value) {
    let name = function.spec().name;
    match function.trigger() {
        Trigger::Queue { queue, .. } => {
            let source = event["Records"][0]["eventSourceARN"].as_str().unwrap();
            assert!(source.ends_with(&format!(":{}", queue.name)), "{name}: {source}");
        }
        Trigger::Schedule { .. } => {
            let source = event["resources"][0].as_str().unwrap();
            assert!(source.ends_with(&format!("/{name}")), "{name}: {source}");
        }
        Trigger::Http(_) => unreachable!("{name} is no job"),
    }
}
