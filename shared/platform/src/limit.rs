//! How often an endpoint may be called. Each says it in its descriptor, or has what is usual for its kind.
//!
//! Who is counted, and when, is a matter of what is at stake:
//! - What a member writes is counted in the transaction that writes it: no call more, and what was refused has cost nothing that
//!   would have to be counted.
//! - Who shows no token is counted before anything else is done, because what follows is dear (a password's hash) or a guess
//!   (at a passcode). The network address and the account that a request is about are two counts in one transaction.
//!
//! A count is of a minute by the clock: who times it well has twice the number across its border, and never more.

use std::net::{IpAddr, Ipv6Addr};

use axum::{body::Body, extract::Request, response::Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{ids::TenantId, time::Slot};
use hmac::Mac;
use http::HeaderName;
use jiff::Timestamp;
use serde_json::Value;
use storage::{Change, LimitCount, StoreError};

use crate::{
    caller::{Caller, host},
    command::read,
    deps::Deps,
    failure::Failure,
    reply::set_header,
    signature::{Purpose, mac},
};

/// How often an endpoint may be called in a minute, and by whom it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    name: &'static str,
    per_minute: u32,
    by: By,
}

/// By whom a limit is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// By member.
    Member,
    /// By network address.
    Address,
    /// By network address, and by the account that the body names in one of these fields.
    AddressAndAccount(&'static [&'static str]),
}

impl Limit {
    /// What a member may write: one limit for all endpoints together.
    pub const WRITES: Self = Self { name: "writes", per_minute: 100, by: By::Member };
    /// What may be asked without a token: one limit for all endpoints together.
    pub const ANONYMOUS: Self = Self { name: "anonymous", per_minute: 100, by: By::Address };

    /// What is tried with an account without being signed in: five times a minute at each endpoint, from one network address as
    /// for one account. The body names the account in one of `fields`.
    pub const fn attempts(endpoint: &'static str, fields: &'static [&'static str]) -> Self {
        Self { name: endpoint, per_minute: 5, by: By::AddressAndAccount(fields) }
    }

    /// What clients and metrics know it by.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How often, in a minute.
    pub fn per_minute(&self) -> u32 {
        self.per_minute
    }

    /// By whom it is counted, in words.
    pub fn counted_by(&self) -> &'static str {
        match self.by {
            By::Member => "member",
            By::Address => "network address",
            By::AddressAndAccount(_) => "network address and account",
        }
    }

    pub(crate) fn tells_accounts_apart(&self) -> bool {
        matches!(self.by, By::AddressAndAccount(_))
    }

    /// Lets a request through, or notes that its change is to be counted.
    pub(crate) async fn admit(self, cx: &Deps, caller: Option<&Caller>, mut request: Request) -> Result<Request, Failure> {
        match (self.by, caller) {
            (By::Member, Some(Caller { owner, .. })) => {
                let subject = format!("{}.{}.{}", self.name, owner.tenant, owner.member);
                request.extensions_mut().insert(Counted { count: LimitCount::at(subject, cx.now()), limit: self.per_minute });
                Ok(request)
            }
            // By member, for an endpoint that takes no token: then there is only the address.
            (By::Member | By::Address, _) => {
                let address = Subject::Address(address(&request)?);
                self.count(cx, &[address]).await?;
                Ok(request)
            }
            (By::AddressAndAccount(fields), _) => {
                let address = Subject::Address(address(&request)?);
                let tenant = match host(request.headers()) {
                    Some(host) => cx.tenant_of_host(&host).await?,
                    None => None,
                };
                let (head, body) = request.into_parts();
                let body = read(body).await?;
                let account = tenant.zip(account(&body, fields)).map(|(tenant, account)| Subject::Account(tenant, account));
                self.count(cx, &[address].into_iter().chain(account).collect::<Vec<_>>()).await?;
                Ok(Request::from_parts(head, Body::from(body)))
            }
        }
    }

