//! `POST /v1/auth/login`

use axum::extract::State;
use domain::{
    events::AccountLocked,
    identity::{
        Login, Member, MemberState,
        passwords::Password,
        sessions::{Device, Session},
        sign_ins::{Credential, Locked, SignIns},
    },
    ids::{MemberId, Owner, TenantId},
    inputs::{Fields, Input, leaf},
};
use platform::{
    Deps, Endpoint, Failure, FromDevice, Limit, Problems, PublicCommand, Reply, Way, telemetry, token::SIGNING_KEY,
    vault::LOOKUP_KEY,
};
use storage::{Change, EmailOf, Entity, Grant, HandleOf, StoreError};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::tokens::{Tokens, begin, given};

/// Signs in with a password.
pub static FUNCTION: Endpoint = Endpoint::public("identity-log-in", || routes!(log_in))
    .may(&[
        HandleOf::READ,
        EmailOf::READ,
        Credential::READ,
        SignIns::READ,
        SignIns::WRITE,
        Member::READ,
        Member::WRITE,
        Session::WRITE,
        Grant::Know(LOOKUP_KEY),
        Grant::Know(SIGNING_KEY),
        Grant::Emit("AccountLocked"),
    ])
    .limited(Limit::attempts("log-in", &["login"]))
    .memory(crate::HASHING_MB);

/// Who signs in, and their password.
#[derive(Debug, ToSchema)]
pub struct LogIn {
    /// A handle or an address.
    login: Login,
    password: Password,
}

impl Input for LogIn {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (login, password) = (fields.required("login", leaf), fields.required("password", leaf));
        Some(Self { login: login?, password: password? })
    }
}

/// Signs in with a password
///
/// After ten failures in a row nobody can for a quarter of an hour, and the member is told by mail. All of it is the same for an
/// account that there is not.
#[utoipa::path(
    post,
    path = "/v1/auth/login",
    tag = "identity",
    request_body = LogIn,
    responses((status = 200, body = Tokens), Problems)
)]
async fn log_in(
    State(cx): State<Deps>,
    way: Way,
    FromDevice(device): FromDevice,
    command: PublicCommand<LogIn>,
) -> Reply<Tokens> {
    let PublicCommand { tenant, input } = command;
    let owner = owner_of(&cx, &tenant, &input.login).await?;
    let credential = cx.store().credential(&owner).await?;
    let sign_ins = cx.store().sign_ins(&owner).await?;
    sign_ins.open(cx.now()).map_err(locked)?;
    // Takes as long for one who is not there.
    let right = cx.is_password(&input.password, credential.as_ref().map(|credential| &credential.password));
    match credential.filter(|_| right) {
        Some(credential) => succeed(&cx, (way, device), credential, sign_ins).await,
        None => Err(fail(&cx, &owner, sign_ins).await?),
    }
}

/// Whose account it is. One that there is not is nobody's, always the same: its failures are counted as any other's.
async fn owner_of(cx: &Deps, tenant: &TenantId, login: &Login) -> Result<Owner, Failure> {
    let (known, text) = match login {
        Login::Handle(handle) => (cx.store().owner_of_handle(tenant, handle).await?, handle.as_str()),
        Login::Email(email) => {
            let hash = cx.vault().email_hash(tenant, email)?;
            (cx.store().owner_of_email(tenant, &hash).await?, email.as_str())
        }
    };
    let hash = cx.vault().keyed_hash(&["nobody", tenant.as_str(), &text.to_ascii_lowercase()])?;
    let nobody = hash.first_chunk().map_or(ulid::Ulid::nil(), |bytes: &[u8; 16]| ulid::Ulid::from_bytes(*bytes));
    Ok(known.unwrap_or_else(|| Owner { tenant: tenant.clone(), member: MemberId::from(nobody) }))
}

/// Begins a session.
async fn succeed(cx: &Deps, (way, device): (Way, Device), mut credential: Credential, mut sign_ins: SignIns) -> Reply<Tokens> {
    let owner = credential.owner.clone();
    let mut member = cx.store().member(&owner).await?.ok_or_else(wrong_credentials)?;
    match member.state {
        MemberState::Active => {}
        MemberState::Locked { until } if cx.now() < until => return Err(locked(Locked(until))),
        MemberState::Locked { .. } => member.state = MemberState::Active,
        MemberState::Pending | MemberState::Deleted => return Err(wrong_credentials()),
    }
    member.last_sign_in = Some(cx.now());
    let (token, mut session) = begin(cx, owner, device, credential.generation);
    let answer = given(cx, way, &token, member.role)?;
    // Rests on what was read: with another password, or once it is locked, nobody gets in who was still being looked at.
    let mut change = Change::new().provided(&mut credential).update(&mut member).create(&mut session);
    if sign_ins.clear() {
        change = change.update(&mut sign_ins);
    }
    cx.store().commit(change).await?;
    Ok(answer)
}

/// How often a failure is counted anew when others are at the same time. The tenth locks the account.
const TRIES: usize = 16;

/// Counts a failure, and says what it is told as. It is told only once it is counted: who asks often at once learns no more.
async fn fail(cx: &Deps, owner: &Owner, mut sign_ins: SignIns) -> Result<Failure, Failure> {
    for _ in 0..TRIES {
        let mut change = Change::new();
        if let Some(until) = sign_ins.fail(cx.now()) {
            let (tenant, member) = (owner.tenant.clone(), owner.member);
            change = cx.emit(change, &AccountLocked { tenant, member, until });
        }
        match cx.store().commit(change.save(&mut sign_ins)).await {
            Ok(()) => {
                telemetry::count(cx, "SignInsFailed", 1);
                return Ok(wrong_credentials());
            }
            Err(StoreError::Exists | StoreError::Changed | StoreError::Contended) => {
                sign_ins = cx.store().sign_ins(owner).await?;
                sign_ins.open(cx.now()).map_err(locked)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::Unavailable)
}

fn wrong_credentials() -> Failure {
    Failure::Unproven("wrong-credentials", "The account or the password is wrong.")
}

fn locked(Locked(until): Locked) -> Failure {
    Failure::TooSoon("account-locked", until)
}
