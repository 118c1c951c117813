//! Every call there is, and what it takes. That is said here, apart from how the gate reads requests.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, DeleteRequest, Get, KeysAndAttributes, Put, PutRequest, ReturnValue,
    ReturnValuesOnConditionCheckFailure, TransactGetItem, TransactWriteItem, Update, WriteRequest,
};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use bytes::Bytes;
use domain::events;
use futures::future::BoxFuture;
use local::machine::{functions, topology};
use platform::{
    config::{OPEN_SOURCES, SOURCES},
    outside::{self, Outside},
};
use serde_json::{Value, json};
use storage::{
    Entity, Grant, KINDS, Keyspace, Kind, OutboxItem,
    tables::{PK, SK, Table},
};

use super::crowd::{Bus, Call, Crowd, Dynamo, Outcome, Ses, Sqs, Takes, about, addresses, all, call, nobody, sent};

type Item = HashMap<String, AttributeValue>;

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn key_of(pk: &str, sk: &str) -> Item {
    Item::from([(PK.to_owned(), text(pk)), (SK.to_owned(), text(sk))])
}

/// A key of a keyspace, with something in the place of whatever varies.
pub fn sample(keys: &Keyspace) -> (String, String) {
    let parts = keys.partition.split('#').map(|part| if part.starts_with('{') { "x" } else { part });
    let is_prefix = keys.sort.is_empty() || keys.sort.ends_with('#');
    (parts.collect::<Vec<_>>().join("#"), format!("{}{}", keys.sort, if is_prefix { "1" } else { "" }))
}

fn key(kind: &Kind) -> Item {
    let (pk, sk) = sample(kind.keys.iter().find(|keys| keys.index.is_none()).unwrap());
    key_of(&pk, &sk)
}

fn in_index(item: &mut Item, keys: &Keyspace) {
    let (Some(index), (pk, sk)) = (keys.index, sample(keys)) else { return };
    item.extend([(format!("{index}{PK}"), text(&pk)), (format!("{index}{SK}"), text(&sk))]);
}

/// An item, in every index that its kind is in.
fn item(kind: &Kind) -> Item {
    let mut item = key(kind);
    item.insert("type".to_owned(), text(kind.name));
    kind.keys.iter().for_each(|keys| in_index(&mut item, keys));
    item
}

fn event(name: &str) -> Item {
    let mut item = item(OutboxItem::KIND);
    item.insert("event".to_owned(), text(name));
    item
}

fn is_outbox(kind: &Kind) -> bool {
    kind.name == OutboxItem::KIND.name
}

/// What lies in the outbox is stored whole, by whoever emits that event, and then only removed.
fn to_change(kind: &'static Kind) -> Takes {
    if is_outbox(kind) { nobody() } else { all([Grant::Write(kind)]) }
}

/// What is handed back is read.
fn and_read(mut takes: Takes, kind: &'static Kind) -> Takes {
    takes.push(vec![Grant::Read(kind)]);
    takes
}

fn put_part(table: Table, item: Item) -> TransactWriteItem {
    let put = Put::builder().table_name(table.name()).set_item(Some(item)).build().unwrap();
    TransactWriteItem::builder().put(put).build()
}

fn delete_part(kind: &Kind) -> TransactWriteItem {
    let delete = Delete::builder().table_name(kind.table.name()).set_key(Some(key(kind))).build().unwrap();
    TransactWriteItem::builder().delete(delete).build()
}

fn check_part(kind: &Kind, hands_back: Option<ReturnValuesOnConditionCheckFailure>) -> TransactWriteItem {
    let check = ConditionCheck::builder()
        .table_name(kind.table.name())
        .set_key(Some(key(kind)))
        .condition_expression("attribute_exists(pk)")
        .set_return_values_on_condition_check_failure(hands_back);
    TransactWriteItem::builder().condition_check(check.build().unwrap()).build()
}

