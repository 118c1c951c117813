//! Tenants: what a brand is called, how it looks, where it is reached, and what it asks its members to agree to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{EmailAddress, label_80};
use crate::{
    faults::{Check, Faults},
    ids::TenantId,
    inputs::{Fields, Input, leaf, list},
    money::Currency,
    text::{is_slug, text},
    time::Zone,
};

/// The most hosts of a tenant: all of them are taken in one transaction.
const MOST_HOSTS: usize = 20;
/// The most features that are switched on.
const MOST_FEATURES: usize = 50;

text!(
    /// A brand's name.
    TenantName, "a tenant name", label_80, example "Mile Buy Club"
);

text!(
    /// A name in DNS, or an address, that clients reach a tenant by. In lower case, without port: two spellings would be two hosts.
    Host, "a host", host, example "api.mile-buy-club.example"
);

text!(
    /// What a brand's mail comes from, in the domain of the deployment's mail.
    Mailbox, "a mailbox", mailbox, example "deals"
);

text!(
    /// A colour of a brand, as style sheets write it.
    Colour, "a colour", colour, example "#0b3d91"
);

text!(
    /// Something that apps show in some tenants and not in others. What it is, they know.
    FeatureName, "a feature", feature, example "trip-planner"
);

text!(
    /// What members are asked to agree to.
    TermsText, "a text of terms", terms_text, example "You agree to…"
);

fn host(text: &str) -> Result<(), &'static str> {
    let label = |label: &str| (1..=63).contains(&label.len()) && is_slug(label, 1, 63);
    if text.len() <= 253 && text.split('.').all(label) { Ok(()) } else { Err("a host in lower case, such as api.example.com") }
}

fn mailbox(text: &str) -> Result<(), &'static str> {
    if is_slug(text, 1, 32) { Ok(()) } else { Err("1 to 32 lower-case letters, digits or inner hyphens") }
}

fn colour(text: &str) -> Result<(), &'static str> {
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(is_hex));
    digits.map(|_| ()).ok_or("# and six hexadecimal digits in lower case")
}

fn feature(text: &str) -> Result<(), &'static str> {
    if is_slug(text, 2, 40) { Ok(()) } else { Err("2 to 40 lower-case letters, digits or inner hyphens") }
}

fn terms_text(text: &str) -> Result<(), &'static str> {
    let printable = |c: char| !c.is_control() || c == '\n';
    let sound = (1..=60_000).contains(&text.chars().count()) && text.trim() == text && text.chars().all(printable);
    if sound { Ok(()) } else { Err("1 to 60,000 characters in lines, no blanks at the ends") }
}

/// A brand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its slug.
    pub id: TenantId,
    /// Its name, as mails and pages show it.
    pub name: TenantName,
    /// The hosts that name it.
    pub hosts: BTreeSet<Host>,
    /// Its time zone.
    pub zone: Zone,
    /// Its currency.
    pub currency: Currency,
    /// How it looks.
    pub branding: Branding,
    /// What is switched on.
    pub features: BTreeSet<FeatureName>,
    /// The version of its terms that holds now; 0 before there are any.
    pub terms: u32,
    /// Optimistic lock.
    pub version: u64,
}

/// How a brand looks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Branding {
    /// The colour that it is known by.
    pub primary: Option<Colour>,
    /// The colour of what is to be touched.
    pub accent: Option<Colour>,
    /// What its mail comes from, unless from where all mail of the deployment does.
    pub mailbox: Option<Mailbox>,
}

/// One version of a tenant's terms. They are never changed, but followed by others: members have agreed to one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// Whose.
    pub tenant: TenantId,
    /// Which, from 1 on.
    pub number: u32,
    /// What they say.
    pub text: TermsText,
    /// Optimistic lock.
    pub version: u64,
}

/// What is to change of a tenant. What is not given stays.
#[derive(Debug, Clone, Default)]
pub struct TenantChange {
    /// Its name.
    pub name: Option<TenantName>,
    /// Its time zone.
    pub zone: Option<Zone>,
    /// Its currency.
    pub currency: Option<Currency>,
    /// How it looks, whole.
    pub branding: Option<Branding>,
    /// What is switched on, whole.
    pub features: Option<BTreeSet<FeatureName>>,
    /// The terms that hold from now on.
    pub terms: Option<TermsText>,
}

