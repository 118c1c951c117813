//! Queue `search-inventory-changed`: marks what a source has changed, so that answers from before are not shown any more.

use domain::{
    caching::{Doubt, Mark},
    events::{Event, InventoryChanged},
};
use platform::{Deps, JobError, Message, Queue, Worker, telemetry};
use providers::sources::tells_changes;
use serde::Deserialize;
use storage::{Change, Entity, KeptMark};

/// Notes changes of inventory.
pub static FUNCTION: Worker<Changed> =
    Worker::new("search-note-inventory", |cx, message| Box::pin(note_inventory(cx, message))).may(&[KeptMark::WRITE]);

/// `InventoryChanged`, in the bus's envelope.
#[derive(Debug, Deserialize)]
pub struct Changed {
    detail: InventoryChanged,
}

impl Message for Changed {
    const QUEUE: Queue = Queue::of_events("search-inventory-changed", &[InventoryChanged::NAME]);
}

/// A mark is as old as the change, so that one that is delivered twice is the same, and one that comes late spoils no later answer.
async fn note_inventory(cx: &Deps, Changed { detail }: Changed) -> Result<(), JobError> {
    let InventoryChanged { source, stock, days, at, .. } = detail;
    let vertical = stock.vertical();
    let mark = Mark { at, doubt: Doubt::Stock { source: Some(source.clone()), stock, days } };
    // Of whom it is known that they tell, marks of their own are looked for.
    let teller = tells_changes(&source).then_some(source);
    cx.store().commit(Change::new().set(&KeptMark { vertical, teller, mark })).await?;
    telemetry::count(cx, "InventoryNoted", 1);
    Ok(())
}
