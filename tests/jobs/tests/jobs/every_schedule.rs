//! What holds for every scheduled job, driven from the list of functions: a new one can't be forgotten.

use jiff::SignedDuration;
use local::{machine::functions, test_app::TestApp};
use platform::{Function, Scheduled, Trigger};
use serde_json::json;

use crate::reporting::{called, counts, cut_off};

fn scheduled() -> Vec<&'static dyn Function> {
    functions().into_iter().filter(|function| matches!(function.trigger(), Trigger::Schedule { .. })).collect()
}

/// It reaches nothing, so that whatever it began would be an error.
#[tokio::test]
async fn with_no_time_left_nothing_is_begun_and_nothing_has_failed() {
    let app = TestApp::new().await;
    let a_moment = SignedDuration::from_millis(1);
    for left in [SignedDuration::ZERO, -a_moment, SignedDuration::from_hours(-500_000), Scheduled::RESERVE - a_moment] {
        for function in scheduled() {
            let called = cut_off(&app, function);
            let answer = called.invoke(json!({}), left).await;
            assert_eq!(answer, Ok(json!(null)), "{} with {left}", function.spec().name);
            assert_eq!(called.outcomes(), counts([("JobsNotBegun", 1)]), "{} with {left}", function.spec().name);
        }
    }
}

#[tokio::test]
async fn with_the_reserve_left_it_runs() {
    let app = TestApp::new().await;
    for function in scheduled() {
        let called = called(&app, function);
        assert_eq!(called.invoke(json!({}), Scheduled::RESERVE).await, Ok(json!(null)));
        assert_eq!(called.outcomes(), counts([("JobsDone", 1)]), "{}", function.spec().name);
    }
}
