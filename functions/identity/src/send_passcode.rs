//! Queue `identity-passcode-wanted`: draws a passcode and mails it, once, if there is someone to have it.
//!
//! Whether there is is found out here and nowhere else: whoever asks sees no difference. The code is drawn here, so that it is
//! nowhere but in the mail: the challenge keeps a keyed hash of it, stored right before the mail is sent. Dying before that, it is
//! begun anew; dying after it, there is no mail, and another passcode can be asked for a minute later. A member whose address
//! someone else signs up with is mailed that, and no code.

use channels::{
    account::AccountMail,
    email::{About, Envelope, SendError, send},
    templates::Template,
};
use domain::{
    events::{Event, PasscodeWanted},
    identity::{
        DisplayName, EmailAddress, Member, Tenant,
        passcodes::{Challenge, MailsToAddress, Passcode, Purpose},
    },
    ids::{MemberId, Owner, TenantId},
};
use jiff::Timestamp;
use platform::{Deps, JobError, Message, Queue, Worker, telemetry, vault::LOOKUP_KEY};
use serde::Deserialize;
use storage::{Change, EmailOf, Entity, Grant, MemberKey, Registration, StoreError};

use crate::challenges::fingerprint;

/// Sends passcodes.
pub static FUNCTION: Worker<Wanted> =
    Worker::new("identity-send-passcode", |cx, message| Box::pin(send_passcode(cx, message))).batch(5, 5).may(&[
        Challenge::READ,
        Challenge::WRITE,
        MailsToAddress::READ,
        MailsToAddress::WRITE,
        EmailOf::READ,
        Registration::READ,
        Member::READ,
        MemberKey::READ,
        Tenant::READ,
        Grant::UseKeys,
        Grant::Know(LOOKUP_KEY),
        Grant::Mail,
    ]);

/// `PasscodeWanted`, in the bus's envelope.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    detail: PasscodeWanted,
}

impl Message for Wanted {
    const QUEUE: Queue = Queue::of_events("identity-passcode-wanted", &[PasscodeWanted::NAME]);
}

/// A mail about a challenge, and the code that is in it, if one is.
struct Letter {
    to: EmailAddress,
    template: Template,
    mail: AccountMail,
    code: Option<Passcode>,
}

async fn send_passcode(cx: &Deps, Wanted { detail }: Wanted) -> Result<(), JobError> {
    let Some(challenge) = cx.store().challenge(&detail.tenant, detail.challenge).await? else { return Ok(()) };
    let Some(tenant) = cx.store().tenant(&detail.tenant).await? else { return Ok(()) };
    let Some(letter) = letter(cx, &tenant, &challenge).await? else {
        telemetry::count(cx, "PasscodesForNobody", 1);
        return Ok(());
    };
    let mail = letter.mail.render().map_err(|error| JobError::Park(error.to_string()))?;
    let about = About::Challenge(challenge.id);
    let envelope = Envelope::new(&tenant, cx.config().mail_from(), letter.to, letter.template, about);
    let Some(claimed) = claim(cx, challenge, detail.wanted, letter.code.as_ref()).await? else { return Ok(()) };
    let metric = match send(cx.ses(), &envelope, &mail).await {
        Ok(_) => "PasscodesMailed",
        Err(SendError::NotAccepted { code }) => return release(cx, claimed, &code).await,
        Err(SendError::Refused { .. }) => "PasscodesRefused",
        Err(SendError::Unknown) => "PasscodesUncertain",
    };
    telemetry::count(cx, metric, 1);
    Ok(())
}

/// What is to be mailed: a code to one who signs up with an address that nobody has, or to the member who has it and forgot their
/// password. The member with whose address someone else signs up is told so, once.
async fn letter(cx: &Deps, tenant: &Tenant, challenge: &Challenge) -> Result<Option<Letter>, JobError> {
    let known = cx.store().owner_of_email(&challenge.tenant, &challenge.address).await?;
    let code = Passcode::drawn(u64::from_be_bytes(cx.random()));
    match (challenge.purpose, known) {
        (Purpose::SignUp { pending }, None) => {
            let Some(to) = applicant(cx, &challenge.tenant, pending).await? else { return Ok(None) };
            let mail = AccountMail::sign_up(tenant, &code);
            Ok(Some(Letter { to, template: Template::Passcode, mail, code: Some(code) }))
        }
        (Purpose::Reset, Some(owner)) => {
            let Some((to, name)) = member(cx, &owner).await? else { return Ok(None) };
            let mail = AccountMail::reset(tenant, &name, &code);
            Ok(Some(Letter { to, template: Template::Passcode, mail, code: Some(code) }))
        }
        (Purpose::SignUp { .. }, Some(owner)) if challenge.wanted == 1 => {
            let Some((to, name)) = member(cx, &owner).await? else { return Ok(None) };
            let mail = AccountMail::already_member(tenant, &name);
            Ok(Some(Letter { to, template: Template::AlreadyMember, mail, code: None }))
        }
        (Purpose::SignUp { .. }, Some(_)) | (Purpose::Reset, None) => Ok(None),
    }
}

