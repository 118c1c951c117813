//! What is there in the end, in words that are the same whichever ids were given.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{Violation, ensure, world::World};

/// What is there, one line each, and how often.
pub type Outcome = BTreeMap<String, usize>;

/// Reads what is there in the end.
///
/// # Errors
/// If something is there that must not be, whatever happened: a mail twice, a message without an end, an event that was not
/// published, a message that nobody handled.
pub fn read(world: &World) -> Result<Outcome, Violation> {
    let items = world.app.system().engine().entities().unwrap();
    let told = Told::of(&items);
    let mut outcome = Outcome::new();
    for item in &items {
        if let Some(line) = told.line(item)? {
            *outcome.entry(line).or_default() += counted(item);
        }
    }
    mails(world, &items)?;
    let letters = world.app.dead_letters();
    ensure(letters.len() == world.poisoned(), || format!("dead letters: {letters:#?}"))?;
    Ok(outcome)
}

/// What lines are told of: names in the place of ids.
struct Told<'a> {
    names: BTreeMap<&'a str, String>,
    alerts: BTreeMap<&'a str, &'a Value>,
}

impl<'a> Told<'a> {
    fn of(items: &'a [Value]) -> Self {
        let first_word = |name: &Value| text(name).split(' ').next().unwrap_or_default().to_owned();
        // A watcher that is deleted is still named by the alerts about it.
        let deleted = of_type(items, "alert").map(|alert| (text(&alert["watcher"]), first_word(&alert["name"])));
        let watchers = of_type(items, "watcher").map(|watcher| (text(&watcher["id"]), first_word(&watcher["spec"]["name"])));
        let members = of_type(items, "member").map(|member| (text(&member["member"]), text(&member["handle"]).to_owned()));
        let flight = |deal: &Value| format!("{}-{}", text(&deal["tenant"]), text(&deal["subject"]["segments"][0]["flight"]));
        let deals = of_type(items, "deal").map(|deal| (text(&deal["id"]), flight(deal)));
        Self {
            names: deleted.chain(watchers).chain(members).chain(deals).collect(),
            alerts: of_type(items, "alert").map(|alert| (text(&alert["id"]), alert)).collect(),
        }
    }

    fn name(&self, id: &Value) -> &str {
        self.names.get(text(id)).map_or("?", String::as_str)
    }

    /// Whose an item is by its key.
    fn owner(&self, item: &Value) -> &str {
        let member = text(&item["pk"]).rsplit('#').next().unwrap_or_default();
        self.names.get(member).map_or("?", String::as_str)
    }

    fn alert(&self, alert: &Value) -> String {
        let (member, watcher, deal) = (self.name(&alert["member"]), self.name(&alert["watcher"]), self.name(&alert["deal"]));
        format!("to {member} by {watcher} of {deal} v{} {}", alert["dealVersion"], text(&alert["reason"]))
    }

    /// An item as a line, with none of what may differ from one telling to the next.
    fn line(&self, item: &Value) -> Result<Option<String>, Violation> {
        let of = |field: &str| self.name(&item[field]);
        Ok(Some(match text(&item["type"]) {
            "watcher" => format!("watcher {} of {} {} r{}", item["spec"]["name"], of("member"), item["state"], item["revision"]),
            "watcher-quota" => format!("watchers counted for {}", self.owner(item)),
            // Of all days: which one a message is for is a matter of time.
            "told-day" => format!("messages counted for {}", self.owner(item)),
            "tenant" => format!("tenant {} at {} r{} under terms {}", item["id"], item["hosts"], item["version"], item["terms"]),
            "tenant-host" => format!("host {} of {}", item["host"], item["tenant"]),
            "terms" => format!("terms {} of {}", item["number"], item["tenant"]),
            "handle" => format!("member {} of {}", item["handle"], item["tenant"]),
            "match" => {
                let told = &item["told"];
                format!("match of {} with {} armed {} told {}", of("watcher"), of("deal"), item["armed"], told["fare"]["points"])
            }
            "deal" => {
                let fare = &item["subject"]["fare"];
                format!("deal {} {} v{} for {}", of("id"), text(&item["state"]), item["version"], fare["points"])
            }
            "sighting" => format!("sighting of {} v{}", of("deal"), item["dealVersion"]),
            "alert" => format!("alert {} {} {}", self.alert(item), sent_or_uncertain(&item["state"]), item["dropped"]),
            "delivery" => self.message(item)?,
            "wallet" | "own-valuations" => format!("{} of {}", text(&item["type"]), self.owner(item)),
            "booking" => format!("booking of {} by {} {}", of("deal"), of("member"), text(&item["state"]["at"])),
            "property" => {
                let sold = item["listings"].as_object().into_iter().flatten();
                format!("property {}", sold.map(|(source, _)| source.as_str()).collect::<Vec<_>>().join(" "))
            }
            "placed-listing" => format!("listing {} of {}", item["reference"], text(&item["source"])),
            "match-candidate" => format!("question about {} and {}", item["one"], item["other"]),
            "feed-cursor" => format!("feed of {} read to {}", text(&item["source"]), item["since"]),
            "outbox" => return Err(Violation(format!("an event is left in the outbox: {item}"))),
            // What it is for names an id, of the same length each time.
            "receipt" => format!("receipt of {} for {} characters", of("member"), text(&item["operation"]).len()),
            _ => return Ok(None),
        }))
    }

