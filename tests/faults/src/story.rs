//! What members, the schedule and the sources do, so that every function has work: in chapters that each begin with a new system,
//! so that what befalls a function is told with no more than what it has to do with.
//!
//! A chapter goes on only when its last turn has come to rest, so that its end does not depend on how long anything took.

mod providers;
mod search;
mod sources;
mod value;

use domain::notifications::Preferences;
use futures::future::{BoxFuture, join_all};
use http::Method;
use jiff::SignedDuration;
use jobs_tests::Award;
use local::test_app::{Asked, Reply, User};
use platform::Endpoint;
use serde_json::{Value, json};
use storage::Change;

use crate::{Violation, ensure, named, newcomer, world::World};

pub use value::TRANSFERRED;

/// How often a client sends a request until it is answered.
const MOST_TRIES: usize = 300;
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// After so long a watcher can be run by hand again, and no answer is fresh, by a clock that is off either.
const PAUSE: SignedDuration = SignedDuration::from_mins(31);
/// From the end of the story to the end of Fred's quiet hours, and some.
const NIGHT: SignedDuration = SignedDuration::from_hours(14);

/// A part of the story, of a system in which nothing has happened yet.
#[derive(Debug)]
pub struct Chapter {
    /// What it is about.
    pub name: &'static str,
    tell: for<'a> fn(&'a World) -> BoxFuture<'a, Result<(), Violation>>,
}

/// The story.
pub static CHAPTERS: [Chapter; 8] = [
    Chapter { name: "accounts", tell: |world| Box::pin(newcomer::tell(world)) },
    Chapter { name: "brands", tell: |world| Box::pin(run_brands(world)) },
    Chapter { name: "houses", tell: |world| Box::pin(sources::tell(world)) },
    Chapter { name: "descriptions", tell: |world| Box::pin(sources::describe(world)) },
    Chapter { name: "inventory", tell: |world| Box::pin(sources::change(world)) },
    Chapter { name: "watchers", tell: |world| Box::pin(watch_for_deals(world)) },
    Chapter { name: "deals", tell: |world| Box::pin(find_a_deal(world)) },
    Chapter { name: "searches", tell: |world| Box::pin(search::tell(world)) },
];

impl Chapter {
    /// Tells it to its end, until there is nothing left to be done.
    ///
    /// # Errors
    /// If a request is not answered as it should be, or the system does not come to rest.
    pub async fn tell(&self, world: &World) -> Result<(), Violation> {
        (self.tell)(world).await?;
        turn(world, MINUTE).await
    }
}

/// Dana watches, and looks at everything that comes of it.
async fn find_a_deal(world: &World) -> Result<(), Violation> {
    let dana = Person::of(world, "demo");
    prefer(world).await;
    world.space.set(&[("QR740", 40_000), ("EK216", 50_000)]);
    let dubai = dana.watch("Dubai", json!({"every": "hours", "hours": 1})).await?;
    dana.ask("watchers-run-watcher", &dubai, None).await?;
    turn(world, MINUTE).await?;
    read_everything(&dana, &dubai).await
}

/// Three members of two brands watch, while what there is changes.
async fn watch_for_deals(world: &World) -> Result<(), Violation> {
    let (dana, fred, omar) = (Person::of(world, "demo"), Person::of(world, "free"), Person::of(world, "omar"));
    prefer(world).await;
    world.space.set(&[("QR740", 40_000), ("EK216", 50_000)]);
    let dubai = dana.watch("Dubai", json!({"every": "hours", "hours": 1})).await?;
    fred.watch("Dubai at night", json!({"every": "day", "at": "09:00"})).await?;
    // By itself it runs at night: when it runs is a matter of its owner asking for it.
    let gulf = omar.watch("Gulf", json!({"every": "day", "at": "03:00"})).await?;
    dana.ask("watchers-run-watcher", &dubai, None).await?;
    turn(world, MINUTE).await?;

    // One gets cheaper, one is gone, one is new.
    later(world, &[("QR740", 30_000), ("AA100", 45_000)]);
    dana.ask("watchers-run-watcher", &dubai, None).await?;
    omar.ask("watchers-run-watcher", &gulf, None).await?;
    turn(world, MINUTE).await?;

    dana.ask("watchers-pause-watcher", &dubai, None).await?;
    dana.ask("watchers-resume-watcher", &dubai, None).await?;
    dana.ask("watchers-update-watcher", &dubai, Some(json!({"name": "Dubai in spring"}))).await?;
    omar.ask("watchers-delete-watcher", &gulf, None).await?;
    // Joins a search whose deals are known.
    dana.watch("Emirates", json!({"every": "hours", "hours": 6})).await?;
    turn(world, MINUTE).await?;

    later(world, &[("QR740", 30_000), ("AA100", 25_000), ("LX38", 48_000)]);
    dana.ask("watchers-run-watcher", &dubai, None).await?;
    turn(world, MINUTE).await?;
    turn(world, NIGHT).await
}