/// As `storage` counts; it updates in no other way.
const COUNTING: &str = "ADD #used :by SET #type = :type";
/// As it counts what is not kept for good.
const COUNTING_FOR_A_WHILE: &str = "ADD #used :by SET #type = :type, #ttl = :ttl";

fn count_names() -> HashMap<String, String> {
    [("#used", "used"), ("#type", "type"), ("#ttl", "ttl")].map(|(short, long)| (short.to_owned(), long.to_owned())).into()
}

fn count_values(kind: &Kind) -> Item {
    let number = |name: &str| (name.to_owned(), AttributeValue::N("1".to_owned()));
    Item::from([number(":by"), number(":ttl"), (":type".to_owned(), text(kind.name))])
}

fn count_part(kind: &Kind) -> TransactWriteItem {
    let update = Update::builder()
        .table_name(kind.table.name())
        .set_key(Some(key(kind)))
        .update_expression(COUNTING)
        .set_expression_attribute_names(Some(count_names()))
        .set_expression_attribute_values(Some(count_values(kind)));
    TransactWriteItem::builder().update(update.build().unwrap()).build()
}

fn transaction(what: impl ToString, takes: Takes, parts: Vec<TransactWriteItem>) -> Call {
    call!(dynamo, what, takes, move |dynamo: &Dynamo| { dynamo.transact_write_items().set_transact_items(Some(parts.clone())) })
}

fn put_request(item: Item) -> WriteRequest {
    WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build().unwrap()).build()
}

fn delete_request(kind: &Kind) -> WriteRequest {
    WriteRequest::builder().delete_request(DeleteRequest::builder().set_key(Some(key(kind))).build().unwrap()).build()
}

fn batch(what: impl ToString, takes: Takes, requests: impl IntoIterator<Item = (Table, WriteRequest)>) -> Call {
    let mut by_table: HashMap<String, Vec<WriteRequest>> = HashMap::new();
    for (table, request) in requests {
        by_table.entry(table.name().to_owned()).or_default().push(request);
    }
    call!(dynamo, what, takes, move |dynamo: &Dynamo| { dynamo.batch_write_item().set_request_items(Some(by_table.clone())) })
}

fn put(what: impl ToString, takes: Takes, table: Table, item: Item, hands_back: Option<ReturnValue>) -> Call {
    call!(dynamo, what, takes, move |dynamo: &Dynamo| {
        dynamo.put_item().table_name(table.name()).set_item(Some(item.clone())).set_return_values(hands_back.clone())
    })
}

fn get(what: impl ToString, takes: Takes, table: &str, key: Item) -> Call {
    let table = table.to_owned();
    call!(dynamo, what, takes, move |dynamo: &Dynamo| { dynamo.get_item().table_name(&table).set_key(Some(key.clone())) })
}

fn delete(what: impl ToString, takes: Takes, kind: &'static Kind, hands_back: Option<ReturnValue>) -> Call {
    call!(dynamo, what, takes, move |dynamo: &Dynamo| {
        dynamo.delete_item().table_name(kind.table.name()).set_key(Some(key(kind))).set_return_values(hands_back.clone())
    })
}

fn update(what: impl ToString, takes: Takes, kind: &'static Kind, how: &'static str, hands_back: Option<ReturnValue>) -> Call {
    call!(dynamo, what, takes, move |dynamo: &Dynamo| {
        let update = dynamo.update_item().table_name(kind.table.name()).set_key(Some(key(kind))).update_expression(how);
        update
            .set_expression_attribute_names(Some(count_names()))
            .set_expression_attribute_values(Some(count_values(kind)))
            .set_return_values(hands_back.clone())
    })
}

fn reads(kind: &'static Kind) -> Vec<Call> {
    let mut calls = vec![get("GetItem", all([Grant::Read(kind)]), kind.table.name(), key(kind))];
    calls.extend(kind.keys.iter().flat_map(|keys| queries(kind, keys)));
    calls
}

