//! What Duffel has besides searches: checking a price, ordering, paying for what is held, looking after an order.

use domain::money::Money;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Duffel, Offer, SOURCE, Wrapped, money, total};
use crate::{
    Asking, Booked, BookingError, BookingRequest, BookingState, CancelQuote, Desk, PriceCheck, PriceState, Says, SourceError,
    booking::{Gender, Payment, Refusal, Refusals, Title, Traveller},
    calls::{Bookings, Calls},
    error::is_code,
    read::{encoded, reference},
};

/// The codes by which an order is refused: the first two as the vendor's change log explains them, the others as public clients know
/// them.
const REFUSALS: Refusals = &[
    ("price_changed", Refusal::PriceChanged),
    ("offer_no_longer_available", Refusal::Gone),
    ("offer_expired", Refusal::Gone),
    (UNKNOWN, Refusal::Gone),
    ("offer_request_already_booked", Refusal::AlreadyThere),
];

/// What is said of an offer that is not known there, any more or at all: nobody can book it, but whether it was ever sold is not told.
const UNKNOWN: &str = "not_found";

/// The codes by which a payment is refused, as the vendor's reference has them.
const PAYMENT_REFUSALS: Refusals = &[
    ("price_changed", Refusal::PriceChanged),
    ("payment_amount_does_not_match_order_amount", Refusal::PriceChanged),
    ("past_payment_required_by_date", Refusal::Gone),
    ("already_cancelled", Refusal::Gone),
    ("already_paid", Refusal::AlreadyThere),
];

/// Under what name our reference stands in an order's metadata.
const OURS: &str = "reference";

/// Whether a reference is one of an offer, such as `off_0000AJxTClVUzW00xSuZmA`.
pub fn is_offer(reference: &str) -> bool {
    let is_id =
        |id: &str| (1..=96).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    reference.strip_prefix("off_").is_some_and(is_id)
}

fn is_unknown(error: &SourceError) -> bool {
    matches!(error, SourceError::Rejected { code: Some(code), .. } if code == UNKNOWN)
}

impl Duffel {
    /// Asks for the offer, whose passengers an order names, and orders it.
    async fn order(&self, asking: &Asking<'_>, request: &BookingRequest) -> Result<Booked, BookingError> {
        let before = |error| BookingError::before(error, REFUSALS);
        let offer = request.item.offer().ok_or_else(BookingError::not_offered)?;
        let asked = self.get(&format!("/air/offers/{}", encoded(offer))).map_err(before)?;
        let calls = Calls::by(asking, SOURCE, "offer");
        let terms = parse_terms(&calls.send(asked).await.map_err(before)?).map_err(before)?;
        if terms.data.expires_at.is_some_and(|expiry| expiry <= calls.now) {
            return Err(BookingError::Gone);
        }
        let body = order(request, &terms.data)?;
        let ordered = self.post("/air/orders", body.to_string()).map_err(before)?;
        let calls = Calls::of_booking(asking, SOURCE, "orders");
        calls.book(ordered, REFUSALS, |answer| parse_order(answer.body()).map_err(BookingError::sent)).await
    }

    /// Asks what the order costs by now, and pays that if it is what was agreed to. What is paid already is not paid again.
    async fn payment(&self, asking: &Asking<'_>, request: &BookingRequest, held: &str) -> Result<BookingState, BookingError> {
        let booked = self.status(asking, held).await.map_err(BookingError::Refused)?;
        match booked.state {
            Some(BookingState::Pending) => {}
            Some(BookingState::Confirmed) => return Ok(BookingState::Confirmed),
            Some(BookingState::Cancelled | BookingState::Rejected) | None => return Err(BookingError::Gone),
        }
        let total = booked.total.ok_or(BookingError::Refused(SourceError::Malformed))?;
        request.agrees(total)?;
        let payment = json!({"type": "balance", "amount": total.amount().to_string(), "currency": total.currency()});
        let body = json!({"data": {"order_id": booked.reference, "payment": payment}});
        let post = self.post("/air/payments", body.to_string()).map_err(BookingError::Refused)?;
        let calls = Calls::of_booking(asking, SOURCE, "payments");
        calls.book(post, PAYMENT_REFUSALS, |answer| parse_payment(answer.body()).map_err(BookingError::sent)).await
    }
}

