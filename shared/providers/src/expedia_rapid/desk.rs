//! What Expedia has besides searches: checking a price, booking, paying for what is held, looking after a booking.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{cancellation::Cancellation, money::Money};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CancelPenalty, ExpediaRapid, Link, Pricing, SOURCE, cancellation, followed, price};
use crate::{
    Asking, Booked, BookingError, BookingRequest, BookingState, Desk, PriceCheck, PriceState, Says, SourceError,
    booking::{Payment, Refusal, Refusals, known},
    calls::{Bookings, Calls, unless_unknown},
    read::{Id, encoded, reference, secret_header},
};

/// The codes by which a booking is refused.
const REFUSALS: Refusals = &[
    ("price_mismatch", Refusal::PriceChanged),
    ("rooms_unavailable", Refusal::Gone),
    ("duplicate_itinerary", Refusal::AlreadyThere),
];

/// Where bookings are asked for by our reference.
const FOUND: &str = "/v3/itineraries?";

impl ExpediaRapid {
    /// Books by the link of a price check: no price stands in what is sent, so that the check is all that holds it.
    async fn itinerary(&self, asking: &Asking<'_>, request: &BookingRequest) -> Result<Booked, BookingError> {
        let body = itinerary(request)?;
        let offer = request.item.offer().ok_or_else(BookingError::not_offered)?;
        let link = self.checked(asking, request, offer).await?;
        let calls = Calls::of_booking(asking, SOURCE, "itineraries");
        let post = followed(&link).and_then(|link| self.post(link, &body, calls.now));
        let mut post = post.map_err(BookingError::Refused)?;
        post.headers_mut().insert(CUSTOMER, customer(request).map_err(BookingError::Refused)?);
        calls.book(post, REFUSALS, |answer| parse_itinerary(answer.body()).map_err(BookingError::sent)).await
    }

    /// The link that books an offer at the price that was agreed to.
    async fn checked(&self, asking: &Asking<'_>, request: &BookingRequest, offer: &str) -> Result<String, BookingError> {
        let check = self.check(asking, offer).await.map_err(|error| BookingError::before(error, REFUSALS))?;
        let total = check.total.filter(|_| check.state != PriceState::SoldOut).ok_or(BookingError::Gone)?;
        request.agrees(total)?;
        // Without it the guest has to pay by card first.
        check.book_by.ok_or_else(BookingError::not_offered)
    }
}

/// Who books, by their network address.
const CUSTOMER: HeaderName = HeaderName::from_static("customer-ip");

fn customer(request: &BookingRequest) -> Result<HeaderValue, SourceError> {
    secret_header(&request.contact.network_address.told().to_string())
}

/// The body of a booking: one room, in the name of whoever books.
fn itinerary(request: &BookingRequest) -> Result<Value, BookingError> {
    let hold = match request.payment {
        Payment::Account => false,
        Payment::Hold => true,
        Payment::AtProperty => return Err(BookingError::not_offered()),
    };
    let (contact, lead) = (&request.contact, &request.lead);
    let (phone, address) = (contact.phone.told(), contact.address.told());
    let name = json!({"given_name": lead.given_name.told(), "family_name": lead.family_name.told()});
    let (mut room, mut payer) = (name.clone(), name);
    room["smoking"] = json!(false);
    payer["address"] = known([
        ("line_1", address.line.as_deref()),
        ("city", address.city.as_deref()),
        ("state_province_code", address.region.as_deref()),
        ("postal_code", address.postal_code.as_deref()),
        ("country_code", Some(address.country.as_str())),
    ]);
    Ok(json!({
        "affiliate_reference_id": request.reference,
        "hold": hold,
        "email": contact.email.told(),
        "phone": {"country_code": phone.country_code.to_string(), "number": phone.number},
        "rooms": [room],
        "payments": [{"type": "affiliate_collect", "billing_contact": payer}],
    }))
}

/// What the links of a booking begin with.
const BOOKED: &str = "/v3/itineraries/";

/// A link of a booking: it leads to bookings and to nothing else.
fn of_booking(link: &str) -> Result<&str, SourceError> {
    if link.starts_with(BOOKED) { followed(link) } else { Err(SourceError::NotOffered) }
}

/// Whether it was done: with 204 alone. 202 says that something there does not answer, and that it may be done later.
fn done(answer: &Response<Bytes>) -> Result<(), SourceError> {
    if answer.status() == StatusCode::NO_CONTENT { Ok(()) } else { Err(SourceError::Malformed) }
}