/// A query takes the reading of every kind that it can meet: those of its partition whose sort keys it asks for.
fn queries(kind: &'static Kind, keys: &'static Keyspace) -> Vec<Call> {
    let (pk, sk) = sample(keys);
    let query = |form: &str, sk: &str, asks_for: &dyn Fn(&str) -> bool| {
        let met = |other: &&Keyspace| other.index == keys.index && other.partition == keys.partition && asks_for(other.sort);
        let met = |other: &&Kind| other.table == kind.table && other.keys.iter().any(|keys| met(&keys));
        let takes = all(KINDS.iter().copied().filter(met).map(Grant::Read));
        let prefix = keys.index.unwrap_or_default();
        let condition = format!("#pk = :pk{form}").replace("#pk", &format!("{prefix}pk")).replace("#sk", &format!("{prefix}sk"));
        let values = Item::from([(":pk".to_owned(), text(&pk)), (":sk".to_owned(), text(sk))]);
        call!(dynamo, format!("Query of {prefix} {condition}"), takes, move |dynamo: &Dynamo| {
            let query = dynamo.query().table_name(kind.table.name()).set_index_name(keys.index.map(str::to_owned));
            query.key_condition_expression(&condition).set_expression_attribute_values(Some(values.clone()))
        })
    };
    let prefix = if keys.sort.is_empty() { &sk } else { keys.sort }; // DynamoDB takes no empty text for a key.
    vec![
        query("", &sk, &|_| true),
        query(" AND #sk = :sk", &sk, &|sort| sk.starts_with(sort)),
        query(" AND #sk <= :sk", &sk, &|sort| sort <= sk.as_str()),
        query(" AND #sk <= :sk", "~", &|_| true),
        query(" AND begins_with(#sk, :sk)", &sk, &|sort| sk.starts_with(sort)),
        query(" AND begins_with(#sk, :sk)", prefix, &|sort| sort.starts_with(prefix) || prefix.starts_with(sort)),
    ]
}

fn writes(kind: &'static Kind) -> Vec<Call> {
    let (table, old) = (kind.table, Some(ReturnValue::AllOld));
    let change = || to_change(kind);
    let remove = || all([Grant::Write(kind)]);
    let read_or_write = || vec![vec![Grant::Read(kind), Grant::Write(kind)]];
    let old_if_failed = Some(ReturnValuesOnConditionCheckFailure::AllOld);
    vec![
        put("PutItem", change(), table, item(kind), None),
        put("PutItem for the old one", and_read(change(), kind), table, item(kind), old.clone()),
        update("UpdateItem", change(), kind, COUNTING, None),
        update("UpdateItem for the new one", and_read(change(), kind), kind, COUNTING, Some(ReturnValue::AllNew)),
        update("UpdateItem of what expires", change(), kind, COUNTING_FOR_A_WHILE, None),
        delete("DeleteItem", remove(), kind, None),
        delete("DeleteItem for the old one", and_read(remove(), kind), kind, old),
        transaction("Put in a transaction", change(), vec![put_part(table, item(kind))]),
        transaction("Update in a transaction", change(), vec![count_part(kind)]),
        transaction("Delete in a transaction", remove(), vec![delete_part(kind)]),
        transaction("ConditionCheck", read_or_write(), vec![check_part(kind, None)]),
        transaction("ConditionCheck for the item", and_read(read_or_write(), kind), vec![check_part(kind, old_if_failed)]),
        batch("Put in a batch", change(), [(table, put_request(item(kind)))]),
        batch("Delete in a batch", remove(), [(table, delete_request(kind))]),
    ]
}

