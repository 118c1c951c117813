//! Errors as each service words them on the wire.

use aws_smithy_runtime_api::{
    client::{orchestrator::HttpResponse, result::ConnectorError},
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use platform::aws::Service;
use serde_json::{Value, json};

use super::{Failure, Refusal};

type Answer = Result<HttpResponse, ConnectorError>;

/// What IAM answers for a service.
pub(super) fn access_denied(service: Service, refusal: &Refusal) -> Answer {
    let message = refusal.to_string();
    match service {
        Service::DynamoDb => error(service, 400, "com.amazon.coral.service#AccessDeniedException", &message),
        Service::Sqs => {
            let mut answer = error(service, 403, "com.amazon.coral.service#AccessDeniedException", &message)?;
            answer.headers_mut().insert("x-amzn-query-error", "AccessDenied;Sender");
            Ok(answer)
        }
        Service::EventBridge | Service::Kms => error(service, 400, "AccessDeniedException", &message),
        Service::Ses => error(service, 403, "AccessDeniedException", &message),
    }
}

/// An injected failure.
pub(super) fn failed(service: Service, operation: &str, failure: Failure) -> Answer {
    match failure {
        Failure::Conflict if operation == "TransactWriteItems" => return cancelled("TransactionConflict"),
        Failure::Cancelled(code) if operation == "TransactWriteItems" => return cancelled(code),
        Failure::Conflict | Failure::Cancelled(_) | Failure::Throttled | Failure::Internal => {}
    }
    let (status, shape) = match (service, failure) {
        (Service::DynamoDb, Failure::Throttled | Failure::Cancelled(_)) => {
            (400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException")
        }
        (Service::DynamoDb, Failure::Conflict) => (400, "com.amazonaws.dynamodb.v20120810#TransactionConflictException"),
        (Service::DynamoDb, Failure::Internal) => (500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
        (Service::Sqs, Failure::Throttled | Failure::Conflict | Failure::Cancelled(_)) => {
            (400, "com.amazonaws.sqs#RequestThrottled")
        }
        (Service::EventBridge | Service::Kms, Failure::Throttled | Failure::Conflict | Failure::Cancelled(_)) => {
            (400, "ThrottlingException")
        }
        (Service::Ses, Failure::Throttled | Failure::Conflict | Failure::Cancelled(_)) => (429, "TooManyRequestsException"),
        (Service::Kms, Failure::Internal) => (500, "KMSInternalException"),
        (Service::Sqs | Service::EventBridge | Service::Ses, Failure::Internal) => (500, "InternalFailure"),
    };
    error(service, status, shape, "injected")
}

/// Transactions don't fail as other writes do: they are cancelled, and the cause is among the reasons.
fn cancelled(code: &str) -> Answer {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{code}]"),
        "CancellationReasons": [{"Code": code, "Message": "injected"}],
    });
    respond(Service::DynamoDb, 400, &body)
}

/// An injected failure of a source outside.
pub(super) fn failed_outside(failure: Failure) -> http::Response<Bytes> {
    let mut answer = http::Response::new(Bytes::new());
    *answer.status_mut() = match failure {
        Failure::Throttled | Failure::Conflict | Failure::Cancelled(_) => http::StatusCode::TOO_MANY_REQUESTS,
        Failure::Internal => http::StatusCode::INTERNAL_SERVER_ERROR,
    };
    answer
}

fn error(service: Service, status: u16, shape: &str, message: &str) -> Answer {
    let mut answer = respond(service, status, &json!({"__type": shape, "message": message}))?;
    // SES names its errors in this header only.
    let name = shape.rsplit_once('#').map_or(shape, |(_, name)| name);
    answer.headers_mut().insert("x-amzn-errortype", name.to_owned());
    Ok(answer)
}

fn respond(service: Service, status: u16, body: &Value) -> Answer {
    let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut answer = HttpResponse::new(status, SdkBody::from(body.to_string()));
    let content_type = match service {
        Service::DynamoDb | Service::Sqs => "application/x-amz-json-1.0",
        Service::EventBridge | Service::Kms => "application/x-amz-json-1.1",
        Service::Ses => "application/json",
    };
    answer.headers_mut().insert("content-type", content_type);
    Ok(answer)
}
