//! The limits and rules of DynamoDB behind what `storage` does, through the SDK alone.
//!
//! They stand in the [API reference](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/) under TransactWriteItems,
//! BatchWriteItem, Query and CancellationReason, and in the developer guide under "Quotas in Amazon DynamoDB" and "Supported data
//! types and naming rules". By which code a request over a limit is refused they often don't say; then it is the one that both
//! engines answer.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::{
    operation::transact_write_items::builders::TransactWriteItemsFluentBuilder,
    primitives::Blob,
    types::{AttributeValue, Put, PutRequest, TransactWriteItem, Update, WriteRequest},
};
use storage::tables::{GSI1, PK, SK, Table};

use super::tables;
use crate::{
    Row,
    seen::{Observed, Seen, cancelled, count, of_transaction, refused, sorted, texts, took},
    target::Target,
};

/// What DynamoDB calls a request that it can't take.
const INVALID: &str = "ValidationException";
const KB: usize = 1024;

type Item = HashMap<String, AttributeValue>;

pub(super) fn rows() -> Vec<Row> {
    vec![
        tables(
            "a cancelled transaction tells the reason of each of its operations, in their order",
            |t| Box::pin(reasons(t)),
            [took(), cancelled(["None", "ConditionalCheckFailed", "None", "ConditionalCheckFailed"]), count(1)],
        ),
        tables(
            "a transaction repeated with its token happens once, and its token is for nothing else",
            |t| Box::pin(repeated(t)),
            [took(), took(), refused("IdempotentParameterMismatchException"), texts(["1"])],
        ),
        tables("a transaction has at most a hundred operations", |t| Box::pin(most_operations(t)), [took(), refused(INVALID)]),
        tables("no two operations of a transaction are on one item", |t| Box::pin(one_item_twice(t)), [refused(INVALID)]),
        tables("a transaction has at most 4 MB", |t| Box::pin(largest_transaction(t)), [refused(INVALID), count(0)]),
        tables("an item has at most 400 KB, names and all", |t| Box::pin(largest_item(t)), [took(), refused(INVALID)]),
        tables(
            "a batch has at most twenty-five writes, and none twice",
            |t| Box::pin(most_writes(t)),
            [took(), refused(INVALID), refused(INVALID)],
        ),
        tables(
            "a page has at most 1 MB, and the next one goes on behind it",
            |t| Box::pin(largest_page(t)),
            [count(12), texts(["more than one page, none above 1 MB"])],
        ),
        tables(
            "a page that its limit ends tells where, even if nothing comes after it",
            |t| Box::pin(last_full_page(t)),
            [count(2), texts(["more"]), count(0), texts(["no more"])],
        ),
        tables(
            "a place in an index is the keys of the index and of the table",
            |t| Box::pin(place_in_an_index(t)),
            [texts(["gsi1pk", "gsi1sk", "pk", "sk"])],
        ),
        tables("an index is not read consistently", |t| Box::pin(consistent_index(t)), [refused(INVALID)]),
        tables("no key begins with nothing", |t| Box::pin(empty_prefix(t)), [refused(INVALID)]),
        tables(
            "an item without an index's keys is not in it, and one with an empty one is refused",
            |t| Box::pin(sparse(t)),
            [took(), took(), refused(INVALID), texts(["in"])],
        ),
        tables("bytes, numbers and texts come back as they were", |t| Box::pin(values(t)), [took(), texts(["as they were"])]),
    ]
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn item(sk: impl Into<String>) -> Item {
    Item::from([(PK.to_owned(), text("T#row")), (SK.to_owned(), text(sk))])
}

/// An item that weighs so many bytes, names included.
fn weighing(sk: &str, bytes: usize) -> Item {
    let keys = PK.len() + "T#row".len() + SK.len() + sk.len();
    let mut item = item(sk);
    item.insert("v".to_owned(), text("x".repeat(bytes - keys - "v".len())));
    item
}

fn core(target: &Target) -> String {
    target.name(Table::Core.name())
}

async fn put(target: &Target, item: Item) -> Seen {
    target.dynamo().put_item().table_name(core(target)).set_item(Some(item)).send().await.seen()
}

fn putting(target: &Target, item: Item) -> TransactWriteItem {
    TransactWriteItem::builder().put(Put::builder().table_name(core(target)).set_item(Some(item)).build().unwrap()).build()
}

fn creating(target: &Target, sk: &str) -> TransactWriteItem {
    let put = Put::builder().table_name(core(target)).set_item(Some(item(sk)));
    TransactWriteItem::builder().put(put.condition_expression("attribute_not_exists(pk)").build().unwrap()).build()
}

fn transact(target: &Target, items: Vec<TransactWriteItem>) -> TransactWriteItemsFluentBuilder {
    target.dynamo().transact_write_items().set_transact_items(Some(items))
}

/// How many items of the row there are.
async fn there(target: &Target) -> usize {
    pages(target).await.into_iter().map(|page| page.len()).sum()
}

/// All of them, by pages as large as they come.
async fn pages(target: &Target) -> Vec<Vec<Item>> {
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let query = target.dynamo().query().table_name(core(target)).key_condition_expression("pk = :pk");
        let page = query.expression_attribute_values(":pk", text("T#row")).set_exclusive_start_key(after).send().await.unwrap();
        pages.push(page.items.unwrap_or_default());
        after = page.last_evaluated_key;
        if after.is_none() {
            return pages;
        }
    }
}

