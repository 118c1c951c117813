//! Alarms. Each costs ten cents a month for each metric that it looks at: what shows elsewhere is not looked at twice.

use platform::{Trigger, telemetry};
use serde_json::{Value, json};

use super::{
    function::{ALIAS, Named},
    template::{Template, prefixed, reference, sub},
};
use crate::triggers;

/// An answer that takes longer is slow, in milliseconds.
const SLOW: u16 = 500;
/// A message that waits longer is late, in seconds: what is due every minute is then fifteen rounds behind.
const LATE: u16 = 900;
/// A worker fails when more than one message in so many does.
const ONE_IN: u16 = 20;
/// More messages than this are no burst any more: twice the largest that is measured (`cargo bench -p load --bench burst`).
const DEEP: u16 = 20_000;

/// A metric over periods of so many seconds.
struct Metric {
    namespace: &'static str,
    name: &'static str,
    dimensions: Value,
    statistic: &'static str,
    period: i64,
}

impl Metric {
    /// Of the alias of a function: what the canary's share does counts.
    fn of_function(function: &Named, name: &'static str, statistic: &'static str, period: i64) -> Self {
        let alias = format!("${{Prefix}}{}:{ALIAS}", function.name());
        let dimensions = json!([
            {"Name": "FunctionName", "Value": prefixed(function.name())},
            {"Name": "Resource", "Value": sub(alias)},
        ]);
        Self { namespace: "AWS/Lambda", name, dimensions, statistic, period }
    }

    /// That we count ourselves, of a function.
    fn of_ours(function: &Named, name: &'static str) -> Self {
        let dimensions = json!([{"Name": "function", "Value": prefixed(function.name())}]);
        Self { namespace: telemetry::NAMESPACE, name, dimensions, statistic: "Sum", period: 60 }
    }

    fn of_queue(queue: &str, name: &'static str) -> Self {
        let dimensions = json!([{"Name": "QueueName", "Value": prefixed(queue)}]);
        Self { namespace: "AWS/SQS", name, dimensions, statistic: "Maximum", period: 60 }
    }

    /// As the only one of an alarm.
    fn alone(&self) -> Value {
        let statistic = if self.statistic.starts_with('p') { "ExtendedStatistic" } else { "Statistic" };
        json!({
            "Namespace": self.namespace,
            "MetricName": self.name,
            "Dimensions": self.dimensions,
            statistic: self.statistic,
            "Period": self.period,
        })
    }