/// What reaches an item in other ways than a function has, or makes one kind pass for another.
fn detours(kind: &'static Kind) -> Vec<Call> {
    let get_part = Get::builder().table_name(kind.table.name()).set_key(Some(key(kind))).build().unwrap();
    let keys = KeysAndAttributes::builder().keys(key(kind)).build().unwrap();
    let mut calls = vec![
        call!(dynamo, "TransactGetItems", nobody(), move |dynamo: &Dynamo| {
            dynamo.transact_get_items().transact_items(TransactGetItem::builder().get(get_part.clone()).build())
        }),
        call!(dynamo, "BatchGetItem", nobody(), move |dynamo: &Dynamo| {
            dynamo.batch_get_item().request_items(kind.table.name(), keys.clone())
        }),
        update("UpdateItem of an index", nobody(), kind, "SET gsi1pk = :type", None),
        update("UpdateItem of the type", nobody(), kind, "REMOVE #type", None),
    ];
    let elsewhere = Table::ALL.into_iter().filter(|table| *table != kind.table);
    calls.extend(elsewhere.map(|table| get(format!("GetItem from {}", table.name()), nobody(), table.name(), key(kind))));
    for other in KINDS.iter().filter(|other| other.name != kind.name) {
        let mut posing = item(kind);
        posing.insert("type".to_owned(), text(other.name));
        calls.push(put(format!("PutItem as {}", other.name), nobody(), kind.table, posing, None));
        for keys in other.keys.iter().filter(|keys| keys.index.is_some() && other.table == kind.table) {
            let mut intruding = item(kind);
            in_index(&mut intruding, keys);
            calls.push(put(format!("PutItem among {}", keys.partition), nobody(), kind.table, intruding, None));
        }
    }
    calls
}

/// Of several parts, each takes what it takes alone.
fn together(kind: &'static Kind) -> Vec<Call> {
    let with = |other: &'static Kind| {
        let (name, both) = (other.name, all([Grant::Write(kind), Grant::Write(other)]));
        let checked = vec![vec![Grant::Write(kind)], vec![Grant::Read(other), Grant::Write(other)]];
        let requests = [(kind.table, delete_request(kind)), (other.table, delete_request(other))];
        [
            transaction(format!("Delete with {name}"), both.clone(), vec![delete_part(kind), delete_part(other)]),
            transaction(format!("Delete if {name}"), checked, vec![delete_part(kind), check_part(other, None)]),
            batch(format!("Delete with {name} in a batch"), both, requests),
        ]
    };
    let mut calls: Vec<Call> = KINDS.iter().filter(|other| other.name != kind.name).flat_map(|other| with(other)).collect();
    for name in events::NAMES {
        let takes = all([Grant::Write(kind), Grant::Emit(name)]);
        let parts = vec![delete_part(kind), put_part(Table::Core, event(name))];
        calls.push(transaction(format!("Delete and emit {name}"), takes, parts));
    }
    calls
}

fn emissions(name: &'static str, takes: &Takes) -> Vec<Call> {
    let table = OutboxItem::KIND.table;
    let with_old = and_read(takes.clone(), OutboxItem::KIND);
    vec![
        put(name, takes.clone(), table, event(name), None),
        put(format!("{name} for the old one"), with_old, table, event(name), Some(ReturnValue::AllOld)),
        transaction(format!("{name} in a transaction"), takes.clone(), vec![put_part(table, event(name))]),
        batch(format!("{name} in a batch"), nobody(), [(table, put_request(event(name)))]),
    ]
}

fn of_queue(name: &'static str, takes: &Takes) -> Vec<Call> {
    let url = move || format!("http://127.0.0.1:1/000000000000/{name}");
    let entry = SendMessageBatchRequestEntry::builder().id("1").message_body("{}").build().unwrap();
    let calls = vec![
        call!(sqs, "SendMessage", takes.clone(), move |sqs: &Sqs| sqs.send_message().queue_url(url()).message_body("{}")),
        call!(sqs, "SendMessageBatch", takes.clone(), move |sqs: &Sqs| {
            sqs.send_message_batch().queue_url(url()).entries(entry.clone())
        }),
        call!(sqs, "ReceiveMessage", nobody(), move |sqs: &Sqs| sqs.receive_message().queue_url(url())),
        call!(sqs, "DeleteMessage", nobody(), move |sqs: &Sqs| sqs.delete_message().queue_url(url()).receipt_handle("1")),
        call!(sqs, "PurgeQueue", nobody(), move |sqs: &Sqs| sqs.purge_queue().queue_url(url())),
    ];
    about(name, calls)
}

