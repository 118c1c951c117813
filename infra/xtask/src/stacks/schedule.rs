//! Schedules, and the stream that wakes the relay of the outbox.

use jiff::{SignedDuration, Timestamp};
use local::schedule::Schedule;
use serde_json::{Value, json};
use storage::{Entity, OutboxItem};

use super::{
    StackError, alarm,
    function::{Named, alias, role},
    queue,
    template::{Template, attribute, prefixed, reference},
};

/// What runs more often than this is not tried again when it fails: its next run goes on there.
const WORTH_REPEATING: SignedDuration = SignedDuration::from_mins(5);
/// The longest between two runs: the period of an alarm is a day at most.
const RAREST: SignedDuration = SignedDuration::from_hours(24);
/// Within this every distance between runs of a day is seen.
const TWO_DAYS: SignedDuration = SignedDuration::from_hours(48);
/// Changes at a time that wake the relay: it reads the outbox, not them.
const WAKES: u16 = 100;

/// The schedule of a job, what wakes it besides, and where runs go that could not be begun.
pub(super) fn add(
    template: &mut Template,
    job: &Named,
    expression: &'static str,
    woken_by_outbox: bool,
) -> Result<(), StackError> {
    let schedule = Schedule::parse(expression).map_err(|error| StackError::Schedule(job.name(), error))?;
    let (interval, dead) = (interval(&schedule), format!("{}DeadLetters", job.id));
    if interval > RAREST {
        return Err(StackError::Rare(job.name()));
    }
    let of_function = queue::dead_of_function(job.function);
    template.add(&dead, "AWS::SQS::Queue", queue::dead_letters(&of_function, None));
    add_role(template, job, &dead);
    template.add(
        format!("{}Schedule", job.id),
        "AWS::Scheduler::Schedule",
        json!({
            "Name": prefixed(job.name()),
            "ScheduleExpression": expression,
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": alias(job),
                "RoleArn": attribute(&format!("{}ScheduleRole", job.id), "Arn"),
                "RetryPolicy": {"MaximumEventAgeInSeconds": age(interval), "MaximumRetryAttempts": 3},
                "DeadLetterConfig": {"Arn": attribute(&dead, "Arn")},
            },
        }),
    );
    // By SAM, which waits for the alias that this is of.
    let retries = if interval > WORTH_REPEATING { 2 } else { 0 };
    let starts = json!({"MaximumEventAgeInSeconds": age(interval), "MaximumRetryAttempts": retries});
    template.set(&job.id, "EventInvokeConfig", starts);
    if woken_by_outbox {
        add_stream(template, job, &dead);
    }
    alarm::not_run(template, job, interval.as_secs());
    alarm::dead_letters(template, &dead, &of_function);
    Ok(())
}

/// The scheduler may start this job, and put among its dead letters what it can't start.
fn add_role(template: &mut Template, job: &Named, dead: &str) {
    let statements = json!([
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": alias(job)},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": attribute(dead, "Arn")},
    ]);
    // The scheduler serves everybody: it takes on this role for our schedules only.
    let by_us = json!({"StringEquals": {"aws:SourceAccount": reference("AWS::AccountId")}});
    template.add(format!("{}ScheduleRole", job.id), "AWS::IAM::Role", role("scheduler.amazonaws.com", Some(by_us), statements));
}

/// New events in the outbox wake the relay. What it fails at, its schedule makes up for.
fn add_stream(template: &mut Template, job: &Named, dead: &str) {
    let is_event: Value = json!({
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"pk": {"S": [{"prefix": beginning(OutboxItem::KIND.keys[0].partition)}]}}},
    });
    template.add(
        format!("{}Stream", job.id),
        "AWS::Lambda::EventSourceMapping",
        json!({
            "FunctionName": alias(job),
            "EventSourceArn": reference("CoreStreamArn"),
            "StartingPosition": "LATEST",
            "BatchSize": WAKES,
            "FilterCriteria": {"Filters": [{"Pattern": is_event.to_string()}]},
            "MaximumRetryAttempts": 2,
            "MaximumRecordAgeInSeconds": 60,
            "DestinationConfig": {"OnFailure": {"Destination": attribute(dead, "Arn")}},
        }),
    );
}

/// What all keys of a pattern begin with.
fn beginning(partition: &str) -> &str {
    partition.split('{').next().unwrap_or_default()
}

/// The longest that lies between two runs.
fn interval(schedule: &Schedule) -> SignedDuration {
    match schedule {
        Schedule::Rate(span) => *span,
        Schedule::Cron { .. } => {
            // Every day is like every other, so two of them show every distance.
            let first = schedule.after(Timestamp::UNIX_EPOCH);
            let runs = std::iter::successors(Some(first), |run| Some(schedule.after(*run)));
            let days: Vec<Timestamp> = runs.take_while(|run| run.duration_since(first) <= TWO_DAYS).collect();
            days.windows(2).map(|pair| pair[1].duration_since(pair[0])).max().unwrap_or(TWO_DAYS)
        }
    }
}

/// For how long a run is worth beginning, in seconds: until the next one, within what AWS takes.
fn age(interval: SignedDuration) -> i64 {
    interval.as_secs().clamp(60, 6 * 60 * 60)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_longest_between_two_runs_counts() {
        let minutes = |expression: &str| interval(&Schedule::parse(expression).unwrap()).as_mins();
        assert_eq!(minutes("rate(1 minute)"), 1);
        assert_eq!(minutes("cron(0/15 * * * ? *)"), 15);
        assert_eq!(minutes("cron(0 3 * * ? *)"), 24 * 60);
        assert_eq!(minutes("cron(0 8,20 * * ? *)"), 12 * 60);
        assert_eq!(minutes("cron(5,35 8 * * ? *)"), 23 * 60 + 30);
    }
}
