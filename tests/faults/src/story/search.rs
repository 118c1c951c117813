//! A member who searches at once, and operators who look after the cache.

use jiff::SignedDuration;
use local::test_app::Reply;
use serde_json::{Value, json};

use super::{MINUTE, MOST_TRIES, PAUSE, Person, turn};
use crate::{Violation, ensure, world::World};

/// After so long an answer is stale, and still shown; by a clock that is off either.
const STALE_AFTER: SignedDuration = SignedDuration::from_mins(400);

/// Dana searches, searches again when the answer is stale, and once more when it is no longer to be believed.
pub(super) async fn tell(world: &World) -> Result<(), Violation> {
    let (dana, operator) = (Person::of(world, "demo"), Person::of(world, "operator"));
    world.space.set(&[("QR740", 30_000), ("AA100", 25_000), ("LX38", 48_000)]);
    search(&dana).await?;
    let rooms = json!({"city": "Goa", "checkin": "2026-04-27", "nights": 2});
    let stays = all_of(&dana, "search-search-stays", &rooms).await?;
    ensure(stays.body["items"][0]["stay"]["property"]["reference"] == "GI-12", || format!("not the cheapest: {}", stays.body))?;
    let one = json!({"flights": ["QR740"], "from": "LAX", "to": "DXB", "day": "2026-04-27", "cabin": "economy"});
    let side_by_side = dana.ask("search-compare-offers", "", Some(json!({"flight": one}))).await?;
    ensure(side_by_side.body["items"].is_array(), || format!("nothing compared: {}", side_by_side.body))?;
    let offer = json!({"source": "duffel", "reference": "off_LAX-DXB-2026-04-27-UA2096-UA164-economy"});
    let price = dana.ask("search-check-price", "", Some(offer)).await?;
    ensure(price.body["state"] == "available", || format!("not what was recorded: {}", price.body))?;
    let tour = json!({"place": "Sydney", "dates": {"on": "2026-04-27", "flexDays": 1}});
    let tours = all_of(&dana, "search-search-activities", &tour).await?;
    ensure(tours.body["found"] == 1, || format!("not the one tour: {}", tours.body))?;
    world.app.clock.advance(STALE_AFTER);
    search(&dana).await?;
    turn(world, MINUTE).await?;

    let doubt = json!({"route": {"from": "LAX", "to": "DXB"}});
    operator.ask("search-invalidate-cache", "", Some(doubt)).await?;
    turn(world, MINUTE).await?;
    search(&dana).await?;
    let cache = operator.ask("search-get-cache", "", None).await?;
    ensure(cache.body["all"]["misses"].is_u64(), || format!("nothing is counted: {}", cache.body))
}

/// What is found, once all who may have something have said so: who is struck is missing, and asked again later.
async fn all_of(dana: &Person<'_>, function: &str, question: &Value) -> Result<Reply, Violation> {
    for _ in 0..MOST_TRIES {
        let found = dana.ask(function, "", Some(question.clone())).await?;
        if found.body["complete"] == true {
            return Ok(found);
        }
        dana.world.app.clock.advance(PAUSE);
    }
    Err(Violation(format!("never all of {question}")))
}

async fn search(dana: &Person<'_>) -> Result<(), Violation> {
    let question = json!({"from": ["Los Angeles"], "to": ["DXB"], "dates": {"on": "2026-04-27"}, "cabins": ["economy"]});
    let found = dana.ask("search-search-flights", "", Some(question)).await?;
    ensure(found.body["found"] == 3, || format!("not what there is: {}", found.body))
}