/// The address of one who signs up.
async fn applicant(cx: &Deps, tenant: &TenantId, pending: MemberId) -> Result<Option<EmailAddress>, JobError> {
    let owner = Owner { tenant: tenant.clone(), member: pending };
    let Some(registration) = cx.store().registration(&owner).await? else { return Ok(None) };
    let key = cx.vault().unwrapped(&registration.key).await?;
    Ok(Some(key.open(&Member::EMAIL, &registration.member.email)?))
}

/// The address and the name of a member.
async fn member(cx: &Deps, owner: &Owner) -> Result<Option<(EmailAddress, DisplayName)>, JobError> {
    let Some(member) = cx.store().member(owner).await?.filter(Member::has_joined) else { return Ok(None) };
    let key = cx.vault().key_of(owner).await?;
    Ok(Some((key.open(&Member::EMAIL, &member.email)?, key.open(&Member::NAME, &member.name)?)))
}

/// A mail that is this run's to send.
struct Claimed {
    challenge: Challenge,
    /// For which time of asking.
    wanted: u32,
    /// When that was.
    asked: Timestamp,
    /// When it was claimed.
    at: Timestamp,
}

/// How often a claim is made or given up anew when the challenge is answered, or another one of the address mailed, at the same time.
const TRIES: usize = 4;

/// Stores the hash of the code, and that the address gets a mail. None if it has one by now, or had too many.
async fn claim(cx: &Deps, mut challenge: Challenge, wanted: u32, code: Option<&Passcode>) -> Result<Option<Claimed>, JobError> {
    for _ in 0..TRIES {
        let mut mails = cx.store().passcode_mails(&challenge.tenant, &challenge.address).await?;
        let (code, at) = (code.map(|code| fingerprint(cx, &challenge, code)).transpose()?, cx.now());
        if !challenge.claim(wanted, code, at) {
            return Ok(None);
        }
        if !mails.take(&challenge) {
            telemetry::count(cx, "PasscodesTooMany", 1);
            return Ok(None);
        }
        match cx.store().commit(Change::new().update(&mut challenge).save(&mut mails)).await {
            Ok(()) => return Ok(Some(Claimed { asked: challenge.wanted_at, challenge, wanted, at })),
            Err(StoreError::Changed | StoreError::Exists | StoreError::Contended) => {}
            Err(error) => return Err(error.into()),
        }
        match cx.store().challenge(&challenge.tenant, challenge.id).await? {
            Some(read) => challenge = read,
            None => return Ok(None),
        }
    }
    Err(JobError::Retry("the challenge kept changing".to_owned()))
}

/// The mail was surely not sent: the claim is given up, and another run draws another code. Whoever asked may have answered
/// something meanwhile, or asked again: what was claimed is given up all the same.
async fn release(cx: &Deps, claimed: Claimed, code: &str) -> Result<(), JobError> {
    let Claimed { challenge, wanted, asked, at } = claimed;
    let again = Err(JobError::Retry(format!("SES: {code}")));
    for _ in 0..TRIES {
        let mut mails = cx.store().passcode_mails(&challenge.tenant, &challenge.address).await?;
        mails.give_back(asked);
        let mut change = Change::new().save(&mut mails);
        if let Some(mut read) = cx.store().challenge(&challenge.tenant, challenge.id).await?
            && read.unsent(wanted, at)
        {
            change = change.update(&mut read);
        }
        match cx.store().commit(change).await {
            Ok(()) => return again,
            Err(StoreError::Changed | StoreError::Exists | StoreError::Contended) => {}
            Err(error) => return Err(error.into()),
        }
    }
    again
}
