//! What there is: functions by context, and queues.

use domain::identity::Role;
use jiff::Timestamp;
use platform::{Access, Feed, Function, Trigger};
use serde::Serialize;
use utoipa::openapi::HttpMethod;

use super::{
    NextRun, Pages,
    error::PageError,
    openapi::anchor,
    queue::{QueueLine, lines},
    show::When,
};

#[derive(Serialize)]
pub(super) struct FunctionsView {
    contexts: Vec<ContextView>,
    queues: Vec<QueueLine>,
}

#[derive(Serialize)]
struct ContextView {
    name: &'static str,
    functions: Vec<FunctionView>,
}

#[derive(Serialize)]
struct FunctionView {
    name: &'static str,
    short: &'static str,
    memory_mb: u16,
    timeout_seconds: u16,
    grants: Vec<String>,
    trigger: TriggerView,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum TriggerView {
    Http { method: &'static str, path: String, anchor: String, caller: &'static str },
    Queue { queue: &'static str, batch: u16, events: &'static [&'static str] },
    Schedule { expression: &'static str, woken_by_outbox: bool, next: Option<When>, last: Option<When> },
}

pub(super) fn view(pages: &Pages) -> Result<FunctionsView, PageError> {
    let (runs, now) = ((pages.schedules)(), pages.clock.now());
    let mut contexts: Vec<ContextView> = Vec::new();
    for function in &pages.functions {
        let (name, shown) = (function.spec().context(), function_view(*function, &runs, now));
        match contexts.iter_mut().find(|context| context.name == name) {
            Some(context) => context.functions.push(shown),
            None => contexts.push(ContextView { name, functions: vec![shown] }),
        }
    }
    Ok(FunctionsView { contexts, queues: lines(pages)? })
}

fn function_view(function: &'static dyn Function, runs: &[NextRun], now: Timestamp) -> FunctionView {
    let spec = function.spec();
    FunctionView {
        name: spec.name,
        short: spec.name.split_once('-').map_or(spec.name, |(_, short)| short),
        memory_mb: spec.memory_mb,
        timeout_seconds: spec.timeout_seconds,
        grants: function.grants().iter().map(ToString::to_string).collect(),
        trigger: trigger_view(function, runs, now),
    }
}

fn trigger_view(function: &'static dyn Function, runs: &[NextRun], now: Timestamp) -> TriggerView {
    match function.trigger() {
        Trigger::Http(access) => {
            let (method, path) = route(function).unwrap_or_default();
            TriggerView::Http { method, anchor: anchor(method, &path), path, caller: caller(access) }
        }
        Trigger::Queue { queue, batch } => {
            let events = match queue.feed {
                Feed::Sent => &[],
                Feed::Events(events) => events,
            };
            TriggerView::Queue { queue: queue.name, batch, events }
        }
        Trigger::Schedule { expression, woken_by_outbox } => {
            let run = runs.iter().find(|run| run.function == function.spec().name);
            let next = run.map(|run| When::of(run.next, now));
            let last = run.and_then(|run| run.last).map(|last| When::of(last, now));
            TriggerView::Schedule { expression, woken_by_outbox, next, last }
        }
    }
}

/// The method, in small letters, and path of a function that is an endpoint.
pub(super) fn route(function: &'static dyn Function) -> Option<(&'static str, String)> {
    let (method, path) = function.as_endpoint()?.route();
    Some((method_name(&method), path))
}

fn method_name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "get",
        HttpMethod::Post => "post",
        HttpMethod::Put => "put",
        HttpMethod::Delete => "delete",
        HttpMethod::Options => "options",
        HttpMethod::Head => "head",
        HttpMethod::Patch => "patch",
        HttpMethod::Trace => "trace",
    }
}

/// Who may call, in words.
pub(super) fn caller(access: Access) -> &'static str {
    match access {
        Access::Public => "anyone",
        Access::Signed => "systems that sign",
        Access::Role(Role::Member) => "members",
        Access::Role(Role::Partner) => "partners",
        Access::Role(Role::Admin) => "admins",
        Access::Role(Role::Operator) => "operators",
        Access::Role(Role::Service) => "our own jobs",
    }
}