impl Desk for Duffel {
    /// By the reference of an offer.
    fn book<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> Says<'a, Booked, BookingError> {
        Box::pin(self.order(asking, request))
    }

    /// Among the orders of whoever books.
    fn find<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> Says<'a, Option<Booked>> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "orders-list");
            let name = encoded(request.lead.family_name.told());
            let page = |after: Option<&str>| {
                let after = after.map(|after| format!("&after={}", encoded(after))).unwrap_or_default();
                self.get(&format!("/air/orders?passenger_name%5B%5D={name}&limit=50{after}"))
            };
            calls.find(&request.reference, page, parse_orders).await
        })
    }

    fn check<'a>(&'a self, asking: &'a Asking<'a>, reference: &'a str) -> Says<'a, PriceCheck> {
        Box::pin(async move {
            is_offer(reference).then_some(()).ok_or(SourceError::NotOffered)?;
            let calls = Calls::by(asking, SOURCE, "offer");
            match calls.send(self.get(&format!("/air/offers/{}", encoded(reference)))?).await {
                Ok(body) => parse_price(&body, calls.now),
                Err(error) if !is_unknown(&error) && BookingError::before(error.clone(), REFUSALS) == BookingError::Gone => {
                    Ok(PriceCheck { state: PriceState::SoldOut, total: None, book_by: None, until: None })
                }
                Err(error) => Err(error),
            }
        })
    }

    fn status<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> Says<'a, Booked> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "order");
            parse_order(&calls.send(self.get(&format!("/air/orders/{}", encoded(booking)))?).await?)
        })
    }

    /// By the reference of an order that is held.
    fn pay<'a>(
        &'a self,
        asking: &'a Asking<'a>,
        request: &'a BookingRequest,
        held: &'a str,
    ) -> Says<'a, BookingState, BookingError> {
        Box::pin(self.payment(asking, request, held))
    }

    /// It leaves a pending cancellation there, which does nothing: asking again leaves another in its place.
    fn cancel_quote<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> Says<'a, CancelQuote> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "order-cancellations");
            let post = self.post("/air/order_cancellations", json!({"data": {"order_id": booking}}).to_string())?;
            parse_cancel_quote(&calls.send(post).await?, calls.now)
        })
    }

    /// By the reference of a quote.
    fn cancel<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> Says<'a, ()> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "order-cancellations-confirm");
            let post = self.post(&format!("/air/order_cancellations/{}/actions/confirm", encoded(booking)), "")?;
            parse_confirmed(calls.send_once(post).await?.body())
        })
    }
}

/// An offer, as far as an order needs it.
#[derive(Debug, Deserialize)]
struct Terms {
    id: String,
    total_amount: String,
    total_currency: String,
    expires_at: Option<Timestamp>,
    passengers: Vec<Named>,
    payment_requirements: Option<PaymentRequirements>,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: String,
}

#[derive(Debug, Deserialize)]
struct PaymentRequirements {
    requires_instant_payment: Option<bool>,
}

#[derive(Deserialize)]
struct Order {
    id: String,
    total_amount: Option<String>,
    total_currency: Option<String>,
    cancelled_at: Option<Timestamp>,
    payment_status: Option<PaymentStatus>,
    metadata: Option<Value>,
}

#[derive(Deserialize)]
struct Meta {
    after: Option<String>,
}

#[derive(Deserialize)]
struct PaymentStatus {
    awaiting_payment: Option<bool>,
}

/// A payment. Older answers say no status: it was made then.
#[derive(Deserialize)]
struct Paid {
    id: String,
    status: Option<String>,
    failure_reason: Option<String>,
}

