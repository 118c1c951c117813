//! What starts a function, in words: the first line of its file, and the tables.

use platform::{Access, Feed, Function, Trigger, web::PREFIX};
use utoipa::openapi::HttpMethod;

use crate::openapi::role_name;

/// What the first line of a function's file begins with, after `//! `.
pub fn first_words(function: &'static dyn Function) -> String {
    match function.trigger() {
        Trigger::Http(_) => route(function).map_or_else(String::new, |(method, path)| format!("`{method} {path}`")),
        Trigger::Queue { queue, .. } => format!("Queue `{}`", queue.name),
        Trigger::Schedule { expression, woken_by_outbox: false } => capitalised_schedule(expression),
        Trigger::Schedule { expression, woken_by_outbox: true } => format!("Woken by the outbox, and {}", schedule(expression)),
    }
}

/// What starts a function, in full.
pub fn in_full(function: &'static dyn Function) -> String {
    match function.trigger() {
        Trigger::Queue { queue, batch } => match queue.feed {
            Feed::Sent => format!("queue `{}`, by {batch}", queue.name),
            Feed::Events(events) => format!("queue `{}`, by {batch}: {}", queue.name, events.join(", ")),
        },
        Trigger::Http(_) => first_words(function),
        Trigger::Schedule { expression, woken_by_outbox } => {
            let woken = if woken_by_outbox { "; woken by the outbox" } else { "" };
            format!("`{expression}`{woken}")
        }
    }
}

/// Who may call.
pub fn callers(function: &'static dyn Function) -> &'static str {
    match function.trigger() {
        Trigger::Http(Access::Public) => "anyone",
        Trigger::Http(Access::Signed) => "by signature",
        Trigger::Http(Access::Role(role)) => role_name(role),
        Trigger::Queue { .. } | Trigger::Schedule { .. } => "–",
    }
}

/// Method and path of an endpoint.
pub fn route(function: &'static dyn Function) -> Option<(&'static str, String)> {
    let (method, path) = function.as_endpoint()?.route();
    Some((method_name(&method), path))
}

/// Where else it answers: under the prefix of pages, if it is for them.
pub fn route_of_pages(function: &'static dyn Function) -> Option<(&'static str, String)> {
    function.as_endpoint().filter(|endpoint| endpoint.is_for_pages())?;
    route(function).map(|(method, path)| (method, format!("{PREFIX}{path}")))
}

fn method_name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Head => "HEAD",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Trace => "TRACE",
    }
}

/// A schedule expression in words: `rate(1 minute)` is `every minute`. What is no rate is quoted.
pub fn schedule(expression: &str) -> String {
    let rate = expression.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')'));
    match rate.map(|rate| rate.strip_prefix("1 ").unwrap_or(rate)) {
        Some(rate) => format!("every {rate}"),
        None => format!("by `{expression}`"),
    }
}

/// The same at the beginning of a sentence.
pub fn capitalised_schedule(expression: &str) -> String {
    crate::new_function::capitalised(&schedule(expression))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_read_as_sentences() {
        assert_eq!(capitalised_schedule("rate(1 minute)"), "Every minute");
        assert_eq!(schedule("rate(5 minutes)"), "every 5 minutes");
        assert_eq!(capitalised_schedule("cron(0 9 * * ? *)"), "By `cron(0 9 * * ? *)`");
    }
}
