//! Running one function as a Lambda.

use std::{process::ExitCode, sync::Arc};

use axum::Router;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{LambdaEvent, service_fn};
use tower::ServiceExt;

use crate::{
    aws::Aws,
    chance::SystemChance,
    clock::{SystemClock, deadline},
    config::Config,
    deps::Deps,
    edge,
    function::{Endpoint, Function, Job, Scheduled, Worker},
    gateway,
    outside::{Nowhere, Outside, OverHttp},
    queues::Message,
    telemetry,
};

/// What runs as a Lambda. Each kind of function is served in its own way, and links no other: a job has no router in it.
pub trait Serve: Function {
    /// Answers events until the sandbox ends.
    fn serve(&'static self, cx: Deps) -> impl Future<Output = Result<(), lambda_runtime::Error>>;
}

impl Serve for Endpoint {
    async fn serve(&'static self, cx: Deps) -> Result<(), lambda_runtime::Error> {
        let service = gateway::service(self, &cx);
        lambda_runtime::run(service_fn(move |event| answer(service.clone(), event))).await
    }
}

impl<M: Message> Serve for Worker<M> {
    async fn serve(&'static self, cx: Deps) -> Result<(), lambda_runtime::Error> {
        lambda_runtime::run(service_fn(move |event| invoke(self, cx.clone(), event))).await
    }
}

impl Serve for Scheduled {
    async fn serve(&'static self, cx: Deps) -> Result<(), lambda_runtime::Error> {
        lambda_runtime::run(service_fn(move |event| invoke(self, cx.clone(), event))).await
    }
}

/// Runs a function until the sandbox ends. A bad configuration or table stops the start, and names itself in the log.
pub fn serve(function: &'static impl Serve) -> ExitCode {
    serve_with(function, || Ok(Arc::new(Nowhere)))
}

/// Runs a function that calls the world outside. Only its binary links what that takes.
pub fn serve_calling(function: &'static impl Serve) -> ExitCode {
    serve_with(function, || Ok(Arc::new(OverHttp::new().map_err(|error| error.to_string())?)))
}

fn serve_with(function: &'static impl Serve, outside: fn() -> Result<Arc<dyn Outside>, String>) -> ExitCode {
    telemetry::start_json_logs();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        let cx = deps(function, outside()?)?;
        runtime.block_on(function.serve(cx)).map_err(|error| error.to_string())
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(function = function.spec().name, error, "stopped");
            ExitCode::FAILURE
        }
    }
}

fn deps(function: &'static dyn Function, outside: Arc<dyn Outside>) -> Result<Deps, String> {
    function.spec().check_tables().map_err(|error| error.to_string())?;
    let variable = |name: &str| std::env::var(name).ok();
    let config = Config::read(variable, &function.needed()).map_err(|error| error.to_string())?;
    let aws = Aws::from_environment(variable).map_err(|error| error.to_string())?;
    let cx = Deps::new(function.spec(), config, aws, Arc::new(SystemClock), Arc::new(SystemChance), outside);
    // On the hot path of nearly every function: built now, while the sandbox's CPU is not yet throttled.
    cx.store();
    Ok(cx)
}

async fn answer(service: Router, event: LambdaEvent<edge::Event>) -> Result<edge::Reply, lambda_runtime::Error> {
    let response = match event.payload.into_request() {
        Ok(request) => service.oneshot(request).await?,
        Err(failure) => gateway::malformed(failure).await,
    };
    Ok(edge::Reply::of(response).await?)
}

async fn invoke(
    job: &'static dyn Job,
    cx: Deps,
    event: LambdaEvent<serde_json::Value>,
) -> Result<serde_json::Value, lambda_runtime::Error> {
    let timeout = SignedDuration::from_secs(cx.function().timeout_seconds.into());
    let deadline = deadline(named(event.context.deadline), cx.now(), timeout);
    job.invoke(&cx, event.payload, deadline).await.map_err(Into::into)
}

/// The instant that Lambda names in milliseconds since the epoch; none if it is 0, or no instant.
fn named(millis: u64) -> Option<Timestamp> {
    let millis = i64::try_from(millis).ok().filter(|millis| *millis != 0)?;
    Timestamp::from_millisecond(millis).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_deadline_is_told_in_milliseconds() {
        assert_eq!(named(1_771_356_270_123).unwrap().to_string(), "2026-02-17T19:24:30.123Z");
        let last_second = u64::try_from(Timestamp::MAX.as_second()).unwrap();
        assert_eq!(named(last_second * 1_000).unwrap().as_second(), Timestamp::MAX.as_second());
        for none in [0, (last_second + 1) * 1_000, i64::MAX.cast_unsigned(), u64::MAX] {
            assert_eq!(named(none), None, "{none}");
        }
    }
}
