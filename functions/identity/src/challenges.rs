//! Passcodes that are asked for and answered.

use domain::{
    events::PasscodeWanted,
    identity::{
        EmailHash,
        passcodes::{Answered, Challenge, ChallengeToken, NotAgain, Passcode, Purpose},
        secrets::Fingerprint,
    },
    ids::TenantId,
};
use jiff::Timestamp;
use platform::{Deps, Failure, limit::ClientAddress, telemetry, vault::VaultError};
use serde::Serialize;
use storage::{Change, StoreError};
use utoipa::ToSchema;

use crate::networks;

/// A passcode is on its way to the address, if there is someone to have one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// Goes with the passcode to where it is answered. Only who has it can.
    #[schema(value_type = ChallengeToken)]
    challenge: String,
    /// When another can be asked for; from `endsAt` on by beginning anew.
    #[schema(value_type = String, format = DateTime, example = "2026-02-17T19:25:00Z")]
    next_at: Timestamp,
    /// Until when it can be answered, with as many passcodes as were asked for.
    #[schema(value_type = String, format = DateTime, example = "2026-02-17T20:24:00Z")]
    ends_at: Timestamp,
}

impl Asked {
    pub(crate) fn new(token: &ChallengeToken, challenge: &Challenge) -> Self {
        Self { challenge: token.reveal(), next_at: challenge.next(), ends_at: challenge.ends() }
    }
}

/// A new challenge for an address, whoever has it, and what it is answered with besides the passcode.
pub(crate) fn ask(
    cx: &Deps,
    tenant: &TenantId,
    purpose: Purpose,
    (address, from): (EmailHash, ClientAddress),
) -> Result<(ChallengeToken, Challenge), VaultError> {
    let token = ChallengeToken::new(cx.new_id(), cx.random().into());
    let network = networks::of_asker(cx, tenant, &address, from)?;
    let challenge = Challenge::new(tenant.clone(), &token, purpose, (address, network), cx.now());
    Ok((token, challenge))
}

/// The event that has the passcode drawn and mailed.
pub(crate) fn wanted(challenge: &Challenge) -> PasscodeWanted {
    PasscodeWanted { tenant: challenge.tenant.clone(), challenge: challenge.id, wanted: challenge.wanted }
}

/// What is kept of a passcode. A million of them are soon tried: it takes the key to try any.
pub(crate) fn fingerprint(cx: &Deps, challenge: &Challenge, passcode: &Passcode) -> Result<Fingerprint, VaultError> {
    let parts = ["passcode", challenge.tenant.as_str(), &challenge.id.to_string(), passcode.digits()];
    cx.vault().keyed_hash(&parts).map(Fingerprint::from)
}

/// How often an answer is judged anew when others are given at the same time. Five wrong ones end it, and so many for one address
/// end answering for that.
const TRIES: usize = 8;

/// Holds an answer against its challenge. What is right is the caller's to use up, in the change that it allows; what is wrong has
/// been counted before anyone is told, so that nobody learns more by asking often at once.
pub(crate) async fn answered(
    cx: &Deps,
    tenant: &TenantId,
    (token, passcode): (&ChallengeToken, &Passcode),
    is_for: fn(&Purpose) -> bool,
) -> Result<Challenge, Failure> {
    for _ in 0..TRIES {
        let challenge = cx.store().challenge(tenant, token.id).await?;
        let asked = challenge.filter(|challenge| challenge.is_of(token) && is_for(&challenge.purpose));
        let Some(mut challenge) = asked else { return Err(wrong_passcode()) };
        let mut wrong = cx.store().wrong_passcodes(tenant, &challenge.address).await?;
        let code = fingerprint(cx, &challenge, passcode)?;
        match challenge.answer(&code, &mut wrong, cx.now()) {
            Answered::Right => return Ok(challenge),
            Answered::Dead => return Err(wrong_passcode()),
            Answered::Wrong => match cx.store().commit(Change::new().update(&mut challenge).save(&mut wrong)).await {
                Ok(()) => {
                    telemetry::count(cx, "PasscodesWrong", 1);
                    return Err(wrong_passcode());
                }
                Err(StoreError::Changed | StoreError::Exists | StoreError::Contended) => {}
                Err(error) => return Err(error.into()),
            },
        }
    }
    Err(Failure::Unavailable)
}

/// One answer for a wrong code, one that is too old, one for something else, and none at all.
pub(crate) fn wrong_passcode() -> Failure {
    Failure::Unproven("wrong-passcode", "The passcode is wrong, or no longer good. Ask for another.")
}

/// One that has ended is answered like none at all: it is none, once the table has removed it.
pub(crate) fn not_again(why: NotAgain) -> Failure {
    match why {
        NotAgain::TooSoon(at) => Failure::TooSoon("passcode-asked-too-soon", at),
        NotAgain::Ended => wrong_passcode(),
    }
}
