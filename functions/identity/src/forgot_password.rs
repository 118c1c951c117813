//! `POST /v1/auth/forgot-password`

use axum::extract::State;
use domain::{
    identity::{
        EmailAddress,
        passcodes::{Challenge, Purpose},
    },
    inputs::{Fields, Input, leaf},
};
use platform::{Answer, Deps, Endpoint, Limit, Problems, PublicCommand, Reply, limit::ClientAddress, vault::LOOKUP_KEY};
use storage::{Change, Entity, Grant};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::challenges::{Asked, ask, wanted};

/// Begins to reset a password.
pub static FUNCTION: Endpoint = Endpoint::public("identity-forgot-password", || routes!(forgot_password))
    .may(&[Challenge::WRITE, Grant::Know(LOOKUP_KEY), Grant::Emit("PasscodeWanted")])
    .limited(Limit::attempts("forgot-password", &["email"]));

/// An address.
#[derive(Debug, ToSchema)]
pub struct ForgotPassword {
    email: EmailAddress,
}

impl Input for ForgotPassword {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { email: fields.required("email", leaf)? })
    }
}

/// Begins to reset a password
///
/// Mails a passcode to the address if a member has it, which goes to `/v1/auth/reset-password`. The answer is the same if nobody does.
#[utoipa::path(
    post,
    path = "/v1/auth/forgot-password",
    tag = "identity",
    request_body = ForgotPassword,
    responses((status = 202, body = Asked), Problems)
)]
async fn forgot_password(State(cx): State<Deps>, from: ClientAddress, command: PublicCommand<ForgotPassword>) -> Reply<Asked> {
    let PublicCommand { tenant, input } = command;
    let address = cx.vault().email_hash(&tenant, &input.email)?;
    // Whether anyone has it is found out by who mails the passcode: here there is no difference to be seen.
    let (token, mut challenge) = ask(&cx, &tenant, Purpose::Reset, (address, from))?;
    let change = Change::new().create(&mut challenge);
    cx.store().commit(cx.emit(change, &wanted(&challenge))).await?;
    Ok(Answer::accepted(Asked::new(&token, &challenge)))
}
