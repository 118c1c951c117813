//! Whatever an answer holds, reading it never panics and never yields an offer that can't be trusted or wasn't asked for.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;

use domain::search::SearchQuery;
use proptest::prelude::*;
use providers::{Sifted, SourceError, duffel::parse_offer_request, seats_aero::parse_availability};
use providers_tests::{NOW, availability, cancun_to_istanbul, london_to_new_york, mended_offer_request, search_page};
use serde_json::{Value, json};

fn holds(read: Result<Sifted, SourceError>, query: &SearchQuery) -> Result<(), TestCaseError> {
    match read {
        Ok(sifted) => prop_assert!(sifted.offers.iter().all(|offer| offer.trusted().is_ok() && query.asks_for(offer))),
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

/// Pointers to every value of a document.
fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, field)| pointers(field, &format!("{at}/{name}"), into)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| pointers(item, &format!("{at}/{index}"), into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
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
    let mut places = Vec::new();
    pointers(&document, "", &mut places);
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
        holds(awards(&body), &cancun_to_istanbul())?;
        holds(fares(&body), &london_to_new_york())?;
    }

    #[test]
    fn overwritten_bytes_are_read_or_malformed(at in 0.0_f64..1.0, bytes in proptest::collection::vec(any::<u8>(), 1..8)) {
        for (body, read, query) in [
            (search_page(&[availability("one")], false, 1), awards as fn(&[u8]) -> _, cancun_to_istanbul()),
            (mended_offer_request(), fares as fn(&[u8]) -> _, london_to_new_york()),
        ] {
            let mut body = body.to_string().into_bytes();
            #[allow(clippy::float_arithmetic, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a body")]
            let from = (at * (body.len() - bytes.len()) as f64) as usize;
            body[from..from + bytes.len()].copy_from_slice(&bytes);
            holds(read(&body), &query)?;
        }
    }
}
