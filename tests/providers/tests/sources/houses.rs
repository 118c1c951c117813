//! What sources say of houses apart from what is free in them.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    flights::Untrusted,
    properties::{Listing, ListingReference},
    search::SourceOutcome,
    sources::breaker::{BreakerState, FAILURES},
};
use platform::outside::Outside;
use providers::{
    Adapter, Found, HouseSource, SourceError, StaySource,
    adapters::TELLING_OF_HOUSES,
    sources::{SOURCES, source},
};
use providers_tests::{
    Answer, Impatient, Refusing, Vendor, asking, failures, outside,
    questions::{SECRET, ask as search, assert_secret, recorded},
    sample_json,
};
use serde_json::{Value, json};

use crate::guarded::World;

/// How each is asked: where, by how many, for which, and what was recorded to it.
struct Asked {
    source: &'static str,
    path: &'static str,
    most: usize,
    house: &'static str,
    recorded: fn() -> Value,
}

const ASKED: [Asked; 2] = [
    Asked {
        source: "booking-demand",
        path: "/accommodations/details",
        most: 100,
        house: "10004",
        recorded: || sample_json("booking-demand/accommodations-details-v3.2.json"),
    },
    Asked {
        source: "expedia-rapid",
        path: "/v3/properties/content",
        most: 250,
        house: "12345",
        recorded: || sample_json("expedia-rapid/properties-content.json"),
    },
];

fn references(all: impl IntoIterator<Item = impl ToString>) -> BTreeSet<ListingReference> {
    all.into_iter().map(|one| one.to_string().parse().unwrap()).collect()
}

async fn ask(asked: &Asked, base: &str, outside: &dyn Outside, houses: &BTreeSet<ListingReference>) -> Found<Listing> {
    let source: Arc<dyn HouseSource> = Adapter::connect(asked.source, base, SECRET.to_owned().into()).unwrap();
    source.houses(&asking(outside), houses).await
}

fn told(found: &Found<Listing>) -> Vec<(Option<&str>, Option<String>, Option<&str>)> {
    let place = |house: &Listing| house.position.map(|at| format!("{} {}", at.latitude(), at.longitude()));
    found.offers.iter().map(|house| (house.name.as_deref(), place(house), house.address.as_deref())).collect()
}

#[test]
fn each_source_whose_rooms_do_not_name_their_houses_tells_of_them() {
    for source in SOURCES {
        let is_one = <Arc<dyn HouseSource>>::connect(source.id, "http://x", SECRET.to_owned().into()).is_some();
        assert_eq!(is_one, TELLING_OF_HOUSES.contains(&source.id), "{}", source.id);
        let sells_rooms = <Arc<dyn StaySource>>::connect(source.id, "http://x", SECRET.to_owned().into()).is_some();
        assert!(sells_rooms || !is_one, "{}", source.id);
    }
}

#[tokio::test]
async fn the_vendors_examples_are_read() {
    let expected = [
        vec![(Some("The Pavilions Amsterdam, The Toren"), Some("52.375858 4.886006".to_owned()), Some("Keizersgracht 164"))],
        vec![(Some("Test Property Name"), Some("37.158451 -93.268382".to_owned()), Some("123 Main St"))],
    ];
    for (asked, expected) in ASKED.iter().zip(expected) {
        let vendor = Vendor::always(Answer::json(&(asked.recorded)())).await;
        let found = ask(asked, &vendor.base, &outside(), &references([asked.house])).await;
        assert_eq!((found.outcome, found.calls, told(&found)), (SourceOutcome::Complete, 1, expected), "{:?}", found.error);
        let call = &vendor.asked()[0];
        assert_eq!(call.head.uri.path(), asked.path);
        assert_secret(&format!("{found:?}"));
    }
}

#[tokio::test]
async fn each_is_asked_as_documented() {
    let [booking, expedia] = ASKED;
    let vendor = Vendor::always(Answer::json(&json!({"data": []}))).await;
    ask(&booking, &vendor.base, &outside(), &references(["10004", "7", "no-number"])).await;
    let asked = &vendor.asked()[0];
    assert_eq!((asked.head.method.as_str(), asked.header("x-affiliate-id")), ("POST", "a-name-nobody-may-see"));
    assert_eq!(asked.json(), json!({"accommodations": [10004, 7], "languages": ["en-us"]}), "in the order of their names");

    let vendor = Vendor::always(Answer::json(&json!({}))).await;
    ask(&expedia, &vendor.base, &outside(), &references(["12345", "7&x=1"])).await;
    let asked = &vendor.asked()[0];
    assert!(asked.header("authorization").starts_with("EAN apikey="));
    let query = "language=en-US&supply_source=expedia&include=name&include=address&include=location&property_id=12345&property_id=7%26x%3D1";
    assert_eq!((asked.head.method.as_str(), asked.head.uri.query()), ("GET", Some(query)));
}

#[tokio::test]
async fn so_many_are_asked_for_in_one_call_and_not_one_more() {
    for asked in &ASKED {
        let nothing = if asked.source == "expedia-rapid" { json!({}) } else { json!({"data": []}) };
        let vendor = Vendor::always(Answer::json(&nothing)).await;
        let count = async |houses: usize| ask(asked, &vendor.base, &outside(), &references(1..=houses)).await.calls;
        assert_eq!((count(asked.most).await, count(asked.most + 1).await), (1, 2), "{}", asked.source);
    }
}

