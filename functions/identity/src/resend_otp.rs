//! `POST /v1/auth/resend-otp`

use axum::extract::State;
use domain::{
    identity::passcodes::{Challenge, ChallengeToken},
    inputs::{Fields, Input, leaf},
};
use platform::{Answer, Deps, Endpoint, Limit, Problems, PublicCommand, Reply};
use storage::{Change, Entity, Grant};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::challenges::{Asked, not_again, wanted, wrong_passcode};

/// Mails another passcode.
pub static FUNCTION: Endpoint = Endpoint::public("identity-resend-otp", || routes!(resend_otp))
    .may(&[Challenge::READ, Challenge::WRITE, Grant::Emit("PasscodeWanted")])
    .limited(Limit::attempts("resend-otp", &["challenge"]));

/// What a passcode was asked for with.
#[derive(Debug, ToSchema)]
pub struct ResendOtp {
    challenge: ChallengeToken,
}

impl Input for ResendOtp {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { challenge: fields.required("challenge", leaf)? })
    }
}

/// Mails another passcode
///
/// At most one a minute and four in all, of which the last can be asked for ten minutes before it ends. The one before is no longer
/// good.
#[utoipa::path(
    post,
    path = "/v1/auth/resend-otp",
    tag = "identity",
    request_body = ResendOtp,
    responses((status = 202, body = Asked), Problems)
)]
async fn resend_otp(State(cx): State<Deps>, command: PublicCommand<ResendOtp>) -> Reply<Asked> {
    let token = command.input.challenge;
    let challenge = cx.store().challenge(&command.tenant, token.id).await?;
    let mut challenge = challenge.filter(|challenge| challenge.is_of(&token)).ok_or_else(wrong_passcode)?;
    challenge.ask_again(cx.now()).map_err(not_again)?;
    let change = Change::new().update(&mut challenge);
    cx.store().commit(cx.emit(change, &wanted(&challenge))).await?;
    Ok(Answer::accepted(Asked::new(&token, &challenge)))
}
