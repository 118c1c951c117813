//! The recordings of the local run, played to the adapters: what was observed comes back, and nothing else.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, path::Path, sync::Mutex};

use bytes::Bytes;
use domain::{
    activities::ActivityQuery,
    flights::{Cabin, Fare, FlightOffer},
    money::Currency,
    search::{SearchQuery, SourceOutcome},
    sources::feeds::Since,
    stays::{City, Guests, StayOffer, StayPlace, StayQuery},
};
use futures::future::BoxFuture;
use local::recordings::{KEY, OBSERVED, Recordings, TRAVEL_DAY, router};
use platform::outside::{Call, Outside, OutsideError, OverHttp};
use providers::{
    ActivitySource, AwardSource, CashSource, Duffel, Feed, Found, SeatsAero, SourceError, StaySource, Viator, goibibo,
    readings::{Normalised, Offers},
    sources, trip_com,
};
use providers_tests::{NOW, asking, day, outside, party, query, serve};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;

#[allow(dead_code, reason = "the automation writes recordings; this test only checks them")]
#[path = "../../../infra/xtask/src/recordings.rs"]
mod encoder;

const DAY: &str = "2026-04-27";

/// All that can be asked: one observation goes to XNB, a bus station that our table of airports doesn't know.
fn everything() -> SearchQuery {
    query(&["LAX"], &["DXB"], (DAY, DAY), &Cabin::ALL)
}

async fn player() -> String {
    serve(router(&Recordings::embedded().unwrap())).await
}

async fn awards(query: &SearchQuery, key: &str) -> Found {
    SeatsAero::new(&format!("{}/seats-aero", player().await), key.to_owned().into()).awards(&asking(&outside()), query).await
}

