//! What setting something of a source takes, for a tenant's admin as for operators.

use axum::extract::{FromRequestParts, Path};
use domain::{
    faults::{Check, Faults},
    ids::{MemberId, TenantId},
    inputs::{Fields, leaf, object, once},
    money::Money,
    sources::{Account, KeptKey, KeyScope, Market, Settings, SourceEntry, SourceKey, SourceState},
};
use http::request::Parts;
use platform::{Answer, Deps, Failure, IfMatch, Reply, command::Request, query::Asked, vault::VaultError};
use providers::{
    registry::{Line, lines, lines_of_deployment},
    sources::{Source, source},
};
use storage::Change;

use crate::provider_view::{ProviderView, entry};

/// The source in a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathSource(pub &'static Source);

impl<S: Send + Sync> FromRequestParts<S> for PathSource {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let id = Path::<String>::from_request_parts(parts, state).await;
        id.ok().and_then(|Path(id)| source(&id)).map(Self).ok_or(NO_SOURCE)
    }
}

const NO_SOURCE: Failure = Failure::NotFound("provider");

/// The tenant that an operator asks about.
pub(crate) fn asked_tenant(parts: &Parts) -> Result<Option<TenantId>, Faults> {
    let mut asked = Asked::of(parts);
    let tenant = asked.given("tenant");
    asked.done(Some(tenant))
}

/// Where an operator sets something: for a tenant that there is, or for the deployment.
pub(crate) async fn scope_of(cx: &Deps, tenant: Option<TenantId>) -> Result<KeyScope, Failure> {
    let Some(tenant) = tenant else { return Ok(KeyScope::Deployment) };
    let found = cx.store().tenant(&tenant).await?;
    found.map(|tenant| KeyScope::Tenant(tenant.id)).ok_or(Failure::NotFound("tenant"))
}

/// All sources as they are set at a scope.
pub(crate) async fn lines_at(cx: &Deps, scope: &KeyScope) -> Result<Vec<Line>, Failure> {
    Ok(match scope {
        KeyScope::Deployment => lines_of_deployment(cx).await?,
        KeyScope::Tenant(tenant) => lines(cx, tenant).await?,
    })
}

/// One source as it is set at a scope.
pub(crate) async fn line_at(cx: &Deps, scope: &KeyScope, source: &Source) -> Result<Line, Failure> {
    let lines = lines_at(cx, scope).await?;
    lines.into_iter().find(|line| line.source.id == source.id).ok_or(NO_SOURCE)
}

/// Reads what everyone may set: not the address, and not what a tenant has of the deployment's key.
pub(crate) fn read(fields: &mut Fields<'_>) -> Option<Settings> {
    let (enabled, priority) = (fields.required("enabled", leaf), fields.nullable("priority", leaf));
    let (cost, budget) = (money(fields, "costPerThousand"), money(fields, "budgetPerDay"));
    let (quota_per_day, markets) = (fields.nullable("quotaPerDay", leaf), fields.given("markets", once::<Market>));
    if cost.zip(budget).is_some_and(|(cost, budget)| !can_be_counted(budget, cost)) {
        fields.fault("budgetPerDay", IN_ITS_CURRENCY);
    }
    Some(Settings {
        enabled: enabled?,
        priority: priority?,
        cost_per_thousand: cost?,
        quota_per_day: quota_per_day?,
        budget_per_day: budget?,
        markets: markets?.unwrap_or_default(),
        ..Settings::default()
    })
}

/// What is wrong with a budget that nobody could count in.
const IN_ITS_CURRENCY: &str = "must be in the currency of what a thousand calls with that key cost";

/// Reads an amount that is not negative. One that is, is handed back all the same, so that what else is wrong with it is told with that.
pub(crate) fn money(fields: &mut Fields<'_>, name: &str) -> Option<Option<Money>> {
    let amount = fields.nullable(name, object::<Money>)?;
    if amount.is_some_and(Money::is_negative) {
        fields.fault(name, "must not be negative");
    }
    Some(amount)
}

/// A budget is counted in what calls cost.
fn can_be_counted(budget: Option<Money>, cost: Option<Money>) -> bool {
    budget.is_none_or(|budget| cost.is_some_and(|cost| cost.currency() == budget.currency()))
}

/// Holds what tenants may spend of the deployment's money against what calls with its key cost.
pub(crate) fn check_share(line: &Line, scope: &KeyScope, settings: &Settings) -> Result<(), Faults> {
    let cost = match scope {
        KeyScope::Deployment => settings.cost_per_thousand,
        KeyScope::Tenant(_) => line.deployment.as_ref().and_then(|entry| entry.settings.cost_per_thousand),
    };
    let mut check = Check::new();
    check.that(can_be_counted(settings.tenant_budget_per_day, cost), "/tenantBudgetPerDay", "invalid", IN_ITS_CURRENCY);
    check.done()
}

