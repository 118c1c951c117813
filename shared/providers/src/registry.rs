//! Which sources serve a tenant, and on what terms: the table of sources, over it what is set for the deployment, over that what
//! the tenant has set for itself.
//!
//! - **Switch and markets**: both must let it through. What operators switch off is off for everyone.
//! - **Order**: the tenant's, else the deployment's, else that of the table.
//! - **Key**: the tenant's own, else one that operators have set, else one that the environment gives. Without a key a source is not
//!   asked. Quota, budget and cost are those of whoever's key it is. Of the deployment's, each tenant has a share besides.
//! - **Address**: what operators have set, for the tenant or for all; else the environment's, else the table's. A source without one
//!   has no agreement, and is not asked.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use domain::{
    flights::SourceId,
    ids::TenantId,
    sources::{Account, KeptKey, KeyScope, Market, Settings, SourceEntry, Vertical, allowance::Allowance, is_let_through},
};
use platform::{Deps, vault::VaultError};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use storage::Grant;

use crate::{
    adapters::Adapter,
    guard::{Guarded, Terms},
    sources::{SOURCES, Source},
};

/// A source, ready to be asked for one tenant.
#[derive(Debug)]
pub struct Serving<A> {
    /// The source.
    pub source: &'static Source,
    /// How it is asked.
    pub adapter: A,
    /// Whose key it is asked with. What a tenant's own key has bought is not for others.
    pub scope: KeyScope,
    /// How calls leave: counted, limited, and kept back where they would do no good.
    pub outside: Guarded,
}

impl<A> Serving<A> {
    /// The id of the source.
    pub fn id(&self) -> &SourceId {
        &self.outside.terms().account.source
    }
}

/// The sources that a function may call and that serve a tenant, the first to be asked first. Where the market is not known, all
/// markets are.
///
/// # Errors
/// If the store can't say what is set, or a key can't be opened.
pub async fn serving<A: Adapter>(
    cx: &Deps,
    tenant: &TenantId,
    vertical: Vertical,
    market: Option<&Market>,
) -> Result<Vec<Serving<A>>, VaultError> {
    let mut lines: Vec<Line> = lines(cx, tenant).await?;
    lines.retain(|line| line.source.is_searched() && line.source.vertical == vertical && line.serves(market));
    connected(cx, Some(tenant), lines).await
}

/// The sources that a function may call with the deployment's keys, or with a tenant's own and no other: what is asked once for each
/// key, not for each who could use it. What is set for the deployment is the same for all ([`lines_of_deployment`]), and given. With
/// the deployment's keys it is asked for no tenant, and counts in no tenant's share.
///
/// # Errors
/// If the store can't say what is set, or a key can't be opened.
pub async fn serving_with_keys_of<A: Adapter>(
    cx: &Deps,
    scope: &KeyScope,
    of_deployment: &[Line],
    vertical: Vertical,
) -> Result<Vec<Serving<A>>, VaultError> {
    let (tenant, own) = match scope {
        KeyScope::Deployment => (None, Vec::new()),
        KeyScope::Tenant(tenant) => (Some(tenant), cx.store().source_entries(scope).await?),
    };
    let mut lines: Vec<Line> = of_deployment.iter().cloned().map(|line| line.with(&own)).collect();
    let is_theirs = |line: &Line| line.key().is_some_and(|(of, _)| of == *scope);
    lines.retain(|line| line.source.vertical == vertical && line.serves(None) && is_theirs(line));
    connected(cx, tenant, lines).await
}

/// Those that the function may call, the first to be asked first.
async fn connected<A: Adapter>(
    cx: &Deps,
    tenant: Option<&TenantId>,
    mut lines: Vec<Line>,
) -> Result<Vec<Serving<A>>, VaultError> {
    lines.retain(|line| may_call(cx, line.source.id));
    lines.sort_by_key(Line::priority);
    let mut serving = Vec::with_capacity(lines.len());
    for line in &lines {
        serving.extend(line.connect(cx, tenant).await?);
    }
    Ok(serving)
}

/// One source as it is set for a tenant, or for the deployment itself.
#[derive(Debug, Clone)]
pub struct Line {
    /// The source.
    pub source: &'static Source,
    /// Where it stands in the table, from 0.
    place: u16,
    /// What operators have set for all.
    pub deployment: Option<SourceEntry>,
    /// What is set for the tenant.
    pub own: Option<SourceEntry>,
    /// The deployment's key from its environment, if the function calls the source.
    key_given: Option<SecretString>,
    /// Where it is, if the deployment has a key of it from its environment.
    address_given: Option<String>,
}

/// The adapters that an instance of a function has, by account: what one holds, such as a token that is good for an hour, is for
/// more than one search.
#[derive(Debug)]
struct Adapters<A>(Mutex<BTreeMap<Account, (Connection, A)>>);

impl<A> Default for Adapters<A> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// The hash of an address and a key: with another of either, it is another adapter.
type Connection = [u8; 32];

