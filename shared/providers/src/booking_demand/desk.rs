//! What Booking.com has besides searches: ordering, looking after an order.

use domain::flights::Untrusted;
use domain::money::{Currency, Money};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};

use super::{BookingDemand, Currencies, Metadata, Price, Reading, SOURCE};
use crate::{
    Asking, Booked, BookingError, BookingRequest, BookingState, Desk, PriceCheck, PriceState, Says, SourceError,
    booking::{Bookable, Payment as Paid, known},
    calls::{Bookings, Calls},
    read::{Amount, Id, currency, long_reference, reference},
};

impl BookingDemand {
    /// Previews an order, and makes it if its price is the one agreed to.
    async fn order(&self, asking: &Asking<'_>, request: &BookingRequest) -> Result<Booked, BookingError> {
        let before = BookingError::Refused;
        if request.payment != Paid::AtProperty {
            return Err(BookingError::not_offered());
        }
        let calls = Calls::by(asking, SOURCE, "orders-preview");
        let asked = self.post("/orders/preview", &preview(request)?).map_err(before)?;
        let preview = read_preview(&calls.send(asked).await.map_err(before)?).map_err(before)?;
        let check = preview.check(calls.now).map_err(before)?;
        let (Some(total), Some(token)) = (check.total, check.book_by) else { return Err(BookingError::Gone) };
        request.agrees(total)?;
        if !preview.needs_no_card() {
            return Err(BookingError::not_offered());
        }
        let post = self.post("/orders/create", &order(request, &token)?).map_err(before)?;
        let calls = Calls::of_booking(asking, SOURCE, "orders-create");
        let booked = calls.book(post, &[], |answer| parse_created(answer.body()).map_err(BookingError::sent)).await?;
        Ok(Booked { total: Some(total), ours: Some(request.reference.as_str().to_owned()), ..booked })
    }
}

impl Desk for BookingDemand {
    /// A room, to be paid at the property.
    fn book<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> Says<'a, Booked, BookingError> {
        Box::pin(self.order(asking, request))
    }

    /// Among the orders of the last day, by their label.
    fn find<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> Says<'a, Option<Booked>> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "orders-details");
            let from = calls.now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(calls.now);
            let ask = |page: Option<&str>| {
                let first = json!({
                    "created": {"from": from},
                    "currency": request.price.currency(),
                    "services": ["accommodations"],
                    "sort": {"by": "created", "direction": "descending"},
                });
                self.post("/orders/details", &page.map_or(first, |page| json!({"page": page})))
            };
            calls.find(&request.reference, ask, parse_orders).await
        })
    }

    /// By the number of the reservation.
    fn status<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> Says<'a, Booked> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "orders-details");
            // What is read is in the property's own currency, whichever is named here.
            let body = json!({"reservations": [booking], "currency": Currency::EUR, "services": ["accommodations"]});
            let orders = parse_orders(&calls.send(self.post("/orders/details", &body)?).await?)?;
            let booked = orders.bookings.into_iter().find(|one| one.reference == booking);
            booked.ok_or(SourceError::Rejected { status: 404, code: None })
        })
    }

    /// By the number of the order.
    fn cancel<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> Says<'a, ()> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "orders-cancel");
            let post = self.post("/orders/cancel", &json!({"accommodation": {"order": booking, "reason": REASON}}))?;
            parse_cancel(calls.send_once(post).await?.body())
        })
    }
}

/// Why an order is cancelled, in words, as the vendor wants it: who asks us does not say why.
const REASON: &str = "The guest will not come.";

/// The question what an order would cost.
fn preview(request: &BookingRequest) -> Result<Value, BookingError> {
    let Bookable::Stay { property, offer, checkin, checkout, guests } = &request.item else {
        return Err(BookingError::not_offered());
    };
    let property: i64 = property.parse().map_err(|_| BookingError::not_offered())?;
    Ok(json!({
        "currency": request.price.currency(),
        "accommodation": {
            "id": property,
            "booker": {"country": country(request), "platform": "mobile"},
            "checkin": checkin,
            "checkout": checkout,
            "products": [{
                "id": offer,
                "allocation": {"number_of_adults": guests.adults, "children": guests.child_ages},
            }],
        },
    }))
}

