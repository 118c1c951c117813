//! What every adapter must do with a booking: make it once or say why not, and tell nobody who travels.

use providers::{
    Asking, BookingError, BookingRequest, SourceError,
    booking::{Bookable, Payment},
    sources::{SOURCES, Source},
};
use providers_tests::{
    Answer, Asked, Impatient, Losing, NOW, Refusing, Showing, Vendor, asking,
    desks::{Desk, OURS, assert_private, desk, desks, duffel_offer, money, preview, price_check, traveller},
    failures, mistyped, outside,
    questions::desk_at,
    sample, sample_json,
};
use serde_json::{Value, json};

#[tokio::test]
async fn each_desk_books_as_documented() {
    for desk in desks() {
        let vendor = desk.vendor(Answer::new(201, desk.made.to_string())).await;
        let booked = desk.book(&vendor, &outside()).await.unwrap();
        assert_eq!(desk.sent(&vendor), 1, "{}", desk.source.id);
        let asked: Vec<String> = vendor.asked().iter().map(written).collect();
        insta::assert_snapshot!(format!("books-{}", desk.source.id), asked.join("\n\n"));
        insta::assert_json_snapshot!(format!("booked-{}", desk.source.id), booked);
    }
}

/// Method, address, what the headers hold of the guest, and the body.
fn written(asked: &Asked) -> String {
    let body = serde_json::from_slice::<Value>(&asked.body).map(|body| serde_json::to_string_pretty(&body).unwrap());
    let body = body.unwrap_or_else(|_| String::from_utf8(asked.body.to_vec()).unwrap());
    format!("{} {}\ncustomer-ip: {}\n{body}", asked.head.method, asked.head.uri, asked.header("customer-ip"))
}

#[tokio::test]
async fn who_offers_no_booking_has_no_desk() {
    let vendor = Vendor::absent().await;
    let without: Vec<&str> = SOURCES.iter().filter(|source| desk_at(source, &vendor).is_none()).map(|source| source.id).collect();
    assert_eq!(without, ["seats-aero", "travelpayouts", "getyourguide"]);
    assert!(SOURCES.iter().all(|source| desk(source).is_none() == without.contains(&source.id)));
}

/// What a source does not book: by another reference than its own, or paid in another way.
#[tokio::test]
async fn what_a_source_does_not_book_is_not_sent() {
    let not_offered = Err(BookingError::Refused(SourceError::NotOffered));
    for desk in desks() {
        let vendor = desk.vendor(Answer::new(200, desk.made.to_string())).await;
        let others = match desk.source.id {
            "duffel" => vec![Payment::AtProperty],
            "expedia-rapid" => vec![Payment::AtProperty],
            "booking-demand" => vec![Payment::Account, Payment::Hold],
            "viator" => vec![Payment::AtProperty, Payment::Hold],
            _ => vec![Payment::Hold],
        };
        for payment in others {
            let other = BookingRequest { payment, ..desk.request.clone() };
            assert_eq!(desk.book_this(&vendor, &outside(), &other).await, not_offered, "{} {payment:?}", desk.source.id);
        }
        let other = match desk.request.item {
            Bookable::Offer(_) => desks().into_iter().find(|desk| desk.source.id == "viator").unwrap().request.item,
            Bookable::Stay { .. } | Bookable::Activity { .. } => Bookable::Offer("x".to_owned()),
        };
        let other = BookingRequest { item: other, ..desk.request.clone() };
        assert_eq!(desk.book_this(&vendor, &outside(), &other).await, not_offered, "{}", desk.source.id);
        assert_eq!(desk.sent(&vendor), 0, "{}", desk.source.id);
    }
}

#[tokio::test]
async fn at_another_price_nothing_is_booked() {
    for desk in desks().into_iter().filter(|desk| desk.source.base.is_some()) {
        let vendor = desk.vendor_at("99.10", Answer::new(200, desk.made.to_string())).await;
        let now = Some(money(&format!("99.10 {}", desk.request.price.currency())));
        let changed = desk.book(&vendor, &outside()).await;
        assert_eq!(changed, Err(BookingError::PriceChanged { now }), "{}", desk.source.id);
        assert_eq!(desk.sent(&vendor), 0, "{}", desk.source.id);
    }
}