#[derive(Deserialize)]
struct OrderCancellation {
    id: String,
    order_id: String,
    refund_amount: Option<String>,
    refund_currency: Option<String>,
    refund_to: Option<String>,
    expires_at: Option<Timestamp>,
    confirmed_at: Option<Timestamp>,
}

/// Reads the price of one offer, priced anew: what the whole party pays.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed, or names a price that can't be.
pub fn parse_price(body: &[u8], now: Timestamp) -> Result<PriceCheck, SourceError> {
    let Wrapped { data } = serde_json::from_slice::<Wrapped<Offer>>(body).map_err(|_| SourceError::Malformed)?;
    let total = total(&data).map_err(|_| SourceError::Malformed)?;
    if total.is_negative() || total.amount().is_zero() {
        return Err(SourceError::Malformed);
    }
    // Whether it is another price than before, the caller knows, who has that one.
    let gone = data.expires_at.is_some_and(|expiry| expiry <= now);
    let state = if gone { PriceState::SoldOut } else { PriceState::Available };
    let book_by = reference(data.id).map_err(|_| SourceError::Malformed)?;
    Ok(PriceCheck { state, total: Some(total), book_by: Some(book_by), until: data.expires_at })
}

/// Reads an order. Nothing of the passengers is read. A `cancelled_at` decides; an order that awaits payment is held.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_order(body: &[u8]) -> Result<Booked, SourceError> {
    let Wrapped { data } = serde_json::from_slice::<Wrapped<Order>>(body).map_err(|_| SourceError::Malformed)?;
    booked(data)
}

/// Reads a page of orders.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_orders(body: &[u8]) -> Result<Bookings, SourceError> {
    #[derive(Deserialize)]
    struct Orders {
        data: Vec<Order>,
        meta: Option<Meta>,
    }
    let Orders { data, meta } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let bookings = data.into_iter().map(booked).collect::<Result<_, _>>()?;
    Ok(Bookings { bookings, next: meta.and_then(|meta| meta.after) })
}

fn booked(order: Order) -> Result<Booked, SourceError> {
    let stated = order.total_amount.zip(order.total_currency);
    let total = stated.map(|(amount, code)| money(&amount, &code)).transpose().map_err(|_| SourceError::Malformed)?;
    let state = match (order.cancelled_at, order.payment_status.and_then(|status| status.awaiting_payment)) {
        (Some(_), _) => BookingState::Cancelled,
        (None, Some(true)) => BookingState::Pending,
        (None, Some(false) | None) => BookingState::Confirmed,
    };
    let reference = reference(order.id).map_err(|_| SourceError::Malformed)?;
    Ok(Booked {
        state: Some(state),
        total,
        status_by: Some(reference.clone()),
        // That of a quote, which comes first.
        cancel_by: None,
        pay_by: (state == BookingState::Pending).then(|| reference.clone()),
        cancellation: None,
        ours: order.metadata.and_then(|metadata| Some(metadata.get(OURS)?.as_str()?.to_owned())),
        reference,
    })
}

/// Reads what became of a payment.
///
/// # Errors
/// [`SourceError::Rejected`] if it failed; [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_payment(body: &[u8]) -> Result<BookingState, SourceError> {
    let Wrapped { data } = serde_json::from_slice::<Wrapped<Paid>>(body).map_err(|_| SourceError::Malformed)?;
    reference(data.id).map_err(|_| SourceError::Malformed)?;
    match data.status.as_deref() {
        Some("succeeded") | None => Ok(BookingState::Confirmed),
        Some("pending") => Ok(BookingState::Pending),
        Some("failed" | "cancelled") => {
            Err(SourceError::Rejected { status: 200, code: data.failure_reason.filter(|code| is_code(code)) })
        }
        Some(_) => Err(SourceError::Malformed),
    }
}

fn cancellation(body: &[u8]) -> Result<OrderCancellation, SourceError> {
    let Wrapped { data } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    Ok(data)
}

