//! Every minute: sends off the messages whose hour has come. It is also the safety net for those that were planned but
//! not sent off.

use domain::notifications::Delivery;
use futures::future::BoxFuture;
use jiff::Timestamp;
use platform::{Deps, JobError, Message, Scheduled, queues::SendEmail, telemetry};
use storage::{Entity, Grant};

/// Releases messages.
pub static FUNCTION: Scheduled = Scheduled::new("notifications-release-deliveries", "rate(1 minute)", |cx, deadline| {
    Box::pin(release_deliveries(cx, deadline))
})
.may(&[Delivery::READ, Grant::Send(SendEmail::QUEUE.name)]);

/// At most so many of a shard each minute: what remains is first in line the next.
const PAGE: u8 = 200;

/// So many are sent before the time is looked at again.
const AT_ONCE: usize = 100;

fn release_deliveries(cx: &Deps, deadline: Timestamp) -> BoxFuture<'_, Result<(), JobError>> {
    Box::pin(async move {
        let due = cx.store().due_deliveries(cx.now(), PAGE).await?;
        let messages: Vec<SendEmail> = due.iter().map(SendEmail::from_delivery).collect();
        for some in messages.chunks(AT_ONCE) {
            if cx.time_left(deadline) < Scheduled::RESERVE {
                break;
            }
            cx.send(some).await?;
            telemetry::count(cx, "MessagesReleased", some.len() as u64);
        }
        Ok(())
    })
}
