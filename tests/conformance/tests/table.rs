//! The embedded side of the table, and whether the table is whole and can fail.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use conformance::{
    Judged, Row, Verdict,
    differences::{self, Difference},
    judge, report, rows,
    seen::{refused, took},
    shapes::{self, Heard, Shape},
    target::Side,
};
use faults::{
    kills::SEED,
    story::CHAPTERS,
    world::{Mischief, Setting, World, alone},
};
use local::gate::{CallInfo, Callee, Faults};
use platform::aws::Service;
use storage::CONDITIONS;

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(rows::all);
static KNOWN: LazyLock<Vec<Difference>> = LazyLock::new(differences::all);

/// Runs the whole table on the embedded side. Answers what came of it, and the shapes of its requests.
fn embedded() -> (Vec<Judged<'static>>, BTreeSet<Shape>) {
    let heard = Arc::new(Heard::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let judged = runtime.block_on(judge(&ROWS, &KNOWN, &Side::Embedded, &heard));
    (judged, heard.shapes())
}

static EMBEDDED: LazyLock<(Vec<Judged<'static>>, BTreeSet<Shape>)> = LazyLock::new(embedded);

#[test]
fn the_embedded_side_does_as_aws_does_but_for_what_is_listed() {
    let good = EMBEDDED.0.iter().all(|judged| judged.verdict.is_good());
    assert!(good, "{}", report::details(&[("embedded", embedded().0)]));
}

/// Hears every call of the story, as the gate lets it pass.
#[derive(Debug, Default)]
struct Ear(Heard);

impl Faults for Ear {
    fn rewrite(&self, call: &CallInfo, body: &[u8]) -> Option<Vec<u8>> {
        if matches!(call.callee, Callee::Aws(_)) {
            self.0.hear(&call.operation, body);
        }
        None
    }
}

/// The shapes of everything that our functions ask of AWS while the story is told; one of them meets messages that nobody
/// can read.
fn told() -> BTreeSet<Shape> {
    let ear = Arc::new(Ear::default());
    let mischief = Mischief { function: "search-run-search", poison: true, ..Mischief::default() };
    for chapter in &CHAPTERS {
        alone(SEED, async {
            let world = World::new(Setting { mischief, ..Setting::of(SEED, ear.clone()) }).await;
            chapter.tell(&world).await.unwrap_or_else(|violation| panic!("{}: {violation}", chapter.name));
        });
    }
    ear.0.shapes()
}

#[test]
fn every_call_of_the_story_has_a_row() {
    let (told, rows) = (told(), &EMBEDDED.1);
    assert!(told.iter().any(|shape| shape.operation == "SendEmail"), "the story was heard");
    let without: Vec<String> = told.difference(rows).map(ToString::to_string).collect();
    assert!(without.is_empty(), "add a row in src/rows for:\n{}", without.join("\n"));
}

#[test]
fn a_request_made_in_another_way_has_another_shape() {
    let of = |body: &str| shapes::of("Query", body.as_bytes());
    let query =
        of(r#"{"TableName": "core", "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "a"}}}"#);
    let of_another =
        r#"{"TableName": "x-core", "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "b"}}}"#;
    assert_eq!(query, of(of_another), "what it is about does not matter");
    for other in [
        r#"{"TableName": "core", "KeyConditionExpression": "sk = :pk", "ExpressionAttributeValues": {":pk": {"S": "a"}}}"#,
        r#"{"TableName": "core", "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {}, "ConsistentRead": true}"#,
    ] {
        assert_ne!(query, of(other));
    }
    let writes = |body: &str| shapes::of("TransactWriteItems", body.as_bytes());
    let (put, checked) = (r#"{"Put": {"Item": {}}}"#, r#"{"Put": {"Item": {}, "ConditionExpression": "c"}}"#);
    let both = writes(&format!(r#"{{"TransactItems": [{put}, {checked}, {put}]}}"#));
    assert!(both.is_superset(&writes(&format!(r#"{{"TransactItems": [{checked}]}}"#))), "each operation has its own");
}

#[test]
fn every_condition_of_a_write_has_a_row() {
    for condition in CONDITIONS {
        let written = format!("ConditionExpression = '{condition}'");
        let mut members = EMBEDDED.1.iter().flat_map(|shape| &shape.members);
        assert!(members.any(|member| member.ends_with(&written)), "{condition}");
    }
}

#[test]
fn rows_are_told_apart_and_differences_name_them() {
    let names: BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), ROWS.len());
    let unknown: Vec<&str> = KNOWN.iter().map(|known| known.row).filter(|row| !names.contains(row)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let distinct: BTreeSet<(&str, &str)> = KNOWN.iter().map(|known| (known.row, known.side)).collect();
    assert_eq!(distinct.len(), KNOWN.len());
}

/// Judges one outcome, which is `took`, on the embedded side.
async fn verdict_on(expected: [conformance::seen::Seen; 1], known: &[Difference]) -> (bool, String) {
    let planted = [Row::new(Service::Ses, "planted", |_| Box::pin(async { vec![took()] }), expected)];
    let judged = judge(&planted, known, &Side::Embedded, &Arc::default()).await;
    (judged[0].verdict.is_good(), report::details(&[("embedded", judged)]))
}

fn listed(seen: conformance::seen::Seen) -> Difference {
    Difference { row: "planted", side: "embedded", seen: vec![seen], documented: "Documented so.", harmless: "Harmless." }
}

#[tokio::test]
async fn what_should_not_be_is_told() {
    let (good, details) = verdict_on([took()], &[]).await;
    assert_eq!((good, details.as_str()), (true, ""));

    let (good, details) = verdict_on([refused("No")], &[]).await;
    assert!(!good && details.contains("DIFFERENT: planted\n  AWS: refused (No)\n  embedded: taken"), "{details}");

    let (good, details) = verdict_on([refused("No")], &[listed(took())]).await;
    assert!(good && details.contains("Harmless."), "{details}");

    let (good, details) = verdict_on([refused("No")], &[listed(refused("Other"))]).await;
    assert!(!good && details.contains("DIFFERENT"), "a known difference is known by what it is: {details}");

    let (good, details) = verdict_on([took()], &[listed(took())]).await;
    assert!(!good && details.contains("NO MORE: planted"), "{details}");

    let falls = [Row::new(Service::Ses, "falls", |_| Box::pin(async { panic!("over") }), [took()])];
    let judged = judge(&falls, &[], &Side::Embedded, &Arc::default()).await;
    assert_eq!((judged[0].verdict, judged[0].seen[0].to_string().as_str()), (Verdict::Different, "broken: over"));
}
