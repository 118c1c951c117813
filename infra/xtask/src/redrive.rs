//! Sends the dead letters of a queue in the cloud round again, as `cargo local redrive` does here.
//!
//! SQS moves them by itself, once it is told to. The destination must be told too: SQS knows where a message came from only
//! if it moved it among the dead letters itself, and what a function parked was sent there.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    types::{ListMessageMoveTasksResultEntry, QueueAttributeName},
};
use serde::Deserialize;

/// How long to wait before a task is looked at again.
pub const PAUSE: Duration = Duration::from_secs(2);

/// What is to be sent round again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The queue that the dead letters are of.
    pub queue: String,
    /// What the deployment's queue names begin with.
    pub prefix: String,
    /// How many a second; without it SQS decides.
    pub max_per_second: Option<i32>,
}

/// How far a task has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// In the words of SQS, such as `RUNNING`.
    pub status: String,
    /// How many messages it has moved, as SQS reckons.
    pub moved: i64,
    /// Of how many.
    pub to_move: i64,
}

/// Why dead letters were not sent round again.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// There is no queue of this name.
    #[error("there is no queue {0}; the queue is named without -dead, and the deployment by --prefix")]
    NoSuchQueue(String),
    /// The dead letters of the queue don't go there.
    #[error("{dead} does not take the dead letters of {queue}")]
    NotItsDeadLetters {
        /// The queue.
        queue: String,
        /// What was taken for its dead-letter queue.
        dead: String,
    },
    /// A task moves them already.
    #[error("a task moves the messages of {dead} already: {} of {} so far", .progress.moved, .progress.to_move)]
    UnderWay {
        /// The dead-letter queue.
        dead: String,
        /// How far it has come.
        progress: Progress,
    },
    /// The task ended before its time.
    #[error("the task ended as {}: {} of {} messages moved{reason}", .progress.status, .progress.moved, .progress.to_move)]
    Broken {
        /// How far it came.
        progress: Progress,
        /// What SQS says of it.
        reason: String,
    },
    /// SQS left something out of its answer.
    #[error("SQS answered {0} without {1}")]
    Incomplete(&'static str, &'static str),
    /// SQS refused, or could not be reached.
    #[error("{operation}: {reason}")]
    Refused {
        /// What was asked.
        operation: &'static str,
        /// What SQS says.
        reason: String,
    },
}

/// Sends the dead letters of a queue back to it, and waits until SQS has. Tells of every change, once.
///
/// # Errors
/// Why they were not, or not all.
pub async fn redrive(sqs: &Client, order: &Order, pause: Duration, tell: impl Fn(&str)) -> Result<Progress, RedriveError> {
    let queue = Queue::named(sqs, format!("{}{}", order.prefix, order.queue)).await?;
    let dead = Queue::named(sqs, format!("{}-dead", queue.name)).await?;
    if queue.dead_letters_go_to.as_ref() != Some(&dead.arn) {
        return Err(RedriveError::NotItsDeadLetters { queue: queue.name, dead: dead.name });
    }
    if let Some(progress) = latest(sqs, &dead).await?.map(|task| Progress::of(&task)).filter(Progress::is_under_way) {
        return Err(RedriveError::UnderWay { dead: dead.name, progress });
    }
    let start = sqs.start_message_move_task().source_arn(&dead.arn).destination_arn(&queue.arn);
    let started = start.set_max_number_of_messages_per_second(order.max_per_second).send().await;
    started.map_err(|error| refused("StartMessageMoveTask", &error))?;
    tell(&format!("{} -> {}", dead.name, queue.name));
    watch(sqs, &dead, pause, tell).await
}

/// Waits until the latest task of a dead-letter queue has ended.
async fn watch(sqs: &Client, dead: &Queue, pause: Duration, tell: impl Fn(&str)) -> Result<Progress, RedriveError> {
    let mut told = None;
    loop {
        let task = latest(sqs, dead).await?.ok_or(RedriveError::Incomplete("ListMessageMoveTasks", "the task"))?;
        let progress = Progress::of(&task);
        if told.as_ref() != Some(&progress) {
            tell(&format!("{}: {} of {} messages moved", progress.status.to_lowercase(), progress.moved, progress.to_move));
            told = Some(progress.clone());
        }
        if progress.status == "COMPLETED" {
            return Ok(progress);
        }
        if !progress.is_under_way() {
            let reason = task.failure_reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
            return Err(RedriveError::Broken { progress, reason });
        }
        tokio::time::sleep(pause).await;
    }
}

