//! Pages, tokens, signatures and desks: what some sources have and others don't.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use domain::{
    search::SourceOutcome,
    sources::feeds::Since,
    stays::{Guests, Position, StayPlace, StayQuery},
};
use jiff::SignedDuration;
use providers::{
    Adapter, Asking, BookingState, Desk, Duffel, ExpediaRapid, Feed, MakeMyTrip, PriceState, SourceError, StaySource, Viator,
    goibibo,
    sources::{Contract, SOURCES},
};
use providers_tests::{
    Answer, NOW, Vendor, asking, day, outside,
    questions::{SECRET, ask, ask_for, granting, recorded, stay},
    sample,
};
use serde_json::json;
use sha2::{Digest, Sha512};

fn source(id: &str) -> &'static providers::sources::Source {
    providers::sources::source(id).unwrap()
}

#[test]
fn each_source_stands_in_the_table_once() {
    let ids: BTreeSet<&str> = SOURCES.iter().map(|source| source.id).collect();
    assert_eq!(ids.len(), SOURCES.len());
    for source in SOURCES {
        assert_eq!(source.base.is_none(), source.contract == Contract::UnverifiedContract, "{}", source.id);
        assert!(source.base.is_none_or(|base| base.starts_with("https://")) && !source.readings().is_empty(), "{}", source.id);
    }
}

#[tokio::test]
async fn pages_are_read_to_the_end_and_nothing_twice() {
    let vendor = Vendor::answering(|before, _| {
        let mut body = recorded("booking-demand");
        if before > 0 {
            body["data"][0]["products"].as_array_mut().unwrap().push(json!(null));
            body["data"][0]["products"][1] = body["data"][0]["products"][0].clone();
            body["data"][0]["products"][1]["id"] = json!(format!("another-{before}"));
        }
        if before < 2 {
            body["metadata"]["next_page"] = json!(format!("token-{before}"));
        }
        Answer::json(&body)
    })
    .await;
    let given = ask(source("booking-demand"), &vendor.base, &outside()).await;
    assert_eq!((given.outcome, given.calls, given.offers.len()), (SourceOutcome::Complete, 3, 3));
    let pages: Vec<_> = vendor.asked().iter().map(|asked| asked.json()["page"].clone()).collect();
    assert_eq!(pages, [json!(null), json!("token-0"), json!("token-1")]);
}

#[tokio::test]
async fn pages_without_end_are_read_to_the_cap() {
    for (id, pointer, value, cap) in [
        ("booking-demand", "/metadata/next_page", json!("again"), 5),
        ("goibibo", "/nextPage", json!("again"), 5),
        ("viator", "/products/totalCount", json!(4_000_000_000_u32), 5),
        ("getyourguide", "/_metadata/totalCount", json!(4_000_000_000_u32), 3),
    ] {
        let mut body = recorded(id);
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        let vendor = Vendor::always(Answer::json(&body)).await;
        let given = ask(source(id), &vendor.base, &outside()).await;
        assert_eq!((given.outcome, given.calls, &given.error), (SourceOutcome::Partial, cap, &None), "{id}");
        assert!(!given.offers.is_empty(), "{id}");
    }
}

#[tokio::test]
async fn a_page_that_fails_leaves_what_was_read() {
    let vendor = Vendor::answering(|before, _| {
        let mut body = recorded("booking-demand");
        body["metadata"]["next_page"] = json!("more");
        if before == 0 { Answer::json(&body) } else { Answer::new(503, "") }
    })
    .await;
    let given = ask(source("booking-demand"), &vendor.base, &outside()).await;
    assert_eq!((given.outcome, given.error), (SourceOutcome::Partial, Some(SourceError::Unavailable(503))));
    assert_eq!(given.offers.len(), 1);
}

#[tokio::test]
async fn many_properties_are_asked_for_in_several_calls() {
    let vendor = Vendor::always(Answer::new(200, "[]")).await;
    let ids = (1..=600).map(|id| id.to_string()).collect();
    let guests = Guests { adults: 2, child_ages: vec![9, 4] };
    let query = StayQuery::new(StayPlace::Properties(ids), day("2026-04-10"), 2, guests, "USD".parse().unwrap()).unwrap();
    let outside = outside();
    let asking = asking(&outside);
    let found = ExpediaRapid::new(&vendor.base, SECRET.to_owned().into()).stays(&asking, &query).await;
    assert_eq!((found.outcome, found.calls, found.offers.len()), (SourceOutcome::Complete, 3, 0), "nothing free is an answer");
    let asked = vendor.asked();
    let properties = |query: &str| query.split('&').filter(|pair| pair.starts_with("property_id=")).count();
    let counts: Vec<usize> = asked.iter().map(|asked| properties(asked.head.uri.query().unwrap())).collect();
    assert_eq!(counts, [250, 250, 100]);
    assert_eq!(asked[0].parameter("occupancy").as_deref(), Some("2%2D4%2C9"));
}

