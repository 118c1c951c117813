//! How each source is booked at that can be booked at: what is wanted of it, and what it answers.

use domain::{money::Money, stays::Guests};
use platform::outside::Outside;
use providers::{
    Booked, BookingError, BookingRequest, SourceError,
    booking::{Address, Bookable, Contact, Flyer, Gender, Payment, Personal, Phone, Title, Traveller},
    sources::{SOURCES, Source},
};
use serde_json::{Value, json};

use crate::{
    Answer, Asked, Vendor, asking, day, outside,
    questions::{assert_secret, desk_at, granting},
    sample_json,
};

/// What we call the booking: the samples repeat it.
pub const OURS: &str = "01KHPNJ4R6Z9X0Q3T5V7W9Y1B3";

/// How a source is booked at.
#[derive(Debug)]
pub struct Desk {
    /// Which source.
    pub source: &'static Source,
    /// What is wanted.
    pub request: BookingRequest,
    /// What books: the method and the path.
    pub books: (&'static str, &'static str),
    /// What is answered to everything else, at this price.
    pub before: fn(&Asked, &str) -> Answer,
    /// What is answered to a booking that is made.
    pub made: Value,
    /// What is answered when the source is asked by our reference.
    pub found: Value,
}

/// How each source is booked at that can be booked at.
pub fn desks() -> Vec<Desk> {
    SOURCES.iter().filter_map(desk).collect()
}

/// How a source is booked at, if it can be.
pub fn desk(source: &'static Source) -> Option<Desk> {
    match source.id {
        "seats-aero" | "travelpayouts" | "getyourguide" => None,
        "duffel" => Some(duffel(source)),
        "booking-demand" => Some(booking_demand(source)),
        "expedia-rapid" => Some(expedia_rapid(source)),
        "viator" => Some(viator(source)),
        "makemytrip" => Some(Desk {
            request: request(offer("MMT-RATE-1"), "5376.00 INR", Payment::Account),
            books: ("POST", "/api/v2/bookings"),
            before: |asked, _| granting(asked, Answer::new(404, "")),
            ..by_contract(source)
        }),
        "goibibo" | "oyo" | "trip-com" => Some(by_contract(source)),
        unknown => unreachable!("{unknown} has no recording of a booking"),
    }
}

fn offer(reference: &str) -> Bookable {
    Bookable::Offer(reference.to_owned())
}

fn duffel(source: &'static Source) -> Desk {
    Desk {
        source,
        request: request(offer("off_1"), "45.00 GBP", Payment::Account),
        books: ("POST", "/air/orders"),
        before: |_, price| duffel_offer(price, "2026-02-18T08:00:00Z"),
        made: ordered(),
        found: sample_json("duffel/orders-list.json"),
    }
}

fn booking_demand(source: &'static Source) -> Desk {
    let stay = Bookable::Stay {
        property: "10004".to_owned(),
        offer: "1000420_95127794_2_0_0".to_owned(),
        checkin: day("2026-11-06"),
        checkout: day("2026-11-08"),
        guests: Guests { adults: 2, child_ages: vec![] },
    };
    Desk {
        source,
        request: request(stay, "123.00 EUR", Payment::AtProperty),
        books: ("POST", "/orders/create"),
        before: |_, price| preview(price, Some(false)),
        made: sample_json("booking-demand/orders-create-v3.2.json"),
        found: sample_json("booking-demand/orders-details-v3.2.json"),
    }
}

fn expedia_rapid(source: &'static Source) -> Desk {
    Desk {
        source,
        request: request(offer("/v3/properties/19248/rooms/1/rates/2?token=t"), "351.00 CAD", Payment::Account),
        books: ("POST", "/v3/itineraries"),
        before: |_, price| price_check(price),
        made: sample_json("expedia-rapid/itinerary-created.json"),
        found: sample_json("expedia-rapid/itineraries-found.json"),
    }
}

fn viator(source: &'static Source) -> Desk {
    let activity = Bookable::Activity {
        product: "5010SYDNEY".to_owned(),
        option: Some("TG3".to_owned()),
        day: day("2021-12-12"),
        starts: None,
    };
    Desk {
        source,
        request: request(activity, "200.50 AUD", Payment::Account),
        books: ("POST", "/bookings/book"),
        before: |_, price| availability(price),
        made: sample_json("viator/bookings-book.json"),
        found: sample_json("viator/bookings-book.json"),
    }
}

fn by_contract(source: &'static Source) -> Desk {
    Desk {
        source,
        request: request(offer("RATE-1"), "5376.00 INR", Payment::AtProperty),
        books: ("POST", "/api/booking/create"),
        before: |_, _| Answer::new(404, ""),
        made: sample_json("contract/booking-created.json"),
        found: sample_json("contract/booking-created.json"),
    }
}

/// Duffel's sample offer at a price, until then.
pub fn duffel_offer(price: &str, until: &str) -> Answer {
    let mut offer = sample_json("duffel/offer.json");
    offer["data"]["total_amount"] = json!(price);
    offer["data"]["expires_at"] = json!(until);
    Answer::json(&offer)
}

