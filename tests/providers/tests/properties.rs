//! Whatever an answer holds, reading it never panics and never yields an offer that can't be trusted or wasn't asked for.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;

use domain::search::SearchQuery;
use proptest::{prelude::*, sample::Index};
use providers::{
    Sifted, SourceError,
    duffel::parse_offer_request,
    seats_aero::parse_availability,
    sources::{SOURCES, Source},
};
use providers_tests::{
    NOW, availability, cancun_to_istanbul, every_sample, flight_is_sound, is_sound, london_to_new_york, mended_offer_request,
    pointers, search_page,
};
use serde_json::{Value, json};

fn holds(read: Result<Sifted, SourceError>, query: &SearchQuery) -> Result<(), TestCaseError> {
    match read {
        Ok(sifted) => prop_assert!(sifted.offers.iter().all(|offer| flight_is_sound(offer) && query.asks_for(offer))),
        Err(error) => prop_assert_eq!(error, SourceError::Malformed),
    }
    Ok(())
}

fn awards(body: &[u8]) -> Result<Sifted, SourceError> {
    parse_availability(body, &cancun_to_istanbul(), NOW, &mut HashSet::new()).map(|page| page.sifted)
}

fn fares(body: &[u8]) -> Result<Sifted, SourceError> {
    parse_offer_request(body, &london_to_new_york(), NOW)
}

fn any_value() -> impl Strategy<Value = Value> {
    let telling = [
        "",
        "0",
        "-1",
        "USD",
        "JPY",
        "LAX",
        "economy",
        "business",
        "2024-05-01T00:00:00Z",
        "9999-12-31T23:59:59",
        "PT0S",
        "P9999D",
        "QR1",
    ];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-5_i64..2_000).prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
        "[0-9]{1,30}(\\.[0-9]{1,30})?".prop_map(Value::from),
        proptest::sample::select(telling.to_vec()).prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([{}, null, "x"])),
    ]
}

/// A document with up to three of its values replaced.
fn mutated(document: Value) -> impl Strategy<Value = Value> {
    let places = pointers(&document);
    proptest::collection::vec((proptest::sample::select(places), any_value()), 1..=3).prop_map(move |changes| {
        let mut document = document.clone();
        for (pointer, value) in changes {
            if let Some(place) = document.pointer_mut(&pointer) {
                *place = value;
            }
        }
        document
    })
}

fn any_sample_mutated() -> impl Strategy<Value = (&'static Source, Value)> {
    proptest::sample::select(every_sample())
        .prop_flat_map(|(source, _, body)| (Just(source), mutated(serde_json::from_slice(&body).unwrap())))
}

fn some_bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 1..8)
}

/// A body of which some bytes are others.
fn overwritten(mut body: Vec<u8>, at: Index, bytes: &[u8]) -> Vec<u8> {
    let from = at.index(body.len() - bytes.len());
    body[from..from + bytes.len()].copy_from_slice(bytes);
    body
}

fn any_sample_overwritten() -> impl Strategy<Value = (&'static Source, Vec<u8>)> {
    let any_sample = proptest::sample::select(every_sample());
    (any_sample, any::<Index>(), some_bytes()).prop_map(|((source, _, body), at, bytes)| (source, overwritten(body, at, &bytes)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_samples_of_every_source_are_trusted_or_set_aside((source, body) in any_sample_mutated()) {
        let body = body.to_string();
        for operation in source.readings().iter().map(|reading| Some(reading.operation)).chain([None]) {
            if let (_, Ok(normalised)) = source.normalise(operation, body.as_bytes(), NOW) {
                prop_assert!(is_sound(&normalised), "{} {operation:?} {body}", source.id);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_awards_are_trusted_or_set_aside(body in mutated(search_page(&[availability("one")], false, 1))) {
        holds(awards(body.to_string().as_bytes()), &cancun_to_istanbul())?;
    }

    #[test]
    fn mutated_fares_are_trusted_or_set_aside(body in mutated(mended_offer_request())) {
        holds(fares(body.to_string().as_bytes()), &london_to_new_york())?;
    }

    #[test]
    fn any_bytes_are_read_or_malformed(body in proptest::collection::vec(any::<u8>(), 0..512)) {
        for source in SOURCES {
            for reading in source.readings() {
                prop_assert_eq!((reading.read)(&body, NOW).err(), Some(SourceError::Malformed), "{}", source.id);
            }
        }
        holds(awards(&body), &cancun_to_istanbul())?;
        holds(fares(&body), &london_to_new_york())?;
    }

    #[test]
    fn overwritten_bytes_are_read_or_malformed((source, body) in any_sample_overwritten()) {
        for reading in source.readings() {
            match (reading.read)(&body, NOW) {
                Ok(normalised) => prop_assert!(is_sound(&normalised), "{} {}", source.id, reading.operation),
                Err(error) => prop_assert!(!error.passes(), "{} {}: {error}", source.id, reading.operation),
            }
        }
    }

    #[test]
    fn overwritten_answers_are_what_was_asked_for_or_set_aside(at in any::<Index>(), bytes in some_bytes()) {
        for (body, read, query) in [
            (search_page(&[availability("one")], false, 1), awards as fn(&[u8]) -> _, cancun_to_istanbul()),
            (mended_offer_request(), fares as fn(&[u8]) -> _, london_to_new_york()),
        ] {
            holds(read(&overwritten(body.to_string().into_bytes(), at, &bytes)), &query)?;
        }
    }
}
