//! What comes after a booking: paying for what is held, and cancelling. Each is sent once, and says whether it was done.

use domain::cancellation::{Cancellation, Deadline, Penalty};
use platform::outside::Outside;
use providers::{
    Booked, BookingError, BookingRequest, BookingState, CancelQuote, SourceError,
    booking::{Bookable, Payment},
    expedia_rapid,
    sources::{SOURCES, Source, source},
};
use providers_tests::{
    Answer, Asked, Impatient, Losing, Vendor, asking,
    desks::{assert_private, money, request},
    failures, mistyped, outside,
    questions::{desk_at, granting},
    sample, sample_json,
};
use serde_json::{Value, json};

/// Something that is changed at a source.
struct Change {
    source: &'static Source,
    /// What it is done by.
    by: &'static str,
    /// What does it: the method and the path.
    sends: (&'static str, &'static str),
    /// What is answered to everything else.
    before: fn() -> Answer,
    /// What is answered when it is done.
    done: Answer,
    /// Whether the answer tells that it was done by what it holds; else by its status.
    tells: bool,
}

impl Change {
    async fn vendor(&self, answer: Answer) -> Vendor {
        let (sends, before) = (self.sends, self.before);
        Vendor::answering(move |_, asked| if asked.is(sends) { answer.clone() } else { granting(asked, before()) }).await
    }

    fn sent(&self, vendor: &Vendor) -> usize {
        vendor.asked().iter().filter(|asked| asked.is(self.sends)).count()
    }

    async fn cancel(&self, vendor: &Vendor, outside: &dyn Outside) -> Result<(), SourceError> {
        let at = desk_at(self.source, vendor).unwrap();
        let result = at.cancel(&asking(outside), self.by).await;
        assert_private(&format!("{result:?}"));
        result
    }

    async fn pay(&self, vendor: &Vendor, outside: &dyn Outside) -> Result<BookingState, BookingError> {
        let at = desk_at(self.source, vendor).unwrap();
        let result = at.pay(&asking(outside), &held(), self.by).await;
        assert_private(&format!("{result:?}"));
        result
    }

