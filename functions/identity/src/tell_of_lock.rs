//! Queue `identity-account-locked`: tells a member that their account is locked, once, if there is such a member.
//!
//! Failed sign-ins lock accounts that there are not as they do others: there is nobody to be told then.

use channels::{
    account::AccountMail,
    email::{About, Envelope, SendError, send},
    templates::{Rendered, Template},
};
use domain::{
    events::{AccountLocked, Event},
    identity::{Member, Tenant, sign_ins::SignIns},
    ids::Owner,
};
use platform::{Deps, JobError, Message, Queue, Worker, telemetry};
use serde::Deserialize;
use storage::{Change, Entity, Grant, MemberKey, StoreError};

/// Tells of locks.
pub static FUNCTION: Worker<Lock> = Worker::new("identity-tell-of-lock", |cx, message| Box::pin(tell_of_lock(cx, message)))
    .batch(5, 5)
    .may(&[SignIns::READ, SignIns::WRITE, Member::READ, MemberKey::READ, Tenant::READ, Grant::UseKeys, Grant::Mail]);

/// `AccountLocked`, in the bus's envelope.
#[derive(Debug, Deserialize)]
pub struct Lock {
    detail: AccountLocked,
}

impl Message for Lock {
    const QUEUE: Queue = Queue::of_events("identity-account-locked", &[AccountLocked::NAME]);
}

async fn tell_of_lock(cx: &Deps, Lock { detail }: Lock) -> Result<(), JobError> {
    let owner = Owner { tenant: detail.tenant.clone(), member: detail.member };
    let Some((envelope, mail)) = compose(cx, &owner, &detail).await? else { return Ok(()) };
    let mut sign_ins = cx.store().sign_ins(&owner).await?;
    if !sign_ins.tell_of(detail.until, cx.now()) {
        return Ok(());
    }
    match cx.store().commit(Change::new().update(&mut sign_ins)).await {
        // Meanwhile it was told by another run, or the lock is no more: there is a look at that when the message comes again.
        Err(StoreError::Changed) => return Err(JobError::Retry("the account changed".to_owned())),
        result => result?,
    }
    let metric = match send(cx.ses(), &envelope, &mail).await {
        Ok(_) => "LocksTold",
        Err(SendError::NotAccepted { code }) => return release(cx, &owner, &detail, &code).await,
        Err(SendError::Refused { .. }) => "LocksRefused",
        Err(SendError::Unknown) => "LocksUncertain",
    };
    telemetry::count(cx, metric, 1);
    Ok(())
}

/// How often a claim is given up anew when someone tries a password at the same time.
const TRIES: usize = 4;

/// The mail was surely not sent: another run tells of the lock.
async fn release(cx: &Deps, owner: &Owner, lock: &AccountLocked, code: &str) -> Result<(), JobError> {
    for _ in 0..TRIES {
        let mut sign_ins = cx.store().sign_ins(owner).await?;
        if !sign_ins.untold(lock.until) {
            break;
        }
        match cx.store().commit(Change::new().update(&mut sign_ins)).await {
            Err(StoreError::Changed | StoreError::Contended) => {}
            done => {
                done?;
                break;
            }
        }
    }
    Err(JobError::Retry(format!("SES: {code}")))
}

/// The mail, if there is someone to have it.
async fn compose(cx: &Deps, owner: &Owner, lock: &AccountLocked) -> Result<Option<(Envelope, Rendered)>, JobError> {
    let member = cx.store().member(owner).await?.filter(Member::has_joined);
    let tenant = cx.store().tenant(&owner.tenant).await?;
    let (Some(member), Some(tenant)) = (member, tenant) else { return Ok(None) };
    let key = cx.vault().key_of(owner).await?;
    let (name, to) = (key.open(&Member::NAME, &member.name)?, key.open(&Member::EMAIL, &member.email)?);
    let mail = AccountMail::locked(&tenant, &name, &member.zone, lock.until).render();
    let envelope = Envelope::new(&tenant, cx.config().mail_from(), to, Template::Locked, About::Account(owner.member));
    Ok(Some((envelope, mail.map_err(|error| JobError::Park(error.to_string()))?)))
}
