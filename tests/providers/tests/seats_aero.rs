//! seats.aero: its samples, its paging, and everything that can be wrong with an answer.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;

use domain::{
    answers::Cause,
    flights::{Cabin, Fare, Untrusted},
    search::{SearchQuery, SourceOutcome},
};
use providers::{
    AwardSource, Found, SeatsAero, SourceError,
    seats_aero::{PROGRAMMES, Page, parse_availability, parse_trips},
    sources::source,
};
use providers_tests::{
    Answer, Asked, NOW, Vendor, asking, availability, cancun_to_istanbul, outside, query, sample, sample_json, search_page,
};
use serde_json::{Value, json};

fn parse(body: &[u8], query: &SearchQuery) -> Result<Page, SourceError> {
    parse_availability(body, query, NOW, &mut HashSet::new())
}

/// A search with the sample's record, changed.
fn changed(change: impl FnOnce(&mut Value)) -> Page {
    let mut record = availability("one");
    change(&mut record);
    parse(search_page(&[record], false, 1).to_string().as_bytes(), &cancun_to_istanbul()).unwrap()
}

async fn search(vendor: &Vendor) -> Found {
    SeatsAero::new(&vendor.base, "the-key".to_owned().into()).awards(&asking(&outside()), &cancun_to_istanbul()).await
}

#[test]
fn the_vendors_trips_are_normalised() {
    let page = changed(|_| {});
    assert_eq!(page.sifted.set_aside.len(), 0);
    insta::assert_json_snapshot!(page.sifted.offers);
}

#[test]
fn the_vendors_summaries_are_set_aside_as_what_they_are() {
    let query = query(&["SFO"], &["JFK", "LHR"], ("2023-08-11", "2023-08-11"), &Cabin::ALL);
    let page = parse(&sample("seats-aero/cached-search.json"), &query).unwrap();
    assert_eq!((page.records, page.sifted.offers.len(), page.more), (4, 0, false));
    assert_eq!(page.sifted.set_aside, [(Untrusted::Summary, 4)].into());
}

#[test]
fn flights_that_are_only_named_leave_what_lies_between_unknown() {
    let page = changed(|record| {
        record["AvailabilityTrips"].as_array_mut().unwrap().iter_mut().for_each(|trip| trip["AvailabilitySegments"] = Value::Null)
    });
    insta::assert_json_snapshot!(page.sifted.offers[0].segments);
}

#[test]
fn a_trip_that_is_wrong_is_set_aside_and_spoils_no_other() {
    let cases = [
        ("MileageCost", json!(-1), Untrusted::Price),
        ("MileageCost", json!(0), Untrusted::Price),
        ("MileageCost", json!(1), Untrusted::Price),
        ("MileageCost", Value::Null, Untrusted::Price),
        ("MileageCost", json!("70000"), Untrusted::Form),
        ("MileageCost", json!(70_000.5), Untrusted::Form),
        ("MileageCost", json!(u64::MAX), Untrusted::Form),
        ("MileageCost", json!(2_000_000_000), Untrusted::Form),
        ("TotalTaxes", json!(-5), Untrusted::Price),
        ("TotalTaxes", json!(1_000_000_000), Untrusted::Price),
        ("TotalTaxes", json!(i64::MAX), Untrusted::Form),
        ("TotalTaxes", json!("12.90"), Untrusted::Form),
        ("TaxesCurrency", json!("ZZZ"), Untrusted::Form),
        ("RemainingSeats", json!(-1), Untrusted::Form),
        ("RemainingSeats", json!(3.5), Untrusted::Form),
        ("Stops", json!(5), Untrusted::Flights),
        ("Stops", json!(u64::MAX), Untrusted::Flights),
        ("Stops", json!("none"), Untrusted::Form),
        ("TotalDuration", json!(0), Untrusted::Times),
        ("TotalDuration", json!(1_000), Untrusted::Times),
        ("TotalDuration", json!(u64::MAX), Untrusted::Form),
        ("ArrivesAt", json!("2024-05-01T13:00:00Z"), Untrusted::Times),
        ("ArrivesAt", json!("2024-05-02T16:45:00+03:00"), Untrusted::Form),
        ("ArrivesAt", json!("tomorrow"), Untrusted::Form),
        ("DepartsAt", json!("2024-02-30T13:52:00Z"), Untrusted::Form),
        ("Cabin", json!("steerage"), Untrusted::Cabin),
        ("Cabin", json!("economy"), Untrusted::NotAsked),
        ("UpdatedAt", json!("yesterday"), Untrusted::Form),
        ("MixedCabinPct", json!("half"), Untrusted::Form),
        ("AvailabilitySegments", json!({}), Untrusted::Form),
        ("AvailabilitySegments", json!([{"FlightNumber": "X"}]), Untrusted::Form),
        ("AvailabilitySegments", json!([{"FlightNumber": "TK1", "OriginAirport": "QQQ"}]), Untrusted::Airport),
        (
            "AvailabilitySegments",
            json!([{"FlightNumber": "TK1", "DestinationAirport": "PTY"}, {"FlightNumber": "TK2", "OriginAirport": "BOG"}]),
            Untrusted::Flights,
        ),
        (
            "AvailabilitySegments",
            json!([
                {"FlightNumber": "CM326", "OriginAirport": "CUN", "DestinationAirport": "PTY", "ArrivesAt": "2020-01-01T00:00:00Z"},
                {"FlightNumber": "TK800", "OriginAirport": "PTY", "DestinationAirport": "IST", "DepartsAt": "2031-01-01T00:00:00Z"}
            ]),
            Untrusted::Times,
        ),
        ("ID", json!(""), Untrusted::Form),
        ("ID", json!("x".repeat(1_000)), Untrusted::Form),
    ];
    for (field, value, reason) in cases {
        let page = changed(|record| {
            record["AvailabilityTrips"][0][field] = value.clone();
            if field == "ID" && value == "" {
                record["ID"] = json!("\u{7}");
            }
        });
        let good = if field == "ID" && value == "" { 0 } else { 2 };
        assert_eq!(page.sifted.offers.len(), good, "{field} {value}");
        assert_eq!(page.sifted.set_aside.get(&reason), Some(&(3 - good)), "{field} {value}: {:?}", page.sifted.set_aside);
    }
}

