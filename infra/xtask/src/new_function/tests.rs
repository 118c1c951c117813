//! The generator, in a copy of the few files that it edits.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;

use tempfile::TempDir;

use super::*;

const EDITED: [&str; 8] = [
    "Cargo.toml",
    "rustfmt.toml",
    CONTEXT_LIST,
    CONTEXT_LIST_MANIFEST,
    "functions/deals/Cargo.toml",
    "functions/deals/src/lib.rs",
    "tests/api/tests/api/main.rs",
    "tests/jobs/tests/jobs/main.rs",
];

fn skeleton() -> TempDir {
    let (root, folder) = (crate::root(), tempfile::tempdir().unwrap());
    for path in EDITED {
        let text = fs::read_to_string(root.join(path)).unwrap();
        Made { path: path.to_owned(), text }.write(folder.path()).unwrap();
    }
    folder
}

fn made(context: &str, name: &str, trigger: Trigger) -> Vec<Made> {
    plan(skeleton().path(), &Order::new(context, name, trigger).unwrap()).unwrap()
}

fn text_of<'a>(files: &'a [Made], path: &str) -> &'a str {
    &files.iter().find(|file| file.path == path).unwrap_or_else(|| unreachable!("{path} is not made")).text
}

#[test]
fn an_endpoint_stands_where_its_neighbours_stand() {
    let files = made("deals", "rate-deal", Trigger::endpoint("POST /v1/deals/{id}/rating").unwrap());
    let code = text_of(&files, "functions/deals/src/rate_deal.rs");
    assert!(code.starts_with("//! `POST /v1/deals/{id}/rating`\n"), "{code}");
    for part in ["\"deals-rate-deal\"", "if_match.check(member.version)?;", "\"Idempotency-Key\"", "Problems"] {
        assert!(code.contains(part), "{part} in {code}");
    }
    assert!(text_of(&files, "functions/deals/src/bin/deals-rate-deal.rs").contains("serve(&deals::rate_deal::FUNCTION)"));
    assert!(
        text_of(&files, "functions/deals/src/lib.rs").contains("    &put_saved_deal::FUNCTION,\n    &rate_deal::FUNCTION,\n];")
    );
    assert!(text_of(&files, "functions/deals/Cargo.toml").contains("name = \"deals-rate-deal\"\ntest = false\n"));
    assert!(text_of(&files, "tests/api/tests/api/main.rs").contains("mod deals_rate_deal;\n"));
    let event: serde_json::Value = serde_json::from_str(text_of(&files, "events/deals/rate_deal.json")).unwrap();
    assert_eq!(event["routeKey"], "POST /v1/deals/{id}/rating");
    assert_eq!(event["rawPath"], "/v1/deals/01KHPNJ4R6Z9X0Q3T5V7W9Y1B3/rating");
    assert!(
        text_of(&files, "tests/api/tests/api/deals_rate_deal.rs")
            .contains(".post(\"/v1/deals/01KHPNJ4R6Z9X0Q3T5V7W9Y1B3/rating\")")
    );
}

#[test]
fn nothing_is_left_to_be_filled_in() {
    for trigger in [
        Trigger::endpoint("GET /v1/things").unwrap(),
        Trigger::endpoint("GET /.well-known/things.json").unwrap(),
        Trigger::endpoint("DELETE /v1/things/{id}").unwrap(),
        Trigger::queue("things").unwrap(),
        Trigger::events(vec!["DealFound".to_owned(), "DealChanged".to_owned()]).unwrap(),
        Trigger::schedule("cron(0 9 * * ? *)").unwrap(),
    ] {
        for Made { path, text } in made("things", "do-something", trigger) {
            let is_new = !EDITED.contains(&path.as_str());
            assert!(!is_new || !text.contains('$') || path.starts_with("events/"), "{path}: {text}");
        }
    }
}

#[test]
fn a_new_context_is_known_to_the_workspace_and_to_the_list() {
    let files = made("things", "count-things", Trigger::queue("things").unwrap());
    assert!(text_of(&files, "functions/things/src/lib.rs").contains("&[&count_things::FUNCTION]"));
    assert!(text_of(&files, "Cargo.toml").contains("things = { path = \"functions/things\" }\n"));
    assert!(text_of(&files, CONTEXT_LIST_MANIFEST).contains("things.workspace = true\n"));
    assert!(text_of(&files, CONTEXT_LIST).contains("things::FUNCTIONS"));
}

#[test]
fn events_come_in_the_envelope_of_the_bus() {
    let files = made("deals", "count-alerts", Trigger::events(vec!["AlertRaised".to_owned()]).unwrap());
    let event: serde_json::Value = serde_json::from_str(text_of(&files, "events/deals/count_alerts.json")).unwrap();
    let body: serde_json::Value = serde_json::from_str(event["Records"][0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["detail-type"], "AlertRaised");
    assert_eq!(body["detail"]["alert"], "alert_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3");
}

#[test]
fn what_is_taken_is_not_made_again() {
    let refused = |context: &str, name: &str, trigger: Trigger| Order::new(context, name, trigger).unwrap_err().to_string();
    let endpoint = |route: &str| Trigger::endpoint(route).unwrap();
    assert_eq!(
        refused("deals", "show-deal", endpoint("GET /v1/deals/{deal}")),
        "GET /v1/deals/{deal} is taken by deals-get-deal"
    );
    assert_eq!(refused("deals", "get_deal", endpoint("GET /v1/other")), "the name deals-get-deal is taken by deals-get-deal");
    assert_eq!(
        refused("search", "run-more", Trigger::queue("searches").unwrap()),
        "the queue searches is taken by search-run-search"
    );
}

#[test]
fn what_is_no_name_route_or_schedule_is_refused() {
    for route in
        ["GET", "GET v1/x", "GET /x", "GET /.hidden/x", "FETCH /v1/x", "GET /v1/X", "GET /v1/{a}/{b}", "GET /v1//x", "GET /v1/{}"]
    {
        assert!(Trigger::endpoint(route).is_err(), "{route}");
    }
    for schedule in ["rate(1 minutes)", "rate(0 minutes)", "rate(x hours)", "cron(1 2)", "every minute"] {
        assert!(Trigger::schedule(schedule).is_err(), "{schedule}");
    }
    assert!(Trigger::events(vec!["Unheard".to_owned()]).is_err());
    for (context, name) in [("two-words", "x"), ("x", "Upper"), ("x", ""), ("../x", "x"), ("x", "a__b")] {
        assert!(Order::new(context, name, Trigger::queue("q").unwrap()).is_err(), "{context} {name}");
    }
}
