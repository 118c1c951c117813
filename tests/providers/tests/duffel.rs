//! Duffel: its samples, its calls, and everything that can be wrong with an answer.
#![allow(clippy::unwrap_used, reason = "tests")]

use domain::{
    flights::{Cabin, Fare, FlightOffer, Tier, Untrusted},
    search::SourceOutcome,
};
use jiff::civil::Date;
use providers::{CashSource, Duffel, Found, Sifted, SourceError, duffel::parse_offer_request};
use providers_tests::{
    Answer, NOW, Vendor, asking, day, london_to_new_york, mended_offer_request, outside, party, query, sample,
};
use serde_json::{Value, json};

fn parse(body: &Value) -> Sifted {
    parse_offer_request(body.to_string().as_bytes(), &london_to_new_york(), NOW).unwrap()
}

/// The sample with its only offer changed.
fn changed(change: impl FnOnce(&mut Value)) -> Sifted {
    let mut body = mended_offer_request();
    change(&mut body["data"]["offers"][0]);
    parse(&body)
}

fn segment(offer: &mut Value) -> &mut Value {
    &mut offer["slices"][0]["segments"][0]
}

fn only(sifted: Sifted) -> FlightOffer {
    assert_eq!(sifted.set_aside.len(), 0, "{:?}", sifted.set_aside);
    let [offer] = sifted.offers.try_into().unwrap();
    offer
}

async fn search(vendor: &Vendor, days: &[Date]) -> Found {
    Duffel::new(&vendor.base, "the-token".to_owned().into()).fares(&asking(&outside()), &london_to_new_york(), days).await
}

#[test]
fn the_vendors_offer_contradicts_itself_and_is_set_aside() {
    for name in ["duffel/offer-request-created.json", "duffel/partial-offer-request.json"] {
        let sifted = parse_offer_request(&sample(name), &london_to_new_york(), NOW).unwrap();
        assert!(sifted.offers.is_empty() && !sifted.set_aside.is_empty(), "{name}");
        insta::assert_json_snapshot!(name.replace('/', "-"), sifted.set_aside);
    }
}

#[test]
fn the_vendors_offer_mended_is_normalised() {
    insta::assert_json_snapshot!(only(changed(|_| {})));
}

#[test]
fn the_price_is_one_travellers_share() {
    let query = party(2, &["LHR"], &["JFK"], ("2020-06-13", "2020-06-13"), &[Cabin::Economy]);
    let mut body = mended_offer_request();
    body["data"]["offers"][0]["total_amount"] = json!("45.01");
    let offer = only(parse_offer_request(body.to_string().as_bytes(), &query, NOW).unwrap());
    assert!(
        matches!(offer.fare, Fare::Cash { total, .. } if total.to_string() == "22.51 GBP"),
        "two shares never come to less than the whole"
    );
}

#[test]
fn taxes_are_known_where_they_and_the_fare_come_to_the_total() {
    let taxes = |base: &str| {
        let offer = only(changed(|offer| offer["base_amount"] = json!(base)));
        let Fare::Cash { taxes, .. } = offer.fare else { unreachable!("Duffel has no awards") };
        taxes.map(|taxes| taxes.to_string())
    };
    assert_eq!(taxes("4.20").as_deref(), Some("40.80 GBP"));
    assert_eq!(taxes("30.20"), None, "the vendor's sample does not add up");
}

#[test]
fn parts_of_a_price_are_neither_negative_nor_more_than_it() {
    let set_aside = |base: Value, taxes: &str| {
        let sifted = changed(|offer| {
            offer["total_amount"] = json!("90.80");
            offer["base_amount"] = base;
            offer["tax_amount"] = json!(taxes);
        });
        sifted.set_aside
    };
    for (base, taxes) in [(json!("-10.00"), "100.80"), (json!("110.00"), "-19.20"), (Value::Null, "-19.20")] {
        assert_eq!(set_aside(base, taxes), [(Untrusted::Price, 1)].into(), "{taxes}");
    }
    for (base, taxes) in [(json!("90.81"), "0.00"), (json!("0.00"), "90.81"), (Value::Null, "90.81")] {
        assert_eq!(set_aside(base, taxes), [(Untrusted::Sums, 1)].into(), "{taxes}");
    }
    assert_eq!(set_aside(json!("90.80"), "0.00"), [].into());
    let for_a_penny = changed(|offer| offer["total_amount"] = json!("0.01"));
    assert_eq!(for_a_penny.set_aside, [(Untrusted::Sums, 1)].into());
}

#[test]
fn what_has_run_out_is_no_longer_verified() {
    let tier = |expires: Value| only(changed(|offer| offer["expires_at"] = expires)).freshness.tier;
    assert_eq!(tier(json!("2020-01-17T10:42:14.545Z")), Tier::Cached);
    assert_eq!(tier(json!("2999-01-17T10:42:14.545Z")), Tier::Verified);
    assert_eq!(tier(Value::Null), Tier::Verified);
}

