//! Identity: tenants, who issues access tokens, and the keys that they are checked with.

pub mod create_tenant;
pub mod get_jwks;
pub mod get_openid_configuration;
pub mod get_tenant;
pub mod inspect_tenant;
pub mod list_tenants;
pub mod manage_tenant;
mod tenant_view;
pub mod update_tenant;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[
    &create_tenant::FUNCTION,
    &get_jwks::FUNCTION,
    &get_openid_configuration::FUNCTION,
    &get_tenant::FUNCTION,
    &inspect_tenant::FUNCTION,
    &list_tenants::FUNCTION,
    &manage_tenant::FUNCTION,
    &update_tenant::FUNCTION,
];

/// How long issuer and keys may be kept. API Gateway keeps keys for up to two hours more, so that a new key is to be shown for
/// three before it signs.
const KEPT: &str = "public, max-age=3600";