    /// What it asked, in a line each.
    fn written(vendor: &Vendor) -> String {
        let line = |asked: &Asked| {
            let body = std::str::from_utf8(&asked.body).unwrap();
            format!("{} {} {} {body}", asked.head.method, asked.head.uri, asked.header("customer-ip"))
        };
        vendor.asked().iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// What was booked, and is held.
fn held() -> BookingRequest {
    request(Bookable::Offer("off_1".to_owned()), "45.00 GBP", Payment::Hold)
}

fn nothing() -> Answer {
    Answer::new(404, "")
}

fn of(id: &'static str, by: &'static str, sends: (&'static str, &'static str), done: Answer) -> Change {
    Change { source: source(id).unwrap(), by, sends, before: nothing, done, tells: true }
}

/// Where a booking can be cancelled, and how.
fn cancellations() -> Vec<Change> {
    let found = |name| Answer::new(200, sample(name));
    vec![
        of(
            "duffel",
            "ore_1",
            ("POST", "/air/order_cancellations/ore%5F1/actions/confirm"),
            found("duffel/order-cancellation-confirmed.json"),
        ),
        of("booking-demand", "7700000000001", ("POST", "/orders/cancel"), found("booking-demand/orders-cancel-v3.2.json")),
        Change {
            tells: false,
            ..of("expedia-rapid", "/v3/itineraries/1?token=t", ("DELETE", "/v3/itineraries/1"), Answer::new(204, ""))
        },
        of("viator", "BR-1", ("POST", "/bookings/BR%2D1/cancel"), found("viator/bookings-cancel.json")),
        of("makemytrip", "MMT-1", ("POST", "/api/v2/cancellations"), found("contract/booking-cancelled.json")),
    ]
}

fn order(awaiting: bool, total: &str) -> Value {
    let mut order = sample_json("duffel/order-created-instant.json");
    order["data"]["id"] = json!("ord_1");
    order["data"]["cancelled_at"] = Value::Null;
    order["data"]["total_amount"] = json!(total);
    order["data"]["payment_status"]["awaiting_payment"] = json!(awaiting);
    order
}

/// Where what is held can be paid, and how.
fn payments() -> Vec<Change> {
    vec![
        Change {
            before: || Answer::json(&order(true, "45.00")),
            ..of("duffel", "ord_1", ("POST", "/air/payments"), Answer::new(201, sample("duffel/payment-created.json")))
        },
        Change {
            tells: false,
            ..of("expedia-rapid", "/v3/itineraries/1?token=t", ("PUT", "/v3/itineraries/1"), Answer::new(204, ""))
        },
    ]
}

#[tokio::test]
async fn each_cancels_as_documented() {
    let mut all = Vec::new();
    for change in cancellations() {
        let vendor = change.vendor(change.done.clone()).await;
        assert_eq!(change.cancel(&vendor, &outside()).await, Ok(()), "{}", change.source.id);
        assert_eq!(change.sent(&vendor), 1, "{}", change.source.id);
        all.push(Change::written(&vendor));
    }
    insta::assert_snapshot!(all.join("\n"));
}

#[tokio::test]
async fn each_pays_as_documented() {
    let mut all = Vec::new();
    for change in payments() {
        let vendor = change.vendor(change.done.clone()).await;
        assert_eq!(change.pay(&vendor, &outside()).await, Ok(BookingState::Confirmed), "{}", change.source.id);
        assert_eq!(change.sent(&vendor), 1, "{}", change.source.id);
        all.push(Change::written(&vendor));
    }
    insta::assert_snapshot!(all.join("\n"));
}

#[tokio::test]
async fn who_does_not_offer_it_says_so_and_is_not_asked() {
    let vendor = Vendor::always(Answer::new(200, "{}")).await;
    let outside = outside();
    let asking = asking(&outside);
    let not_offered = || SourceError::NotOffered;
    for (source, desk) in SOURCES.iter().filter_map(|source| Some((source, desk_at(source, &vendor)?))) {
        if !["duffel", "booking-demand", "expedia-rapid", "viator", "makemytrip"].contains(&source.id) {
            assert_eq!(desk.cancel(&asking, "x").await, Err(not_offered()), "{}", source.id);
        }
        if !["duffel", "viator"].contains(&source.id) {
            assert_eq!(desk.cancel_quote(&asking, "x").await, Err(not_offered()), "{}", source.id);
        }
        if !["duffel", "expedia-rapid"].contains(&source.id) {
            let refused = Err(BookingError::Refused(not_offered()));
            assert_eq!(desk.pay(&asking, &held(), "x").await, refused, "{}", source.id);
            assert_eq!(desk.check(&asking, "x").await, Err(not_offered()), "{}", source.id);
        }
    }
    assert!(vendor.asked().is_empty());
}

#[tokio::test]
async fn a_cancellation_that_fails_is_typed_and_not_sent_again() {
    for change in cancellations() {
        for (answer, error, _) in failures() {
            let vendor = change.vendor(answer).await;
            assert_eq!(change.cancel(&vendor, &outside()).await, Err(error), "{}", change.source.id);
            assert_eq!(change.sent(&vendor), 1, "{}", change.source.id);
        }
    }
}

#[tokio::test]
async fn a_payment_that_fails_leaves_open_what_the_source_does_not_refuse() {
    for change in payments() {
        for (answer, error, open) in failures() {
            let vendor = change.vendor(answer).await;
            let expected = if open { BookingError::OutcomeUnknown(error) } else { BookingError::Refused(error) };
            assert_eq!(change.pay(&vendor, &outside()).await, Err(expected), "{}", change.source.id);
            assert_eq!(change.sent(&vendor), 1, "{}", change.source.id);
        }
    }
}

#[tokio::test]
async fn of_an_answer_that_is_cut_off_or_mistyped_nothing_is_known() {
    for (change, pays) in
        cancellations().into_iter().map(|change| (change, false)).chain(payments().into_iter().map(|change| (change, true)))
    {
        if !change.tells {
            continue;
        }
        let whole = change.done.document();
        let text = whole.to_string();
        let cut = (0..8).map(|eighth| (Answer::new(200, text.as_bytes()[..text.len() * eighth / 8].to_vec()), false));
        let mistyped = mistyped(&whole).map(|document| (Answer::json(&document), true));
        for (answer, may_be_read) in cut.chain(mistyped) {
            let vendor = change.vendor(answer).await;
            let error = if pays {
                match change.pay(&vendor, &outside()).await.err() {
                    Some(BookingError::OutcomeUnknown(error)) => Some(error),
                    None => None,
                    Some(other) => unreachable!("{}: {other:?}", change.source.id),
                }
            } else {
                change.cancel(&vendor, &outside()).await.err()
            };
            assert!(error == Some(SourceError::Malformed) || may_be_read && error.is_none(), "{} {error:?}", change.source.id);
            assert_eq!(change.sent(&vendor), 1, "{}", change.source.id);
        }
    }
}

#[tokio::test]
async fn what_is_not_answered_is_sent_once() {
    for change in cancellations() {
        let vendor = change.vendor(Answer::never()).await;
        assert_eq!(change.cancel(&vendor, &Impatient(outside())).await, Err(SourceError::Timeout), "{}", change.source.id);
        assert_eq!(change.sent(&vendor), 1, "{}", change.source.id);
        let vendor = change.vendor(change.done.clone()).await;
        let lost = change.cancel(&vendor, &Losing(outside(), change.sends)).await;
        assert_eq!((lost, change.sent(&vendor)), (Err(SourceError::Unreachable), 1), "{}", change.source.id);
    }
    for change in payments() {
        let unknown = |error| Err(BookingError::OutcomeUnknown(error));
        let vendor = change.vendor(Answer::never()).await;
        assert_eq!(change.pay(&vendor, &Impatient(outside())).await, unknown(SourceError::Timeout), "{}", change.source.id);
        assert_eq!(change.sent(&vendor), 1, "{}", change.source.id);
        let vendor = change.vendor(change.done.clone()).await;
        let lost = change.pay(&vendor, &Losing(outside(), change.sends)).await;
        assert_eq!((lost, change.sent(&vendor)), (unknown(SourceError::Unreachable), 1), "{}", change.source.id);
    }
}

#[tokio::test]
async fn a_cancellation_that_is_not_said_to_be_done_is_none() {
    let declined = SourceError::Rejected { status: 200, code: Some("ALREADY_CANCELLED".to_owned()) };
    let unconfirmed = Answer::new(200, sample("duffel/order-cancellation-created.json"));
    for (id, answer, error) in [
        ("viator", Answer::new(200, sample("viator/bookings-cancel-declined.json")), declined),
        ("viator", Answer::new(200, r#"{"bookingId":"BR-1","status":"LATER"}"#), SourceError::Malformed),
        ("duffel", unconfirmed, SourceError::Malformed),
        ("booking-demand", Answer::new(200, r#"{"data":{"status":"failed"}}"#), SourceError::Malformed),
        ("makemytrip", Answer::new(200, sample("contract/booking-created.json")), SourceError::Malformed),
    ] {
        let change = cancellations().into_iter().find(|change| change.source.id == id).unwrap();
        let vendor = change.vendor(answer).await;
        assert_eq!(change.cancel(&vendor, &outside()).await, Err(error), "{id}");
    }
}

/// What Duffel says to a payment, by its own words.
#[tokio::test]
async fn a_payment_is_refused_for_its_reason() {
    let duffel = payments().remove(0);
    let says = |code: &str| Answer::json(&json!({"errors": [{"code": code}]}));
    let refused = |status, code: &str| SourceError::Rejected { status, code: Some(code.to_owned()) };
    let of = |code: &str| Answer::new(422, says(code).document().to_string());
    for (answer, expected) in [
        (of("price_changed"), Err(BookingError::PriceChanged { now: None })),
        (of("payment_amount_does_not_match_order_amount"), Err(BookingError::PriceChanged { now: None })),
        (of("past_payment_required_by_date"), Err(BookingError::Gone)),
        (of("already_cancelled"), Err(BookingError::Gone)),
        (of("already_paid"), Err(BookingError::OutcomeUnknown(refused(422, "already_paid")))),
        (of("schedule_changed"), Err(BookingError::Refused(refused(422, "schedule_changed")))),
        (
            Answer::new(201, sample("duffel/payment-failed.json")),
            Err(BookingError::Refused(refused(200, "insufficient_balance"))),
        ),
        (Answer::new(201, r#"{"data":{"id":"pay_1","status":"pending"}}"#), Ok(BookingState::Pending)),
        (Answer::new(201, r#"{"data":{"id":"pay_1"}}"#), Ok(BookingState::Confirmed)),
        (
            Answer::new(201, r#"{"data":{"id":"pay_1","status":"odd"}}"#),
            Err(BookingError::OutcomeUnknown(SourceError::Malformed)),
        ),
    ] {
        let vendor = duffel.vendor(answer).await;
        assert_eq!(duffel.pay(&vendor, &outside()).await, expected);
        assert_eq!(duffel.sent(&vendor), 1);
    }
}

#[tokio::test]
async fn only_what_is_held_at_the_agreed_price_is_paid() {
    let duffel = payments().remove(0);
    let cancelled = || {
        let mut order = order(true, "45.00");
        order["data"]["cancelled_at"] = json!("2026-02-18T07:00:00Z");
        Answer::json(&order)
    };
    let dearer = BookingError::PriceChanged { now: Some(money("45.01 GBP")) };
    let before: [(fn() -> Answer, _); 4] = [
        (|| Answer::json(&order(true, "45.01")), Err(dearer)),
        (|| Answer::json(&order(false, "45.00")), Ok(BookingState::Confirmed)),
        (cancelled, Err(BookingError::Gone)),
        (|| Answer::new(503, ""), Err(BookingError::Refused(SourceError::Unavailable(503)))),
    ];
    for (before, expected) in before {
        let change = Change { before, ..payments().remove(0) };
        let vendor = change.vendor(duffel.done.clone()).await;
        assert_eq!(change.pay(&vendor, &outside()).await, expected);
        assert_eq!(change.sent(&vendor), 0);
    }
}

/// What Duffel quotes, when this is another in its answer.
async fn quoted(change: impl Fn(&mut Value)) -> Result<CancelQuote, SourceError> {
    let mut quote = sample_json("duffel/order-cancellation-created.json");
    change(&mut quote["data"]);
    let vendor = Vendor::always(Answer::json(&quote)).await;
    let (at, outside) = (desk_at(source("duffel").unwrap(), &vendor).unwrap(), outside());
    let answer = at.cancel_quote(&asking(&outside), "ord_1").await;
    let asked = vendor.asked().remove(0);
    assert_eq!((asked.head.method.as_str(), asked.head.uri.path()), ("POST", "/air/order_cancellations"));
    assert_eq!(asked.json(), json!({"data": {"order_id": "ord_1"}}));
    answer
}

#[tokio::test]
async fn a_quote_says_what_comes_back_and_until_when() {
    let quote = quoted(|_| ()).await.unwrap();
    assert_eq!((quote.possible, quote.refund), (true, Some(money("90.80 GBP"))));
    assert_eq!(quote.cancel_by.as_deref(), Some("ore_0000B1zGnsUZ8W4LxQcccc"), "it is confirmed, not the order");
    assert_eq!(quote.until, Some("2026-02-18T07:40:00Z".parse().unwrap()));
    for (field, value) in [("expires_at", "2026-02-18T07:00:00Z"), ("confirmed_at", "2026-02-18T07:00:00Z")] {
        let late = quoted(|quote| quote[field] = json!(value)).await.unwrap();
        assert_eq!((late.possible, late.cancel_by), (false, None), "{field}");
    }
    for (field, value) in
        [("refund_to", json!("voucher")), ("refund_to", json!("airline_credits")), ("refund_amount", Value::Null)]
    {
        let unknown = quoted(|quote| quote[field] = value.clone()).await.unwrap();
        assert_eq!((unknown.possible, unknown.refund), (true, None), "{field} {value}");
    }
    let owing = quoted(|quote| quote["refund_amount"] = json!("-1.00")).await;
    assert_eq!(owing, Err(SourceError::Malformed));
}

#[tokio::test]
async fn a_quote_that_fails_is_typed() {
    for (id, name) in [("duffel", "duffel/order-cancellation-created.json"), ("viator", "viator/cancel-quote.json")] {
        let ask = async |answer: Answer| {
            let vendor = Vendor::always(answer).await;
            let (at, outside) = (desk_at(source(id).unwrap(), &vendor).unwrap(), outside());
            at.cancel_quote(&asking(&outside), "x").await
        };
        for (answer, error, _) in failures() {
            assert_eq!(ask(answer).await, Err(error), "{id}");
        }
        let text = sample_json(name).to_string();
        for eighth in 0..8 {
            let cut = Answer::new(200, text.as_bytes()[..text.len() * eighth / 8].to_vec());
            assert_eq!(ask(cut).await, Err(SourceError::Malformed), "{id} {eighth}");
        }
        for document in mistyped(&sample_json(name)) {
            match ask(Answer::json(&document)).await {
                Ok(quote) => assert!(quote.refund.is_none_or(|refund| !refund.is_negative()), "{id} {document}"),
                Err(error) => assert_eq!(error, SourceError::Malformed, "{id} {document}"),
            }
        }
    }
}

/// Who hands a link in may be anybody: it leads to bookings and to nothing else.
#[tokio::test]
async fn a_link_of_a_booking_leads_to_bookings_alone() {
    let vendor = Vendor::always(Answer::new(204, "")).await;
    let outside = outside();
    let asking = asking(&outside);
    let desk = desk_at(source("expedia-rapid").unwrap(), &vendor).unwrap();
    for link in ["/v3/properties/1", "/v3/itineraries/../properties", "https://elsewhere.example/v3/itineraries/1", ""] {
        assert_eq!(desk.cancel(&asking, link).await, Err(SourceError::NotOffered), "{link}");
        assert_eq!(desk.status(&asking, link).await, Err(SourceError::NotOffered), "{link}");
        let refused = Err(BookingError::Refused(SourceError::NotOffered));
        assert_eq!(desk.pay(&asking, &held(), link).await, refused, "{link}");
    }
    assert!(vendor.asked().is_empty());
}

#[test]
fn a_held_booking_and_a_booked_room_are_cancelled_by_links_of_their_own() {
    let read = |body: &Value| providers::expedia_rapid::parse_itinerary(body.to_string().as_bytes()).unwrap();
    let held = read(&sample_json("expedia-rapid/itinerary-created-hold.json"));
    let of_itinerary =
        |link: &Option<String>| link.as_ref().is_some_and(|link| link.starts_with("/v3/itineraries/8999989898988?"));
    assert!(of_itinerary(&held.cancel_by) && of_itinerary(&held.pay_by));
    let mut booked = sample_json("expedia-rapid/itinerary.json");
    let room = read(&booked).cancel_by.unwrap();
    assert!(room.starts_with("/v3/itineraries/8999989898988/rooms/"), "{room}");
    booked["rooms"][0]["status"] = json!("pending");
    assert!(of_itinerary(&read(&booked).cancel_by), "it is not booked yet");
}

/// A booking of rooms, each changed like this.
fn rooms(changes: &[&dyn Fn(&mut Value)]) -> Booked {
    let mut body = sample_json("expedia-rapid/itinerary.json");
    let one = body["rooms"][0].clone();
    let changed = |change: &&dyn Fn(&mut Value)| {
        let mut room = one.clone();
        change(&mut room);
        room
    };
    body["rooms"] = changes.iter().map(changed).collect();
    expedia_rapid::parse_itinerary(body.to_string().as_bytes()).unwrap()
}

#[test]
fn several_rooms_are_cancelled_on_the_terms_of_all_of_them() {
    let terms = |changes: &[&dyn Fn(&mut Value)]| rooms(changes).cancellation.unwrap();
    let same = |_: &mut Value| {};
    let one = terms(&[&same]);
    let from = "2018-01-01T09:01:01Z".parse().unwrap();
    assert_eq!((one.refundable, one.free_until), (Some(true), Some(Deadline::At(from))), "until the first penalty begins");
    assert_eq!(one.steps[0].penalty, Penalty::Amount(money("250.75 USD")));

    let less = |room: &mut Value| room["rate"]["cancel_penalties"][0]["amount"] = json!("100.00");
    let two = terms(&[&same, &less]);
    assert_eq!((two.refundable, two.free_until, two.steps.len()), (Some(true), one.free_until, 1));
    assert_eq!(two.steps[0].penalty, Penalty::Amount(money("350.75 USD")));

    let kept = |room: &mut Value| room["rate"]["refundable"] = json!(false);
    for changes in [[&same as &dyn Fn(&mut Value), &kept], [&kept, &same]] {
        let one_is_kept = terms(&changes);
        assert_eq!((one_is_kept.refundable, one_is_kept.free_until), (Some(false), None));
        assert_eq!(one_is_kept.steps[0].penalty, Penalty::Amount(money("501.50 USD")));
    }
    let untold = |room: &mut Value| room["rate"] = json!(null);
    let of_one_nothing_is_said = terms(&[&same, &untold]);
    assert_eq!(of_one_nothing_is_said, Cancellation::unknown());
}

#[test]
fn the_state_of_rooms_is_one_where_all_have_it() {
    let same = |_: &mut Value| {};
    let cancelled = |room: &mut Value| room["status"] = json!("canceled");
    assert_eq!(rooms(&[&same, &same]).state, Some(BookingState::Confirmed));
    assert_eq!(rooms(&[&cancelled, &cancelled]).state, Some(BookingState::Cancelled));
    assert_eq!(rooms(&[&same, &cancelled]).state, None);
}
