//! Woken by the outbox, and every minute: publishes the events that wait there, and removes what the bus has taken.
//!
//! Dying in between publishes some of them again; consumers are idempotent.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use domain::events::SOURCE;
use futures::{StreamExt, future::BoxFuture, stream};
use jiff::Timestamp;
use platform::{Deps, JobError, Scheduled, telemetry};
use storage::{Entity, Grant, OUTBOX_SHARDS, OutboxItem};

/// Relays events.
pub static FUNCTION: Scheduled =
    Scheduled::new("system-relay-outbox", "rate(1 minute)", |cx, deadline| Box::pin(relay_outbox(cx, deadline)))
        .woken_by_outbox()
        .may(&[OutboxItem::READ, OutboxItem::WRITE, Grant::Publish]);

/// Events read at a time, in a shard.
const PAGE: u8 = 100;
/// The bus takes so many a call.
const A_CALL: usize = 10;

fn relay_outbox(cx: &Deps, deadline: Timestamp) -> BoxFuture<'_, Result<(), JobError>> {
    Box::pin(async move {
        // Every shard, whatever becomes of the others.
        let shards = stream::iter(0..OUTBOX_SHARDS).map(|shard| relay_shard(cx, shard, deadline)).buffer_unordered(4);
        shards.collect::<Vec<_>>().await.into_iter().collect()
    })
}

/// Publishes a shard's events, the oldest first. One that the bus does not take stays, and holds up no other.
async fn relay_shard(cx: &Deps, shard: u16, deadline: Timestamp) -> Result<(), JobError> {
    let (mut published, mut refused, mut after) = (0, 0, None);
    while cx.time_left(deadline) >= Scheduled::RESERVE {
        let page = cx.store().outbox(shard, PAGE, after.as_deref()).await?;
        for events in page.items.chunks(A_CALL) {
            let taken = publish(cx, events).await?;
            cx.store().published(&taken).await?;
            published += taken.len();
            refused += events.len() - taken.len();
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if published > 0 {
        telemetry::count(cx, "EventsPublished", published as u64);
    }
    if refused == 0 { Ok(()) } else { Err(JobError::Retry(format!("the bus did not take {refused} events"))) }
}

/// Puts events on the bus. Answers those that it has taken.
async fn publish(cx: &Deps, events: &[OutboxItem]) -> Result<Vec<OutboxItem>, JobError> {
    let entry = |item: &OutboxItem| {
        PutEventsRequestEntry::builder()
            .event_bus_name(&cx.config().bus)
            .source(SOURCE)
            .detail_type(&item.event)
            .detail(&item.detail)
            .time(aws_sdk_eventbridge::primitives::DateTime::from_secs(item.at.as_second()))
            .resources(format!("event/{}", item.id))
            .build()
    };
    let answer = cx.events().put_events().set_entries(Some(events.iter().map(entry).collect())).send().await;
    let answer = answer.map_err(|error| JobError::aws("PutEvents", &error))?;
    let results = answer.entries().iter().map(|result| result.error_code().is_none());
    Ok(events.iter().zip(results).filter(|(_, taken)| *taken).map(|(event, _)| event.clone()).collect())
}
