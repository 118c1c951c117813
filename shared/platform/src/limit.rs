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

use axum::{
    body::Body,
    extract::{FromRequestParts, Request},
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    identity::sessions::RefreshToken,
    ids::{SessionId, TenantId},
    time::Slot,
};
use hmac::Mac;
use http::{Extensions, HeaderName, request::Parts};
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
    web::{self, REFRESH_COOKIE, Way},
};

/// How often an endpoint may be called in a minute, and by whom it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    name: &'static str,
    per_minute: u32,
    by: By,
    /// From one network address, where that is another number.
    of_address: Option<u32>,
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
    /// By network address, and by the session whose refresh token the body has in this field.
    AddressAndSession(&'static str),
}

impl Limit {
    /// What a member may write: one limit for all endpoints together.
    pub const WRITES: Self = Self { name: "writes", per_minute: 100, by: By::Member, of_address: None };
    /// What a member may search for: each search can cost calls of sources.
    pub const SEARCHES: Self = Self { name: "searches", per_minute: 20, by: By::Member, of_address: None };
    /// What may be asked without a token: one limit for all endpoints together.
    pub const ANONYMOUS: Self = Self { name: "anonymous", per_minute: 100, by: By::Address, of_address: None };
    /// What other systems send: one limit for all endpoints together. They come from few addresses, and each notice is short work.
    pub const NOTICES: Self = Self { name: "notices", per_minute: 600, by: By::Address, of_address: None };

    /// What is tried with an account without being signed in: five times a minute at each endpoint, from one network address as
    /// for one account. The body names the account in one of `fields`.
    pub const fn attempts(endpoint: &'static str, fields: &'static [&'static str]) -> Self {
        Self { name: endpoint, per_minute: 5, by: By::AddressAndAccount(fields), of_address: None }
    }

    /// What is done with a refresh token, which the body has in `field`: five times a minute for one session, sixty times from one
    /// network address. There is nothing to be guessed, and behind the address of an office or of a mobile network are many members,
    /// whose apps renew their tokens by themselves.
    pub const fn renewals(endpoint: &'static str, field: &'static str) -> Self {
        Self { name: endpoint, per_minute: 5, by: By::AddressAndSession(field), of_address: Some(60) }
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
            By::AddressAndSession(_) => "session",
        }
    }

    /// How often, and by whom it is counted, in words.
    pub fn in_words(&self) -> String {
        let all = format!("{} by {}", self.per_minute, self.counted_by());
        self.of_address.map_or(all.clone(), |of_address| format!("{all}, {of_address} by network address"))
    }

    /// How often, in a minute, from one network address.
    pub(crate) fn of_address(&self) -> u32 {
        self.of_address.unwrap_or(self.per_minute)
    }

    pub(crate) fn tells_accounts_apart(&self) -> bool {
        match self.by {
            By::AddressAndAccount(_) | By::AddressAndSession(_) => true,
            By::Member | By::Address => false,
        }
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
                let address = Subject::Address(address(request.extensions())?);
                self.count(cx, &[address]).await?;
                Ok(request)
            }
            (By::AddressAndAccount(fields), _) => {
                let address = Subject::Address(address(request.extensions())?);
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
            (By::AddressAndSession(field), _) => {
                let address = Subject::Address(address(request.extensions())?);
                let (head, body) = request.into_parts();
                let body = read(body).await?;
                let token = match Way::of(&head.extensions) {
                    Way::App => text(&body, field),
                    // Two of them the handler will refuse.
                    Way::Web => web::cookie(&head.headers, REFRESH_COOKIE).ok().flatten().map(str::to_owned),
                };
                let session = token.as_deref().and_then(session).map(Subject::Session);
                self.count(cx, &[address].into_iter().chain(session).collect::<Vec<_>>()).await?;
                Ok(Request::from_parts(head, Body::from(body)))
            }
        }
    }

    /// Counts all of them in one write, or none.
    async fn count(self, cx: &Deps, subjects: &[Subject]) -> Result<(), Failure> {
        let now = cx.now();
        let mut change = Change::new();
        for subject in subjects {
            let limit = match subject {
                Subject::Address(_) => self.of_address(),
                Subject::Account(..) | Subject::Session(_) => self.per_minute,
            };
            change = change.admitted(&LimitCount::at(subject.hash(cx, self.name, now)?, now), limit);
        }
        match cx.store().commit(change).await {
            // Whoever comes so often at once that they can't be counted one after the other is not let through for it.
            Err(StoreError::Contended) => Err(Failure::TooOften(LimitCount::at(String::new(), now).ends())),
            counted => Ok(counted?),
        }
    }

    /// Tells of the limit in an answer's headers (draft-ietf-httpapi-ratelimit-headers): what it is always, and what is left of
    /// it once that is nothing. A transaction does not say what it counted, and to ask would cost a read; nor does it say which of
    /// two numbers it was that it met, and then neither is named.
    pub(crate) fn tell(self, answer: &mut Response, now: Timestamp) {
        let Self { name, per_minute, .. } = self;
        let of_address = self.of_address.map_or(String::new(), |number| format!(", \"{name}-address\";q={number};w=60"));
        let policy = format!("\"{name}\";q={per_minute};w=60{of_address}");
        set_header(answer, HeaderName::from_static("ratelimit-policy"), &policy);
        let exhausted = answer.extensions().get().copied().filter(|_| self.of_address.is_none());
        if let Some(Exhausted { until }) = exhausted {
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

    /// When it begins anew.
    pub(crate) fn ends(&self) -> Timestamp {
        self.count.ends()
    }
}

/// That nothing is left of a limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exhausted {
    pub(crate) until: Timestamp,
}

/// The network address that a request came from: by the connection or, behind a CDN, by what that says ([`crate::cdn`]); never by
/// what the client says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// What one client has: an address of version 4, or the sixty-four bits of version 6 that a provider gives to a household.
    pub fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        address(&parts.extensions)
    }
}

fn address(given: &Extensions) -> Result<ClientAddress, Failure> {
    given.get().copied().ok_or(Failure::Malformed("It is not known where the request comes from."))
}

/// The account that a body is about: the first of the fields that is a text. What is no such body the handler will refuse.
fn account(body: &[u8], fields: &[&str]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    fields.iter().find_map(|field| body.get(field)?.as_str()).map(str::to_lowercase)
}

fn text(body: &[u8], field: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.get(field)?.as_str().map(str::to_owned)
}

/// The session that a refresh token is of. Only who has had one of its tokens knows which it is: nobody uses up another's.
fn session(token: &str) -> Option<SessionId> {
    token.parse().ok().map(|token: RefreshToken| token.session)
}

/// Who or what is counted where nobody has shown a token.
enum Subject {
    Address(ClientAddress),
    Account(TenantId, String),
    Session(SessionId),
}

impl Subject {
    /// What it is counted as: a hash under our key, which is another one each minute, so that nobody can tell from what is stored
    /// who came from where, or when they came again.
    fn hash(&self, cx: &Deps, limit: &str, now: Timestamp) -> Result<String, Failure> {
        let (kind, of, what) = match self {
            Self::Address(address) => ("address", "", address.network().to_string()),
            Self::Account(tenant, account) => ("account", tenant.as_str(), account.clone()),
            Self::Session(session) => ("session", "", session.to_string()),
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
