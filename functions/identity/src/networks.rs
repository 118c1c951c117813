//! Networks that requests come from, as they are kept: hashed under a key, with what they are counted for, so that nobody can tell
//! from what is stored who else came from there.

use domain::{
    identity::{EmailHash, Handle, Login, secrets::Fingerprint},
    ids::{Owner, TenantId},
};
use platform::{Deps, limit::ClientAddress, vault::VaultError};

/// Where a member signs in.
pub(crate) fn of_member(cx: &Deps, owner: &Owner, from: ClientAddress) -> Result<Fingerprint, VaultError> {
    hashed(cx, &["network-of-member", owner.tenant.as_str(), &owner.member.to_string()], from)
}

/// Where a passcode for an address is asked for.
pub(crate) fn of_asker(
    cx: &Deps,
    tenant: &TenantId,
    address: &EmailHash,
    from: ClientAddress,
) -> Result<Fingerprint, VaultError> {
    hashed(cx, &["network-of-asker", tenant.as_str(), &address.to_string()], from)
}

/// What is tried as a login, as [`typed`] tells it, and where.
pub(crate) fn of_login(cx: &Deps, tenant: &TenantId, typed: &str, from: ClientAddress) -> Result<Fingerprint, VaultError> {
    hashed(cx, &["network-of-login", tenant.as_str(), typed], from)
}

/// A login as it was typed, in whatever case.
pub(crate) fn typed(cx: &Deps, tenant: &TenantId, login: &Login) -> Result<String, VaultError> {
    Ok(match login {
        Login::Handle(handle) => of_handle(handle),
        Login::Email(email) => of_address(&cx.vault().email_hash(tenant, email)?),
    })
}

/// A handle that was typed.
pub(crate) fn of_handle(handle: &Handle) -> String {
    handle.as_str().to_ascii_lowercase()
}

/// An address that was typed: by its hash, which is known where nobody types it. No handle has an `@`.
pub(crate) fn of_address(address: &EmailHash) -> String {
    format!("@{address}")
}

fn hashed(cx: &Deps, of: &[&str], from: ClientAddress) -> Result<Fingerprint, VaultError> {
    let network = from.network().to_string();
    cx.vault().keyed_hash(&[of, &[&network]].concat()).map(Fingerprint::from)
}
