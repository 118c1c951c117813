//! Queue `refreshes`: asks the sources anew for an answer that is stale, or popular and soon will be.

use std::time::Duration;

use domain::{
    activities::ActivityQuery, answers::Answer, caching::AHEAD, search::SearchQuery, sources::Vertical, stays::StayQuery,
};
use jiff::{SignedDuration, Timestamp};
use platform::{
    Deps, JobError, Worker,
    queues::{RefreshAnswer, Reserved},
    telemetry,
};
use providers::{
    booking_demand, duffel, expedia_rapid, getyourguide, goibibo, guard, makemytrip, oyo, raw, seats_aero, trip_com, viator,
};
use storage::{Entity, Grant, Observation, StoreError, WarmingHour, WarmingShare};

use crate::asking::{self, Askable, NoAnswer, Wish};

/// Refreshes answers.
pub static FUNCTION: Worker<RefreshAnswer> =
    Worker::new("search-refresh-answer", |cx, message| Box::pin(refresh_answer(cx, message)))
        .batch(5, 5)
        .timeout(60)
        .may(&[
            Observation::WRITE,
            WarmingHour::WRITE,
            Grant::Call(seats_aero::SOURCE),
            Grant::Call(duffel::SOURCE),
            Grant::Call(booking_demand::SOURCE),
            Grant::Call(expedia_rapid::SOURCE),
            Grant::Call(goibibo::SOURCE),
            Grant::Call(makemytrip::SOURCE),
            Grant::Call(oyo::SOURCE),
            Grant::Call(trip_com::SOURCE),
            Grant::Call(viator::SOURCE),
            Grant::Call(getyourguide::SOURCE),
        ])
        .may_also(&[asking::GRANTS, guard::GRANTS, raw::GRANTS]);

/// How long the sources have.
const WITHIN: Duration = Duration::from_secs(45);

async fn refresh_answer(cx: &Deps, message: RefreshAnswer) -> Result<(), JobError> {
    match message.vertical {
        Vertical::Flights => refresh::<SearchQuery>(cx, message).await,
        Vertical::Stays => refresh::<StayQuery>(cx, message).await,
        Vertical::Activities => refresh::<ActivityQuery>(cx, message).await,
    }
}

/// Asks again, unless someone has meanwhile.
async fn refresh<Q: Askable>(cx: &Deps, message: RefreshAnswer) -> Result<(), JobError> {
    let RefreshAnswer { tenant, scope, search_key, .. } = &message;
    // What has expired nobody waits for.
    let Some(kept) = cx.store().answer::<Q>(scope, search_key).await? else {
        settle(cx, &message, Some(0)).await;
        return Ok(());
    };
    let wish = Wish { tenant, member: None, since: Some(fresh_since(&kept, cx.now())), within: WITHIN, waits: false };
    match asking::answer(cx, &kept.query, wish).await {
        Ok(had) => {
            // It is fresh without a call: another one has asked, or this message did when it came before, and went wrong after that.
            settle(cx, &message, (had.calls > 0).then_some(had.calls)).await;
            telemetry::count(cx, "AnswersRefreshed", 1);
            Ok(())
        }
        // Another one asks right now; or the sources are down, and what is kept stays as it is. Who looks next has it refreshed. How many
        // calls that took is not told: what is set aside for it is taken for spent.
        Err(NoAnswer::Busy) => Ok(()),
        Err(NoAnswer::Nobody) => {
            settle(cx, &message, Some(0)).await;
            Ok(())
        }
        Err(NoAnswer::Down(source, trouble)) => {
            tracing::warn!(%source, cause = %trouble.cause, "an answer is not refreshed");
            Ok(())
        }
        // Calls may have been made, and the message comes again.
        Err(NoAnswer::Unsent(error)) => {
            settle(cx, &message, None).await;
            Err(error)
        }
        Err(NoAnswer::Inside(error)) => {
            settle(cx, &message, None).await;
            Err(error.into())
        }
    }
}

/// Gives back what was set aside for it and not spent, once however often the message comes: nothing, where nobody knows what was. That
/// it can't be is no reason to ask again: then it is taken for spent.
async fn settle(cx: &Deps, message: &RefreshAnswer, spent: Option<u32>) {
    let RefreshAnswer { scope, search_key, reserved: Some(Reserved { at, calls }), .. } = message.clone() else { return };
    let mut share = WarmingShare { at, scope, key: search_key, calls, version: 1 };
    match cx.store().commit(share.settle(spent.unwrap_or(calls))).await {
        Ok(()) | Err(StoreError::Changed) => {}
        Err(error) => tracing::warn!(%error, "what was set aside for warming is not settled"),
    }
}

/// What is due is due by the minute, and found by a job that runs every ten.
const EARLIER: SignedDuration = SignedDuration::from_mins(10);

/// What was asked for later than this is not asked for again: its life does not end soon.
fn fresh_since<Q: Askable>(kept: &Answer<Q>, now: Timestamp) -> Timestamp {
    let life = SignedDuration::from_mins(kept.lifetime_minutes.into());
    now.saturating_sub(life - AHEAD - EARLIER).unwrap_or(Timestamp::MIN)
}
