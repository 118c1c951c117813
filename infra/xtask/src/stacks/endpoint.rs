//! An endpoint: its route and that of pages, and the leave of the API to call it there.

use platform::Access;
use serde_json::{Value, json};

use super::{
    StackError, alarm,
    function::{Named, alias},
    template::{CHECKS_TOKENS, Template, arn, reference, sub},
};
use crate::triggers;

/// The routes of an endpoint, by raw resources: an `HttpApi` event can't name an API of another stack.
pub(super) fn add(template: &mut Template, endpoint: &Named, access: Access) -> Result<(), StackError> {
    let (spec, id) = (endpoint.function.spec(), &endpoint.id);
    let own = triggers::route(endpoint.function).ok_or(StackError::Route(spec.name))?;
    template.add(
        format!("{id}Integration"),
        "AWS::ApiGatewayV2::Integration",
        json!({
            "ApiId": reference("ApiId"),
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": alias(endpoint),
            "PayloadFormatVersion": "2.0",
            "TimeoutInMillis": u32::from(spec.timeout_seconds) * 1_000,
        }),
    );
    let checks = match access {
        Access::Public | Access::Signed => Checks::Nothing,
        Access::Role(_) => Checks::Tokens,
    };
    add_route(template, endpoint, "", &own, checks);
    // A page has its token in a cookie, where the authorizer of an API does not look: the function does.
    if let Some(of_pages) = triggers::route_of_pages(endpoint.function) {
        add_route(template, endpoint, "Web", &of_pages, Checks::Nothing);
    }
    alarm::slow(template, endpoint);
    Ok(())
}

/// What the API looks at before it calls the function.
#[derive(Clone, Copy)]
enum Checks {
    Nothing,
    Tokens,
}

fn add_route(template: &mut Template, endpoint: &Named, kind: &str, (method, path): &(&str, String), checks: Checks) {
    let id = &endpoint.id;
    let mut route = json!({
        "ApiId": reference("ApiId"),
        "RouteKey": format!("{method} {path}"),
        "Target": sub(format!("integrations/${{{id}Integration}}")),
    });
    match checks {
        Checks::Nothing => {}
        Checks::Tokens => {
            route["AuthorizationType"] = if_checked(json!("JWT"), json!("NONE"));
            route["AuthorizerId"] = if_checked(reference("AuthorizerId"), reference("AWS::NoValue"));
        }
    }
    template.add(format!("{id}{kind}Route"), "AWS::ApiGatewayV2::Route", route);
    template.add(
        format!("{id}{kind}Permission"),
        "AWS::Lambda::Permission",
        json!({
            "FunctionName": alias(endpoint),
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": sub(arn("execute-api", &format!("${{ApiId}}/*/{method}{}", any_parameter(path)))),
        }),
    );
}

fn if_checked(then: Value, otherwise: Value) -> Value {
    json!({"Fn::If": [CHECKS_TOKENS.0, then, otherwise]})
}

/// A path with a star in place of its parameter, as the ARNs of requests have the value there.
fn any_parameter(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "*" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