impl Input for Branding {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (primary, accent) = (fields.nullable("primary", leaf), fields.nullable("accent", leaf));
        let mailbox = fields.nullable("mailbox", leaf);
        Some(Self { primary: primary?, accent: accent?, mailbox: mailbox? })
    }
}

impl Input for TenantChange {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (name, zone) = (fields.given("name", leaf), fields.given("timeZone", leaf));
        let (currency, branding) = (fields.given("currency", leaf), fields.given("branding", crate::inputs::object));
        let (features, terms) = (fields.given("features", list), fields.given("terms", leaf));
        Some(Self {
            name: name?,
            zone: zone?,
            currency: currency?,
            branding: branding?,
            features: features?.map(|features: Vec<FeatureName>| features.into_iter().collect()),
            terms: terms?,
        })
    }
}

impl Tenant {
    /// Where its mail comes from: its own mailbox in the deployment's domain, which is the only one that mail may come from.
    pub fn sender(&self, deployment: &EmailAddress) -> EmailAddress {
        let own = self.branding.mailbox.as_ref().zip(deployment.as_str().rsplit_once('@'));
        own.and_then(|(mailbox, (_, domain))| format!("{mailbox}@{domain}").parse().ok()).unwrap_or_else(|| deployment.clone())
    }

    /// What its own admins make of how it looks. Where its mail comes from stays: all brands have their mailboxes in one domain, and
    /// whose is which is for operators to say. What was shown may be given back as it is.
    ///
    /// # Errors
    /// If another mailbox is given.
    pub fn looking(&self, branding: Branding) -> Result<Branding, Faults> {
        let current = &self.branding.mailbox;
        if branding.mailbox.is_some() && branding.mailbox != *current {
            return Err(Faults::one("/branding/mailbox", "operators-only", "only operators give a brand its mailbox"));
        }
        Ok(Branding { mailbox: current.clone(), ..branding })
    }

    /// Changes what its own admins may change, and its mailbox. Answers the terms that hold from now on, if they are others.
    ///
    /// # Errors
    /// Every fault of the outcome.
    pub fn change(&mut self, change: TenantChange, current: Option<&Terms>) -> Result<Option<Terms>, Faults> {
        let TenantChange { name, zone, currency, branding, features, terms } = change;
        self.name = name.unwrap_or_else(|| self.name.clone());
        self.zone = zone.unwrap_or_else(|| self.zone.clone());
        self.currency = currency.unwrap_or(self.currency);
        self.branding = branding.unwrap_or_else(|| self.branding.clone());
        self.features = features.unwrap_or_else(|| self.features.clone());
        self.check()?;
        let text = terms.filter(|text| current.is_none_or(|current| current.text != *text));
        Ok(text.map(|text| {
            self.terms = self.terms.saturating_add(1);
            Terms { tenant: self.id.clone(), number: self.terms, text, version: 0 }
        }))
    }

    /// Gives it other hosts. Answers those that it has newly, and those that it no longer has.
    ///
    /// # Errors
    /// Every fault of the outcome.
    pub fn move_to(&mut self, hosts: BTreeSet<Host>) -> Result<(Vec<Host>, Vec<Host>), Faults> {
        let before = std::mem::replace(&mut self.hosts, hosts);
        self.check()?;
        Ok((self.hosts.difference(&before).cloned().collect(), before.difference(&self.hosts).cloned().collect()))
    }

    /// Holds the version of the terms that someone accepts against those that hold now. Where there are none, none are accepted.
    ///
    /// # Errors
    /// If it is another, or is missing.
    pub fn accept(&self, version: Option<u32>) -> Result<(), Faults> {
        let current = (self.terms > 0).then_some(self.terms);
        let rule =
            current.map_or("there are no terms".to_owned(), |current| format!("the terms that hold are version {current}"));
        if version == current { Ok(()) } else { Err(Faults::one("/acceptedTerms", "not-current", rule)) }
    }

