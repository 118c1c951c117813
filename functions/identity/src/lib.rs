//! Identity: members and their profiles, who issues access tokens, and the keys that they are checked with.

pub mod get_jwks;
pub mod get_me;
pub mod get_openid_configuration;
mod profile_view;
pub mod update_me;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] =
    &[&get_jwks::FUNCTION, &get_openid_configuration::FUNCTION, &get_me::FUNCTION, &update_me::FUNCTION];

/// How long issuer and keys may be kept. API Gateway keeps keys for up to two hours more, so that a new key is to be shown for
/// three before it signs.
const KEPT: &str = "public, max-age=3600";
