//! What whoever runs a deployment does by hand: the key of the issuer, that of a CDN, a first member, and a token for them.

use std::{io, path::Path, sync::Arc};

use domain::{
    faults::Invalid,
    identity::{EmailAddress, Handle, Plan, Role},
    ids::Owner,
};
use jiff::{SignedDuration, Timestamp};
use local::{
    keys::{self, KeyError, Keys},
    seed::{self, Brand, Person, SeedError},
};
use platform::{
    aws::Aws,
    cdn,
    chance::SystemChance,
    clock::SystemClock,
    config::secret_variable,
    signature::CURSOR_KEY,
    token::{Claims, Jwks, KeySet, NoRandomness, SigningKey},
    vault::{LOOKUP_KEY, Vault, VaultError},
};
use secrecy::{ExposeSecret, SecretString};
use storage::{Store, StoreError};

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// There is no key, or none can be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A file can't be read, or is there already.
    #[error("{file}: {error}")]
    File {
        /// Which.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// A file holds no key.
    #[error("{0} holds no RSA key in PKCS#8")]
    NoKey(String),
    /// No signature without randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// An address or a handle is none.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Another value is none, or the tables did not take it.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The tables can't say what is there.
    #[error("the tables can't be read: {0}")]
    Store(#[from] StoreError),
    /// The host is not the tenant's.
    #[error("the host {0} names another tenant, or the tenant is there already with other hosts")]
    Host(String),
    /// Someone else has the handle.
    #[error("the handle {0} is taken by someone with another address; --handle gives this one another")]
    Handle(String),
    /// The one with the address has another handle.
    #[error("the address is taken by someone with another handle than {0}")]
    Address(String),
    /// A variable is missing.
    #[error("{0} is not set")]
    NotSet(String),
    /// The keys that members are found and sealed with can't be used.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Makes the key of an issuer in a new file that only its owner can read. Answers the set of its public half: what functions are
/// configured with.
///
/// # Errors
/// If there is such a file, or it can't be written.
pub fn new_issuer_key(file: &Path) -> Result<Jwks, OperatorError> {
    let pkcs8 = keys::new_signing_key()?;
    keys::write_private(file, pkcs8.expose_secret()).map_err(|error| at(file, error))?;
    Ok(KeySet::from(issuer_key(file)?.public().clone()).to_jwks())
}

/// The key of an issuer, from its file.
///
/// # Errors
/// If it can't be read, or holds none.
pub fn issuer_key(file: &Path) -> Result<SigningKey, OperatorError> {
    let pkcs8 = std::fs::read(file).map_err(|error| at(file, error))?;
    SigningKey::from_pkcs8(&pkcs8.into()).ok_or_else(|| OperatorError::NoKey(file.display().to_string()))
}

fn at(file: &Path, error: io::Error) -> OperatorError {
    OperatorError::File { file: file.display().to_string(), error }
}

/// The key of look-ups, from the variable that functions have it in.
///
/// # Errors
/// If it is not set.
pub fn lookup_key(variable: impl Fn(&str) -> Option<String>) -> Result<SecretString, OperatorError> {
    secret(LOOKUP_KEY, variable)
}

/// What a CDN in front of the deployment is to show, of the secret in the variable that functions have it in.
///
/// # Errors
/// If it is not set.
pub fn edge_key(variable: impl Fn(&str) -> Option<String>) -> Result<String, OperatorError> {
    Ok(cdn::key(&secret(CURSOR_KEY, variable)?))
}

fn secret(name: &str, variable: impl Fn(&str) -> Option<String>) -> Result<SecretString, OperatorError> {
    let name = secret_variable(name);
    let secret = variable(&name).filter(|secret| !secret.is_empty());
    secret.map(SecretString::from).ok_or(OperatorError::NotSet(name))
}

/// Members' keys, with the operator's own credentials.
pub fn vault(aws: &Aws, store: &Store, prefix: &str, lookup: Option<&SecretString>) -> Vault {
    Vault::new(aws.kms(), store.clone(), prefix, lookup, (Arc::new(SystemClock), Arc::new(SystemChance)))
}

/// A member to be, with their tenant.
#[derive(Debug, Clone, Copy)]
pub struct NewMember<'a> {
    /// The tenant's slug.
    pub tenant: &'a str,
    /// What the tenant is called in mails.
    pub brand: &'a str,
    /// The host that names the tenant.
    pub host: &'a str,
    /// Where the member's mail goes.
    pub email: &'a str,
    /// Their handle; without one, it is made of their address.
    pub handle: Option<&'a str>,
    /// What they are called; without one, by their handle.
    pub name: Option<&'a str>,
    /// Their time zone, and the tenant's.
    pub zone: &'a str,
    /// What they are entitled to.
    pub plan: Plan,
    /// What they may be.
    pub role: Role,
}

/// Stores a member, with tenant and host, unless they are there already. Answers whose everything of theirs is.
///
/// # Errors
/// If a value is none, another has the host or the handle, or the store fails.
pub async fn seed_member(store: &Store, vault: &Vault, new: &NewMember<'_>) -> Result<Owner, OperatorError> {
    let email: EmailAddress = new.email.parse()?;
    let of_email = handle_of(&email);
    let handle: Handle = new.handle.unwrap_or(&of_email).parse()?;
    let name = new.name.unwrap_or(handle.as_str());
    let (email_text, plan, zone, role) = (new.email, new.plan, new.zone, new.role);
    // Whoever knows what is published of us must not know their password.
    let member = Person { handle: handle.as_str(), name, email: email_text, plan, zone, role, password: None };
    let host = new.host.to_ascii_lowercase();
    let brand = Brand { id: new.tenant, name: new.brand, hosts: &[&host], zone: new.zone, currency: "USD", members: &[] };
    // The tenant first, and whether the host is its own: else the member could not be reached.
    seed::sow(store, vault, &brand).await?;
    let owner = seed::owner(new.tenant, handle.as_str())?;
    if store.tenant_of_host(&host).await?.as_ref() != Some(&owner.tenant) {
        return Err(OperatorError::Host(host));
    }
    seed::sow(store, vault, &Brand { members: &[member], ..brand }).await?;
    let of_handle = store.member_of_handle(&owner.tenant, &handle).await?.map(|member| member.owner);
    let of_email = store.owner_of_email(&owner.tenant, &vault.email_hash(&owner.tenant, &email)?).await?;
    match (of_handle, of_email) {
        (Some(stored), Some(found)) if stored == found => Ok(stored),
        (Some(_), _) => Err(OperatorError::Handle(handle.to_string())),
        (None, _) => Err(OperatorError::Address(handle.to_string())),
    }
}

/// A handle in the shape of an address.
fn handle_of(email: &EmailAddress) -> String {
    let name = email.as_str().split('@').next().unwrap_or_default();
    let allowed = |character: char| if character.is_ascii_alphanumeric() || character == '.' { character } else { '_' };
    name.chars().map(allowed).take(30).collect()
}

/// A token to be.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// Who issues it.
    pub issuer: &'a str,
    /// Whom it is for.
    pub audience: &'a str,
    /// Whose it is.
    pub owner: Owner,
    /// How long it is good.
    pub lifetime: SignedDuration,
}