    /// Counts all of them in one write, or none.
    async fn count(self, cx: &Deps, subjects: &[Subject]) -> Result<(), Failure> {
        let now = cx.now();
        let mut change = Change::new();
        for subject in subjects {
            change = change.admitted(&LimitCount::at(subject.hash(cx, self.name, now)?, now), self.per_minute);
        }
        match cx.store().commit(change).await {
            // Whoever comes so often at once that they can't be counted one after the other is not let through for it.
            Err(StoreError::Contended) => Err(Failure::TooOften(LimitCount::at(String::new(), now).ends())),
            counted => Ok(counted?),
        }
    }

    /// Tells of the limit in an answer's headers (draft-ietf-httpapi-ratelimit-headers): what it is always, and what is left of
    /// it once that is nothing. A transaction does not say what it counted, and to ask would cost a read.
    pub(crate) fn tell(self, answer: &mut Response, now: Timestamp) {
        let Self { name, per_minute, .. } = self;
        set_header(answer, HeaderName::from_static("ratelimit-policy"), &format!("\"{name}\";q={per_minute};w=60"));
        if let Some(Exhausted { until }) = answer.extensions().get().copied() {
            let seconds = until.duration_since(now).as_secs().clamp(0, 60);
            set_header(answer, HeaderName::from_static("ratelimit"), &format!("\"{name}\";r=0;t={seconds}"));
        }
    }
}

/// What a change is counted for.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    count: LimitCount,
    limit: u32,
}

impl Counted {
    pub(crate) fn admit(&self, change: Change) -> Change {
        change.admitted(&self.count, self.limit)
    }
}

/// That nothing is left of a limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exhausted {
    pub(crate) until: Timestamp,
}

/// The network address that a request came from: by the connection, not by what the client says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// What one client has: an address of version 4, or the sixty-four bits of version 6 that a provider gives to a household.
    fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        }
    }
}

fn address(request: &Request) -> Result<ClientAddress, Failure> {
    request.extensions().get().copied().ok_or(Failure::Malformed("It is not known where the request comes from."))
}

/// The account that a body is about: the first of the fields that is a text. What is no such body the handler will refuse.
fn account(body: &[u8], fields: &[&str]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    fields.iter().find_map(|field| body.get(field)?.as_str()).map(str::to_lowercase)
}

/// Who or what is counted where nobody has shown a token.
enum Subject {
    Address(ClientAddress),
    Account(TenantId, String),
}

impl Subject {
    /// What it is counted as: a hash under our key, which is another one each minute, so that nobody can tell from what is stored
    /// who came from where, or when they came again.
    fn hash(&self, cx: &Deps, limit: &str, now: Timestamp) -> Result<String, Failure> {
        let (kind, of, what) = match self {
            Self::Address(address) => ("address", "", address.network().to_string()),
            Self::Account(tenant, account) => ("account", tenant.as_str(), account.clone()),
        };
        let mut mac = mac(cx, Purpose::Limit)?;
        for part in [limit, &Slot::of(now).to_string(), kind, of, &what] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Ok(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn network(address: &str) -> String {
        ClientAddress(address.parse().unwrap()).network().to_string()
    }

    #[test]
    fn a_household_is_one_client() {
        assert_eq!(network("203.0.113.7"), "203.0.113.7");
        assert_eq!(network("::ffff:203.0.113.7"), "203.0.113.7", "the same in the words of version 6");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("2001:db8:1:2:ffff::1"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1:3::1"), network("2001:db8:1:2::1"));
    }

    #[test]
    fn the_account_is_the_first_field_that_is_a_text_in_whatever_case() {
        let of = |body: &str| account(body.as_bytes(), &["handle", "email"]);
        assert_eq!(of(r#"{"email": "Dana@Example.com"}"#).as_deref(), Some("dana@example.com"));
        assert_eq!(of(r#"{"email": "x@y.zz", "handle": "DANA"}"#).as_deref(), Some("dana"));
        assert_eq!(of(r#"{"handle": 1, "email": "x@y.zz"}"#).as_deref(), Some("x@y.zz"));
        for none in ["", "{}", "[]", "null", r#""dana""#, r#"{"handle": null}"#, "{"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