#[tokio::test]
async fn expedia_is_asked_around_a_place_by_the_ids_of_what_is_there() {
    let geography = json!({"19248": {"property_id": "19248"}, "11775754": {"property_id": "11775754"}});
    let vendor = Vendor::answering(move |_, asked| match asked.head.uri.path() {
        "/v3/properties/geography" => Answer::json(&geography),
        _ => Answer::new(200, "[]"),
    })
    .await;
    let position = Position::new("60".parse().unwrap(), "10.5".parse().unwrap()).unwrap();
    let query = StayQuery::new(
        StayPlace::Around(position, 10, None),
        day("2026-04-10"),
        2,
        Guests { adults: 2, child_ages: vec![] },
        "USD".parse().unwrap(),
    );
    let outside = outside();
    let asking = asking(&outside);
    let found = ExpediaRapid::new(&vendor.base, SECRET.to_owned().into()).stays(&asking, &query.unwrap()).await;
    assert_eq!((found.outcome, found.calls), (SourceOutcome::Complete, 2));
    let asked = vendor.asked();
    assert_eq!((asked[0].head.method.as_str(), asked[0].parameter("include").as_deref()), ("POST", Some("property_ids")));
    let corners = asked[0].json()["coordinates"][0].clone();
    // Ten kilometres are 0.08993 degrees of latitude, and twice as many of longitude at 60 degrees north (to 0.2 %).
    assert_eq!((&corners[3], &corners[9]), (&json!([10.5, 60.089932]), &json!([10.5, 59.910068])));
    let east = corners[0][0].as_f64().unwrap() - 10.5;
    assert!((0.179..0.181).contains(&east) && corners[0] == corners[12], "{corners}");
    assert_eq!(asked[1].head.uri.query().unwrap().matches("property_id=").count(), 2);
}

#[tokio::test]
async fn expedia_is_signed_by_the_hash_of_key_secret_and_time() {
    let vendor = Vendor::always(Answer::new(200, "[]")).await;
    ask(source("expedia-rapid"), &vendor.base, &outside()).await;
    let seconds = NOW.as_second();
    let digest = Sha512::digest(format!("a-name-nobody-may-seea-key-nobody-may-see{seconds}"));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = format!("EAN apikey=a-name-nobody-may-see,signature={hex},timestamp={seconds}");
    assert_eq!(vendor.asked()[0].header("authorization"), expected);
}

#[tokio::test]
async fn a_token_is_kept_and_fetched_anew_before_it_ends() {
    let vendor = Vendor::answering(|_, asked| granting(asked, Answer::json(&recorded("makemytrip")))).await;
    let adapter = MakeMyTrip::new(&vendor.base, SECRET.to_owned().into());
    let outside = outside();
    for (minutes, calls) in [(0, 2), (58, 1), (59, 2)] {
        let now = NOW.checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let found = adapter.stays(&Asking { now, ..asking(&outside) }, &stay("makemytrip")).await;
        assert_eq!((found.outcome, found.calls), (SourceOutcome::Complete, calls), "{minutes}");
    }
    assert!(!format!("{adapter:?}").contains("nobody-may-see"));
}

/// Takes only the latest of the tokens that it grants; after so many grants, none.
async fn choosy(grants: usize) -> Vendor {
    let granted = Arc::new(AtomicUsize::new(0));
    Vendor::answering(move |_, asked| {
        if asked.head.uri.path() == "/oauth/token" {
            let number = granted.fetch_add(1, Ordering::Relaxed) + 1;
            return Answer::json(&json!({"access_token": format!("token-{number}"), "expires_in": 3600}));
        }
        let good = asked.header("authorization") == format!("Bearer token-{grants}");
        if good { Answer::json(&recorded("makemytrip")) } else { Answer::new(401, "{}") }
    })
    .await
}

#[tokio::test]
async fn a_token_that_is_refused_is_asked_for_anew_once() {
    let outside = outside();
    // The first search fails with the new token that it got, the second asks for another when that one is refused again.
    let vendor = choosy(2).await;
    let adapter = MakeMyTrip::new(&vendor.base, SECRET.to_owned().into());
    let ask = async || adapter.stays(&asking(&outside), &stay("makemytrip")).await;
    let first = ask().await;
    assert_eq!((first.calls, first.error), (2, Some(SourceError::Unauthorized)), "a new token was refused for another reason");
    let second = ask().await;
    assert_eq!((second.outcome, second.calls), (SourceOutcome::Complete, 3));
    assert_eq!(ask().await.calls, 1);

    let never = choosy(99).await;
    let adapter = MakeMyTrip::new(&never.base, SECRET.to_owned().into());
    for calls in [2, 3, 3] {
        let found = adapter.stays(&asking(&outside), &stay("makemytrip")).await;
        assert_eq!((found.calls, found.error), (calls, Some(SourceError::Unauthorized)));
    }
    assert_eq!(adapter.cancel(&asking(&outside), "x").await, Err(SourceError::Unauthorized));
}

