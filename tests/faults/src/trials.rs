//! Small tellings about what the story does not come to: limits, questions asked at once, answers that overtake each other.

use std::sync::Arc;

use domain::{answers::SearchAnswer, flights::Fare, sources::KeyScope};
use futures::future::join_all;
use jiff::SignedDuration;
use local::gate::Faults;
use serde_json::{Value, json};

use crate::{
    Violation,
    conditions::Taken,
    ensure,
    strikes::{Gatepost, Recorder},
    world::{Setting, World, alone},
};

/// A trial, with a condition taken away or none.
pub type Trial = fn(u64, Option<Taken>) -> Result<(), Violation>;

/// Every trial, with its name.
pub const TRIALS: [(&str, Trial); 4] = [
    ("a plan's limit", limit),
    ("a source's limit", burst),
    ("one question asked once", asked_once),
    ("answers that overtake", overtaken),
];

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn wishes(every: Value) -> Value {
    json!({
        "name": "Dubai", "wanted": "award-flights", "from": ["LAX"], "to": ["DXB"], "dates": {"on": "2026-04-27"},
        "cabins": ["economy"], "schedule": every
    })
}

async fn world(seed: u64, faults: Arc<dyn Faults>, without: Option<Taken>) -> World {
    let world = World::new(Setting { without, ..Setting::of(seed, faults) }).await;
    world.space.set(&[("QR740", 40_000)]);
    world
}

/// Has a member watch, and the watcher run in the minute that comes.
async fn watch(world: &World, handle: &str) -> String {
    let user = world.app.member(handle);
    let created = user.post("/v1/watchers").body(wishes(json!({"every": "day", "at": "03:00"}))).send().await;
    let path = format!("/v1/watchers/{}", created.body["id"].as_str().unwrap_or_default());
    user.post(&format!("{path}/run")).send().await;
    path
}

/// Of six watchers asked for at once by one whose plan has room for three, three are made.
fn limit(seed: u64, without: Option<Taken>) -> Result<(), Violation> {
    alone(seed, async {
        let world = world(seed, Arc::new(Recorder::of(seed)), without).await;
        let free = world.app.member("free");
        let daily = wishes(json!({"every": "day", "at": "09:00"}));
        join_all((0..6).map(|_| free.post("/v1/watchers").body(&daily).send())).await;
        let listed = free.get("/v1/watchers?limit=100").send().await.body;
        let watchers = listed["items"].as_array().map_or(0, Vec::len);
        ensure(watchers == 3, || format!("{watchers} watchers"))
    })
}

/// However many ask at once, a source hears no more of it than it takes at once: Goibibo a quarter of its 50 calls a minute.
fn burst(seed: u64, without: Option<Taken>) -> Result<(), Violation> {
    const AT_ONCE: usize = 13;
    alone(seed, async {
        let world = world(seed, Arc::new(Recorder::of(seed)), without).await;
        let goa = |nights: u8| json!({"city": "Goa", "checkin": "2026-04-27", "nights": nights});
        let demo = world.app.member("demo");
        join_all((1..=18).map(|nights| demo.post("/v1/search/stays").body(goa(nights)).send())).await;
        let heard = world.space.calls_to("goibibo");
        ensure((1..=AT_ONCE).contains(&heard), || format!("{heard} calls at once"))
    })
}

/// Two tenants' searches of one question, due at once, ask it once.
fn asked_once(seed: u64, without: Option<Taken>) -> Result<(), Violation> {
    alone(seed, async {
        let recorder = Arc::new(Recorder::of(seed));
        let world = world(seed, recorder.clone(), without).await;
        watch(&world, "demo").await;
        watch(&world, "omar").await;
        world.pass(MINUTE).await?;
        world.heal().await?;
        let asked =
            recorder.calls().iter().filter(|call| call.function == "search-run-search" && call.operation == "search").count();
        ensure(asked == 1, || format!("asked {asked} times"))
    })
}

/// A source that answers so late that the question was asked anew meanwhile does not bring back what is no longer so.
fn overtaken(seed: u64, without: Option<Taken>) -> Result<(), Violation> {
    alone(seed, async {
        // It has asked, and holds the answer in its hands.
        let post = Gatepost::at("search-run-search", "SendMessageBatch");
        let world = world(seed, post.clone(), without).await;
        let path = watch(&world, "demo").await;
        let demo = world.app.member("demo");
        let anew = async {
            world.space.set(&[("QR740", 30_000)]);
            world.app.clock.advance(MINUTE * 20);
            demo.post(&format!("{path}/run")).send().await;
            world.pass(MINUTE).await
        };
        let (passed, again) = tokio::join!(world.pass(MINUTE), post.meanwhile(anew));
        passed.and(again)?;
        world.heal().await?;
        let store = world.app.store();
        let watcher = store.watchers_of(&demo.owner(), 1, None).await.unwrap().items.remove(0);
        let kept: Option<SearchAnswer> = store.answer(&KeyScope::Deployment, &watcher.search_key).await.unwrap();
        let points = kept.and_then(|kept| kept.offers().next().map(|offer| offer.fare.clone()));
        let latest = matches!(&points, Some(Fare::Award { points, .. }) if points.get() == 30_000);
        ensure(latest, || format!("what is known is {points:?}"))
    })
}
