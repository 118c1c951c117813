//! Tables for `docs/`, from the descriptors and the entities.

use platform::{Endpoint, Function};
use storage::{KINDS, Keyspace, Kind};

use crate::{contexts::functions, files::Made, triggers};

const FUNCTIONS: &str = "# Functions

Made by `cargo xtask docs` from the descriptors; a test fails when it is stale. Grants include what the trigger implies:
endpoints that take a token look up the tenant of the host, those that write leave receipts and are counted, and workers may
send to their queue's dead letters. Limits are of a minute; reads are throttled by API Gateway. Endpoints under `/v1` for members,
admins or anyone answer pages, too, at the same path after `/web`.
";

const DATA: &str = "# Data

Made by `cargo xtask docs` from what each entity says of itself (`storage::KINDS`); a test fails when it is stale. In key
patterns `{…}` stands for one part; a sort key ending in `#`, or empty, is what sort keys begin with.
";

/// The tables as files.
pub fn files() -> [Made; 2] {
    [
        Made { path: "docs/functions.md".to_owned(), text: format!("{FUNCTIONS}\n{}", functions_table()) },
        Made { path: "docs/data.md".to_owned(), text: format!("{DATA}\n{}", data_table()) },
    ]
}

fn functions_table() -> String {
    let header = ["Function", "Started by", "Who may call", "Limit", "May", "MB", "Seconds", "File"];
    table(&header, functions().into_iter().map(function_row))
}

fn function_row(function: &'static dyn Function) -> Vec<String> {
    let spec = function.spec();
    let mut grants: Vec<String> = function.grants().iter().map(ToString::to_string).collect();
    grants.sort_unstable();
    grants.dedup();
    let file = format!("functions/{}/src/{}.rs", spec.context(), spec.file());
    vec![
        format!("`{}`", spec.name),
        triggers::in_full(function),
        triggers::callers(function).to_owned(),
        function.as_endpoint().and_then(Endpoint::limit).map_or("–".to_owned(), |limit| limit.in_words()),
        grants.join("; "),
        spec.memory_mb.to_string(),
        spec.timeout_seconds.to_string(),
        format!("[{}.rs](../{file})", spec.file()),
    ]
}

fn data_table() -> String {
    table(&["Type", "Context", "Table", "Keys", "Kept", "Privacy"], KINDS.iter().map(|kind| kind_row(kind)))
}

fn kind_row(kind: &Kind) -> Vec<String> {
    let keys: Vec<String> = kind.keys.iter().map(keyspace).collect();
    [&format!("`{}`", kind.name), kind.context, kind.table.name(), &keys.join("<br>"), kind.retention, kind.privacy]
        .map(str::to_owned)
        .into()
}

fn keyspace(keys: &Keyspace) -> String {
    let index = keys.index.map(|index| format!("{index}: ")).unwrap_or_default();
    let sort = if keys.sort.is_empty() { "any".to_owned() } else { format!("`{}`", keys.sort) };
    format!("{index}`{}`, {sort}", keys.partition)
}

fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line =
        |cells: &[String]| format!("| {} |\n", cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "));
    let header: Vec<String> = header.iter().map(|&title| title.to_owned()).collect();
    let rule = format!("|{}\n", "---|".repeat(header.len()));
    rows.fold(line(&header) + &rule, |table, row| table + &line(&row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_can_hold_a_bar() {
        let rows = [vec!["x|y".to_owned(), "z".to_owned()]];
        assert_eq!(table(&["a", "b"], rows.into_iter()), "| a | b |\n|---|---|\n| x\\|y | z |\n");
    }
}
