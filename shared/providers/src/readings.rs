//! How recorded answers are read: which operation of which source one is of, and what its adapter makes of it.

use std::collections::{BTreeMap, HashSet};

use domain::{
    activities::ActivityOffer,
    flights::{FlightOffer, Untrusted, lead_ins::LeadInFare},
    properties::Listing,
    stays::StayOffer,
};
use http::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{
    Booked, BookingState, CancelQuote, FeedPage, PriceCheck, SetAside, Sifted, SourceError, booking_demand, contract, duffel,
    error::{code_in, retry_after},
    expedia_rapid, getyourguide, goibibo, makemytrip, oyo, seats_aero,
    sources::Source,
    travelpayouts, trip_com, viator,
};

/// How the answers of one operation are read.
#[derive(Debug)]
pub struct Reading {
    /// The operation, as its calls are named.
    pub operation: &'static str,
    /// Whether an answer looks like one of it.
    pub fits: fn(&Value) -> bool,
    /// Reads one, without a question: everything it offers was asked for.
    pub read: fn(&[u8], Timestamp) -> Result<Normalised, SourceError>,
}

/// What an adapter makes of an answer.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Normalised {
    /// Flights that can be booked.
    Flights(Offers<FlightOffer>),
    /// "From" prices of flights.
    LeadIns(Offers<LeadInFare>),
    /// Stays.
    Stays(Offers<StayOffer>),
    /// Activities.
    Activities(Offers<ActivityOffer>),
    /// What houses are called, and where they are.
    Houses(Offers<Listing>),
    /// Whether a price holds.
    PriceCheck(PriceCheck),
    /// What became of a booking, or how far it is.
    Booking(Booked),
    /// Bookings, among which one of ours is looked for.
    Bookings {
        /// Them.
        bookings: Vec<Booked>,
    },
    /// What became of a payment for what is held.
    Payment {
        /// How far the booking is then.
        state: BookingState,
    },
    /// What cancelling would bring back.
    CancelQuote(CancelQuote),
    /// A booking was cancelled.
    Cancelled,
    /// What has changed.
    Changes(FeedPage),
}

impl Normalised {
    /// How many offers there are, and how many were set aside for each reason.
    pub fn tally(&self) -> (usize, BTreeMap<Untrusted, usize>) {
        match self {
            Self::Flights(offers) => offers.tally(),
            Self::LeadIns(offers) => offers.tally(),
            Self::Stays(offers) => offers.tally(),
            Self::Activities(offers) => offers.tally(),
            Self::Houses(offers) => offers.tally(),
            Self::PriceCheck(_)
            | Self::Booking(_)
            | Self::Bookings { .. }
            | Self::Payment { .. }
            | Self::CancelQuote(_)
            | Self::Cancelled
            | Self::Changes(_) => Default::default(),
        }
    }
}

/// Offers, and what was set aside.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Offers<O> {
    /// What can be trusted.
    pub offers: Vec<O>,
    /// What was set aside, which it is and why.
    pub set_aside: Vec<SetAside>,
}

impl<O> Offers<O> {
    fn tally(&self) -> (usize, BTreeMap<Untrusted, usize>) {
        let mut reasons = BTreeMap::new();
        for aside in &self.set_aside {
            *reasons.entry(aside.reason).or_default() += 1;
        }
        (self.offers.len(), reasons)
    }
}

impl<O> From<Sifted<O>> for Offers<O> {
    fn from(Sifted { offers, named, .. }: Sifted<O>) -> Self {
        Self { offers, set_aside: named }
    }
}

/// What stands at this place of an answer.
pub(crate) fn has(body: &Value, pointer: &str) -> bool {
    body.pointer(pointer).is_some_and(|found| !found.is_null())
}

/// A list at this place, of whose items one has this field: others can be spoilt. One without items looks like nothing.
pub(crate) fn lists(body: &Value, pointer: &str, field: &str) -> bool {
    let items = body.pointer(pointer).and_then(Value::as_array);
    items.is_some_and(|items| items.iter().any(|item| item.get(field).is_some()))
}