#[tokio::test]
async fn what_a_source_can_not_be_asked_is_no_empty_success() {
    let vendor = Vendor::always(Answer::new(200, "[]")).await;
    let outside = outside();
    let asking = asking(&outside);
    let city = stay("goibibo");
    let found = ExpediaRapid::new(&vendor.base, SECRET.to_owned().into()).stays(&asking, &city).await;
    assert_eq!((found.outcome, found.error), (SourceOutcome::Failed, Some(SourceError::NotOffered)));
    let properties = stay("expedia-rapid");
    let found = goibibo::new(&vendor.base, SECRET.to_owned().into()).stays(&asking, &properties).await;
    assert_eq!((found.outcome, found.error), (SourceOutcome::Failed, Some(SourceError::NotOffered)));
    let goibibo = goibibo::new(&vendor.base, SECRET.to_owned().into());
    assert_eq!(goibibo.check(&asking, "x").await, Err(SourceError::NotOffered));
    assert_eq!(goibibo.cancel(&asking, "x").await, Err(SourceError::NotOffered));
    assert!(vendor.asked().is_empty());
}

#[tokio::test]
async fn a_price_is_checked_and_a_booking_looked_after() {
    let vendor = Vendor::answering(|_, asked| match (asked.head.method.as_str(), asked.head.uri.path()) {
        ("DELETE", _) => Answer::new(204, ""),
        (_, "/v3/properties/1/rooms/2/rates/3") => Answer::new(200, sample("expedia-rapid/price-check-available.json")),
        (_, "/v3/itineraries/8999989898988") => Answer::new(200, sample("expedia-rapid/itinerary.json")),
        (_, "/air/offers/off%5F1") => Answer::new(200, sample("duffel/offer.json")),
        (_, "/air/orders/ord%5F1") => Answer::new(200, sample("duffel/order-created-instant.json")),
        (_, "/bookings/status") => Answer::new(200, sample("viator/booking-status.json")),
        (_, "/bookings/BR%2D1/cancel-quote") => Answer::new(200, sample("viator/cancel-quote.json")),
        (_, "/api/booking/status") => Answer::new(200, sample("contract/booking.json")),
        _ => Answer::new(404, ""),
    })
    .await;
    let outside = outside();
    let asking = asking(&outside);
    let key = || SECRET.to_owned().into();

    let expedia = ExpediaRapid::new(&vendor.base, key());
    let check = expedia.check(&asking, "/v3/properties/1/rooms/2/rates/3?token=t").await.unwrap();
    assert_eq!(
        (check.state, check.total.unwrap().to_string().as_str()),
        (PriceState::Available, "351.00 CAD"),
        "with the fee there"
    );
    assert_eq!(
        expedia.check(&asking, "https://elsewhere.example/v3/").await,
        Err(SourceError::NotOffered),
        "a key follows no link away"
    );
    let booked = expedia.status(&asking, "/v3/itineraries/8999989898988?token=t").await.unwrap();
    assert_eq!(booked.state, Some(BookingState::Confirmed));
    assert_eq!(expedia.cancel(&asking, &booked.cancel_by.unwrap()).await, Ok(()));

    let duffel = Duffel::new(&vendor.base, key());
    assert_eq!(duffel.check(&asking, "off_1").await.unwrap().state, PriceState::SoldOut, "it ran out in 2020");
    assert_eq!(duffel.status(&asking, "ord_1").await.unwrap().state, Some(BookingState::Cancelled));

    let viator = Viator::new(&vendor.base, key());
    let booked = viator.status(&asking, "BR-1").await.unwrap();
    assert_eq!((booked.state, booked.total.unwrap().to_string().as_str()), (Some(BookingState::Confirmed), "21.40 USD"));
    let quote = viator.cancel_quote(&asking, "BR-1").await.unwrap();
    assert_eq!((quote.possible, quote.refund.unwrap().to_string().as_str()), (true, "60.20 AUD"));

    let booked = goibibo::new(&vendor.base, key()).status(&asking, "GB-1").await.unwrap();
    assert_eq!(booked.state, Some(BookingState::Confirmed));
}