/// More accounts than this an instance does not remember: each tenant may have its own at each source.
const ADAPTERS_KEPT: usize = 256;

impl<A: Adapter> Adapters<A> {
    fn of(&self, account: &Account, (address, key): (&str, SecretString)) -> Option<A> {
        let connection = connection(address, &key);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, adapter)) = kept.get(account)
            && *known == connection
        {
            return Some(adapter.clone());
        }
        let adapter = A::connect(account.source.as_str(), address, key)?;
        if kept.len() >= ADAPTERS_KEPT {
            kept.pop_first();
        }
        kept.insert(account.clone(), (connection, adapter.clone()));
        Some(adapter)
    }
}

fn connection(address: &str, key: &SecretString) -> Connection {
    let mut hasher = Sha256::new();
    hasher.update((address.len() as u64).to_be_bytes());
    hasher.update(address);
    hasher.update(key.expose_secret());
    hasher.finalize().into()
}

/// A key of a line.
enum Key<'a> {
    Kept(&'a KeptKey),
    Given(&'a SecretString),
}

/// All sources as they are set for a tenant, in the order of the table.
///
/// # Errors
/// If the store can't say what is set.
pub async fn lines(cx: &Deps, tenant: &TenantId) -> Result<Vec<Line>, VaultError> {
    let scope = KeyScope::Tenant(tenant.clone());
    let own = async { Ok(cx.store().source_entries(&scope).await?) };
    let (own, of_deployment) = futures::try_join!(own, lines_of_deployment(cx))?;
    Ok(of_deployment.into_iter().map(|line| line.with(&own)).collect())
}

/// All sources as they are set for the deployment, in the order of the table.
///
/// # Errors
/// If the store can't say what is set.
pub async fn lines_of_deployment(cx: &Deps) -> Result<Vec<Line>, VaultError> {
    let deployment = cx.store().source_entries(&KeyScope::Deployment).await?;
    let line = |(place, source): (u16, &'static Source)| Line {
        source,
        place,
        deployment: entry_of(&deployment, source),
        own: None,
        key_given: cx.config().keys.get(source.id).cloned(),
        address_given: cx.config().addresses.get(source.id).cloned(),
    };
    Ok((0..).zip(SOURCES).map(line).collect())
}

fn entry_of(entries: &[SourceEntry], source: &Source) -> Option<SourceEntry> {
    entries.iter().find(|entry| entry.source.as_str() == source.id).cloned()
}

fn may_call(cx: &Deps, source: &str) -> bool {
    cx.function().declared().any(|grant| matches!(grant, Grant::Call(called) if called == source))
}

impl Line {
    /// The same with what a tenant has set.
    fn with(self, own: &[SourceEntry]) -> Self {
        Self { own: entry_of(own, self.source), ..self }
    }

    /// Its place in the order: the lowest first.
    pub fn priority(&self) -> u16 {
        self.set(|settings| settings.priority).unwrap_or(Settings::PRIORITY_STEP.saturating_mul(self.place + 1))
    }

    /// Whether it is asked for a market, by switch and markets.
    pub fn serves(&self, market: Option<&Market>) -> bool {
        is_let_through(self.entries(), market)
    }

    /// Whose key it is asked with, if there is one. (A function that does not call it is not given the deployment's.)
    pub fn scope(&self) -> Option<KeyScope> {
        let given = || self.address_given.is_some().then_some(KeyScope::Deployment);
        self.key().map(|(scope, _)| scope).or_else(given)
    }

    /// Where it is, if that is known. An address of the tenant's counts with a key of theirs alone: the deployment's is shown to
    /// nobody else, and what came from there would be shared with all.
    pub fn address(&self) -> Option<&str> {
        let scope = self.key().map(|(scope, _)| scope);
        let counts = |entry: &&SourceEntry| entry.scope == KeyScope::Deployment || Some(&entry.scope) == scope.as_ref();
        let set = self.entries().filter(counts).find_map(|entry| entry.settings.address.as_ref()).map(|address| address.as_str());
        set.or(self.address_given.as_deref()).or(self.source.base)
    }

    /// The tenant's entry before the deployment's.
    fn entries(&self) -> impl Iterator<Item = &SourceEntry> {
        self.own.iter().chain(&self.deployment)
    }

    fn key(&self) -> Option<(KeyScope, Key<'_>)> {
        let kept = self.entries().find_map(|entry| Some((entry.scope.clone(), Key::Kept(entry.key.as_ref()?))));
        kept.or_else(|| Some((KeyScope::Deployment, Key::Given(self.key_given.as_ref()?))))
    }

    /// Whether searches ask it: it has what they can use, it is switched on, and there are a key and an address.
    pub fn is_asked(&self) -> bool {
        self.source.is_searched() && self.serves(None) && self.address().is_some() && self.scope().is_some()
    }

    /// What a day has of calls and of money for one who asks with the key of this scope: what the key has; and of a tenant with the
    /// deployment's key, their share.
    pub fn allowances(&self, scope: &KeyScope, tenant: Option<&TenantId>) -> Vec<Allowance> {
        let Some(source) = source_id(self.source) else { return Vec::new() };
        let settings = self.settings(scope);
        let cost = settings.and_then(|settings| settings.cost_per_thousand);
        let account = Account { source: source.clone(), scope: scope.clone() };
        let calls = settings.and_then(|settings| settings.quota_per_day);
        let budget = settings.and_then(|settings| settings.budget_per_day);
        let of_key = [
            calls.map(|calls| Allowance::of_calls(account.clone(), calls)),
            budget.map(|budget| Allowance::of_money(account, budget, cost)),
        ];
        let share = |tenant: &TenantId| {
            let account = Account { source, scope: KeyScope::Tenant(tenant.clone()) };
            let calls = self.set(|settings| settings.tenant_quota_per_day).unwrap_or(Settings::TENANT_QUOTA);
            let budget = self.set(|settings| settings.tenant_budget_per_day);
            let budget = budget.map(|budget| Allowance::of_money(account.clone(), budget, cost).of_tenant());
            [Some(Allowance::of_calls(account, calls).of_tenant()), budget]
        };
        let shares = tenant.filter(|_| *scope == KeyScope::Deployment).map(share);
        of_key.into_iter().chain(shares.into_iter().flatten()).flatten().collect()
    }

    /// What is set for the tenant, else for all.
    fn set<T>(&self, of: impl Fn(&Settings) -> Option<T>) -> Option<T> {
        self.entries().find_map(|entry| of(&entry.settings))
    }

    fn settings(&self, scope: &KeyScope) -> Option<&Settings> {
        self.entries().find(|entry| entry.scope == *scope).map(|entry| &entry.settings)
    }

    /// What limits its calls with the key of this scope.
    fn terms(&self, scope: KeyScope, tenant: Option<&TenantId>) -> Option<Terms> {
        let cost_per_thousand = self.settings(&scope).and_then(|settings| settings.cost_per_thousand);
        let allowances = self.allowances(&scope, tenant);
        let account = Account { source: source_id(self.source)?, scope };
        Some(Terms { tenant: tenant.cloned(), account, limit: self.source.limit, allowances, cost_per_thousand })
    }

    /// Its adapter, with address and key; none without either, or where it has nothing of the kind.
    async fn connect<A: Adapter>(&self, cx: &Deps, tenant: Option<&TenantId>) -> Result<Option<Serving<A>>, VaultError> {
        let (Some(address), Some((scope, key))) = (self.address(), self.key()) else { return Ok(None) };
        let Some(terms) = self.terms(scope.clone(), tenant) else { return Ok(None) };
        let key = match key {
            Key::Given(key) => key.clone(),
            Key::Kept(key) => open(cx, &scope, self.source, key).await?,
        };
        let adapter = cx.kept::<Adapters<A>>().of(&terms.account, (address, key));
        Ok(adapter.map(|adapter| Serving { source: self.source, adapter, scope, outside: Guarded::new(cx.clone(), terms) }))
    }
}

/// The ids of the table are of the form that ids have; a test says so.
fn source_id(source: &Source) -> Option<SourceId> {
    source.id.parse().ok()
}

async fn open(cx: &Deps, scope: &KeyScope, source: &Source, key: &KeptKey) -> Result<SecretString, VaultError> {
    let sealer = scope.sealer().map_err(|_| VaultError::Closed)?;
    let opened = cx.vault().key_of(&sealer).await?.open(&SourceEntry::KEY.of(source.id), &key.sealed)?;
    Ok(opened.into())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::StaySource;

    /// What makes an adapter, at an address and with a key.
    type Stays = Adapters<Arc<dyn StaySource>>;

    fn account(tenant: usize) -> Account {
        let scope = KeyScope::Tenant(format!("tenant-{tenant}").parse().unwrap());
        Account { source: "makemytrip".parse().unwrap(), scope }
    }

    #[test]
    fn an_account_has_one_adapter_until_its_address_or_key_is_another() {
        let adapters = Stays::default();
        let of = |tenant, address, key: &str| adapters.of(&account(tenant), (address, key.into())).unwrap();
        let first = of(1, "https://a.example", "k:s");
        assert!(Arc::ptr_eq(&first, &of(1, "https://a.example", "k:s")));
        for (tenant, address, key) in
            [(2, "https://a.example", "k:s"), (1, "https://b.example", "k:s"), (1, "https://a.example", "k:t")]
        {
            assert!(!Arc::ptr_eq(&first, &of(tenant, address, key)), "{tenant} {address} {key}");
        }
    }

    #[test]
    fn an_instance_remembers_so_many_accounts() {
        let adapters = Stays::default();
        for account in (0..ADAPTERS_KEPT + 9).map(account) {
            adapters.of(&account, ("https://a.example", "k:s".into())).unwrap();
        }
        assert_eq!(adapters.0.lock().unwrap().len(), ADAPTERS_KEPT);
    }
}