/// Reads what cancelling would bring back. A voucher and a credit with an airline are no money.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_cancel_quote(body: &[u8], now: Timestamp) -> Result<CancelQuote, SourceError> {
    let quote = cancellation(body)?;
    let in_money = !matches!(quote.refund_to.as_deref(), Some("voucher" | "airline_credits"));
    let stated = quote.refund_amount.zip(quote.refund_currency).filter(|_| in_money);
    let refund = stated.map(|(amount, code)| money(&amount, &code)).transpose().map_err(|_| SourceError::Malformed)?;
    if refund.is_some_and(Money::is_negative) {
        return Err(SourceError::Malformed);
    }
    let possible = quote.confirmed_at.is_none() && quote.expires_at.is_none_or(|expiry| expiry > now);
    let cancel_by = reference(quote.id).map_err(|_| SourceError::Malformed)?;
    Ok(CancelQuote {
        reference: reference(quote.order_id).map_err(|_| SourceError::Malformed)?,
        possible,
        refund,
        cancel_by: possible.then_some(cancel_by),
        until: quote.expires_at,
    })
}

/// Reads a cancellation that was confirmed.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed, or is not confirmed.
pub fn parse_confirmed(body: &[u8]) -> Result<(), SourceError> {
    cancellation(body)?.confirmed_at.map(|_| ()).ok_or(SourceError::Malformed)
}

fn parse_terms(body: &[u8]) -> Result<Wrapped<Terms>, SourceError> {
    serde_json::from_slice(body).map_err(|_| SourceError::Malformed)
}

/// The order of an offer, if it is still what was agreed to.
fn order(request: &BookingRequest, terms: &Terms) -> Result<Value, BookingError> {
    let now = money(&terms.total_amount, &terms.total_currency).map_err(|_| BookingError::Refused(SourceError::Malformed))?;
    request.agrees(now)?;
    let instant = terms.payment_requirements.as_ref().and_then(|required| required.requires_instant_payment);
    let (kind, payments) = match (request.payment, instant) {
        (Payment::Account, _) => {
            ("instant", json!([{"type": "balance", "amount": terms.total_amount, "currency": terms.total_currency}]))
        }
        (Payment::Hold, Some(false)) => ("hold", Value::Null),
        (Payment::Hold, Some(true) | None) | (Payment::AtProperty, _) => return Err(BookingError::not_offered()),
    };
    let travellers = request.travellers();
    if travellers.len() != terms.passengers.len() {
        return Err(BookingError::not_offered());
    }
    let passengers = travellers.zip(&terms.passengers).map(|(one, named)| passenger(request, one, &named.id));
    let passengers = passengers.collect::<Option<Vec<Value>>>().ok_or_else(BookingError::not_offered)?;
    let mut order = json!({
        "type": kind,
        "selected_offers": [terms.id],
        "passengers": passengers,
        "metadata": {OURS: request.reference},
    });
    if !payments.is_null() {
        order["payments"] = payments;
    }
    Ok(json!({"data": order}))
}

/// A passenger, with the contact of whoever books: airlines reach all of them there.
fn passenger(request: &BookingRequest, traveller: &Traveller, id: &str) -> Option<Value> {
    let flyer = traveller.flyer.as_ref()?.told();
    let title = match flyer.title {
        Title::Mr => "mr",
        Title::Ms => "ms",
        Title::Mrs => "mrs",
        Title::Miss => "miss",
        Title::Dr => "dr",
    };
    let gender = match flyer.gender {
        Gender::Female => "f",
        Gender::Male => "m",
    };
    Some(json!({
        "id": id,
        "title": title,
        "gender": gender,
        "given_name": traveller.given_name.told(),
        "family_name": traveller.family_name.told(),
        "born_on": flyer.born_on,
        "email": request.contact.email.told(),
        "phone_number": request.contact.phone.told().to_string(),
    }))
}
