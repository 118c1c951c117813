//! Queue `source-answers`: counts how good an answer was, and finds out of which properties its listings are.

use platform::{Deps, JobError, Worker, queues::SourceAnswered};
use storage::{CountedAnswer, Entity, MatchCandidate, PlacedListing, PropertyCell, QualityCount};

use domain::properties::Property;

use crate::matching::match_listing;

/// Notes what was answered.
pub static FUNCTION: Worker<SourceAnswered> =
    Worker::new("sources-note-answer", |cx, message| Box::pin(note_answer(cx, message))).may(&[
        QualityCount::WRITE,
        CountedAnswer::WRITE,
        Property::READ,
        Property::WRITE,
        PropertyCell::READ,
        PropertyCell::WRITE,
        PlacedListing::READ,
        PlacedListing::WRITE,
        MatchCandidate::WRITE,
    ]);

async fn note_answer(cx: &Deps, message: SourceAnswered) -> Result<(), JobError> {
    cx.store().count_answer(&message.account).await?;
    // One after the other: those of one answer often lie next to each other.
    for listing in &message.listings {
        match_listing(cx, &message.scope, listing, &message.listings).await?;
    }
    Ok(())
}
