//! Queue `source-answers`: counts how good an answer was, looks up what its houses are called where it does not say so, and finds out of
//! which properties they are.

use platform::{Deps, JobError, Worker, queues::SourceAnswered};
use providers::{booking_demand, expedia_rapid, guard, raw};
use storage::{CountedAnswer, Entity, Grant, MatchCandidate, PlacedListing, PropertyCell, QualityCount};

use domain::properties::{HouseContent, Property};

use crate::{houses, matching::match_listing};

/// Notes what was answered.
pub static FUNCTION: Worker<SourceAnswered> =
    Worker::new("sources-note-answer", |cx, message| Box::pin(note_answer(cx, message)))
        // Nothing waits for it, and a hundred houses that were never seen are looked up and placed one after the other.
        .timeout(60)
        .may(&[
            QualityCount::WRITE,
            CountedAnswer::WRITE,
            HouseContent::READ,
            HouseContent::WRITE,
            Property::READ,
            Property::WRITE,
            PropertyCell::READ,
            PropertyCell::WRITE,
            PlacedListing::READ,
            PlacedListing::WRITE,
            MatchCandidate::WRITE,
            Grant::Call(booking_demand::SOURCE),
            Grant::Call(expedia_rapid::SOURCE),
        ])
        .may_also(&[guard::GRANTS, raw::GRANTS]);

async fn note_answer(cx: &Deps, message: SourceAnswered) -> Result<(), JobError> {
    let SourceAnswered { account, scope, listings } = message;
    cx.store().count_answer(&account).await?;
    let listings = houses::told(cx, account.source(), &scope, listings).await?;
    // One after the other: those of one answer often lie next to each other.
    for listing in &listings {
        match_listing(cx, &scope, listing, &listings).await?;
    }
    Ok(())
}
