//! `PUT /v1/operator/providers/{id}`

use std::collections::BTreeSet;

use axum::extract::State;
use domain::{
    identity::{Role, Tenant},
    ids::TenantId,
    inputs::{Fields, Input, leaf},
    money::Money,
    sources::{Market, Settings, SourceAddress, SourceEntry},
};
use http::request::Parts;
use platform::{Command, Deps, Endpoint, IfMatch, Problems, Reply};
use storage::Entity;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    provider_view::ProviderView,
    settings::{self, PathSource, asked_tenant, scope_of},
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

/// All that is set. What is not given is not set from now on.
#[derive(ToSchema)]
#[schema(as = ManageProvider, rename_all = "camelCase", example = json!({"enabled": true, "quotaPerDay": 900, "markets": ["US"]}))]
#[expect(dead_code, reason = "it describes the body and is never built")]
pub struct ManageProviderBody {
    /// Whether it is asked.
    enabled: bool,
    /// Its place in the order, the lowest first; that of the table, in steps of ten, if not given.
    priority: Option<u16>,
    /// What a thousand calls cost.
    cost_per_thousand: Option<Money>,
    /// How many calls a day, by UTC, may be made with the key that is set here.
    quota_per_day: Option<u32>,
    /// The markets that it is asked for, by countries; all, if none is given.
    markets: Option<BTreeSet<Market>>,
    /// Where it is: what an agreement says.
    address: Option<SourceAddress>,
}

impl Input for ManageProvider {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (settings, address) = (settings::read(fields), fields.nullable("address", leaf));
        Some(Self(Settings { address: address?, ..settings? }))
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
    request_body = ManageProviderBody,
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
    settings::set(&cx, (&command.request, if_match), (source, &scope), |_| settings).await
}