/// Whether a link checks a price: `/v3/properties/{id}/rooms/{id}/rates/{id}`, with a `token` and nothing else.
pub fn checks_a_price(link: &str) -> bool {
    let Some((path, query)) = link.split_once('?') else { return false };
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let is_token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=' | b'%');
    let path: Vec<&str> = path.split('/').collect();
    let ["", "v3", "properties", property, "rooms", room, "rates", rate] = path[..] else { return false };
    let token = query.strip_prefix("token=").is_some_and(|token| !token.is_empty() && token.bytes().all(is_token));
    token && [property, room, rate].into_iter().all(is_id)
}

impl Desk for ExpediaRapid {
    /// By the reference of an offer, whose price is checked first.
    fn book<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> Says<'a, Booked, BookingError> {
        Box::pin(self.itinerary(asking, request))
    }

    /// By our reference and the address of mail that stands with it.
    fn find<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> Says<'a, Option<Booked>> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "itineraries-find");
            let (ours, email) = (encoded(request.reference.as_str()), encoded(request.contact.email.told()));
            let ask = |_: Option<&str>| {
                let path = format!("{FOUND}affiliate_reference_id={ours}&email={email}");
                let mut get = self.signed(Method::GET, &path, calls.now)?;
                get.headers_mut().insert(CUSTOMER, customer(request)?);
                Ok(get)
            };
            unless_unknown(calls.find(&request.reference, ask, parse_itineraries).await)
        })
    }

    /// The reference of an offer is the link that checks its price.
    fn check<'a>(&'a self, asking: &'a Asking<'a>, reference: &'a str) -> Says<'a, PriceCheck> {
        Box::pin(async move {
            // Who hands it in may be anybody: it leads to prices and to nothing else.
            checks_a_price(reference).then_some(()).ok_or(SourceError::NotOffered)?;
            let calls = Calls::by(asking, SOURCE, "price-check");
            parse_price_check(&self.follow(&calls, reference).await?)
        })
    }

    /// A booking is asked for by the link that came with it.
    fn status<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> Says<'a, Booked> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "itinerary");
            parse_itinerary(&self.follow(&calls, of_booking(booking)?).await?)
        })
    }

    /// By the `resume` link of what is held, which keeps its price.
    fn pay<'a>(
        &'a self,
        asking: &'a Asking<'a>,
        request: &'a BookingRequest,
        held: &'a str,
    ) -> Says<'a, BookingState, BookingError> {
        Box::pin(async move {
            let calls = Calls::of_booking(asking, SOURCE, "itineraries-resume");
            let put = of_booking(held).and_then(|held| self.signed(Method::PUT, held, calls.now));
            let mut put = put.map_err(BookingError::Refused)?;
            put.headers_mut().insert(CUSTOMER, customer(request).map_err(BookingError::Refused)?);
            calls.book(put, REFUSALS, |answer| done(answer).map_err(BookingError::sent)).await?;
            Ok(BookingState::Confirmed)
        })
    }

    /// By the link that came with the booking.
    fn cancel<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> Says<'a, ()> {
        Box::pin(async move {
            let calls = Calls::by(asking, SOURCE, "cancel");
            done(&calls.send_once(self.signed(Method::DELETE, of_booking(booking)?, calls.now)?).await?)
        })
    }
}

#[derive(Deserialize)]
struct Checked {
    status: String,
    occupancy_pricing: Option<BTreeMap<String, Pricing>>,
    links: Option<BTreeMap<String, Link>>,
}

/// Reads a price check. The total is that of all rooms.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed, or names a price that can't be.
pub fn parse_price_check(body: &[u8]) -> Result<PriceCheck, SourceError> {
    let checked: Checked = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let state = match checked.status.as_str() {
        "available" => PriceState::Available,
        "price_changed" => PriceState::Changed,
        "sold_out" => return Ok(PriceCheck { state: PriceState::SoldOut, total: None, book_by: None, until: None }),
        _ => return Err(SourceError::Malformed),
    };
    let mut total: Option<Money> = None;
    for pricing in checked.occupancy_pricing.iter().flat_map(BTreeMap::values) {
        let one = price(pricing, None).map_err(|_| SourceError::Malformed)?.total;
        total = Some(total.map_or(Ok(one), |sum| sum.plus(one)).map_err(|_| SourceError::Malformed)?);
    }
    let book = checked.links.and_then(|mut links| links.remove("book"));
    let total = total.filter(|total| !total.is_negative() && !total.amount().is_zero()).ok_or(SourceError::Malformed)?;
    Ok(PriceCheck {
        state,
        total: Some(total),
        until: book.as_ref().and_then(|link| link.expires),
        book_by: book.map(|link| link.href),
    })
}