/// Time passes with nothing to be done, and the sources have something else to offer.
fn later(world: &World, awards: &[Award]) {
    world.app.clock.advance(PAUSE);
    world.space.set(awards);
}

/// Time passes, and everything that it brings is done, whatever strikes meanwhile.
async fn turn(world: &World, by: SignedDuration) -> Result<(), Violation> {
    world.pass(by).await?;
    world.heal().await
}

/// Dana and Omar are told at once, Fred not before the morning.
async fn prefer(world: &World) {
    for (handle, quiet) in [("demo", None), ("omar", None), ("free", Some(("20:00", "08:00")))] {
        let defaults = Preferences::default_of(world.app.member(handle).owner());
        let quiet = quiet.map(|(from, to)| serde_json::from_value(json!({"from": from, "to": to})).unwrap());
        let mut preferences = Preferences { quiet, per_day: 100, ..defaults };
        world.app.store().commit(Change::new().create(&mut preferences)).await.unwrap();
    }
}

/// An operator makes a brand and moves it, and the admin of another gives that one its looks.
async fn run_brands(world: &World) -> Result<(), Violation> {
    let (operator, admin) = (Person::of(world, "operator"), Person::of(world, "admin"));
    let nestery = json!({
        "id": "nestery", "name": "Nestery", "hosts": ["nestery.example"], "timeZone": "Europe/Berlin", "currency": "EUR",
        "admin": {"handle": "nora", "email": "nora@nestery.example", "name": "Nora Nest", "locale": "de-DE"}
    });
    operator.ask("identity-create-tenant", "", Some(nestery)).await?;
    let moved = json!({"hosts": ["app.nestery.example"], "terms": "Be kind."});
    operator.ask("identity-manage-tenant", "nestery", Some(moved)).await?;
    let seen = operator.ask("identity-inspect-tenant", "nestery", None).await?;
    ensure(seen.body["hosts"] == json!(["app.nestery.example"]), || format!("not where it moved: {}", seen.body))?;
    let all = operator.ask("identity-list-tenants", "", None).await?;
    ensure(all.body["items"].as_array().is_some_and(|items| items.len() == 3), || format!("not three: {}", all.body))?;
    admin.ask("identity-update-tenant", "", Some(json!({"features": ["trip-planner"], "terms": "Be kinder."}))).await?;
    let shown = admin.ask("identity-get-tenant", "", None).await?;
    ensure(shown.body["terms"]["version"] == 1, || format!("not its first terms: {}", shown.body))?;
    providers::run(&operator, &admin).await?;
    newcomer::agrees(world).await
}

async fn read_everything(dana: &Person<'_>, dubai: &str) -> Result<(), Violation> {
    let watchers = dana.ask("watchers-list-watchers", "", None).await?;
    ensure(watchers.body["items"].as_array().is_some_and(|items| items.len() == 1), || "not one watcher".to_owned())?;
    dana.ask("watchers-get-watcher", dubai, None).await?;
    let deals = dana.ask("deals-list-deals", "", None).await?;
    let deal = first_of(&deals)?;
    dana.ask("deals-get-deal", &deal, None).await?;
    dana.ask("deals-explain-deal", &deal, None).await?;
    dana.ask("deals-put-saved-deal", &deal, None).await?;
    let alerts = dana.ask("notifications-list-alerts", "", None).await?;
    dana.ask("notifications-get-alert", &first_of(&alerts)?, None).await?;
    let cheapest = alerts.body["items"].as_array().unwrap().iter().min_by_key(|alert| alert["deal"].to_string());
    dana.ask("notifications-read-alert", &id_of(cheapest.unwrap()), None).await?;
    dana.ask("identity-update-me", "", Some(json!({"name": "Dana D.", "homeAirport": "LAX"}))).await?;
    dana.ask("identity-get-me", "", None).await?;
    dana.ask_with("search-list-places", "?q=los%20ang").await?;
    ask_of_cards(dana).await?;
    let saved = dana.ask("deals-list-saved-deals", "", None).await?;
    ensure(saved.body["items"].as_array().is_some_and(|items| items.len() == 1), || format!("not saved: {}", saved.body))?;
    dana.ask("deals-delete-saved-deal", &deal, None).await?;
    dana.ask("deals-put-saved-deal", &deal, None).await?;
    value::tell(dana, &deal).await?;
    dana.ask("system-get-health", "", None).await?;
    dana.ask("system-get-openapi", "", None).await?;
    dana.ask("identity-get-openid-configuration", "", None).await?;
    dana.ask("identity-get-jwks", "", None).await?;
    Ok(())
}

