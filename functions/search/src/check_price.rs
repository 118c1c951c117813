//! `POST /v1/search/check`

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use domain::{
    caching::TRY_AGAIN,
    faults::{Check, Faults},
    flights::SourceId,
    identity::Role,
    inputs::{Asked, Fields, between, leaf, object},
    money::Money,
    search::MAX_TRAVELLERS,
    sources::Vertical,
};
use jiff::{Timestamp, civil::Date};
use platform::{Answer, Caller, Deps, Endpoint, Failure, Inquiry, Limit, Problems, Reply};
use providers::{
    Asking, Desk, PriceCheck, PriceState, Serving, SourceError, duffel, expedia_rapid, guard, registry::lines, serving, sources,
};
use serde::Serialize;
use storage::Grant;
use utoipa::ToSchema;
use utoipa_axum::routes;

/// Checks the price of one offer.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "search-check-price", || routes!(check_price))
    .asks()
    .limited(Limit::SEARCHES)
    .memory(512)
    .may(&[Grant::Call(duffel::SOURCE), Grant::Call(expedia_rapid::SOURCE)])
    .may_also(&[guard::GRANTS]);

/// The sources that can be asked whether a price holds. The others' references do not say all that a price depends on: that of Viator's, for
/// one, is of a product on all of its days.
const CHECKING: [&str; 2] = [duffel::SOURCE, expedia_rapid::SOURCE];
/// How long a member waits for the source.
const WITHIN: Duration = Duration::from_secs(7);
/// The longest reference: some are links.
const LONGEST: usize = 2_000;

/// Whether the price of an offer still holds is wanted.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "source": "duffel",
    "reference": "off_LAX-DXB-2026-04-27-UA2096-UA164-economy",
    "price": {"amount": "376.00", "currency": "USD"}
}))]
pub struct CheckPrice {
    /// The source of the offer.
    source: SourceId,
    /// What the source calls it, as the search has shown it.
    reference: String,
    /// What was to be paid, as the search has shown it: for a flight by each traveller, for a stay by all guests together. Without
    /// it, nothing is said to have changed that the source does not say has.
    #[schema(required = false)]
    price: Option<Money>,
    /// How many the flight was asked for, 1 to 9; 1 if not given. It makes no difference to a stay.
    #[schema(required = false, minimum = 1, maximum = 9)]
    travellers: u8,
}

impl Asked for CheckPrice {
    fn read(fields: &mut Fields<'_>, _: Date) -> Option<Self> {
        let source = fields.required::<SourceId>("source", leaf);
        let (reference, price) = (fields.required::<String>("reference", leaf), fields.given("price", object));
        let travellers = fields.given("travellers", between::<1, MAX_TRAVELLERS>);
        let mut check = Check::new();
        let is_known = source.as_ref().is_none_or(|source| sources::source(source.as_str()).is_some());
        let checks = source.as_ref().is_none_or(|source| CHECKING.contains(&source.as_str()));
        let checking = format!("this source checks no prices: {} do", CHECKING.join(" and "));
        check.that(is_known, "/source", "unknown", "no source is called that").that(
            checks || !is_known,
            "/source",
            "not-offered",
            checking,
        );
        let asks = price.flatten().is_none_or(Money::is_asked);
        check.that(asks, "/price/amount", "out-of-range", "must be more than nothing: it is what the search has shown");
        let of = source.as_ref().map(SourceId::as_str).unwrap_or_default();
        let is_one = reference.as_deref().is_none_or(|reference| is_reference(of, reference));
        check.that(is_one, "/reference", "invalid", "what the source calls the offer");
        fields.check(check);
        Some(Self { source: source?, reference: reference?, price: price?, travellers: travellers?.unwrap_or(1) })
    }
}

/// What the source says to it now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckedPrice {
    source: SourceId,
    state: Holds,
    /// All that has to be paid now, for the whole party; none, if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Money>,
    /// Until when it can be booked at this price, where the source says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// Whether a price holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Holds {
    Available,
    Changed,
    SoldOut,
}

impl From<PriceState> for Holds {
    fn from(state: PriceState) -> Self {
        match state {
            PriceState::Available => Self::Available,
            PriceState::Changed => Self::Changed,
            PriceState::SoldOut => Self::SoldOut,
        }
    }
}

