//! Queue `email`: sends a message through SES, once.
//!
//! The message is claimed when all that it says is at hand, right before it is sent: at most one sender goes on from there.
//! Dying before the claim, nothing was sent, and it is begun anew. Dying after it, or losing the answer of SES, leaves it open
//! whether the mail went out; then it is recorded as uncertain, told, and never repeated.

use channels::{
    email::{About, Envelope, SendError, send},
    templates::{AlertMail, Reader, Rendered, Template, Urls},
};
use domain::{
    deals::{Deal, DealState},
    events::{MessageRefused, MessageSent, MessageUncertain},
    identity::{Member, Tenant},
    ids::Owner,
    notifications::{Alert, AlertState, Cause, Claim, Delivery, DeliveryState, Dropped, Preferences, Timing},
    watchers::{Watcher, still_wants},
};
use platform::{Deps, JobError, Worker, queues::SendEmail, telemetry, vault::VaultError};
use storage::{Change, Entity, Grant, MemberKey, StoreError};

/// Sends mail.
pub static FUNCTION: Worker<SendEmail> =
    Worker::new("notifications-send-email", |cx, message| Box::pin(send_email(cx, message))).batch(5, 5).may(&[
        Alert::READ,
        Alert::WRITE,
        Deal::READ,
        Delivery::READ,
        Delivery::WRITE,
        Member::READ,
        MemberKey::READ,
        Preferences::READ,
        Tenant::READ,
        Watcher::READ,
        Grant::Mail,
        Grant::UseKeys,
        Grant::Emit("MessageSent"),
        Grant::Emit("MessageUncertain"),
        Grant::Emit("MessageRefused"),
    ]);

/// How often an outcome is stored anew when the member reads the alert at the same time.
const TRIES: usize = 4;

async fn send_email(cx: &Deps, message: SendEmail) -> Result<(), JobError> {
    let owner = Owner { tenant: message.tenant, member: message.member };
    let Some(mut delivery) = cx.store().delivery_of(&owner, message.delivery).await? else { return Ok(()) };
    match delivery.claim(cx.now()) {
        Claim::NotYet | Claim::Settled => return Ok(()),
        Claim::Busy => return Err(JobError::Retry("someone else is sending it".to_owned())),
        Claim::Abandoned => return settle(cx, delivery).await,
        Claim::Yours => {}
    }
    match compose(cx, &delivery).await {
        Ok(Ok((envelope, mail))) => claim_and_send(cx, delivery, &envelope, &mail).await,
        Ok(Err(why)) => settle(cx, Delivery { delivery: DeliveryState::Dropped { why }, ..delivery }).await,
        // It has been tried, which takes it off the list of what waits: the queue brings it again, or it is parked.
        Err(error) => settle(cx, Delivery { delivery: DeliveryState::Queued, ..delivery }).await.and(Err(error)),
    }
}

/// Stores the claim, sends, and stores what became of it.
async fn claim_and_send(cx: &Deps, mut claimed: Delivery, envelope: &Envelope, mail: &Rendered) -> Result<(), JobError> {
    cx.store().commit(Change::new().update(&mut claimed)).await?;
    let (state, again) = outcome(cx, send(cx.ses(), envelope, mail).await);
    settle(cx, Delivery { delivery: state, ..claimed }).await?;
    again.map_or(Ok(()), Err)
}

/// Makes the mail of a message, or says why it is not to be sent any more: nothing is told that is no longer so.
async fn compose(cx: &Deps, delivery: &Delivery) -> Result<Result<(Envelope, Rendered), Dropped>, JobError> {
    let owner = &delivery.owner;
    let alert = cx.store().alert_of(owner, delivery.alert).await?;
    let member = cx.store().member(owner).await?;
    let tenant = cx.store().tenant(&owner.tenant).await?;
    let (Some(alert), Some(member), Some(tenant)) = (alert, member, tenant) else { return Ok(Err(Dropped::NoAddress)) };
    // Who has turned messages off while this one waited gets it no more.
    if let Timing::Never(why) = cx.store().preferences_of(owner).await?.decide(&member.zone, cx.now()) {
        return Ok(Err(why));
    }
    let deal = cx.store().deal(&owner.tenant, alert.deal).await?;
    let Some(deal) = deal.filter(|deal| deal.state == DealState::Live) else { return Ok(Err(Dropped::DealGone)) };
    let Cause::Watcher { watcher, .. } = &alert.cause;
    let watcher = cx.store().watcher_of(owner, *watcher).await?;
    let Some(watcher) = watcher.filter(|watcher| still_wants(watcher, &deal)) else { return Ok(Err(Dropped::NotWatched)) };
    if is_superseded(cx, &alert, &watcher, &deal).await? {
        return Ok(Err(Dropped::Superseded));
    }

    let urls = Urls::of(&cx.config().public_url, &alert);
    let key = match cx.vault().key_of(owner).await {
        Ok(key) => key,
        // Whoever left while the message waited took their address with them.
        Err(VaultError::NoKey) => return Ok(Err(Dropped::NoAddress)),
        Err(error) => return Err(error.into()),
    };
    let (name, to) = (key.open(&Member::NAME, &member.name)?, key.open(&Member::EMAIL, &member.email)?);
    let own = alert.own.as_ref().map(|own| key.open(&Alert::OWN, own)).transpose()?;
    let mail = AlertMail::new(&tenant, Reader { name: &name, zone: &member.zone, own }, &alert, &deal, &urls).render();
    let mail = mail.map_err(|error| JobError::Park(error.to_string()))?;
    let envelope = Envelope::new(&tenant, cx.config().mail_from(), to, Template::Alert, About::Delivery(delivery.id));
    Ok(Ok((envelope, mail)))
}

