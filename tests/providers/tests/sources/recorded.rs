//! Every sample, by what `cargo xtask normalise` prints of it.

use std::collections::BTreeMap;

use providers::{SetAside, SourceError, readings::Normalised, sources::SOURCES};
use providers_tests::{NOW, every_sample, is_sound};

/// In a line: what it is, how much of it, what was set aside.
fn in_a_line(result: &Result<Normalised, SourceError>) -> String {
    let offers = |kind: &str, offers: usize, set_aside: &[SetAside]| {
        let called = |one: &SetAside| one.id.clone().unwrap_or_else(|| format!("no {}", one.index));
        let aside: Vec<String> = set_aside.iter().map(|one| format!("{} {:?}", called(one), one.reason)).collect();
        format!("{offers} {kind}, set aside: [{}]", aside.join(", "))
    };
    match result {
        Ok(Normalised::Flights(found)) => offers("flights", found.offers.len(), &found.set_aside),
        Ok(Normalised::LeadIns(found)) => offers("from-prices", found.offers.len(), &found.set_aside),
        Ok(Normalised::Stays(found)) => offers("stays", found.offers.len(), &found.set_aside),
        Ok(Normalised::Activities(found)) => offers("activities", found.offers.len(), &found.set_aside),
        Ok(Normalised::Houses(found)) => offers("houses", found.offers.len(), &found.set_aside),
        Ok(Normalised::PriceCheck(check)) => format!("{:?}, {:?}", check.state, check.total.map(|total| total.to_string())),
        Ok(Normalised::Booking(booked)) => {
            format!("{:?}, {:?}", booked.state, booked.total.map(|total| total.to_string()))
        }
        Ok(Normalised::Bookings { bookings }) => {
            let all: Vec<_> = bookings.iter().map(|one| format!("{:?} {:?}", one.state, one.ours)).collect();
            all.join(", ")
        }
        Ok(Normalised::Payment { state }) => format!("paid, {state:?}"),
        Ok(Normalised::Cancelled) => "cancelled".to_owned(),
        Ok(Normalised::CancelQuote(quote)) => {
            format!("possible: {}, {:?}", quote.possible, quote.refund.map(|refund| refund.to_string()))
        }
        Ok(Normalised::Changes(page)) => {
            format!("{} changed, {} unreadable, up to {}", page.changes.len(), page.unreadable, page.cursor)
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_sample_is_guessed_and_read() {
    let mut all = BTreeMap::new();
    for (source, name, body) in every_sample() {
        let (operation, result) = source.normalise(None, &body, NOW);
        assert!(result.as_ref().is_ok_and(is_sound) || result.is_err(), "{name}");
        // So it is printed.
        assert!(result.as_ref().map_or(true, |normalised| serde_json::to_value(normalised).is_ok()), "{name}");
        let is_known = result.as_ref().is_err_and(|error| *error == SourceError::Malformed);
        let says = source.other(&body).filter(|_| is_known).map_or_else(|| in_a_line(&result), |other| other.to_string());
        all.insert(format!("{} {name}", source.id), format!("{}: {says}", operation.unwrap_or("none")));
    }
    insta::assert_json_snapshot!(all);
}

#[test]
fn an_operation_that_is_named_is_tried_and_nothing_else() {
    let viator = providers::sources::source("viator").unwrap();
    let status = providers_tests::sample("viator/booking-status.json");
    assert!(matches!(
        viator.normalise(Some("bookings-status"), &status, NOW),
        (Some("bookings-status"), Ok(Normalised::Booking(_)))
    ));
    assert_eq!(viator.normalise(Some("search-freetext"), &status, NOW).1.err(), Some(SourceError::Malformed));
    assert_eq!(viator.normalise(Some("dance"), &status, NOW).1.err(), Some(SourceError::NotOffered));
    assert_eq!(viator.normalise(None, b"{}", NOW).1.err(), Some(SourceError::Malformed));
}

#[test]
fn a_documented_code_tells_the_status_that_is_missing() {
    for source in SOURCES {
        for (code, status) in source.errors {
            let body = match source.id {
                "duffel" => format!(r#"{{"errors":[{{"code":"{code}"}}]}}"#),
                "booking-demand" => format!(r#"{{"errors":[{{"id":"{code}"}}]}}"#),
                "getyourguide" => format!(r#"{{"errors":[{{"errorCode":{code}}}]}}"#),
                "expedia-rapid" => format!(r#"{{"type":"{code}","message":"m"}}"#),
                "viator" => format!(r#"{{"code":"{code}","message":"m"}}"#),
                _ => format!(r#"{{"error":{{"code":"{code}"}}}}"#),
            };
            let bare = source.normalise(None, body.as_bytes(), NOW).1.err();
            let whole = format!(r#"{{"status":{status},"headers":{{}},"body":{body}}}"#);
            assert_eq!(bare, source.normalise(None, whole.as_bytes(), NOW).1.err(), "{} {code}", source.id);
            assert!(bare.is_some_and(|error| error != SourceError::Malformed), "{} {code}", source.id);
        }
    }
}

/// What is kept says its operation, and is not guessed at.
#[test]
fn what_was_kept_is_read_as_what_it_answered() {
    let demand = providers::sources::source("booking-demand").unwrap();
    let mut body = providers_tests::sample_json("booking-demand/accommodations-search-v3.2.json");
    let house = body["data"][0].as_object_mut().unwrap();
    house.remove("products");
    house.insert("status".to_owned(), "open".into());
    let body = body.to_string();
    assert_eq!(demand.normalise(None, body.as_bytes(), NOW).0, Some("orders-details"), "by its looks it is a list of orders");
    let read = demand.reread("accommodations-search", 200, body.as_bytes(), NOW);
    assert!(matches!(read, Ok(Normalised::Stays(_))), "{read:?}");
    assert_eq!(demand.reread("dance", 200, body.as_bytes(), NOW).err(), Some(SourceError::NotOffered));
    assert_eq!(demand.reread("accommodations-search", 503, b"", NOW).err(), Some(SourceError::Unavailable(503)));
}
