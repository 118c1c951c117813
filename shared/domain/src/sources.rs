//! Sources of travel, as they are run: for whom, where, how often and at what cost they are asked, whether they are left alone for
//! now, and how they fare. (How one asks, and what comes back, is `providers`.)

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    faults::Invalid,
    flights::SourceId,
    ids::{MemberId, Owner, TenantId, derived},
    money::Money,
    places::country_code,
    sealed::{Place, Sealed},
    text::text,
};

pub mod allowance;
pub mod breaker;
pub mod bucket;
pub mod feeds;
pub mod health;
pub mod retries;

/// Whose key a source is asked with. What is counted for a key, and what was bought with it, is its owner's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum KeyScope {
    /// The deployment's: all tenants without one of their own share it.
    #[default]
    Deployment,
    /// A tenant's own.
    Tenant(TenantId),
}

/// What the deployment is called where tenants are. No tenant's id begins so.
const DEPLOYMENT: &str = "-";

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deployment => f.write_str(DEPLOYMENT),
            Self::Tenant(tenant) => tenant.fmt(f),
        }
    }
}

impl From<KeyScope> for String {
    fn from(scope: KeyScope) -> Self {
        scope.to_string()
    }
}

impl TryFrom<String> for KeyScope {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        if text == DEPLOYMENT { Ok(Self::Deployment) } else { text.parse().map(Self::Tenant) }
    }
}

impl KeyScope {
    /// In whose name its keys are sealed. Data keys belong to someone; a tenant's, and the deployment's, to one that no member is: their
    /// ids are drawn, this one follows from a text.
    pub fn sealer(&self) -> Result<Owner, Invalid> {
        let (tenant, of) = match self {
            Self::Deployment => ("deployment".parse()?, "of-the-deployment"),
            Self::Tenant(tenant) => (tenant.clone(), "of-the-tenant"),
        };
        Ok(Owner { tenant, member: derived(&["keys-at-sources", of]) })
    }
}

/// What is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Vertical {
    /// Flights, with points and in cash.
    Flights,
    /// Stays.
    Stays,
    /// Activities.
    Activities,
}

impl Vertical {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Flights, Self::Stays, Self::Activities];

    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flights => "flights",
            Self::Stays => "stays",
            Self::Activities => "activities",
        }
    }
}

text!(
    /// A market: the country that one sets out from, or stays in, by its ISO 3166-1 code.
    Market, "a market", country_code, example "US"
);

text!(
    /// Where a source is, once an agreement says so: always over TLS, without a slash at the end.
    SourceAddress, "a source's address", address, example "https://partners.example.com/v1"
);

fn address(text: &str) -> Result<(), &'static str> {
    let rule = "an https address of at most 200 characters without user, query or slash at the end";
    let rest = text.strip_prefix("https://").filter(|_| text.len() <= 200).ok_or(rule)?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, "x"));
    let harmless = path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/' | b':' | b'~'));
    if !harmless || path.is_empty() || path.ends_with('/') || path.split('/').any(|part| part == "..") {
        return Err(rule);
    }
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let is_port = port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if is_port && is_public(name) { Ok(()) } else { Err("an https address whose host is a public DNS name") }
}

/// Names under these are nobody's on the internet: RFC 6761 (`localhost`, `test`, `invalid`), 6762 (`local`), 7686 (`onion`), 9476
/// (`alt`), `arpa`, `internal`, which ICANN keeps for private use, and what networks of homes and offices use besides (RFC 6762,
/// appendix G).
const NOT_PUBLIC: [&str; 14] = [
    "alt",
    "arpa",
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "test",
];

/// Whether this is written as a DNS name of a host on the internet. A number, in whatever way it is written, is none: the last label of
/// a name has letters only, or is an internationalised one's. (Where a name leads is for whoever owns it to say.)
fn is_public(name: &str) -> bool {
    let mut labels = name.split('.').rev();
    let top = labels.next().unwrap_or_default().to_ascii_lowercase();
    let is_label = |label: &str| {
        let of_letters = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (1..=63).contains(&label.len()) && of_letters && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_top = top.bytes().all(|b| b.is_ascii_alphabetic()) || top.starts_with("xn--");
    is_top && top.len() > 1 && is_label(&top) && !NOT_PUBLIC.contains(&top.as_str()) && name.contains('.') && labels.all(is_label)
}

/// A key that a source gave, in the clear: on its way in, or to the source.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct SourceKey(SecretString);

crate::schema::written_as!(SourceKey, "SourceKey", String, format crate::schema::PASSWORD, example "the key, or name:secret");

impl TryFrom<String> for SourceKey {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let fits = (8..=512).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.into())) } else { Err(Invalid { what: "a key", rule: "8 to 512 printable ASCII characters" }) }
    }
}

impl SourceKey {
    /// To be held against the form that a source's keys have.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }

    /// To be sealed.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A key that is kept. Nobody is shown it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptKey {
    /// The key.
    pub sealed: Sealed<String>,
    /// Since when.
    pub set_at: Timestamp,
    /// By whom.
    pub set_by: MemberId,
}

/// What of a source is to be otherwise than its line in the table says. A tenant's lies over the deployment's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceEntry {
    /// Whose.
    pub scope: KeyScope,
    /// Of which source.
    pub source: SourceId,
    /// Settings.
    pub settings: Settings,
    /// The key, if there is one here.
    pub key: Option<KeptKey>,
    /// Optimistic lock.
    pub version: u64,
}

/// All that can be set of a source. What is not given is not set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"enabled": true, "quotaPerDay": 900, "tenantQuotaPerDay": 300, "markets": ["US"]}))]
pub struct Settings {
    /// Whether it is asked.
    pub enabled: bool,
    /// Its place in the order; the lowest is asked and shown first. Without one it is the table's.
    pub priority: Option<u16>,
    /// What a thousand calls cost. (One call may cost less than a cent.)
    pub cost_per_thousand: Option<Money>,
    /// How many calls a day it may be asked with this key, by UTC. Without one there is no end.
    pub quota_per_day: Option<u32>,
    /// How much money a day calls with this key may cost, in the currency of `costPerThousand`. Without one there is no end.
    pub budget_per_day: Option<Money>,
    /// How many calls a day a tenant may make with the deployment's key: set for all, each one that nothing else is set for. Operators
    /// say so. Without one it is 10,000.
    pub tenant_quota_per_day: Option<u32>,
    /// How much money a day these may cost. Operators say so. Without one there is no end but that of the key.
    pub tenant_budget_per_day: Option<Money>,
    /// The markets that it is asked for, by countries. All, if none is named.
    #[schema(required = false)]
    pub markets: BTreeSet<Market>,
    /// Where it is, if that is not in the table. Operators say so.
    pub address: Option<SourceAddress>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            priority: None,
            cost_per_thousand: None,
            quota_per_day: None,
            budget_per_day: None,
            tenant_quota_per_day: None,
            tenant_budget_per_day: None,
            markets: BTreeSet::new(),
            address: None,
        }
    }
}

impl Settings {
    /// Sources that nobody has put in order come in that of the table, so far apart: there is room between them.
    pub const PRIORITY_STEP: u16 = 10;
    /// How many calls a day a tenant may make with the deployment's key where nobody has said: many times what one brand's members
    /// search, and an end to what a fault, or someone who means harm, can cost all others.
    pub const TENANT_QUOTA: u32 = 10_000;

    /// Whether it is asked for a market. Where that is not known, it is.
    pub fn serves(&self, market: Option<&Market>) -> bool {
        self.enabled && (self.markets.is_empty() || market.is_none_or(|market| self.markets.contains(market)))
    }
}

/// Whether a source is asked for a market, by all that is set of it: who runs the deployment and who runs the tenant must both let it
/// through.
pub fn is_let_through<'a>(set: impl IntoIterator<Item = &'a SourceEntry>, market: Option<&Market>) -> bool {
    set.into_iter().all(|entry| entry.settings.serves(market))
}

/// Which sources a tenant is served by, as far as switches and markets say: what is set for all, and for the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Switches(pub Vec<SourceEntry>);

impl Switches {
    /// Whether this source is let through for a market.
    pub fn let_through(&self, source: &SourceId, market: Option<&Market>) -> bool {
        is_let_through(self.0.iter().filter(|entry| entry.source == *source), market)
    }
}

impl SourceEntry {
    /// Where the key lies.
    pub const KEY: Place<String> = Place::new("source", "key");

    /// One that says nothing.
    pub fn new(scope: KeyScope, source: SourceId) -> Self {
        Self { scope, source, settings: Settings::default(), key: None, version: 0 }
    }
}

/// A source and whose key it is asked with: what limits, breakers and counts are kept for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// The source.
    pub source: SourceId,
    /// Whose key.
    pub scope: KeyScope,
}

/// Whether a source is left alone, as all functions know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceState {
    /// Of which account.
    #[serde(flatten)]
    pub account: Account,
    /// After failures.
    pub breaker: breaker::Breaker,
    /// Because the source asked for it.
    pub paused_until: Option<Timestamp>,
    /// When it was last changed.
    pub at: Timestamp,
    /// Optimistic lock.
    pub version: u64,
}

impl SourceState {
    /// Of a source with which nothing is wrong.
    pub fn of(account: Account, now: Timestamp) -> Self {
        Self { account, breaker: breaker::Breaker::default(), paused_until: None, at: now, version: 0 }
    }

    /// Nobody asks before this. An earlier pause does not cut a later one short.
    pub fn pause(&mut self, until: Timestamp) {
        self.paused_until = self.paused_until.max(Some(until));
    }