#[test]
fn a_number_that_nothing_can_hold_spoils_no_other_record_when_the_answer_is_read_again() {
    let good = availability("one");
    let bad = availability("two").to_string().replacen("70000", "1e999", 1);
    assert!(bad.contains("1e999"));
    let body = format!(r#"{{"data": [{good}, {bad}], "hasMore": false}}"#);
    let again = source("seats-aero").unwrap().reread("search", 200, body.as_bytes(), NOW).unwrap();
    assert_eq!(again.tally(), (5, [(Untrusted::Form, 1)].into()));
}

#[test]
fn a_link_that_is_wrong_spoils_no_trip() {
    let mut body = sample_json("seats-aero/get-trips.json");
    body["booking_links"] = json!([7, {"link": 7, "primary": true}, body["booking_links"][0]]);
    let read = parse_trips(body.to_string().as_bytes(), None, NOW).unwrap();
    assert_eq!((read.offers.len(), read.set_aside.len()), (3, 0));
    for bad in ["javascript:alert(1)", "https://a.example@b.example/", "https://a.example/\u{202e}"] {
        body["booking_links"] = json!([{"link": bad, "primary": true}]);
        let read = parse_trips(body.to_string().as_bytes(), None, NOW).unwrap();
        assert_eq!((read.offers.len(), read.set_aside.len()), (3, 0), "{bad}");
        assert!(read.offers.iter().all(|offer| offer.booking_link.is_none()), "{bad}");
    }
}

#[test]
fn a_record_that_is_wrong_is_set_aside_whole() {
    for (field, value) in
        [("Source", json!(7)), ("Route", json!("CUN-IST")), ("AvailabilityTrips", json!(true)), ("UpdatedAt", json!(1))]
    {
        let page = changed(|record| record[field] = value);
        assert_eq!((page.sifted.offers.len(), page.sifted.set_aside.get(&Untrusted::Form)), (0, Some(&1)), "{field}");
    }
    assert_eq!(changed(|record| record["Source"] = json!("No Programme")).sifted.set_aside.get(&Untrusted::Programme), Some(&3));
}

#[test]
fn what_is_not_said_stays_unknown() {
    let fare = |source: &str, taxes: Value| {
        let page = changed(|record| {
            record["Source"] = json!(source);
            record["AvailabilityTrips"][0]["TotalTaxes"] = taxes;
            record["AvailabilityTrips"][0]["RemainingSeats"] = json!(0);
        });
        let offer = page.sifted.offers.into_iter().next().unwrap();
        assert_eq!(offer.seats, None, "zero seats are unknown seats");
        let Fare::Award { programme, taxes, .. } = offer.fare else { unreachable!("an award") };
        (programme.as_str().to_owned(), taxes.map(|taxes| taxes.to_string()))
    };
    assert_eq!(fare("american", json!(560)), ("aadvantage".to_owned(), Some("5.60 USD".to_owned())));
    assert_eq!(fare("american", json!(0)), ("aadvantage".to_owned(), Some("0.00 USD".to_owned())));
    assert_eq!(fare("american", Value::Null).1, None);
    assert_eq!(fare("qatar", json!(0)), ("qatar-privilege-club".to_owned(), None));
    assert_eq!(fare("turkish", json!(1290)).1.as_deref(), Some("12.90 USD"));
    assert_eq!(fare("a-new-one", json!(1)).0, "a-new-one", "the vendor's list is open");
}

#[test]
fn a_mixed_cabin_is_what_the_vendor_says_it_is() {
    let mixed = |percent: Option<Value>| {
        changed(|record| {
            if let Some(percent) = percent {
                record["AvailabilityTrips"][0]["MixedCabinPct"] = percent
            }
        })
        .sifted
        .offers[0]
            .mixed_cabin
    };
    assert_eq!(mixed(None), Some(false), "left out when no part is in a lower cabin");
    assert_eq!(mixed(Some(json!(25))), Some(true));
    assert_eq!(mixed(Some(json!(33.3))), Some(true));
    assert_eq!(mixed(Some(json!(0))), Some(false));
    assert_eq!(mixed(Some(Value::Null)), Some(true), "our recordings: a part of unknown size");
}

#[test]
fn a_currency_is_read_in_small_letters_too() {
    let page = changed(|record| record["AvailabilityTrips"][0]["TaxesCurrency"] = json!("usd"));
    assert_eq!((page.sifted.offers.len(), page.sifted.set_aside.len()), (3, 0));
}

#[test]
fn no_observation_is_later_than_now() {
    let page = changed(|record| record["AvailabilityTrips"][0]["UpdatedAt"] = json!("2999-01-01T00:00:00Z"));
    assert_eq!(page.sifted.offers[0].freshness.observed_at, NOW);
}

#[test]
fn the_year_one_is_how_it_says_that_it_does_not_know() {
    let never = json!("0001-01-01T00:00:00Z");
    let page = changed(|record| {
        record["UpdatedAt"] = json!("2026-02-18T07:00:00Z");
        record["AvailabilityTrips"][0]["UpdatedAt"] = never.clone();
    });
    assert_eq!(page.sifted.offers[0].freshness.observed_at, "2026-02-18T07:00:00Z".parse().unwrap());
    let page = changed(|record| {
        record["UpdatedAt"] = never.clone();
        record["AvailabilityTrips"].as_array_mut().unwrap().iter_mut().for_each(|trip| trip["UpdatedAt"] = never.clone());
    });
    assert!(page.sifted.offers.is_empty() && page.sifted.set_aside.contains_key(&Untrusted::Form), "how old it is nobody knows");
}

#[test]
fn every_programme_we_name_is_one() {
    for (_, ours) in PROGRAMMES {
        assert!(ours.parse::<domain::money::ProgrammeId>().is_ok(), "{ours}");
    }
}

#[test]
fn a_wrong_envelope_is_malformed() {
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "{\"data\":{}}",
        "{\"data\":[]}",
        "{\"data\":null,\"hasMore\":false}",
        "{\"data\":[],\"hasMore\":\"no\"}",
        "<html>",
        "\u{0}",
    ] {
        assert_eq!(parse(body.as_bytes(), &cancun_to_istanbul()).unwrap_err(), SourceError::Malformed, "{body}");
    }
}

