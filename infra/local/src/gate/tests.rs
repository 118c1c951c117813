#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use domain::{identity::Member, watchers::Watcher};
use serde_json::{Value, json};
use storage::{CachedAnswer, Entity, Observation, OutboxItem, TenantHost, WatcherQuota};

use super::*;

/// Answers everything with 200, like an AWS that allows all.
#[derive(Debug)]
struct Permissive;

impl HttpConnector for Permissive {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Ok(HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from("{}"))))
    }
}

impl Outside for Permissive {
    fn send(&self, _: Call) -> BoxFuture<'_, Result<http::Response<Bytes>, OutsideError>> {
        Box::pin(async { Ok(http::Response::new(Bytes::new())) })
    }
}

fn request(target: &str, body: &Value) -> HttpRequest {
    let mut request = HttpRequest::new(SdkBody::from(body.to_string()));
    request.set_method("POST").unwrap();
    match target.strip_prefix("SES ") {
        Some(path) => request.set_uri(format!("http://127.0.0.1:1{path}")).unwrap(),
        None => {
            request.headers_mut().insert("x-amz-target", target.to_owned());
        }
    }
    request
}

struct Bench {
    house: Arc<Gatehouse>,
    gate: Arc<Gate>,
}

fn bench(grants: &[Grant]) -> Bench {
    let house = Arc::new(Gatehouse::default());
    Bench { gate: Gate::new("test-function", grants.to_vec(), &house), house }
}

impl Bench {
    async fn call(&self, target: &str, body: &Value) -> Result<HttpResponse, ConnectorError> {
        self.gate.pass(request(target, body), SharedHttpConnector::new(Permissive)).await
    }

    async fn passes(&self, target: &str, body: &Value) -> bool {
        self.call(target, body).await.unwrap().status().is_success()
    }

    async fn outside(&self, source: &'static str) -> Result<u16, OutsideError> {
        self.outside_at(source, &format!("https://{source}.example/search?q=1")).await
    }

    async fn outside_at(&self, source: &'static str, uri: &str) -> Result<u16, OutsideError> {
        let addresses = ["duffel", "seats-aero"].map(|source| (source, format!("https://{source}.example"))).into();
        let request = http::Request::get(uri).body(Bytes::new()).unwrap();
        let call = Call { source, operation: "search", request, timeout: Duration::from_secs(1), repeated: false };
        self.gate.outside(Arc::new(Permissive), addresses).send(call).await.map(|answer| answer.status().as_u16())
    }
}

const MEMBER_PK: &str = "T#demo#M#mem_1";

fn key(pk: &str, sk: &str) -> Value {
    json!({"pk": {"S": pk}, "sk": {"S": sk}})
}

fn on(table: &str, pk: &str, sk: &str) -> Value {
    json!({"TableName": table, "Key": key(pk, sk)})
}

fn watcher() -> Value {
    on("core", MEMBER_PK, "WATCHER#wat_1")
}

fn item(kind: &str, pk: &str, sk: &str) -> Value {
    let mut item = key(pk, sk);
    item["type"] = json!({"S": kind});
    item
}

fn put(kind: &str, pk: &str, sk: &str) -> Value {
    json!({"TableName": "core", "Item": item(kind, pk, sk)})
}

fn put_watcher() -> Value {
    put("watcher", MEMBER_PK, "WATCHER#wat_1")
}

/// As `storage` counts.
fn count(kind: &str, sk: &str) -> Value {
    with(
        on("core", MEMBER_PK, sk),
        json!({
            "UpdateExpression": "ADD #used :by SET #type = :type",
            "ExpressionAttributeNames": {"#used": "used", "#type": "type"},
            "ExpressionAttributeValues": {":by": {"N": "1"}, ":type": {"S": kind}},
        }),
    )
}

