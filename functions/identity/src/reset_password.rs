//! `POST /v1/auth/reset-password`

use axum::extract::State;
use domain::{
    identity::{
        passcodes::{Challenge, ChallengeToken, Passcode, Purpose},
        passwords::NewPassword,
        sign_ins::{Credential, SignIns},
    },
    inputs::{Fields, Input, leaf},
};
use platform::{Answer, Deps, Endpoint, Limit, Problems, PublicCommand, Reply, vault::LOOKUP_KEY};
use storage::{Change, EmailOf, Entity, Grant};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::challenges::{answered, wrong_passcode};

/// Sets another password.
pub static FUNCTION: Endpoint = Endpoint::public("identity-reset-password", || routes!(reset_password))
    .may(&[
        Challenge::READ,
        Challenge::WRITE,
        EmailOf::READ,
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
/// Ends every session, and a lock. Then one signs in.
#[utoipa::path(
    post,
    path = "/v1/auth/reset-password",
    tag = "identity",
    request_body = ResetPassword,
    responses((status = 204, description = "It is set"), Problems)
)]
async fn reset_password(State(cx): State<Deps>, command: PublicCommand<ResetPassword>) -> Reply<()> {
    let PublicCommand { tenant, input } = command;
    let is_reset = |purpose: &Purpose| matches!(purpose, Purpose::Reset);
    let mut challenge = answered(&cx, &tenant, (&input.challenge, &input.passcode), is_reset).await?;
    let owner = cx.store().owner_of_email(&tenant, &challenge.address).await?.ok_or_else(wrong_passcode)?;
    let credential = cx.store().credential(&owner).await?;
    let mut sign_ins = cx.store().sign_ins(&owner).await?;

    let password = cx.hash_password(input.password.password())?;
    // Who was made a member by an operator has none yet.
    let mut credential = match credential {
        Some(credential) => credential.replaced(password),
        None => Credential::new(owner, password),
    };
    let mut change = Change::new().delete(&mut challenge).save(&mut credential);
    if sign_ins.clear() {
        change = change.update(&mut sign_ins);
    }
    cx.store().commit(change).await?;
    Ok(Answer::nothing())
}
