//! `POST /v1/auth/logout`

use axum::extract::State;
use domain::{
    identity::{
        sessions::{RefreshToken, Session},
        sign_ins::Credential,
    },
    ids::TenantId,
    inputs::{Fields, Input, leaf},
};
use platform::{Answer, Deps, Endpoint, Failure, Limit, Problems, Renewal, Reply, Way, web::Cookie};
use storage::{Change, Entity};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::shown::{Found, end, found};

/// Signs out.
pub static FUNCTION: Endpoint = Endpoint::public("identity-log-out", || routes!(log_out))
    .may(&[Session::READ, Session::WRITE, Credential::READ, Credential::WRITE])
    .limited(Limit::renewals("log-out", "refreshToken"));

/// A refresh token, and whether to sign out everywhere.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct LogOut {
    refresh_token: RefreshToken,
    /// Every session of the member, not this one alone.
    #[schema(required = false)]
    everywhere: bool,
}

impl Input for LogOut {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (refresh_token, everywhere) = (fields.required("refreshToken", leaf), fields.given("everywhere", leaf));
        Some(Self { refresh_token: refresh_token?, everywhere: everywhere?.unwrap_or(false) })
    }
}

/// Signs out
///
/// Of this session or of all. Access tokens that were given are good until they end, a quarter of an hour later at most. A token
/// of no session is signed out already, and so is a page without cookies. A page sends no token: its cookie has it, and is taken away.
#[utoipa::path(
    post,
    path = "/v1/auth/logout",
    tag = "identity",
    request_body = LogOut,
    responses((status = 204, description = "Signed out"), Problems)
)]
async fn log_out(State(cx): State<Deps>, renewal: Renewal<LogOut>) -> Reply<()> {
    let Renewal { tenant, input, way } = renewal;
    if let Some(input) = input {
        leave(&cx, &tenant, &input).await?;
    }
    let forgotten = match way {
        Way::App => None,
        Way::Web => Some(Cookie::of_none()),
    };
    Ok(Answer::nothing().cookies(forgotten.into_iter().flatten()))
}

async fn leave(cx: &Deps, tenant: &TenantId, input: &LogOut) -> Result<(), Failure> {
    match found(cx, tenant, &input.refresh_token).await? {
        Found::Current { session, mut credential } if input.everywhere => {
            credential.end_sessions();
            cx.store().commit(Change::new().forget(&session).update(&mut credential)).await?;
        }
        Found::Current { session, .. } | Found::Old(session) => end(cx, &session).await?,
        Found::None => {}
    }
    Ok(())
}