#[test]
fn what_lies_between_may_be_unknown() {
    let offer = only(changed(|offer| {
        let mut onward = segment(offer).clone();
        for field in ["destination", "arriving_at", "duration", "operating_carrier"] {
            segment(offer)[field] = Value::Null;
        }
        for field in ["origin", "departing_at", "duration", "operating_carrier"] {
            onward[field] = Value::Null;
        }
        onward["marketing_carrier_flight_number"] = json!("0007");
        offer["slices"][0]["segments"].as_array_mut().unwrap().push(onward);
        offer["slices"][0]["duration"] = Value::Null;
    }));
    assert_eq!(
        (offer.minutes, offer.stops(), offer.mixed_cabin),
        (146, 1, Some(false)),
        "the duration follows from local times and zones"
    );
    assert_eq!(offer.segments[1].flight.as_str(), "BA7");
    assert_eq!((offer.segments[0].destination, offer.segments[1].departs, &offer.segments[1].operated_by), (None, None, &None));
}

#[test]
fn the_cabin_is_that_of_the_longest_segment() {
    let with = |first: (&str, Value), second: (&str, Value)| {
        changed(|offer| {
            let mut onward = segment(offer).clone();
            for (segment, (cabin, duration)) in [(segment(offer), first), (&mut onward, second)] {
                segment["passengers"][0]["cabin_class"] = json!(cabin);
                segment["duration"] = duration;
                segment["origin"] = Value::Null;
                segment["destination"] = Value::Null;
            }
            offer["slices"][0]["segments"].as_array_mut().unwrap().push(onward);
        })
    };
    let longest = only(with(("premium_economy", json!("PT1H")), ("economy", json!("PT9H"))));
    assert_eq!((longest.cabin, longest.mixed_cabin), (Cabin::Economy, Some(false)), "a better part is no lower cabin");
    let not_asked = with(("premium_economy", json!("P1DT1H")), ("economy", json!("PT9H")));
    assert_eq!(not_asked.set_aside.get(&Untrusted::NotAsked), Some(&1));
    let unknown = with(("premium_economy", Value::Null), ("economy", json!("PT9H")));
    assert_eq!(unknown.set_aside.get(&Untrusted::Cabin), Some(&1));
}

#[test]
fn an_offer_that_is_wrong_is_set_aside() {
    let cases = [
        ("/total_amount", json!("-45.00"), Untrusted::Price),
        ("/total_amount", json!("0.00"), Untrusted::Price),
        ("/total_amount", Value::Null, Untrusted::Price),
        ("/total_amount", json!(45.0), Untrusted::Form),
        ("/total_amount", json!("45,00"), Untrusted::Form),
        ("/total_amount", json!("4_5"), Untrusted::Form),
        ("/total_amount", json!("1e3"), Untrusted::Form),
        ("/total_amount", json!("45.001"), Untrusted::Form),
        ("/total_amount", json!("9".repeat(40)), Untrusted::Form),
        ("/total_currency", json!("POUNDS"), Untrusted::Currencies),
        ("/tax_currency", json!("EUR"), Untrusted::Currencies),
        ("/base_currency", json!(1), Untrusted::Form),
        ("/expires_at", json!("soon"), Untrusted::Form),
        ("/id", Value::Null, Untrusted::Form),
        ("/id", json!("x".repeat(1_000)), Untrusted::Form),
        ("/slices", json!([]), Untrusted::Flights),
        ("/slices/0/segments", json!([]), Untrusted::Flights),
        ("/slices/0/duration", json!("PT99H"), Untrusted::Times),
        ("/slices/0/duration", json!("P1Y"), Untrusted::Form),
        ("/slices/0/duration", json!("an hour"), Untrusted::Form),
        ("/slices/0/duration", json!(146), Untrusted::Form),
        ("/slices/0/segments/0/arriving_at", Value::Null, Untrusted::Form),
        ("/slices/0/segments/0/arriving_at", json!("2020-06-13T14:04:02Z"), Untrusted::Form),
        ("/slices/0/segments/0/departing_at", json!("2020-06-14T16:38:02"), Untrusted::Times),
        ("/slices/0/segments/0/origin/iata_code", json!("QQQ"), Untrusted::Airport),
        ("/slices/0/segments/0/origin/iata_code", json!("LGW"), Untrusted::NotAsked),
        ("/slices/0/segments/0/marketing_carrier/iata_code", Value::Null, Untrusted::Form),
        ("/slices/0/segments/0/marketing_carrier_flight_number", json!("12345"), Untrusted::Form),
        ("/slices/0/segments/0/operating_carrier/iata_code", json!("BAW"), Untrusted::Form),
        ("/slices/0/segments/0/passengers", json!([]), Untrusted::Cabin),
        ("/slices/0/segments/0/passengers/0/cabin_class", json!("steerage"), Untrusted::Cabin),
        ("/slices/0/segments/0/passengers/0/cabin_class", json!("business"), Untrusted::NotAsked),
    ];
    for (pointer, value, reason) in cases {
        let sifted = changed(|offer| *offer.pointer_mut(pointer).unwrap() = value.clone());
        assert_eq!(
            (sifted.offers.len(), sifted.set_aside.get(&reason)),
            (0, Some(&1)),
            "{pointer} {value}: {:?}",
            sifted.set_aside
        );
    }
}