/// Duffel's sample order, which was cancelled, as it was before.
fn ordered() -> Value {
    let mut order = sample_json("duffel/order-created-instant.json");
    order["data"]["cancelled_at"] = Value::Null;
    order["data"]["metadata"] = json!({"reference": OURS});
    order
}

/// Booking.com's sample of a preview at a price, and whether the property wants a card, where that is said.
pub fn preview(price: &str, card: Option<bool>) -> Answer {
    let mut preview = sample_json("booking-demand/orders-preview-v3.2.json");
    preview["data"]["accommodation"]["price"]["total"]["booker_currency"] = json!(price);
    preview["data"]["accommodation"]["general_policies"]["payment"]["pay_at_the_property"]["method_required"] = json!(card);
    Answer::json(&preview)
}

/// With the fee of 5.00 that is paid there.
pub fn price_check(price: &str) -> Answer {
    let mut check = sample_json("expedia-rapid/price-check-available.json");
    let total = price.parse::<rust_decimal::Decimal>().unwrap() - rust_decimal::Decimal::from(5);
    check["occupancy_pricing"]["2"]["totals"]["inclusive"]["billable_currency"]["value"] = json!(total.to_string());
    Answer::json(&check)
}

fn availability(price: &str) -> Answer {
    let mut all = sample_json("viator/availability-check-5010SYDNEY.json");
    all["bookableItems"][0]["totalPrice"]["price"]["recommendedRetailPrice"] = json!(price);
    Answer::json(&all)
}

/// "45.00 GBP"
pub fn money(text: &str) -> Money {
    let (amount, currency) = text.split_once(' ').unwrap();
    Money::new(amount.parse().unwrap(), currency.parse().unwrap()).unwrap()
}

/// A traveller of this name.
pub fn traveller(name: &str) -> Traveller {
    Traveller {
        given_name: Personal::new(format!("{name}-nobody-may-see")),
        family_name: Personal::new("Example-nobody-may-see".to_owned()),
        flyer: Some(Personal::new(Flyer { title: Title::Dr, gender: Gender::Female, born_on: day("1987-07-24") })),
    }
}

/// A booking of something at a price, paid so.
pub fn request(wanted: Bookable, price: &str, payment: Payment) -> BookingRequest {
    let lives = Address {
        line: Some("1 Nobody-may-see Street".to_owned()),
        city: Some("Springfield-nobody-may-see".to_owned()),
        region: Some("MO".to_owned()),
        postal_code: Some("65804".to_owned()),
        country: "US".parse().unwrap(),
    };
    BookingRequest {
        item: wanted,
        price: money(price),
        payment,
        lead: traveller("Ada"),
        others: vec![],
        contact: Contact {
            email: Personal::new("ada@nobody-may-see.example".to_owned()),
            phone: Personal::new(Phone { country_code: 1, number: "4175551212".to_owned() }),
            address: Personal::new(lives),
            network_address: Personal::new("203.0.113.7".parse().unwrap()),
        },
        reference: OURS.parse().unwrap(),
    }
}

/// What of a request nobody may see, wherever it would show.
pub fn assert_private(text: &str) {
    assert_secret(text);
    for personal in ["1987", "4175551212", "65804", "203.0.113.7", "ada@"] {
        assert!(!text.contains(personal), "{text}");
    }
}

impl Desk {
    /// The price that is agreed to.
    pub fn price(&self) -> String {
        self.request.price.amount().to_string()
    }

    /// A vendor that answers so to the booking, and as it should to everything before it.
    pub async fn vendor(&self, answer: Answer) -> Vendor {
        self.vendor_at(&self.price(), answer).await
    }

    /// The same, where it asks another price before.
    pub async fn vendor_at(&self, price: &str, answer: Answer) -> Vendor {
        let (books, before, price) = (self.books, self.before, price.to_owned());
        Vendor::answering(move |_, asked| if asked.is(books) { answer.clone() } else { before(asked, &price) }).await
    }

    /// Books what is wanted.
    pub async fn book(&self, vendor: &Vendor, outside: &dyn Outside) -> Result<Booked, BookingError> {
        self.book_this(vendor, outside, &self.request).await
    }

    /// Books something else.
    pub async fn book_this(
        &self,
        vendor: &Vendor,
        outside: &dyn Outside,
        request: &BookingRequest,
    ) -> Result<Booked, BookingError> {
        let at = desk_at(self.source, vendor).unwrap();
        let result = at.book(&asking(outside), request).await;
        assert_private(&format!("{result:?} {} {}", result.is_ok(), json!(result.as_ref().err())));
        result
    }

    /// Asks by our reference, and is answered so.
    pub async fn find(&self, answer: Answer) -> Result<Option<Booked>, SourceError> {
        let vendor = Vendor::answering(move |_, asked| granting(asked, answer.clone())).await;
        let (at, outside) = (desk_at(self.source, &vendor).unwrap(), outside());
        at.find(&asking(&outside), &self.request).await
    }

    /// How often the vendor was asked to book.
    pub fn sent(&self, vendor: &Vendor) -> usize {
        vendor.asked().iter().filter(|asked| asked.is(self.books)).count()
    }
}
