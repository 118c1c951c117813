//! `POST /v1/auth/signup`

use axum::extract::State;
use domain::{
    identity::{
        DisplayName, EmailAddress, Handle, Locale, MemberState, Plan, Role, Tenant,
        passcodes::{Challenge, Purpose},
        passwords::NewPassword,
    },
    ids::Owner,
    inputs::{Fields, Input, leaf},
    money::Currency,
    places::Airport,
    time::Zone,
};
use platform::{
    Answer, Deps, Endpoint, Failure, Limit, Problems, PublicCommand, Reply,
    enrolment::{Applicant, Enrolment},
    limit::ClientAddress,
    vault::LOOKUP_KEY,
};
use storage::{Change, Entity, Grant, HandleOf, Registration};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::challenges::{Asked, ask, wanted};

/// Signs up.
pub static FUNCTION: Endpoint = Endpoint::public("identity-sign-up", || routes!(sign_up))
    .may(&[
        HandleOf::READ,
        Tenant::READ,
        Challenge::WRITE,
        Registration::WRITE,
        Grant::MakeKeys,
        Grant::Know(LOOKUP_KEY),
        Grant::Emit("PasscodeWanted"),
    ])
    .limited(Limit::attempts("sign-up", &["email"]))
    .memory(crate::HASHING_MB);

/// A member to be.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "handle": "gwen", "email": "gwen@example.com", "password": "a long sentence of mine", "name": "Gwen", "timeZone": "Europe/Berlin"
}))]
pub struct SignUp {
    handle: Handle,
    email: EmailAddress,
    password: NewPassword,
    name: DisplayName,
    time_zone: Zone,
    /// `en-US` if not given.
    #[schema(required = false)]
    locale: Option<Locale>,
    /// The tenant's if not given.
    #[schema(required = false)]
    currency: Option<Currency>,
    #[schema(required = false)]
    home_airport: Option<Airport>,
    /// The version of the tenant's terms that they accept: the one that holds now, which `GET /v1/tenant` shows. None if there are no terms.
    #[schema(required = false)]
    accepted_terms: Option<u32>,
}

impl Input for SignUp {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (handle, email) = (fields.required("handle", leaf), fields.required("email", leaf));
        let (password, name) = (fields.required("password", leaf), fields.required("name", leaf));
        let (time_zone, locale) = (fields.required("timeZone", leaf), fields.nullable("locale", leaf));
        let (currency, home_airport) = (fields.nullable("currency", leaf), fields.nullable("homeAirport", leaf));
        let accepted_terms = fields.nullable("acceptedTerms", leaf);
        Some(Self {
            handle: handle?,
            email: email?,
            password: password?,
            name: name?,
            time_zone: time_zone?,
            locale: locale?,
            currency: currency?,
            home_airport: home_airport?,
            accepted_terms: accepted_terms?,
        })
    }
}

impl SignUp {
    fn applicant(self, owner: Owner, tenant: &Tenant) -> Applicant {
        Applicant {
            owner,
            handle: self.handle,
            email: self.email,
            name: self.name,
            state: MemberState::Pending,
            zone: self.time_zone,
            locale: self.locale.unwrap_or_default(),
            currency: self.currency.unwrap_or(tenant.currency),
            role: Role::Member,
            plan: Plan::Free,
            terms: self.accepted_terms,
        }
    }
}

/// Signs up
///
/// Mails a passcode to the address, which is answered at `/v1/auth/verify-otp`. Until then neither handle nor address are theirs. To
/// an address that a member has no passcode is mailed: the member is told, and nobody else.
#[utoipa::path(
    post,
    path = "/v1/auth/signup",
    tag = "identity",
    request_body = SignUp,
    responses((status = 202, body = Asked), Problems)
)]
async fn sign_up(State(cx): State<Deps>, from: ClientAddress, command: PublicCommand<SignUp>) -> Reply<Asked> {
    let PublicCommand { tenant, input } = command;
    let brand = cx.store().tenant(&tenant).await?.ok_or(Failure::NotFound("tenant"))?;
    brand.accept(input.accepted_terms)?;
    if cx.store().owner_of_handle(&tenant, &input.handle).await?.is_some() {
        return Err(Failure::Conflict("handle-taken", "Someone has this handle. Choose another.".to_owned()));
    }
    let owner = Owner { tenant: tenant.clone(), member: cx.new_id() };
    let password = cx.hash_password(input.password.password())?;
    let (purpose, home_airport) = (Purpose::SignUp { pending: owner.member }, input.home_airport);
    let mut enrolment = Enrolment::of(input.applicant(owner, &brand), cx.vault()).await?;
    enrolment.member.home_airport = home_airport;

    let (token, mut challenge) = ask(&cx, &tenant, purpose, (enrolment.address().clone(), from))?;
    let mut registration = enrolment.pending(password, challenge.ends());
    let change = Change::new().create(&mut challenge).create(&mut registration);
    cx.store().commit(cx.emit(change, &wanted(&challenge))).await?;
    Ok(Answer::accepted(Asked::new(&token, &challenge)))
}