/// Dana says which cards she has, is told what to get, and wants to hear no more of it.
async fn ask_of_cards(dana: &Person<'_>) -> Result<(), Violation> {
    dana.ask("cards-list-cards", "", None).await?;
    let held = json!({"held": [{"card": "chase-sapphire-preferred", "opened": "2024-05-01"}], "country": "US"});
    dana.ask("cards-put-my-cards", "", Some(held)).await?;
    let seen = dana.ask("cards-get-my-cards", "", None).await?;
    ensure(seen.body["held"].as_array().is_some_and(|held| held.len() == 1), || format!("not her card: {}", seen.body))?;
    let gaps = dana.ask("cards-list-gaps", "", None).await?;
    ensure(gaps.body["plans"].as_u64() > Some(0), || format!("no plans: {}", gaps.body))?;
    dana.ask("cards-list-recommendations", "", None).await?;
    dana.ask("cards-put-opt-out", "", Some(json!({"optedOut": true}))).await?;
    let none = dana.ask("cards-list-recommendations", "", None).await?;
    ensure(none.body["items"] == json!([]), || format!("advice that nobody wants: {}", none.body))
}

fn first_of(list: &Reply) -> Result<String, Violation> {
    let first = list.body["items"].get(0).ok_or_else(|| Violation(format!("an empty list: {}", list.body)))?;
    Ok(id_of(first))
}

fn id_of(item: &Value) -> String {
    item["id"].as_str().unwrap_or_default().to_owned()
}

/// A member with an app that repeats what was not answered.
struct Person<'a> {
    world: &'a World,
    user: User<'a>,
}

impl<'a> Person<'a> {
    fn of(world: &'a World, handle: &str) -> Self {
        Self { world, user: world.app.member(handle) }
    }

    async fn watch(&self, name: &str, schedule: Value) -> Result<String, Violation> {
        let wishes = json!({
            "name": name, "wanted": "award-flights", "from": ["LAX"], "to": ["DXB"], "dates": {"on": "2026-04-27"},
            "cabins": ["economy"], "schedule": schedule
        });
        Ok(id_of(&self.ask("watchers-create-watcher", "", Some(wishes)).await?.body))
    }

    /// Sends a request to an endpoint until it is answered, each time with the same key.
    async fn ask(&self, function: &str, id: &str, body: Option<Value>) -> Result<Reply, Violation> {
        let (_, path) = endpoint(function).route();
        self.ask_at(function, &path.replace("{id}", id), body).await
    }

    /// Asks something of an endpoint until it is answered.
    async fn ask_with(&self, function: &str, question: &str) -> Result<Reply, Violation> {
        let (_, path) = endpoint(function).route();
        self.ask_at(function, &format!("{path}{question}"), None).await
    }

    async fn ask_at(&self, function: &str, path: &str, body: Option<Value>) -> Result<Reply, Violation> {
        let (endpoint, key) = (endpoint(function), self.world.new_key());
        let request = || self.request(endpoint, path, &key, body.as_ref()).send();
        let mut last = None;
        for _ in 0..MOST_TRIES {
            let replies = join_all((0..self.world.arrivals(function)).map(|_| request())).await;
            for reply in replies {
                match reply.status.as_u16() {
                    200..=299 => return Ok(reply),
                    409 | 429 | 500..=599 => last = Some(reply),
                    status => return Err(Violation(format!("{function} answered {status}: {}", reply.body))),
                }
            }
            self.world.app.clock.advance(self.pause(last.as_ref()));
        }
        Err(Violation(format!("{function} never answered: {:?}", last.map(|reply| (reply.status, reply.body)))))
    }

    /// How long they wait before they ask again: as long as they were asked to, but no longer than five minutes.
    fn pause(&self, last: Option<&Reply>) -> SignedDuration {
        let asked = last.and_then(|reply| reply.header("retry-after").parse().ok()).map(SignedDuration::from_secs);
        asked.unwrap_or_default().clamp(SignedDuration::from_secs(1), SignedDuration::from_mins(5))
    }

    fn request(&self, endpoint: &'static Endpoint, path: &str, key: &str, body: Option<&Value>) -> Asked<'a> {
        let (method, _) = endpoint.route();
        let method = serde_json::to_value(method).unwrap();
        let method: Method = method.as_str().unwrap_or_default().to_uppercase().parse().unwrap();
        let reads = method == Method::GET;
        let request = self.user.request(method, path);
        let request = if reads { request } else { request.header("idempotency-key", key) };
        match body {
            Some(body) => request.body(body),
            None => request,
        }
    }
}

fn endpoint(name: &str) -> &'static Endpoint {
    named(name).and_then(|function| function.as_endpoint()).unwrap_or_else(|| panic!("there is no endpoint {name}"))
}
