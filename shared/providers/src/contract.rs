//! Hotels by a contract that nobody has signed yet. Goibibo, OYO, MakeMyTrip and Trip.com publish no API for those who search: paths,
//! signature and limits are those of our specification, and the fields of the bodies are what we would propose. Their health says
//! `unverified_contract`, until an agreement confirms or changes what stands here.
//!
//! A city is asked for by its name and the country that it is in. A house may say its country and where it lies: one that says neither is
//! set aside where several cities are called so, for nobody knows in which of them it is.
//!
//! The specification names no price check, no quote for a cancellation and no payment of what is held, and a cancellation at MakeMyTrip
//! alone: the desks of the others do not offer them. At another price than the one in a booking nothing is booked, which is the check.
//!
//! Goibibo and OYO also tell what has changed (`delta sync`, by the specification): `POST /api/inventory/changes`, signed as the
//! searches are, with `{"from": INSTANT}` for what has changed since, or `{"cursor": TEXT}` for what follows a page. The answer
//! is `{"changes": [{"hotelId": TEXT, "from": DATE, "to": DATE}], "cursor": TEXT, "hasMore": BOOL}`: the nights from the first to
//! the last of which rooms or prices are others now, all of them where they are not named; the place after the page, also where
//! it is empty; and whether more is there already. A cursor that is no longer known is refused with the code `cursor_expired`.

use bytes::Bytes;
use domain::{
    cancellation::{Cancellation, Deadline},
    flights::{SourceId, Tier, Untrusted},
    sources::{Market, feeds::Since},
    stays::{Board, City, Guests, Property, Room, StayOffer, StayPlace, StayPrice, StayQuery},
};
use futures::future::BoxFuture;
use http::{
    Request,
    header::{ACCEPT, CONTENT_TYPE},
};
use jiff::{Timestamp, civil::Date};
use platform::notice::signature;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    Asking, Booked, BookingError, BookingRequest, BookingState, Desk, Found, Says, Sifted, SourceError, StaySource,
    booking::{OurReference, Payment, Refusal, Refusals},
    calls::{Bookings, Calls, Page, Paged, not_offered, search, unless_unknown},
    error::nothing_unless_refused,
    feed::{Changes as AllChanges, Feed, FeedPage, MAX_CURSOR, MOST_CHANGES, Nights, note},
    read::{Amount, currency, fresh, label, link, position, reference, secret_header, source_id, two_parts},
};

/// The operation that tells what has changed.
pub const CHANGES: &str = "inventory-changes";

/// The most pages of one search.
pub const MAX_PAGES: u32 = 5;

/// A source of hotels whose calls are signed by the HMAC-SHA256 of time and raw body: Goibibo, OYO and Trip.com.
#[derive(Debug)]
pub struct SignedHotels {
    id: SourceId,
    source: &'static str,
    base: String,
    key: SecretString,
}

impl SignedHotels {
    /// The source of this id at this base URL, with `KEY:SECRET`.
    pub fn new(source: &'static str, base: &str, key: SecretString) -> Self {
        Self { id: source_id(source), source, base: base.trim_end_matches('/').to_owned(), key }
    }

    fn post(&self, path: &str, body: &Value, now: Timestamp) -> Result<Request<Bytes>, SourceError> {
        let (key, secret) = two_parts(&self.key)?;
        let (body, seconds) = (body.to_string(), now.as_second().to_string());
        Request::post(format!("{}{path}", self.base))
            .header("X-Api-Key", secret_header(key)?)
            .header("X-Timestamp", &seconds)
            .header("X-Signature", secret_header(&signature(secret, &seconds, body.as_bytes()))?)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(body.into())
            .map_err(|_| SourceError::Unreachable)
    }
}

impl StaySource for SignedHotels {
    fn stays<'a>(&'a self, asking: &'a Asking<'a>, query: &'a StayQuery) -> BoxFuture<'a, Found<StayOffer>> {
        Box::pin(async move {
            let StayPlace::City(city) = query.place() else { return not_offered(&self.id) };
            let calls = Calls::by(asking, self.source, "search-hotels");
            search(&calls, &self.id, &Search { adapter: self, query, city }, None, MAX_PAGES).await
        })
    }
}