#[test]
fn a_truncated_answer_is_malformed() {
    let body = search_page(&[availability("one")], false, 1).to_string();
    for length in (0..body.len()).step_by(64) {
        assert_eq!(parse(&body.as_bytes()[..length], &cancun_to_istanbul()).unwrap_err(), SourceError::Malformed, "{length}");
    }
}

#[test]
fn huge_numbers_set_aside_or_are_malformed() {
    let body = search_page(&[availability("one")], false, 123_456).to_string();
    for huge in ["1e999", "-1e999", "99999999999999999999999999", "1e-400", "0.1"] {
        for number in ["70000", "1290", "1133", "\"RemainingSeats\":9"] {
            let (key, value) = number.split_once(':').map_or(("", number), |(key, value)| (key, value));
            let replaced = body.replace(number, &if key.is_empty() { huge.to_owned() } else { format!("{key}:{huge}") });
            assert_ne!(replaced, body, "{value}");
            let page = parse(replaced.as_bytes(), &cancun_to_istanbul()).unwrap();
            assert!(
                page.sifted.offers.len() < 3 && page.sifted.set_aside.keys().all(|reason| *reason == Untrusted::Form),
                "{number} {huge}"
            );
        }
        // The cursor means nothing to us; if it is a number, it is handed back.
        drop(parse(body.replace("123456", huge).as_bytes(), &cancun_to_istanbul()));
    }
}

