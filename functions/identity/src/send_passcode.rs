//! Queue `identity-passcode-wanted`: draws a passcode and mails it, once, if there is someone to have it.
//!
//! Whether there is is found out here and nowhere else: whoever asks sees no difference. The code is drawn here, so that it is
//! nowhere but in the mail: the challenge keeps a keyed hash of it, stored right before the mail is sent. Dying before that, it is
//! begun anew; dying after it, there is no mail, and another passcode can be asked for a minute later.

use channels::{
    account::AccountMail,
    email::{About, Envelope, SendError, Sender, send},
    templates::Template,
};
use domain::{
    events::{Event, PasscodeWanted},
    identity::{
        DisplayName, EmailAddress, Member, Tenant,
        passcodes::{Challenge, MailsToAddress, Passcode, Purpose},
    },
    ids::Owner,
};
use platform::{
    Deps, JobError, Message, Queue, Worker, telemetry,
    vault::{LOOKUP_KEY, OpenKey},
};
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

/// Who gets a passcode.
struct Addressee {
    email: EmailAddress,
    name: DisplayName,
}

async fn send_passcode(cx: &Deps, Wanted { detail }: Wanted) -> Result<(), JobError> {
    let Some(challenge) = cx.store().challenge(&detail.tenant, detail.challenge).await? else { return Ok(()) };
    let Some(tenant) = cx.store().tenant(&detail.tenant).await? else { return Ok(()) };
    let Some(addressee) = addressee(cx, &challenge).await? else {
        telemetry::count(cx, "PasscodesForNobody", 1);
        return Ok(());
    };
    let code = Passcode::drawn(u64::from_be_bytes(cx.random()));
    let mail = AccountMail::passcode(&tenant, &addressee.name, challenge.purpose, &code).render();
    let mail = mail.map_err(|error| JobError::Park(error.to_string()))?;
    let envelope = Envelope {
        from: Sender { address: tenant.sender(&cx.config().mail_sender), name: tenant.name },
        to: addressee.email,
        configuration_set: cx.config().mail_configuration_set.clone(),
        tenant: tenant.id,
        template: Template::Passcode,
        about: About::Challenge(challenge.id),
    };
    let Some(claimed) = claim(cx, challenge, detail.wanted, &code).await? else { return Ok(()) };
    let metric = match send(cx.ses(), &envelope, &mail).await {
        Ok(_) => "PasscodesMailed",
        Err(SendError::NotAccepted { code }) => return release(cx, claimed, &code).await,
        Err(SendError::Refused { .. }) => "PasscodesRefused",
        Err(SendError::Unknown) => "PasscodesUncertain",
    };
    telemetry::count(cx, metric, 1);
    Ok(())
}

/// Who is to have the passcode of a challenge: one who signs up with an address that nobody has, or the member who has it.
async fn addressee(cx: &Deps, challenge: &Challenge) -> Result<Option<Addressee>, JobError> {
    let known = cx.store().owner_of_email(&challenge.tenant, &challenge.address).await?;
    match (challenge.purpose, known) {
        (Purpose::SignUp { pending }, None) => {
            let owner = Owner { tenant: challenge.tenant.clone(), member: pending };
            let Some(registration) = cx.store().registration(&owner).await? else { return Ok(None) };
            let key = cx.vault().unwrapped(&registration.key).await?;
            opened(&key, &registration.member).map(Some)
        }
        (Purpose::Reset, Some(owner)) => {
            let member = cx.store().member(&owner).await?.filter(Member::has_joined);
            let Some(member) = member else { return Ok(None) };
            let key = cx.vault().key_of(&owner).await?;
            opened(&key, &member).map(Some)
        }
        (Purpose::SignUp { .. }, Some(_)) | (Purpose::Reset, None) => Ok(None),
    }
}

fn opened(key: &OpenKey, member: &Member) -> Result<Addressee, JobError> {
    Ok(Addressee { email: key.open(&Member::EMAIL, &member.email)?, name: key.open(&Member::NAME, &member.name)? })
}

/// A passcode that is this run's to mail.
struct Claimed {
    challenge: Challenge,
    mails: MailsToAddress,
}

/// How often a claim is made anew when the challenge is answered, or another one of the address mailed, at the same time.
const TRIES: usize = 4;

/// Stores the hash of the code, and that the address gets a mail. None if it has one by now, or had too many.
async fn claim(cx: &Deps, mut challenge: Challenge, wanted: u32, code: &Passcode) -> Result<Option<Claimed>, JobError> {
    for _ in 0..TRIES {
        let mut mails = cx.store().passcode_mails(&challenge.tenant, &challenge.address).await?;
        if !challenge.claim(wanted, fingerprint(cx, &challenge, code)?, cx.now()) {
            return Ok(None);
        }
        if !mails.take(cx.now()) {
            telemetry::count(cx, "PasscodesTooMany", 1);
            return Ok(None);
        }
        match cx.store().commit(Change::new().update(&mut challenge).save(&mut mails)).await {
            Ok(()) => return Ok(Some(Claimed { challenge, mails })),
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

/// The mail was surely not sent: the claim is given up, and another run draws another code.
async fn release(cx: &Deps, claimed: Claimed, code: &str) -> Result<(), JobError> {
    let Claimed { mut challenge, mut mails } = claimed;
    challenge.unsent();
    mails.give_back();
    cx.store().commit(Change::new().update(&mut challenge).update(&mut mails)).await?;
    Err(JobError::Retry(format!("SES: {code}")))
}