/// A request with more members, or others.
fn with(mut request: Value, more: Value) -> Value {
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

fn event(name: &str) -> Value {
    let mut put = put("outbox", "OUTBOX#3", "evt_1");
    put["Item"]["event"] = json!({"S": name});
    put
}

fn query(index: Option<&str>, pk: &str, condition: &str, sk: &str) -> Value {
    let prefix = index.unwrap_or_default();
    json!({
        "TableName": "core",
        "IndexName": index,
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": {"#pk": format!("{prefix}pk"), "#sk": format!("{prefix}sk")},
        "ExpressionAttributeValues": {":pk": {"S": pk}, ":sk": {"S": sk}},
    })
}

const PREFIX: &str = "#pk = :pk AND begins_with(#sk, :sk)";
const UP_TO: &str = "#pk = :pk AND #sk <= :sk";

fn transact(writes: &[(&str, Value)]) -> Value {
    json!({"TransactItems": writes.iter().map(|(action, write)| json!({*action: write})).collect::<Vec<_>>()})
}

const DYNAMO: &str = "DynamoDB_20120810";

/// Each call passes with these grants and with no fewer.
fn declared() -> Vec<(String, Value, Vec<Grant>)> {
    let dynamo = |operation: &str, body: Value, grants: &[Grant]| (format!("{DYNAMO}.{operation}"), body, grants.to_vec());
    let queue = |name: &str| json!({"QueueUrl": format!("http://127.0.0.1:1/000000000000/{name}"), "MessageBody": "{}"});
    let member_key = "MEMBER";
    vec![
        dynamo("GetItem", watcher(), &[Watcher::READ]),
        dynamo("GetItem", on("core", "HOST#localhost", "HOST"), &[TenantHost::READ]),
        dynamo("GetItem", on("cache", "ANSWER#-#k", "ANSWER"), &[CachedAnswer::READ]),
        dynamo("PutItem", put_watcher(), &[Watcher::WRITE]),
        dynamo("UpdateItem", count("watcher", "WATCHER#wat_1"), &[Watcher::WRITE]),
        dynamo("DeleteItem", watcher(), &[Watcher::WRITE]),
        dynamo("DeleteItem", with(watcher(), json!({"ReturnValues": "NONE"})), &[Watcher::WRITE]),
        dynamo("DeleteItem", with(watcher(), json!({"ReturnValues": "ALL_OLD"})), &[Watcher::WRITE, Watcher::READ]),
        dynamo(
            "PutItem",
            with(put_watcher(), json!({"ReturnValuesOnConditionCheckFailure": "ALL_OLD"})),
            &[Watcher::WRITE, Watcher::READ],
        ),
        dynamo("Query", query(None, MEMBER_PK, PREFIX, "WATCHER#"), &[Watcher::READ]),
        dynamo("Query", query(None, MEMBER_PK, PREFIX, "WATCHER#wat_1"), &[Watcher::READ]),
        dynamo("Query", query(Some("gsi1"), "DUE#WATCHER#07", UP_TO, "2026-02-17T19:25"), &[Watcher::READ]),
        dynamo("Query", query(Some("gsi2"), "T#demo#SEARCH#k", PREFIX, "WATCHER#"), &[Watcher::READ]),
        dynamo("Query", query(None, "OUTBOX#3", PREFIX, "evt_"), &[OutboxItem::READ]),
        dynamo(
            "BatchWriteItem",
            json!({"RequestItems": {"observations": [{"PutRequest": {"Item": item("price", "PRICE#deployment#LAX-DXB", "x")}}]}}),
            &[Observation::WRITE],
        ),
        dynamo(
            "BatchWriteItem",
            json!({"RequestItems": {"core": [{"DeleteRequest": {"Key": key("OUTBOX#3", "evt_1")}}]}}),
            &[OutboxItem::WRITE],
        ),
        dynamo("PutItem", event("WatcherCreated"), &[Grant::Emit("WatcherCreated")]),
        dynamo(
            "TransactWriteItems",
            transact(&[
                ("ConditionCheck", on("core", MEMBER_PK, member_key)),
                ("Put", put_watcher()),
                ("Update", count("watcher-quota", "QUOTA#WATCHERS")),
                ("Put", event("WatcherCreated")),
            ]),
            &[Member::READ, Watcher::WRITE, WatcherQuota::WRITE, Grant::Emit("WatcherCreated")],
        ),
        dynamo("TransactWriteItems", transact(&[("ConditionCheck", on("core", MEMBER_PK, member_key))]), &[Member::WRITE]),
        dynamo("TransactWriteItems", transact(&[("Delete", on("core", "OUTBOX#3", "evt_1"))]), &[OutboxItem::WRITE]),
        ("AmazonSQS.SendMessage".to_owned(), queue("searches"), vec![Grant::Send("searches")]),
        ("AmazonSQS.SendMessageBatch".to_owned(), queue("searches-dead"), vec![Grant::Send("searches-dead")]),
        ("AWSEvents.PutEvents".to_owned(), json!({}), vec![Grant::Publish]),
        ("SES /v2/email/outbound-emails".to_owned(), json!({}), vec![Grant::Mail]),
    ]
}

fn everything() -> Vec<Grant> {
    let tables = storage::KINDS.iter().flat_map(|kind| [Grant::Read(kind), Grant::Write(kind)]);
    let others = [
        Grant::Publish,
        Grant::Mail,
        Grant::Call("duffel"),
        Grant::Send("searches"),
        Grant::Send("searches-dead"),
        Grant::Emit("WatcherCreated"),
    ];
    tables.chain(others).collect()
}

#[tokio::test]
async fn what_is_declared_passes_and_nothing_less_does() {
    for (target, body, grants) in declared() {
        assert!(bench(&grants).passes(&target, &body).await, "{target} {body}");
        for missing in &grants {
            // Checking a condition takes either of two; everything else goes by the one.
            let all_others =
                everything().into_iter().filter(|grant| !grant.same(missing)).filter(|grant| !stands_in(grant, missing, &target));
            let bench = bench(&all_others.collect::<Vec<_>>());
            assert!(!bench.passes(&target, &body).await, "{target} without {missing}");
            assert_eq!(bench.house.refusals().len(), 1);
            assert_eq!(bench.house.calls_of("test-function"), 0);
        }
    }
}

fn stands_in(grant: &Grant, missing: &Grant, target: &str) -> bool {
    let (Grant::Read(kind) | Grant::Write(kind)) = missing else { return false };
    target.ends_with("TransactWriteItems") && (grant.same(&Grant::Read(kind)) || grant.same(&Grant::Write(kind)))
}

#[tokio::test]
async fn what_the_gate_cannot_read_is_refused_whatever_is_declared() {
    let bench = bench(&everything());
    let dynamo = |operation: &str, body: Value| (format!("{DYNAMO}.{operation}"), body);
    let refused = [
        dynamo("Scan", json!({"TableName": "core"})),
        dynamo("DeleteTable", json!({"TableName": "core"})),
        dynamo("ExecuteStatement", json!({"Statement": "SELECT * FROM core"})),
        dynamo("GetItem", on("secrets", MEMBER_PK, "MEMBER")),
        dynamo("GetItem", on("cache", MEMBER_PK, "MEMBER")),
        dynamo("GetItem", on("core", "NOBODY#1", "MEMBER")),
        dynamo("GetItem", json!({"TableName": "core"})),
        dynamo("PutItem", put("outbox", "OUTBOX#3", "evt_1")),
        dynamo("BatchWriteItem", json!({"RequestItems": {}})),
        dynamo("BatchWriteItem", json!({"RequestItems": {"core": []}})),
        dynamo("TransactWriteItems", transact(&[])),
        dynamo("Query", query(None, MEMBER_PK, "#pk = :pk AND #sk > :sk", "A")),
        dynamo("Query", query(None, MEMBER_PK, "#sk = :sk AND #pk = :pk", "A")),
        dynamo("Query", query(Some("gsi2"), MEMBER_PK, PREFIX, "WATCHER#")),
        // DynamoDB takes no empty text for a key, not even to begin with.
        dynamo("Query", query(None, MEMBER_PK, PREFIX, "")),
        dynamo("TransactWriteItems", transact(&[("Get", watcher())])),
        ("DynamoDBStreams_20120810.GetItem".to_owned(), watcher()),
        ("AmazonSQS.ReceiveMessage".to_owned(), json!({"QueueUrl": "http://127.0.0.1:1/0/searches"})),
        ("AmazonSQS.SendMessage".to_owned(), json!({})),
        ("AWSEvents.PutRule".to_owned(), json!({})),
        ("SES /v2/email/identities".to_owned(), json!({})),
    ];
    for (target, body) in &refused {
        assert!(!bench.passes(target, body).await, "{target} {body}");
    }
    assert_eq!(bench.house.refusals().len(), refused.len());
}

#[tokio::test]
async fn an_item_is_of_the_type_whose_key_it_has_and_in_no_index_of_another() {
    let due = |pk: &str, sk: Option<&str>| {
        let mut put = put_watcher();
        put["Item"]["gsi1pk"] = json!({"S": pk});
        if let Some(sk) = sk {
            put["Item"]["gsi1sk"] = json!({"S": sk});
        }
        put
    };
    let (bench, target) = (bench(&everything()), format!("{DYNAMO}.PutItem"));
    assert!(bench.passes(&target, &put_watcher()).await);
    assert!(bench.passes(&target, &due("DUE#WATCHER#07", Some("2026-02-17T19:25"))).await);
    let typeless = json!({"TableName": "core", "Item": key(MEMBER_PK, "WATCHER#wat_1")});
    let refused =
        [typeless, put("member", MEMBER_PK, "WATCHER#wat_1"), due("DUE#DELIVERY#07", Some("x")), due("DUE#WATCHER#07", None)];
    for put in &refused {
        assert!(!bench.passes(&target, put).await, "{put}");
    }
}

#[tokio::test]
async fn an_update_counts_and_does_nothing_else() {
    let (bench, target, quota) = (bench(&everything()), format!("{DYNAMO}.UpdateItem"), "QUOTA#WATCHERS");
    assert!(bench.passes(&target, &count("watcher-quota", quota)).await);
    let names = |used: &str, name: &str| json!({"ExpressionAttributeNames": {"#used": used, "#type": name}});
    let refused = [
        on("core", MEMBER_PK, quota),
        count("watcher", quota),
        with(count("watcher-quota", quota), names("gsi1pk", "type")),
        with(count("watcher-quota", quota), names("used", "gsi1pk")),
        with(count("watcher-quota", quota), json!({"UpdateExpression": "SET gsi1pk = :type"})),
        with(count("watcher-quota", quota), json!({"AttributeUpdates": {"gsi1pk": {"Value": {"S": "DUE#WATCHER#07"}}}})),
        with(count("outbox", quota), json!({"Key": key("OUTBOX#3", "evt_1")})),
    ];
    for update in &refused {
        assert!(!bench.passes(&target, update).await, "{update}");
    }
}

/// Who answers at that path mails, whatever the header says; so does the gate.
#[tokio::test]
async fn a_message_to_a_queue_is_no_mail() {
    let bench = bench(&[Grant::Send("searches")]);
    let mut disguised = request("AmazonSQS.SendMessage", &json!({"QueueUrl": "http://127.0.0.1:1/0/searches"}));
    disguised.set_uri("http://127.0.0.1:1/v2/email/outbound-emails").unwrap();
    let answer = bench.gate.pass(disguised, SharedHttpConnector::new(Permissive)).await.unwrap();
    assert_eq!(answer.status().as_u16(), 403);
    assert_eq!(bench.house.refusals().len(), 1);
}

#[tokio::test]
async fn a_query_needs_to_read_everything_that_it_can_meet() {
    let collection = query(None, MEMBER_PK, "#pk = :pk", "");
    let search = query(None, "T#demo#SEARCH#k", "#pk = :pk", "");
    assert!(!bench(&[Watcher::READ, Member::READ]).passes(&format!("{DYNAMO}.Query"), &collection).await);
    assert!(bench(&everything()).passes(&format!("{DYNAMO}.Query"), &collection).await);
    let runs_and_sightings = [storage::SearchRun::READ, storage::Sighting::READ];
    assert!(bench(&runs_and_sightings).passes(&format!("{DYNAMO}.Query"), &search).await);
    assert!(!bench(&runs_and_sightings[..1]).passes(&format!("{DYNAMO}.Query"), &search).await);
}

#[tokio::test]
async fn a_refusal_has_the_shape_of_its_service() {
    let bench = bench(&[]);
    for (target, status, query_error) in [
        ("DynamoDB_20120810.Scan", 400, None),
        ("AmazonSQS.PurgeQueue", 403, Some("AccessDenied;Sender")),
        ("AWSEvents.PutEvents", 400, None),
        ("SES /v2/email/outbound-emails", 403, None),
    ] {
        let answer = bench.call(target, &json!({})).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{target}");
        assert_eq!(answer.headers().get("x-amzn-errortype"), Some("AccessDeniedException"), "{target}");
        assert_eq!(answer.headers().get("x-amzn-query-error"), query_error, "{target}");
        let body: Value = serde_json::from_slice(answer.body().bytes().unwrap()).unwrap();
        assert!(body["__type"].as_str().unwrap().ends_with("AccessDeniedException"), "{target}");
    }
}

#[tokio::test]
async fn only_declared_sources_are_called() {
    let bench = bench(&[Grant::Call("duffel")]);
    assert_eq!(bench.outside("duffel").await, Ok(200));
    assert_eq!(bench.outside("seats-aero").await, Err(OutsideError::Undeclared));
    assert_eq!(bench.house.refusals().len(), 1);
}

#[tokio::test]
async fn a_source_is_called_at_its_address_only() {
    let bench = bench(&[Grant::Call("duffel")]);
    for elsewhere in ["https://seats-aero.example/search", "https://duffel.example.com/", "http://duffel.example/", "/search"] {
        assert_eq!(bench.outside_at("duffel", elsewhere).await, Err(OutsideError::Undeclared), "{elsewhere}");
    }
    assert_eq!(bench.house.refusals().len(), 4);
    assert_eq!(bench.outside_at("duffel", "https://duffel.example").await, Ok(200));
}

#[tokio::test]
async fn an_event_stored_wakes_the_relay_once() {
    let bench = bench(&everything());
    assert!(bench.passes(&format!("{DYNAMO}.GetItem"), &watcher()).await);
    assert!(!bench.house.take_wake());
    assert!(bench.passes(&format!("{DYNAMO}.TransactWriteItems"), &transact(&[("Put", event("WatcherCreated"))])).await);
    bench.house.woken().await;
    assert!(bench.house.take_wake());
    assert!(!bench.house.take_wake());
}

/// Strikes the call of a number.
#[derive(Debug)]
struct Strike {
    number: u64,
    before: Action,
    after: Action,
}

impl Faults for Strike {
    fn before(&self, call: &CallInfo) -> Action {
        if call.number == self.number { self.before } else { Action::Proceed }
    }

    fn after(&self, call: &CallInfo) -> Action {
        if call.number == self.number { self.after } else { Action::Proceed }
    }
}

#[tokio::test]
async fn faults_strike_before_and_after_a_call() {
    let bench = bench(&everything());
    let target = format!("{DYNAMO}.PutItem");
    let strike = |number, before, after| bench.house.set_faults(Arc::new(Strike { number, before, after }));
    strike(1, Action::Fail(Failure::Throttled), Action::Proceed);
    assert_eq!(bench.call(&target, &event("WatcherCreated")).await.unwrap().status().as_u16(), 400);
    assert!(!bench.house.take_wake(), "nothing has happened");
    strike(2, Action::LoseAnswer, Action::Proceed);
    assert!(bench.call(&target, &event("WatcherCreated")).await.unwrap_err().is_io());
    assert!(!bench.house.take_wake(), "nothing has happened");
    strike(3, Action::Proceed, Action::LoseAnswer);
    assert!(bench.call(&target, &event("WatcherCreated")).await.unwrap_err().is_io());
    assert!(bench.house.take_wake(), "the effect stays");
    strike(4, Action::Proceed, Action::Hang);
    let (mut kills, stored) = (bench.gate.kills(), event("WatcherCreated"));
    tokio::select! {
        _ = bench.call(&target, &stored) => unreachable!("a killed function goes on"),
        killed = kills.changed() => killed.unwrap(),
    }
    assert!(bench.house.take_wake(), "the effect stays");
    strike(5, Action::Fail(Failure::Throttled), Action::Proceed);
    assert_eq!(bench.outside("duffel").await, Ok(429));
    strike(6, Action::Proceed, Action::LoseAnswer);
    assert_eq!(bench.outside("duffel").await, Err(OutsideError::Timeout));
    assert_eq!(bench.house.calls_of("test-function"), 6);
}

#[tokio::test]
async fn a_conflict_of_a_transaction_is_among_its_reasons() {
    let bench = bench(&everything());
    bench.house.set_faults(Arc::new(Strike { number: 1, before: Action::Fail(Failure::Conflict), after: Action::Proceed }));
    let answer =
        bench.call(&format!("{DYNAMO}.TransactWriteItems"), &transact(&[("Put", event("WatcherCreated"))])).await.unwrap();
    let body: Value = serde_json::from_slice(answer.body().bytes().unwrap()).unwrap();
    assert_eq!(body["CancellationReasons"][0]["Code"], "TransactionConflict");
}