fn bus_and_mail() -> Vec<Call> {
    vec![
        call!(events, "PutEvents", all([Grant::Publish]), |bus: &Bus| bus.put_events()),
        call!(events, "PutRule", nobody(), |bus: &Bus| bus.put_rule().name("all")),
        call!(events, "PutTargets", nobody(), |bus: &Bus| bus.put_targets().rule("all")),
        call!(ses, "SendEmail", all([Grant::Mail]), |ses: &Ses| ses.send_email()),
        call!(ses, "SendBulkEmail", nobody(), |ses: &Ses| ses.send_bulk_email()),
        call!(ses, "CreateEmailIdentity", nobody(), |ses: &Ses| {
            ses.create_email_identity().email_identity("mallory@example.com")
        }),
        call!(ses, "GetAccount", nobody(), |ses: &Ses| ses.get_account()),
    ]
}

/// Members' keys are made and unwrapped for a member, and for nothing else. Nobody wraps them anew, or does more with the master
/// key.
fn master_key() -> Vec<Call> {
    let of = |name: &str, value: &str| json!({ name: value });
    let member = || json!({"tenant": "demo", "member": "mem_1"});
    let bound = |operation: &'static str, takes: Takes| {
        let mut calls = vec![kms(operation, operation, takes, json!({"EncryptionContext": member()}))];
        for (what, context) in [
            ("nothing", Value::Null),
            ("no name", json!({})),
            ("a tenant alone", of("tenant", "demo")),
            ("a member alone", of("member", "mem_1")),
            ("one more", json!({"tenant": "demo", "member": "mem_1", "table": "core"})),
            ("another name", json!({"tenant": "demo", "table": "core"})),
        ] {
            calls.push(kms(&format!("{operation} bound to {what}"), operation, nobody(), json!({"EncryptionContext": context})));
        }
        calls
    };
    let made = bound("GenerateDataKey", all([Grant::MakeKeys]));
    let used = bound("Decrypt", all([Grant::UseKeys]));
    let never = ["ReEncrypt", "Encrypt", "GenerateDataKeyWithoutPlaintext", "CreateGrant", "ScheduleKeyDeletion", "PutKeyPolicy"];
    let never = never.map(|operation| kms(operation, operation, nobody(), json!({"EncryptionContext": member()})));
    about("master key", made.into_iter().chain(used).chain(never).collect())
}

fn kms(what: &str, operation: &'static str, takes: Takes, body: Value) -> Call {
    let make = move |crowd: &Crowd| -> BoxFuture<'static, Outcome> {
        let (kms, body) = (crowd.kms.clone(), body.clone());
        Box::pin(async move { kms.invoke((operation, body)).await.unwrap() })
    };
    Call { what: what.to_owned(), takes, refusal: "AccessDeniedException", make: Box::new(make) }
}

fn of_source(source: &'static str, takes: Takes) -> Call {
    let make = move |crowd: &Crowd| -> BoxFuture<'static, Outcome> {
        let ways: Vec<Arc<dyn Outside>> = crowd.members.iter().map(|member| member.outside.clone()).collect();
        let answers = crowd.answers.clone();
        Box::pin(async move {
            let mut outcomes = Vec::new();
            for way in ways {
                let address = addresses().remove(source).unwrap_or_else(|| "https://nowhere.invalid".to_owned());
                let request = http::Request::get(format!("{address}/search")).body(Bytes::new()).unwrap();
                let timeout = Duration::from_secs(1);
                let answer = way.send(outside::Call { source, operation: "search", request, timeout, repeated: false }).await;
                outcomes.push(answer.map(|_| ()).map_err(|error| format!("{error:?}")));
            }
            answers.lock().unwrap().clone_from(&outcomes);
            outcomes.into_iter().find(Result::is_err).unwrap_or(Ok(()))
        })
    };
    Call { what: source.to_owned(), takes, refusal: "Undeclared", make: Box::new(make) }
}

