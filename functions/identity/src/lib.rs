//! Identity: tenants, members and their profiles, how they sign up and sign in, their sessions, who issues access tokens, and the
//! keys that they are checked with.

mod challenges;
pub mod check_handle;
pub mod create_tenant;
pub mod end_session;
pub mod forgot_password;
pub mod get_jwks;
pub mod get_me;
pub mod get_openid_configuration;
pub mod get_tenant;
pub mod inspect_tenant;
pub mod list_sessions;
pub mod list_tenants;
pub mod log_in;
pub mod log_out;
pub mod manage_tenant;
mod networks;
mod profile_view;
pub mod refresh_tokens;
pub mod resend_otp;
pub mod reset_password;
pub mod send_passcode;
mod shown;
pub mod sign_up;
pub mod tell_of_lock;
mod tenant_view;
mod tokens;
pub mod update_me;
pub mod update_tenant;
pub mod verify_otp;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[
    &check_handle::FUNCTION,
    &create_tenant::FUNCTION,
    &end_session::FUNCTION,
    &forgot_password::FUNCTION,
    &get_jwks::FUNCTION,
    &get_me::FUNCTION,
    &get_openid_configuration::FUNCTION,
    &get_tenant::FUNCTION,
    &inspect_tenant::FUNCTION,
    &list_sessions::FUNCTION,
    &list_tenants::FUNCTION,
    &log_in::FUNCTION,
    &log_out::FUNCTION,
    &manage_tenant::FUNCTION,
    &refresh_tokens::FUNCTION,
    &resend_otp::FUNCTION,
    &reset_password::FUNCTION,
    &send_passcode::FUNCTION,
    &sign_up::FUNCTION,
    &tell_of_lock::FUNCTION,
    &update_me::FUNCTION,
    &update_tenant::FUNCTION,
    &verify_otp::FUNCTION,
];

/// Memory of functions that hash passwords: 19 MiB for the hash, and a share of a CPU that makes it in some 50 ms.
const HASHING_MB: u16 = 1024;

/// How long issuer and keys may be kept. API Gateway keeps keys for up to two hours more, so that a new key is to be shown for
/// three before it signs.
const KEPT: &str = "public, max-age=3600";