/// What answers of each source can be read. Apart from the table of sources, which every function that searches has: who reads no
/// recorded answers does not have these.
static READINGS: &[(&str, &[Reading])] = &[
    (
        seats_aero::SOURCE,
        &[
            Reading {
                operation: "search",
                fits: |body| has(body, "/hasMore") && has(body, "/data"),
                read: |body, now| {
                    let page = seats_aero::parse_availability(body, None, now, &mut HashSet::new())?;
                    Ok(Normalised::Flights(page.sifted.into()))
                },
            },
            Reading {
                operation: "trips",
                fits: |body| lists(body, "/data", "AvailabilityID"),
                read: |body, now| Ok(Normalised::Flights(seats_aero::parse_trips(body, None, now)?.into())),
            },
            Reading {
                operation: "routes",
                fits: |body| lists(body, "", "NumDaysOut"),
                read: |body, _| Ok(Normalised::Flights(seats_aero::parse_routes(body)?.into())),
            },
        ],
    ),
    (duffel::SOURCE, DUFFEL),
    (
        travelpayouts::SOURCE,
        &[Reading {
            operation: "calendar",
            fits: |body| has(body, "/success") || has(body, "/prices"),
            read: |body, now| Ok(Normalised::LeadIns(travelpayouts::parse_prices(body, None, None, now)?.into())),
        }],
    ),
    (booking_demand::SOURCE, BOOKING_DEMAND),
    (expedia_rapid::SOURCE, EXPEDIA),
    (viator::SOURCE, VIATOR),
    (
        getyourguide::SOURCE,
        &[
            Reading {
                operation: "tours",
                fits: |body| has(body, "/data/tours"),
                read: |body, now| Ok(Normalised::Activities(getyourguide::parse_tours(body, None, now)?.0.into())),
            },
            Reading {
                operation: "tour-options",
                fits: |body| has(body, "/data/tour_options"),
                read: |body, now| Ok(Normalised::Activities(getyourguide::parse_tours(body, None, now)?.0.into())),
            },
        ],
    ),
    (goibibo::SOURCE, &[hotels(|body, now| read_hotels(body, goibibo::SOURCE, now)), BOOKING_MADE, BOOKING, CHANGED]),
    (oyo::SOURCE, &[hotels(|body, now| read_hotels(body, oyo::SOURCE, now)), BOOKING_MADE, BOOKING, CHANGED]),
    (makemytrip::SOURCE, MAKEMYTRIP),
    (trip_com::SOURCE, &[hotels(|body, now| read_hotels(body, trip_com::SOURCE, now)), BOOKING_MADE, BOOKING]),
];

const DUFFEL: &[Reading] = &[
    Reading {
        operation: "offer-requests",
        fits: |body| has(body, "/data/offers"),
        read: |body, now| Ok(Normalised::Flights(duffel::parse_offer_request(body, None, now)?.into())),
    },
    Reading {
        operation: "orders-list",
        fits: |body| has(body, "/data/0/booking_reference"),
        read: |body, _| Ok(Normalised::Bookings { bookings: duffel::parse_orders(body)?.bookings }),
    },
    Reading {
        operation: "offers",
        fits: |body| lists(body, "/data", "slices"),
        read: |body, now| Ok(Normalised::Flights(duffel::parse_offers(body, None, now)?.into())),
    },
    Reading {
        operation: "orders",
        fits: |body| has(body, "/data/booking_reference"),
        read: |body, _| Ok(Normalised::Booking(duffel::parse_order(body)?)),
    },
    Reading {
        operation: "offer",
        fits: |body| has(body, "/data/slices") && has(body, "/data/total_amount"),
        read: |body, now| Ok(Normalised::Flights(duffel::parse_offer(body, None, now)?.into())),
    },
    Reading {
        operation: "payments",
        fits: |body| has(body, "/data/amount") && has(body, "/data/currency"),
        read: |body, _| Ok(Normalised::Payment { state: duffel::parse_payment(body)? }),
    },
    Reading {
        operation: "order-cancellations-confirm",
        fits: |body| has(body, "/data/refund_to") && has(body, "/data/confirmed_at"),
        read: |body, _| duffel::parse_confirmed(body).map(|()| Normalised::Cancelled),
    },
    Reading {
        operation: "order-cancellations",
        fits: |body| has(body, "/data/refund_to") && has(body, "/data/order_id"),
        read: |body, now| Ok(Normalised::CancelQuote(duffel::parse_cancel_quote(body, now)?)),
    },
];

