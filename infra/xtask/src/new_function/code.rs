//! The code of a function, from templates in the shape of its neighbours.

use super::{
    order::{Order, Trigger},
    samples,
};
use crate::triggers;

pub(super) fn function(order: &Order) -> String {
    let template = match &order.trigger {
        Trigger::Endpoint { method, .. } if method == "GET" => include_str!("templates/get.rs.txt"),
        Trigger::Endpoint { .. } => include_str!("templates/change.rs.txt"),
        Trigger::Queue { .. } => include_str!("templates/queue.rs.txt"),
        Trigger::Events { .. } => include_str!("templates/events.rs.txt"),
        Trigger::Schedule { .. } => include_str!("templates/schedule.rs.txt"),
    };
    fill(template, order)
}

pub(super) fn test(order: &Order) -> String {
    let template = match &order.trigger {
        Trigger::Endpoint { method, .. } if method == "GET" => include_str!("templates/test_get.rs.txt"),
        Trigger::Endpoint { .. } => include_str!("templates/test_change.rs.txt"),
        Trigger::Queue { .. } | Trigger::Events { .. } => include_str!("templates/test_worker.rs.txt"),
        Trigger::Schedule { .. } => include_str!("templates/test_schedule.rs.txt"),
    };
    fill(template, order)
}

pub(super) fn binary(order: &Order) -> String {
    let (context, snake) = (&order.context, order.snake());
    format!(
        "//! Runs `{context}::{snake}` as a Lambda.\n\nfn main() -> std::process::ExitCode {{\n    platform::lambda::serve(&{context}::{snake}::FUNCTION)\n}}\n"
    )
}

pub(super) fn library(order: &Order) -> String {
    let (name, snake) = (super::capitalised(&order.context), order.snake());
    format!(
        "//! {name}.\n\npub mod {snake};\n\n/// Every function of this context. The stacks, the local run and the contract tests are made from it.\npub static FUNCTIONS: &[&dyn platform::Function] = &[&{snake}::FUNCTION];\n"
    )
}

pub(super) fn manifest(order: &Order) -> String {
    let dependencies: String = order.trigger.dependencies().iter().map(|name| format!("{name}.workspace = true\n")).collect();
    let (context, description) = (&order.context, super::capitalised(&order.context));
    let full = order.full();
    format!(
        r#"[package]
name = "{context}"
description = "{description}."
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[lints]
workspace = true

[lib]
test = false
doctest = false

[[bin]]
name = "{full}"
test = false

[dependencies]
{dependencies}"#
    )
}

/// Puts values in place of `$names`, the longest name first: `$PascalDone` is `$Pascal` and more text.
fn fill(template: &str, order: &Order) -> String {
    let mut values = common(order);
    values.extend(match &order.trigger {
        Trigger::Endpoint { method, path, parameter } => endpoint(method, path, parameter.as_deref()),
        Trigger::Queue { .. } => Vec::new(),
        Trigger::Events { events } => consumer(events),
        Trigger::Schedule { expression } => {
            vec![("$When", triggers::capitalised_schedule(expression)), ("$expression", expression.clone())]
        }
    });
    values.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let line = |line: &str| values.iter().fold(line.to_owned(), |text, (name, value)| text.replace(name, value));
    let filled = template.lines().map(|template| (template, line(template)));
    // A line for something that this function has not is left out.
    let kept = filled.filter(|(template, line)| template.is_empty() || !line.trim().is_empty());
    kept.fold(String::new(), |text, (_, line)| text + &line + "\n")
}

fn common(order: &Order) -> Vec<(&'static str, String)> {
    vec![
        ("$context", order.context.clone()),
        ("$snake", order.snake()),
        ("$Pascal", order.pascal()),
        ("$Sentence", order.sentence()),
        ("$full", order.full()),
        ("$queue", order.queue().unwrap_or_default()),
        ("$body", samples::body(order).to_string()),
    ]
}

fn endpoint(method: &str, path: &str, parameter: Option<&str>) -> Vec<(&'static str, String)> {
    let writes = method != "GET";
    // What already exists has a version that a change can be conditional on.
    let conditional = writes && (method != "POST" || parameter.is_some());
    let of_parameter = |text: fn(&str) -> String| parameter.map(text).unwrap_or_default();
    let when = |condition: bool, text: &str| if condition { text.to_owned() } else { String::new() };
    let path_parameter = of_parameter(|name| format!("(\"{name}\" = String, Path, description = \"Which\"),"));
    let if_match = when(conditional, "(\"If-Match\" = Option<String>, Header, description = \"The version it must have\"),");
    let key = when(writes, "(\"Idempotency-Key\" = Option<String>, Header, description = \"Makes the request safe to repeat\"),");
    let params = path_parameter + &if_match + &key;
    let argument = of_parameter(|name| format!("Path({name}): Path<String>,")) + &when(conditional, "if_match: IfMatch,");
    vec![
        ("$method", method.to_owned()),
        ("$verb", method.to_ascii_lowercase()),
        ("$path", path.to_owned()),
        ("$examplePath", samples::example_path(path)),
        ("$PathImportState", if parameter.is_some() { "Path, State" } else { "State" }.to_owned()),
        ("$field", of_parameter(|name| format!("/// Which.\n    {name}: String,"))),
        ("$value", of_parameter(|name| format!("{name},"))),
        ("$params", if params.is_empty() { params } else { format!("params({params}),") }),
        ("$argument", argument),
        ("$IfMatchImport", when(conditional, "IfMatch,")),
        ("$check", when(conditional, "if_match.check(member.version)?;")),
        ("$version", when(conditional, ".version(member.version)")),
        ("$settle", when(conditional, ".map_err(|failure| if_match.settle(failure))")),
    ]
}

fn consumer(events: &[String]) -> Vec<(&'static str, String)> {
    let quoted: Vec<String> = events.iter().map(|event| format!("`{event}`")).collect();
    let names: Vec<String> = events.iter().map(|event| format!("{event}::NAME")).collect();
    vec![("$events", events.join(", ")), ("$EventsInWords", quoted.join(" or ")), ("$eventNames", names.join(", "))]
}