/// Checks whether a price still holds
///
/// Asks the source of an offer, right now. Nothing is booked or held by it. Duffel and Expedia can be asked by the reference of an offer
/// alone. Viator's is that of a product, whose price depends on day, option and party: it is checked when it is booked.
#[utoipa::path(
    post,
    path = "/v1/search/check",
    tag = "search",
    request_body = CheckPrice,
    responses((status = 200, body = CheckedPrice), Problems)
)]
async fn check_price(State(cx): State<Deps>, inquiry: Inquiry<CheckPrice>) -> Reply<CheckedPrice> {
    let Inquiry { caller, input: CheckPrice { source, reference, price, travellers } } = inquiry;
    let serving = serving_of(&cx, &caller, &source).await?;
    let asking = Asking::within(&serving.outside, cx.now(), WITHIN);
    let check = serving.adapter.check(&asking, &reference).await;
    serving.outside.tell().await;
    let check = check.map_err(|error| unchecked(&cx, &error))?;
    let shares = match serving.source.vertical {
        Vertical::Flights => travellers,
        Vertical::Stays | Vertical::Activities => 1,
    };
    in_its_currency(price, &check)?;
    let PriceCheck { state, total, until, .. } = check.against(price, shares);
    Ok(Answer::ok(CheckedPrice { source, state: state.into(), total, until }))
}

/// Refuses a price in another currency than the source's: it is none that a search has shown, and nothing has changed.
fn in_its_currency(shown: Option<Money>, check: &PriceCheck) -> Result<(), Faults> {
    let Some((shown, total)) = shown.zip(check.total).filter(|_| check.state != PriceState::SoldOut) else { return Ok(()) };
    let holds = shown.currency() == total.currency();
    let rule = format!("the source asks for it in {}", total.currency());
    let mut verdict = Check::new();
    verdict.that(holds, "/price/currency", "another-currency", rule);
    verdict.done()
}

/// Why a source that is known here is not asked.
const SWITCHED_OFF: &str = "This source is switched off here. Search again for what others sell.";
const NO_KEY: &str = "There is no key of this source here. Search again for what others sell.";

/// Whether a text can be what a source calls an offer.
fn is_reference(source: &str, text: &str) -> bool {
    let is_one = match source {
        duffel::SOURCE => duffel::is_offer(text),
        expedia_rapid::SOURCE => expedia_rapid::checks_a_price(text),
        _ => !text.is_empty(),
    };
    is_one && text.len() <= LONGEST && !text.contains(char::is_control)
}

/// The source, with the key that it is asked with for the caller's tenant.
async fn serving_of(cx: &Deps, caller: &Caller, source: &SourceId) -> Result<Serving<Arc<dyn Desk>>, Failure> {
    let known = sources::source(source.as_str()).ok_or(Failure::NotFound("provider"))?;
    let all = serving(cx, caller.tenant(), known.vertical, None).await?;
    if let Some(serving) = all.into_iter().find(|serving| serving.source.id == known.id) {
        return Ok(serving);
    }
    let lines = lines(cx, caller.tenant()).await?;
    let is_on = lines.iter().any(|line| line.source.id == known.id && line.serves(None));
    Err(Failure::Conflict("not-offered", if is_on { NO_KEY } else { SWITCHED_OFF }.to_owned()))
}

/// What a member is told where there is no answer. Never that it is gone.
fn unchecked(cx: &Deps, error: &SourceError) -> Failure {
    match error {
        SourceError::Rejected { .. } | SourceError::NotOffered => Failure::NotFound("offer"),
        SourceError::Unauthorized
        | SourceError::Forbidden
        | SourceError::RateLimited { .. }
        | SourceError::Unavailable(_)
        | SourceError::Malformed
        | SourceError::TooLarge
        | SourceError::Timeout
        | SourceError::Unreachable
        | SourceError::Undeclared
        | SourceError::LeftAlone { .. }
        | SourceError::LimitReached { .. }
        | SourceError::QuotaUsedUp { .. }
        | SourceError::BudgetUsedUp { .. }
        | SourceError::RepeatedEnough
        | SourceError::Uncounted => {
            Failure::TryLater("sources-unavailable", cx.now().saturating_add(TRY_AGAIN).unwrap_or(Timestamp::MAX))
        }
    }
}
