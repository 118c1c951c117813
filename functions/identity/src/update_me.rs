//! `PATCH /v1/me`

use axum::extract::State;
use domain::{
    identity::{DisplayName, Locale, Member, Role, Tenant},
    inputs::{Fields, Input, leaf},
    money::Currency,
    places::Airport,
    time::Zone,
};
use platform::{
    Answer, Command, Deps, Endpoint, Failure, IfMatch, Problems, Reply,
    vault::{OpenKey, VaultError},
};
use storage::{Change, Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Changes members' profiles.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "identity-update-me", || routes!(update_me)).may(&[
    Member::READ,
    Member::WRITE,
    MemberKey::READ,
    Tenant::READ,
    Grant::UseKeys,
]);

/// What is to change. What is not given stays. The address is not changed here: a new one must be shown to be the member's.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"name": "Dana", "homeAirport": "LAX", "timeZone": "America/Los_Angeles"}))]
pub struct UpdateProfile {
    name: Option<DisplayName>,
    /// Null for none.
    #[schema(value_type = Option<Airport>)]
    home_airport: Option<Option<Airport>>,
    time_zone: Option<Zone>,
    locale: Option<Locale>,
    currency: Option<Currency>,
    /// The version of the tenant's terms that holds now, which `GET /v1/tenant` shows.
    accepted_terms: Option<u32>,
}

impl Input for UpdateProfile {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (name, home_airport) = (fields.given("name", leaf), fields.given("homeAirport", leaf));
        let (time_zone, locale) = (fields.given("timeZone", leaf), fields.given("locale", leaf));
        let (currency, accepted_terms) = (fields.given("currency", leaf), fields.given("acceptedTerms", leaf));
        Some(Self {
            name: name?,
            home_airport: home_airport?,
            time_zone: time_zone?,
            locale: locale?,
            currency: currency?,
            accepted_terms: accepted_terms?,
        })
    }
}

impl UpdateProfile {
    fn apply_to(self, member: Member, key: &OpenKey) -> Result<Member, VaultError> {
        let name = self.name.map(|name| key.seal(&Member::NAME, &name)).transpose()?;
        Ok(Member {
            name: name.unwrap_or(member.name),
            home_airport: self.home_airport.unwrap_or(member.home_airport),
            zone: self.time_zone.unwrap_or(member.zone),
            locale: self.locale.unwrap_or(member.locale),
            currency: self.currency.unwrap_or(member.currency),
            terms: self.accepted_terms.or(member.terms),
            revision: member.revision + 1,
            ..member
        })
    }
}

/// Changes the caller's profile
///
/// The answer does not show it: what is answered is kept for when the request is repeated, and names are kept sealed only.
/// The time zone is where the member's day and quiet hours are from now on.
#[utoipa::path(
    patch,
    path = "/v1/me",
    tag = "identity",
    params(
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = UpdateProfile,
    responses((status = 204, description = "Changed; the tag is the new version"), Problems)
)]
async fn update_me(State(cx): State<Deps>, if_match: IfMatch, command: Command<UpdateProfile>) -> Reply<()> {
    let member = command.caller.profile(&cx).await?;
    if_match.check(member.revision)?;
    if let Some(version) = command.input.accepted_terms {
        let brand = cx.store().tenant(command.caller.tenant()).await?.ok_or(Failure::NotFound("tenant"))?;
        brand.accept(Some(version))?;
    }
    let key = cx.vault().key_of(&command.caller.owner).await?;
    let mut changed = command.input.apply_to(member, &key)?;
    let answer = Answer::nothing().version(changed.revision);
    let change = Change::new().update(&mut changed);
    cx.commit(&command.request, change, answer).await.map_err(|failure| if_match.settle(failure))
}