    /// Until when the source has asked to be left alone, if that is not over.
    pub fn paused(&self, now: Timestamp) -> Option<Timestamp> {
        self.paused_until.filter(|until| now < *until)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn no_tenant_is_called_as_the_deployment_is() {
        assert!(DEPLOYMENT.parse::<TenantId>().is_err());
        for scope in [KeyScope::Deployment, KeyScope::Tenant("demo".parse().unwrap())] {
            assert_eq!(KeyScope::try_from(scope.to_string()), Ok(scope));
        }
    }

    #[test]
    fn what_a_tenant_seals_opens_for_no_tenant_of_the_deployments_name() {
        let tenant = KeyScope::Tenant("deployment".parse().unwrap()).sealer().unwrap();
        assert_ne!(tenant, KeyScope::Deployment.sealer().unwrap());
    }

    #[test]
    fn an_address_is_one_of_another_house_over_tls() {
        for good in [
            "https://partners.goibibo.com",
            "https://a.example.com:8443/api/v2",
            "https://API.Example.COM",
            "https://xn--bcher-kva.xn--p1ai/v1/a..b",
            "https://0x7f.example.com",
        ] {
            assert!(good.parse::<SourceAddress>().is_ok(), "{good}");
        }
        let host = "https://partner.example.com";
        for bad in [
            "http://partners.goibibo.com",
            "https://localhost",
            "https://127.0.0.1/x",
            "https://169.254.169.254/latest",
            "https://[::1]/x",
            "https://user@example.com",
            "https://",
            "https://a.example.com:",
            "https://a.example.com:0",
            "https://a.example.com:70000",
            "https://a.example.com:80:81",
            &format!("{host}/"),
            &format!("{host}/../x"),
            &format!("{host}?key=1"),
            &format!("{host}#x"),
            &format!("{host}/{}", "x".repeat(200)),
        ] {
            assert!(bad.parse::<SourceAddress>().is_err(), "{bad}");
        }
    }

    #[test]
    fn no_number_and_no_name_of_a_network_of_ones_own_is_an_address() {
        for host in [
            "0x7f000001",
            "0x7f.1",
            "0x7f.0.0.0x1",
            "0177.0.0.1",
            "2130706433",
            "127.1",
            "1.2.3.4.",
            "10.0.0.1",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[fd00:ec2::254]",
            "localhost",
            "localhost.",
            "LOCALHOST",
            "a.localhost",
            "metadata.google.internal",
            "Metadata.Google.INTERNAL",
            "instance-data.ec2.internal",
            "db.internal.",
            "printer.local",
            "1.0.0.127.in-addr.arpa",
            "router.home.arpa",
            "wiki.corp",
            "example.com.",
            ".example.com",
            "a..example.com",
            "-a.example.com",
            "a-.example.com",
            "a_b.example.com",
            "example",
            "example.c",
            "b\u{fc}cher.example",
        ] {
            for address in [format!("https://{host}"), format!("https://{host}:8443/v1")] {
                let refused = address.parse::<SourceAddress>().unwrap_err();
                assert_eq!(refused.rule, "an https address whose host is a public DNS name", "{address}");
            }
        }
    }

    #[test]
    fn a_key_is_told_nobody() {
        let key: SourceKey = serde_json::from_str(r#""name:nobody-may-see""#).unwrap();
        assert!(!format!("{key:?}").contains("nobody"), "{key:?}");
        for bad in ["short", "with a blank", "li\u{f1}e-too"] {
            let told = SourceKey::try_from(bad.to_owned()).unwrap_err().to_string();
            assert!(!told.contains(bad), "{told}");
        }
    }

    #[test]
    fn what_one_of_both_keeps_back_is_not_let_through() {
        let (duffel, viator): (SourceId, SourceId) = ("duffel".parse().unwrap(), "viator".parse().unwrap());
        let tenant = KeyScope::Tenant("demo".parse().unwrap());
        let set = |scope: &KeyScope, source: &SourceId, enabled| {
            let entry = SourceEntry::new(scope.clone(), source.clone());
            SourceEntry { settings: Settings { enabled, ..Settings::default() }, ..entry }
        };
        for (for_all, own, expected) in [(true, true, true), (false, true, false), (true, false, false), (false, false, false)] {
            let switches = Switches(vec![set(&KeyScope::Deployment, &duffel, for_all), set(&tenant, &duffel, own)]);
            assert_eq!(switches.let_through(&duffel, None), expected, "{for_all} {own}");
            assert!(switches.let_through(&viator, None), "nothing is set of it");
        }
    }

    #[test]
    fn a_source_without_markets_serves_all_of_them() {
        let (india, france): (Market, Market) = ("IN".parse().unwrap(), "FR".parse().unwrap());
        let mut settings = Settings::default();
        assert!(settings.serves(Some(&india)) && settings.serves(None));
        settings.markets.insert(india.clone());
        assert!(settings.serves(Some(&india)) && settings.serves(None) && !settings.serves(Some(&france)));
        settings.enabled = false;
        assert!(!settings.serves(None));
    }
}