    /// Whether it is one that there can be.
    ///
    /// # Errors
    /// Every fault of it.
    pub fn check(&self) -> Result<(), Faults> {
        let mut check = Check::new();
        check.that(!self.hosts.is_empty(), "/hosts", "empty", "a tenant is reached by one host at least");
        check.that(self.hosts.len() <= MOST_HOSTS, "/hosts", "too-many", format!("at most {MOST_HOSTS}"));
        check.that(self.features.len() <= MOST_FEATURES, "/features", "too-many", format!("at most {MOST_FEATURES}"));
        check.done()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn tenant() -> Tenant {
        Tenant {
            id: "nestery".parse().unwrap(),
            name: "Nestery".parse().unwrap(),
            hosts: ["nestery.example".parse().unwrap()].into(),
            zone: Zone::UTC,
            currency: Currency::EUR,
            branding: Branding::default(),
            features: BTreeSet::new(),
            terms: 0,
            version: 1,
        }
    }

    fn terms(text: &str) -> TenantChange {
        TenantChange { terms: Some(text.parse().unwrap()), ..TenantChange::default() }
    }

    #[test]
    fn a_host_has_one_spelling() {
        for good in ["localhost", "127.0.0.1", "api.example.com", "a-b.c1"] {
            assert!(good.parse::<Host>().is_ok(), "{good}");
        }
        for bad in
            ["", ".", "Example.com", "example.com.", "example.com:80", "-a.b", "a..b", "a b", "ex#ample", "é.example", "a_b"]
        {
            assert!(bad.parse::<Host>().is_err(), "{bad}");
        }
        assert!("a".repeat(64).parse::<Host>().is_err() && ["a"; 200].join(".").parse::<Host>().is_err());
    }

    #[test]
    fn terms_are_followed_by_others_and_never_changed() {
        let mut tenant = tenant();
        let first = tenant.change(terms("Be kind."), None).unwrap().unwrap();
        assert_eq!((first.number, tenant.terms), (1, 1));
        assert_eq!(tenant.change(terms("Be kind."), Some(&first)), Ok(None), "the same ones hold on");
        assert_eq!(tenant.change(TenantChange::default(), Some(&first)), Ok(None));
        let second = tenant.change(terms("Be kinder."), Some(&first)).unwrap().unwrap();
        assert_eq!((second.number, tenant.terms, first.text.as_str()), (2, 2, "Be kind."));
    }

    #[test]
    fn mail_comes_from_the_domain_of_the_deployment_alone() {
        let mut tenant = tenant();
        let deployment: EmailAddress = "mail@mile-buy-club.example".parse().unwrap();
        assert_eq!(tenant.sender(&deployment), deployment);
        tenant.branding.mailbox = Some("deals".parse().unwrap());
        assert_eq!(tenant.sender(&deployment).as_str(), "deals@mile-buy-club.example");
        for bad in ["deals@evil.example", "a b", "a\r\nBcc: x", "", "Deals", "a,b"] {
            assert!(bad.parse::<Mailbox>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn admins_take_no_mailbox_and_lose_none() {
        let mut tenant = tenant();
        let with = |mailbox: &str| Branding { mailbox: Some(mailbox.parse().unwrap()), ..Branding::default() };
        assert!(tenant.looking(with("deals")).is_err(), "none was given yet");
        tenant.branding = with("deals");
        for given in [Branding::default(), with("deals")] {
            assert_eq!(tenant.looking(given), Ok(with("deals")));
        }
        let faults = tenant.looking(with("other")).unwrap_err();
        assert_eq!((faults.as_slice()[0].pointer.as_str(), faults.as_slice()[0].code), ("/branding/mailbox", "operators-only"));
    }

    #[test]
    fn a_tenant_is_reached_by_one_host_at_least_and_moves_by_the_difference() {
        let mut tenant = tenant();
        let host = |text: &str| text.parse::<Host>().unwrap();
        let moved = tenant.move_to([host("nestery.example"), host("app.nestery.example")].into());
        assert_eq!(moved, Ok((vec![host("app.nestery.example")], vec![])));
        let moved = tenant.move_to([host("app.nestery.example")].into());
        assert_eq!(moved, Ok((vec![], vec![host("nestery.example")])));
        let faults = tenant.move_to(BTreeSet::new()).unwrap_err();
        assert_eq!((faults.as_slice()[0].pointer.as_str(), faults.as_slice()[0].code), ("/hosts", "empty"));
        let many = (0..=MOST_HOSTS).map(|n| host(&format!("h{n}.example"))).collect();
        assert_eq!(tenant.move_to(many).unwrap_err().as_slice()[0].code, "too-many");
    }
}
