//! `PUT /v1/me/balances`

use axum::extract::State;
use domain::{
    funding::Balances,
    identity::Role,
    inputs::{Fields, Input},
    money::Points,
    tables,
    time::to_second,
    wallets::Wallet,
};
use platform::{Answer, Command, Deps, Endpoint, IfMatch, Problems, Reply};
use storage::{Change, Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Keeps what members have.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-put-balances", || routes!(put_balances))
    .may(&[MemberKey::READ, Wallet::READ, Wallet::WRITE, Grant::UseKeys])
    .goes_by(&[tables::values]);

/// All that the caller has.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"balances": {"chase-ur": 80_000, "hyatt": 12_000}}))]
pub struct PutBalances {
    /// Points by programme, at most 100 of them.
    #[schema(value_type = std::collections::BTreeMap<String, Points>)]
    balances: Balances,
}

impl Input for PutBalances {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Balances::read(fields).map(|balances| Self { balances })
    }
}

/// Replaces the caller's balances
///
/// All of them, as they are now: what is not given is no longer there. Transfers that are confirmed and awards that are booked
/// from then on are taken off them. What was transferred for a booking stays held for it until that is over. The answer does not
/// repeat them: what is answered is kept for when the request is repeated, and balances are kept sealed only.
#[utoipa::path(
    put,
    path = "/v1/me/balances",
    tag = "value",
    params(
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = PutBalances,
    responses((status = 204, description = "Kept; the tag is the new version"), Problems)
)]
async fn put_balances(State(cx): State<Deps>, if_match: IfMatch, command: Command<PutBalances>) -> Reply<()> {
    let owner = &command.caller.owner;
    let known = cx.store().wallet(owner).await?;
    let (held, given_up, version) = known.map_or_else(Default::default, |known| (known.held, known.given_up, known.version));
    if_match.check(version)?;
    let balances = cx.vault().key_of(owner).await?.seal(&Wallet::BALANCES, &command.input.balances)?;
    let said_at = Some(to_second(cx.now()));
    let mut wallet = Wallet { owner: owner.clone(), balances, said_at, held, given_up, version };
    let change = Change::new().save(&mut wallet);
    let answer = Answer::nothing().version(wallet.version);
    cx.commit(&command.request, change, answer).await.map_err(|failure| if_match.settle(failure))
}