/// As the vendor writes countries.
fn country(request: &BookingRequest) -> String {
    request.contact.address.told().country.as_str().to_ascii_lowercase()
}

/// The body of an order.
fn order(request: &BookingRequest, token: &str) -> Result<Value, BookingError> {
    let offer = request.item.offer().ok_or_else(BookingError::not_offered)?;
    let (contact, lead) = (&request.contact, &request.lead);
    let (address, country) = (contact.address.told(), country(request));
    let email = contact.email.told();
    let name = |given: &str, family: &str| format!("{given} {family}");
    let guests = request
        .travellers()
        .map(|guest| json!({"email": email, "name": name(guest.given_name.told(), guest.family_name.told())}));
    Ok(json!({
        "order_token": token,
        "booker": {
            "name": {"first_name": lead.given_name.told(), "last_name": lead.family_name.told()},
            "email": email,
            "telephone": contact.phone.told().to_string(),
            "language": "en-us",
            "address": known([
                ("address_line", address.line.as_deref()),
                ("city", address.city.as_deref()),
                ("post_code", address.postal_code.as_deref()),
                ("country", Some(&country)),
            ]),
        },
        "accommodation": {
            "label": request.reference,
            "products": [{"id": offer, "guests": guests.collect::<Vec<Value>>()}],
        },
        "payment": {"timing": "pay_at_the_property"},
    }))
}

#[derive(Deserialize)]
struct Previewed {
    data: PreviewData,
}

#[derive(Deserialize)]
struct PreviewData {
    accommodation: PreviewOf,
    order_token: Option<String>,
}

#[derive(Deserialize)]
struct PreviewOf {
    currency: Currencies,
    general_policies: Option<GeneralPolicies>,
    price: Price,
    products: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct GeneralPolicies {
    payment: Option<Timings>,
}

#[derive(Deserialize)]
struct Timings {
    pay_at_the_property: Option<AtTheProperty>,
}

#[derive(Deserialize)]
struct AtTheProperty {
    method_required: Option<bool>,
}

/// How long a token of a preview can be ordered by.
const TOKEN_HOLDS: SignedDuration = SignedDuration::from_mins(15);

impl PreviewData {
    /// The price, and what it is ordered by.
    fn check(&self, now: Timestamp) -> Result<PriceCheck, SourceError> {
        let of = &self.accommodation;
        if of.products.is_empty() {
            return Ok(PriceCheck { state: PriceState::SoldOut, total: None, book_by: None, until: None });
        }
        let read = || {
            let total = of.price.total.ok_or(Untrusted::Price)?;
            Reading::of(&of.currency, total)?.money(total)
        };
        let total = read().ok().filter(|total| !total.is_negative() && !total.amount().is_zero());
        let token = self.order_token.clone().and_then(|token| long_reference(token).ok());
        Ok(PriceCheck {
            state: PriceState::Available,
            total: Some(total.ok_or(SourceError::Malformed)?),
            book_by: Some(token.ok_or(SourceError::Malformed)?),
            until: now.checked_add(TOKEN_HOLDS).ok(),
        })
    }

