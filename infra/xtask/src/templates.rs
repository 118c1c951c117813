//! The checks of templates. They are written in Python (`infra/checks`), because the tools that they call are.

use std::{path::Path, process::Command};

use crate::{
    files::{self, FileError},
    python::{self, Set},
};

/// Validates, translates and lints every template, holds it to our own rules, and proves on planted faults that all of that bites.
///
/// # Errors
/// If anything is wrong, after all of it is printed.
pub fn check(root: &Path) -> Result<(), FileError> {
    let python = python::programs(root, Set::Templates)?.join("python");
    let mut checks = Command::new(python);
    checks.arg("-B").arg(root.join("infra/checks")).arg(root);
    // The tools ask for a region, and would tell their makers of every run.
    files::run(checks.env("AWS_DEFAULT_REGION", "us-east-1").env("SAM_CLI_TELEMETRY", "0"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use domain::events;
    use local::machine::functions;
    use serde_norway::Value;
    use storage::tables::{PK, SK, TTL, Table};

    use super::*;
    use crate::triggers;

    fn template(stack: &str) -> Value {
        let text = files::read(&crate::root().join(format!("infra/stacks/{stack}.yaml"))).unwrap();
        serde_norway::from_str(&text).unwrap()
    }

    /// The tables of the template, by what follows the prefix in their name.
    fn tables() -> Vec<(String, Value)> {
        let template = template("data");
        let resources = template["Resources"].as_mapping().unwrap().values();
        let tables = resources.filter(|resource| resource["Type"] == "AWS::DynamoDB::Table").cloned();
        tables.map(|table| (name_of(&table), table)).collect()
    }

    fn name_of(table: &Value) -> String {
        let Value::Tagged(name) = &table["Properties"]["TableName"] else { unreachable!("a name has a prefix") };
        name.value.as_str().unwrap().strip_prefix("${Prefix}").unwrap().to_owned()
    }

    fn keys(of: &Value) -> Vec<(&str, &str)> {
        let keys = of["KeySchema"].as_sequence().unwrap().iter();
        keys.map(|key| (key["AttributeName"].as_str().unwrap(), key["KeyType"].as_str().unwrap())).collect()
    }

    #[test]
    fn the_tables_of_the_cloud_are_those_of_the_code() {
        let tables = tables();
        assert_eq!(tables.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), Table::ALL.map(Table::name));
        for (table, (_, described)) in Table::ALL.into_iter().zip(&tables) {
            let properties = &described["Properties"];
            assert_eq!(keys(properties), [(PK, "HASH"), (SK, "RANGE")], "{table:?}");
            let indexes: Vec<&Value> = properties["GlobalSecondaryIndexes"].as_sequence().into_iter().flatten().collect();
            let names = indexes.iter().map(|index| index["IndexName"].as_str().unwrap());
            assert_eq!(names.collect::<Vec<_>>(), table.indexes(), "{table:?}");
            for (index, name) in indexes.iter().zip(table.indexes()) {
                assert_eq!(keys(index), [(&*format!("{name}{PK}"), "HASH"), (&*format!("{name}{SK}"), "RANGE")]);
                assert_eq!(index["Projection"]["ProjectionType"], "ALL");
            }
            assert_eq!(properties["TimeToLiveSpecification"]["AttributeName"], TTL);
        }
    }

    #[test]
    fn every_event_is_archived() {
        assert_eq!(template("bus")["Resources"]["Archive"]["Properties"]["EventPattern"]["source"][0], events::SOURCE);
    }

    #[test]
    fn pages_may_use_every_method_that_there_is() {
        let Value::Tagged(cors) = &template("api")["Resources"]["Api"]["Properties"]["CorsConfiguration"] else {
            unreachable!("without origins there is none")
        };
        let allowed = cors.value[1]["AllowMethods"].as_sequence().unwrap();
        for (method, path) in functions().into_iter().filter_map(triggers::route) {
            assert!(allowed.contains(&method.into()), "{method} {path}");
        }
    }

    #[test]
    fn what_is_stored_is_hard_to_lose() {
        for (name, table) in tables() {
            let properties = &table["Properties"];
            assert_eq!(properties["DeletionProtectionEnabled"], true, "{name}");
            assert_eq!(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true, "{name}");
            assert_eq!((&table["DeletionPolicy"], &table["UpdateReplacePolicy"]), (&"Retain".into(), &"Retain".into()), "{name}");
        }
    }
}