#[tokio::test]
async fn a_feed_is_asked_since_an_instant_and_then_after_its_pages() {
    let vendor = Vendor::answering(|before, _| match before {
        0 | 1 => Answer::new(200, sample("contract/changes.json")),
        2 => Answer::new(410, r#"{"error": {"code": "cursor_expired"}}"#),
        _ => Answer::new(200, "<html>"),
    })
    .await;
    let outside = outside();
    let asking = asking(&outside);
    let feed: Arc<dyn Feed> = Adapter::connect("goibibo", &vendor.base, SECRET.to_owned().into()).unwrap();
    let page = feed.changes(&asking, &Since::Instant(NOW)).await.unwrap();
    assert_eq!((page.changes.len(), page.unreadable, page.more), (2, 1, false));
    let after = Since::Cursor(page.cursor.clone());
    assert_eq!(feed.changes(&asking, &after).await, Ok(page));
    assert!(feed.changes(&asking, &after).await.is_err_and(|error| error.has_forgotten_cursor()));
    assert!(feed.changes(&asking, &after).await.is_err_and(|error| error.is_unreadable()));
    let asked = vendor.asked();
    assert_eq!(asked[0].json(), json!({"from": NOW}));
    assert_eq!(asked[1].json(), json!({"cursor": "2026-02-17T19:24:00Z/4"}));
    assert!(asked.iter().all(|asked| asked.head.uri == "/api/inventory/changes" && asked.header("x-signature").len() == 64));
    let of_trip: Option<Arc<dyn Feed>> = Adapter::connect("trip-com", &vendor.base, SECRET.to_owned().into());
    assert!(of_trip.is_none(), "its contract has none");
}

#[tokio::test]
async fn what_is_gone_is_sold_out_what_is_unknown_is_not_and_a_check_leads_to_prices_alone() {
    let vendor = Vendor::answering(|_, asked| match asked.head.uri.path() {
        "/air/offers/off%5F1" => Answer::new(422, sample("duffel/error-offer-no-longer-available.json")),
        "/air/offers/off%5F2" => Answer::new(404, r#"{"errors":[{"code":"not_found"}]}"#),
        _ => Answer::new(422, sample("duffel/error-validation-error.json")),
    })
    .await;
    let (outside, key) = (outside(), || SECRET.to_owned().into());
    let asking = asking(&outside);
    let duffel = Duffel::new(&vendor.base, key());
    let check = duffel.check(&asking, "off_1").await.unwrap();
    assert_eq!((check.state, check.total, check.book_by), (PriceState::SoldOut, None, None));
    let unknown = duffel.check(&asking, "off_2").await;
    assert!(matches!(unknown, Err(SourceError::Rejected { status: 404, .. })), "it may never have been sold: {unknown:?}");
    assert!(matches!(duffel.check(&asking, "off_3").await, Err(SourceError::Rejected { status: 422, .. })));

    let asked = vendor.asked().len();
    for other in
        ["", "off_", "ord_1", "off_1/../../orders", "../../x?y", "off_1?a=b", "off_%2E", &format!("off_{}", "1".repeat(97))]
    {
        assert_eq!(duffel.check(&asking, other).await, Err(SourceError::NotOffered), "{other}");
    }
    let expedia = ExpediaRapid::new(&vendor.base, key());
    for link in [
        "/v3/itineraries/8999989898988?token=t",
        "/v3/properties/content?language=en-US",
        "/v3/properties/../itineraries/1/rates/2",
        "/v3/properties/content?language=en-US&a=/rates/",
        "/v3/properties/1/rooms/2/rates/3",
        "/v3/properties/1/rooms/2/rates/3?token=",
        "/v3/properties/1/rooms/2/rates/3?token=t&include=all",
        "/v3/properties/1/rooms/2/rates/3?language=en-US",
        "/v3/properties/1/rooms/2/rates/3/more?token=t",
        "/v3/properties/1/rooms/%2E%2E/rates/3?token=t",
        "/v3/properties/1/rooms//rates/3?token=t",
        "/v3/properties/1/rooms/2/rates/3?token=t#f",
        "https://elsewhere.example/v3/properties/1/rooms/2/rates/3",
    ] {
        assert_eq!(expedia.check(&asking, link).await, Err(SourceError::NotOffered), "{link}");
    }
    assert_eq!(vendor.asked().len(), asked);
}

/// What each call of a source says, asked for so many.
async fn said(source: &providers::sources::Source, party: u8) -> Vec<(String, Vec<u8>)> {
    let vendor = Vendor::answering(move |_, asked| granting(asked, Answer::json(&json!({})))).await;
    ask_for(source, &vendor.base, party).await;
    let said = |asked: &providers_tests::Asked| (asked.head.uri.to_string(), asked.body.to_vec());
    vendor.asked().iter().map(said).collect()
}

#[tokio::test]
async fn who_comes_along_is_said_to_exactly_the_sources_that_price_by_it() {
    for source in SOURCES {
        let (one, other) = (said(source, 1).await, said(source, 3).await);
        assert!(!one.is_empty(), "{} was not asked", source.id);
        assert_eq!(one != other, source.asks.party, "{}", source.id);
    }
}
