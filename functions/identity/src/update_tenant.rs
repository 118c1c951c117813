//! `PATCH /v1/tenant`

use std::collections::BTreeSet;

use axum::extract::State;
use domain::{
    identity::{FeatureName, Role, Tenant, TenantChange, TenantName, Terms, TermsText},
    inputs::{Fields, Input},
    money::Currency,
    time::Zone,
};
use platform::{Answer, Command, Deps, Endpoint, IfMatch, Problems, Reply};
use storage::{Change, Entity};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::tenant_view::{BrandingView, TenantView, apply, read};

/// Changes the brand of its admin.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Admin, "identity-update-tenant", || routes!(update_tenant)).may(&[
    Tenant::READ,
    Tenant::WRITE,
    Terms::READ,
    Terms::WRITE,
]);

/// What is to change. What is not given stays; what is given is replaced whole.
#[derive(Debug)]
pub struct UpdateTenant(TenantChange);

/// What is to change. What is not given stays; what is given is replaced whole.
#[derive(ToSchema)]
#[schema(as = UpdateTenant, rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes the body and is never built")]
pub struct UpdateTenantBody {
    name: Option<TenantName>,
    time_zone: Option<Zone>,
    currency: Option<Currency>,
    branding: Option<BrandingView>,
    features: Option<BTreeSet<FeatureName>>,
    /// A new version of the terms, if they say something else than the present one.
    terms: Option<TermsText>,
}

impl Input for UpdateTenant {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        TenantChange::read(fields).map(Self)
    }
}

/// Changes the brand
///
/// Its name, looks, features and terms. Hosts and mailbox are its operators' to give.
#[utoipa::path(
    patch,
    path = "/v1/tenant",
    tag = "identity",
    params(
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = UpdateTenantBody,
    responses((status = 200, body = TenantView), Problems)
)]
async fn update_tenant(State(cx): State<Deps>, if_match: IfMatch, command: Command<UpdateTenant>) -> Reply<TenantView> {
    let Command { caller, input: UpdateTenant(mut input), request } = command;
    let (mut tenant, terms) = read(&cx, caller.tenant()).await?;
    if_match.check(tenant.version)?;
    input.branding = input.branding.map(|branding| tenant.looking(branding)).transpose()?;
    let (change, terms) = apply(&mut tenant, terms, input, Change::new())?;
    let change = change.update(&mut tenant);
    let version = tenant.version;
    let answer = Answer::ok(TenantView::new(tenant, terms)).version(version);
    cx.commit(&request, change, answer).await.map_err(|failure| if_match.settle(failure))
}
