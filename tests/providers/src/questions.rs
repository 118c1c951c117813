//! A question for each source, and the answer that was recorded to it.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    Answer, Asked, Vendor, asking, availability, cancun_to_istanbul, day, london_to_new_york, mended_offer_request, outside,
    party, query, sample, search_page,
};
use domain::{
    activities::ActivityQuery,
    flights::{Cabin, SourceId, Untrusted},
    money::Currency,
    search::{SearchQuery, SourceOutcome},
    stays::{City, Guests, StayPlace, StayQuery},
};
use platform::outside::Outside;
use providers::{
    ActivitySource, Adapter, Asking, Desk, FlightSource, Found, SourceError, StaySource, Travelpayouts, sources::Source,
    travelpayouts,
};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Value, json};

/// A key of two parts, as some sources have it; to the others it is one text.
pub const SECRET: &str = "a-name-nobody-may-see:a-key-nobody-may-see";

/// What a source gave, whatever it gives.
#[derive(Debug)]
pub struct Given {
    /// Which source.
    pub source: SourceId,
    /// Offers that are trusted, as they are stored.
    pub offers: Vec<Value>,
    /// How many were set aside, by reason.
    pub set_aside: BTreeMap<Untrusted, usize>,
    /// Calls made.
    pub calls: u32,
    /// How it went.
    pub outcome: SourceOutcome,
    /// Why it broke off, if it did.
    pub error: Option<SourceError>,
    /// All of it, as it reads when it is logged.
    pub shown: String,
}

impl Given {
    fn of<O: Serialize + std::fmt::Debug>(found: Found<O>) -> Self {
        let shown = format!("{found:?} {:?}", found.report());
        let Found { source, offers, set_aside, calls, outcome, error, .. } = found;
        let offers = offers.iter().map(|offer| serde_json::to_value(offer).unwrap()).collect();
        Self { source, offers, set_aside, calls, outcome, error, shown }
    }
}

/// What every source can be asked for.
#[derive(Debug, Clone)]
pub enum Searched {
    /// Award space or fares.
    Flights(FlightSource),
    /// "From" prices of flights.
    LeadIns(Arc<Travelpayouts>),
    /// Stays.
    Stays(Arc<dyn StaySource>),
    /// Activities.
    Activities(Arc<dyn ActivitySource>),
}

impl Adapter for Searched {
    fn connect(source: &str, base: &str, key: SecretString) -> Option<Self> {
        let lead_ins = |key| (source == travelpayouts::SOURCE).then(|| Self::LeadIns(Arc::new(Travelpayouts::new(base, key))));
        let stays = |key| Adapter::connect(source, base, key).map(Self::Stays);
        let activities = |key| Adapter::connect(source, base, key).map(Self::Activities);
        let flights = Adapter::connect(source, base, key.clone()).map(Self::Flights);
        flights.or_else(|| lead_ins(key.clone())).or_else(|| stays(key.clone())).or_else(|| activities(key))
    }
}

/// Asks a source what its recording answers.
pub async fn ask(source: &Source, base: &str, outside: &dyn Outside) -> Given {
    ask_with(source, base, SECRET, &asking(outside)).await
}

/// The same, with this key, time and patience.
pub async fn ask_with(source: &Source, base: &str, key: &str, asking: &Asking<'_>) -> Given {
    match Searched::connect(source.id, base, key.to_owned().into()).unwrap() {
        Searched::Flights(FlightSource::Awards(adapter)) => Given::of(adapter.awards(asking, &cancun_to_istanbul()).await),
        Searched::Flights(FlightSource::Fares(adapter)) => {
            Given::of(adapter.fares(asking, &london_to_new_york(), &[day("2020-06-13")]).await)
        }
        Searched::LeadIns(adapter) => Given::of(adapter.lead_ins(asking, &moscow_to_barcelona()).await),
        Searched::Stays(adapter) => Given::of(adapter.stays(asking, &stay(source.id)).await),
        Searched::Activities(adapter) => Given::of(adapter.activities(asking, &activity(source.id)).await),
    }
}