/// Signs an access token of a member.
///
/// # Errors
/// If the system gives no randomness.
pub fn token(key: &SigningKey, new: &NewToken<'_>, now: Timestamp) -> Result<String, OperatorError> {
    let claims = Keys::claims(&new.owner, Role::Member, now, new.lifetime);
    Ok(key.sign(&Claims { iss: new.issuer.to_owned(), aud: new.audience.to_owned(), ..claims })?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use domain::identity::Member;
    use local::TestApp;
    use platform::token::{TokenError, TokenPolicy};
    use serde_json::json;

    use super::*;

    const DANA: NewMember<'static> = NewMember {
        tenant: "acme",
        brand: "Acme Miles",
        host: "API.acme.example",
        email: "dana+miles@example.com",
        handle: None,
        name: Some("Dana"),
        zone: "Europe/Berlin",
        plan: Plan::Premium,
        role: Role::Member,
    };

    #[tokio::test]
    async fn a_member_is_stored_once_with_tenant_and_host() {
        let app = TestApp::new().await;
        let (store, vault) = (app.store(), app.system().operator().vault());
        let owner = seed_member(store, vault, &DANA).await.unwrap();
        let member = store.member(&owner).await.unwrap().unwrap();
        let key = vault.key_of(&owner).await.unwrap();
        let (email, name) = (key.open(&Member::EMAIL, &member.email).unwrap(), key.open(&Member::NAME, &member.name).unwrap());
        assert_eq!((member.handle.as_str(), email.as_str(), name.as_str()), ("dana_miles", DANA.email, "Dana"));
        assert_eq!((member.plan, member.role), (Plan::Premium, Role::Member));
        let tenant = store.tenant(&owner.tenant).await.unwrap().unwrap();
        assert_eq!((tenant.name.as_str(), tenant.hosts), ("Acme Miles", ["api.acme.example".parse().unwrap()].into()));

        assert_eq!(seed_member(store, vault, &NewMember { name: Some("Another"), ..DANA }).await.unwrap(), owner);
        assert_eq!(store.member(&owner).await.unwrap().unwrap(), member, "what is there is not changed");
        let fred = seed_member(store, vault, &NewMember { email: "fred@example.com", ..DANA }).await.unwrap();
        assert_ne!(fred.member, owner.member);
    }

    #[tokio::test]
    async fn the_first_operator_chooses_a_password_by_a_passcode_and_makes_tenants() {
        let app = TestApp::new().await;
        let olga = NewMember { handle: Some("olga"), role: Role::Operator, ..DANA };
        seed_member(app.store(), app.system().operator().vault(), &olga).await.unwrap();
        let at_acme = app.anonymous().at("api.acme.example");
        let ask = async |path: &str, body| at_acme.post(&format!("/v1/auth/{path}")).body(body).send().await;
        let known_to_all = ask("login", json!({"login": "olga", "password": seed::PASSWORD})).await;
        known_to_all.assert(401, "wrong-credentials");

        let asked = ask("forgot-password", json!({"email": olga.email})).await;
        app.settle().await;
        let mail = app.mails().pop().unwrap().mail.text.unwrap();
        let passcode = mail.lines().find_map(|line| line.strip_prefix("    ")).unwrap();
        let password = "a bicycle with a lantern";
        let chosen = json!({"challenge": asked.body["challenge"], "passcode": passcode, "password": password});
        ask("reset-password", chosen).await.assert(204, "");
        let signed_in = ask("login", json!({"login": "olga", "password": password})).await;
        let operator = app.bearer(signed_in.body["accessToken"].as_str().unwrap()).at("api.acme.example");
        operator.get("/v1/operator/tenants").send().await.assert(200, "");
    }

    #[tokio::test]
    async fn what_is_anothers_is_not_taken() {
        let app = TestApp::new().await;
        let (store, vault) = (app.store(), app.system().operator().vault());
        seed_member(store, vault, &DANA).await.unwrap();
        let refused = async |new: NewMember<'static>| seed_member(store, vault, &new).await.unwrap_err().to_string();
        let host = refused(NewMember { tenant: "other-acme", ..DANA }).await;
        assert!(host.starts_with("the host api.acme.example names another tenant"), "{host}");
        let moved = refused(NewMember { host: "new.acme.example", ..DANA }).await;
        assert!(moved.starts_with("the host new.acme.example"), "{moved}");
        let handle = refused(NewMember { email: "dana+miles@example.org", ..DANA }).await;
        assert!(handle.starts_with("the handle dana_miles is taken") && !handle.contains('@'), "{handle}");
        let address = refused(NewMember { handle: Some("dana"), ..DANA }).await;
        assert_eq!(address, "the address is taken by someone with another handle than dana");
        let nobody = refused(NewMember { email: "nobody at all", ..DANA }).await;
        assert!(!nobody.contains("at all"), "no address is told: {nobody}");
        assert_eq!(refused(NewMember { zone: "Mars/Olympus", ..DANA }).await, "\"Mars/Olympus\" is no such value");
    }

    #[test]
    fn a_token_is_good_by_the_set_that_was_printed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("issuer-key.pkcs8");
        let jwks = serde_json::to_string(&new_issuer_key(&file).unwrap()).unwrap();
        let policy = TokenPolicy {
            issuer: "https://api.acme.example".to_owned(),
            audience: "acme".to_owned(),
            keys: KeySet::parse(&jwks).unwrap(),
        };
        let owner = seed::owner("acme", "dana").unwrap();
        let lifetime = SignedDuration::from_mins(15);
        let new = NewToken { issuer: &policy.issuer, audience: "acme", owner: owner.clone(), lifetime };
        let key = issuer_key(&file).unwrap();
        let token = token(&key, &new, Timestamp::UNIX_EPOCH).unwrap();
        let claims = policy.verify(&token, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((claims.sub, claims.tid, claims.role), (owner.member, owner.tenant.clone(), Role::Member));
        let late = Timestamp::from_second(16 * 60).unwrap();
        assert_eq!(policy.verify(&token, late), Err(TokenError::Expired));
        let for_another = self::token(&key, &NewToken { audience: "other", ..new }, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(policy.verify(&for_another, Timestamp::UNIX_EPOCH), Err(TokenError::Audience));
    }

    #[test]
    fn a_key_is_its_owners_and_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("issuer-key.pkcs8");
        new_issuer_key(&file).unwrap();
        let before = std::fs::read(&file).unwrap();
        assert!(
            matches!(new_issuer_key(&file), Err(OperatorError::File { error, .. }) if error.kind() == io::ErrorKind::AlreadyExists)
        );
        assert_eq!(std::fs::read(&file).unwrap(), before);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions()) & 0o777, 0o600);
        std::fs::write(&file, "no key").unwrap();
        assert!(matches!(issuer_key(&file), Err(OperatorError::NoKey(_))));
    }

    #[test]
    fn a_cdns_key_is_made_of_the_secret_in_the_environment_and_does_not_tell_it() {
        let secret = "0123456789abcdef0123456789abcdef";
        let made = |value: Option<&str>| edge_key(|name| value.filter(|_| name == "CURSOR_KEY").map(str::to_owned));
        assert_eq!(made(Some(secret)).unwrap(), cdn::key(&secret.into()));
        assert!(!made(Some(secret)).unwrap().contains(secret));
        for none in [None, Some("")] {
            assert!(matches!(made(none), Err(OperatorError::NotSet(name)) if name == "CURSOR_KEY"));
        }
    }
}
