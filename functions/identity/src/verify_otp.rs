//! `POST /v1/auth/verify-otp`

use axum::extract::State;
use domain::{
    events::MemberJoined,
    identity::{
        Member, MemberState,
        passcodes::{Challenge, ChallengeToken, Passcode, Purpose, WrongPasscodes},
        sessions::Session,
        sign_ins::{Credential, SignIns},
    },
    ids::Owner,
    inputs::{Fields, Input, leaf},
};
use platform::{
    Deps, Endpoint, Failure, FromDevice, Limit, Problems, PublicCommand, Reply, Way, limit::ClientAddress, token::SIGNING_KEY,
    vault::LOOKUP_KEY,
};
use storage::{Change, EmailOf, Entity, Grant, HandleOf, MemberKey, Registration, StoreError};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    challenges::{answered, wrong_passcode},
    networks,
    tokens::{Tokens, begin, given},
};

/// Makes a member of one who signed up.
pub static FUNCTION: Endpoint = Endpoint::public("identity-verify-otp", || routes!(verify_otp))
    .may(&[
        Challenge::READ,
        Challenge::WRITE,
        WrongPasscodes::READ,
        WrongPasscodes::WRITE,
        Registration::READ,
        Registration::WRITE,
        Member::WRITE,
        MemberKey::WRITE,
        HandleOf::WRITE,
        EmailOf::WRITE,
        Credential::WRITE,
        SignIns::WRITE,
        Session::WRITE,
        Grant::Know(LOOKUP_KEY),
        Grant::Know(SIGNING_KEY),
        Grant::Emit("MemberJoined"),
    ])
    .limited(Limit::attempts("verify-otp", &["challenge"]));

/// A passcode, and what it was asked for with.
#[derive(Debug, ToSchema)]
pub struct VerifyOtp {
    challenge: ChallengeToken,
    passcode: Passcode,
}

impl Input for VerifyOtp {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (challenge, passcode) = (fields.required("challenge", leaf), fields.required("passcode", leaf));
        Some(Self { challenge: challenge?, passcode: passcode? })
    }
}

/// Makes a member of one who signed up
///
/// And signs them in. A passcode works once, for ten minutes; the fifth wrong one ends it.
#[utoipa::path(
    post,
    path = "/v1/auth/verify-otp",
    tag = "identity",
    request_body = VerifyOtp,
    responses((status = 200, body = Tokens), Problems)
)]
async fn verify_otp(
    State(cx): State<Deps>,
    way: Way,
    FromDevice(device): FromDevice,
    from: ClientAddress,
    command: PublicCommand<VerifyOtp>,
) -> Reply<Tokens> {
    let PublicCommand { tenant, input } = command;
    let is_sign_up = |purpose: &Purpose| matches!(purpose, Purpose::SignUp { .. });
    let mut challenge = answered(&cx, &tenant, (&input.challenge, &input.passcode), is_sign_up).await?;
    let Purpose::SignUp { pending: member } = challenge.purpose else { return Err(wrong_passcode()) };
    let owner = Owner { tenant: tenant.clone(), member };
    let mut registration = cx.store().registration(&owner).await?.ok_or_else(wrong_passcode)?;

    registration.member.state = MemberState::Active;
    registration.member.last_sign_in = Some(cx.now());
    let mut credential = Credential::new(owner.clone(), registration.password.clone());
    let mut sign_ins = SignIns::none(owner.clone());
    sign_ins.succeed(&networks::of_member(&cx, &owner, from)?, cx.now());
    let (token, mut session) = begin(&cx, owner, device, credential.generation);
    let answer = given(&cx, way, &token, registration.member.role)?;
    let change = Change::new().delete(&mut challenge).register(registration).create(&mut credential).create(&mut sign_ins);
    let change = change.create(&mut session);
    match cx.store().commit(cx.emit(change, &MemberJoined { tenant, member })).await {
        Ok(()) => Ok(answer),
        Err(StoreError::Exists) => {
            let taken = "Someone was faster, and has the handle or the address. Sign up with another, or sign in.";
            Err(Failure::Conflict("already-taken", taken.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}