/// Asks a source anything, for so many.
pub async fn ask_for(source: &Source, base: &str, people: u8) {
    let outside = outside();
    let asking = &asking(&outside);
    let flight = party(people, &["LHR"], &["JFK"], ("2026-03-01", "2026-03-01"), &[Cabin::Economy]);
    let guests = Guests { adults: people, child_ages: vec![] };
    let asked = stay(source.id);
    let room = StayQuery::new(asked.place().clone(), asked.checkin(), 2, guests, asked.currency()).unwrap();
    let asked = activity(source.id);
    let outing = ActivityQuery::new(asked.place().to_owned(), asked.days(), people, asked.currency()).unwrap();
    match Searched::connect(source.id, base, SECRET.to_owned().into()).unwrap() {
        Searched::Flights(FlightSource::Awards(adapter)) => drop(adapter.awards(asking, &flight).await),
        Searched::Flights(FlightSource::Fares(adapter)) => drop(adapter.fares(asking, &flight, &[day("2026-03-01")]).await),
        Searched::LeadIns(adapter) => drop(adapter.lead_ins(asking, &flight).await),
        Searched::Stays(adapter) => drop(adapter.stays(asking, &room).await),
        Searched::Activities(adapter) => drop(adapter.activities(asking, &outing).await),
    }
}

/// The question that Travelpayouts' sample answers.
fn moscow_to_barcelona() -> SearchQuery {
    query(&["SVO"], &["BCN"], ("2015-06-01", "2015-06-30"), &[Cabin::Economy])
}

/// The question that a source's sample of stays answers.
pub fn stay(source: &str) -> StayQuery {
    let (place, checkin, currency) = match source {
        "booking-demand" => (StayPlace::Properties(["10004".to_owned()].into()), "2026-11-06", "EUR"),
        "expedia-rapid" => (StayPlace::Properties(["19248".to_owned()].into()), "2026-11-06", "CAD"),
        _ => (StayPlace::City(City::named("Jaipur").unwrap()), "2026-04-10", "INR"),
    };
    let guests = Guests { adults: 2, child_ages: vec![] };
    StayQuery::new(place, day(checkin), 2, guests, currency.parse().unwrap()).unwrap()
}

/// The question that a source's sample of activities answers.
pub fn activity(source: &str) -> ActivityQuery {
    let currency = if source == "getyourguide" { Currency::EUR } else { Currency::USD };
    ActivityQuery::new("Big".to_owned(), (day("2026-04-01"), day("2026-04-03")), 2, currency).unwrap()
}

/// The body that was recorded to the question.
pub fn recorded(source: &str) -> Value {
    let sample = |name: &str| serde_json::from_slice::<Value>(&sample(name)).unwrap();
    match source {
        "seats-aero" => search_page(&[availability("one")], false, 1),
        "duffel" => mended_offer_request(),
        // The vendor's example ran out long ago.
        "travelpayouts" => {
            let mut body = sample("travelpayouts/v1-tickets-for-each-day-of-a-month.json");
            body["data"]["2015-06-01"]["expires_at"] = json!("2999-01-07T12:34:14Z");
            body
        }
        "booking-demand" => {
            let mut body = sample("booking-demand/accommodations-search-v3.2.json");
            body["metadata"] = json!({});
            body
        }
        "expedia-rapid" => sample("expedia-rapid/availability.json"),
        "viator" => {
            let mut body = sample("viator/search-freetext.json");
            body["products"]["totalCount"] = json!(3);
            body
        }
        "getyourguide" => {
            let mut body = sample("getyourguide/tours-search-response.json");
            body["_metadata"]["totalCount"] = json!(1);
            body
        }
        "goibibo" | "oyo" | "makemytrip" | "trip-com" => sample("contract/hotels.json"),
        unknown => unreachable!("{unknown} has no recording"),
    }
}

/// A grant of a token, to whoever asks for one; else that answer.
pub fn granting(asked: &Asked, answer: Answer) -> Answer {
    if asked.head.uri.path() == "/oauth/token" {
        Answer::json(&json!({"access_token": "a-token-nobody-may-see", "expires_in": 3600}))
    } else {
        answer
    }
}

/// How many calls a search takes that needs no more than one page: a token comes first, where there is one.
pub fn calls(source: &Source) -> u32 {
    if source.id == "makemytrip" { 2 } else { 1 }
}

/// The desk of a source that a vendor plays, if it has one.
pub fn desk_at(source: &Source, vendor: &Vendor) -> Option<Arc<dyn Desk>> {
    Adapter::connect(source.id, &vendor.base, SECRET.to_owned().into())
}

/// No secret in a text.
pub fn assert_secret(text: &str) {
    assert!(!text.contains("nobody-may-see"), "{text}");
}
