//! One function, called as Lambda calls it, with its metrics in hand.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use aws_credential_types::Credentials;
use jiff::SignedDuration;
use jobs_tests::Space;
use local::{standins::bus::ACCOUNT, test_app::TestApp};
use platform::{
    Deps, Function, JobError,
    aws::{Aws, Service, plain_http},
    chance::SystemChance,
    outside::{Nowhere, Outside},
    telemetry::MetricSink,
};
use serde_json::{Value, json};

/// Every metric line that was written.
#[derive(Debug, Default)]
struct Lines(Mutex<Vec<Value>>);

impl MetricSink for Lines {
    fn write(&self, line: &str) {
        self.0.lock().unwrap().push(serde_json::from_str(line).unwrap());
    }
}

/// A function with all that it is given.
pub struct Called {
    function: &'static dyn Function,
    deps: Deps,
    lines: Arc<Lines>,
}

/// A function of an app, over sources that have nothing to offer.
pub fn called(app: &TestApp, function: &'static dyn Function) -> Called {
    called_over(app, function, Space::of(&[]))
}

/// A function of an app, over these sources.
pub fn called_over(app: &TestApp, function: &'static dyn Function, space: Arc<Space>) -> Called {
    let system = app.system();
    let url = |service| if service == Service::DynamoDb { system.database_url() } else { system.standins_url() };
    reaching(app, function, url, space)
}

/// A function that reaches nothing at all: whatever it tries fails.
pub fn cut_off(app: &TestApp, function: &'static dyn Function) -> Called {
    reaching(app, function, |_| "http://127.0.0.1:1".to_owned(), Arc::new(Nowhere))
}

fn reaching(
    app: &TestApp,
    function: &'static dyn Function,
    url: impl Fn(Service) -> String,
    outside: Arc<dyn Outside>,
) -> Called {
    let endpoints: BTreeMap<Service, String> = Service::ALL.into_iter().map(|service| (service, url(service))).collect();
    let mut config = app.system().operator().config().clone();
    let queue_url = |queue: &str| format!("{}/{ACCOUNT}/{queue}", endpoints[&Service::Sqs]);
    config.queue_urls = function.needed().queues.into_iter().map(|queue| (queue.to_owned(), queue_url(queue))).collect();
    config.emit_metrics = true;
    let aws = Aws {
        region: "us-east-1".to_owned(),
        credentials: Credentials::from_keys("test", "test", None),
        endpoints,
        http: plain_http(),
        mail_http: plain_http(),
    };
    let lines = Arc::new(Lines::default());
    let deps = Deps::new(function.spec(), config, aws, app.clock.clone(), Arc::new(SystemChance), outside);
    Called { function, deps: deps.reporting_to(lines.clone()), lines }
}

impl Called {
    /// Invokes it with so much time left.
    pub async fn invoke(&self, event: Value, left: SignedDuration) -> Result<Value, JobError> {
        let deadline = self.deps.now().checked_add(left).unwrap();
        self.function.as_job().unwrap().invoke(&self.deps, event, deadline).await
    }

    /// Invokes it with a batch of these bodies, each known by its place. Answers what goes back.
    pub async fn work(&self, bodies: &[String], left: SignedDuration) -> Vec<String> {
        let record = |(place, body): (usize, &String)| json!({"messageId": place.to_string(), "body": body, "attributes": {}, "messageAttributes": {}});
        let event = json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<Value>>()});
        let answer = self.invoke(event, left).await.unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap().iter();
        failures.map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
    }

    /// Every value of a metric, and what each is known by.
    pub fn told(&self, metric: &str) -> Vec<(String, u64)> {
        let told = |line: &Value| Some((line["function"].as_str()?.to_owned(), line[metric].as_u64()?));
        self.lines.0.lock().unwrap().iter().filter_map(told).collect()
    }

    /// How often each outcome of a job was counted since this was last asked.
    pub fn outcomes(&self) -> BTreeMap<String, u64> {
        let mut outcomes = BTreeMap::new();
        for line in self.lines.0.lock().unwrap().drain(..) {
            let metrics = &line["_aws"]["CloudWatchMetrics"][0];
            assert_eq!((&metrics["Namespace"], &metrics["Dimensions"]), (&json!("MileBuyClub"), &json!([["function"]])));
            assert_eq!(line["function"], self.function.spec().name);
            assert_eq!(line["_aws"]["Timestamp"], self.deps.now().as_millisecond());
            let name = metrics["Metrics"][0]["Name"].as_str().unwrap();
            if name.starts_with("Jobs") {
                *outcomes.entry(name.to_owned()).or_default() += line[name].as_u64().unwrap();
            }
        }
        outcomes
    }
}

/// Outcomes as [`Called::outcomes`] tells them.
pub fn counts<const N: usize>(of: [(&str, u64); N]) -> BTreeMap<String, u64> {
    of.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count)).collect()
}