/// Holds what a tenant allows itself a day against whether it has a key: there is nothing else that this could be counted of.
pub(crate) fn check_allowance(line: &Line, settings: &Settings) -> Result<(), Faults> {
    let has_key = line.own.as_ref().is_some_and(|own| own.key.is_some());
    let mut check = Check::new();
    check.that(has_key || settings.quota_per_day.is_none(), "/quotaPerDay", "no-key", OF_OWN_KEY);
    check.that(has_key || settings.budget_per_day.is_none(), "/budgetPerDay", "no-key", OF_OWN_KEY);
    check.done()
}

/// What is wrong with a quota or a budget of no key.
const OF_OWN_KEY: &str = "counts calls with a key of your own: set that first";

/// What is set of a source, or nothing yet.
fn entry_of(line: &Line, scope: &KeyScope) -> Result<SourceEntry, Failure> {
    let id = line.source.id.parse().map_err(|_| Failure::Internal)?;
    Ok(entry(line, scope).cloned().unwrap_or_else(|| SourceEntry::new(scope.clone(), id)))
}

/// Shows a source.
pub(crate) fn show(line: &Line, scope: &KeyScope) -> Answer<ProviderView> {
    let version = entry(line, scope).map_or(0, |entry| entry.version);
    Answer::ok(ProviderView::of(line, scope)).version(version)
}

/// Sets something of a source.
pub(crate) async fn set(
    cx: &Deps,
    (request, if_match): (&Request, IfMatch),
    (source, scope): (&Source, &KeyScope),
    settings: impl FnOnce(&Line, &Settings) -> Result<Settings, Faults>,
) -> Reply<ProviderView> {
    let mut line = line_at(cx, scope, source).await?;
    let mut entry = entry_of(&line, scope)?;
    if_match.check(entry.version)?;
    entry.settings = settings(&line, &entry.settings)?;
    let change = Change::new().save(&mut entry);
    match scope {
        KeyScope::Deployment => line.deployment = Some(entry),
        KeyScope::Tenant(_) => line.own = Some(entry),
    }
    cx.commit(request, change, show(&line, scope)).await.map_err(|failure| if_match.settle(failure))
}

/// Keeps a key, sealed. What was held against the old one is forgotten.
pub(crate) async fn set_key(
    cx: &Deps,
    (request, if_match): (&Request, IfMatch),
    (source, scope): (&Source, &KeyScope),
    (key, set_by): (&SourceKey, MemberId),
) -> Reply<()> {
    let mut check = Check::new();
    check.that(source.takes(key.secret()), "/key", "two-parts", "this source's key is of two parts, with a colon between them");
    check.done()?;
    let mut entry = entry_of(&line_at(cx, scope, source).await?, scope)?;
    if_match.check(entry.version)?;
    let (seals, change) = sealing_key(cx, scope).await?;
    let sealed = seals.seal(&SourceEntry::KEY.of(source.id), &key.expose().to_owned())?;
    entry.key = Some(KeptKey { sealed, set_at: cx.now(), set_by });
    let change = anew(cx, change, &entry).save(&mut entry);
    let answer = Answer::nothing().version(entry.version);
    cx.commit(request, change, answer).await.map_err(|failure| if_match.settle(failure))
}

/// Removes a key, and what a tenant allowed itself a day with it: there is nothing else that this could be counted of.
pub(crate) async fn drop_key(
    cx: &Deps,
    (request, if_match): (&Request, IfMatch),
    (source, scope): (&Source, &KeyScope),
) -> Reply<()> {
    let mut entry = entry_of(&line_at(cx, scope, source).await?, scope)?;
    if_match.check(entry.version)?;
    if entry.key.take().is_none() {
        return Err(Failure::NotFound("provider-key"));
    }
    match scope {
        KeyScope::Tenant(_) => (entry.settings.quota_per_day, entry.settings.budget_per_day) = (None, None),
        // Calls with the key that the deployment was configured with are counted of it.
        KeyScope::Deployment => {}
    }
    let change = anew(cx, Change::new(), &entry).save(&mut entry);
    let answer = Answer::nothing().version(entry.version);
    cx.commit(request, change, answer).await.map_err(|failure| if_match.settle(failure))
}

/// What seals at a scope: the key that is there, or a new one, which is stored with what it seals first.
async fn sealing_key(cx: &Deps, scope: &KeyScope) -> Result<(platform::vault::OpenKey, Change), Failure> {
    let sealer = scope.sealer().map_err(|_| Failure::Internal)?;
    match cx.vault().key_of(&sealer).await {
        Ok(key) => Ok((key, Change::new())),
        Err(VaultError::NoKey) => {
            let (mut wrapped, key) = cx.vault().new_key(&sealer).await?;
            Ok((key, Change::new().create(&mut wrapped)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Another key begins with a closed breaker.
fn anew(cx: &Deps, change: Change, entry: &SourceEntry) -> Change {
    let account = Account { source: entry.source.clone(), scope: entry.scope.clone() };
    change.forget(&SourceState::of(account, cx.now()))
}
