//! An operator and an admin say which sources are asked, and with whose key.

use serde_json::{Value, json};

use super::Person;
use crate::{Violation, ensure};

/// Each sets something of a source that no search of the story asks, and takes back its key.
pub(super) async fn run(operator: &Person<'_>, admin: &Person<'_>) -> Result<(), Violation> {
    let all = admin.ask("sources-list-providers", "", None).await?;
    ensure(all.body["items"].as_array().is_some_and(|items| items.len() == 11), || format!("not eleven: {}", all.body))?;
    operator.ask("sources-inspect-providers", "", None).await?;
    let by_admin = ["sources-put-provider", "sources-put-provider-key", "sources-get-provider", "sources-delete-provider-key"];
    set(admin, "viator", by_admin, "tenant").await?;
    let by_operator =
        ["sources-manage-provider", "sources-manage-provider-key", "sources-inspect-provider", "sources-drop-provider-key"];
    set(operator, "getyourguide", by_operator, "deployment").await?;
    for (person, function) in [(admin, "sources-list-provider-health"), (operator, "sources-inspect-provider-health")] {
        let health = person.ask(function, "", None).await?;
        ensure(health.body["items"][0]["breaker"] == "closed", || format!("not closed: {}", health.body))?;
    }
    Ok(())
}

async fn set(
    person: &Person<'_>,
    source: &str,
    [put, put_key, get, delete_key]: [&str; 4],
    whose: &str,
) -> Result<(), Violation> {
    let before = person.ask(get, source, None).await?.body["key"].take();
    person.ask(put_key, source, Some(json!({"key": "a-key-that-opens-nothing"}))).await?;
    person.ask(put, source, Some(json!({"enabled": true, "quotaPerDay": 900}))).await?;
    let seen = person.ask(get, source, None).await?;
    let is_theirs = seen.body["key"]["of"] == whose && seen.body["key"] != before;
    ensure(is_theirs, || format!("not their key: {}", seen.body))?;
    ensure(seen.body["settings"]["quotaPerDay"] == 900, || format!("not what was set: {}", seen.body))?;
    person.ask(delete_key, source, None).await?;
    let gone = person.ask(get, source, None).await?;
    ensure(gone.body["key"] == before, || format!("a key is left: {}", gone.body))?;
    // What a tenant allowed its key goes with the key; the deployment has another.
    let left = if whose == "tenant" { Value::Null } else { json!(900) };
    ensure(gone.body["settings"]["quotaPerDay"] == left, || format!("not what is left: {}", gone.body))
}