impl Feed for SignedHotels {
    fn changes<'a>(&'a self, asking: &'a Asking<'a>, since: &'a Since) -> Says<'a, FeedPage> {
        Box::pin(async move {
            let calls = Calls::by(asking, self.source, CHANGES);
            let asked = match since {
                Since::Instant(from) => json!({"from": from}),
                Since::Cursor(cursor) => json!({"cursor": cursor}),
            };
            parse_changes(&calls.send(self.post("/api/inventory/changes", &asked, calls.now)?).await?)
        })
    }
}

impl Desk for SignedHotels {
    /// By the reference of an offer. The price stands in the booking: at another one it is refused.
    fn book<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> Says<'a, Booked, BookingError> {
        Box::pin(async move {
            let calls = Calls::of_booking(asking, self.source, "booking-create");
            let post = self.post("/api/booking/create", &booking(request)?, calls.now);
            let post = post.map_err(BookingError::Refused)?;
            calls.book(post, REFUSALS, |answer| parse_booking(answer.body()).map_err(BookingError::sent)).await
        })
    }

    /// By our reference.
    fn find<'a>(&'a self, asking: &'a Asking<'a>, request: &'a BookingRequest) -> Says<'a, Option<Booked>> {
        Box::pin(async move {
            let calls = Calls::by(asking, self.source, "booking-status");
            let ask =
                |_: Option<&str>| self.post("/api/booking/status", &json!({"clientReference": request.reference}), calls.now);
            let read = |body: &[u8]| parse_one_booking(body, &request.reference);
            unless_unknown(calls.find(&request.reference, ask, read).await)
        })
    }

    fn status<'a>(&'a self, asking: &'a Asking<'a>, booking: &'a str) -> Says<'a, Booked> {
        Box::pin(async move {
            let calls = Calls::by(asking, self.source, "booking-status");
            let request = self.post("/api/booking/status", &json!({"bookingId": booking}), calls.now)?;
            parse_booking(&calls.send(request).await?)
        })
    }
}

struct Search<'a> {
    adapter: &'a SignedHotels,
    query: &'a StayQuery,
    city: &'a City,
}

impl Paged for Search<'_> {
    type Offer = StayOffer;
    /// The token of the page; none for the first.
    type At = Option<String>;

    fn request(&self, at: &Option<String>, now: Timestamp) -> Result<Request<Bytes>, SourceError> {
        self.adapter.post("/api/search/hotels", &question(self.city, self.query, at.as_deref()), now)
    }

    fn page(&self, body: &[u8], _: &Option<String>, now: Timestamp) -> Result<Page<StayOffer, Option<String>>, SourceError> {
        let (sifted, next) = parse_hotels(body, self.adapter.source, self.query, now)?;
        Ok(Page { sifted, next: next.map(Some) })
    }
}

/// The body of a search. The country, as two letters of ISO 3166, says which city of that name is meant.
pub(crate) fn question(city: &City, query: &StayQuery, page: Option<&str>) -> Value {
    json!({
        "city": city.name(),
        "country": city.market(),
        "checkin": query.checkin(),
        "checkout": query.checkout(),
        "adults": query.guests().adults,
        "childAges": query.guests().child_ages,
        "currency": query.currency(),
        "page": page,
    })
}

/// The codes by which a booking is refused.
pub(crate) const REFUSALS: Refusals =
    &[("price_changed", Refusal::PriceChanged), ("sold_out", Refusal::Gone), ("duplicate_reference", Refusal::AlreadyThere)];