#[test]
fn a_wrong_offer_spoils_no_other() {
    let mut body = mended_offer_request();
    let good = body["data"]["offers"][0].clone();
    body["data"]["offers"] = json!([null, 7, good, {}]);
    let sifted = parse(&body);
    assert_eq!((sifted.offers.len(), sifted.set_aside.get(&Untrusted::Form)), (1, Some(&3)));
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
        "{\"data\":{\"offers\":null}}",
        "{\"data\":{\"offers\":{}}}",
        "<html>",
    ] {
        assert_eq!(
            parse_offer_request(body.as_bytes(), &london_to_new_york(), NOW).unwrap_err(),
            SourceError::Malformed,
            "{body}"
        );
    }
}

#[test]
fn a_truncated_answer_is_malformed() {
    let body = mended_offer_request().to_string();
    for length in (0..body.len()).step_by(64) {
        assert_eq!(
            parse_offer_request(&body.as_bytes()[..length], &london_to_new_york(), NOW).unwrap_err(),
            SourceError::Malformed,
            "{length}"
        );
    }
}

#[tokio::test]
async fn it_asks_as_documented() {
    let vendor = Vendor::always(Answer::new(201, mended_offer_request().to_string())).await;
    let query = party(2, &["LHR"], &["JFK"], ("2020-06-13", "2020-06-13"), &[Cabin::PremiumEconomy]);
    let found =
        Duffel::new(&vendor.base, "the-token".to_owned().into()).fares(&asking(&outside()), &query, &[day("2020-06-13")]).await;
    assert_eq!((found.outcome, found.calls, found.set_aside.get(&Untrusted::NotAsked)), (SourceOutcome::Complete, 1, Some(&1)));
    let [asked] = vendor.asked().try_into().unwrap();
    assert_eq!((asked.head.method.as_str(), asked.head.uri.path()), ("POST", "/air/offer_requests"));
    assert_eq!(asked.parameter("return_offers").as_deref(), Some("true"));
    for (name, value) in [
        ("authorization", "Bearer the-token"),
        ("duffel-version", "v2"),
        ("accept", "application/json"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(asked.header(name), value);
    }
    insta::assert_json_snapshot!(asked.json());
}

#[tokio::test]
async fn it_asks_for_each_day_cabin_origin_and_destination_up_to_a_cap() {
    let vendor = Vendor::always(Answer::json(&json!({"data": {"offers": []}}))).await;
    let ask = async |from: &[&str], cabins: &[Cabin], last: &str, days: usize| {
        let query = query(from, &["JFK", "EWR"], ("2020-06-01", last), cabins);
        let days: Vec<Date> = day("2020-06-01").series(jiff::Span::new().days(1)).take(days).collect();
        let found = Duffel::new(&vendor.base, "t".to_owned().into()).fares(&asking(&outside()), &query, &days).await;
        (found.outcome, found.calls)
    };
    assert_eq!(ask(&["LHR", "LGW"], &[Cabin::Economy, Cabin::First], "2020-06-02", 2).await, (SourceOutcome::Complete, 16));
    assert_eq!(
        ask(&["LHR", "LGW"], &Cabin::ALL, "2020-06-03", 3).await,
        (SourceOutcome::Partial, 24),
        "as many calls as there is time for"
    );
    assert_eq!(ask(&["LHR"], &[Cabin::Economy], "2020-06-07", 7).await, (SourceOutcome::Complete, 14));
    assert_eq!(ask(&["LHR"], &[Cabin::Economy], "2020-06-09", 9).await, (SourceOutcome::Partial, 14), "seven days");
    assert_eq!(
        ask(&["LHR"], &[Cabin::Economy], "2020-06-02", 1).await,
        (SourceOutcome::Partial, 2),
        "an absent fare of the second day says nothing"
    );
    assert_eq!(ask(&["LHR"], &[Cabin::Economy], "2020-06-02", 0).await, (SourceOutcome::Partial, 0));
}

#[tokio::test]
async fn a_call_that_fails_ends_the_search_and_leaves_what_was_found() {
    let vendor = Vendor::answering(|_, asked| {
        let first_day = asked.json()["data"]["slices"][0]["departure_date"] == "2020-06-13";
        if first_day { Answer::json(&mended_offer_request()) } else { Answer::new(429, "").with("retry-after", "30") }
    })
    .await;
    let days: Vec<Date> = day("2020-06-13").series(jiff::Span::new().days(1)).take(7).collect();
    let found = search(&vendor, &days).await;
    assert_eq!((found.outcome, found.offers.len()), (SourceOutcome::Partial, 1));
    assert_eq!(found.error, Some(SourceError::RateLimited { retry_after: Some(std::time::Duration::from_secs(30)) }));
    assert!(found.calls < 7, "{} calls", found.calls);
}