const BOOKING_DEMAND: &[Reading] = &[
    Reading {
        operation: "accommodations-search",
        fits: |body| lists(body, "/data", "price") && !has(body, "/data/0/status") || lists(body, "/data", "products"),
        read: |body, now| Ok(Normalised::Stays(booking_demand::parse_search(body, None, now)?.0.into())),
    },
    Reading {
        operation: "accommodations-details",
        fits: |body| lists(body, "/data", "location"),
        read: |body, _| Ok(Normalised::Houses(booking_demand::parse_details(body, None)?.into())),
    },
    Reading {
        operation: "orders-preview",
        fits: |body| has(body, "/data/order_token"),
        read: |body, now| Ok(Normalised::PriceCheck(booking_demand::parse_preview(body, now)?)),
    },
    Reading {
        operation: "orders-create",
        fits: |body| has(body, "/data/accommodation/reservation"),
        read: |body, _| Ok(Normalised::Booking(booking_demand::parse_created(body)?)),
    },
    Reading {
        operation: "orders-cancel",
        fits: |body| has(body, "/data/status"),
        read: |body, _| booking_demand::parse_cancel(body).map(|()| Normalised::Cancelled),
    },
    Reading {
        operation: "orders-details",
        fits: |body| lists(body, "/data", "status"),
        read: |body, _| Ok(Normalised::Bookings { bookings: booking_demand::parse_orders(body)?.bookings }),
    },
];

const EXPEDIA: &[Reading] = &[
    Reading {
        operation: "itineraries-find",
        // A notice of a change names an itinerary, too.
        fits: |body| lists(body, "", "itinerary_id") && !lists(body, "", "event_id"),
        read: |body, _| Ok(Normalised::Bookings { bookings: expedia_rapid::parse_itineraries(body)?.bookings }),
    },
    Reading {
        operation: "availability",
        fits: |body| lists(body, "", "rooms"),
        read: |body, now| Ok(Normalised::Stays(expedia_rapid::parse_availability(body, None, now)?.into())),
    },
    Reading {
        operation: "properties-content",
        fits: |body| body.as_object().is_some_and(|houses| houses.values().any(|house| has(house, "/property_id"))),
        read: |body, _| Ok(Normalised::Houses(expedia_rapid::parse_content(body, None)?.into())),
    },
    Reading {
        operation: "price-check",
        fits: |body| has(body, "/status") && (has(body, "/occupancy_pricing") || has(body, "/links")),
        read: |body, _| Ok(Normalised::PriceCheck(expedia_rapid::parse_price_check(body)?)),
    },
    Reading {
        operation: "itineraries",
        fits: |body| has(body, "/itinerary_id") && !has(body, "/rooms"),
        read: |body, _| Ok(Normalised::Booking(expedia_rapid::parse_itinerary(body)?)),
    },
    Reading {
        operation: "itinerary",
        fits: |body| has(body, "/itinerary_id"),
        read: |body, _| Ok(Normalised::Booking(expedia_rapid::parse_itinerary(body)?)),
    },
];

const VIATOR: &[Reading] = &[
    Reading {
        operation: "search-freetext",
        fits: |body| has(body, "/products"),
        read: |body, now| Ok(Normalised::Activities(viator::parse_products(body, None, now)?.0.into())),
    },
    Reading {
        operation: "products",
        fits: |body| has(body, "/productCode") && has(body, "/title"),
        read: |body, now| Ok(Normalised::Activities(viator::parse_product(body, None, now)?.into())),
    },
    Reading {
        operation: "availability-check",
        fits: |body| has(body, "/bookableItems") && has(body, "/travelDate"),
        read: |body, now| Ok(Normalised::Activities(viator::parse_availability(body, None, now)?.into())),
    },
    Reading {
        operation: "availability-schedule",
        fits: |body| has(body, "/bookableItems") && has(body, "/summary"),
        read: |body, now| Ok(Normalised::Activities(viator::parse_schedule(body, None, now)?.into())),
    },
    Reading {
        operation: "bookings-book",
        fits: |body| has(body, "/bookingRef") && has(body, "/rejectionReasonCode"),
        read: |body, _| Ok(Normalised::Booking(viator::parse_booking(body)?)),
    },
    Reading {
        operation: "bookings-status",
        fits: |body| has(body, "/bookingRef") && has(body, "/status"),
        read: |body, _| Ok(Normalised::Booking(viator::parse_booking(body)?)),
    },
    Reading {
        operation: "bookings-cancel",
        fits: |body| matches!(body.pointer("/status").and_then(Value::as_str), Some("ACCEPTED" | "DECLINED")),
        read: |body, _| viator::parse_cancel(body).map(|()| Normalised::Cancelled),
    },
    Reading {
        operation: "cancel-quote",
        fits: |body| has(body, "/bookingId") && has(body, "/status"),
        read: |body, _| Ok(Normalised::CancelQuote(viator::parse_cancel_quote(body)?)),
    },
];

/// What the others answer, under other names.
const MAKEMYTRIP: &[Reading] = &[
    Reading { operation: "hotels-search", ..hotels(|body, now| read_hotels(body, makemytrip::SOURCE, now)) },
    Reading { operation: "bookings-create", ..BOOKING_MADE },
    Reading { operation: "bookings", ..BOOKING },
];

