//! Who calls. Tenant and member come from the verified token, never from the path or the body.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use domain::{
    identity::{Member, MemberState, Role},
    ids::{MemberId, Owner, SessionId, TenantId},
};
use http::{HeaderMap, header, request::Parts};

use crate::{
    deps::Deps,
    failure::Failure,
    function::Access,
    web::{self, ACCESS_COOKIE, Way},
};

/// A verified caller. A handler can only get one from the gateway, which has checked token, tenant and role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose data they may reach.
    pub owner: Owner,
    /// What they may be.
    pub role: Role,
    /// Their session.
    pub session: SessionId,
}

impl Caller {
    /// The tenant.
    pub fn tenant(&self) -> &TenantId {
        &self.owner.tenant
    }

    /// The member.
    pub fn member(&self) -> MemberId {
        self.owner.member
    }

    /// Who they are, as stored. A token outlives its member by minutes at most, and is no longer good then.
    ///
    /// # Errors
    /// If the member is no more, or the store can't say.
    pub async fn profile(&self, cx: &Deps) -> Result<Member, Failure> {
        let member = cx.store().member(&self.owner).await?;
        member.filter(|member| member.state != MemberState::Deleted).ok_or(Failure::Unauthenticated)
    }

    /// Checks who calls an endpoint: token, then that the token's tenant is the one that the host names, then the role.
    ///
    /// Operators run all tenants, which paths name: their token is bound to no host. For what it lets them do, its word is not
    /// enough: they must still be operators by what is stored.
    pub(crate) async fn verify(cx: &Deps, headers: &HeaderMap, way: Way, access: Access) -> Result<Self, Failure> {
        let token = match way {
            Way::App => bearer(headers),
            Way::Web => web::cookie(headers, ACCESS_COOKIE)?,
        };
        let token = token.ok_or(Failure::Unauthenticated)?;
        let claims = cx.config().tokens.verify(token, cx.now()).map_err(|error| {
            tracing::info!(%error, "token refused");
            Failure::Unauthenticated
        })?;
        let host = host(headers).ok_or(Failure::Malformed("The request must have a Host header."))?;
        let caller = Self { owner: Owner { tenant: claims.tid, member: claims.sub }, role: claims.role, session: claims.sid };
        let may = access.admits(caller.role)
            && match access {
                Access::Role(Role::Operator) => caller.is_operator(cx).await?,
                Access::Role(_) | Access::Public | Access::Signed => {
                    cx.tenant_of_host(&host).await?.as_ref() == Some(caller.tenant())
                }
            };
        may.then_some(caller).ok_or(Failure::Forbidden)
    }

    async fn is_operator(&self, cx: &Deps) -> Result<bool, Failure> {
        let member = cx.store().member(&self.owner).await?;
        Ok(member.is_some_and(|member| member.role == Role::Operator && member.state == MemberState::Active))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    // Two of them would leave open which one the edge has checked.
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// The host of a request, in lower case, without its port.
pub(crate) fn host(headers: &HeaderMap) -> Option<String> {
    headers.get(header::HOST)?.to_str().ok().map(without_port)
}

/// A host in lower case, without its port.
pub(crate) fn without_port(host: &str) -> String {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(name, _)| name);
    name.to_ascii_lowercase()
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        // A public endpoint has none: that a handler asks for one there is a bug, which must not let anyone in.
        parts.extensions.get::<Self>().cloned().ok_or(Failure::Unauthenticated)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Failure> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

/// The tenant that the host names: whose a request without a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantOfHost(pub TenantId);

impl FromRequestParts<Deps> for TenantOfHost {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, cx: &Deps) -> Result<Self, Failure> {
        let host = host(&parts.headers).ok_or(Failure::Malformed("The request must have a Host header."))?;
        cx.tenant_of_host(&host).await?.map(Self).ok_or(Failure::NotFound("tenant"))
    }
}
