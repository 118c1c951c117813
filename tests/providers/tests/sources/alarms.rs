//! Whoever calls sources is looked at by the alarms on breakers and on calls that fail.

use local::machine;
use providers::sources::SOURCES;
use storage::Grant;

/// Functions that call a source.
fn callers() -> Vec<&'static str> {
    let is_source = |id: &str| SOURCES.iter().any(|source| source.id == id);
    let functions = machine::functions().into_iter().map(|function| function.spec());
    let callers = functions.filter(|spec| spec.declared().any(|grant| matches!(grant, Grant::Call(called) if is_source(called))));
    callers.map(|spec| spec.name).collect()
}

#[test]
fn every_function_that_calls_sources_is_in_the_alarms_about_them() {
    let template = include_str!("../../../../infra/stacks/operations.yaml");
    let alarms: Vec<&str> = template.split("Type: AWS::CloudWatch::Alarm").skip(1).collect();
    let is_shown = |metric: &str, function: &str| {
        let shown =
            format!("MetricName: {metric}\n              Dimensions: [{{Name: function, Value: !Sub '${{Prefix}}{function}'}}]");
        alarms.iter().any(|alarm| alarm.contains(&shown))
    };
    let callers = callers();
    assert!(callers.len() > 5, "{callers:?}");
    for function in callers {
        for metric in ["BreakersOpened", "OutsideCalls", "OutsideCallsFailed"] {
            assert!(is_shown(metric, function), "no alarm of infra/stacks/operations.yaml looks at {metric} of {function}");
        }
    }
    // CloudWatch takes ten metrics in an expression.
    assert!(alarms.iter().all(|alarm| alarm.matches("MetricStat:").count() <= 10));
}