/// What is answered before a booking when there is nothing left; and what becomes of it.
fn gone_before(desk: &Desk) -> Option<Answer> {
    match desk.source.id {
        "duffel" => Some(Answer::new(422, sample("duffel/error-offer-no-longer-available.json"))),
        "booking-demand" => {
            let mut preview = sample_json("booking-demand/orders-preview-v3.2.json");
            preview["data"]["accommodation"]["products"] = json!([]);
            Some(Answer::json(&preview))
        }
        "expedia-rapid" => Some(Answer::new(200, sample("expedia-rapid/price-check-sold-out.json"))),
        "viator" => {
            let mut all = sample_json("viator/availability-check-5010SYDNEY.json");
            all["bookableItems"][0]["available"] = json!(false);
            Some(Answer::json(&all))
        }
        _ => None,
    }
}

#[tokio::test]
async fn what_is_sold_is_not_sent() {
    for desk in desks() {
        let Some(answer) = gone_before(&desk) else { continue };
        let vendor = Vendor::always(answer).await;
        assert_eq!(desk.book(&vendor, &outside()).await, Err(BookingError::Gone), "{}", desk.source.id);
        assert_eq!(desk.sent(&vendor), 0, "{}", desk.source.id);
    }
    let duffel = desks().remove(0);
    let vendor = Vendor::always(duffel_offer("45.00", "2026-02-18T07:00:00Z")).await;
    assert_eq!(duffel.book(&vendor, &outside()).await, Err(BookingError::Gone), "it has run out");
    assert_eq!(duffel.sent(&vendor), 0);
}