#[derive(Deserialize)]
struct Itinerary {
    itinerary_id: Id,
    links: Option<BTreeMap<String, Link>>,
    rooms: Option<Vec<BookedRoom>>,
    affiliate_reference_id: Option<String>,
}

#[derive(Deserialize)]
struct BookedRoom {
    status: Option<String>,
    rate: Option<BookedRate>,
    links: Option<BTreeMap<String, Link>>,
}

#[derive(Deserialize)]
struct BookedRate {
    pricing: Option<Pricing>,
    refundable: Option<bool>,
    cancel_penalties: Option<Vec<CancelPenalty>>,
}

/// Reads a booking, made or retrieved. Nothing of the guests is read. One that was just made has no rooms yet: it is pending.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_itinerary(body: &[u8]) -> Result<Booked, SourceError> {
    booked(serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?)
}

/// Reads the bookings of a reference of ours.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_itineraries(body: &[u8]) -> Result<Bookings, SourceError> {
    let all: Vec<Itinerary> = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    Ok(Bookings { bookings: all.into_iter().map(booked).collect::<Result<_, _>>()?, next: None })
}

fn booked(itinerary: Itinerary) -> Result<Booked, SourceError> {
    let Itinerary { itinerary_id, links, rooms, affiliate_reference_id: ours } = itinerary;
    let mut links = links.unwrap_or_default();
    let mut rooms = rooms.unwrap_or_default();
    let state = if rooms.is_empty() { Some(BookingState::Pending) } else { state(&rooms) };
    let mut total: Option<Money> = None;
    for pricing in rooms.iter().filter_map(|room| room.rate.as_ref()?.pricing.as_ref()) {
        let one = price(pricing, None).map_err(|_| SourceError::Malformed)?.total;
        total = Some(total.map_or(Ok(one), |sum| sum.plus(one)).map_err(|_| SourceError::Malformed)?);
    }
    let cancellation = terms(&rooms);
    // The booking's own link is that of one that is held.
    let of_room = match rooms.as_mut_slice() {
        [room] if state == Some(BookingState::Confirmed) => room.links.as_mut().and_then(|links| links.remove("cancel")),
        _ => None,
    };
    let cancel = of_room.or_else(|| links.remove("cancel"));
    Ok(Booked {
        reference: reference(itinerary_id.0).map_err(|_| SourceError::Malformed)?,
        state,
        total,
        status_by: links.remove("retrieve").map(|link| link.href),
        cancel_by: cancel.map(|link| link.href),
        pay_by: links.remove("resume").map(|link| link.href),
        cancellation,
        ours,
    })
}

/// The terms on which all rooms are cancelled. Those of a room of which nothing can be read are not known.
fn terms(rooms: &[BookedRoom]) -> Option<Cancellation> {
    let of_room = |room: &BookedRoom| {
        let rate = room.rate.as_ref()?;
        cancellation(rate.refundable, rate.cancel_penalties.as_deref()).ok().flatten()
    };
    let all: Vec<Option<Cancellation>> = rooms.iter().map(of_room).collect();
    let of_each = all.iter().any(Option::is_some).then_some(all)?.into_iter();
    of_each.map(|terms| terms.unwrap_or_else(Cancellation::unknown)).reduce(Cancellation::together)
}

/// That of all rooms; where they differ there is none of the whole.
fn state(rooms: &[BookedRoom]) -> Option<BookingState> {
    let states = rooms.iter().map(|room| match room.status.as_deref()? {
        "booked" => Some(BookingState::Confirmed),
        "canceled" => Some(BookingState::Cancelled),
        "pending" => Some(BookingState::Pending),
        _ => None,
    });
    let states: Vec<BookingState> = states.collect::<Option<_>>()?;
    states.windows(2).all(|pair| pair[0] == pair[1]).then(|| states.first().copied()).flatten()
}
