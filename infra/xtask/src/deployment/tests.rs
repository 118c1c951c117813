//! `docs/deployment.md` tells of the templates as they are.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_norway::Value;

use crate::files;

fn document() -> String {
    files::read(&crate::root().join("docs/deployment.md")).unwrap()
}

/// The parameters of the root template, each with its default.
fn parameters() -> Vec<(String, Option<String>)> {
    let template: Value = serde_norway::from_str(&files::read(&crate::root().join("template.yaml")).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.as_i64().unwrap().to_string(), str::to_owned);
    let declared = template["Parameters"].as_mapping().unwrap().iter();
    declared.map(|(name, parameter)| (text(name), parameter.get("Default").map(text))).collect()
}

#[test]
fn every_parameter_is_in_the_table_with_its_default() {
    let document = document();
    let table = document.split("| parameter |").nth(1).unwrap().split("\n\n").next().unwrap();
    let rows = table.lines().skip(2).map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`')).collect::<Vec<_>>());
    let told: Vec<(String, Option<String>)> = rows
        .map(|row| {
            let default = match row[2] {
                "" => None,
                "none" => Some(String::new()),
                default => Some(default.to_owned()),
            };
            (row[1].to_owned(), default)
        })
        .collect();
    assert_eq!(told, parameters());
}

#[test]
fn the_file_of_parameters_says_all_that_must_be_said_and_nothing_unknown() {
    let document = document();
    let file = document.split("# live.yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let file: Value = serde_norway::from_str(file).unwrap();
    let parameters = parameters();
    for (name, _) in parameters.iter().filter(|(_, default)| default.is_none()) {
        assert!(file.get(name).is_some(), "{name}");
    }
    for (name, _) in file.as_mapping().unwrap() {
        assert!(parameters.iter().any(|(known, _)| known == name.as_str().unwrap()), "{name:?}");
    }
}
