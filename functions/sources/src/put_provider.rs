//! `PUT /v1/admin/providers/{id}`

use std::collections::BTreeSet;

use axum::extract::State;
use domain::{
    identity::Role,
    inputs::{Fields, Input},
    money::Money,
    sources::{KeyScope, Market, Settings, SourceEntry},
};
use platform::{Command, Deps, Endpoint, IfMatch, Problems, Reply};
use storage::Entity;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    provider_view::ProviderView,
    settings::{self, PathSource, check_allowance},
};

/// Sets what is to hold of a source for a tenant.
pub static FUNCTION: Endpoint =
    Endpoint::of(Role::Admin, "sources-put-provider", || routes!(put_provider)).may(&[SourceEntry::READ, SourceEntry::WRITE]);

/// All that is set. What is not given is not set from now on.
#[derive(Debug)]
pub struct PutProvider(Settings);

/// All that is set. What is not given is not set from now on.
#[derive(ToSchema)]
#[schema(as = PutProvider, rename_all = "camelCase", example = json!({"enabled": true, "markets": ["US"]}))]
#[expect(dead_code, reason = "it describes the body and is never built")]
pub struct PutProviderBody {
    /// Whether it is asked.
    enabled: bool,
    /// Its place in the order, the lowest first; that of the table, in steps of ten, if not given.
    priority: Option<u16>,
    /// What a thousand calls cost.
    cost_per_thousand: Option<Money>,
    /// How many calls a day, by UTC, may be made with the key that is set here. Refused, where none is.
    quota_per_day: Option<u32>,
    /// How much these may cost a day, in the currency of `costPerThousand`. Refused, where no key is set.
    budget_per_day: Option<Money>,
    /// The markets that it is asked for, by countries; all, if none is given.
    markets: Option<BTreeSet<Market>>,
}

impl Input for PutProvider {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        settings::read(fields).map(Self)
    }
}

/// Sets what is to hold of a source
///
/// For the tenant, over what holds for all. Its address, and what the tenant has of the deployment's key, are for operators to give.
#[utoipa::path(
    put,
    path = "/v1/admin/providers/{id}",
    tag = "sources",
    params(
        ("id" = String, Path, description = "The source", example = "duffel"),
        ("If-Match" = Option<String>, Header, description = "The version it must have; \"0\" before the first"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = PutProviderBody,
    responses((status = 200, body = ProviderView), Problems)
)]
async fn put_provider(
    State(cx): State<Deps>,
    PathSource(source): PathSource,
    if_match: IfMatch,
    command: Command<PutProvider>,
) -> Reply<ProviderView> {
    let scope = KeyScope::Tenant(command.caller.tenant().clone());
    let PutProvider(settings) = command.input;
    settings::set(&cx, (&command.request, if_match), (source, &scope), |line, before| {
        check_allowance(line, &settings)?;
        Ok(Settings {
            tenant_quota_per_day: before.tenant_quota_per_day,
            tenant_budget_per_day: before.tenant_budget_per_day,
            address: before.address.clone(),
            ..settings
        })
    })
    .await
}