    /// Whether the guest can pay there without a card as security.
    fn needs_no_card(&self) -> bool {
        let payment = self.accommodation.general_policies.as_ref().and_then(|policies| policies.payment.as_ref());
        let there = payment.and_then(|payment| payment.pay_at_the_property.as_ref());
        there.and_then(|there| there.method_required) == Some(false)
    }
}

fn read_preview(body: &[u8]) -> Result<PreviewData, SourceError> {
    let Previewed { data } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    Ok(data)
}

/// Reads the preview of an order: what it costs, and what it is ordered by.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed, or names a price that can't be.
pub fn parse_preview(body: &[u8], now: Timestamp) -> Result<PriceCheck, SourceError> {
    read_preview(body)?.check(now)
}

#[derive(Deserialize)]
struct Created {
    data: CreatedOrder,
}

#[derive(Deserialize)]
struct CreatedOrder {
    order: Option<Id>,
    accommodation: Reserved,
}

#[derive(Deserialize)]
struct Reserved {
    reservation: Id,
}

/// Reads an order that was made. How far it is, it does not say.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_created(body: &[u8]) -> Result<Booked, SourceError> {
    let Created { data } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    Ok(Booked { cancel_by: numbered(data.order)?, ..booked(data.accommodation.reservation, None, None, None)? })
}

/// The number of an order.
fn numbered(order: Option<Id>) -> Result<Option<String>, SourceError> {
    order.map(|order| reference(order.0)).transpose().map_err(|_| SourceError::Malformed)
}

fn booked(
    reservation: Id,
    state: Option<BookingState>,
    total: Option<Money>,
    ours: Option<String>,
) -> Result<Booked, SourceError> {
    let reference = reference(reservation.0).map_err(|_| SourceError::Malformed)?;
    Ok(Booked {
        state,
        total,
        status_by: Some(reference.clone()),
        cancel_by: None,
        pay_by: None,
        cancellation: None,
        ours,
        reference,
    })
}

#[derive(Deserialize)]
struct Orders {
    data: Vec<Detailed>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Detailed {
    id: Option<Id>,
    status: Option<String>,
    label: Option<String>,
    accommodations: Option<Reserved>,
    currencies: Option<OrderCurrencies>,
    price: Option<OrderPrice>,
}

#[derive(Deserialize)]
struct OrderCurrencies {
    product: Option<String>,
}

#[derive(Deserialize)]
struct OrderPrice {
    total_price: Option<InTwo>,
}

#[derive(Deserialize)]
struct InTwo {
    product_currency: Option<Amount>,
}

/// Reads a page of orders, of which those of accommodations are kept. Nothing of the guests is read.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_orders(body: &[u8]) -> Result<Bookings, SourceError> {
    let Orders { data, metadata } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let mut bookings = Vec::with_capacity(data.len());
    for order in data {
        let Some(reserved) = order.accommodations else { continue };
        let amount = order.price.and_then(|price| price.total_price?.product_currency);
        let stated = amount.zip(order.currencies.and_then(|currencies| currencies.product));
        let total = stated.map(|(amount, code)| amount.money(currency(&code)?)).transpose();
        let state = order.status.as_deref().and_then(state);
        let booked = booked(reserved.reservation, state, total.map_err(|_| SourceError::Malformed)?, order.label)?;
        bookings.push(Booked { cancel_by: numbered(order.id)?, ..booked });
    }
    Ok(Bookings { bookings, next: metadata.and_then(|metadata| metadata.next_page).filter(|token| !token.is_empty()) })
}

/// Reads what became of a cancellation.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed: whether it was cancelled, the order tells.
pub fn parse_cancel(body: &[u8]) -> Result<(), SourceError> {
    #[derive(Deserialize)]
    struct Cancelled {
        data: Outcome,
    }
    #[derive(Deserialize)]
    struct Outcome {
        status: String,
    }
    let Cancelled { data } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    if data.status == "successful" { Ok(()) } else { Err(SourceError::Malformed) }
}

/// A word that we don't know is none.
fn state(status: &str) -> Option<BookingState> {
    match status {
        "booked" | "stayed" | "no_show" => Some(BookingState::Confirmed),
        "cancelled" | "cancelled_by_guest" | "cancelled_by_accommodation" => Some(BookingState::Cancelled),
        _ => None,
    }
}