/// The body of a booking. Nothing is held: what is booked is paid by an invoice to us, or at the property.
pub(crate) fn booking(request: &BookingRequest) -> Result<Value, BookingError> {
    let payment = match request.payment {
        Payment::Account => "account",
        Payment::AtProperty => "at-property",
        Payment::Hold => return Err(BookingError::not_offered()),
    };
    let guests =
        request.travellers().map(|guest| json!({"givenName": guest.given_name.told(), "familyName": guest.family_name.told()}));
    Ok(json!({
        "rateId": request.item.offer().ok_or_else(BookingError::not_offered)?,
        "clientReference": request.reference,
        "price": {"total": request.price.amount().to_string(), "currency": request.price.currency()},
        "payment": payment,
        "guests": guests.collect::<Vec<Value>>(),
        "contact": {
            "email": request.contact.email.told(),
            "phone": request.contact.phone.told().to_string(),
            "country": request.contact.address.told().country,
        },
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    hotels: Vec<&'a RawValue>,
    next_page: Option<String>,
}

#[derive(Deserialize)]
struct Hotel<'a> {
    id: String,
    name: Option<String>,
    latitude: Option<Amount>,
    longitude: Option<Amount>,
    /// Street and number.
    address: Option<String>,
    /// Two letters of ISO 3166.
    country: Option<Market>,
    #[serde(borrow)]
    rooms: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HotelRoom {
    rate_id: String,
    id: Option<String>,
    name: Option<String>,
    board: Option<String>,
    rooms_left: Option<u32>,
    refundable: Option<bool>,
    free_cancellation_until: Option<Timestamp>,
    adults: Option<u8>,
    child_ages: Option<Vec<u8>>,
    checkin: Option<Date>,
    checkout: Option<Date>,
    price: Price,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Price {
    currency: String,
    total: Amount,
    base: Option<Amount>,
    taxes: Option<Amount>,
    fees: Option<Amount>,
    at_property: Option<Amount>,
}

/// Reads a page of hotels, and the token of the next one.
///
/// # Errors
/// [`SourceError::Malformed`] if the envelope is not what was agreed, [`SourceError::Rejected`] for a refusal that came as a success. A
/// bad hotel or room only sets itself aside.
pub fn parse_hotels<'q>(
    body: &[u8],
    source: &'static str,
    query: impl Into<Option<&'q StayQuery>>,
    now: Timestamp,
) -> Result<(Sifted<StayOffer>, Option<String>), SourceError> {
    let query = query.into();
    let Envelope { hotels, next_page } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    if hotels.is_empty() {
        nothing_unless_refused(body)?;
    }
    let mut sifted = Sifted::default();
    for raw in hotels {
        let Ok(hotel) = serde_json::from_str::<Hotel<'_>>(raw.get()) else {
            sifted.take_of(raw, Err(Untrusted::Form), query);
            continue;
        };
        for raw in &hotel.rooms {
            sifted.take_record(raw, query, |room| offer(&hotel, room, source, query, now));
        }
    }
    Ok((sifted, next_page.filter(|token| !token.is_empty())))
}

fn offer(
    hotel: &Hotel<'_>,
    room: HotelRoom,
    source: &'static str,
    query: Option<&StayQuery>,
    now: Timestamp,
) -> Result<StayOffer, Untrusted> {
    let position = position(hotel.latitude, hotel.longitude)?;
    let name = hotel.name.as_deref().and_then(label);
    let address = hotel.address.as_deref().and_then(label);
    let property = Property { reference: reference(hotel.id.clone())?, name, position, address, country: hotel.country.clone() };
    if query.is_some_and(|query| matches!(query.place(), StayPlace::City(city) if !city.is_told_by(&property))) {
        return Err(Untrusted::Place);
    }
    let stated = room.checkin.zip(room.checkout).map(|(checkin, checkout)| nights(checkin, checkout)).transpose()?;
    let nights = stated.or_else(|| query.map(StayQuery::nights));
    Ok(StayOffer {
        reference: reference(room.rate_id)?,
        property,
        room: Room {
            reference: room.id.map(reference).transpose()?,
            name: room.name.as_deref().and_then(label),
            beds: None,
            left: room.rooms_left,
        },
        board: room.board.as_deref().and_then(board),
        guests: room.adults.map(|adults| Guests::new(adults, room.child_ages.unwrap_or_default())),
        checkin: room.checkin.or_else(|| query.map(StayQuery::checkin)),
        nights,
        price: price(&room.price, nights)?,
        cancellation: room.refundable.map(|refundable| Cancellation {
            refundable: Some(refundable),
            free_until: room.free_cancellation_until.map(Deadline::At),
            steps: vec![],
        }),
        booking_link: link(room.url),
        freshness: fresh(source, now, Tier::Verified),
    })
}

fn nights(checkin: Date, checkout: Date) -> Result<u8, Untrusted> {
    let days = checkin.until(checkout).map_err(|_| Untrusted::Nights)?.get_days();
    u8::try_from(days).ok().filter(|nights| *nights > 0).ok_or(Untrusted::Nights)
}

fn price(stated: &Price, nights: Option<u8>) -> Result<StayPrice, Untrusted> {
    let currency = currency(&stated.currency)?;
    let part = |amount: Option<Amount>| amount.map(|amount| amount.money(currency)).transpose();
    Ok(StayPrice {
        base: part(stated.base)?,
        taxes: part(stated.taxes)?,
        fees: part(stated.fees)?,
        at_property: part(stated.at_property)?,
        ..StayPrice::of(stated.total.money(currency)?, nights)?
    })
}

fn board(text: &str) -> Option<Board> {
    match text {
        "room-only" => Some(Board::RoomOnly),
        "breakfast" => Some(Board::Breakfast),
        "half-board" => Some(Board::HalfBoard),
        "full-board" => Some(Board::FullBoard),
        "all-inclusive" => Some(Board::AllInclusive),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Booking {
    booking_id: String,
    status: String,
    client_reference: Option<String>,
    currency: Option<String>,
    total: Option<Amount>,
}

/// Reads a booking: what became of it, or how far it is.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed.
pub fn parse_booking(body: &[u8]) -> Result<Booked, SourceError> {
    let Booking { booking_id, status, client_reference: ours, currency: code, total } =
        serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let total = total.zip(code).map(|(amount, code)| amount.money(currency(&code)?)).transpose();
    let state = match status.as_str() {
        "pending" => Some(BookingState::Pending),
        "confirmed" => Some(BookingState::Confirmed),
        "cancelled" => Some(BookingState::Cancelled),
        "rejected" => Some(BookingState::Rejected),
        _ => None,
    };
    let reference = reference(booking_id).map_err(|_| SourceError::Malformed)?;
    Ok(Booked {
        state,
        total: total.map_err(|_| SourceError::Malformed)?,
        status_by: Some(reference.clone()),
        cancel_by: Some(reference.clone()),
        pay_by: None,
        cancellation: None,
        ours,
        reference,
    })
}

/// The same, where it is what was to be cancelled: the answer to a cancellation is the booking as it is then.
///
/// # Errors
/// [`SourceError::Malformed`] if it is not what was agreed, or is not cancelled.
pub(crate) fn parse_cancelled(body: &[u8]) -> Result<(), SourceError> {
    let booked = parse_booking(body)?;
    if booked.state == Some(BookingState::Cancelled) { Ok(()) } else { Err(SourceError::Malformed) }
}

/// The same, where it is what was looked for by our reference: one that names none is what was asked for.
pub(crate) fn parse_one_booking(body: &[u8], asked: &OurReference) -> Result<Bookings, SourceError> {
    let found = parse_booking(body)?;
    let ours = found.ours.or_else(|| Some(asked.as_str().to_owned()));
    Ok(Bookings { bookings: vec![Booked { ours, ..found }], next: None })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changes<'a> {
    #[serde(borrow)]
    changes: Vec<&'a RawValue>,
    cursor: String,
    has_more: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangedHotel {
    hotel_id: String,
    from: Option<Date>,
    to: Option<Date>,
}

/// Reads a page of changes. A record that can't be read is counted.
///
/// # Errors
/// [`SourceError::Malformed`] if the envelope is not what was agreed, so that nobody knows where the next page begins,
/// [`SourceError::Rejected`] for a refusal that came as a success,
/// [`SourceError::TooLarge`] if more properties have changed than are told of at once.
pub fn parse_changes(body: &[u8]) -> Result<FeedPage, SourceError> {
    let Changes { changes, cursor, has_more } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    if !(1..=MAX_CURSOR).contains(&cursor.len()) {
        return Err(SourceError::Malformed);
    }
    if changes.is_empty() {
        nothing_unless_refused(body)?;
    }
    let mut page = FeedPage { changes: AllChanges::new(), unreadable: 0, cursor, more: has_more };
    for raw in changes {
        match serde_json::from_str(raw.get()).ok().and_then(changed) {
            Some((hotel, nights)) => note(&mut page.changes, hotel, nights),
            None => page.unreadable += 1,
        }
        if page.changes.len() > MOST_CHANGES {
            return Err(SourceError::TooLarge);
        }
    }
    Ok(page)
}

fn changed(ChangedHotel { hotel_id, from, to }: ChangedHotel) -> Option<(String, Nights)> {
    let nights = from.zip(to);
    // One end alone says too little: it can be any night.
    nights.is_none_or(|(from, to)| from <= to).then_some(())?;
    Some((reference(hotel_id).ok()?, nights))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_by_our_reference_is_ours_unless_it_names_another() {
        let asked = &"ours".parse().unwrap();
        for (named, ours) in
            [("", "ours"), (r#", "clientReference": "ours""#, "ours"), (r#", "clientReference": "other""#, "other")]
        {
            let body = format!(r#"{{"bookingId": "b1", "status": "confirmed"{named}}}"#);
            let found = parse_one_booking(body.as_bytes(), asked).unwrap().bookings;
            assert_eq!(found.into_iter().map(|one| one.ours).collect::<Vec<_>>(), [Some(ours.to_owned())], "{named}");
        }
    }

    #[test]
    fn changes_of_a_property_are_taken_together_and_what_can_not_be_read_is_counted() {
        let page = br#"{"changes": [
            {"hotelId": "h1", "from": "2026-04-07", "to": "2026-04-08"}, {"hotelId": "h1", "from": "2026-04-01", "to": "2026-04-03"},
            {"hotelId": "h2"}, {"hotelId": "h2", "from": "2026-04-01", "to": "2026-04-03"}, {"hotelId": "h3", "to": "2026-04-03"},
            {"hotelId": "h4", "from": "2026-04-04", "to": "2026-04-03"}, {"hotelId": ""}, 7
        ], "cursor": "c1", "hasMore": true}"#;
        let read = parse_changes(page).map(|page| {
            let nights = |nights: &Nights| nights.map_or("any".to_owned(), |(from, to)| format!("{from} to {to}"));
            let told = page.changes.iter().map(|(hotel, of)| format!("{hotel}: {}", nights(of)));
            (told.collect::<Vec<_>>().join(", "), page.unreadable, page.cursor, page.more)
        });
        assert_eq!(read, Ok(("h1: 2026-04-01 to 2026-04-08, h2: any, h3: any".to_owned(), 3, "c1".to_owned(), true)));
    }

    #[test]
    fn a_page_tells_no_more_than_there_is_time_for() {
        let page = |houses: usize| {
            let changes: Vec<Value> = (0..houses).map(|house| json!({"hotelId": house.to_string()})).collect();
            let page = json!({"changes": changes, "cursor": "c", "hasMore": false}).to_string();
            parse_changes(page.as_bytes()).map(|page| page.changes.len())
        };
        assert_eq!((page(MOST_CHANGES), page(MOST_CHANGES + 1)), (Ok(MOST_CHANGES), Err(SourceError::TooLarge)));
    }

    #[test]
    fn a_page_that_does_not_say_where_it_ends_is_none() {
        let long = format!(r#"{{"changes": [], "cursor": "{}", "hasMore": false}}"#, "c".repeat(MAX_CURSOR + 1));
        for wrong in [r#"{"changes": [], "cursor": "", "hasMore": false}"#, "[]", "", r#"{"changes": []}"#, &long] {
            assert_eq!(parse_changes(wrong.as_bytes()), Err(SourceError::Malformed), "{wrong}");
        }
    }
}
