//! `PUT /v1/operator/providers/{id}`

use axum::extract::State;
use domain::{
    identity::{Role, Tenant},
    ids::TenantId,
    inputs::{Fields, Input, leaf},
    sources::{Settings, SourceEntry},
};
use http::request::Parts;
use platform::{Command, Deps, Endpoint, IfMatch, Problems, Reply};
use storage::Entity;
use utoipa_axum::routes;

use crate::{
    provider_view::ProviderView,
    settings::{self, PathSource, asked_tenant, check_share, money, scope_of},
};

/// Sets what is to hold of a source for all, or for a tenant.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Operator, "sources-manage-provider", || routes!(manage_provider)).may(&[
    SourceEntry::READ,
    SourceEntry::WRITE,
    Tenant::READ,
]);

/// All that is set. What is not given is not set from now on.
#[derive(Debug)]
pub struct ManageProvider(Settings);

impl Input for ManageProvider {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (settings, address) = (settings::read(fields), fields.nullable("address", leaf));
        let (tenant_quota, tenant_budget) = (fields.nullable("tenantQuotaPerDay", leaf), money(fields, "tenantBudgetPerDay"));
        Some(Self(Settings {
            tenant_quota_per_day: tenant_quota?,
            tenant_budget_per_day: tenant_budget?,
            address: address?,
            ..settings?
        }))
    }
}

/// Sets what is to hold of a source
///
/// For all, or for a tenant. What is switched off for all is asked by nobody.
#[utoipa::path(
    put,
    path = "/v1/operator/providers/{id}",
    tag = "operators",
    params(
        ("id" = String, Path, description = "The source", example = "duffel"),
        ("tenant" = Option<TenantId>, Query, description = "Of this tenant; without one, for all"),
        ("If-Match" = Option<String>, Header, description = "The version it must have; \"0\" before the first"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = Settings,
    responses((status = 200, body = ProviderView), Problems)
)]
async fn manage_provider(
    State(cx): State<Deps>,
    PathSource(source): PathSource,
    if_match: IfMatch,
    parts: Parts,
    command: Command<ManageProvider>,
) -> Reply<ProviderView> {
    let scope = scope_of(&cx, asked_tenant(&parts)?).await?;
    let ManageProvider(settings) = command.input;
    settings::set(&cx, (&command.request, if_match), (source, &scope), |line, _| {
        check_share(line, &scope, &settings).map(|()| settings)
    })
    .await
}