#[tokio::test]
async fn it_asks_as_documented() {
    let vendor = Vendor::always(Answer::json(&search_page(&[availability("one")], false, 1))).await;
    let found = search(&vendor).await;
    assert_eq!((found.outcome, found.offers.len(), found.calls, found.error), (SourceOutcome::Complete, 3, 1, None));
    let [asked] = vendor.asked().try_into().unwrap();
    assert_eq!((asked.head.method.as_str(), asked.head.uri.path()), ("GET", "/search"));
    assert_eq!(asked.header("partner-authorization"), "the-key", "raw, without Bearer");
    let expected = [
        ("origin_airport", "CUN"),
        ("destination_airport", "IST"),
        ("start_date", "2024-05-01"),
        ("end_date", "2024-05-01"),
        ("cabins", "business"),
        ("take", "1000"),
        ("include_trips", "true"),
        ("min_cabin_pct", "51"),
    ];
    for (name, value) in expected {
        assert_eq!(asked.parameter(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!((asked.parameter("cursor"), asked.parameter("skip")), (None, None));
}

#[tokio::test]
async fn it_lists_airports_and_cabins() {
    let vendor = Vendor::always(Answer::json(&search_page(&[], false, 1))).await;
    let query = query(&["LAX", "SFO"], &["DXB", "AUH"], ("2026-04-01", "2026-04-30"), &Cabin::ALL);
    let found = SeatsAero::new(&format!("{}/", vendor.base), "k".to_owned().into()).awards(&asking(&outside()), &query).await;
    assert_eq!(found.outcome, SourceOutcome::Complete, "nothing found is an answer");
    let [asked] = vendor.asked().try_into().unwrap();
    assert_eq!(asked.head.uri.path(), "/search");
    assert_eq!(asked.parameter("origin_airport").unwrap(), "LAX,SFO");
    assert_eq!(asked.parameter("destination_airport").unwrap(), "AUH,DXB");
    assert_eq!(asked.parameter("cabins").unwrap(), "economy,premium,business,first");
}

#[tokio::test]
async fn it_pages_with_the_first_cursor_and_reads_no_record_twice() {
    let vendor = Vendor::answering(|before, _| {
        Answer::json(&match before {
            0 => search_page(&[availability("one"), availability("two")], true, 111),
            1 => search_page(&[availability("two"), availability("three")], true, 222),
            _ => search_page(&[availability("four")], false, 333),
        })
    })
    .await;
    let found = search(&vendor).await;
    assert_eq!((found.outcome, found.offers.len(), found.calls), (SourceOutcome::Complete, 4 * 3, 3));
    let next = |asked: &Asked| (asked.parameter("cursor"), asked.parameter("skip"));
    let asked: Vec<_> = vendor.asked().iter().map(next).collect();
    let some = |cursor: &str, skip: &str| (Some(cursor.to_owned()), Some(skip.to_owned()));
    assert_eq!(asked, [(None, None), some("111", "2"), some("111", "4")]);
}

#[tokio::test]
async fn it_stops_at_its_cap_and_says_so() {
    let vendor = Vendor::answering(|before, _| Answer::json(&search_page(&[availability(&before.to_string())], true, 1))).await;
    let found = search(&vendor).await;
    assert_eq!(found.cut_off(), Some(Cause::Capped));
    assert_eq!((found.outcome, found.offers.len(), found.calls, found.error), (SourceOutcome::Partial, 5 * 3, 5, None));
}

#[tokio::test]
async fn a_page_that_fails_leaves_what_was_read() {
    let vendor = Vendor::answering(|before, _| match before {
        0 => Answer::json(&search_page(&[availability("one")], true, 1)),
        _ => Answer::new(500, ""),
    })
    .await;
    let found = search(&vendor).await;
    assert_eq!(found.cut_off(), Some(Cause::Unavailable));
    assert_eq!(
        (found.outcome, found.offers.len(), found.error),
        (SourceOutcome::Partial, 3, Some(SourceError::Unavailable(500)))
    );
}

#[tokio::test]
async fn more_without_a_cursor_is_malformed() {
    let vendor = Vendor::always(Answer::json(&json!({"data": [availability("one")], "hasMore": true}))).await;
    let found = search(&vendor).await;
    assert_eq!((found.outcome, found.offers.len(), found.error), (SourceOutcome::Partial, 3, Some(SourceError::Malformed)));
}

#[tokio::test]
async fn a_page_too_large_to_read_is_asked_for_in_smaller_ones() {
    let vendor = Vendor::answering(|_, asked| {
        let page = search_page(&[availability("one")], false, 1).to_string();
        let padding = if asked.parameter("take").unwrap() == "250" { 0 } else { platform::outside::MAX_ANSWER_BYTES };
        Answer::new(200, page + &" ".repeat(padding))
    })
    .await;
    let found = search(&vendor).await;
    assert_eq!((found.outcome, found.offers.len(), found.calls), (SourceOutcome::Complete, 3, 3));
}