async fn fares(query: &SearchQuery, token: &str) -> Found {
    Duffel::new(&format!("{}/duffel", player().await), token.to_owned().into())
        .fares(&asking(&outside()), query, &[day(DAY)])
        .await
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn the_recordings_are_what_the_observations_say() {
    assert!(encoder::is_current(root()).unwrap(), "write them again from infra/local/recordings/award-and-cash-offers.csv");
}

#[tokio::test]
async fn they_play() {
    let (awards, fares) = (awards(&everything(), KEY).await, fares(&everything(), KEY).await);
    let mut kinds: BTreeMap<String, Vec<&FlightOffer>> = BTreeMap::new();
    for offer in awards.offers.iter().chain(&fares.offers) {
        let paid_with = match &offer.fare {
            Fare::Award { programme, .. } => programme.as_str(),
            Fare::Cash { .. } => "cash",
        };
        kinds.entry(format!("{paid_with} {}", offer.cabin)).or_default().push(offer);
    }
    let summary = |offers: &Vec<&FlightOffer>| {
        let cheapest = offers.iter().min_by_key(|offer| price(offer)).unwrap();
        let flights: Vec<&str> = cheapest.segments.iter().map(|segment| segment.flight.as_str()).collect();
        json!({"offers": offers.len(), "cheapest": cheapest.fare, "flights": flights.join(" "), "mixed": offers.iter().filter(|offer| offer.mixed_cabin == Some(true)).count()})
    };
    let kinds: BTreeMap<_, _> = kinds.iter().map(|(kind, offers)| (kind, summary(offers))).collect();
    insta::assert_json_snapshot!(json!({"reports": [awards.report(), fares.report()], "kinds": kinds}));
}

fn price(offer: &FlightOffer) -> Decimal {
    match &offer.fare {
        Fare::Award { points, .. } => points.get().into(),
        Fare::Cash { total, .. } => total.amount(),
    }
}

/// A row of the observations, as far as it is compared.
#[derive(Debug, Deserialize)]
struct Row {
    program: String,
    origin: String,
    destination: String,
    depart: String,
    arrive: String,
    points: Option<u64>,
    taxes: Option<Decimal>,
    cash_price: Option<Decimal>,
    seats: Option<u8>,
    duration_min: u32,
    stops: usize,
    flights: String,
}

impl Row {
    fn is(&self, offer: &FlightOffer) -> bool {
        let local = |text: &str| text.replace(' ', "T")[..16].parse::<jiff::civil::DateTime>().unwrap();
        let numbers = |text: &str| {
            text.split('|').map(|flight| flight.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned()).collect::<Vec<_>>()
        };
        let flown: Vec<String> = offer.segments.iter().map(|segment| segment.flight.as_str()[2..].to_owned()).collect();
        let priced = match &offer.fare {
            Fare::Award { programme, points, taxes } => {
                programme.as_str() == self.program
                    && Some(points.get()) == self.points
                    && taxes.map(|taxes| taxes.amount()) == self.taxes
            }
            Fare::Cash { total, .. } => Some(total.amount()) == self.cash_price,
        };
        priced
            && (offer.origin.code(), offer.destination.code()) == (self.origin.as_str(), self.destination.as_str())
            && (offer.departs, offer.arrives, offer.minutes) == (local(&self.depart), local(&self.arrive), self.duration_min)
            && (offer.seats, offer.stops()) == (self.seats, self.stops)
            && flown == numbers(&self.flights)
    }
}

#[tokio::test]
async fn each_observation_comes_back_once_as_it_was_observed() {
    let (awards, fares) = (awards(&everything(), KEY).await, fares(&everything(), KEY).await);
    let offers: Vec<FlightOffer> = awards.offers.into_iter().chain(fares.offers).collect();
    let table = std::fs::read(root().join("infra/local/recordings/award-and-cash-offers.csv")).unwrap();
    let rows: Vec<Row> = csv::Reader::from_reader(table.as_slice()).into_deserialize().collect::<Result<_, _>>().unwrap();
    let missing: Vec<String> = rows
        .iter()
        .filter(|row| offers.iter().filter(|offer| row.is(offer)).count() != 1)
        .map(|row| format!("{row:?}"))
        .collect();
    insta::assert_json_snapshot!("observations_that_do_not_come_back", missing);
    assert_eq!(offers.len() + missing.len(), rows.len());
}

#[tokio::test]
async fn they_answer_only_what_is_asked() {
    let first = query(&["LAX"], &["DXB"], (DAY, DAY), &[Cabin::First]);
    assert_eq!((awards(&first, KEY).await.offers.len(), fares(&first, KEY).await.offers.len()), (2, 0));
    let other_day = query(&["LAX"], &["DXB"], ("2026-04-28", "2026-04-30"), &Cabin::ALL);
    let found = awards(&other_day, KEY).await;
    assert_eq!((found.outcome, found.offers.len(), found.set_aside.len()), (SourceOutcome::Complete, 0, 0));
}

#[tokio::test]
async fn a_party_pays_what_one_was_observed_to_pay() {
    let cheapest = async |travellers| {
        let query = party(travellers, &["LAX"], &["DXB"], (DAY, DAY), &[Cabin::Economy]);
        fares(&query, KEY).await.offers.iter().map(price).min().unwrap()
    };
    assert_eq!(cheapest(1).await, Decimal::new(37600, 2));
    assert_eq!(cheapest(3).await, Decimal::new(37600, 2));
}

/// The real client, and what it was answered.
#[derive(Debug)]
struct Overheard(OverHttp, Mutex<Vec<Bytes>>);

impl Outside for Overheard {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<http::Response<Bytes>, OutsideError>> {
        Box::pin(async move {
            let answer = self.0.send(call).await?;
            self.1.lock().unwrap().push(answer.body().clone());
            Ok(answer)
        })
    }
}

/// What is kept of an answer says for how many it is: who reads it again has no question.
#[tokio::test]
async fn a_cash_fare_that_is_read_again_is_what_the_live_call_gave() {
    for travellers in [1, 3] {
        let overheard = Overheard(outside(), Mutex::default());
        let duffel = Duffel::new(&format!("{}/duffel", player().await), KEY.to_owned().into());
        let query = party(travellers, &["LAX"], &["DXB"], (DAY, DAY), &[Cabin::Economy]);
        let live = duffel.fares(&asking(&overheard), &query, &[day(DAY)]).await;
        let [kept] = &overheard.1.into_inner().unwrap()[..] else { unreachable!("one call") };
        let again = read_again(kept);
        assert!(!live.offers.is_empty());
        assert_eq!((again.offers, again.set_aside), (live.offers, vec![]));
    }
    let recorded = std::fs::read(root().join("infra/local/recordings/duffel/offers.json")).unwrap();
    assert!(!read_again(&recorded).offers.is_empty());
}

fn read_again(kept: &[u8]) -> Offers<FlightOffer> {
    match sources::source("duffel").unwrap().normalise(None, kept, NOW) {
        (_, Ok(Normalised::Flights(read))) => read,
        (operation, other) => unreachable!("{operation:?}: {other:?}"),
    }
}

#[tokio::test]
async fn another_key_is_refused() {
    assert_eq!(awards(&everything(), "another").await.error, Some(SourceError::Unauthorized));
    assert_eq!(fares(&everything(), "another").await.error, Some(SourceError::Unauthorized));
}

async fn stays(
    recordings: &Recordings,
    (checkin, nights): (&str, u8),
    city: &str,
    guests: Guests,
    key: &str,
) -> Found<StayOffer> {
    let query = StayQuery::new(StayPlace::City(City::named(city).unwrap()), day(checkin), nights, guests, Currency::USD).unwrap();
    let base = format!("{}/trip-com", serve(router(recordings)).await);
    let outside = outside();
    trip_com::new(&base, key.to_owned().into()).stays(&asking(&outside), &query).await
}

fn two() -> Guests {
    Guests { adults: 2, child_ages: vec![] }
}

#[tokio::test]
async fn rooms_cost_what_was_observed_for_each_of_their_nights() {
    let recordings = Recordings::embedded().unwrap();
    // 66 days after the first night of the recordings.
    let found = stays(&recordings, ("2026-04-28", 3), "Singapore", two(), KEY).await;
    assert_eq!((found.outcome, found.set_aside.len()), (SourceOutcome::Complete, 0));
    let table = std::fs::read(root().join("infra/local/recordings/singapore-nights.csv")).unwrap();
    let mut free = 0;
    for row in csv::Reader::from_reader(table.as_slice()).into_records().map(Result::unwrap) {
        let nights: Vec<&str> = row[7].split(' ').collect();
        assert_eq!(nights.len(), 365);
        let number = |text: &str| text.parse::<u32>().ok();
        let fits = number(&row[5]) >= Some(2) && number(&row[6]) <= Some(3);
        let prices = nights[66..69].iter().map(|night| number(night).filter(|_| fits)).collect::<Option<Vec<u32>>>();
        let offer = found.offers.iter().find(|offer| offer.property.reference == row[0]);
        assert_eq!(
            offer.map(|offer| offer.price.total.to_string()),
            prices.map(|prices| format!("{}.00 SGD", prices.iter().sum::<u32>())),
            "{row:?}"
        );
        free += usize::from(offer.is_some());
    }
    assert!(free == found.offers.len() && free > 25, "{free} rooms, on more than one page");
    let first = &found.offers[0].property;
    assert!(first.position.is_some() && first.name.as_deref().is_some_and(|name| name.starts_with("Room in")), "{first:?}");
}

#[tokio::test]
async fn there_are_no_rooms_elsewhere_for_too_many_or_on_other_nights() {
    let recordings = Recordings::embedded().unwrap();
    let crowd = Guests { adults: 14, child_ages: vec![] };
    for (checkin, nights, city, guests) in [
        ("2026-04-28", 3, "Edinburgh", two()),
        ("2026-04-28", 3, "Singapore", crowd),
        ("2026-02-20", 3, "Singapore", two()),
        ("2027-02-20", 2, "Singapore", two()),
    ] {
        let found = stays(&recordings, (checkin, nights), city, guests, KEY).await;
        assert_eq!((found.outcome, found.offers.len(), found.error), (SourceOutcome::Complete, 0, None), "{checkin} {city}");
    }
    let refused = stays(&recordings, ("2026-04-28", 3), "Singapore", two(), "another:key").await;
    assert_eq!(refused.error, Some(SourceError::Unauthorized));
}

#[tokio::test]
async fn rooms_of_another_year_are_otherwise_the_same() {
    let recordings = Recordings::embedded().unwrap();
    let year = OBSERVED.checked_add(jiff::Span::new().weeks(52)).unwrap();
    let later = recordings.as_if(year, TRAVEL_DAY);
    let then = stays(&recordings, ("2026-04-28", 2), "Singapore", two(), KEY).await;
    let now = stays(&later, ("2027-04-27", 2), "Singapore", two(), KEY).await;
    let totals = |found: &Found<StayOffer>| found.offers.iter().map(|offer| offer.price.total).collect::<Vec<_>>();
    assert!(!then.offers.is_empty() && totals(&then) == totals(&now));
}

#[tokio::test]
async fn a_feed_tells_of_one_room_after_the_other_of_those_that_its_searches_have() {
    let (base, outside) = (format!("{}/goibibo", player().await), outside());
    let goibibo = goibibo::new(&base, KEY.to_owned().into());
    let (mut since, mut told) = (Since::Instant(NOW), Vec::new());
    for _ in 0..10 {
        let page = goibibo.changes(&asking(&outside), &since).await.unwrap();
        assert!(!page.more && page.unreadable == 0, "{page:?}");
        told.extend(page.changes.into_keys());
        since = Since::Cursor(page.cursor);
    }
    // From now on: nothing has changed at first.
    assert_eq!((told.len(), &told[8]), (9, &told[0]), "of eight, and then again");
    let query = StayQuery::new(StayPlace::City(City::named("Singapore").unwrap()), day(DAY), 1, two(), Currency::USD).unwrap();
    let found = goibibo.stays(&asking(&outside), &query).await;
    assert!(!found.offers.is_empty() && found.offers.iter().all(|offer| told.contains(&offer.property.reference)));
    let refused = goibibo::new(&base, "another:key".to_owned().into());
    assert_eq!(refused.changes(&asking(&outside), &since).await, Err(SourceError::Unauthorized));
}

#[tokio::test]
async fn no_activity_is_invented() {
    let query = ActivityQuery::new("Singapore".to_owned(), (day(DAY), day(DAY)), 2, Currency::USD).unwrap();
    let (base, outside) = (format!("{}/viator", player().await), outside());
    let asking = asking(&outside);
    let found = Viator::new(&base, KEY.to_owned().into()).activities(&asking, &query).await;
    assert_eq!((found.outcome, found.offers.len(), found.error), (SourceOutcome::Complete, 0, None));
    let refused = Viator::new(&base, "another".to_owned().into()).activities(&asking, &query).await;
    assert_eq!(refused.error, Some(SourceError::Unauthorized));
}