async fn reasons(target: &Target) -> Vec<Seen> {
    let first = put(target, item("there")).await;
    let items = ["new", "there", "newer"].map(|sk| creating(target, sk));
    let changed = Put::builder().table_name(core(target)).set_item(Some(item("other"))).condition_expression("#v = :v");
    let changed = changed.expression_attribute_names("#v", "v").expression_attribute_values(":v", AttributeValue::N("1".into()));
    let changed = TransactWriteItem::builder().put(changed.build().unwrap()).build();
    let cancelled = transact(target, items.into_iter().chain([changed]).collect()).send().await;
    vec![first, of_transaction(cancelled), count(there(target).await)]
}

async fn repeated(target: &Target) -> Vec<Seen> {
    let counting = |by: &str| {
        let key = item("counter");
        let update = Update::builder().table_name(core(target)).set_key(Some(key)).update_expression("ADD n :by");
        let update = update.expression_attribute_values(":by", AttributeValue::N(by.to_owned()));
        TransactWriteItem::builder().update(update.build().unwrap()).build()
    };
    let with_token = async |by: &str| {
        of_transaction(transact(target, vec![counting(by)]).client_request_token("a-token-of-this-row").send().await)
    };
    let mut seen = vec![with_token("1").await, with_token("1").await, with_token("2").await];
    let read = target.dynamo().get_item().table_name(core(target)).set_key(Some(item("counter"))).consistent_read(true);
    let counter = read.send().await.unwrap().item.unwrap();
    seen.push(texts(counter["n"].as_n()));
    seen
}

async fn most_operations(target: &Target) -> Vec<Seen> {
    let mut seen = Vec::new();
    for number in [100, 101] {
        let items = (0..number).map(|n| putting(target, item(format!("{n}"))));
        seen.push(of_transaction(transact(target, items.collect()).send().await));
    }
    seen
}

async fn one_item_twice(target: &Target) -> Vec<Seen> {
    let twice = vec![creating(target, "same"), putting(target, item("same"))];
    vec![of_transaction(transact(target, twice).send().await)]
}

async fn largest_transaction(target: &Target) -> Vec<Seen> {
    let items = (0..11).map(|n| putting(target, weighing(&format!("{n:02}"), 390 * KB)));
    vec![of_transaction(transact(target, items.collect()).send().await), count(there(target).await)]
}

async fn largest_item(target: &Target) -> Vec<Seen> {
    vec![put(target, weighing("fits", 400 * KB)).await, put(target, weighing("does not", 400 * KB + 1)).await]
}

