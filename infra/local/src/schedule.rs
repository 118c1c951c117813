//! Schedule expressions, as EventBridge Scheduler reads them: those that our functions use.

use jiff::{SignedDuration, Timestamp};

/// When something runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Every so often, on the multiples of the span since the epoch.
    Rate(SignedDuration),
    /// At these minutes of these hours, UTC.
    Cron {
        /// Minutes.
        minutes: Vec<i64>,
        /// Hours.
        hours: Vec<i64>,
    },
}

/// An expression that is malformed, or of a kind that the local run does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schedule expression {0:?} is none of rate(n minutes|hours|days) and cron(minute hour * * ? *)")]
pub struct UnknownExpression(pub String);

impl Schedule {
    /// Reads `rate(5 minutes)`, or `cron(0/15 8 * * ? *)` with conditions on minute and hour alone.
    ///
    /// # Errors
    /// If it is neither.
    pub fn parse(expression: &str) -> Result<Self, UnknownExpression> {
        let inner = |name: &str| expression.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        let read = inner("rate").and_then(rate).or_else(|| inner("cron").and_then(cron));
        read.ok_or_else(|| UnknownExpression(expression.to_owned()))
    }

    /// The first instant after `now` at which it runs.
    pub fn after(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Rate(span) => {
                let span = span.as_secs().max(1);
                at_second((now.as_second().div_euclid(span) + 1).saturating_mul(span))
            }
            Self::Cron { minutes, hours } => {
                let first = now.as_second().div_euclid(60) + 1;
                let runs = |minute: &i64| {
                    let of_day = minute.rem_euclid(24 * 60);
                    minutes.contains(&(of_day % 60)) && hours.contains(&(of_day / 60))
                };
                // Every day has all minutes and hours, so that it is found within one.
                let minute = (first..=first + 24 * 60).find(runs).unwrap_or(first);
                at_second(minute.saturating_mul(60))
            }
        }
    }
}

fn at_second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

fn rate(inner: &str) -> Option<Schedule> {
    let (count, unit) = inner.split_once(' ')?;
    let count: i64 = count.parse().ok().filter(|count| *count > 0)?;
    // As AWS has it: one minute, two minutes.
    let (singular, unit) = unit.strip_suffix('s').map_or((true, unit), |unit| (false, unit));
    let seconds = match unit {
        "minute" => 60,
        "hour" => 60 * 60,
        "day" => 24 * 60 * 60,
        _ => return None,
    };
    (singular == (count == 1)).then_some(Schedule::Rate(SignedDuration::from_secs(count.checked_mul(seconds)?)))
}

fn cron(inner: &str) -> Option<Schedule> {
    let fields: Vec<&str> = inner.split(' ').collect();
    let [minutes, hours, days @ ..] = fields.as_slice() else { return None };
    // Day of month, month, day of week, year: of the days, one must be `?`.
    let every_day = matches!(days, ["*", "*", "?", "*"] | ["?", "*", "*", "*"]);
    every_day.then_some(Schedule::Cron { minutes: field(minutes, 60)?, hours: field(hours, 24)? })
}

/// `*`, `5`, `5,35` or `0/15`, below `end`.
fn field(text: &str, end: i64) -> Option<Vec<i64>> {
    let number = |text: &str| text.parse().ok().filter(|number| (0..end).contains(number));
    if text == "*" {
        return Some((0..end).collect());
    }
    if let Some((first, step)) = text.split_once('/') {
        let first = if first == "*" { 0 } else { number(first)? };
        let step = step.parse().ok().filter(|step| *step > 0)?;
        return Some((first..end).step_by(step).collect());
    }
    text.split(',').map(number).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn next(expression: &str, now: &str) -> String {
        Schedule::parse(expression).unwrap().after(now.parse().unwrap()).to_string()
    }

    #[test]
    fn rates_run_on_the_multiples_of_their_span() {
        assert_eq!(next("rate(1 minute)", "2026-02-17T19:24:00Z"), "2026-02-17T19:25:00Z");
        assert_eq!(next("rate(1 minute)", "2026-02-17T19:24:59.9Z"), "2026-02-17T19:25:00Z");
        assert_eq!(next("rate(15 minutes)", "2026-02-17T19:24:00Z"), "2026-02-17T19:30:00Z");
        assert_eq!(next("rate(1 hour)", "2026-02-17T19:24:00Z"), "2026-02-17T20:00:00Z");
        assert_eq!(next("rate(1 day)", "2026-02-17T19:24:00Z"), "2026-02-18T00:00:00Z");
        assert_eq!(next("rate(1 day)", "1969-12-31T23:59:59Z"), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn crons_run_at_their_minutes_and_hours() {
        assert_eq!(next("cron(0 3 * * ? *)", "2026-02-17T19:24:00Z"), "2026-02-18T03:00:00Z");
        assert_eq!(next("cron(0 3 * * ? *)", "2026-02-17T03:00:00Z"), "2026-02-18T03:00:00Z");
        assert_eq!(next("cron(0/15 * * * ? *)", "2026-02-17T19:24:00Z"), "2026-02-17T19:30:00Z");
        assert_eq!(next("cron(5,35 */2 ? * * *)", "2026-02-17T19:24:00Z"), "2026-02-17T20:05:00Z");
    }

    #[test]
    fn other_expressions_are_refused() {
        for bad in [
            "",
            "rate(0 minutes)",
            "rate(1 minutes)",
            "rate(2 minute)",
            "rate(-1 minutes)",
            "rate(1 week)",
            "rate 1 minute",
            "cron(0 3 * * *)",
            "cron(60 3 * * ? *)",
            "cron(0 24 * * ? *)",
            "cron(0/0 3 * * ? *)",
            "cron(0 3 1 * ? *)",
            "cron(0 3 * * ? *",
            "at(2026-02-17T19:24:00)",
        ] {
            assert_eq!(Schedule::parse(bad), Err(UnknownExpression(bad.to_owned())));
        }
    }
}
