//! `POST /v1/auth/check-handle`

use axum::extract::State;
use domain::{
    identity::Handle,
    inputs::{Fields, Input, leaf},
};
use platform::{Answer, Deps, Endpoint, Limit, Problems, PublicCommand, Reply};
use serde::Serialize;
use storage::{Entity, HandleOf};
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Says whether to sign up or to sign in.
pub static FUNCTION: Endpoint = Endpoint::public("identity-check-handle", || routes!(check_handle))
    .may(&[HandleOf::READ])
    .limited(Limit::attempts("check-handle", &["handle"]));

/// A handle.
#[derive(Debug, ToSchema)]
pub struct CheckHandle {
    handle: Handle,
}

impl Input for CheckHandle {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { handle: fields.required("handle", leaf)? })
    }
}

/// What to do with a handle.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandleChecked {
    #[schema(inline)]
    next: Next,
}

/// What comes next.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Next {
    /// Someone has it: they sign in.
    SignIn,
    /// Nobody does: one signs up.
    SignUp,
}

/// Says whether to sign up or to sign in
///
/// Handles are public. Whether an address is known is told to nobody.
#[utoipa::path(
    post,
    path = "/v1/auth/check-handle",
    tag = "identity",
    request_body = CheckHandle,
    responses((status = 200, body = HandleChecked), Problems)
)]
async fn check_handle(State(cx): State<Deps>, command: PublicCommand<CheckHandle>) -> Reply<HandleChecked> {
    let owner = cx.store().owner_of_handle(&command.tenant, &command.input.handle).await?;
    Ok(Answer::ok(HandleChecked { next: if owner.is_some() { Next::SignIn } else { Next::SignUp } }))
}