const fn hotels(read: fn(&[u8], Timestamp) -> Result<Normalised, SourceError>) -> Reading {
    Reading { operation: "search-hotels", fits: |body| has(body, "/hotels"), read }
}

fn read_hotels(body: &[u8], source: &'static str, now: Timestamp) -> Result<Normalised, SourceError> {
    Ok(Normalised::Stays(contract::parse_hotels(body, source, None, now)?.0.into()))
}

const BOOKING_MADE: Reading = Reading {
    operation: "booking-create",
    fits: |body| has(body, "/bookingId") && has(body, "/clientReference"),
    read: |body, _| Ok(Normalised::Booking(contract::parse_booking(body)?)),
};

const BOOKING: Reading = Reading {
    operation: "booking-status",
    fits: |body| has(body, "/bookingId"),
    read: |body, _| Ok(Normalised::Booking(contract::parse_booking(body)?)),
};

const CHANGED: Reading = Reading {
    operation: contract::CHANGES,
    fits: |body| has(body, "/changes") && has(body, "/cursor"),
    read: |body, _| Ok(Normalised::Changes(contract::parse_changes(body)?)),
};

/// An answer that was recorded with its status.
#[derive(Deserialize)]
struct Recorded<'a> {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(borrow)]
    body: &'a RawValue,
}

impl Source {
    /// What answers of it can be read.
    pub fn readings(&self) -> &'static [Reading] {
        READINGS.iter().find(|(source, _)| *source == self.id).map_or(&[], |(_, readings)| readings)
    }

    /// What the adapter makes of a recorded answer: the bare body, or an object of `status`, `headers` and `body`. Also which
    /// operation it is of; without a name, what it looks like is taken.
    ///
    /// # Errors
    /// What the adapter would answer: an error of the source by its code, or [`SourceError::Malformed`] for what is no answer.
    /// [`SourceError::NotOffered`] if there is no such operation.
    pub fn normalise(
        &self,
        operation: Option<&str>,
        recorded: &[u8],
        now: Timestamp,
    ) -> (Option<&'static str>, Result<Normalised, SourceError>) {
        let body = match serde_json::from_slice::<Recorded<'_>>(recorded) {
            Ok(Recorded { status: 200..=299, body, .. }) => body.get().as_bytes(),
            Ok(Recorded { status, headers, body }) => {
                let told = (asked_to_wait(&headers, now), code_in(body.get().as_bytes()));
                return (None, Err(SourceError::of_status(status, told)));
            }
            Err(_) => recorded,
        };
        // What it looks like. One number that a document can't hold makes it look like nothing: who names the operation has it read all
        // the same, row by row.
        let document: Value = serde_json::from_slice(body).unwrap_or_default();
        let reading = match operation {
            Some(name) => match self.readings().iter().find(|reading| reading.operation == name) {
                Some(reading) => Some(reading),
                None => return (None, Err(SourceError::NotOffered)),
            },
            None => self.readings().iter().find(|reading| (reading.fits)(&document)),
        };
        match (reading, self.error_in(body)) {
            (Some(reading), _) if (reading.fits)(&document) => (Some(reading.operation), (reading.read)(body, now)),
            (reading, Some(error)) => (reading.map(|reading| reading.operation), Err(error)),
            (Some(reading), None) => (Some(reading.operation), (reading.read)(body, now)),
            (None, None) => (None, Err(SourceError::Malformed)),
        }
    }

    /// What the adapter makes of an answer that was kept with its operation and its status.
    ///
    /// # Errors
    /// The source's error by status and code; [`SourceError::Malformed`] for what is no answer of the operation;
    /// [`SourceError::NotOffered`] if there is no such operation.
    pub fn reread(&self, operation: &str, status: u16, body: &[u8], now: Timestamp) -> Result<Normalised, SourceError> {
        if (200..=299).contains(&status) {
            self.normalise(Some(operation), body, now).1
        } else {
            Err(SourceError::of_status(status, (None, code_in(body))))
        }
    }

    /// The error in a body that came without its status, by its code. One whose code is not documented is a refusal.
    fn error_in(&self, body: &[u8]) -> Option<SourceError> {
        let code = code_in(body)?;
        let status = self.errors.iter().find(|(known, _)| *known == code).map_or(400, |(_, status)| *status);
        Some(SourceError::of_status(status, (None, Some(code))))
    }
}

fn asked_to_wait(headers: &BTreeMap<String, String>, now: Timestamp) -> Option<std::time::Duration> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (http::HeaderName::from_bytes(name.as_bytes()), value.parse()) {
            map.insert(name, value);
        }
    }
    retry_after(&map, now)
}