async fn most_writes(target: &Target) -> Vec<Seen> {
    let write = |sk: String| {
        let put = PutRequest::builder().set_item(Some(item(sk))).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    let batch = async |keys: Vec<String>| {
        let writes = keys.into_iter().map(write).collect();
        target.dynamo().batch_write_item().request_items(core(target), writes).send().await.seen()
    };
    let distinct = |number: u32| (0..number).map(|n| n.to_string()).collect::<Vec<_>>();
    vec![batch(distinct(25)).await, batch(distinct(26)).await, batch(vec!["same".into(), "same".into()]).await]
}

async fn largest_page(target: &Target) -> Vec<Seen> {
    for n in 0..12 {
        put(target, weighing(&format!("{n:02}"), 100 * KB)).await;
    }
    let pages = pages(target).await;
    let distinct: BTreeSet<&String> = pages.iter().flatten().filter_map(|item| item[SK].as_s().ok()).collect();
    let most = pages.iter().map(Vec::len).max().unwrap_or_default();
    let sizes = if pages.len() > 1 && most <= 10 {
        "more than one page, none above 1 MB".to_owned()
    } else {
        format!("{} pages, of at most {most} items of 100 KB", pages.len())
    };
    vec![count(distinct.len()), texts([sizes])]
}

async fn last_full_page(target: &Target) -> Vec<Seen> {
    for sk in ["a", "b"] {
        put(target, item(sk)).await;
    }
    let (mut seen, mut after) = (Vec::new(), None);
    for _ in 0..2 {
        let query = target.dynamo().query().table_name(core(target)).key_condition_expression("pk = :pk").limit(2);
        let page = query.expression_attribute_values(":pk", text("T#row")).set_exclusive_start_key(after).send().await.unwrap();
        seen.extend([count(page.items().len()), texts([page.last_evaluated_key().map_or("no more", |_| "more")])]);
        after = page.last_evaluated_key;
        if after.is_none() {
            break;
        }
    }
    seen
}

/// An item that is in the first index.
fn indexed(sk: &str, index_sk: &str) -> Item {
    let mut item = item(sk);
    item.extend([(format!("{GSI1}{PK}"), text("T#row#LIST")), (format!("{GSI1}{SK}"), text(index_sk))]);
    item
}

async fn place_in_an_index(target: &Target) -> Vec<Seen> {
    for sk in ["a", "b"] {
        put(target, indexed(sk, sk)).await;
    }
    let query = target.dynamo().query().table_name(core(target)).index_name(GSI1).key_condition_expression("gsi1pk = :pk");
    let page = query.expression_attribute_values(":pk", text("T#row#LIST")).limit(1).send().await.unwrap();
    vec![sorted(page.last_evaluated_key.unwrap_or_default().into_keys())]
}

async fn consistent_index(target: &Target) -> Vec<Seen> {
    let query = target.dynamo().query().table_name(core(target)).index_name(GSI1).key_condition_expression("gsi1pk = :pk");
    vec![query.expression_attribute_values(":pk", text("T#row#LIST")).consistent_read(true).send().await.seen()]
}

async fn empty_prefix(target: &Target) -> Vec<Seen> {
    let query = target.dynamo().query().table_name(core(target));
    let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :sk)");
    let query = query.expression_attribute_values(":pk", text("T#row")).expression_attribute_values(":sk", text(""));
    vec![query.send().await.seen()]
}

async fn sparse(target: &Target) -> Vec<Seen> {
    let puts = [put(target, item("out")).await, put(target, indexed("in", "x")).await, put(target, indexed("empty", "")).await];
    let query = target.dynamo().query().table_name(core(target)).index_name(GSI1).key_condition_expression("gsi1pk = :pk");
    let page = query.expression_attribute_values(":pk", text("T#row#LIST")).send().await.unwrap();
    puts.into_iter().chain([texts(page.items().iter().filter_map(|item| item[SK].as_s().ok()))]).collect()
}

async fn values(target: &Target) -> Vec<Seen> {
    let mut kept = item("values");
    kept.extend([
        ("b".to_owned(), AttributeValue::B(Blob::new((0..=255).collect::<Vec<u8>>()))),
        ("n".to_owned(), AttributeValue::N("12345678901234567890.12345".to_owned())),
        ("s".to_owned(), text("Zürich → 東京 \u{1F6EB}")),
        ("e".to_owned(), text("")),
        ("l".to_owned(), AttributeValue::L(vec![AttributeValue::Null(true), AttributeValue::Bool(false)])),
    ]);
    let took = put(target, kept.clone()).await;
    let read = target.dynamo().get_item().table_name(core(target)).set_key(Some(item("values"))).consistent_read(true);
    let found = read.send().await.unwrap().item.unwrap_or_default();
    vec![took, texts([if found == kept { "as they were".to_owned() } else { format!("{found:?}") }])]
}
