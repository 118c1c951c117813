//! Every 10 minutes: has answers that many ask for asked for anew before their time is over, the most popular first, within a
//! budget of calls an hour.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};
use platform::{
    Deps, JobError, Message, Scheduled,
    queues::{RefreshAnswer, Reserved},
    telemetry,
};
use storage::{Change, DUE_ANSWER_SHARDS, DueAnswer, Entity, Grant, StoreError, WarmingHour, WarmingShare};

/// Warms the cache.
pub static FUNCTION: Scheduled =
    Scheduled::new("search-warm-answers", "rate(10 minutes)", |cx, deadline| Box::pin(warm_answers(cx, deadline))).may(&[
        DueAnswer::READ,
        DueAnswer::WRITE,
        WarmingHour::WRITE,
        Grant::Send(RefreshAnswer::QUEUE.name),
    ]);

/// The calls of sources that an hour of it may cost.
pub const CALLS_PER_HOUR: u32 = 240;
/// How many answers of a shard are looked at.
const AT_ONCE: u8 = 100;
/// What has been due for so long, others have asked for meanwhile, or nobody wants.
const TOO_LATE: SignedDuration = SignedDuration::from_hours(2);

async fn warm_answers(cx: &Deps, deadline: Timestamp) -> Result<(), JobError> {
    let mut due: Vec<DueAnswer> = Vec::new();
    for shard in 0..DUE_ANSWER_SHARDS {
        due.extend(cx.store().due_answers(shard, cx.now(), AT_ONCE).await?);
    }
    due.sort_by_key(|due| (Reverse(due.asked), due.key.clone()));
    for answer in due {
        if cx.time_left(deadline) < Scheduled::RESERVE {
            break;
        }
        if cx.now().duration_since(answer.due.start()) < TOO_LATE && !warm(cx, &answer).await? {
            telemetry::count(cx, "WarmingBudgetSpent", 1);
            break;
        }
        cx.store().commit(Change::new().forget(&answer)).await?;
    }
    Ok(())
}

/// Sets what it cost last aside in the hour's budget, and has it asked for; who has asked settles it. False if too little is left. The
/// message comes before the note that it is sent: one that is sent twice finds the answer fresh, and nothing is set aside for it again
/// within the hour, whether it is settled or not.
async fn warm(cx: &Deps, answer: &DueAnswer) -> Result<bool, JobError> {
    let DueAnswer { tenant, vertical, scope, key, calls, .. } = answer.clone();
    let (at, calls) = (cx.now(), calls.clamp(1, CALLS_PER_HOUR));
    let mut share = WarmingShare { at, scope: scope.clone(), key: key.clone(), calls, version: 0 };
    match cx.store().commit(share.take(CALLS_PER_HOUR)).await {
        Ok(()) | Err(StoreError::Exists) => {}
        Err(StoreError::LimitReached) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    cx.send(&[RefreshAnswer { tenant, vertical, scope, search_key: key, reserved: Some(Reserved { at, calls }) }]).await?;
    telemetry::count(cx, "AnswersWarmed", 1);
    Ok(true)
}