/// What nobody may do with a table, whatever lies in it.
fn of_table(table: Table) -> Vec<Call> {
    let name = table.name();
    let (select, select_two, select_more) = (format!("SELECT * FROM {name}"), format!("SELECT pk FROM {name}"), name);
    let mut calls = vec![
        call!(dynamo, "Scan", nobody(), move |dynamo: &Dynamo| dynamo.scan().table_name(name)),
        call!(dynamo, "CreateTable", nobody(), move |dynamo: &Dynamo| dynamo.create_table().table_name(name)),
        call!(dynamo, "UpdateTable", nobody(), move |dynamo: &Dynamo| dynamo.update_table().table_name(name)),
        call!(dynamo, "DeleteTable", nobody(), move |dynamo: &Dynamo| dynamo.delete_table().table_name(name)),
        call!(dynamo, "DescribeTable", nobody(), move |dynamo: &Dynamo| dynamo.describe_table().table_name(name)),
        call!(dynamo, "ExecuteStatement", nobody(), move |dynamo: &Dynamo| dynamo.execute_statement().statement(&select)),
        call!(dynamo, "BatchExecuteStatement", nobody(), move |dynamo: &Dynamo| {
            use aws_sdk_dynamodb::types::BatchStatementRequest as Request;
            dynamo.batch_execute_statement().statements(Request::builder().statement(&select_two).build().unwrap())
        }),
        call!(dynamo, "ExecuteTransaction", nobody(), move |dynamo: &Dynamo| {
            use aws_sdk_dynamodb::types::ParameterizedStatement as Statement;
            let statement = format!("DELETE FROM {select_more}");
            dynamo.execute_transaction().transact_statements(Statement::builder().statement(statement).build().unwrap())
        }),
        get("GetItem of nobody's", nobody(), name, key_of("NOBODY#1", "1")),
        put("PutItem of nobody's", nobody(), table, key_of("NOBODY#1", "1"), None),
        call!(dynamo, "Query without a condition", nobody(), move |dynamo: &Dynamo| dynamo.query().table_name(name)),
        call!(dynamo, "Batch of nothing", nobody(), move |dynamo: &Dynamo| {
            dynamo.batch_write_item().request_items(name, Vec::new())
        }),
        transaction("Transaction of nothing", nobody(), Vec::new()),
    ];
    for index in table.indexes() {
        let scan = move |dynamo: &Dynamo| dynamo.scan().table_name(name).index_name(*index);
        calls.push(call!(dynamo, format!("Scan of {index}"), nobody(), scan));
    }
    calls
}

/// Every call, in groups of those about one thing.
pub fn calls() -> Vec<Vec<Call>> {
    let of_kind = |kind: &&'static Kind| {
        let calls = [reads(kind), writes(kind), detours(kind), together(kind)];
        about(kind.name, calls.into_iter().flatten().collect())
    };
    let mut groups: Vec<Vec<Call>> = KINDS.iter().map(of_kind).collect();
    let emitted = events::NAMES.iter().flat_map(|name| emissions(name, &all([Grant::Emit(name)])));
    groups.push(emitted.chain(emissions("NothingHappened", &nobody())).collect());
    // A grant holds names that live as long as the program.
    let queues = topology(&functions()).unwrap().queues.into_iter().map(|queue| &*queue.name.leak());
    let sent = queues.flat_map(|name: &'static str| of_queue(name, &all([Grant::Send(name)])));
    groups.push(sent.chain(of_queue("nobodys", &nobody())).chain(bus_and_mail()).collect());
    let sources = SOURCES
        .into_iter()
        .map(|(id, ..)| id)
        .chain(OPEN_SOURCES.into_iter().map(|(id, ..)| id))
        .map(|id| of_source(id, all([Grant::Call(id)])));
    groups.push(sources.chain([of_source("nobodys", nobody())]).collect());
    groups.push(master_key());
    let unknown_table = get("GetItem", nobody(), "secrets", key(OutboxItem::KIND));
    groups.push(Table::ALL.into_iter().flat_map(of_table).chain([unknown_table]).collect());
    groups
}