/// Whether the same watcher tells of a later version of the deal, in a message of its own: one of the two is enough. That it was
/// stored anew as it was, while the message waited, is no later version.
async fn is_superseded(cx: &Deps, alert: &Alert, watcher: &Watcher, deal: &Deal) -> Result<bool, JobError> {
    if deal.changed_in <= alert.deal_version {
        return Ok(false);
    }
    let later = cx.store().alert_of(&alert.owner, Alert::id_for(watcher.id, deal.id, deal.changed_in)).await?;
    Ok(later.is_some_and(|later| later.state != AlertState::Dropped))
}

/// What an answer of SES makes of a message, and whether the message is to come again.
fn outcome(cx: &Deps, sent: Result<channels::email::MessageId, SendError>) -> (DeliveryState, Option<JobError>) {
    let at = cx.now();
    match sent {
        Ok(id) => (DeliveryState::Sent { at, message_id: id.as_str().to_owned() }, None),
        Err(SendError::NotAccepted { code }) => (DeliveryState::Queued, Some(JobError::Retry(format!("SES: {code}")))),
        Err(SendError::Refused { code }) => (DeliveryState::Refused { at, code }, None),
        Err(SendError::Unknown) => (DeliveryState::Uncertain { at }, None),
    }
}

/// Stores what became of a message, with its alert and the event about it.
async fn settle(cx: &Deps, delivery: Delivery) -> Result<(), JobError> {
    for _ in 0..TRIES {
        let mut settled = delivery.clone();
        let alert = cx.store().alert_of(&delivery.owner, delivery.alert).await?;
        match cx.store().commit(settlement(cx, &mut settled, alert)).await {
            // The member read the alert meanwhile, or someone else settled the message: then this fails to the end.
            Err(StoreError::Changed | StoreError::Contended) => {}
            result => {
                result?;
                count(cx, &delivery);
                return Ok(());
            }
        }
    }
    Err(JobError::Retry("the message kept changing".to_owned()))
}

fn settlement(cx: &Deps, delivery: &mut Delivery, alert: Option<Alert>) -> Change {
    let (tenant, member, id) = (delivery.owner.tenant.clone(), delivery.owner.member, delivery.id);
    let mut change = Change::new().update(delivery);
    if let Some(mut alert) = alert {
        let before = alert.state;
        match &delivery.delivery {
            DeliveryState::Sent { .. } => alert.told(),
            DeliveryState::Uncertain { .. } => alert.uncertain(),
            DeliveryState::Dropped { why } => alert.drop_because(*why),
            DeliveryState::Refused { .. } => alert.drop_because(Dropped::NoAddress),
            DeliveryState::Queued | DeliveryState::Claimed { .. } => {}
        }
        if alert.state != before {
            change = change.update(&mut alert);
        }
    }
    match &delivery.delivery {
        DeliveryState::Sent { .. } => cx.emit(change, &MessageSent { tenant, member, delivery: id }),
        DeliveryState::Uncertain { .. } => cx.emit(change, &MessageUncertain { tenant, member, delivery: id }),
        DeliveryState::Refused { .. } => cx.emit(change, &MessageRefused { tenant, member, delivery: id }),
        DeliveryState::Dropped { .. } | DeliveryState::Queued | DeliveryState::Claimed { .. } => change,
    }
}

fn count(cx: &Deps, delivery: &Delivery) {
    let metric = match &delivery.delivery {
        DeliveryState::Sent { .. } => "MailsSent",
        DeliveryState::Uncertain { .. } => "MailsUncertain",
        DeliveryState::Refused { .. } => "MailsRefused",
        DeliveryState::Dropped { .. } => "MailsDropped",
        DeliveryState::Queued | DeliveryState::Claimed { .. } => return,
    };
    telemetry::count(cx, metric, 1);
}
