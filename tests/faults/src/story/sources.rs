//! Sources sell houses, and an operator says which of them are one. Sources say what has changed of them.

use domain::{
    caching::{Doubt, Stock},
    flights::SourceId,
    properties::ListingKey,
    sources::{KeyScope, Vertical},
};
use jiff::{SignedDuration, Timestamp};
use local::standins::queues::NewMessage;
use platform::Access;
use serde_json::{Value, json};

use super::{MINUTE, Person, turn};
use crate::{Violation, ensure, world::World};

/// After so long a source is asked again for what it could not say, by a clock that is off either.
const TWO_DAYS: SignedDuration = SignedDuration::from_hours(48);

/// So often feeds are read.
const QUARTER: SignedDuration = SignedDuration::from_mins(15);

/// Two sources sell one house, and one a house that may be another; the operator joins and splits.
pub(super) async fn tell(world: &World) -> Result<(), Violation> {
    let operator = Person::of(world, "operator");
    sell(world, ("oyo", "1"), "Hotel Paris Opera", "48.8720");
    sell(world, ("goibibo", "1"), "HOTEL PARIS OPERA", "48.8721");
    turn(world, MINUTE).await?;
    sell(world, ("trip-com", "1"), "Hotel Paris Opera Lafayette", "48.8722");
    turn(world, MINUTE).await?;
    let waiting = operator.ask("sources-list-candidates", "", None).await?;
    ensure(waiting.body["items"].as_array().is_some_and(|items| items.len() == 1), || format!("not one: {}", waiting.body))?;
    operator.ask("sources-split-property", "", Some(json!({"listing": key("trip-com"), "from": key("goibibo")}))).await?;
    let unseen = json!({"source": "booking-demand", "reference": "1"});
    operator.ask("sources-join-properties", "", Some(json!({"one": unseen, "other": key("oyo")}))).await?;
    operator.ask("sources-split-property", "", Some(json!({"listing": key("oyo"), "from": key("goibibo")}))).await?;
    operator.ask("sources-join-properties", "", Some(json!({"one": key("trip-com"), "other": key("oyo")}))).await?;
    let found = operator.ask_with("sources-get-property", "?source=oyo&reference=1").await?;
    ensure(found.body["listings"].as_array().is_some_and(|all| all.len() == 2), || format!("not two: {}", found.body))?;
    operator.ask_with("sources-get-quality", "?source=seats-aero&day=2026-02-17").await?;
    for function in ["sources-list-raw-answers", "sources-list-readings"] {
        operator.ask_with(function, "?source=seats-aero&operation=search&day=2026-02-17").await?;
    }
    Ok(())
}

/// A source says of a house no more than its number. What it is called is looked up, and if that went wrong, when the house is named
/// again and its source is well.
pub(super) async fn describe(world: &World) -> Result<(), Violation> {
    let named = json!({"source": "booking-demand", "reference": "10004"});
    let house: ListingKey = serde_json::from_value(named.clone()).map_err(|error| Violation(error.to_string()))?;
    tell_of(world, named.clone());
    turn(world, MINUTE).await?;
    world.app.clock.advance(TWO_DAYS);
    tell_of(world, named);
    world.heal().await?;
    let known = world.app.store().house_contents(&KeyScope::Deployment, &[house.clone()].into()).await;
    let known = known.map_err(|error| Violation(error.to_string()))?;
    let is_told = known.get(&house).is_some_and(|known| known.listing.is_told());
    ensure(is_told, || format!("nobody looked up what the house is called: {known:?}"))
}

/// A feed tells of three houses, more than a page has, and a source that sends notices of two: each is doubted.
pub(super) async fn change(world: &World) -> Result<(), Violation> {
    for house in ["GI-77", "GI-12", "GI-5"] {
        world.space.change(json!({"hotelId": house}));
    }
    turn(world, QUARTER).await?;
    are_doubted(world, &["GI-77", "GI-12", "GI-5"]).await?;
    if world.notices_are_fresh() {
        let source = Person { world, user: world.app.one_for(Access::Signed) };
        let notice = json!({"id": "evt-1", "changes": [{"hotelId": "MMT-1"}, {"hotelId": "MMT-2"}]});
        for _ in 0..2 {
            source.ask("sources-receive-inventory", "makemytrip", Some(notice.clone())).await?;
        }
        turn(world, MINUTE).await?;
        are_doubted(world, &["MMT-1", "MMT-2"]).await?;
    }
    Ok(())
}

async fn are_doubted(world: &World, houses: &[&str]) -> Result<(), Violation> {
    let tellers: Vec<SourceId> = ["goibibo", "makemytrip", "oyo"].iter().filter_map(|source| source.parse().ok()).collect();
    let tellers: Vec<&SourceId> = tellers.iter().collect();
    let doubted = world.app.store().marks(Vertical::Stays, &tellers, Timestamp::UNIX_EPOCH).await;
    let doubted = doubted.map_err(|error| Violation(error.to_string()))?.latest;
    let is_doubted = |house: &str| {
        let stock = Stock::Property(house.to_owned());
        doubted.iter().any(|mark| matches!(&mark.doubt, Doubt::Stock { stock: of, .. } if *of == stock))
    };
    ensure(houses.iter().all(|house| is_doubted(house)), || format!("not all are doubted: {doubted:?}"))
}

fn key(source: &str) -> Value {
    json!({"source": source, "reference": "1"})
}

fn sell(world: &World, (source, reference): (&str, &str), name: &str, latitude: &str) {
    tell_of(
        world,
        json!({"source": source, "reference": reference, "name": name, "position": {"latitude": latitude, "longitude": "2.3320"}}),
    );
}

/// What a search tells of an answer with one house.
fn tell_of(world: &World, listing: Value) {
    let report = json!({"source": listing["source"], "outcome": "complete", "calls": 1, "offers": 1, "setAside": []});
    let answer =
        format!("{}{}", listing["source"].as_str().unwrap_or_default(), listing["reference"].as_str().unwrap_or_default());
    let account = json!({"answer": answer, "at": "2026-02-17T19:24:00Z", "report": report});
    let message = json!({"account": account, "listings": [listing]}).to_string();
    world.app.system().standins().queues().send("source-answers", NewMessage::new(message)).unwrap();
}
