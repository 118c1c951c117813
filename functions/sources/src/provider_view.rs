//! How a source is shown to those who run it, for themselves or for all.

use domain::{
    ids::MemberId,
    sources::{KeyScope, Settings, SourceEntry, Vertical},
};
use jiff::Timestamp;
use platform::Page;
use providers::{
    registry::Line,
    sources::{Contract, Limit},
};
use serde::Serialize;
use storage::Listed;
use utoipa::ToSchema;

/// A source, and what is set of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderView {
    #[schema(example = "duffel")]
    id: &'static str,
    vertical: Vertical,
    /// `published`, or `unverified_contract` where nobody has confirmed what the adapter is built on.
    #[schema(value_type = String, example = "published")]
    contract: Contract,
    /// How many calls it takes in how many seconds, where that is published.
    #[schema(value_type = Option<Object>, example = json!({"calls": 300, "seconds": 60}))]
    limit: Option<Limit>,
    /// Whether searches ask it: it is switched on here and for all, and there are a key and an address.
    asked: bool,
    /// Its place in the order, the lowest first, after all that is set.
    order: u16,
    /// Whose key it is asked with.
    key: KeyView,
    /// What is set here.
    settings: Settings,
    /// The version of what is set here; 0 before anything is.
    version: u64,
}

/// A key at a source. It is shown to nobody.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyView {
    /// Whose it is.
    of: KeyOf,
    /// Since when, if it was set here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    set_at: Option<Timestamp>,
    /// By whom, if it was set here.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_by: Option<MemberId>,
}

/// Whose a key is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyOf {
    /// The tenant's own.
    Tenant,
    /// The deployment's.
    Deployment,
    /// There is none: the source is not asked.
    Nobody,
}

impl ProviderView {
    /// As those see it who set things at this scope.
    pub(crate) fn of(line: &Line, scope: &KeyScope) -> Self {
        let source = line.source;
        let entry = entry(line, scope);
        let of = match line.scope() {
            Some(KeyScope::Tenant(_)) => KeyOf::Tenant,
            Some(KeyScope::Deployment) => KeyOf::Deployment,
            None => KeyOf::Nobody,
        };
        let kept = entry.and_then(|entry| entry.key.as_ref());
        Self {
            id: source.id,
            vertical: source.vertical,
            contract: source.contract,
            limit: source.limit,
            asked: line.is_asked(),
            order: line.priority(),
            key: KeyView { of, set_at: kept.map(|key| key.set_at), set_by: kept.map(|key| key.set_by) },
            settings: entry.map(|entry| entry.settings.clone()).unwrap_or_default(),
            version: entry.map_or(0, |entry| entry.version),
        }
    }
}

/// What is set of a source at a scope.
pub(crate) fn entry<'a>(line: &'a Line, scope: &KeyScope) -> Option<&'a SourceEntry> {
    match scope {
        KeyScope::Tenant(_) => line.own.as_ref(),
        KeyScope::Deployment => line.deployment.as_ref(),
    }
}

/// A page of sources, by their ids.
pub(crate) fn page<'a>(page: &Page, lines: &'a [Line]) -> Listed<&'a Line> {
    let mut items: Vec<&Line> =
        lines.iter().filter(|line| page.after.as_deref().is_none_or(|after| line.source.id > after)).collect();
    items.sort_by_key(|line| line.source.id);
    let more = items.len() > usize::from(page.limit);
    items.truncate(page.limit.into());
    let next = items.last().filter(|_| more).map(|line| line.source.id.to_owned());
    Listed { items, next }
}
