//! Recorded answers become offers.

use std::collections::BTreeMap;

use domain::{
    flights::Untrusted,
    search::SourceOutcome,
    stays::{Guests, StayPlace, StayQuery},
};
use providers::{expedia_rapid::parse_availability, sources::SOURCES};
use providers_tests::{
    Answer, NOW, Vendor, outside,
    questions::{ask, assert_secret, calls, granting, recorded},
};
use serde_json::{Value, json};

#[tokio::test]
async fn each_source_answers_with_the_domains_offers() {
    for source in SOURCES {
        let body = recorded(source.id);
        let vendor = Vendor::answering(move |_, asked| granting(asked, Answer::json(&body))).await;
        let given = ask(source, &vendor.base, &outside()).await;
        assert_eq!((given.source.as_str(), &given.error), (source.id, &None));
        assert_eq!((given.outcome, given.calls), (SourceOutcome::Complete, calls(source)), "{}", source.id);
        assert!(!given.offers.is_empty(), "{}: {:?}", source.id, given.set_aside);
        assert_secret(&given.shown);
        insta::assert_json_snapshot!(source.id, (given.offers, given.set_aside));
    }
}

/// Every address that is an answer's, as one that no browser may be sent to.
fn with_bad_links(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("https://") => *text = "javascript:alert(1)".to_owned(),
        Value::Array(items) => items.iter_mut().for_each(with_bad_links),
        Value::Object(fields) => fields.values_mut().for_each(with_bad_links),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn a_bad_link_is_lost_and_its_offer_is_not() {
    for source in SOURCES {
        let mut body = recorded(source.id);
        with_bad_links(&mut body);
        let vendor = Vendor::answering(move |_, asked| granting(asked, Answer::json(&body))).await;
        let given = ask(source, &vendor.base, &outside()).await;
        assert!(!given.offers.is_empty(), "{}: {:?}", source.id, given.set_aside);
        assert!(!json!(given.offers).to_string().contains("javascript:"), "{}", source.id);
    }
}

#[tokio::test]
async fn each_source_asks_as_documented() {
    for source in SOURCES {
        let body = recorded(source.id);
        let vendor = Vendor::answering(move |_, asked| granting(asked, Answer::json(&body))).await;
        ask(source, &vendor.base, &outside()).await;
        let asked: Vec<String> = vendor
            .asked()
            .iter()
            .map(|asked| {
                let mut headers: Vec<String> = asked
                    .head
                    .headers
                    .iter()
                    .filter(|(name, _)| !["host", "content-length"].contains(&name.as_str()))
                    .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
                    .collect();
                headers.sort();
                let body = std::str::from_utf8(&asked.body).unwrap();
                format!("{} {}\n{}\n{body}", asked.head.method, asked.head.uri, headers.join("\n"))
            })
            .collect();
        insta::assert_snapshot!(format!("asks-{}", source.id), asked.join("\n\n"));
    }
}

#[tokio::test]
async fn an_offer_that_was_not_asked_for_is_set_aside() {
    for source in SOURCES {
        let body = recorded(source.id).to_string();
        // Other days, other places: whatever the source writes of what it answers.
        let elsewhere = match source.id {
            "seats-aero" => body.replace("CUN", "BOG").replace("\"IST\"", "\"LAX\""),
            "duffel" => body.replace("economy", "first"),
            "travelpayouts" => body.replace("2015-06-", "2015-08-").replace("2015-07-", "2015-09-"),
            "booking-demand" => body.replace("10004", "10005"),
            "expedia-rapid" => body.replace("19248", "19249"),
            "viator" => body.replace("USD", "EUR"),
            "getyourguide" => body.replace("currency=eur", "currency=usd"),
            _ => body.replace("\"checkout\":\"2026-04-12\"", "\"checkout\":\"2026-04-13\"").replace("4480.50", "0"),
        };
        let vendor = Vendor::answering(move |_, asked| granting(asked, Answer::new(200, elsewhere.clone()))).await;
        let given = ask(source, &vendor.base, &outside()).await;
        assert!(given.offers.is_empty() && !given.set_aside.is_empty(), "{}: {:?} {:?}", source.id, given.offers, given.error);
    }
}

/// What Expedia's recording becomes with its first price changed: how many offers, and what is set aside.
fn repriced(change: impl FnOnce(&mut Value)) -> (usize, BTreeMap<Untrusted, usize>) {
    let mut body = recorded("expedia-rapid");
    change(&mut body[0]["rooms"][0]["rates"][0]["occupancy_pricing"]["2"]);
    let sifted = parse_availability(body.to_string().as_bytes(), None, NOW).unwrap();
    (sifted.offers.len(), sifted.set_aside)
}

#[test]
fn what_expedia_asks_in_all_is_what_its_parts_come_to() {
    let (all, none) = repriced(|_| {});
    assert!(all > 0 && none.is_empty());
    let billed =
        |total: &str, value: &str| repriced(|pricing| pricing["totals"][total]["billable_currency"]["value"] = json!(value)).1;
    for wrong in ["1.00", "716.00", "718.00"] {
        assert!(billed("property_inclusive", wrong).contains_key(&Untrusted::Sums), "{wrong}");
    }
    assert!(billed("property_inclusive", "717.01").is_empty(), "each part is rounded by itself");
    let night = |kind: &str| {
        repriced(|pricing| {
            pricing["nightly"][0][0]["value"] = json!("-309.00");
            pricing["nightly"][0][0]["type"] = json!(kind);
        })
    };
    assert!(night("base_rate").1.contains_key(&Untrusted::Price));
    assert!(night("adjustment").1.is_empty());
}

#[test]
fn guests_are_those_that_were_asked_for_in_whatever_order_they_are_named() {
    let place = StayPlace::Properties(["19248".to_owned()].into());
    let guests = Guests::new(1, vec![10, 7]);
    let query = StayQuery::new(place, providers_tests::day("2026-11-06"), 2, guests, "CAD".parse().unwrap()).unwrap();
    let ask = |occupancy: &str| {
        let body = recorded("expedia-rapid").to_string().replace("\"1-7,10\"", &format!("\"{occupancy}\""));
        parse_availability(body.as_bytes(), &query, NOW).unwrap().offers.len()
    };
    assert!(ask("1-7,10") > 0);
    assert_eq!(ask("1-10,7"), ask("1-7,10"));
    assert_eq!(ask("1-10,8"), 0);
}

#[tokio::test]
async fn a_from_price_that_has_run_out_is_not_taken() {
    let source = providers::sources::source("travelpayouts").unwrap();
    let mut body = recorded(source.id);
    body["data"]["2015-06-01"]["expires_at"] = json!(NOW);
    let vendor = Vendor::always(Answer::json(&body)).await;
    let given = ask(source, &vendor.base, &outside()).await;
    assert_eq!((given.offers.len(), given.set_aside), (0, [(Untrusted::Gone, 1)].into()));
}

#[tokio::test]
async fn a_packed_answer_is_unpacked() {
    use std::io::Write;
    let packed = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    for source in SOURCES {
        let body = packed(recorded(source.id).to_string().as_bytes());
        let vendor =
            Vendor::answering(move |_, asked| granting(asked, Answer::new(200, body.clone()).with("content-encoding", "gzip")))
                .await;
        let given = ask(source, &vendor.base, &outside()).await;
        assert!(given.error.is_none() && !given.offers.is_empty(), "{}: {:?}", source.id, given.error);
    }
    // Names of codings as RFC 9110 has them, and more than one piece.
    let body = recorded("duffel").to_string();
    let (one, other) = body.as_bytes().split_at(body.len() / 2);
    let pieces = [packed(one), packed(other)].concat();
    for coding in ["GZIP", "x-gzip", "X-Gzip", "gzip "] {
        let answer = Answer::new(200, pieces.clone()).with("content-encoding", coding);
        let vendor = Vendor::always(answer).await;
        let given = ask(providers::sources::source("duffel").unwrap(), &vendor.base, &outside()).await;
        assert!(given.error.is_none() && !given.offers.is_empty(), "{coding}: {:?}", given.error);
    }
    // Small as it comes, and far too large as it is.
    let bomb = packed(&vec![b' '; platform::outside::MAX_ANSWER_BYTES + 1]);
    for source in SOURCES {
        let bomb = bomb.clone();
        let vendor =
            Vendor::answering(move |_, asked| granting(asked, Answer::new(200, bomb.clone()).with("content-encoding", "gzip")))
                .await;
        assert_eq!(ask(source, &vendor.base, &outside()).await.error, Some(providers::SourceError::TooLarge), "{}", source.id);
    }
}