    fn message(&self, message: &Value) -> Result<String, Violation> {
        let alert = self.alerts.get(text(&message["alert"])).ok_or_else(|| Violation("a message without alert".to_owned()))?;
        let delivery = &message["delivery"];
        let ended = !matches!(text(&delivery["state"]), "queued" | "claimed");
        ensure(ended, || format!("a message is left without an end: {message}"))?;
        Ok(format!("message {} {} {}", self.alert(alert), sent_or_uncertain(&delivery["state"]), delivery["why"]))
    }
}

/// How often an item counts: a counter as often as it says.
fn counted(item: &Value) -> usize {
    match text(&item["type"]) {
        "watcher-quota" | "told-day" => item["used"].as_u64().and_then(|used| used.try_into().ok()).unwrap_or_default(),
        _ => 1,
    }
}

/// The two that may stand in each other's place: whether an answer was lost is a matter of the faults, and [`mails`] looks at
/// it.
fn sent_or_uncertain(state: &Value) -> &str {
    match text(state) {
        "told" | "sent" | "uncertain" => "told",
        other => other,
    }
}

/// Every message that was sent is one mail; one that is uncertain at most one; any other none.
fn mails(world: &World, items: &[Value]) -> Result<(), Violation> {
    let mut mails: BTreeMap<String, usize> = BTreeMap::new();
    let mut others = BTreeSet::new();
    for mail in world.app.mails() {
        let delivery = mail.mail.tags.iter().find(|(name, _)| name == "delivery").map(|(_, id)| id.clone());
        match delivery {
            Some(delivery) => *mails.entry(delivery).or_default() += 1,
            // About an account: each has a code or an hour of its own.
            None => ensure(others.insert(mail.mail.text.clone()), || format!("sent twice: {:?}", mail.mail.subject))?,
        }
    }
    for delivery in of_type(items, "delivery") {
        let (id, state) = (text(&delivery["id"]), text(&delivery["delivery"]["state"]));
        let sent = mails.remove(id).unwrap_or_default();
        let right = match state {
            "sent" => sent == 1,
            "uncertain" => sent <= 1,
            _ => sent == 0,
        };
        ensure(right, || format!("{sent} mails of a message that is {state}: {delivery}"))?;
        let alert = of_type(items, "alert").find(|alert| alert["id"] == delivery["alert"]).map(|alert| text(&alert["state"]));
        let shown = state != "uncertain" || matches!(alert, Some("uncertain" | "read"));
        ensure(shown, || format!("an uncertain message, and its alert is {alert:?}"))?;
    }
    ensure(mails.is_empty(), || format!("mails of no message: {mails:?}"))
}

/// Messages whose outcome is uncertain.
pub fn uncertain(world: &World) -> usize {
    let items = world.app.system().engine().entities().unwrap();
    of_type(&items, "delivery").filter(|delivery| delivery["delivery"]["state"] == "uncertain").count()
}

fn of_type<'a>(items: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    items.iter().filter(move |item| item["type"] == kind)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What differs between what should be and what is.
pub fn difference(should: &Outcome, is: &Outcome) -> Option<String> {
    let lines: std::collections::BTreeSet<&String> = should.keys().chain(is.keys()).collect();
    let differ = lines.into_iter().filter(|line| should.get(*line) != is.get(*line));
    let told: Vec<String> = differ
        .map(|line| format!("  {} instead of {}: {line}", is.get(line).unwrap_or(&0), should.get(line).unwrap_or(&0)))
        .collect();
    if told.is_empty() { None } else { Some(told.join("\n")) }
}