#[tokio::test]
async fn what_is_wrong_in_one_house_sets_aside_no_other_and_who_was_not_asked_for_is_not_taken() {
    let [booking, expedia] = ASKED;
    let good = json!({"id": 1, "name": {"xx": null, "nl": "Hotel Adler"}, "location": {"address": {}, "coordinates": null}});
    let wrong = json!([
        good, {"id": 2, "name": {}}, {"id": 3, "name": {"en-us": "Hotel"}, "location": {"coordinates": {"latitude": 91, "longitude": 0}}},
        {"id": 4, "name": "Hotel"}, {"id": 5, "name": {"en-us": "Hotel"}}, {"id": 6, "name": {"de": 7, "en-us": "Hotel Falke", "fr": []}}
    ]);
    let vendor = Vendor::always(Answer::json(&json!({"data": wrong}))).await;
    let found = ask(&booking, &vendor.base, &outside(), &references([1, 2, 3, 4, 6])).await;
    let read = [(Some("Hotel Adler"), None, None), (Some("Hotel Falke"), None, None)];
    assert_eq!(told(&found), read, "in the language that there is, whatever stands in another one");
    let aside = [(Untrusted::Place, 2), (Untrusted::Form, 1), (Untrusted::NotAsked, 1)];
    assert_eq!(found.set_aside, aside.into());

    let at = |latitude: &str| json!({"latitude": serde_json::from_str::<Value>(latitude).unwrap(), "longitude": 4.5});
    for (street, place) in [(true, true), (true, false), (false, true)] {
        let hidden = json!({"property_id": "1", "name": "Villa Rosa", "address": {"line_1": "1 Secret Road", "obfuscation_required": street},
            "location": {"coordinates": at("52.123456"), "obfuscated_coordinates": at("52.1"), "obfuscation_required": place}});
        let vendor = Vendor::always(Answer::json(&json!({"1": hidden, "2": {"property_id": "2"}, "3": 7}))).await;
        let found = ask(&expedia, &vendor.base, &outside(), &references(1..=3)).await;
        assert_eq!(told(&found), [(Some("Villa Rosa"), Some("52.1 4.5".to_owned()), None)], "no more than may be shown");
        assert!(found.offers.iter().all(|house| house.veiled));
        assert_eq!(found.set_aside, [(Untrusted::Place, 1), (Untrusted::Form, 1)].into());
    }
}

#[tokio::test]
async fn each_class_of_errors_is_one_and_nothing_of_it_is_a_house() {
    for asked in &ASKED {
        for (answer, expected, _) in failures() {
            let vendor = Vendor::always(answer).await;
            let found = ask(asked, &vendor.base, &outside(), &references([asked.house])).await;
            assert_eq!(
                (found.outcome, found.offers.len(), found.error),
                (SourceOutcome::Failed, 0, Some(expected)),
                "{}",
                asked.source
            );
        }
        for other in ["expedia-rapid/error-401.json", "contract/error.json"] {
            let vendor = Vendor::always(Answer::json(&sample_json(other))).await;
            let found = ask(asked, &vendor.base, &outside(), &references([asked.house])).await;
            assert_eq!(found.error, Some(SourceError::Malformed), "{} {other}", asked.source);
        }
        let body = (asked.recorded)().to_string();
        for eighth in 0..8 {
            let vendor = Vendor::always(Answer::new(200, body.as_bytes()[..body.len() * eighth / 8].to_vec())).await;
            let found = ask(asked, &vendor.base, &outside(), &references([asked.house])).await;
            assert_eq!(found.error, Some(SourceError::Malformed), "{}", asked.source);
        }
        let silent = Vendor::always(Answer::never()).await;
        let found = ask(asked, &silent.base, &Impatient(outside()), &references([asked.house])).await;
        assert_eq!(found.error, Some(SourceError::Timeout));
    }
}

#[tokio::test]
async fn a_call_shows_no_secret() {
    let refusing = Refusing::default();
    for asked in &ASKED {
        let found = ask(asked, "http://127.0.0.1:1", &refusing, &references([asked.house])).await;
        assert_eq!(found.error, Some(SourceError::Undeclared));
    }
    refusing.0.into_inner().unwrap().iter().for_each(|call| assert_secret(call));
}

#[tokio::test]
async fn a_key_that_may_not_read_of_houses_searches_on() {
    for asked in &ASKED {
        let source = source(asked.source).unwrap();
        for status in [401, 403] {
            let (world, path) = (World::new(), asked.path);
            let vendor = Vendor::answering(move |_, call| match call.head.uri.path() == path {
                true => Answer::new(status, "{}"),
                false => Answer::json(&recorded(source.id)),
            })
            .await;
            let guarded = world.guarded(source);
            for house in 0..2 * FAILURES {
                let found = ask(asked, &vendor.base, &guarded, &references([house])).await;
                assert!(matches!(found.error, Some(SourceError::Unauthorized | SourceError::Forbidden)), "{:?}", found.error);
            }
            assert_eq!(world.breaker(source).await, BreakerState::Closed, "{} {status}", asked.source);
            let given = search(source, &vendor.base, &guarded).await;
            assert_eq!(given.outcome, SourceOutcome::Complete, "{} {status}: {:?}", asked.source, given.error);

            // Nor does such a refusal close the breaker of one whose searches are refused.
            let refusing = Vendor::always(Answer::new(status, "{}")).await;
            for _ in 0..FAILURES {
                search(source, &refusing.base, &guarded).await;
            }
            world.later(31);
            ask(asked, &refusing.base, &guarded, &references([asked.house])).await;
            assert_eq!(world.breaker(source).await, BreakerState::HalfOpen, "{} {status}", asked.source);
        }
    }
}