/// What a source says when it is asked to book, by its own words.
fn refusals(source: &Source) -> Vec<(Answer, BookingError)> {
    let changed = || BookingError::PriceChanged { now: None };
    let unknown =
        |status, code: &str| BookingError::OutcomeUnknown(SourceError::Rejected { status, code: Some(code.to_owned()) });
    let refused = |status, code: &str| BookingError::Refused(SourceError::Rejected { status, code: Some(code.to_owned()) });
    match source.id {
        "duffel" => vec![
            (Answer::new(422, sample("duffel/error-price-changed.json")), changed()),
            // Whatever its status is: the vendor counts it among the errors of airlines.
            (Answer::new(502, sample("duffel/error-price-changed.json")), changed()),
            (Answer::new(422, sample("duffel/error-offer-no-longer-available.json")), BookingError::Gone),
            (Answer::new(422, sample("duffel/error-validation-error.json")), refused(422, "validation_required")),
            (
                Answer::new(422, r#"{"errors":[{"code":"offer_request_already_booked"}]}"#),
                unknown(422, "offer_request_already_booked"),
            ),
        ],
        "booking-demand" => vec![
            (Answer::new(409, r#"{"errors":[{"id":"duplicate","reservation":"4700000001"}]}"#), unknown(409, "duplicate")),
            (Answer::new(422, r#"{"errors":[{"id":"payment_refused"}]}"#), refused(422, "payment_refused")),
        ],
        "expedia-rapid" => vec![
            (Answer::new(409, sample("expedia-rapid/error-409-price-mismatch.json")), changed()),
            (Answer::new(410, sample("expedia-rapid/error-410-rooms-unavailable.json")), BookingError::Gone),
            (Answer::new(400, sample("expedia-rapid/error-400-duplicate-itinerary.json")), unknown(400, "invalid_input")),
            (Answer::new(400, sample("expedia-rapid/error-400-availability.json")), refused(400, "invalid_input")),
        ],
        "viator" => vec![
            (Answer::new(200, sample("viator/bookings-book-rejected.json")), BookingError::Gone),
            (
                Answer::new(200, r#"{"status":"REJECTED","rejectionReasonCode":"DUPLICATE_BOOKING"}"#),
                unknown(200, "DUPLICATE_BOOKING"),
            ),
            (Answer::new(200, r#"{"status":"REJECTED","rejectionReasonCode":"OTHER"}"#), refused(200, "OTHER")),
            (
                Answer::new(200, r#"{"status":"FAILED"}"#),
                BookingError::Refused(SourceError::Rejected { status: 200, code: None }),
            ),
            (Answer::new(400, r#"{"code":"BAD_REQUEST","message":"m"}"#), refused(400, "BAD_REQUEST")),
        ],
        _ => vec![
            (Answer::new(409, sample("contract/error-price-changed.json")), changed()),
            (Answer::new(409, sample("contract/error-sold-out.json")), BookingError::Gone),
            (Answer::new(409, r#"{"error":{"code":"duplicate_reference"}}"#), unknown(409, "duplicate_reference")),
            (Answer::new(400, r#"{"error":{"code":"invalid_request"}}"#), refused(400, "invalid_request")),
        ],
    }
}

#[tokio::test]
async fn what_a_source_refuses_is_typed_and_not_sent_again() {
    for desk in desks() {
        for (answer, expected) in refusals(desk.source) {
            let vendor = desk.vendor(answer).await;
            assert_eq!(desk.book(&vendor, &outside()).await, Err(expected), "{}", desk.source.id);
            assert_eq!(desk.sent(&vendor), 1, "{}", desk.source.id);
        }
    }
}

#[tokio::test]
async fn what_a_failure_leaves_open_is_said_to_be_unknown() {
    for desk in desks() {
        for (answer, error, open) in failures() {
            let vendor = desk.vendor(answer).await;
            let expected = if open { BookingError::OutcomeUnknown(error) } else { BookingError::Refused(error) };
            assert_eq!(desk.book(&vendor, &outside()).await, Err(expected), "{}", desk.source.id);
            assert_eq!(desk.sent(&vendor), 1, "{}", desk.source.id);
        }
    }
}

#[tokio::test]
async fn what_fails_before_a_booking_leaves_nothing_open() {
    for desk in desks().into_iter().filter(|desk| desk.source.base.is_some() || desk.source.id == "makemytrip") {
        for (answer, error, _) in failures() {
            let vendor = Vendor::always(answer).await;
            assert_eq!(desk.book(&vendor, &outside()).await, Err(BookingError::Refused(error)), "{}", desk.source.id);
            assert_eq!(desk.sent(&vendor), 0, "{}", desk.source.id);
        }
    }
}

#[tokio::test]
async fn of_an_answer_that_is_cut_off_nothing_is_known() {
    for desk in desks() {
        let made = desk.made.to_string();
        for eighth in 0..8 {
            let vendor = desk.vendor(Answer::new(201, made.as_bytes()[..made.len() * eighth / 8].to_vec())).await;
            let unknown = Err(BookingError::OutcomeUnknown(SourceError::Malformed));
            assert_eq!(desk.book(&vendor, &outside()).await, unknown, "{} {eighth}", desk.source.id);
            assert_eq!(desk.sent(&vendor), 1, "{}", desk.source.id);
        }
    }
}

#[tokio::test]
async fn a_booking_that_is_not_answered_is_sent_once_and_its_outcome_unknown() {
    for desk in desks() {
        let vendor = desk.vendor(Answer::never()).await;
        let unknown = Err(BookingError::OutcomeUnknown(SourceError::Timeout));
        assert_eq!(desk.book(&vendor, &Impatient(outside())).await, unknown, "{}", desk.source.id);
        assert_eq!(desk.sent(&vendor), 1, "{}", desk.source.id);
    }
}

#[tokio::test]
async fn a_booking_whose_answer_is_lost_is_not_sent_again() {
    for desk in desks() {
        let vendor = desk.vendor(Answer::new(201, desk.made.to_string())).await;
        let unknown = Err(BookingError::OutcomeUnknown(SourceError::Unreachable));
        assert_eq!(desk.book(&vendor, &Losing(outside(), desk.books)).await, unknown, "{}", desk.source.id);
        assert_eq!(desk.sent(&vendor), 1, "{}", desk.source.id);
    }
}

#[tokio::test]
async fn who_has_no_time_begins_no_booking() {
    for desk in desks() {
        let vendor = desk.vendor(Answer::new(201, desk.made.to_string())).await;
        let (outside, at) = (outside(), desk_at(desk.source, &vendor).unwrap());
        let late = Asking::within(&outside, NOW, std::time::Duration::ZERO);
        let refused = at.book(&late, &desk.request).await;
        assert_eq!(refused, Err(BookingError::Refused(SourceError::Timeout)), "{}", desk.source.id);
        assert!(vendor.asked().is_empty(), "{}", desk.source.id);
    }
}

#[tokio::test]
async fn what_was_booked_is_found_by_our_reference() {
    for desk in desks() {
        let found = desk.find(Answer::json(&desk.found)).await.unwrap();
        assert_eq!(found.and_then(|booked| booked.ours).as_deref(), Some(OURS), "{}", desk.source.id);
        let others = desk.found.to_string().replace(OURS, "01KHPNJ4R6Z9X0Q3T5V7W9Y1B4");
        assert_eq!(desk.find(Answer::new(200, others)).await, Ok(None), "{}: another's", desk.source.id);
        assert_eq!(desk.find(Answer::new(200, "garbage")).await, Err(SourceError::Malformed), "{}", desk.source.id);
        assert_eq!(desk.find(Answer::new(500, "")).await, Err(SourceError::Unavailable(500)), "{}", desk.source.id);
    }
}

#[tokio::test]
async fn what_is_not_found_is_not_booked_as_far_as_a_source_knows() {
    for desk in desks() {
        let expected = match desk.source.id {
            // They are asked for a list, which can be empty.
            "duffel" | "booking-demand" => Err(SourceError::Rejected { status: 404, code: None }),
            _ => Ok(None),
        };
        assert_eq!(desk.find(Answer::new(404, "{}")).await, expected, "{}", desk.source.id);
    }
}

#[tokio::test]
async fn of_an_answer_with_values_of_another_type_what_can_not_be_read_is_unknown() {
    for desk in desks() {
        for made in mistyped(&desk.made) {
            let vendor = desk.vendor(Answer::json(&made)).await;
            match desk.book(&vendor, &outside()).await {
                Ok(booked) => assert!(!booked.reference.is_empty(), "{} {made}", desk.source.id),
                Err(error) => {
                    assert_eq!(error, BookingError::OutcomeUnknown(SourceError::Malformed), "{} {made}", desk.source.id);
                }
            }
            assert_eq!(desk.sent(&vendor), 1, "{}", desk.source.id);
        }
    }
}

#[tokio::test]
async fn what_is_asked_before_with_values_of_another_type_leaves_nothing_open() {
    for desk in desks().into_iter().filter(|desk| desk.source.base.is_some()) {
        let vendor = desk.vendor(Answer::json(&desk.made)).await;
        desk.book(&vendor, &outside()).await.unwrap();
        let before = (desk.before)(&vendor.asked()[0], &desk.price()).document();
        for before in mistyped(&before) {
            let (books, made, answer) = (desk.books, Answer::json(&desk.made), Answer::json(&before));
            let vendor = Vendor::answering(move |_, asked| if asked.is(books) { made.clone() } else { answer.clone() }).await;
            let result = desk.book(&vendor, &outside()).await;
            assert!(!matches!(result, Err(BookingError::OutcomeUnknown(_))), "{} {before}", desk.source.id);
            assert_eq!(desk.sent(&vendor), usize::from(result.is_ok()), "{} {before}", desk.source.id);
        }
    }
}

/// Page after page, and no end: what lies beyond the last one is not known, so it is not said that there is none.
#[tokio::test]
async fn a_list_without_end_says_nothing() {
    for (id, pointer, pages) in [("duffel", "/meta/after", 5), ("booking-demand", "/metadata/next_page", 5)] {
        let desk = desks().into_iter().find(|desk| desk.source.id == id).unwrap();
        let mut list: Value = serde_json::from_str(&desk.found.to_string().replace(OURS, "another")).unwrap();
        *list.pointer_mut(pointer).unwrap() = json!("more");
        let vendor = Vendor::always(Answer::json(&list)).await;
        let (at, outside) = (desk_at(desk.source, &vendor).unwrap(), outside());
        let asking = asking(&outside);
        assert_eq!(at.find(&asking, &desk.request).await, Err(SourceError::TooLarge), "{id}");
        assert_eq!(vendor.asked().len(), pages, "{id}");
    }
}

#[tokio::test]
async fn a_booking_shows_nobody_who_travels() {
    for desk in desks() {
        assert_private(&format!("{:?} {:#?}", desk.request, desk.request));
        let refusing = Refusing::default();
        let vendor = Vendor::absent().await;
        let refused = desk.book(&vendor, &refusing).await;
        assert_eq!(refused, Err(BookingError::Refused(SourceError::Undeclared)), "{}", desk.source.id);
        let at = desk_at(desk.source, &vendor).unwrap();
        let asking = asking(&refusing);
        assert_eq!(at.find(&asking, &desk.request).await, Err(SourceError::Undeclared), "{}", desk.source.id);
        let booking = Showing::default();
        let vendor = desk.vendor(Answer::json(&desk.made)).await;
        desk.book(&vendor, &booking).await.unwrap();
        let shown = [refusing.0.into_inner().unwrap(), booking.shown.into_inner().unwrap()].concat();
        assert!(shown.len() >= 3, "{}", desk.source.id);
        shown.iter().for_each(|call| assert_private(call));
    }
}

/// Also what is paid and cancelled is not ([`Losing`]).
#[tokio::test]
async fn what_is_said_at_a_desk_is_not_kept() {
    for desk in desks() {
        let vendor = desk.vendor(Answer::json(&desk.made)).await;
        let (showing, at) = (Showing::default(), desk_at(desk.source, &vendor).unwrap());
        let asking = asking(&showing);
        let is_expedia = desk.source.id == "expedia-rapid";
        let checked = match &desk.request.item {
            Bookable::Offer(offer) => offer.clone(),
            Bookable::Stay { .. } | Bookable::Activity { .. } => "x".to_owned(),
        };
        let booked = if is_expedia { "/v3/itineraries/1?token=t" } else { "x" };
        at.book(&asking, &desk.request).await.unwrap();
        let mut said = showing.said();
        let mut calls_unless_not_offered = |error: Option<SourceError>| {
            let before = std::mem::replace(&mut said, showing.said());
            assert_eq!(said == before, error == Some(SourceError::NotOffered), "{} {said}", desk.source.id);
        };
        calls_unless_not_offered(at.find(&asking, &desk.request).await.err());
        calls_unless_not_offered(at.status(&asking, booked).await.err());
        calls_unless_not_offered(at.check(&asking, &checked).await.err());
        calls_unless_not_offered(at.cancel_quote(&asking, booked).await.err());
        calls_unless_not_offered(at.cancel(&asking, booked).await.err());
        calls_unless_not_offered(match at.pay(&asking, &desk.request, booked).await {
            Err(BookingError::Refused(error) | BookingError::OutcomeUnknown(error)) => Some(error),
            Err(BookingError::PriceChanged { .. } | BookingError::Gone) | Ok(_) => None,
        });
    }
}

/// What each source asks of a booking that another does not.
#[tokio::test]
async fn what_a_source_asks_for_is_there_or_nothing_is_sent() {
    let of = |id: &str| desks().into_iter().find(|desk| desk.source.id == id).unwrap();
    let not_offered = Err(BookingError::Refused(SourceError::NotOffered));

    let duffel = of("duffel");
    let vendor = duffel.vendor(Answer::json(&duffel.made)).await;
    let two = BookingRequest { others: vec![traveller("Bob")], ..duffel.request.clone() };
    assert_eq!(duffel.book_this(&vendor, &outside(), &two).await, not_offered, "the offer is for one");
    let mut unnamed = duffel.request.clone();
    unnamed.lead.flyer = None;
    assert_eq!(duffel.book_this(&vendor, &outside(), &unnamed).await, not_offered, "airlines ask for a day of birth");
    let held = BookingRequest { payment: Payment::Hold, ..duffel.request.clone() };
    assert!(duffel.book_this(&vendor, &outside(), &held).await.is_ok());
    let order = vendor.asked().last().unwrap().json();
    assert_eq!((&order["data"]["type"], order["data"].get("payments")), (&json!("hold"), None));

    let booking = of("booking-demand");
    for card in [Some(true), None] {
        let vendor = Vendor::answering(move |_, _| preview("123.00", card)).await;
        assert_eq!(booking.book(&vendor, &outside()).await, not_offered, "a card is wanted as security");
        assert_eq!(booking.sent(&vendor), 0);
    }

    let expedia = of("expedia-rapid");
    let vendor = expedia.vendor(Answer::json(&expedia.made)).await;
    // One names no price to hold the booking to, with the other a key would go elsewhere.
    for link in ["/v3/itineraries?token=of-a-price-check", "https://elsewhere.example/v3/"] {
        let by = BookingRequest { item: Bookable::Offer(link.to_owned()), ..expedia.request.clone() };
        assert_eq!(expedia.book_this(&vendor, &outside(), &by).await, not_offered, "{link}");
    }
    assert!(vendor.asked().is_empty());
    let mut away = price_check(&expedia.price()).document();
    away["links"]["book"]["href"] = json!("https://elsewhere.example/v3/itineraries?token=t");
    let vendor = Vendor::always(Answer::json(&away)).await;
    assert_eq!(expedia.book(&vendor, &outside()).await, not_offered, "a key follows no link away");
    assert_eq!(vendor.asked().len(), 1);

    let viator = of("viator");
    let vendor = viator.vendor(Answer::json(&viator.made)).await;
    let two = BookingRequest { others: vec![traveller("Bob")], ..viator.request.clone() };
    assert!(viator.book_this(&vendor, &outside(), &two).await.is_ok());
    let party = json!([{"ageBand": "ADULT", "numberOfTravelers": 2}]);
    assert!(vendor.asked().iter().all(|asked| asked.json()["paxMix"] == party), "it is priced for whom it is booked for");
    let mut another = viator.request.clone();
    let Bookable::Activity { day, .. } = &mut another.item else { unreachable!("{another:?}") };
    *day = day.tomorrow().unwrap();
    assert_eq!(
        viator.book_this(&vendor, &outside(), &another).await,
        Err(BookingError::Gone),
        "that is the price of another day"
    );
    assert_eq!(viator.sent(&vendor), 1);
}
