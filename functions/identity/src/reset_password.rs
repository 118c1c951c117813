//! `POST /v1/auth/reset-password`

use axum::extract::State;
use domain::{
    identity::{
        EmailHash, Member,
        passcodes::{Challenge, ChallengeToken, Passcode, Purpose, WrongPasscodes},
        passwords::NewPassword,
        sign_ins::{Credential, LoginTries, PasswordHash, SignIns},
    },
    ids::Owner,
    inputs::{Fields, Input, leaf},
};
use platform::{Answer, Deps, Endpoint, Failure, Limit, Problems, PublicCommand, Reply, limit::ClientAddress, vault::LOOKUP_KEY};
use storage::{Change, EmailOf, Entity, Grant, StoreError};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    challenges::{answered, wrong_passcode},
    networks,
};

/// Sets another password.
pub static FUNCTION: Endpoint = Endpoint::public("identity-reset-password", || routes!(reset_password))
    .may(&[
        Challenge::READ,
        Challenge::WRITE,
        WrongPasscodes::READ,
        WrongPasscodes::WRITE,
        EmailOf::READ,
        Member::READ,
        LoginTries::WRITE,
        Credential::READ,
        Credential::WRITE,
        SignIns::READ,
        SignIns::WRITE,
        Grant::Know(LOOKUP_KEY),
    ])
    .limited(Limit::attempts("reset-password", &["challenge"]))
    .memory(crate::HASHING_MB);

/// A passcode, what it was asked for with, and the password to be.
#[derive(Debug, ToSchema)]
pub struct ResetPassword {
    challenge: ChallengeToken,
    passcode: Passcode,
    password: NewPassword,
}

impl Input for ResetPassword {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (challenge, passcode) = (fields.required("challenge", leaf), fields.required("passcode", leaf));
        let password = fields.required("password", leaf);
        Some(Self { challenge: challenge?, passcode: passcode?, password: password? })
    }
}

/// Sets another password
///
/// Ends every session, and a lock: of the account everywhere, and of what was tried with its handle and its address from here.
/// Then one signs in.
#[utoipa::path(
    post,
    path = "/v1/auth/reset-password",
    tag = "identity",
    request_body = ResetPassword,
    responses((status = 204, description = "It is set"), Problems)
)]
async fn reset_password(State(cx): State<Deps>, from: ClientAddress, command: PublicCommand<ResetPassword>) -> Reply<()> {
    let PublicCommand { tenant, input } = command;
    let is_reset = |purpose: &Purpose| matches!(purpose, Purpose::Reset);
    let answer = (&input.challenge, &input.passcode);
    let mut challenge = answered(&cx, &tenant, answer, is_reset).await?;
    let owner = cx.store().owner_of_email(&tenant, &challenge.address).await?.ok_or_else(wrong_passcode)?;
    let password = cx.hash_password(input.password.password())?;
    for _ in 0..TRIES {
        let change = replacement(&cx, &owner, password.clone(), from).await?;
        let change = unlocked(&cx, change, &owner, (&challenge.address, from)).await?;
        match cx.store().commit(change.delete(&mut challenge)).await {
            // Someone tries passwords meanwhile, or answered with the same passcode: then it is none any more.
            Err(StoreError::Exists | StoreError::Changed) => challenge = answered(&cx, &tenant, answer, is_reset).await?,
            done => {
                done?;
                return Ok(Answer::nothing());
            }
        }
    }
    Err(Failure::Unavailable)
}

/// How often a password is set anew when something else of the account changes at the same time.
const TRIES: usize = 3;

/// Sets a member's password, and ends their sessions and a lock.
async fn replacement(cx: &Deps, owner: &Owner, password: PasswordHash, from: ClientAddress) -> Result<Change, Failure> {
    // Who was made a member by an operator has none yet.
    let mut credential = match cx.store().credential(owner).await? {
        Some(credential) => credential.replaced(password),
        None => Credential::new(owner.clone(), password),
    };
    let mut sign_ins = cx.store().sign_ins(owner).await?;
    let change = Change::new().save(&mut credential);
    let news = sign_ins.succeed(&networks::of_member(cx, owner, from)?, cx.now());
    Ok(if news { change.save(&mut sign_ins) } else { change })
}

/// Forgets what failed before, with the member's handle and with their address, where they are: they have shown who they are.
async fn unlocked(cx: &Deps, change: Change, owner: &Owner, asker: (&EmailHash, ClientAddress)) -> Result<Change, Failure> {
    let (address, from) = asker;
    let member = cx.store().member(owner).await?.ok_or_else(wrong_passcode)?;
    let logins = [networks::of_handle(&member.handle), networks::of_address(address)];
    logins.iter().try_fold(change, |change, typed| {
        let tried = networks::of_login(cx, &owner.tenant, typed, from)?;
        Ok(change.forget(&LoginTries::none(owner.tenant.clone(), tried)))
    })
}