    /// As one of several.
    fn called(&self, id: &str) -> Value {
        json!({
            "Id": id,
            "ReturnData": false,
            "MetricStat": {
                "Metric": {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": self.dimensions},
                "Stat": self.statistic,
                "Period": self.period,
            },
        })
    }
}

/// When an alarm rings: if it was so in some of the latest periods.
struct Rings {
    threshold: Value,
    comparison: &'static str,
    in_periods: u8,
    of_periods: u8,
    when_missing: &'static str,
}

impl Rings {
    fn above(threshold: u16, in_periods: u8, of_periods: u8) -> Self {
        let comparison = "GreaterThanThreshold";
        Self { threshold: threshold.into(), comparison, in_periods, of_periods, when_missing: "notBreaching" }
    }
}

fn add(template: &mut Template, id: String, name: &str, description: &str, looks_at: Value, rings: &Rings) {
    let mut alarm = json!({
        "AlarmName": prefixed(name),
        "AlarmDescription": description,
        "Threshold": rings.threshold,
        "ComparisonOperator": rings.comparison,
        "DatapointsToAlarm": rings.in_periods,
        "EvaluationPeriods": rings.of_periods,
        "TreatMissingData": rings.when_missing,
        "AlarmActions": [reference("AlarmTopicArn")],
        "OKActions": [reference("AlarmTopicArn")],
    });
    if let (Value::Object(alarm), Value::Object(looks_at)) = (&mut alarm, looks_at) {
        alarm.extend(looks_at);
    }
    template.add(id, "AWS::CloudWatch::Alarm", alarm);
}

/// A function that fails: in two minutes of five, so that a blip is none and a canary of five minutes is taken back.
pub(super) fn failing(template: &mut Template, function: &Named) {
    let name = format!("{}-failing", function.name());
    let errors = Metric::of_function(function, "Errors", "Sum", 60);
    let (looks_at, what) = match (function.function.trigger(), triggers::route(function.function)) {
        (_, Some(own)) => (failed_requests(&own, function), "It answers 5xx, or API Gateway does in its place.".to_owned()),
        (Trigger::Queue { .. }, None) => (
            failed_messages(function, &errors),
            format!("It crashes or runs out of time, or more than one message in {ONE_IN} fails, panics or is parked."),
        ),
        (Trigger::Http(_) | Trigger::Schedule { .. }, None) => {
            (errors.alone(), "It fails, crashes or runs out of time.".to_owned())
        }
    };
    add(template, failing_id(function), &name, &what, looks_at, &Rings::above(0, 2, 5));
}

/// What becomes of messages. To Lambda a call that reports its messages as failed is a call that went well, so that our own
/// counts are looked at, too. A new version that fails at all that it is given has a tenth of the messages.
fn failed_messages(worker: &Named, errors: &Metric) -> Value {
    let bad = "FILL(failed, 0) + FILL(parked, 0)";
    let rings = format!("IF(FILL(errors, 0) > 0 OR ({bad}) * {ONE_IN} > FILL(done, 0) + {bad}, 1, 0)");
    json!({"Metrics": [
        errors.called("errors"),
        Metric::of_ours(worker, "JobsFailed").called("failed"),
        Metric::of_ours(worker, "JobsParked").called("parked"),
        Metric::of_ours(worker, "JobsDone").called("done"),
        {"Id": "failing", "Expression": rings, "Label": "Failing"},
    ]})
}

/// The alarm that takes a new version of a function back.
pub(super) fn failing_id(function: &Named) -> String {
    format!("{}Failing", function.id)
}

/// What fails at the route of an endpoint, and at that of pages if it has one.
fn failed_requests(own: &(&str, String), endpoint: &Named) -> Value {
    let failed = |(method, path): &(&str, String)| failed_at(&format!("{method} {path}"));
    match triggers::route_of_pages(endpoint.function) {
        None => failed(own).alone(),
        Some(of_pages) => json!({"Metrics": [
            failed(own).called("apps"),
            failed(&of_pages).called("pages"),
            {"Id": "failing", "Expression": "FILL(apps, 0) + FILL(pages, 0)", "Label": "Failing"},
        ]}),
    }
}

/// What the access log of the API counts, whoever it is that fails.
fn failed_at(route: &str) -> Metric {
    let dimensions = json!([{"Name": "api", "Value": reference("ApiId")}, {"Name": "route", "Value": route}]);
    Metric { namespace: telemetry::NAMESPACE, name: "RequestsFailed", dimensions, statistic: "Sum", period: 60 }
}

/// An endpoint that takes too long for one request in a hundred.
pub(super) fn slow(template: &mut Template, endpoint: &Named) {
    let (id, name) = (format!("{}Slow", endpoint.id), format!("{}-slow", endpoint.name()));
    let duration = Metric::of_function(endpoint, "Duration", "p99", 300);
    let what = format!("One request in a hundred takes more than {SLOW} ms.");
    let mut looks_at = duration.alone();
    // Of few requests the slowest is one that started the function.
    looks_at["EvaluateLowSampleCountPercentile"] = "ignore".into();
    add(template, id, &name, &what, looks_at, &Rings::above(SLOW, 3, 3));
}

/// A queue whose worker does not keep up, or does not work at all.
pub(super) fn backlog(template: &mut Template, id: &str, queue: &str) {
    let metrics = json!({"Metrics": [
        Metric::of_queue(queue, "ApproximateAgeOfOldestMessage").called("age"),
        Metric::of_queue(queue, "ApproximateNumberOfMessagesVisible").called("depth"),
        {"Id": "backlog", "Expression": format!("IF(age > {LATE} OR depth > {DEEP}, 1, 0)"), "Label": "Late or too many"},
    ]});
    let what = format!("A message has waited for more than {LATE} s, or more than {DEEP} wait.");
    add(template, format!("{id}Backlog"), &format!("{queue}-backlog"), &what, metrics, &Rings::above(0, 3, 3));
}

/// Dead letters ring until somebody has acted.
pub(super) fn dead_letters(template: &mut Template, id: &str, queue: &str) {
    let waiting = Metric::of_queue(queue, "ApproximateNumberOfMessagesVisible");
    let what = "Something could not be done: see docs/runbook.md, \"Dead letters\".";
    add(template, format!("{id}Alarm"), queue, what, waiting.alone(), &Rings::above(0, 1, 1));
}

/// A job that has not run for three of its intervals. That there is no count is what it looks for.
pub(super) fn not_run(template: &mut Template, job: &Named, interval: i64) {
    let runs = Metric::of_function(job, "Invocations", "Sum", interval);
    let rings =
        Rings { threshold: 1.into(), comparison: "LessThanThreshold", in_periods: 3, of_periods: 3, when_missing: "breaching" };
    let (id, name) = (format!("{}NotRun", job.id), format!("{}-not-run", job.name()));
    add(template, id, &name, "Nothing has started it for three of its schedule's intervals.", runs.alone(), &rings);
}