async fn latest(sqs: &Client, dead: &Queue) -> Result<Option<ListMessageMoveTasksResultEntry>, RedriveError> {
    let listed = sqs.list_message_move_tasks().source_arn(&dead.arn).max_results(1).send().await;
    Ok(listed.map_err(|error| refused("ListMessageMoveTasks", &error))?.results.unwrap_or_default().into_iter().next())
}

impl Progress {
    fn of(task: &ListMessageMoveTasksResultEntry) -> Self {
        Self {
            status: task.status().unwrap_or("UNKNOWN").to_owned(),
            moved: task.approximate_number_of_messages_moved(),
            to_move: task.approximate_number_of_messages_to_move().unwrap_or_default(),
        }
    }

    fn is_under_way(&self) -> bool {
        ["CREATED", "RUNNING", "CANCELLING"].contains(&self.status.as_str())
    }
}

/// A queue that there is.
struct Queue {
    name: String,
    arn: String,
    dead_letters_go_to: Option<String>,
}

/// Where SQS is to put what is received too often.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
}

impl Queue {
    async fn named(sqs: &Client, name: String) -> Result<Self, RedriveError> {
        let found = sqs.get_queue_url().queue_name(&name).send().await.map_err(|error| {
            let missing = error.as_service_error().is_some_and(|error| error.is_queue_does_not_exist());
            if missing { RedriveError::NoSuchQueue(name.clone()) } else { refused("GetQueueUrl", &error) }
        })?;
        let url = found.queue_url.ok_or(RedriveError::Incomplete("GetQueueUrl", "an address"))?;
        let asked = sqs
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::QueueArn)
            .attribute_names(QueueAttributeName::RedrivePolicy);
        let answer = asked.send().await.map_err(|error| refused("GetQueueAttributes", &error))?;
        let mut attributes = answer.attributes.unwrap_or_default();
        let arn = attributes.remove(&QueueAttributeName::QueueArn);
        let policy = attributes.remove(&QueueAttributeName::RedrivePolicy);
        let policy: Option<RedrivePolicy> = policy.and_then(|policy| serde_json::from_str(&policy).ok());
        Ok(Self {
            name,
            arn: arn.ok_or(RedriveError::Incomplete("GetQueueAttributes", "the ARN"))?,
            dead_letters_go_to: policy.map(|policy| policy.dead_letter_target_arn),
        })
    }
}

