//! Queue `notifications-watcher-matched`: raises an alert, and plans the message that carries it by the member's
//! preferences, quiet hours and daily number.

use domain::{
    booking::steps_for_anyone,
    deals::Deal,
    events::{AlertRaised, Event, WatcherMatched},
    identity::Member,
    ids::Owner,
    notifications::{Alert, Cause, Channel, Delivery, Dropped, OwnJudgement, Preferences, Timing},
    rates::DayRates,
    tables,
    watchers::{Watcher, still_wants},
};
use jiff::Timestamp;
use platform::{Deps, JobError, Message, Queue, Worker, queues::SendEmail, telemetry, vault::VaultError, wallet};
use serde::Deserialize;
use storage::{Change, Entity, Grant, StoreError, ToldDay};

/// Raises alerts.
pub static FUNCTION: Worker<Matched> = Worker::new("notifications-raise-alert", |cx, message| Box::pin(raise_alert(cx, message)))
    .may(&[
        Alert::READ,
        Alert::WRITE,
        DayRates::READ,
        Deal::READ,
        Delivery::READ,
        Delivery::WRITE,
        Member::READ,
        Preferences::READ,
        ToldDay::WRITE,
        Watcher::READ,
        Grant::Emit("AlertRaised"),
        Grant::Send(SendEmail::QUEUE.name),
    ])
    .may_also(&[wallet::VALUATIONS])
    .goes_by(&[tables::transfers, tables::values]);

/// `WatcherMatched`, in the bus's envelope.
#[derive(Debug, Deserialize)]
pub struct Matched {
    detail: WatcherMatched,
}

impl Message for Matched {
    const QUEUE: Queue = Queue::of_events("notifications-watcher-matched", &[WatcherMatched::NAME]);
}

async fn raise_alert(cx: &Deps, Matched { detail: matched }: Matched) -> Result<(), JobError> {
    let owner = Owner { tenant: matched.tenant.clone(), member: matched.member };
    let id = Alert::id_for(matched.watcher, matched.deal, matched.deal_version);
    if cx.store().alert_of(&owner, id).await?.is_some() {
        // Raised before; whether its message was sent off is not known, so it is sent off again, and claimed once.
        let delivery = cx.store().delivery_for(&owner, id, Channel::Email).await?;
        return send_off(cx, delivery.filter(|delivery| delivery.waits())).await;
    }
    // Whoever deleted, paused or changed the watcher, or deleted the account, since then, wants to hear no more of it.
    let Some(mut watcher) = cx.store().watcher_of(&owner, matched.watcher).await? else { return Ok(()) };
    let Some(deal) = cx.store().deal(&owner.tenant, matched.deal).await? else { return Ok(()) };
    if !still_wants(&watcher, &deal) {
        return Ok(());
    }
    let Some(member) = cx.store().member(&owner).await? else { return Ok(()) };
    let preferences = cx.store().preferences_of(&owner).await?;

    let cause = Cause::Watcher { watcher: watcher.id, name: watcher.spec.name.clone(), reason: matched.reason };
    let mut alert = Alert::raise(owner, cause, (matched.deal, matched.deal_version), matched.score, cx.now());
    alert.steps = steps_for_anyone(&deal.flight().fare, watcher.query.travellers(), cx.now());
    alert.judge(&deal, &*cx.rates().await?);
    let (own, _) = match wallet::valuations(cx, &alert.owner).await {
        // Whoever left took their key with them.
        Err(VaultError::NoKey) => return Ok(()),
        valuations => valuations?,
    };
    if let Some(own) = OwnJudgement::of(&deal, &own) {
        alert.own = Some(cx.vault().key_of(&alert.owner).await?.seal(&Alert::OWN, &own)?);
    }
    match preferences.decide(&member.zone, cx.now()) {
        Timing::At(due) => raise_with_message(cx, alert, &mut watcher, &member, &preferences, due).await,
        Timing::Never(why) => raise_silently(cx, alert, &mut watcher, why).await,
    }
}

/// Raises the alert with a message, within the number of messages of the member's day; beyond it without.
async fn raise_with_message(
    cx: &Deps,
    alert: Alert,
    watcher: &mut Watcher,
    member: &Member,
    preferences: &Preferences,
    due: Timestamp,
) -> Result<(), JobError> {
    let mut raised = alert.clone();
    let mut delivery = Delivery::plan(&raised, Channel::Email, due);
    let day = ToldDay { owner: raised.owner.clone(), day: member.zone.local(due).date() };
    let change = Change::new().provided(watcher).create(&mut raised).create(&mut delivery).count(&day, 1, preferences.per_day);
    match cx.store().commit(cx.emit(change, &raised_event(&raised))).await {
        Ok(()) => {
            telemetry::count(cx, "AlertsRaised", 1);
            send_off(cx, Some(delivery)).await
        }
        Err(StoreError::LimitReached) => raise_silently(cx, alert, watcher, Dropped::DailyCap).await,
        Err(error) => Err(error.into()),
    }
}

/// Raises the alert for the app alone.
async fn raise_silently(cx: &Deps, mut alert: Alert, watcher: &mut Watcher, why: Dropped) -> Result<(), JobError> {
    alert.drop_because(why);
    let change = Change::new().provided(watcher).create(&mut alert);
    cx.store().commit(cx.emit(change, &raised_event(&alert))).await?;
    telemetry::count(cx, "AlertsWithoutMessage", 1);
    Ok(())
}

fn raised_event(alert: &Alert) -> AlertRaised {
    AlertRaised { tenant: alert.owner.tenant.clone(), member: alert.owner.member, alert: alert.id }
}

/// Sends a message off if its time has come. One that waits for its hour is `release-deliveries`' to send off.
async fn send_off(cx: &Deps, delivery: Option<Delivery>) -> Result<(), JobError> {
    match delivery {
        Some(delivery) if delivery.due <= cx.now() => cx.send(&[SendEmail::from_delivery(&delivery)]).await,
        Some(_) | None => Ok(()),
    }
}
