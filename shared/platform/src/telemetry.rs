//! Logs as JSON lines, metrics in CloudWatch's embedded format. One line a request, one a message; no personal data.

use std::{fmt::Debug, io::Write};

use jiff::Timestamp;
use serde_json::json;

use crate::{deps::Deps, job::JobError};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "MileBuyClub";

/// Where metrics go, a line each.
pub trait MetricSink: Debug + Send + Sync {
    /// Takes a line. It can't fail: a metric that can't be written must not fail the work that it counts.
    fn write(&self, line: &str);
}

/// Standard output, where CloudWatch reads them.
#[derive(Debug, Clone, Copy, Default)]
pub struct StandardOutput;

impl MetricSink for StandardOutput {
    fn write(&self, line: &str) {
        writeln!(std::io::stdout().lock(), "{line}").ok();
    }
}

/// How a message fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Handled.
    Done,
    /// It comes again.
    Failed,
    /// It is among the dead letters.
    Parked,
    /// There was no time for it; it comes again. (A scheduled run comes again by its schedule.)
    NotBegun,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Parked => "parked",
            Self::NotBegun => "not-begun",
        }
    }
}

/// Logs and counts one message (or one scheduled run), and hands its result on.
pub(crate) fn job(cx: &Deps, outcome: Outcome, started: Timestamp, result: Result<(), JobError>) -> Result<(), JobError> {
    let millis = cx.now().duration_since(started).as_millis();
    let function = cx.function().name;
    match &result {
        Ok(()) => tracing::info!(function, outcome = outcome.as_str(), millis, "job"),
        Err(error) => tracing::warn!(function, outcome = outcome.as_str(), millis, %error, "job"),
    }
    let name = match outcome {
        Outcome::Done => "JobsDone",
        Outcome::Failed => "JobsFailed",
        Outcome::Parked => "JobsParked",
        Outcome::NotBegun => "JobsNotBegun",
    };
    count(cx, name, 1);
    result
}

/// Counts something of this function: a metric with the function, as the deployment calls it, as its dimension.
pub fn count(cx: &Deps, metric: &str, value: u64) {
    measure(cx, metric, value, "Count");
}

/// A metric of this function. The unit is one of CloudWatch's, such as `Count` or `Seconds`.
pub fn measure(cx: &Deps, metric: &str, value: u64, unit: &str) {
    tracing::debug!(target: "metric", function = cx.function().name, metric, value);
    if cx.config().emit_metrics {
        // Deployments that share an account are told apart by what their names begin with.
        let function = format!("{}{}", cx.config().table_prefix, cx.function().name);
        cx.metrics().write(&embedded_metric(&function, cx.now(), metric, value, unit).to_string());
    }
}

/// CloudWatch's embedded metric format: a log line that becomes a metric.
fn embedded_metric(function: &str, now: Timestamp, metric: &str, value: u64, unit: &str) -> serde_json::Value {
    json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["function"]], "Metrics": [{"Name": metric, "Unit": unit}]}],
        },
        "function": function,
        metric: value,
    })
}

/// Starts logging as JSON lines to standard output, at the level of `LOG_LEVEL` or `info`. (A filter by target would link a
/// regular expression engine into every function.)
pub fn start_json_logs() {
    use tracing::level_filters::LevelFilter;
    use tracing_subscriber::fmt;
    let level = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    // Lambda stamps each line; set only once, whoever comes first.
    fmt().json().with_max_level(level).without_time().flatten_event(true).with_current_span(false).try_init().ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_a_line_that_cloudwatch_reads() {
        let line = embedded_metric("watchers-sweep-watchers", Timestamp::UNIX_EPOCH, "WatchersClaimed", 7, "Count");
        assert_eq!(line["WatchersClaimed"], 7);
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0][0], "function");
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], "WatchersClaimed");
    }
}
