//! `POST /v1/auth/login`

use axum::extract::State;
use domain::{
    events::AccountLocked,
    identity::{
        Login, Member, MemberState,
        passwords::Password,
        secrets::Fingerprint,
        sessions::{Device, Session},
        sign_ins::{Credential, Failures, Locked, LoginTries, SignIns},
    },
    ids::{MemberId, Owner, TenantId},
    inputs::{Fields, Input, leaf},
};
use platform::{
    Deps, Endpoint, Failure, FromDevice, Limit, Problems, PublicCommand, Reply, Way, limit::ClientAddress, telemetry,
    token::SIGNING_KEY, vault::LOOKUP_KEY,
};
use storage::{Change, EmailOf, Entity, Grant, HandleOf, StoreError};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    networks,
    tokens::{Tokens, begin, given},
};

/// Signs in with a password.
pub static FUNCTION: Endpoint = Endpoint::public("identity-log-in", || routes!(log_in))
    .may(&[
        HandleOf::READ,
        EmailOf::READ,
        Credential::READ,
        LoginTries::READ,
        LoginTries::WRITE,
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
/// After ten failures in a row with one login nobody can with it from that network for a quarter of an hour. After as many with
/// one account the member is told by mail, and the right password is enough only where they have signed in from lately. All of it is the
/// same for an account that there is not.
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
    from: ClientAddress,
    command: PublicCommand<LogIn>,
) -> Reply<Tokens> {
    let PublicCommand { tenant, input: LogIn { login, password } } = command;
    let typed = networks::typed(&cx, &tenant, &login)?;
    let owner = owner_of(&cx, &tenant, &login, &typed).await?;
    let (tried, network) = (networks::of_login(&cx, &tenant, &typed, from)?, networks::of_member(&cx, &owner, from)?);
    for _ in 0..JUDGED {
        let counts = Counts::read(&cx, &owner, &tried).await?;
        counts.tries.failures.open(cx.now()).map_err(locked)?;
        let credential = cx.store().credential(&owner).await?;
        // Takes as long for one who is not there.
        let right = cx.is_password(&password, credential.as_ref().map(|credential| &credential.password));
        let admitted = right && counts.sign_ins.admit(&network, cx.now());
        let Some(credential) = credential.filter(|_| admitted) else { return Err(fail(&cx, counts).await?) };
        match succeed(&cx, (way, device), credential, (counts, &network)).await {
            // They signed in elsewhere, too, or someone failed to, or the password was changed: what holds now is looked at.
            Err(Failure::Changed) => {}
            answered => return answered,
        }
    }
    Err(Failure::Unavailable)
}

/// How often it is judged anew whether someone may sign in.
const JUDGED: usize = 3;

/// Whose account it is. One that there is not is nobody's, always the same: its failures are counted as any other's.
async fn owner_of(cx: &Deps, tenant: &TenantId, login: &Login, typed: &str) -> Result<Owner, Failure> {
    let known = match login {
        Login::Handle(handle) => cx.store().owner_of_handle(tenant, handle).await?,
        Login::Email(email) => cx.store().owner_of_email(tenant, &cx.vault().email_hash(tenant, email)?).await?,
    };
    let hash = cx.vault().keyed_hash(&["nobody", tenant.as_str(), typed])?;
    let nobody = hash.first_chunk().map_or(ulid::Ulid::nil(), |bytes: &[u8; 16]| ulid::Ulid::from_bytes(*bytes));
    Ok(known.unwrap_or_else(|| Owner { tenant: tenant.clone(), member: MemberId::from(nobody) }))
}

/// What failed before: with what was typed, from where it was, which is what answers tell; and with the account, whatever was typed
/// anywhere, which they don't.
struct Counts {
    tries: LoginTries,
    sign_ins: SignIns,
}

impl Counts {
    async fn read(cx: &Deps, owner: &Owner, tried: &Fingerprint) -> Result<Self, StoreError> {
        let tries = cx.store().login_tries(&owner.tenant, tried).await?;
        Ok(Self { tries, sign_ins: cx.store().sign_ins(owner).await? })
    }
}

/// Begins a session.
async fn succeed(
    cx: &Deps,
    (way, device): (Way, Device),
    mut credential: Credential,
    (mut counts, network): (Counts, &Fingerprint),
) -> Reply<Tokens> {
    let owner = credential.owner.clone();
    let mut member = cx.store().member(&owner).await?.ok_or_else(wrong_credentials)?;
    match member.state {
        MemberState::Active => {}
        // In the words for a wrong password: an answer for the right one alone would tell that it is.
        MemberState::Locked { until } if cx.now() < until => return Err(wrong_credentials()),
        MemberState::Locked { .. } => member.state = MemberState::Active,
        MemberState::Pending | MemberState::Deleted => return Err(wrong_credentials()),
    }
    member.last_sign_in = Some(cx.now());
    let (token, mut session) = begin(cx, owner, device, credential.generation);
    let answer = given(cx, way, &token, member.role)?;
    // Rests on what was read: with another password, or once it is locked, nobody gets in who was still being looked at.
    let mut change = Change::new().provided(&mut credential).update(&mut member).create(&mut session);
    if counts.sign_ins.succeed(network, cx.now()) {
        change = change.save(&mut counts.sign_ins);
    }
    if counts.tries.failures != Failures::NONE {
        change = change.delete(&mut counts.tries);
    }
    cx.store().commit(change).await?;
    Ok(answer)
}

/// How often a failure is counted anew when others are at the same time. The tenth locks.
const TRIES: usize = 16;

/// Counts a failure, and says what it is told as. It is told only once it is counted: who asks often at once learns no more.
async fn fail(cx: &Deps, mut counts: Counts) -> Result<Failure, Failure> {
    let (owner, tried) = (counts.sign_ins.owner.clone(), counts.tries.login.clone());
    for _ in 0..TRIES {
        let mut change = Change::new();
        if let Some(until) = counts.sign_ins.fail(cx.now()) {
            let (tenant, member) = (owner.tenant.clone(), owner.member);
            change = cx.emit(change, &AccountLocked { tenant, member, until });
        }
        counts.tries.failures.add(cx.now());
        match cx.store().commit(change.save(&mut counts.tries).save(&mut counts.sign_ins)).await {
            Ok(()) => {
                telemetry::count(cx, "SignInsFailed", 1);
                return Ok(wrong_credentials());
            }
            Err(StoreError::Exists | StoreError::Changed | StoreError::Contended) => {
                counts = Counts::read(cx, &owner, &tried).await?;
                counts.tries.failures.open(cx.now()).map_err(locked)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::Unavailable)
}

fn wrong_credentials() -> Failure {
    Failure::Unproven("wrong-credentials", "The account or the password is wrong, or the account is locked for a while.")
}

fn locked(Locked(until): Locked) -> Failure {
    Failure::TooSoon("account-locked", until)
}