fn refused<E, R>(operation: &'static str, error: &SdkError<E, R>) -> RedriveError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let reason = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => DisplayErrorContext(error).to_string(),
    };
    RedriveError::Refused { operation, reason }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::{cell::RefCell, sync::Arc};

    use jiff::SignedDuration;
    use local::{
        TestApp,
        clock::MovableClock,
        loopback::Loopback,
        standins::{QueueSpec, Standins, Topology, moves::MoveOrder, queues::NewMessage, wire},
    };
    use platform::aws::Aws;

    use super::*;

    const SHORT: Duration = Duration::from_millis(5);

    fn reaching(url: &str) -> Client {
        let values = [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL_SQS", url),
        ];
        let variable = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Aws::from_environment(variable).unwrap().sqs()
    }

    fn of(queue: &str) -> Order {
        Order { queue: queue.to_owned(), prefix: String::new(), max_per_second: None }
    }

    /// Redrives; answers what came of it, and what was told.
    async fn told(sqs: &Client, order: &Order) -> (Result<Progress, RedriveError>, Vec<String>) {
        let lines = RefCell::new(Vec::new());
        let outcome = redrive(sqs, order, SHORT, |line| lines.borrow_mut().push(line.to_owned())).await;
        (outcome, lines.into_inner())
    }

    #[tokio::test]
    async fn parked_poison_is_worked_again() {
        let app = TestApp::new().await;
        let sqs = reaching(&app.system().standins_url());
        let queues = app.system().standins().queues();
        (0..3).for_each(|_| drop(queues.send("searches", NewMessage::new("poison")).unwrap()));
        app.settle().await;
        let before: Vec<_> = app.dead_letters().into_iter().map(|(_, letter)| letter.id).collect();
        assert_eq!(before.len(), 3);

        let (outcome, lines) = told(&sqs, &of("searches")).await;
        assert_eq!(outcome.unwrap(), Progress { status: "COMPLETED".to_owned(), moved: 3, to_move: 3 });
        assert_eq!(lines, ["searches-dead -> searches", "completed: 3 of 3 messages moved"]);
        assert_eq!((app.dead_letters().len(), queues.stats_of("searches").unwrap().visible), (0, 3));

        app.settle().await;
        let after = app.dead_letters();
        assert_eq!(after.len(), 3, "nothing was mended, so they are parked again");
        assert!(after.iter().all(|(_, letter)| letter.reason() == "the message can't be read" && !before.contains(&letter.id)));
        assert_eq!(told(&sqs, &of("email")).await.0.unwrap().to_move, 0);
    }

    /// Queues of a deployment, with a dead-letter queue that is none, behind a socket.
    fn deployment() -> (Standins, Arc<MovableClock>, Loopback) {
        let queue = |name: &str, dead_letter: Option<&str>| QueueSpec {
            name: name.to_owned(),
            fifo: false,
            visibility: SignedDuration::from_secs(30),
            max_receives: 3,
            dead_letter: dead_letter.map(str::to_owned),
        };
        let queues = vec![
            queue("blue-jobs", Some("blue-jobs-dead")),
            queue("blue-jobs-dead", None),
            queue("blue-loose", None),
            queue("blue-loose-dead", None),
        ];
        let clock = Arc::new(MovableClock::at("2026-02-17T12:00:00Z".parse().unwrap()));
        let standins = Standins::open(None, clock.clone(), Topology { queues, ..Topology::default() }).unwrap();
        let router = wire::router(standins.clone());
        let served = Loopback::start("stand-ins", |listener| async move { drop(axum::serve(listener, router).await) }).unwrap();
        (standins, clock, served)
    }

    fn blue(queue: &str) -> Order {
        Order { prefix: "blue-".to_owned(), ..of(queue) }
    }

    #[tokio::test]
    async fn a_pace_is_told_and_each_change_is_reported_once() {
        let (standins, clock, served) = deployment();
        (0..5).for_each(|_| drop(standins.queues().send("blue-jobs-dead", NewMessage::new("{}")).unwrap()));
        let lines = RefCell::new(Vec::new());
        // Time goes on when something was told, so that each step is seen.
        let tell = |line: &str| {
            lines.borrow_mut().push(line.to_owned());
            if line.starts_with("running") {
                clock.advance(SignedDuration::from_secs(1));
            }
        };
        let order = Order { max_per_second: Some(2), ..blue("jobs") };
        redrive(&reaching(&served.url()), &order, SHORT, tell).await.unwrap();
        let steps = ["running: 2 of 5 messages moved", "running: 4 of 5 messages moved", "completed: 5 of 5 messages moved"];
        assert_eq!(lines.into_inner()[1..], steps);
        assert_eq!(standins.queues().stats_of("blue-jobs").unwrap().visible, 5);
    }

    #[tokio::test]
    async fn what_can_not_be_sent_round_again_is_said() {
        let (standins, _clock, served) = deployment();
        let sqs = reaching(&served.url());
        let said = async |order: Order| redrive(&sqs, &order, SHORT, |_| {}).await.unwrap_err().to_string();
        let no_such =
            |queue| format!("there is no queue {queue}; the queue is named without -dead, and the deployment by --prefix");
        assert_eq!(said(of("jobs")).await, no_such("jobs"));
        assert_eq!(said(blue("jobs-dead")).await, no_such("blue-jobs-dead-dead"));
        assert_eq!(said(blue("loose")).await, "blue-loose-dead does not take the dead letters of blue-loose");
        let too_fast = said(Order { max_per_second: Some(501), ..blue("jobs") }).await;
        assert!(too_fast.starts_with("StartMessageMoveTask: InvalidParameterValue: "), "{too_fast}");

        (0..2).for_each(|_| drop(standins.queues().send("blue-jobs-dead", NewMessage::new("{}")).unwrap()));
        let slowly = MoveOrder { source: "blue-jobs-dead", destination: Some("blue-jobs"), per_second: Some(1) };
        standins.queues().start_move(slowly).unwrap();
        assert_eq!(said(blue("jobs")).await, "a task moves the messages of blue-jobs-dead already: 1 of 2 so far");
    }
}
